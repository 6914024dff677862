/** The table of one's own: brought in, looked at, and made ready for `data.X` and `data.y`. */
import { type ChangeEvent, useState } from "react";
import { openTable, takeTable } from "../actions/data";
import { importsData } from "../actions/download";
import { editText } from "../editor/edits";
import { plural } from "../numbers";
import { Dialog } from "../parts/dialog";
import { Icon } from "../parts/icons";
import { edit } from "../program";
import type * as wire from "../protocol.gen";
import { getState, update, useStore } from "../store";
import { useTable } from "./ask";
import "./data.css";
import { linesFor, withLines } from "./file";
import { type DraftData, MOST_BYTES, MOST_SHARED } from "./kept";
import { kib } from "./text";

const SEPARATORS: Readonly<Record<string, string>> = {
  ",": "commas",
  ";": "semicolons",
  "\t": "tabs",
  "|": "bars",
  " ": "spaces",
};
const TYPES = ["number", "category", "text"] as const;
const PARTS = [0, 0.1, 0.2, 0.25, 0.3, 0.5];

/** Changes what was chosen about the table. */
function choose(change: Partial<DraftData>): void {
  const { data } = getState().draft;
  if (data) edit({ data: { ...data, ...change } });
}

export default function DataDialog() {
  const data = useStore((state) => state.draft.data);
  const close = () => update({ overlay: null });
  return (
    <Dialog title="Data of your own" onClose={close} className="data">
      {data ? <Chosen data={data} /> : <Empty />}
    </Dialog>
  );
}

function FileButton({ label }: { label: string }) {
  const pick = (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    if (file) void openTable(file);
    event.target.value = "";
  };
  return (
    <label className="outlined data-file">
      <Icon name="open" />
      {label}
      <input
        type="file"
        className="unseen"
        accept=".csv,.tsv,.tab,.txt,.dat,text/csv,text/plain,text/tab-separated-values"
        onChange={pick}
      />
    </label>
  );
}

function Empty() {
  const [text, setText] = useState("");
  const take = () => {
    try {
      takeTable("pasted.csv", text);
    } catch (problem) {
      update({ toast: problem instanceof Error ? problem.message : String(problem) });
    }
  };
  return (
    <>
      <p className="muted">
        A table becomes <code>data.X</code> and <code>data.y</code> in programs that <code>import data</code>.
        Drop a CSV file on the page, choose one, or paste rows here; {kib(MOST_BYTES)} at most.
      </p>
      <textarea
        className="field data-paste"
        aria-label="Rows of the table"
        placeholder={"length,width,kind\n5.1,3.5,round\n4.9,2.4,long"}
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <p className="data-buttons">
        <button type="button" className="primary" disabled={!text.trim()} onClick={take}>
          Use these rows
        </button>
        <FileButton label="Choose a file" />
      </p>
    </>
  );
}

function Chosen({ data }: { data: DraftData }) {
  const { table, waiting, problem } = useTable(data);
  const columns = table?.columns.length ?? 0;
  return (
    <div aria-busy={waiting}>
      <p className="data-name">
        <strong>{data.name}</strong>
        <span className="muted">
          {kib(data.bytes)}
          {columns > 0 &&
            table &&
            `, ${plural(table.rows + table.bad_rows, "row")} of ${plural(columns, "column")}, separated by ${SEPARATORS[table.separator] ?? table.separator}`}
        </span>
      </p>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      {table?.problem && (
        <p className="problem" role="alert">
          {table.problem}
        </p>
      )}
      {table && columns > 0 && <Columns data={data} table={table} />}
      {table && table.bad_rows > 0 && <BadRows table={table} />}
      {table && columns > 0 && <Preparing data={data} table={table} />}
      {table && !table.problem && <InProgram data={data} table={table} />}
      <p className="data-buttons">
        <FileButton label="Another file" />
        <button type="button" className="outlined" onClick={() => edit({ data: undefined })}>
          Remove the table
        </button>
      </p>
      <p className="muted">
        {data.bytes <= MOST_SHARED
          ? `Kept in this browser. A link can have it inside (${kib(MOST_SHARED)} at most), and is asked before it does.`
          : `Kept in this browser. It is too large for a link, which takes ${kib(MOST_SHARED)} at most; a downloaded session has it inside.`}
      </p>
    </div>
  );
}

type Roles = Pick<wire.Table, "features" | "target">;

/** What the columns are used for: as chosen, also while the server has not yet said so, or as it was guessed. */
function rolesOf(data: DraftData, table: wire.Table): Roles {
  const target = data.target || table.target;
  const features = data.features?.length ? data.features : table.features.filter((name) => name !== target);
  return { features, target };
}

function roleOf(roles: Roles, { name }: wire.Column): "feature" | "target" | "none" {
  if (name === roles.target) return "target";
  return roles.features.includes(name) ? "feature" : "none";
}

