/** What a run has recorded, by what blocks look for: the stretch of the text, the call, the variable, the reader. */
import { sameLines } from "../editor/changes";
import type * as wire from "../protocol.gen";
import type { Recording } from "../run";

interface Spot {
  readonly line: number;
  /** In bytes of UTF-8, as Python counts. */
  readonly column: number;
}

const bytes = new TextEncoder();

/** Lines and columns of positions in a text, as the run's text has them; null where it was changed since. */
export class Positions {
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

  place([start, end]: wire.Stretch): Required<wire.Place> | null {
    const [from, to] = [this.at(start), this.at(end)];
    return from && to && { line: from.line, column: from.column, end_line: to.line, end_column: to.column };
  }
}

export function placeKey({ line, column = 0, end_line = 0, end_column = 0 }: wire.Place): string {
  return `${line}:${column}-${end_line}:${end_column}`;
}

/** Whether one place lies in another. */
export function lies(inner: wire.Place, outer: wire.Place): boolean {
  const [from, to] = [
    outer.line * 1e6 + (outer.column ?? 0),
    (outer.end_line ?? 0) * 1e6 + (outer.end_column ?? 0),
  ];
  return (
    inner.line * 1e6 + (inner.column ?? 0) >= from &&
    (inner.end_line ?? 0) * 1e6 + (inner.end_column ?? 0) <= to
  );
}

const NO_NODES: readonly wire.Node[] = [];
const NO_SCOPES: readonly wire.Scope[] = [];
const NO_EDGES: readonly wire.Edge[] = [];

/** A recording by what is asked of it; it grows as the recording does. */
export class Recorded {
  private readonly byId = new Map<number, wire.Node>();
  private readonly byPlace = new Map<string, wire.Node[]>();
  private readonly byName = new Map<string, wire.Node[]>();
  private readonly within = new Map<number, wire.Node[]>();
  private readonly calls = new Map<number, wire.Scope[]>();
  private readonly inside = new Map<number, wire.Scope[]>();
  private readonly scopes = new Map<number, wire.Scope>();
  private readonly out = new Map<number, wire.Edge[]>();
  private readonly into = new Map<number, wire.Edge[]>();
  readonly parameters: wire.Node[] = [];
  private taken = { nodes: 0, scopes: 0, edges: 0 };

  extend({ nodes, scopes, edges }: Recording): void {
    for (let i = this.taken.scopes; i < scopes.length; i++) {
      const scope = scopes[i];
      if (!scope) continue;
      this.scopes.set(scope.id, scope);
      push(this.inside, scope.parent, scope);
      if (scope.line && (scope.kind === "module" || scope.kind === "function"))
        push(this.calls, scope.line, scope);
    }
    for (let i = this.taken.nodes; i < nodes.length; i++) if (nodes[i]) this.take(nodes[i] as wire.Node);
    for (let i = this.taken.edges; i < edges.length; i++) {
      const edge = edges[i];
      if (!edge) continue;
      push(this.out, edge.source, edge);
      push(this.into, edge.target, edge);
    }
    this.taken = { nodes: nodes.length, scopes: scopes.length, edges: edges.length };
  }

  private take(node: wire.Node): void {
    this.byId.set(node.id, node);
    if (node.kind === "parameter") this.parameters.push(node);
    // Parameters stand where their layer is made, the optimizer's changes where it steps.
    else if (node.place) push(this.byPlace, placeKey(node.place), node);
    for (const name of new Set(node.outputs.map((one) => one.name))) if (name) push(this.byName, name, node);
    for (let scope = this.scopes.get(node.scope ?? 0), i = 0; scope && i < 100; i++) {
      push(this.within, scope.id, node);
      scope = this.scopes.get(scope.parent);
    }
  }

  node(id: number): wire.Node | undefined {
    return this.byId.get(id);
  }

  /** What was made at exactly this place, parameters left out. */
  at(place: wire.Place | null): readonly wire.Node[] {
    return (place && this.byPlace.get(placeKey(place))) || NO_NODES;
  }

  /** What was made anywhere in a stretch of the text. */
  between(place: wire.Place): ReadonlySet<number> {
    const found = new Set<number>();
    for (const nodes of this.byPlace.values()) {
      const first = nodes[0]?.place;
      if (first && lies(first, place)) for (const node of nodes) found.add(node.id);
    }
    return found;
  }

  named(name: string): readonly wire.Node[] {
    return (name && this.byName.get(name)) || NO_NODES;
  }

  /** Everything made in a scope and in those inside it. */
  in(scope: number): readonly wire.Node[] {
    return this.within.get(scope) ?? NO_NODES;
  }

  /** Modules and functions that a line has called. */
  calledAt(line: number): readonly wire.Scope[] {
    return this.calls.get(line) ?? NO_SCOPES;
  }

  insideOf(scope: number): readonly wire.Scope[] {
    return this.inside.get(scope) ?? NO_SCOPES;
  }

  /** The scopes around a node, the innermost first. */
  *around(node: wire.Node): Generator<wire.Scope> {
    for (let scope = this.scopes.get(node.scope ?? 0), i = 0; scope && i < 100; i++) {
      yield scope;
      scope = this.scopes.get(scope.parent);
    }
  }

  /** Who reads what a node made, in order. */
  readersOf(id: number): readonly wire.Edge[] {
    return this.out.get(id) ?? NO_EDGES;
  }

  /** What a node has read. */
  readBy(id: number): readonly wire.Edge[] {
    return this.into.get(id) ?? NO_EDGES;
  }
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

const known = new WeakMap<object, { recorded: Recorded; size: number }>();

export function recordedOf(graph: Recording): Recorded {
  const first = graph.nodes[0];
  if (!first) return new Recorded();
  const size = graph.nodes.length;
  let entry = known.get(first);
  // A recording that is shorter than what is known of it is another that begins alike.
  if (!entry || entry.size > size) entry = { recorded: new Recorded(), size: 0 };
  entry.recorded.extend(graph);
  known.set(first, { recorded: entry.recorded, size });
  return entry.recorded;
}
