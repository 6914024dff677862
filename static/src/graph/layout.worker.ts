/** Lays graphs out away from the page's thread. A newer request ends an older one between two groups. */
import { arrange, type LayoutRequest, type ScopeInput, type ScopeLayout } from "./arrange";

export interface Ask extends LayoutRequest {
  id: number;
}

export interface Answer {
  id: number;
  layouts: ScopeLayout[];
  ms: number;
}

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<Ask>) => void) | null;
  postMessage(answer: Answer): void;
};

interface Known {
  /** Stands for the layout in the keys of the groups around it. */
  id: number;
  layout: ScopeLayout;
}

const known = new Map<string, Known>();
let newest = 0;
let ids = 0;

scope.onmessage = async ({ data }) => {
  newest = data.id;
  const began = performance.now();
  let yielded = began;
  const made: Known[] = [];
  for (const input of data.scopes) {
    made.push(remembered(input, made, data));
    if (performance.now() - yielded > 12) {
      await new Promise((resolve) => setTimeout(resolve));
      yielded = performance.now();
      if (newest !== data.id) return;
    }
  }
  scope.postMessage({ id: data.id, layouts: made.map((one) => one.layout), ms: performance.now() - began });
};

/** Opening one group changes only it and those around it; the rest is looked up. */
function remembered(input: ScopeInput, before: readonly Known[], ask: Ask): Known {
  const key = JSON.stringify([
    ask.direction,
    ask.wrap,
    { ...input, child: input.child.map((at) => before[at]?.id ?? -1) },
  ]);
  let made = known.get(key);
  if (made) known.delete(key);
  else {
    const children = input.child.map((at) => before[at]?.layout ?? null);
    made = { id: ++ids, layout: arrange(input, children, ask.direction, ask.wrap) };
  }
  known.set(key, made);
  if (known.size > 400) known.delete(known.keys().next().value ?? "");
  return made;
}
