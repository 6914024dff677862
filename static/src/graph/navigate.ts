/** Where the arrow keys lead: along edges with and against the flow, to the neighbour sideways. */
import type { Box, Scene } from "./scene";
import type { Series } from "./series";
import type { VItem } from "./visible";

export type Arrow = "up" | "down" | "left" | "right";

export function neighbour(scene: Scene, from: VItem, arrow: Arrow): VItem | null {
  const down = scene.direction === "down";
  const along = down ? arrow === "up" || arrow === "down" : arrow === "left" || arrow === "right";
  const box = scene.byKey.get(from.key);
  if (!box) return null;
  if (!along) return sideways(scene, box, arrow);
  const forward = arrow === "down" || arrow === "right";
  const linked = forward ? consumersOfAll(scene, from) : producers(scene, from);
  const home = from.node && scene.graph.itemOf[from.node.index];
  // What a copy came from is what its original came from.
  if (linked.length === 0 && !forward && home && home !== from) return neighbour(scene, home, arrow);
  return nearest(scene, box, linked, down);
}

export function producers(scene: Scene, item: VItem): VItem[] {
  const found = new Set<VItem>();
  for (const { edge } of scene.lines) {
    if (edge.to !== item) continue;
    if (edge.from && !edge.from.open) found.add(edge.from);
    else for (const member of edge.members) addItem(found, scene, member.source.index);
  }
  found.delete(item);
  return [...found];
}

export function consumers(scene: Scene, item: VItem): VItem[] {
  const found = new Set<VItem>();
  for (const { edge } of scene.lines) {
    if (edge.from !== item) continue;
    if (edge.to && !edge.to.open) found.add(edge.to);
    else for (const member of edge.members) addItem(found, scene, member.target.index);
  }
  found.delete(item);
  return [...found];
}

/** The innermost open series around an item, or else the first that is open. */
export function seriesNear(scene: Scene, item: VItem | null): Series | null {
  for (let at = item; at; at = at.parent)
    if (at.group?.series && (at.open || at.group.chooses)) return at.group.series;
  return scene.boxes.find(({ item }) => item.open && item.group?.series)?.item.group?.series ?? null;
}

/** Of a tensor that is drawn once more for each of its consumers: those too. */
function consumersOfAll(scene: Scene, item: VItem): VItem[] {
  const home = item.node && scene.graph.itemOf[item.node.index] === item;
  const copies = (home && item.node && scene.graph.copiesOf.get(item.node)) || [];
  return [item, ...copies.filter((copy) => copy !== item)].flatMap((one) => consumers(scene, one));
}

function addItem(found: Set<VItem>, scene: Scene, index: number) {
  const item = scene.graph.itemOf[index];
  if (item) found.add(item);
}

function middle(box: Box): [number, number] {
  return [box.x + box.width / 2, box.y + box.height / 2];
}

/** The one straightest ahead. */
function nearest(scene: Scene, from: Box, items: readonly VItem[], down: boolean): VItem | null {
  const [cx, cy] = middle(from);
  let best: VItem | null = null;
  let least = Infinity;
  for (const item of items) {
    const box = scene.byKey.get(item.key);
    if (!box) continue;
    const [x, y] = middle(box);
    const cost = down ? Math.abs(x - cx) + 0.1 * Math.abs(y - cy) : Math.abs(y - cy) + 0.1 * Math.abs(x - cx);
    if (cost < least) [best, least] = [item, cost];
  }
  return best;
}

function sideways(scene: Scene, from: Box, arrow: Arrow): VItem | null {
  const [cx, cy] = middle(from);
  const sign = arrow === "left" || arrow === "up" ? -1 : 1;
  const horizontal = arrow === "left" || arrow === "right";
  let best: VItem | null = null;
  let least = Infinity;
  for (const box of scene.boxes) {
    if (box.item === from.item || box.item.open) continue;
    const [x, y] = middle(box);
    const ahead = sign * (horizontal ? x - cx : y - cy);
    const aside = Math.abs(horizontal ? y - cy : x - cx);
    if (ahead <= 1) continue;
    const cost = ahead + 3 * aside;
    if (cost < least) [best, least] = [box.item, cost];
  }
  return best;
}
