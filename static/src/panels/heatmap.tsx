/** A matrix as a heat map: a table with its numbers when it is small, a picture with a read-out when it is not. */
import { type PointerEvent, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { indexLabel, type Matrix } from "../matrix";
import { formatNumber, fullNumber } from "../numbers";
import { css, makeScale, type Scale } from "../parts/scale";
import { isDark, onTheme } from "../theme";

const MOST_COLUMNS = 16;
const MOST_CELLS = 400;

interface Props {
  readonly matrix: Matrix;
  readonly rowName: string;
  readonly rowShape: readonly number[];
  readonly columnName: string;
  readonly columnShape: readonly number[];
  readonly label: string;
}

function useScale(): Scale {
  useSyncExternalStore(onTheme, isDark);
  return makeScale();
}

function Legend({ limit, scale }: { limit: number; scale: Scale }) {
  const stops = [-1, -2 / 3, -1 / 3, 0, 1 / 3, 2 / 3, 1].map((x) => css(scale.color(x, 1))).join(", ");
  return (
    <p className="heat-legend numbers">
      <span>{formatNumber(-limit)}</span>
      <span className="heat-ramp" style={{ backgroundImage: `linear-gradient(to right, ${stops})` }} />
      <span>{formatNumber(limit)}</span>
    </p>
  );
}

function NumberTable({
  matrix,
  rowName,
  rowShape,
  columnName,
  columnShape,
  label,
  scale,
}: Props & { scale: Scale }) {
  const rows = Array.from({ length: matrix.rows }, (_, i) => i);
  const columns = Array.from({ length: matrix.columns }, (_, j) => j);
  return (
    <table className="heat-table" aria-label={label}>
      <thead>
        <tr>
          <td />
          {columns.map((j) => (
            <th key={j} scope="col">
              {columnName}
              {indexLabel(j, columnShape)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((i) => (
          <tr key={i}>
            <th scope="row">
              {rowName}
              {indexLabel(i, rowShape)}
            </th>
            {columns.map((j) => {
              const x = matrix.values[i * matrix.columns + j] ?? Number.NaN;
              const color = scale.color(x, matrix.limit);
              return (
                <td
                  key={j}
                  style={{ backgroundColor: css(color), color: scale.ink(color) }}
                  title={fullNumber(x)}
                >
                  {formatNumber(x)}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** `a[0] to a[24]`, or only the name of a scalar. */
function span(name: string, count: number, shape: readonly number[]): string {
  const first = `${name}${indexLabel(0, shape)}`;
  return count > 1 ? `${first} to ${name}${indexLabel(count - 1, shape)}` : first;
}

function Picture({
  matrix,
  rowName,
  rowShape,
  columnName,
  columnShape,
  label,
  scale,
}: Props & { scale: Scale }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState<{ i: number; j: number } | null>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const image = context.createImageData(matrix.columns, matrix.rows);
    matrix.values.forEach((x, n) => {
      const [r, g, b] = scale.color(x, matrix.limit);
      image.data.set([r, g, b, Number.isNaN(x) ? 0 : 255], n * 4);
    });
    context.putImageData(image, 0, 0);
  });
  const onPointerMove = (event: PointerEvent<HTMLCanvasElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const j = Math.floor(((event.clientX - box.left) / box.width) * matrix.columns);
    const i = Math.floor(((event.clientY - box.top) / box.height) * matrix.rows);
    setAt(i >= 0 && i < matrix.rows && j >= 0 && j < matrix.columns ? { i, j } : null);
  };
  const x = at && matrix.values[at.i * matrix.columns + at.j];
  return (
    <div className="heat-picture">
      <p className="heat-axis">{span(columnName, matrix.columns, columnShape)} →</p>
      <canvas
        ref={canvas}
        className="heat-canvas"
        width={matrix.columns}
        height={matrix.rows}
        style={{ aspectRatio: `${matrix.columns} / ${matrix.rows}`, maxWidth: matrix.columns * 24 }}
        role="img"
        aria-label={`${label}: ${matrix.rows} rows and ${matrix.columns} columns`}
        onPointerMove={onPointerMove}
        onPointerLeave={() => setAt(null)}
      />
      <p className="heat-said numbers" aria-live="polite">
        {at && x !== null && x !== undefined ? (
          <>
            ∂{rowName}
            {indexLabel(at.i, rowShape)} / ∂{columnName}
            {indexLabel(at.j, columnShape)} = <b>{fullNumber(x)}</b>
          </>
        ) : (
          <span className="muted">
            ↓ {span(rowName, matrix.rows, rowShape)}. Point at an entry to read it.
          </span>
        )}
      </p>
    </div>
  );
}

export function HeatMap(props: Props) {
  const scale = useScale();
  const { rows, columns, limit } = props.matrix;
  const small = columns <= MOST_COLUMNS && rows * columns <= MOST_CELLS;
  return (
    <div className="heat">
      {small ? <NumberTable {...props} scale={scale} /> : <Picture {...props} scale={scale} />}
      <Legend limit={limit} scale={scale} />
    </div>
  );
}
