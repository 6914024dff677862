/** Operations that raised an error. */
import { type Asked, answer, type Explanation, type Said } from "./answer";
import { capital, doing, lineOf } from "./words";

function failed({ node, facts }: Asked): Said | null {
  if (!node.failed) return null;
  const edges = facts.edgesInto(node.id);
  return answer({
    sentence: `${capital(doing(node))} failed: ${node.failed.split("\n")[0]}`,
    path: {
      nodes: [node.id, ...edges.map((edge) => edge.source)],
      edges: edges.map((edge) => [edge.source, edge.target] as const),
    },
    lines: [lineOf(node)],
  });
}

export const FAILED: readonly Explanation[] = [
  { kind: "failed", when: "the operation raised an error", explain: failed },
];
