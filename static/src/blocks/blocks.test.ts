import { describe, expect, it, vi } from "vitest";
import { NOTHING, stateAt } from "../moment";
import type * as wire from "../protocol.gen";
import { newRun, type RunState } from "../run";
import { absolute, originIn } from "./elements";
import { stepped } from "./field";
import { neighbour, targetsFrom } from "./keys";
import { labelsOf, wirePoint } from "./labels";
import { bestFlow, carried, flowOf, freeSpot, layOut, placeNew, type Rect, rectsOf } from "./layout";
import { type Match, matchesOf } from "./match";
import { type Entry, search } from "./palette";
import { recordedOf } from "./recorded";
import { documentOf } from "./samples";
import { type Scene, sceneOf } from "./scene";
import { flowing, liveOf } from "./telling";

vi.mock("../boot", () => ({ boot: { examples: [], limits: {} } }));

const NONE: ReadonlySet<string> = new Set();
const scene = (
  parts: Parameters<typeof documentOf>[0],
  change: Partial<Parameters<typeof sceneOf>[2]> = {},
): Scene =>
  sceneOf(documentOf(parts), "", {
    flow: "down",
    closed: NONE,
    expanded: NONE,
    entryOf: () => undefined,
    ...change,
  });

const CHAIN = {
  x: { kind: "input" },
  a: { inputs: { input: "x" } },
  b: { inputs: { input: "a" } },
} as const;
const TRAIN = {
  x: { kind: "input" },
  loop: { kind: "train", makes: [] },
  h: { inputs: { input: "x" }, inside: "loop" },
  loss: { inputs: { input: "h" }, inside: "loop" },
} as const;

const overlaps = (a: Rect, b: Rect) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

function allApart(found: Scene, spots: Readonly<Record<string, wire.Spot>>): boolean {
  const rects = rectsOf(found, (key) => spots[key] ?? [0, 0]);
  return found.boxes.every((one) =>
    found.boxes.every(
      (other) =>
        one === other ||
        found.parent.get(one.key) !== found.parent.get(other.key) ||
        !overlaps(rects.get(one.key) as Rect, rects.get(other.key) as Rect),
    ),
  );
}

