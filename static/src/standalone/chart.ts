/**
 * The plots that a standalone page draws itself: lines, points and bars on plain or logarithmic axes, beside each other.
 * Pure; what it cannot draw gives null. Plotly, which draws them on the playground's page, would double the file.
 */
import type * as wire from "../protocol.gen";

export interface Mark {
  readonly d: string;
  /** Index of the colour, or the colour the program asked for. */
  readonly color: number | string;
  readonly filled: boolean;
  readonly width: number;
  readonly dash: string;
  readonly opacity: number;
}

export interface Word {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly anchor: "start" | "middle" | "end";
  readonly kind: "tick" | "title";
  readonly turned?: boolean;
}

export interface Chart {
  readonly marks: readonly Mark[];
  readonly words: readonly Word[];
  readonly grid: string;
  readonly legend: readonly { name: string; color: number | string }[];
}

type Scale = (v: number) => number;

interface Span {
  readonly lo: number;
  readonly hi: number;
  readonly log: boolean;
}

const DASH: Readonly<Record<string, string>> = { dash: "6 4", dot: "2 3", dashdot: "6 3 2 3" };
const MOST_POINTS = 20_000;

const number = (x: unknown): number => (typeof x === "number" ? x : Number.NaN);

/** About `wanted` round numbers within a span: 1, 2 or 5 times a power of ten apart. */
export function ticks({ lo, hi, log }: Span, wanted: number): number[] {
  if (log) {
    const [from, to] = [Math.ceil(lo - 1e-9), Math.floor(hi + 1e-9)];
    const step = Math.max(1, Math.ceil((to - from) / wanted));
    return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, k) => from + k * step);
  }
  const rough = (hi - lo) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((by) => by * power >= rough) ?? 10);
  const first = Math.ceil(lo / step - 1e-9);
  const count = Math.floor(hi / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, Math.min(count, 20)) }, (_, k) => (first + k) * step);
}

function spanOf(values: readonly number[], axis: wire.Axis | undefined, zero: boolean): Span | null {
  const log = axis?.type === "log";
  const finite = values.map((v) => (log ? Math.log10(v) : v)).filter(Number.isFinite);
  let lo = finite.reduce((a, b) => Math.min(a, b), Infinity);
  let hi = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  const asked = (axis?.range ?? []).map(number);
  if (asked.length === 2 && asked.every(Number.isFinite)) [lo = lo, hi = hi] = asked;
  else if (zero && !log) [lo, hi] = [Math.min(lo, 0), Math.max(hi, 0)];
  if (!Number.isFinite(lo) || !Number.isFinite(hi)) return null;
  if (asked.length !== 2) {
    const pad = (hi - lo) * 0.04 || Math.abs(hi) * 0.1 || 1;
    [lo, hi] = [zero && lo === 0 ? 0 : lo - pad, hi + pad];
  }
  return lo < hi ? { lo, hi, log } : null;
}

const r = (v: number) => Math.round(v * 10) / 10;

/** Each trace's points as numbers; null where they are words or something that is not drawn here. */
function points(trace: wire.Trace): { x: number[]; y: number[] } | null {
  if (trace.type !== "scatter" && trace.type !== "bar") return null;
  if (trace.orientation === "h" || trace.base !== undefined || !trace.y) return null;
  const words = (values: readonly unknown[]) =>
    values.some((v) => typeof v === "string" && !["nan", "inf", "-inf"].includes(v));
  if (words(trace.y) || words(trace.x ?? [])) return null;
  const y = trace.y.map(number);
  return y.length > MOST_POINTS ? null : { x: trace.x ? trace.x.map(number) : y.map((_, k) => k), y };
}

function line(x: readonly number[], y: readonly number[], toX: Scale, toY: Scale): string {
  let d = "";
  let pen = false;
  for (let k = 0; k < y.length; k++) {
    const [px, py] = [toX(x[k] ?? Number.NaN), toY(y[k] ?? Number.NaN)];
    if (Number.isFinite(px) && Number.isFinite(py)) d += `${pen ? "L" : "M"}${r(px)} ${r(py)}`;
    pen = Number.isFinite(px) && Number.isFinite(py);
  }
  return d;
}

/** Half a bar's width, in the units of its axis. */
function halfBar({ width }: wire.Trace, x: readonly number[]): number {
  if (typeof width === "number") return Math.abs(width) / 2;
  const sorted = [...new Set(x)].sort((a, b) => a - b);
  const gaps = sorted.slice(1).map((v, k) => v - (sorted[k] ?? v));
  return 0.4 * gaps.reduce((a, b) => Math.min(a, b), gaps.length ? Infinity : 1);
}

