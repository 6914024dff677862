/** Lays out one open group: components side by side, edges led between the layers, places on the border for edges that leave. */
import { type Layered, layers, longestPath } from "./layers";

export type Direction = "down" | "right";

export interface ScopeInput {
  /** Width and height of each item; of an open one, `child` says where in the request its own layout is. */
  width: number[];
  height: number[];
  child: number[];
  /** From item, its out place, to item, its in place. Item -1 is the group's own border with that place. */
  edges: [number, number, number, number][];
  ins: number;
  outs: number;
  /** Height of the title at the top; 0 for the whole graph. */
  header: number;
  /** Least width, so that the title fits. */
  least: number;
}

export interface LayoutRequest {
  direction: Direction;
  /** Inner groups come before the groups that hold them; the last is the whole graph. */
  scopes: ScopeInput[];
  /** Separate components are put in rows about this wide (or high, to the right). */
  wrap: number;
}

export interface ScopeLayout {
  width: number;
  height: number;
  /** Top left corner of each item. */
  x: number[];
  y: number[];
  /** For each edge x, y, x, y, ...: straight where the flow is crossed by a layer, curved between. */
  routes: number[][];
  ins: number[];
  outs: number[];
}

const PAD = 18;
const GAP_COMPONENT = 56;

export function arrange(
  input: ScopeInput,
  children: (ScopeLayout | null)[],
  direction: Direction,
  wrap: number,
): ScopeLayout {
  const down = direction === "down";
  const n = input.width.length;
  const width = input.width.map((w, i) => children[i]?.width ?? w);
  const height = input.height.map((h, i) => children[i]?.height ?? h);
  const across = down ? width : height;
  const along = down ? height : width;
  // Places on the border are nodes n .. n + ins + outs of no size.
  const ends = input.edges.map(
    ([from, fromPort, to, toPort]) =>
      [from < 0 ? n + fromPort : from, to < 0 ? n + input.ins + toPort : to] as const,
  );
  const total = n + input.ins + input.outs;
  for (let i = n; i < total; i++) {
    across.push(1);
    along.push(0);
  }
  const minlen = borderDistances(n, ends);
  const parts = components(total, ends, n);
  const x = new Float64Array(total);
  const y = new Float64Array(total);
  const routes: number[][] = new Array(ends.length);
  const pad = input.header > 0 ? PAD : 0;
  const shelf = { x: 0, y: 0, height: 0, most: 0 };
  for (const part of parts) {
    const local = new Map(part.nodes.map((node, i) => [node, i]));
    const result = layers({
      across: part.nodes.map((i) => across[i] ?? 0),
      along: part.nodes.map((i) => along[i] ?? 0),
      edges: part.edges.map((e) => {
        const [from, to] = ends[e] ?? [0, 0];
        return [local.get(from) ?? 0, local.get(to) ?? 0, minlen[e] ?? 1];
      }),
    });
    const made = route(part, result, input, ends, across, along, children, n);
    if (shelf.x > 0 && shelf.x + made.across > wrap) {
      shelf.y += shelf.height + GAP_COMPONENT;
      shelf.x = 0;
      shelf.height = 0;
    }
    const dx = shelf.x - made.minAcross;
    const dy = shelf.y - made.minAlong;
    part.nodes.forEach((node, i) => {
      x[node] = (result.across[i] ?? 0) - (across[node] ?? 0) / 2 + dx;
      y[node] = (result.along[i] ?? 0) - (along[node] ?? 0) / 2 + dy;
    });
    part.edges.forEach((e, i) => {
      routes[e] = (made.routes[i] ?? []).map((value, k) => value + (k % 2 === 0 ? dx : dy));
    });
    shelf.x += made.across + GAP_COMPONENT;
    shelf.height = Math.max(shelf.height, made.along);
    shelf.most = Math.max(shelf.most, shelf.x - GAP_COMPONENT);
  }
  const sizeAlong = shelf.y + shelf.height;
  const padAcross = pad + (down ? 0 : input.header);
  const startPad = (input.ins > 0 ? 0 : pad) + (down ? input.header : 0);
  const endPad = input.outs > 0 ? 0 : pad;
  const fullAlong = startPad + sizeAlong + endPad;
  const fullAcross = padAcross + shelf.most + pad;
  const fullWidth = Math.max(input.least, down ? fullAcross : fullAlong);
  // What a wide title leaves over is shared by both sides.
  const slack = down ? (fullWidth - fullAcross) / 2 : 0;
  const place = (across: number, along: number): [number, number] =>
    down ? [across + padAcross + slack, along + startPad] : [along + startPad, across + padAcross];
  const placed = Array.from({ length: n }, (_, i) => place(x[i] ?? 0, y[i] ?? 0));
  const borderStart = down ? input.header : 0;
  const turned = routes.map((points, e) => {
    const [from, , to] = input.edges[e] ?? [0, 0, 0, 0];
    const result: number[] = [];
    for (let k = 0; k < points.length; k += 2) result.push(...place(points[k] ?? 0, points[k + 1] ?? 0));
    if (from < 0) result.unshift(...(down ? [result[0] ?? 0, borderStart] : [borderStart, result[1] ?? 0]));
    if (to < 0) result.push(...(down ? [result.at(-2) ?? 0, fullAlong] : [fullWidth, result.at(-1) ?? 0]));
    return result;
  });
  const port = (i: number) => (x[i] ?? 0) + 0.5 + padAcross + slack;
  return {
    width: fullWidth,
    height: down ? fullAlong : fullAcross,
    x: placed.map(([px]) => px),
    y: placed.map(([, py]) => py),
    routes: turned,
    ins: Array.from({ length: input.ins }, (_, i) => port(n + i)),
    outs: Array.from({ length: input.outs }, (_, i) => port(n + input.ins + i)),
  };
}

