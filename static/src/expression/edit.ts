/** Edits of the bar, as edits of the program's text: what is not touched keeps its letters. */
import { type Change, newInput, shapeOf, splice } from "./inputs";
import { type Guess, guessKinds } from "./kinds";
import {
  bindsOf,
  type ClosingEntry,
  type Entry,
  type InputEntry,
  type LineEntry,
  readSheet,
  type Sheet,
  usesOf,
} from "./sheet";
import type { Stretch } from "./syntax";
import { type Around, type Code, type Functions, type Mistake, toCode, toShown } from "./translate";

/** Names for lines that nobody has named. */
const NAMES = ["y", "z", "u", "v", "w", "p", "q", "r", "s"];

export function around(sheet: Sheet, functions: Functions): Around {
  return { functions, imports: sheet.imports, bound: new Set(sheet.bound.keys()) };
}

/** A line as the bar shows it: `p = softmax(W @ x + b)`. */
export function shownLine(sheet: Sheet, entry: LineEntry, functions: Functions): string {
  const code = sheet.text.slice(entry.value.from, entry.value.to);
  const shown = toShown(code, around(sheet, functions));
  return entry.name ? `${entry.name} = ${shown}` : shown;
}

export interface Written {
  readonly text: string;
  /** What the line is called. */
  readonly name: string;
  /** Inputs that were made for it. */
  readonly made: readonly string[];
  readonly note: string;
}

/** What is said about a line that does not become one. */
export type Result = Written | { readonly mistake: Mistake };

/** Whether what was written is understood, and what it needs; nothing is changed. */
export function understand(
  sheet: Sheet,
  shown: string,
  functions: Functions,
  before: LineEntry | null,
): Code | { mistake: Mistake } {
  const known = around(sheet, functions);
  const bound = new Set(known.bound);
  // Its own name is its own to need only where something else gave it before.
  if (before?.name && !boundBefore(sheet, before)) bound.delete(before.name);
  const code = toCode(shown, { ...known, bound });
  if ("mistake" in code || !code.uses.length) return code;
  const cycle = cycleOf(sheet, code, before);
  if (!cycle) return code;
  const at = Math.max(0, shown.search(new RegExp(`\\b${cycle}\\b(?!\\s*=[^=])`)));
  const message = `${cycle} needs ${code.target || before?.name} itself, so one of them has to do without the other.`;
  return { mistake: { from: at, to: at + cycle.length, message } };
}

function boundBefore(sheet: Sheet, entry: Entry): boolean {
  const name = bindsOf(entry)[0] ?? "";
  return sheet.entries.slice(0, sheet.entries.indexOf(entry)).some((one) => bindsOf(one).includes(name));
}

/** Makes what was written the text of a line, or of a new one, with the inputs that it needs. */
export function writeLine(
  text: string,
  shown: string,
  functions: Functions,
  at: number | null,
  shapes: ReadonlyMap<string, readonly number[]> = new Map(),
): Result {
  const sheet = readSheet(text);
  const found = at === null ? null : sheet.entries[at];
  const before = found?.kind === "line" ? found : null;
  const code = understand(sheet, shown, functions, before);
  if ("mistake" in code) return code;
  const name = code.target || before?.name || freshName(sheet, code);
  const replaced = before ?? (code.uses.includes(name) ? null : replaceable(sheet, name));
  const line = `${name} = ${code.code}`;
  let next = text;
  if (replaced) {
    const written = toShownOf(sheet, replaced, functions);
    // What says the same keeps its letters.
    if (!(before && before.name === name && written === code.code))
      next = splice(text, { at: { from: startOf(text, replaced), to: replaced.value.to }, insert: line });
    if (before?.name && before.name !== name) next = renameUses(next, before.name, name);
  } else next = insertLine(sheet, line);
  next = reorder(next, name);
  const needed = code.free.map((one) => one.name);
  next = addInputs(next, name, code.code, needed, shapes);
  next = withImport(next);
  // Gradients come from what nothing else is made of.
  if (!before && !readSheet(next).entries.some((one) => one.kind === "line" && one.uses.includes(name)))
    next = close(next, name);
  return { text: next, name, made: needed, note: code.note };
}

function toShownOf(sheet: Sheet, entry: LineEntry | InputEntry, functions: Functions): string {
  if (entry.kind === "input") return "";
  const shown = shownLine(sheet, entry, functions);
  const code = toCode(shown, {
    ...around(sheet, functions),
    bound: new Set([...sheet.bound.keys()].filter((one) => one !== entry.name)),
  });
  return "mistake" in code ? "" : code.code;
}

