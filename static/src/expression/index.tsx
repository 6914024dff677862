/**
 * The expression bar: the program's straight lines as expressions, a control for each of its inputs, and what follows a
 * dragged control. All of it is read off the program's text, and every edit is an edit of that text.
 */
import { useEffect, useMemo, useRef, useState } from "react";
import { run as runAction } from "../actions/run";
import { revealLine } from "../editor/editor";
import { redoEdit, undoEdit } from "../editor/edits";
import { formatNumber } from "../numbers";
import { Sentence } from "../parts/sentence";
import type * as wire from "../protocol.gen";
import { isActive, isInteractive, type RunState } from "../run";
import { useStore } from "../store";
import { close, reachesGradients, writeLine } from "./edit";
import "./expression.css";
import { goLive } from "./follow";
import { InputRow } from "./input";
import { type Derivative, Line } from "./line";
import { inLine } from "./maths";
import { basisOf, type Choice, NO_CHOICE, type Plan, Plots, planOf, requestsOf, slopeOf } from "./plots";
import {
  change,
  gradientNamed,
  hasActed,
  sheetOf,
  structureOf,
  tensorNamed,
  useFunctions,
  useSheet,
} from "./program";
import { type LineEntry, leftOut, type Sheet, usesOf } from "./sheet";

const SUGGESTED = ["sin(a) * 2 + 1", "softmax(W @ x + b)", "a^2 + 3 * b^2 - a * b"];

export default function Expression() {
  const sheet = useSheet();
  const functions = useFunctions();
  const shown = useStore((state) => state.shown);
  const [choice, setChoice] = useState<Choice>(NO_CHOICE);
  const plan = planOf(sheet, choice);
  const refused = useLive(sheet, plan, shown);
  // What was run is this program, up to the numbers of its inputs.
  const current = shown !== null && structureOf(sheetOf(shown.code)) === structureOf(sheet);
  const run = current ? shown : null;
  const choose = (change: Partial<Choice>) => setChoice((before) => ({ ...before, ...change }));
  const empty = plan.lines.length === 0;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    element?.addEventListener("keydown", history);
    return () => element?.removeEventListener("keydown", history);
  }, []);
  return (
    <div className="ex" ref={box}>
      <Lines {...{ sheet, plan, functions, run }} />
      {empty && functions.size > 0 && (
        <div className="ex-suggested">
          <span className="muted">For example</span>
          {SUGGESTED.map((one) => (
            <button
              type="button"
              key={one}
              className="outlined"
              onClick={() =>
                change((now) => {
                  const made = writeLine(now.text, one, functions, null);
                  return "mistake" in made ? now.text : made.text;
                })
              }
            >
              <code>{one}</code>
            </button>
          ))}
        </div>
      )}
      <Problems {...{ sheet, plan, run, refused }} />
      {!empty && (!shown || (shown.live === null && !isInteractive(shown) && !isActive(shown))) && (
        <p className="ex-note">
          <button type="button" className="outlined" onClick={() => void runAction.act()}>
            Run
          </button>{" "}
          to see values, derivatives and plots.
        </p>
      )}
      <Tools {...{ sheet, plan, choose }} />
      <Plots {...{ sheet, plan, run: shown, choose }} />
      <Inputs {...{ sheet, plan, run }} />
    </div>
  );
}

/** Undo is the page's: what was typed into a field and not taken yet is the field's own. */
function history(event: KeyboardEvent): void {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key !== "z" && key !== "y") return;
  if (event.target instanceof HTMLElement && event.target.dataset.typed !== undefined) return;
  event.preventDefault();
  if (key === "y" || event.shiftKey) redoEdit();
  else undoEdit();
}

