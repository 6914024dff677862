/** Share: what is sent, made small enough, and the answer. */
import { boot } from "./boot";
import { userData } from "./data/kept";
import { plural } from "./numbers";
import type * as wire from "./protocol.gen";
import type { RunState } from "./run";
import type { Draft, State } from "./store";
import { asEvents } from "./training/state";

export interface Shared {
  readonly id: string;
  readonly url: string;
  /** What had to be left out, in a sentence, or empty. */
  readonly omitted: string;
}

const TEXT = 16_384;
const PIECE = 20_000;

/** Why the draft cannot be run, or an empty string. */
export function tooBig(code: string): string {
  const bytes = new TextEncoder().encode(code).length;
  const { code_bytes, code_lines } = boot.limits;
  if (bytes > code_bytes) {
    return `The program has ${plural(bytes, "byte")}; at most ${plural(code_bytes, "byte")} can be run or shared.`;
  }
  const lines = code.split("\n").length;
  return lines > code_lines
    ? `The program has ${plural(lines, "line")}; at most ${plural(code_lines, "line")} can be run.`
    : "";
}

/** Whether two pieces of a graph are small enough to be one, as the protocol bounds it. */
function joins(a: wire.Graph, b: wire.Graph): boolean {
  return a.nodes.length + b.nodes.length <= PIECE && a.steps.length + b.steps.length <= PIECE;
}

/** The events of a run as its last live answer leaves it. */
function settled(events: readonly wire.Event[]): readonly wire.Event[] {
  const live = events.findLast((one) => one.type === "live");
  if (!live) return events;
  const replaced = ["output", "figure", "graph", "error", "notice", "profile", "live"];
  const kept = events.filter((one) => !replaced.includes(one.type));
  const shown = [...live.shown, { ...live.graph, restart: false }].map((one) => ({
    ...one,
    run: live.run,
    seq: 0,
  }));
  const end = kept.findIndex((one) => one.type === "finished");
  return [...kept.slice(0, end), ...shown, ...kept.slice(end)];
}

/** The events of a run as one stores them: pieces of text and graph joined, binary and answers left out. */
export function compact(events: readonly wire.Event[]): wire.Event[] {
  const kept: wire.Event[] = [];
  for (const event of settled(events)) {
    const last = kept.at(-1);
    if (["jacobian", "local", "queued", "detail"].includes(event.type)) continue;
    if (
      event.type === "output" &&
      last?.type === "output" &&
      event.stream !== "result" &&
      event.stream === last.stream &&
      event.cell === last.cell &&
      last.text.length + event.text.length <= TEXT
    ) {
      kept[kept.length - 1] = { ...last, seq: event.seq, text: last.text + event.text };
    } else if (event.type === "graph" && !event.restart && last?.type === "graph" && joins(last, event)) {
      kept[kept.length - 1] = {
        ...event,
        restart: last.restart,
        nodes: [...last.nodes, ...event.nodes],
        edges: [...last.edges, ...event.edges],
        scopes: [...last.scopes, ...event.scopes],
        steps: [...last.steps, ...event.steps],
        clears: [...last.clears, ...event.clears],
      };
    } else {
      kept.push(event);
    }
  }
  return kept;
}

/** What is stored of a run: its events, and its training as far as it is kept, before the end. */
export function storable(run: RunState): wire.Event[] {
  const events = compact(run.events);
  const end = events.findLastIndex((event) => event.type === "finished");
  events.splice(end < 0 ? events.length : end, 0, ...asEvents(run.training, run.id));
  return events;
}

/** The body of `POST /api/sessions`, and what did not fit into it. */
export function content(
  draft: Draft,
  run: RunState | null,
  view: wire.View,
  limit: number,
): { body: string; omitted: string } {
  const parent = draft.base.startsWith("session:") ? draft.base.slice("session:".length) : "";
  const { code, title, device, seed, board } = draft;
  const data = draft.data && userData(draft.data);
  const events = run?.finished && run.code === code ? storable(run) : [];
  return fitted(
    {
      code,
      title,
      device,
      seed,
      view,
      events,
      ...(board && { board }),
      ...(data && { data }),
      ...(parent && { parent }),
    },
    limit,
  );
}

