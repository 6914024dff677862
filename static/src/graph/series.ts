/** What is done over and over: a loop's iterations, equal blocks. Shown are the first, the last and one that was chosen. */
import { type Child, type Group, isGroup } from "./tree";

export interface Series {
  /** Of the group that it fills. */
  readonly key: string;
  readonly bodies: readonly (readonly Child[])[];
  /** What people call each repetition, from 1; a loop's iterations that recorded nothing have no repetition. */
  readonly numbers: readonly number[];
  /** Operations, or boxes, of one repetition. */
  readonly period: number;
  readonly unit: "iteration" | "repetition";
  /** What is done over and over, in words: the head of the loop, the operations. */
  readonly of: string;
}

/** The key of the gap of a series in which people choose: always its first. */
export function chooserKey(series: Pick<Series, "key">): string {
  return `${series.key}/0`;
}

/** Which repetition of a series has been chosen, from 0, by the series' key. */
export type Chosen = ReadonlyMap<string, number>;

/** About this many nodes of a repetition are shown at its start and at its end when it is opened. */
const WINDOW = 8;
const MOST_SHOWN = 4;

/** How many repetitions an opened series shows at either end. */
export function endsShown(period: number): number {
  return Math.max(1, Math.min(MOST_SHOWN, Math.floor(WINDOW / Math.max(1, period))));
}

/** The repetitions at both ends and the chosen one, with a gap for each stretch between. */
export function windows(series: Series, ends: number, chosen: number | undefined): Child[] {
  const { bodies } = series;
  const last = bodies.length - 1;
  const shown = (at: number) => at < ends || at > last - ends || at === chosen;
  const gaps: { from: number; to: number }[] = [];
  for (let at = ends; at <= last - ends; at++) {
    if (shown(at)) continue;
    const open = gaps.at(-1);
    if (open && open.to === at) open.to++;
    else gaps.push({ from: at, to: at + 1 });
  }
  // A box that says "one more is here" takes as much room as the one.
  const real = gaps.filter(({ from, to }) => to - from > 1);
  const children: Child[] = [];
  for (let at = 0; at <= last; ) {
    const gap = real.find(({ from }) => from === at);
    if (gap) {
      children.push(gapOf(series, gap.from, gap.to, real.indexOf(gap)));
      at = gap.to;
    } else {
      for (const child of bodies[at] ?? []) children.push(child);
      at++;
    }
  }
  return children;
}

function gapOf(series: Series, from: number, to: number, at: number): Group {
  const { numbers } = series;
  const bodies = series.bodies.slice(from, to);
  const [first, last] = [numbers[from] ?? from + 1, numbers[to - 1] ?? to];
  const children = bodies.flat();
  return {
    // By its place, not by what it hides, so that it stays the same box while a repetition is being chosen.
    key: `${series.key}/${at}`,
    kind: "gap",
    name: first === last ? `${first}` : `${first} – ${last}`,
    type: "",
    children,
    scope: null,
    ...totals(children),
    count: to - from,
    from,
    series,
    chooses: at === 0,
    plain: false,
  };
}

export function totals(children: readonly Child[]): { ops: number; size: number; parameters: number } {
  let [ops, size, parameters] = [0, 0, 0];
  for (const child of children) {
    ops += isGroup(child) ? child.ops : child.kind === "op" ? 1 : 0;
    size += isGroup(child) ? child.size : 1;
    parameters = Math.max(parameters, isGroup(child) ? child.parameters : 0);
  }
  return { ops, size, parameters };
}

/** What one repetition does, in few words: `div, mul`, `Block ×4, SparseBlock`. */
export function bodyWords(inside: readonly Child[], period: number): string {
  const names: { name: string; times: number }[] = [];
  for (const child of inside.filter((one) => isGroup(one) || one.kind === "op").slice(0, period)) {
    const name = isGroup(child) ? child.type || child.name : child.op;
    const last = names.at(-1);
    if (last?.name === name) last.times++;
    else names.push({ name, times: 1 });
  }
  const words = names.map(({ name, times }) => (times > 1 ? `${name} ×${times}` : name));
  return words.length > 4 ? `${words.slice(0, 3).join(", ")}, …` : words.join(", ");
}

/** The repetition with this number, or the nearest that was recorded. */
export function repetitionOf({ numbers }: Series, number: number): number {
  let [low, high] = [0, numbers.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) < number) low = middle + 1;
    else high = middle;
  }
  const below = numbers[low - 1];
  const here = numbers[low] ?? 0;
  return below !== undefined && number - below < here - number ? low - 1 : low;
}
