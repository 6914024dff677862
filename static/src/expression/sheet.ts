/** A program as the expression bar shows it: its inputs, its lines, and what is left to the code. Read from its text. */
import { type Input, readInput } from "./inputs";
import {
  childrenOf,
  dotted,
  hasError,
  parse,
  type Stretch,
  type SyntaxNode,
  variablesIn,
  walk,
} from "./syntax";

interface Common {
  /** The lines of the program that it covers, with the end of the last. */
  readonly whole: Stretch;
  /** 1-based. */
  readonly line: number;
  readonly lastLine: number;
}

/** `a = torch.tensor(0.5, requires_grad=True)` */
export interface InputEntry extends Common {
  readonly kind: "input";
  readonly name: string;
  readonly value: Stretch;
  readonly input: Input;
}

/** `y = torch.sin(a)`, or without a name. */
export interface LineEntry extends Common {
  readonly kind: "line";
  /** Empty for an expression without a name. */
  readonly name: string;
  readonly value: Stretch;
  readonly uses: readonly string[];
}

/** `y.sum().backward()`, or `p[0].sum().backward()` */
export interface ClosingEntry extends Common {
  readonly kind: "closing";
  readonly name: string;
  /** `[0]`, or empty for all of it. */
  readonly part: string;
  readonly at: Stretch;
}

/** What the bar does not show. */
export interface CodeEntry extends Common {
  readonly kind: "code";
  /** `a loop`, within a sentence; empty for what nobody needs to be told of. */
  readonly what: string;
  readonly binds: readonly string[];
  readonly uses: readonly string[];
}

export type Entry = InputEntry | LineEntry | ClosingEntry | CodeEntry;

export interface Sheet {
  readonly text: string;
  readonly entries: readonly Entry[];
  /** What a name stands for by its import: `F` -> `torch.nn.functional`. */
  readonly imports: ReadonlyMap<string, string>;
  /** Where a further import goes. */
  readonly afterImports: number;
  /** Names that the program gives to something, and what does so last. */
  readonly bound: ReadonlyMap<string, Entry>;
}

const WHATS: Readonly<Record<string, string>> = {
  ForStatement: "a loop",
  WhileStatement: "a loop",
  IfStatement: "a branch",
  FunctionDefinition: "a function",
  ClassDefinition: "a class",
  DecoratedStatement: "a definition",
  WithStatement: "a with block",
  TryStatement: "a try block",
  UpdateStatement: "a change in place",
  DeleteStatement: "a del",
  AssertStatement: "an assert",
  StatementGroup: "several statements on one line",
};

/** What an expression must not have in it to be a line of the bar. */
const FOREIGN =
  /^(String|FormatString|ContinuedString|Lambda|LambdaExpression|.*Comprehension.*|DictionaryExpression|SetExpression|NamedExpression|AwaitExpression|YieldExpression|ConditionalExpression)$/;

export function torchNames(imports: ReadonlyMap<string, string>): ReadonlySet<string> {
  return new Set([...imports].filter(([, of]) => of === "torch").map(([name]) => name));
}

export function readSheet(text: string): Sheet {
  const top = parse(text).topNode;
  const entries: Entry[] = [];
  const imports = new Map<string, string>();
  const bound = new Map<string, Entry>();
  let afterImports = 0;
  const lineAt = lineCounter(text);
  for (const node of childrenOf(top)) {
    if (node.name === "Comment" || node.type.isError) continue;
    const whole = linesOf(text, node);
    const place = {
      whole,
      line: lineAt(node.from),
      lastLine: lineAt(Math.max(node.from, lastOf(text, node))),
    };
    if (node.name === "ImportStatement") {
      for (const [name, of] of importsOf(text.slice(node.from, node.to))) imports.set(name, of);
      afterImports = whole.to;
      continue;
    }
    const entry = entryOf(node, text, place, torchNames(imports));
    for (const name of bindsOf(entry)) bound.set(name, entry);
    entries.push(entry);
  }
  return { text, entries, imports, afterImports, bound };
}

export function bindsOf(entry: Entry): readonly string[] {
  if (entry.kind === "code") return entry.binds;
  if (entry.kind === "closing") return [];
  return entry.name ? [entry.name] : [];
}

export function usesOf(entry: Entry): readonly string[] {
  if (entry.kind === "closing") return [entry.name];
  return entry.kind === "input" ? [] : entry.uses;
}

