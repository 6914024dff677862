import { describe, expect, it } from "vitest";
import { ratio } from "../../measured";
import { chain, cuts, descent, longChain, type Recorded, thicket, tinyModel } from "../fixtures";
import { Moments } from "./moments";

const labels = (recorded: Recorded) => {
  const moments = new Moments(recorded);
  return moments.all.map((_, time) => moments.label(time));
};

/** The first so many of each list; scopes come before the nodes in them. */
function part(recorded: Recorded, nodes: number, steps: number, clears: number): Recorded {
  return {
    ...recorded,
    nodes: recorded.nodes.slice(0, nodes),
    steps: recorded.steps.slice(0, steps),
    clears: recorded.clears.slice(0, clears),
  };
}

describe("Moments", () => {
  it("are the operations, then the steps of the pass over them", () => {
    expect(labels(chain())).toEqual([
      "op 1 / 5: linspace → a",
      "op 2 / 5: sin → b",
      "op 3 / 5: mul → c",
      "op 4 / 5: add → d",
      "op 5 / 5: sum → out",
      "backward 1 / 5: SumBackward0",
      "backward 2 / 5: AddBackward0",
      "backward 3 / 5: MulBackward0",
      "backward 4 / 5: SinBackward0",
      "backward 5 / 5: AccumulateGrad",
    ]);
    expect(new Moments(chain()).parts).toEqual([
      { kind: "forward", from: 0, to: 5 },
      { kind: "backward", from: 5, to: 10 },
    ]);
  });

  it("interleave operations, passes, updates and what is set back as they ran", () => {
    const moments = new Moments(descent(2));
    expect(labels(descent(2)).slice(7)).toEqual([
      "backward 1 / 7: AddBackward0",
      "backward 2 / 7: MulBackward0",
      "backward 3 / 7: AccumulateGrad",
      "backward 4 / 7: PowBackward0",
      "backward 5 / 7: SubBackward0",
      "backward 6 / 7: MulBackward0",
      "backward 7 / 7: AccumulateGrad",
      "SGD.step: w",
      "SGD.step: b",
      "w.grad = 0",
      "b.grad = 0",
      "op 8 / 12: mul → y",
      "op 9 / 12: sub → d",
      "op 10 / 12: pow",
      "op 11 / 12: mul",
      "op 12 / 12: add → loss",
      "backward 1 / 7: AddBackward0",
      "backward 2 / 7: MulBackward0",
      "backward 3 / 7: AccumulateGrad",
      "backward 4 / 7: PowBackward0",
      "backward 5 / 7: SubBackward0",
      "backward 6 / 7: MulBackward0",
      "backward 7 / 7: AccumulateGrad",
      "SGD.step: w",
      "SGD.step: b",
    ]);
    expect(moments.parts.map((one) => `${one.kind} ${one.to - one.from}`)).toEqual([
      "forward 7",
      "backward 7",
      "step 4",
      "forward 5",
      "backward 7",
      "step 2",
    ]);
    expect([0, 6, 7, 13, 14, 17, 18].map((time) => moments.partAt(time))).toEqual([0, 0, 1, 1, 2, 2, 3]);
  });

  it("know how much has happened by then", () => {
    const { all } = new Moments(descent(3));
    for (const [i, moment] of all.entries()) {
      const before = all[i - 1];
      expect(moment.nodes).toBeGreaterThanOrEqual(before?.nodes ?? 0);
      expect(moment.steps - (before?.steps ?? 0)).toBe(moment.kind === "backward" ? 1 : 0);
      expect(moment.clears - (before?.clears ?? 0)).toBe(moment.kind === "clear" ? 1 : 0);
      if (moment.kind === "forward" || moment.kind === "optimizer")
        expect(moment.nodes).toBe(moment.node + 1);
    }
  });

  it("keep what a pass runs forward in between within the pass", () => {
    const recorded = chain();
    const [first, ...rest] = recorded.steps;
    const inside = { ...(recorded.nodes[1] as Recorded["nodes"][number]), id: 5 };
    const moments = new Moments({
      ...recorded,
      nodes: [...recorded.nodes, inside],
      steps: [first as Recorded["steps"][number], ...rest.map((step) => ({ ...step, after: 6 }))],
    });
    expect(moments.all.map((moment) => moment.kind).slice(5, 8)).toEqual(["backward", "forward", "backward"]);
    expect(moments.parts).toEqual([
      { kind: "forward", from: 0, to: 5 },
      { kind: "backward", from: 5, to: 11 },
    ]);
  });

  it("say which operation failed", () => {
    expect(labels(cuts())).toContain("op 14 / 15: sin_ failed");
  });

  it("have every operation, step and clear exactly once", () => {
    for (const recorded of [cuts(), longChain(50), tinyModel(2), descent(4)]) {
      const { all, parts, counts } = new Moments(recorded);
      expect(counts.forward + counts.optimizer).toBe(recorded.nodes.filter((node) => node.op).length);
      expect(counts.backward).toBe(recorded.steps.length);
      expect(counts.clear).toBe(recorded.clears.length);
      expect(all).toHaveLength(counts.forward + counts.optimizer + counts.backward + counts.clear);
      expect(parts.at(-1)?.to).toBe(all.length);
    }
  });

  it("are the same however the recording came, piece by piece or one list after the other", () => {
    for (const recorded of [chain(), descent(4), tinyModel(2)]) {
      const { nodes, steps, clears } = recorded;
      const whole = new Moments(recorded);
      const chunked = new Moments(part(recorded, 0, 0, 0));
      for (let share = 0.1; share < 1; share += 0.1)
        chunked.extend(part(recorded, share * nodes.length, share * steps.length, share * clears.length));
      chunked.extend(recorded);
      const listed = new Moments(part(recorded, nodes.length, 0, 0));
      listed.extend(part(recorded, nodes.length, 0, clears.length));
      listed.extend(recorded);
      const otherwise = new Moments(part(recorded, 0, steps.length, 0));
      otherwise.extend(part(recorded, nodes.length, steps.length, 0));
      otherwise.extend(recorded);
      for (const one of [chunked, listed, otherwise]) {
        expect(one.all.map(({ kind, at }) => `${kind} ${at}`)).toEqual(
          whole.all.map(({ kind, at }) => `${kind} ${at}`),
        );
        expect(one.counts).toEqual(whole.counts);
        expect(one.parts).toEqual(whole.parts);
      }
    }
  });

  it("place the passes of an older recording after what they go through", () => {
    const recorded = descent(2, false);
    const older = { ...recorded, steps: recorded.steps.map(({ after: _, ...step }) => step) };
    expect(new Moments(older).parts.map((one) => one.kind)).toEqual([
      "forward",
      "backward",
      "step",
      "forward",
      "backward",
      "step",
    ]);
  });

  it("are none where nothing was recorded", () => {
    const moments = new Moments({ nodes: [], scopes: [], steps: [], clears: [] });
    expect([moments.all, moments.parts, moments.label(0)]).toEqual([[], [], ""]);
  });

  it("of a long run are made in a few milliseconds", () => {
    const recorded = thicket(10_000);
    const { nodes } = recorded;
    const steps = nodes.map((node, index) => ({
      index,
      call: 0,
      node: node.id,
      name: "",
      after: nodes.length,
    }));
    // Measured 7.
    const found = ratio(() => {
      const moments = new Moments({ ...recorded, steps });
      expect(moments.all.length + moments.parts.length).toBe(20_002);
    });
    expect(found).toBeLessThan(25);
  });
});
