import { beforeEach, describe, expect, it, vi } from "vitest";
import type * as wire from "./protocol.gen";
import { apply, newRun, type RunState } from "./run";
import { getState, update } from "./store";

const wires = vi.hoisted(() => ({
  handlers: new Map<string, (event?: unknown) => void>(),
  sent: [] as unknown[],
  connected: true,
  active: true,
  connects: 0,
  auth: {} as object,
}));

vi.mock("socket.io-client", () => ({
  io: ({ auth }: { auth: object }) => {
    wires.auth = auth;
    return {
      get connected() {
        return wires.connected;
      },
      get active() {
        return wires.active;
      },
      connect: () => {
        wires.connects++;
        wires.active = true;
      },
      disconnect: () => {
        wires.active = false;
      },
      on: (name: string, handler: (event?: unknown) => void) => wires.handlers.set(name, handler),
      emit: (_name: string, command: unknown) => wires.sent.push(command),
    };
  },
}));

type Body = wire.Event extends infer E ? (E extends wire.Event ? Omit<E, "run" | "seq"> : never) : never;

const values: wire.Values = { numel: 1, data: [1] };
const node: wire.Node = {
  id: 7,
  kind: "op",
  op: "aten::sin",
  outputs: [{ shape: [], dtype: "float32", value: values }],
};
const started: Body = { type: "started", cells: [], device: "cpu", seed: 0 };
const graph: Body = {
  type: "graph",
  nodes: [node],
  edges: [],
  scopes: [],
  steps: [],
  clears: [],
  omitted: 3,
  restart: false,
};
const finished: Body = {
  type: "finished",
  status: "ok",
  wall_ms: 1,
  message: "",
  operations: 1,
  interactive: true,
};
const error: Body = {
  type: "error",
  message: "no",
  cell: 0,
  line: 0,
  traceback: "",
  field: "",
  question: "jacobian",
  hint: "",
  node: null,
};
/** One of every kind. */
const EVERY: Body[] = [
  { type: "queued", position: 2 },
  started,
  { type: "output", cell: 0, stream: "stdout", text: "old" },
  { type: "figure", cell: 0, index: 0, figure: { data: [], layout: {} } },
  graph,
  { type: "notice", message: "old", cell: 0 },
  {
    type: "profile",
    by_op: [],
    by_shape: [],
    spans: [],
    spans_omitted: 0,
    kernels: [],
    overhead_us: 0,
    explaining_us: 0,
  },
  error,
  finished,
  { type: "detail", node: 7, values: [values], grads: [], accumulated: null, note: "" },
  { type: "jacobian", output: 7, order: 1, blocks: [] },
  { type: "local", node: 7, output: 0, blocks: [], record: "", arguments: [], checked: false, note: "" },
  error,
];

let receive: typeof import("./socket").receive;
const run = (id: string): RunState => newRun(id, "x = 1", "cpu", 0, performance.now());
let seq = 0;
const send = (id: string, ...bodies: Body[]) => {
  for (const body of bodies) receive({ ...body, run: id, seq: ++seq } as wire.Event);
};
const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

beforeEach(async () => {
  seq = 0;
  Object.assign(wires, { connected: true, active: true, connects: 0 });
  const socket = await import("./socket");
  ({ receive } = socket);
  socket.connect();
  update({ run: null, shown: null, toast: "", connection: "open" });
  wires.sent.length = 0;
});

describe("late events", () => {
  it("of an older run change nothing, whatever they are", async () => {
    const old = EVERY.slice(0, 9).reduce(
      (now, body, i) => apply(now, { ...body, run: "old", seq: i + 1 } as wire.Event),
      run("old"),
    );
    const fresh = run("new");
    update({ run: fresh, shown: old });
    send("old", ...EVERY);
    await frame();
    expect(getState().run).toBe(fresh);
    expect(getState().shown).toBe(old);
    expect(getState().toast).toBe("");
    expect(wires.sent).toEqual([]);
  });

  it("mixed with those of the newest run leave only the newest", async () => {
    update({ run: run("new"), shown: null });
    send("old", started, graph);
    send("new", started);
    send("old", finished);
    send("new", graph, finished);
    send("old", { type: "detail", node: 7, values: [], grads: [], accumulated: null, note: "old" });
    await frame();
    const { run: now, shown } = getState();
    expect(now?.id).toBe("new");
    expect(now?.details).toEqual({});
    expect(now?.graph.nodes).toEqual([node]);
    expect(shown).toBe(now);
    expect(wires.sent).toEqual([{ type: "ack", run: "new", seq: 6 }]);
  });

  it("that waited for a frame when the program was replaced are dropped", async () => {
    update({ run: run("old"), shown: null });
    send("old", started, graph, finished);
    update({ run: null, shown: null });
    await frame();
    expect(getState().run).toBeNull();
    expect(getState().shown).toBeNull();
  });
});

