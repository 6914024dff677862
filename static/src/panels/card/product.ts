/** The product that a backward step computes, read off a recording and a local Jacobian: rows for tables, and sentences. */
import { indexOf } from "../../derive";
import { decode, indexLabel, type Matrix } from "../../matrix";
import { formatCount, formatNumber, toNumber } from "../../numbers";
import type * as wire from "../../protocol.gen";
import type { Recording } from "../../run";

/** The edges along which gradients flow back from a node, by argument. */
export function flowing(graph: Recording, id: number): readonly wire.Edge[] {
  const edges = indexOf(graph).into.get(id) ?? [];
  return edges.filter((edge) => !edge.cut).sort((a, b) => (a.input ?? 0) - (b.input ?? 0));
}

/** The node's last backward step among the first `done` of the run; while a pass (`call`) runs, only one of that pass. */
export function stepAt(
  graph: Recording,
  id: number,
  done: number,
  call: number | null = null,
): wire.Step | null {
  const steps = indexOf(graph).steps.get(id) ?? [];
  const last = steps.findLast((step) => step.index < done);
  return last && (call === null || last.call === call) ? last : null;
}

/** What a step sent to the input behind one edge. The same tensor may be two inputs: then they come in order. */
export function leavingTo(step: wire.Step, edges: readonly wire.Edge[], input: number): wire.Values | null {
  const key = (edge: wire.Edge) => `${edge.source}.${edge.output ?? 0}`;
  const edge = edges.find((one) => (one.input ?? 0) === input);
  if (!edge) return null;
  const before = edges.slice(0, edges.indexOf(edge)).filter((one) => key(one) === key(edge)).length;
  const sent = (step.leaving ?? []).filter(
    (flow) => flow.target === edge.source && (flow.output ?? 0) === (edge.output ?? 0),
  );
  return sent[before]?.grad ?? null;
}

/** All numbers of some values, or null if not all travelled. */
export function whole(values: wire.Values | null | undefined): readonly number[] | null {
  const data = values?.data;
  return values && data && data.length === values.numel ? data.map(toNumber) : null;
}

/** One line of a product: what enters times the derivative is what leaves. */
export interface Line {
  readonly label: string;
  readonly entering: number | null;
  readonly slope: number;
  readonly leaving: number | null;
}

export type Table =
  /** Element by element, or one number to many: each line is a product of its own. */
  | {
      readonly kind: "lines";
      readonly lines: readonly Line[];
      readonly limit: number;
      readonly diagonal: boolean;
    }
  /** Many to one number: the lines are added up. */
  | {
      readonly kind: "sum";
      readonly lines: readonly Line[];
      readonly limit: number;
      readonly total: number | null;
    }
  | {
      readonly kind: "matrix";
      readonly matrix: Matrix;
      readonly entering: readonly number[] | null;
      readonly leaving: readonly number[] | null;
    }
  /** Too large for numbers. */
  | { readonly kind: "picture"; readonly matrix: Matrix };

/** Entries of a matrix that is still a table. */
const MOST_ENTRIES = 1_024;

/** How a Jacobian is shown; null if its numbers are not there or do not fit its shape. */
export function tableOf(
  block: wire.LocalBlock,
  g: readonly number[] | null,
  left: readonly number[] | null,
): Table | null {
  let matrix: Matrix;
  try {
    matrix = decode(block.diagonal ? { ...block, columns: [] } : block);
  } catch {
    return null;
  }
  if (!(matrix.rows && matrix.columns)) return null;
  const { rows, columns, values, limit } = matrix;
  const diagonal = block.diagonal ? values : diagonalOf(matrix, block);
  if (diagonal) {
    const lines = Array.from(diagonal, (slope, i) => ({
      label: indexLabel(i, block.rows),
      entering: g?.[i] ?? null,
      slope,
      leaving: left?.[i] ?? null,
    }));
    return { kind: "lines", lines, limit, diagonal: true };
  }
  if (rows === 1) {
    const lines = Array.from(values, (slope, j) => ({
      label: indexLabel(j, block.columns),
      entering: g?.[0] ?? null,
      slope,
      leaving: left?.[j] ?? null,
    }));
    return { kind: "lines", lines, limit, diagonal: false };
  }
  if (columns === 1) {
    const lines = Array.from(values, (slope, i) => {
      const entering = g?.[i] ?? null;
      return {
        label: indexLabel(i, block.rows),
        entering,
        slope,
        leaving: entering === null ? null : entering * slope,
      };
    });
    return { kind: "sum", lines, limit, total: left?.[0] ?? null };
  }
  if (rows * columns > MOST_ENTRIES) return { kind: "picture", matrix };
  return { kind: "matrix", matrix, entering: g, leaving: left };
}

/** The diagonal of a matrix that has nothing else, between tensors of one shape. */
function diagonalOf({ rows, columns, values }: Matrix, block: wire.LocalBlock): Float64Array | null {
  if (rows !== columns || String(block.rows) !== String(block.columns)) return null;
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) if (i !== j && values[i * columns + j] !== 0) return null;
  return Float64Array.from({ length: rows }, (_, i) => values[i * columns + i] ?? Number.NaN);
}

type Name = (block: wire.LocalBlock) => string;

/** What a check found, in a sentence. `rule` is whose derivative it is: `the backward of Cube`. */
export function verdict(blocks: readonly wire.LocalBlock[], of: string, by: Name, rule: string): string {
  const wrong = blocks.filter((block) => block.agrees === false);
  if (wrong.length > 0) return wrong.map((block) => mistake(block, of, by(block), rule)).join(" ");
  const compared = blocks.filter((block) => block.difference !== undefined);
  if (compared.length === 0) return "There was nothing to compare.";
  const parts = compared.map((block) => {
    const size = toNumber(block.difference ?? 0);
    const close = size === 0 ? "exactly" : `to ${size.toExponential(0)}`;
    return blocks.length > 1 ? `by ${by(block)} ${close}` : close;
  });
  return `Agrees with finite differences${blocks.length > 1 ? ":" : ""} ${parts.join(", ")}.`;
}

function mistake(block: wire.LocalBlock, of: string, by: string, rule: string): string {
  const columns = block.columns.reduce((a, b) => a * b, 1);
  const at = block.at ?? -1;
  const where =
    at < 0
      ? `by ${by} along a random direction`
      : `for ∂${of}${indexLabel(Math.floor(at / columns), block.rows)}/∂${by}${indexLabel(at % columns, block.columns)}`;
  const expected = formatNumber(block.expected ?? "nan");
  const got = formatNumber(block.got ?? "nan");
  return `Differs from finite differences: ${where} expected ${expected}, got ${got}, so ${rule} is wrong.`;
}

/** `norm 3.162 of 25 elements`, or the number itself. */
export function sized(values: wire.Values): string {
  const [only] = values.data ?? [];
  if (values.numel === 1 && only !== undefined) return formatNumber(only);
  return `norm ${formatNumber(values.norm ?? 0)} of ${formatCount(values.numel)} elements`;
}
