/** The search as people use it: what they type, what was found, going from match to match. */
import type { Drawing } from "./drawing";
import type { Focus } from "./focus";
import type { GNode } from "./model";
import type { Toolbar } from "./toolbar";

/** Gradients are asked anew when nobody has moved in time for so long. */
const REST_MS = 160;

export interface FinderHost {
  readonly focus: Focus;
  readonly drawing: Drawing;
  readonly toolbar: Toolbar;
  changed(): void;
  reveal(node: GNode): void;
}

export class Finder {
  #timer = 0;

  constructor(readonly host: () => FinderHost) {}

  /** Marks what answers to `text` and goes to the first; returns how many there are. */
  search(text: string): number {
    const { focus } = this.host();
    this.#ask(text);
    if (focus.found.length) this.next(1);
    else this.#tell();
    return focus.found.length;
  }

  next(by: 1 | -1): void {
    const { focus, reveal } = this.host();
    const node = focus.next(by);
    if (!node) return;
    this.#tell();
    reveal(node);
  }

  /** The run goes on, or another moment is looked at: what was asked may have another answer. */
  refresh(grown: boolean): void {
    const { focus } = this.host();
    if (!focus.query || !(grown || focus.answer.asksGradients) || this.#timer) return;
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      this.#ask(focus.query);
      this.#tell();
    }, REST_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
  }

  #ask(text: string): void {
    const { focus, drawing } = this.host();
    focus.search(text, { model: drawing.model, grad: (node) => drawing.now.grad(node.id) });
  }

  #tell(): void {
    const { focus, toolbar, changed } = this.host();
    toolbar.found(focus.found.length, focus.foundAt, focus.query !== "", focus.answer.problem);
    changed();
  }
}
