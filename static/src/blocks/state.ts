/** How the blocks are looked at: what is open, selected, about to be connected. The program itself is only in its text. */
import { useSyncExternalStore } from "react";
import type * as wire from "../protocol.gen";
import { getState, subscribe } from "../store";
import type { Flow } from "./boxes";

/** A wire that is being made with the keyboard. */
export interface Linking {
  /** Key of the block it starts from, and which of its outputs. */
  readonly from: string;
  readonly output: number;
  /** Where it could go, best first, and which of them is chosen. */
  readonly targets: readonly Target[];
  readonly at: number;
}

export interface Target {
  readonly key: string;
  readonly argument: number;
  readonly name: string;
  /** Why it cannot go there. */
  readonly refusal: string;
}

/** The palette as a sheet: where what is chosen is put, and what is connected to it. */
export interface Adding {
  readonly at: wire.Spot | null;
  /** The frame that spot is in, by key; empty: the program. */
  readonly frame: string;
  readonly from: { readonly key: string; readonly output: number } | null;
}

export interface View {
  readonly draft: string;
  /** Null until the program was first drawn. */
  readonly flow: Flow | null;
  readonly closed: ReadonlySet<string>;
  readonly expanded: ReadonlySet<string>;
  readonly selected: ReadonlySet<string>;
  /** Wires that are selected, by id. */
  readonly wires: ReadonlySet<string>;
  /** Whether wires say value and gradient without being pointed at. */
  readonly numbers: boolean;
  /** The one block that Tab comes to. */
  readonly current: string;
  /** Counts how often the focus was asked to go there. */
  readonly focused: number;
  /** Whether it is then brought into view; what was dropped with the mouse is where the person wants it. */
  readonly revealed: boolean;
  readonly linking: Linking | null;
  readonly adding: Adding | null;
  /** The block whose name is written. */
  readonly renaming: string;
  /** Read out, not shown. */
  readonly said: string;
  /** Edits that wait for the program to be read. */
  readonly waiting: number;
}

const FIRST: View = {
  draft: "",
  flow: null,
  closed: new Set(),
  expanded: new Set(),
  selected: new Set(),
  wires: new Set(),
  numbers: true,
  current: "",
  focused: 0,
  revealed: true,
  linking: null,
  adding: null,
  renaming: "",
  said: "",
  waiting: 0,
};

let view: View = FIRST;
const listeners = new Set<() => void>();

export function getView(): View {
  return view;
}

export function setView(change: Partial<View>): void {
  const next = { ...view, ...change };
  if ((Object.keys(change) as (keyof View)[]).every((key) => Object.is(view[key], next[key]))) return;
  view = next;
  for (const listener of [...listeners]) listener();
}

export function subscribeView(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useView<T>(select: (view: View) => T): T {
  return useSyncExternalStore(subscribeView, () => select(view));
}

/** Brings the focus to a block, and selects it. */
export function focusBlock(
  key: string,
  selected: ReadonlySet<string> = new Set([key]),
  revealed = true,
): void {
  setView({ current: key, selected, wires: new Set(), focused: view.focused + 1, revealed });
}

/** Reads something out; the same words twice are read twice. */
export function say(words: string): void {
  setView({ said: view.said === words ? `${words}\u00a0` : words });
}

export function toggled(set: ReadonlySet<string>, key: string, on = !set.has(key)): ReadonlySet<string> {
  const next = new Set(set);
  if (on) next.add(key);
  else next.delete(key);
  return next;
}

function follow(): void {
  const { id } = getState().draft;
  if (view.draft !== id) setView({ ...FIRST, draft: id });
}

// With another program begins another view.
follow();
subscribe(follow);
