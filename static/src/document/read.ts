/** The program as the server reads it: asked for while somebody looks, a moment after the text has changed. */
import { useSyncExternalStore } from "react";
import { type DraftData, MOST_SHARED, userData } from "../data/kept";
import type * as wire from "../protocol.gen";
import { ask } from "../socket";
import { getState, subscribe } from "../store";

/** How long typing must rest, in milliseconds. */
const REST_MS = 120;
/** After which an answer is no longer waited for. */
const PATIENCE_MS = 10_000;

export interface Reading {
  /** The newest text that could be read, and what it is made of. */
  readonly text: string;
  readonly document: wire.Document | null;
  /** Whether that is the text as it is now. */
  readonly current: boolean;
  /** Why the text as it is now is not what `document` is of, in a sentence; its line, or 0. */
  readonly problem: string;
  readonly line: number;
}

const NOTHING_READ: Reading = { text: "", document: null, current: false, problem: "", line: 0 };

let reading: Reading = NOTHING_READ;
const listeners = new Set<() => void>();
/** The question that is out, and the text it is about. */
let asked: { readonly run: string; readonly text: string } | null = null;
/** The newest text that an answer came for, whatever it was. */
let answered: string | null = null;
let rest: ReturnType<typeof setTimeout> | undefined;
let patience: ReturnType<typeof setTimeout> | undefined;
let counted = 0;
let draft = "";
let undo: (() => void) | undefined;

function set(change: Partial<Reading>): void {
  const next = { ...reading, ...change };
  if ((Object.keys(next) as (keyof Reading)[]).every((key) => Object.is(next[key], reading[key]))) return;
  reading = next;
  for (const listener of [...listeners]) listener();
}

export function getReading(): Reading {
  return reading;
}

/** Reads the program for as long as `listener` is there to be told; returns what ends that. */
export function watchReading(listener: () => void): () => void {
  listeners.add(listener);
  if (listeners.size === 1) {
    undo = subscribe(follow);
    follow();
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size) return;
    undo?.();
    clearTimeout(rest);
    clearTimeout(patience);
    asked = null;
  };
}

export function useReading(): Reading {
  return useSyncExternalStore(watchReading, getReading);
}

/** Reads what was just written without waiting for more. */
export function readNow(): void {
  if (!listeners.size) return;
  clearTimeout(rest);
  question();
}

let seen = "";
let seenTable: DraftData | undefined;
let connected = false;

function follow(): void {
  const state = getState();
  const { code, id, data } = state.draft;
  const open = state.connection === "open";
  const returned = open && !connected;
  connected = open;
  if (returned) {
    // What was asked before the connection broke is answered by nobody.
    asked = null;
    if (answered !== code) question();
  }
  if (id !== draft) {
    draft = id;
    answered = null;
    set({ ...NOTHING_READ });
    seen = code;
    seenTable = data;
    clearTimeout(rest);
    question();
    return;
  }
  if (data !== seenTable) {
    // The same text about another table has other shapes.
    seenTable = data;
    if (asked === null && answered === code) answered = null;
    clearTimeout(rest);
    rest = setTimeout(question, REST_MS);
  }
  if (code === seen) return;
  seen = code;
  set({ current: reading.document !== null && reading.text === code });
  clearTimeout(rest);
  rest = setTimeout(question, REST_MS);
}

/** The person's table, where the program's shapes hang on it and it is small enough to go along each time. */
function tableFor(code: string): wire.UserData | null {
  const { data } = getState().draft;
  const used = /\bdata\s*\.\s*(X|y|columns|classes)|from\s+data\s+import/.test(code);
  return data && used && data.bytes <= MOST_SHARED ? userData(data) : null;
}

function question(): void {
  const { code } = getState().draft;
  if (asked?.text === code || answered === code) return;
  const run = `read.${Date.now().toString(36)}.${++counted}`;
  const data = tableFor(code);
  if (!ask({ type: "parse", run, code, ...(data && { data }) }, (event) => take(run, code, event))) return;
  asked = { run, text: code };
  clearTimeout(patience);
  patience = setTimeout(() => {
    if (asked?.run !== run) return;
    asked = null;
    set({
      problem: "The server does not say what the program is made of. Change something to ask again.",
      line: 0,
    });
  }, PATIENCE_MS);
}

function take(run: string, text: string, event: wire.Event): void {
  // A newer question is out, and that one's answer counts.
  if (asked?.run !== run) return;
  if (event.type === "document") {
    answered = text;
    const current = text === getState().draft.code;
    if (event.problem) set({ current: false, problem: event.problem, line: event.line });
    else set({ text, document: event, current, problem: "", line: 0 });
  } else if (event.type === "error") {
    answered = text;
    set({ current: false, problem: event.message, line: event.line });
  } else if (event.type === "finished") {
    asked = null;
    clearTimeout(patience);
    if (answered !== text) {
      answered = text;
      set({ current: false, problem: event.message || "The program could not be read.", line: 0 });
    }
    // The text went back to what had been read before, while this one was.
    if (getState().draft.code !== text) question();
  }
}
