/** What is known of one run: built from its events by `apply`, which is pure. */
import type * as wire from "./protocol.gen";
import { learn, NO_TRAINING, type Training } from "./training/state";

/** `refused`: the server did not take the run; `lost`: the connection broke while it ran. */
export type Phase = "sent" | "queued" | "running" | "finished" | "refused" | "lost";

/** What may be asked of a run that has ended. */
export type Question = "inspect" | "jacobian" | "local" | "live";

/** Something a cell shows, in the order it came. */
export type Item =
  | { kind: "text"; cell: number; stream: "stdout" | "stderr" | "result"; text: string }
  | { kind: "figure"; cell: number; index: number }
  | { kind: "error"; cell: number; error: wire.Error }
  | { kind: "notice"; cell: number; message: string };

export interface Recording {
  readonly nodes: readonly wire.Node[];
  readonly edges: readonly wire.Edge[];
  readonly scopes: readonly wire.Scope[];
  readonly steps: readonly wire.Step[];
  readonly clears: readonly wire.Clear[];
  readonly omitted: number;
}

export interface RunState {
  readonly id: string;
  readonly code: string;
  readonly device: wire.Device;
  readonly seed: number;
  /** `performance.now()` when it was sent; 0 for stored results. */
  readonly startedAt: number;
  readonly phase: Phase;
  /** Place in the queue, 1 is next. */
  readonly position: number;
  readonly cells: readonly wire.Cell[];
  readonly items: readonly Item[];
  readonly figures: Readonly<Record<number, wire.PlotlyFigure>>;
  readonly graph: Recording;
  /** A graph that has begun anew, until the program is held and all of it is there: it then takes the other's place at once. */
  readonly coming: Recording | null;
  readonly profile: wire.Profile | null;
  readonly details: Readonly<Record<number, wire.Detail>>;
  readonly jacobian: wire.JacobianResult | null;
  /** Answers to `local`, by `localKey`. */
  readonly locals: Readonly<Record<string, wire.LocalResult>>;
  /** Answers to questions that could not be answered, the last of each kind, until one of that kind is. */
  readonly refusals: Readonly<Partial<Record<Question, wire.Error>>>;
  /** While the program is held after a training step: which. */
  readonly held: wire.Paused | null;
  /** What it was told about holding and has not done yet. */
  readonly steered: wire.Control["action"] | null;
  readonly training: Training;
  /** How often the graph has begun anew: with a step at which the program is held, or a live answer. */
  readonly graphs: number;
  /** The programs that live answers are waited for, by number. */
  readonly asked: readonly { readonly number: number; readonly code: string }[];
  /** The last live answer; its formulas are those of the last that had some. */
  readonly live: wire.LiveResult | null;
  readonly finished: wire.Finished | null;
  /** Highest `seq` applied. */
  readonly seq: number;
  /** The events as they came, for Share, but for those of training and of graphs that are over. */
  readonly events: readonly wire.Event[];
}

const EMPTY: Recording = { nodes: [], edges: [], scopes: [], steps: [], clears: [], omitted: 0 };

export function newRun(
  id: string,
  code: string,
  device: wire.Device,
  seed: number,
  startedAt: number,
): RunState {
  return {
    id,
    code,
    device,
    seed,
    startedAt,
    phase: "sent",
    position: 0,
    cells: [],
    items: [],
    figures: {},
    graph: EMPTY,
    coming: null,
    profile: null,
    details: {},
    jacobian: null,
    locals: {},
    refusals: {},
    held: null,
    steered: null,
    training: NO_TRAINING,
    graphs: 0,
    asked: [],
    live: null,
    finished: null,
    seq: 0,
    events: [],
  };
}

/** Whether the program may still be running. */
export function isActive(run: RunState | null): boolean {
  return run !== null && (run.phase === "sent" || run.phase === "queued" || run.phase === "running");
}

/** Whether a program runs that trains. */
export function isTraining(run: RunState | null): boolean {
  return run?.phase === "running" && run.training.step > 0;
}

/** How long a run may show nothing of its own, in milliseconds: a quicker one replaces the last without a blink. */
export const QUIET_MS = 150;

/** Whether the panels should show this run rather than the one before. */
export function isShowable(run: RunState, now: number): boolean {
  if (run.phase === "refused") return false;
  if (!isActive(run)) return true;
  return (
    now - run.startedAt >= QUIET_MS &&
    (run.items.length > 0 || run.graph.nodes.length > 0 || run.training.step > 0)
  );
}

