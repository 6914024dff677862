/** Which charts a training has, what their lines are called, and how they are smoothed. Pure. */
import type * as wire from "../protocol.gen";
import type { Point } from "./thin";

export interface Chart {
  readonly title: string;
  /** Names of series. */
  readonly names: readonly string[];
  readonly kind: "value" | "gradient";
}

/** `loss/1` is the loss of the second optimizer. */
function baseOf(name: string): string {
  return name.replace(/\/\d+$/, "");
}

function titleOf(name: string): string {
  const base = baseOf(name);
  if (/loss/i.test(base)) return "Loss";
  if (/acc/i.test(base)) return "Accuracy";
  if (base === "grad_norm") return "Gradient norm";
  if (base === "lr") return "Learning rate";
  return base;
}

/** The most important first: what is learned, what is measured, how it goes. */
const ORDER = ["Loss", "Accuracy", "", "Gradient norm", "Learning rate"];

function rank(title: string): number {
  const at = ORDER.indexOf(title);
  return at < 0 ? ORDER.indexOf("") : at;
}

/** The charts for series with these names. */
export function chartsOf(names: readonly string[]): readonly Chart[] {
  const charts = new Map<string, string[]>();
  for (const name of names) {
    const title = titleOf(name);
    charts.set(title, [...(charts.get(title) ?? []), name]);
  }
  return [...charts]
    .map(([title, all]) => ({
      title,
      names: all.sort((a, b) => a.length - b.length || a.localeCompare(b)),
      kind: title === "Gradient norm" ? ("gradient" as const) : ("value" as const),
    }))
    .sort((a, b) => rank(a.title) - rank(b.title));
}

/** What people see of a series: of several learners, whose it is. */
export function labelOf(name: string, learners: readonly wire.Learner[]): string {
  const base = baseOf(name);
  const several = new Set(learners.map((one) => one.optimizer)).size > 1;
  if (!several || !["loss", "lr", "grad_norm"].includes(base)) return name;
  const number = Number(name.slice(base.length + 1) || 0);
  const learner = learners.find((one) => one.optimizer === number);
  return `${base} of ${learner ? learnerName(learner, learners) : `optimizer ${number}`}`;
}

/** What a learner is called: its variable, or its class, with what tells it from the others. */
export function learnerName(learner: wire.Learner, learners: readonly wire.Learner[]): string {
  const { optimizer, group = 0, name, variable = "" } = learner;
  const alike = learners.filter((one) => (one.variable || one.name) === (variable || name));
  const twice = alike.some((one) => one.optimizer !== optimizer);
  const groups = learners.filter((one) => one.optimizer === optimizer).length > 1;
  const main = variable || name;
  return `${main}${twice ? ` ${optimizer}` : ""}${groups ? `, group ${group}` : ""}`;
}

/**
 * An exponential moving average without the pull to zero at its beginning, as TensorBoard draws it; `weight` from 0 (as
 * measured) to less than 1. What is not finite is left as it is.
 */
export function smooth(values: readonly number[], weight: number): number[] {
  let [average, count] = [0, 0];
  return values.map((x) => {
    if (!Number.isFinite(x)) return x;
    average = average * weight + (1 - weight) * x;
    count++;
    return average / (1 - weight ** count);
  });
}

/** Whether a series has more than one value. */
export function varies(points: readonly Point[]): boolean {
  return points.some((point) => point.value !== points[0]?.value);
}
