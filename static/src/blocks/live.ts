/** What a run says of the blocks at the page's moment, and the page's one selection as blocks. */
import { useMemo } from "react";
import { litBy } from "../derive";
import type { Reading } from "../document/read";
import { type Now, stateAt } from "../moment";
import type * as wire from "../protocol.gen";
import { useStore } from "../store";
import { type Live, liveOf, type Matches, matchesOf } from "./match";

export interface Told {
  readonly now: Now | null;
  readonly matches: Matches;
  /** By block id. */
  readonly live: ReadonlyMap<number, Live>;
  readonly picked: ReadonlySet<number>;
  readonly hovered: ReadonlySet<number>;
}

const NO_MATCHES: Matches = new Map();
const NO_BLOCKS: ReadonlySet<number> = new Set();

export function useTold(reading: Reading): Told {
  const shown = useStore((state) => state.shown);
  const time = useStore((state) => state.time);
  const picked = useStore((state) => state.picked);
  const hovered = useStore((state) => state.hovered);
  const { document, text } = reading;
  const graph = shown?.graph;
  const code = shown?.code;
  const matches = useMemo(
    () => (document && shown ? matchesOf(document, text, shown) : NO_MATCHES),
    [document, text, graph, code],
  );
  const now = useMemo(() => (graph ? stateAt(graph, time) : null), [graph, time]);
  const live = useMemo(() => {
    const found = new Map<number, Live>();
    if (now)
      for (const [id, nodes] of matches) {
        const one = liveOf(nodes, now);
        if (one) found.set(id, one);
      }
    return found;
  }, [now, matches]);
  const blockOf = useMemo(() => {
    const found = new Map<number, number>();
    for (const [id, nodes] of matches) for (const node of nodes) found.set(node.id, id);
    return found;
  }, [matches]);
  const blocksOf = (nodes: ReadonlySet<number>): ReadonlySet<number> => {
    const found = new Set<number>();
    for (const node of nodes) {
      const id = blockOf.get(node);
      if (id !== undefined) found.add(id);
    }
    return found.size ? found : NO_BLOCKS;
  };
  const lit = useMemo(() => blocksOf(litBy(shown, picked).nodes), [picked, shown, blockOf]);
  const under = useMemo(() => blocksOf(litBy(shown, hovered).nodes), [hovered, shown, blockOf]);
  return { now, matches, live, picked: lit, hovered: under };
}

/** The node that stands for a block in the run at this moment. */
export function nodeOf(told: Told, block: wire.Block): number | null {
  return told.live.get(block.id)?.node ?? null;
}