/** Whether the worker answers questions now: after the program's end, or while it is held. */
export function isInteractive(run: RunState | null): boolean {
  if (run?.phase === "running") return run.held !== null && run.steered === null;
  return run?.phase === "finished" && run.finished?.interactive === true;
}

/** Under which the answer about one tensor of a node is kept. */
export function localKey(node: number, output = 0): string {
  return `${node}.${output}`;
}

/** The run after one more of its events. Events of another run, and events seen before, change nothing. */
export function apply(run: RunState, event: wire.Event): RunState {
  if (event.run !== run.id || (event.seq !== 0 && event.seq <= run.seq)) return run;
  const next = { ...run, seq: Math.max(run.seq, event.seq), events: remember(run.events, event) };
  switch (event.type) {
    case "queued":
      return { ...next, phase: "queued", position: event.position };
    case "started":
      return { ...next, phase: "running", position: 0, cells: event.cells };
    case "output":
      return { ...next, items: addText(run.items, event.cell, event.stream, event.text) };
    case "figure": {
      const figures = { ...run.figures, [event.index]: event.figure };
      if (event.index in run.figures) return { ...next, figures };
      return {
        ...next,
        figures,
        items: [...run.items, { kind: "figure", cell: event.cell, index: event.index }],
      };
    }
    case "graph":
      if (event.restart && run.held === null) return { ...next, coming: extend(EMPTY, [event]) };
      if (event.restart) return restart(next, extend(EMPTY, [event]));
      return grow(next, [event]);
    case "profile":
      return { ...next, profile: event };
    case "detail":
      return { ...next, details: { ...run.details, [event.node]: event }, refusals: settled(run, "inspect") };
    case "jacobian":
      return { ...next, jacobian: event, refusals: settled(run, "jacobian") };
    case "local":
      return {
        ...next,
        locals: { ...run.locals, [localKey(event.node, event.output)]: event },
        refusals: settled(run, "local"),
      };
    case "live":
      return {
        ...restart(next, extend(EMPTY, [event.graph])),
        code: run.asked.find((one) => one.number === event.number)?.code ?? run.code,
        asked: run.asked.filter((one) => one.number > event.number),
        live: carried(run.live, event),
        items: event.shown?.flatMap(itemOf) ?? [],
        figures: Object.fromEntries(
          (event.shown ?? []).flatMap((one) => (one.type === "figure" ? [[one.index, one.figure]] : [])),
        ),
        refusals: settled(run, "live"),
      };
    case "training":
      return { ...next, training: learn(run.training, event) };
    case "paused":
      return { ...(run.coming ? restart(next, run.coming) : next), held: event, steered: null };
    case "resumed": {
      const items: RunState["items"] = event.message
        ? [...run.items, { kind: "notice", cell: 0, message: event.message }]
        : run.items;
      return { ...next, items, held: null, steered: null };
    }
    case "document":
    case "table":
    case "closing":
    case "gpu":
      return next;
    case "notice":
      return { ...next, items: [...run.items, { kind: "notice", cell: event.cell, message: event.message }] };
    case "error":
      if (run.finished || event.question) {
        return {
          ...next,
          refusals: event.question ? { ...run.refusals, [event.question]: event } : run.refusals,
        };
      }
      return {
        ...next,
        phase: run.phase === "running" ? "running" : "refused",
        items: [...run.items, { kind: "error", cell: event.cell, error: event }],
      };
    case "finished":
      return {
        ...(run.coming ? restart(next, run.coming) : next),
        phase: "finished",
        held: null,
        steered: null,
        finished: event,
      };
    default:
      return unknown(event, run);
  }
}

/** What is kept of the events: training is in its state, which does not grow, and one graph is enough. */
function remember(events: readonly wire.Event[], event: wire.Event): readonly wire.Event[] {
  if (event.type === "training") return events;
  if (event.type !== "live" && !(event.type === "graph" && event.restart)) return [...events, event];
  return [...events.filter(({ type }) => type !== "graph" && type !== "live"), event];
}

function grow(run: RunState, graphs: readonly wire.Graph[]): RunState {
  if (run.coming) return { ...run, coming: extend(run.coming, graphs) };
  return { ...run, graph: extend(run.graph, graphs) };
}

