import { beforeAll, describe, expect, it } from "vitest";
import type * as wire from "./protocol.gen";
import { apply, newRun, type RunState, storedRun } from "./run";
import type { Draft } from "./store";

let compact: (events: readonly wire.Event[]) => wire.Event[];
let content: typeof import("./share").content;
let fitted: typeof import("./share").fitted;
let tooBig: (code: string) => string;

beforeAll(async () => {
  const limits = { code_bytes: 100, code_lines: 5 };
  document.body.innerHTML = `<script type="application/json" id="boot">${JSON.stringify({ limits })}</script>`;
  ({ compact, content, fitted, tooBig } = await import("./share"));
});

const draft: Draft = { id: "d", title: "T", code: "x = 1", device: "cpu", seed: 3, base: "session:abc" };
const head = (seq: number) => ({ run: "r", seq });
const output = (seq: number, text: string, cell = 0): wire.Output => ({
  type: "output",
  ...head(seq),
  cell,
  stream: "stdout",
  text,
});
const graph = (seq: number, ids: number[]): wire.Graph => ({
  type: "graph",
  ...head(seq),
  nodes: ids.map((id) => ({
    id,
    kind: "op",
    op: "aten::sin",
    outputs: [{ shape: [], dtype: "float32", value: { numel: 1, data: [id] } }],
  })),
  edges: [],
  scopes: [],
  steps: [],
  clears: [],
  omitted: 0,
  restart: false,
});
const profile = (spans: number): wire.Profile => ({
  type: "profile",
  ...head(90),
  by_op: [],
  by_shape: [],
  spans: Array.from({ length: spans }, (_, i) => ["aten::sin", i, 1, 0, 1, i] as wire.Span),
  spans_omitted: 0,
  kernels: [],
  overhead_us: 0,
  explaining_us: 0,
});
const finished: wire.Finished = {
  type: "finished",
  ...head(99),
  status: "ok",
  wall_ms: 1,
  message: "",
  operations: 1,
  interactive: true,
};

function ran(...events: wire.Event[]): RunState {
  return events.reduce(apply, newRun("r", draft.code, "cpu", 3, 0));
}

describe("compact", () => {
  it("joins text of one stream and parts of the graph, and loses nothing of them", () => {
    const events = [output(1, "a"), output(2, "b"), output(3, "c", 1), graph(4, [1]), graph(5, [2, 3])];
    const small = compact(events);
    expect(small.map((event) => event.type)).toEqual(["output", "output", "graph"]);
    const before = ran(...events);
    const after = ran(...small);
    expect(after.items).toEqual(before.items);
    expect(after.graph).toEqual(before.graph);
  });

  it("keeps pieces of text within what one message may hold", () => {
    const long = "x".repeat(10_000);
    expect(compact([output(1, long), output(2, long)])).toHaveLength(2);
  });

  it("leaves binary answers and the queue out", () => {
    const events: wire.Event[] = [
      { type: "queued", ...head(1), position: 2 },
      { type: "jacobian", ...head(2), output: 1, order: 1, blocks: [] },
      finished,
    ];
    expect(compact(events)).toEqual([finished]);
  });
});

describe("content", () => {
  it("holds the program, its view and its parent", () => {
    const { body, omitted } = content(
      draft,
      ran(output(1, "hi"), finished),
      { panel: "output", node: 4 },
      1e6,
    );
    expect(JSON.parse(body)).toMatchObject({
      code: "x = 1",
      title: "T",
      seed: 3,
      parent: "abc",
      view: { panel: "output", node: 4 },
      events: [{ type: "output", text: "hi" }, { type: "finished" }],
    });
    expect(omitted).toBe("");
  });

  it("leaves results of another text out, and those of an unfinished run", () => {
    const other = content({ ...draft, code: "y = 2" }, ran(output(1, "hi"), finished), {}, 1e6);
    expect(JSON.parse(other.body).events).toEqual([]);
    const running = content(draft, ran(output(1, "hi")), {}, 1e6);
    expect(JSON.parse(running.body).events).toEqual([]);
  });

  it("drops the largest first when there is too much, and says so", () => {
    const run = ran(output(1, "hi"), graph(2, [1, 2, 3]), profile(200), finished);
    const whole = content(draft, run, {}, 1e6).body.length;
    const first = content(draft, run, {}, whole - 1);
    expect(first.omitted).toContain("the flame chart");
    expect(first.omitted).not.toContain("the graph");
    const second = content(draft, run, {}, first.body.length - 1);
    expect(second.omitted).toContain("the graph");
    expect(JSON.parse(second.body).events.some((event: wire.Event) => event.type === "output")).toBe(true);
    const third = content(draft, run, {}, 10);
    expect(JSON.parse(third.body).events).toEqual([]);
    expect(JSON.parse(third.body).code).toBe(draft.code);
  });
});

it("long lists of numbers go before the graph does", () => {
  const values = { numel: 64, data: Array.from({ length: 64 }, (_, k) => k + 0.123456789), norm: 3 };
  const one = graph(1, [1]);
  const node = {
    id: 1,
    kind: "op",
    op: "aten::sin",
    outputs: [{ shape: [64], dtype: "float32", value: values }],
  };
  const event = { ...one, nodes: [node] } as unknown as wire.Graph;
  const whole = fitted({ code: "", events: [event] }, 1e6).body;
  const { body, omitted } = fitted({ code: "", events: [event] }, whole.length - 1);
  expect(omitted).toContain("the numbers of tensors with more than eight");
  expect(omitted).not.toContain("the graph");
  expect(JSON.parse(body).events[0].nodes[0].outputs[0].value).toEqual({ numel: 64, data: [], norm: 3 });
  expect(values.data).toHaveLength(64);
});

it("tooBig counts bytes and lines as the server does", () => {
  expect(tooBig("x")).toBe("");
  expect(tooBig("é".repeat(51))).toMatch(/102 bytes; at most 100 bytes/);
  expect(tooBig("\n".repeat(5))).toMatch(/6 lines; at most 5 lines/);
});

it("shares a live answer as the run it makes, its output included", () => {
  const live: wire.LiveResult = {
    type: "live",
    ...head(100),
    number: 1,
    graph: { ...graph(0, [9]), run: "" },
    shown: [{ ...output(0, "new"), run: "" }],
    curves: [],
    field: null,
    symbolic: [],
    wall_ms: 1,
  };
  const started: wire.Started = { type: "started", ...head(1), cells: [], device: "cpu", seed: 0 };
  const kept = compact([started, output(2, "old"), graph(3, [1, 2]), finished, live]);
  expect(kept.map((one) => one.type)).toEqual(["started", "output", "graph", "finished"]);
  const stored = storedRun("x", "cpu", 0, kept);
  expect(stored?.graph.nodes.map((one) => one.id)).toEqual([9]);
  expect(stored?.items).toMatchObject([{ kind: "text", text: "new" }]);
  expect(stored?.phase).toBe("finished");
});
