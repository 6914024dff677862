/** Where blocks lie when nobody has put them anywhere: dagre for all of them, a free place near its neighbours for one. */
import dagre from "@dagrejs/dagre";
import type * as wire from "../protocol.gen";
import type { Flow } from "./boxes";
import type { Scene } from "./scene";

export type Spots = Readonly<Record<string, wire.Spot>>;

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Between a frame and what is in it; above, its title. */
export const FRAME_PAD = 16;
export const FRAME_TOP = 44;
/** From row to row and from column to column: the shape on the wire stands between. */
const RANK_GAPS: Readonly<Record<Flow, number>> = { down: 48, right: 84 };
const GAP = 28;

/** What a frame takes, in the coordinates of what is in it. */
export function frameRect(inner: readonly Rect[], least = 160): Rect {
  if (!inner.length) return { x: -FRAME_PAD, y: -FRAME_TOP, width: least, height: FRAME_TOP + 56 };
  const left = Math.min(...inner.map((one) => one.x)) - FRAME_PAD;
  const top = Math.min(...inner.map((one) => one.y)) - FRAME_TOP;
  const right = Math.max(...inner.map((one) => one.x + one.width)) + FRAME_PAD;
  const bottom = Math.max(...inner.map((one) => one.y + one.height)) + FRAME_PAD;
  return { x: left, y: top, width: Math.max(least, right - left), height: bottom - top };
}

/**
 * Every box's rectangle, in the coordinates of the frame it lies in. An open frame's begins where its contents do, so
 * that a frame grows around what is moved in it and nothing else moves.
 */
export function rectsOf(scene: Scene, spotOf: (key: string) => wire.Spot): ReadonlyMap<string, Rect> {
  const rects = new Map<string, Rect>();
  for (const box of [...scene.boxes].reverse()) {
    const [x, y] = spotOf(box.key);
    if (!box.open) {
      rects.set(box.key, { x, y, width: box.width, height: box.height });
      continue;
    }
    const inner = (scene.children.get(box.key) ?? []).flatMap((key) => rects.get(key) ?? []);
    const frame = frameRect(inner, box.least);
    rects.set(box.key, { ...frame, x: x + frame.x, y: y + frame.y });
  }
  return rects;
}

/** Places for every box, from the innermost frames outward. */
export function layOut(scene: Scene, flow: Flow): Spots {
  const spots: Record<string, wire.Spot> = {};
  const sizes = new Map<string, Rect>();
  const frames = ["", ...scene.boxes.filter((box) => box.open).map((box) => box.key)].reverse();
  for (const frame of frames) {
    const keys = scene.children.get(frame) ?? [];
    const rects = keys.map((key) => {
      const box = scene.byKey.get(key);
      const size = sizes.get(key) ?? { x: 0, y: 0, width: box?.width ?? 0, height: box?.height ?? 0 };
      return { key, size };
    });
    const places = arrange(rects, edgesIn(scene, frame), flow);
    const placed: Rect[] = [];
    for (const { key, size } of rects) {
      const [x, y] = places.get(key) ?? [0, 0];
      // The spot of an open frame is the origin of what is in it.
      spots[key] = [Math.round(x - size.x), Math.round(y - size.y)];
      placed.push({ x, y, width: size.width, height: size.height });
    }
    if (frame) sizes.set(frame, frameRect(placed, scene.byKey.get(frame)?.least));
  }
  return spots;
}

/** The wires between the boxes directly inside a frame, or between what those hold. */
function edgesIn(scene: Scene, frame: string): (readonly [string, string])[] {
  const own = (key: string): string | null => {
    for (let at: string | undefined = key; at !== undefined && at !== ""; at = scene.parent.get(at)) {
      if (scene.parent.get(at) === frame) return at;
    }
    return null;
  };
  const found = new Map<string, readonly [string, string]>();
  for (const line of scene.lines) {
    const [a, b] = [own(line.source), own(line.target)];
    if (a && b && a !== b) found.set(`${a}>${b}`, [a, b]);
  }
  return [...found.values()];
}

interface Sized {
  readonly key: string;
  readonly size: Rect;
}

type Edges = readonly (readonly [string, string])[];

