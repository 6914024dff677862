import { beforeAll, describe, expect, it } from "vitest";
import type * as wire from "../protocol.gen";
import { newRun, type Recording } from "../run";
import { barAt, layRows, neighbour, ticks } from "./flame_layout";

let jacobian: typeof import("./jacobian");
let gradients: typeof import("./gradients");
let profiler: typeof import("./profiler");
let output: typeof import("./output");

beforeAll(async () => {
  document.body.innerHTML = '<script type="application/json" id="boot">{"examples":[],"limits":{}}</script>';
  [jacobian, gradients, profiler, output] = await Promise.all([
    import("./jacobian"),
    import("./gradients"),
    import("./profiler"),
    import("./output"),
  ]);
});

describe("the flame chart", () => {
  const spans: wire.Span[] = [
    ["aten::mul", 25, 2, 2, 1, -1],
    ["aten::sin", 0, 10, 0, 1, 0],
    ["backward", 20, 30, 0, 2, -1],
    ["MulBackward0", 22, 10, 1, 2, 0],
  ];
  const rows = layRows(spans);

  it("lays bars in rows by depth and knows what runs in a backward pass", () => {
    expect(rows.rows.map((row) => row.map((bar) => bar.name))).toEqual([
      ["aten::sin", "backward"],
      ["MulBackward0"],
      ["aten::mul"],
    ]);
    expect(rows.bars.map((bar) => bar.backward)).toEqual([true, false, true, true]);
    expect([rows.start, rows.end]).toEqual([0, 50]);
  });

  it("finds the bar under the pointer", () => {
    expect(barAt(rows, 0, 5, 0)?.name).toBe("aten::sin");
    expect(barAt(rows, 0, 15, 0)).toBeNull();
    expect(barAt(rows, 0, 15, 6)?.name).toBe("aten::sin");
    expect(barAt(rows, 7, 5, 0)).toBeNull();
  });

  it("walks with the arrows", () => {
    const [mul, sin, backward] = rows.bars;
    expect(neighbour(rows, null, "ArrowRight")).toBe(sin);
    expect(neighbour(rows, sin ?? null, "ArrowRight")).toBe(backward);
    expect(neighbour(rows, backward ?? null, "ArrowDown")?.name).toBe("MulBackward0");
    expect(neighbour(rows, mul ?? null, "ArrowUp")?.name).toBe("MulBackward0");
    expect(neighbour(rows, sin ?? null, "ArrowLeft")).toBe(sin);
  });

  it("marks the axis at round times", () => {
    expect(ticks(0, 100, 4)).toEqual([0, 50, 100]);
    expect(ticks(3, 9, 6)).toEqual([3, 4, 5, 6, 7, 8, 9]);
  });
});

it("the profiler's rows sort by any column, both ways", () => {
  const rows: wire.ProfileRow[] = [
    { name: "aten::b", count: 2, self_cpu: 10, cpu: 100 },
    { name: "aten::a", count: 4, self_cpu: 30, cpu: 60, cuda: 1 },
  ];
  const names = (column: import("./profiler").Column, down: boolean) =>
    profiler.sortRows(rows, { column, down }).map((row) => row.name.at(-1));
  expect(names("name", false)).toEqual(["a", "b"]);
  expect(names("self_cpu", true)).toEqual(["a", "b"]);
  expect(names("cpu_avg", true)).toEqual(["b", "a"]);
  expect(names("cuda", true)).toEqual(["a", "b"]);
  expect(names("count", false)).toEqual(["b", "a"]);
});

function node(id: number, kind: wire.Node["kind"], name: string, shape: number[]): wire.Node {
  const numel = shape.reduce((a, b) => a * b, 1);
  const made: wire.Node = {
    id,
    kind,
    op: "aten::x",
    outputs: [{ shape, dtype: "float32", name, requires_grad: true, value: { numel } }],
  };
  return kind === "op" ? { ...made, grad_fn: "XBackward0" } : made;
}

