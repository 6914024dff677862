/** Finding nodes by name, operation, kind, shape, type or place. */
import { formatShape } from "../numbers";
import type { GNode, GraphModel } from "./model";

function wordsOf(node: GNode): string {
  const tensors = node.wire.outputs.map((output) => `${formatShape(output.shape)} ${output.dtype}`).join(" ");
  const scopes: string[] = [];
  for (let at = node.scope; at.parent; at = at.parent) scopes.push(at.name, at.type);
  const flags = [...node.flags].join(" ");
  return `${node.name} ${node.wire.op} ${node.wire.grad_fn ?? ""} ${node.kind} ${tensors} ${flags} ${scopes.join(" ")} line:${node.line}`.toLowerCase();
}

/** Nodes that have every word of `text`, in the order of execution. */
export function findNodes(model: GraphModel, text: string): GNode[] {
  const words = text.toLowerCase().match(/\([^)]*\)|\S+/g) ?? [];
  if (words.length === 0) return [];
  return model.nodes.filter((node) => {
    const all = wordsOf(node);
    return words.every((word) => all.includes(word));
  });
}
