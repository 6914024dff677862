/** What is known of a run's training, built from its events; pure. Its size does not grow with the length of the run. */
import { toNumber } from "../numbers";
import type * as wire from "../protocol.gen";
import { extend, type Kept, keep, listOf, NO_SERIES, pointsOf, type Series } from "./thin";

type By<T> = Readonly<Record<string, T>>;

export interface Training {
  /** Training steps so far. */
  readonly step: number;
  /** Seconds of the run, as far as they are known. */
  readonly time: number;
  readonly learners: readonly wire.Learner[];
  readonly series: By<Series>;
  readonly parameters: By<Kept<wire.ParameterPoint>>;
  /** By `of name`. */
  readonly histograms: By<Kept<wire.Histogram>>;
  readonly progress: readonly wire.Progress[];
  /** When the outermost loop was first seen, and how far it was. */
  readonly began: { readonly line: number; readonly time: number; readonly part: number } | null;
  readonly prediction: wire.Training["prediction"];
  /** The part of the program's time that watching it took. */
  readonly cost: number;
}

export const NO_TRAINING: Training = {
  step: 0,
  time: 0,
  learners: [],
  series: {},
  parameters: {},
  histograms: {},
  progress: [],
  began: null,
  prediction: null,
  cost: 0,
};

/** Things of one kind that are kept in all, whatever they are kept of. */
const MOST = { series: 64, points: 16_000, histograms: 3_000 };

/** How many of each are kept, if there are `count` kinds of them. */
function share(total: number, count: number, most: number): number {
  return Math.max(8, Math.min(most, Math.floor(total / Math.max(1, count))));
}

/** After one more event. */
export function learn(before: Training, event: wire.Training): Training {
  const times = event.points?.times.map(toNumber).filter(Number.isFinite) ?? [];
  const time = times.reduce((last, x) => Math.max(last, x), before.time);
  // What only tells of a new learning rate says nothing of the rest.
  const bare = !event.points && !event.prediction && !event.parameters?.length && !event.progress?.length;
  const rates = bare && (event.learners?.length ?? 0) > 0;
  const progress = rates ? before.progress : (event.progress ?? []);
  const next = {
    ...before,
    step: Math.max(before.step, event.step),
    time,
    learners: event.learners?.length ? merged(before.learners, event.learners) : before.learners,
    progress,
    prediction: event.prediction ?? before.prediction,
    cost: rates ? before.cost : event.cost,
  };
  return {
    ...next,
    began: begun(before, progress, next.time),
    series: event.points ? grown(before.series, event.points) : before.series,
    parameters: gathered(before.parameters, event.parameters ?? [], (one) => one.name, MOST.points, 240),
    histograms: gathered(before.histograms, event.histograms ?? [], histogramKey, MOST.histograms, 60),
  };
}

export function histogramKey({ of, name }: Pick<wire.Histogram, "of" | "name">): string {
  return `${of} ${name}`;
}

function merged(old: readonly wire.Learner[], more: readonly wire.Learner[]): readonly wire.Learner[] {
  const same = (a: wire.Learner, b: wire.Learner) =>
    a.optimizer === b.optimizer && (a.group ?? 0) === (b.group ?? 0);
  return [...old.filter((one) => !more.some((other) => same(one, other))), ...more].sort(
    (a, b) => a.optimizer - b.optimizer || (a.group ?? 0) - (b.group ?? 0),
  );
}

function grown(old: By<Series>, { steps, times, series }: wire.Points): By<Series> {
  const next: Record<string, Series> = { ...old };
  for (const [name, values] of Object.entries(series)) {
    if (!(name in next) && Object.keys(next).length >= MOST.series) continue;
    const points = values.map((value, i) => ({
      step: steps[i] ?? 0,
      time: toNumber(times[i] ?? "nan"),
      value: toNumber(value),
    }));
    next[name] = extend(old[name] ?? NO_SERIES, points);
  }
  return next;
}

function gathered<T>(
  old: By<Kept<T>>,
  more: readonly T[],
  key: (one: T) => string,
  total: number,
  most: number,
): By<Kept<T>> {
  if (more.length === 0) return old;
  const next: Record<string, Kept<T>> = { ...old };
  for (const one of more) next[key(one)] ??= { all: [], every: 1, seen: 0, last: one };
  const each = share(total, Object.keys(next).length, most);
  for (const one of more) next[key(one)] = keep(next[key(one)], one, each);
  return next;
}

