import { expect, it } from "vitest";
import type * as wire from "./protocol.gen";
import { chromeTrace, isBackward } from "./trace";

const profile: wire.Profile = {
  type: "profile",
  run: "r",
  seq: 1,
  by_op: [],
  by_shape: [],
  spans: [
    ["aten::sin", 10, 5, 0, 3, 7],
    ["SinBackward0", 20, 4.5, 0, 9, -1],
  ],
  spans_omitted: 2,
  kernels: [],
  overhead_us: 12,
  explaining_us: 34,
};

it("is a Chrome trace: complete events in microseconds, valid JSON", () => {
  const trace = JSON.parse(JSON.stringify(chromeTrace(profile, "A sine")));
  expect(trace.traceEvents.filter((event: { ph: string }) => event.ph === "X")).toEqual([
    { pid: 1, tid: 1, ph: "X", name: "aten::sin", cat: "cpu_op", ts: 10, dur: 5, args: { line: 3, node: 7 } },
    { pid: 1, tid: 1, ph: "X", name: "SinBackward0", cat: "backward", ts: 20, dur: 4.5, args: { line: 9 } },
  ]);
  expect(trace.traceEvents[0]).toMatchObject({ ph: "M", name: "process_name", args: { name: "A sine" } });
  expect(trace.otherData.spans_omitted).toBe(2);
});

it("has a lane for each stream of the GPU, with arrows from what launched a kernel", () => {
  const kernels: wire.Kernel[] = [
    ["aten::sin", 40, 3, 0, 10],
    ["aten::mm", 41, 9, 7, 16],
  ];
  const { traceEvents } = chromeTrace({ ...profile, kernels }, "");
  const gpu = traceEvents.filter(({ pid, ph }) => pid === 2 && ph === "X");
  expect(gpu.map(({ name, tid, ts, dur, cat }) => [name, tid, ts, dur, cat])).toEqual([
    ["aten::sin", 0, 40, 3, "kernel"],
    ["aten::mm", 7, 41, 9, "kernel"],
  ]);
  const arrows = traceEvents.filter(({ cat }) => cat === "ac2g");
  expect(arrows.map(({ ph, id, pid, tid, ts }) => [ph, id, pid, tid, ts])).toEqual([
    ["s", 0, 1, 1, 10],
    ["f", 0, 2, 0, 40],
    ["s", 1, 1, 1, 16],
    ["f", 1, 2, 7, 41],
  ]);
  expect(traceEvents.filter(({ pid, ph }) => pid === 2 && ph === "M").map(({ args }) => args)).toEqual([
    { name: "GPU" },
    { name: "Stream 0" },
    { name: "Stream 7" },
  ]);
});

it("knows the backward pass by its names", () => {
  expect(["MulBackward0", "AccumulateGrad", "backward"].every(isBackward)).toBe(true);
  expect(["aten::mul", "my_backward_helper"].some(isBackward)).toBe(false);
});
