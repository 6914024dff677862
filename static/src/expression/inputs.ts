/** The tensors that a program makes from numbers: read from its text, and written into it. */
import {
  argumentsOf,
  childrenOf,
  dotted,
  type Literal,
  literal,
  type Stretch,
  type SyntaxNode,
} from "./syntax";

export type Kind = "number" | "vector" | "range" | "matrix" | "random";

export const KINDS: readonly { kind: Kind; label: string }[] = [
  { kind: "number", label: "number" },
  { kind: "vector", label: "vector" },
  { kind: "range", label: "range" },
  { kind: "matrix", label: "matrix" },
  { kind: "random", label: "random" },
];

/** What is written right of the equals sign, with the stretches of what can be changed. */
export type Input =
  | { readonly kind: "number"; readonly value: Literal; readonly plain: boolean }
  | { readonly kind: "vector"; readonly values: readonly Literal[]; readonly list: Stretch }
  | { readonly kind: "range"; readonly low: Piece; readonly high: Piece; readonly steps: Piece }
  | { readonly kind: "matrix"; readonly rows: readonly (readonly Literal[])[]; readonly list: Stretch }
  | {
      readonly kind: "random";
      readonly how: Random;
      readonly shape: readonly number[];
      readonly shapeAt: Stretch;
      /** Null: the seed of the run. */
      readonly seed: Literal | null;
    };

export type Random = "randn" | "rand";

/** A number that may be written as an expression: `2. * math.pi`. */
export interface Piece extends Stretch {
  readonly text: string;
  readonly value: number | null;
}

/** Larger ones are shown as they are written. */
export const MOST_POINTS = 64;
export const MOST_CELLS = 10;

const ALLOWED = new Set(["requires_grad", "dtype", "device"]);

/** The input that an expression makes, or null if it makes none that a control fits. `torch` are the names of PyTorch. */
export function readInput(node: SyntaxNode, text: string, torch: ReadonlySet<string>): Input | null {
  const bare = literal(node, text);
  if (bare) return { kind: "number", value: bare, plain: true };
  if (node.name !== "CallExpression" || !node.firstChild) return null;
  const [owner, name] = dotted(node.firstChild, text).split(".");
  if (!owner || !name || !torch.has(owner)) return null;
  const given = argumentsOf(node, text);
  if (!given) return null;
  const places = given.filter((one) => !one.name).map((one) => one.value);
  const keyed = new Map(given.filter((one) => one.name).map((one) => [one.name, one.value]));
  const others = [...keyed.keys()].filter((key) => !ALLOWED.has(key));
  if (name === "tensor" && places.length === 1 && others.length === 0)
    return readTensor(places[0] as SyntaxNode, text);
  if (name === "linspace") {
    const steps = places[2] ?? keyed.get("steps");
    if (!places[0] || !places[1] || !steps || others.some((key) => key !== "steps")) return null;
    const [low, high] = [piece(places[0], text), piece(places[1], text)];
    return { kind: "range", low, high, steps: piece(steps, text) };
  }
  if (name === "randn" || name === "rand") return readRandom(name, places, keyed, text);
  return null;
}

function readTensor(node: SyntaxNode, text: string): Input | null {
  const value = literal(node, text);
  if (value) return { kind: "number", value, plain: false };
  const parts = items(node);
  if (!parts?.length) return null;
  const rows = parts.map((part) => items(part));
  if (rows.every((row) => row !== null)) {
    const numbers = rows.map((row) => literals(row, text));
    const width = numbers[0]?.length ?? 0;
    if (width === 0 || width > MOST_CELLS || numbers.length > MOST_CELLS) return null;
    if (!numbers.every((row) => row?.length === width)) return null;
    return { kind: "matrix", rows: numbers as Literal[][], list: node };
  }
  const values = literals(parts, text);
  return values && values.length <= MOST_POINTS ? { kind: "vector", values, list: node } : null;
}

function items(node: SyntaxNode): SyntaxNode[] | null {
  if (node.name !== "ArrayExpression") return null;
  // A number like `1.` leaves nothing behind but itself, see `parse`.
  return childrenOf(node).filter((child) => !["[", "]", ",", "Comment"].includes(child.name));
}

function literals(nodes: readonly SyntaxNode[], text: string): Literal[] | null {
  const found = nodes.map((node) => literal(node, text));
  return found.every((one) => one !== null) ? (found as Literal[]) : null;
}

function piece(node: SyntaxNode, text: string): Piece {
  const number = literal(node, text);
  const to = number?.to ?? node.to;
  return { from: node.from, to, text: text.slice(node.from, to), value: number?.value ?? null };
}

function readRandom(
  how: Random,
  places: readonly SyntaxNode[],
  keyed: ReadonlyMap<string, SyntaxNode>,
  text: string,
): Input | null {
  const [first, last] = [places[0], places.at(-1)];
  const sizes = literals(places, text);
  if (!first || !last || !sizes?.every((one) => Number.isInteger(one.value) && one.value > 0)) return null;
  const seed = keyed.get("generator");
  if ([...keyed.keys()].some((key) => !ALLOWED.has(key) && key !== "generator")) return null;
  const number = seed ? seedOf(seed, text) : null;
  if (seed && !number) return null;
  const shape = sizes.map((one) => one.value);
  return { kind: "random", how, shape, shapeAt: { from: first.from, to: last.to }, seed: number };
}