const NUMBERS = "the numbers of tensors with more than eight";

/** A piece of a graph that says of larger tensors how large and how spread their numbers are, and not which. */
export function slim(graph: wire.Graph): wire.Graph {
  const few = (values: wire.Values): wire.Values =>
    (values.data?.length ?? 0) > 8 ? { ...values, data: [] } : values;
  const nodes = graph.nodes.map((node) => ({
    ...node,
    outputs: node.outputs.map((tensor) => ({ ...tensor, value: few(tensor.value) })),
  }));
  const steps = graph.steps.map((step) => ({
    ...step,
    ...(step.entering && { entering: step.entering.map((grad) => grad && few(grad)) }),
    ...(step.leaving && { leaving: step.leaving.map((flow) => ({ ...flow, grad: few(flow.grad) })) }),
    ...(step.accumulated && { accumulated: few(step.accumulated) }),
  }));
  return { ...graph, nodes, steps };
}

/** A session as JSON of at most `limit` bytes; results that do not fit are left out, the largest first, and named. */
export function fitted(content: wire.SessionContent, limit: number): { body: string; omitted: string } {
  // It may be a stranger's: what it really is, the server says.
  let events = Array.isArray(content.events) ? content.events : [];
  const make = () => JSON.stringify({ ...content, events });
  const fits = () => new TextEncoder().encode(body).length <= limit;
  let body = make();
  const left: string[] = [];
  if (!fits()) {
    left.push("the flame chart");
    events = events.map((event) =>
      event.type === "profile"
        ? {
            ...event,
            spans: [],
            kernels: [],
            spans_omitted: (event.spans_omitted ?? 0) + (event.spans ?? []).length,
          }
        : event,
    );
    body = make();
  }
  if (!fits() && events.some((event) => event.type === "training" && event.histograms.length > 0)) {
    left.push("how weights and gradients were spread over the training");
    events = events.map((event) =>
      event.type === "training" ? { ...event, parameters: [], histograms: [] } : event,
    );
    body = make();
  }
  if (!fits()) {
    left.push(NUMBERS);
    events = events.map((event) => (event.type === "graph" ? slim(event) : event));
    body = make();
  }
  if (!fits()) {
    if (left.at(-1) === NUMBERS) left.pop();
    left.push("the graph");
    events = events.filter((event) => event.type !== "graph");
    body = make();
  }
  if (!fits()) {
    left.push("all other results");
    events = [];
    body = make();
  }
  const omitted = left.length ? `Too large to store, so left out of the link: ${left.join(", ")}.` : "";
  return { body, omitted };
}

/** How the page looks: the panel, what is selected, the moment of the run. */
export function viewOf({ panel, picked, time }: State): wire.View {
  return { panel, node: picked?.kind === "node" ? picked.node : -1, time: time ?? -1 };
}

/** Stores the session and gives its link. Throws an Error whose message is a sentence for the person. */
export async function share(draft: Draft, run: RunState | null, view: wire.View): Promise<Shared> {
  const refusal = tooBig(draft.code);
  if (refusal) throw new Error(refusal);
  const { body, omitted } = content(draft, run, view, boot.limits.session_bytes);
  let answer: Response;
  try {
    answer = await fetch("/api/sessions", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    });
  } catch {
    throw new Error(
      "The server cannot be reached. Your draft is kept in this browser; try again in a moment.",
    );
  }
  if (answer.status === 413) {
    throw new Error(
      `The server refuses a session this large (${plural(body.length, "byte")}). Make the program shorter.`,
    );
  }
  if (answer.status === 429)
    throw new Error("Too many links in a short time. Wait a few minutes and share again.");
  const data: unknown = await answer.json().catch(() => null);
  if (answer.status !== 201 || !isStored(data)) {
    const said = typeof data === "object" && data !== null && "error" in data ? String(data.error) : "";
    throw new Error(
      said || `The server could not store the session (status ${answer.status}). Try again in a moment.`,
    );
  }
  return { id: data.id, url: new URL(data.url, location.href).href, omitted };
}

function isStored(data: unknown): data is { id: string; url: string } {
  return typeof data === "object" && data !== null && "id" in data && "url" in data;
}
