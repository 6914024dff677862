import { describe, expect, it } from "vitest";
import type * as wire from "../protocol.gen";
import { asEvents, learn, NO_TRAINING, partOf, secondsLeft, type Training } from "./state";
import { extend, keep, listOf, MOST_POINTS, NO_SERIES, type Point, pointsOf } from "./thin";

const event = (step: number, more: Partial<wire.Training> = {}): wire.Training => ({
  type: "training",
  run: "r",
  seq: 0,
  step,
  learners: [],
  points: null,
  parameters: [],
  histograms: [],
  prediction: null,
  progress: [],
  cost: 0.1,
  ...more,
});

const at = (step: number, value: number): Point => ({ step, time: step / 100, value });

describe("a series", () => {
  it("keeps every point while they are few, and no number is no point", () => {
    const series = extend(NO_SERIES, [at(1, 5), at(2, Number.NaN), at(3, 4)]);
    expect(pointsOf(series).map((point) => point.step)).toEqual([1, 3]);
    expect(series.missing).toBe(0);
    expect(extend(series, [at(4, Number.NaN), at(5, Number.NaN)])).toMatchObject({ missing: 2, since: 4 });
  });

  it("stays small, keeps its ends and every spike, and is spread evenly", () => {
    let series = NO_SERIES;
    for (let i = 0; i < 100_000; i += 10)
      series = extend(
        series,
        Array.from({ length: 10 }, (_, k) => at(i + k, i + k === 31_415 ? 1e6 : Math.sin((i + k) / 500))),
      );
    const points = pointsOf(series);
    expect(points.length).toBeLessThanOrEqual(MOST_POINTS + 1);
    expect(points.length).toBeGreaterThan(MOST_POINTS / 4);
    expect(points[0]?.step).toBeLessThan(series.stride);
    expect(points.at(-1)?.step).toBe(99_999);
    expect(points.find((point) => point.value === 1e6)?.step).toBe(31_415);
    const steps = points.map((point) => point.step);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    const gaps = steps.slice(1).map((step, i) => step - (steps[i] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(2 * series.stride);
  });
});

it("of things, some evenly and always the newest are kept", () => {
  let kept = keep<number>(undefined, 0, 10);
  for (let i = 1; i <= 1000; i++) kept = keep(kept, i, 10);
  const list = listOf(kept);
  expect(list.length).toBeLessThanOrEqual(11);
  expect(list[0]).toBe(0);
  expect(list.at(-1)).toBe(1000);
});

describe("training", () => {
  it("knows its learners, the last of each", () => {
    const adam = { optimizer: 0, name: "Adam", lr: 0.01 };
    const sgd = { optimizer: 1, name: "SGD", variable: "critic", lr: 0.1 };
    let training = learn(NO_TRAINING, event(1, { learners: [adam] }));
    training = learn(training, event(2, { learners: [sgd] }));
    training = learn(training, event(3, { learners: [{ ...adam, lr: 0.02 }] }));
    expect(training.learners).toEqual([{ ...adam, lr: 0.02 }, sgd]);
  });

  it("that is held keeps what is known when a learning rate changes", () => {
    const progress = [{ line: 2, done: 1, total: 4 }];
    const before = learn(NO_TRAINING, event(7, { progress, cost: 0.1 }));
    const after = learn(before, event(7, { learners: [{ optimizer: 0, name: "SGD", lr: 1 }], cost: 0 }));
    expect(after).toMatchObject({ progress, cost: 0.1, learners: [{ lr: 1 }] });
  });

  it("says how far it is through loops in loops, and how long the rest will take", () => {
    expect(partOf([])).toBeNull();
    expect(
      partOf([
        { line: 3, done: 2, total: 4, depth: 1 },
        { line: 2, done: 5, total: 10 },
      ]),
    ).toBeCloseTo(0.55);
    const progress = (done: number) => [{ line: 2, done, total: 100 }];
    const points = (step: number, time: number) => ({ steps: [step], times: [time], series: { loss: [1] } });
    let training = learn(NO_TRAINING, event(1, { progress: progress(10), points: points(1, 4) }));
    expect(secondsLeft(training)).toBeNull();
    training = learn(training, event(2, { progress: progress(30), points: points(2, 6) }));
    expect(secondsLeft(training)).toBeCloseTo(7);
    const unmeasured = learn(NO_TRAINING, event(0, { progress: progress(25) }));
    expect(secondsLeft(unmeasured)).toBeNull();
    expect(secondsLeft(unmeasured, 5)).toBeCloseTo(15);
    expect(secondsLeft(learn(unmeasured, event(0, { progress: progress(50) })), 10)).toBeCloseTo(10);
    expect(learn(training, event(3)).began).toBeNull();
  });

  it("is the same again from the events that a link stores", () => {
    let training = NO_TRAINING;
    const bytes = new Float32Array([1, 2, 3]).buffer;
    for (let step = 1; step <= 30; step++) {
      training = learn(
        training,
        event(step, {
          learners: [{ optimizer: 0, name: "Adam", lr: 0.01 }],
          points: {
            steps: [step],
            times: [step / 10],
            series: { loss: [1 / step], val_loss: [step % 10 ? "nan" : 2] },
          },
          parameters: [{ name: "w", step, grad_norm: 1, weight_norm: 2, update_ratio: 1e-3 }],
          histograms: [{ of: "weight", name: "w", step, low: -1, high: 1, counts: [1, 2] }],
          prediction: { type: "fit", curve: bytes, points: bytes },
        }),
      );
    }
    const stored = JSON.parse(JSON.stringify(asEvents(training, "r"))) as wire.Training[];
    const again = stored.reduce(learn, NO_TRAINING);
    expect(again.step).toBe(30);
    expect(again.learners).toEqual(training.learners);
    expect(again.series.loss?.points).toEqual(
      training.series.loss?.points.map((point) => ({ ...point, value: Number(point.value.toPrecision(6)) })),
    );
    expect(again.series.val_loss?.points.map((point) => point.step)).toEqual([10, 20, 30]);
    expect(again.parameters.w?.last).toEqual(training.parameters.w?.last);
    expect(again.histograms["weight w"]?.last.step).toBe(30);
    expect(again.prediction).toEqual({ type: "fit", curve: "AACAPwAAAEAAAEBA", points: "AACAPwAAAEAAAEBA" });
    expect(asEvents(NO_TRAINING, "r")).toEqual([]);
  });
});

/** Numbers and letters in all that hangs on it. */
function sizeOf(training: Training): number {
  return JSON.stringify(training).length;
}

it("takes no more memory after half an hour than after three minutes", () => {
  const names = Array.from({ length: 8 }, (_, i) => `layers.${i}.weight`);
  const counts = Array.from({ length: 64 }, (_, i) => i);
  let training = NO_TRAINING;
  let early = 0;
  // Ten events a second, each with ten steps; what is costly once a second.
  for (let tick = 0; tick < 30 * 60 * 10; tick++) {
    const steps = Array.from({ length: 10 }, (_, i) => tick * 10 + i + 1);
    const costly = tick % 10 === 0;
    training = learn(
      training,
      event(tick * 10 + 10, {
        points: {
          steps,
          times: steps.map((step) => step / 100),
          series: {
            loss: steps.map((step) => 1 / step),
            grad_norm: steps.map((step) => Math.sin(step)),
            accuracy: steps.map((step) => (step % 100 ? "nan" : 0.5)),
          },
        },
        parameters: costly
          ? names.map((name) => ({
              name,
              step: tick,
              grad_norm: 1,
              weight_norm: 1,
              update_ratio: 1e-3,
              percentiles: [1, 2, 3, 4, 5],
            }))
          : [],
        histograms: costly
          ? names.map((name) => ({ of: "weight" as const, name, step: tick, low: -1, high: 1, counts }))
          : [],
      }),
    );
    if (tick === 3 * 60 * 10) early = sizeOf(training);
  }
  expect(training.step).toBe(180_000);
  expect(sizeOf(training)).toBeLessThan(1.5 * early);
  expect(sizeOf(training)).toBeLessThan(500_000);
  expect(JSON.stringify(asEvents(training, "r")).length).toBeLessThan(500_000);
});
