/** What is plotted: which line over which input, or over two; and what has to be asked for it. */
import { useMemo } from "react";
import type { Wanted } from "../live";
import type * as wire from "../protocol.gen";
import { isPlot, type RunState } from "../run";
import { type CurveData, CurvePlot } from "./curve";
import { spliceAll } from "./edit";
import { type FieldData, FieldPlot } from "./field";
import { floats, rangeNow, tensorNamed } from "./program";
import { bindsOf, type InputEntry, type LineEntry, type Sheet, usesOf } from "./sheet";

const POINTS = 161;
const SIDE = 23;
const MOST_CURVES = 4;

/** What the person has chosen; empty names are chosen for them. */
export interface Choice {
  readonly output: string;
  readonly by: string;
  readonly second: string;
  readonly field: boolean;
}

export const NO_CHOICE: Choice = { output: "", by: "", second: "", field: false };

export interface Plan {
  readonly lines: readonly LineEntry[];
  readonly inputs: readonly InputEntry[];
  /** Numbers, which one can plot over. */
  readonly numbers: readonly InputEntry[];
  /** What the program calls backward on. */
  readonly closing: string;
  /** `[0]` where it is its first element. */
  readonly part: string;
  readonly output: string;
  /** With respect to what derivatives are shown. */
  readonly by: string;
  readonly second: string;
  readonly field: boolean;
}

/** The inputs that a name depends on, however far back. */
function reach(sheet: Sheet, name: string, seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  const entry = sheet.bound.get(name);
  if (entry) for (const use of usesOf(entry)) reach(sheet, use, seen);
  return seen;
}

export function planOf(sheet: Sheet, choice: Choice): Plan {
  const lines = sheet.entries.filter((one): one is LineEntry => one.kind === "line");
  const inputs = sheet.entries.filter((one): one is InputEntry => one.kind === "input");
  const named = lines.filter((one) => one.name);
  const closing = sheet.entries.findLast((one) => one.kind === "closing");
  const target = closing?.kind === "closing" ? closing.name : "";
  const part = closing?.kind === "closing" ? closing.part : "";
  const has = (name: string) => named.some((one) => one.name === name);
  const output = has(choice.output) ? choice.output : has(target) ? target : (named.at(-1)?.name ?? "");
  const reached = reach(sheet, output);
  const near = inputs.filter((one) => reached.has(one.name));
  const numbers = near.filter(({ input }) => input.kind === "number" && !input.plain);
  const can = (name: string) => name !== output && (inputs.some((one) => one.name === name) || has(name));
  const by = can(choice.by) && reached.has(choice.by) ? choice.by : ((numbers[0] ?? near[0])?.name ?? "");
  const others = numbers.filter((one) => one.name !== by).map((one) => one.name);
  const second = others.includes(choice.second) ? choice.second : (others[0] ?? "");
  const field = choice.field && second !== "" && numbers.some((one) => one.name === by);
  return { lines, inputs, numbers, closing: target, part, output, by, second, field };
}

const numberOf = (entry: InputEntry | undefined) =>
  entry?.input.kind === "number" ? entry.input.value.value : 0;

/** What has to be asked to show a plan. */
export function requestsOf(plan: Plan): Pick<Wanted, "curves" | "plots" | "field"> {
  const number = plan.numbers.find((one) => one.name === plan.by);
  if (!number || !plan.output) return { curves: [], plots: [], field: null };
  const over = (name: string) => rangeNow(name, numberOf(plan.numbers.find((one) => one.name === name)));
  const { low, high } = over(plan.by);
  const curves: wire.CurveRequest[] = [];
  // Gradients of what the program calls backward on are known anyway; those of other lines are asked for where they stand.
  const here = numberOf(number);
  for (const { name } of plan.lines)
    if (name && name !== plan.closing && curves.length < MOST_CURVES - 1)
      curves.push({ output: name, input: plan.by, low: here, high: here, count: 2 });
  const plot = { output: plan.output, input: plan.by, low, high, count: POINTS };
  if (!plan.field) return { curves, plots: [plot], field: null };
  const [a, b] = [over(plan.by), over(plan.second)];
  const inputs: [string, string] = [plan.by, plan.second];
  return {
    curves,
    plots: [],
    field: { output: plan.output, inputs, low: [a.low, b.low], high: [a.high, b.high], count: SIDE },
  };
}