/** Where a statement begins, after its indentation. */
function startOf(text: string, entry: Entry): number {
  const { from, to } = entry.whole;
  return from + (text.slice(from, to).length - text.slice(from, to).trimStart().length);
}

function freshName(sheet: Sheet, code: Code): string {
  const taken = new Set([
    ...sheet.bound.keys(),
    ...sheet.imports.keys(),
    ...code.free.map((one) => one.name),
  ]);
  for (const name of NAMES) if (!taken.has(name)) return name;
  for (let i = 1; ; i++) if (!taken.has(`y${i}`)) return `y${i}`;
}

/** An input that a line of the same name takes the place of. */
function replaceable(sheet: Sheet, name: string): InputEntry | null {
  const entry = sheet.bound.get(name);
  return entry?.kind === "input" ? entry : null;
}

/** A new line goes before the closing one, or to the end. */
function insertLine(sheet: Sheet, line: string): string {
  const { text } = sheet;
  const closing = sheet.entries.find((one) => one.kind === "closing");
  const at = closing ? closing.whole.from : text.length;
  const before = text.slice(0, at);
  const gap = before === "" || before.endsWith("\n") ? "" : "\n";
  return `${before}${gap}${line}\n${text.slice(at)}`;
}

function renameUses(text: string, from: string, to: string): string {
  const sheet = readSheet(text);
  const closing = sheet.entries.find(
    (one): one is ClosingEntry => one.kind === "closing" && one.name === from,
  );
  if (!closing || sheet.bound.has(from)) return text;
  return splice(text, { at: { from: closing.at.from, to: closing.at.from + from.length }, insert: to });
}

/** A name that comes round to what the line itself defines, or an empty string. */
function cycleOf(sheet: Sheet, code: Code, before: LineEntry | null): string {
  const target = code.target || before?.name || "";
  if (!target) return "";
  const start = before ? sheet.entries.indexOf(before) : sheet.entries.length;
  for (const name of code.uses) {
    if (name === target) continue;
    const needs = needed(sheet, name, start);
    if (needs === null) continue;
    for (const index of needs) {
      const entry = sheet.entries[index];
      if (entry && usesOf(entry).includes(target)) return name;
    }
  }
  return "";
}

/** The entries after `start` that give `name` and what it needs; null where something gives it before. */
function needed(sheet: Sheet, name: string, start: number, seen = new Set<number>()): Set<number> | null {
  if (sheet.entries.slice(0, start).some((one) => bindsOf(one).includes(name))) return null;
  const index = sheet.entries.findIndex((one, i) => i > start && bindsOf(one).includes(name));
  const entry = sheet.entries[index];
  if (!entry || seen.has(index)) return seen;
  seen.add(index);
  for (const use of usesOf(entry)) needed(sheet, use, start, seen);
  return seen;
}

/** Moves what a line needs and what stands after it to before it. */
function reorder(text: string, name: string): string {
  const sheet = readSheet(text);
  const start = sheet.entries.findIndex((one) => one.kind === "line" && one.name === name);
  const entry = sheet.entries[start];
  if (!entry) return text;
  const moved = new Set<number>();
  for (const use of usesOf(entry)) for (const one of needed(sheet, use, start) ?? []) moved.add(one);
  if (!moved.size) return text;
  const order = [...moved].sort((a, b) => a - b).map((index) => sheet.entries[index] as Entry);
  if (order.some((one) => one.kind === "code")) return text;
  const pieces = order
    .map(({ whole }) => text.slice(whole.from, whole.to))
    .map((one) => (one.endsWith("\n") ? one : `${one}\n`));
  let next = text;
  for (const { whole } of [...order].reverse()) next = next.slice(0, whole.from) + next.slice(whole.to);
  return next.slice(0, entry.whole.from) + pieces.join("") + next.slice(entry.whole.from);
}

/** The shapes of the inputs that the text says, and of what is known from elsewhere. */
export function shapesOf(
  sheet: Sheet,
  more: ReadonlyMap<string, readonly number[]>,
): Map<string, readonly number[]> {
  const found = new Map(more);
  for (const entry of sheet.entries) {
    const shape = entry.kind === "input" ? shapeOf(entry.input) : null;
    if (entry.kind === "input" && shape) found.set(entry.name, shape);
  }
  return found;
}

