/** A setting of a block, edited in place: a switch, a choice, a number that the arrow keys move, or any Python. */
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { Row } from "./boxes";

interface Props {
  readonly row: Row;
  /** Said before the setting's own name. */
  readonly of: string;
  /** Whether Tab comes here. */
  readonly reachable: boolean;
  readonly onSet: (text: string) => void;
}

const NUMBER = /^-?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/** The next number up or down as a person would write it: 10 after 9, 0.02 after 0.01, and the other way round. */
export function stepped(text: string, up: boolean): string | null {
  if (!NUMBER.test(text)) return null;
  const value = Number(text);
  if (/^-?\d+$/.test(text)) return String(value + (up ? 1 : -1));
  if (value === 0) return up ? "0.1" : "-0.1";
  const size = 10 ** Math.floor(Math.log10(Math.abs(value)) + 1e-9);
  // Down from a power of ten the step is the smaller one, so that 0.1, 0.09 and not 0.0 follow.
  const exact = Math.abs(Math.abs(value) / size - 1) < 1e-9;
  const step = exact && up === value < 0 ? size / 10 : size;
  const digits = Math.max(1, -Math.floor(Math.log10(step) + 1e-9));
  const next = (value + (up ? step : -step)).toFixed(Math.min(20, digits));
  return next.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, ".0");
}

export function Field({ row, of, reachable, onSet }: Props) {
  const shown = row.given ? row.text : "";
  const [text, setText] = useState(shown);
  const input = useRef<HTMLInputElement>(null);
  const before = useRef(shown);
  useEffect(() => {
    // What is being written stays while an earlier edit comes back.
    const was = before.current;
    before.current = shown;
    setText((now) => (now === was || document.activeElement !== input.current ? shown : now));
  }, [shown]);
  const label = `${of}: ${row.name}`;
  const tab = reachable ? 0 : -1;
  const { choices } = row;
  const now = shown || row.otherwise;
  if (now === "True" || now === "False") {
    return (
      <input
        type="checkbox"
        className="nodrag block-check"
        aria-label={label}
        tabIndex={tab}
        checked={now === "True"}
        onChange={(event) => onSet(event.target.checked ? "True" : "False")}
      />
    );
  }
  if (choices.length > 0 && (choices.includes(now) || !now)) {
    return (
      <select
        className="nodrag block-choice"
        aria-label={label}
        tabIndex={tab}
        value={now}
        onChange={(event) => onSet(event.target.value)}
      >
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {choice.replace(/^(['"])(.*)\1$/, "$2")}
          </option>
        ))}
      </select>
    );
  }
  const commit = () => {
    if (text !== shown) onSet(text);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter") {
      event.preventDefault();
      event.stopPropagation();
      commit();
      input.current?.closest<HTMLElement>(".react-flow__node")?.focus();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      setText(shown);
      input.current?.closest<HTMLElement>(".react-flow__node")?.focus();
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      const next = stepped(text || row.otherwise, event.key === "ArrowUp");
      if (next === null) return;
      event.preventDefault();
      setText(next);
      onSet(next);
    }
  };
  return (
    <input
      ref={input}
      className="nodrag block-field"
      aria-label={label}
      tabIndex={tab}
      inputMode={NUMBER.test(now) ? "decimal" : "text"}
      spellCheck={false}
      autoCapitalize="off"
      autoComplete="off"
      placeholder={row.otherwise}
      title={text}
      value={text}
      onInput={(event) => setText(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={onKeyDown}
    />
  );
}
