/** What each box says and how large it is. Sizes never depend on gradients or on what is selected, so nothing moves. */
import { formatCount, formatShape, plural } from "../numbers";
import type * as wire from "../protocol.gen";
import type { Doing } from "./course";
import { CUT, GRAD, glyph, type Tone, VALUE } from "./glyphs";
import { type GNode, isCut } from "./model";
import { chamfer, hexagon, type Ink, type Prim, roundRect } from "./prims";
import { groupResult, resultNode } from "./result";
import { fitPair, type Measure, shorten } from "./text";
import type { Group } from "./tree";
import type { VItem } from "./visible";

const HEADER = 30;
/** Of an iteration: many stand in one loop, so each says little. */
const THIN_HEADER = 24;
const PAD = 12;
const NODE_HEIGHT = 52;
const COPY_HEIGHT = 28;
const CHIP_HEIGHT = 22;
const GROUP_HEIGHT = 70;
/** Of a gap, whatever it hides: in it people choose, and what they hold must not change its size. */
export const GAP_WIDTH = 264;
/** Two lines of a message, of this many characters each. */
const FAILED_HEIGHT = 34;
const FAILED_LETTERS = 38;
const CELL = 17;
const GAP = 6;
/** A stored gradient has a border, one that flows has none. */
const STORED: Tone = { ...GRAD };
const MAX_WIDTH = 280;
const GROUP_WIDTH = 320;

/** What changes about a box while it stays where it is. */
export interface Look {
  /** Whether it exists yet. */
  made: boolean;
  value: wire.Values | null;
  /** The gradient of this pass, or the last. */
  grad: wire.Values | null;
  /** `.grad` of a leaf. */
  stored: wire.Values | null;
  selected: boolean;
  lit: boolean;
  /** The run stands here. */
  active: Doing | null;
  /** The pass has been here. */
  done: boolean;
  found: "here" | "yes" | null;
  /** It lies on the way that an explanation tells of. */
  traced: boolean;
  /** What was found here, in a word. */
  word: string;
  /** Of a folded series in which the run stands now: the number of the repetition. */
  running: number | null;
}

export interface Size {
  width: number;
  height: number;
}

interface Words {
  name: string;
  op: string;
  shape: string;
  tags: string[];
}

/** Whether a gradient can ever reach it. */
export function wantsGrad(node: GNode): boolean {
  return node.wire.outputs.some((output) => output.requires_grad);
}

export function nodeTitle(node: GNode): string {
  return node.name || node.op || "tensor";
}

function shapeOf(node: GNode): string {
  const first = node.wire.outputs[0];
  if (!first) return "";
  const dtype = first.dtype === "float32" ? "" : ` ${first.dtype}`;
  const device = first.device === "cuda" ? " cuda" : "";
  const more = node.wire.outputs.length > 1 ? ` +${node.wire.outputs.length - 1}` : "";
  return shorten(formatShape(first.shape), 20) + dtype + device + more;
}

/** Inside `layer1` the parameter `layer1.weight` is `weight`. */
function localName(item: VItem, name: string): string {
  for (let at = item.parent; at; at = at.parent) {
    const scope = at.group?.scope;
    if (scope?.kind !== "module" || !scope.name) continue;
    const cut = name.lastIndexOf(`${scope.name}.`);
    if (cut >= 0 && (cut === 0 || name[cut - 1] === ".")) return name.slice(cut + scope.name.length + 1);
  }
  return name;
}

