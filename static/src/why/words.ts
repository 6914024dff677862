/** How tensors, operations and numbers are named in a sentence. */
import { formatNumber, formatShape, ordinal, plural, toNumber } from "../numbers";
import type * as wire from "../protocol.gen";

/** `sin`: what the operation is called, without its namespace and the underscore of in-place. */
export function opOf(node: wire.Node): string {
  return node.op.replace(/^aten::_?/, "").replace(/_$/, "");
}

export function lineOf(node: wire.Node | undefined): number {
  return node?.place?.line ?? 0;
}

export function atLine(line: number): string {
  return line > 0 ? ` at line ${line}` : "";
}

export function at(node: wire.Node | undefined): string {
  return atLine(lineOf(node));
}

/** The tensor as the program calls it, or what made it. */
export function the(node: wire.Node | undefined): string {
  if (!node) return "a tensor";
  const name = node.outputs.find((output) => output.name)?.name;
  if (name) return `\`${name}\``;
  const op = opOf(node);
  if (node.kind === "op") return `the result of \`${op}\``;
  const shape = node.outputs[0] ? `${formatShape(node.outputs[0].shape)} ` : "";
  return `the ${shape}tensor${op ? ` of \`${op}\`` : ""}`;
}

/** The operation: `exp` at line 4. */
export function doing(node: wire.Node | undefined): string {
  return node ? `\`${opOf(node)}\`${at(node)}` : "an operation";
}

/** The name to write in a line of code, or `value` where the program has none. */
export function codeName(node: wire.Node | undefined): string {
  const name = node?.outputs.find((output) => output.name)?.name ?? "";
  return /^[A-Za-z_][\w.[\]]*$/.test(name) ? name : "value";
}

export function capital(text: string): string {
  return text.replace(/^[a-z]/, (letter) => letter.toUpperCase());
}

/** `a`, `a and b`, `a, b and c`; from the sixth on they are counted. */
export function list(items: readonly string[], most = 5): string {
  return enumerate([...new Set(items)], most);
}

/** The same with what is there twice said twice. */
export function enumerate(all: readonly string[], most = 5): string {
  const shown = all.length > most ? [...all.slice(0, most - 1), `${all.length - most + 1} more`] : all;
  if (shown.length < 2) return shown[0] ?? "";
  return `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

/** `lines 3, 4 and 7`, each once. */
export function lines(all: readonly number[]): string {
  const found = [...new Set(all.filter((line) => line > 0))];
  if (found.length === 0) return "";
  return list(found.map((line) => `line ${line}`));
}

export function share(part: number, whole: number): string {
  if (part >= whole) return whole === 1 ? "the only element" : `all ${plural(whole, "element")}`;
  const percent = (100 * part) / whole;
  return `${percent >= 99.5 ? "more than 99" : percent.toFixed(0)} % (${part} of ${whole})`;
}

/** A factor as one reads it: ×0.25, ×1.2e-7, ×3,000. */
export function times(factor: number): string {
  if (factor >= 0.01 && factor < 10_000) return `×${Number(factor.toPrecision(2))}`;
  const [digits = "", exponent = ""] = factor.toExponential(0).split("e");
  return `×${digits}e${exponent.replace("+", "")}`;
}

export function norm(values: wire.Values | null | undefined): number {
  return values ? toNumber(values.norm ?? 0) : 0;
}

export function size(values: wire.Values): string {
  return short(norm(values));
}

/** `of 1`: the one number, or the norm of several. */
export function amount(values: wire.Values): string {
  const first = values.data?.[0];
  if (values.numel === 1 && first !== undefined) return `of ${short(toNumber(first))}`;
  return `of norm ${size(values)}`;
}

/** A number in a sentence: four digits, and no point at its end. */
export function short(x: number): string {
  return Number.isFinite(x)
    ? String(Number(x.toPrecision(4)))
    : formatNumber(Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf");
}

export function isZero(values: wire.Values | null | undefined): boolean {
  return (
    !!values && values.numel > 0 && (values.zeros ?? 0) === values.numel && (values.nonfinite ?? 0) === 0
  );
}

export function allFinite(values: wire.Values | null | undefined): boolean {
  return !values || (values.nonfinite ?? 0) === 0;
}

/** All the same number, as far as that can be seen. */
export function isUniform(values: wire.Values): boolean {
  return values.numel > 0 && allFinite(values) && values.min === values.max;
}

/** The largest absolute value among the finite ones. */
export function largest(values: wire.Values): number {
  return Math.max(Math.abs(toNumber(values.min ?? 0)), Math.abs(toNumber(values.max ?? 0)));
}

/** What is wrong with it: `NaN`, `infinite`, or either where that cannot be told. */
export function wrongness(values: wire.Values): string {
  const data = values.data ?? [];
  if (data.length < values.numel) return "NaN or infinite";
  return data.includes("nan") ? "NaN" : "infinite";
}

export { formatNumber, formatShape, ordinal, plural };

/** At how many elements an activation is flat: what the recording counted, or for a ReLU its zeros. */
export function flatAt(node: wire.Node): number {
  if (node.saturated) return node.saturated;
  return /^relu6?$/.test(opOf(node)) ? (node.outputs[0]?.value.zeros ?? 0) : 0;
}
