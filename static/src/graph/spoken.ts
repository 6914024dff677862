/** The parts of the element that are read aloud: the selection as it changes, and the graph as a list. */
import { listing } from "./describe";
import type { Drawing } from "./drawing";

export class Spoken {
  readonly live = document.createElement("p");
  readonly list = document.createElement("div");
  #timer = 0;

  constructor() {
    this.live.className = "ag-hidden";
    this.live.setAttribute("aria-live", "polite");
    this.list.className = "ag-hidden";
    this.list.setAttribute("role", "region");
    this.list.setAttribute("aria-label", "The graph as a list");
  }

  say(text: string): void {
    if (this.live.textContent !== text) this.live.textContent = text;
  }

  /** Renews the list when nothing has changed for a while. */
  renew(drawing: () => Drawing): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      const { scene, backward } = drawing();
      this.list.replaceChildren(...(scene ? [listing(scene.graph, backward)] : []));
    }, 600);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
