/** The graph as it is seen now: which nodes and boxes stand where in the nesting, and the edges between them. */
import type { GEdge, GNode } from "./model";
import { type Child, type Group, isGroup } from "./tree";

/** One box of the picture: a node, one of several copies of a node, or a group that is open or closed. */
export interface VItem {
  readonly key: string;
  readonly node: GNode | null;
  readonly group: Group | null;
  /** An open group shows its items. */
  readonly open: boolean;
  /** How many copies of the node are drawn; 0 for a node that is drawn once. */
  copies: number;
  /** A copy in few words: the first of a leaf's copies shows everything, the others are reminders of it. */
  brief: boolean;
  /** Tensors cut off here that nothing recorded takes, as `x.detach()` for a plot; a chip stands for all of one source. */
  deadEnds: number;
  readonly parent: VItem | null;
  readonly depth: number;
  readonly items: VItem[];
  readonly edges: Map<string, VEdge>;
  /** Edges that enter and leave an open group pass through these places on its border. */
  readonly ins: Set<string>;
  readonly outs: Set<string>;
}

/** An edge inside one open group. An end is an item, with the place on its border if it is open, or the group's own border. */
export interface VEdge {
  readonly key: string;
  readonly from: VItem | null;
  readonly fromPort: string;
  readonly to: VItem | null;
  readonly toPort: string;
  readonly members: GEdge[];
  cut: boolean;
}

export interface VGraph {
  readonly root: VItem;
  readonly items: Map<string, VItem>;
  /** By index of the node: where it is drawn, or the closed group that holds it. */
  readonly itemOf: (VItem | undefined)[];
  /** Nodes drawn once for each consumer. */
  readonly copiesOf: Map<GNode, VItem[]>;
  /** Boxes drawn. */
  readonly count: number;
}

/** From this many consumers a leaf is drawn once for each. */
export const LEAF_FANOUT = 6;
/** What so many take in all is shared by a loop: then drawn once for each from this many boxes. */
const SHARED = 24;
const SHARED_FANOUT = 3;
/** The same for the result of an operation. */
export const OP_FANOUT = 13;

export function visibleGraph(
  tree: Group,
  nodes: readonly GNode[],
  isOpen: (group: Group) => boolean,
): VGraph {
  const items = new Map<string, VItem>();
  const itemOf: (VItem | undefined)[] = new Array(nodes.length);
  const copiesOf = new Map<GNode, VItem[]>();
  const chips = new Map<string, VItem>();
  const root = makeItem("s0", null, tree, true, null);
  items.set(root.key, root);

  const add = (key: string, node: GNode | null, group: Group | null, open: boolean, parent: VItem): VItem => {
    const item = makeItem(key, node, group, open, parent);
    parent.items.push(item);
    items.set(key, item);
    return item;
  };
  const fill = (parent: VItem, children: readonly Child[]) => {
    for (const child of children) {
      if (!isGroup(child)) {
        if (perConsumer(child)) continue;
        const cutFrom = isDeadEnd(child) ? `${parent.key}<${child.ins[0]?.source.id}` : "";
        const item = chips.get(cutFrom) ?? add(`n${child.id}`, child, null, false, parent);
        itemOf[child.index] = item;
        if (!cutFrom) continue;
        chips.set(cutFrom, item);
        item.deadEnds++;
        continue;
      }
      const open = isOpen(child);
      const item = add(child.key, null, child, open, parent);
      if (open) fill(item, child.children);
      else hide(child, item, itemOf);
    }
  };
  fill(root, tree.children);

  for (const node of nodes) {
    if (perConsumer(node)) spread(node, 1, false);
    else {
      const shared = node.outs.length >= SHARED;
      const fanout = shared ? SHARED_FANOUT : node.kind === "op" ? OP_FANOUT : LEAF_FANOUT;
      if (node.outs.length >= fanout && itemOf[node.index]?.node) spread(node, fanout, true);
    }
  }

  /** Draws `node` once for each box that takes it, if there are at least `least` of them. */
  function spread(node: GNode, least: number, closedToo: boolean) {
    const byConsumer = new Map<VItem, GEdge[]>();
    for (const edge of node.outs) {
      const item = itemOf[edge.target.index];
      if (!item) continue;
      const known = byConsumer.get(item);
      if (known) known.push(edge);
      else byConsumer.set(item, [edge]);
    }
    if (byConsumer.size < least) return;
    const copies: VItem[] = [];
    for (const [consumer, edges] of byConsumer) {
      // What a closed module uses as its parameters stays inside it.
      if (!consumer.parent || (consumer.group && !closedToo)) continue;
      const copy = add(`n${node.id}@${consumer.key}`, node, null, false, consumer.parent);
      copies.push(copy);
      for (const edge of edges) connect(copy, consumer, edge);
    }
    const home = itemOf[node.index];
    if (home && node.kind !== "op") {
      // The copies stand for a leaf entirely, an operation keeps its own place.
      home.parent?.items.splice(home.parent.items.indexOf(home), 1);
      items.delete(home.key);
    }
    if (node.kind !== "op" || !home) itemOf[node.index] = copies[0] ?? byConsumer.keys().next().value;
    for (const [i, copy] of copies.entries()) {
      copy.copies = copies.length > 1 || node.kind === "op" ? copies.length : 0;
      copy.brief = i > 0 || node.kind === "op";
    }
    copiesOf.set(node, copies);
  }

  for (const node of nodes) {
    const to = itemOf[node.index];
    if (!to) continue;
    for (const edge of node.ins) {
      if (copiesOf.has(edge.source)) continue;
      const from = itemOf[edge.source.index];
      if (from && from !== to) connect(from, to, edge);
    }
  }
  return { root, items, itemOf, copiesOf, count: items.size - 1 };
}