describe("the scene", () => {
  it("has a box for each block and a wire for each connected argument", () => {
    const { boxes, lines } = scene(CHAIN);
    expect(boxes.map((box) => box.key)).toEqual(["x", "a", "b"]);
    expect(
      lines.map((line) => `${line.source}.${line.sourceHandle}>${line.target}.${line.targetHandle}`),
    ).toEqual(["x.o0>a.i0", "a.o0>b.i0"]);
  });

  it("closes frames: what is inside is gone, its wires end at the frame", () => {
    const open = scene(TRAIN);
    expect(open.boxes.map((box) => box.key)).toEqual(["x", "loop", "h", "loss"]);
    expect(open.byKey.get("loop")).toMatchObject({ frame: true, open: true, inside: 2 });
    const { boxes, lines } = scene(TRAIN, { closed: new Set(["loop"]) });
    expect(boxes.map((box) => box.key)).toEqual(["x", "loop"]);
    expect(lines.map((line) => [line.source, line.target, line.targetHandle])).toEqual([["x", "loop", "i"]]);
  });

  it("draws what goes into an open Sequential at its first layer, and what it makes from its last", () => {
    const document = documentOf({
      x: { kind: "input" },
      net: { kind: "layer", type: "nn.Sequential" },
      first: { type: "nn.Linear", inputs: { weight: null, input: null }, inside: "net" },
      last: { type: "nn.Tanh", inputs: { input: "first" }, inside: "net" },
      loss: { inputs: { input: "net" } },
    });
    const id = (key: string) => document.blocks.find((block) => block.key === key)?.id as number;
    const net = document.blocks[id("net")] as wire.Block;
    (net as { arguments: wire.BlockArgument[] }).arguments = [
      { name: "0", place: "definition", wire: [id("first"), 0] },
      { name: "1", place: "definition", wire: [id("last"), 0] },
      { name: "input", place: "call", wire: [id("x"), 0] },
    ];
    const options = { flow: "down", closed: NONE, expanded: NONE, entryOf: () => undefined } as const;
    const ends = (found: Scene) =>
      found.lines.map((line) => `${line.source}.${line.sourceHandle}>${line.target}.${line.targetHandle}`);
    expect(ends(sceneOf(document, "", options)).sort()).toEqual([
      "first.o0>last.i0",
      "last.o0>loss.i0",
      "x.o0>first.i1",
    ]);
    const closed = ends(sceneOf(document, "", { ...options, closed: new Set(["net"]) }));
    expect(closed).toContain("net.o0>loss.i0");
    expect(closed).toContain("x.o0>net.i2");
  });

  it("says what is open, wrong, and why code is not blocks", () => {
    const found = scene({
      a: { inputs: { input: null }, wrong: "(2, 3) and (4,) do not go together" },
      c: { kind: "code", makes: [] },
    });
    expect(found.byKey.get("a")?.ports).toMatchObject([{ name: "input", open: true, wired: false }]);
    expect(found.byKey.get("a")?.wrong).toContain("do not go together");
    expect(found.byKey.get("c")?.why).toBe("A loop cannot be shown as blocks.");
  });

  it("says why the shape of a large table is not known", () => {
    const parts = { X: { kind: "data", type: "data.X" }, s: { inputs: { input: "X" } } } as const;
    const found = scene(parts, { large: true });
    expect(found.byKey.get("X")?.why).toContain("256 KiB");
    expect(found.byKey.get("s")?.why).toBe("");
    expect(scene(parts).byKey.get("X")?.why).toBe("");
    expect(found.byKey.get("X")?.height).toBeGreaterThan(scene(parts).byKey.get("X")?.height ?? 0);
  });

  it("offers an optimizer the loss that writes the training loop, and a list one place more", () => {
    const found = scene(
      { o: { kind: "optimizer", type: "optim.Adam" }, x: {}, s: { type: "torch.stack", inputs: { 0: "x" } } },
      {
        entryOf: (type) =>
          type === "torch.stack"
            ? ({
                title: "stack",
                parameters: [{ name: "tensors", wire: true, list: true }],
              } as unknown as Entry)
            : undefined,
      },
    );
    expect(found.byKey.get("o")?.ports.map((port) => port.argument)).toEqual(["loss"]);
    expect(found.byKey.get("s")?.ports.map((port) => [port.name, port.argument])).toEqual([
      ["tensors", "0"],
      ["+", "1"],
    ]);
  });

  it("does not hang on blocks that say they are inside themselves", () => {
    const document = documentOf({ a: {}, b: {} });
    const blocks = document.blocks.map((block, id) => ({ ...block, parent: 1 - id }));
    const found = sceneOf({ ...document, blocks }, "", {
      flow: "down",
      closed: NONE,
      expanded: NONE,
      entryOf: () => undefined,
    });
    expect(found.boxes.length).toBe(2);
  });
});

