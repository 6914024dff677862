/** What blocks there are: the table of operations, layers, losses, optimizers and data, and how it is searched. */
import { useSyncExternalStore } from "react";
import type * as wire from "../protocol.gen";

export interface Parameter {
  readonly name: string;
  /** Whether a value of the program comes in here. */
  readonly wire?: boolean;
  readonly required?: boolean;
  /** As Python writes it. */
  readonly default?: string;
  readonly place?: "call" | "definition";
  /** Any number of tensors, which are the arguments `0`, `1`, ... of a block. */
  readonly list?: boolean;
  readonly choices?: readonly string[];
  readonly doc?: string;
}

export interface Entry {
  /** As `Block.type`. */
  readonly type: string;
  readonly kind: wire.Block["kind"];
  readonly section: string;
  readonly title: string;
  readonly doc: string;
  readonly parameters: readonly Parameter[];
  /** The names of its values; of most there is one, without a name. */
  readonly outputs?: readonly string[];
  /** Of an operator. */
  readonly symbol?: string;
}

export interface Section {
  readonly title: string;
  readonly entries: readonly Entry[];
}

/** The entries that hold every word of `text`, by section; in one that has any, those that begin with it come first. */
export function search(entries: readonly Entry[], text: string): readonly Section[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const sections = new Map<string, Entry[]>();
  for (const entry of entries) {
    const all =
      `${entry.title} ${entry.type} ${entry.section} ${entry.symbol ?? ""} ${entry.doc}`.toLowerCase();
    if (!words.every((word) => all.includes(word))) continue;
    const list = sections.get(entry.section);
    if (list) list.push(entry);
    else sections.set(entry.section, [entry]);
  }
  const found = [...sections].map(([title, list]) => ({ title, entries: list }));
  if (!words.length) return found;
  const rank = (entry: Entry) => rankOf(entry, words);
  for (const { entries } of found) entries.sort((a, b) => rank(a) - rank(b));
  const best = (section: Section) => Math.min(...section.entries.map(rank));
  return found.sort((a, b) => best(a) - best(b));
}

/** How well an entry's own name answers: 0 is the name itself. */
function rankOf(entry: Entry, words: readonly string[]): number {
  // Of what has the same name, the layer is meant rather than the function that it calls.
  const late =
    entry.section === "More" || /^nn\.functional\.|^F\./.test(entry.type)
      ? 0.5
      : entry.kind === "op"
        ? 0.25
        : 0;
  const text = words.join(" ");
  const names = [entry.title, entry.type, shortType(entry.type), entry.symbol ?? ""].map((name) =>
    name.toLowerCase(),
  );
  if (names.includes(text)) return late;
  if (names.some((name) => name.startsWith(text))) return 1 + late;
  return (names.some((name) => name.includes(words[0] ?? "")) ? 2 : 3) + late;
}

/** `sin` of `torch.sin`. */
export function shortType(type: string): string {
  return type.slice(type.lastIndexOf(".") + 1);
}

let entries: readonly Entry[] = [];
let byType: ReadonlyMap<string, Entry> = new Map();
let loading = false;
const listeners = new Set<() => void>();

function load(): void {
  if (loading || entries.length) return;
  loading = true;
  import("../palette.gen.json").then(
    ({ default: all }) => {
      entries = inOrder(all as unknown as { sections: string[]; entries: Entry[] });
      byType = new Map(entries.map((entry) => [entry.type, entry]));
      for (const listener of listeners) listener();
    },
    () => {
      loading = false;
    },
  );
}

function inOrder({
  sections,
  entries,
}: {
  sections: readonly string[];
  entries: readonly Entry[];
}): readonly Entry[] {
  const place = (entry: Entry) => sections.indexOf(entry.section) + 1 || sections.length + 1;
  return [...entries].sort((a, b) => place(a) - place(b));
}

/** The parameter an argument is of; of a list's elements the list. */
export function parameterOf(entry: Entry | undefined, name: string, place = "call"): Parameter | undefined {
  const own = entry?.parameters.filter((one) => (one.place ?? "call") === place);
  return (
    own?.find((one) => one.name === name) ?? (/^\d+$/.test(name) ? own?.find((one) => one.list) : undefined)
  );
}

/** The palette; empty until it is there. */
export function usePalette(): readonly Entry[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      load();
      return () => listeners.delete(listener);
    },
    () => entries,
  );
}

export function getPalette(): ReadonlyMap<string, Entry> {
  return byType;
}

export function entryOf(type: string): Entry | undefined {
  return byType.get(type);
}
