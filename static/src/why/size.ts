/** Huge and tiny gradients: which operation on the way multiplied them by how much. */
import { toNumber } from "../numbers";
import type * as wire from "../protocol.gen";
import { type Asked, answer, type Explanation, fix, type Said } from "./answer";
import { type Call, type Facts, wayBack } from "./facts";
import { EXPLODED, VANISHED } from "./thresholds";
import {
  allFinite,
  amount,
  capital,
  codeName,
  doing,
  largest,
  lineOf,
  list,
  norm,
  opOf,
  plural,
  short,
  size,
  the,
  times,
} from "./words";

/** One operation on the way back: the norm of the gradient that came to it, and of what it sent on this way. */
interface Hop {
  readonly node: wire.Node;
  readonly from: number;
  readonly to: number;
}

/** The operations that the largest part of a gradient came through, the loss first. */
export function hopsTo(facts: Facts, call: Call, home: number): readonly Hop[] {
  const hops: Hop[] = [];
  const seen = new Set([home]);
  for (let at = home; ; ) {
    const arrivals = (call.into.get(at) ?? []).filter(({ step }) => !seen.has(step.node));
    let best = arrivals[0];
    for (const one of arrivals) if (norm(one.grad) > norm(best?.grad)) best = one;
    const node = best && facts.node(best.step.node);
    if (!best || !node) break;
    seen.add(node.id);
    const entering = (best.step.entering ?? []).find((one) => one !== null);
    hops.push({ node, from: norm(entering), to: norm(best.grad) });
    at = node.id;
  }
  return hops.reverse();
}

/**
 * Where the layers begin: the first gradient on the way that has more than one element. What a mean makes of the 1
 * that a pass starts with says nothing about the layers before it.
 */
export function reference(hops: readonly Hop[]): { norm: number; from: number } {
  const from = hops.findIndex((hop) => (hop.node.outputs[0]?.value.numel ?? 1) > 1);
  const hop = hops[from];
  return hop ? { norm: hop.from, from } : { norm: hops[0]?.from ?? 0, from: 0 };
}

interface Change {
  readonly factor: number;
  readonly before: number;
  readonly hops: readonly Hop[];
}

/** Operations that are flat somewhere, so that a tiny factor is their derivative. */
const FLAT =
  /^(sigmoid|tanh|softmax|log_softmax|exp|erf|erfc|hardtanh|gelu|silu|softplus|selu|elu|cos|sin|relu6?)$/;

/**
 * Whether an operation shrinks a gradient because it multiplies by something small. The other reason is a sum whose
 * parts cancel, as for the bias before a normalisation, or a loss at its minimum: that is no vanishing.
 */
export function shrinks(facts: Facts, node: wire.Node, factor: number): boolean {
  const op = opOf(node);
  if (factor > 1e-3 || FLAT.test(op)) return true;
  if (/norm|loss|^(pow|square|sum|mean|add|sub)$/.test(op)) return false;
  const inputs = facts.inputs(node.id);
  const made = norm(node.outputs[0]?.value);
  if (inputs.length === 1) {
    const given = norm(inputs[0]?.tensor.value);
    return given > 0 && made > 0 && made / given < 30 * factor;
  }
  return inputs.some(({ tensor }) => norm(tensor.value) < 30 * factor);
}

/** By how much the norm changed from where the layers begin to the tensor. */
export function change(facts: Facts, call: Call, home: number, grad: wire.Values): Change | null {
  if (!allFinite(grad) || norm(grad) === 0) return null;
  const hops = hopsTo(facts, call, home);
  const { norm: before, from } = reference(hops);
  if (!(before > 0)) return null;
  const [counted, cancelled]: [Hop[], Hop[]] = [[], []];
  for (const hop of hops.slice(from)) (shrinks(facts, hop.node, ratio(hop)) ? counted : cancelled).push(hop);
  const lost = cancelled.reduce((product, hop) => product * ratio(hop), 1);
  return lost > 0 ? { factor: norm(grad) / before / lost, before, hops: counted } : null;
}

const ratio = (hop: Hop) => (hop.from > 0 ? hop.to / hop.from : 1);

