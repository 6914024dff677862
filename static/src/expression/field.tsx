/** A value over two inputs: its level lines, its gradient as arrows, and the present point, which can be dragged. */
import { useMemo } from "react";
import { formatNumber } from "../numbers";
import { type Grid, levelLine, levelsOf, tickText } from "./contours";
import { Axes } from "./curve";
import { useGrab } from "./grab";
import { rounded, stepOf } from "./inputs";
import { setNumber } from "./number";
import { sheetOf, useGesture } from "./program";
import { useWidth } from "./width";

const PAD = { left: 46, right: 12, top: 10, bottom: 26 };
/** Arrows are drawn at every third point of the grid: more would hide the lines. */
const EVERY = 3;

export interface FieldData extends Grid {
  readonly output: string;
  readonly inputs: readonly [string, string];
  readonly dx: Float64Array;
  readonly dy: Float64Array;
}

interface Props {
  readonly data: FieldData;
  readonly at: readonly [number, number];
  readonly indices: readonly [number, number];
  readonly value: number | null;
}

export function FieldPlot({ data, at, indices, value }: Props) {
  const [box, width] = useWidth<HTMLDivElement>();
  const { move, ends } = useGesture();
  const { x, y, output, inputs } = data;
  const [xLow, xHigh] = [x[0] ?? -1, x.at(-1) ?? 1];
  const [yLow, yHigh] = [y[0] ?? -1, y.at(-1) ?? 1];
  const inner = Math.max(60, width - PAD.left - PAD.right);
  const tall = Math.min(inner, 380);
  const height = tall + PAD.top + PAD.bottom;
  const toX = (v: number) => PAD.left + ((v - xLow) / (xHigh - xLow)) * inner;
  const toY = (v: number) => PAD.top + ((yHigh - v) / (yHigh - yLow)) * tall;
  const drawn = useMemo(() => {
    if (width === 0) return null;
    return { levels: levelPaths(data, toX, toY), arrows: arrowsOf(data, toX, toY, inner) };
  }, [data, width]);
  const steps = [stepOf(xLow, xHigh), stepOf(yLow, yHigh)] as const;
  const go = (a: number, b: number) =>
    move((sheet) => {
      const first = setNumber(indices[0], rounded(Math.min(xHigh, Math.max(xLow, a)), steps[0]))(sheet);
      return setNumber(indices[1], rounded(Math.min(yHigh, Math.max(yLow, b)), steps[1]))(sheetOf(first));
    });
  const grab = useGrab(
    (px, py) =>
      go(xLow + ((px - PAD.left) / inner) * (xHigh - xLow), yHigh - ((py - PAD.top) / tall) * (yHigh - yLow)),
    () => ends.onPointerUp?.(),
  );
  const inside = at[0] >= xLow && at[0] <= xHigh && at[1] >= yLow && at[1] <= yHigh;
  const clip = `ex-clip-${output}-${inputs.join("-")}`;
  return (
    <figure className="ex-plot" ref={box}>
      <figcaption className="ex-legend">
        <span className="value ex-key-value">levels of {output}</span>
        <span className="grad ex-key-arrow">gradient</span>
        <span className="muted">
          {inputs[0]} to the right, {inputs[1]} up
        </span>
      </figcaption>
      {drawn && (
        <svg width={width} height={height} className="ex-chart" {...grab}>
          <title>{`Level lines of ${output} over ${inputs[0]} and ${inputs[1]}, with its gradient as arrows`}</title>
          <clipPath id={clip}>
            <rect x={PAD.left} y={PAD.top} width={inner} height={tall} />
          </clipPath>
          <Axes low={xLow} high={xHigh} range={{ low: yLow, high: yHigh }} {...{ toX, toY, width, height }} />
          <g clipPath={`url(#${clip})`}>
            {drawn.levels.map(({ level, path, strong }) => (
              <path key={level} className={strong ? "ex-level ex-level-strong" : "ex-level"} d={path} />
            ))}
            <path className="ex-arrows" d={drawn.arrows} />
          </g>
          {inside && (
            <g
              role="slider"
              tabIndex={0}
              className="ex-handle"
              aria-label={`${inputs[0]} and ${inputs[1]} in the plot`}
              aria-valuenow={at[0]}
              aria-valuemin={xLow}
              aria-valuemax={xHigh}
              aria-valuetext={`${inputs[0]} ${tickText(at[0])}, ${inputs[1]} ${tickText(at[1])}${value === null ? "" : `, ${output} ${formatNumber(value)}`}`}
              onKeyDown={(event) => {
                const by = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[
                  event.key
                ];
                if (!by) return;
                event.preventDefault();
                const size = event.shiftKey ? 10 : 1;
                go(at[0] + (by[0] ?? 0) * steps[0] * size, at[1] + (by[1] ?? 0) * steps[1] * size);
              }}
              onKeyUp={ends.onKeyUp}
              onBlur={ends.onBlur}
            >
              <circle className="ex-dot" cx={toX(at[0])} cy={toY(at[1])} r={7} />
            </g>
          )}
        </svg>
      )}
    </figure>
  );
}

