/** Profiler: PyTorch's table, sortable, and the flame chart of the run. */
import { useMemo, useState } from "react";
import { fileName, saveFile } from "../actions/download";
import { formatCount, formatMicros, formatPercent, plural } from "../numbers";
import { Empty } from "../parts/empty";
import { Icon } from "../parts/icons";
import { openInPerfetto } from "../perfetto";
import type * as wire from "../protocol.gen";
import { getState, type Pick, update, useStore } from "../store";
import { chromeTrace } from "../trace";
import { Flame } from "./flame";

export type Column =
  | "name"
  | "self_cpu_percent"
  | "self_cpu"
  | "cpu_percent"
  | "cpu"
  | "cpu_avg"
  | "self_cuda"
  | "self_cuda_percent"
  | "cuda"
  | "cuda_avg"
  | "count"
  | "shapes";

/** PyTorch's column names, in its order. */
const COLUMNS: readonly { id: Column; label: string; gpu?: boolean }[] = [
  { id: "name", label: "Name" },
  { id: "self_cpu_percent", label: "Self CPU %" },
  { id: "self_cpu", label: "Self CPU" },
  { id: "cpu_percent", label: "CPU total %" },
  { id: "cpu", label: "CPU total" },
  { id: "cpu_avg", label: "CPU time avg" },
  { id: "self_cuda", label: "Self CUDA", gpu: true },
  { id: "self_cuda_percent", label: "Self CUDA %", gpu: true },
  { id: "cuda", label: "CUDA total", gpu: true },
  { id: "cuda_avg", label: "CUDA time avg", gpu: true },
  { id: "count", label: "# of Calls" },
  { id: "shapes", label: "Input Shapes" },
];

export interface Sort {
  readonly column: Column;
  readonly down: boolean;
}

function key(row: wire.ProfileRow, column: Column): string | number {
  switch (column) {
    case "name":
      return row.name;
    case "shapes":
      return row.shapes ?? "";
    case "count":
      return row.count;
    case "self_cpu":
    case "self_cpu_percent":
      return row.self_cpu;
    case "cpu":
    case "cpu_percent":
      return row.cpu;
    case "cpu_avg":
      return row.cpu / Math.max(1, row.count);
    case "self_cuda":
    case "self_cuda_percent":
      return row.self_cuda ?? 0;
    case "cuda":
      return row.cuda ?? 0;
    case "cuda_avg":
      return (row.cuda ?? 0) / Math.max(1, row.count);
  }
}

/** The rows in the order asked for; equal ones keep theirs. */
export function sortRows(
  rows: readonly wire.ProfileRow[],
  { column, down }: Sort,
): readonly wire.ProfileRow[] {
  return [...rows].sort((a, b) => {
    const x = key(a, column);
    const y = key(b, column);
    const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
    return down ? -order : order;
  });
}

interface Totals {
  readonly cpu: number;
  readonly cuda: number;
}

function text(row: wire.ProfileRow, column: Column, totals: Totals): string {
  const value = key(row, column);
  switch (column) {
    case "name":
    case "shapes":
      return String(value);
    case "count":
      return formatCount(Number(value));
    case "self_cpu_percent":
    case "cpu_percent":
      return formatPercent(Number(value), totals.cpu);
    case "self_cuda_percent":
      return formatPercent(Number(value), totals.cuda);
    default:
      return formatMicros(Number(value));
  }
}

function Name({ name }: { name: string }) {
  const end = name.lastIndexOf(": ") + 1;
  return (
    <>
      <span className="name-start">{name.slice(0, end)}</span>
      <span className="name-end">{name.slice(end)}</span>
    </>
  );
}

