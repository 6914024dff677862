/** Trainings that were kept to be laid over others. They outlive the next run and a reload of the tab. */
import { useSyncExternalStore } from "react";
import { formatNumber, toNumber } from "../numbers";
import type { RunState } from "../run";
import { load, store } from "../storage";
import { learnerName } from "./curves";
import type { Training } from "./state";
import { type Point, pointsOf } from "./thin";

/** What may tell one run from another. */
interface Facts {
  readonly optimizer: string;
  readonly lr: string;
  readonly seed: string;
  /** `init xavier_uniform_`, or empty where layers begin as they do by themselves. */
  readonly init: string;
}

export interface KeptTraining {
  /** The run's. */
  readonly id: string;
  /** What the person called it, or empty. */
  readonly name: string;
  readonly facts: Facts;
  /** The program, if it is not too long to keep. */
  readonly code: string;
  readonly step: number;
  readonly shown: boolean;
  /** Its colour and mark, which stay its own when others come and go; 0 as long as it is not kept. */
  readonly look: number;
  readonly series: Readonly<Record<string, readonly Point[]>>;
}

const KEY = "playground.trainings";
/** As many as have a look of their own in a plot. */
export const MOST_KEPT = 8;
const MOST_SERIES = 12;
const MOST_POINTS = 400;
const MOST_CODE = 8_000;
/** Characters of all that is kept; a browser keeps some five million for everything. */
const MOST_TEXT = 1_500_000;

