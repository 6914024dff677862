import { beforeAll, describe, expect, it } from "vitest";
import { type Now, stateAt } from "../moment";
import { arrange, type Direction, type ScopeLayout } from "./arrange";
import { sizeOf } from "./cards";
import { Course } from "./course";
import { describeGraph, describeNode } from "./describe";
import { Feed, type GraphEvent } from "./feed";
import {
  chain,
  cuts,
  descent,
  longChain,
  loop,
  type Recorded,
  Recorder,
  tinyModel,
  valuesOf,
} from "./fixtures";
import { Focus } from "./focus";
import { Frame } from "./frame";
import { GraphModel } from "./model";
import { neighbour } from "./navigate";
import { isLabel } from "./prims";
import { compose, linePoint, plan, type Scene } from "./scene";
import { appendPrims, svgElement, svgText } from "./svg";
import { estimate, shorten } from "./text";
import { TreeBuilder } from "./tree";
import { visibleGraph } from "./visible";

interface Picture {
  model: GraphModel;
  now: Now;
  /** Goes to a moment; null is the end of the run. */
  go(time: number | null): void;
  scene: Scene;
  focus: Focus;
  frame(): Frame;
}

function picture(recorded: Recorded, direction: Direction = "down"): Picture {
  const model = new GraphModel();
  model.push(recorded);
  const graph = visibleGraph(
    new TreeBuilder(model).build(),
    model.nodes,
    (group) => !["repeat", "gap"].includes(group.kind),
  );
  const planned = plan(graph, direction, 1600, estimate);
  const layouts: ScopeLayout[] = [];
  for (const scope of planned.request.scopes) {
    layouts.push(
      arrange(
        scope,
        scope.child.map((at) => layouts[at] ?? null),
        direction,
        1600,
      ),
    );
  }
  const scene = compose(graph, planned, layouts);
  const focus = new Focus();
  const course = new Course(scene, model);
  const one: Picture = {
    model,
    now: stateAt(recorded, null),
    go: (time) => {
      one.now = stateAt(recorded, time);
    },
    scene,
    focus,
    frame: () => new Frame(scene, one.now, course, focus.attention(model), estimate),
  };
  return one;
}

const texts = (one: Picture, key: string): string[] => {
  const box = one.scene.byKey.get(key);
  if (!box) throw new Error(`no box ${key}`);
  const frame = one.frame();
  return frame
    .paint(box, frame.look(box.item), "full")
    .filter(isLabel)
    .map((label) => label.text);
};

describe("what belongs together", () => {
  const r = new Recorder();
  const x = r.add("randn", [], { name: "x", kind: "leaf" });
  const y = r.add("sin", [x], { name: "y" });
  const flags: ("view" | "inplace")[] = ["view"];
  const view = r.add("view", [y], { name: "v", flags, base: y });
  r.add("mul_", [view], { flags: ["inplace"], base: y, version: 1 });
  for (let i = 0; i < 8; i++) r.add("cos", [x]);
  const one = picture(r.done());

  it("a view and a write say whose memory they share, and a line leads there when they are selected", () => {
    expect(texts(one, "n2")).toContain("view of y");
    expect(texts(one, "n3")).toContain("in place · v1");
    expect(one.frame().relations()).toEqual([]);
    for (const [id, lines] of [
      [2, 1],
      [1, 2],
      [0, 0],
    ] as const) {
      one.focus.selectId(id, one.model);
      expect(
        one
          .frame()
          .relations()
          .filter((prim) => !isLabel(prim) && prim.dash),
      ).toHaveLength(lines);
    }
  });

  it("all copies of a tensor light up together, pointed at or selected", () => {
    const copies = [...one.scene.byKey.values()].filter(({ item }) => item.node?.name === "x");
    expect(copies).toHaveLength(9);
    one.focus.hovered = one.model.byId.get(x) ?? null;
    one.focus.selectId(x, one.model);
    const frame = one.frame();
    expect(copies.map(({ item }) => frame.look(item))).toEqual(
      copies.map(() => expect.objectContaining({ lit: true, selected: true })),
    );
  });

  it("a gap says which of its iterations is running", () => {
    const looped = picture(loop(1000));
    const gap = [...looped.scene.byKey.values()].find(({ item }) => item.group?.kind === "gap")?.item;
    const running = (iteration: number) => {
      const node = 3 + 2 * (iteration - 1);
      looped.go(
        looped.now.moments.all.findIndex((moment) => moment.kind === "backward" && moment.node === node),
      );
      return gap && looped.frame().look(gap).running;
    };
    expect([412, 2, 999, 1000].map(running)).toEqual([412, 2, 999, null]);
  });
});