/** A figure in a box of this size, or null if it has something that only Plotly draws. */
export function chart(figure: wire.PlotlyFigure, width: number, height: number): Chart | null {
  const { layout } = figure;
  const marks: Mark[] = [];
  const words: Word[] = [];
  const legend: { name: string; color: number | string }[] = [];
  let grid = "";
  const places = new Map<string, wire.Trace[]>();
  for (const trace of figure.data) {
    const place = `${trace.xaxis ?? "x"} ${trace.yaxis ?? "y"}`;
    places.set(place, [...(places.get(place) ?? []), trace]);
  }
  const axisOf = (name: string) =>
    (layout as Record<string, unknown>)[`${name[0]}axis${name.slice(1)}`] as wire.Axis | undefined;
  for (const [place, traces] of places) {
    const [xName = "x", yName = "y"] = place.split(" ");
    const [xAxis, yAxis] = [axisOf(xName), axisOf(yName)];
    const all = traces.map(points);
    if (all.some((one) => one === null)) return null;
    const bars = traces.some((trace) => trace.type === "bar");
    const each = all as { x: number[]; y: number[] }[];
    const halves = traces.map((trace, k) => (trace.type === "bar" ? halfBar(trace, each[k]?.x ?? []) : 0));
    const xs = spanOf(
      each.flatMap((one, k) => one.x.flatMap((x) => [x - (halves[k] ?? 0), x + (halves[k] ?? 0)])),
      xAxis,
      false,
    );
    const ys = spanOf(
      each.flatMap((one) => one.y),
      yAxis,
      bars,
    );
    if (!xs || !ys || (bars && xs.log)) return null;
    const [x0 = 0, x1 = 1] = xAxis?.domain ?? [0, 1];
    const [y0 = 0, y1 = 1] = yAxis?.domain ?? [0, 1];
    const left = x0 * width + 48;
    const right = x1 * width - 12;
    const bottom = height - y0 * height - 40;
    const top = height - y1 * height + (layout.title || layout.annotations ? 28 : 12);
    const toX: Scale = (v) =>
      left + (((xs.log ? Math.log10(v) : v) - xs.lo) / (xs.hi - xs.lo)) * (right - left);
    const toY: Scale = (v) =>
      bottom - (((ys.log ? Math.log10(v) : v) - ys.lo) / (ys.hi - ys.lo)) * (bottom - top);
    const shown = (v: number, span: Span) => (span.log ? `1e${v}` : String(Number(v.toPrecision(6))));
    for (const v of ticks(xs, Math.max(2, (right - left) / 56))) {
      const at = r(toX(xs.log ? 10 ** v : v));
      grid += `M${at} ${r(top)}V${r(bottom)}`;
      words.push({ x: at, y: bottom + 16, text: shown(v, xs), anchor: "middle", kind: "tick" });
    }
    for (const v of ticks(ys, Math.max(2, (bottom - top) / 48))) {
      const at = r(toY(ys.log ? 10 ** v : v));
      grid += `M${r(left)} ${at}H${r(right)}`;
      words.push({ x: left - 6, y: at + 4, text: shown(v, ys), anchor: "end", kind: "tick" });
    }
    const middle = (left + right) / 2;
    if (xAxis?.title?.text)
      words.push({ x: middle, y: bottom + 34, text: xAxis.title.text, anchor: "middle", kind: "title" });
    if (yAxis?.title?.text) {
      const at = { x: left - 38, y: (top + bottom) / 2 };
      words.push({ ...at, text: yAxis.title.text, anchor: "middle", kind: "title", turned: true });
    }
    traces.forEach((trace, k) => {
      const { x, y } = each[k] ?? { x: [], y: [] };
      const own =
        trace.line?.color ?? (typeof trace.marker?.color === "string" ? trace.marker.color : undefined);
      const color = own ?? figure.data.indexOf(trace);
      const look = { color, opacity: trace.opacity ?? 1, dash: DASH[trace.line?.dash ?? ""] ?? "" };
      if (trace.name) legend.push({ name: trace.name, color });
      if (trace.type === "bar") {
        const share = toX(xs.lo + 2 * (halves[k] ?? 0)) - toX(xs.lo);
        const zero = Math.min(bottom, Math.max(top, toY(ys.log ? 10 ** ys.lo : 0)));
        const d = y.map(
          (v, i) => `M${r(toX(x[i] ?? 0) - share / 2)} ${r(zero)}h${r(share)}V${r(toY(v))}h${r(-share)}z`,
        );
        marks.push({ ...look, d: d.join(""), filled: true, width: 0 });
        return;
      }
      const mode = trace.mode ?? "lines";
      if (mode.includes("lines"))
        marks.push({ ...look, d: line(x, y, toX, toY), filled: false, width: trace.line?.width ?? 1.75 });
      if (mode.includes("markers")) {
        const size = typeof trace.marker?.size === "number" ? trace.marker.size : 6;
        const radius = r(Math.min(20, Math.max(1, size / 2)));
        let d = "";
        for (let i = 0; i < y.length; i++) {
          const [px, py] = [toX(x[i] ?? Number.NaN), toY(y[i] ?? Number.NaN)];
          if (!Number.isFinite(px) || !Number.isFinite(py)) continue;
          d += `M${r(px - radius)} ${r(py)}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`;
        }
        marks.push({ ...look, d, filled: true, width: 0 });
      }
    });
  }
  for (const note of layout.annotations ?? []) {
    if (!note.xref.includes("domain") && note.xref !== "paper") continue;
    const domain = axisOf(note.xref.split(" ")[0] ?? "")?.domain ?? [0, 1];
    const top = axisOf((note.yref.split(" ")[0] ?? "").replace("x", "y"))?.domain?.[1] ?? 1;
    const x = ((domain[0] ?? 0) + (domain[1] ?? 1)) / 2;
    words.push({
      x: note.xref === "paper" ? number(note.x) * width : x * width + 18,
      y: note.yref === "paper" ? (1 - number(note.y)) * height + 16 : (1 - top) * height + 16,
      text: note.text,
      anchor: "middle",
      kind: "title",
    });
  }
  if (layout.title?.text)
    words.push({ x: width / 2, y: 16, text: layout.title.text, anchor: "middle", kind: "title" });
  return { marks, words, grid, legend };
}
