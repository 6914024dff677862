/** The command palette: every action, example and draft, found by typing. */
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import { actions } from "../actions";
import { showKey } from "../actions/keys";
import { act } from "../actions/listen";
import { palette } from "../actions/palette";
import { boot } from "../boot";
import { listDrafts } from "../drafts";
import { openDraft, openExample } from "../program";
import { getState, update } from "../store";
import { Dialog } from "./dialog";

interface Entry {
  readonly id: string;
  readonly label: string;
  readonly detail: string;
  readonly words: string;
  readonly act: () => void;
}

/** Entries that hold every word typed; those whose label starts with the text come first. */
export function search<T extends { label: string; words: string }>(
  entries: readonly T[],
  text: string,
): readonly T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = entries.filter((entry) => {
    const all = `${entry.label} ${entry.words}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
  const first = (entry: T) => (entry.label.toLowerCase().startsWith(text.toLowerCase()) ? 0 : 1);
  return [...found].sort((a, b) => first(a) - first(b));
}

function entries(): readonly Entry[] {
  return [
    ...actions
      .filter((action) => action !== palette)
      .map((action) => ({
        id: action.name,
        label: action.label,
        detail: showKey(action.key),
        words: action.words ?? "",
        act: () => act(action, getState()),
      })),
    ...boot.examples.map((example) => ({
      id: `example-${example.id}`,
      label: example.title,
      detail: "Example",
      words: `example ${example.section} ${example.summary}`,
      act: () => openExample(example.id),
    })),
    ...listDrafts().map((draft) => ({
      id: `draft-${draft.id}`,
      label: draft.title || "Untitled",
      detail: "Draft",
      words: "draft",
      act: () => openDraft(draft),
    })),
  ];
}

export function Palette() {
  const all = useMemo(entries, []);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const found = search(all, text);
  const close = () => update({ overlay: null });
  const choose = (entry: Entry | undefined) => {
    if (!entry) return;
    close();
    entry.act();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter") {
      // Else the press would also click what gets the focus back.
      event.preventDefault();
      choose(found[at]);
    }
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
    if (to === undefined || found.length === 0) return;
    event.preventDefault();
    const next = (to + found.length) % found.length;
    setAt(next);
    list.current?.children[next]?.scrollIntoView({ block: "nearest" });
  };
  return (
    <Dialog title="Find an action" onClose={close} className="palette">
      <input
        className="field"
        role="combobox"
        aria-label="Find an action, an example or a draft"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found[at] && `palette-${found[at].id}`}
        placeholder="Type what you want to do"
        value={text}
        autoFocus
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div className="palette-list" id="palette-list" role="listbox" aria-label="Found" ref={list}>
        {found.map((entry, index) => (
          <div
            key={entry.id}
            id={`palette-${entry.id}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            onPointerMove={() => setAt(index)}
            onClick={() => choose(entry)}
            onKeyDown={onKeyDown}
          >
            <span>{entry.label}</span>
            <kbd>{entry.detail}</kbd>
          </div>
        ))}
      </div>
      {found.length === 0 && (
        <p className="empty-line">Nothing is called that. Try “run”, “share” or “theme”.</p>
      )}
    </Dialog>
  );
}