/** Parameters belong to whatever uses them, wherever that is. */
function perConsumer(node: GNode): boolean {
  return node.kind === "parameter" && node.outs.length > 0;
}

/** A nameless detach whose result leaves the recorded computation. */
function isDeadEnd(node: GNode): boolean {
  return (
    node.op === "detach" &&
    node.flags.has("detach") &&
    node.outs.length === 0 &&
    node.ins.length === 1 &&
    !node.name &&
    !node.failed
  );
}

function hide(group: Group, item: VItem, itemOf: (VItem | undefined)[]) {
  for (const child of group.children) {
    if (isGroup(child)) hide(child, item, itemOf);
    else if (!perConsumer(child)) itemOf[child.index] = item;
  }
}

function makeItem(
  key: string,
  node: GNode | null,
  group: Group | null,
  open: boolean,
  parent: VItem | null,
): VItem {
  return {
    key,
    node,
    group,
    open,
    copies: 0,
    brief: false,
    deadEnds: 0,
    parent,
    depth: parent ? parent.depth + 1 : 0,
    items: [],
    edges: new Map(),
    ins: new Set(),
    outs: new Set(),
  };
}

/** Leads an edge out of every open group around `a` and into every one around `b`, up to the one that holds both. */
function connect(a: VItem, b: VItem, edge: GEdge) {
  let from = a;
  let to = b;
  let fromPort = "";
  let toPort = "";
  while (from.parent && to.parent && from.parent !== to.parent) {
    if (from.parent.depth >= to.parent.depth) {
      const group = from.parent;
      group.outs.add(a.key);
      link(group, from, fromPort, null, a.key, edge);
      from = group;
      fromPort = a.key;
    } else {
      const group = to.parent;
      group.ins.add(a.key);
      link(group, null, a.key, to, toPort, edge);
      to = group;
      toPort = a.key;
    }
  }
  if (from.parent && from !== to) link(from.parent, from, fromPort, to, toPort, edge);
}

function link(
  group: VItem,
  from: VItem | null,
  fromPort: string,
  to: VItem | null,
  toPort: string,
  edge: GEdge,
) {
  const key = `${from?.key ?? ""}:${fromPort}>${to?.key ?? ""}:${toPort}`;
  const known = group.edges.get(key);
  if (known) {
    known.members.push(edge);
    known.cut &&= edge.cut;
  } else {
    group.edges.set(key, {
      key: `${group.key}|${key}`,
      from,
      fromPort,
      to,
      toPort,
      members: [edge],
      cut: edge.cut,
    });
  }
}
