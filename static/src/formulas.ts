/** The formulas of operations, with the names of the program's variables in them. Loaded when a derivative is shown. */
import katex from "katex";
import "katex/dist/katex.min.css";
import table from "./formulas.gen.json";
import type * as wire from "./protocol.gen";

/** One op, as `scripts/gen_formulas.py` writes it. */
export interface Formula {
  /** Of the record. */
  readonly name: string;
  readonly grad: string;
  readonly kind: "pointwise" | "linear" | "bilinear" | "general";
  readonly forward: string;
  /** One for each input, null for one without a derivative. */
  readonly derivatives: readonly (string | null)[];
  readonly letters: string;
  readonly output: string;
  /** Letters of other arguments. */
  readonly arguments?: Readonly<Record<string, string>>;
  /** The one input is a list of tensors. */
  readonly variadic?: boolean;
}

export const FORMULAS = table as unknown as Readonly<Record<string, readonly Formula[]>>;

/**
 * The formulas of a node with so many inputs; undefined for an op without any. `record` is the engine's record if the worker
 * has said which; else the plainest one that fits.
 */
export function formulaOf(node: wire.Node, inputs: number, record = ""): Formula | undefined {
  const found = FORMULAS[node.op.replace(/([^_])_$/, "$1")] ?? FORMULAS[node.op] ?? [];
  const score = (one: Formula) =>
    (one.name === record ? 8 : 0) +
    (one.grad === node.grad_fn ? 4 : 0) +
    (one.variadic || one.letters.length === inputs ? 2 : 0) +
    (one.arguments ? 0 : 1);
  return found.reduce<Formula | undefined>(
    (best, one) => (!best || score(one) > score(best) ? one : best),
    undefined,
  );
}

const LONGEST = 16;
/** Letters that mean something else in formulas: Euler's number, indices, counts. */
const TAKEN = /^[eijn]$/;

/** A variable's name or a plain number in TeX; null for anything else: nothing else that a person wrote gets into a formula. */
export function texOf(name: string): string | null {
  if (/^\d{1,9}(\.\d{1,6})?$/.test(name)) return `{${name}}`;
  if (/^-\d{1,9}(\.\d{1,6})?$/.test(name)) return `{(${name})}`;
  if (name.length > LONGEST || !/^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$/.test(name)) return null;
  const escaped = name.replace(/_/g, "\\_");
  if (TAKEN.test(name)) return `{\\mathtt{${escaped}}}`;
  return name.length === 1 ? `{${name}}` : `{\\mathit{${escaped}}}`;
}

/** Stand-ins for letters that the program uses for something else. */
const SPARE = "uvstpqzwrUVSTPQZR";

/**
 * What the inputs and the output are called in a formula: by the program where they have short names, else by letters that
 * no variable of it (`taken`) is called by. `z = z / x` is written with a prime: the new z.
 */
export function namesFor(
  formula: Formula,
  inputs: readonly string[],
  output: string,
  taken: ReadonlySet<string> = new Set(),
): { inputs: string[]; output: string; primed: boolean } {
  const count = formula.variadic ? inputs.length : formula.letters.length;
  const used = new Set(taken);
  const free = (letter: string) => {
    const found = used.has(letter) ? [...SPARE].find((spare) => !used.has(spare)) : letter;
    used.add(found ?? letter);
    return `{${found ?? letter}}`;
  };
  const y = texOf(output);
  const primed = y !== null && inputs.includes(output);
  const names = formula.variadic
    ? Array.from({ length: count }, (_, k) =>
        count > 1 ? `{${formula.letters}_{${k + 1}}}` : `{${formula.letters}}`,
      )
    : [...formula.letters];
  const made = names.map(
    (letter, k) => texOf(inputs[k] ?? "") ?? (letter.startsWith("{") ? letter : free(letter)),
  );
  return { inputs: made, output: primed ? `{${y}'}` : (y ?? free(formula.output)), primed };
}

/** A formula of the table with names put in. For an op of a list, `which` is the tensor the formula is about. */
export function named(
  tex: string,
  names: { inputs: readonly string[]; output: string },
  variadic = false,
  which = -1,
): string {
  return tex.replace(/#(\d|y|g)/g, (_, place: string) => {
    if (place === "y") return names.output;
    if (place === "g") return `{\\overline{${names.output}}}`;
    if (variadic) return which < 0 ? names.inputs.join(", ") : (names.inputs[which] ?? "{x}");
    return names.inputs[Number(place)] ?? "{x}";
  });
}

/** TeX as HTML with MathML inside, which is what a screen reader gets. KaTeX escapes whatever is no TeX it knows. */
export function rendered(tex: string, display = true): string {
  return katex.renderToString(tex, {
    displayMode: display,
    output: "htmlAndMathml",
    throwOnError: false,
    strict: "ignore",
    trust: false,
    maxExpand: 100,
    maxSize: 20,
  });
}
