import { describe, expect, it } from "vitest";
import { describeTensor } from "./describe";
import { chain, cuts, longChain, tinyModel, transformer } from "./fixtures";
import { GraphModel } from "./model";
import {
  goTo,
  groupOf,
  keyOf,
  linksOf,
  parentsOf,
  type Row,
  rowsOf,
  say,
  startingWith,
  titleOf,
} from "./rows";
import { type Child, isGroup, TreeBuilder } from "./tree";

function treeOf(recorded: Parameters<GraphModel["push"]>[0]) {
  const model = new GraphModel();
  model.push(recorded);
  return { model, tree: new TreeBuilder(model).build() };
}

const titles = (rows: readonly Row[]) => rows.map((row) => `${"  ".repeat(row.level - 1)}${titleOf(row)}`);
const groups = (child: Child) => isGroup(child);

describe("rows", () => {
  it("nest as the program does, and say where each stands", () => {
    const { tree } = treeOf(tinyModel());
    const rows = rowsOf(tree, groups);
    const layer = rows.findIndex((row) => titleOf(row) === "layer1");
    expect(rows[layer]).toMatchObject({ open: true, level: 2 });
    const inside = rows.filter((row) => row.parent === layer);
    expect(inside.map((row) => row.position)).toEqual(inside.map((_, i) => i + 1));
    expect(inside.every((row) => row.siblings === inside.length && row.level === 3)).toBe(true);
    expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length);
  });

  it("hold every node of the recording once, whatever is folded", () => {
    for (const recorded of [chain(), cuts(), tinyModel(), longChain(1000), transformer(4)]) {
      const { model, tree } = treeOf(recorded);
      const nodes = rowsOf(tree, groups).filter((row) => row.key.startsWith("n"));
      expect(nodes.length).toBe(model.nodes.length);
      expect(new Set(nodes.map((row) => row.key)).size).toBe(model.nodes.length);
    }
  });

  it("a tensor opens to what it came from, in the order of the arguments, and what it goes to", () => {
    const { model, tree } = treeOf(longChain(3));
    const div = model.nodes.find((node) => node.op === "div" && node.ins[0]?.source.op === "mul");
    if (!div) throw new Error("expected a division in the chain");
    const rows = rowsOf(tree, (child) => child === div);
    const at = rows.findIndex((row) => row.key === keyOf(div));
    expect(rows.slice(at + 1, at + 4).map((row) => say(row, null))).toEqual(["from z", "from x", "to z"]);
    expect(linksOf(div).map((link) => link.way)).toEqual(["from", "from", "to"]);
  });

  it("a thousand repetitions are one row until it is opened", () => {
    const { tree } = treeOf(longChain(1000));
    expect(titles(rowsOf(tree, () => false))).toEqual(["x", "y", "z", "×1000", "loss"]);
    const rows = rowsOf(tree, (child) => isGroup(child) && child.kind === "repeat");
    const gap = rows.find((row) => groupOf(row)?.kind === "gap");
    expect(gap && titleOf(gap)).toMatch(/^\d+ – \d+$/);
  });

  it("a part knows the groups around it", () => {
    const { model, tree } = treeOf(tinyModel());
    const parents = parentsOf(tree);
    const inside = model.nodes.find((node) => node.scope.name === "layer1");
    if (!inside) throw new Error("expected a node in layer1");
    const around: string[] = [];
    for (let at = parents.get(inside); at; at = parents.get(at)) around.push(at.name);
    expect(around).toEqual(["layer1", "TinyModel", ""]);
  });
});

describe("keys", () => {
  const { tree } = treeOf(tinyModel());
  const closed = rowsOf(tree, () => false);
  const rows = rowsOf(tree, groups);
  const at = (title: string) => rows.findIndex((row) => titleOf(row) === title);

  it("walk up, down, to the ends and by pages, never beyond", () => {
    expect(goTo(rows, 0, "ArrowUp", 5)).toBe(0);
    expect(goTo(rows, 0, "ArrowDown", 5)).toBe(1);
    expect(goTo(rows, rows.length - 1, "ArrowDown", 5)).toBe(rows.length - 1);
    expect(goTo(rows, 0, "End", 5)).toBe(rows.length - 1);
    expect(goTo(rows, 7, "Home", 5)).toBe(0);
    expect(goTo(rows, 0, "PageDown", 5)).toBe(5);
    expect(goTo(rows, 3, "PageUp", 5)).toBe(0);
    expect(goTo(rows, 3, "q", 5)).toBeNull();
  });

  it("Right opens, then goes in; Left closes, then goes out", () => {
    const model = closed.findIndex((row) => titleOf(row) === "TinyModel");
    expect(goTo(closed, model, "ArrowRight", 5)).toBe("open");
    expect(goTo(rows, at("TinyModel"), "ArrowRight", 5)).toBe(at("TinyModel") + 1);
    expect(goTo(rows, at("TinyModel"), "ArrowLeft", 5)).toBe("close");
    expect(goTo(rows, at("layer1") + 1, "ArrowLeft", 5)).toBe(at("layer1"));
    expect(goTo(rows, 0, "ArrowLeft", 5)).toBeNull();
  });

  it("letters lead to what begins with them, and on from there", () => {
    const first = startingWith(rows, 0, "layer2");
    expect(first).toBe(rows.findIndex((row) => titleOf(row).startsWith("layer2")));
    expect(startingWith(rows, first ?? 0, "layer")).toBe(first);
    const next = startingWith(rows, first ?? 0, "l") ?? 0;
    expect(next).not.toBe(first);
    expect(titleOf(rows[next] as Row)).toMatch(/^l/i);
    expect(startingWith(rows, 0, "no such")).toBeNull();
  });
});

describe("what is read out", () => {
  it("is what the diagram shows, at the moment", () => {
    const { model } = treeOf(chain());
    const c = model.nodes[2];
    if (!c) throw new Error("expected a third node");
    const value = c.wire.outputs[0]?.value ?? null;
    expect(describeTensor(c, { made: true, value, grad: null, now: true })).toBe(
      "c, mul, operation; the run is here; shape (25,) float32; value norm 6.928; line 5; from b; to d",
    );
    expect(describeTensor(c, { made: false, value: null, grad: null, now: false })).toContain(
      "not computed yet",
    );
  });

  it("says where no gradient flows, and why", () => {
    const { model } = treeOf(cuts());
    const said = model.nodes.map((node) => describeTensor(node, null)).join("\n");
    expect(said).toContain("cut off by detach");
    expect(said).toContain("made under no_grad");
    const links = model.nodes.flatMap((node) => linksOf(node)).filter((link) => link.cut);
    expect(links.length).toBeGreaterThan(0);
  });

  it("says what a group holds", () => {
    const { tree } = treeOf(tinyModel());
    const row = rowsOf(tree, groups).find((one) => titleOf(one) === "layer1");
    expect(row && say(row, null)).toBe("layer1, Linear, module, 2 operations · 2 parameters");
  });
});
