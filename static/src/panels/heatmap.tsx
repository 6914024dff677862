/** A matrix as a heat map: a table with its numbers when it is small or asked for, else a picture with a read-out. */
import { type PointerEvent, useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { Matrix } from "../matrix";
import { formatNumber, fullNumber } from "../numbers";
import { css, makeScale, type Scale } from "../parts/scale";
import { isContrasting, isDark, onTheme } from "../theme";

/** A picture instead of numbers beyond this. */
const MOST_COLUMNS = 12;
const MOST_CELLS = 400;
/** No table of numbers at all beyond this. */
const MOST_NUMBERS = 10_000;

export interface Labels {
  readonly row: (i: number) => string;
  readonly column: (j: number) => string;
  /** What an entry is the derivative of: `∂ loss / ∂ a[3]`. */
  readonly entry: (i: number, j: number) => string;
  /** The whole matrix. */
  readonly title: string;
}

interface Props {
  readonly matrix: Matrix;
  readonly labels: Labels;
}

export function useScale(): Scale {
  useSyncExternalStore(onTheme, () => `${isDark()} ${isContrasting()}`);
  return makeScale();
}

function Legend({ limit, scale }: { limit: number; scale: Scale }) {
  const stops = [-1, -2 / 3, -1 / 3, 0, 1 / 3, 2 / 3, 1].map((x) => css(scale.color(x, 1))).join(", ");
  return (
    <span className="heat-legend">
      {formatNumber(-limit)}
      <span className="heat-ramp" style={{ backgroundImage: `linear-gradient(to right, ${stops})` }} />
      {formatNumber(limit)}
    </span>
  );
}

function count(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

function NumberTable({ matrix, labels, scale }: Props & { scale: Scale }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table scrolls, with the keyboard too
    <section className="heat-scroll" tabIndex={0} aria-label={`Numbers of ${labels.title}`}>
      <table className="heat-table">
        <thead>
          <tr>
            <td />
            {count(matrix.columns).map((j) => (
              <th key={j} scope="col">
                {labels.column(j)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {count(matrix.rows).map((i) => (
            <tr key={i}>
              <th scope="row">{labels.row(i)}</th>
              {count(matrix.columns).map((j) => {
                const x = matrix.values[i * matrix.columns + j] ?? Number.NaN;
                const color = scale.color(x, matrix.limit);
                const style = { backgroundColor: css(color), color: scale.ink(color) };
                return (
                  <td key={j} style={style} title={fullNumber(x)}>
                    {formatNumber(x)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** `a[0] to a[24] →`, or only the one name. */
function span(first: string, last: string): string {
  return first === last ? first : `${first} to ${last}`;
}

function Picture({ matrix, labels, scale }: Props & { scale: Scale }) {
  const { rows, columns, values, limit } = matrix;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState<{ i: number; j: number } | null>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const image = context.createImageData(columns, rows);
    values.forEach((x, n) => {
      const [r, g, b] = scale.color(x, limit);
      image.data.set([r, g, b, Number.isNaN(x) ? 0 : 255], n * 4);
    });
    context.putImageData(image, 0, 0);
  });
  const onPointerMove = (event: PointerEvent<HTMLCanvasElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const j = Math.floor(((event.clientX - box.left) / box.width) * columns);
    const i = Math.floor(((event.clientY - box.top) / box.height) * rows);
    setAt(i >= 0 && i < rows && j >= 0 && j < columns ? { i, j } : null);
  };
  const x = at && values[at.i * columns + at.j];
  return (
    <div className="heat-picture">
      <p className="heat-axis">{span(labels.column(0), labels.column(columns - 1))} →</p>
      <canvas
        ref={canvas}
        className="heat-canvas"
        width={columns}
        height={rows}
        style={{
          aspectRatio: `${columns} / ${rows}`,
          maxWidth: columns * 28,
          minHeight: Math.min(rows * 6, 400),
        }}
        role="img"
        aria-label={`${labels.title}: ${rows} rows and ${columns} columns`}
        onPointerMove={onPointerMove}
        onPointerLeave={() => setAt(null)}
      />
      <p className="heat-said numbers" aria-live="polite">
        {at && x !== null && x !== undefined ? (
          <>
            {labels.entry(at.i, at.j)} = <b>{fullNumber(x)}</b>
          </>
        ) : (
          <span className="muted">
            ↓ {span(labels.row(0), labels.row(rows - 1))}. Point at an entry to read it.
          </span>
        )}
      </p>
    </div>
  );
}

export function HeatMap({ matrix, labels }: Props) {
  const scale = useScale();
  const { rows, columns, limit } = matrix;
  const small = columns <= MOST_COLUMNS && rows * columns <= MOST_CELLS;
  const [numbers, setNumbers] = useState(small);
  return (
    <div className="heat">
      {numbers ? (
        <NumberTable matrix={matrix} labels={labels} scale={scale} />
      ) : (
        <Picture matrix={matrix} labels={labels} scale={scale} />
      )}
      <p className="heat-foot numbers">
        <Legend limit={limit} scale={scale} />
        {!small && rows * columns <= MOST_NUMBERS && (
          <button
            type="button"
            className="outlined"
            aria-pressed={numbers}
            onClick={() => setNumbers(!numbers)}
          >
            {numbers ? "Show picture" : "Show numbers"}
          </button>
        )}
      </p>
    </div>
  );
}
