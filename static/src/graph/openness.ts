/** What is open: the first choice for every group, and what people have opened, closed and chosen since. */
import type { GNode, GScope } from "./model";
import { openAtFirst, opensWithItsLoop } from "./opening";
import type { Series } from "./series";
import { type Child, type Group, isGroup } from "./tree";

export class Openness {
  /** Which repetition of a series is shown besides its ends. */
  readonly chosen = new Map<string, number>();
  /** Changes with `chosen`. */
  revision = 0;
  #set = new Map<string, boolean>();
  #first: ReadonlySet<string> = new Set();

  /** Takes in a tree that may have grown. */
  consider(tree: Group): void {
    this.#first = openAtFirst(tree);
  }

  isOpen = (group: Group): boolean =>
    this.#set.get(group.key) ?? (this.#first.has(group.key) || opensWithItsLoop(group));

  set(key: string, open: boolean): void {
    this.#set.set(key, open);
  }

  /** Opens or closes a group; a gap opens by showing its first repetition. */
  toggle(group: Group): void {
    if (group.kind === "gap" && group.series) this.choose(group.series, group.from);
    else this.#set.set(group.key, !this.isOpen(group));
  }

  /** Shows one repetition, from 0, between the first and the last; whether that is another than before. */
  choose(series: Series, at: number): boolean {
    const to = Math.max(0, Math.min(series.bodies.length - 1, at));
    if (this.chosen.get(series.key) === to) return false;
    this.chosen.set(series.key, to);
    this.revision++;
    return true;
  }

  setAll(tree: Group, open: boolean): void {
    for (const child of tree.children) {
      if (!isGroup(child)) continue;
      if (child.kind !== "gap" && child.kind !== "repeat") this.#set.set(child.key, open);
      this.setAll(child, open);
    }
  }

  /** Opens every group around a node; whether anything had to be opened. */
  openAround(tree: Group, node: GNode): boolean {
    let opened = false;
    let at: Group | undefined = tree;
    while (at) {
      if (at.kind === "gap" && at.series) {
        const repetition = holding(at, node);
        if (repetition >= 0) opened = this.choose(at.series, repetition) || opened;
      } else if (at.kind !== "root" && !this.isOpen(at)) {
        this.#set.set(at.key, true);
        opened = true;
      }
      at = at.children.find((child): child is Group => isGroup(child) && holds(child, node));
    }
    return opened;
  }
}

/** Which repetition inside a gap holds the node, of all of the series from 0; -1 if none does. */
export function holding(gap: Group, node: GNode): number {
  const { series, from, count } = gap;
  for (let at = from; series && at < from + count; at++) {
    if (series.bodies[at]?.some((child) => holds(child, node))) return at;
  }
  return -1;
}

export function holds(child: Child, node: GNode): boolean {
  if (!isGroup(child)) return child === node;
  if (!child.scope) return child.children.some((inner) => holds(inner, node));
  for (let at: GScope | null = node.scope; at; at = at.parent) if (at === child.scope) return true;
  return false;
}