function wordsOf(item: VItem, node: GNode, measure: Measure): Words {
  const tags: string[] = [];
  const version = node.wire.outputs[0]?.version ?? 0;
  if (node.flags.has("no_grad")) tags.push("no_grad");
  if (node.flags.has("inplace")) tags.push(`in place · v${version}`);
  else if (node.flags.has("view")) {
    const of = node.base && shorten(nodeTitle(node.base), 16);
    tags.push(`view${of ? ` of ${of}` : ""}${version ? ` · v${version}` : ""}`);
  }
  if (node.flags.has("nonfinite")) tags.push("not finite");
  const shape = shapeOf(node);
  const room = MAX_WIDTH - 2 * padOf(node) - (shape ? measure(shape, "small") + 14 : 0);
  const full = shorten(localName(item, node.name), 22);
  const title = full ? "word" : "title";
  const [name, op] = fitPair([full, "name"], [node.op || (full ? "" : "tensor"), title], GAP, room, measure);
  return { name, op, shape, tags };
}

function padOf(node: GNode): number {
  return node.kind === "op" ? PAD : PAD + 4;
}

export function sizeOf(item: VItem, measure: Measure): Size {
  if (item.deadEnds) {
    return { width: Math.ceil((measure(chipWords(item), "note") + 20) / 4) * 4, height: CHIP_HEIGHT };
  }
  if (item.node) return nodeSize(item, item.node, measure);
  const group = item.group;
  if (!group) return { width: 0, height: 0 };
  if (group.kind === "gap") return { width: GAP_WIDTH, height: GROUP_HEIGHT };
  const result = groupResult(group);
  const shape = result ? shapeOf(result) : "";
  const title = groupTitleWidth(group, measure, shape) + (shape ? measure(shape, "small") + 16 : 0);
  const counts = measure(countsOf(group), "note") + 16;
  const width = Math.min(GROUP_WIDTH, Math.max(172, Math.max(title, counts) + 2 * PAD));
  return { width: Math.ceil(width / 4) * 4, height: GROUP_HEIGHT };
}

function chipWords({ deadEnds }: VItem): string {
  return deadEnds > 1 ? `detach ×${deadEnds}` : "detach";
}

/** Height of the title of an open group. */
export function headerOf(group: Group | null): number {
  return group?.kind === "iteration" ? THIN_HEADER : HEADER;
}

/** Least width of an open group. */
export function headerWidth(group: Group, measure: Measure): number {
  if (group.kind === "iteration") return measure(group.name, "note") + 2 * PAD + 16;
  return groupTitleWidth(group, measure, "") + measure(countsOf(group), "note") + 2 * PAD + 40;
}

function nodeSize(item: VItem, node: GNode, measure: Measure): Size {
  const words = wordsOf(item, node, measure);
  const title =
    measure(words.name, "name") +
    (words.name && words.op ? GAP : 0) +
    measure(words.op, words.name ? "word" : "title");
  const pad = padOf(node);
  const text = title + (words.shape ? measure(words.shape, "small") + 14 : 0) + 2 * pad;
  const tags = words.tags.reduce((sum, tag) => sum + measure(tag, "tag") + 16, 16);
  const copy = item.brief;
  const least = copy ? 64 : keepsGrad(node) ? 212 : wantsGrad(node) ? 156 : 108;
  const failed = node.failed
    ? Math.max(...messageOf(node).map((text) => measure(text, "note"))) + 2 * pad + 16
    : 0;
  const width = Math.min(MAX_WIDTH, Math.max(least, text, tags, failed));
  const height = copy
    ? COPY_HEIGHT
    : NODE_HEIGHT + (node.failed ? FAILED_HEIGHT - (node.wire.outputs.length ? 0 : CELL) : 0);
  return { width: Math.ceil(width / 4) * 4, height };
}

/** Name and type; on a closed group as much of them as fits beside the shape of its result. */
function groupWords(group: Group, measure: Measure, beside: string): [string, string] {
  const { name } = group;
  const type = group.type === group.name ? "" : group.type;
  const room = GROUP_WIDTH - 2 * PAD - 16 - (beside ? measure(beside, "small") + 16 : 0);
  return fitPair([shorten(name, 32), "title"], [shorten(type, 32), "word"], GAP, room, measure);
}