describe("what a box says", () => {
  const one = picture(chain());
  it("name, operation, shape, value and gradient", () => {
    expect(texts(one, "n4")).toEqual(["out", "sum", "()", "25.00", "1."]);
    expect(texts(one, "n2")).toEqual(["c", "mul", "(25,)", "all 1."]);
  });

  it("a type other than float32, a version, why there is no gradient, what went wrong", () => {
    const all = picture(cuts());
    const by = (name: string) => `n${all.model.nodes.find((node) => node.name === name)?.id}`;
    expect(texts(all, by("as_double"))).toContain("(2, 3) float64");
    expect(texts(all, by("z"))).toEqual(expect.arrayContaining(["exp_", "in place · v1"]));
    expect(texts(all, by("c2"))).toContain("no_grad");
    expect(texts(all, by("logs"))).toContain("3 not finite");
    const failed = all.model.nodes.find((node) => node.failed);
    expect(texts(all, `n${failed?.id}`).join(" ")).toContain("RuntimeError: a leaf Variable that");
  });

  it("inside its module a parameter without the module's name", () => {
    const tiny = picture(tinyModel());
    const parameters = [...tiny.scene.byKey.values()].filter((box) => box.item.node?.kind === "parameter");
    expect(parameters.map((box) => texts(tiny, box.item.key)[0])).toEqual(
      expect.arrayContaining(["weight", "bias"]),
    );
  });

  it("has the same size whatever the step, so that stepping moves nothing", () => {
    for (const box of one.scene.byKey.values()) {
      const before = sizeOf(box.item, estimate);
      one.go(1);
      expect(sizeOf(box.item, estimate)).toEqual(before);
      one.go(null);
      expect([before.width, before.height]).toEqual([box.width, box.height]);
    }
  });

  it("keeps its words inside the box and off one another", () => {
    const r = new Recorder();
    const long = "a_variable_with_a_name_that_goes_on_and_on_for_longer_than_anyone_would_read";
    const shape = [1000, 2000, 3000, 4000, 5000];
    r.add("some_operation_with_an_endless_name_as_well", [], { name: long, shape, dtype: "complex128" });
    for (const all of [picture(r.done()), picture(cuts()), picture(tinyModel(6)), picture(longChain(1000))]) {
      const frame = all.frame();
      for (const box of all.scene.boxes) {
        const labels = frame.paint(box, frame.look(box.item), "full").filter(isLabel);
        const spans = labels.map(({ text, x, y, font, anchor }) => {
          const width = estimate(text, font);
          const from = anchor === "end" ? x - width : anchor === "middle" ? x - width / 2 : x;
          return { text, y, from, to: from + width };
        });
        for (const [i, span] of spans.entries()) {
          expect(span.from, span.text).toBeGreaterThanOrEqual(0);
          expect(span.to, span.text).toBeLessThanOrEqual(box.width + 0.5);
          const over = spans.find(
            (other, k) => k > i && other.y === span.y && other.from < span.to && span.from < other.to,
          );
          expect(over?.text, `over ${span.text}`).toBeUndefined();
        }
      }
    }
    expect(shorten("encoder.layers.3.weight", 12)).toHaveLength(12);
  });
});

