/** The gallery: our examples, one per section of the tutorial, templates to begin with, and this browser's drafts. */
import { boot } from "../boot";
import { listDrafts, type SavedDraft } from "../drafts";
import { plural } from "../numbers";
import { openDraft, openExample } from "../program";
import { update, useStore } from "../store";
import { Dialog } from "./dialog";

/** `5 minutes ago`. */
export function ago(then: number, now: number): string {
  const minutes = Math.floor((now - then) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${plural(minutes, "minute")} ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${plural(hours, "hour")} ago` : `${plural(Math.floor(hours / 24), "day")} ago`;
}

const TEMPLATES = "Templates";

const isTemplate = (example: { section: string }) => example.section === TEMPLATES;

export function Examples() {
  const base = useStore((state) => state.draft.base);
  const groups = [
    { title: "From the tutorial, and beyond", examples: boot.examples.filter((one) => !isTemplate(one)) },
    { title: "Templates to begin with", examples: boot.examples.filter(isTemplate) },
  ];
  const close = () => update({ overlay: null });
  const drafts = listDrafts();
  const open = (draft: SavedDraft) => {
    close();
    openDraft(draft);
  };
  return (
    <Dialog title="Examples" onClose={close} className="gallery">
      {groups.map(({ title, examples }) => (
        <section key={title} aria-label={title}>
          <h3 className="gallery-head">{title}</h3>
          <div className="gallery-list">
            {examples.map((example) => (
              <button
                type="button"
                key={example.id}
                className="gallery-item"
                aria-current={base === `example:${example.id}`}
                data-example={example.id}
                onClick={() => {
                  close();
                  openExample(example.id);
                }}
              >
                <span className="gallery-title">{example.title}</span>
                <span className="gallery-text">{example.summary}</span>
              </button>
            ))}
          </div>
        </section>
      ))}
      {drafts.length > 0 && (
        <>
          <h3 className="gallery-head">Your drafts in this browser</h3>
          <div className="gallery-list">
            {drafts.map((draft) => (
              <button type="button" key={draft.id} className="gallery-item" onClick={() => open(draft)}>
                <span className="gallery-title">{draft.title || "Untitled"}</span>
                <span className="gallery-text">
                  {plural(draft.code.split("\n").length, "line")}, {ago(draft.saved, Date.now())}
                </span>
              </button>
            ))}
          </div>
        </>
      )}
    </Dialog>
  );
}
