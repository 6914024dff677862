import { expect, it } from "vitest";
import { chartsOf, labelOf, learnerName, smooth, varies } from "./curves";
import { timeLeft, verdict } from "./words";

it("losses share a chart, and so do accuracies; the most important first", () => {
  const charts = chartsOf([
    "lr",
    "grad_norm",
    "loss/1",
    "perplexity",
    "val_loss",
    "loss",
    "accuracy",
    "val_acc",
  ]);
  expect(charts.map(({ title, names }) => [title, ...names])).toEqual([
    ["Loss", "loss", "loss/1", "val_loss"],
    ["Accuracy", "val_acc", "accuracy"],
    ["perplexity", "perplexity"],
    ["Gradient norm", "grad_norm"],
    ["Learning rate", "lr"],
  ]);
  expect(charts.filter((chart) => chart.kind === "gradient").map((chart) => chart.title)).toEqual([
    "Gradient norm",
  ]);
});

it("of several learners each number says whose it is", () => {
  const one = { optimizer: 0, name: "Adam", variable: "", lr: 1 };
  const critic = { optimizer: 1, name: "SGD", variable: "critic", lr: 1 };
  expect(labelOf("loss", [one])).toBe("loss");
  expect(labelOf("loss", [one, critic])).toBe("loss of Adam");
  expect(labelOf("loss/1", [one, critic])).toBe("loss of critic");
  expect(labelOf("accuracy", [one, critic])).toBe("accuracy");
  expect(labelOf("grad_norm/2", [one, critic])).toBe("grad_norm of optimizer 2");
  expect(learnerName({ ...one, group: 1 }, [one, { ...one, group: 1 }])).toBe("Adam, group 1");
  expect(learnerName(one, [one, { ...one, optimizer: 1 }])).toBe("Adam 0");
});

it("smoothing is TensorBoard's: no pull to zero at the beginning, and what is not finite stays", () => {
  expect(smooth([1, 2, 3], 0)).toEqual([1, 2, 3]);
  const [a, b, c] = smooth([2, 4, 8], 0.5);
  expect(a).toBeCloseTo(2);
  // (0.5 * (0.5 * 2) + 0.5 * 4) / (1 - 0.25)
  expect(b).toBeCloseTo(2.5 / 0.75);
  expect(c).toBeCloseTo((0.5 * 2.5 + 0.5 * 8) / (1 - 0.125));
  expect(smooth([5, 5, 5, 5], 0.9).every((x) => Math.abs(x - 5) < 1e-9)).toBe(true);
  expect(smooth([1, Number.POSITIVE_INFINITY, 1], 0.5)).toEqual([1, Number.POSITIVE_INFINITY, 1]);
  expect(varies([])).toBe(false);
});

it("says how long and how fast in plain words", () => {
  expect([0.4, 12.4, 130, 7000].map(timeLeft)).toEqual([
    "less than 1 s left",
    "12 s left",
    "2 min left",
    "1 h 57 min left",
  ]);
  expect([1e-3, 1e-4, 1e-2].map(verdict)).toEqual([null, null, null]);
  expect(verdict(0.5)?.word).toBe("very fast");
  expect(verdict(0.05)?.word).toBe("fast");
  expect(verdict(1e-7)?.word).toBe("very slow");
  expect(verdict(0)?.word).toBe("stands still");
  expect(verdict(Number.NaN)?.word).toBe("not finite");
});
