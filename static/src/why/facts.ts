/** A recording as explanations ask for it: the backward calls, what each sent where, and ways through the graph. */
import { type Index, indexOf, memo } from "../derive";
import type * as wire from "../protocol.gen";
import type { Recording } from "../run";
import type { Path } from "./answer";

/** A gradient that a backward node sent to a tensor. */
export interface Arrival {
  readonly step: wire.Step;
  readonly grad: wire.Values;
}

/** One backward pass, or one `autograd.grad`. */
export interface Call {
  readonly number: number;
  readonly line: number;
  readonly steps: readonly wire.Step[];
  /** The tensors it started from. */
  readonly roots: readonly number[];
  /** How many nodes there were when it began. */
  readonly after: number;
  /** Whether it put gradients into leaves; `autograd.grad` only returns them. */
  readonly accumulates: boolean;
  readonly byNode: ReadonlyMap<number, wire.Step>;
  readonly into: ReadonlyMap<number, readonly Arrival[]>;
}

export class Facts {
  readonly index: Index;
  #calls: readonly Call[] | null = null;
  #homes = new Map<number, number>();

  constructor(readonly graph: Recording) {
    this.index = indexOf(graph);
  }

  node(id: number): wire.Node | undefined {
    return this.index.node.get(id);
  }

  edgesInto(id: number): readonly wire.Edge[] {
    return this.index.into.get(id) ?? [];
  }

  edgesOutOf(id: number): readonly wire.Edge[] {
    return this.index.outOf.get(id) ?? [];
  }

  /** The tensor that flows along an edge. */
  tensor(edge: wire.Edge): wire.TensorInfo | undefined {
    return this.node(edge.source)?.outputs[edge.output ?? 0];
  }

  /** The inputs of a node in the order of its arguments; plain numbers are not among them. */
  inputs(id: number): readonly { edge: wire.Edge; tensor: wire.TensorInfo }[] {
    return this.edgesInto(id)
      .map((edge) => ({ edge, tensor: this.tensor(edge) }))
      .filter((one): one is { edge: wire.Edge; tensor: wire.TensorInfo } => one.tensor !== undefined)
      .sort((a, b) => (a.edge.input ?? 0) - (b.edge.input ?? 0));
  }

  /** The leaf that a node is the present value of: an optimizer's update leads back to the parameter. */
  home(id: number): number {
    let found = this.#homes.get(id);
    if (found !== undefined) return found;
    found = id;
    for (let node = this.node(id); node && isUpdate(node); ) {
      const from = this.edgesInto(node.id).find((edge) => (edge.input ?? 0) === 0);
      if (!from || from.source >= node.id) break;
      found = from.source;
      node = this.node(found);
    }
    this.#homes.set(id, found);
    return found;
  }

  get calls(): readonly Call[] {
    this.#calls ??= this.#takeApart();
    return this.#calls;
  }

