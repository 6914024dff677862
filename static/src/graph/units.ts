/**
 * Leaves that a single operation takes stand beside the line that leads into it, as one unit with it. A chain of
 * operations then stays straight; laid out as nodes of their own they would push it aside at every link.
 */
import type { Flow } from "./flow";

const GAP_ABOVE = 34;
const GAP_BESIDE = 18;
/** Room for the lines that pass between. */
const CORRIDOR = 18;
const MOST = 6;
export const ATTACH = 28;

export interface Unit {
  across: number;
  along: number;
  /** Centres of the operation and its leaves from the unit's own: node, across, along. */
  places: [number, number, number][];
}

/** For each item the operation it stands beside, or -1. */
export function findHosts(n: number, ends: Flow["ends"], isOpen: (item: number) => boolean): Int32Array {
  const host = new Int32Array(n).fill(-1);
  const ins = new Int32Array(n);
  const outs = new Int32Array(n);
  for (const [from, to] of ends) {
    if (from < n) outs[from] = (outs[from] ?? 0) + 1;
    if (to < n) ins[to] = (ins[to] ?? 0) + 1;
  }
  const leaves = new Map<number, number[]>();
  for (const [from, to] of ends) {
    if (from >= n || to >= n || ins[from] || outs[from] !== 1 || isOpen(from) || isOpen(to)) continue;
    leaves.set(to, [...(leaves.get(to) ?? []), from]);
  }
  for (const [to, mine] of leaves) {
    if (mine.length > MOST || mine.length === ins[to]) continue;
    for (const leaf of mine) host[leaf] = to;
  }
  return host;
}

/** Which of an operation's leaves stand on the left and which on the right: by the order of the arguments, evenly. */
export function sides(node: number, flow: Flow): { left: number[]; right: number[] } {
  const left: number[] = [];
  const right: number[] = [];
  let mainSeen = false;
  for (const e of flow.into[node] ?? []) {
    const from = flow.ends[e]?.[0] ?? 0;
    if (flow.host[from] !== node) mainSeen = true;
    else (mainSeen ? right : left).push(from);
  }
  while (left.length > right.length + 1) right.unshift(left.pop() ?? 0);
  while (right.length > left.length + 1) left.push(right.shift() ?? 0);
  return { left, right };
}

export function unitOf(node: number, flow: Flow): Unit {
  const width = flow.across[node] ?? 0;
  const height = flow.along[node] ?? 0;
  const { left, right } = sides(node, flow);
  if (left.length + right.length === 0) return { across: width, along: height, places: [[node, 0, 0]] };
  const main = (flow.into[node] ?? []).length - left.length - right.length;
  const inner = ((main - 1) * ATTACH) / 2 + CORRIDOR;
  const tallest = Math.max(...[...left, ...right].map((leaf) => flow.along[leaf] ?? 0));
  const along = height + GAP_ABOVE + tallest;
  const places: Unit["places"] = [[node, 0, (along - height) / 2]];
  let reach = width / 2;
  const put = (leaves: readonly number[], sign: 1 | -1) => {
    let at = inner;
    for (const leaf of leaves) {
      const size = flow.across[leaf] ?? 0;
      const y = -along / 2 + tallest - (flow.along[leaf] ?? 0) / 2;
      places.push([leaf, sign * (at + size / 2), y]);
      at += size + GAP_BESIDE;
    }
    reach = Math.max(reach, at - GAP_BESIDE);
  };
  put([...left].reverse(), -1);
  put(right, 1);
  return { across: 2 * reach, along, places };
}