/** How far the outermost loop of known length is, from 0 to 1, by the loops inside it too; null if there is none. */
export function partOf(progress: readonly wire.Progress[]): number | null {
  const loops = [...progress].sort((a, b) => (a.depth ?? 0) - (b.depth ?? 0));
  if (!loops[0]) return null;
  let [part, size] = [0, 1];
  for (const { done, total } of loops) {
    if (total <= 0) continue;
    part += size * Math.min(1, done / total);
    size /= total;
  }
  return Math.min(1, part);
}

function begun(before: Training, progress: readonly wire.Progress[], time: number): Training["began"] {
  const part = partOf(progress);
  const line = progress.find((one) => (one.depth ?? 0) === 0)?.line ?? progress[0]?.line;
  if (part === null || line === undefined) return null;
  const { began } = before;
  return began?.line === line && began.part <= part ? began : { line, time, part };
}

/**
 * Seconds that the outermost loop still needs if it goes on as it went so far; null if that cannot be said. Where nothing
 * was measured, the loop counts as what all of the `elapsed` seconds went into.
 */
export function secondsLeft({ began, progress, time }: Training, elapsed = 0): number | null {
  const part = partOf(progress);
  if (!began || part === null) return null;
  const [from, since] = time > began.time ? [began.part, time - began.time] : [0, time ? 0 : elapsed];
  return part > from && since > 0 ? ((1 - part) * since) / (part - from) : null;
}

/** As events that make the same again, for a link: one for each series, and one for the rest. */
export function asEvents(training: Training, run: string): wire.Training[] {
  if (training.step === 0) return [];
  const { step, learners, cost, prediction, progress } = training;
  const event = (more: Partial<wire.Training>): wire.Training => ({
    type: "training",
    run,
    seq: 0,
    step,
    cost,
    learners: [],
    points: null,
    parameters: [],
    histograms: [],
    prediction: null,
    progress: [...progress],
    ...more,
  });
  const series = Object.entries(training.series).map(([name, one]) => {
    const points = pointsOf(one);
    return event({
      points: {
        steps: points.map(({ step }) => step),
        times: points.map(({ time }) => wireable(time)),
        series: { [name]: points.map(({ value }) => wireable(value)) },
      },
    });
  });
  const lists = {
    parameters: Object.values(training.parameters).flatMap((kept) => some(listOf(kept), 40)),
    histograms: Object.values(training.histograms).flatMap((kept) => some(listOf(kept), 20)),
  };
  const newest = event({ learners: [...learners], prediction: prediction && textual(prediction) });
  return [...series, ...pieces(lists, event), newest];
}

/** An event has at most 512 of each. */
function pieces(
  { parameters, histograms }: Pick<wire.Training, "parameters" | "histograms">,
  event: (more: Partial<wire.Training>) => wire.Training,
): wire.Training[] {
  const made: wire.Training[] = [];
  for (let i = 0; i < Math.max(parameters.length, histograms.length); i += 500)
    made.push(event({ parameters: parameters.slice(i, i + 500), histograms: histograms.slice(i, i + 500) }));
  return made;
}

/** At most about `most` of a list, evenly, the last among them. */
function some<T>(list: readonly T[], most: number): T[] {
  const every = Math.ceil(list.length / most);
  return list.filter((_, i) => (list.length - 1 - i) % every === 0);
}

/** Four decimal digits are as many as anybody sees of a curve. */
function wireable(x: number): wire.Number {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  return Number(x.toPrecision(6));
}

/** JSON has no bytes: they are base64 there. */
function textual<P extends object>(prediction: P): P {
  const text = (bytes: ArrayBuffer) => {
    let all = "";
    for (const byte of new Uint8Array(bytes)) all += String.fromCharCode(byte);
    return btoa(all);
  };
  return Object.fromEntries(
    Object.entries(prediction).map(([name, value]) => [
      name,
      value instanceof ArrayBuffer ? text(value) : ArrayBuffer.isView(value) ? text(bytesOf(value)) : value,
    ]),
  ) as P;
}

/** The bytes of a view, without what lies around them. */
function bytesOf(view: ArrayBufferView): ArrayBuffer {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice().buffer as ArrayBuffer;
}