function groupTitleWidth(group: Group, measure: Measure, beside: string): number {
  const [name, type] = groupWords(group, measure, beside);
  return 16 + measure(name, "title") + (type ? GAP + measure(type, "word") : 0);
}

export function countsOf(group: Group): string {
  const ops = plural(group.ops, "operation");
  if (group.kind === "gap" && group.series) return `${plural(group.count, group.series.unit)} · ${ops}`;
  return group.parameters ? `${ops} · ${plural(group.parameters, "parameter")}` : ops;
}

/** The picture of a box, from its top left corner. */
export function paint(item: VItem, size: Size, look: Look, measure: Measure): Prim[] {
  if (item.deadEnds) {
    const text: Prim = { text: chipWords(item), x: 10, y: 15, font: "note", ink: "muted" };
    return [...frame(item, size, look, "cut", "bg", "4 3"), text];
  }
  if (item.node) return paintNode(item, item.node, size, look, measure);
  if (item.group)
    return item.open
      ? paintOpen(item, item.group, size, look, measure)
      : paintClosed(item, item.group, size, look, measure);
  return [];
}

/** The one colour of a box from so far away that only its place and its state can be seen. */
export function farInk(item: VItem, look: Look): Ink {
  if (look.active) return look.active === "forward" ? "value" : look.active === "backward" ? "grad" : "ink";
  if (look.done) return "grad";
  if (look.selected || look.found) return "ink";
  if (!look.made) return "hairline-strong";
  const node = resultNode(item);
  if (node?.failed) return "error";
  if (node && isCut(node)) return "cut";
  return look.grad ? "grad-line" : "value-line";
}

export function paintFar(item: VItem, size: Size, look: Look): Prim[] {
  const grow = look.selected || look.found || look.active ? 24 : 0;
  return [{ d: outline(item, size, grow), fill: farInk(item, look) }];
}

/** The outline of a box, which tells what kind it is without colour; grown to all sides, or moved. */
export function outline(item: VItem, { width, height }: Size, grow = 0, by = 0): string {
  const [x, y, w, h] = [by - grow, by - grow, width + 2 * grow, height + 2 * grow];
  if (item.node?.kind === "leaf") return roundRect(x, y, w, h, h / 2);
  if (item.node?.kind === "parameter") return hexagon(x - grow * 0.4, y, w + grow * 0.8, h, 10 + grow * 0.4);
  if (item.node?.kind === "constant") return chamfer(x, y, w, h, 8 + grow * 0.5);
  return roundRect(x, y, w, h, (item.group && item.open ? 10 : 6) + grow);
}

/** Stroke and surroundings of the box where the run stands. */
const HALO: Readonly<Record<Doing, readonly [Ink, Ink]>> = {
  forward: ["value", "value-soft"],
  backward: ["grad", "grad-soft"],
  step: ["ink", "hover"],
};
/** The outline of what is yet to come. */
const AHEAD = "1.5 3.5";

function frame(item: VItem, size: Size, look: Look, rest: Ink, fill: Ink, dash?: string): Prim[] {
  const prims: Prim[] = [];
  if (look.found === "here") prims.push({ d: outline(item, size, 5), stroke: "ink", width: 2 });
  const { active } = look;
  if (active) prims.push({ d: outline(item, size, 4), fill: HALO[active][1] });
  const [stroke, width]: [Ink, number] = active
    ? [HALO[active][0], 2.5]
    : look.selected
      ? ["ink", 2]
      : look.traced
        ? ["grad", 2]
        : look.lit
          ? ["muted", 1.75]
          : look.done
            ? ["grad-line", 1.5]
            : [rest, 1];
  // One of several copies of the same tensor has another behind it.
  if (item.brief) {
    prims.push({ d: outline(item, size, 0, 3.5), fill, stroke: rest, width: 1 });
  }
  const rests = width < 2 && (dash ?? (look.made ? undefined : AHEAD));
  prims.push({ d: outline(item, size), fill, stroke, width, ...(rests ? { dash: rests } : {}) });
  if (look.selected && active) prims.push({ d: outline(item, size, 4), stroke: "ink", width: 1.5 });
  return prims;
}

