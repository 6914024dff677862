/** The scene as xyflow draws it: nodes inside nodes, and edges. What has not changed stays the same object. */
import type { Edge, Node } from "@xyflow/react";
import type * as wire from "../protocol.gen";
import { type Label, saying } from "./labels";
import type { Rect } from "./layout";
import type { Told } from "./live";
import { type BlockData, describe } from "./node";
import { type Line, type Scene, sayBox } from "./scene";
import type { View } from "./state";
import { type Flowing, flowing } from "./telling";
import { sayWire, type WireData } from "./wire";

export type BlockNodeType = Node<BlockData>;
export type WireEdgeType = Edge<WireData>;

/** The id of a key's node: xyflow looks for it by a selector, in which a key may not stand as it is. */
export const idOf = (key: string) => encodeURIComponent(key);
export const keyOf = (id: string) => decodeURIComponent(id);

/** Where things lie: spots are counted from the origin of the frame, which need not be the corner that is drawn. */
export interface Ground {
  readonly scene: Scene;
  readonly rects: ReadonlyMap<string, Rect>;
  readonly spotOf: (key: string) => wire.Spot;
}

/** From the corner of a frame, as it is drawn, to the origin of what is in it. */
export function originIn({ rects, spotOf }: Ground, frame: string): wire.Spot {
  const rect = frame ? rects.get(frame) : undefined;
  const spot = frame ? spotOf(frame) : [0, 0];
  return rect ? [(spot[0] ?? 0) - rect.x, (spot[1] ?? 0) - rect.y] : [0, 0];
}

/** Where each box is on the whole canvas. */
export function absolute(ground: Ground): ReadonlyMap<string, Rect> {
  const { scene, rects } = ground;
  const found = new Map<string, Rect>();
  for (const { key } of scene.boxes) {
    const rect = rects.get(key);
    const parent = scene.parent.get(key) ?? "";
    const outer = found.get(parent);
    const [x, y] = originIn(ground, parent);
    if (rect) found.set(key, { ...rect, x: rect.x + x + (outer?.x ?? 0), y: rect.y + y + (outer?.y ?? 0) });
  }
  return found;
}

function sameLive(a: BlockData["live"], b: BlockData["live"]): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.node === b.node &&
    a.value === b.value &&
    a.grad === b.grad &&
    a.active === b.active &&
    a.failed === b.failed &&
    a.weights.every((one, i) => one.value === b.weights[i]?.value && one.grad === b.weights[i]?.grad)
  );
}

function sameData(a: BlockData, b: BlockData): boolean {
  const keys = ["box", "flow", "current", "lit", "linked", "renaming"] as const;
  return keys.every((key) => a[key] === b[key]) && sameLive(a.live, b.live);
}

export function nodesOf(
  ground: Ground,
  told: Told,
  view: View,
  before: readonly BlockNodeType[],
): BlockNodeType[] {
  const { scene, rects } = ground;
  const old = new Map(before.map((node) => [node.id, node]));
  const first = scene.byKey.has(view.current) ? view.current : scene.boxes[0]?.key;
  const target = view.linking?.targets[view.linking.at];
  return scene.boxes.map((box) => {
    const { id } = box.block;
    const made: BlockData = {
      box,
      flow: scene.flow,
      live: told.live.get(id) ?? null,
      current: box.key === first,
      lit: told.picked.has(id) ? "picked" : told.hovered.has(id) ? "hovered" : "",
      linked: target?.key === box.key ? target.argument : -1,
      renaming: view.renaming === box.key,
    };
    const was = old.get(idOf(box.key));
    const data = was && sameData(was.data, made) ? was.data : made;
    const parent = scene.parent.get(box.key) ?? "";
    const parentId = parent ? idOf(parent) : undefined;
    const rect = rects.get(box.key) ?? { x: 0, y: 0, width: box.width, height: box.height };
    const [dx, dy] = originIn(ground, parent);
    const position = { x: rect.x + dx, y: rect.y + dy };
    const selected = view.selected.has(box.key);
    if (
      was?.data === data &&
      was.selected === selected &&
      was.parentId === parentId &&
      was.width === rect.width &&
      was.height === rect.height &&
      (was.dragging || (was.position.x === position.x && was.position.y === position.y))
    ) {
      return was;
    }
    const frame = box.open;
    return {
      ...was,
      id: idOf(box.key),
      type: frame ? "frame" : "block",
      data,
      position: was?.dragging ? was.position : position,
      parentId,
      width: rect.width,
      height: rect.height,
      selected,
      // What is written under it lies over the others.
      zIndex: selected && data.live?.weights.length ? 1000 : 0,
      focusable: false,
      dragHandle: frame ? ".block-head" : undefined,
      // Inside of an open frame the canvas can be grabbed.
      style: frame ? { pointerEvents: "none" } : undefined,
      ariaRole: "group",
      ariaLabel: describe(box, data.live),
      domAttributes: {
        tabIndex: data.current ? 0 : -1,
        "aria-roledescription": frame ? "frame" : "block",
      },
    } as BlockNodeType;
  });
}