describe("places", () => {
  it("follow the wires, down or to the right, and nothing lies on another", () => {
    for (const flow of ["down", "right"] as const) {
      for (const parts of [CHAIN, TRAIN]) {
        const found = scene(parts, { flow });
        const spots = layOut(found, flow);
        expect(allApart(found, spots)).toBe(true);
        expect(flowOf(found, spots)).toBe(flow);
      }
    }
    const found = scene(CHAIN);
    const spots = layOut(found, "down");
    expect(spots.x?.[1]).toBeLessThan(spots.a?.[1] ?? 0);
    expect(spots.a?.[1]).toBeLessThan(spots.b?.[1] ?? 0);
  });

  it("go the way that shows larger in the pane", () => {
    const scenes = { down: scene(CHAIN), right: scene(CHAIN, { flow: "right" }) };
    expect(bestFlow(scenes, { width: 300, height: 900 })).toBe("down");
    expect(bestFlow(scenes, { width: 900, height: 200 })).toBe("right");
  });

  it("of new blocks are near what they are connected to, and no other block moves", () => {
    const before = layOut(scene(CHAIN), "down");
    const found = scene({ ...CHAIN, c: { inputs: { input: "x" } }, d: { inputs: { input: "b" } } });
    const added = placeNew(found, before);
    expect(Object.keys(added).sort()).toEqual(["c", "d"]);
    const all = { ...before, ...added };
    expect(allApart(found, all)).toBe(true);
    expect(added.d?.[1]).toBeGreaterThan(before.b?.[1] ?? 0);
    expect(Math.abs((added.c?.[1] ?? 0) - (before.a?.[1] ?? 0))).toBeLessThan(200);
  });

  it("are free ones, also among many", () => {
    const taken = Array.from({ length: 60 }, (_, i) => ({
      x: (i % 8) * 190,
      y: Math.floor(i / 8) * 90,
      width: 176,
      height: 80,
    }));
    const [x, y] = freeSpot([200, 100], { width: 176, height: 80 }, taken);
    expect(taken.some((one) => overlaps({ x, y, width: 176, height: 80 }, one))).toBe(false);
  });

  it("in a frame are counted from where the frame was put, so that it grows around what moves in it", () => {
    const found = scene(TRAIN);
    const spots = { ...layOut(found, "down") };
    const at = (all: typeof spots) => {
      const spotOf = (key: string): wire.Spot => all[key] ?? [0, 0];
      const ground = { scene: found, rects: rectsOf(found, spotOf), spotOf };
      return { rects: absolute(ground), ground };
    };
    const before = at(spots);
    const [x, y] = spots.h ?? [0, 0];
    const after = at({ ...spots, h: [x - 300, y] });
    expect(after.rects.get("loss")).toEqual(before.rects.get("loss"));
    expect(after.rects.get("h")?.x).toBe((before.rects.get("h")?.x ?? 0) - 300);
    const [frame, moved] = [after.rects.get("loop") as Rect, after.rects.get("h") as Rect];
    expect(frame.x).toBeLessThan(moved.x);
    expect(frame.width).toBeGreaterThan((before.rects.get("loop")?.width ?? 0) + 200);
    expect(originIn(after.ground, "")).toEqual([0, 0]);
  });

  it("go with a block whose variable gets another name", () => {
    const before = documentOf({ x: { kind: "input" }, y: { inputs: { input: "x" } } });
    const after = documentOf({
      x: { kind: "input" },
      z: { inputs: { input: "x" } },
      w: { type: "torch.cos" },
    });
    expect([...carried(before, after)]).toEqual([["z", "y"]]);
  });
});

describe("labels of wires", () => {
  const FAN = {
    x: { kind: "input", shape: [4, 2] },
    a: { inputs: { input: "x" }, shape: [4, 8] },
    b: { inputs: { input: "x" }, shape: [4, 8] },
    c: { inputs: { input: "a", other: "b", third: "x" }, shape: [4, 8] },
  } as const;

  it("have room beside the blocks, whichever way the wires go", () => {
    for (const flow of ["down", "right"] as const) {
      for (const parts of [FAN, CHAIN, TRAIN]) {
        const found = scene(parts, { flow });
        const spots = layOut(found, flow);
        const spotOf = (key: string): wire.Spot => spots[key] ?? [0, 0];
        const ground = { scene: found, rects: rectsOf(found, spotOf), spotOf };
        const labels = labelsOf(ground);
        expect([...labels.keys()].sort()).toEqual(found.lines.map((line) => line.id).sort());
        expect([...labels.values()].filter((one) => one.room === "all").length).toBeGreaterThan(0);
      }
    }
  });

  it("go where there is room, or else are left out", () => {
    const found = scene(CHAIN);
    const at = (gap: number) => {
      const spots: Record<string, wire.Spot> = { x: [0, 0], a: [0, 80 + gap], b: [0, 400] };
      const spotOf = (key: string): wire.Spot => spots[key] ?? [0, 0];
      return labelsOf({ scene: found, rects: rectsOf(found, spotOf), spotOf });
    };
    const first = found.lines[0]?.id ?? "";
    expect(at(80).get(first)).toEqual({ at: 0.5, room: "all" });
    expect(at(-30).get(first)?.room).toBe("none");
  });

  it("are on the curve that is drawn", () => {
    const [from, to] = [
      [10, 20],
      [90, 220],
    ] as const;
    expect(wirePoint(from, to, "down", 0)).toEqual(from);
    expect(wirePoint(from, to, "down", 1)).toEqual(to);
    expect(wirePoint(from, to, "right", 0.5)).toEqual([50, 120]);
  });
});

