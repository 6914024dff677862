/**
 * What can be asked of a graph: words, and predicates about values and gradients, joined by and, or, not and brackets.
 *
 *     layer1 relu                 every word somewhere: name, operation, kind, scope, type, shape, flag
 *     grad.norm > 10 and not leaf
 *     isnan(value) or cut
 *     shape:(16, 100) line:12
 */
import { formatShape, toNumber } from "../numbers";
import type * as wire from "../protocol.gen";
import type { GNode, GraphModel, GScope } from "./model";
import { measures, SPECIAL } from "./search_terms";

export interface Answer {
  readonly nodes: readonly GNode[];
  /** What could not be read, in a sentence; then `nodes` is empty. */
  readonly problem: string;
  /** Whether the answer is another at another moment of the run. */
  readonly asksGradients: boolean;
}

export interface Context {
  readonly model: GraphModel;
  /** The gradient of a node's first output at the present moment. */
  grad(node: GNode): wire.Values | null;
}

export type Test = (node: GNode, context: Context) => boolean;

/** The nodes that answer to `text`, in the order of execution. */
export function findNodes(context: Context, text: string): Answer {
  const asksGradients = /\bgrad\b/.test(text);
  try {
    const test = parse(text);
    const nodes = test ? context.model.nodes.filter((node) => test(node, context)) : [];
    return { nodes, problem: "", asksGradients };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { nodes: [], problem: error.message, asksGradients };
  }
}

class Unreadable extends Error {}

interface Token {
  kind: "word" | "quoted" | "compare" | "shape" | "(" | ")";
  text: string;
  /** Stands right behind the one before. */
  tight: boolean;
}

