/** What can be read off a recording: who is where, which gradient reached what, what a line made. */
import type * as wire from "./protocol.gen";
import type { Recording, RunState } from "./run";
import type { Pick } from "./store";

export interface Index {
  readonly node: ReadonlyMap<number, wire.Node>;
  readonly byLine: ReadonlyMap<number, readonly wire.Node[]>;
  readonly into: ReadonlyMap<number, readonly wire.Edge[]>;
  readonly outOf: ReadonlyMap<number, readonly wire.Edge[]>;
  /** Steps of each node, in the order they ran. */
  readonly steps: ReadonlyMap<number, readonly wire.Step[]>;
  readonly operations: number;
  /** Lines that anything recorded belongs to: nodes, backward passes, what sets gradients back. */
  readonly lines: ReadonlySet<number>;
  /** By line: the tensors it gave a variable's name to, in order. */
  readonly made: ReadonlyMap<number, readonly wire.Node[]>;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

/** Remembers the last result for the last argument; recordings only grow, so one is enough for each object. */
export function memo<A extends object, R>(make: (argument: A) => R): (argument: A) => R {
  const kept = new WeakMap<A, R>();
  return (argument) => {
    let result = kept.get(argument);
    if (result === undefined) {
      result = make(argument);
      kept.set(argument, result);
    }
    return result;
  };
}

class Growing implements Index {
  readonly node = new Map<number, wire.Node>();
  readonly byLine = new Map<number, wire.Node[]>();
  readonly into = new Map<number, wire.Edge[]>();
  readonly outOf = new Map<number, wire.Edge[]>();
  readonly steps = new Map<number, wire.Step[]>();
  readonly made = new Map<number, wire.Node[]>();
  readonly lines = new Set<number>();
  operations = 0;
  #taken = { nodes: 0, edges: 0, steps: 0, clears: 0 };

  /** Whether `graph` is what this has, with more behind it. */
  grows({ nodes, edges, steps }: Recording): boolean {
    const taken = this.#taken;
    return nodes.length >= taken.nodes && edges.length >= taken.edges && steps.length >= taken.steps;
  }

  take({ nodes, edges, steps, clears }: Recording): void {
    const taken = this.#taken;
    for (let i = taken.nodes; i < nodes.length; i++) this.#takeNode(nodes[i] as wire.Node);
    for (let i = taken.edges; i < edges.length; i++) {
      const edge = edges[i] as wire.Edge;
      push(this.into, edge.target, edge);
      push(this.outOf, edge.source, edge);
    }
    for (let i = taken.steps; i < steps.length; i++) {
      const step = steps[i] as wire.Step;
      push(this.steps, step.node, step);
      if (step.line) this.lines.add(step.line);
    }
    for (let i = taken.clears; i < clears.length; i++) {
      const line = clears[i]?.line;
      if (line) this.lines.add(line);
    }
    this.#taken = { nodes: nodes.length, edges: edges.length, steps: steps.length, clears: clears.length };
  }

  #takeNode(one: wire.Node): void {
    this.node.set(one.id, one);
    if (one.kind === "op") this.operations++;
    const line = one.place?.line;
    if (line === undefined) return;
    push(this.byLine, line, one);
    this.lines.add(line);
    // A module's parameters and `x.grad` are not what the line was written for.
    if (!/^[^.]+$/.test(one.outputs[0]?.name ?? "")) return;
    push(this.made, line, one);
  }
}

const indices = new WeakMap<wire.Node, Growing>();
const NO_NODES: Index = new Growing();

/** A recording only grows, so its index grows with it, at the cost of what is new. */
export function indexOf(graph: Recording): Index {
  const first = graph.nodes[0];
  if (!first) return NO_NODES;
  let index = indices.get(first);
  if (!index?.grows(graph)) {
    index = new Growing();
    indices.set(first, index);
  }
  index.take(graph);
  return index;
}

export function tensorOf(node: wire.Node): wire.TensorInfo | undefined {
  return node.outputs[0];
}

/** The gradient that reached the node's first output: the accumulated `.grad` of a leaf, else the last that entered. */
export function gradientOf(graph: Recording, id: number): wire.Values | null {
  const steps = indexOf(graph).steps.get(id);
  if (!steps) return null;
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i];
    const grad = step?.accumulated ?? step?.entering?.[0];
    if (grad) return grad;
  }
  return null;
}

