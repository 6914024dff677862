/**
 * The run as a row of moments, in the order in which they happened: each forward operation, each backward step, each
 * parameter that an optimizer updated, each `.grad` that was set back.
 */
import type * as wire from "../../protocol.gen";

/** What of a recording tells when something happened. */
export interface Recorded {
  readonly nodes: readonly wire.Node[];
  readonly scopes: readonly wire.Scope[];
  readonly steps: readonly wire.Step[];
  readonly clears: readonly wire.Clear[];
}

export interface Moment {
  readonly kind: "forward" | "backward" | "optimizer" | "clear";
  /** The operation; the node whose derivative runs; the update; the leaf whose `.grad` is set back. */
  readonly node: number;
  /** Its place among the nodes, the steps or the clears of the recording. */
  readonly at: number;
  /** It is the n-th of its kind, from 1. */
  readonly nth: number;
  /** Nodes with smaller ids exist by now. */
  readonly nodes: number;
  /** How many backward steps have run by now. */
  readonly steps: number;
  /** How many times a `.grad` was set back by now. */
  readonly clears: number;
}

/** A stretch of the run as a person sees it. A `step` is an optimizer's, with the clearing before or after it. */
export interface Part {
  readonly kind: "forward" | "backward" | "step";
  /** Moments `from` up to but not including `to`. */
  readonly from: number;
  readonly to: number;
}

const LIST = { forward: "nodes", optimizer: "nodes", backward: "steps", clear: "clears" } as const;
const START: Moment = { kind: "forward", node: -1, at: -1, nth: 0, nodes: 0, steps: 0, clears: 0 };

/** The moments of one run; `extend` takes in what has been recorded since, at the cost of what is new. */
export class Moments {
  readonly all: Moment[] = [];
  /** How many of each kind there are. */
  readonly counts: Record<Moment["kind"], number> = { forward: 0, backward: 0, optimizer: 0, clear: 0 };
  #nodes: readonly wire.Node[] = [];
  #steps: readonly wire.Step[] = [];
  #clears: readonly wire.Clear[] = [];
  #scopes: readonly wire.Scope[] = [];
  /** How much of each list has been taken in. */
  #taken = { nodes: 0, steps: 0, clears: 0, scopes: 0 };
  #optimizers = new Set<number>();
  #parts: readonly Part[] | null = null;

  constructor(recorded?: Recorded) {
    if (recorded) this.extend(recorded);
  }

  /** `recorded` begins with what the last one held. */
  extend(recorded: Recorded): void {
    const { nodes, steps, clears, scopes } = recorded;
    this.#nodes = nodes;
    this.#steps = withOrder(nodes, steps);
    this.#clears = clears;
    this.#scopes = scopes;
    for (; this.#taken.scopes < scopes.length; this.#taken.scopes++) {
      const scope = this.#scopes[this.#taken.scopes];
      if (scope?.kind === "optimizer") this.#optimizers.add(scope.id);
    }
    this.#giveBack();
    this.#merge();
    this.#parts = null;
  }

  /** Moments that belong after what is new are taken in again behind it. */
  #giveBack(): void {
    const taken = this.#taken;
    const step = this.#steps[taken.steps];
    const clear = this.#clears[taken.clears];
    const node = this.#nodes[taken.nodes];
    const known = taken.steps;
    const isLate = ({ kind, at, nodes }: Moment): boolean => {
      if (kind === "forward" || kind === "optimizer")
        return Boolean((step && nodes > (step.after ?? 0)) || (clear && nodes > (clear.after ?? 0)));
      if (node && nodes > node.id) return true;
      if (kind === "backward") return Boolean(clear && at >= (clear.step ?? 0));
      return Boolean(step && (this.#clears[at]?.step ?? 0) > known);
    };
    for (let last = this.all.at(-1); last && isLate(last); last = this.all.at(-1)) {
      this.all.pop();
      this.counts[last.kind]--;
      taken[LIST[last.kind]] = last.at;
    }
  }

  #merge(): void {
    const [nodes, steps, clears, taken] = [this.#nodes, this.#steps, this.#clears, this.#taken];
    for (;;) {
      const node = nodes[taken.nodes];
      const before = (after = 0) => !node || after <= node.id;
      const step = steps[taken.steps];
      const clear = clears[taken.clears];
      if (clear && before(clear.after) && (!step || (clear.step ?? 0) <= taken.steps)) {
        this.#add("clear", clear.node, taken.clears++, clear.after);
      } else if (step && before(step.after)) this.#add("backward", step.node, taken.steps++, step.after);
      else if (node) {
        const at = taken.nodes++;
        // A tensor whose making was not seen is there when it is first used.
        if (!node.op) continue;
        const updates = node.flags?.includes("inplace") && this.#optimizers.has(node.scope ?? 0);
        this.#add(updates ? "optimizer" : "forward", node.id, at, node.id + 1);
      } else return;
    }
  }

  #add(kind: Moment["kind"], node: number, at: number, after = 0): void {
    const last = this.all.at(-1) ?? START;
    const { steps, clears } = this.#taken;
    this.all.push({
      kind,
      node,
      at,
      nth: ++this.counts[kind],
      nodes: Math.max(last.nodes, after),
      steps,
      clears,
    });
  }

