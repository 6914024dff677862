import { beforeEach, expect, it, vi } from "vitest";
import type * as wire from "../protocol.gen";
import { apply, newRun, type RunState } from "../run";

beforeEach(() => {
  sessionStorage.clear();
  vi.resetModules();
});

function trained(id: string, name: string, lr: number, seed = 0, code = "x = 1"): RunState {
  const event: wire.Training = {
    type: "training",
    run: id,
    seq: 1,
    step: 1000,
    learners: [{ optimizer: 0, name, lr }],
    points: {
      steps: Array.from({ length: 700 }, (_, i) => i + 1),
      times: Array.from({ length: 700 }, (_, i) => i / 10),
      series: { loss: Array.from({ length: 700 }, (_, i) => 1 / (i + 1)) },
    },
    parameters: [],
    histograms: [],
    prediction: null,
    progress: [],
    cost: 0,
  };
  return apply(newRun(id, code, "cpu", seed, 1), event);
}

it("runs are called by what tells them apart", async () => {
  const { keptOf, namesOf } = await import("./kept");
  const named = (...runs: RunState[]) => namesOf(runs.map(keptOf));
  expect(named(trained("a", "Adam", 0.01))).toEqual(["Adam, lr 0.01"]);
  expect(named(trained("a", "Adam", 0.01), trained("b", "Adam", 0.1))).toEqual(["lr 0.01", "lr 0.1"]);
  expect(named(trained("a", "Adam", 0.01), trained("b", "SGD", 0.01, 3))).toEqual([
    "Adam, seed 0",
    "SGD, seed 3",
  ]);
  expect(named(trained("a", "Adam", 1), trained("b", "Adam", 1))).toEqual([
    "Adam, lr 1 (1)",
    "Adam, lr 1 (2)",
  ]);
  expect(
    named(trained("a", "Adam", 1, 0, "a = 1\nhidden = 8"), trained("b", "Adam", 1, 0, "a = 1\nhidden = 64")),
  ).toEqual(["hidden = 8", "hidden = 64"]);
});

it("how layers were initialised is seen in the program", async () => {
  const { keptOf, namesOf, toldOf } = await import("./kept");
  const xavier = trained(
    "a",
    "Adam",
    1,
    0,
    "nn.init.xavier_uniform_(net.weight)\n# nn.init.zeros_(net.bias)",
  );
  const all = [keptOf(xavier), keptOf(trained("b", "Adam", 1))];
  expect(all.map(toldOf)).toEqual(["Adam, lr 1, init xavier_uniform_, seed 0", "Adam, lr 1, seed 0"]);
  expect(namesOf(all)[0]).toBe("init xavier_uniform_");
});

it("a kept run's colour stays its own when others come and go", async () => {
  const { keepTraining, keptTrainings, removeKept } = await import("./kept");
  const looks = () => keptTrainings().map((one) => `${one.id}${one.look}`);
  for (const id of ["a", "b", "c"]) keepTraining(trained(id, "SGD", 1));
  expect(looks()).toEqual(["a1", "b2", "c3"]);
  removeKept("a");
  keepTraining(trained("b", "SGD", 2));
  expect(looks()).toEqual(["b2", "c3"]);
  keepTraining(trained("d", "SGD", 1));
  expect(looks()).toEqual(["b2", "c3", "d1"]);
});

it("what is kept is there after a reload, and can be renamed, hidden and removed", async () => {
  const first = await import("./kept");
  expect(first.keepTraining(trained("a", "Adam", 0.01))).toBe("");
  expect(first.keepTraining(trained("b", "SGD", 0.1))).toBe("");
  first.changeKept("b", { name: "mine", shown: false });
  vi.resetModules();
  const again = await import("./kept");
  expect(again.keptTrainings()).toMatchObject([
    { id: "a", step: 1000, shown: true },
    { id: "b", name: "mine", shown: false },
  ]);
  const points = again.keptTrainings()[0]?.series.loss ?? [];
  expect(points.length).toBeLessThanOrEqual(400);
  expect(points.at(-1)).toEqual({ step: 700, time: 69.9, value: Number((1 / 700).toPrecision(6)) });
  again.removeKept("a");
  expect(again.keptTrainings().map((one) => one.id)).toEqual(["b"]);
  again.removeKept("b");
  expect(sessionStorage.length).toBe(0);
});

it("a run kept twice is kept as it is now; there are at most eight", async () => {
  const { keepTraining, keptTrainings, MOST_KEPT } = await import("./kept");
  expect(keepTraining(newRun("x", "", "cpu", 0, 1))).toMatch(/no training/);
  for (let i = 0; i < MOST_KEPT; i++) expect(keepTraining(trained(`r${i}`, "SGD", i))).toBe("");
  expect(keepTraining(trained("r0", "SGD", 77))).toBe("");
  expect(keptTrainings()[0]?.facts.lr).toBe("lr 77");
  expect(keepTraining(trained("new", "SGD", 1))).toMatch(/Remove one/);
  expect(keptTrainings()).toHaveLength(MOST_KEPT);
});

it("what cannot be read counts as nothing", async () => {
  sessionStorage.setItem("playground.trainings", '[{"id": 3}]');
  const { keptTrainings } = await import("./kept");
  expect(keptTrainings()).toEqual([]);
});
