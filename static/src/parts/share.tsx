/** The share dialog: stores the session when it opens, then offers the link, the embed and the files. */
import { useEffect, useState } from "react";
import { shareNow } from "../program";
import type { Shared } from "../share";
import { update } from "../store";
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

export function ShareDialog() {
  const [state, setState] = useState<Shared | string | null>(null);
  useEffect(() => {
    let here = true;
    shareNow().then(
      (shared) => here && setState(shared),
      (error: unknown) => here && setState(error instanceof Error ? error.message : String(error)),
    );
    return () => {
      here = false;
    };
  }, []);
  const close = () => update({ overlay: null });
  return (
    <Dialog title="Share" onClose={close} className="share">
      {state === null && <p className="empty-line">Storing the program and its results…</p>}
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