const graph: Recording = {
  nodes: [
    node(0, "leaf", "x", [3]),
    node(1, "op", "y", [3]),
    node(2, "op", "", [3]),
    node(3, "op", "z", []),
    node(4, "leaf", "other", [2]),
    node(5, "op", "y", [3]),
    node(6, "op", "of no leaf", [3]),
  ],
  edges: [
    { source: 0, target: 1 },
    { source: 1, target: 2 },
    { source: 2, target: 3 },
    { source: 4, target: 3, cut: true },
    { source: 0, target: 5 },
  ],
  scopes: [],
  steps: [],
  clears: [],
  omitted: 0,
};

describe("what can be chosen", () => {
  it("outputs are named results, the last of each name", () => {
    expect(jacobian.outputsOf(graph).map((one) => one.id)).toEqual([3, 5]);
  });

  it("inputs are what a gradient can reach", () => {
    expect(jacobian.reaching(graph, 3, graph.nodes).map((one) => one.id)).toEqual([0, 1, 2]);
  });

  it("plots offer results of the leaf's size", () => {
    expect(gradients.companions(graph, graph.nodes[0] as wire.Node).map((one) => one.id)).toEqual([5]);
  });

  it("a Jacobian opens on what depends on most leaves and is small enough", () => {
    const many = {
      ...graph,
      nodes: [...graph.nodes, node(7, "parameter", "w", [2]), node(8, "op", "loss", [])],
    };
    const edges = [...graph.edges, { source: 3, target: 8 }, { source: 7, target: 8 }];
    const wired = { ...many, edges };
    const first = (one: Recording) => jacobian.firstOutput(one, jacobian.outputsOf(one))?.id;
    expect(first(wired)).toBe(8);
    expect(
      first({
        ...wired,
        nodes: [...wired.nodes, node(9, "op", "late", [3])],
        edges: [...edges, { source: 0, target: 9 }],
      }),
    ).toBe(8);
    const large = [node(0, "leaf", "x", [200]), node(1, "op", "sum", []), node(2, "op", "y", [200])];
    expect(
      first({
        ...graph,
        nodes: large,
        edges: [
          { source: 0, target: 1 },
          { source: 0, target: 2 },
        ],
      }),
    ).toBe(1);
  });

  it("a program without names offers what nothing else was made of", () => {
    const nodes = [node(0, "leaf", "", [3]), node(1, "op", "", [3]), node(2, "op", "", [])];
    const nameless = {
      ...graph,
      nodes,
      edges: [
        { source: 0, target: 1 },
        { source: 1, target: 2 },
      ],
    };
    expect(jacobian.outputsOf(nameless).map((one) => one.id)).toEqual([2]);
  });
});

describe("a block of a Jacobian", () => {
  const values = new Float64Array([0, 1, 2, 3, 4, 5]).buffer;

  it("of a vector is labelled by both", () => {
    const { matrix, labels } = jacobian.tableOf(
      { input: 0, rows: [2], columns: [3], values },
      1,
      "y",
      "x",
      "y",
    );
    expect([matrix.rows, matrix.columns]).toEqual([2, 3]);
    expect([labels.title, labels.entry(1, 2)]).toEqual(["∂ y / ∂ x", "∂ y[1] / ∂ x[2]"]);
  });

  it("of a scalar by a matrix has the matrix's shape", () => {
    const { matrix, labels } = jacobian.tableOf(
      { input: 0, rows: [], columns: [2, 3], values },
      1,
      "l",
      "w",
      "l",
    );
    expect([matrix.rows, matrix.columns]).toEqual([2, 3]);
    expect([labels.row(1), labels.column(2), labels.entry(1, 2)]).toEqual(["w[1]", "[2]", "∂ l / ∂ w[1, 2]"]);
  });

  it("of a Hessian names both inputs", () => {
    const block = { input: 0, other: 4, rows: [2], columns: [3], values };
    const { labels } = jacobian.tableOf(block, 2, "l", "b", "a");
    expect(labels.entry(0, 1)).toBe("∂² l / ∂ a[0] ∂ b[1]");
  });
});

it("output is grouped by cell, in the order of the cells", () => {
  const run = newRun("r", "", "cpu", 0, 0);
  const text = (cell: number) => ({ kind: "text", cell, stream: "stdout", text: "" }) as const;
  const groups = output.byCell({ ...run, items: [text(2), text(0), text(2)] });
  expect(groups.map((group) => [group.index, group.items.length])).toEqual([
    [0, 1],
    [2, 2],
  ]);
});
