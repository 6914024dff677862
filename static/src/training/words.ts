/** What the training panel says in words. */

/** `12 s left`. */
export function timeLeft(seconds: number): string {
  if (seconds < 1) return "less than 1 s left";
  if (seconds < 99.5) return `${Math.round(seconds)} s left`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min left`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min left`;
}

/** A rule of thumb: each step changes weights by about a thousandth of their size. */
export const GUIDE = 1e-3;

export interface Verdict {
  /** In a table. */
  readonly word: string;
  readonly sentence: string;
}

/** What a ratio of update to weight means, where it is far from the rule of thumb; null where it is near. */
export function verdict(ratio: number): Verdict | null {
  if (!Number.isFinite(ratio))
    return {
      word: "not finite",
      sentence: "The update is not a finite number: the training has diverged. Try a smaller learning rate.",
    };
  if (ratio === 0)
    return {
      word: "stands still",
      sentence: "It does not change: its gradient or the learning rate is zero.",
    };
  if (ratio > 0.1)
    return {
      word: "very fast",
      sentence:
        "Each step changes it by more than a tenth of its size, a hundred times the usual: try a smaller learning rate.",
    };
  if (ratio > 0.02)
    return {
      word: "fast",
      sentence:
        "Each step changes it by some twenty times the usual. If the loss jumps, try a smaller learning rate.",
    };
  if (ratio < 1e-5)
    return {
      word: "very slow",
      sentence:
        "Each step changes it by less than a hundredth of the usual: its gradient is very small, or the learning rate is.",
    };
  return null;
}
