/** The syntax of the text, where spans alone do not say enough: the parts of a call, parentheses, strings over lines. */
import { pythonLanguage } from "@codemirror/lang-python";
import type { Stretch } from "../protocol.gen";

export type Tree = ReturnType<typeof pythonLanguage.parser.parse>;
export type SyntaxNode = Tree["topNode"];

/** One argument as it is passed. */
export interface Passed {
  /** Empty of a positional one. */
  readonly keyword: string;
  readonly star: "" | "*" | "**";
  /** With its keyword or star. */
  readonly start: number;
  readonly end: number;
  readonly value: Stretch;
}

export interface Call {
  readonly callee: Stretch;
  /** Before the opening parenthesis, and before the closing one. */
  readonly open: number;
  readonly close: number;
  readonly passed: readonly Passed[];
}

export function parse(text: string): Tree {
  return pythonLanguage.parser.parse(text);
}

function children(node: SyntaxNode): SyntaxNode[] {
  const all: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) all.push(child);
  return all;
}

/** The outermost node that is exactly the stretch. */
export function nodeAt(tree: Tree, [start, end]: Stretch): SyntaxNode | null {
  let node: SyntaxNode | null = tree.resolveInner(start, 1);
  while (node && (node.from > start || node.to < end)) node = node.parent;
  if (node?.from !== start || node.to !== end) return null;
  while (node.parent && node.parent.from === start && node.parent.to === end) node = node.parent;
  return node;
}

/** The stretch with the parentheses that are around nothing but it. */
export function withParentheses(tree: Tree, span: Stretch): Stretch {
  let node = nodeAt(tree, span);
  let found = span;
  while (node?.parent?.name === "ParenthesizedExpression") {
    node = node.parent;
    found = [node.from, node.to];
  }
  return found;
}

/** Whether something could bind closer than what stands there, so that more than an atom needs parentheses. */
export function bindsCloser(tree: Tree, span: Stretch): boolean {
  const parent = nodeAt(tree, span)?.parent?.name ?? "";
  return ["BinaryExpression", "UnaryExpression", "MemberExpression", "CallExpression"].includes(parent);
}

/** The arguments between a call's parentheses. */
function passedIn(list: SyntaxNode): Passed[] {
  const passed: Passed[] = [];
  let part: SyntaxNode[] = [];
  const finish = () => {
    const [first, second] = part;
    const last = part.at(-1);
    if (first && last) {
      const star = first.name === "*" || first.name === "**" ? first.name : "";
      const named = second?.name === "AssignOp" && part[2];
      const value = named ? part[2] : star ? second : first;
      passed.push({
        keyword: named ? "=" : "",
        star,
        start: first.from,
        end: last.to,
        value: [value?.from ?? first.from, last.to],
      });
    }
    part = [];
  };
  for (const child of children(list)) {
    if (child.name === ",") finish();
    else if (child.name !== "(" && child.name !== ")" && child.name !== "Comment") part.push(child);
  }
  finish();
  return passed;
}

/** The call that a stretch is, if it is one. */
export function callAt(text: string, tree: Tree, span: Stretch): Call | null {
  let node = nodeAt(tree, span);
  while (node?.name === "ParenthesizedExpression") node = node.firstChild?.nextSibling ?? null;
  while (node && node.name !== "CallExpression" && node.firstChild?.to === node.to) node = node.firstChild;
  return node?.name === "CallExpression" ? asCall(text, node) : null;
}

function asCall(text: string, node: SyntaxNode): Call | null {
  const list = node.lastChild;
  const callee = node.firstChild;
  if (list?.name !== "ArgList" || !callee) return null;
  const passed = passedIn(list).map((one) =>
    one.keyword ? { ...one, keyword: (/^[^\s=]+/.exec(text.slice(one.start, one.end)) ?? [""])[0] } : one,
  );
  return { callee: [callee.from, callee.to], open: list.from, close: list.to - 1, passed };
}

/** What is assigned in a statement that is one assignment: everything right of the last equals sign. */
export function assignedIn(tree: Tree, core: Stretch): Stretch | null {
  let node: SyntaxNode | null = tree.resolveInner(core[0], 1);
  while (node && node.name !== "AssignStatement") node = node.parent;
  if (node?.from !== core[0] || node.to !== core[1]) return null;
  const parts = children(node);
  const equals = parts.findLastIndex((part) => part.name === "AssignOp");
  const first = parts[equals + 1];
  const last = parts.at(-1);
  return equals > 0 && first && last ? [first.from, last.to] : null;
}

