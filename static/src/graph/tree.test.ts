import { describe, expect, it } from "vitest";
import { longChain, loop, type Recorded, Recorder, training, transformer } from "./fixtures";
import { GraphModel } from "./model";
import { openAtFirst } from "./opening";
import { holding, holds, Openness } from "./openness";
import { repetitionOf, type Series } from "./series";
import { type Child, FOLD_NODES, type Group, isGroup, TreeBuilder } from "./tree";

function build(recorded: Recorded, chosen?: Map<string, number>): Group {
  const model = new GraphModel();
  model.push(recorded);
  return new TreeBuilder(model).build(chosen);
}

const words = (children: readonly Child[]) =>
  children.map((child) =>
    isGroup(child) ? `[${child.name} ${child.type}]`.replace(" ]", "]") : child.name || child.op,
  );

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
    expect(words(repeat.children)).toEqual([...loop, "[5 – 996]", ...loop]);
  });

  it("shows the repetition that was chosen", () => {
    const tree = build(longChain(1000));
    const key = (find(tree, "repeat") as Group).key;
    const repeat = find(build(longChain(1000), new Map([[key, 500]])), "repeat") as Group;
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

describe("loops", () => {
  const loopOf = (recorded: Recorded, at?: number) => {
    const chosen = at === undefined ? undefined : new Map([["s1", at]]);
    return find(build(recorded, chosen), "loop") as Group;
  };

  it("draws a loop of a thousand iterations as one group with its head", () => {
    expect(words(build(loop(1000)).children)).toEqual([
      "x",
      "y",
      "z",
      "[×1000 for _ in range(1000)]",
      "loss",
    ]);
    expect(loopOf(loop(1000)).ops).toBe(2000);
  });

  it("opens to the first, the last and a chosen iteration", () => {
    expect(words(loopOf(loop(1000)).children)).toEqual(["[iteration 1]", "[2 – 999]", "[iteration 1000]"]);
    expect(words(loopOf(loop(1000), 499).children)).toEqual([
      "[iteration 1]",
      "[2 – 499]",
      "[iteration 500]",
      "[501 – 999]",
      "[iteration 1000]",
    ]);
  });

  it("keeps the box in which people choose while they choose, and shows what a box of one would hide", () => {
    for (const [at, gaps] of [
      [1, ["3 – 999"]],
      [2, ["4 – 999"]],
      [500, ["2 – 500", "502 – 999"]],
      [998, ["2 – 998"]],
    ] as const) {
      const shown = loopOf(loop(1000), at).children.filter(isGroup);
      expect(shown.filter(({ kind }) => kind === "gap").map(({ name }) => name)).toEqual(gaps);
      expect(shown.filter(({ chooses }) => chooses).map(({ key }) => key)).toEqual(["s1/0"]);
    }
    expect(words(loopOf(loop(1000), 2).children).slice(0, 3)).toEqual([
      "[iteration 1]",
      "[iteration 2]",
      "[iteration 3]",
    ]);
  });

  it("shows all of a small loop, and boxes around iterations only where they hold more than one", () => {
    expect(words(loopOf(loop(3)).children)).toEqual(["[iteration 1]", "[iteration 2]", "[iteration 3]"]);
    const r = new Recorder();
    let x = r.add("randn", [], { name: "x", kind: "leaf" });
    r.loop("for _ in range(4)", 4, 0, (scope) => {
      x = r.add("sin", [x], { scope });
    });
    expect(words(loopOf(r.done()).children)).toEqual(["sin", "sin", "sin", "sin"]);
  });

  it("numbers iterations as the program counts them, recorded or not", () => {
    const r = new Recorder();
    const x = r.add("randn", [], { name: "x", kind: "leaf" });
    r.loop("for i in range(300)", 300, 0, (scope, i) => {
      if (i % 3 === 0) r.add("sin", [r.add("cos", [x], { scope })], { scope });
    });
    expect(words(loopOf(r.done()).children)).toEqual(["[iteration 1]", "[4 – 295]", "[iteration 298]"]);
    expect(loopOf(r.done()).name).toBe("×100");
  });

  it("nests: loops in loops, a stack of modules called in a loop as its modules", () => {
    const epochs = loopOf(training(20, 5, 80));
    expect(epochs.name).toBe("×20");
    const batches = find(epochs, "loop") as Group;
    expect(words(batches.children)).toEqual(["[iteration 1]", "[2 – 4]", "[iteration 5]"]);
    const layers = find(find(batches, "module") as Group, "loop") as Group;
    expect(words(layers.children)).toEqual([
      ...[1, 2, 3, 4].map((i) => `[layers.${i - 1} Linear]`),
      "[5 – 76]",
      ...[77, 78, 79, 80].map((i) => `[layers.${i - 1} Linear]`),
    ]);
  });

  it("folds twelve equal blocks without a loop", () => {
    const r = new Recorder();
    let x = r.add("randn", [], { name: "x", kind: "leaf" });
    const model = r.scope("Sequential", "Sequential");
    for (let i = 0; i < 12; i++) {
      const scope = r.scope(String(i), "Block", model);
      x = r.add("relu", [r.add("matmul", [x], { scope })], { scope });
    }
    const stack = build(r.done()).children.find(isGroup) as Group;
    expect(words(stack.children)).toEqual(["[×12 Block]"]);
    expect(words((stack.children[0] as Group).children)).toContain("[5 – 8]");
  });

  it("finds the nearest iteration that was recorded", () => {
    const numbers = [1, 4, 7, 10];
    const at = (number: number) => repetitionOf({ numbers } as unknown as Series, number);
    expect([0, 1, 2, 3, 5, 6, 9, 10, 99].map(at)).toEqual([0, 0, 0, 1, 1, 2, 3, 3, 3]);
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

  it("opens small loops and their iterations, and no large ones", () => {
    const openness = new Openness();
    const open = (recorded: Recorded) => {
      const tree = build(recorded);
      openness.consider(tree);
      return openness.isOpen(find(tree, "loop") as Group);
    };
    expect([open(loop(10)), open(loop(1000))]).toEqual([true, false]);
  });

  it("opens everything around a node in loops in loops, and says where it is", () => {
    const model = new GraphModel();
    model.push(training(20, 5, 80));
    const builder = new TreeBuilder(model);
    const openness = new Openness();
    const node = model.nodes.filter(({ op }) => op === "matmul")[7 * 5 * 80 + 2 * 80 + 33];
    if (!node) throw new Error("fixture");
    openness.openAround(builder.build(openness.chosen, openness.revision), node);
    const tree = builder.build(openness.chosen, openness.revision);
    const path: string[] = [];
    for (let at: Group | undefined = tree; at; ) {
      path.push(at.name);
      expect(openness.isOpen(at) || at === tree).toBe(true);
      at = at.children.find((child): child is Group => isGroup(child) && holds(child, node));
    }
    expect(path).toEqual(["", "×20", "iteration 8", "×5", "iteration 3", "Net", "×80", "layers.33"]);
    const [loop] = tree.children.filter(isGroup);
    expect(loop && holding({ ...loop, from: 0 }, node)).toBe(7);
  });

  it("opens everything around a node, down to its repetition", () => {
    const model = new GraphModel();
    model.push(longChain(1000));
    const builder = new TreeBuilder(model);
    const openness = new Openness();
    const node = model.byId.get(1203);
    if (!node) throw new Error("fixture");
    expect(openness.openAround(builder.build(openness.chosen, openness.revision), node)).toBe(true);
    const tree = builder.build(openness.chosen, openness.revision);
    const repeat = find(tree, "repeat") as Group;
    expect(openness.isOpen(repeat)).toBe(true);
    expect(repeat.children.includes(node)).toBe(true);
    expect(openness.openAround(tree, node)).toBe(false);
  });
});
