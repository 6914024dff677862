/**
 * Which operation of a run is which block, and what it has made by a moment. A block is found by the very stretch of the
 * text that the operation comes from; lines that were typed in since the run have none.
 */
import { sameLines } from "../editor/changes";
import type { Now } from "../moment";
import { brief } from "../numbers";
import type * as wire from "../protocol.gen";
import type { Recording, RunState } from "../run";

/** The nodes of each block in the order in which they were made, by block id. */
export type Matches = ReadonlyMap<number, readonly wire.Node[]>;

interface Spot {
  readonly line: number;
  /** In bytes of UTF-8, as Python counts. */
  readonly column: number;
}

const bytes = new TextEncoder();

/** Lines and columns of positions in a text, as the run's text has them; null where it was changed since. */
class Positions {
  private readonly starts: number[] = [0];
  private readonly ran: ReadonlyMap<number, number>;

  constructor(
    private readonly text: string,
    ran: string,
  ) {
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.starts.push(at + 1);
    const back = new Map<number, number>();
    if (text === ran) for (let line = 1; line <= this.starts.length; line++) back.set(line, line);
    else
      for (const [before, now] of sameLines(ran.split("\n"), text.split("\n"))) back.set(now + 1, before + 1);
    this.ran = back;
  }

  at(position: number): Spot | null {
    let [low, high] = [0, this.starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.starts[middle] ?? 0) <= position) low = middle;
      else high = middle - 1;
    }
    const line = this.ran.get(low + 1);
    if (line === undefined) return null;
    const before = this.text.slice(this.starts[low], position);
    return { line, column: bytes.encode(before).length };
  }

  key([start, end]: wire.Stretch): string | null {
    const [from, to] = [this.at(start), this.at(end)];
    return from && to && keyOf(from.line, from.column, to.line, to.column);
  }
}

function keyOf(line: number, column: number, endLine: number, endColumn: number): string {
  return `${line}:${column}-${endLine}:${endColumn}`;
}

/** Nodes of a recording by the stretch they come from, by the lines where modules were called, and by module. */
class Places {
  readonly byPlace = new Map<string, wire.Node[]>();
  readonly scopes = new Map<number, wire.Scope>();
  /** By the line that calls a module, from outside of it: its own last operations, one for each call. */
  readonly calls = new Map<number, Map<number, wire.Node>>();
  private taken = { nodes: 0, scopes: 0 };

  extend({ nodes, scopes }: Recording): void {
    for (let i = this.taken.scopes; i < scopes.length; i++) {
      const scope = scopes[i];
      if (scope) this.scopes.set(scope.id, scope);
    }
    for (let i = this.taken.nodes; i < nodes.length; i++) if (nodes[i]) this.take(nodes[i] as wire.Node);
    this.taken = { nodes: nodes.length, scopes: scopes.length };
  }

  private take(node: wire.Node): void {
    const { place } = node;
    if (place) {
      const key = keyOf(place.line, place.column ?? 0, place.end_line ?? 0, place.end_column ?? 0);
      const list = this.byPlace.get(key);
      // Parameters stand where their layer is made, the optimizer's changes where it steps.
      if (node.kind !== "parameter") {
        if (list) list.push(node);
        else this.byPlace.set(key, [node]);
      }
    }
    if (node.kind !== "op") return;
    for (let scope = this.scopes.get(node.scope ?? 0), i = 0; scope && i < 100; i++) {
      if (scope.kind === "module" && scope.line) {
        const calls = this.calls.get(scope.line);
        if (calls) calls.set(scope.id, node);
        else this.calls.set(scope.line, new Map([[scope.id, node]]));
      }
      scope = this.scopes.get(scope.parent ?? 0);
    }
  }
}

const known = new WeakMap<object, { places: Places; size: number }>();

function placesOf(graph: Recording): Places {
  const first = graph.nodes[0];
  if (!first) return new Places();
  const size = graph.nodes.length;
  let entry = known.get(first);
  // A recording that is shorter than what is known of it is another that begins alike.
  if (!entry || entry.size > size) entry = { places: new Places(), size: 0 };
  entry.places.extend(graph);
  known.set(first, { places: entry.places, size });
  return entry.places;
}

