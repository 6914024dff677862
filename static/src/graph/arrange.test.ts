import { describe, expect, it } from "vitest";
import { arrange, type Direction, type ScopeLayout } from "./arrange";
import { chain, FIXTURES, type Recorded, thicket } from "./fixtures";
import { DAGRE_LIMIT } from "./layers";
import { GraphModel } from "./model";
import { type Box, compose, plan, type Scene } from "./scene";
import { estimate } from "./text";
import { type Group, TreeBuilder } from "./tree";
import { visibleGraph } from "./visible";

function sceneOf(
  recorded: Recorded,
  isOpen: (group: Group) => boolean,
  direction: Direction = "down",
): Scene {
  const model = new GraphModel();
  model.push(recorded);
  const graph = visibleGraph(new TreeBuilder(model).build(), model.nodes, isOpen);
  const planned = plan(graph, direction, 1600, estimate);
  const layouts: ScopeLayout[] = [];
  for (const scope of planned.request.scopes) {
    const children = scope.child.map((at) => (at < 0 ? null : (layouts[at] ?? null)));
    layouts.push(arrange(scope, children, direction, planned.request.wrap));
  }
  return compose(graph, planned, layouts);
}

const modules = (group: Group) => group.kind !== "repeat";
const SCENES: [string, () => Recorded, (group: Group) => boolean][] = [
  ["chain", () => FIXTURES.chain?.() as Recorded, () => true],
  ["tinyModel, open", () => FIXTURES.tinyModel?.() as Recorded, () => true],
  ["tinyModel, closed", () => FIXTURES.tinyModel?.() as Recorded, () => false],
  ["cuts", () => FIXTURES.cuts?.() as Recorded, () => true],
  ["training, open", () => FIXTURES.training?.() as Recorded, () => true],
  ["training, half open", () => FIXTURES.training?.() as Recorded, (group) => group.name === "TinyModel"],
  ["long chain, open", () => FIXTURES.longChain?.() as Recorded, () => true],
  ["loop, open", () => FIXTURES.loop?.() as Recorded, (group) => group.kind !== "gap"],
  ["epochs, open", () => FIXTURES.epochs?.() as Recorded, (group) => group.kind !== "gap"],
  ["transformer, open", () => FIXTURES.transformer?.() as Recorded, modules],
  ["more than dagre can do", () => thicket(DAGRE_LIMIT * 2), () => true],
];
const CASES = SCENES.flatMap(([name, make, open]) =>
  (["down", "right"] as const).map((direction) => [`${name}, ${direction}`, make, open, direction] as const),
);

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

const inside = (a: Box, b: Box) =>
  a.x >= b.x && a.y >= b.y && a.x + a.width <= b.x + b.width && a.y + a.height <= b.y + b.height;
const apart = (a: Box, b: Box, gap: number) =>
  a.x + a.width + gap <= b.x ||
  b.x + b.width + gap <= a.x ||
  a.y + a.height + gap <= b.y ||
  b.y + b.height + gap <= a.y;

describe.each(CASES)("the layout of %s", (_name, make, open, direction) => {
  const scene = sceneOf(make(), open, direction);

  it("keeps boxes of one group apart and inside the group", () => {
    const byParent = groupBy(scene.boxes, (box) => box.item.parent);
    for (const [parent, boxes] of byParent) {
      const around = parent && scene.byKey.get(parent.key);
      for (const [i, box] of boxes.entries()) {
        if (around) expect(inside(box, around), `${box.item.key} in ${around.item.key}`).toBe(true);
        for (const other of boxes.slice(i + 1)) {
          if (!apart(box, other, 8)) expect.fail(`${box.item.key} and ${other.item.key} overlap`);
        }
      }
    }
  });

  it("leads no line through a box that it does not belong to", () => {
    const closed = scene.boxes.filter((box) => !box.item.open);
    for (const line of scene.lines) {
      const { points } = line;
      for (let i = 2; i < points.length; i += 2) {
        const [x0, y0, x1, y1] = [points[i - 2] ?? 0, points[i - 1] ?? 0, points[i] ?? 0, points[i + 1] ?? 0];
        for (const box of closed) {
          if (box.item === line.edge.from || box.item === line.edge.to) continue;
          // Curves stay within the rectangle of their ends; the straight parts are rectangles of no width.
          const flat = {
            item: box.item,
            x: Math.min(x0, x1),
            y: Math.min(y0, y1),
            width: Math.abs(x1 - x0),
            height: Math.abs(y1 - y0),
          };
          if (!apart(flat, box, 0)) expect.fail(`${line.edge.key} passes through ${box.item.key}`);
        }
      }
    }
  });

  it("starts and ends every line on the border of its boxes", () => {
    for (const { edge, points } of scene.lines) {
      const ends = [
        [edge.from, points[0], points[1], 1],
        [edge.to, points[points.length - 2], points[points.length - 1], 0],
      ] as const;
      for (const [item, x = Number.NaN, y = Number.NaN, far] of ends) {
        const box = item && scene.byKey.get(item.key);
        if (!box) continue;
        const [across, along] = direction === "down" ? [x, y] : [y, x];
        const [from, size] = direction === "down" ? [box.x, box.width] : [box.y, box.height];
        const border = direction === "down" ? box.y + far * box.height : box.x + far * box.width;
        expect(along).toBeCloseTo(border, 3);
        expect(across).toBeGreaterThanOrEqual(from);
        expect(across).toBeLessThanOrEqual(from + size);
      }
    }
  });
});

describe("the layout", () => {
  it("draws a chain as a straight line even where leaves join it", () => {
    const scene = sceneOf(FIXTURES.longChain?.() as Recorded, () => true);
    const middles = scene.boxes
      .filter((box) => box.item.parent?.group?.kind === "repeat" && box.item.node?.kind === "op")
      .map((box) => Math.round(box.x + box.width / 2));
    expect(middles.length).toBeGreaterThan(10);
    expect(new Set(middles).size).toBe(1);
  });

  it("is the same every time", () => {
    const make = () =>
      sceneOf(FIXTURES.training?.() as Recorded, () => true).boxes.map(({ item, x, y }) => [item.key, x, y]);
    expect(make()).toEqual(make());
  });

  it("puts separate computations side by side in rows, in the order of the program", () => {
    const { nodes } = chain();
    const many = Array.from({ length: 24 }, (_, i) => ({ ...nodes[0], id: i })) as Recorded["nodes"];
    const scene = sceneOf(
      { nodes: many, edges: [], scopes: [], steps: [], clears: [], omitted: 0 },
      () => true,
    );
    const rows = [...groupBy(scene.boxes, (box) => box.y).values()];
    expect(rows.length).toBeGreaterThan(1);
    expect(scene.width).toBeLessThanOrEqual(1600);
    const order = scene.boxes.map((box) => [box.y, box.x]);
    expect(order).toEqual([...order].sort(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d));
  });

  it("lays out ten thousand nodes without any structure in a few seconds at most", () => {
    const began = performance.now();
    const scene = sceneOf(thicket(10_000), () => true);
    expect(scene.boxes.length).toBeGreaterThanOrEqual(10_000);
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
