import { describe, expect, it } from "vitest";
import { FIXTURES, type Recorded, tinyModel } from "./fixtures";
import { GraphModel } from "./model";

function modelOf(...events: Partial<Recorded>[]): GraphModel {
  const model = new GraphModel();
  for (const event of events)
    model.push({ nodes: [], edges: [], scopes: [], steps: [], omitted: 0, ...event });
  return model;
}

function shapeOf(model: GraphModel): unknown {
  const visit = (scope: GraphModel["root"]): unknown =>
    scope.children.map((child) =>
      "children" in child ? [child.name, child.ops, child.size, visit(child)] : child.id,
    );
  return [visit(model.root), model.edges, model.root.parameters.size];
}

describe("GraphModel", () => {
  it.each(Object.keys(FIXTURES).filter((name) => name !== "thicket"))(
    "comes out the same from many pieces: %s",
    (name) => {
      const all = FIXTURES[name]?.() as Recorded;
      const pieces: Partial<Recorded>[] = [{ scopes: all.scopes }];
      for (let i = 0; i < all.nodes.length; i += 7) {
        const ids = new Set(all.nodes.slice(0, i + 7).map((node) => node.id));
        const before = new Set(all.nodes.slice(0, i).map((node) => node.id));
        pieces.push({
          nodes: all.nodes.slice(i, i + 7),
          edges: all.edges.filter((edge) => ids.has(edge.target) && !before.has(edge.target)),
        });
        if (i > 400) {
          pieces.push({
            nodes: all.nodes.slice(i + 7),
            edges: all.edges.filter((edge) => !ids.has(edge.target)),
          });
          break;
        }
      }
      expect(shapeOf(modelOf(...pieces))).toEqual(shapeOf(modelOf(all)));
    },
  );

  it("counts operations and parameters in every scope around them", () => {
    const model = modelOf(tinyModel());
    const tiny = [...model.scopes.values()].find((scope) => scope.name === "TinyModel");
    const layer = [...model.scopes.values()].find((scope) => scope.name === "layer1");
    expect([tiny?.ops, tiny?.parameters.size]).toEqual([5, 4]);
    expect([layer?.ops, layer?.parameters.size]).toEqual([2, 2]);
  });

  it("keeps an edge whose ends are still to come, and drops one that leads to itself", () => {
    const { nodes, edges } = tinyModel();
    const model = modelOf({ edges: [...edges, { source: 0, target: 0 }] });
    expect(model.edges).toBe(0);
    model.push({ nodes, edges: [], scopes: [], steps: [], omitted: 0 });
    expect(model.edges).toBe(edges.length);
  });

  it("survives repeated ids, unknown scopes and scopes that name themselves as parent", () => {
    const { nodes } = tinyModel();
    const first = nodes[0];
    if (!first) throw new Error("fixture");
    const model = modelOf({
      scopes: [
        { id: 3, parent: 3, kind: "module", name: "loop", type: "" },
        { id: 3, parent: 0, kind: "module", name: "again", type: "" },
        { id: 0, parent: 0, kind: "module", name: "root", type: "" },
      ],
      nodes: [first, first, { ...first, id: 77, scope: 99 }, { ...first, id: 78, scope: 3 }],
    });
    expect(model.nodes.map((node) => node.id)).toEqual([first.id, 77, 78]);
    expect(model.scopes.get(3)?.parent).toBe(model.root);
    expect(model.root.children).toHaveLength(3);
  });

  it("never shows a scope in which nothing ran", () => {
    const model = modelOf({ scopes: [{ id: 1, parent: 0, kind: "range", name: "empty", type: "" }] });
    expect(model.root.children).toEqual([]);
  });
});
