/** Puts the nodes of one connected picture into layers, in abstract coordinates: `across` a layer and `along` the flow. */
import { graphlib, layout } from "@dagrejs/dagre";

export interface LayerInput {
  /** Extent of each node across the layer. */
  across: readonly number[];
  along: readonly number[];
  /** Source, target and least number of layers between, for each edge. */
  edges: readonly (readonly [number, number, number])[];
}

export interface Layered {
  /** Centres. */
  across: Float64Array;
  along: Float64Array;
  layer: Int32Array;
  /** Along, of each layer's middle. */
  centres: number[];
  /** Where each edge crosses the layers between its ends: across and along, alternating. */
  bends: number[][];
}

export const GAP_NODE = 26;
export const GAP_LAYER = 44;
const GAP_EDGE = 16;
/** Above this, dagre takes longer than anyone waits; measured 35 ms at 60 nodes and 450 ms at 500. */
export const DAGRE_LIMIT = 240;

export function layers(input: LayerInput): Layered {
  const n = input.across.length;
  if (n === 1) {
    const along = Float64Array.of((input.along[0] ?? 0) / 2);
    return {
      across: Float64Array.of((input.across[0] ?? 0) / 2),
      along,
      layer: Int32Array.of(0),
      centres: [...along],
      bends: [],
    };
  }
  const made = n + input.edges.length / 4 <= DAGRE_LIMIT ? byDagre(input) : bySweeps(input);
  settle(made, input);
  return made;
}

/** Turns the picture so that what came first stands left, and moves each source down to the edge of its layer. */
function settle(made: Layered, input: LayerInput): void {
  const n = input.across.length;
  const rows = new Map<number, number[]>();
  for (let i = 0; i < n; i++) {
    const row = rows.get(made.layer[i] ?? 0);
    if (row) row.push(i);
    else rows.set(made.layer[i] ?? 0, [i]);
  }
  let order = 0;
  for (const row of rows.values()) {
    for (let k = 1; k < row.length; k++) {
      order += Math.sign((made.across[row[k] ?? 0] ?? 0) - (made.across[row[k - 1] ?? 0] ?? 0));
    }
  }
  if (order < 0) {
    for (let i = 0; i < n; i++) made.across[i] = -(made.across[i] ?? 0);
    for (const bends of made.bends) for (let k = 0; k < bends.length; k += 2) bends[k] = -(bends[k] ?? 0);
  }
  const entered = new Uint8Array(n);
  for (const [, to] of input.edges) entered[to] = 1;
  for (const row of rows.values()) {
    const most = row.reduce((height, i) => Math.max(height, input.along[i] ?? 0), 0);
    for (const i of row) {
      if (!entered[i]) made.along[i] = (made.along[i] ?? 0) + (most - (input.along[i] ?? 0)) / 2;
    }
  }
}

function byDagre(input: LayerInput): Layered {
  const graph = new graphlib.Graph({ multigraph: true });
  graph.setGraph({
    rankdir: "TB",
    nodesep: GAP_NODE,
    ranksep: GAP_LAYER,
    edgesep: GAP_EDGE,
    marginx: 0,
    marginy: 0,
  });
  const n = input.across.length;
  for (let i = 0; i < n; i++) graph.setNode(String(i), { width: input.across[i], height: input.along[i] });
  input.edges.forEach(([from, to, minlen], i) => {
    graph.setEdge(String(from), String(to), { minlen, weight: 1, width: 0, height: 0 }, String(i));
  });
  layout(graph);
  const result = empty(n);
  const centres = new Map<number, number>();
  for (let i = 0; i < n; i++) {
    const node = graph.node(String(i));
    result.across[i] = node.x ?? 0;
    result.along[i] = node.y ?? 0;
    centres.set(Math.round(node.y ?? 0), 0);
  }
  result.centres = [...centres.keys()].sort((a, b) => a - b);
  for (const [i, y] of result.centres.entries()) centres.set(y, i);
  for (let i = 0; i < n; i++) result.layer[i] = centres.get(Math.round(result.along[i] ?? 0)) ?? 0;
  input.edges.forEach(([from, to], i) => {
    const points = graph.edge(String(from), String(to), String(i)).points ?? [];
    const bends: number[] = [];
    // Dagre also gives points half-way between layers; only those that pass between nodes of a layer are needed.
    for (const point of points.slice(1, -1)) {
      if (centres.has(Math.round(point.y))) bends.push(point.x, point.y);
    }
    result.bends.push(bends);
  });
  return result;
}

function empty(n: number): Layered {
  return {
    across: new Float64Array(n),
    along: new Float64Array(n),
    layer: new Int32Array(n),
    centres: [],
    bends: [],
  };
}

