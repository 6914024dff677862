import { describe, expect, it } from "vitest";
import { transformer } from "../graph/fixtures";
import { ratioOf } from "../measured";
import type { Recording } from "../run";
import { flags } from "./flags";
import { whys } from "./index";

/** Anew each time: what is known of a recording is kept with it. */
function large(): Recording {
  return { ...transformer(10_000), clears: [], omitted: 0 };
}

describe("on ten thousand nodes", () => {
  // Measured 80 and 45; the budget on a page is 50 ms.
  it("finds what is to be found", () => {
    expect(large().nodes.length).toBeGreaterThan(9_000);
    expect(ratioOf(large, (graph) => flags(graph))).toBeLessThan(240);
  });

  it("answers for any tensor", () => {
    expect(ratioOf(large, (graph) => whys(graph, 0))).toBeLessThan(240);
    expect(ratioOf(large, (graph) => whys(graph, graph.nodes.length - 1))).toBeLessThan(240);
  });
});