/** `Adam`, `lr 0.01`; of several learners each. */
function factsOf(training: Training, seed: number, code: string): Facts {
  const inits = [...code.matchAll(/^[^#\n]*\binit\.(\w+_)\(/gm)].map(([, name]) => name);
  const { learners, series } = training;
  const lrs = learners.map((one) => {
    const name = one.optimizer === 0 ? "lr" : `lr/${one.optimizer}`;
    const first = (one.group ?? 0) === 0 ? series[name]?.points[0]?.value : undefined;
    const last = toNumber(one.lr);
    const changed = first !== undefined && first !== last;
    const text = changed ? `${short(first)} to ${short(last)}` : short(last);
    return learners.length > 1 ? `${learnerName(one, learners)} ${text}` : text;
  });
  return {
    optimizer: [...new Set(learners.map((one) => one.name))].join(" and "),
    lr: lrs.length ? `lr ${lrs.join(", ")}` : "",
    seed: `seed ${seed}`,
    init: inits.length ? `init ${[...new Set(inits)].join(", ")}` : "",
  };
}

function short(x: number): string {
  return Number.isFinite(x) ? String(Number(x.toPrecision(3))) : formatNumber(x);
}

function thinned(points: readonly Point[]): readonly Point[] {
  const every = Math.ceil(points.length / MOST_POINTS);
  return points.filter((_, i) => (points.length - 1 - i) % every === 0);
}

/** The run as it is kept. */
export function keptOf(run: RunState): KeptTraining {
  const { training, code, seed, id } = run;
  const series = Object.entries(training.series).slice(0, MOST_SERIES);
  return {
    id,
    name: "",
    facts: factsOf(training, seed, code),
    code: code.length <= MOST_CODE ? code : "",
    step: training.step,
    shown: true,
    look: 0,
    series: Object.fromEntries(series.map(([name, one]) => [name, thinned(pointsOf(one))])),
  };
}

/** A line of the program that only this one has, if that is all that tells it from the other. */
function ownLine(mine: string, other: string): string {
  if (!mine || !other) return "";
  const theirs = new Set(other.split("\n").map((line) => line.trim()));
  const own = mine.split("\n").filter((line) => line.trim() && !theirs.has(line.trim()));
  const line = own[0]?.trim() ?? "";
  return own.length === 1 && line.length <= 48 ? line : "";
}

const FACTS = ["optimizer", "lr", "init", "seed"] as const;

/** What was seen of a run: its optimizer, learning rates, initialisation and seed. */
export function toldOf({ facts }: KeptTraining): string {
  return FACTS.map((key) => facts[key])
    .filter(Boolean)
    .join(", ");
}

/** What each is called: its own name, or what tells it from the others. */
export function namesOf(all: readonly KeptTraining[]): readonly string[] {
  const keys = FACTS.filter((key) => new Set(all.map((one) => one.facts[key])).size > 1);
  const told = all.map((one) => keys.map((key) => one.facts[key]).join(", "));
  const full = all.map((one, i) => {
    const alike = all.find((other, j) => j !== i && told[j] === told[i] && other.code !== one.code);
    return [told[i], alike && ownLine(one.code, alike.code)].filter(Boolean).join(", ");
  });
  return all.map((one, i) => {
    if (one.name) return one.name;
    const text = full[i] || [one.facts.optimizer, one.facts.lr].filter(Boolean).join(", ") || "run";
    const same = full.map((other, j) => (other === full[i] ? j : -1)).filter((j) => j >= 0);
    return same.length > 1 ? `${text} (${same.indexOf(i) + 1})` : text;
  });
}

type Packed = Omit<KeptTraining, "series"> & { series: Record<string, [number, number, number | null][]> };

function pack(all: readonly KeptTraining[]): string {
  const digits = (x: number) => (Number.isFinite(x) ? Number(x.toPrecision(6)) : null);
  const packed: Packed[] = all.map((one) => ({
    ...one,
    series: Object.fromEntries(
      Object.entries(one.series).map(([name, points]) => [
        name,
        points.map(({ step, time, value }) => [step, digits(time) ?? 0, digits(value)]),
      ]),
    ),
  }));
  return JSON.stringify(packed);
}

/** What another version of the page kept and cannot be read counts as nothing. */
function unpack(text: string | null): readonly KeptTraining[] {
  try {
    const packed = JSON.parse(text ?? "[]") as Packed[];
    return packed.map((one, i) => ({
      id: String(one.id),
      name: String(one.name),
      facts: {
        optimizer: String(one.facts.optimizer),
        lr: String(one.facts.lr),
        seed: String(one.facts.seed),
        init: String(one.facts.init ?? ""),
      },
      code: String(one.code),
      step: Number(one.step),
      shown: one.shown !== false,
      look: Number(one.look ?? i + 1),
      series: Object.fromEntries(
        Object.entries(one.series).map(([name, points]) => [
          name,
          points.map(([step, time, value]) => ({ step, time, value: value ?? Number.POSITIVE_INFINITY })),
        ]),
      ),
    }));
  } catch {
    return [];
  }
}

let kept: readonly KeptTraining[] | null = null;
const listeners = new Set<() => void>();

export function keptTrainings(): readonly KeptTraining[] {
  kept ??= unpack(load(KEY, "sessionStorage"));
  return kept;
}

function set(next: readonly KeptTraining[]): void {
  kept = next;
  store(KEY, next.length ? pack(next) : null, "sessionStorage");
  for (const listener of listeners) listener();
}

/** Keeps a training, or keeps it anew if it has gone on since. Why it cannot be kept, or an empty string. */
export function keepTraining(run: RunState): string {
  if (run.training.step === 0) return "There is no training to keep.";
  const all = keptTrainings();
  const one = keptOf(run);
  const before = all.find((other) => other.id === one.id);
  if (!before && all.length >= MOST_KEPT)
    return `${MOST_KEPT} runs are kept already. Remove one of them in the Training panel first.`;
  const look = Array.from({ length: MOST_KEPT }, (_, i) => i + 1).find(
    (free) => !all.some((other) => other.look === free),
  );
  const next = before
    ? all.map((other) => (other === before ? { ...one, name: before.name, look: before.look } : other))
    : [...all, { ...one, look: look ?? MOST_KEPT }];
  if (pack(next).length > MOST_TEXT)
    return "The kept runs are as large as the browser allows. Remove one of them first.";
  set(next);
  return "";
}

export function changeKept(id: string, change: Partial<Pick<KeptTraining, "name" | "shown">>): void {
  set(keptTrainings().map((one) => (one.id === id ? { ...one, ...change } : one)));
}

export function removeKept(id: string): void {
  set(keptTrainings().filter((one) => one.id !== id));
}

export function useKept(): readonly KeptTraining[] {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, keptTrainings);
}
