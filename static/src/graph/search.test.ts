import { describe, expect, it } from "vitest";
import { ratio } from "../measured";
import type * as wire from "../protocol.gen";
import { cuts, Recorder, tinyModel, transformer, valuesOf } from "./fixtures";
import { GraphModel } from "./model";
import { findNodes } from "./search";

function ask(recorded: Parameters<GraphModel["push"]>[0], grads: Record<number, wire.Values> = {}) {
  const model = new GraphModel();
  model.push(recorded);
  const context = { model, grad: ({ id }: { id: number }) => grads[id] ?? null };
  return (text: string) => findNodes(context, text);
}

const names = (answer: ReturnType<typeof findNodes>) => answer.nodes.map((node) => node.name || node.op);

describe("words", () => {
  const tiny = ask(tinyModel());

  it("finds names, operations, scopes, types and shapes, all words together", () => {
    expect(names(tiny("LOSS"))).toEqual(["loss"]);
    expect(names(tiny("layer1 addmm"))).toEqual(["addmm"]);
    expect(names(tiny("(16, 10)"))).toEqual(["ideal_output", "addmm", "sub", "pow"]);
    expect(names(tiny("(16,100) relu"))).toEqual(["relu"]);
    expect(names(tiny("ReluBackward0"))).toEqual(["relu"]);
    expect(tiny("").nodes).toEqual([]);
    expect(names(tiny('"relu"'))).toEqual(["relu"]);
  });

  it("asks for one thing with a key", () => {
    expect(names(tiny("line:15"))).toEqual(["relu"]);
    expect(names(tiny("line:14-15 op:relu"))).toEqual(["relu"]);
    expect(names(tiny("scope:layer2"))).toEqual(["t", "addmm"]);
    expect(names(tiny("shape:(16, *) kind:constant"))).toEqual(["some_input", "ideal_output"]);
    expect(tiny("dtype:float32").nodes).toHaveLength(tiny("dtype:torch.float32").nodes.length);
    expect(names(tiny("shape:() name:loss"))).toEqual(["loss"]);
  });

  it("knows what is a leaf, a parameter, a view, cut, or failed", () => {
    expect(names(ask(cuts())("cut"))).toEqual(["c2", "y"]);
    expect(names(ask(cuts())("inplace"))).toEqual(["z"]);
    expect(names(ask(cuts())("failed and not matmul"))).toEqual(["sin_"]);
    expect(names(tiny("parameter weight"))).toEqual(["layer1.weight", "layer2.weight"]);
    expect(names(tiny("view"))).toEqual(["t", "t"]);
  });

  it("joins with and, or, not and brackets", () => {
    expect(names(tiny("relu or loss"))).toEqual(["relu", "loss"]);
    expect(names(tiny("(relu or addmm) and not layer2"))).toEqual(["addmm", "relu"]);
    expect(names(tiny("line:30 not (sub or pow)"))).toEqual(["loss"]);
  });
});

describe("predicates", () => {
  const r = new Recorder();
  const value = valuesOf;
  const a = r.add("randn", [], { name: "a", kind: "leaf", value: value([0, 0, 0, 5]), shape: [4], line: 1 });
  const b = r.add("log", [a], {
    name: "b",
    value: { ...value([1, 2]), nonfinite: 1, numel: 3, data: [1, 2, "nan"] },
  });
  const c = r.add("exp", [a], {
    name: "c",
    value: { ...value([1, 2]), nonfinite: 1, numel: 3, data: [1, 2, "inf"] },
  });
  r.add("exp", [c], { name: "large", value: { numel: 10_000, nonfinite: 3 }, version: 2 });
  const found = ask(r.done(), { [a]: value([30, 40]), [b]: value([1]) });

  it("compares statistics of values, and of gradients at this moment", () => {
    expect(names(found("grad.norm > 10"))).toEqual(["a"]);
    expect(names(found("grad.norm<=1"))).toEqual(["b"]);
    expect(names(found("value.max >= 5"))).toEqual(["a"]);
    expect(names(found("value.zeros > 0.5"))).toEqual(["a"]);
    expect(names(found("value.zeros > 50%"))).toEqual(["a"]);
    expect(names(found("value.max = 5e0 and leaf"))).toEqual(["a"]);
    expect(names(found("version > 1"))).toEqual(["large"]);
    expect(names(found("consumers >= 2"))).toEqual(["a"]);
    expect(found("grad.norm > 10").asksGradients).toBe(true);
    expect(found("value.max > 10").asksGradients).toBe(false);
  });

  it("tells NaN from infinity where the numbers are known, and asks for either where they are not", () => {
    expect(names(found("isnan(value)"))).toEqual(["b", "large"]);
    expect(names(found("isinf( value )"))).toEqual(["c", "large"]);
    expect(names(found("isfinite(value)"))).toEqual(["a"]);
    expect(names(found("isfinite(grad)"))).toEqual(["a", "b"]);
  });

  it.each([
    ["grad.norm >", "expected a number after >"],
    ["grad.norm > ten", "expected a number after >, not ten"],
    ["grad.size > 1", "grad has norm, mean, std, min, max, zeros and nonfinite, not size"],
    ["value > 1", "expected one number of value, as in value.norm or value.max"],
    [
      "foo > 1",
      "foo cannot be compared; what can be is value.max, grad.norm, saturated, numel, dim, version, line, consumers",
    ],
    ["> 1", "expected something to compare before >"],
    ["isnan(x)", "expected value or grad in isnan( )"],
    ["isnan()", "expected value or grad in isnan( )"],
    ["isnan(value", "expected a closing ) after isnan(value"],
    ["line:x", "expected a number after line:, as in line:12 or line:12-20"],
    ["shape:x", "expected a shape after shape:, as in shape:(16, 100)"],
    ["scope: x", "expected something after scope:"],
    ["(relu or sin", "expected a closing )"],
    ["relu)", "there is a ) too many"],
    ["relu or", "expected something after or"],
    ["and relu", "expected something before and"],
    ["relu and", "expected something after and"],
    ["not", "expected something after not"],
  ])("says of %j what was expected", (text, problem) => {
    expect(found(text)).toMatchObject({ nodes: [], problem });
  });
});

describe("speed", () => {
  it("asks ten thousand nodes in well under 50 ms", () => {
    const large = ask(transformer(10_000));
    large("x");
    for (const text of [
      "addmm",
      "scope:attention grad.norm > 1 or isnan(value)",
      "not (leaf or cut) (8, 128, 512)",
    ]) {
      expect(ratio(() => expect(large(text).problem).toBe(""))).toBeLessThan(20);
    }
  }, 60_000);
});
