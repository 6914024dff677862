/** The share dialog: stores the session when it opens, then offers the link, the embed and the files. */
import { useEffect, useState } from "react";
import { type DraftData, MOST_SHARED } from "../data/kept";
import { kib } from "../data/text";
import { shareNow } from "../program";
import type { Shared } from "../share";
import { update, useStore } from "../store";
import { CopyButton } from "./copy";
import { Dialog } from "./dialog";

function Field({ label, text, copy }: { label: string; text: string; copy: string }) {
  return (
    <label className="share-field">
      <span>{label}</span>
      <span className="share-row">
        <input className="field" readOnly value={text} onFocus={(event) => event.target.select()} />
        <CopyButton text={text} label={copy} />
      </span>
    </label>
  );
}

/** The link of a program with a table has the table in it, so that is asked before there is one. */
function Ask({ data, onAnswer }: { data: DraftData; onAnswer: (withTable: boolean) => void }) {
  const name = data.name || "your table";
  const fits = data.bytes <= MOST_SHARED;
  return (
    <>
      <p>
        {fits
          ? `The table ${name} (${kib(data.bytes)}) travels with the link: whoever opens it sees every row.`
          : `The table ${name} has ${kib(data.bytes)}; a link takes ${kib(MOST_SHARED)} at most. Downloaded sessions take all of it.`}
      </p>
      <p className="share-ask">
        {fits && (
          <button type="button" className="primary" onClick={() => onAnswer(true)}>
            Share with the table
          </button>
        )}
        <button type="button" className={fits ? "outlined" : "primary"} onClick={() => onAnswer(false)}>
          Share without the table
        </button>
      </p>
    </>
  );
}

export function ShareDialog() {
  const data = useStore((state) => state.draft.data);
  // As it was when the dialog opened: sharing changes the draft.
  const [table] = useState(data);
  const [withTable, setWithTable] = useState<boolean | null>(table ? null : true);
  const [state, setState] = useState<Shared | string | null>(null);
  useEffect(() => {
    if (withTable === null) return;
    let here = true;
    shareNow(withTable).then(
      (shared) => here && setState(shared),
      (error: unknown) => here && setState(error instanceof Error ? error.message : String(error)),
    );
    return () => {
      here = false;
    };
  }, [withTable]);
  const close = () => update({ overlay: null });
  return (
    <Dialog title="Share" onClose={close} className="share">
      {table && withTable === null && <Ask data={table} onAnswer={setWithTable} />}
      {state === null && withTable !== null && (
        <p className="empty-line">Storing the program and its results…</p>
      )}
      {typeof state === "string" && (
        <p className="problem" role="alert">
          {state}
        </p>
      )}
      {state !== null && typeof state !== "string" && (
        <>
          <p className="muted">
            Whoever opens the link sees this program and its results at once. The link never changes; what is
            edited later gets a link of its own.
          </p>
          {state.omitted && <p className="muted">{state.omitted}</p>}
          <Field label="Link" text={state.url} copy="Copy" />
          <Field
            label="Embed in a page"
            text={`<iframe src="${new URL(`/embed/${state.id}`, location.href).href}" width="100%" height="480" title="Autograd playground" loading="lazy"></iframe>`}
            copy="Copy"
          />
          <p className="share-files">
            As files: <a href={`/s/${state.id}.py`}>{state.id}.py</a>
            <a href={`/s/${state.id}.json`}>{state.id}.json</a>
          </p>
        </>
      )}
    </Dialog>
  );
}
