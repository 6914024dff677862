/**
 * Operations that raised an error. What did not fit is said by the worker (`playground/worker/misfits.py`), which knows
 * the arguments; here is what the recording knows beside it.
 */
import { type Asked, answer, type Explanation, type Said } from "./answer";
import { capital, doing, formatShape, lineOf, list, the } from "./words";

function failed({ node, facts }: Asked): Said | null {
  if (!node.failed) return null;
  const inputs = facts.inputs(node.id);
  const given = inputs.map(
    ({ edge, tensor }) => `${the(facts.node(edge.source))} ${formatShape(tensor.shape)}`,
  );
  return answer({
    sentence: `${capital(doing(node))} failed${node.hint ? `. ${node.hint}` : `: ${node.failed.split("\n")[0]}`}`,
    detail: !node.hint && given.length ? `It was given ${list(given)}.` : "",
    path: {
      nodes: [node.id, ...inputs.map(({ edge }) => edge.source)],
      edges: inputs.map(({ edge }) => [edge.source, edge.target] as const),
    },
    lines: [lineOf(node), ...inputs.map(({ edge }) => lineOf(facts.node(edge.source)))],
  });
}

export const FAILED: readonly Explanation[] = [
  { kind: "failed", when: "the operation raised an error", explain: failed },
];
