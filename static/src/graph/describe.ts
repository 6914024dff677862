/** The diagram in words: for screen readers, and for whoever listens to the selection. */
import type { Now } from "../moment";
import { brief, formatShape, plural } from "../numbers";
import type * as wire from "../protocol.gen";
import { countsOf, nodeTitle } from "./cards";
import type { GNode, GraphModel } from "./model";
import type { Group } from "./tree";

const KINDS = { op: "operation", leaf: "leaf", parameter: "parameter", constant: "constant" } as const;

export function describeGraph(model: GraphModel): string {
  if (model.nodes.length === 0) return "Computation graph: nothing recorded yet.";
  const leaves = model.nodes.length - model.root.ops;
  const parts = [
    plural(model.root.ops, "operation"),
    plural(leaves, "input tensor"),
    plural(model.steps.length, "backward step"),
  ];
  const omitted = model.omitted ? ` ${plural(model.omitted, "operation")} above the limit left out.` : "";
  return `Computation graph: ${parts.join(", ")}.${omitted}`;
}

/** A tensor at a moment of the run. */
export interface Look {
  /** Whether it has been made by then. */
  readonly made: boolean;
  readonly value: wire.Values | null;
  readonly grad: wire.Values | null;
  /** The run stands here. */
  readonly now: boolean;
}

export function lookAt(now: Now, { id }: GNode): Look {
  const made = now.isComputed(id);
  return { made, value: now.value(id)?.value ?? null, grad: now.grad(id), now: now.active === id };
}

export function describeNode(node: GNode, now: Now): string {
  return `${describeTensor(node, { ...lookAt(now, node), now: false })}.`;
}

/** Everything about a tensor, what identifies it first. */
export function describeTensor(node: GNode, look: Look | null): string {
  const first = node.wire.outputs[0];
  const parts = [`${nodeTitle(node)}, ${node.name && node.op ? `${node.op}, ` : ""}${KINDS[node.kind]}`];
  if (look?.now) parts.push("the run is here");
  if (first) parts.push(`shape ${formatShape(first.shape)} ${first.dtype}`);
  if (look && !look.made) parts.push("not computed yet");
  else {
    if (first && look?.value) parts.push(`value ${spoken(look.value, first.dtype)}`);
    if (look?.grad) parts.push(`gradient ${spoken(look.grad)}`);
  }
  parts.push(...tagsOf(node).map(([, words]) => words));
  if (node.line) parts.push(`line ${node.line}`);
  const way = wayOf(node);
  if (way) parts.push(way);
  return parts.join("; ");
}

/** A reader says nothing for the bars of a norm. */
function spoken(values: wire.Values, dtype?: string): string {
  return brief(values, dtype).replace(/^‖(.*)‖$/, "norm $1");
}

/** What is unusual about a tensor: as a tag says it, and in a sentence. */
export function tagsOf(node: GNode): readonly (readonly [tag: string, words: string])[] {
  const tags: [string, string][] = [];
  const version = node.wire.outputs[0]?.version ?? 0;
  if (node.failed) tags.push(["failed", `failed: ${node.failed}`]);
  if (node.flags.has("no_grad")) tags.push(["no_grad", "made under no_grad"]);
  if (node.flags.has("detach")) tags.push(["cut", "cut off by detach"]);
  if (node.flags.has("inplace"))
    tags.push([`in place · v${version}`, `changed in place, version ${version}`]);
  else if (node.flags.has("view")) {
    const of = node.base ? ` of ${nodeTitle(node.base)}` : "";
    const [short, long] = version ? [` · v${version}`, `, version ${version}`] : ["", ""];
    tags.push([`view${of}${short}`, `view${of}${long}`]);
  }
  if (node.flags.has("nonfinite")) tags.push(["not finite", "not finite"]);
  return tags;
}

/** `from a, b; to loss`. */
export function wayOf(node: GNode): string {
  const parts: string[] = [];
  if (node.ins.length) parts.push(`from ${namesOf(node.ins.map((edge) => edge.source))}`);
  if (node.outs.length) parts.push(`to ${namesOf(node.outs.map((edge) => edge.target))}`);
  return parts.join("; ");
}

/** `div 3 times, z`, and how many more there are. */
function namesOf(nodes: readonly GNode[]): string {
  const times = new Map<string, number>();
  for (const node of new Set(nodes)) times.set(nodeTitle(node), (times.get(nodeTitle(node)) ?? 0) + 1);
  const names = [...times].map(([name, count]) => (count > 1 ? `${name} ${count} times` : name));
  return names.length > 6 ? `${names.slice(0, 6).join(", ")} and ${names.length - 6} more` : names.join(", ");
}

export function describeGroup(group: Group, open: boolean): string {
  const name = [group.name, group.type === group.name ? "" : group.type].filter(Boolean).join(" ");
  return `${name}, ${group.kind}, ${open ? "open" : "closed"}, ${countsOf(group)}.`;
}