describe("keys", () => {
  const rects = new Map<string, Rect>([
    ["a", { x: 0, y: 0, width: 100, height: 50 }],
    ["b", { x: 0, y: 100, width: 100, height: 50 }],
    ["c", { x: 200, y: 10, width: 100, height: 50 }],
  ]);

  it("walk to the block that lies that way", () => {
    expect(neighbour(rects, "a", [0, 1])).toBe("b");
    expect(neighbour(rects, "a", [1, 0])).toBe("c");
    expect(neighbour(rects, "b", [0, -1])).toBe("a");
    expect(neighbour(rects, "a", [-1, 0])).toBeNull();
  });

  it("offer a wire the open inputs first", () => {
    const found = scene({ a: {}, b: { inputs: { input: "a" } }, c: { inputs: { input: null } } });
    expect(targetsFrom({ scene: found, rects }, "a").map((target) => target.key)).toEqual(["c", "b"]);
  });

  it("change numbers by their last place", () => {
    expect(stepped("8", true)).toBe("9");
    expect(stepped("0.1", false)).toBe("0.09");
    expect(stepped("0.05", true)).toBe("0.06");
    expect(stepped("0.09", true)).toBe("0.1");
    expect(stepped("1e-3", true)).toBe("0.002");
    expect(stepped("-1.0", true)).toBe("-0.9");
    expect(stepped("2 * n", true)).toBeNull();
  });
});

describe("the palette", () => {
  const entry = (type: string, title: string, section: string, doc = ""): Entry => ({
    type,
    kind: "op",
    title,
    section,
    doc,
    parameters: [],
  });
  const all = [
    entry("torch.sin", "sin", "Functions", "Sine."),
    entry("torch.asin", "asin", "Functions", "The inverse of the sine."),
    entry("nn.Linear", "Linear", "Layers", "x @ weight.T + bias"),
    entry("nn.Bilinear", "Bilinear", "More"),
  ];

  it("finds by name first, then by what is said", () => {
    expect(search(all, "").map((section) => section.title)).toEqual(["Functions", "Layers", "More"]);
    expect(search(all, "lin")[0]?.entries[0]?.title).toBe("Linear");
    expect(search(all, "sin")[0]?.entries.map((one) => one.title)).toEqual(["sin", "asin"]);
    expect(search(all, "inverse sine")[0]?.entries[0]?.title).toBe("asin");
    expect(search(all, "zzz")).toEqual([]);
  });
});