/** Lays out what hangs together, and puts those pictures beside each other in the order of the program. */
function arrange(boxes: readonly Sized[], edges: Edges, flow: Flow): ReadonlyMap<string, wire.Spot> {
  const pictures = components(boxes, edges).map((part) => picture(part, edges, flow));
  const area = pictures.reduce((sum, one) => sum + (one.width + 2 * GAP) * (one.height + 2 * GAP), 0);
  const along = (one: { width: number; height: number }) => (flow === "down" ? one.width : one.height);
  const across = (one: { width: number; height: number }) => (flow === "down" ? one.height : one.width);
  const most = Math.max(1.1 * Math.sqrt(area), ...pictures.map(along));
  const places = new Map<string, wire.Spot>();
  let [at, shelf, deep] = [0, 0, 0];
  for (const one of pictures) {
    if (at > 0 && at + along(one) > most) [at, shelf, deep] = [0, shelf + deep + 2 * GAP, 0];
    const [dx, dy] = flow === "down" ? [at, shelf] : [shelf, at];
    for (const [key, [x, y]] of one.places) places.set(key, [x + dx, y + dy]);
    at += along(one) + 2 * GAP;
    deep = Math.max(deep, across(one));
  }
  return places;
}

function components(boxes: readonly Sized[], edges: Edges): Sized[][] {
  const root = new Map(boxes.map(({ key }) => [key, key]));
  const find = (key: string): string => {
    let at = key;
    while (root.get(at) !== at) at = root.get(at) ?? at;
    root.set(key, at);
    return at;
  };
  for (const [a, b] of edges) root.set(find(b), find(a));
  const parts = new Map<string, Sized[]>();
  for (const box of boxes) {
    const part = parts.get(find(box.key));
    if (part) part.push(box);
    else parts.set(find(box.key), [box]);
  }
  return [...parts.values()];
}

