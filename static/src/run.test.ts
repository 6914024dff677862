import { describe, expect, it } from "vitest";
import type * as wire from "./protocol.gen";
import { apply, applyAll, isInteractive, isShowable, newRun, type RunState, storedRun } from "./run";

const values = (...data: number[]): wire.Values => ({ numel: data.length, data });
const node = (id: number): wire.Node => ({
  id,
  kind: "op",
  op: "aten::sin",
  outputs: [{ shape: [1], dtype: "float32", value: values(id) }],
});

type Body<E> = E extends wire.Event ? Omit<E, "run" | "seq"> : never;

function play(run: RunState, ...bodies: Body<wire.Event>[]): RunState {
  let seq = run.seq;
  return bodies.reduce((now, body) => apply(now, { ...body, run: run.id, seq: ++seq } as wire.Event), run);
}

const started: Body<wire.Event> = {
  type: "started",
  cells: [{ index: 0, line: 1, end_line: 2 }],
  device: "cpu",
  seed: 0,
};
const graph = (part: Partial<wire.Graph>): Body<wire.Event> => ({
  type: "graph",
  nodes: [],
  edges: [],
  scopes: [],
  steps: [],
  clears: [],
  omitted: 0,
  restart: false,
  ...part,
});
const finished = (status: wire.Status = "ok"): Body<wire.Event> => ({
  type: "finished",
  status,
  wall_ms: 3,
  message: "",
  operations: 1,
  interactive: true,
});
const failure = (cell: number, line: number, question: wire.Error["question"] = ""): Body<wire.Event> => ({
  type: "error",
  message: "ValueError: no",
  cell,
  line,
  traceback: "",
  field: "",
  question,
  hint: "",
  node: null,
});

const fresh = () => newRun("r1", "x = 1", "cpu", 0, 100);

