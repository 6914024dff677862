/** What an explanation is, and what it is given to look at. */
import type * as wire from "../protocol.gen";
import type { Call, Facts } from "./facts";

export type Family = "failed" | "none" | "zero" | "nonfinite" | "size" | "sum";

/** Why a gradient is what it is. Text between backticks is code; `line 12` is a link where it is shown. */
export interface Answer {
  readonly family: Family;
  /** Which explanation of the table it is. */
  readonly kind: string;
  /** `cause`: what made the gradient other than one would think; `info`: worth knowing. */
  readonly tone: "cause" | "info";
  readonly sentence: string;
  readonly detail: string;
  /** What to try: advice, and code to copy. */
  readonly fix: Fix | null;
  readonly path: Path;
  /** Lines of the program, the most telling first. */
  readonly lines: readonly number[];
}

export interface Fix {
  readonly text: string;
  readonly code: string;
}

/** What to light in the diagram. Edges as the diagram has them, from source to target. */
export interface Path {
  readonly nodes: readonly number[];
  readonly edges: readonly (readonly [number, number])[];
}

export const NO_PATH: Path = { nodes: [], edges: [] };

/** How far the run had come: how many of each there were. */
export interface Until {
  readonly nodes: number;
  readonly steps: number;
  readonly clears: number;
}

/** One tensor at one moment, with what its gradients were until then. */
export interface Asked {
  readonly facts: Facts;
  readonly until: Until;
  readonly node: wire.Node;
  readonly tensor: wire.TensorInfo;
  /** Where its gradient is: the leaf, for one that was changed in place since. */
  readonly home: number;
  readonly isLeaf: boolean;
  /** The backward calls that had begun. */
  readonly calls: readonly Call[];
  /** The last of them that sent it a gradient. */
  readonly call: Call | null;
  /** What that call sent, before it was added to what was there; null also where only parts of it are known. */
  readonly grad: wire.Values | null;
  /** `.grad`: of a leaf, or of a tensor that retains it. */
  readonly kept: wire.Values | null;
  /** The clear that came after the last gradient. */
  readonly cleared: wire.Clear | null;
}

export interface Explanation {
  readonly kind: string;
  /** When it is given, for whoever reads the table. */
  readonly when: string;
  readonly explain: (asked: Asked) => Said | null;
}

/** An answer before the table has put its family to it; `kind` is that of the explanation unless it says another. */
export type Said = Omit<Answer, "kind" | "family"> & { readonly kind?: string };

/** An answer with what is seldom there left out. */
export function answer(given: Pick<Said, "sentence"> & Partial<Said>): Said {
  const lines = [...new Set(given.lines ?? [])].filter((line) => line > 0);
  return { tone: "cause", detail: "", fix: null, path: NO_PATH, ...given, lines };
}

export function fix(text: string, code = ""): Fix {
  return { text, code };
}
