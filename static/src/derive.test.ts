import { describe, expect, it } from "vitest";
import { gradientOf, indexOf, inputShapes, leavesOf, litBy, nameOf, repeats, sameButNumbers } from "./derive";
import type * as wire from "./protocol.gen";
import { newRun, type Recording, type RunState } from "./run";

function node(id: number, change: Partial<wire.Node> = {}, tensor: Partial<wire.TensorInfo> = {}): wire.Node {
  const value = { numel: 3, data: [1, 2, 3], norm: 3.74 };
  return {
    id,
    kind: "op",
    op: "aten::mul",
    grad_fn: "MulBackward0",
    place: { line: id },
    outputs: [{ shape: [3], dtype: "float32", requires_grad: true, value, ...tensor }],
    ...change,
  };
}

const step = (index: number, id: number, change: Partial<wire.Step> = {}): wire.Step => ({
  index,
  call: 0,
  node: id,
  name: "MulBackward0",
  entering: [{ numel: 3, norm: index + 1 }],
  ...change,
});

// x -> y -> z, and y again through detach to d.
const graph: Recording = {
  nodes: [
    node(1, { kind: "leaf", op: "aten::ones" }, { name: "x" }),
    node(2, {}, { name: "y" }),
    node(3, { op: "aten::add", place: { line: 2 } }, { name: "" }),
    node(4, { op: "aten::detach", flags: ["detach"] }, { name: "d", requires_grad: false }),
    node(5, { kind: "constant", op: "aten::arange" }, { name: "i", dtype: "int64", requires_grad: false }),
    node(6, { flags: ["no_grad"] }, { name: "n", requires_grad: false }),
  ],
  edges: [
    { source: 1, target: 2, input: 1 },
    { source: 5, target: 2, input: 0 },
    { source: 2, target: 3 },
    { source: 2, target: 4, cut: true },
  ],
  scopes: [],
  steps: [
    step(0, 3),
    step(1, 2),
    step(2, 1, { name: "AccumulateGrad", accumulated: { numel: 3, norm: 9 } }),
    step(3, 2),
  ],
  clears: [],
  omitted: 0,
};
const byId = (id: number) => indexOf(graph).node.get(id) as wire.Node;
const run: RunState = { ...newRun("r", "", "cpu", 0, 0), graph };

describe("what a recording says", () => {
  it("a gradient is what last reached a node, or a leaf's .grad", () => {
    expect(gradientOf(graph, 2)?.norm).toBe(4);
    expect(gradientOf(graph, 1)?.norm).toBe(9);
    expect(gradientOf(graph, 4)).toBeNull();
  });

  it("a line made its last named tensor", () => {
    expect(
      indexOf(graph)
        .made.get(2)
        ?.map((node) => node.id),
    ).toEqual([2]);
    expect(indexOf(graph).made.has(99)).toBe(false);
  });

  it("names, leaves and shapes", () => {
    expect([nameOf(byId(1)), nameOf(byId(3))]).toEqual(["x", "add"]);
    expect(leavesOf(graph).map((leaf) => leaf.id)).toEqual([1]);
    expect(inputShapes(graph, 2)).toBe("[[3], [3]]");
  });
});

describe("one selection", () => {
  it("a line, a node and a row stand for each other", () => {
    expect([...litBy(run, { kind: "line", line: 2 }).nodes]).toEqual([2, 3]);
    expect([...litBy(run, { kind: "node", node: 4 }).lines]).toEqual([4]);
    expect([...litBy(run, { kind: "op", op: "aten::mul", shapes: "" }).nodes]).toEqual([2, 6]);
    expect([...litBy(run, { kind: "op", op: "aten::mul", shapes: "[[3], [3]]" }).lines]).toEqual([2]);
    expect(litBy(run, null).nodes.size).toBe(0);
  });
});

describe("the run after", () => {
  it("differs in nothing but numbers as long as everything that is drawn of it is the same", () => {
    const changed = (node: wire.Node): wire.Node => ({
      ...node,
      place: { ...node.place, line: node.place?.line ?? 0, column: 9 },
      outputs: node.outputs.map((one) => ({ ...one, value: { numel: 3, data: [7, 8, 9] } })),
    });
    expect(sameButNumbers({ ...graph, nodes: graph.nodes.map(changed) }, graph)).toBe(true);
    const [first, ...rest] = graph.nodes as [wire.Node, ...wire.Node[]];
    const others: Partial<Recording>[] = [
      { nodes: [{ ...first, failed: "no" }, ...rest] },
      { nodes: [{ ...first, place: { line: 7 } }, ...rest] },
      { nodes: [node(1, { kind: "leaf", op: "aten::ones" }, { name: "other" }), ...rest] },
      { nodes: [first, ...rest.slice(1)] },
      { edges: graph.edges.map((edge) => ({ ...edge, source: 1 })) },
      { steps: graph.steps.slice(1) },
      { omitted: 3 },
    ];
    for (const other of others) expect(sameButNumbers({ ...graph, ...other }, graph)).toBe(false);
  });

  it("repeats the one before as long as it makes the same operations in the same shapes", () => {
    const part = { ...graph, nodes: graph.nodes.slice(0, 2) };
    expect(repeats(part, graph, 0)).toBe(true);
    expect(repeats(graph, part, 0)).toBe(false);
    const other = (change: Partial<wire.Node>, tensor: Partial<wire.TensorInfo> = {}) => ({
      ...graph,
      nodes: [node(1, { kind: "leaf", op: "aten::ones" }), node(2, change, tensor)],
    });
    expect(repeats(other({ op: "aten::exp" }), graph, 0)).toBe(false);
    expect(repeats(other({ op: graph.nodes[1]?.op ?? "" }, { shape: [4] }), graph, 0)).toBe(false);
    expect(repeats(other({ op: "aten::exp" }), graph, 2)).toBe(true);
  });
});
