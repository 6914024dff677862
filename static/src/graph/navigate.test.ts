import { describe, expect, it } from "vitest";
import { arrange, type ScopeLayout } from "./arrange";
import { Recorder, tinyModel } from "./fixtures";
import { Focus } from "./focus";
import { GraphModel } from "./model";
import { type Arrow, neighbour } from "./navigate";
import { compose, plan, type Scene } from "./scene";
import { estimate } from "./text";
import { TreeBuilder } from "./tree";
import { OP_FANOUT, type VItem, visibleGraph } from "./visible";

function sceneOf(
  recorded: Parameters<GraphModel["push"]>[0],
  open = true,
): { scene: Scene; model: GraphModel } {
  const model = new GraphModel();
  model.push(recorded);
  const graph = visibleGraph(new TreeBuilder(model).build(), model.nodes, () => open);
  const planned = plan(graph, "down", 1600, estimate);
  const layouts: ScopeLayout[] = [];
  for (const scope of planned.request.scopes) {
    const children = scope.child.map((at) => layouts[at] ?? null);
    layouts.push(arrange(scope, children, "down", 1600));
  }
  return { scene: compose(graph, planned, layouts), model };
}

/** One operation that so many others take. */
function fan(times: number) {
  const record = new Recorder();
  const x = record.add("randn", [], { name: "x", kind: "leaf" });
  const shared = record.add("sin", [x], { name: "shared" });
  for (let i = 0; i < times; i++) record.add("exp", [shared], { name: `y${i}` });
  return record.done();
}

describe("arrows", () => {
  const { scene, model } = sceneOf(fan(OP_FANOUT + 2));
  const shared = model.nodes[1];
  if (!shared) throw new Error("expected the shared node");
  const home = scene.graph.itemOf[shared.index] as VItem;
  const copies = scene.graph.copiesOf.get(shared) ?? [];
  const walk = (from: VItem, ...arrows: Arrow[]) =>
    arrows.reduce<VItem | null>((at, arrow) => at && neighbour(scene, at, arrow), from);

  it("lead from a copy to what takes it, and up to what the original came from", () => {
    expect(copies.length).toBeGreaterThan(OP_FANOUT);
    for (const copy of copies) {
      const taker = walk(copy, "down");
      expect(taker?.node?.name).toMatch(/^y/);
      expect(taker && walk(taker, "up")).toBe(copy);
      expect(walk(copy, "up")?.node?.name).toBe("x");
    }
  });

  it("lead down from the original to what takes one of its copies", () => {
    expect(walk(home, "down")?.node?.name).toMatch(/^y/);
  });

  it("go on from the copy they came to, not from the original", () => {
    const focus = new Focus();
    const copy = copies.at(-1) as VItem;
    focus.select(shared, copy.key);
    expect(focus.item(scene)).toBe(copy);
    focus.selectId(shared.id, model);
    expect(focus.item(scene)).toBe(home);
  });

  it("reach every box of a picture, open or closed, from its first", () => {
    for (const open of [true, false]) {
      const { scene } = sceneOf(tinyModel(), open);
      const boxes = scene.boxes.filter((box) => !box.item.open);
      const seen = new Set<VItem>();
      const waiting = boxes.slice(0, 1).map((box) => box.item);
      for (let item = waiting.pop(); item; item = waiting.pop()) {
        if (seen.has(item)) continue;
        seen.add(item);
        for (const arrow of ["up", "down", "left", "right"] as const) {
          const next = neighbour(scene, item, arrow);
          if (next) waiting.push(next);
        }
      }
      expect(boxes.filter((box) => !seen.has(box.item)).map((box) => box.item.key)).toEqual([]);
    }
  });
});