/** What a plot depends on: the program without the numbers it is plotted over. */
export function basisOf(sheet: Sheet, plan: Plan, seed: number): string {
  const over = plan.field ? [plan.by, plan.second] : [plan.by];
  const text = spliceAll(
    sheet.text,
    plan.numbers
      .filter((one) => over.includes(one.name))
      .flatMap(({ input }) => (input.kind === "number" ? [{ at: input.value, insert: "_" }] : [])),
  );
  const { plots, field } = requestsOf(plan);
  return `${seed} ${JSON.stringify([plots, field])} ${text}`;
}

/** The derivative of a line where the control stands, if it was asked for. */
export function slopeOf(live: wire.LiveResult | null, output: string, input: string): number | null {
  const found = live?.curves.find((one) => one.output === output && one.input === input && !isPlot(one));
  return found ? (floats(found.dy)[0] ?? null) : null;
}

interface Props {
  readonly sheet: Sheet;
  readonly plan: Plan;
  readonly run: RunState | null;
  readonly choose: (change: Partial<Choice>) => void;
}

export function Plots({ sheet, plan, run, choose }: Props) {
  const { output, by, second, numbers } = plan;
  if (!output || !numbers.some((one) => one.name === by)) return null;
  return (
    <section className="ex-plots" aria-label="Plot">
      <div className="ex-plot-tools">
        {numbers.length > 1 && (
          <fieldset className="segments">
            <legend className="unseen">Plot over</legend>
            {[false, true].map((field) => (
              <button
                type="button"
                key={String(field)}
                className="segment"
                aria-pressed={plan.field === field}
                onClick={() => choose({ field })}
              >
                {field ? "Two inputs" : "One input"}
              </button>
            ))}
          </fieldset>
        )}
        {plan.field && numbers.length > 2 && (
          <label className="pick-label">
            and
            <select
              aria-label="Second input"
              value={second}
              onChange={(event) => choose({ second: event.currentTarget.value })}
            >
              {numbers
                .filter((one) => one.name !== by)
                .map(({ name }) => (
                  <option key={name}>{name}</option>
                ))}
            </select>
          </label>
        )}
      </div>
      {plan.field ? <Field {...{ sheet, plan, run }} /> : <Curve {...{ sheet, plan, run }} />}
    </section>
  );
}

const indexOf = (sheet: Sheet, name: string) =>
  sheet.entries.findIndex((one) => one.kind === "input" && bindsOf(one).includes(name));

function numberIn(run: RunState | null, name: string): number | null {
  const value = tensorNamed(run, name)?.value;
  const first = value?.numel === 1 ? value.data?.[0] : undefined;
  return typeof first === "number" ? first : null;
}

type Drawn = Omit<Props, "choose">;

function Curve({ sheet, plan, run }: Drawn) {
  const { output, by } = plan;
  const curve = run?.live?.curves.find(
    (one) => one.output === output && one.input === by && (isPlot(one) || one.note),
  );
  const data = useMemo<CurveData | null>(
    () =>
      curve ? { output, input: by, x: floats(curve.x), y: floats(curve.y), dy: floats(curve.dy) } : null,
    [curve, output, by],
  );
  if (curve?.note && !data?.x.length) return <p className="ex-note">{curve.note}</p>;
  if (!data?.x.length) return <div className="ex-blank" />;
  const index = indexOf(sheet, by);
  return (
    <>
      <CurvePlot
        data={data}
        at={numberOf(plan.numbers.find((one) => one.name === by))}
        index={index}
        value={numberIn(run, output)}
      />
      {curve?.note && <p className="ex-note">{curve.note}</p>}
    </>
  );
}

function Field({ sheet, plan, run }: Drawn) {
  const { output, by, second } = plan;
  const field = run?.live?.field;
  const fits =
    field?.output === output && field.inputs[0] === by && field.inputs[1] === second ? field : null;
  const data = useMemo<FieldData | null>(
    () =>
      fits && {
        output,
        inputs: [by, second],
        x: floats(fits.x0),
        y: floats(fits.x1),
        z: floats(fits.y),
        dx: floats(fits.dy0),
        dy: floats(fits.dy1),
      },
    [fits, output, by, second],
  );
  if (fits?.note && !data?.x.length) return <p className="ex-note">{fits.note}</p>;
  if (!data?.x.length) return <div className="ex-blank" />;
  const at = (name: string) => numberOf(plan.numbers.find((one) => one.name === name));
  return (
    <FieldPlot
      data={data}
      at={[at(by), at(second)]}
      indices={[indexOf(sheet, by), indexOf(sheet, second)]}
      value={numberIn(run, output)}
    />
  );
}
