/** Python's syntax tree as the editor's parser makes it, and what both directions of the translation read off it. */
import { pythonLanguage } from "@codemirror/lang-python";

type Tree = ReturnType<typeof pythonLanguage.parser.parse>;
export type SyntaxNode = Tree["topNode"];

/** A stretch of a text: `text.slice(from, to)`. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The parser knows no `1.`; a blank in place of the point changes no position. */
export function parse(text: string): Tree {
  return pythonLanguage.parser.parse(text.replace(/(?<![\w.])(\d+)\.(?![\w.])/g, "$1 "));
}

export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) found.push(child);
  return found;
}

export function walk(node: SyntaxNode, visit: (node: SyntaxNode) => void): void {
  visit(node);
  for (let child = node.firstChild; child; child = child.nextSibling) walk(child, visit);
}

export function hasError(node: SyntaxNode): boolean {
  let found = false;
  walk(node, (one) => {
    found ||= one.type.isError;
  });
  return found;
}

/** An argument of a call: its value, and its name if it has one. */
export interface Argument {
  readonly name: string;
  readonly value: SyntaxNode;
}

/** The arguments of a call; null if one is starred. */
export function argumentsOf(call: SyntaxNode, text: string): Argument[] | null {
  const list = call.getChild("ArgList");
  if (!list) return null;
  const parts = childrenOf(list);
  const found: Argument[] = [];
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as SyntaxNode;
    if (part.name === "(" || part.name === ")" || part.name === "," || part.type.isError) continue;
    if (/^\*/.test(part.name)) return null;
    if (parts[i + 1]?.name === "AssignOp") {
      const value = parts[i + 2];
      if (!value) return null;
      found.push({ name: text.slice(part.from, part.to), value });
      i += 2;
    } else found.push({ name: "", value: part });
  }
  return found;
}

/** `torch.nn.functional.relu` as it is written, or an empty string for anything but names joined by points. */
export function dotted(node: SyntaxNode, text: string): string {
  if (node.name === "VariableName") return text.slice(node.from, node.to);
  if (node.name !== "MemberExpression") return "";
  const property = node.getChild("PropertyName");
  const object = node.firstChild;
  if (!property || !object) return "";
  const owner = dotted(object, text);
  return owner && `${owner}.${text.slice(property.from, property.to)}`;
}

/** Whether the name there is a variable, and not the name of an argument or of something else. */
export function isVariable(node: SyntaxNode): boolean {
  if (node.name !== "VariableName") return false;
  const inList = node.parent?.name === "ArgList" && node.nextSibling?.name === "AssignOp";
  return !inList;
}

/** The variables that an expression reads, in order, each once. */
export function variablesIn(node: SyntaxNode, text: string): string[] {
  const found = new Set<string>();
  walk(node, (one) => {
    if (isVariable(one)) found.add(text.slice(one.from, one.to));
  });
  return [...found];
}

/** A number as it is written, with its sign. */
export interface Literal extends Stretch {
  readonly value: number;
}

/** The number that is written there, `-0.5` and `1.` among them; null for anything else. */
export function literal(node: SyntaxNode, text: string): Literal | null {
  const to = text[node.to] === "." && !/[\w.]/.test(text[node.to + 1] ?? "") ? node.to + 1 : node.to;
  const written = text.slice(node.from, to);
  if (!/^[+-]?\s*(\d[\d_]*\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(written)) return null;
  const value = Number(written.replace(/[\s_]/g, ""));
  return Number.isFinite(value) ? { from: node.from, to, value } : null;
}

/** The distance of two words in letters put in, left out, replaced or swapped with their neighbours. */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min((row[j - 1] ?? 0) + 1, (last[j] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      row.push(least);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

function alike(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

/** The name that was most likely meant, or an empty string where none is near. */
export function nearest(word: string, names: Iterable<string>): string {
  let best = "";
  let least = Math.max(1, Math.floor(word.length / 3)) + 0.5;
  for (const name of names) {
    if (Math.abs(name.length - word.length) > least || name === word) continue;
    // Of equally near ones, the one that begins alike for longest.
    const far = distance(word.toLowerCase(), name.toLowerCase()) + 0.25 / (1 + alike(word, name));
    if (far < least) [best, least] = [name, far];
  }
  return best;
}
