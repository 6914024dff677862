/** What the diagram has marks on, as a list to walk: layers that vanish or explode, where NaN is born, dead activations. */
import { useEffect, useRef, useState } from "react";
import { indexOf } from "../derive";
import { whenIdle } from "../idle";
import { plural } from "../numbers";
import { isActive, type RunState } from "../run";
import { update, useStore } from "../store";
import { type Finding, flags } from "../why/flags";
import { atLine, lineOf, the } from "../why/words";

/** More than this are counted only. */
const MOST = 50;

export default function Findings({ run }: { run: RunState }) {
  const done = !isActive(run) || run.held !== null;
  const [found, setFound] = useState<readonly Finding[]>([]);
  const [open, setOpen] = useState(false);
  const list = useRef<HTMLUListElement>(null);
  const picked = useStore((state) => state.picked);
  useEffect(() => {
    let wanted = done;
    const give = (some: readonly Finding[]) => {
      setFound(some);
      update({ findings: some });
    };
    if (!done) give([]);
    // Nobody waits for it: the diagram comes first.
    else whenIdle(() => wanted && give(flags(run.graph)));
    return () => {
      wanted = false;
    };
  }, [done, run.graph]);
  // A graph that has begun anew keeps its marks until they are found again.
  useEffect(
    () => () => {
      setFound([]);
      update({ findings: [] });
    },
    [run.id],
  );
  if (found.length === 0) return null;
  const { node } = indexOf(run.graph);
  const walk = (event: React.KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") setOpen(false);
    if (!by) return;
    const buttons = [...(list.current?.querySelectorAll("button") ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    buttons[(at + by + buttons.length) % buttons.length]?.focus();
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: arrows walk between the buttons inside
    <div className="findings" onKeyDown={walk}>
      <button
        type="button"
        className="findings-head"
        aria-expanded={open}
        aria-controls="findings-list"
        onClick={() => setOpen(!open)}
      >
        <span aria-hidden="true">▲</span> {plural(found.length, "finding")}
      </button>
      {open && (
        <ul id="findings-list" ref={list}>
          {found.slice(0, MOST).map((one) => (
            <li key={`${one.node} ${one.kind}`}>
              <button
                type="button"
                aria-pressed={picked?.kind === "node" && picked.node === one.node}
                onClick={() => update({ picked: { kind: "node", node: one.node } })}
              >
                <strong>{one.word}</strong>{" "}
                <span className="muted">
                  {the(node.get(one.node)).replace(/^the result of |`/g, "")}
                  {atLine(lineOf(node.get(one.node)))}
                </span>
              </button>
            </li>
          ))}
          {found.length > MOST && <li className="muted">and {found.length - MOST} more</li>}
        </ul>
      )}
    </div>
  );
}