/** `torch.Generator().manual_seed(3)` */
function seedOf(node: SyntaxNode, text: string): Literal | null {
  if (!/^\w+\.Generator\(\)\.manual_seed\(\s*\d+\s*\)$/.test(text.slice(node.from, node.to))) return null;
  const given = argumentsOf(node, text)?.[0]?.value;
  return given ? literal(given, text) : null;
}

// --- Written -------------------------------------------------------------------------------------------------------------

/** A float as Python writes it: `torch.tensor(1)` would be an integer, and integers have no gradients. */
export function written(value: number): string {
  if (!Number.isFinite(value)) return "0.0";
  const rounded = Number(value.toPrecision(7));
  const text = String(Object.is(rounded, -0) ? 0 : rounded);
  return /[.e]/.test(text) ? text.replace(/e\+?/, "e") : `${text}.0`;
}

/** As many digits as the step of a slider has. */
export function rounded(value: number, step: number): number {
  const digits = Math.min(7, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  return Number(value.toFixed(digits));
}

/** A round step with which a slider has some 200 positions over a range. */
export function stepOf(low: number, high: number): number {
  const rough = (high - low) / 200;
  if (!(rough > 0) || !Number.isFinite(rough)) return 0.01;
  const power = 10 ** Math.floor(Math.log10(rough) + 1e-9);
  const digit = rough / power;
  return Number((power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10)).toPrecision(3));
}

/** What a slider goes over when nobody has said it: a round range around the number. */
export function rangeOf(value: number): { low: number; high: number } {
  const size = Math.abs(value);
  if (size <= 5) return { low: -5, high: 5 };
  const high = 10 ** Math.ceil(Math.log10(size) + 1e-9);
  return { low: -high, high };
}

/** What points are dragged over: a little more than the largest needs. */
export function reachOf(values: readonly number[]): { low: number; high: number } {
  const most = 1.5 * Math.max(0.5, ...values.map(Math.abs));
  const power = 10 ** Math.floor(Math.log10(most));
  const high = [2, 5, 10].map((one) => one * power).find((one) => one >= most) ?? most;
  return { low: -high, high };
}

export function listOf(values: readonly number[]): string {
  return `[${values.map(written).join(", ")}]`;
}

export function gridOf(rows: readonly (readonly number[])[]): string {
  return `[${rows.map(listOf).join(", ")}]`;
}

const GRAD = "requires_grad=True";

/** The numbers that a new tensor of a shape begins with: small, different, and the same every time. */
export function firstNumbers(count: number, name = ""): number[] {
  const shift = [...name].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0);
  return Array.from({ length: count }, (_, i) =>
    Number((Math.sin(1 + 2.4 * i + shift) * (i % 3 ? 0.8 : 1.2)).toFixed(1)),
  );
}

/** The right side of a new input's line. */
export function newInput(
  kind: Kind,
  shape: readonly number[],
  values: readonly number[] = [],
  name = "",
): string {
  const [rows = 3, columns = 2] = shape.length === 1 ? [1, shape[0]] : shape;
  const count = kind === "number" ? 1 : kind === "matrix" ? rows * columns : (shape[0] ?? 3);
  const rest = firstNumbers(count, name);
  const numbers = rest.map((value, i) => values[i] ?? value);
  switch (kind) {
    case "number":
      return `torch.tensor(${written(values[0] ?? 0.5)}, ${GRAD})`;
    case "vector":
      return `torch.tensor(${listOf(numbers)}, ${GRAD})`;
    case "range":
      return `torch.linspace(-3.0, 3.0, ${Math.max(2, values.length || 25)}, ${GRAD})`;
    case "matrix": {
      const grid = Array.from({ length: rows }, (_, i) => numbers.slice(i * columns, (i + 1) * columns));
      return `torch.tensor(${gridOf(grid)}, ${GRAD})`;
    }
    case "random":
      return `torch.randn(${(shape.length ? shape : [3]).join(", ")}, generator=torch.Generator().manual_seed(0), ${GRAD})`;
  }
}

/** The numbers in an input, as far as they stand in the text. */
export function numbersOf(input: Input): number[] {
  switch (input.kind) {
    case "number":
      return [input.value.value];
    case "vector":
      return input.values.map((one) => one.value);
    case "matrix":
      return input.rows.flat().map((one) => one.value);
    case "range":
    case "random":
      return [];
  }
}

/** The shape of an input, as far as its text says it. */
export function shapeOf(input: Input): number[] | null {
  switch (input.kind) {
    case "number":
      return [];
    case "vector":
      return [input.values.length];
    case "range":
      return input.steps.value === null ? null : [input.steps.value];
    case "matrix":
      return [input.rows.length, input.rows[0]?.length ?? 0];
    case "random":
      return [...input.shape];
  }
}

export interface Change {
  readonly at: Stretch;
  readonly insert: string;
}

/** The text after a change of one stretch of it. */
export function splice(text: string, { at, insert }: Change): string {
  return text.slice(0, at.from) + insert + text.slice(at.to);
}
