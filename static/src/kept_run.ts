/** The results of this tab's last run, kept over a reload; as much as the browser's storage takes. */
import type * as wire from "./protocol.gen";
import { type RunState, storedRun } from "./run";
import { storable } from "./share";
import { load, store } from "./storage";

const KEY = "playground.run";
/** Characters; the browsers' limit for everything a tab keeps is about five million. */
const MOST = 2_000_000;

interface Kept {
  readonly draft: string;
  readonly code: string;
  readonly device: wire.Device;
  readonly seed: number;
  readonly events: readonly wire.Event[];
}

export function keepRun(draft: string, run: RunState): void {
  const { code, device, seed } = run;
  const text = JSON.stringify({ draft, code, device, seed, events: storable(run) } satisfies Kept);
  store(KEY, text.length <= MOST ? text : null, "sessionStorage");
}

/** The results kept for `draft`, or null. What another version of the page wrote and cannot be read counts as none. */
export function keptRun(draft: string): RunState | null {
  try {
    const kept = JSON.parse(load(KEY, "sessionStorage") ?? "null") as Kept | null;
    return kept?.draft === draft ? storedRun(kept.code, kept.device, kept.seed, kept.events) : null;
  } catch {
    return null;
  }
}
