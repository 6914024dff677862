/** Which groups are open before anyone has said otherwise. */
import { type Group, isGroup } from "./tree";

/** About as many boxes as can be taken in at once. */
const BUDGET = 90;

/** Level by level, all groups of a level or none, while the picture stays small. Pure, so a shared link opens alike. */
export function openAtFirst(tree: Group): ReadonlySet<string> {
  const open = new Set<string>();
  let level: Group[] = groupsIn(tree);
  let boxes = tree.children.length;
  while (level.length > 0) {
    const candidates = level.filter((group) => group.kind === "module" || group.kind === "range");
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
