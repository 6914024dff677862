/**
 * A value and its derivative over a range, with the present point on them. Drawn by hand: Plotly needs 17 to 31 ms for such
 * a curve and 38 to 65 ms for a field, and a dragged control leaves 50 ms for everything.
 */
import { useRef } from "react";
import { formatNumber } from "../numbers";
import { fitting, type Range, steady, ticks, tickText } from "./contours";
import { useGrab } from "./grab";
import { rounded, stepOf } from "./inputs";
import { setNumber } from "./number";
import { useGesture } from "./program";
import { useWidth } from "./width";

const HEIGHT = 220;
/** Pixels that a curve may jump from one point to the next. */
const POLE = 30;
const PAD = { left: 46, right: 12, top: 10, bottom: 26 };

export interface CurveData {
  readonly output: string;
  readonly input: string;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly dy: Float64Array;
}

/**
 * A path through what is finite. Where the value falls although its slopes say that it rises, or the other way round, there is
 * a pole between two points, and no line. What leaves the picture far is cut, so that it cannot wrap around.
 */
export function pathOf(
  x: Float64Array,
  y: Float64Array,
  toX: (x: number) => number,
  toY: (y: number) => number,
  slopes?: Float64Array,
): string {
  let path = "";
  let drawing = false;
  for (let i = 0; i < x.length; i++) {
    const [a, b] = [x[i] as number, y[i] as number];
    if (!Number.isFinite(b)) {
      drawing = false;
      continue;
    }
    const step = i > 0 ? b - (y[i - 1] as number) : 0;
    if (slopes && step * (slopes[i] as number) < 0 && step * (slopes[i - 1] as number) < 0) {
      if (Math.abs(toY(0) - toY(step)) > POLE) drawing = false;
    }
    const at = Math.max(-2000, Math.min(2000, toY(b)));
    path += `${drawing ? "L" : "M"}${toX(a).toFixed(1)} ${at.toFixed(1)}`;
    drawing = true;
  }
  return path;
}

/** The value at `at` between the points of a curve. */
export function between(x: Float64Array, y: Float64Array, at: number): number {
  const last = x.length - 1;
  const [low, high] = [x[0] ?? 0, x[last] ?? 0];
  if (last < 1 || at < low - 1e-9 || at > high + 1e-9) return Number.NaN;
  const place = Math.max(0, Math.min(last, ((at - low) / (high - low)) * last));
  const i = Math.min(last - 1, Math.floor(place));
  return (y[i] as number) + (place - i) * ((y[i + 1] as number) - (y[i] as number));
}

interface Props {
  readonly data: CurveData;
  /** Where the control stands. */
  readonly at: number;
  readonly index: number;
  /** The value there, as the run has it. */
  readonly value: number | null;
}