describe("apply", () => {
  it("drops events of another run and those seen before", () => {
    const run = play(fresh(), started);
    const late: wire.Event = { type: "notice", run: "r0", seq: 9, message: "late", cell: 0 };
    expect(apply(run, late)).toBe(run);
    const again: wire.Event = { type: "notice", run: "r1", seq: 1, message: "again", cell: 0 };
    expect(apply(run, again)).toBe(run);
  });

  it("does not change the run it is given", () => {
    const run = Object.freeze(fresh());
    const frozen = { ...run, items: Object.freeze([...run.items]), graph: Object.freeze({ ...run.graph }) };
    expect(() => play(frozen, started, graph({ nodes: [node(1)] }), finished())).not.toThrow();
    expect(frozen.graph.nodes).toHaveLength(0);
  });

  it("goes from sent over queued and running to finished", () => {
    const queued = play(fresh(), { type: "queued", position: 3 });
    expect([queued.phase, queued.position]).toEqual(["queued", 3]);
    const running = play(queued, started);
    expect([running.phase, running.cells.length]).toEqual(["running", 1]);
    expect(play(running, finished()).phase).toBe("finished");
  });

  it("joins pieces of one stream of one cell and keeps results apart", () => {
    const say = (cell: number, stream: wire.Output["stream"], text: string): Body<wire.Event> => ({
      type: "output",
      cell,
      stream,
      text,
    });
    const run = play(
      fresh(),
      started,
      say(0, "stdout", "a"),
      say(0, "stdout", "b\n"),
      say(0, "stderr", "e"),
      say(1, "stdout", "c"),
      say(1, "result", "1"),
      say(1, "result", "2"),
    );
    expect(run.items.map((item) => item.kind === "text" && [item.cell, item.stream, item.text])).toEqual([
      [0, "stdout", "ab\n"],
      [0, "stderr", "e"],
      [1, "stdout", "c"],
      [1, "result", "1"],
      [1, "result", "2"],
    ]);
  });

  it("replaces a figure with the same index in place", () => {
    const figure = (title: string): Body<wire.Event> => ({
      type: "figure",
      cell: 0,
      index: 0,
      figure: { data: [], layout: { title: { text: title } } },
    });
    const run = play(fresh(), started, figure("first"), figure("second"));
    expect(run.items).toHaveLength(1);
    expect(run.figures[0]?.layout.title?.text).toBe("second");
  });

  it("appends what the graph brings and remembers what was left out", () => {
    const run = play(
      fresh(),
      started,
      graph({ nodes: [node(1)] }),
      graph({ nodes: [node(2)], edges: [{ source: 1, target: 2 }] }),
      graph({ omitted: 7 }),
    );
    expect(run.graph.nodes.map((one) => one.id)).toEqual([1, 2]);
    expect(run.graph.edges).toHaveLength(1);
    expect(run.graph.omitted).toBe(7);
    const same = play(run, { type: "notice", message: "m", cell: 0 });
    expect(same.graph).toBe(run.graph);
  });

  it("shows an error of a cell and goes on; after the end it is an answer", () => {
    const running = play(fresh(), started, failure(0, 2));
    expect(running.phase).toBe("running");
    expect(running.items.at(-1)).toMatchObject({ kind: "error", cell: 0 });
    const answered = play(running, finished("error"), failure(0, 0, "jacobian"));
    expect(answered.items).toEqual(running.items);
    expect(answered.refusals.jacobian?.message).toBe("ValueError: no");
  });

  it("keeps a refused question until one of its kind is answered", () => {
    const detail: Body<wire.Event> = {
      type: "detail",
      node: 1,
      values: [],
      grads: [],
      accumulated: null,
      note: "",
    };
    const refused = play(
      fresh(),
      started,
      finished(),
      failure(0, 0, "jacobian"),
      failure(0, 0, "inspect"),
      detail,
    );
    expect(Object.values(refused.refusals).filter(Boolean)).toEqual([refused.refusals.jacobian]);
    const answered = play(refused, { type: "jacobian", output: 1, order: 1, blocks: [] });
    expect(answered.refusals.jacobian).toBeUndefined();
  });

  it("takes an error before the start for a refusal", () => {
    const run = play(fresh(), failure(0, 0));
    expect(run.phase).toBe("refused");
    expect(isShowable(run, 900)).toBe(false);
  });

  it("keeps answers to inspect by node", () => {
    const detail: Body<wire.Event> = {
      type: "detail",
      node: 4,
      values: [values(1, 2)],
      grads: [],
      accumulated: null,
      note: "",
    };
    expect(play(fresh(), started, finished(), detail).details[4]?.values[0]?.data).toEqual([1, 2]);
  });

  it("leaves an event it does not know out", () => {
    const run = play(fresh(), started);
    const next = apply(run, { type: "from the future", run: "r1", seq: 2 } as unknown as wire.Event);
    expect(next).toBe(run);
  });
});

describe("isShowable", () => {
  it("keeps a quick run from blinking", () => {
    const running = play(fresh(), started, graph({ nodes: [node(1)] }));
    expect(isShowable(running, 120)).toBe(false);
    expect(isShowable(running, 260)).toBe(true);
    expect(isShowable(play(running, finished()), 120)).toBe(true);
    expect(isShowable(play(fresh(), started), 900)).toBe(false);
  });
});

describe("storedRun", () => {
  it("rebuilds a run whose worker is gone", () => {
    const live = play(fresh(), started, graph({ nodes: [node(1)] }), finished());
    const run = storedRun("x = 1", "cpu", 0, live.events);
    expect(run?.graph.nodes).toHaveLength(1);
    expect(run?.finished?.interactive).toBe(false);
    expect(run?.phase).toBe("finished");
  });

  it("is nothing without events", () => {
    expect(storedRun("x = 1", "cpu", 0, [])).toBeNull();
  });
});