function Columns({ data, table }: { data: DraftData; table: wire.Table }) {
  const roles = rolesOf(data, table);
  const setType = (column: wire.Column, type: (typeof TYPES)[number]) =>
    choose({ types: { ...data.types, [column.name]: type } });
  const setRole = (column: wire.Column, role: string) => {
    const others = roles.features.filter((name) => name !== column.name);
    if (role === "feature") {
      const order = table.columns.map(({ name }) => name);
      const features = [...others, column.name].sort((a, b) => order.indexOf(a) - order.indexOf(b));
      choose({ features, ...(roles.target === column.name && { target: "" }) });
    } else if (role === "target") choose({ features: others, target: column.name });
    else choose({ features: others, target: roles.target === column.name ? "" : roles.target });
  };
  const rows = Math.max(0, ...table.columns.map((column) => column.sample?.length ?? 0));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table scrolls sideways, with the keyboard too
    <section className="table-scroll data-scroll" tabIndex={0} aria-label="The table's first rows">
      <table className="table data-table">
        <thead>
          <tr>
            {table.columns.map((column) => (
              <th key={column.name} scope="col" data-role={roleOf(roles, column)}>
                <span className="data-column" title={column.name}>
                  {column.name}
                </span>
                <select
                  className="field"
                  aria-label={`Type of ${column.name}`}
                  value={data.types?.[column.name] ?? column.type}
                  onChange={(event) => setType(column, event.target.value as (typeof TYPES)[number])}
                >
                  {TYPES.map((type) => (
                    <option key={type}>{type}</option>
                  ))}
                </select>
                <select
                  className="field"
                  aria-label={`Use of ${column.name}`}
                  value={roleOf(roles, column)}
                  onChange={(event) => setRole(column, event.target.value)}
                >
                  <option value="feature">in X</option>
                  <option value="target">is y</option>
                  <option value="none">not used</option>
                </select>
                <span className="muted data-facts">{facts(column)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: rows }, (_, row) => (
            <tr key={row}>
              {table.columns.map((column) => (
                <td key={column.name} className={column.type === "number" ? "number" : undefined}>
                  {column.sample?.[row]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Four digits, as far as there are any. */
const short = (x: number) => String(Number(x.toPrecision(4)));

function facts(column: wire.Column): string {
  const { type, low, high, categories = [], missing = 0 } = column;
  const found: string[] = [];
  if (type === "number" && typeof low === "number" && typeof high === "number") {
    found.push(`${short(low)} to ${short(high)}`);
  }
  if (type === "category")
    found.push(categories.slice(0, 4).join(", ") + (categories.length > 4 ? ", …" : ""));
  if (missing) found.push(`${missing} missing`);
  return found.join("; ");
}

function BadRows({ table }: { table: wire.Table }) {
  const more = table.bad_rows - table.bad.length;
  return (
    <details className="data-bad" open={table.bad_rows <= 6}>
      <summary>
        {plural(table.bad_rows, "row")} {table.bad_rows === 1 ? "is" : "are"} left out
      </summary>
      <ul>
        {table.bad.map(([line, why]) => (
          <li key={line}>
            <span className="number">line {line}</span> {why}
          </li>
        ))}
        {more > 0 && <li>and {more} more</li>}
      </ul>
    </details>
  );
}

function Preparing({ data, table }: { data: DraftData; table: wire.Table }) {
  const aside = Math.min(Math.round((data.test ?? 0) * table.rows), Math.max(0, table.rows - 1));
  return (
    <fieldset className="data-preparing">
      <legend className="unseen">How it is prepared</legend>
      <label>
        <input
          type="checkbox"
          checked={data.header ?? table.header}
          onChange={(event) => choose({ header: event.target.checked, types: {}, features: [], target: "" })}
        />
        The first row has the names
      </label>
      <label>
        <input
          type="checkbox"
          checked={data.standardise ?? false}
          onChange={(event) => choose({ standardise: event.target.checked })}
        />
        Standardise X (mean 0, standard deviation 1)
      </label>
      <label>
        Set aside for testing
        <select
          className="field"
          value={data.test ?? 0}
          onChange={(event) => choose({ test: Number(event.target.value) })}
        >
          {PARTS.map((part) => (
            <option key={part} value={part}>
              {part ? `${100 * part} %` : "nothing"}
            </option>
          ))}
        </select>
        {aside > 0 && <span className="muted">{plural(aside, "row")}, at random</span>}
      </label>
      {aside > 0 && (
        <label>
          seed
          <input
            className="number data-seed"
            inputMode="numeric"
            value={data.seed ?? 0}
            onChange={(event) => {
              const seed = Number(event.target.value.replace(/\D/g, ""));
              if (Number.isSafeInteger(seed)) choose({ seed });
            }}
          />
        </label>
      )}
    </fieldset>
  );
}

function InProgram({ data, table }: { data: DraftData; table: wire.Table }) {
  const code = useStore((state) => state.draft.code);
  const lines = linesFor(table, data);
  const used = importsData(code) && /\bdata\.(X|y)\b/.test(code);
  const insert = () => {
    editText(withLines(getState().draft.code, lines));
    update({ overlay: null, pane: "code" });
  };
  return (
    <div className="data-program">
      <pre>{`import data\n\n${lines}`}</pre>
      {used ? (
        <p className="muted">The program uses it.</p>
      ) : (
        <button type="button" className="primary" onClick={insert}>
          Insert into the program
        </button>
      )}
    </div>
  );
}
