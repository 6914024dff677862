/** The same tensor at different moments of a run. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { Recording } from "../run";
import { endOf, why } from "./index";

interface Case {
  name: string;
  bad: { graph: Omit<Recording, "omitted"> };
  good: { graph: Omit<Recording, "omitted"> };
}

const CASES = JSON.parse(readFileSync("static/src/why/programs.gen.json", "utf-8")) as Case[];

function recorded(name: string, which: "bad" | "good"): Recording {
  const found = CASES.find((one) => one.name === name);
  if (!found) throw new Error(`no program ${name}`);
  return { ...found[which].graph, omitted: 0 };
}

function idOf(graph: Recording, name: string): number {
  return graph.nodes.findLast((node) => node.outputs.some((output) => output.name === name))?.id ?? -1;
}

it("says when the pass will come, and nothing once it has been there", () => {
  const graph = recorded("cut by detach", "good");
  const w = idOf(graph, "w");
  const end = endOf(graph);
  const last = graph.steps.findIndex((step) => step.node === w);
  expect(why(graph, w, { ...end, steps: 0 })?.sentence).toBe(
    `The backward pass has not reached \`w\` yet: it will at line 6, at step ${last + 1} of ${graph.steps.length}.`,
  );
  expect(why(graph, w, { ...end, steps: last })?.kind).toBe("not_yet");
  expect(why(graph, w, { ...end, steps: last + 1 })).toBeNull();
});

it("knows that a gradient is only cleared later", () => {
  const graph = recorded("cleared after the pass", "bad");
  const w = idOf(graph, "w");
  const end = endOf(graph);
  expect(why(graph, w, { ...end, clears: 0 })).toBeNull();
  expect(why(graph, w, end)?.kind).toBe("cleared");
});

it("adds up only the passes that have run", () => {
  const graph = recorded("backward twice from one loss", "bad");
  const w = idOf(graph, "w");
  const second = graph.steps.findIndex((step) => step.call === 1);
  expect(why(graph, w, { ...endOf(graph), steps: second })?.kind).not.toBe("backward_twice");
  expect(why(graph, w)?.kind).toBe("backward_twice");
});
