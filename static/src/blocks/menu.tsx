/** The palette of blocks: searched by typing, and put into the program by dragging, a tap or Enter. */
import { type KeyboardEvent, type PointerEvent, useLayoutEffect, useMemo, useRef, useState } from "react";
import { formatCount } from "../numbers";
import { Icon } from "../parts/icons";
import { commands } from "./commands";
import { type Entry, search, usePalette } from "./palette";
import { getView, setView, toggled, useView } from "./state";

/** Pixels after which a press becomes a drag. */
const DRAG = 6;

interface Props {
  /** The program's own classes. */
  readonly own: readonly Entry[];
  /** It covers the blocks, and goes when something was chosen. */
  readonly sheet: boolean;
  readonly onDrop: (entry: Entry, x: number, y: number) => void;
}

/** Follows the pointer with the entry's name and drops it where it is let go. */
function drag(entry: Entry, start: PointerEvent, onDrop: Props["onDrop"]): void {
  if (start.button !== 0 || start.pointerType === "touch") return;
  let ghost: HTMLElement | null = null;
  const move = (event: globalThis.PointerEvent) => {
    if (!ghost) {
      if (Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) < DRAG) return;
      ghost = document.createElement("div");
      ghost.className = "block-ghost";
      ghost.textContent = entry.title;
      document.body.append(ghost);
    }
    ghost.style.translate = `${event.clientX + 8}px ${event.clientY + 8}px`;
  };
  const end = (event: globalThis.PointerEvent) => {
    window.removeEventListener("pointermove", move);
    window.removeEventListener("pointerup", end);
    window.removeEventListener("pointercancel", end);
    if (!ghost) return;
    ghost.remove();
    // The click that follows would add it once more.
    const stop = (click: Event) => {
      click.stopPropagation();
      click.preventDefault();
    };
    window.addEventListener("click", stop, { capture: true, once: true });
    setTimeout(() => window.removeEventListener("click", stop, { capture: true }), 0);
    if (event.type === "pointerup") onDrop(entry, event.clientX, event.clientY);
  };
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", end);
  window.addEventListener("pointercancel", end);
}

export function Menu({ own, sheet, onDrop }: Props) {
  const all = usePalette();
  const adding = useView((view) => view.adding);
  const [text, setText] = useState("");
  const [opened, setOpened] = useState<ReadonlySet<string>>(
    () => new Set(["Inputs", "Data", "This program"]),
  );
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const sections = useMemo(() => search([...own, ...all], text), [own, all, text]);
  const searching = text.trim() !== "";
  // Before the next key: what is typed at once is what is looked for.
  useLayoutEffect(() => {
    if (adding) field.current?.focus();
  }, [adding]);
  const close = () => {
    setText("");
    const { adding: was, current, focused } = getView();
    setView({ adding: null, ...(was && current && { focused: focused + 1, revealed: false }) });
  };
  const choose = (entry: Entry | undefined) => {
    if (!entry) return;
    const now = getView().adding ?? { at: null, frame: "", from: null };
    setText("");
    setView({ adding: null });
    commands.add(entry, now);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const stops = [field.current, ...(list.current?.querySelectorAll<HTMLElement>("button") ?? [])];
    const at = stops.indexOf(document.activeElement as HTMLInputElement);
    const next = stops[at + (event.key === "ArrowDown" ? 1 : -1)];
    event.preventDefault();
    next?.focus();
  };
  return (
    <section
      className="block-menu"
      data-sheet={sheet || undefined}
      aria-label="Palette of blocks"
      onKeyDown={onKeyDown}
    >
      <div className="block-menu-head">
        <input
          ref={field}
          className="field"
          type="search"
          aria-label={adding?.from ? "Find a block to connect" : "Find a block to add"}
          placeholder={adding?.from ? "Connect to a new …" : "Find a block"}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            if (searching) choose(sections[0]?.entries[0]);
          }}
        />
        {sheet && (
          <button type="button" className="quiet square" aria-label="Close the palette" onClick={close}>
            <Icon name="close" />
          </button>
        )}
      </div>
      <div className="block-menu-list" ref={list}>
        {sections.map(({ title, entries }) => {
          const open = searching || opened.has(title);
          return (
            <section key={title} aria-label={title}>
              <button
                type="button"
                className="block-menu-section"
                aria-expanded={open}
                tabIndex={-1}
                disabled={searching}
                onClick={() => setOpened(toggled(opened, title))}
              >
                <Icon name={open ? "opened" : "closed"} />
                {title}
                <span className="muted number">{formatCount(entries.length)}</span>
              </button>
              {open &&
                entries.map((entry) => (
                  <button
                    type="button"
                    key={entry.type}
                    className="block-menu-entry"
                    tabIndex={-1}
                    title={entry.doc}
                    onPointerDown={(event) => drag(entry, event, onDrop)}
                    onClick={() => choose(entry)}
                  >
                    {entry.title}
                    {entry.symbol && <code className="muted">{entry.symbol}</code>}
                  </button>
                ))}
            </section>
          );
        })}
        {searching && sections.length === 0 && (
          <p className="empty-line">No block is called that. Try “linear”, “sin” or “loss”.</p>
        )}
      </div>
    </section>
  );
}
