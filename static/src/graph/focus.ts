/** What attention is on: the selection, what is pointed at here or elsewhere on the page, what a search has found. */
import type { Attention } from "./frame";
import { Marked, type Marks, NO_MARKS } from "./marks";
import type { GNode, GraphModel } from "./model";
import type { Scene } from "./scene";
import { type Answer, type Context, findNodes } from "./search";
import type { VItem } from "./visible";

const NOTHING: Answer = { nodes: [], problem: "", asksGradients: false };

export class Focus {
  /** A node, or the key of a group. */
  selected: GNode | string | null = null;
  /** The node that is selected; it may not have been recorded yet. */
  selectedId: number | null = null;
  /** Of the boxes that show the selected node, the one that arrows go on from. */
  at = "";
  hovered: GNode | null = null;
  hoveredKey: string | null = null;
  lit: readonly number[] = [];
  marked = new Marked(NO_MARKS);
  query = "";
  answer: Answer = NOTHING;
  foundAt = -1;

  select(what: GNode | string | null, at = ""): void {
    this.selected = what;
    this.at = at;
    this.selectedId = what !== null && typeof what !== "string" ? what.id : null;
  }

  mark(marks: Marks): void {
    this.marked = new Marked(marks);
  }

  selectId(id: number | null, model: GraphModel): void {
    this.selectedId = id;
    this.at = "";
    this.selected = id === null ? null : (model.byId.get(id) ?? null);
  }

  get found(): readonly GNode[] {
    return this.answer.nodes;
  }

  search(text: string, context: Context): void {
    const here = text.trim() === this.query ? this.found[this.foundAt] : undefined;
    this.query = text.trim();
    this.answer = findNodes(context, this.query);
    this.foundAt = here ? this.found.indexOf(here) : -1;
  }

  /** The next match, or the one before. */
  next(by: 1 | -1): GNode | null {
    const total = this.found.length;
    if (total === 0) return null;
    this.foundAt = this.foundAt < 0 && by < 0 ? total - 1 : (this.foundAt + by + total) % total;
    return this.found[this.foundAt] ?? null;
  }

  item(scene: Scene | null): VItem | null {
    if (!scene || this.selected === null) return null;
    if (typeof this.selected === "string") return scene.graph.items.get(this.selected) ?? null;
    const here = scene.graph.items.get(this.at);
    return here?.node === this.selected ? here : (scene.graph.itemOf[this.selected.index] ?? null);
  }

  attention(model: GraphModel): Attention {
    const lit = new Set<GNode>();
    for (const id of this.lit) {
      const node = model.byId.get(id);
      if (node) lit.add(node);
    }
    if (this.hovered) lit.add(this.hovered);
    return {
      selected: this.selected,
      lit,
      litKey: this.hoveredKey,
      marked: this.marked,
      found: new Set(this.found),
      foundHere: this.found[this.foundAt] ?? null,
      searching: this.query !== "" && !this.answer.problem,
    };
  }
}