/** Where a block stands in the run's text. */
interface Stand {
  readonly block: wire.Block;
  readonly key: string | null;
  readonly line: number | undefined;
}

let stood: { document: wire.Document; code: string; stands: readonly Stand[] } | null = null;

function standsOf(document: wire.Document, text: string, code: string): readonly Stand[] {
  if (stood?.document === document && stood.code === code) return stood.stands;
  const positions = new Positions(text, code);
  const stands = document.blocks.map((block) => ({
    block,
    key: positions.key(block.span),
    line: positions.at(block.span[0])?.line,
  }));
  stood = { document, code, stands };
  return stands;
}

/** The nodes of the document's blocks in a run. */
export function matchesOf(document: wire.Document, text: string, run: RunState): Matches {
  const places = placesOf(run.graph);
  const matches = new Map<number, readonly wire.Node[]>();
  for (const { block, key, line } of standsOf(document, text, run.code)) {
    const exact = key ? places.byPlace.get(key) : undefined;
    if (exact) {
      matches.set(block.id, exact);
      continue;
    }
    // A module of the program's own: what it returned is what its last operation made.
    if (block.kind !== "module" && block.kind !== "layer") continue;
    const calls = line === undefined ? undefined : places.calls.get(line);
    const own = [...(calls ?? [])].filter(([id]) => {
      const scope = places.scopes.get(id);
      return scope && (scope.name === block.type || block.key.split(".").at(-1) === scope.name);
    });
    if (own.length)
      matches.set(
        block.id,
        own.map(([, node]) => node),
      );
  }
  return matches;
}

/** What a block shows of a run at a moment. */
export interface Live {
  readonly node: number;
  readonly value: wire.Values;
  readonly grad: wire.Values | null;
  readonly dtype: string;
  /** The run stands here. */
  readonly active: boolean;
  readonly failed: boolean;
  /** A gradient can come. */
  readonly wantsGrad: boolean;
}

/** The last of the nodes that exist at the moment. */
export function latest(nodes: readonly wire.Node[], now: Now): wire.Node | undefined {
  let [low, high] = [0, nodes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (now.isComputed(nodes[middle]?.id ?? 0)) low = middle + 1;
    else high = middle;
  }
  return nodes[low - 1];
}

export function liveOf(nodes: readonly wire.Node[], now: Now, output = 0): Live | null {
  const node = latest(nodes, now);
  const tensor = node && now.value(node.id, output);
  if (!node || !tensor) return null;
  const leaf = node.kind !== "op";
  const grad = (leaf ? now.accumulated(node.id) : null) ?? now.grad(node.id, output);
  return {
    node: node.id,
    value: tensor.value,
    grad,
    dtype: tensor.dtype,
    active: now.active !== null && nodes.some((one) => one.id === now.active),
    failed: Boolean(node.failed),
    wantsGrad: tensor.requires_grad ?? false,
  };
}

/** What flows through a wire at a moment: the value, and the gradient that the reader sent back to its source. */
export interface Flowing {
  readonly value: string;
  readonly grad: string;
  /** What reads it goes on without a gradient that its source wants. */
  readonly cut: boolean;
}

export function flowing(
  source: readonly wire.Node[] | undefined,
  target: readonly wire.Node[] | undefined,
  output: number,
  now: Now,
): Flowing | null {
  const from = source && latest(source, now);
  const tensor = from && now.value(from.id, output);
  if (!from || !tensor) return null;
  const to = target && latest(target, now);
  const sent = to ? now.sent(to.id, from.id)[0]?.grad : undefined;
  const after = to && now.value(to.id);
  const grad = sent ?? (to ? undefined : now.grad(from.id, output));
  return {
    value: brief(tensor.value, tensor.dtype),
    grad: grad ? brief(grad) : "",
    cut: Boolean(tensor.requires_grad && after && !after.requires_grad),
  };
}
