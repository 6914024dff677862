/** How numbers, shapes, times and sizes are written, everywhere on the page. */
import type * as wire from "./protocol.gen";

/** A number as it travels: JSON has no NaN or infinity. */
export type Num = number | "nan" | "inf" | "-inf";

const INTEGER = /^(u?int\d+|bool)$/;

/** The number itself, NaN and infinities included. */
export function toNumber(x: Num): number {
  if (typeof x === "number") return x;
  return x === "nan" ? Number.NaN : x === "inf" ? Infinity : -Infinity;
}

/** Python's spelling of an exponent: `1.000e-05`, not `1.000e-5`. */
function exponential(x: number, digits: number): string {
  return x.toExponential(digits).replace(/e([+-])(\d)$/, "e$10$2");
}

/** Four significant digits, as PyTorch prints them; integers of an integer dtype as they are. */
export function formatNumber(x: Num, dtype = "float32"): string {
  const n = toNumber(x);
  if (Number.isNaN(n)) return "nan";
  if (!Number.isFinite(n)) return n > 0 ? "inf" : "-inf";
  if (dtype === "bool") return n ? "True" : "False";
  if (INTEGER.test(dtype)) return String(n);
  if (n === 0) return "0.";
  const size = Math.abs(n);
  if (size >= 9999.5 || size < 0.0001) return exponential(n, 3);
  if (Number.isInteger(n)) return `${n}.`;
  return n.toPrecision(4);
}

/** Every digit, for the tooltip and the clipboard. */
export function fullNumber(x: Num): string {
  const n = toNumber(x);
  if (Number.isNaN(n)) return "nan";
  if (!Number.isFinite(n)) return n > 0 ? "inf" : "-inf";
  return String(n);
}

/** `(16, 100)`, `(25,)` and `()`, as Python writes a tuple. */
export function formatShape(shape: readonly number[]): string {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}

/** A time in microseconds with the unit that fits: `12.30 µs`, `9.034 ms`, `5.970 s`. */
export function formatMicros(us: number): string {
  if (us < 999.9995) return `${trim(us)} µs`;
  if (us < 999_999.5) return `${trim(us / 1e3)} ms`;
  return `${trim(us / 1e6)} s`;
}

function trim(x: number): string {
  return x >= 100 ? x.toFixed(1) : x >= 10 ? x.toFixed(2) : x.toFixed(3);
}

/** A time in milliseconds, for sentences: `12 ms`, `1.2 s`. */
export function formatMillis(ms: number): string {
  if (ms < 1) return `${ms.toFixed(1)} ms`;
  return ms < 999.5 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function formatPercent(part: number, whole: number): string {
  return whole > 0 ? `${((100 * part) / whole).toFixed(2)}%` : "0.00%";
}

const COUNT = new Intl.NumberFormat("en-US");

/** `1,000`: thousands are set apart the same way for every reader. */
export function formatCount(n: number): string {
  return COUNT.format(n);
}

/** `1 operation`, `412 operations`. */
export function plural(n: number, noun: string): string {
  return `${formatCount(n)} ${noun}${n === 1 ? "" : "s"}`;
}

/** 1st, 2nd, 3rd, 4th, 11th. */
export function ordinal(n: number): string {
  const tens = n % 100;
  const ending = tens > 10 && tens < 14 ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th");
  return `${n}${ending}`;
}

/** One short piece of text for a tensor: its value when it has one element, its norm otherwise. */
export function brief(values: wire.Values, dtype = "float32"): string {
  if (values.unknown) return "not kept";
  const first = values.data?.[0];
  if (values.numel === 1 && first !== undefined) return formatNumber(first, dtype);
  if (values.numel === 0) return "empty";
  return `‖${formatNumber(values.norm ?? 0)}‖`;
}

/** Flat values nested as Python writes a tensor, rows on their own lines; cut where the data ends. */
export function nested(
  values: wire.Values,
  shape: readonly number[],
  dtype = "float32",
  limit = 1000,
): string {
  const data = values.data ?? [];
  const shown = data.slice(0, limit).map((x) => formatNumber(x, dtype));
  const width = Math.max(0, ...shown.map((s) => s.length));
  const cells = shown.map((s) => s.padStart(width));
  if (shape.length === 0) return cells[0]?.trim() ?? "…";
  let at = 0;
  const rows = (depth: number): string => {
    const size = shape[depth] ?? 0;
    const parts: string[] = [];
    for (let i = 0; i < size; i++) {
      if (at >= cells.length) {
        parts.push("…");
        break;
      }
      parts.push(depth === shape.length - 1 ? (cells[at++] ?? "") : rows(depth + 1));
    }
    const last = depth === shape.length - 1;
    const gap = last ? ", " : `,${"\n".repeat(shape.length - 1 - depth)}${" ".repeat(depth + 1)}`;
    return `[${last ? wrap(parts, depth + 1, Math.max(1, Math.floor(CARD / (width + 2)))) : parts.join(gap)}]`;
  };
  return rows(0);
}

/** Characters that fit beside each other in the card of a selected node. */
const CARD = 36;

/** Long rows are broken so that they stay readable in a narrow card. */
function wrap(parts: readonly string[], indent: number, perLine: number): string {
  const lines: string[] = [];
  for (let i = 0; i < parts.length; i += perLine) lines.push(parts.slice(i, i + perLine).join(", "));
  return lines.join(`,\n${" ".repeat(indent)}`);
}