/** An answer with what was not asked for again: formulas, and curves and fields whose points alone have moved. */
function carried(before: wire.LiveResult | null, event: wire.LiveResult): wire.LiveResult {
  if (!before) return event;
  const renewed = (old: wire.Curve) =>
    event.curves.some(
      (one) => one.output === old.output && one.input === old.input && (isPlot(one) || one.note),
    );
  return {
    ...event,
    curves: [...event.curves, ...before.curves.filter((old) => isPlot(old) && !renewed(old)).slice(0, 8)],
    field: event.field ?? before.field,
    symbolic: event.symbolic.length ? event.symbolic : before.symbolic,
  };
}

/** Whether a curve goes over a range; two points are asked for a derivative where a control stands. */
export function isPlot({ x }: wire.Curve): boolean {
  return (typeof x === "string" ? x.length * 0.75 : x.byteLength) > 18;
}

/** The run with a graph that has begun anew; what was asked about the one before is void. */
function restart(run: RunState, graph: Recording): RunState {
  return {
    ...run,
    graph,
    coming: null,
    graphs: run.graphs + 1,
    details: {},
    jacobian: null,
    locals: {},
    refusals: {},
  };
}

function itemOf(event: wire.Output | wire.Figure | wire.Error | wire.Notice): Item[] {
  switch (event.type) {
    case "output":
      return [{ kind: "text", cell: event.cell, stream: event.stream, text: event.text }];
    case "figure":
      return [{ kind: "figure", cell: event.cell, index: event.index }];
    case "error":
      return [{ kind: "error", cell: event.cell ?? 0, error: event }];
    case "notice":
      return [{ kind: "notice", cell: event.cell, message: event.message }];
  }
}

function settled(run: RunState, question: Question): RunState["refusals"] {
  return run.refusals[question] ? { ...run.refusals, [question]: undefined } : run.refusals;
}

/** The run after several events. Of graph events that follow each other the recording grows once, not once for each. */
export function applyAll(run: RunState, events: readonly wire.Event[]): RunState {
  let next = run;
  for (let at = 0; at < events.length; ) {
    const graphs: wire.Graph[] = [];
    let { seq } = next;
    for (let event = events[at]; event?.type === "graph" && !event.restart; event = events[++at]) {
      if (event.run !== run.id || (event.seq !== 0 && event.seq <= seq)) continue;
      seq = Math.max(seq, event.seq);
      graphs.push(event);
    }
    if (graphs.length) {
      next = grow({ ...next, seq, events: [...next.events, ...graphs] }, graphs);
    }
    const event = events[at];
    if (event) next = apply(next, event);
    at++;
  }
  return next;
}

/** Never reached while the switch above is exhaustive; a newer server's event is left out rather than fatal. */
function unknown(_event: never, run: RunState): RunState {
  return run;
}

/** Pieces of one stream of one cell are one text. */
function addText(
  items: readonly Item[],
  cell: number,
  stream: "stdout" | "stderr" | "result",
  text: string,
): readonly Item[] {
  const last = items.at(-1);
  if (last?.kind === "text" && last.cell === cell && last.stream === stream && stream !== "result") {
    return [...items.slice(0, -1), { ...last, text: last.text + text }];
  }
  return [...items, { kind: "text", cell, stream, text }];
}

function extend(old: Recording, more: readonly wire.Graph[]): Recording {
  const join = <T>(
    known: readonly T[],
    of: (event: wire.Graph) => readonly T[] | undefined,
  ): readonly T[] => {
    const added = more.flatMap((event) => of(event) ?? []);
    return added.length ? known.concat(added) : known;
  };
  return {
    nodes: join(old.nodes, (event) => event.nodes),
    edges: join(old.edges, (event) => event.edges),
    scopes: join(old.scopes, (event) => event.scopes),
    steps: join(old.steps, (event) => event.steps),
    clears: join(old.clears, (event) => event.clears),
    omitted: more.reduce((most, event) => Math.max(most, event.omitted ?? 0), old.omitted),
  };
}

/** A stored run, as a link opens it: its events applied at once, its worker long gone. */
export function storedRun(
  code: string,
  device: wire.Device,
  seed: number,
  events: readonly wire.Event[],
): RunState | null {
  const id = events[0]?.run;
  if (id === undefined) return null;
  const run = applyAll(newRun(id, code, device, seed, 0), events);
  const finished = run.finished && { ...run.finished, interactive: false };
  return { ...run, finished, phase: finished ? "finished" : "lost" };
}
