/** The flame chart without its canvas: rows, what is visible, what is under the pointer. */
import type * as wire from "../protocol.gen";
import { isBackward } from "../trace";

export interface Bar {
  readonly index: number;
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly depth: number;
  readonly line: number;
  readonly node: number;
  /** Part of a backward pass, by its own name or by what it runs in. */
  readonly backward: boolean;
}

export interface Rows {
  /** By depth; in each row bars are in order of start and do not overlap. */
  readonly rows: readonly (readonly Bar[])[];
  readonly bars: readonly Bar[];
  readonly start: number;
  readonly end: number;
}

/** Sorts spans into rows. */
export function layRows(spans: readonly wire.Span[]): Rows {
  const order = spans.map((span, index) => ({ span, index }));
  order.sort((a, b) => a.span[1] - b.span[1] || a.span[3] - b.span[3]);
  const rows: Bar[][] = [];
  const bars: Bar[] = new Array(spans.length);
  let start = Infinity;
  let end = -Infinity;
  for (const { span, index } of order) {
    const [name, from, duration, depth, line, node] = span;
    const parent = depth > 0 ? rows[depth - 1]?.at(-1) : undefined;
    const inside = parent !== undefined && parent.end >= from && parent.backward;
    const bar = {
      index,
      name,
      start: from,
      end: from + duration,
      depth,
      line,
      node,
      backward: inside || isBackward(name),
    };
    while (rows.length <= depth) rows.push([]);
    rows[depth]?.push(bar);
    bars[index] = bar;
    start = Math.min(start, from);
    end = Math.max(end, bar.end);
  }
  return { rows, bars, start: rows.length ? start : 0, end: rows.length ? end : 1 };
}

/** First bar of the row that ends after `time`. */
export function firstAfter(row: readonly Bar[], time: number): number {
  let low = 0;
  let high = row.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((row[middle]?.end ?? 0) > time) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The bar of row `depth` at `time`, widened to what a pointer can hit. */
export function barAt({ rows }: Rows, depth: number, time: number, slack: number): Bar | null {
  const row = rows[depth];
  if (!row) return null;
  for (let i = firstAfter(row, time - slack); i < row.length; i++) {
    const bar = row[i];
    if (!bar || bar.start > time + slack) return null;
    if (bar.start - slack <= time && time <= bar.end + slack) return bar;
  }
  return null;
}

/** The neighbour of a bar for the arrow keys: along its row, to what it runs in, or to what runs in it. */
export function neighbour({ rows }: Rows, bar: Bar | null, key: string): Bar | null {
  if (!bar) return rows[0]?.[0] ?? null;
  const row = rows[bar.depth] ?? [];
  const at = row.indexOf(bar);
  if (key === "ArrowRight") return row[at + 1] ?? bar;
  if (key === "ArrowLeft") return row[at - 1] ?? bar;
  if (key === "ArrowUp") {
    return rows[bar.depth - 1]?.find((one) => one.start <= bar.start && one.end >= bar.end) ?? bar;
  }
  return rows[bar.depth + 1]?.find((one) => one.start >= bar.start && one.start <= bar.end) ?? bar;
}

/** Round steps for the time axis: about `count` of them over `span`. */
export function ticks(start: number, end: number, count: number): readonly number[] {
  const rough = (end - start) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) ?? rough;
  const found: number[] = [];
  for (let at = Math.ceil(start / step) * step; at <= end; at += step) found.push(at);
  return found;
}
