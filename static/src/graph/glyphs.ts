/** Small pictures of a tensor's numbers: the number itself, bars, or where its values lie. */
import { brief, formatNumber, toNumber } from "../numbers";
import type * as wire from "../protocol.gen";
import type { Ink, Prim } from "./prims";
import { roundRect } from "./prims";
import type { Font } from "./text";

export interface Tone {
  strong: Ink;
  line: Ink;
  soft: Ink;
}

export const VALUE: Tone = { strong: "value", line: "value-line", soft: "value-soft" };
export const GRAD: Tone = { strong: "grad", line: "grad-line", soft: "grad-soft" };
export const CUT: Tone = { strong: "cut", line: "cut", soft: "cut-soft" };

/** What fills a cell of the given size, drawn from its top left corner. */
export function glyph(
  values: wire.Values,
  dtype: string,
  x: number,
  y: number,
  w: number,
  h: number,
  tone: Tone,
): Prim[] {
  const back: Prim = { d: roundRect(x, y, w, h, 3), fill: tone.soft };
  const data = values.data ?? [];
  const word = (text: string, wish: Font = "number"): Prim[] => {
    const font = text.length * 6.6 > w - 2 ? "tag" : wish;
    return [back, { text, x: x + w / 2, y: y + h / 2 + 4, font, ink: tone.strong, anchor: "middle" }];
  };
  if (values.unknown) return word("not kept", "tag");
  if (values.numel === 0) return word("empty", "tag");
  if (values.numel === 1 && data.length > 0) return word(formatNumber(data[0] ?? 0, dtype));
  const wrong = values.nonfinite ?? 0;
  if (wrong > 0) return word(wrong === values.numel ? "not finite" : `${wrong} not finite`, "tag");
  if (values.min === values.max && values.min !== undefined)
    return word(`all ${formatNumber(values.min, dtype)}`);
  const inner = [x + 5, y + 2.5, w - 10, h - 5] as const;
  if (data.length === values.numel && data.length <= inner[2]) {
    const numbers = data.map(toNumber);
    return [
      back,
      ...(inner[2] / data.length >= 4 ? bars(numbers, ...inner, tone) : curve(numbers, ...inner, tone)),
    ];
  }
  return [back, ...range(values, ...inner, tone)];
}

/** A tensor on its way: its number, or how long it is. */
export function chipText(values: wire.Values, dtype?: string): string {
  if (values.numel > 1 && !values.nonfinite && values.min === values.max && values.min !== undefined) {
    return `all ${formatNumber(values.min, dtype)}`;
  }
  return brief(values, dtype);
}

const r = (v: number) => Math.round(v * 10) / 10;

function scaled(data: readonly number[], y: number, h: number): (v: number) => number {
  const lo = Math.min(0, ...data);
  const hi = Math.max(0, ...data);
  return (v) => y + (h * (hi - v)) / (hi - lo || 1);
}

/** Up is positive, down is negative, from a line at zero. */
function bars(data: readonly number[], x: number, y: number, w: number, h: number, tone: Tone): Prim[] {
  const at = scaled(data, y, h);
  const zero = at(0);
  const pitch = w / data.length;
  const gap = Math.min(2, pitch / 4);
  let d = "";
  data.forEach((v, i) => {
    const top = Math.min(at(v), zero);
    const size = Math.abs(at(v) - zero);
    if (size >= 0.15)
      d += `M${r(x + i * pitch + gap / 2)} ${r(top)}h${r(pitch - gap)}v${r(size)}h${r(gap - pitch)}z`;
  });
  const prims: Prim[] = [{ d: `M${r(x)} ${r(zero)}H${r(x + w)}`, stroke: tone.line, width: 0.75 }];
  if (d) prims.unshift({ d, fill: tone.strong });
  return prims;
}

/** Too many for bars: a line over its shade. */
function curve(data: readonly number[], x: number, y: number, w: number, h: number, tone: Tone): Prim[] {
  const at = scaled(data, y, h);
  const zero = r(at(0));
  const points = data.map((v, i) => `${r(x + (w * i) / (data.length - 1))} ${r(at(v))}`).join("L");
  return [
    { d: `M${r(x)} ${zero}L${points}L${r(x + w)} ${zero}Z`, fill: tone.line },
    { d: `M${points}`, stroke: tone.strong, width: 1.25 },
  ];
}

/** Least to greatest as a line, mean with one standard deviation to each side as a bar, zero as a tick. */
function range(values: wire.Values, x: number, y: number, w: number, h: number, tone: Tone): Prim[] {
  const [lo, hi] = [toNumber(values.min ?? 0), toNumber(values.max ?? 0)];
  const [mean, std] = [toNumber(values.mean ?? 0), toNumber(values.std ?? 0)];
  const [from, to] = [Math.min(lo, 0), Math.max(hi, 0)];
  const span = to - from || 1;
  const at = (v: number) => r(x + (w * (Math.min(Math.max(v, lo), hi) - from)) / span);
  const zero = r(x + (w * -from) / span);
  const mid = r(y + h / 2);
  const [a, b] = [at(mean - std), at(mean + std)];
  return [
    { d: `M${zero} ${r(y)}V${r(y + h)}`, stroke: tone.line, width: 1, dash: "1.5 1.5" },
    {
      d: `M${at(lo)} ${mid}H${at(hi)}M${at(lo)} ${r(mid - 2.5)}v5M${at(hi)} ${r(mid - 2.5)}v5`,
      stroke: tone.strong,
      width: 1,
    },
    { d: roundRect(a, mid - 3, Math.max(2, b - a), 6, 1.5), fill: tone.strong },
  ];
}
