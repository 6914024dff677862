/** From what is visible to where it stands: the layout request, and the picture made of its answer. */
import type { Direction, LayoutRequest, ScopeInput, ScopeLayout } from "./arrange";
import { headerOf, headerWidth, sizeOf } from "./cards";
import type { Measure } from "./text";
import type { VEdge, VGraph, VItem } from "./visible";

export interface Box {
  readonly item: VItem;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Line {
  readonly edge: VEdge;
  /** x, y, x, y, ...: straight along the flow, curved where it changes its place. */
  readonly points: Float64Array;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** Ends at a box, not at a border that it passes. */
  readonly arrow: boolean;
}

export interface Scene {
  readonly graph: VGraph;
  readonly direction: Direction;
  readonly width: number;
  readonly height: number;
  /** Open groups from the outside in, then everything else. */
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
  readonly byKey: ReadonlyMap<string, Box>;
}

export function whole({ width, height }: Scene) {
  return { x: 0, y: 0, width, height };
}

/** Open groups with the inner ones first, and each group's edges in the order of the request. */
export interface Plan {
  readonly request: LayoutRequest;
  readonly groups: readonly { item: VItem; edges: readonly VEdge[] }[];
}

export function plan(graph: VGraph, direction: Direction, wrap: number, measure: Measure): Plan {
  const scopes: ScopeInput[] = [];
  const groups: { item: VItem; edges: VEdge[] }[] = [];
  const indexOf = new Map<VItem, number>();
  const ports = new Map<VItem, { ins: Map<string, number>; outs: Map<string, number> }>();
  const visit = (group: VItem) => {
    for (const item of group.items) if (item.open) visit(item);
    const own = { ins: numbered(group.ins), outs: numbered(group.outs) };
    ports.set(group, own);
    const at = new Map(group.items.map((item, i) => [item, i]));
    // In the order of the arguments, which the layout keeps where it can.
    const edges = [...group.edges.values()].sort(
      (a, b) => (a.members[0]?.input ?? 0) - (b.members[0]?.input ?? 0),
    );
    const input: ScopeInput = {
      width: [],
      height: [],
      child: [],
      edges: edges.map((edge) => [
        edge.from ? (at.get(edge.from) ?? 0) : -1,
        (edge.from ? ports.get(edge.from)?.outs : own.ins)?.get(edge.fromPort) ?? 0,
        edge.to ? (at.get(edge.to) ?? 0) : -1,
        (edge.to ? ports.get(edge.to)?.ins : own.outs)?.get(edge.toPort) ?? 0,
      ]),
      ins: own.ins.size,
      outs: own.outs.size,
      header: group.parent ? headerOf(group.group) : 0,
      least: group.parent && group.group ? Math.ceil(headerWidth(group.group, measure)) : 0,
    };
    for (const item of group.items) {
      const size = item.open ? { width: 0, height: 0 } : sizeOf(item, measure);
      input.width.push(size.width);
      input.height.push(size.height);
      input.child.push(item.open ? (indexOf.get(item) ?? -1) : -1);
    }
    indexOf.set(group, scopes.length);
    scopes.push(input);
    groups.push({ item: group, edges });
  };
  visit(graph.root);
  return { request: { direction, wrap, scopes }, groups };
}

function numbered(keys: ReadonlySet<string>): Map<string, number> {
  return new Map([...keys].map((key, i) => [key, i]));
}

export function compose(graph: VGraph, planned: Plan, layouts: readonly ScopeLayout[]): Scene {
  const open: Box[] = [];
  const closed: Box[] = [];
  const lines: Line[] = [];
  const byKey = new Map<string, Box>();
  const at = new Map(planned.groups.map((group, i) => [group.item, i]));
  const place = (group: VItem, dx: number, dy: number) => {
    const i = at.get(group) ?? 0;
    const layout = layouts[i];
    if (!layout) return;
    const input = planned.request.scopes[i];
    group.items.forEach((item, k) => {
      const x = dx + (layout.x[k] ?? 0);
      const y = dy + (layout.y[k] ?? 0);
      const inner = item.open ? layouts[at.get(item) ?? 0] : undefined;
      const width = inner?.width ?? input?.width[k] ?? 0;
      const height = inner?.height ?? input?.height[k] ?? 0;
      const box = { item, x, y, width, height };
      byKey.set(item.key, box);
      if (item.open) {
        open.push(box);
        place(item, x, y);
      } else closed.push(box);
    });
    planned.groups[i]?.edges.forEach((edge, k) => {
      lines.push(makeLine(edge, layout.routes[k] ?? [], dx, dy));
    });
  };
  place(graph.root, 0, 0);
  const whole = layouts[layouts.length - 1];
  return {
    graph,
    direction: planned.request.direction,
    width: whole?.width ?? 0,
    height: whole?.height ?? 0,
    boxes: [...open, ...closed],
    lines,
    byKey,
  };
}

function makeLine(edge: VEdge, route: readonly number[], dx: number, dy: number): Line {
  const points = new Float64Array(route.length);
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < route.length; i += 2) {
    const x = (route[i] ?? 0) + dx;
    const y = (route[i + 1] ?? 0) + dy;
    points[i] = x;
    points[i + 1] = y;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { edge, points, left, top, right, bottom, arrow: edge.to !== null && !edge.to.open };
}

const r = (v: number) => Math.round(v * 10) / 10;
const ARROW = 5;

/** The line's path: its curves leave and arrive along the flow. */
export function linePath(line: Line, direction: Direction): string {
  const { points } = line;
  const down = direction === "down";
  let d = `M${r(points[0] ?? 0)} ${r(points[1] ?? 0)}`;
  const last = points.length - 2;
  for (let i = 2; i <= last; i += 2) {
    const [x0, y0] = [points[i - 2] ?? 0, points[i - 1] ?? 0];
    let [x1, y1] = [points[i] ?? 0, points[i + 1] ?? 0];
    if (line.arrow && i === last) {
      if (down) y1 -= ARROW;
      else x1 -= ARROW;
    }
    if (Math.abs(down ? x1 - x0 : y1 - y0) < 0.5) d += `L${r(x1)} ${r(y1)}`;
    else if (down) d += `C${r(x0)} ${r((y0 + y1) / 2)} ${r(x1)} ${r((y0 + y1) / 2)} ${r(x1)} ${r(y1)}`;
    else d += `C${r((x0 + x1) / 2)} ${r(y0)} ${r((x0 + x1) / 2)} ${r(y1)} ${r(x1)} ${r(y1)}`;
  }
  return d;
}

/** The head at the line's end, or at its start, against the flow. */
export function arrowPath(line: Line, direction: Direction, backward: boolean): string {
  const { points } = line;
  const end = backward ? 0 : points.length - 2;
  const [x, y] = [points[end] ?? 0, points[end + 1] ?? 0];
  const by = backward ? 7 : -7;
  if (direction === "down") return `M${r(x)} ${r(y)}L${r(x - 3.5)} ${r(y + by)}H${r(x + 3.5)}Z`;
  return `M${r(x)} ${r(y)}L${r(x + by)} ${r(y - 3.5)}V${r(y + 3.5)}Z`;
}

/** A point of the line, from 0 at its start to 1 at its end. */
export function linePoint({ points }: Line, t: number): [number, number] {
  let left = 0;
  const length = (i: number) =>
    Math.hypot((points[i] ?? 0) - (points[i - 2] ?? 0), (points[i + 1] ?? 0) - (points[i - 1] ?? 0));
  for (let i = 2; i < points.length; i += 2) left += t * length(i);
  for (let i = 2; i < points.length; i += 2) {
    const part = length(i);
    if (left <= part || i === points.length - 2) {
      const s = part > 0 ? Math.min(1, left / part) : 0;
      const mix = (a: number, b: number) => a + (b - a) * s;
      return [mix(points[i - 2] ?? 0, points[i] ?? 0), mix(points[i - 1] ?? 0, points[i + 1] ?? 0)];
    }
    left -= part;
  }
  return [points[0] ?? 0, points[1] ?? 0];
}

/** The box at a point: the innermost, ordinary boxes before the open groups around them. */
export function boxAt(scene: Scene, x: number, y: number, slack = 0): Box | null {
  for (let i = scene.boxes.length - 1; i >= 0; i--) {
    const box = scene.boxes[i];
    if (!box) continue;
    const room = box.item.open ? 0 : slack;
    if (
      x >= box.x - room &&
      x <= box.x + box.width + room &&
      y >= box.y - room &&
      y <= box.y + box.height + room
    )
      return box;
  }
  return null;
}

/** The line within `reach` of a point. */
export function lineAt(scene: Scene, x: number, y: number, reach: number): Line | null {
  let best: Line | null = null;
  let least = reach;
  for (const line of scene.lines) {
    if (x < line.left - reach || x > line.right + reach || y < line.top - reach || y > line.bottom + reach)
      continue;
    const distance = distanceTo(line, scene.direction, x, y);
    if (distance < least) [best, least] = [line, distance];
  }
  return best;
}

function distanceTo(line: Line, direction: Direction, x: number, y: number): number {
  const { points } = line;
  let best = Infinity;
  for (let i = 2; i < points.length; i += 2) {
    const [x0, y0, x1, y1] = [points[i - 2] ?? 0, points[i - 1] ?? 0, points[i] ?? 0, points[i + 1] ?? 0];
    for (let k = 0; k <= 12; k++) {
      const t = k / 12;
      const s = t * t * (3 - 2 * t);
      const [px, py] =
        direction === "down"
          ? [x0 + (x1 - x0) * s, y0 + (y1 - y0) * t]
          : [x0 + (x1 - x0) * t, y0 + (y1 - y0) * s];
      best = Math.min(best, Math.hypot(px - x, py - y));
    }
  }
  return best;
}
