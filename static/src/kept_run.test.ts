import { beforeEach, expect, it } from "vitest";
import type * as wire from "./protocol.gen";
import { apply, newRun } from "./run";

beforeEach(() => {
  sessionStorage.clear();
  document.body.innerHTML = '<script type="application/json" id="boot">{"examples":[],"limits":{}}</script>';
});

const events: wire.Event[] = [
  { type: "output", run: "r", seq: 1, cell: 0, stream: "stdout", text: "hi" },
  {
    type: "finished",
    run: "r",
    seq: 2,
    status: "ok",
    wall_ms: 1,
    message: "",
    operations: 0,
    interactive: true,
  },
];

it("a reload shows the results of the tab's last run, for the same draft only", async () => {
  const { keepRun, keptRun } = await import("./kept_run");
  keepRun("d1", events.reduce(apply, newRun("r", "print('hi')", "cpu", 0, 5)));
  expect(keptRun("d1")?.items).toMatchObject([{ kind: "text", text: "hi" }]);
  expect(keptRun("d1")?.finished?.interactive).toBe(false);
  expect(keptRun("d2")).toBeNull();
});

it("what cannot be read counts as nothing", async () => {
  const { keptRun } = await import("./kept_run");
  sessionStorage.setItem("playground.run", "{");
  expect(keptRun("d1")).toBeNull();
  sessionStorage.setItem("playground.run", JSON.stringify({ draft: "d1", events: 7 }));
  expect(keptRun("d1")).toBeNull();
});
