/** Where on its wire stands what a wire says: where no block, no title and no other label is. */
import { formatShape } from "../numbers";
import { type Box, type Flow, HEADER } from "./boxes";
import { absolute, type Ground } from "./elements";
import { FRAME_TOP, type Rect } from "./layout";
import { handleIndex, type Line, type Scene } from "./scene";

export interface Label {
  /** How far along the wire, from 0 to 1. */
  readonly at: number;
  /** For what there is room; what there is none for is said when the wire is pointed at. */
  readonly room: "all" | "shape" | "none";
}

export const LETTER = 6.4;
export const LINE = 14;
/** A wire begins and ends at the far side of its handle. */
const HANDLE = 5;
/** As long as a number can be: room is kept for it, so that a run moves nothing. */
const NUMBER = 11;
const PLACES = [0.5, 0.36, 0.64, 0.24, 0.76, 0.14, 0.86];
/** A rectangle where no label may be; of an open frame with its key. */
interface Taken extends Rect {
  readonly frame?: string;
}

const NOWHERE: Label = { at: 0.5, room: "none" };

export type Point = readonly [x: number, y: number];

/** A point of the curve that xyflow draws from one end to the other. */
export function wirePoint([sx, sy]: Point, [tx, ty]: Point, flow: Flow, at: number): Point {
  const far = flow === "down" ? ty - sy : tx - sx;
  const bend = far >= 0 ? far / 2 : 6.25 * Math.sqrt(-far);
  const along = (a: number, b: number, by: number) => {
    const [p, q] = [a + by, b - by];
    const rest = 1 - at;
    return rest ** 3 * a + 3 * rest ** 2 * at * p + 3 * rest * at ** 2 * q + at ** 3 * b;
  };
  return [along(sx, tx, flow === "right" ? bend : 0), along(sy, ty, flow === "down" ? bend : 0)];
}

export function labelSize(lines: readonly string[]): { width: number; height: number } {
  const longest = Math.max(0, ...lines.map((line) => line.length));
  return { width: longest * LETTER + 8, height: 4 + LINE * lines.length };
}

/** What a wire says of its program: the variable, where the block does not say it, and the shape. */
export function saying(line: Line, source: Box | undefined): string {
  const name = line.name === source?.name ? "" : line.name;
  return [name, line.shape ? formatShape(line.shape) : ""].filter(Boolean).join(" ");
}

/** A place for the label of each wire, by its id. */
export function labelsOf(ground: Ground): ReadonlyMap<string, Label> {
  const { scene } = ground;
  const rects = absolute(ground);
  const taken: Taken[] = [];
  for (const { key, open } of scene.boxes) {
    const rect = rects.get(key);
    if (rect) taken.push(open ? { ...rect, frame: key } : rect);
  }
  const labels = new Map<string, Label>();
  for (const line of scene.lines) {
    const [from, to] = [scene.byKey.get(line.source), scene.byKey.get(line.target)];
    const [a, b] = [rects.get(line.source), rects.get(line.target)];
    if (!from || !to || !a || !b) continue;
    const ends = [outEnd(line, from, a, scene.flow), inEnd(line, to, b, scene.flow)] as const;
    const shape = saying(line, from);
    const around = new Set([...outer(scene, line.source), ...outer(scene, line.target)]);
    // A frame that a wire leads into is in its way only with the title; others hide it.
    const near = between(taken, ends).map((one) =>
      one.frame !== undefined && around.has(one.frame) ? { ...one, height: HEADER } : one,
    );
    const number = "0".repeat(NUMBER);
    const find = (room: "all" | "shape", lines: readonly string[]): Label | null => {
      const { width, height } = labelSize(lines);
      for (const at of PLACES) {
        const [x, y] = wirePoint(...ends, scene.flow, at);
        const rect = { x: x - width / 2, y: y - height / 2, width, height };
        if (near.some((one) => overlap(one, rect))) continue;
        taken.push(rect);
        return { at, room };
      }
      return null;
    };
    const label = find("all", [...(shape ? [shape] : []), number, number]);
    labels.set(line.id, label ?? (shape ? find("shape", [shape]) : null) ?? NOWHERE);
  }
  return labels;
}

/** A box and the frames around it. */
function* outer(scene: Scene, key: string): Generator<string> {
  for (let at: string | undefined = key; at; at = scene.parent.get(at)) yield at;
}

function outEnd(line: Line, box: Box, rect: Rect, flow: Flow): Point {
  const count = Math.max(1, box.outs.length);
  const nth = Math.max(0, handleIndex(line.sourceHandle));
  if (box.open) return [rect.x + 24, rect.y + FRAME_TOP];
  if (flow === "down") return [rect.x + (rect.width * (nth + 0.5)) / count, rect.y + rect.height + HANDLE];
  return [rect.x + rect.width + HANDLE, rect.y + rect.height - 17 - 16 * (count - nth - 1)];
}

function inEnd(line: Line, box: Box, rect: Rect, flow: Flow): Point {
  const index = handleIndex(line.targetHandle);
  const nth = Math.max(
    0,
    box.ports.findIndex((port) => port.index === index),
  );
  const count = Math.max(1, box.ports.length);
  if (flow === "down") return [rect.x + (rect.width * (nth + 0.5)) / count, rect.y - HANDLE];
  return [rect.x - HANDLE, rect.y + HEADER + 16 * nth + 8];
}

/** What could be in the way of a label between two ends. */
function between(taken: readonly Taken[], [[ax, ay], [bx, by]]: readonly [Point, Point]): Taken[] {
  const reach = 120;
  const [x, y] = [Math.min(ax, bx) - reach, Math.min(ay, by) - reach];
  const all = { x, y, width: Math.abs(ax - bx) + 2 * reach, height: Math.abs(ay - by) + 2 * reach };
  return taken.filter((one) => overlap(one, all));
}

function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