function paintNode(item: VItem, node: GNode, size: Size, look: Look, measure: Measure): Prim[] {
  const words = wordsOf(item, node, measure);
  const cut = isCut(node);
  const { made } = look;
  const rest: Ink = !made ? "outline" : node.failed ? "error" : cut ? "cut" : "outline";
  const fill = !made ? "bg" : node.failed ? "error-soft" : cut ? "cut-soft" : "surface";
  const prims = frame(item, size, look, rest, fill, cut && made ? "4 3" : undefined);
  const faint = cut || !made;
  const pad = padOf(node);
  const copy = item.brief;
  const baseline = copy ? 18 : 20;
  const right = size.width - pad;
  let x = pad;
  if (words.name) {
    prims.push({
      text: words.name,
      x,
      y: baseline,
      font: "name",
      ink: !made ? "faint" : cut ? "muted" : "ink",
    });
    x += measure(words.name, "name") + GAP;
  }
  const { op } = words;
  if (op)
    prims.push({
      text: op,
      x,
      y: baseline,
      font: words.name ? "word" : "title",
      ink: !made ? "faint" : words.name || faint ? "muted" : "ink",
    });
  if (words.shape)
    prims.push({ text: words.shape, x: right, y: baseline, font: "small", ink: "faint", anchor: "end" });
  if (!copy) prims.push(...cells(node, look, pad, 29, size.width - 2 * pad));
  if (!made) return prims;
  messageOf(node).forEach((text, i) => {
    const y = size.height - 24 + 15 * i;
    if (i === 0) prims.push({ d: `M${pad} ${y - 7}l6 6m0 -6l-6 6`, stroke: "error", width: 1.75 });
    prims.push({ text, x: pad + 13, y, font: "note", ink: "error" });
  });
  let end = size.width - 10;
  for (const tag of words.tags) {
    const width = measure(tag, "tag") + 10;
    prims.push({
      d: roundRect(end - width, -7.5, width, 14, 7),
      fill: "surface",
      stroke: tag === "no_grad" ? "cut" : "hairline-strong",
      width: 1,
    });
    prims.push({ text: tag, x: end - width / 2, y: 3, font: "tag", ink: "muted", anchor: "middle" });
    end -= width + 4;
  }
  return prims;
}

/** The first line of what went wrong, cut into two of equal length at most. */
function messageOf(node: GNode): string[] {
  const message = node.failed.split("\n", 1)[0] ?? "";
  if (message.length <= FAILED_LETTERS) return message ? [message] : [];
  const space = message.lastIndexOf(" ", FAILED_LETTERS);
  const at = space > FAILED_LETTERS / 2 ? space : FAILED_LETTERS;
  const rest = message.slice(at).trimStart();
  return [
    message.slice(0, at),
    rest.length > FAILED_LETTERS ? `${rest.slice(0, FAILED_LETTERS - 1)}…` : rest,
  ];
}

/** The value, beside it the gradient as soon as there is one, and beside that what a leaf has accumulated. */
function cells(node: GNode, look: Look, x: number, y: number, width: number): Prim[] {
  const first = node.wire.outputs[0];
  if (!first) return [];
  const tone = isCut(node) && !wantsGrad(node) ? CUT : VALUE;
  const all: [wire.Values | null, Tone][] = [[look.value, tone]];
  if (wantsGrad(node) || look.grad) all.push([look.grad, GRAD]);
  if (keepsGrad(node)) all.push([look.stored, STORED]);
  const each = (width - GAP * (all.length - 1)) / all.length;
  return all.flatMap(([values, tone], i) => {
    const left = x + i * (each + GAP);
    const edge: Prim = {
      d: roundRect(left + 0.5, y + 0.5, each - 1, CELL - 1, 3),
      stroke: values ? tone.line : "hairline",
      width: 1,
    };
    if (!values) return [edge];
    const prims = glyph(values, first.dtype, left, y, each, CELL, tone);
    return tone === STORED ? [...prims, edge] : prims;
  });
}