/** Why an operation multiplies a gradient by that much, where its inputs tell. */
function because(facts: Facts, { node, ...hop }: Hop): string {
  const inputs = facts.inputs(node.id);
  const [x] = inputs;
  const op = opOf(node);
  const grows = hop.to > hop.from;
  if (!x) return "";
  const lowest = Math.min(
    Math.abs(toNumber(x.tensor.value.min ?? 0)),
    Math.abs(toNumber(x.tensor.value.max ?? 0)),
  );
  if (grows && /^(log|log2|log10|reciprocal|rsqrt|sqrt)$/.test(op))
    return `its input comes as near to 0 as ${short(lowest)}`;
  const under = inputs.find(({ edge }) => (edge.input ?? 0) === 1);
  if (grows && op === "div" && under)
    return `it divides by ${the(facts.node(under.edge.source))}, as small as ${short(Math.min(Math.abs(toNumber(under.tensor.value.min ?? 0)), Math.abs(toNumber(under.tensor.value.max ?? 0))))}`;
  if (grows && op === "exp")
    return `its result, which is its derivative, goes up to ${short(largest(node.outputs[0]?.value ?? x.tensor.value))}`;
  if (!grows && (node.saturated ?? 0) > 0 && node.outputs[0])
    return `it is nearly flat at ${node.saturated} of ${plural(node.outputs[0].value.numel, "element")}`;
  if (/^(mul|mm|bmm|addmm|mv|matmul|linear|convolution)$/.test(op)) {
    const other = inputs
      .filter(({ tensor }) => tensor.value.numel > 0)
      .toSorted((a, b) => (grows ? 1 : -1) * (largest(b.tensor.value) - largest(a.tensor.value)))[0];
    if (other)
      return `it multiplies by ${the(facts.node(other.edge.source))}, of norm ${size(other.tensor.value)}`;
  }
  return "";
}

/** The single largest factor, or that there are many. */
function tell(
  facts: Facts,
  found: Change,
  grows: boolean,
): { text: string; lines: number[]; worst: Hop | null } {
  const logs = found.hops.map((hop) => Math.log10(ratio(hop) || 1e-300) * (grows ? 1 : -1));
  const total = Math.log10(found.factor) * (grows ? 1 : -1);
  let worst = 0;
  for (const [i, log] of logs.entries()) if (log > (logs[worst] ?? 0)) worst = i;
  const hop = found.hops[worst];
  const strongest = logs[worst] ?? 0;
  if (hop && strongest > 0.5 * total) {
    const why = because(facts, hop);
    return {
      text: `${doing(hop.node)} alone multiplies it by ${times(ratio(hop)).slice(1)}${why ? `: ${why}` : ""}`,
      lines: [lineOf(hop.node)],
      worst: hop,
    };
  }
  const strong = found.hops.filter((_, i) => (logs[i] ?? 0) > 0.1);
  const kinds = new Map<string, number>();
  for (const one of strong) kinds.set(opOf(one.node), (kinds.get(opOf(one.node)) ?? 0) + 1);
  const named = [...kinds]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 3)
    .map(([op, count]) => (count > 1 ? `${count} \`${op}\`` : `\`${op}\``));
  const each = strong.length
    ? 10 **
      (((grows ? 1 : -1) * strong.reduce((sum, one) => sum + Math.abs(Math.log10(ratio(one) || 1e-300)), 0)) /
        strong.length)
    : 1;
  return {
    text: `no single operation does it: of ${plural(found.hops.length, "operation")} on the way, ${strong.length} multiply it by about ${times(each).slice(1)} each (${list(named)})`,
    lines: strong.map((one) => lineOf(one.node)),
    worst: hop ?? null,
  };
}

function huge(asked: Asked): Said | null {
  const { call, grad, facts, home, node } = asked;
  if (!call || !grad) return null;
  const found = change(facts, call, home, grad);
  if (!found || found.factor < EXPLODED) return null;
  const told = tell(facts, found, true);
  const one = told.worst && opOf(told.worst.node);
  return answer({
    kind: "exploding",
    sentence: `The gradient grows by a factor of ${times(found.factor).slice(1)} on its way to ${the(node)}. ${capital(told.text)}.`,
    detail: `It began with norm ${short(found.before)} and arrives with norm ${size(grad)}.`,
    fix:
      one && /^(div|log|reciprocal|sqrt|rsqrt)$/.test(one)
        ? fix("Keep what it divides by, or takes the logarithm or root of, away from 0.", "x.clamp(min=1e-3)")
        : fix(
            "Smaller weights, normalisation between layers, or a bound on the norm before the step.",
            "torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
          ),
    path: wayBack(facts, call, home),
    lines: told.lines,
  });
}

