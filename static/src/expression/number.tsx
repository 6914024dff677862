/** A number as a slider, with its range and step, and as text. */
import { type KeyboardEvent, useState } from "react";
import { type Input, rounded, splice, stepOf, written } from "./inputs";
import { change, type Edit, setRange, useGesture, useRange } from "./program";
import type { Sheet } from "./sheet";

/** The same input in another sheet of the program; null if it is no longer what it was. */
export function inputIn<K extends Input["kind"]>(
  sheet: Sheet,
  index: number,
  kind: K,
): Extract<Input, { kind: K }> | null {
  const entry = sheet.entries[index];
  return entry?.kind === "input" && entry.input.kind === kind
    ? (entry.input as Extract<Input, { kind: K }>)
    : null;
}

/** The edit that sets a number. */
export function setNumber(index: number, value: number): Edit {
  return (sheet) => {
    const input = inputIn(sheet, index, "number");
    return input ? splice(sheet.text, { at: input.value, insert: written(value) }) : sheet.text;
  };
}

/** A number one can type: taken with Enter or when the field is left; arrows step it where `step` is given. */
export function NumberField(props: {
  readonly label: string;
  readonly value: number;
  readonly text?: string;
  readonly step?: number;
  readonly className?: string;
  readonly set: (value: number) => void;
  readonly onKey?: (event: KeyboardEvent<HTMLInputElement>) => void;
}) {
  const { label, value, step, set } = props;
  const [typed, setTyped] = useState<string | null>(null);
  const [wrong, setWrong] = useState(false);
  const take = (text: string) => {
    const number = Number(text.trim().replace("−", "-"));
    if (text.trim() === "" || !Number.isFinite(number)) {
      setWrong(text.trim() !== "");
      if (text.trim() === "") setTyped(null);
      return;
    }
    setTyped(null);
    setWrong(false);
    if (number !== value) set(number);
  };
  const key = (event: KeyboardEvent<HTMLInputElement>) => {
    props.onKey?.(event);
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter") take(event.currentTarget.value);
    else if (event.key === "Escape" && typed !== null) {
      event.stopPropagation();
      setTyped(null);
      setWrong(false);
    } else if (step && /^Arrow(Up|Down)$/.test(event.key)) {
      event.preventDefault();
      const by = (event.key === "ArrowUp" ? step : -step) * (event.shiftKey ? 10 : 1);
      setTyped(null);
      set(rounded(value + by, step));
    }
  };
  return (
    <input
      className={`field number ex-number ${props.className ?? ""}`}
      inputMode="decimal"
      aria-label={label}
      aria-invalid={wrong}
      title={wrong ? "A number is expected, for example 0.5" : undefined}
      value={typed ?? props.text ?? written(value)}
      autoComplete="off"
      data-typed={typed === null ? undefined : ""}
      onInput={(event) => setTyped(event.currentTarget.value)}
      onBlur={(event) => typed !== null && take(event.currentTarget.value)}
      onKeyDown={key}
    />
  );
}

const steps = new Map<string, number>();

export function NumberControl({ name, index, value }: { name: string; index: number; value: number }) {
  const range = useRange(name, value);
  const [, redraw] = useState(0);
  const step = steps.get(name) ?? stepOf(range.low, range.high);
  const { move, ends } = useGesture();
  const low = Math.min(range.low, value);
  const high = Math.max(range.high, value);
  return (
    <div className="ex-slide">
      <input
        type="range"
        className="ex-slider"
        aria-label={name}
        min={low}
        max={high}
        step="any"
        value={value}
        onInput={(event) => move(setNumber(index, rounded(Number(event.currentTarget.value), step)))}
        onKeyDown={(event) => {
          const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[
            event.key
          ];
          if (!by) return;
          event.preventDefault();
          const next = Math.min(
            range.high,
            Math.max(range.low, value + by * step * (event.shiftKey ? 10 : 1)),
          );
          move(setNumber(index, rounded(next, step)));
        }}
        {...ends}
      />
      <NumberField
        label={`Value of ${name}`}
        value={value}
        step={step}
        set={(next) => change(setNumber(index, next))}
      />
      <details className="ex-range">
        <summary>
          <span className="unseen">Range of {name}: </span>
          {written(range.low).replace(/\.0$/, "")} … {written(range.high).replace(/\.0$/, "")}
        </summary>
        <div className="ex-range-fields">
          <span className="ex-field">
            from
            <NumberField
              label={`Lowest ${name}`}
              value={range.low}
              set={(next) => next < range.high && setRange(name, next, range.high)}
            />
          </span>
          <span className="ex-field">
            to
            <NumberField
              label={`Highest ${name}`}
              value={range.high}
              set={(next) => next > range.low && setRange(name, range.low, next)}
            />
          </span>
          <span className="ex-field">
            step
            <NumberField
              label={`Step of ${name}`}
              value={step}
              set={(next) => {
                if (next > 0) steps.set(name, next);
                redraw((n) => n + 1);
              }}
            />
          </span>
        </div>
      </details>
    </div>
  );
}
