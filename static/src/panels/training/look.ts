/** How curves are drawn: chosen once for all of them, kept while the page is open. */
import { useSyncExternalStore } from "react";

export interface Look {
  /** Weight of the moving average, 0 for none. */
  readonly smoothing: number;
  readonly log: boolean;
  readonly along: "step" | "time";
  readonly histograms: "heat" | "ridges";
}

let look: Look = { smoothing: 0.6, log: false, along: "step", histograms: "ridges" };
const listeners = new Set<() => void>();

export function setLook(change: Partial<Look>): void {
  look = { ...look, ...change };
  for (const listener of listeners) listener();
}

export function useLook(): Look {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => look,
  );
}

/** A run's colour and mark, the run that is shown first: no two are told apart by colour alone. */
export const RUN_LOOKS = [
  { color: "--value", symbol: "circle", path: "M0 -4a4 4 0 1 0 .01 0z" },
  { color: "--code-keyword", symbol: "square", path: "M-3.5 -3.5h7v7h-7z" },
  { color: "--code-string", symbol: "diamond", path: "M0 -5L5 0L0 5L-5 0z" },
  { color: "--code-number", symbol: "triangle-up", path: "M0 -5L4.5 3.5h-9z" },
  {
    color: "--ink",
    symbol: "x",
    path: "M-4 -2.5L-2.5 -4L0 -1.5L2.5 -4L4 -2.5L1.5 0L4 2.5L2.5 4L0 1.5L-2.5 4L-4 2.5L-1.5 0z",
  },
  { color: "--div-n2", symbol: "triangle-down", path: "M0 5L4.5 -3.5h-9z" },
  { color: "--div-p2", symbol: "cross", path: "M-1.5 -4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z" },
  { color: "--muted", symbol: "pentagon", path: "M0 -5L4.8 -1.5L2.9 4L-2.9 4L-4.8 -1.5z" },
  {
    color: "--cut",
    symbol: "star",
    path: "M0 -5.5L1.5 -1.5L5.5 -1.5L2.2 1L3.4 5L0 2.6L-3.4 5L-2.2 1L-5.5 -1.5L-1.5 -1.5z",
  },
] as const satisfies readonly { color: `--${string}`; symbol: string; path: string }[];

/** Lines of one run in one plot. */
export const DASHES = [
  { dash: "solid", pattern: "" },
  { dash: "dash", pattern: "7 4" },
  { dash: "dot", pattern: "2 3" },
  { dash: "dashdot", pattern: "7 3 2 3" },
] as const;
