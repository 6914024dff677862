/** Starts the layout's worker. A standalone page, which has no files beside it, has another way (`standalone/`). */
export function startLayout(): Worker {
  return new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module", name: "graph layout" });
}
