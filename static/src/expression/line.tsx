/** One line of the bar: an expression that is written, its value, its derivative, and what is wrong with it. */
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { Icon } from "../parts/icons";
import { Sentence } from "../parts/sentence";
import type * as wire from "../protocol.gen";
import type { RunState } from "../run";
import { removeEntry, shownLine, understand, withoutUnused, writeLine } from "./edit";
import { fullText, inLine, Maths } from "./maths";
import { change, shapesNow, sheetNow, type Tensor } from "./program";
import { type LineEntry, readSheet, type Sheet } from "./sheet";
import { lineTex, nameTex } from "./tex";
import { type Functions, type Mistake, toShown } from "./translate";

/** How long typing rests before a line is taken as it stands, and before what is wrong with it is said. */
const REST_MS = 350;
const WRONG_MS = 700;

/** The derivative of a line, as far as something knows it. */
export interface Derivative {
  readonly by: string;
  /** Of what: the line's name, or its first element. */
  readonly of: string;
  readonly value: string;
  readonly full: string;
  readonly tex: string;
  /** Why there is no formula. */
  readonly why: string;
  /** It is that of the sum of its elements. */
  readonly summed: boolean;
}

interface Props {
  readonly sheet: Sheet;
  readonly functions: Functions;
  /** Null: a line that is yet to be written. */
  readonly entry: LineEntry | null;
  readonly run: RunState | null;
  readonly tensor: Tensor | null;
  readonly derivative: Derivative | null;
  /** What went wrong when it ran. */
  readonly failed: wire.Error | null;
  readonly hint?: string;
  /** Goes to the line after this one (1), the one before (-1), or the one of a name. */
  readonly go: (to: 1 | -1 | string) => void;
}

