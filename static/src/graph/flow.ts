/** One group's items and edges in abstract coordinates, `across` the flow and `along` it, as layout and routing share them. */
import type { ScopeInput, ScopeLayout } from "./arrange";
import { longestPath } from "./layers";
import { findHosts } from "./units";

export interface Flow {
  readonly input: ScopeInput;
  /** Items; from here on come the places on the border, those where edges enter before those where they leave. */
  readonly n: number;
  readonly total: number;
  readonly across: readonly number[];
  readonly along: readonly number[];
  readonly ends: readonly (readonly [number, number])[];
  /** Edges that arrive at each item. */
  readonly into: readonly (readonly number[])[];
  readonly children: readonly (ScopeLayout | null)[];
  /** The operation that a leaf stands beside, or -1. */
  readonly host: Int32Array;
  /** Least number of layers that each edge spans. */
  readonly spans: readonly number[];
}

export function makeFlow(input: ScopeInput, children: readonly (ScopeLayout | null)[], down: boolean): Flow {
  const n = input.width.length;
  const total = n + input.ins + input.outs;
  const width = input.width.map((w, i) => children[i]?.width ?? w);
  const height = input.height.map((h, i) => children[i]?.height ?? h);
  const border = (size: number) => Array.from({ length: total - n }, () => size);
  const ends = input.edges.map(
    ([from, fromPort, to, toPort]) =>
      [from < 0 ? n + fromPort : from, to < 0 ? n + input.ins + toPort : to] as const,
  );
  const into: number[][] = Array.from({ length: total }, () => []);
  for (const [e, [, to]] of ends.entries()) into[to]?.push(e);
  const host = new Int32Array(total).fill(-1);
  host.set(findHosts(n, ends, (item) => children[item] != null));
  return {
    input,
    n,
    total,
    across: [...(down ? width : height), ...border(1)],
    along: [...(down ? height : width), ...border(0)],
    ends,
    into,
    children,
    host,
    spans: spans(n, ends, host),
  };
}

/** Edges to the border are as long as the way past everything else, so that they reach it. */
function spans(n: number, ends: Flow["ends"], host: Int32Array): number[] {
  const inner = ends.filter(([from, to]) => from < n && to < n && (host[from] ?? -1) < 0);
  if (ends.every(([from, to]) => from < n && to < n)) return ends.map(() => 1);
  const depth = longestPath(
    n,
    inner.map(([from, to]) => [from, to, 1] as const),
  );
  const height = longestPath(
    n,
    inner.map(([from, to]) => [to, from, 1] as const),
  );
  return ends.map(([from, to]) => {
    if (from >= n && to >= n) return 1;
    return from >= n ? (depth[to] ?? 0) + 1 : to >= n ? (height[from] ?? 0) + 1 : 1;
  });
}

export interface Part {
  nodes: number[];
  edges: number[];
}

/** Connected components in the order of their first item; everything that reaches the border is one, and the first. */
export function components({ total, ends, n }: Flow): Part[] {
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
  for (let i = n + 1; i < total; i++) join(n, i);
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
  if (n === total) return all;
  const onBorder = partOf(n);
  return [onBorder, ...all.filter((part) => part !== onBorder)];
}
