/** What is open: the first choice for every group, and what people have opened and closed since. */
import type { GNode } from "./model";
import { openAtFirst } from "./opening";
import { type Group, isGroup } from "./tree";

/** Repetitions that a gap shows when it is opened. */
const MORE = 4;

export class Openness {
  readonly revealed = new Map<string, Set<number>>();
  /** Changes with `revealed`. */
  revision = 0;
  #chosen = new Map<string, boolean>();
  #first: ReadonlySet<string> = new Set();

  /** Takes in a tree that may have grown. */
  consider(tree: Group): void {
    this.#first = openAtFirst(tree);
  }

  isOpen = (group: Group): boolean => this.#chosen.get(group.key) ?? this.#first.has(group.key);

  set(key: string, open: boolean): void {
    this.#chosen.set(key, open);
  }

  /** Opens or closes a group; a gap opens by showing some of its repetitions. */
  toggle(group: Group): void {
    if (group.kind === "gap") {
      for (let i = 0; i < Math.min(MORE, group.count); i++) this.#reveal(group, group.from + i);
    } else this.#chosen.set(group.key, !this.isOpen(group));
  }

  setAll(tree: Group, open: boolean): void {
    for (const child of tree.children) {
      if (!isGroup(child)) continue;
      if (child.kind !== "gap" && child.kind !== "repeat") this.#chosen.set(child.key, open);
      this.setAll(child, open);
    }
  }

  /** Opens every group around a node; whether anything had to be opened. */
  openAround(tree: Group, node: GNode): boolean {
    for (const [at, child] of tree.children.entries()) {
      const inside = child === node || (isGroup(child) && this.#holds(child, node));
      if (!inside) continue;
      let opened = false;
      if (tree.kind === "gap") {
        // Which repetition it is follows from how evenly they divide what is inside.
        const each = Math.max(1, Math.round(tree.children.length / tree.count));
        this.#reveal(tree, tree.from + Math.min(tree.count - 1, Math.floor(at / each)));
        opened = true;
      } else if (tree.kind !== "root" && !this.isOpen(tree)) {
        this.#chosen.set(tree.key, true);
        opened = true;
      }
      return (isGroup(child) && this.openAround(child, node)) || opened;
    }
    return false;
  }

  #holds(group: Group, node: GNode): boolean {
    return group.children.some((child) => child === node || (isGroup(child) && this.#holds(child, node)));
  }

  #reveal(gap: Group, repetition: number): void {
    const asked = this.revealed.get(gap.repeat) ?? new Set();
    asked.add(repetition);
    this.revealed.set(gap.repeat, asked);
    this.revision++;
  }
}
