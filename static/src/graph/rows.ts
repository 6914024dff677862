/** The tree as rows, one for each group, tensor and connection that is open: what the tree view shows and reads out. */
import { countsOf, nodeTitle } from "./cards";
import { describeTensor, type Look } from "./describe";
import type { GNode } from "./model";
import { type Child, type Group, isGroup } from "./tree";

export interface Row {
  readonly key: string;
  /** From 1, as ARIA counts. */
  readonly level: number;
  /** Place among its siblings, from 1, and how many they are. */
  readonly position: number;
  readonly siblings: number;
  /** Index of the row that this one is inside of; -1 at the top. */
  readonly parent: number;
  /** Null where there is nothing to open. */
  readonly open: boolean | null;
  readonly what: Group | GNode | Link;
}

/** A way along an edge, to the tensor that an operation took or to the operation that took a tensor. */
export interface Link {
  readonly way: "from" | "to";
  readonly node: GNode;
  readonly cut: boolean;
}

export function isLink(what: Row["what"]): what is Link {
  return "way" in what;
}

export function nodeOf(row: Row | undefined): GNode | null {
  return !row || isLink(row.what) || isGroup(row.what) ? null : row.what;
}

export function groupOf(row: Row | undefined): Group | null {
  return !row || isLink(row.what) || !isGroup(row.what) ? null : row.what;
}

export function keyOf(child: Child): string {
  return isGroup(child) ? child.key : `n${child.id}`;
}

/** What is open of the tree, from its top. */
export function rowsOf(tree: Group, isOpen: (child: Child) => boolean): readonly Row[] {
  const rows: Row[] = [];
  const fill = (children: readonly Child[], level: number, parent: number) => {
    for (const [i, child] of children.entries()) {
      const inside = isGroup(child) ? child.children.length : child.ins.length + child.outs.length;
      const open = inside > 0 && isOpen(child);
      const at = rows.length;
      const place = { level, position: i + 1, siblings: children.length, parent };
      rows.push({ key: keyOf(child), ...place, open: inside > 0 ? open : null, what: child });
      if (!open) continue;
      if (isGroup(child)) fill(child.children, level + 1, at);
      else rows.push(...linkRows(child, level + 1, at));
    }
  };
  fill(tree.children, 1, -1);
  return rows;
}

/** Every tensor once, in the order of the arguments and then of the program. */
export function linksOf(node: GNode): readonly Link[] {
  const once = (way: Link["way"]) => {
    const found = new Map<GNode, boolean>();
    const edges = way === "from" ? [...node.ins].sort((a, b) => a.input - b.input) : node.outs;
    for (const edge of edges) {
      const end = way === "from" ? edge.source : edge.target;
      found.set(end, (found.get(end) ?? true) && edge.cut);
    }
    return [...found].map(([end, cut]): Link => ({ way, node: end, cut }));
  };
  return [...once("from"), ...once("to")];
}

function linkRows(node: GNode, level: number, parent: number): Row[] {
  const links = linksOf(node);
  return links.map((link, i) => ({
    key: `n${node.id}${link.way === "from" ? "<" : ">"}${link.node.id}`,
    level,
    position: i + 1,
    siblings: links.length,
    parent,
    open: null,
    what: link,
  }));
}

/** For each part of the tree the group it is in. */
export function parentsOf(tree: Group): ReadonlyMap<Child, Group> {
  const parents = new Map<Child, Group>();
  const visit = (group: Group) => {
    for (const child of group.children) {
      parents.set(child, group);
      if (isGroup(child)) visit(child);
    }
  };
  visit(tree);
  return parents;
}

/** Where a key leads from row `at`; null if it leads nowhere, `open` and `close` ask for that instead. */
export function goTo(
  rows: readonly Row[],
  at: number,
  key: string,
  page: number,
): number | "open" | "close" | null {
  const row = rows[at];
  const last = rows.length - 1;
  if (!row) return null;
  switch (key) {
    case "ArrowDown":
      return Math.min(last, at + 1);
    case "ArrowUp":
      return Math.max(0, at - 1);
    case "Home":
      return 0;
    case "End":
      return last;
    case "PageDown":
      return Math.min(last, at + page);
    case "PageUp":
      return Math.max(0, at - page);
    case "ArrowRight":
      return row.open === null ? null : row.open ? at + 1 : "open";
    case "ArrowLeft":
      return row.open ? "close" : row.parent >= 0 ? row.parent : null;
    default:
      return null;
  }
}

/** The next row whose title begins with `text`, from row `at` on and around; the row itself counts only for more letters. */
export function startingWith(rows: readonly Row[], at: number, text: string): number | null {
  const wanted = text.toLowerCase();
  for (let i = text.length > 1 ? 0 : 1; i <= rows.length; i++) {
    const index = (at + i) % rows.length;
    const row = rows[index];
    if (row && titleOf(row).toLowerCase().startsWith(wanted)) return index;
  }
  return null;
}

/** The word a row begins with. */
export function titleOf({ what }: Row): string {
  if (isLink(what)) return nodeTitle(what.node);
  if (!isGroup(what)) return nodeTitle(what);
  return what.name || what.type;
}

/** What stands after the title: the operation of a tensor with a name, the type of a group. */
export function subtitleOf({ what }: Row): string {
  if (isLink(what)) return what.node.name ? what.node.op : "";
  if (!isGroup(what)) return what.name ? what.op : "";
  return what.type === what.name ? "" : what.type;
}

/** A row as it is read out; whether a group is open is said by its role. */
export function say(row: Row, look: Look | null): string {
  const { what } = row;
  if (isLink(what)) return `${what.way} ${titleOf(row)}${what.cut ? ", no gradient flows here" : ""}`;
  if (!isGroup(what)) return describeTensor(what, look);
  const kind = what.kind === "gap" ? "folded" : what.kind;
  return [titleOf(row), subtitleOf(row), kind, countsOf(what)].filter(Boolean).join(", ");
}