/** What keeps a gradient in `.grad`: a leaf that requires one. */
function keepsGrad(node: GNode): boolean {
  return (node.kind === "leaf" || node.kind === "parameter") && wantsGrad(node);
}

function chevron(x: number, y: number, open: boolean): Prim {
  return { d: open ? `M${x} ${y - 2}l4 4l4 -4` : `M${x + 2} ${y - 4}l4 4l-4 4`, stroke: "muted", width: 1.5 };
}

function groupTitle(group: Group, baseline: number, beside: string, measure: Measure): Prim[] {
  const [name, type] = groupWords(group, measure, beside);
  const prims: Prim[] = [{ text: name, x: PAD + 16, y: baseline, font: "title", ink: "ink" }];
  const x = PAD + 16 + measure(name, "title") + (name ? GAP : 0);
  if (type) prims.push({ text: type, x, y: baseline, font: "word", ink: "muted" });
  return prims;
}

function paintClosed(item: VItem, group: Group, size: Size, look: Look, measure: Measure): Prim[] {
  const { width: w, height: h } = size;
  const gap = group.kind === "gap";
  const stack = (by: number): Prim => ({
    d: `M${by + 4} ${h + by}H${w - by - 4}`,
    stroke: look.done ? "grad-line" : "hairline-strong",
    width: 1.25,
  });
  const prims: Prim[] = [stack(3), stack(6)];
  prims.push(...frame(item, size, look, "outline", look.made ? "surface" : "bg", gap ? "2 3" : undefined));
  const result = groupResult(group);
  const shape = result && !gap ? shapeOf(result) : "";
  prims.push(chevron(PAD - 1, 17, false), ...groupTitle(group, 21, shape, measure));
  if (shape) prims.push({ text: shape, x: w - PAD, y: 21, font: "small", ink: "faint", anchor: "end" });
  prims.push({ text: countsOf(group), x: PAD + 16, y: 37, font: "note", ink: "faint" });
  if (look.running !== null && group.series) {
    const text = `${group.series.unit} ${formatCount(look.running)}`;
    const ink: Ink = look.active === "backward" ? "grad" : look.active === "step" ? "ink" : "value";
    const width = measure(text, "tag") + 12;
    const x = w - 10 - width;
    prims.push({ d: roundRect(x, -8, width, 16, 8), fill: "surface", stroke: ink, width: 1.25 });
    prims.push({ text, x: x + width / 2, y: 3.5, font: "tag", ink, anchor: "middle" });
  }
  // Where people choose a repetition the controls stand.
  if (result && !group.chooses) prims.push(...cells(result, look, PAD, 46, w - 2 * PAD));
  return prims;
}

function paintOpen(item: VItem, group: Group, size: Size, look: Look, measure: Measure): Prim[] {
  const quiet = { ...look, active: null, done: false };
  if (group.kind === "iteration") {
    return [
      ...frame(item, size, quiet, "hairline", item.depth % 2 ? "sunken" : "bg"),
      chevron(PAD - 1, 14, true),
      { text: group.name, x: PAD + 14, y: 17, font: "note", ink: "muted" },
    ];
  }
  const prims = frame(item, size, quiet, "hairline-strong", item.depth % 2 ? "sunken" : "bg");
  prims.push({ d: `M0.5 ${HEADER}H${size.width - 0.5}`, stroke: "hairline", width: 1 });
  prims.push(chevron(PAD - 1, 16, true), ...groupTitle(group, 20, "", measure));
  prims.push({
    text: countsOf(group),
    x: size.width - PAD,
    y: 20,
    font: "note",
    ink: "faint",
    anchor: "end",
  });
  return prims;
}
