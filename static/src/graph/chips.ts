/** What is on its way at a moment: values into the operation that runs, gradients out of the one that is differentiated. */

import { type Contribution, type Now, sumOf } from "../moment";
import { brief } from "../numbers";
import type * as wire from "../protocol.gen";
import type { Course } from "./course";
import { chipText } from "./glyphs";
import type { GEdge, GNode } from "./model";
import { type Ink, type Prim, roundRect } from "./prims";
import { type Box, type Line, linePoint, type Scene } from "./scene";
import type { Measure } from "./text";

interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

const CHIP = 78;
const HEIGHT = 21;
/** Boxes further away than this do not get in the way of a chip. */
const REACH = 900;
/** So many terms of a sum are written out. */
const TERMS = 3;

type Place = readonly [number, number];

type Put = (text: string, places: readonly Place[], kind: "value" | "grad") => void;

/** What puts chips near a box, each where there is room. */
function putter(scene: Scene, box: Box, measure: Measure, prims: Prim[]): Put {
  const taken: Rect[] = scene.boxes.filter(
    (other) => !other.item.open && Math.abs(other.x - box.x) < REACH && Math.abs(other.y - box.y) < REACH,
  );
  return (text, places, kind) => {
    const width = Math.max(CHIP, Math.ceil(measure(text, "number")) + 14);
    const at = ([x, y]: Place = [0, 0]) => ({ x: x - width / 2, y: y - HEIGHT / 2, width, height: HEIGHT });
    const rect = places.map(at).find((one) => !taken.some((other) => touches(one, other))) ?? at(places[0]);
    taken.push(rect);
    const { x, y } = rect;
    const line: Ink = `${kind}-line`;
    prims.push({ d: roundRect(x, y, width, HEIGHT, 5), fill: "surface", stroke: line, width: 1 });
    prims.push({ text, x: x + width / 2, y: y + 14.5, font: "number", ink: kind, anchor: "middle" });
  };
}

/** At the end of the run, around the node that is selected: each edge's own contribution, and their sum. */
export function contributions(
  scene: Scene,
  now: Now,
  course: Course,
  selected: GNode,
  measure: Measure,
): Prim[] {
  const item = course.itemsOf(selected)[0];
  const box = item && scene.byKey.get(item.key);
  // Of a closed group it would not be clear whose they are.
  if (!box || item.node !== selected) return [];
  const prims: Prim[] = [];
  const put = putter(scene, box, measure, prims);
  const along = (edges: readonly GEdge[], end: "from" | "to") => {
    const told = new Map<string, number>();
    for (const edge of edges) {
      const pair = `${edge.target.id},${edge.source.id}`;
      const nth = told.get(pair) ?? 0;
      told.set(pair, nth + 1);
      const flow = now.sent(edge.target.id, edge.source.id)[nth];
      const line = course.linesOf(edge).find((one) => one.edge[end] === item);
      if (flow && line) put(chipText(flow.grad), linePlaces(line), "grad");
    }
  };
  along(selected.outs, "from");
  along(selected.ins, "to");
  const arrived = now.contributions(selected.id);
  if (arrived.length > 1)
    put(sumText(arrived, now.grad(selected.id)), beyond(box, scene.direction === "down"), "grad");
  return prims;
}

/** What is on its way where the run stands. */
export function chips(scene: Scene, now: Now, course: Course, measure: Measure): Prim[] {
  const { moment, step } = now;
  const item = [...course.active][0];
  const box = item && scene.byKey.get(item.key);
  if (!moment || !box) return [];
  const prims: Prim[] = [];
  const put = putter(scene, box, measure, prims);
  const down = scene.direction === "down";
  if (course.doing !== "backward") {
    for (const [line, edge] of course.flowing) {
      if (line.edge.to !== item) continue;
      const tensor = edge.source.wire.outputs[edge.output];
      if (tensor) put(chipText(tensor.value, tensor.dtype), linePlaces(line), "value");
    }
    const used = moment.kind === "optimizer" ? now.accumulated(now.leafOf(moment.node)) : null;
    if (used) put(chipText(used), beyond(box, down), "grad");
    return prims;
  }
  if (!step) return prims;
  const arrived = now.contributions(step.node);
  if (arrived.length > 1) put(sumText(arrived, now.grad(step.node)), beyond(box, down), "grad");
  else for (const values of step.entering ?? []) if (values) put(chipText(values), beyond(box, down), "grad");
  for (const flow of step.leaving ?? []) {
    let line: Line | undefined;
    for (const [one, edge] of course.flowing) {
      const fits = one.edge.to === item && edge.source.id === flow.target;
      if (fits && (edge.output === (flow.output ?? 0) || one.edge.members.length === 1)) line ??= one;
    }
    if (line) put(chipText(flow.grad), linePlaces(line), "grad");
  }
  // Where this is not the first gradient to arrive, the sum stands at the one who receives it.
  for (const target of new Set((step.leaving ?? []).map((flow) => flow.target))) {
    const sent = now.contributions(target);
    const home = course.itemsOf(target)[0];
    const place = home && home !== item && scene.byKey.get(home.key);
    if (place && sent.length > 1) put(sumText(sent, now.grad(target)), beyond(place, down), "grad");
  }
  return prims;
}

/** `0.5 + 1.2 = 1.7`; norms do not add up, so of larger tensors it is the sum of what has these norms. */
export function sumText(parts: readonly Contribution[], whole: wire.Values | null): string {
  const total = whole ?? sumOf(parts);
  const result = total ? ` = ${brief(total)}` : "";
  if (parts.length > TERMS) return `sum of ${parts.length}${result}`;
  const terms = parts.map((one) => brief(one.grad));
  if ((parts[0]?.grad.numel ?? 0) > 1) return `Σ ${terms.join(", ")}${result}`;
  return terms.map((term, i) => (i > 0 && term.startsWith("-") ? `(${term})` : term)).join(" + ") + result;
}

/** Places on the side of a box where its result leaves and its gradient arrives. */
function beyond(box: Box, down: boolean): Place[] {
  const [cx, cy] = [box.x + box.width / 2, box.y + box.height / 2];
  return [0, 1, -1, 2, -2].map((k) =>
    down
      ? [cx + k * (CHIP + 8), box.y + box.height + 15]
      : [box.x + box.width + CHIP / 2 + 6, cy + k * (HEIGHT + 6)],
  );
}

function touches(a: Rect, b: Rect): boolean {
  return (
    a.x < b.x + b.width + 2 && b.x < a.x + a.width + 2 && a.y < b.y + b.height + 2 && b.y < a.y + a.height + 2
  );
}

/** Places along a line for what it carries, the best first: its middle, then towards its ends, then beside it. */
function linePlaces(line: Line): Place[] {
  const on = [0.5, 0.35, 0.65, 0.2, 0.8, 0.1, 0.9].map((t) => linePoint(line, t));
  const [x, y] = on[0] ?? [0, 0];
  const steps = [1, -1, 2, -2, 3, -3, 4, -4];
  const above = steps.map((k): Place => [x, y + k * (HEIGHT + 5)]);
  const beside = steps.map((k): Place => [x + k * (CHIP + 6), y]);
  return [...on, ...above, ...beside];
}