/** Least layers of every edge: those to the border are as long as the way past everything else, so that they reach it. */
function borderDistances(n: number, ends: readonly (readonly [number, number])[]): number[] {
  const inner = ends.filter(([from, to]) => from < n && to < n).map(([from, to]) => [from, to, 1] as const);
  if (inner.length === ends.length) return ends.map(() => 1);
  const depth = longestPath(n, inner);
  const height = longestPath(
    n,
    inner.map(([from, to]) => [to, from, 1] as const),
  );
  return ends.map(([from, to]) =>
    from >= n && to >= n ? 1 : from >= n ? (depth[to] ?? 0) + 1 : to >= n ? (height[from] ?? 0) + 1 : 1,
  );
}

interface Part {
  nodes: number[];
  edges: number[];
}

/** Connected components in the order of their first node; everything that reaches the border is one. */
function components(total: number, ends: readonly (readonly [number, number])[], border: number): Part[] {
  const head = Int32Array.from({ length: total }, (_, i) => i);
  const find = (i: number): number => {
    let at = i;
    while (head[at] !== at) {
      head[at] = head[head[at] ?? at] ?? at;
      at = head[at] ?? at;
    }
    return at;
  };
  const join = (a: number, b: number) => {
    const [p, q] = [find(a), find(b)];
    head[Math.max(p, q)] = Math.min(p, q);
  };
  for (const [from, to] of ends) join(from, to);
  for (let i = border + 1; i < total; i++) join(border, i);
  const parts = new Map<number, Part>();
  const partOf = (i: number): Part => {
    const key = find(i);
    let part = parts.get(key);
    if (!part) {
      part = { nodes: [], edges: [] };
      parts.set(key, part);
    }
    return part;
  };
  for (let i = 0; i < total; i++) partOf(i).nodes.push(i);
  for (const [e, [from]] of ends.entries()) partOf(from).edges.push(e);
  const all = [...parts.values()];
  // The component on the border comes first, so that its edges need not pass below another.
  if (border < total) all.sort((a, b) => Number(b.nodes.includes(border)) - Number(a.nodes.includes(border)));
  return all;
}

