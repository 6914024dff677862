import { beforeEach, describe, expect, it, vi } from "vitest";
import { LiveLine, type Wanted } from "./live";
import type * as wire from "./protocol.gen";

const sent: wire.Live[] = [];
let run: { id: string } | "busy" | null;
let open: boolean;
let started: number;
let line: LiveLine;

const wanted = (code: string, change: Partial<Wanted> = {}): Wanted => ({
  code,
  seed: 0,
  curves: [],
  plots: [],
  field: null,
  basis: "one",
  derivatives: ["y"],
  formulas: "one",
  ...change,
});
const settle = () => Promise.resolve();
const want = async (code: string, change: Partial<Wanted> = {}) => {
  line.want(wanted(code, change));
  await settle();
};
const answer = (number = sent.at(-1)?.number ?? 0, id = "r") =>
  line.take({ type: "live", run: id, seq: 0, number } as wire.LiveResult);
const refuse = (field: string) =>
  line.take({ type: "error", run: "r", seq: 0, question: "live", field, message: "no" } as wire.Error);
const codes = () => sent.map((one) => one.code);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  sent.length = 0;
  run = { id: "r" };
  open = true;
  started = 0;
  line = new LiveLine({
    run: () => run,
    send: (live) => open && sent.push(live) > 0,
    start: () => started++,
  });
});

describe("one question at a time", () => {
  it("keeps only the newest position while it waits, and asks it as soon as it can", async () => {
    await want("a");
    for (const code of ["b", "c", "d"]) await want(code);
    expect(codes()).toEqual(["a"]);
    answer();
    expect(codes()).toEqual(["a", "d"]);
    answer();
    expect(codes()).toEqual(["a", "d"]);
    expect(line.waiting).toBe(false);
  });

  it("is never queued behind itself, however many positions there are", async () => {
    for (let i = 0; i < 200; i++) {
      await want(`x${i}`);
      if (i % 7 === 0 && line.waiting) answer();
    }
    while (line.waiting) answer();
    expect(sent.at(-1)?.code).toBe("x199");
    expect(sent.length).toBeLessThan(60);
    expect(sent.map((one) => one.number)).toEqual(sent.map((_, i) => i + 1));
  });

  it("takes what is wanted twice in one task once", async () => {
    line.want(wanted("a"));
    line.want(wanted("b"));
    await settle();
    expect(codes()).toEqual(["b"]);
  });

  it("does not ask what was just answered", async () => {
    await want("a");
    answer();
    await want("a");
    expect(codes()).toEqual(["a"]);
  });

  it("ignores answers to other questions", async () => {
    await want("a");
    await want("b");
    answer(99);
    expect(codes()).toEqual(["a"]);
  });

  it("goes on without an answer after a while", async () => {
    await want("a");
    await want("b");
    vi.advanceTimersByTime(20_001);
    expect(codes()).toEqual(["a", "b"]);
  });
});

it("asks for formulas when what they depend on has changed, and again if the answer never came", async () => {
  await want("a");
  answer();
  await want("b");
  expect(sent.map((one) => one.derivatives)).toEqual([["y"], undefined]);
  answer();
  await want("c", { formulas: "two" });
  await want("d", { formulas: "two" });
  refuse("");
  expect(sent.map((one) => one.derivatives)).toEqual([["y"], undefined, ["y"], ["y"]]);
});

it("asks for what is plotted when that depends on what has changed", async () => {
  const plots = [{ output: "y", input: "a", low: 0, high: 1 }];
  const curves = [{ output: "z", input: "a", low: 0, high: 0, count: 2 }];
  await want("a", { plots, curves });
  answer();
  await want("b", { plots, curves });
  answer();
  await want("c", { plots, curves, basis: "two" });
  expect(sent.map((one) => one.curves?.length)).toEqual([2, 1, 2]);
  answer();
  // Another run's process has drawn nothing yet.
  run = { id: "other" };
  await want("d", { plots, curves, basis: "two" });
  expect(sent.at(-1)?.curves).toHaveLength(2);
});

describe("without a process to ask", () => {
  it("begins a run once, and asks when it has ended", async () => {
    run = null;
    await want("a");
    expect([started, sent.length]).toEqual([1, 0]);
    run = "busy";
    await want("b");
    line.pump();
    expect([started, sent.length]).toEqual([1, 0]);
    run = { id: "new" };
    line.pump();
    expect(sent).toMatchObject([{ code: "b", run: "new" }]);
  });

  it("does not begin a run again for a program whose run left no process", async () => {
    run = null;
    await want("a");
    line.pump();
    await want("a");
    expect(started).toBe(1);
    await want("b");
    expect(started).toBe(2);
  });

  it("begins one when the process was let go, for the newest position", async () => {
    await want("a");
    run = null;
    refuse("run");
    expect(started).toBe(1);
    run = { id: "new" };
    line.pump();
    expect(codes()).toEqual(["a", "a"]);
  });

  it("says an answer that failed, and tries the next", async () => {
    await want("a");
    refuse("");
    expect([codes(), started]).toEqual([["a"], 0]);
    await want("b");
    expect(codes()).toEqual(["a", "b"]);
  });

  it("keeps what is wanted over a lost connection", async () => {
    await want("a");
    open = false;
    line.drop();
    run = "busy";
    line.pump();
    open = true;
    run = { id: "r2" };
    line.pump();
    expect(codes()).toEqual(["a", "a"]);
  });
});