/** Asks for what the plan shows whenever that or the program has changed. Says why there is no answer, if there is none. */
function useLive(sheet: Sheet, plan: Plan, shown: RunState | null): string {
  const live = useRef<ReturnType<typeof goLive>>(undefined);
  const seed = useStore((state) => state.draft.seed);
  const refusal = useStore((state) => state.run?.refusals.live);
  useEffect(() => {
    live.current = goLive();
    return () => live.current?.stop();
  }, []);
  const wanted = {
    code: sheet.text,
    seed,
    ...requestsOf(plan),
    basis: basisOf(sheet, plan, seed),
    derivatives: plan.lines
      .flatMap(({ name }) => (name ? [name === plan.closing ? name + plan.part : name] : []))
      .slice(0, 32),
    formulas: structureOf(sheet),
  };
  const key = JSON.stringify(wanted);
  const some = plan.lines.length + plan.inputs.length > 0;
  // A program that came with a link is not run for somebody who only looks, and one that takes long not again.
  const may = some && (hasActed() || (isInteractive(shown) && isQuick(sheet, shown)));
  useEffect(() => {
    if (may) live.current?.want(wanted);
  }, [key, may]);
  return refusal && refusal.field !== "run" ? refusal.message : "";
}

/** Within which a program has run that may be run again without being asked. */
const QUICK_MS = 300;

function isQuick(sheet: Sheet, run: RunState | null): boolean {
  const loops = sheet.entries.some((one) => one.kind === "code" && /loop|block/.test(one.what));
  return !loops && (run?.finished?.wall_ms ?? Infinity) < QUICK_MS;
}

interface Shared {
  readonly sheet: Sheet;
  readonly plan: Plan;
  readonly run: RunState | null;
}

/** The errors of the run, by the line of the program they belong to. */
function errorsOf(run: RunState | null): wire.Error[] {
  return (run?.items ?? []).flatMap((item) => (item.kind === "error" ? [item.error] : []));
}

const within =
  ({ line, lastLine }: { line: number; lastLine: number }) =>
  (error: wire.Error) =>
    error.line >= line && error.line <= lastLine;

function Lines({ sheet, plan, functions, run }: Shared & { functions: ReturnType<typeof useFunctions> }) {
  const box = useRef<HTMLOListElement>(null);
  const wanted = useRef("");
  useEffect(() => {
    if (!wanted.current) return;
    const field = box.current?.querySelector<HTMLInputElement>(`.ex-text[data-name="${wanted.current}"]`);
    wanted.current = "";
    field?.focus();
    field?.setSelectionRange(field.value.length, field.value.length);
  });
  const go = (to: 1 | -1 | string) => {
    if (typeof to === "string") {
      wanted.current = to;
      return;
    }
    const fields = [...(box.current?.querySelectorAll<HTMLInputElement>(".ex-text") ?? [])];
    const here = fields.indexOf(document.activeElement as HTMLInputElement);
    // A line that was just taken is followed by one that is not there yet.
    requestAnimationFrame(() => {
      const now = [...(box.current?.querySelectorAll<HTMLInputElement>(".ex-text") ?? [])];
      now[Math.max(0, here + to)]?.focus();
    });
  };
  const errors = errorsOf(run);
  const left = leftOut(sheet);
  let ordinal = 0;
  const rows = sheet.entries.flatMap((entry) => {
    if (entry.kind === "line") {
      return [
        <Line
          key={`line${ordinal++}`}
          {...{ sheet, functions, entry, run, go }}
          tensor={entry.name ? tensorNamed(run, entry.name) : null}
          derivative={derivativeOf(sheet, plan, run, entry)}
          failed={errors.find(within(entry)) ?? null}
        />,
      ];
    }
    const code = left.find((one) => one.line === entry.line && entry.kind === "code");
    if (!code) return [];
    return [
      <li key={`code${code.line}`} className="ex-code">
        {code.text}:{" "}
        <button type="button" className="line-link" onClick={() => revealLine(code.line)}>
          in Code
        </button>
        {errors.some(within(code)) && <span className="ex-code-error"> (ended with an error)</span>}
      </li>,
    ];
  });
  // Among the others, so that what is being written stays the same field when it becomes a line.
  rows.push(
    <Line
      key={`line${ordinal}`}
      {...{ sheet, functions, run, go }}
      entry={null}
      tensor={null}
      derivative={null}
      failed={null}
      hint={ordinal ? "another line" : "sin(a) * 2 + 1"}
    />,
  );
  return (
    <ol className="ex-lines" ref={box} aria-label="Lines">
      {rows}
    </ol>
  );
}

