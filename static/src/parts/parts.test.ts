import { beforeAll, describe, expect, it } from "vitest";
import type * as wire from "../protocol.gen";
import { newRun, type RunState } from "../run";
import { position } from "./scale";

let describeRun: typeof import("./status").describe;
let search: typeof import("./palette").search;
let ago: typeof import("./examples").ago;

beforeAll(async () => {
  document.body.innerHTML = '<script type="application/json" id="boot">{"examples":[],"limits":{}}</script>';
  [{ describe: describeRun }, { search }, { ago }] = await Promise.all([
    import("./status"),
    import("./palette"),
    import("./examples"),
  ]);
});

describe("the sentence about the run", () => {
  const at = (change: Partial<RunState>, now = 1300) =>
    describeRun({ ...newRun("r", "", "cpu", 0, 100), ...change }, now);
  const finished = (status: wire.Status, change: Partial<wire.Finished> = {}): Partial<RunState> => ({
    phase: "finished",
    finished: {
      type: "finished",
      run: "r",
      seq: 1,
      status,
      wall_ms: 12.4,
      message: "",
      operations: 31,
      interactive: false,
      ...change,
    },
  });

  it("says nothing for the first 150 ms", () => {
    expect([at({}, 200), at({ phase: "running" }, 249), at({ phase: "queued" }, 249)]).toEqual(["", "", ""]);
  });

  it("says what is happening", () => {
    expect(at({ phase: "queued", position: 3 })).toBe("Queued as 3rd");
    expect(at({ phase: "running" })).toBe("Running 1.2 s");
  });

  it("says how it ended", () => {
    expect(at(finished("ok"))).toBe("Finished in 12 ms, 31 operations");
    expect(at(finished("cancelled", { wall_ms: 1500, operations: 0 }))).toBe("Stopped after 1.5 s");
    expect(at(finished("timeout", { wall_ms: 10_000 }))).toMatch(/Ran too long: stopped after 10.0 s/);
    expect(at({ phase: "lost" })).toMatch(/connection was lost/);
  });
});

describe("the palette", () => {
  const entries = [
    { label: "Next panel", words: "tab right" },
    { label: "Share this program", words: "link panel" },
    { label: "Panel of experts", words: "" },
  ];

  it("finds every word anywhere, what starts with the text first", () => {
    expect(search(entries, "panel").map((one) => one.label)).toEqual([
      "Panel of experts",
      "Next panel",
      "Share this program",
    ]);
    expect(search(entries, "LINK prog")).toHaveLength(1);
    expect(search(entries, "nothing")).toHaveLength(0);
    expect(search(entries, "")).toHaveLength(3);
  });
});

it("the signed scale has zero in its middle", () => {
  expect([position(-2, 2), position(0, 2), position(1, 2), position(9, 2)]).toEqual([0, 0.5, 0.75, 1]);
  expect([position(1, 0), position(Number.NaN, 1)]).toEqual([0.5, 0.5]);
});

it("the age of a draft is rounded to what one says", () => {
  const now = 1e12;
  expect([ago(now, now), ago(now - 60_000, now), ago(now - 7_200_000, now), ago(now - 2e8, now)]).toEqual([
    "just now",
    "1 minute ago",
    "2 hours ago",
    "2 days ago",
  ]);
});
