/** What a run says of the blocks at the page's moment, and the page's one selection as blocks. */
import { useMemo } from "react";
import { litBy } from "../derive";
import type { Reading } from "../document/read";
import { type Now, stateAt } from "../moment";
import type * as wire from "../protocol.gen";
import { useStore } from "../store";
import { type Matches, matchesOf } from "./match";
import { type Recorded, recordedOf } from "./recorded";
import { type Live, liveOf } from "./telling";

export interface Told {
  readonly now: Now | null;
  readonly matches: Matches;
  readonly run: Recorded | null;
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
      for (const [id, match] of matches) {
        const one = liveOf(match, now);
        if (one) found.set(id, one);
      }
    return found;
  }, [now, matches]);
  const blockOf = useMemo(() => {
    const found = new Map<number, number>();
    // What belongs to several blocks is lit in the smallest: a layer rather than what it is in.
    const inward = [...matches].sort(([, one], [, other]) => other.members.size - one.members.size);
    for (const [id, { made, members, parameters }] of inward) {
      for (const one of made.flat()) if (one.node.kind !== "op") found.set(one.node.id, id);
      for (const node of members) found.set(node, id);
      for (const [, node] of parameters) found.set(node.id, id);
    }
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
  return { now, matches, run: graph ? recordedOf(graph) : null, live, picked: lit, hovered: under };
}

/** The node that stands for a block in the run at this moment. */
export function nodeOf(told: Told, block: wire.Block): number | null {
  return told.live.get(block.id)?.node ?? null;
}