/** Whether `name` depends on `by`, however far back. */
function dependsOn(sheet: Sheet, name: string, by: string, seen = new Set<string>()): boolean {
  const entry = sheet.bound.get(name);
  if (!entry || seen.has(name)) return false;
  seen.add(name);
  return usesOf(entry).some((use) => use === by || dependsOn(sheet, use, by, seen));
}

/** What is known of a line's derivative: its formula, and its value where autograd or the live run has it. */
function derivativeOf(
  sheet: Sheet,
  plan: Plan,
  run: RunState | null,
  { name }: LineEntry,
): Derivative | null {
  const { by, closing, part } = plan;
  if (!name || !by || name === by || !run || !dependsOn(sheet, name, by)) return null;
  const whole = name === closing ? name + part : name;
  const formula = run.live?.symbolic.find((one) => one.output === whole && one.input === by);
  const written = { tex: formula?.tex ?? "", why: formula?.why ?? "", summed: formula?.summed ?? false };
  if (name === closing) {
    const grad = gradientNamed(run, by);
    const tensor = tensorNamed(run, by);
    if (grad && tensor)
      return {
        by,
        of: whole,
        ...written,
        value: inLine(grad, tensor.shape),
        full: (grad.data ?? []).slice(0, 9).join(", "),
      };
  }
  const slope = slopeOf(run.live, name, by);
  const known = slope !== null && Number.isFinite(slope);
  return {
    by,
    of: name,
    ...written,
    value: known ? formatNumber(slope) : "",
    full: known ? String(slope) : "",
  };
}

/** What went wrong that belongs to no line of the bar. */
function Problems({ sheet, run, refused }: Shared & { refused: string }) {
  const lines = sheet.entries.filter((one) => one.kind === "line");
  const others = errorsOf(run).filter((error) => !lines.some((one) => within(one)(error)));
  const [first] = others;
  return (
    <>
      {first && (
        <p className="ex-problem">
          {first.line > 0 ? `Line ${first.line}: ` : ""}
          <Sentence text={first.hint || (first.message.split("\n")[0] ?? "")} />
        </p>
      )}
      {refused && <p className="ex-problem">{refused}</p>}
    </>
  );
}

function Tools({ sheet, plan, choose }: Omit<Shared, "run"> & { choose: (change: Partial<Choice>) => void }) {
  const { output, by, inputs, lines } = plan;
  const named = lines.filter((one) => one.name);
  const options = useMemo(
    () =>
      [...inputs, ...named]
        .map((one) => one.name)
        .filter((name) => name !== output && dependsOn(sheet, output, name)),
    [sheet, output],
  );
  if (!output || !options.length) return null;
  return (
    <div className="ex-tools">
      <label className="pick-label">
        Derivative of
        <select value={output} onChange={(event) => choose({ output: event.currentTarget.value })}>
          {named.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label className="pick-label">
        with respect to
        <select value={by} onChange={(event) => choose({ by: event.currentTarget.value })}>
          {options.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      {output !== plan.closing && reachesGradients(sheet, output) && (
        <button type="button" className="outlined" onClick={() => change((now) => close(now.text, output))}>
          Send gradients back from {output}
        </button>
      )}
    </div>
  );
}

function Inputs({ sheet, plan, run }: Shared) {
  if (!plan.inputs.length) return null;
  return (
    <section className="ex-inputs" aria-label="Inputs">
      <ul>
        {sheet.entries.map((entry, index) =>
          entry.kind === "input" ? (
            <InputRow
              key={entry.name}
              entry={entry}
              index={index}
              grad={gradientNamed(run, entry.name)}
              of={plan.closing + plan.part}
              used={sheet.entries.some((one) => usesOf(one).includes(entry.name))}
            />
          ) : null,
        )}
      </ul>
    </section>
  );
}