describe("a run that is held after a training step", () => {
  const paused = (step: number): Body<wire.Event> => ({ type: "paused", step, line: 7 });
  const begun = () => play(fresh(), started, graph({ nodes: [node(0), node(1), node(2)] }));

  it("shows the step's graph once it is whole, and answers questions", () => {
    let run = play(begun(), graph({ nodes: [node(0)], restart: true }), graph({ nodes: [node(1)] }));
    expect(run.graph.nodes).toHaveLength(3);
    expect(isInteractive(run)).toBe(false);
    run = play(run, paused(312));
    expect(run.graph.nodes).toHaveLength(2);
    expect(run).toMatchObject({ graphs: 1, coming: null, held: { step: 312 } });
    expect(isInteractive(run)).toBe(true);
    run = play(run, failure(0, 0, "inspect"));
    expect(run.items).toEqual([]);
    expect(run.refusals.inspect?.message).toBe("ValueError: no");
    run = play(run, { type: "resumed", message: "It was held for 5 minutes, so it goes on." });
    expect(run.items).toMatchObject([{ kind: "notice" }]);
    expect(isInteractive(run)).toBe(false);
    expect(run.graph.nodes).toHaveLength(2);
  });

  it("forgets what was asked about the step before, and its events", () => {
    const detail: Body<wire.Event> = {
      type: "detail",
      node: 0,
      values: [],
      grads: [],
      accumulated: null,
      note: "",
    };
    let run = play(begun(), graph({ nodes: [node(0)], restart: true }), paused(1), detail);
    expect(run.details[0]).toBeDefined();
    for (let step = 2; step < 50; step++)
      run = play(run, graph({ nodes: [node(0)], restart: true }), graph({ nodes: [node(1)] }), paused(step));
    expect(run.details).toEqual({});
    expect(run.graphs).toBe(49);
    expect(run.events.filter((event) => event.type === "graph")).toHaveLength(2);
    const stored = storedRun("x = 1", "cpu", 0, play(run, finished()).events);
    expect(stored?.graph.nodes.map(({ id }) => id)).toEqual([0, 1]);
  });

  it("takes in the same when events come together", () => {
    const bodies = [
      started,
      graph({ nodes: [node(0)] }),
      graph({ nodes: [node(0)], restart: true }),
      paused(1),
    ];
    const more = [graph({ nodes: [node(0)], restart: true }), graph({ nodes: [node(1)] }), paused(2)];
    const events = [...bodies, ...more].map((body, i) => ({ ...body, run: "r1", seq: i + 1 }) as wire.Event);
    expect(applyAll(fresh(), events)).toEqual(events.reduce(apply, fresh()));
  });
});

describe("live answers", () => {
  const bytes = (...numbers: number[]) => Float64Array.from(numbers).buffer as ArrayBuffer;
  const curve = (output: string, ...x: number[]): wire.Curve => ({
    output,
    input: "a",
    x: bytes(...x),
    y: bytes(...x),
    dy: bytes(...x),
    note: "",
  });
  const live = (number: number, change: Partial<wire.LiveResult> = {}): wire.LiveResult => ({
    type: "live",
    run: "r1",
    seq: 100 + number,
    number,
    graph: { ...graph({ nodes: [node(number)] }), run: "", seq: 0 } as wire.Graph,
    shown: [],
    curves: [],
    field: null,
    symbolic: [],
    wall_ms: 1,
    ...change,
  });
  const ended = () => play(fresh(), started, graph({ nodes: [node(1)] }), finished());

  it("take the graph's place, with the text that was asked about", () => {
    const asked = {
      ...ended(),
      asked: [
        { number: 1, code: "one" },
        { number: 2, code: "two" },
      ],
    };
    const run = apply(asked, live(2));
    expect(run.graph.nodes.map((one) => one.id)).toEqual([2]);
    expect([run.code, run.asked, run.graphs]).toEqual(["two", [], 1]);
    expect(run.events.filter((one) => one.type === "live" || one.type === "graph")).toHaveLength(1);
  });

  it("keep what was not asked for again, and nothing that was", () => {
    const first = live(1, {
      curves: [curve("y", 0, 1, 2), curve("z", 0.5, 0.5)],
      symbolic: [{ output: "y", input: "a", tex: "a" }],
    });
    const run = apply(apply(ended(), first), live(2, { curves: [curve("z", 0.6, 0.6)] }));
    expect(run.live?.curves.map((one) => [one.output, (one.x as ArrayBuffer).byteLength / 8])).toEqual([
      ["z", 2],
      ["y", 3],
    ]);
    expect(run.live?.symbolic).toHaveLength(1);
    const failed = apply(run, live(3, { curves: [{ ...curve("y"), note: "no" }] }));
    expect(failed.live?.curves.map((one) => one.note)).toEqual(["no"]);
  });
});
