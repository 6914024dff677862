/** Finding nodes by name, operation, kind, shape, type, flag, scope or line. */
import { formatShape } from "../numbers";
import type { GNode, GraphModel, GScope } from "./model";

/** Nodes that have every word of `text` somewhere, in the order of execution; `line:12` finds a line. */
export function findNodes(model: GraphModel, text: string): GNode[] {
  const words = text.toLowerCase().match(/\([^)]*\)|\S+/g) ?? [];
  if (words.length === 0) return [];
  const scopes = new Map<GScope, string>();
  const scopeWords = (scope: GScope): string => {
    let known = scopes.get(scope);
    if (known === undefined) {
      const outer = scope.parent ? scopeWords(scope.parent) : "";
      known = `${outer} ${scope.name} ${scope.type}`.toLowerCase();
      scopes.set(scope, known);
    }
    return known;
  };
  const has = (node: GNode, word: string): boolean =>
    node.name.toLowerCase().includes(word) ||
    node.wire.op.toLowerCase().includes(word) ||
    node.kind.includes(word) ||
    scopeWords(node.scope).includes(word) ||
    (word.startsWith("line:") && word === `line:${node.line}`) ||
    (node.wire.grad_fn ?? "").toLowerCase().includes(word) ||
    [...node.flags].some((flag) => flag.includes(word)) ||
    node.wire.outputs.some(
      ({ dtype, shape }) =>
        dtype.includes(word) || (word.startsWith("(") && formatShape(shape).includes(word)),
    );
  return model.nodes.filter((node) => words.every((word) => has(node, word)));
}
