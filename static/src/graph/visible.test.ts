import { describe, expect, it } from "vitest";
import { chain, FIXTURES, type Recorded, Recorder, tinyModel } from "./fixtures";
import { GraphModel } from "./model";
import { type Group, TreeBuilder } from "./tree";
import { LEAF_FANOUT, type VEdge, type VGraph, type VItem, visibleGraph } from "./visible";

function visible(recorded: Recorded, isOpen: (group: Group) => boolean): VGraph {
  const model = new GraphModel();
  model.push(recorded);
  return visibleGraph(new TreeBuilder(model).build(), model.nodes, isOpen);
}

const everything = () => true;
const nothing = () => false;

function allEdges(item: VItem): VEdge[] {
  return [...item.edges.values(), ...item.items.flatMap((inner) => (inner.open ? allEdges(inner) : []))];
}

/** Follows an edge of the recording through the borders it passes. */
function trace(
  graph: VGraph,
  edge: VEdge["members"][number],
): { from: string; to: string; length: number } | null {
  const pieces = allEdges(graph.root).filter((piece) => piece.members.includes(edge));
  const start = pieces.find((piece) => piece.from && !piece.from.open);
  const end = pieces.find((piece) => piece.to && !piece.to.open);
  if (!start || !end) return null;
  return { from: start.from?.key ?? "", to: end.to?.key ?? "", length: pieces.length };
}

describe("visibleGraph", () => {
  it.each(["chain", "tinyModel", "cuts", "training", "epochs"])(
    "draws every edge of %s from its source to its target",
    (name) => {
      for (const isOpen of [everything, nothing, (group: Group) => group.name !== "layer1"]) {
        const recorded = FIXTURES[name]?.() as Recorded;
        const graph = visible(recorded, isOpen);
        for (const item of graph.itemOf) {
          for (const edge of item?.node?.ins ?? []) {
            const copies = graph.copiesOf.get(edge.source);
            const path = trace(graph, edge);
            expect(path?.to).toBe(item?.key);
            if (copies) expect(copies.map((copy) => copy.key)).toContain(path?.from);
            else expect(path?.from).toBe(graph.itemOf[edge.source.index]?.key);
          }
        }
      }
    },
  );

  it("draws a parameter where it is used, and hides it in a closed module", () => {
    const open = visible(tinyModel(), everything);
    const weight = [...open.items.values()].filter(
      ({ node }) => node?.kind === "parameter" && node.name === "layer1.weight",
    );
    expect(weight.map((item) => item.parent?.group?.name)).toEqual(["layer1", "optimizer"]);
    const closed = visible(tinyModel(), nothing);
    expect([...closed.items.values()].some((item) => item.node?.kind === "parameter")).toBe(false);
    expect(closed.count).toBe(7);
  });

  it("draws a leaf once for each of many consumers, and once for few", () => {
    for (const consumers of [LEAF_FANOUT - 1, LEAF_FANOUT]) {
      const r = new Recorder();
      const x = r.add("randn", [], { name: "x", kind: "leaf" });
      for (let i = 0; i < consumers; i++) r.add("sin", [x]);
      const graph = visible(r.done(), nothing);
      const drawn = [...graph.items.values()].filter((item) => item.node?.name === "x");
      expect(drawn).toHaveLength(consumers < LEAF_FANOUT ? 1 : consumers);
      expect(drawn[0]?.copies).toBe(consumers < LEAF_FANOUT ? 0 : consumers);
    }
  });

  it("counts consumers as they are drawn: a thousand in a closed group are one", () => {
    const graph = visible(FIXTURES.longChain?.() as Recorded, nothing);
    expect([...graph.items.values()].map((item) => item.node?.name ?? item.group?.name)).toEqual([
      "",
      "x",
      "y",
      "z",
      "×1000",
      "loss",
    ]);
  });

  it("joins the edges between the same boxes, and cuts the join only if every edge is cut", () => {
    const r = new Recorder();
    const scope = r.scope("f", "F");
    const x = r.add("randn", [], { kind: "leaf" });
    r.add("sin", [x], { scope });
    r.add("cos", [x], { scope, cut: true });
    const [edge] = allEdges(visible(r.done(), nothing).root);
    expect(edge?.members).toHaveLength(2);
    expect(edge?.cut).toBe(false);
  });

  it("shows detaches that lead nowhere as one chip beside their source", () => {
    const r = new Recorder();
    const x = r.add("randn", [], { kind: "leaf" });
    const cut = () => r.add("detach", [x], { flags: ["detach", "view"], cut: true });
    const ends = [cut(), cut()];
    r.add("cos", [cut()]);
    r.add("detach", [x], { name: "kept", flags: ["detach", "view"], cut: true });
    const graph = visible(r.done(), everything);
    expect(graph.root.items.map((item) => [item.node?.op, item.deadEnds])).toEqual([
      ["randn", 0],
      ["detach", 2],
      ["detach", 0],
      ["cos", 0],
      ["detach", 0],
    ]);
    const [first, second] = ends.map((id) => graph.itemOf.find((item) => item?.node?.id === id));
    expect(first).toBeDefined();
    expect(second).toBeUndefined();
    expect(allEdges(graph.root).find((edge) => edge.to === first)?.members).toHaveLength(2);
  });

  it("passes a border in one place for each tensor", () => {
    const graph = visible(tinyModel(), everything);
    const layer = [...graph.items.values()].find((item) => item.group?.name === "layer1") as VItem;
    expect([layer.ins.size, layer.outs.size]).toEqual([1, 1]);
    const flat = visible(chain(), everything);
    expect([flat.root.ins.size, flat.root.outs.size]).toEqual([0, 0]);
  });
});
