/** Series that grow for hours and stay small: what is kept of them is spread evenly over their length. Pure. */

/** One number at a training step. */
export interface Point {
  readonly step: number;
  /** Seconds since the run began. */
  readonly time: number;
  readonly value: number;
}

/** Points that become the two of them that are the least and the greatest, so that a spike is never lost. */
interface Bunch {
  readonly count: number;
  readonly low: Point;
  readonly high: Point;
  readonly last: Point;
}

export interface Series {
  readonly points: readonly Point[];
  /** Two points are kept of so many; one of one at first. */
  readonly stride: number;
  /** What is not kept yet. */
  readonly open: Bunch | null;
  /** How many times in a row there has been no number, and since which step. */
  readonly missing: number;
  readonly since: number;
}

export const NO_SERIES: Series = { points: [], stride: 1, open: null, missing: 0, since: 0 };

/** Points of a series; as many as a plot has pixels. */
export const MOST_POINTS = 800;

function join(bunch: Bunch | null, point: Point): Bunch {
  if (!bunch) return { count: 1, low: point, high: point, last: point };
  return {
    count: bunch.count + 1,
    low: point.value < bunch.low.value ? point : bunch.low,
    high: point.value > bunch.high.value ? point : bunch.high,
    last: point,
  };
}

function ends({ low, high }: Bunch): readonly Point[] {
  if (low === high) return [low];
  return low.step <= high.step ? [low, high] : [high, low];
}

/** Half of the points: of every four the least and the greatest. */
function halved(points: readonly Point[]): Point[] {
  const kept: Point[] = [];
  for (let i = 0; i < points.length; i += 4) {
    const bunch = points.slice(i, i + 4).reduce<Bunch | null>(join, null);
    if (bunch) kept.push(...ends(bunch));
  }
  return kept;
}

/** The series with more behind it; NaN stands for no number. */
export function extend(series: Series, more: readonly Point[]): Series {
  let points = [...series.points];
  let { stride, open, missing, since } = series;
  for (const point of more) {
    if (Number.isNaN(point.value)) {
      if (missing === 0) since = point.step;
      missing++;
      continue;
    }
    missing = 0;
    open = join(open, point);
    if (open.count < stride) continue;
    points.push(...ends(open));
    open = null;
    if (points.length <= MOST_POINTS) continue;
    points = halved(points);
    stride = stride === 1 ? 4 : 2 * stride;
  }
  return { points, stride, open, missing, since };
}

/** What is kept, and the newest. */
export function pointsOf({ points, open }: Series): readonly Point[] {
  return open ? [...points, open.last] : points;
}

/** Things of which the newest and some of the earlier ones are kept. */
export interface Kept<T> {
  readonly all: readonly T[];
  /** One in so many is kept. */
  readonly every: number;
  readonly seen: number;
  readonly last: T;
}

/** With one more; at most `most` of them. */
export function keep<T>(kept: Kept<T> | undefined, one: T, most: number): Kept<T> {
  let { all, every, seen } = kept ?? { all: [], every: 1, seen: 0 };
  if (seen % every === 0) all = [...all, one];
  while (all.length > most) {
    all = all.filter((_, i) => i % 2 === 0);
    every *= 2;
  }
  seen++;
  return { all, every, seen, last: one };
}

/** What is kept, and the newest. */
export function listOf<T>({ all, last }: Kept<T>): readonly T[] {
  return all.at(-1) === last ? all : [...all, last];
}