const PATTERNS: readonly [Token["kind"], RegExp][] = [
  ["quoted", /^"([^"]*)"?/],
  ["compare", /^(>=|<=|==|!=|>|<|=)/],
  // Also while it is being typed: `(16, 1`.
  ["shape", /^(\(\s*(?:[\d*][\d*,\s]*)?\)|\(\s*[\d*][\d*,\s]*$)/],
  ["(", /^(\()/],
  [")", /^(\))/],
  ["word", /^([^\s()<>=!"]+|!)/],
];

function tokens(text: string): Token[] {
  const found: Token[] = [];
  let rest = text;
  for (let tight = false; ; tight = true) {
    const trimmed = rest.trimStart();
    if (trimmed !== rest) tight = false;
    rest = trimmed;
    if (!rest) return found;
    for (const [kind, pattern] of PATTERNS) {
      const match = pattern.exec(rest);
      if (!match) continue;
      found.push({ kind, text: (match[1] ?? "").toLowerCase(), tight });
      rest = rest.slice(match[0].length);
      break;
    }
  }
}

/** The test that a text describes; null for an empty one. Throws Unreadable. */
function parse(text: string): Test | null {
  const all = tokens(text);
  let at = 0;
  const peek = (): Token | undefined => all[at];
  const isWord = (word: string) => peek()?.kind === "word" && peek()?.text === word;

  const either = (): Test => {
    const tests = [both()];
    while (isWord("or")) {
      at++;
      if (!peek()) throw new Unreadable("expected something after or");
      tests.push(both());
    }
    return tests.length === 1
      ? (tests[0] as Test)
      : (node, context) => tests.some((test) => test(node, context));
  };
  const both = (): Test => {
    if (isWord("or") || isWord("and")) throw new Unreadable(`expected something before ${peek()?.text}`);
    const tests = [negated()];
    while (peek() && !isWord("or") && peek()?.kind !== ")") {
      if (isWord("and")) {
        at++;
        if (!peek()) throw new Unreadable("expected something after and");
      }
      tests.push(negated());
    }
    return tests.length === 1
      ? (tests[0] as Test)
      : (node, context) => tests.every((test) => test(node, context));
  };
  const negated = (): Test => {
    if (!isWord("not")) return primary();
    at++;
    if (!peek()) throw new Unreadable("expected something after not");
    const test = negated();
    return (node, context) => !test(node, context);
  };
  const primary = (): Test => {
    const token = all[at++];
    if (!token || token.kind === ")") throw new Unreadable("expected something before )");
    if (token.kind === "(") {
      const test = either();
      if (all[at++]?.kind !== ")") throw new Unreadable("expected a closing )");
      return test;
    }
    if (token.kind === "compare") throw new Unreadable(`expected something to compare before ${token.text}`);
    if (token.kind === "shape") return shapeTest(token.text);
    if (token.kind === "quoted") return (node, context) => haystack(node, context.model).includes(token.text);
    const next = peek();
    if (next?.kind === "compare") {
      at++;
      return comparison(token.text, next.text, all[at++]);
    }
    if (/^is(nan|inf|finite)$/.test(token.text) && (next?.kind === "(" || next?.text === "()")) {
      const inside = all.slice(at, at + 3);
      at += next.text === "()" ? 1 : 3;
      return nonfinite(token.text, inside);
    }
    const key = /^([a-z]+):(?!:)(.*)$/.exec(token.text);
    if (key && keys[key[1] ?? ""]) {
      const value = key[2] || (next?.tight ? (all[at++]?.text ?? "") : "");
      return keyed(key[1] ?? "", value);
    }
    const special = SPECIAL[token.text]?.test;
    return (node, context) => special?.(node) || haystack(node, context.model).includes(token.text);
  };

  if (all.length === 0) return null;
  const test = either();
  if (at < all.length) throw new Unreadable("there is a ) too many");
  return test;
}

const COMPARE: Record<string, (a: number, b: number) => boolean> = {
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  "=": (a, b) => a === b,
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
};

function comparison(what: string, sign: string, to: Token | undefined): Test {
  const measure = measures(what);
  if (typeof measure === "string") throw new Unreadable(measure);
  if (!to) throw new Unreadable(`expected a number after ${sign}`);
  const share = to.text.endsWith("%");
  const number = /^[+-]?inf$/.test(to.text)
    ? to.text.startsWith("-")
      ? -Infinity
      : Infinity
    : to.text.replace(/%$/, "") === ""
      ? Number.NaN
      : Number(to.text.replace(/%$/, "")) / (share ? 100 : 1);
  if (Number.isNaN(number)) throw new Unreadable(`expected a number after ${sign}, not ${to.text}`);
  const compare = COMPARE[sign];
  return (node, context) => measure(node, context).some((one) => compare?.(one, number));
}

function nonfinite(name: string, [, what, close]: readonly Token[]): Test {
  const of = what?.text;
  if (of !== "value" && of !== "grad") throw new Unreadable(`expected value or grad in ${name}( )`);
  if (close?.kind !== ")") throw new Unreadable(`expected a closing ) after ${name}(${of}`);
  const wanted = (values: wire.Values) => {
    if (name === "isfinite") return !values.nonfinite;
    if (!values.nonfinite) return false;
    const data = values.data ?? [];
    // Of a large tensor only their number is known, not which they are.
    if (data.length < values.numel) return true;
    return data.some((x) =>
      name === "isnan" ? Number.isNaN(toNumber(x)) : Math.abs(toNumber(x)) === Infinity,
    );
  };
  return (node, context) => {
    if (of === "value") return node.wire.outputs.some(({ value }) => wanted(value));
    const grad = context.grad(node);
    return grad !== null && wanted(grad);
  };
}

function shapeTest(text: string): Test {
  const open = !text.endsWith(")");
  const wanted = text
    .replace(/[()\s]/g, "")
    .split(",")
    .filter(Boolean);
  const fits = (shape: readonly number[]) => {
    if (open) return formatShape(shape).replace(/\s/g, "").startsWith(text.replace(/\s/g, ""));
    return (
      shape.length === wanted.length && shape.every((n, i) => wanted[i] === "*" || wanted[i] === String(n))
    );
  };
  return (node) => node.wire.outputs.some(({ shape }) => fits(shape));
}

const keys: Record<string, (value: string) => Test> = {
  name: (value) => (node) => node.name.toLowerCase().includes(value),
  op: (value) => (node) => node.op.toLowerCase() === value || node.wire.op.toLowerCase() === value,
  kind: (value) => (node) => node.kind === value,
  dtype: (value) => (node) => node.wire.outputs.some(({ dtype }) => dtype === value.replace(/^torch\./, "")),
  device: (value) => (node) => node.wire.outputs.some(({ device }) => (device ?? "cpu") === value),
  scope:
    (value) =>
    (node, { model }) =>
      scopeWords(node.scope, model).includes(value),
  shape: (value) => {
    if (!value.startsWith("(")) throw new Unreadable("expected a shape after shape:, as in shape:(16, 100)");
    return shapeTest(value);
  },
  line: (value) => {
    const [from, to] = /^(\d+)(?:-(\d+))?$/.exec(value)?.slice(1) ?? [];
    if (!from) throw new Unreadable("expected a number after line:, as in line:12 or line:12-20");
    return ({ line }) => line >= Number(from) && line <= Number(to ?? from);
  },
};

function keyed(key: string, value: string): Test {
  if (!value) throw new Unreadable(`expected something after ${key}:`);
  const make = keys[key];
  if (!make) throw new Unreadable(`${key}: is not known; there are ${Object.keys(keys).join(":, ")}:`);
  return make(value);
}

interface Words {
  nodes: string[];
  scopes: Map<GScope, string>;
}

const known = new WeakMap<GraphModel, Words>();

function wordsOf(model: GraphModel): Words {
  let words = known.get(model);
  if (!words) {
    words = { nodes: [], scopes: new Map() };
    known.set(model, words);
  }
  return words;
}

function scopeWords(scope: GScope, model: GraphModel): string {
  const { scopes } = wordsOf(model);
  let text = scopes.get(scope);
  if (text === undefined) {
    text =
      `${scope.parent ? scopeWords(scope.parent, model) : ""}\n${scope.name}\n${scope.type}`.toLowerCase();
    scopes.set(scope, text);
  }
  return text;
}

/** All that a word is looked for in; a node's never changes. */
function haystack(node: GNode, model: GraphModel): string {
  const { nodes } = wordsOf(model);
  let text = nodes[node.index];
  if (text === undefined) {
    const { outputs, op, grad_fn } = node.wire;
    const types = outputs.map(({ dtype }) => dtype).join(" ");
    text = [node.name, op, node.kind, grad_fn, types, ...node.flags].join("\n").toLowerCase();
    text += scopeWords(node.scope, model);
    nodes[node.index] = text;
  }
  return text;
}