describe("a closed group", () => {
  it("shows the tensor that leaves it, and not what was changed without autograd", () => {
    const r = new Recorder();
    let w = r.add("", [], { name: "w", kind: "leaf" });
    for (let i = 0; i < 40; i++) {
      const loss = r.add("pow", [w], { name: "loss", value: valuesOf([i]), line: 3 });
      r.add("print", [loss], { grad: false, flags: ["no_grad"], line: 4 });
      w = r.add("sub_", [w], { name: "w", flags: ["no_grad", "inplace"], line: 5 });
    }
    const one = picture(r.done());
    const repeat = one.scene.boxes.find((box) => box.item.group?.kind === "repeat");
    expect(texts(one, repeat?.item.key ?? "")).toContain("39.");
  });
});

describe("stepping", () => {
  const key = (one: Picture, id: number) => one.scene.byKey.get(`n${id}`)?.item as never;
  const said = (one: Picture) =>
    one
      .frame()
      .chips()
      .filter(isLabel)
      .map((label) => `${label.ink} ${label.text}`);

  it("rings the active node, carries what enters and leaves, and paints the way behind orange", () => {
    const one = picture(chain());
    one.go(5 + 2);
    const frame = one.frame();
    const states = Object.fromEntries(
      one.scene.lines.map((line) => [line.edge.to?.node?.name, frame.lineState(line)]),
    );
    expect(states).toEqual({ b: null, c: "gradient", d: "done", out: "done" });
    const looks = [0, 1, 2, 3, 4].map((id) => frame.look(key(one, id)));
    expect(looks.map((look) => look.active)).toEqual([null, null, "backward", null, null]);
    expect(looks.map((look) => look.done)).toEqual([false, false, false, true, true]);
    expect(said(one)).toEqual(["grad all 1.", "grad all 2."]);
  });

  it("shows what an operation takes, and nothing of what is yet to come", () => {
    const one = picture(chain());
    one.go(2);
    const frame = one.frame();
    expect([0, 1, 2, 3, 4].map((id) => frame.look(key(one, id)).made)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(frame.look(key(one, 2)).active).toBe("forward");
    expect(frame.look(key(one, 3)).value).toBeNull();
    expect(one.scene.lines.map((line) => frame.lineState(line))).toEqual([null, "value", "ahead", "ahead"]);
    expect(said(one)).toEqual(["value ‖3.464‖"]);
    expect(texts(one, "n3")).toEqual(["d", "add", "(25,)"]);
  });

  it("adds up where paths meet, and sets .grad beside the gradient of this pass", () => {
    const one = picture(descent(2, false));
    const { all } = one.now.moments;
    const steps = all.flatMap((moment, time) => (moment.kind === "backward" ? [time] : []));
    one.go(steps[5] ?? 0);
    expect(said(one)).toEqual(["grad -4.", "grad -2.", "grad 1. + (-2.) = -1."]);
    one.go(steps[6] ?? 0);
    expect(said(one)).toEqual(["grad 1. + (-2.) = -1."]);
    const w = () => one.frame().look(key(one, 0));
    expect([w().grad?.data, w().stored?.data, w().active]).toEqual([[-1], [-1], "backward"]);
    one.go(steps[13] ?? 0);
    expect(w().grad?.data?.[0]).not.toBe(w().stored?.data?.[0]);
    const parts = texts(one, "n0");
    expect(parts).toHaveLength(6);
    one.go((steps[13] ?? 0) + 1);
    expect(w().active).toBe("step");
    expect(w().value?.data).toEqual(all[(steps[13] ?? 0) + 1] && one.now.value(0)?.value.data);
  });

  it("is the same however one came there", () => {
    for (const recorded of [descent(3), tinyModel(2), longChain(30)]) {
      const walked = picture(recorded);
      const looks = (one: Picture) => {
        const frame = one.frame();
        return [
          one.scene.boxes.map((box) => frame.look(box.item)),
          one.scene.lines.map((line) => frame.lineState(line)),
        ];
      };
      const end = walked.now.moments.all.length;
      const order = [...Array(end).keys(), ...[...Array(end).keys()].reverse(), 3, end - 2, 0, end - 1];
      for (const [i, time] of order.entries()) {
        walked.go(time);
        const here = looks(walked);
        if (i % 23) continue;
        const jumped = picture(recorded);
        jumped.go(time);
        expect(looks(jumped)).toEqual(here);
      }
    }
  });

  it("lights the closed group that holds the active node", () => {
    const one = picture(longChain(1000));
    const repeat = one.scene.boxes.find((box) => box.item.group?.kind === "repeat")?.item as never;
    one.go(500);
    expect([one.frame().look(repeat).active, one.frame().look(repeat).made]).toEqual(["forward", true]);
    one.go(2500);
    expect(one.frame().look(repeat).active).toBe("backward");
    one.go(1);
    expect(one.frame().look(repeat).made).toBe(false);
  });
});

describe("text from a program", () => {
  const hostile = '<img src=x onerror=alert(1)> "quoted" & more';

  it("is only ever text", () => {
    const group = svgElement("g");
    appendPrims(group, [{ text: hostile, x: 0, y: 0, font: "name", ink: "ink" }]);
    expect(group.querySelector("img")).toBeNull();
    expect(group.textContent).toBe(hostile);
  });

  it("is escaped in the exported picture", () => {
    const r = new Recorder();
    r.add("sin", [], { name: "<img onerror=x>", value: valuesOf([1]) });
    const svg = svgText(picture(r.done()).frame(), { sans: "Sans", mono: "Mono" });
    expect(svg).toContain("&lt;img onerror=x&gt;");
    expect(svg).not.toContain("<img");
    expect(new DOMParser().parseFromString(svg, "image/svg+xml").querySelector("parsererror")).toBeNull();
  });
});

describe("finding", () => {
  const model = picture(tinyModel()).model;
  it("goes round in both directions", () => {
    const focus = new Focus();
    focus.search("linear", { model, grad: () => null });
    expect(focus.found).toHaveLength(4);
    expect(focus.next(-1)).toBe(focus.found[3]);
    expect(focus.next(1)).toBe(focus.found[0]);
    expect(focus.next(1)).toBe(focus.found[1]);
  });
});

describe("walking by keyboard", () => {
  const one = picture(tinyModel());
  const item = (name: string) =>
    [...one.scene.byKey.values()].find((box) => box.item.node?.name === name)?.item;
  const go = (from: string, ...arrows: ("up" | "down" | "left" | "right")[]) => {
    let at = item(from) ?? null;
    for (const arrow of arrows) at = at && neighbour(one.scene, at, arrow);
    return at?.node?.name || at?.node?.op || at?.group?.name;
  };
  it("follows edges down and up, through the borders of modules", () => {
    expect(go("loss", "up")).toBe("pow");
    expect(go("loss", "up", "up")).toBe("sub");
    expect(go("loss", "up", "up", "up")).toBe("addmm");
    expect(go("some_input", "down")).toBe("addmm");
    expect(go("some_input", "down", "down")).toBe("relu");
    expect(go("loss", "down")).toBeUndefined();
  });

  it("goes sideways to what stands beside", () => {
    const from = [...one.scene.byKey.values()].find((box) => box.item.node?.name === "ideal_output");
    const next = from && neighbour(one.scene, from.item, "right");
    expect(one.scene.byKey.get(next?.key ?? "")?.x).toBeGreaterThan(from?.x ?? Infinity);
  });
});

describe("in words", () => {
  it("describes a node by what is drawn on it", () => {
    const { model, now } = picture(chain());
    const c = model.nodes[2];
    expect(describeNode(c as never, now)).toBe(
      "c, mul, operation; shape (25,) float32; value norm 6.928; gradient norm 5.; line 5; from b; to d.",
    );
    expect(describeGraph(model)).toBe("Computation graph: 4 operations, 1 input tensor, 5 backward steps.");
  });

  it("counts those that are alike", () => {
    const { model, now } = picture(longChain(1000));
    expect(describeNode(model.nodes[0] as never, now)).toContain("to div 1000 times.");
  });
});

describe("Feed", () => {
  let taken: GraphEvent[];
  beforeAll(() => {
    taken = [];
  });

  it("takes what is small at once and what is large piece by piece, in order", async () => {
    const feed = new Feed((piece) => taken.push(piece));
    const large = longChain(3000);
    feed.push(large);
    feed.push(chain());
    expect(taken).toHaveLength(1);
    await expect.poll(() => taken.length, { timeout: 5000 }).toBeGreaterThan(12);
    await expect.poll(() => taken.at(-1)?.steps.length).toBe(5);
    const model = new GraphModel();
    for (const piece of taken.slice(0, -1)) model.push(piece);
    expect([model.nodes.length, model.edges, model.steps.length]).toEqual([
      large.nodes.length,
      large.edges.length,
      large.steps.length,
    ]);
  });
});

describe("linePoint", () => {
  it("goes along the line from its start to its end", () => {
    const { scene } = picture(tinyModel());
    for (const line of scene.lines) {
      const { points } = line;
      expect(linePoint(line, 0)).toEqual([points[0], points[1]]);
      const [x, y] = linePoint(line, 1);
      expect(x).toBeCloseTo(points.at(-2) ?? Number.NaN);
      expect(y).toBeCloseTo(points.at(-1) ?? Number.NaN);
      const heights = [0, 0.2, 0.4, 0.6, 0.8, 1].map((t) => linePoint(line, t)[1]);
      expect(heights).toEqual([...heights].sort((a, b) => a - b));
    }
  });
});

describe("what is on its way", () => {
  it.each(["down", "right"] as const)("covers neither a box nor another, drawn %s", (direction) => {
    const one = picture(tinyModel(), direction);
    for (let time = 0; time < one.now.moments.all.length; time++) {
      one.go(time);
      const rects = one
        .frame()
        .chips()
        .filter((prim) => !isLabel(prim)) as { d: string }[];
      const places = rects.map(({ d }) => {
        const [x = 0, y = 0, right = 0] = (d.match(/-?[\d.]+/g) ?? []).map(Number);
        return { x: x - 5, y, width: right - x + 10, height: 21 };
      });
      const boxes = one.scene.boxes.filter((box) => !box.item.open);
      for (const [i, place] of places.entries()) {
        for (const other of [...boxes, ...places.slice(i + 1)]) {
          const apart =
            place.x + place.width <= other.x ||
            other.x + other.width <= place.x ||
            place.y + place.height <= other.y ||
            other.y + other.height <= place.y;
          expect(apart, `moment ${time}`).toBe(true);
        }
      }
    }
  });
});

describe("a folded loop at a moment", () => {
  it("shows the result of the latest iteration there is", () => {
    const looped = picture(loop(50));
    const item = [...looped.scene.byKey.values()].find(({ item }) => item.group?.series && !item.open)?.item;
    const moments = looped.now.moments.all;
    const seen = [5, 20, 60].map((time) => {
      looped.go(time);
      return item && looped.frame().look(item).value;
    });
    expect(moments.length).toBeGreaterThan(60);
    expect(seen.every((values) => values !== null && values !== undefined)).toBe(true);
    expect(new Set(seen).size).toBe(3);
  });
});

describe("at the end of the run", () => {
  it("the selected node has each edge's own contribution, and their sum where paths meet", () => {
    const one = picture(descent(1));
    const w = one.model.nodes.find((node) => node.name === "w" && node.kind === "leaf");
    one.focus.select(w ?? null);
    const said = () =>
      one
        .frame()
        .chips()
        .filter(isLabel)
        .map((label) => label.text);
    // 2 (2 · 0.5 - 3) 0.5 along the square, and b = 1 along the product.
    expect(said()).toEqual(expect.arrayContaining(["-2.", "1."]));
    expect(said().some((text) => text.includes("= -1."))).toBe(true);
    one.focus.select(null);
    expect(said()).toEqual([]);
  });
});