/** The innermost call whose parentheses are around a position. */
export function callAround(text: string, tree: Tree, position: number): Call | null {
  for (let node: SyntaxNode | null = tree.resolveInner(position, 1); node; node = node.parent) {
    if (node.name === "ArgList" && node.from < position && node.parent?.name === "CallExpression") {
      return asCall(text, node.parent);
    }
  }
  return null;
}

/** The call somewhere in a stretch that comes first, the outer before the inner: `range(200)` of a `for` line. */
export function firstCall(text: string, tree: Tree, [start, end]: Stretch): Call | null {
  let found: Call | null = null;
  tree.iterate({
    from: start,
    to: end,
    enter: (node) => {
      if (found || node.to < start || node.from > end) return false;
      if (node.name === "CallExpression" && node.from >= start) found = asCall(text, node.node);
      return !found;
    },
  });
  return found;
}

/** The places `.name` where an attribute is read or set, as stretches of the name with what stands before the dot. */
export function attributes(text: string, tree: Tree, name: string): { span: Stretch; of: Stretch }[] {
  const found: { span: Stretch; of: Stretch }[] = [];
  tree.iterate({
    enter: (node) => {
      if (node.name !== "PropertyName" || text.slice(node.from, node.to) !== name) return;
      const of = node.node.parent?.firstChild;
      found.push({ span: [node.from, node.to], of: of ? [of.from, of.to] : [node.from, node.from] });
    },
  });
  return found;
}

/** Keywords of calls (`f(name=...)`), parameters and the like: names at a position that are not variables. */
export function isKeyword(tree: Tree, position: number): boolean {
  const node = tree.resolveInner(position, 1);
  return node.parent?.name === "ArgList" && node.nextSibling?.name === "AssignOp";
}

/** Whether a line that begins here is inside a string, so that its indentation is a value. */
export function insideString(tree: Tree, position: number): boolean {
  for (let node: SyntaxNode | null = tree.resolveInner(position, 0); node; node = node.parent) {
    if (/String$/.test(node.name) && node.from < position && node.to > position) return true;
  }
  return false;
}

/** All functions and classes of the program, by name. */
export function definitions(text: string, tree: Tree): Map<string, SyntaxNode> {
  const found = new Map<string, SyntaxNode>();
  tree.iterate({
    enter: (node) => {
      if (node.name !== "ClassDefinition" && node.name !== "FunctionDefinition") return;
      const name = node.node.getChild("VariableName");
      if (name) found.set(text.slice(name.from, name.to), node.node);
    },
  });
  return found;
}

/** What a piece of text is as an expression: null if it is none, else whether it holds together without parentheses. */
export function expression(value: string): { atom: boolean } | null {
  const tree = parse(`(${value}\n)`);
  let broken = false;
  tree.iterate({
    enter: (node) => {
      if (node.type.isError) broken = true;
    },
  });
  const outer = tree.topNode.firstChild?.firstChild;
  if (broken || tree.topNode.firstChild?.nextSibling || !value.trim() || value.includes("#")) return null;
  if (outer?.name !== "ParenthesizedExpression" && outer?.name !== "TupleExpression") return null;
  const inner = children(outer).slice(1, -1);
  return {
    atom: inner.length === 1 && !/^(Binary|Unary|Conditional|Lambda|Await|Named)/.test(inner[0]?.name ?? ""),
  };
}

/** Whether a value has a comma outside all brackets. */
export function isTuple(value: string): boolean {
  return parse(`(${value}\n)`).topNode.firstChild?.firstChild?.name === "TupleExpression";
}

/** The names of a function's parameters, where they stand. */
export function parameterNames(text: string, tree: Tree, core: Stretch): { name: string; span: Stretch }[] {
  let node: SyntaxNode | null = tree.resolveInner(core[0], 1);
  while (node && node.name !== "FunctionDefinition") node = node.parent;
  const list = node?.getChild("ParamList");
  if (!list) return [];
  return children(list).flatMap((part) => {
    const before = part.prevSibling?.name ?? "";
    return part.name === "VariableName" && ["(", ",", "*", "**"].includes(before)
      ? [{ name: text.slice(part.from, part.to), span: [part.from, part.to] as Stretch }]
      : [];
  });
}

/** Where a class's own body binds a name, or null: what is read there may be the variable around the class. */
export function classVariable(text: string, tree: Tree, name: string): number | null {
  let found: number | null = null;
  tree.iterate({
    enter: ({ node }) => {
      if (node.name !== "AssignStatement" || node.parent?.parent?.name !== "ClassDefinition") return;
      for (const part of node.getChildren("VariableName")) {
        if (text.slice(part.from, part.to) === name) found ??= part.from;
      }
    },
  });
  return found;
}
