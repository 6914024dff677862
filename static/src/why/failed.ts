/**
 * Operations that raised an error. What did not fit is said by the worker (`playground/worker/misfits.py`), which knows
 * the arguments; here is what the recording knows beside it.
 */
import type * as wire from "../protocol.gen";
import { type Asked, answer, type Explanation, fix, type Said } from "./answer";
import { type Call, type Facts, together, wayBack } from "./facts";
import { atLine, capital, codeName, doing, formatShape, lineOf, list, the } from "./words";

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

/** The step in which the backward of the asked operation raised, if it did by then. */
function failedStep({ calls, home, until }: Asked): { call: Call; step: wire.Step } | null {
  for (const call of calls.toReversed()) {
    const step = call.byNode.get(home);
    if (step?.failed && step.index < until.steps) return { call, step };
  }
  return null;
}

/** A tensor that an operation had kept, and what wrote over it afterwards. */
interface Overwritten {
  readonly kept: wire.Node;
  /** Whether the operation kept its own result. */
  readonly own: boolean;
  readonly writer: wire.Node;
}

/** Tensors of `node` whose memory was changed in place after it ran and before the pass; the first write of each. */
function overwritten(facts: Facts, node: wire.Node, before: number): readonly Overwritten[] {
  const found: Overwritten[] = [];
  const tensors = [node.id, ...facts.edgesInto(node.id).map((edge) => edge.source)];
  for (const id of new Set(tensors)) {
    const kept = facts.node(id);
    const memory = kept?.base ?? id;
    const writer = facts.graph.nodes.find(
      (one) =>
        one.id > node.id &&
        one.id < before &&
        (one.flags ?? []).includes("inplace") &&
        (one.base === memory || one.base === id),
    );
    if (kept && writer) found.push({ kept, own: id === node.id, writer });
  }
  return found;
}

function changedInPlace(asked: Asked): Said | null {
  const { facts, node } = asked;
  const failing = failedStep(asked);
  if (!failing || !/modified by an inplace operation/.test(failing.step.failed ?? "")) return null;
  const { call, step } = failing;
  const versions = /at version (\d+); expected version (\d+)/.exec(step.failed ?? "");
  const found = overwritten(facts, node, step.after ?? Infinity);
  // The message says whether it was the operation's own result: `which is output 0 of Exp`.
  const ofItself = step.failed?.includes(`of ${node.grad_fn?.replace(/Backward\d*$/, "")},`);
  const one = found.find((each) => each.own === Boolean(ofItself)) ?? found[0];
  const way = wayBack(facts, call, node.id);
  if (!one)
    return answer({
      sentence: `${capital(doing(node))} had kept a tensor for its derivative, and that was changed in place before the backward pass${atLine(call.line)}.`,
      path: way,
      lines: [lineOf(node), call.line],
    });
  const kept = one.own ? `its result ${the(one.kept)}` : `its input ${the(one.kept)}`;
  const name = codeName(one.kept);
  return answer({
    sentence: `${capital(doing(node))} kept ${kept} for its derivative, and ${doing(one.writer)} overwrote it in place. The backward pass${atLine(call.line)} would have computed with the wrong numbers.`,
    detail: versions ? `The tensor is at version ${versions[1]}; version ${versions[2]} was kept.` : "",
    fix: fix(
      `Make a new tensor at line ${lineOf(one.writer)} instead of changing this one, as in \`${name} = ${name} + 1\` for \`${name} += 1\`; or change a copy:`,
      `${name} = ${name}.clone()`,
    ),
    path: together([
      way,
      { nodes: [one.kept.id, one.writer.id], edges: [] },
      facts.way(one.kept.id, new Set([one.writer.id]), (edge) => edge.target <= one.writer.id),
    ]),
    lines: [lineOf(one.writer), lineOf(node), call.line],
  });
}

function freed(asked: Asked): Said | null {
  const { facts, node, home } = asked;
  const failing = failedStep(asked);
  if (!failing || !/backward through the graph a second time/.test(failing.step.failed ?? "")) return null;
  const { call } = failing;
  const first = asked.calls.find((one) => one.byNode.has(home) && one.number < call.number);
  const root = facts.node(first?.roots[0] ?? call.roots[0] ?? -1);
  return answer({
    sentence: first
      ? `The backward pass${atLine(first.line)} freed what ${doing(node)} had kept, so the one${atLine(call.line)} cannot go through it again.`
      : `What ${doing(node)} had kept was freed before the backward pass${atLine(call.line)}.`,
    fix: fix(
      "Compute the loss again before the second pass, or keep what was saved in the first:",
      `${codeName(root) === "value" ? "loss" : codeName(root)}.backward(retain_graph=True)`,
    ),
    path: wayBack(facts, call, node.id),
    lines: [first?.line ?? 0, call.line, lineOf(node)],
  });
}

function backwardFailed(asked: Asked): Said | null {
  const { facts, node } = asked;
  const failing = failedStep(asked);
  if (!failing) return null;
  const { call, step } = failing;
  return answer({
    sentence: `The backward of ${doing(node)} failed in the pass${atLine(call.line)}: ${step.failed?.split("\n")[0]}`,
    path: wayBack(facts, call, node.id),
    lines: [lineOf(node), call.line],
  });
}

/** In order of precedence. */
export const FAILED: readonly Explanation[] = [
  { kind: "failed", when: "the operation raised an error", explain: failed },
  {
    kind: "overwritten",
    when: "its backward needs a tensor that was changed in place",
    explain: changedInPlace,
  },
  { kind: "freed", when: "its backward needs what an earlier pass freed", explain: freed },
  { kind: "backward_failed", when: "its backward raised another error", explain: backwardFailed },
];
