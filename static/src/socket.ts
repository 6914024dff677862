/** The connection: commands out, events in, applied at most once a frame and acknowledged. */
import { io, type Socket } from "socket.io-client";
import type * as wire from "./protocol.gen";
import { applyAll, isActive, isShowable, type RunState } from "./run";
import { getState, update } from "./store";

let socket: Socket | undefined;
let waiting: wire.Event[] = [];
let scheduled = false;
/** Why the server is about to close the connection. */
let farewell: wire.Closing["reason"] | null = null;
/** What it said when it did not let this page in. */
let refused = "";
/** Events taken in at once; a server's event is at most some 16 kB, and the page has other things to do in a frame. */
const MOST = 24;

function tabName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function connect(): void {
  socket = io({
    transports: ["websocket"],
    // By which the server knows the page when it is back before its old connection is known to be dead.
    auth: {
      tab: tabName(),
      /** So that the server can say if that is not so any more, each time the page comes back. */
      get no_gpu() {
        return getState().noGpu;
      },
    },
    // A server that comes back has all its pages coming back: each at its own time, from a tenth of this to twice it.
    reconnectionDelay: 1500,
    reconnectionDelayMax: 10_000,
    randomizationFactor: 0.9,
  });
  socket.on("connect", () => {
    refused = "";
    update({ connection: "open" });
  });
  socket.on("disconnect", lose);
  socket.on("connect_error", (problem) => {
    update({ connection: "lost" });
    if (socket?.active) return;
    // The server has answered, and said no: it is asked again, but not often.
    if (problem.message !== refused) update({ toast: problem.message });
    refused = problem.message;
    setTimeout(() => socket?.connect(), REFUSED_MS * (1 + Math.random()));
  });
  socket.on("event", receive);
}

const REFUSED_MS = 10_000;

/** Rests until somebody uses the page: the server has closed a connection on which nothing was asked for long. */
function rest(): void {
  socket?.disconnect();
  const wake = () => {
    for (const name of WAKING) window.removeEventListener(name, wake, true);
    update({ connection: "connecting" });
    socket?.connect();
  };
  for (const name of WAKING) window.addEventListener(name, wake, true);
}

/** Using the page begins with one of these; they come before what they lead to. */
const WAKING = ["pointerdown", "keydown", "click", "input", "drop", "paste"] as const;

/** Sends a command; false when there is no connection, and then nothing was sent. */
export function send(command: wire.Command): boolean {
  if (!socket?.connected || farewell) return false;
  socket.emit("command", command);
  return true;
}

/** Who takes the events of questions that are no run of the page's. */
const asked = new Map<string, (event: wire.Event) => void>();

/** Sends a command whose events go to `take`, up to the last, `finished`; false when there is no connection. */
export function ask(command: wire.Parse, take: (event: wire.Event) => void): boolean {
  if (!send(command)) return false;
  asked.set(command.run, take);
  return true;
}

/** Takes one event; what arrives within a frame is applied together. */
export function receive(event: wire.Event): void {
  if (event.type === "closing") {
    farewell = event.reason;
    update({ connection: parted(farewell) });
    return;
  }
  if (event.type === "gpu") {
    update({ noGpu: event.reason });
    return;
  }
  const take = asked.get(event.run);
  if (take) {
    if (event.type === "finished") asked.delete(event.run);
    else send({ type: "ack", run: event.run, seq: event.seq });
    take(event);
    return;
  }
  waiting.push(event);
  for (const listener of listeners) listener(event);
  schedule();
}

const listeners = new Set<(event: wire.Event) => void>();

/** Tells `listener` of the page's runs' events as they come, before they are applied; returns what ends that. */
export function listen(listener: (event: wire.Event) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  // A hidden tab draws no frames but must keep acknowledging.
  if (document.hidden) setTimeout(flush, 30);
  else requestAnimationFrame(flush);
}

function flush(): void {
  scheduled = false;
  const events = waiting.slice(0, MOST);
  waiting = waiting.slice(MOST);
  let { run, shown, toast } = getState();
  for (const event of events) if (event.type === "error" && event.run === "") toast = event.message;
  if (run) run = applyAll(run, events);
  const before = getState().run;
  if (run?.phase === "refused" && before?.phase !== "refused") toast = refusalOf(run);
  if (run && (isShowable(run, performance.now()) || shown?.id === run.id)) shown = run;
  update({ run, shown, toast });
  if (run && run !== before) send({ type: "ack", run: run.id, seq: run.seq });
  if (waiting.length) schedule();
}

/** Why the server did not take a run; the results of the one before stay in view. */
function refusalOf(run: RunState): string {
  const last = run.items.findLast((item) => item.kind === "error");
  return last?.kind === "error" ? last.error.message : "";
}

/** The server ends a run whose browser went away: what came until then stays, and the page says so. */
function lose(): void {
  asked.clear();
  // What came before the end still counts, and must not bring a lost run back to life afterwards.
  do flush();
  while (waiting.length);
  const { run, shown } = getState();
  const ended = run && gone(run);
  // A run that had nothing to show yet leaves the one before in view.
  const bare = ended?.phase === "lost" && ended.items.length === 0 && ended.graph.nodes.length === 0;
  const connection = parted(farewell);
  farewell = null;
  update({ connection, run: ended, shown: ended && !bare ? ended : shown && gone(shown) });
  if (connection === "resting") rest();
}

function parted(reason: typeof farewell): "resting" | "lost" {
  return reason === "idle" ? "resting" : "lost";
}

/** The run without its process. */
function gone(run: RunState): RunState {
  const finished = run.finished && { ...run.finished, interactive: false };
  return { ...run, finished, phase: isActive(run) ? "lost" : run.phase };
}