function sameFlowing(a: Flowing | null, b: Flowing | null): boolean {
  if (a === null || b === null) return a === b;
  return a.value === b.value && a.grad === b.grad && a.cut === b.cut;
}

const MIDDLE: Label = { at: 0.5, room: "shape" };

/** Blocks whose value is what comes in, and which have no operation. */
const ENDS = new Set(["return", "Tensor.backward"]);

function flowsOf(line: Line, scene: Scene, { now, run, matches }: Told): Flowing | null {
  if (!now || !run) return null;
  const target = scene.blocks.get(line.to[0]);
  const end = target?.kind === "optimizer" || ENDS.has(target?.type ?? "");
  return flowing(matches.get(line.from[0]), matches.get(line.to[0]), line.from[1], now, run, end);
}

export function edgesOf(
  { scene }: Ground,
  told: Told,
  view: View,
  { labels, near }: { readonly labels: ReadonlyMap<string, Label>; readonly near: boolean },
  before: readonly WireEdgeType[],
): WireEdgeType[] {
  const numbers = near && view.numbers;
  const old = new Map(before.map((edge) => [edge.id, edge]));
  const edges: WireEdgeType[] = scene.lines.map((line) => {
    const [from, to] = [scene.byKey.get(line.source), scene.byKey.get(line.target)];
    const selected = view.wires.has(line.id);
    const flows = flowsOf(line, scene, told);
    const ends = [line.from[0], line.to[0]];
    const lit = ends.some((id) => told.picked.has(id) || told.hovered.has(id));
    const data: WireData = {
      shape: line.shape,
      saying: saying(line, from),
      flow: scene.flow,
      flowing: flows,
      label: labels.get(line.id) ?? MIDDLE,
      numbers,
      told: lit || view.selected.has(line.source) || view.selected.has(line.target),
      pending: false,
    };
    const was = old.get(line.id);
    if (
      was?.data &&
      was.selected === selected &&
      was.source === idOf(line.source) &&
      was.target === idOf(line.target) &&
      was.sourceHandle === line.sourceHandle &&
      was.targetHandle === line.targetHandle &&
      was.data.flow === data.flow &&
      was.data.told === data.told &&
      was.data.saying === data.saying &&
      was.data.numbers === data.numbers &&
      was.data.label.at === data.label.at &&
      was.data.label.room === data.label.room &&
      String(was.data.shape) === String(data.shape) &&
      sameFlowing(was.data.flowing, data.flowing)
    ) {
      return was;
    }
    const input = to?.ports.find((port) => port.index === line.to[1])?.name ?? "an input";
    return {
      id: line.id,
      type: "wire",
      source: idOf(line.source),
      target: idOf(line.target),
      sourceHandle: line.sourceHandle,
      targetHandle: line.targetHandle,
      selected,
      focusable: false,
      data,
      ariaLabel: sayWire(from ? sayBox(from) : "", to ? sayBox(to) : "", input, data),
      domAttributes: { "aria-roledescription": "wire" },
    };
  });
  const { linking } = view;
  const target = linking?.targets[linking.at];
  if (linking && target) {
    edges.push({
      id: "linking",
      type: "wire",
      source: idOf(linking.from),
      target: idOf(target.key),
      sourceHandle: `o${linking.output}`,
      targetHandle: `i${target.argument}`,
      selectable: false,
      focusable: false,
      data: {
        shape: null,
        saying: "",
        flow: scene.flow,
        flowing: null,
        label: MIDDLE,
        numbers,
        told: false,
        pending: true,
      },
    });
  }
  return edges;
}
