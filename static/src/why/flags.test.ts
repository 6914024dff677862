import { describe, expect, it } from "vitest";
import { transformer } from "../graph/fixtures";
import type { Recording } from "../run";
import { flags } from "./flags";
import { whys } from "./index";

/** Anew each time: what is known of a recording is kept with it. */
function large(): Recording {
  return { ...transformer(10_000), clears: [], omitted: 0 };
}

/** In milliseconds. The quickest of several: what else the machine does is not asked. */
function quickest(run: (graph: Recording) => void): number {
  const times = Array.from({ length: 7 }, () => {
    const graph = large();
    const start = performance.now();
    run(graph);
    return performance.now() - start;
  });
  return Math.min(...times);
}

describe("on ten thousand nodes", () => {
  // The budget is 50 ms, with slack.
  it("finds what is to be found", () => {
    expect(large().nodes.length).toBeGreaterThan(9_000);
    expect(quickest((graph) => flags(graph))).toBeLessThan(100);
  });

  it("answers for any tensor", () => {
    expect(quickest((graph) => whys(graph, 0))).toBeLessThan(100);
    expect(quickest((graph) => whys(graph, graph.nodes.length - 1))).toBeLessThan(100);
  });
});
