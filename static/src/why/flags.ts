/** What a recording shows by itself: layers that explode or vanish, where NaN is born, activations that are dead. */
import type * as wire from "../protocol.gen";
import type { Recording } from "../run";
import { type Call, type Facts, factsOf } from "./facts";
import { isBirth } from "./nonfinite";
import { shrinks } from "./size";
import { EXPLODED, VANISHED } from "./thresholds";
import { allFinite, lineOf, norm, opOf, times, wrongness } from "./words";
import { CAN_DIE, deadShare } from "./zero";

export interface Finding {
  readonly node: number;
  readonly kind: "failed" | "born" | "exploding" | "vanishing" | "dead";
  /** What the mark in the diagram says: `vanishing ×1e-7`. */
  readonly word: string;
  /** Larger is worse, among findings of one kind. */
  readonly weight: number;
}

const ORDER: readonly Finding["kind"][] = ["failed", "born", "exploding", "vanishing", "dead"];

/** The findings, worst first. One pass over nodes and steps: quick enough for tens of thousands. */
export function flags(graph: Recording): readonly Finding[] {
  const facts = factsOf(graph);
  const found = [...failures(graph), ...births(facts), ...dead(facts), ...sizes(facts)];
  return found.sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || b.weight - a.weight);
}

function failures(graph: Recording): Finding[] {
  const forward = graph.nodes.filter((node) => node.failed).map(({ id }) => ({ id, word: "failed here" }));
  const backward = graph.steps
    .filter((step) => step.failed)
    .map(({ node }) => ({ id: node, word: "backward failed here" }));
  return [...forward, ...backward].map(({ id, word }) => ({ node: id, kind: "failed", word, weight: -id }));
}

/** The same operation of a loop is one place, and one finding. */
function placeOf(facts: Facts, node: wire.Node): string {
  return `${node.op} ${lineOf(node)}:${node.place?.column ?? 0} ${modulesOf(facts, node.scope ?? 0)}`;
}

const modules = new WeakMap<Facts, Map<number, string>>();

function modulesOf(facts: Facts, scope: number): string {
  let known = modules.get(facts);
  if (!known) {
    known = new Map([[0, ""]]);
    for (const { id, parent, kind, name } of facts.graph.scopes)
      known.set(id, `${known.get(parent) ?? ""}/${kind === "module" ? name : ""}`);
    modules.set(facts, known);
  }
  return known.get(scope) ?? "";
}

function births(facts: Facts): Finding[] {
  const found = new Map<string, Finding>();
  const add = (node: wire.Node, values: wire.Values) => {
    const place = placeOf(facts, node);
    const word = `${wrongness(values)} born here`;
    if (!found.has(place)) found.set(place, { node: node.id, kind: "born", word, weight: -node.id });
  };
  for (const node of facts.graph.nodes) {
    const wrong = node.outputs.find((one) => !allFinite(one.value));
    if (!wrong || !isBirth(facts, node) || updated(facts, node) || found.has(placeOf(facts, node))) continue;
    if (harms(facts, node)) add(node, wrong.value);
  }
  for (const step of facts.graph.steps) {
    const wrong = (step.leaving ?? []).find((flow) => !allFinite(flow.grad));
    if (!wrong || !(step.entering ?? []).every(allFinite)) continue;
    const node = facts.node(step.node);
    // Where the computation itself is not finite, that is where it was born.
    if (!node || node.outputs.some((one) => !allFinite(one.value))) continue;
    if (facts.inputs(node.id).every(({ tensor }) => allFinite(tensor.value))) add(node, wrong.grad);
  }
  return [...found.values()];
}

/** An infinity may be meant, as that of a mask; NaN, a loss or a gradient that is not finite is not. */
function harms(facts: Facts, node: wire.Node): boolean {
  const nan = (values: wire.Values) => (values.data ?? []).includes("nan");
  if (node.outputs.some((one) => nan(one.value))) return true;
  for (const id of facts.after(node.id, true)) {
    const one = facts.node(id);
    if (one?.outputs.some((output) => nan(output.value))) return true;
    const wrong = one?.outputs.some((output) => !allFinite(output.value));
    if (wrong && facts.calls.some((call) => call.roots.includes(id))) return true;
  }
  const steps = facts.index.steps.get(node.id) ?? [];
  return steps.some((step) => (step.leaving ?? []).some((flow) => !allFinite(flow.grad)));
}

/** An optimizer's step that is not finite had a gradient that was not. */
function updated(facts: Facts, node: wire.Node): boolean {
  return facts.home(node.id) !== node.id;
}

function dead(facts: Facts): Finding[] {
  const found = new Map<string, Finding | null>();
  for (const node of facts.graph.nodes) {
    if (!CAN_DIE.test(opOf(node))) continue;
    const share = deadShare(node);
    const word = `${/^relu|^threshold/.test(opOf(node)) ? "dead" : "saturated"} ${Math.floor(100 * share)} %`;
    // The last time it ran counts: what a network learns out of is no fault.
    found.set(placeOf(facts, node), share ? { node: node.id, kind: "dead", word, weight: share } : null);
  }
  return [...found.values()].filter((one) => one !== null);
}

/** For every tensor a gradient came to in a call: the norm where the layers begin, on the way of its largest part. */
export function references(facts: Facts, call: Call): ReadonlyMap<number, number> {
  const at = new Map<number, { norm: number; reference: number }>();
  for (const step of call.steps) {
    const entering = (step.entering ?? []).find((one) => one !== null);
    const node = facts.node(step.node);
    const numel = node?.outputs[0]?.value.numel ?? 1;
    const known = at.get(step.node)?.reference ?? 0;
    const reference = known || (numel > 1 ? norm(entering) : 0);
    for (const flow of step.leaving ?? []) {
      const to = facts.home(flow.target);
      const size = norm(flow.grad);
      const before = at.get(to);
      if (before && size <= before.norm) continue;
      // What cancels out in a sum is left out of the account.
      const factor = reference > 0 ? size / norm(entering) : 1;
      const counts = factor > 1e-3 || !node || shrinks(facts, node, factor);
      at.set(to, { norm: size, reference: counts ? reference : reference * factor });
    }
  }
  return new Map([...at].map(([id, { reference }]) => [id, reference]));
}

function sizes(facts: Facts): Finding[] {
  const last = new Map<number, Finding | null>();
  for (const call of facts.calls) {
    if (!call.accumulates) continue;
    const reference = references(facts, call);
    for (const step of call.steps) {
      if (!step.accumulated) continue;
      const node = facts.node(step.node);
      const grad = step.entering?.[0];
      const from = reference.get(step.node) ?? 0;
      if (!node || node.kind === "op" || !grad || !allFinite(grad) || !(from > 0)) continue;
      last.set(step.node, sized(step.node, norm(grad) / from));
    }
  }
  return [...last.values()].filter((one) => one !== null);
}

function sized(node: number, factor: number): Finding | null {
  if (factor >= EXPLODED)
    return { node, kind: "exploding", word: `exploding ${times(factor)}`, weight: factor };
  if (factor > 0 && factor <= VANISHED)
    return { node, kind: "vanishing", word: `vanishing ${times(factor)}`, weight: 1 / factor };
  return null;
}
