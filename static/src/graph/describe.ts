/** The diagram in words: for screen readers, and for whoever listens to the selection. */
import { brief, formatShape, plural } from "../numbers";
import type { Backward } from "./backward";
import { countsOf, nodeTitle } from "./cards";
import type { GNode, GraphModel } from "./model";
import type { Group } from "./tree";
import type { VGraph, VItem } from "./visible";

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

export function describeNode(node: GNode, backward: Backward): string {
  const first = node.wire.outputs[0];
  const parts = [`${nodeTitle(node)}, ${node.name && node.op ? `${node.op}, ` : ""}${KINDS[node.kind]}`];
  if (first) {
    parts.push(`shape ${formatShape(first.shape)} ${first.dtype}`);
    parts.push(`value ${brief(first.value, first.dtype)}`);
    if (node.flags.has("inplace")) parts.push(`changed in place, version ${first.version ?? 0}`);
  }
  const grad = backward.grad(node);
  if (grad) parts.push(`gradient ${brief(grad)}`);
  if (node.flags.has("no_grad")) parts.push("made under no_grad");
  if (node.flags.has("detach")) parts.push("cut off by detach");
  if (node.failed) parts.push(`failed: ${node.failed}`);
  if (node.line) parts.push(`line ${node.line}`);
  if (node.ins.length) parts.push(`from ${namesOf(node.ins.map((edge) => edge.source))}`);
  if (node.outs.length) parts.push(`to ${namesOf(node.outs.map((edge) => edge.target))}`);
  return `${parts.join("; ")}.`;
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

/** The boxes in the order of the program, nested as drawn; what is beyond `limit` is counted. */
export function listing(graph: VGraph, backward: Backward, limit = 300): HTMLUListElement {
  let left = limit;
  const list = (items: readonly VItem[]): HTMLUListElement => {
    const ul = document.createElement("ul");
    for (const item of items) {
      if (item.brief) continue;
      if (left-- <= 0) break;
      const li = document.createElement("li");
      li.textContent = item.node
        ? describeNode(item.node, backward)
        : item.group
          ? describeGroup(item.group, item.open)
          : "";
      if (item.open) li.append(list(item.items));
      ul.append(li);
    }
    return ul;
  };
  const ul = list(graph.root.items);
  if (graph.count > limit) {
    const more = document.createElement("li");
    more.textContent = `and ${graph.count - limit} more`;
    ul.append(more);
  }
  return ul;
}
