import { describe, expect, it } from "vitest";
import { longChain, type Recorded, Recorder, transformer } from "./fixtures";
import { GraphModel } from "./model";
import { openAtFirst } from "./opening";
import { Openness } from "./openness";
import { type Child, FOLD_NODES, type Group, isGroup, TreeBuilder } from "./tree";

function build(recorded: Recorded, revealed?: Map<string, Set<number>>): Group {
  const model = new GraphModel();
  model.push(recorded);
  return new TreeBuilder(model).build(revealed);
}

const words = (children: readonly Child[]) =>
  children.map((child) => (isGroup(child) ? `[${child.name} ${child.type}]` : child.name || child.op));

const find = (group: Group, kind: Group["kind"]): Group | undefined => {
  for (const child of group.children) {
    if (!isGroup(child)) continue;
    const found = child.kind === kind ? child : find(child, kind);
    if (found) return found;
  }
  return undefined;
};

describe("folding", () => {
  it("draws a loop of a thousand iterations as one group", () => {
    const tree = build(longChain(1000));
    expect(words(tree.children)).toEqual(["x", "y", "z", "[×1000 div, mul]", "loss"]);
    expect(find(tree, "repeat")?.ops).toBe(2000);
  });

  it("opens to its first and last repetitions with the rest in between", () => {
    const repeat = find(build(longChain(1000)), "repeat") as Group;
    const loop = ["div", "z", "div", "z", "div", "z", "div", "z"];
    expect(words(repeat.children)).toEqual([...loop, "[×992 div, mul]", ...loop]);
  });

  it("shows the repetitions that were asked for", () => {
    const tree = build(longChain(1000));
    const key = (find(tree, "repeat") as Group).key;
    const repeat = find(build(longChain(1000), new Map([[key, new Set([500])]])), "repeat") as Group;
    const gaps = repeat.children.filter(isGroup);
    expect(gaps.map((gap) => [gap.from, gap.count])).toEqual([
      [4, 496],
      [501, 495],
    ]);
  });

  it("keeps its name while the loop goes on", () => {
    expect(find(build(longChain(50)), "repeat")?.key).toBe(find(build(longChain(900)), "repeat")?.key);
  });

  it("leaves short chains as they are", () => {
    expect(find(build(longChain(FOLD_NODES / 2)), "repeat")).toBeUndefined();
    expect(find(build(longChain(FOLD_NODES / 2 + 1)), "repeat")?.count).toBe(FOLD_NODES / 2 + 1);
  });

  it("takes tensors made for one repetition inside, and leaves shared ones outside", () => {
    const r = new Recorder();
    const shared = r.add("randn", [], { name: "w", kind: "leaf", line: 1 });
    let x = r.add("randn", [], { name: "x", kind: "leaf", line: 2 });
    for (let i = 0; i < 100; i++) {
      const noise = r.add("randn", [], { name: "noise", kind: "constant", grad: false, line: 4 });
      x = r.add("add", [r.add("mul", [x, shared], { line: 5 }), noise], { line: 5 });
    }
    const tree = build(r.done());
    expect(words(tree.children)).toEqual(["w", "x", "[×100 mul, add]"]);
    expect(find(tree, "repeat")?.size).toBe(100 * 3);
  });

  it("folds equal blocks of a network, whatever their number in the name", () => {
    const repeat = find(build(transformer(3000)), "repeat") as Group;
    expect(repeat.type).toBe("Block ×4, SparseBlock");
    expect(repeat.count).toBeGreaterThan(8);
  });

  it("takes the first repetition in though only it holds the leaves", () => {
    const r = new Recorder();
    let x = r.add("randn", [], { name: "x", kind: "leaf" });
    let w = -1;
    for (let i = 0; i < 20; i++) {
      const scope = r.scope("Linear", "Linear");
      if (i === 0) w = r.add("", [], { name: "weight", kind: "parameter", scope });
      x = r.add("add", [r.add("matmul", [x, w], { scope, line: 5 })], { line: 6 });
    }
    expect(words(build(r.done()).children)).toEqual(["x", "[×20 Linear, add]"]);
  });

  it("tells loops apart that do the same on different lines", () => {
    const r = new Recorder();
    let x = r.add("randn", [], { kind: "leaf" });
    for (let i = 0; i < 200; i++) x = r.add("mul", [x], { line: i < 100 ? 3 : 9 });
    expect(
      build(r.done())
        .children.filter(isGroup)
        .map((group) => group.count),
    ).toEqual([100, 100]);
  });
});

describe("a recording that grows", () => {
  it("builds only what changed anew, and the same as all at once", () => {
    const whole = transformer(3000);
    const model = new GraphModel();
    const builder = new TreeBuilder(model);
    const { steps: _steps, edges, nodes, ...rest } = whole;
    model.push({
      ...rest,
      nodes: nodes.slice(0, 2000),
      edges: edges.filter((edge) => edge.target < 2000),
      steps: [],
    });
    const before = builder.build();
    expect(builder.build()).toBe(before);
    model.push({
      nodes: nodes.slice(2000),
      edges: edges.filter((edge) => edge.target >= 2000),
      scopes: [],
      steps: [],
      omitted: 0,
    });
    const flat = (group: Group): unknown[] =>
      group.children.map((child) =>
        isGroup(child) ? [child.key, child.ops, child.parameters, flat(child)] : child.id,
      );
    expect(flat(builder.build())).toEqual(flat(build(whole)));
  });
});

describe("opening", () => {
  it("opens whole levels while the picture stays small, and never a repetition", () => {
    const tree = build(transformer(3000));
    const open = openAtFirst(tree);
    expect(open.has(find(tree, "repeat")?.key ?? "")).toBe(false);
    const level = tree.children.filter(isGroup).map((group) => open.has(group.key));
    expect(new Set(level).size).toBe(1);
  });

  it("opens everything around a node, down to its repetition", () => {
    const model = new GraphModel();
    model.push(longChain(1000));
    const builder = new TreeBuilder(model);
    const openness = new Openness();
    const node = model.byId.get(1203);
    if (!node) throw new Error("fixture");
    for (let round = 0; round < 3; round++)
      openness.openAround(builder.build(openness.revealed, openness.revision), node);
    const tree = builder.build(openness.revealed, openness.revision);
    const repeat = find(tree, "repeat") as Group;
    expect(openness.isOpen(repeat)).toBe(true);
    expect(repeat.children).toContain(node);
    expect(openness.openAround(tree, node)).toBe(false);
  });
});
