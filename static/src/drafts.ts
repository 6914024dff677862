/**
 * Drafts in localStorage: what was typed and not shared survives a reload, and no tab or link ever overwrites it. Each
 * has an entry of its own, so that tabs with different drafts never write over each other's.
 */
import { readBoard, sameBoard } from "./board";
import { readData, sameData } from "./data/kept";
import { keys, load, store } from "./storage";
import type { Draft } from "./store";

/** A kept draft; `saved` is in milliseconds since 1970, and greater with every save of the same draft. */
export interface SavedDraft extends Draft {
  readonly saved: number;
}

const KEY = "playground.draft/";
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

/** What is kept under `id`; what cannot be read counts as nothing. */
function read(id: string): SavedDraft | null {
  try {
    const kept: unknown = JSON.parse(load(KEY + id) ?? "null");
    return isDraft(kept) && kept.id === id
      ? { ...kept, board: readBoard(kept.board), data: readData(kept.data) }
      : null;
  } catch {
    return null;
  }
}

/** Every kept draft, newest first. What cannot be read is left out. */
export function listDrafts(): readonly SavedDraft[] {
  const all = keys(KEY).map((key) => read(key.slice(KEY.length)));
  return all.filter((draft) => draft !== null).sort((a, b) => b.saved - a.saved);
}

function alike(a: Draft, b: Draft): boolean {
  return (
    a.code === b.code &&
    a.title === b.title &&
    a.device === b.device &&
    a.seed === b.seed &&
    sameBoard(a.board, b.board) &&
    sameData(a.data, b.data)
  );
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
  /** Drafts as this tab saved or opened them last. */
  private known = new Map<string, SavedDraft>();

  /** Notes that this tab now shows `draft`. */
  enter(draft: Draft): void {
    store(TAB, `${draft.id} ${draft.base}`, "sessionStorage");
  }

  /** Notes that this tab shows `draft` as it is stored. */
  adopt(draft: SavedDraft): void {
    this.known.set(draft.id, draft);
    this.enter(draft);
  }

  /** Keeps the draft; returns it under the id it was kept with, another if a newer one of another tab has its own. */
  save(draft: Draft, now = Date.now()): Draft {
    const stored = read(draft.id);
    const known = this.known.get(draft.id);
    // A tab in which nothing was written since has nothing to keep, whatever the others did.
    if (stored && known && alike(known, draft)) return draft;
    const taken = stored !== null && stored.saved !== known?.saved;
    const id = taken ? newDraftId() : draft.id;
    const saved = { ...draft, id, saved: taken ? now : Math.max(now, (stored?.saved ?? 0) + 1) };
    this.adopt(saved);
    store(KEY + id, JSON.stringify(saved));
    for (const old of listDrafts().slice(MOST)) store(KEY + old.id, null);
    return taken ? { ...draft, id } : draft;
  }

  /** Forgets a draft that is now the same as what it came from, or was shared, unless another tab wrote on it. */
  drop(id: string): void {
    if (read(id)?.saved === this.known.get(id)?.saved) store(KEY + id, null);
    this.known.delete(id);
  }
}