function addInputs(
  text: string,
  line: string,
  expression: string,
  names: readonly string[],
  shapes: ReadonlyMap<string, readonly number[]>,
): string {
  if (!names.length) return text;
  const sheet = readSheet(text);
  const guesses = guessKinds(expression, names, shapesOf(sheet, shapes));
  const first = sheet.entries.findIndex((one) => one.kind === "line" && one.name === line);
  const entry = sheet.entries[first];
  // After the inputs that are there already.
  let at = entry?.whole.from ?? text.length;
  for (const one of sheet.entries.slice(0, first)) if (one.kind === "input") at = one.whole.to;
  const alias = [...sheet.imports].find(([, of]) => of === "torch")?.[0] ?? "torch";
  const lines = names.map((name) => {
    const { kind, shape } = guesses.get(name) as Guess;
    return `${name} = ${newInput(kind, shape, [], name).replaceAll("torch.", `${alias}.`)}\n`;
  });
  const gap = at > 0 && text[at - 1] !== "\n" ? "\n" : "";
  return text.slice(0, at) + gap + lines.join("") + text.slice(at);
}

function withImport(text: string): string {
  const sheet = readSheet(text);
  if (sheet.imports.has("torch") || !/\btorch\./.test(text)) return text;
  return `import torch\n\n${text.trimStart()}`;
}

/** Whether gradients can reach a line: it needs, however far back, an input that requires one, or code that might. */
export function reachesGradients(sheet: Sheet, name: string, seen = new Set<string>()): boolean {
  if (seen.has(name)) return false;
  seen.add(name);
  const entry = sheet.bound.get(name);
  if (!entry) return false;
  if (entry.kind === "input")
    return /requires_grad\s*=\s*True/.test(sheet.text.slice(entry.value.from, entry.value.to));
  if (entry.kind === "code") return true;
  return usesOf(entry).some((use) => reachesGradients(sheet, use, seen));
}

/** A last line so that gradients flow back from `name`, where the program has no backward of another kind. */
export function close(text: string, name: string): string {
  const sheet = readSheet(text);
  const closing = sheet.entries.filter((one): one is ClosingEntry => one.kind === "closing").at(-1);
  const statement = `${name}${partOf(sheet, name)}.sum().backward()`;
  if (closing) {
    if (closing.name === name || !reachesGradients(sheet, name)) return text;
    const moved = text.slice(0, closing.whole.from) + text.slice(closing.whole.to);
    const last = sheet.bound.get(name);
    if (last && last.whole.from > closing.whole.from) return `${endLine(moved)}${statement}\n`;
    return splice(text, { at: closing.at, insert: statement });
  }
  if (/\.backward\(|autograd\.grad\(/.test(text) || !reachesGradients(sheet, name)) return text;
  return `${endLine(text)}${statement}\n`;
}

/** The elements of a softmax always sum to one, so of their sum every gradient is zero: there it is the first one's. */
function partOf(sheet: Sheet, name: string): string {
  const entry = sheet.bound.get(name);
  const written = entry?.kind === "line" ? sheet.text.slice(entry.value.from, entry.value.to) : "";
  return /^[\w.]*\bsoftm(ax|in)\(.*\)$/s.test(written) ? "[0]" : "";
}

function endLine(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

/** The text with other stretches, from the last to the first. */
export function spliceAll(text: string, changes: readonly Change[]): string {
  return [...changes].sort((a, b) => b.at.from - a.at.from).reduce(splice, text);
}

/** The text without those of some inputs that nothing needs any more. */
export function withoutUnused(text: string, names: Iterable<string>): string {
  let next = text;
  for (const name of names) {
    const { entries } = readSheet(next);
    const index = entries.findIndex((one) => one.kind === "input" && one.name === name);
    if (index >= 0 && !entries.some((one) => usesOf(one).includes(name))) next = removeEntry(next, index);
  }
  return next;
}

/** The text without an entry; a closing line about it is about the line before it, or goes too. */
export function removeEntry(text: string, index: number): string {
  const sheet = readSheet(text);
  const entry = sheet.entries[index];
  if (!entry) return text;
  const name = bindsOf(entry)[0] ?? "";
  const without = cut(text, entry.whole);
  const left = readSheet(without);
  if (!name || left.bound.has(name)) return without;
  const closing = left.entries.find(
    (one): one is ClosingEntry => one.kind === "closing" && one.name === name,
  );
  if (!closing) return without;
  const last = left.entries
    .filter((one) => one.kind === "line" && one.name && reachesGradients(left, one.name))
    .at(-1);
  if (last?.kind !== "line") return cut(without, closing.whole);
  return splice(without, {
    at: { from: closing.at.from, to: closing.at.from + name.length },
    insert: last.name,
  });
}

function cut(text: string, { from, to }: Stretch): string {
  return text.slice(0, from) + text.slice(to);
}

/** Writes an input's right side anew, as another kind. */
export function setInput(text: string, index: number, value: string): string {
  const entry = readSheet(text).entries[index];
  return entry?.kind === "input" ? withImport(splice(text, { at: entry.value, insert: value })) : text;
}
