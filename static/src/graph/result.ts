/** Which tensor a box stands for, and from when on it exists. */
import { type GNode, isCut } from "./model";
import { holds } from "./openness";
import { type Group, isGroup } from "./tree";
import type { VItem } from "./visible";

/** The tensor a box stands for: a node's first output, a closed group's result. */
export function resultNode(item: VItem): GNode | null {
  return item.node ?? (item.group ? groupResult(item.group) : null);
}

/** The same of a group whose end has not been reached when there are only nodes below `nodes`: its latest like it. */
export function resultBy(item: VItem, nodes: number): GNode | null {
  const last = resultNode(item);
  if (!last || !item.group || last.id < nodes) return last;
  const all = likeResult(item.group, last);
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((all[middle]?.id ?? 0) < nodes) low = middle + 1;
    else high = middle;
  }
  return all[low - 1] ?? last;
}

const alike = new WeakMap<Group, readonly GNode[]>();

/** What every repetition of a folded loop has as its result, in the order of the run. */
function likeResult(group: Group, last: GNode): readonly GNode[] {
  let found = alike.get(group);
  if (!found) {
    const all: GNode[] = [];
    const look = (inside: Group) => {
      for (const child of inside.series?.bodies.flat() ?? inside.children) {
        if (isGroup(child)) look(child);
        else if (child.token === last.token && child.name === last.name) all.push(child);
      }
    };
    look(group);
    found = all.sort((a, b) => a.id - b.id);
    alike.set(group, found);
  }
  return found;
}

const results = new WeakMap<Group, { node: GNode | null }>();

/** The last operation inside whose tensor is used outside, else the last; what autograd recorded before what it did not. */
export function groupResult(group: Group): GNode | null {
  const known = results.get(group);
  if (known) return known.node;
  const isOperation = (node: GNode) => node.kind === "op" && node.wire.outputs.length > 0;
  const isUsed = (node: GNode) =>
    isOperation(node) && !isCut(node) && node.outs.some(({ target }) => !holds(group, target));
  // Nearly always the first from the end that is asked.
  const node =
    lastIn(group, isUsed) ??
    lastIn(group, (node) => isOperation(node) && !isCut(node)) ??
    lastIn(group, isOperation) ??
    lastIn(group, () => true);
  results.set(group, { node });
  return node;
}

function lastIn(group: Group, accepts: (node: GNode) => boolean): GNode | null {
  for (let i = group.children.length - 1; i >= 0; i--) {
    const child = group.children[i];
    const found = child && (isGroup(child) ? lastIn(child, accepts) : accepts(child) ? child : null);
    if (found) return found;
  }
  return null;
}

/** The first node of a group: from then on the group exists. */
export function startOf(item: VItem): number {
  let child: GNode | Group | undefined = item.group ?? undefined;
  while (child && isGroup(child)) child = child.children[0];
  return child?.id ?? 0;
}
