/** The diverging scale of signed numbers, centred at zero: purple below, green above. */
import { token } from "../theme";

const STOPS = ["--div-n3", "--div-n2", "--div-n1", "--div-0", "--div-p1", "--div-p2", "--div-p3"] as const;

type Rgb = readonly [number, number, number];

export interface Scale {
  /** The colour of `x`, whose scale reaches from `-limit` to `limit`. */
  readonly color: (x: number, limit: number) => Rgb;
  /** The text colour that can be read on it. */
  readonly ink: (color: Rgb) => string;
}

function parse(color: string): Rgb {
  const [r = 0, g = 0, b = 0] = (color.match(/[\d.]+/g) ?? []).map(Number);
  return [r, g, b];
}

/** Relative luminance (WCAG 2.2). */
function luminance([r, g, b]: Rgb): number {
  const linear = (c: number) => (c <= 10.31 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}

export function css([r, g, b]: Rgb): string {
  return `rgb(${Math.round(r)} ${Math.round(g)} ${Math.round(b)})`;
}

/** Position on the scale, from 0 (most negative) over 0.5 (zero) to 1. */
export function position(x: number, limit: number): number {
  if (!(limit > 0) || Number.isNaN(x)) return 0.5;
  return Math.min(1, Math.max(0, 0.5 + x / limit / 2));
}

/** The scale in the colours of the theme the page has now. */
export function makeScale(): Scale {
  const stops = STOPS.map((name) => parse(token(name)));
  const color = (x: number, limit: number): Rgb => {
    const at = position(x, limit) * (stops.length - 1);
    const low = Math.min(stops.length - 2, Math.floor(at));
    const a = stops[low] ?? [0, 0, 0];
    const b = stops[low + 1] ?? a;
    const mix = at - low;
    return [a[0] + (b[0] - a[0]) * mix, a[1] + (b[1] - a[1]) * mix, a[2] + (b[2] - a[2]) * mix];
  };
  const ink = (of: Rgb) => {
    const light = luminance(of);
    return 1.05 / (light + 0.05) > (light + 0.05) / 0.05 ? "#fff" : "#000";
  };
  return { color, ink };
}