export function CurvePlot({ data, at, index, value }: Props) {
  const [box, width] = useWidth<HTMLDivElement>();
  const shown = useRef<{ key: string; range: Range } | null>(null);
  const { move, ends } = useGesture();
  const { x, y, dy, output, input } = data;
  const [low, high] = [x[0] ?? -1, x.at(-1) ?? 1];
  const key = `${output} ${input} ${low} ${high}`;
  const [a, b] = [fitting(y), fitting(dy)];
  const now = { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
  const range = steady(shown.current?.key === key ? shown.current.range : null, now);
  shown.current = { key, range };
  const [inner, tall] = [Math.max(60, width - PAD.left - PAD.right), HEIGHT - PAD.top - PAD.bottom];
  const toX = (v: number) => PAD.left + ((v - low) / (high - low)) * inner;
  const toY = (v: number) => PAD.top + ((range.high - v) / (range.high - range.low)) * tall;
  const inside = at >= low && at <= high;
  // The point stays on its curve under the hand; what the run says of it comes a moment later.
  const here = between(x, y, at);
  const step = stepOf(low, high);
  const clamp = (v: number) => rounded(Math.min(high, Math.max(low, v)), step);
  const grab = useGrab(
    (px) => move(setNumber(index, clamp(low + ((px - PAD.left) / inner) * (high - low)))),
    () => ends.onPointerUp?.(),
  );
  const clip = `ex-clip-${output}-${input}`;
  const steep = between(x, dy, at);
  return (
    <figure className="ex-plot" ref={box}>
      <figcaption className="ex-legend">
        <span className="value ex-key-value">{output}</span>
        <span className="grad ex-key-grad">
          ∂{output}/∂{input}
        </span>
        <span className="muted">over {input}</span>
      </figcaption>
      {width > 0 && (
        <svg width={width} height={HEIGHT} className="ex-chart" {...grab}>
          <title>{`${output} and its derivative by ${input}, for ${input} from ${tickText(low)} to ${tickText(high)}`}</title>
          <clipPath id={clip}>
            <rect x={PAD.left} y={PAD.top} width={inner} height={tall} />
          </clipPath>
          <Axes {...{ low, high, range, toX, toY, width }} />
          <g clipPath={`url(#${clip})`}>
            <path className="ex-curve-grad" d={pathOf(x, dy, toX, toY)} />
            <path className="ex-curve-value" d={pathOf(x, y, toX, toY, dy)} />
            {inside && (
              <line className="ex-here" x1={toX(at)} x2={toX(at)} y1={PAD.top} y2={PAD.top + tall} />
            )}
            {inside && Number.isFinite(steep) && (
              <path className="ex-dot-grad" d={`M${toX(at)} ${toY(steep) - 5}l5 5l-5 5l-5 -5z`} />
            )}
          </g>
          {inside && (
            <g
              role="slider"
              tabIndex={0}
              className="ex-handle"
              aria-label={`${input} in the plot`}
              aria-valuemin={low}
              aria-valuemax={high}
              aria-valuenow={at}
              aria-valuetext={`${tickText(at)}, ${output} ${formatNumber(value ?? (Number.isFinite(here) ? here : "nan"))}`}
              onKeyDown={(event) => {
                const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
                if (!by) return;
                event.preventDefault();
                move(setNumber(index, clamp(at + by * step * (event.shiftKey ? 10 : 1))));
              }}
              onKeyUp={ends.onKeyUp}
              onBlur={ends.onBlur}
            >
              <circle
                className="ex-dot"
                cx={toX(at)}
                cy={
                  Number.isFinite(here)
                    ? Math.min(PAD.top + tall, Math.max(PAD.top, toY(here)))
                    : PAD.top + tall
                }
                r={6}
              />
            </g>
          )}
        </svg>
      )}
    </figure>
  );
}

interface AxesProps {
  readonly low: number;
  readonly high: number;
  readonly range: Range;
  readonly toX: (x: number) => number;
  readonly toY: (y: number) => number;
  readonly width: number;
  readonly height?: number;
}

/** Hairlines at round numbers, with the numbers at the left and below. */
export function Axes({ low, high, range, toX, toY, width, height = HEIGHT }: AxesProps) {
  return (
    <g className="ex-axes">
      {ticks(range.low, range.high).map((v) => (
        <g key={`y${v}`}>
          <line
            className={v === 0 ? "ex-zero" : ""}
            x1={PAD.left}
            x2={width - PAD.right}
            y1={toY(v)}
            y2={toY(v)}
          />
          <text x={PAD.left - 6} y={toY(v) + 4} textAnchor="end">
            {tickText(v)}
          </text>
        </g>
      ))}
      {ticks(low, high, width < 300 ? 4 : 6).map((v) => (
        <g key={`x${v}`}>
          <line
            className={v === 0 ? "ex-zero" : ""}
            x1={toX(v)}
            x2={toX(v)}
            y1={PAD.top}
            y2={height - PAD.bottom}
          />
          <text x={toX(v)} y={height - PAD.bottom + 16} textAnchor="middle">
            {tickText(v)}
          </text>
        </g>
      ))}
    </g>
  );
}