/** Whether nodes `from` onwards are what another recording has at the same places. */
export function repeats(now: Recording, before: Recording, from: number): boolean {
  for (let i = from; i < now.nodes.length; i++) {
    const [a, b] = [now.nodes[i], before.nodes[i]];
    if (!a || !b || a.id !== b.id || a.kind !== b.kind || a.op !== b.op) return false;
    if (String(a.outputs.map((one) => one.shape)) !== String(b.outputs.map((one) => one.shape))) return false;
  }
  return true;
}

/** Whether a recording differs from another in nothing but its numbers: what is drawn of it stays where it is. */
export function sameButNumbers(now: Recording, before: Recording): boolean {
  const lengths = (one: Recording) =>
    [one.nodes, one.edges, one.scopes, one.steps, one.clears].map((list) => list.length).join();
  if (lengths(now) !== lengths(before) || now.omitted !== before.omitted) return false;
  const looks = (node: wire.Node) =>
    `${node.outputs.map((one) => `${one.name ?? ""} ${one.dtype} ${one.requires_grad}`)}|${node.flags ?? []}|${node.failed ?? ""}|${node.place?.line}|${node.scope}`;
  return (
    repeats(now, before, 0) &&
    now.nodes.every((node, i) => looks(node) === looks(before.nodes[i] as wire.Node)) &&
    now.edges.every((edge, i) => {
      const other = before.edges[i] as wire.Edge;
      return edge.source === other.source && edge.target === other.target && edge.input === other.input;
    }) &&
    now.steps.every(
      (step, i) => step.node === before.steps[i]?.node && step.call === before.steps[i]?.call,
    ) &&
    // Of a training step, the iteration.
    now.scopes.every((scope, i) => (scope.index ?? 0) === (before.scopes[i]?.index ?? 0))
  );
}

/** `b`, `layer1.weight`, or `sin` for a tensor without a name. */
export function nameOf(node: wire.Node): string {
  return (
    node.outputs.find((tensor) => tensor.name)?.name || node.op.replace(/^aten::/, "") || `tensor ${node.id}`
  );
}

/** Everything a pick stands for. */
export interface Lit {
  readonly nodes: ReadonlySet<number>;
  readonly lines: ReadonlySet<number>;
}

const NOTHING: Lit = { nodes: new Set(), lines: new Set() };

export function litBy(run: RunState | null, pick: Pick | null): Lit {
  if (!pick) return NOTHING;
  if (!run) return pick.kind === "line" ? { nodes: new Set(), lines: new Set([pick.line]) } : NOTHING;
  const index = indexOf(run.graph);
  if (pick.kind === "line") {
    const nodes = index.byLine.get(pick.line) ?? [];
    return { nodes: new Set(nodes.map((node) => node.id)), lines: new Set([pick.line]) };
  }
  if (pick.kind === "node") {
    const line = index.node.get(pick.node)?.place?.line;
    return { nodes: new Set([pick.node]), lines: new Set(line === undefined ? [] : [line]) };
  }
  const nodes = new Set<number>();
  const lines = new Set<number>();
  for (const node of run.graph.nodes) {
    if (node.op !== pick.op || (pick.shapes && pick.shapes !== inputShapes(run.graph, node.id))) continue;
    nodes.add(node.id);
    if (node.place) lines.add(node.place.line);
  }
  return { nodes, lines };
}

/** The shapes of a node's inputs as the profiler groups them: `[[2, 3], [2, 3]]`. */
export function inputShapes(graph: Recording, id: number): string {
  const index = indexOf(graph);
  const edges = [...(index.into.get(id) ?? [])].sort((a, b) => (a.input ?? 0) - (b.input ?? 0));
  const shapes = edges.map((edge) => {
    const shape = index.node.get(edge.source)?.outputs[edge.output ?? 0]?.shape ?? [];
    return `[${shape.join(", ")}]`;
  });
  return `[${shapes.join(", ")}]`;
}

/** Leaves and parameters: what a backward pass leaves gradients in. */
export const leavesOf = memo((graph: Recording): readonly wire.Node[] =>
  graph.nodes.filter(
    (node) => (node.kind === "leaf" || node.kind === "parameter") && node.outputs[0]?.requires_grad === true,
  ),
);
