/** Geometry of what a model says over the plane, and of histograms over time. Pure. */
import { bytesOf } from "../matrix";
import { toNumber } from "../numbers";
import type * as wire from "../protocol.gen";

/** Little-endian float32 numbers; empty if they did not arrive whole. */
export function floats(values: ArrayBuffer | string): Float32Array {
  const view = new DataView(bytesOf(values));
  return Float32Array.from({ length: Math.floor(view.byteLength / 4) }, (_, i) =>
    view.getFloat32(i * 4, true),
  );
}

export interface Grid {
  readonly rows: number;
  readonly columns: number;
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  /** The first row at the lowest y. */
  readonly values: Float32Array;
  readonly classes: number;
  /** Triples x, y, label. */
  readonly points: Float32Array;
  /** Where two classes meet, or what a number is compared with. */
  readonly level: number;
  /** How far values lie from the level, at most. */
  readonly reach: number;
}

/** A boundary with its numbers; null if they do not fit its size. */
export function gridOf(boundary: wire.Boundary): Grid | null {
  const values = floats(boundary.values);
  const { rows, columns, classes = 0 } = boundary;
  if (values.length !== rows * columns || values.length === 0) return null;
  const pair = ([low, high]: readonly wire.Number[]) => [toNumber(low ?? 0), toNumber(high ?? 1)] as const;
  const unit = classes === 2 && values.every((value) => value >= 0 && value <= 1);
  const level = unit ? 0.5 : 0;
  const reach = unit ? 0.5 : values.reduce((most, value) => Math.max(most, Math.abs(value) || 0), 0);
  const points = floats(boundary.points);
  return { rows, columns, classes, values, points, level, reach, x: pair(boundary.x), y: pair(boundary.y) };
}

/** The class a value stands for. */
export function classOf({ classes, level }: Grid, value: number): number {
  return classes > 2 ? Math.floor(value) : value > level ? 1 : 0;
}

/** How sure the model is, from 0 to 1. */
export function sureness({ classes, level, reach }: Grid, value: number): number {
  if (classes > 2) return value - Math.floor(value);
  return reach > 0 ? Math.min(1, Math.abs(value - level) / reach) : 0;
}

/** The value of the grid's cell at a point. */
export function valueAt({ rows, columns, x, y, values }: Grid, px: number, py: number): number {
  const j = Math.round(((px - x[0]) / (x[1] - x[0])) * (columns - 1));
  const i = Math.round(((py - y[0]) / (y[1] - y[0])) * (rows - 1));
  if (i < 0 || j < 0 || i >= rows || j >= columns) return Number.NaN;
  return values[i * columns + j] ?? Number.NaN;
}

/** Of the points, how many lie where the model says their class; null if it has none. */
export function agreement(grid: Grid): { right: number; of: number } | null {
  if (grid.classes < 2) return null;
  let [right, of] = [0, 0];
  for (let i = 0; i + 2 < grid.points.length; i += 3) {
    const value = valueAt(grid, grid.points[i] ?? 0, grid.points[i + 1] ?? 0);
    if (Number.isNaN(value)) continue;
    of++;
    if (classOf(grid, value) === Math.round(grid.points[i + 2] ?? -1)) right++;
  }
  return of ? { right, of } : null;
}

type Segment = readonly [number, number, number, number];

/** Where the value crosses the level, as segments in the grid's own columns and rows (marching squares). */
export function contour({ rows, columns, values, level }: Grid): readonly Segment[] {
  const found: Segment[] = [];
  const at = (i: number, j: number) => (values[i * columns + j] ?? level) - level;
  const cut = (a: number, b: number) => a / (a - b);
  for (let i = 0; i + 1 < rows; i++) {
    for (let j = 0; j + 1 < columns; j++) {
      const [a, b, c, d] = [at(i, j), at(i, j + 1), at(i + 1, j + 1), at(i + 1, j)];
      const ends: [number, number][] = [];
      if (a > 0 !== b > 0) ends.push([j + cut(a, b), i]);
      if (b > 0 !== c > 0) ends.push([j + 1, i + cut(b, c)]);
      if (d > 0 !== c > 0) ends.push([j + cut(d, c), i + 1]);
      if (a > 0 !== d > 0) ends.push([j, i + cut(a, d)]);
      for (let k = 0; k + 1 < ends.length; k += 2) {
        const [from, to] = [ends[k], ends[k + 1]];
        if (from && to) found.push([...from, ...to]);
      }
    }
  }
  return found;
}

/** Where neighbouring cells are of different classes: the sides between them, in columns and rows. */
export function sides(grid: Grid): readonly Segment[] {
  const { rows, columns, values } = grid;
  const at = (i: number, j: number) => classOf(grid, values[i * columns + j] ?? 0);
  const found: Segment[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      if (j + 1 < columns && at(i, j) !== at(i, j + 1)) found.push([j + 0.5, i - 0.5, j + 0.5, i + 0.5]);
      if (i + 1 < rows && at(i, j) !== at(i + 1, j)) found.push([j - 0.5, i + 0.5, j + 0.5, i + 0.5]);
    }
  }
  return found;
}

/** Histograms of one tensor at several steps, in the same bins. */
export interface Ridge {
  readonly low: number;
  readonly high: number;
  readonly steps: readonly number[];
  /** For each step the part of its elements in each bin, divided by the bin's width. */
  readonly rows: readonly Float64Array[];
  readonly most: number;
}

export function ridgeOf(histograms: readonly wire.Histogram[], bins = 64): Ridge | null {
  const usable = histograms.filter(({ counts }) => counts.some((count) => count > 0));
  const ends = usable.flatMap((one) => [toNumber(one.low), toNumber(one.high)]).filter(Number.isFinite);
  if (ends.length === 0) return null;
  let [low, high] = [Math.min(...ends), Math.max(...ends)];
  if (low === high) [low, high] = [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  const width = (high - low) / bins;
  const rows = usable.map((one) => spread(one, low, width, bins));
  const most = rows.reduce((all, row) => Math.max(all, ...row), 0);
  return { low, high, steps: usable.map((one) => one.step), rows, most };
}

/** A histogram's parts in other bins: each count is spread evenly over its own bin. */
function spread(
  { counts, low, high }: wire.Histogram,
  from: number,
  width: number,
  bins: number,
): Float64Array {
  const row = new Float64Array(bins);
  const all = counts.reduce((sum, count) => sum + count, 0);
  const [a, b] = [toNumber(low), toNumber(high)];
  const own = (b - a) / counts.length;
  counts.forEach((count, i) => {
    if (count === 0) return;
    const part = count / all / width;
    const [start, end] = [(a + i * own - from) / width, (a + (i + 1) * own - from) / width];
    if (end - start < 1e-9) {
      const at = Math.min(bins - 1, Math.max(0, Math.floor(start)));
      row[at] = (row[at] ?? 0) + part;
      return;
    }
    for (let at = Math.max(0, Math.floor(start)); at < Math.min(bins, Math.ceil(end)); at++) {
      const shared = Math.min(end, at + 1) - Math.max(start, at);
      row[at] = (row[at] ?? 0) + (part * shared) / (end - start);
    }
  });
  return row;
}
