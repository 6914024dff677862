import { describe, expect, it } from "vitest";
import type * as wire from "../protocol.gen";
import { agreement, classOf, contour, floats, gridOf, ridgeOf, sides, sureness, valueAt } from "./grid";

const bytes = (...values: number[]) => new Float32Array(values).buffer;

const boundary = (values: number[], more: Partial<wire.Boundary> = {}): wire.Boundary => ({
  type: "boundary",
  x: [0, 2],
  y: [0, 1],
  rows: 2,
  columns: 3,
  values: bytes(...values),
  classes: 2,
  points: bytes(),
  ...more,
});

describe("what a model says over the plane", () => {
  it("is decided at one half where it says probabilities, and at zero where it says scores", () => {
    const sure = gridOf(boundary([0, 0.25, 1, 0, 0.5, 0.75]));
    expect(sure).toMatchObject({ level: 0.5, reach: 0.5 });
    expect(sure && [0.25, 0.75].map((value) => classOf(sure, value))).toEqual([0, 1]);
    const score = gridOf(boundary([-4, 0, 2, 1, 1, 1]));
    expect(score).toMatchObject({ level: 0, reach: 4 });
    expect(score && [-4, 2].map((value) => [classOf(score, value), sureness(score, value)])).toEqual([
      [0, 1],
      [1, 0.5],
    ]);
    const many = gridOf(boundary([2.75, 1, 0, 0, 0, 0], { classes: 3 }));
    expect(many && [classOf(many, 2.75), sureness(many, 2.75)]).toEqual([2, 0.75]);
  });

  it("counts the points that lie where the model says their class", () => {
    const points = bytes(0, 0, 0, 2, 1, 1, 0, 0, 1, 9, 9, 1);
    const grid = gridOf(boundary([0, 0.25, 1, 0, 0.5, 0.75], { points }));
    expect(grid && agreement(grid)).toEqual({ right: 2, of: 3 });
    expect(grid && valueAt(grid, 1, 0)).toBe(0.25);
    expect(grid && valueAt(grid, 5, 5)).toBeNaN();
    const number = gridOf(boundary([1, 2, 3, 4, 5, 6], { classes: 0 }));
    expect(number && agreement(number)).toBeNull();
  });

  it("has its boundary where the value crosses the level, between the cells", () => {
    const grid = gridOf(boundary([0, 0.75, 1, 0, 0.75, 1]));
    expect(grid && contour(grid)).toEqual([[2 / 3, 0, 2 / 3, 1]]);
    const many = gridOf(boundary([0.5, 1.5, 1.5, 0.5, 1.5, 2.5], { classes: 3 }));
    expect(many && sides(many)).toHaveLength(4);
  });

  it("that did not arrive whole is nothing", () => {
    expect(gridOf(boundary([1, 2, 3]))).toBeNull();
    expect([...floats(btoa("\x00\x00\x80\x3f"))]).toEqual([1]);
  });
});

describe("histograms over time", () => {
  const histogram = (step: number, low: number, high: number, counts: number[]): wire.Histogram => ({
    of: "weight",
    name: "w",
    step,
    low,
    high,
    counts,
  });

  it("are put into the same bins, and no part is lost", () => {
    const ridge = ridgeOf([histogram(1, -1, 1, [10, 30]), histogram(2, -2, 2, [0, 5, 5, 0])], 8);
    expect(ridge).toMatchObject({ low: -2, high: 2, steps: [1, 2] });
    const [first, second] = ridge?.rows ?? [];
    expect([...(first ?? [])].map((part) => part * 0.5)).toEqual([0, 0, 0.125, 0.125, 0.375, 0.375, 0, 0]);
    expect([...(second ?? [])].reduce((sum, part) => sum + part * 0.5, 0)).toBeCloseTo(1);
  });

  it("of one value are a single bin", () => {
    const ridge = ridgeOf([histogram(1, 0, 0, [7])], 4);
    expect(ridge?.rows[0]?.filter((part) => part > 0)).toHaveLength(1);
    expect(ridgeOf([histogram(1, Number.NaN, 0, [])])).toBeNull();
  });
});