/** Longest-path layers, a few barycentre sweeps, and positions by isotonic regression: quick at any size. */
function bySweeps(input: LayerInput): Layered {
  const n = input.across.length;
  const layer = longestPath(n, input.edges);
  const widths = [...input.across];
  const layerOf = Array.from(layer);
  const chains: number[][] = [];
  const links: [number, number][] = [];
  let budget = 6 * n;
  for (const [from, to] of input.edges) {
    const chain: number[] = [];
    const lower = layer[to] ?? 0;
    let last = from;
    if (lower - (layer[from] ?? 0) - 1 <= budget) {
      for (let at = (layer[from] ?? 0) + 1; at < lower; at++) {
        budget--;
        links.push([last, widths.length]);
        last = widths.length;
        chain.push(last);
        widths.push(0);
        layerOf.push(at);
      }
    }
    links.push([last, to]);
    chains.push(chain);
  }
  const rows: number[][] = [];
  layerOf.forEach((at, i) => {
    rows[at] ??= [];
    rows[at].push(i);
  });
  const above: number[][] = widths.map(() => []);
  const below: number[][] = widths.map(() => []);
  for (const [from, to] of links) {
    above[to]?.push(from);
    below[from]?.push(to);
  }
  const place = new Float64Array(widths.length);
  const number = (row: readonly number[]) => {
    for (const [at, i] of row.entries()) place[i] = at;
  };
  for (const row of rows) number(row);
  for (let sweep = 0; sweep < 6; sweep++) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : rows.slice().reverse()) {
      const key = new Map(row.map((i) => [i, mean(place, (down ? above : below)[i] ?? [], place[i] ?? 0)]));
      row.sort((a, b) => (key.get(a) ?? 0) - (key.get(b) ?? 0));
      number(row);
    }
  }
  const x = new Float64Array(widths.length);
  for (const row of rows) spreadRow(row, x, widths, () => 0);
  for (let sweep = 0; sweep < 4; sweep++) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : rows.slice().reverse()) {
      spreadRow(row, x, widths, (i) => mean(x, (down ? above : below)[i] ?? [], x[i] ?? 0));
    }
  }
  const result = empty(n);
  const centre = result.centres;
  let top = 0;
  for (const row of rows) {
    const height = row.reduce((most, i) => Math.max(most, i < n ? (input.along[i] ?? 0) : 0), 0);
    centre.push(top + height / 2);
    top += height + GAP_LAYER;
  }
  for (let i = 0; i < n; i++) {
    result.across[i] = x[i] ?? 0;
    result.along[i] = centre[layer[i] ?? 0] ?? 0;
    result.layer[i] = layer[i] ?? 0;
  }
  result.bends = chains.map((chain) => chain.flatMap((i) => [x[i] ?? 0, centre[layerOf[i] ?? 0] ?? 0]));
  return result;
}

function mean(of: Float64Array, at: readonly number[], otherwise: number): number {
  if (at.length === 0) return otherwise;
  let sum = 0;
  for (const i of at) sum += of[i] ?? 0;
  return sum / at.length;
}

/** Layer of every node; sources move down to just above the first node that needs them. Cycles are cut where met. */
export function longestPath(n: number, edges: LayerInput["edges"]): Int32Array {
  const layer = new Int32Array(n);
  const waiting = new Int32Array(n);
  const out: (readonly [number, number, number])[][] = Array.from({ length: n }, () => []);
  for (const edge of edges) {
    out[edge[0]]?.push(edge);
    waiting[edge[1]] = (waiting[edge[1]] ?? 0) + 1;
  }
  const isSource = waiting.map((count) => (count === 0 ? 1 : 0));
  const queue: number[] = [];
  const done = new Uint8Array(n);
  for (let i = 0; i < n; i++) if (!waiting[i]) queue.push(i);
  for (let seen = 0, next = 0; seen < n; seen++) {
    let at = queue[seen];
    if (at === undefined) {
      while (done[next]) next++;
      at = next;
      queue.push(at);
    }
    done[at] = 1;
    for (const [, to, minlen] of out[at] ?? []) {
      if (done[to]) continue;
      layer[to] = Math.max(layer[to] ?? 0, (layer[at] ?? 0) + minlen);
      const left = (waiting[to] ?? 0) - 1;
      waiting[to] = left;
      if (left === 0) queue.push(to);
    }
  }
  for (let i = 0; i < n; i++) {
    const mine = out[i] ?? [];
    if (!isSource[i] || mine.length === 0) continue;
    layer[i] = Math.max(0, Math.min(...mine.map(([, to, minlen]) => (layer[to] ?? 0) - minlen)));
  }
  return layer;
}

/** Moves a row as close to the wished places as its order and gaps allow (pool adjacent violators). */
function spreadRow(
  row: readonly number[],
  x: Float64Array,
  widths: readonly number[],
  wish: (i: number) => number,
) {
  const offset: number[] = [];
  let total = 0;
  row.forEach((i, at) => {
    const before = row[at - 1];
    if (before !== undefined) {
      const gap = (widths[i] ?? 0) > 0 && (widths[before] ?? 0) > 0 ? GAP_NODE : GAP_EDGE;
      total += ((widths[before] ?? 0) + (widths[i] ?? 0)) / 2 + gap;
    }
    offset.push(total);
  });
  const blocks: { sum: number; count: number }[] = [];
  row.forEach((i, at) => {
    let block = { sum: wish(i) - (offset[at] ?? 0), count: 1 };
    for (
      let last = blocks.at(-1);
      last && last.sum / last.count >= block.sum / block.count;
      last = blocks.at(-1)
    ) {
      blocks.pop();
      block = { sum: last.sum + block.sum, count: last.count + block.count };
    }
    blocks.push(block);
  });
  let at = 0;
  for (const block of blocks) {
    for (let k = 0; k < block.count; k++, at++) x[row[at] ?? 0] = block.sum / block.count + (offset[at] ?? 0);
  }
}
