import { describe, expect, it } from "vitest";
import { chain, cuts, longChain, tinyModel } from "../fixtures";
import { momentsOf } from "./moments";

describe("momentsOf", () => {
  it("puts the operations before the backward pass over them", () => {
    const { all, parts, operations } = momentsOf(chain());
    expect(parts).toEqual([
      { kind: "forward", from: 0, to: 4 },
      { kind: "backward", from: 4, to: 9 },
    ]);
    expect(operations).toBe(4);
    expect(all.map((moment) => moment.name)).toEqual([
      "sin → b",
      "mul → c",
      "add → d",
      "sum → out",
      "SumBackward0",
      "AddBackward0",
      "MulBackward0",
      "SinBackward0",
      "AccumulateGrad",
    ]);
    expect(all.map((moment) => moment.step)).toEqual([-1, -1, -1, -1, 0, 1, 2, 3, 4]);
  });

  it("interleaves passes with the operations of a training loop", () => {
    const { parts, all } = momentsOf(tinyModel(3));
    expect(parts.map((part) => part.kind)).toEqual([
      "forward",
      "backward",
      "forward",
      "backward",
      "forward",
      "backward",
      "forward",
    ]);
    const steps = all.map((moment) => moment.step);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
  });

  it("has every operation and every step exactly once", () => {
    for (const recorded of [cuts(), longChain(50), tinyModel(2)]) {
      const { all, parts } = momentsOf(recorded);
      const operations = recorded.nodes.filter((node) => node.kind === "op").length;
      expect(all.filter((moment) => moment.kind === "forward")).toHaveLength(operations);
      expect(all.filter((moment) => moment.kind === "backward")).toHaveLength(recorded.steps.length);
      expect(parts.at(-1)?.to).toBe(all.length);
    }
  });

  it("is empty where nothing was recorded", () => {
    expect(momentsOf({ nodes: [], steps: [] })).toEqual({ all: [], parts: [], operations: 0 });
  });
});
