import { describe, expect, it } from "vitest";
import { chain, descent, longChain } from "../graph/fixtures";
import { ratio } from "../measured";
import { momentsOf, stateAt } from "../moment";
import { Ends } from "./ends";

const text = (ends: ReadonlyMap<number, { name: string; value: string; grad: string; times: string }>) =>
  Object.fromEntries(
    [...ends].map(([line, { name, value, grad, times }]) => [
      line,
      [name, value, grad, times].join(" ").trim(),
    ]),
  );

describe("line ends", () => {
  it("say what the lines have made by the moment; lines that have not run say nothing", () => {
    const recorded = chain();
    const ends = new Ends();
    expect(Object.keys(text(ends.at(stateAt(recorded, 1))))).toEqual(["3", "4"]);
    expect(text(ends.at(stateAt(recorded, 4)))[7]).toBe("out 25.00");
    expect(text(ends.at(stateAt(recorded, 5)))[7]).toBe("out 25.00 1.");
    expect(text(ends.at(stateAt(recorded, 5)))[3]).not.toContain("7.211");
    expect(text(ends.at(stateAt(recorded, null)))[3]).toContain("7.211");
  });

  it("say the iteration inside loops, the present value of a leaf and its .grad", () => {
    const recorded = descent(3, false);
    const { all } = momentsOf(recorded);
    const at = (kind: string, which: number) =>
      all.flatMap((one, time) => (one.kind === kind ? [time] : []))[which] ?? 0;
    const ends = new Ends();
    expect(text(ends.at(stateAt(recorded, at("forward", 2))))).toEqual({ 1: "b 1.  2/2", 5: "y 1.  1/3" });
    const second = text(ends.at(stateAt(recorded, at("forward", 7))));
    expect(second).toMatchObject({
      1: "b 0.8000 2. 2/2",
      5: "y 1.050  2/3",
      7: "loss 6. 1. 1/3",
      9: "b 0.8000  1/3",
    });
    expect(text(ends.at(stateAt(recorded, null)))[5]).toMatch(/×3$/);
  });

  it("are written anew only where they changed, and the same where nothing did", () => {
    const recorded = longChain(300);
    const ends = new Ends();
    const { all } = momentsOf(recorded);
    const first = ends.at(stateAt(recorded, 200));
    expect(ends.at(stateAt(recorded, 200))).toBe(first);
    const next = ends.at(stateAt(recorded, 203));
    expect(next.get(12)).not.toBe(first.get(12));
    expect(next.get(6)).toBe(first.get(6));
    // Measured 0.04 a moment.
    const every = () => {
      for (let time = 0; time < all.length; time++) ends.at(stateAt(recorded, time));
    };
    expect(ratio(every, 3) / all.length).toBeLessThan(0.2);
  });
});
