/** Drafts in localStorage: what was typed and not shared survives a reload, and no tab or link ever overwrites it. */
import { load, store } from "./storage";
import type { Draft } from "./store";

/** A kept draft; `saved` is in milliseconds since 1970. */
export interface SavedDraft extends Draft {
  readonly saved: number;
}

const KEY = "playground.drafts";
const TAB = "playground.draft";
const MOST = 12;

export function newDraftId(): string {
  return `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
}

function isDraft(x: unknown): x is SavedDraft {
  if (typeof x !== "object" || x === null) return false;
  const d = x as Record<string, unknown>;
  return (
    typeof d.id === "string" &&
    typeof d.title === "string" &&
    typeof d.code === "string" &&
    (d.device === "cpu" || d.device === "cuda") &&
    Number.isSafeInteger(d.seed) &&
    typeof d.base === "string" &&
    typeof d.saved === "number"
  );
}

/** Every kept draft, newest first. What cannot be read is left out. */
export function listDrafts(): readonly SavedDraft[] {
  try {
    const all: unknown = JSON.parse(load(KEY) ?? "[]");
    return Array.isArray(all) ? all.filter(isDraft).sort((a, b) => b.saved - a.saved) : [];
  } catch {
    return [];
  }
}

function write(drafts: readonly SavedDraft[]): void {
  store(KEY, JSON.stringify(drafts.slice(0, MOST)));
}

/** What this tab showed last: a draft, kept or not, and what it came from. */
function shownHere(): { id: string; base: string } | null {
  const [id, base] = load(TAB, "sessionStorage")?.split(" ") ?? [];
  return id === undefined || base === undefined ? null : { id, base };
}

/** Whether the tab showed this draft before a reload, so that nobody need be told where it comes from. */
export function wasHere(draft: Draft): boolean {
  return shownHere()?.id === draft.id;
}

/**
 * The draft to open for `base`: the one this tab was writing, else the newest made from it; for an empty base the
 * newest of all. Null where the tab showed `base` itself, without changes.
 */
export function findDraft(base: string): SavedDraft | null {
  const all = listDrafts();
  const here = shownHere();
  const own = all.find((draft) => draft.id === here?.id);
  if (own && (base === "" || own.base === base)) return own;
  if (base === "") return all[0] ?? null;
  if (here?.base === base) return null;
  return all.find((draft) => draft.base === base) ?? null;
}

/** This tab's view of the drafts: saves one, and takes a new id when another tab saved the same draft since. */
export class DraftKeeper {
  private known = new Map<string, number>();

  /** Notes that this tab now shows `draft`. */
  enter(draft: Draft): void {
    store(TAB, `${draft.id} ${draft.base}`, "sessionStorage");
  }

  /** Notes that this tab shows `draft` as it is stored. */
  adopt(draft: SavedDraft): void {
    this.known.set(draft.id, draft.saved);
    this.enter(draft);
  }

  /** Keeps the draft; returns it under the id it was kept with. */
  save(draft: Draft, now = Date.now()): Draft {
    const all = listDrafts();
    const stored = all.find((one) => one.id === draft.id);
    const taken = stored !== undefined && this.known.get(draft.id) !== stored.saved;
    const id = taken ? newDraftId() : draft.id;
    const saved = { ...draft, id, saved: now };
    this.adopt(saved);
    write([saved, ...all.filter((one) => one.id !== id)]);
    return taken ? { ...draft, id } : draft;
  }

  /** Forgets a draft that is now the same as what it came from, or was shared. */
  drop(id: string): void {
    this.known.delete(id);
    write(listDrafts().filter((one) => one.id !== id));
  }
}
