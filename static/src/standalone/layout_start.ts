/** In place of `graph/layout_start.ts`: the worker is inside the page, and its address a blob. */
import LayoutWorker from "../graph/layout.worker?worker&inline";

export function startLayout(): Worker {
  return new LayoutWorker({ name: "graph layout" });
}
