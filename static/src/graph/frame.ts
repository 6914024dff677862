/** One moment of the picture: what to draw where, independent of how. */
import type { Now } from "../moment";
import { type Look, paint, paintFar, type Size } from "./cards";
import { chips, contributions } from "./chips";
import type { Course } from "./course";
import { type Marked, paintSign, paintWord } from "./marks";
import type { GEdge, GNode } from "./model";
import { holding } from "./openness";
import { type Ink, isLabel, type Prim, roundRect } from "./prims";
import { resultBy, startOf } from "./result";
import { arrowPath, type Box, type Line, linePath, linePoint, type Scene } from "./scene";
import type { Measure } from "./text";
import type { VItem } from "./visible";

export interface View {
  scale: number;
  x: number;
  y: number;
}

/** How much of each box is legible at a scale. */
export type Detail = "full" | "title" | "shape";

export function detailAt(scale: number): Detail {
  return scale >= 0.5 ? "full" : scale >= 0.28 ? "title" : "shape";
}

/** What flows along a line now, where the pass has been, what attention is on, what is yet to come. */
export type LineState = "gradient" | "value" | "traced" | "done" | "lit" | "ahead" | "cut" | null;

const INKS: Partial<Record<NonNullable<LineState>, Ink>> = {
  gradient: "grad",
  value: "value",
  done: "grad-line",
  ahead: "hairline",
};

export interface Attention {
  selected: GNode | string | null;
  /** Nodes lit because they, or what shows them elsewhere, are pointed at. */
  lit: ReadonlySet<GNode>;
  litKey: string | null;
  marked: Marked;
  found: ReadonlySet<GNode>;
  foundHere: GNode | null;
  searching: boolean;
}

/** Answers, for every part of a scene, how it looks now. Built once for each change of anything. */
export class Frame {
  readonly #litItems = new Set<VItem>();
  readonly #traced = new Set<VItem>();
  readonly #words = new Map<VItem, string>();
  readonly #selectedItems = new Set<VItem>();
  readonly #found = new Map<VItem, "here" | "yes">();