  #takeApart(): readonly Call[] {
    const groups = new Map<number, wire.Step[]>();
    for (const step of this.graph.steps) {
      const list = groups.get(step.call);
      if (list) list.push(step);
      else groups.set(step.call, [step]);
    }
    return [...groups].map(([number, steps]) => {
      const byNode = new Map<number, wire.Step>();
      const into = new Map<number, Arrival[]>();
      const roots: number[] = [];
      for (const step of steps) {
        if (!into.has(step.node) && !byNode.has(step.node)) roots.push(step.node);
        byNode.set(step.node, step);
        for (const flow of step.leaving ?? []) {
          const to = this.home(flow.target);
          const list = into.get(to);
          if (list) list.push({ step, grad: flow.grad });
          else into.set(to, [{ step, grad: flow.grad }]);
        }
      }
      const first = steps[0];
      return {
        number,
        line: first?.line ?? 0,
        steps,
        roots,
        after: first?.after ?? 0,
        accumulates: !first?.returned,
        byNode,
        into,
      };
    });
  }

  /** What depends on a tensor. Without `cuts` only what a gradient can come back from. */
  after(id: number, cuts: boolean): ReadonlySet<number> {
    return this.#reach([id], (at) =>
      this.edgesOutOf(at)
        .filter((edge) => cuts || !edge.cut)
        .map((edge) => edge.target),
    );
  }

  /** What tensors depend on, themselves included. */
  before(ids: readonly number[], cuts: boolean): ReadonlySet<number> {
    return this.#reach(ids, (at) =>
      this.edgesInto(at)
        .filter((edge) => cuts || !edge.cut)
        .map((edge) => edge.source),
    );
  }

  #reach(from: readonly number[], next: (id: number) => readonly number[]): ReadonlySet<number> {
    const seen = new Set(from);
    const stack = [...from];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      for (const to of next(at)) {
        if (seen.has(to)) continue;
        seen.add(to);
        stack.push(to);
      }
    }
    return seen;
  }

  /** A shortest way along edges that `from` flows through to one of `to`; null if there is none. */
  way(from: number, to: ReadonlySet<number>, allowed: (edge: wire.Edge) => boolean): Path | null {
    const back = new Map<number, wire.Edge | null>([[from, null]]);
    const queue = [from];
    for (let i = 0; i < queue.length; i++) {
      const at = queue[i] ?? 0;
      if (to.has(at) && at !== from) return this.#unwind(at, back);
      for (const edge of this.edgesOutOf(at)) {
        if (back.has(edge.target) || !allowed(edge)) continue;
        back.set(edge.target, edge);
        queue.push(edge.target);
      }
    }
    return to.has(from) ? { nodes: [from], edges: [] } : null;
  }

  #unwind(end: number, back: ReadonlyMap<number, wire.Edge | null>): Path {
    const nodes = [end];
    const edges: [number, number][] = [];
    for (let edge = back.get(end); edge; edge = back.get(edge.source)) {
      nodes.push(edge.source);
      edges.push([edge.source, edge.target]);
    }
    return { nodes, edges };
  }
}

/** A leaf after a change in place that autograd did not record: an optimizer's, or one by hand under no_grad. */
function isUpdate(node: wire.Node): boolean {
  return (
    node.kind === "op" &&
    !node.grad_fn &&
    (node.flags ?? []).includes("inplace") &&
    node.outputs[0]?.requires_grad === true
  );
}

export const factsOf = memo((graph: Recording) => new Facts(graph));

/** Several ways as one. */
export function together(paths: readonly (Path | null)[]): Path {
  const nodes = new Set<number>();
  const edges = new Map<string, readonly [number, number]>();
  for (const path of paths) {
    for (const id of path?.nodes ?? []) nodes.add(id);
    for (const edge of path?.edges ?? []) edges.set(String(edge), edge);
  }
  return { nodes: [...nodes], edges: [...edges.values()] };
}

/** The way a gradient took from the tensors a call started at down to `id`, along what the call sent. */
export function wayBack(facts: Facts, call: Call, id: number): Path {
  const back = new Map<number, number>();
  const queue = [id];
  const roots = new Set(call.roots);
  for (let i = 0; i < queue.length; i++) {
    const at = queue[i] ?? 0;
    if (roots.has(at)) {
      const nodes = [at];
      const edges: [number, number][] = [];
      for (let from = back.get(at); from !== undefined; from = back.get(from)) {
        const consumer = nodes.at(-1) ?? at;
        nodes.push(from);
        edges.push([sourceOf(facts, from, consumer), consumer]);
      }
      return { nodes, edges };
    }
    for (const { step } of call.into.get(facts.home(at)) ?? []) {
      if (back.has(step.node) || step.node === id) continue;
      back.set(step.node, at);
      queue.push(step.node);
    }
  }
  return { nodes: [id], edges: [] };
}

/** The node the edge from a leaf starts at, which is another once the leaf was changed in place. */
export function sourceOf(facts: Facts, id: number, consumer: number): number {
  return facts.edgesInto(consumer).find((edge) => facts.home(edge.source) === facts.home(id))?.source ?? id;
}
