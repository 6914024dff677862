/** Numbers for plots: round ticks, ranges that stay, level lines. */

/** Round numbers between two others, about `count` of them. */
export function ticks(low: number, high: number, count = 5): number[] {
  const rough = (high - low) / Math.max(1, count);
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const digit = rough / power;
  const step = power * (digit < 1.5 ? 1 : digit < 3 ? 2 : digit < 7 ? 5 : 10);
  const found: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++)
    found.push(Number((i * step).toPrecision(12)));
  return found;
}

/** `0.25`, `-3`, `2e6`: short. */
export function tickText(x: number): string {
  if (x !== 0 && (Math.abs(x) >= 1e5 || Math.abs(x) < 1e-3))
    return x
      .toExponential(1)
      .replace(/\.0e\+?/, "e")
      .replace(/e\+/, "e");
  return String(Number(x.toPrecision(6))).replace("-", "−");
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** The range that shows `values` well: a few that run off to infinity do not squeeze the rest. */
export function fitting(values: Iterable<number>): Range {
  const all = [...values].filter(Number.isFinite).sort((a, b) => a - b);
  if (!all.length) return { low: -1, high: 1 };
  const at = (part: number) => all[Math.round(part * (all.length - 1))] as number;
  let [low, high] = [at(0), at(1)];
  const middle = at(0.9) - at(0.1);
  if (middle > 0 && high - low > 12 * middle) [low, high] = [at(0.1) - middle, at(0.9) + middle];
  const pad = (high - low) * 0.06 || Math.max(0.5, Math.abs(high) * 0.1);
  return { low: low - pad, high: high + pad };
}

/** The range that was shown, for as long as it still shows the new one well: axes do not jump under a dragged control. */
export function steady(before: Range | null, now: Range): Range {
  if (!before) return now;
  const size = before.high - before.low;
  const slack = 0.02 * size;
  const fits = now.low >= before.low - slack && now.high <= before.high + slack;
  if (fits && now.high - now.low > 0.35 * size) return before;
  if (fits) return now;
  // It grows by more than it must, so that it need not grow again at once.
  const grow = 0.15 * (now.high - now.low);
  return {
    low: now.low < before.low - slack ? now.low - grow : before.low,
    high: now.high > before.high + slack ? now.high + grow : before.high,
  };
}

/** A grid of numbers, row by row: `at(row, column)` belongs to `y[row]` and `x[column]`. */
export interface Grid {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array;
}

/** The line of one level through a grid as pieces x0, y0, x1, y1 in the grid's units (marching squares). */
export function levelLine({ x, y, z }: Grid, level: number): number[] {
  const width = x.length;
  const pieces: number[] = [];
  const cross = (a: number, b: number) => (level - a) / (b - a);
  for (let row = 0; row + 1 < y.length; row++) {
    for (let column = 0; column + 1 < width; column++) {
      const [x0, x1] = [x[column] as number, x[column + 1] as number];
      const [y0, y1] = [y[row] as number, y[row + 1] as number];
      const a = z[row * width + column] as number;
      const b = z[row * width + column + 1] as number;
      const c = z[(row + 1) * width + column + 1] as number;
      const d = z[(row + 1) * width + column] as number;
      if (!Number.isFinite(a + b + c + d)) continue;
      const points: number[] = [];
      if (a < level !== b < level) points.push(x0 + cross(a, b) * (x1 - x0), y0);
      if (b < level !== c < level) points.push(x1, y0 + cross(b, c) * (y1 - y0));
      if (c < level !== d < level) points.push(x1 + cross(c, d) * (x0 - x1), y1);
      if (d < level !== a < level) points.push(x0, y1 + cross(d, a) * (y0 - y1));
      if (points.length === 4) pieces.push(...points);
      else if (points.length === 8) {
        // A saddle: which corners belong together, the middle says.
        const high = (a + b + c + d) / 4 >= level;
        const pairs = high === a >= level ? [0, 1, 2, 3] : [3, 0, 1, 2];
        for (const k of [0, 2]) {
          const [p, q] = [pairs[k] as number, pairs[k + 1] as number];
          pieces.push(
            points[2 * p] as number,
            points[2 * p + 1] as number,
            points[2 * q] as number,
            points[2 * q + 1] as number,
          );
        }
      }
    }
  }
  return pieces;
}

/** Levels that cut a range into about equal parts of what is there, so that flat and steep places both have lines. */
export function levelsOf(z: Float64Array, count = 10): number[] {
  const { low, high } = fitting(z);
  return ticks(low, high, count);
}