export function Line(props: Props) {
  const { sheet, functions, entry, run, tensor, derivative, failed, go } = props;
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const base = entry ? shownLine(sheet, entry, functions) : "";
  const [typed, setTyped] = useState<string | null>(null);
  const [mistake, setMistake] = useState<Mistake | null>(null);
  const [note, setNote] = useState("");
  const [scrolled, setScrolled] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  /** Inputs that were made while the line was written: what a name was on the way to another goes again. */
  const making = useRef(new Set<string>());
  /** Whether something was typed that has not been taken. */
  const pending = useRef(false);
  const expected = useRef(base);
  const seen = useRef(base);
  // Somebody else changed the line: what was typed here is of the past.
  if (seen.current !== base) {
    seen.current = base;
    if (base !== expected.current && typed !== null) {
      clearTimeout(timer.current);
      pending.current = false;
      setTyped(null);
      setMistake(null);
    }
  }
  useEffect(() => () => clearTimeout(timer.current), []);
  const text = typed ?? base;

  const take = (final: boolean): boolean => {
    clearTimeout(timer.current);
    if (!pending.current) {
      if (final) setTyped(null);
      return true;
    }
    const written = (field.current?.value ?? text).trim();
    const now = sheetNow();
    const at = entry
      ? now.entries.findIndex((one) => one.kind === "line" && one.whole.from === entry.whole.from)
      : -1;
    if (entry && at < 0) return false;
    if (!written) {
      pending.current = !final;
      if (final && entry) change(() => removeEntry(now.text, at));
      if (final) setTyped(null);
      setMistake(null);
      return true;
    }
    if (entry && written === base) {
      pending.current = false;
      setMistake(null);
      if (final) setTyped(null);
      return true;
    }
    const line = writeLine(now.text, written, functions, entry ? at : null, shapesNow(run));
    if ("mistake" in line) {
      setMistake(line.mistake);
      return false;
    }
    const made = { ...line, text: withoutUnused(line.text, making.current) };
    for (const one of line.made) making.current.add(one);
    if (final) making.current.clear();
    pending.current = false;
    setMistake(null);
    setNote(made.note);
    const next = readSheet(made.text);
    const lines = (of: Sheet) => of.entries.filter((one): one is LineEntry => one.kind === "line");
    const place = lines(next).findIndex((one) => one.name === made.name);
    const here = entry
      ? lines(now).findIndex((one) => one.whole.from === entry.whole.from)
      : lines(now).length;
    const becomes = lines(next)[place];
    expected.current = becomes ? shownLine(next, becomes, functions) : "";
    change(() => made.text);
    if (place !== here) {
      setTyped(null);
      go(made.name);
    } else if (final) setTyped(null);
    return true;
  };

  const rest = (value: string) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      const code = value.trim() ? understand(sheetNow(), value, functions, entry) : null;
      if (!code) return setMistake(null);
      if ("mistake" in code) {
        timer.current = setTimeout(() => setMistake(code.mistake), WRONG_MS - REST_MS);
        return;
      }
      // A name that is still being written is no name yet.
      const caret = field.current?.selectionStart ?? value.length;
      if (!code.free.some((one) => one.to === caret)) take(false);
    }, REST_MS);
  };

  const input = (value: string) => {
    pending.current = true;
    setTyped(value);
    setNote("");
    if (mistake) setMistake(null);
    rest(value);
  };

  const key = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter") {
      event.preventDefault();
      if (take(true)) go(1);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      go(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape" && typed !== null) {
      event.stopPropagation();
      clearTimeout(timer.current);
      pending.current = false;
      setTyped(null);
      setMistake(null);
    } else if (event.key === "Backspace" && entry && text === "") {
      event.preventDefault();
      pending.current = true;
      take(true);
      go(-1);
    }
  };

  const wrong = mistake ?? (failed && typed === null ? failure(failed, run, base, sheet, functions) : null);
  const tex = lineTex(text.replaceAll("^", "**"));
  const name = entry?.name ?? "";
  return (
    <li className={`ex-line${entry ? "" : " ex-new"}`}>
      <div className="ex-write">
        <input
          ref={field}
          className="ex-text"
          aria-label={entry ? `Line ${name || entry.line}` : "New line"}
          aria-invalid={wrong !== null}
          aria-describedby={wrong ? `${id}-wrong` : undefined}
          data-name={name}
          data-typed={typed !== null && typed !== base ? "" : undefined}
          placeholder={entry ? "" : props.hint}
          value={text}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          onInput={(event) => input(event.currentTarget.value)}
          onKeyDown={key}
          onBlur={() => take(true)}
          onScroll={(event) => setScrolled(event.currentTarget.scrollLeft)}
        />
        {entry && (
          <button
            type="button"
            className="quiet square ex-remove"
            aria-label={`Remove the line ${name || entry.line}`}
            onClick={() =>
              change((now) =>
                removeEntry(
                  now.text,
                  now.entries.findIndex((one) => one.whole.from === entry.whole.from),
                ),
              )
            }
          >
            <Icon name="close" />
          </button>
        )}
      </div>
      {wrong && (
        <div className="ex-wrong" id={`${id}-wrong`} role={mistake ? "status" : undefined}>
          <span
            className="ex-under"
            aria-hidden="true"
            style={{
              marginLeft: `calc(${wrong.from}ch - ${scrolled}px)`,
              width: `${Math.max(1, wrong.to - wrong.from)}ch`,
            }}
          />
          <p>
            <span>
              <Sentence text={wrong.message} />
            </span>
            {wrong.instead && (
              <button
                type="button"
                className="outlined"
                onClick={() => {
                  const { from, to, instead = "" } = wrong;
                  input(text.slice(0, from) + instead + text.slice(to));
                  field.current?.focus();
                }}
              >
                {wrong.instead}
              </button>
            )}
          </p>
        </div>
      )}
      {note && !wrong && <p className="ex-note">{note}</p>}
      {entry && !wrong && (tex || tensor) && (
        <div className="ex-result">
          {tex && <Maths tex={tex} />}
          {tensor && (
            <span className="value number" title={fullText(tensor.value)}>
              = {inLine(tensor.value, tensor.shape, tensor.dtype)}
            </span>
          )}
        </div>
      )}
      {entry && !wrong && derivative && (derivative.value || derivative.tex || derivative.why) && (
        <div className="ex-result ex-derivative">
          <Maths tex={derivativeTex(derivative)} />
          {derivative.value && (
            <span className="grad number" title={derivative.full}>
              = {derivative.value}
            </span>
          )}
          {!derivative.tex && derivative.why && (
            <span className="muted ex-why">No formula: {derivative.why}.</span>
          )}
        </div>
      )}
    </li>
  );
}

/** With its left side, which says what is derived. */
function derivativeTex({ of, by, tex, summed }: Derivative): string {
  const [output, input] = [nameTex(of), nameTex(by)];
  const left = summed
    ? `\\frac{\\partial}{\\partial ${input}} \\textstyle\\sum ${output}`
    : `\\frac{\\partial ${output}}{\\partial ${input}}`;
  return tex ? `${left} = ${tex}` : left;
}

/** An error of the run under the part of the line that raised it. */
function failure(
  error: wire.Error,
  run: RunState | null,
  shown: string,
  sheet: Sheet,
  functions: Functions,
): Mistake {
  const first = error.message.split("\n")[0] ?? "";
  const message = error.hint ? error.hint : first;
  const place =
    error.node === null || error.node === undefined
      ? null
      : run?.graph.nodes.find((one) => one.id === error.node)?.place;
  const lines = sheet.text.split("\n");
  const code =
    place && place.end_line === place.line
      ? (lines[place.line - 1] ?? "").slice(place.column ?? 0, place.end_column)
      : "";
  const part =
    code && toShown(code, { functions, imports: sheet.imports, bound: new Set(sheet.bound.keys()) });
  const at = part ? shown.indexOf(part) : -1;
  return at >= 0 ? { from: at, to: at + part.length, message } : { from: 0, to: shown.length, message };
}
