/**
 * Edits of the program by its blocks. An edit is made of a text and what it was read as; while a newer text is still being
 * read, edits wait, and are made of that reading when it comes.
 */
import type { Moves } from "../board";
import type { Edit } from "../document";
import { getReading, readNow, watchReading } from "../document/read";
import { editText } from "../editor/edits";
import type * as wire from "../protocol.gen";
import { update } from "../store";
import { getPalette } from "./palette";
import { focusBlock, say, setView } from "./state";

export interface Current {
  readonly text: string;
  readonly document: wire.Document;
  /** The block that has a key now, or had it before an edit that gave it another. */
  readonly block: (key: string) => wire.Block | undefined;
}

interface Job {
  /** The edit, made for the program as it is by then; null if there is nothing to do any more. */
  readonly make: (current: Current) => Edit | null;
  /** What is read out when it is done. */
  readonly done?: string;
  /** The blocks it is about are selected then, and have the focus. */
  readonly focus?: boolean;
  /** What is done next, given the keys of the blocks that the edit is about. */
  readonly next?: (keys: readonly string[]) => void;
  /** Where blocks are put, given the keys of those that the edit is about. */
  readonly spots?: (keys: readonly string[]) => Moves;
}

type Writer = typeof import("../document");

/** What makes the edits: as large as all that draws the blocks, and not needed for looking at them. */
let writer: Writer | null = null;

/** Asks for it; edits wait until it is there. */
export function loadWriter(): void {
  if (!writer)
    void import("../document").then((loaded) => {
      writer = loaded;
      work();
    });
}

/** Null while it is on its way. */
export function getWriter(): Writer | null {
  return writer;
}

const waiting: Job[] = [];
/** Keys that edits have changed since the queue was last empty. */
const renamed = new Map<string, string>();
/** Keys to select when the program has been read again. */
let select: readonly string[] | null = null;
/** Whether what is selected was put somewhere by the person. */
let placed = false;
let unwatch: (() => void) | undefined;

/** Where everything lies that the person has not moved, so that an edit keeps it there. */
let settled: () => Moves = () => ({});

export function keepPlaces(places: () => Moves): void {
  settled = places;
}

function resolve(document: wire.Document, key: string): wire.Block | undefined {
  for (let at: string | undefined = key, i = 0; at !== undefined && i < 50; at = renamed.get(at), i++) {
    const found = document.blocks.find((block) => block.key === at);
    if (found) return found;
  }
  return undefined;
}

/** Makes an edit as soon as the program as it is has been read. */
export function request(make: Job["make"], more: Omit<Job, "make"> = {}): void {
  waiting.push({ make, ...more });
  setView({ waiting: waiting.length });
  unwatch ??= watchReading(work);
  loadWriter();
  work();
}

/** Says why something is not done. */
export function refuse(words: string): void {
  update({ toast: words });
  say(words);
}

function work(): void {
  const reading = getReading();
  if (reading.problem) {
    if (waiting.length)
      refuse(`The blocks cannot change the program while its text cannot be read. ${reading.problem}`);
    waiting.length = 0;
  }
  const { document, text } = reading;
  if (document && reading.current) {
    if (select) {
      const keys = select.flatMap((key) => resolve(document, key)?.key ?? []);
      select = null;
      if (keys[0]) focusBlock(keys[0], new Set(keys), !placed);
    }
    const job = writer ? waiting.shift() : undefined;
    if (job && writer) {
      take(writer, job, { text, document, block: (key) => resolve(document, key) });
      setView({ waiting: waiting.length });
      // One that changed nothing leaves the reading current.
      if (waiting.length && getReading().current) work();
      return;
    }
  }
  if (waiting.length) return;
  setView({ waiting: 0 });
  if (select) return;
  renamed.clear();
  unwatch?.();
  unwatch = undefined;
}

function take({ apply }: Writer, job: Job, current: Current): void {
  const edit = job.make(current);
  if (!edit) return;
  const result = apply(current.text, current.document, edit, getPalette());
  if ("refusal" in result) {
    refuse(result.refusal);
    return;
  }
  for (const [old, now] of Object.entries(result.keys)) renamed.set(old, now);
  const moves = { ...settled(), ...job.spots?.(result.select) };
  if (job.focus) [select, placed] = [result.select, job.spots !== undefined];
  editText(result.text, { spots: result.text === current.text ? {} : moves });
  if (job.done) say(job.done);
  job.next?.(result.select);
  readNow();
}

/** Why an edit would be refused; empty if it would be made, or if that is not known yet. */
export function whyNot(make: Job["make"]): string {
  const { document, text, current } = getReading();
  if (!document || !current || !writer) return "";
  const edit = make({ text, document, block: (key) => resolve(document, key) });
  if (!edit) return "";
  const result = writer.apply(text, document, edit, getPalette());
  return "refusal" in result ? result.refusal : "";
}