describe("a broken connection", () => {
  const lose = () => {
    wires.connected = false;
    wires.handlers.get("disconnect")?.();
  };

  it("takes what had come, and never brings the run back to life", async () => {
    update({ run: run("a"), shown: null });
    send("a", started, graph);
    lose();
    expect(getState().run?.phase).toBe("lost");
    expect(getState().shown?.graph.nodes).toEqual([node]);
    await frame();
    expect(getState().run?.phase).toBe("lost");
    wires.handlers.get("connect")?.();
    expect(getState().connection).toBe("open");
    expect(getState().run?.phase).toBe("lost");
  });

  it("keeps a finished run, which answers no more", async () => {
    update({ run: run("a"), shown: null });
    send("a", started, graph, finished);
    lose();
    expect(getState().run?.phase).toBe("finished");
    expect(getState().shown?.finished?.interactive).toBe(false);
  });

  it("leaves the run before in view when the lost one had nothing to show", async () => {
    update({ run: run("a"), shown: null });
    send("a", started, graph, finished);
    await frame();
    update({ run: run("b") });
    send("b", started);
    lose();
    expect(getState().run?.phase).toBe("lost");
    expect(getState().shown?.id).toBe("a");
    expect(getState().shown?.finished?.interactive).toBe(false);
  });
});

describe("a GPU that comes or goes", () => {
  const said = () => JSON.parse(JSON.stringify(wires.auth));
  it("is known to the page, and to the server when the page comes back", () => {
    update({ noGpu: "The GPU is being made ready." });
    expect(said()).toMatchObject({ no_gpu: "The GPU is being made ready." });
    receive({ type: "gpu", run: "", seq: 0, reason: "" });
    expect(getState().noGpu).toBe("");
    expect(said()).toMatchObject({ no_gpu: "" });
  });
});

describe("a server that says goodbye", () => {
  const close = (reason: wire.Closing["reason"]) => {
    receive({ type: "closing", run: "", seq: 0, reason });
    wires.connected = false;
    wires.handlers.get("disconnect")?.();
  };

  it("because of a restart is waited for", () => {
    close("restart");
    expect(getState().connection).toBe("lost");
    expect(wires.active).toBe(true);
  });

  it("because nobody used the page is left alone until somebody does", () => {
    close("idle");
    expect(getState().connection).toBe("resting");
    expect(getState().toast).toBe("");
    expect([wires.active, wires.connects]).toEqual([false, 0]);
    window.dispatchEvent(new Event("pointermove"));
    expect(wires.connects).toBe(0);
    window.dispatchEvent(new Event("keydown"));
    expect(getState().connection).toBe("connecting");
    window.dispatchEvent(new Event("click"));
    expect(wires.connects).toBe(1);
    wires.handlers.get("connect")?.();
    expect(getState().connection).toBe("open");
    // A loss afterwards is one like any other.
    wires.handlers.get("disconnect")?.();
    expect(getState().connection).toBe("lost");
  });

  it("and does not let the page in is asked again later, and its reason said once", () => {
    vi.useFakeTimers();
    const refuse = () => {
      wires.active = false;
      wires.handlers.get("connect_error")?.(new Error("Too many pages are open from your address."));
    };
    refuse();
    expect(getState().toast).toMatch(/Too many pages/);
    expect(getState().connection).toBe("lost");
    vi.advanceTimersByTime(9_000);
    expect(wires.connects).toBe(0);
    vi.advanceTimersByTime(11_001);
    expect(wires.connects).toBe(1);
    update({ toast: "" });
    refuse();
    expect(getState().toast).toBe("");
    vi.useRealTimers();
  });
});
