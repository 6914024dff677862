/** A local Jacobian and the product with it, as a table one can check by eye. */
import { indexLabel } from "../../matrix";
import { formatCount, formatNumber, fullNumber } from "../../numbers";
import { css, type Scale } from "../../parts/scale";
import type * as wire from "../../protocol.gen";
import { HeatMap, useScale } from "../heatmap";
import type { Line, Table } from "./product";

/** Lines shown at once. */
const MOST_LINES = 256;

function Slope({ x, limit, scale }: { x: number; limit: number; scale: Scale }) {
  const color = scale.color(x, limit);
  return (
    <td style={{ backgroundColor: css(color), color: scale.ink(color) }} title={fullNumber(x)}>
      {formatNumber(x)}
    </td>
  );
}

function Grad({ x }: { x: number | null }) {
  return x === null ? (
    <td />
  ) : (
    <td className="grad" title={fullNumber(x)}>
      {formatNumber(x)}
    </td>
  );
}

function Lines({ table, scale }: { table: Extract<Table, { kind: "lines" | "sum" }>; scale: Scale }) {
  const { lines, limit } = table;
  const known = lines.some((line) => line.entering !== null && line.leaving !== null);
  const total = table.kind === "sum" ? table.total : null;
  const indexed = lines.some((line) => line.label);
  return (
    <table className="heat-table product">
      <thead>
        <tr>
          {indexed && <td />}
          {known && (
            <th scope="col" className="grad">
              entering
            </th>
          )}
          <th scope="col">{known ? "× derivative" : "derivative"}</th>
          {known && (
            <th scope="col" className="grad">
              = leaving
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {lines.slice(0, MOST_LINES).map((line: Line, i) => (
          <tr key={i}>
            {indexed && <th scope="row">{line.label}</th>}
            {known && <Grad x={line.entering} />}
            <Slope x={line.slope} limit={limit} scale={scale} />
            {known && <Grad x={line.leaving} />}
          </tr>
        ))}
      </tbody>
      {total !== null && known && (
        <tfoot>
          <tr>
            <th scope="row" colSpan={indexed ? 3 : 2}>
              added up
            </th>
            <Grad x={total} />
          </tr>
        </tfoot>
      )}
    </table>
  );
}

function Square({
  table,
  block,
  scale,
}: {
  table: Extract<Table, { kind: "matrix" }>;
  block: wire.LocalBlock;
  scale: Scale;
}) {
  const { matrix, entering, leaving } = table;
  const rows = Array.from({ length: matrix.rows }, (_, i) => i);
  const columns = Array.from({ length: matrix.columns }, (_, j) => j);
  return (
    <table className="heat-table product">
      <thead>
        <tr>
          <td />
          {entering && (
            <th scope="col" className="grad">
              entering
            </th>
          )}
          {columns.map((j) => (
            <th key={j} scope="col">
              {indexLabel(j, block.columns)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((i) => (
          <tr key={i}>
            <th scope="row">{indexLabel(i, block.rows)}</th>
            {entering && <Grad x={entering[i] ?? null} />}
            {columns.map((j) => (
              <Slope
                key={j}
                x={matrix.values[i * matrix.columns + j] ?? Number.NaN}
                limit={matrix.limit}
                scale={scale}
              />
            ))}
          </tr>
        ))}
      </tbody>
      {entering && leaving && (
        <tfoot>
          <tr>
            <th scope="row" className="grad" colSpan={2}>
              leaving
            </th>
            {columns.map((j) => (
              <Grad key={j} x={leaving[j] ?? null} />
            ))}
          </tr>
        </tfoot>
      )}
    </table>
  );
}

export function JacobianTable({
  table,
  block,
  of,
  by,
  title,
  explain,
}: {
  table: Table;
  block: wire.LocalBlock;
  of: string;
  by: string;
  title: string;
  /** How to read it, once for all tables. */
  explain: boolean;
}) {
  const scale = useScale();
  if (table.kind === "picture") {
    const row = (i: number) => `${of}${indexLabel(i, block.rows)}`;
    const column = (j: number) => `${by}${indexLabel(j, block.columns)}`;
    const entry = (i: number, j: number) => `∂ ${row(i)} / ∂ ${column(j)}`;
    return <HeatMap matrix={table.matrix} labels={{ row, column, entry, title }} />;
  }
  const hidden = table.kind === "matrix" ? 0 : Math.max(0, table.lines.length - MOST_LINES);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long table scrolls, with the keyboard too */}
      <section className="product-scroll" tabIndex={0} aria-label={title}>
        {table.kind === "matrix" ? (
          <Square table={table} block={block} scale={scale} />
        ) : (
          <Lines table={table} scale={scale} />
        )}
      </section>
      {hidden > 0 && <p className="muted">And {formatCount(hidden)} more lines.</p>}
      {explain && <p className="muted">{explained(table)}</p>}
    </>
  );
}

function explained(table: Exclude<Table, { kind: "picture" }>): string {
  if (table.kind === "matrix")
    return table.entering && table.leaving
      ? "Each column: what enters times the derivative, added up, is what leaves."
      : "A row for each element of the output, a column for each of the input.";
  if (table.kind === "lines" && table.diagonal && table.lines.length > 1)
    return "Element by element: only the diagonal of the Jacobian is not zero.";
  return "";
}