function entryOf(node: SyntaxNode, text: string, place: Common, torch: ReadonlySet<string>): Entry {
  const code = (what: string): CodeEntry => {
    const [binds, uses] = namesOf(node, text);
    return { kind: "code", ...place, what, binds, uses };
  };
  if (hasError(node)) return code("not Python yet");
  if (node.name === "ExpressionStatement") {
    const value = node.firstChild;
    const closing = /^([A-Za-z_]\w*)(\[0\])?(\.sum\(\))?\.backward\(\)$/.exec(
      text.slice(node.from, node.to).trim(),
    );
    const name = closing?.[1];
    if (name)
      return {
        kind: "closing",
        ...place,
        name,
        part: closing[2] ?? "",
        at: { from: node.from, to: endOf(text, node) },
      };
    if (!value || isForeign(value)) return code("");
    if (value.name === "CallExpression") {
      const called = value.firstChild ? dotted(value.firstChild, text) : "";
      if (called === "print") return code("");
      if (!torch.has(called.split(".")[0] ?? "")) return code("a call");
    }
    return { kind: "line", ...place, name: "", value: stretch(text, value), uses: variablesIn(value, text) };
  }
  if (node.name !== "AssignStatement") return code(WHATS[node.name] ?? "other code");
  const parts = childrenOf(node);
  const [target, assign, value, ...more] = parts;
  if (target?.name !== "VariableName") return code("a change in place");
  if (assign?.name !== "AssignOp")
    return code(assign?.name === "TypeDef" ? "a name with a type" : "several names at once");
  if (!value || more.some((one) => one.name !== "Comment")) return code("several names at once");
  const name = text.slice(target.from, target.to);
  const input = readInput(value, text, torch);
  if (input) return { kind: "input", ...place, name, value: stretch(text, value), input };
  if (isForeign(value)) return code("other code");
  return { kind: "line", ...place, name, value: stretch(text, value), uses: variablesIn(value, text) };
}

function isForeign(node: SyntaxNode): boolean {
  let found = false;
  walk(node, (one) => {
    found ||= FOREIGN.test(one.name);
  });
  return found;
}

/** What code binds, and the variables it speaks of. */
function namesOf(node: SyntaxNode, text: string): [string[], string[]] {
  const binds = new Set<string>();
  walk(node, (one) => {
    if (/^(FunctionDefinition|ClassDefinition)$/.test(one.name)) {
      const name = one.getChild("VariableName");
      if (name) binds.add(text.slice(name.from, name.to));
    }
    if (!/^(AssignStatement|UpdateStatement|ForStatement)$/.test(one.name)) return;
    for (const part of childrenOf(one)) {
      if (/^(AssignOp|UpdateOp|in)$/.test(part.name)) break;
      if (part.name === "VariableName") binds.add(text.slice(part.from, part.to));
      else if (part.name === "TupleExpression") for (const name of variablesIn(part, text)) binds.add(name);
    }
  });
  return [[...binds], variablesIn(node, text)];
}

/** `1.` ends after its point, which the parser does not see. */
function endOf(text: string, node: SyntaxNode): number {
  return text[node.to] === "." && /\d/.test(text[node.to - 1] ?? "") ? node.to + 1 : node.to;
}

function stretch(text: string, node: SyntaxNode): Stretch {
  return { from: node.from, to: endOf(text, node) };
}

/** The last character of a statement that is more than white space. */
function lastOf(text: string, node: SyntaxNode): number {
  return node.from + text.slice(node.from, node.to).trimEnd().length - 1;
}

function linesOf(text: string, node: SyntaxNode): Stretch {
  const from = text.lastIndexOf("\n", node.from - 1) + 1;
  const end = text.indexOf("\n", lastOf(text, node));
  return { from, to: end < 0 ? text.length : end + 1 };
}

/** Counts lines forwards, so that asking for each statement costs one pass in all. */
function lineCounter(text: string): (at: number) => number {
  let [line, seen] = [1, 0];
  return (at) => {
    if (at < seen) [line, seen] = [1, 0];
    for (let next = text.indexOf("\n", seen); next >= 0 && next < at; next = text.indexOf("\n", seen)) {
      line++;
      seen = next + 1;
    }
    return line;
  };
}

function importsOf(statement: string): [string, string][] {
  const from = /^from\s+([\w.]+)\s+import\s+\(?([\s\S]+?)\)?$/.exec(statement);
  const parts = (from ? (from[2] ?? "") : statement.replace(/^import\s+/, "")).split(",");
  return parts.flatMap((part): [string, string][] => {
    const [, path, as] = /^\s*([\w.]+)(?:\s+as\s+(\w+))?\s*$/.exec(part) ?? [];
    if (!path) return [];
    const whole = from ? `${from[1]}.${path}` : path;
    if (as) return [[as, whole]];
    return from ? [[path, whole]] : [[path.split(".")[0] ?? "", path.split(".")[0] ?? ""]];
  });
}

/** Stretches of code that the bar leaves out, those that follow each other as one: `lines 8-14 are a loop`. */
export interface Left {
  readonly line: number;
  readonly lastLine: number;
  readonly text: string;
}

export function leftOut(sheet: Sheet): Left[] {
  const found: { line: number; lastLine: number; whats: string[]; index: number }[] = [];
  sheet.entries.forEach((entry, index) => {
    if (entry.kind !== "code" || !entry.what) return;
    const last = found.at(-1);
    if (last && last.index === index - 1) {
      last.lastLine = entry.lastLine;
      last.index = index;
      if (!last.whats.includes(entry.what)) last.whats.push(entry.what);
    } else found.push({ line: entry.line, lastLine: entry.lastLine, whats: [entry.what], index });
  });
  return found.map(({ line, lastLine, whats }) => {
    const where = line === lastLine ? `Line ${line} is` : `Lines ${line}–${lastLine} are`;
    const what = whats.length > 2 ? "other code" : whats.join(" and ");
    return { line, lastLine, text: `${where} ${what}` };
  });
}
