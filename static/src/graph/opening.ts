/** Which groups are open before anyone has said otherwise. */
import { FOLD_NODES, type Group, isGroup } from "./tree";

/** About as many boxes as can be taken in at once. */
const BUDGET = 64;

/**
 * Level by level, all modules and functions of a level or none, while the picture stays small; of the loops on the way
 * those that are small themselves. A group of one operation says as much when it is closed. Pure, so that a shared link
 * opens alike for everyone.
 */
export function openAtFirst(tree: Group): ReadonlySet<string> {
  const open = new Set<string>();
  let level: Group[] = groupsIn(tree);
  let boxes = tree.children.length;
  while (level.length > 0) {
    const candidates = level.filter(
      ({ kind, children: [first, second] }) =>
        (kind === "module" || kind === "range" || kind === "function") &&
        first !== undefined &&
        (second !== undefined || isGroup(first)),
    );
    const more = candidates.reduce((sum, group) => sum + boxesIn(group), 0);
    if (boxes + more > BUDGET) break;
    boxes += more;
    for (const loop of level) {
      if (loop.kind !== "loop" || loop.size > FOLD_NODES || boxes + boxesIn(loop) > BUDGET) continue;
      boxes += boxesIn(loop);
      candidates.push(loop, ...groupsIn(loop).filter(opensWithItsLoop));
    }
    for (const group of candidates) open.add(group.key);
    level = candidates.flatMap(groupsIn).filter((group) => !open.has(group.key));
  }
  return open;
}

/** An iteration is opened by opening its loop, unless it is large itself. */
export function opensWithItsLoop(group: Group): boolean {
  return group.kind === "iteration" && group.children.length <= BUDGET;
}

function boxesIn(group: Group): number {
  let boxes = group.children.length;
  for (const child of group.children) {
    if (!isGroup(child)) boxes += child.ins.filter(({ source }) => source.kind === "parameter").length;
    else if (opensWithItsLoop(child)) boxes += boxesIn(child);
  }
  return boxes;
}

function groupsIn(group: Group): Group[] {
  return group.children.filter(isGroup);
}
