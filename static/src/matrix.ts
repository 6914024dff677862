/** Jacobians and Hessians as matrices with labels. */
import type * as wire from "./protocol.gen";

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
  /** Largest finite size of an entry. */
  readonly limit: number;
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

type Bytes = wire.JacobianBlock["values"];

/** The bytes of a block; in a stored session they are base64. */
export function bytesOf(values: Bytes): ArrayBuffer {
  if (typeof values !== "string")
    return values instanceof ArrayBuffer ? values : new Uint8Array(values).buffer;
  return Uint8Array.from(atob(values), (c) => c.charCodeAt(0)).buffer;
}

/** Decodes a block; throws if it does not hold the numbers its shapes promise. */
export function decode(block: {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly values?: Bytes;
}): Matrix {
  const rows = product(block.rows);
  const columns = product(block.columns);
  const view = new DataView(bytesOf(block.values ?? ""));
  if (view.byteLength !== rows * columns * 8) {
    throw new Error(`Expected ${rows} x ${columns} numbers, got ${view.byteLength / 8}.`);
  }
  const values = new Float64Array(rows * columns);
  let limit = 0;
  for (let i = 0; i < values.length; i++) {
    const x = view.getFloat64(i * 8, true);
    values[i] = x;
    if (Number.isFinite(x)) limit = Math.max(limit, Math.abs(x));
  }
  return { rows, columns, values, limit };
}

/** Where element `flat` of a tensor stands: `[3]`, `[0, 2]`, or nothing for a scalar. */
export function indexLabel(flat: number, shape: readonly number[]): string {
  if (shape.length === 0) return "";
  const index: number[] = [];
  let rest = flat;
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = Math.max(1, shape[i] ?? 1);
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return `[${index.join(", ")}]`;
}