function route(
  part: Part,
  made: Layered,
  input: ScopeInput,
  ends: readonly (readonly [number, number])[],
  across: readonly number[],
  along: readonly number[],
  children: readonly (ScopeLayout | null)[],
  n: number,
) {
  const local = new Map(part.nodes.map((node, i) => [node, i]));
  const bandStart = new Map<number, number>();
  const bandEnd = new Map<number, number>();
  const bandAt = new Map<number, number>();
  let [minAcross, maxAcross, minAlong, maxAlong] = [Infinity, -Infinity, Infinity, -Infinity];
  part.nodes.forEach((node, i) => {
    const layer = made.layer[i] ?? 0;
    const centre = made.along[i] ?? 0;
    const [a, b] = [(across[node] ?? 0) / 2, (along[node] ?? 0) / 2];
    bandStart.set(layer, Math.min(bandStart.get(layer) ?? Infinity, centre - b));
    bandEnd.set(layer, Math.max(bandEnd.get(layer) ?? -Infinity, centre + b));
    bandAt.set(Math.round(centre), layer);
    minAcross = Math.min(minAcross, (made.across[i] ?? 0) - a);
    maxAcross = Math.max(maxAcross, (made.across[i] ?? 0) + a);
    minAlong = Math.min(minAlong, centre - b);
    maxAlong = Math.max(maxAlong, centre + b);
  });
  const start = attach(part, made, input, ends, across, children, local, n, true);
  const end = attach(part, made, input, ends, across, children, local, n, false);
  const routes = part.edges.map((e, k) => {
    const [from, to] = ends[e] ?? [0, 0];
    const [i, j] = [local.get(from) ?? 0, local.get(to) ?? 0];
    const forward = (made.along[i] ?? 0) <= (made.along[j] ?? 0);
    const bends = made.bends[k] ?? [];
    const points: number[] = [];
    const push = (x: number, y: number) => {
      points.push(x, y);
      minAcross = Math.min(minAcross, x);
      maxAcross = Math.max(maxAcross, x);
    };
    const sx = start[k] ?? 0;
    const tx = end[k] ?? 0;
    const half = (node: number) => (along[node] ?? 0) / 2;
    push(sx, (made.along[i] ?? 0) + half(from));
    if (forward) push(sx, bandEnd.get(made.layer[i] ?? 0) ?? 0);
    for (let b = 0; b < bends.length; b += 2) {
      const layer = bandAt.get(Math.round(bends[b + 1] ?? 0));
      const [top, bottom] = [
        bandStart.get(layer ?? -1) ?? bends[b + 1] ?? 0,
        bandEnd.get(layer ?? -1) ?? bends[b + 1] ?? 0,
      ];
      push(bends[b] ?? 0, forward ? top : bottom);
      push(bends[b] ?? 0, forward ? bottom : top);
    }
    if (forward) push(tx, bandStart.get(made.layer[j] ?? 0) ?? 0);
    push(tx, (made.along[j] ?? 0) - half(to));
    return points;
  });
  return { routes, minAcross, minAlong, across: maxAcross - minAcross, along: maxAlong - minAlong };
}

/** Where each edge meets its first (or last) item: at its place on an open group, else side by side in the order of where they go. */
function attach(
  part: Part,
  made: Layered,
  input: ScopeInput,
  ends: readonly (readonly [number, number])[],
  across: readonly number[],
  children: readonly (ScopeLayout | null)[],
  local: ReadonlyMap<number, number>,
  n: number,
  atStart: boolean,
): number[] {
  const result: number[] = new Array(part.edges.length).fill(0);
  const byNode = new Map<number, { k: number; towards: number }[]>();
  part.edges.forEach((e, k) => {
    const [from, to] = ends[e] ?? [0, 0];
    const mine = atStart ? from : to;
    const other = atStart ? to : from;
    const centre = made.across[local.get(mine) ?? 0] ?? 0;
    const child = mine < n ? children[mine] : null;
    const edge = input.edges[e] ?? [0, 0, 0, 0];
    if (child) {
      const place = (atStart ? child.outs[edge[1]] : child.ins[edge[3]]) ?? 0;
      result[k] = centre - (across[mine] ?? 0) / 2 + place;
      return;
    }
    if (mine >= n) {
      result[k] = centre;
      return;
    }
    const bends = made.bends[k] ?? [];
    const bend = atStart ? bends[0] : bends[bends.length - 2];
    const list = byNode.get(mine) ?? [];
    list.push({ k, towards: bend ?? made.across[local.get(other) ?? 0] ?? 0 });
    byNode.set(mine, list);
  });
  for (const [node, list] of byNode) {
    list.sort((a, b) => a.towards - b.towards || a.k - b.k);
    const centre = made.across[local.get(node) ?? 0] ?? 0;
    // Edges that leave carry the same tensor and share their start; those that arrive are different arguments.
    const gap = atStart ? 0 : Math.min(28, ((across[node] ?? 0) - 24) / Math.max(1, list.length - 1));
    list.forEach(({ k }, at) => {
      result[k] = centre + (at - (list.length - 1) / 2) * gap;
    });
  }
  return result;
}