type To = (v: number) => number;

function levelPaths(data: FieldData, toX: To, toY: To) {
  return levelsOf(data.z).map((level, i) => {
    const pieces = levelLine(data, level);
    let path = "";
    for (let k = 0; k < pieces.length; k += 4) {
      const [a, b, c, d] = pieces.slice(k, k + 4) as [number, number, number, number];
      path += `M${toX(a).toFixed(1)} ${toY(b).toFixed(1)}L${toX(c).toFixed(1)} ${toY(d).toFixed(1)}`;
    }
    return { level, path, strong: i % 5 === 0 };
  });
}

/** Arrows at a right angle to the level lines, the way up; their lengths tell small from large, though not in proportion, or most would be dots. */
function arrowsOf(data: FieldData, toX: To, toY: To, size: number): string {
  const { x, y, dx, dy } = data;
  const width = x.length;
  // Where a unit of one axis is not as long as one of the other, the steepest way in the picture is another.
  const [sx, sy] = [Math.abs(toX(1) - toX(0)), Math.abs(toY(1) - toY(0))];
  let most = 0;
  for (let i = 0; i < dx.length; i++) {
    const norm = Math.hypot(dx[i] as number, dy[i] as number);
    if (Number.isFinite(norm)) most = Math.max(most, norm);
  }
  if (most === 0) return "";
  const cell = (size / Math.max(1, width - 1)) * EVERY;
  let path = "";
  for (let row = 0; row < y.length; row += EVERY) {
    for (let column = 0; column < width; column += EVERY) {
      const [a, b] = [dx[row * width + column] as number, dy[row * width + column] as number];
      const norm = Math.hypot(a, b);
      if (!(norm > most * 1e-4)) continue;
      const length = cell * 0.85 * Math.sqrt(norm / most);
      const steep = Math.hypot(a / sx, b / sy);
      const [ux, uy] = [a / sx / steep, -b / sy / steep];
      const [px, py] = [toX(x[column] as number), toY(y[row] as number)];
      const [ex, ey] = [px + ux * length, py + uy * length];
      const head = Math.min(4, length * 0.45);
      path += `M${px.toFixed(1)} ${py.toFixed(1)}L${ex.toFixed(1)} ${ey.toFixed(1)}`;
      path += `M${(ex - head * (ux + 0.6 * uy)).toFixed(1)} ${(ey - head * (uy - 0.6 * ux)).toFixed(1)}L${ex.toFixed(1)} ${ey.toFixed(1)}`;
      path += `L${(ex - head * (ux - 0.6 * uy)).toFixed(1)} ${(ey - head * (uy + 0.6 * ux)).toFixed(1)}`;
    }
  }
  return path;
}
