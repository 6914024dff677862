/** The page's one store. State is immutable; everything that changes it goes through `update`. */
import { useSyncExternalStore } from "react";
import { sameBoard } from "./board";
import { type DraftData, sameData } from "./data/kept";
import type * as wire from "./protocol.gen";
import type { RunState } from "./run";
import { load, store } from "./storage";
import type { Path } from "./why/answer";
import type { Finding } from "./why/flags";

export const PANELS = ["graph", "output", "training", "gradients", "profiler", "jacobian"] as const;
export type Panel = (typeof PANELS)[number];

/** How the program is written: all of them edit the one text. */
export type Way = NonNullable<wire.Board["way"]>;

/** How the graph is shown: as it is connected, or as it is nested. */
export type GraphView = "diagram" | "tree";

/** What is picked out: the same thing in the code, the graph, the tables and the plots. */
export type Pick =
  | { kind: "node"; node: number }
  | { kind: "line"; line: number }
  | { kind: "op"; op: string; shapes: string };

/** What the person is writing. `base` is where it came from: `example:<id>`, `session:<id>` or nothing. */
export interface Draft {
  readonly id: string;
  readonly title: string;
  readonly code: string;
  readonly device: wire.Device;
  readonly seed: number;
  readonly base: string;
  /** How it lies as blocks and as expressions. */
  readonly board?: wire.Board | undefined;
  /** The person's own table, without its text. */
  readonly data?: DraftData | undefined;
}

export type Overlay = "palette" | "examples" | "share" | "shortcuts" | "menu" | "download" | "data" | null;

export interface State {
  readonly draft: Draft;
  /** What the draft was when it was opened; they differ once it was edited. */
  readonly original: Draft;
  /** The newest run. */
  readonly run: RunState | null;
  /** What the panels show: the newest run once it has something to show, the one before until then. */
  readonly shown: RunState | null;
  /** `resting`: closed because nothing was asked for long; opened again when somebody uses the page. */
  readonly connection: "connecting" | "open" | "lost" | "resting";
  /** Why programs cannot use a GPU; empty if they can. */
  readonly noGpu: string;
  readonly panel: Panel;
  readonly view: GraphView;
  readonly way: Way;
  /** On a phone one pane shows at a time. */
  readonly pane: "code" | "result";
  readonly picked: Pick | null;
  readonly hovered: Pick | null;
  /** Index of the moment that the page stands at (moment.ts); null is the end of the run. */
  readonly time: number | null;
  /** The way that an explanation tells of. */
  readonly traced: Path | null;
  /** What was found in the shown run, worst first. */
  readonly findings: readonly Finding[];
  readonly overlay: Overlay;
  /** One quiet sentence about something that just happened. */
  readonly toast: string;
}

const VIEW = "playground.view";

function keptView(): GraphView {
  return load(VIEW) === "tree" ? "tree" : "diagram";
}

/** Shows the graph so, and remembers it for the next time. */
export function setView(view: GraphView): void {
  store(VIEW, view === "tree" ? view : null);
  update({ view });
}

type Listener = () => void;

const NO_DRAFT: Draft = { id: "", title: "", code: "", device: "cpu", seed: 0, base: "" };

let state: State = {
  draft: NO_DRAFT,
  original: NO_DRAFT,
  run: null,
  shown: null,
  connection: "connecting",
  noGpu: "",
  panel: "graph",
  view: keptView(),
  way: "code",
  pane: "result",
  picked: null,
  hovered: null,
  time: null,
  traced: null,
  findings: [],
  overlay: null,
  toast: "",
};
const listeners = new Set<Listener>();

export function getState(): State {
  return state;
}

export function subscribe(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Merges `change` into the state and tells everyone, once. */
export function update(change: Partial<State>): void {
  const next = { ...state, ...change };
  const keys = Object.keys(change) as (keyof State)[];
  if (keys.every((key) => Object.is(state[key], next[key]))) return;
  state = next;
  for (const listener of [...listeners]) listener();
}

/** Goes to an operation in the graph, wherever the person is. */
export function showNode(node: number): void {
  update({ picked: { kind: "node", node }, panel: "graph", pane: "result" });
}

/** The selected part of the state; renders again only when that part changed. `select` must not build new objects. */
export function useStore<T>(select: (state: State) => T): T {
  return useSyncExternalStore(subscribe, () => select(state));
}

/** Whether the draft differs from what it came from. */
export function isEdited({ draft, original }: State): boolean {
  return (
    draft.code !== original.code ||
    draft.title !== original.title ||
    draft.seed !== original.seed ||
    draft.device !== original.device ||
    !sameBoard(draft.board, original.board) ||
    !sameData(draft.data, original.data)
  );
}