function picture(boxes: readonly Sized[], edges: Edges, flow: Flow) {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({
    rankdir: flow === "down" ? "TB" : "LR",
    nodesep: GAP,
    ranksep: RANK_GAPS[flow],
    marginx: 0,
    marginy: 0,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { key, size } of boxes) graph.setNode(key, { width: size.width, height: size.height });
  for (const [a, b] of edges) if (graph.hasNode(a) && graph.hasNode(b)) graph.setEdge(a, b);
  dagre.layout(graph);
  const places = new Map<string, wire.Spot>();
  let [width, height] = [0, 0];
  for (const { key, size } of boxes) {
    const node = graph.node(key) as { x: number; y: number };
    places.set(key, [node.x - size.width / 2, node.y - size.height / 2]);
    width = Math.max(width, node.x + size.width / 2);
    height = Math.max(height, node.y + size.height / 2);
  }
  return { places, width, height };
}

/** Which of the two layouts shows larger in a pane of that size. */
export function bestFlow(
  scenes: Readonly<Record<Flow, Scene>>,
  pane: { width: number; height: number },
): Flow {
  const zoom = (flow: Flow) => {
    const scene = scenes[flow];
    const spots = layOut(scene, flow);
    const rects = rectsOf(scene, (key) => spots[key] ?? [0, 0]);
    const outer = frameRect((scene.children.get("") ?? []).flatMap((key) => rects.get(key) ?? []));
    return Math.min(1, pane.width / outer.width, pane.height / outer.height);
  };
  return zoom("right") > zoom("down") ? "right" : "down";
}

/** Which way the wires of boxes that were put by hand go. */
export function flowOf(scene: Scene, spots: Spots): Flow {
  let [down, right] = [0, 0];
  for (const { source, target } of scene.lines) {
    const [a, b] = [spots[source], spots[target]];
    if (!a || !b || scene.parent.get(source) !== scene.parent.get(target)) continue;
    if (b[1] - a[1] >= b[0] - a[0]) down++;
    else right++;
  }
  return right > down ? "right" : "down";
}

/** Places for the boxes that have none, each near what it is connected to and over none of the others. */
export function placeNew(scene: Scene, known: Spots): Spots {
  const spots: Record<string, wire.Spot> = { ...known };
  const added: Record<string, wire.Spot> = {};
  const flow = scene.flow;
  for (const frame of ["", ...scene.boxes.filter((box) => box.open).map((box) => box.key)].reverse()) {
    const keys = scene.children.get(frame) ?? [];
    const edges = edgesIn(scene, frame);
    const taken = (): Map<string, Rect> => {
      const rects = rectsOf(scene, (key) => spots[key] ?? [0, 0]);
      return new Map(
        keys
          .filter((key) => spots[key])
          .flatMap((key) => {
            const rect = rects.get(key);
            return rect ? [[key, rect] as const] : [];
          }),
      );
    };
    for (const key of keys) {
      if (spots[key]) continue;
      const box = scene.byKey.get(key);
      const rect = rectsOf(scene, (one) => spots[one] ?? [0, 0]).get(key);
      if (!box || !rect) continue;
      const others = taken();
      const sources = edges.filter(([, to]) => to === key).flatMap(([from]) => others.get(from) ?? []);
      const targets = edges.filter(([from]) => from === key).flatMap(([, to]) => others.get(to) ?? []);
      const [x, y] = freeSpot(wished(sources, targets, [...others.values()], rect, flow), rect, [
        ...others.values(),
      ]);
      // The spot of a frame is the origin of what is in it, which `rect` has as if it lay at 0.
      spots[key] = [Math.round(x - rect.x), Math.round(y - rect.y)];
      added[key] = spots[key];
    }
  }
  return added;
}

function wished(
  sources: readonly Rect[],
  targets: readonly Rect[],
  all: readonly Rect[],
  size: Rect,
  flow: Flow,
): wire.Spot {
  const mean = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;
  if (sources.length) {
    return flow === "down"
      ? [
          mean(sources.map((one) => one.x + one.width / 2)) - size.width / 2,
          Math.max(...sources.map((one) => one.y + one.height)) + RANK_GAPS[flow],
        ]
      : [
          Math.max(...sources.map((one) => one.x + one.width)) + RANK_GAPS[flow],
          mean(sources.map((one) => one.y + one.height / 2)) - size.height / 2,
        ];
  }
  if (targets.length) {
    return flow === "down"
      ? [
          mean(targets.map((one) => one.x + one.width / 2)) - size.width / 2,
          Math.min(...targets.map((one) => one.y)) - RANK_GAPS[flow] - size.height,
        ]
      : [
          Math.min(...targets.map((one) => one.x)) - RANK_GAPS[flow] - size.width,
          mean(targets.map((one) => one.y + one.height / 2)) - size.height / 2,
        ];
  }
  if (!all.length) return [0, 0];
  return flow === "down"
    ? [
        Math.min(...all.map((one) => one.x)),
        Math.max(...all.map((one) => one.y + one.height)) + RANK_GAPS[flow],
      ]
    : [
        Math.max(...all.map((one) => one.x + one.width)) + RANK_GAPS[flow],
        Math.min(...all.map((one) => one.y)),
      ];
}

/** The place nearest to the one that is wished for at which nothing else lies. */
export function freeSpot(
  wish: wire.Spot,
  size: { width: number; height: number },
  taken: readonly Rect[],
): wire.Spot {
  const free = ([x, y]: wire.Spot) =>
    !taken.some(
      (one) =>
        x < one.x + one.width + GAP / 2 &&
        one.x < x + size.width + GAP / 2 &&
        y < one.y + one.height + GAP / 2 &&
        one.y < y + size.height + GAP / 2,
    );
  if (free(wish)) return wish;
  // Beside, above or under one of those in the way: the nearest free place touches one of them, or two.
  const xs = [wish[0], ...taken.flatMap((one) => [one.x + one.width + GAP, one.x - size.width - GAP])];
  const ys = [wish[1], ...taken.flatMap((one) => [one.y + one.height + GAP, one.y - size.height - GAP])];
  const far = ([x, y]: wire.Spot) => Math.hypot(x - wish[0], y - wish[1]);
  const near = (list: readonly number[], to: number) =>
    [...list].sort((a, b) => Math.abs(a - to) - Math.abs(b - to)).slice(0, 24);
  let best: wire.Spot | null = null;
  for (const x of near(xs, wish[0])) {
    for (const y of near(ys, wish[1])) {
      const spot: wire.Spot = [x, y];
      if ((best === null || far(spot) < far(best)) && free(spot)) best = spot;
    }
  }
  return best ?? [wish[0], Math.max(...taken.map((one) => one.y + one.height)) + GAP];
}

/** Spots of blocks whose key has changed, as after a variable was renamed: the one of its type that is gone was it. */
export function carried(before: wire.Document | null, after: wire.Document): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  if (!before) return pairs;
  const old = new Set(before.blocks.map((block) => block.key));
  const now = new Set(after.blocks.map((block) => block.key));
  const gone = before.blocks.filter((block) => !now.has(block.key));
  for (const block of after.blocks) {
    if (old.has(block.key)) continue;
    const at = gone.findIndex((one) => one.type === block.type && one.kind === block.kind);
    const [match] = at < 0 ? [] : gone.splice(at, 1);
    if (match) pairs.set(block.key, match.key);
  }
  return pairs;
}
