/** The order of statements: what must stand before what, and how few must move for that. */
import type { Draft, Effect, Item } from "./draft";
import { refuse } from "./model";

function meets(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  for (const name of one) if (other.has(name)) return true;
  return false;
}

/** Whether two statements must stay in the order they are in. */
export function depend(first: Effect, second: Effect): boolean {
  return (
    meets(first.binds, second.reads) || meets(first.reads, second.binds) || meets(first.binds, second.binds)
  );
}

/**
 * Sees to it that `first` stands before `second`, both of one scope, by moving as few statements as possible and
 * never two past each other that depend on each other. Refuses if there is no such order.
 */
export function putBefore(draft: Draft, scope: number, first: Item, second: Item, words: string): void {
  const items = draft.items(scope);
  const from = items.indexOf(second);
  const to = items.indexOf(first);
  if (to < from) return;
  const effects = new Map(items.slice(from, to + 1).map((item) => [item, draft.effect(item)]));
  const effect = (item: Item): Effect => effects.get(item) as Effect;

  const down: Item[] = [second];
  for (const item of items.slice(from + 1, to + 1)) {
    if (item.kind !== "lead" && down.some((mover) => depend(effect(mover), effect(item)))) down.push(item);
  }
  const up: Item[] = [first];
  for (const item of items.slice(from, to).reverse()) {
    if (item.kind !== "lead" && up.some((mover) => depend(effect(item), effect(mover)))) up.push(item);
  }
  const canDown = !down.includes(first);
  const canUp = !up.includes(second);
  if (!canDown && !canUp) refuse(words);
  if (canDown && (!canUp || down.length <= up.length)) {
    let anchor = draft.next(scope, first);
    for (const item of down.reverse()) anchor = moved(draft, scope, item, anchor);
  } else {
    let anchor: Item | null = second;
    for (const item of up) anchor = moved(draft, scope, item, anchor);
  }
}

/** Moves an item before another and returns what stands there then. */
function moved(draft: Draft, scope: number, item: Item, before: Item | null): Item {
  draft.move(item, scope, scope, before);
  if (item.kind === "old") return draft.place(item.statement).item;
  return item;
}