describe("a run", () => {
  const CODE = "x = torch.ones(2)\nä = torch.sin(x) * 2\n";
  const tensor = (more: Partial<wire.TensorInfo> = {}) =>
    ({
      shape: [2],
      dtype: "float32",
      value: { numel: 2, data: [1, 1], norm: 1.5 },
      requires_grad: true,
      ...more,
    }) as wire.TensorInfo;
  const node = (
    id: number,
    place: [number, number, number, number],
    more: Partial<wire.Node> = {},
  ): wire.Node => ({
    id,
    kind: "op",
    op: "aten::sin",
    scope: 0,
    outputs: [tensor()],
    place: { line: place[0], column: place[1], end_line: place[2], end_column: place[3] },
    ...more,
  });
  const stretch = (code: string, needle: string): wire.Stretch => [
    code.indexOf(needle),
    code.indexOf(needle) + needle.length,
  ];
  const at = (needle: string) => stretch(CODE, needle);
  const document = documentOf({
    x: { kind: "input", span: at("torch.ones(2)") },
    s: { span: at("torch.sin(x)"), inputs: { input: "x" } },
    y: { span: at("torch.sin(x) * 2"), inputs: { input: "s" } },
  });
  const ran = (
    nodes: readonly wire.Node[],
    { code = CODE, ...graph }: Partial<RunState["graph"]> & { code?: string } = {},
  ): RunState => {
    const run = newRun("r", code, "cpu", 0, 0);
    return { ...run, graph: { ...run.graph, nodes, ...graph } };
  };
  // Columns are counted in bytes: before `torch.sin` stand six.
  const nodes = () => [
    node(0, [1, 4, 1, 17], { kind: "leaf" }),
    node(1, [2, 5, 2, 17]),
    node(2, [2, 5, 2, 21], { op: "aten::mul" }),
  ];
  const ids = (match: Match | undefined, output = 0) => match?.made[output]?.map((one) => one.node.id);

  it("gives each block the operation that comes from its very stretch of the text", () => {
    const edges = [
      { source: 0, target: 1 },
      { source: 1, target: 2 },
    ];
    const run = ran(nodes(), { edges });
    const matches = matchesOf(document, CODE, run);
    expect([...matches].map(([id, match]) => [id, ids(match)])).toEqual([
      [0, [0]],
      [1, [1]],
      [2, [2]],
    ]);
    const now = stateAt(run.graph, null);
    const [x, sine] = [matches.get(0), matches.get(1)];
    expect(liveOf(sine as Match, now)).toMatchObject({ node: 1, value: { norm: 1.5 }, grad: null });
    expect(flowing(x, sine, 0, now, recordedOf(run.graph))).toMatchObject({ value: "‖1.500‖", cut: false });
    expect(liveOf(sine as Match, NOTHING)).toBeNull();
  });

  it("shows the last of several times, and nothing of a line that was changed since", () => {
    const again = [...nodes(), node(3, [2, 5, 2, 17])];
    const matches = matchesOf(document, CODE, ran(again));
    expect(liveOf(matches.get(1) as Match, stateAt(ran(again).graph, null))?.node).toBe(3);
    const typed = `# first\n${CODE.replace("* 2", "* 3")}`;
    const moved: wire.Document = {
      ...document,
      blocks: document.blocks.map((block) => ({ ...block, span: [block.span[0] + 8, block.span[1] + 8] })),
    };
    expect([...matchesOf(moved, typed, ran(nodes())).keys()]).toEqual([0]);
  });

  it("gives a wire the gradient that its reader sent, of several readers", () => {
    const grad = (x: number) => ({ numel: 1, data: [x], norm: x }) as wire.Values;
    const graph = {
      edges: [
        { source: 0, target: 1 },
        { source: 0, target: 2, cut: true },
        { source: 1, target: 2 },
      ],
      steps: [
        {
          index: 0,
          call: 0,
          node: 1,
          name: "SinBackward0",
          after: 3,
          leaving: [{ target: 0, grad: grad(7) }],
        },
      ],
    };
    const run = ran(nodes(), graph);
    const matches = matchesOf(document, CODE, run);
    const told = (target: number) =>
      flowing(matches.get(0), matches.get(target), 0, stateAt(run.graph, null), recordedOf(run.graph));
    expect(told(1)).toMatchObject({ grad: "7.", cut: false });
    expect(told(2)).toMatchObject({ grad: "", cut: true });
  });

  const NET = "net = nn.Sequential(nn.Linear(2, 8), nn.Identity(), nn.Tanh())\ny = net(x)\n";
  const net = (() => {
    const span = (needle: string) => stretch(NET, needle);
    const made = documentOf({
      x: { kind: "input", span: [0, 0] },
      net: {
        kind: "layer",
        type: "nn.Sequential",
        span: span("net(x)"),
        definition: 1,
        inputs: { input: "x" },
      },
      "net.0": {
        kind: "layer",
        type: "nn.Linear",
        span: span("nn.Linear(2, 8)"),
        inside: "net",
        makes: ["0"],
      },
      "net.1": {
        kind: "layer",
        type: "nn.Identity",
        span: span("nn.Identity()"),
        inside: "net",
        makes: ["1"],
        inputs: { input: "net.0" },
      },
      "net.2": {
        kind: "layer",
        type: "nn.Tanh",
        span: span("nn.Tanh()"),
        inside: "net",
        makes: ["2"],
        inputs: { input: "net.1" },
      },
    });
    const net = made.blocks[1] as wire.Block;
    const inner = [2, 3, 4].map((id, k) => ({
      name: String(k),
      place: "definition" as const,
      wire: [id, 0],
    }));
    (net as { arguments: unknown }).arguments = [...inner, ...(net.arguments ?? [])];
    return made;
  })();
  const scope = (id: number, parent: number, name: string, more: Partial<wire.Scope> = {}): wire.Scope => ({
    id,
    parent,
    kind: "module",
    name,
    type: "",
    line: 2,
    ...more,
  });
  const CALL: [number, number, number, number] = [2, 4, 2, 10];
  const called = (first: number, scopes: [number, number]) => [
    node(first, CALL, { op: "aten::t", scope: scopes[0] }),
    node(first + 1, CALL, { op: "aten::addmm", scope: scopes[0] }),
    node(first + 2, CALL, { op: "aten::tanh", scope: scopes[1] }),
  ];

  it("finds the layers inside a Sequential by what was called in it, and what hands on by what came in", () => {
    const weight = node(0, [1, 20, 1, 35], {
      kind: "parameter",
      scope: 2,
      outputs: [tensor({ name: "0.weight" })],
    });
    const run = ran([weight, ...called(1, [2, 3]), ...called(4, [5, 6])], {
      code: NET,
      scopes: [
        scope(1, 0, "Sequential"),
        scope(2, 1, "0"),
        scope(3, 1, "2"),
        scope(4, 0, "Sequential"),
        scope(5, 4, "0"),
        scope(6, 4, "2"),
      ],
    });
    const matches = matchesOf(net, NET, run);
    expect([1, 2, 3, 4].map((id) => ids(matches.get(id)))).toEqual([
      [3, 6],
      [2, 5],
      [2, 5],
      [3, 6],
    ]);
    expect(matches.get(2)?.parameters.map(([name, { id }]) => [name, id])).toEqual([["weight", 0]]);
    expect(matches.get(4)?.parameters).toEqual([]);
  });

  it("gives an own function what it returned in its call, and its parameters what they were given", () => {
    const code = "def f(u):\n    return torch.sin(u)\na = torch.ones(2)\nb = f(a)\nc = f(b)\n";
    const span = (needle: string) => stretch(code, needle);
    const own = documentOf({
      f: { kind: "class", type: "f", makes: [] },
      "f.u": { kind: "input", type: "parameter", inside: "f", makes: ["u"], span: span("u):") },
      "f.return/0": { inside: "f", span: span("torch.sin(u)"), inputs: { input: "f.u" } },
      "f.return": { kind: "output", type: "return", inside: "f", makes: [], inputs: { 0: "f.return/0" } },
      a: { kind: "input", span: span("torch.ones(2)") },
      b: { kind: "module", type: "f", span: span("f(a)"), inputs: { u: "a" } },
      c: { kind: "module", type: "f", span: span("f(b)"), inputs: { u: "b" } },
    });
    const run = ran(
      [
        node(0, [3, 4, 3, 17], { kind: "constant" }),
        node(1, [2, 11, 2, 23], { scope: 1 }),
        node(2, [2, 11, 2, 23], { scope: 2 }),
      ],
      {
        code,
        scopes: [
          scope(1, 0, "f", { kind: "function", line: 4 }),
          scope(2, 0, "f", { kind: "function", line: 5 }),
        ],
      },
    );
    const matches = matchesOf(own, code, run);
    const id = (key: string) => own.blocks.find((block) => block.key === key)?.id ?? -1;
    expect(["f.u", "f.return/0", "b", "c"].map((key) => ids(matches.get(id(key))))).toEqual([
      [0, 1],
      [1, 2],
      [1],
      [2],
    ]);
  });
});
