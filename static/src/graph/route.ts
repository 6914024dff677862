/** Leads the edges of one component: straight past the nodes of a layer, curved only in the gap between two. */
import type { Flow, Part } from "./flow";
import type { Layered } from "./layers";
import { ATTACH, sides } from "./units";

/** Centres of the component's nodes, leaves beside their operation included, and the layer each is in. */
export interface Placed {
  across: Float64Array;
  along: Float64Array;
  layer: Int32Array;
}

export interface Routed {
  /** By position in the component's list of edges: across, along, across, along, ... */
  routes: number[][];
  minAcross: number;
  minAlong: number;
  across: number;
  along: number;
}

export function route(
  part: Part,
  flow: Flow,
  at: Placed,
  made: Layered,
  bendsOf: ReadonlyMap<number, number>,
): Routed {
  const bandStart = new Float64Array(made.centres.length).fill(Infinity);
  const bandEnd = new Float64Array(made.centres.length).fill(-Infinity);
  const layerAt = new Map([...made.centres].map((centre, layer) => [Math.round(centre), layer]));
  let [minAcross, maxAcross, minAlong, maxAlong] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const node of part.nodes) {
    const layer = at.layer[node] ?? 0;
    const [a, b] = [(flow.across[node] ?? 0) / 2, (flow.along[node] ?? 0) / 2];
    const [x, y] = [at.across[node] ?? 0, at.along[node] ?? 0];
    bandStart[layer] = Math.min(bandStart[layer] ?? Infinity, y - b);
    bandEnd[layer] = Math.max(bandEnd[layer] ?? -Infinity, y + b);
    minAcross = Math.min(minAcross, x - a);
    maxAcross = Math.max(maxAcross, x + a);
    minAlong = Math.min(minAlong, y - b);
    maxAlong = Math.max(maxAlong, y + b);
  }
  const bends = (e: number): readonly number[] => made.bends[bendsOf.get(e) ?? -1] ?? [];
  const start = attach(part, flow, at, bends, true);
  const end = attach(part, flow, at, bends, false);
  const routes = part.edges.map((e) => {
    const [from, to] = flow.ends[e] ?? [0, 0];
    const [sx, tx] = [start.get(e) ?? 0, end.get(e) ?? 0];
    const sy = (at.along[from] ?? 0) + (flow.along[from] ?? 0) / 2;
    const ty = (at.along[to] ?? 0) - (flow.along[to] ?? 0) / 2;
    if (flow.host[from] === to) return [sx, sy, tx, ty];
    const [i, j] = [at.layer[from] ?? 0, at.layer[to] ?? 0];
    const forward = i < j;
    const points = [sx, sy];
    if (forward) points.push(sx, bandEnd[i] ?? sy);
    const via = bends(e);
    for (let k = 0; k < via.length; k += 2) {
      const [x, y] = [via[k] ?? 0, via[k + 1] ?? 0];
      const layer = layerAt.get(Math.round(y)) ?? -1;
      const top = bandStart[layer] ?? y;
      const bottom = bandEnd[layer] ?? y;
      points.push(x, forward ? top : bottom, x, forward ? bottom : top);
      minAcross = Math.min(minAcross, x);
      maxAcross = Math.max(maxAcross, x);
    }
    if (forward) points.push(tx, bandStart[j] ?? ty);
    points.push(tx, ty);
    return points;
  });
  return { routes, minAcross, minAlong, across: maxAcross - minAcross, along: maxAlong - minAlong };
}

/**
 * Where each edge meets its first (or last) item: at its place on an open group, else side by side in the order of where
 * they go. Edges that leave a box carry the same tensor and share their start.
 */
function attach(
  part: Part,
  flow: Flow,
  at: Placed,
  bends: (e: number) => readonly number[],
  atStart: boolean,
): Map<number, number> {
  const result = new Map<number, number>();
  const arriving = new Map<number, { e: number; towards: number }[]>();
  for (const e of part.edges) {
    const [from, to] = flow.ends[e] ?? [0, 0];
    const mine = atStart ? from : to;
    const centre = at.across[mine] ?? 0;
    const child = flow.children[mine];
    const edge = flow.input.edges[e];
    if (child && edge) {
      const place = (atStart ? child.outs[edge[1]] : child.ins[edge[3]]) ?? 0;
      result.set(e, centre - (flow.across[mine] ?? 0) / 2 + place);
    } else if (atStart || mine >= flow.n) result.set(e, centre);
    else if (flow.host[from] !== to) {
      const via = bends(e);
      const list = arriving.get(mine) ?? [];
      list.push({ e, towards: via[via.length - 2] ?? at.across[from] ?? 0 });
      arriving.set(mine, list);
    }
  }
  for (const [node, list] of arriving) {
    list.sort((a, b) => a.towards - b.towards || a.e - b.e);
    const centre = at.across[node] ?? 0;
    const { left, right } = sides(node, flow);
    const all = list.length + 2 * Math.max(left.length, right.length);
    const gap = Math.min(ATTACH, ((flow.across[node] ?? 0) - 24) / Math.max(1, all - 1));
    const half = ((list.length - 1) * gap) / 2;
    list.forEach(({ e }, k) => {
      result.set(e, centre - half + k * gap);
    });
    const beside = new Map<number, number>();
    left.forEach((leaf, k) => {
      beside.set(leaf, centre - half - (left.length - k) * gap);
    });
    right.forEach((leaf, k) => {
      beside.set(leaf, centre + half + (k + 1) * gap);
    });
    for (const e of flow.into[node] ?? []) {
      const x = beside.get(flow.ends[e]?.[0] ?? -1);
      if (x !== undefined) result.set(e, x);
    }
  }
  return result;
}