function Table({ profile, byShape, gpu }: { profile: wire.Profile; byShape: boolean; gpu: boolean }) {
  const [sort, setSort] = useState<Sort>({ column: "self_cpu", down: true });
  const picked = useStore((state) => state.picked);
  const all = byShape ? profile.by_shape : profile.by_op;
  const rows = useMemo(() => sortRows(all, sort), [all, sort]);
  const totals = useMemo(
    () => ({
      cpu: all.reduce((sum, row) => sum + row.self_cpu, 0),
      cuda: all.reduce((sum, row) => sum + (row.self_cuda ?? 0), 0),
    }),
    [all],
  );
  const columns = COLUMNS.filter((one) => (gpu || !one.gpu) && (byShape || one.id !== "shapes"));
  const order = (column: Column) => {
    const isText = column === "name" || column === "shapes";
    setSort((now) => ({ column, down: now.column === column ? !now.down : !isText }));
  };
  return (
    <div className="table-scroll">
      <table className="table profile-table">
        <thead>
          <tr>
            {columns.map(({ id, label }) => (
              <th
                key={id}
                scope="col"
                aria-sort={sort.column === id ? (sort.down ? "descending" : "ascending") : "none"}
              >
                <button type="button" onClick={() => order(id)}>
                  {label}
                  <span className="sort-mark" aria-hidden="true">
                    {sort.column === id ? (sort.down ? "▾" : "▴") : ""}
                  </span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const pick: Pick = { kind: "op", op: row.name, shapes: byShape ? (row.shapes ?? "") : "" };
            const on = picked?.kind === "op" && picked.op === pick.op && picked.shapes === pick.shapes;
            return (
              <tr
                key={`${row.name} ${row.shapes ?? ""}`}
                aria-selected={on}
                onPointerEnter={() => update({ hovered: pick })}
                onPointerLeave={() => update({ hovered: null })}
              >
                {columns.map(({ id }) =>
                  id === "name" ? (
                    <th key={id} scope="row">
                      <button
                        type="button"
                        aria-pressed={on}
                        title={row.name}
                        onClick={() => update({ picked: on ? null : pick })}
                      >
                        <Name name={row.name} />
                      </button>
                    </th>
                  ) : (
                    <td key={id} data-column={id} title={id === "shapes" ? row.shapes : undefined}>
                      {id === "self_cpu_percent" && totals.cpu > 0 && (
                        <span
                          className="cell-bar"
                          style={{ width: `${(100 * row.self_cpu) / totals.cpu}%` }}
                        />
                      )}
                      {text(row, id, totals)}
                    </td>
                  ),
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
      <p className="table-foot">
        Self CPU time total: {formatMicros(totals.cpu)}
        {gpu && <>. Self CUDA time total: {formatMicros(totals.cuda)}</>}. Recording cost the program about{" "}
        {formatMicros(profile.overhead_us)} while it ran; explaining and sending it took{" "}
        {formatMicros(profile.explaining_us)}.
      </p>
    </div>
  );
}

export default function ProfilerPanel() {
  const run = useStore((state) => state.shown);
  const profile = run?.profile ?? null;
  const [byShape, setByShape] = useState(false);
  const used = profile?.by_op.some((row) => (row.cuda ?? 0) > 0) ?? false;
  const [chosen, setChosen] = useState<boolean | null>(null);
  const gpu = chosen ?? used;
  if (!run || !profile) {
    return <Empty text="How long each operation took appears here when the program has ended." />;
  }
  if (profile.by_op.length === 0) {
    return <Empty text="This run recorded no operations, so there is nothing to time." action={null} />;
  }
  const { title } = getState().draft;
  const trace = () => JSON.stringify(chromeTrace(profile, title));
  const save = () => saveFile(`${fileName(title)}.trace.json`, "application/json", trace());
  const open = () => {
    if (openInPerfetto(trace(), title)) return;
    update({
      toast:
        "The browser did not open a tab. Allow it, or open the Chrome trace at ui.perfetto.dev yourself.",
    });
  };
  return (
    <div className="profiler">
      <div className="panel-tools">
        <fieldset className="segments">
          <legend className="unseen">Group rows</legend>
          <button type="button" className="segment" aria-pressed={!byShape} onClick={() => setByShape(false)}>
            By op
          </button>
          <button type="button" className="segment" aria-pressed={byShape} onClick={() => setByShape(true)}>
            By op and shape
          </button>
        </fieldset>
        <label className="check">
          <input type="checkbox" checked={gpu} onChange={(event) => setChosen(event.target.checked)} />
          GPU columns
        </label>
        <span className="spring" />
        <button type="button" className="quiet" onClick={save}>
          <Icon name="download" />
          Chrome trace
        </button>
        <button type="button" className="quiet" onClick={open}>
          Open in Perfetto
        </button>
      </div>
      <Flame spans={profile.spans} />
      {profile.spans_omitted > 0 && (
        <p className="notice">
          {plural(profile.spans_omitted, "span")} beyond the limit are counted in the table but not drawn.
        </p>
      )}
      <Table profile={profile} byShape={byShape} gpu={gpu} />
    </div>
  );
}