  /** What a backward pass runs forward in between (hooks, checkpoints, gradients of gradients) belongs to the pass. */
  get parts(): readonly Part[] {
    if (this.#parts) return this.#parts;
    const parts: { kind: Part["kind"]; from: number; to: number; call: number }[] = [];
    const passes = new Map<number, number>();
    for (const [i, { kind, at }] of this.all.entries()) {
      const call = kind === "backward" ? (this.#steps[at]?.call ?? 0) : -1;
      const pass = passes.get(call);
      const last = parts.at(-1);
      const name = kind === "optimizer" || kind === "clear" ? "step" : kind;
      const open = pass === undefined ? undefined : parts[pass];
      if (pass !== undefined && open && parts.slice(pass + 1).every((part) => part.kind !== "step")) {
        parts.length = pass + 1;
        open.to = i + 1;
      } else if (last?.kind === name && name !== "backward") last.to = i + 1;
      else {
        if (call >= 0) passes.set(call, parts.length);
        parts.push({ kind: name, from: i, to: i + 1, call });
      }
    }
    this.#parts = parts.map(({ kind, from, to }) => ({ kind, from, to }));
    return this.#parts;
  }

  /** Which part a moment belongs to. */
  partAt(time: number): number {
    const { parts } = this;
    let [low, high] = [0, parts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((parts[middle]?.from ?? 0) <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** `op 14 / 31: mul → z`, `backward 3 / 9: MulBackward0`, `SGD.step: weight`, `weight.grad = None`. */
  label(time: number): string {
    const moment = this.all[time];
    if (!moment) return "";
    if (moment.kind === "backward") {
      const part = this.parts[this.partAt(time)];
      const first = this.all[part?.from ?? 0]?.at ?? 0;
      const last = this.all[(part?.to ?? 1) - 1]?.steps ?? 0;
      const step = this.#steps[moment.at];
      return `backward ${count(moment.at - first + 1)} / ${count(last - first)}: ${step?.name ?? ""}`;
    }
    if (moment.kind === "clear") {
      const to = this.#clears[moment.at]?.to === "zero" ? "0" : "None";
      return `${this.#nameOf(moment.node) || "tensor"}.grad = ${to}`;
    }
    const node = this.#nodes[moment.at];
    const name = node?.outputs.find((output) => output.name)?.name ?? "";
    const op = node?.op.replace(/^aten::/, "") ?? "";
    if (moment.kind === "optimizer") return name ? `${op}: ${name}` : op;
    const place = `op ${count(moment.nth)} / ${count(this.counts.forward)}`;
    return `${place}: ${node?.failed ? `${op} failed` : name ? `${op} → ${name}` : op}`;
  }

  #nameOf(id: number): string {
    let [low, high] = [0, this.#nodes.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#nodes[middle]?.id ?? 0) < id) low = middle + 1;
      else high = middle;
    }
    const node = this.#nodes[low];
    return (node?.id === id && node.outputs[0]?.name) || "";
  }
}

const COUNT = new Intl.NumberFormat("en-US");
const count = (n: number) => COUNT.format(n);

/**
 * Recordings kept from before steps told their place say nothing of it: a pass is then placed after the last operation
 * that it goes through.
 */
function withOrder(nodes: readonly wire.Node[], steps: readonly wire.Step[]): readonly wire.Step[] {
  if (nodes.length === 0 || steps.length === 0 || steps[0]?.after) return steps;
  const last = new Map<number, number>();
  let least = 0;
  for (const { call, node } of steps) {
    least = Math.max(last.get(call) ?? 0, node + 1, least);
    last.set(call, least);
  }
  return steps.map((step) => ({ ...step, after: last.get(step.call) ?? 0 }));
}
