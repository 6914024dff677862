/** One moment of the picture: what to draw where, independent of how. */
import type * as wire from "../protocol.gen";
import type { Backward } from "./backward";
import { type Look, paint, paintFar, resultNode, type Size } from "./cards";
import { chipText } from "./glyphs";
import { type Marked, paintSign, paintWord } from "./marks";
import type { GEdge, GNode } from "./model";
import { holding } from "./openness";
import { type Ink, isLabel, type Prim, roundRect } from "./prims";
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
  readonly #activeItem: VItem | undefined;
  readonly #activeNode: GNode | undefined;
  readonly #doneItems = new Set<VItem>();
  readonly #litItems = new Set<VItem>();
  readonly #traced = new Set<VItem>();
  readonly #words = new Map<VItem, string>();
  readonly #selectedItems = new Set<VItem>();
  readonly #found = new Map<VItem, "here" | "yes">();

  constructor(
    readonly scene: Scene,
    readonly backward: Backward,
    readonly attention: Attention,
    readonly measure: Measure,
  ) {
    const { byId } = backward.model;
    const itemsOf = (node: GNode | undefined): readonly VItem[] => {
      if (!node) return [];
      const copies = scene.graph.copiesOf.get(node) ?? [];
      const item = scene.graph.itemOf[node.index];
      return item && !copies.includes(item) ? [item, ...copies] : copies;
    };
    const active = backward.active;
    if (active) {
      this.#activeNode = byId.get(active.node);
      this.#activeItem = itemsOf(this.#activeNode)[0];
      for (const id of backward.doneNodes)
        for (const item of itemsOf(byId.get(id))) this.#doneItems.add(item);
    }
    for (const node of attention.lit) for (const item of itemsOf(node)) this.#litItems.add(item);
    const { path, words } = attention.marked.marks;
    for (const id of path.nodes) for (const item of itemsOf(byId.get(id))) this.#traced.add(item);
    // The worst comes first; a closed group says the worst of what is inside.
    for (const { node, word } of words)
      for (const item of itemsOf(byId.get(node))) if (!this.#words.has(item)) this.#words.set(item, word);
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
    const node = item.open ? null : resultNode(item);
    return {
      grad: node ? this.backward.grad(node) : null,
      selected: this.#selectedItems.has(item),
      lit: this.#litItems.has(item) || item.key === this.attention.litKey,
      backward: this.#activeItem === item ? "active" : this.#doneItems.has(item) ? "done" : null,
      found: this.#found.get(item) ?? null,
      traced: this.#traced.has(item),
      word: this.#words.get(item) ?? "",
      running: this.#activeItem === item ? this.#running(item) : null,
    };
  }

  /** Which repetition of a folded series the run is at. */
  #running({ group, open }: VItem): number | null {
    if (!group?.series || open || !this.#activeNode) return null;
    return group.series.numbers[holding(group, this.#activeNode)] ?? null;
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

  lineState(line: Line): "active" | "done" | "traced" | "cut" | "lit" | null {
    let state: "done" | null = null;
    if (this.backward.active) {
      for (const edge of line.edge.members) {
        const one = this.backward.edge(edge);
        if (one === "active") return "active";
        if (one) state = "done";
      }
    }
    if (line.edge.members.some((edge) => this.attention.marked.edge(edge))) return "traced";
    if (state) return state;
    if (line.edge.members.some((edge) => this.#isLit(edge))) return "lit";
    return line.edge.cut ? "cut" : null;
  }

  #isLit({ source, target }: GEdge): boolean {
    const { selected, lit } = this.attention;
    return selected === source || selected === target || lit.has(source) || lit.has(target);
  }

  paintLine(line: Line, state: ReturnType<Frame["lineState"]>, detail: Detail): Prim[] {
    const { direction } = this.scene;
    const ink: Ink =
      state === "active"
        ? "grad"
        : state === "done"
          ? "grad-line"
          : line.edge.cut
            ? "cut"
            : state === "traced"
              ? "grad"
              : state === "lit"
                ? "value"
                : "value-line";
    const backward = state === "active" || state === "done";
    const many = line.edge.members.length > 1 ? 2 : 1.5;
    // From afar a line keeps about a pixel.
    const width =
      (state === "active" || state === "traced" ? 2.75 : state ? many + 0.5 : many) *
      (detail === "shape" ? 3 : 1);
    const prims: Prim[] = [
      {
        d: linePath(line, direction),
        stroke: ink,
        width,
        ...(line.edge.cut && !backward ? { dash: "4 4" } : {}),
      },
    ];
    if (detail === "shape") return prims;
    if (line.arrow && !(state === "active")) prims.push({ d: arrowPath(line, direction, false), fill: ink });
    if (state === "active" && line.edge.from && !line.edge.from.open)
      prims.push({ d: arrowPath(line, direction, true), fill: ink });
    if (line.edge.cut && line.arrow && detail === "full") prims.push(...cutMark(line, this.measure));
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

  /** Gradients on their way at this step: what enters the active node on its output side, what leaves towards its inputs. */
  chips(): Prim[] {
    const step = this.backward.active;
    const box = this.#activeItem && this.scene.byKey.get(this.#activeItem.key);
    if (!step || !box) return [];
    const down = this.scene.direction === "down";
    const reach = 900;
    const taken: Rect[] = this.scene.boxes.filter(
      (other) => !other.item.open && Math.abs(other.x - box.x) < reach && Math.abs(other.y - box.y) < reach,
    );
    const prims: Prim[] = [];
    const put = (values: wire.Values, places: readonly (readonly [number, number])[]) => {
      const at = (place: readonly [number, number] = [0, 0]) => ({
        x: place[0] - CHIP / 2,
        y: place[1] - CHIP_HEIGHT / 2,
        width: CHIP,
        height: CHIP_HEIGHT,
      });
      const rect = places.map(at).find((one) => !taken.some((other) => touches(one, other))) ?? at(places[0]);
      taken.push(rect);
      const text = chipText(values);
      const { x, y } = rect;
      prims.push({
        d: roundRect(x, y, CHIP, CHIP_HEIGHT, 5),
        fill: "surface",
        stroke: "grad-line",
        width: 1,
      });
      prims.push({ text, x: x + CHIP / 2, y: y + 14.5, font: "number", ink: "grad", anchor: "middle" });
    };
    const [cx, cy] = [box.x + box.width / 2, box.y + box.height / 2];
    const entering = down
      ? [0, 1, -1, 2, -2].map((k) => [cx + k * (CHIP + 8), box.y + box.height + 15] as const)
      : [0, 1, -1, 2, -2].map((k) => [box.x + box.width + CHIP / 2 + 6, cy + k * (CHIP_HEIGHT + 6)] as const);
    for (const values of step.entering ?? []) if (values) put(values, entering);
    const lines = this.scene.lines.filter((line) => line.edge.to === this.#activeItem);
    for (const flow of step.leaving ?? []) {
      const carries = ({ source, target, output }: GEdge, line: Line) =>
        target.id === step.node &&
        source.id === flow.target &&
        (output === (flow.output ?? 0) || line.edge.members.length === 1);
      const line = lines.find((one) => one.edge.members.some((member) => carries(member, one)));
      if (line) put(flow.grad, linePlaces(line));
    }
    return prims;
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

const CHIP = 78;
const CHIP_HEIGHT = 21;

function touches(a: Rect, b: Rect): boolean {
  return (
    a.x < b.x + b.width + 2 && b.x < a.x + a.width + 2 && a.y < b.y + b.height + 2 && b.y < a.y + a.height + 2
  );
}

/** Places along a line for what it carries, the best first: its middle, then towards its ends, then beside it. */
function linePlaces(line: Line): [number, number][] {
  const on = [0.5, 0.35, 0.65, 0.2, 0.8, 0.1, 0.9].map((t) => linePoint(line, t));
  const [x, y] = on[0] ?? [0, 0];
  const steps = [1, -1, 2, -2, 3, -3, 4, -4];
  const above = steps.map((k): [number, number] => [x, y + k * (CHIP_HEIGHT + 5)]);
  const beside = steps.map((k): [number, number] => [x + k * (CHIP + 6), y]);
  return [...on, ...above, ...beside];
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