function tiny(asked: Asked): Said | null {
  const { call, grad, facts, home, node } = asked;
  if (!call || !grad) return null;
  const found = change(facts, call, home, grad);
  if (!found || found.factor > VANISHED) return null;
  const told = tell(facts, found, false);
  const flat = found.hops.filter(({ node: one }) =>
    /^(sigmoid|tanh|softmax|hardtanh)$/.test(opOf(one)),
  ).length;
  return answer({
    kind: "vanishing",
    sentence: `The gradient shrinks by a factor of ${times(found.factor).slice(1)} on its way to ${the(node)}. ${capital(told.text)}.`,
    detail: `It began with norm ${short(found.before)} and arrives with norm ${size(grad)}.`,
    fix:
      flat >= 2
        ? fix(
            "The slope of a sigmoid is at most 1/4: try ReLU, residual connections or normalisation.",
            "torch.nn.ReLU()",
          )
        : fix(
            "Keep the factors on the way near 1: larger initial weights, normalisation, residual connections.",
          ),
    path: wayBack(facts, call, home),
    lines: told.lines,
  });
}

/** A loss that grows from step to step, and gradients with it. */
function diverging(asked: Asked): Said | null {
  const { facts, home, calls, node } = asked;
  const updates = facts.graph.nodes.filter(
    (one) => one.id < asked.until.nodes && /\.step$/.test(one.op) && facts.home(one.id) === home,
  );
  const own = calls.filter((call) => call.byNode.get(home)?.accumulated);
  if (updates.length < 4 || own.length < 4) return null;
  const losses = own
    .slice(-12)
    .map((call) => toNumber(facts.node(call.roots[0] ?? -1)?.outputs[0]?.value.data?.[0] ?? Number.NaN));
  const grads = own.slice(-12).map((call) => norm(call.byNode.get(home)?.entering?.[0]));
  const rises =
    losses.every((loss, i) => i === 0 || loss > (losses[i - 1] ?? 0)) &&
    grads.every((one, i) => i === 0 || one > (grads[i - 1] ?? 0));
  const [first = 0] = losses;
  const last = losses.at(-1) ?? 0;
  if (!rises || !(first > 0) || last < 10 * first) return null;
  const update = updates.at(-1);
  const call = own.at(-1);
  return answer({
    kind: "diverging",
    sentence: `The gradient of ${the(node)} grows with every step because the loss does: from ${short(first)} to ${short(last)} in ${losses.length} steps. ${capital(doing(update))} overshoots: the learning rate is too large.`,
    fix: fix("Try a learning rate ten times smaller."),
    path: call ? wayBack(facts, call, home) : { nodes: [home], edges: [] },
    lines: [lineOf(update)],
  });
}

/** A sum over many elements makes gradients as many times larger than a mean. */
function summed(asked: Asked): Said | null {
  const { call, grad, facts, home, node } = asked;
  if (!call || !grad || !allFinite(grad) || norm(grad) < 1e3) return null;
  const root = facts.node(call.roots[0] ?? -1);
  if (!root || opOf(root) !== "sum" || (root.outputs[0]?.value.numel ?? 0) !== 1) return null;
  const input = facts.inputs(root.id)[0];
  const count = input?.tensor.value.numel ?? 0;
  if (count < 1000) return null;
  return answer({
    tone: "info",
    kind: "summed",
    sentence: `The gradient of ${the(node)}, ${amount(grad)}, is that of a sum over ${plural(count, "element")} (${doing(root)}); with a mean it would be ${count.toLocaleString("en-US")} times smaller.`,
    fix: fix(
      "If the number of elements should not matter:",
      `${codeName(input && facts.node(input.edge.source))}.mean()`,
    ),
    path: wayBack(facts, call, home),
    lines: [lineOf(root)],
  });
}

/** In order of precedence. */
export const SIZE: readonly Explanation[] = [
  {
    kind: "diverging",
    when: "loss and gradient have grown with every step of an optimizer",
    explain: diverging,
  },
  { kind: "exploding", when: `the norm grew by ${EXPLODED} or more on its way`, explain: huge },
  { kind: "vanishing", when: `the norm shrank to ${VANISHED} or less on its way`, explain: tiny },
  { kind: "summed", when: "a large gradient of a sum over a thousand elements or more", explain: summed },
];
