import { describe, expect, it } from "vitest";
import { transformer } from "../graph/fixtures";
import type { Recording } from "../run";
import { flags } from "./flags";
import { whys } from "./index";

/** Anew each time: what is known of a recording is kept with it. */
function large(): Recording {
  return { ...transformer(10_000), clears: [], omitted: 0 };
}

function median(run: (graph: Recording) => void): number {
  const times = Array.from({ length: 5 }, () => {
    const graph = large();
    const start = performance.now();
    run(graph);
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[2] ?? 0;
}

describe("on ten thousand nodes", () => {
  // Budget 50 ms; with slack for a machine that does other things too.
  it("finds what is to be found", () => {
    expect(large().nodes.length).toBeGreaterThan(9_000);
    expect(median((graph) => flags(graph))).toBeLessThan(150);
  });

  it("answers for any tensor", () => {
    expect(median((graph) => whys(graph, 0))).toBeLessThan(150);
    expect(median((graph) => whys(graph, graph.nodes.length - 1))).toBeLessThan(150);
  });
});
