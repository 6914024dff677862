/** The backward pass at a moment: which gradients are known after step k, where it stands and where it has been. */
import type * as wire from "../protocol.gen";
import type { GEdge, GNode, GraphModel } from "./model";

/** A pair of nodes as one number; ids are at most 1e8, so the product stays exact. */
const pair = (target: number, source: number) => target * 67_108_859 + source;

export class Backward {
  #byNode = new Map<number, number[]>();
  #seen = 0;
  #moment = -2;
  #active: wire.Step | null = null;
  #doneNodes = new Set<number>();
  #doneEdges = new Set<number>();
  #activeEdges = new Set<number>();

  constructor(readonly model: GraphModel) {}

  /** Takes in the steps that came since. */
  sync(): void {
    const { steps } = this.model;
    for (; this.#seen < steps.length; this.#seen++) {
      const step = steps[this.#seen];
      if (!step) continue;
      const list = this.#byNode.get(step.node);
      if (list) list.push(this.#seen);
      else this.#byNode.set(step.node, [this.#seen]);
    }
  }

  /** Goes to step `k`; null is the end of the run, where everything is known and nothing is on its way. */
  go(k: number | null): void {
    const moment = k ?? -2;
    if (moment === this.#moment) return;
    const { steps } = this.model;
    const active = k === null ? null : (steps[k] ?? null);
    const before = this.#active;
    const continues =
      active && before && this.#moment >= 0 && moment === this.#moment + 1 && before.call === active.call;
    if (!continues) {
      this.#doneNodes.clear();
      this.#doneEdges.clear();
      let first = moment;
      while (active && first > 0 && steps[first - 1]?.call === active.call) first--;
      for (let i = first; active && i < moment; i++) this.#mark(steps[i]);
    }
    this.#mark(active);
    this.#activeEdges.clear();
    if (active)
      for (const flow of active.leaving ?? []) this.#activeEdges.add(pair(active.node, flow.target));
    this.#active = active;
    this.#moment = moment;
  }

  #mark(step: wire.Step | null | undefined): void {
    if (!step) return;
    this.#doneNodes.add(step.node);
    for (const flow of step.leaving ?? []) this.#doneEdges.add(pair(step.node, flow.target));
  }

  get active(): wire.Step | null {
    return this.#active;
  }

  get doneNodes(): ReadonlySet<number> {
    return this.#doneNodes;
  }

  /** Whether a gradient has gone (or goes just now) from the edge's target back to its source. */
  edge(edge: GEdge): "active" | "done" | null {
    const key = pair(edge.target.id, edge.source.id);
    return this.#activeEdges.has(key) ? "active" : this.#doneEdges.has(key) ? "done" : null;
  }

  /** The gradient of the node's first output as of this moment: of this pass, or what a leaf has accumulated so far. */
  grad(node: GNode): wire.Values | null {
    const list = this.#byNode.get(node.id);
    if (!list || this.#moment === -1) return null;
    const end = this.#moment === -2 ? this.model.steps.length : this.#moment + 1;
    for (let i = list.length - 1; i >= 0; i--) {
      const at = list[i] ?? 0;
      if (at >= end) continue;
      const step = this.model.steps[at];
      if (!step) return null;
      if (step.accumulated) return step.accumulated;
      if (this.#active && step.call !== this.#active.call) return null;
      const grad = step.entering?.find((values) => values !== null);
      if (grad) return grad;
    }
    return null;
  }
}
