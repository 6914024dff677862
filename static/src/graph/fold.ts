/** Finds the stretches of a sequence that repeat, so that a loop of a thousand iterations can be drawn as one box. */

export interface Run {
  /** First element of the first repetition. */
  start: number;
  /** Elements in one repetition. */
  period: number;
  count: number;
}

export interface RunOptions {
  maxPeriod?: number;
  /** Whether a run is worth folding. */
  worth(run: Run): boolean;
}

/**
 * Disjoint periodic runs of `tokens`, in order. For each period p the longest stretches with t[i] = t[i + p] are the
 * candidates; the widest wins, and of equally wide ones the shortest period, so "abababab" is four times "ab".
 * Takes time proportional to `tokens.length * maxPeriod`.
 */
export function findRuns(tokens: Int32Array, options: RunOptions): Run[] {
  const n = tokens.length;
  const maxPeriod = Math.min(options.maxPeriod ?? 256, n >> 1);
  const candidates: Run[] = [];
  for (let period = 1; period <= maxPeriod; period++) {
    let start = 0;
    for (let i = 0; i <= n - period; i++) {
      if (i < n - period && tokens[i] === tokens[i + period]) continue;
      const count = Math.floor((i + period - start) / period);
      const run = { start, period, count };
      if (count >= 3 && options.worth(run)) candidates.push(run);
      start = i + 1;
    }
  }
  const span = (run: Run) => run.period * run.count;
  candidates.sort((a, b) => span(b) - span(a) || a.period - b.period || a.start - b.start);
  const chosen: Run[] = [];
  for (const run of candidates) {
    const overlaps = chosen.some(
      (other) => run.start < other.start + span(other) && other.start < run.start + span(run),
    );
    if (!overlaps) chosen.push(run);
  }
  return chosen.sort((a, b) => a.start - b.start);
}
