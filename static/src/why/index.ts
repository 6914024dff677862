/** Why is my gradient None, zero, huge or NaN? Answers read off a recording; nothing is guessed. */
import type * as wire from "../protocol.gen";
import type { Recording } from "../run";
import type { Answer, Asked, Until } from "./answer";
import { type Call, factsOf } from "./facts";
import { explain } from "./table";

export type { Answer, Until } from "./answer";

export function endOf(graph: Recording): Until {
  return { nodes: graph.nodes.length, steps: graph.steps.length, clears: graph.clears.length };
}

/** The reason first, then what else is worth knowing of a node at a moment; nothing if all is as one would think. */
export function whys(graph: Recording, id: number, until: Until = endOf(graph)): readonly Answer[] {
  const asked = ask(graph, id, until);
  return asked ? explain(asked) : [];
}

export function why(graph: Recording, id: number, until: Until = endOf(graph)): Answer | null {
  return whys(graph, id, until)[0] ?? null;
}

const NOTHING: wire.TensorInfo = { shape: [], dtype: "float32", value: { numel: 0 } };

function ask(graph: Recording, id: number, until: Until): Asked | null {
  const facts = factsOf(graph);
  const node = facts.node(id);
  if (!node || (node.outputs.length === 0 && !node.failed)) return null;
  const home = facts.home(id);
  const leaf = facts.node(home);
  const isLeaf = leaf?.kind !== "op";
  const calls = facts.calls.filter((call) => (call.steps[0]?.index ?? 0) < until.steps);
  let call: Call | null = null;
  let grad: wire.Values | null = null;
  for (const one of calls.toReversed()) {
    const found = gradientIn(one, home, until.steps);
    if (found === undefined) continue;
    [call, grad] = [one, found];
    break;
  }
  let kept: wire.Values | null = null;
  let at = -1;
  for (const one of calls) {
    const step = one.byNode.get(home);
    if (!step?.accumulated || step.index >= until.steps) continue;
    [kept, at] = [step.accumulated, step.index];
  }
  const last = graph.clears.slice(0, until.clears).findLast((one) => facts.home(one.node) === home);
  const cleared = last && at >= 0 && (last.step ?? 0) > at ? last : null;
  if (cleared) kept = null;
  const tensor = node.outputs.find((one) => one.requires_grad) ?? node.outputs[0] ?? NOTHING;
  return { facts, until, node, tensor, home, isLeaf, calls, call, grad, kept, cleared };
}

/** What a call sent a tensor by then; null if only parts are known, and not their sum; undefined if nothing. */
function gradientIn(call: Call, home: number, steps: number): wire.Values | null | undefined {
  const step = call.byNode.get(home);
  if (step) return step.index < steps ? step.entering?.find((one) => one !== null) : undefined;
  const arrivals = (call.into.get(home) ?? []).filter((one) => one.step.index < steps);
  if (arrivals.length === 0) return undefined;
  return arrivals.length === 1 ? arrivals[0]?.grad : null;
}
