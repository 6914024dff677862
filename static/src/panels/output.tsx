/** Output: what each cell printed, showed and raised. */
import type { Data, Layout } from "plotly.js";
import { useCallback, useMemo } from "react";
import { revealLine } from "../editor/editor";
import { CopyButton } from "../parts/copy";
import { Empty } from "../parts/empty";
import { Icon } from "../parts/icons";
import { Plot } from "../parts/plot";
import { Sentence } from "../parts/sentence";
import { runNow } from "../program";
import type * as wire from "../protocol.gen";
import { type Item, isActive, type RunState } from "../run";
import { showNode, useStore } from "../store";

function LineLink({ line, children }: { line: number; children?: string }) {
  return (
    <button type="button" className="line-link" onClick={() => revealLine(line)}>
      {children ?? `line ${line}`}
    </button>
  );
}

/** To the operation that failed, marked in the diagram. */
function NodeLink({ node }: { node: number }) {
  return (
    <button type="button" className="line-link" onClick={() => showNode(node)}>
      Show in graph
    </button>
  );
}

export function ErrorBlock({ error }: { error: wire.Error }) {
  const [first = "", ...rest] = error.message.split("\n");
  return (
    <div className="error-block">
      <p className="error-title">
        <Icon name="error" />
        <span className="error-first">{first}</span>
      </p>
      {rest.length > 0 && <pre className="error-rest">{rest.join("\n")}</pre>}
      {error.hint && (
        <p className="error-hint">
          <Sentence text={error.hint} />
        </p>
      )}
      <p className="error-foot">
        {error.line > 0 && <LineLink line={error.line}>{`Go to line ${error.line}`}</LineLink>}
        {typeof error.node === "number" && <NodeLink node={error.node} />}
        <CopyButton text={error.traceback || error.message} label="Copy message" />
      </p>
      {error.traceback && (
        <details>
          <summary>Traceback</summary>
          <pre>{error.traceback}</pre>
        </details>
      )}
    </div>
  );
}

/** JSON has no NaN: Plotly leaves a gap where a value is null. */
function plain(values: readonly unknown[]): unknown[] {
  return values.map((x) =>
    Array.isArray(x) ? plain(x) : x === "nan" || x === "inf" || x === "-inf" ? null : x,
  );
}

function FigureBlock({ figure, index }: { figure: wire.PlotlyFigure; index: number }) {
  const draw = useCallback(() => {
    const data = figure.data.map((trace) => ({
      ...trace,
      ...(trace.x && { x: plain(trace.x) }),
      ...(trace.y && { y: plain(trace.y) }),
      ...(trace.z && { z: plain(trace.z) }),
      ...(trace.name === undefined && { showlegend: trace.showlegend ?? false }),
    }));
    // As wide as there is room, however wide the program asked.
    const { width: _, ...layout } = figure.layout;
    return { data: data as Data[], layout: layout as Partial<Layout> };
  }, [figure]);
  const title = figure.layout.title?.text;
  return (
    <Plot
      draw={draw}
      label={title ? `Figure ${index + 1}: ${title}` : `Figure ${index + 1}`}
      height={Math.min(900, Math.max(160, figure.layout.height ?? 320))}
    />
  );
}

function ItemBlock({ item, run }: { item: Item; run: RunState }) {
  switch (item.kind) {
    case "text":
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: wide output scrolls sideways, with the keyboard too
        <pre className={`out out-${item.stream}`} data-stream={item.stream} tabIndex={0}>
          {item.stream !== "stdout" && <span className="unseen">{`${item.stream}: `}</span>}
          {item.text}
        </pre>
      );
    case "figure": {
      const figure = run.figures[item.index];
      return figure ? <FigureBlock figure={figure} index={item.index} /> : null;
    }
    case "error":
      return <ErrorBlock error={item.error} />;
    case "notice":
      return <p className="notice">{item.message}</p>;
  }
}

interface CellItems {
  readonly cell: wire.Cell | undefined;
  readonly index: number;
  readonly items: readonly Item[];
}

/** Items by cell, cells in order; cells that showed nothing are left out. */
export function byCell(run: RunState): readonly CellItems[] {
  const groups = new Map<number, Item[]>();
  for (const item of run.items) groups.set(item.cell, [...(groups.get(item.cell) ?? []), item]);
  return [...groups]
    .sort(([a], [b]) => a - b)
    .map(([index, items]) => ({ index, items, cell: run.cells.find((cell) => cell.index === index) }));
}

export function OutputPanel() {
  const run = useStore((state) => state.shown);
  const groups = useMemo(() => (run ? byCell(run) : []), [run]);
  if (!run) return <Empty text="What the program prints and plots appears here." />;
  const finished = run.finished;
  const saysNothing = groups.length === 0 && !isActive(run);
  const many = run.cells.length > 1;
  return (
    <div className="output">
      {groups.map(({ cell, index, items }) => (
        <section
          key={index}
          className="cell"
          aria-label={cell?.title || `Cell ${index + 1}`}
          data-cell={index}
        >
          {many && (
            <h3 className="cell-head">
              <span>{cell?.title || `Cell ${index + 1}`}</span>
              {cell && <LineLink line={cell.line} />}
            </h3>
          )}
          {items.map((item, at) => (
            <ItemBlock key={at} item={item} run={run} />
          ))}
        </section>
      ))}
      {finished?.message && (
        <p className={finished.status === "cancelled" ? "notice" : "problem"}>{finished.message}</p>
      )}
      {run.phase === "lost" && run.startedAt > 0 && (
        <p className="problem">
          The connection to the server was lost while this ran. What came until then is kept.{" "}
          <button type="button" className="outlined" onClick={runNow}>
            Run again
          </button>
        </p>
      )}
      {saysNothing && !finished?.message && run.phase === "finished" && (
        <p className="empty-line">
          The program printed nothing. Use print(…) or end a cell with an expression.
        </p>
      )}
    </div>
  );
}
