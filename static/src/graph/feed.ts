/** Takes `graph` events in pieces that each leave the page responsive. */
import type * as wire from "../protocol.gen";

export type GraphEvent = Pick<wire.Graph, "nodes" | "edges" | "scopes" | "steps" | "omitted">;

/** About 5 ms of work. */
const PIECE = 1200;

export class Feed {
  #queue: GraphEvent[] = [];
  #timer = 0;

  constructor(readonly take: (piece: GraphEvent) => void) {}

  get empty(): boolean {
    return this.#queue.length === 0;
  }

  /** What is small is taken at once, the rest in later tasks, in order. */
  push(event: GraphEvent): void {
    const parts = pieces(event);
    if (this.#queue.length === 0) {
      const first = parts.shift();
      if (first) this.take(first);
    }
    this.#queue.push(...parts);
    if (this.#queue.length && !this.#timer) this.#timer = window.setTimeout(this.#next);
  }

  #next = (): void => {
    this.#timer = 0;
    const began = performance.now();
    while (performance.now() - began < 8) {
      const piece = this.#queue.shift();
      if (!piece) return;
      this.take(piece);
    }
    if (this.#queue.length) this.#timer = window.setTimeout(this.#next);
  };

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#queue = [];
  }
}

/** Scopes come before the nodes in them, nodes before the edges between them. */
function pieces(event: GraphEvent): GraphEvent[] {
  const { nodes = [], edges = [], scopes = [], steps = [], omitted = 0 } = event;
  if (nodes.length + edges.length + steps.length <= PIECE) return [event];
  const empty = { nodes: [], edges: [], scopes: [], steps: [], omitted };
  const parts: GraphEvent[] = [{ ...empty, scopes }];
  for (let i = 0; i < nodes.length; i += PIECE) parts.push({ ...empty, nodes: nodes.slice(i, i + PIECE) });
  for (let i = 0; i < edges.length; i += 2 * PIECE)
    parts.push({ ...empty, edges: edges.slice(i, i + 2 * PIECE) });
  for (let i = 0; i < steps.length; i += 2 * PIECE)
    parts.push({ ...empty, steps: steps.slice(i, i + 2 * PIECE) });
  return parts;
}
