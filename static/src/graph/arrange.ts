/** Lays out one open group: components side by side, edges led between the layers, places on the border for edges that leave. */
import { components, type Flow, makeFlow, type Part } from "./flow";
import { layers } from "./layers";
import { type Placed, type Routed, route } from "./route";
import { unitOf } from "./units";

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
  children: readonly (ScopeLayout | null)[],
  direction: Direction,
  wrap: number,
): ScopeLayout {
  const down = direction === "down";
  const flow = makeFlow(input, children, down);
  const { n } = flow;
  const at: Placed = {
    across: new Float64Array(flow.total),
    along: new Float64Array(flow.total),
    layer: new Int32Array(flow.total),
  };
  const routes: number[][] = new Array(flow.ends.length);
  const pad = input.header > 0 ? PAD : 0;
  const shelf = { x: 0, y: 0, height: 0, most: 0 };
  for (const part of components(flow)) {
    const made = arrangePart(part, flow, at);
    if (shelf.x > 0 && shelf.x + made.across > wrap) {
      shelf.y += shelf.height + GAP_COMPONENT;
      shelf.x = 0;
      shelf.height = 0;
    }
    const dx = shelf.x - made.minAcross;
    const dy = shelf.y - made.minAlong;
    for (const node of part.nodes) {
      at.across[node] = (at.across[node] ?? 0) + dx;
      at.along[node] = (at.along[node] ?? 0) + dy;
    }
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
  const placed = Array.from({ length: n }, (_, i) =>
    place((at.across[i] ?? 0) - (flow.across[i] ?? 0) / 2, (at.along[i] ?? 0) - (flow.along[i] ?? 0) / 2),
  );
  const borderStart = down ? input.header : 0;
  const turned = routes.map((points, e) => {
    const [from, , to] = input.edges[e] ?? [0, 0, 0, 0];
    const result: number[] = [];
    for (let k = 0; k < points.length; k += 2) result.push(...place(points[k] ?? 0, points[k + 1] ?? 0));
    if (from < 0) result.unshift(...(down ? [result[0] ?? 0, borderStart] : [borderStart, result[1] ?? 0]));
    if (to < 0) result.push(...(down ? [result.at(-2) ?? 0, fullAlong] : [fullWidth, result.at(-1) ?? 0]));
    return result;
  });
  const port = (i: number) => (at.across[i] ?? 0) + padAcross + slack;
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

/** Puts one component's nodes into `at`, somewhere, and leads its edges there. */
function arrangePart(part: Part, flow: Flow, at: Placed): Routed {
  const heads = part.nodes.filter((node) => (flow.host[node] ?? -1) < 0);
  const units = heads.map((node) => unitOf(node, flow));
  const local = new Map(heads.map((node, i) => [node, i]));
  const edges = part.edges.filter((e) => local.has(flow.ends[e]?.[0] ?? -1));
  const made = layers({
    across: units.map((unit) => unit.across),
    along: units.map((unit) => unit.along),
    edges: edges.map((e) => {
      const [from, to] = flow.ends[e] ?? [0, 0];
      return [local.get(from) ?? 0, local.get(to) ?? 0, flow.spans[e] ?? 1];
    }),
  });
  units.forEach((unit, i) => {
    for (const [node, dx, dy] of unit.places) {
      at.across[node] = (made.across[i] ?? 0) + dx;
      at.along[node] = (made.along[i] ?? 0) + dy;
      at.layer[node] = made.layer[i] ?? 0;
    }
  });
  return route(part, flow, at, made, new Map(edges.map((e, i) => [e, i])));
}
