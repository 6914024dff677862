/** Which groups are open before anyone has said otherwise. */
import { type Group, isGroup } from "./tree";

/** About as many boxes as can be taken in at once. */
const BUDGET = 64;

/**
 * Level by level, all groups of a level or none, while the picture stays small. A group of one operation says as much
 * when it is closed. Pure, so that a shared link opens alike for everyone.
 */
export function openAtFirst(tree: Group): ReadonlySet<string> {
  const open = new Set<string>();
  let level: Group[] = groupsIn(tree);
  let boxes = tree.children.length;
  while (level.length > 0) {
    const candidates = level.filter(
      (group) => (group.kind === "module" || group.kind === "range") && group.children.length > 1,
    );
    const more = candidates.reduce((sum, group) => sum + group.children.length + group.parameters, 0);
    if (boxes + more > BUDGET) break;
    boxes += more;
    for (const group of candidates) open.add(group.key);
    level = candidates.flatMap(groupsIn);
  }
  return open;
}

function groupsIn(group: Group): Group[] {
  return group.children.filter(isGroup);
}
