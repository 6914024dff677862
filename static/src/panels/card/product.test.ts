import { describe, expect, it } from "vitest";
import type * as wire from "../../protocol.gen";
import type { Recording } from "../../run";
import { flowing, leavingTo, sized, stepAt, tableOf, verdict, whole } from "./product";

const values = (...data: number[]): wire.Values => ({ numel: data.length, data });

function bytes(...numbers: number[]): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(numbers.length * 8));
  numbers.forEach((x, i) => {
    view.setFloat64(i * 8, x, true);
  });
  return view.buffer;
}

const block = (more: Partial<wire.LocalBlock>): wire.LocalBlock => ({
  input: 0,
  source: 0,
  rows: [],
  columns: [],
  ...more,
});

const step = (index: number, more: Partial<wire.Step> = {}): wire.Step => ({
  index,
  call: 0,
  node: 2,
  name: "MulBackward0",
  ...more,
});

const graph: Recording = {
  nodes: [0, 1, 2].map((id) => ({ id, kind: "op", op: "aten::mul", outputs: [] })),
  edges: [
    { source: 0, target: 2, input: 1 },
    { source: 0, target: 2, input: 0 },
    { source: 1, target: 2, input: 2, cut: true },
  ],
  scopes: [],
  steps: [step(0), step(1, { node: 0 }), step(2)],
  clears: [],
  omitted: 0,
};

describe("the step whose product is shown", () => {
  it("is the node's last before the moment", () => {
    expect(stepAt(graph, 2, Number.POSITIVE_INFINITY)?.index).toBe(2);
    expect(stepAt(graph, 2, 2)?.index).toBe(0);
    expect(stepAt(graph, 2, 0)).toBeNull();
    expect(stepAt(graph, 1, 3)).toBeNull();
    expect(stepAt(graph, 2, 3, 0)?.index).toBe(2);
    expect(stepAt(graph, 2, 3, 1)).toBeNull();
  });

  it("sends the gradients of one tensor used twice in the order of the arguments", () => {
    const edges = flowing(graph, 2);
    expect(edges.map((edge) => edge.input)).toEqual([0, 1]);
    const ran = step(0, {
      leaving: [
        { target: 0, grad: values(5) },
        { target: 0, grad: values(7) },
      ],
    });
    expect(leavingTo(ran, edges, 0)).toEqual(values(5));
    expect(leavingTo(ran, edges, 1)).toEqual(values(7));
    expect(leavingTo(ran, edges, 2)).toBeNull();
    expect(leavingTo(step(0), edges, 0)).toBeNull();
  });

  it("is shown in numbers only if all of them travelled", () => {
    expect(whole(values(1, 2))).toEqual([1, 2]);
    expect(whole({ numel: 2, data: ["nan", "-inf"] })).toEqual([Number.NaN, Number.NEGATIVE_INFINITY]);
    expect(whole({ numel: 100, data: [1] })).toBeNull();
    expect(whole(null)).toBeNull();
  });
});

describe("a local Jacobian", () => {
  it("of an elementwise operation is a line for each element", () => {
    const given = block({ rows: [2], columns: [2], diagonal: true, values: bytes(3, -4) });
    expect(tableOf(given, [1, 10], [3, -40])).toEqual({
      kind: "lines",
      diagonal: true,
      limit: 4,
      lines: [
        { label: "[0]", entering: 1, slope: 3, leaving: 3 },
        { label: "[1]", entering: 10, slope: -4, leaving: -40 },
      ],
    });
  });

  it("that turns out diagonal is shown as one", () => {
    const given = block({ rows: [2], columns: [2], values: bytes(3, 0, 0, 5) });
    expect(tableOf(given, null, null)).toMatchObject({ kind: "lines", diagonal: true });
    const other = block({ rows: [2], columns: [2, 1], values: bytes(3, 0, 0, 5) });
    expect(tableOf(other, null, null)).toMatchObject({ kind: "matrix" });
  });

  it("of a number has a line for each input, by a number one for each output and their sum", () => {
    const row = tableOf(block({ rows: [], columns: [3], values: bytes(1, 2, 3) }), [10], [10, 20, 30]);
    expect(row).toMatchObject({ kind: "lines", diagonal: false });
    expect(row?.kind === "lines" && row.lines[2]).toEqual({
      label: "[2]",
      entering: 10,
      slope: 3,
      leaving: 30,
    });
    const column = tableOf(block({ rows: [2], columns: [], values: bytes(2, 3) }), [10, 100], [320]);
    expect(column).toMatchObject({ kind: "sum", total: 320 });
    expect(column?.kind === "sum" && column.lines.map((line) => line.leaving)).toEqual([20, 300]);
  });

  it("is a table when small, a picture when large, nothing when its numbers do not fit", () => {
    const numbers = (n: number) => bytes(...Array.from({ length: n }, (_, i) => i + 1));
    expect(tableOf(block({ rows: [2], columns: [3], values: numbers(6) }), null, null)?.kind).toBe("matrix");
    expect(tableOf(block({ rows: [40], columns: [41], values: numbers(1640) }), null, null)?.kind).toBe(
      "picture",
    );
    expect(tableOf(block({ rows: [2], columns: [3], values: numbers(5) }), null, null)).toBeNull();
  });
});

describe("the verdict of a check", () => {
  const given = block({ rows: [2], columns: [3] });
  const name = (of: wire.LocalBlock) => (of.input === 0 ? "x" : "w");
  const say = (...blocks: Partial<wire.LocalBlock>[]) =>
    verdict(
      blocks.map((one) => ({ ...given, ...one })),
      "y",
      name,
      "the backward of Cube",
    );

  it("says how well it agrees", () => {
    expect(say({ difference: 2.8e-9 })).toBe("Agrees with finite differences to 3e-9.");
    expect(say({ difference: 0 })).toBe("Agrees with finite differences exactly.");
    expect(say({ difference: 2.8e-9 }, { input: 1, difference: 0 })).toBe(
      "Agrees with finite differences: by x to 3e-9, by w exactly.",
    );
    expect(say({})).toBe("There was nothing to compare.");
  });

  it("says where it differs, what was expected and whose fault it is", () => {
    const wrong = { difference: 0.5, agrees: false, at: 5, expected: 12.5, got: 8.5 };
    expect(say(wrong, { input: 1, difference: 0 })).toBe(
      "Differs from finite differences: for ∂y[1]/∂x[2] expected 12.50, got 8.500, so the backward of Cube is wrong.",
    );
    expect(say({ ...wrong, at: -1 })).toContain("differences: by x along a random direction expected 12.50");
  });
});

it("sizes are a number, or a norm", () => {
  expect(sized(values(2.5))).toBe("2.500");
  expect(sized({ numel: 1600, norm: 3 })).toBe("norm 3. of 1,600 elements");
});
