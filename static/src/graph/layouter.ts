/** Asks the worker for layouts; only the newest request is ever answered. */
import type { LayoutRequest, ScopeLayout } from "./arrange";
import type { Answer } from "./layout.worker";
import { startLayout } from "./layout_start";

/** A layout that takes longer than this is ended by force when a newer one is wanted. */
const PATIENCE_MS = 250;

export class Layouter {
  #worker: Worker | null = null;
  #id = 0;
  #began = 0;
  #waiting: ((layouts: ScopeLayout[] | null) => void) | null = null;
  /** How long the last layout took in the worker, in milliseconds. */
  lastMs = 0;

  /** The layouts of the request's groups, or null when a newer request took its place. */
  request(request: LayoutRequest): Promise<ScopeLayout[] | null> {
    if (this.#waiting && performance.now() - this.#began > PATIENCE_MS) this.#end();
    this.#waiting?.(null);
    this.#began = performance.now();
    const worker = this.#worker ?? this.#start();
    worker.postMessage({ ...request, id: ++this.#id });
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  cancel(): void {
    this.#waiting?.(null);
    this.#waiting = null;
    this.#end();
  }

  #start(): Worker {
    const worker = startLayout();
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if (data.id !== this.#id) return;
      this.lastMs = data.ms;
      this.#waiting?.(data.layouts);
      this.#waiting = null;
    };
    worker.onerror = (event) => {
      console.error("graph layout failed:", event.message);
      this.#waiting?.(null);
      this.#waiting = null;
      this.#end();
    };
    this.#worker = worker;
    return worker;
  }

  #end(): void {
    this.#worker?.terminate();
    this.#worker = null;
  }
}