  constructor(
    readonly scene: Scene,
    readonly now: Now,
    readonly course: Course,
    readonly attention: Attention,
    readonly measure: Measure,
  ) {
    course.go(now);
    const itemsOf = (node: GNode) => course.itemsOf(node);
    for (const node of attention.lit) for (const item of itemsOf(node)) this.#litItems.add(item);
    const { path, words } = attention.marked.marks;
    for (const id of path.nodes) for (const item of course.itemsOf(id)) this.#traced.add(item);
    // The worst comes first; a closed group says the worst of what is inside.
    for (const { node, word } of words)
      for (const item of course.itemsOf(node)) if (!this.#words.has(item)) this.#words.set(item, word);
    if (typeof attention.selected === "string") {
      const item = scene.graph.items.get(attention.selected);
      if (item) this.#selectedItems.add(item);
    } else if (attention.selected)
      for (const item of itemsOf(attention.selected)) this.#selectedItems.add(item);
    for (const node of attention.found) {
      for (const item of itemsOf(node)) {
        if (node === attention.foundHere) this.#found.set(item, "here");
        else if (!this.#found.has(item)) this.#found.set(item, "yes");
      }
    }
  }

  look(item: VItem): Look {
    const { now, course } = this;
    const node = item.open ? null : resultBy(item, now.nodes);
    const active = course.active.has(item) ? course.doing : null;
    return {
      made: now.isComputed(item.node?.id ?? startOf(item)),
      value: node ? (now.value(node.id)?.value ?? null) : null,
      grad: node ? now.grad(node.id) : null,
      stored: node && node.kind !== "op" ? now.accumulated(node.id) : null,
      selected: this.#selectedItems.has(item),
      lit: this.#litItems.has(item) || item.key === this.attention.litKey,
      active,
      done: !active && course.isDone(item),
      found: this.#found.get(item) ?? null,
      traced: this.#traced.has(item),
      word: this.#words.get(item) ?? "",
      running: active ? this.#running(item) : null,
    };
  }

  /** Which repetition of a folded series the run is at. */
  #running({ group, open }: VItem): number | null {
    const { active } = this.now;
    const node = active === null ? undefined : this.course.model.byId.get(active);
    if (!group?.series || open || !node) return null;
    return group.series.numbers[holding(group, node)] ?? null;
  }

  /** Everything else steps back while a search is on. */
  dimmed(item: VItem): boolean {
    return this.attention.searching && !item.open && !this.#found.has(item);
  }

  paint(box: Box, look: Look, detail: Detail): Prim[] {
    const size: Size = box;
    if (detail === "shape" && !box.item.open)
      return [...paintFar(box.item, size, look), ...(look.word ? paintSign(size.width, size.height) : [])];
    const prims = paint(box.item, size, look, this.measure);
    if (look.word) prims.push(...paintWord(look.word, size.height, this.measure));
    if (detail === "full") return prims;
    const titles = (prim: Prim) =>
      isLabel(prim)
        ? detail === "title" && (prim.font === "name" || prim.font === "title" || prim.font === "word")
        : prim.stroke !== undefined && (prim.width ?? 1) >= 1;
    return prims.filter(titles);
  }

  lineState(line: Line): LineState {
    const { course, now } = this;
    if (course.flowing.has(line)) return course.doing === "backward" ? "gradient" : "value";
    if (line.edge.members.some((edge) => this.attention.marked.edge(edge))) return "traced";
    if (course.isDone(line)) return "done";
    if (line.edge.members.some((edge) => this.#isLit(edge))) return "lit";
    if (now.moment && course.isAhead(line, now)) return "ahead";
    return line.edge.cut ? "cut" : null;
  }

  #isLit({ source, target }: GEdge): boolean {
    const { selected, lit } = this.attention;
    return selected === source || selected === target || lit.has(source) || lit.has(target);
  }

  paintLine(line: Line, state: LineState, detail: Detail): Prim[] {
    const { direction } = this.scene;
    const { cut } = line.edge;
    const ink: Ink =
      (state && INKS[state]) ??
      (cut ? "cut" : state === "traced" ? "grad" : state === "lit" ? "value" : "value-line");
    const flows = state === "gradient" || state === "value" || state === "traced";
    const many = line.edge.members.length > 1 ? 2 : 1.5;
    const strong = flows ? 2.75 : state && state !== "ahead" && state !== "cut" ? many + 0.5 : many;
    // From afar a line keeps about a pixel.
    const width = strong * (detail === "shape" ? 3 : 1);
    const dash = cut && state !== "gradient" && state !== "done" ? { dash: "4 4" } : {};
    const prims: Prim[] = [{ d: linePath(line, direction), stroke: ink, width, ...dash }];
    if (detail === "shape") return prims;
    if (line.arrow && state !== "gradient") prims.push({ d: arrowPath(line, direction, false), fill: ink });
    if (state === "gradient" && line.edge.from && !line.edge.from.open)
      prims.push({ d: arrowPath(line, direction, true), fill: ink });
    if (cut && line.arrow && detail === "full" && state !== "ahead")
      prims.push(...cutMark(line, this.measure));
    return prims;
  }

  /** From a selected view, or write in place, to the tensor whose memory it shares, and from that to its views. */
  relations(): Prim[] {
    const { selected } = this.attention;
    if (selected === null || typeof selected === "string") return [];
    const { graph, byKey } = this.scene;
    const boxOf = (node: GNode) => byKey.get(graph.itemOf[node.index]?.key ?? "");
    const here = boxOf(selected);
    const others = selected.base ? [selected.base] : selected.views;
    const prims: Prim[] = [];
    for (const other of others) {
      const there = boxOf(other);
      if (here && there && here !== there) prims.push(...relation(here, there));
    }
    return prims;
  }

  /** What is on its way at this moment; at the end of the run, what has reached and left the selected node. */
  chips(): Prim[] {
    const { scene, now, course, measure } = this;
    const { selected } = this.attention;
    if (now.moment || selected === null || typeof selected === "string")
      return chips(scene, now, course, measure);
    return contributions(scene, now, course, selected, measure);
  }
}

/** A dashed bow from one box's side to the other's, on the side where there is less in between. */
function relation(a: Rect, b: Rect): Prim[] {
  const right = a.x + a.width / 2 >= b.x + b.width / 2;
  const side = (box: Rect) => box.x + (right ? box.width : 0);
  const [ax, ay, bx, by] = [side(a), a.y + a.height / 2, side(b), b.y + b.height / 2];
  const out = (right ? Math.max(ax, bx) : Math.min(ax, bx)) + (right ? 1 : -1) * 28;
  const d = `M${ax} ${ay}C${out} ${ay} ${out} ${by} ${bx} ${by}`;
  const end = (x: number, y: number) => roundRect(x - 2.5, y - 2.5, 5, 5, 2.5);
  return [
    { d, stroke: "muted", width: 1.25, dash: "2 4" },
    { d: end(ax, ay), fill: "muted" },
    { d: end(bx, by), fill: "muted" },
  ];
}

interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Two strokes across the line and, where a tensor was detached, the word. */
function cutMark(line: Line, measure: Measure): Prim[] {
  const [x, y] = linePoint(line, 0.5);
  const mark: Prim = { d: `M${x - 6} ${y + 1}l12 -5M${x - 6} ${y + 5}l12 -5`, stroke: "cut", width: 1.5 };
  const target = line.edge.members[0]?.target;
  if (target?.failed) return [];
  const flags = target?.flags;
  if (flags?.has("no_grad") || line.edge.to?.deadEnds) return [mark];
  const text = flags?.has("detach") ? "detach" : "no gradient";
  const width = measure(text, "tag") + 8;
  return [
    { d: roundRect(x + 9, y - 7, width, 14, 3), fill: "bg" },
    mark,
    { text, x: x + 13, y: y + 3.5, font: "tag", ink: "muted" },
  ];
}
