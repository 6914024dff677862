import { expect, it } from "vitest";
import { fitting, levelLine, steady, ticks, tickText } from "./contours";
import { lineTex } from "./tex";

const line = (n: number) => Float64Array.from({ length: n }, (_, i) => i);

it("finds the level line of a plane", () => {
  const x = line(4);
  const z = Float64Array.from({ length: 16 }, (_, i) => i % 4);
  const pieces = levelLine({ x, y: x, z }, 1.25);
  expect(pieces).toHaveLength(3 * 4);
  for (let i = 0; i < pieces.length; i += 2) expect(pieces[i]).toBeCloseTo(1.25);
});

it("closes the level line of a bowl, at the right distance", () => {
  const x = Float64Array.from({ length: 41 }, (_, i) => i / 10 - 2);
  const z = Float64Array.from(
    { length: 41 * 41 },
    (_, i) => (x[i % 41] ?? 0) ** 2 + (x[Math.floor(i / 41)] ?? 0) ** 2,
  );
  const pieces = levelLine({ x, y: x, z }, 1.013);
  const ends = new Map<string, number>();
  for (let i = 0; i < pieces.length; i += 2) {
    const [a = 0, b = 0] = [pieces[i], pieces[i + 1]];
    expect(Math.hypot(a, b)).toBeCloseTo(1, 1);
    const key = `${a.toFixed(6)} ${b.toFixed(6)}`;
    ends.set(key, (ends.get(key) ?? 0) + 1);
  }
  expect(new Set(ends.values())).toEqual(new Set([2]));
});

it("leaves cells with what is not finite out", () => {
  expect(levelLine({ x: line(2), y: line(2), z: Float64Array.of(0, 1, Number.NaN, 1) }, 0.5)).toEqual([]);
});

it("has round ticks", () => {
  expect(ticks(-5, 5)).toEqual([-4, -2, 0, 2, 4]);
  expect(ticks(0, 0.31)).toEqual([0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]);
  expect([tickText(-0.25), tickText(2e6), tickText(0)]).toEqual(["−0.25", "2e6", "0"]);
});

it("keeps axes still while the curve fits, and lets them follow when it does not", () => {
  const before = { low: -1, high: 1 };
  expect(steady(before, { low: -0.9, high: 0.8 })).toBe(before);
  expect(steady(before, { low: -0.9, high: 2 })).toMatchObject({ low: -1 });
  expect(steady(before, { low: -0.1, high: 0.1 })).toEqual({ low: -0.1, high: 0.1 });
});

it("shows what matters of a curve with a pole", () => {
  const values = Array.from({ length: 161 }, (_, i) => 1 / ((i - 80.3) / 20));
  const { low, high } = fitting(values);
  expect(high - low).toBeLessThan(40);
  expect(fitting([3, 3, 3])).toEqual({ low: 2.5, high: 3.5 });
});

it.each([
  ["y = sin(a) * 2 + 1", "{y} = 2\\,\\sin\\left({a}\\right) + 1"],
  ["p = softmax(W @ x + b)", "{p} = \\operatorname{softmax}\\left({W}\\,{x} + {b}\\right)"],
  ["y = (a + b) * c", "{y} = \\left({a} + {b}\\right)\\,{c}"],
  ["y = a - (b - c)", "{y} = {a} - \\left({b} - {c}\\right)"],
  ["y = exp(-a ** 2) / sqrt(2 * pi)", "{y} = \\frac{e^{-{{a}}^{2}}}{\\sqrt{2\\,{\\pi}}}"],
  ["y = sin(a) ** 2", "{y} = {\\left(\\sin\\left({a}\\right)\\right)}^{2}"],
  ["y = x.sum()", "{y} = \\sum {x}"],
  ["y = W.T @ x[0]", "{y} = {{W}}^{\\top}\\,{{x}}_{0}"],
  ["loss_1 = 0.50 * lambda_", "{\\mathit{loss}}_{1} = 0.5\\,{\\lambda}"],
  ["y = a if b else c", ""],
])("%s on paper", (shown, tex) => expect(lineTex(shown)).toBe(tex));
