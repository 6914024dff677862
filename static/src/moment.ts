/**
 * What is known at one moment of a run: which tensors exist, their values and gradients, where the run stands.
 *
 * `stateAt(graph, time)` gives it for the moment with that index, or for the end of the run. It answers each question by a
 * binary search in lists that grow with the recording, so a jump costs what a step costs.
 */
import { type Moment, Moments } from "./graph/timeline/moments";
import { toNumber } from "./numbers";
import type * as wire from "./protocol.gen";
import type { Recording } from "./run";

/** A gradient that a backward node sent to a tensor. */
export interface Contribution {
  /** The node whose derivative sent it. */
  readonly from: number;
  readonly name: string;
  /** Which tensor of the receiver it is for. */
  readonly output: number;
  readonly grad: wire.Values;
  /** Position of the step that sent it. */
  readonly step: number;
}

/** Where in the loops of the program something is, from the outside in. */
export interface Iteration {
  /** The loop's head: `for x in xs`. */
  readonly loop: string;
  readonly line: number;
  /** From 0. */
  readonly index: number;
  /** How many iterations have been recorded. */
  readonly of: number;
}

/** The lists behind the questions; one for each run, extended as it is recorded. */
class Story {
  readonly moments = new Moments();
  readonly node = new Map<number, wire.Node>();
  readonly scope = new Map<number, wire.Scope>();
  /** Positions of a node's steps. */
  readonly stepsOf = new Map<number, number[]>();
  readonly sentTo = new Map<number, Contribution[]>();
  /** Of a tensor that was there before: the nodes that changed it as a whole, in order. */
  readonly writesTo = new Map<number, number[]>();
  /** Of such a node: the tensor it changed. */
  readonly rootOf = new Map<number, number>();
  readonly clearsOf = new Map<number, number[]>();
  readonly iterations = new Map<number, number>();
  graph: Recording = { nodes: [], edges: [], scopes: [], steps: [], clears: [], omitted: 0 };

  /** Whether `graph` is this one, grown or not. */
  fits(graph: Recording): boolean {
    const begins = (now: readonly unknown[], before: readonly unknown[]) =>
      now.length < before.length
        ? now.length === 0 || now.at(-1) === before[now.length - 1]
        : before.length === 0 || now[before.length - 1] === before.at(-1);
    return (
      begins(graph.nodes, this.graph.nodes) &&
      begins(graph.steps, this.graph.steps) &&
      begins(graph.edges, this.graph.edges) &&
      begins(graph.clears, this.graph.clears)
    );
  }

  extend(graph: Recording): void {
    const before = this.graph;
    if (sizeOf(graph) <= sizeOf(before)) return;
    this.graph = graph;
    this.moments.extend(graph);
    for (const scope of since(graph.scopes, before.scopes)) {
      this.scope.set(scope.id, scope);
      if (scope.kind !== "iteration") continue;
      this.iterations.set(
        scope.parent,
        Math.max(this.iterations.get(scope.parent) ?? 0, (scope.index ?? 0) + 1),
      );
    }
    for (const node of since(graph.nodes, before.nodes)) this.node.set(node.id, node);
    for (const edge of since(graph.edges, before.edges)) this.#noteWrite(edge);
    for (let i = before.steps.length; i < graph.steps.length; i++) {
      const step = graph.steps[i];
      if (step) this.#noteStep(step, i);
    }
    for (let i = before.clears.length; i < graph.clears.length; i++) {
      const leaf = graph.clears[i]?.node;
      if (leaf !== undefined) push(this.clearsOf, leaf, i);
    }
  }

  /** An operation in place whose first argument is such a tensor, or an earlier change of it, is its next value. */
  #noteWrite({ source, target, input = 0 }: wire.Edge): void {
    const node = this.node.get(target);
    if (input !== 0 || !node?.flags?.includes("inplace") || this.rootOf.has(target)) return;
    const from = this.node.get(source);
    const root = this.rootOf.get(source) ?? (from && from.kind !== "op" ? source : undefined);
    if (root === undefined) return;
    this.rootOf.set(target, root);
    push(this.writesTo, root, target);
  }

  #noteStep(step: wire.Step, i: number): void {
    push(this.stepsOf, step.node, i);
    for (const { target, output = 0, grad } of step.leaving ?? []) {
      const sent = { from: step.node, name: step.name, output, grad, step: i };
      push(this.sentTo, target, sent);
      const leaf = this.leafOf(target);
      if (leaf !== target) push(this.sentTo, leaf, sent);
    }
  }

  /** The leaf that a node is a later value of, as gradients arrive there; otherwise the node itself. */
  leafOf(id: number): number {
    const root = this.rootOf.get(id);
    return root === undefined || this.node.get(id)?.grad_fn ? id : root;
  }

  iterationsOf(node: wire.Node | undefined): Iteration[] {
    const found: Iteration[] = [];
    let scope = this.scope.get(node?.scope ?? 0);
    for (let depth = 0; scope && depth < 100; depth++, scope = this.scope.get(scope.parent)) {
      const loop = scope.kind === "iteration" ? this.scope.get(scope.parent) : undefined;
      if (!loop) continue;
      const { name, line = 0 } = loop;
      found.unshift({ loop: name, line, index: scope.index ?? 0, of: this.iterations.get(loop.id) ?? 1 });
    }
    return found;
  }
}

function sizeOf({ nodes, edges, scopes, steps, clears }: Recording): number {
  return nodes.length + edges.length + scopes.length + steps.length + clears.length;
}

/** What stands in `list` behind the end of what it was before. */
function* since<T>(list: readonly T[], before: readonly T[]): Generator<T> {
  for (let i = before.length; i < list.length; i++) yield list[i] as T;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

/** How many entries of a sorted list are less than `limit`. */
function belowBy<T>(list: readonly T[], limit: number, by: (one: T) => number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (by(list[middle] as T) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

const itself = (x: number) => x;
const below = (list: readonly number[] = [], limit: number) => belowBy(list, limit, itself);

const NO_GRAD: readonly Contribution[] = [];

/** One moment of a run. */
export class Now {
  /** Nodes with smaller ids exist. */
  readonly nodes: number;
  /** How many backward steps have run. */
  readonly steps: number;
  readonly clears: number;
  /** The backward pass that runs, or ran last; -1 if none has. */
  readonly call: number;
  readonly moment: Moment | null;
  /** The backward step that runs. */
  readonly step: wire.Step | null;
  /** A backward pass runs: only its own gradients are shown. */
  readonly inPass: boolean;

  constructor(
    private readonly story: Story,
    readonly graph: Recording,
    /** Index of the moment; null is the end of the run. */
    readonly time: number | null,
  ) {
    this.moment = time === null ? null : (story.moments.all[time] ?? null);
    this.nodes = this.moment?.nodes ?? Number.POSITIVE_INFINITY;
    this.steps = this.moment?.steps ?? graph.steps.length;
    this.clears = this.moment?.clears ?? graph.clears.length;
    this.call = graph.steps[this.steps - 1]?.call ?? -1;
    this.step = this.moment?.kind === "backward" ? (graph.steps[this.moment.at] ?? null) : null;
    const next = graph.steps[this.steps];
    // Also while the pass runs something forward: a hook, a checkpoint, the gradient of a gradient.
    this.inPass =
      this.moment !== null && (this.step !== null || (this.call >= 0 && next?.call === this.call));
  }

  get moments(): Moments {
    return this.story.moments;
  }

  get clear(): wire.Clear | null {
    return this.moment?.kind === "clear" ? (this.graph.clears[this.moment.at] ?? null) : null;
  }

  /** The node where the run stands, or null at the end. */
  get active(): number | null {
    return this.moment?.node ?? null;
  }

  /** The line of the program where that node was made; 0 if it is not known. */
  get line(): number {
    return this.moment ? (this.nodeOf(this.moment.node)?.place?.line ?? 0) : 0;
  }

  /** The line that the program executes: that of `backward()` or of `zero_grad()`, if it is not the node's own. */
  get running(): number {
    return this.step?.line || this.clear?.line || this.line;
  }

  /** The loops around the node where the run stands. */
  get iterations(): readonly Iteration[] {
    return this.moment ? this.iterationsOf(this.moment.node) : [];
  }

  iterationsOf(id: number): readonly Iteration[] {
    return this.story.iterationsOf(this.nodeOf(id));
  }

  nodeOf(id: number): wire.Node | undefined {
    return this.story.node.get(id);
  }

  isComputed(id: number): boolean {
    return id < this.nodes;
  }

  /** The tensor, there before, that this node gave a later value: a leaf that an optimizer has updated. Else the node. */
  leafOf(id: number): number {
    return this.story.leafOf(id);
  }

  /**
   * The node that holds the present value: for a tensor that was changed in place since, the last that changed it. With
   * `nodes`, the one that held it when there were so many nodes.
   */
  present(id: number, nodes = this.nodes): wire.Node | undefined {
    const writes = this.story.writesTo.get(id);
    const last = writes?.[below(writes, nodes) - 1];
    return this.nodeOf(last ?? id);
  }

  /** The present value of one of a node's tensors, or null if it has not been computed yet. */
  value(id: number, output = 0): wire.TensorInfo | null {
    if (!this.isComputed(id)) return null;
    return (output === 0 ? this.present(id) : this.nodeOf(id))?.outputs[output] ?? null;
  }

  /** Where the next value of a tensor replaces this one; later gradients are not this value's. */
  private range(id: number): [number, number] {
    const root = this.story.rootOf.get(id);
    if (root === undefined || this.story.leafOf(id) === id) return [-1, Number.POSITIVE_INFINITY];
    const writes = this.story.writesTo.get(root) ?? [];
    return [id, writes[below(writes, id + 1)] ?? Number.POSITIVE_INFINITY];
  }

  /** The node's last step that counts at this moment, as a position, or -1. */
  private lastStep(id: number): number {
    const list = this.story.stepsOf.get(this.leafOf(id));
    const [from, to] = this.range(id);
    for (let i = below(list, this.steps) - 1; list && i >= 0; i--) {
      const at = list[i] ?? -1;
      const step = this.graph.steps[at];
      if (this.inPass && step?.call !== this.call) return -1;
      const after = step?.after ?? 0;
      if (after <= to && after > from) return at;
      if (after <= from) return -1;
    }
    return -1;
  }

  /**
   * The gradient of one of a node's tensors: while a backward pass runs, that of this pass, else the last that reached it.
   * Until the node itself runs, it is the sum of what has arrived; null if nothing has, or if that is not known.
   */
  grad(id: number, output?: number): wire.Values | null {
    const at = this.lastStep(id);
    const entering = this.graph.steps[at]?.entering ?? [];
    const known = output === undefined ? entering.find((values) => values !== null) : entering[output];
    if (known) return known;
    const arrived = at < 0 && this.inPass ? this.contributions(id, output) : NO_GRAD;
    return sumOf(arrived);
  }

  /** Which backward pass the gradient of a node is of. */
  callOf(id: number): number {
    return this.graph.steps[this.lastStep(id)]?.call ?? this.call;
  }

  /** What the present (or last) pass has sent to a node's tensor by now, in the order it came. */
  contributions(id: number, output?: number): readonly Contribution[] {
    const all = this.story.sentTo.get(id);
    if (!all) return NO_GRAD;
    const call = this.inPass ? this.call : this.callOf(id);
    const end = belowBy(all, this.steps, (one) => one.step);
    const found: Contribution[] = [];
    for (let i = end - 1; i >= 0; i--) {
      const one = all[i];
      const of = one && this.graph.steps[one.step]?.call;
      if (!one || of === undefined || of < call) break;
      if (of === call && (output === undefined || one.output === output)) found.unshift(one);
    }
    const first = found[0]?.output;
    return output === undefined ? found.filter((one) => one.output === first) : found;
  }

  /** What the step of `target` in this pass sent to `source`, as soon as it has run. */
  sent(target: number, source: number): readonly wire.GradFlow[] {
    const at = this.lastStep(target);
    const step = this.graph.steps[at];
    return step && step.call === this.call
      ? (step.leaving ?? []).filter((flow) => flow.target === source)
      : [];
  }

  /** Whether the node's derivative has run in the pass of this moment. */
  isDone(id: number): boolean {
    return this.inPass && this.lastStep(id) >= 0;
  }

  /** `.grad` of a leaf, or of a tensor that retains it: null while it is None. */
  accumulated(id: number): wire.Values | null {
    const leaf = this.leafOf(id);
    if (leaf !== id && this.present(leaf)?.id === id) return this.accumulated(leaf);
    const list = this.story.stepsOf.get(leaf);
    const [from, to] = this.range(id);
    const cleared = leaf === id ? this.lastClear(id) : undefined;
    for (let i = below(list, this.steps) - 1; list && i >= 0; i--) {
      const at = list[i] ?? 0;
      if (cleared && (cleared.step ?? 0) > at) break;
      const step = this.graph.steps[at];
      if (!step?.accumulated || (step.after ?? 0) > to) continue;
      return (step.after ?? 0) > from ? step.accumulated : null;
    }
    const tensor = cleared?.to === "zero" ? this.nodeOf(id)?.outputs[0] : undefined;
    return cleared && tensor ? once(cleared, () => zeros(tensor.value)) : null;
  }

  /** When `.grad` of a leaf was last set back. */
  private lastClear(id: number): wire.Clear | undefined {
    const clears = this.story.clearsOf.get(id);
    return this.graph.clears[clears?.[below(clears, this.clears) - 1] ?? -1];
  }

  /** How many gradients `.grad` is the sum of. */
  accumulations(id: number): number {
    const list = this.story.stepsOf.get(id);
    return below(list, this.steps) - below(list, this.lastClear(id)?.step ?? 0);
  }

  /** How many steps of the leaf the optimizer, or the program in place, has made by now. */
  updates(id: number): number {
    return below(this.story.writesTo.get(id), this.nodes);
  }
}

/** What was worked out of other values stays the same object, so that what shows it knows that nothing changed. */
const worked = new WeakMap<object, wire.Values | null>();

function once(key: object, make: () => wire.Values | null): wire.Values | null {
  let made = worked.get(key);
  if (made === undefined) {
    made = make();
    worked.set(key, made);
  }
  return made;
}

/** What has arrived, added up where its numbers are known. */
export function sumOf(arrived: readonly Contribution[]): wire.Values | null {
  const last = arrived.at(-1);
  return last ? once(last, () => sum(arrived.map((one) => one.grad))) : null;
}

function zeros({ numel, data = [] }: wire.Values): wire.Values {
  return { numel, data: data.map(() => 0), min: 0, max: 0, zeros: numel };
}

/** The sum of gradients of one shape, where all their numbers are known; otherwise null. One alone is itself. */
export function sum(parts: readonly wire.Values[]): wire.Values | null {
  const [first, ...rest] = parts;
  if (!first || rest.length === 0) return first ?? null;
  const numel = Math.max(...parts.map((one) => one.numel));
  if (parts.some((one) => one.numel !== numel || one.data?.length !== numel)) return null;
  const data = (first.data ?? []).map((_, i) =>
    parts.reduce((total, one) => total + toNumber(one.data?.[i] ?? 0), 0),
  );
  const mean = data.reduce((total, x) => total + x, 0) / (numel || 1);
  const spread = data.reduce((total, x) => total + (x - mean) ** 2, 0);
  const wireable = (x: number): wire.Number =>
    Number.isFinite(x) ? x : (String(x).replace("Infinity", "inf").toLowerCase() as "nan");
  return {
    numel,
    data: data.map(wireable),
    mean: wireable(mean),
    std: wireable(numel > 1 ? Math.sqrt(spread / (numel - 1)) : 0),
    min: wireable(Math.min(...data)),
    max: wireable(Math.max(...data)),
    norm: wireable(Math.hypot(...data)),
    zeros: data.filter((x) => x === 0).length,
    nonfinite: data.filter((x) => !Number.isFinite(x)).length,
  };
}

const stories = new WeakMap<object, Story>();
let last: Now | null = null;

function storyOf(graph: Recording): Story {
  const first = graph.nodes[0];
  let story = first && stories.get(first);
  if (!story?.fits(graph)) {
    story = new Story();
    if (first) stories.set(first, story);
  }
  story.extend(graph);
  return story;
}

/** The moments of a recording, in order. */
export function momentsOf(graph: Recording): Moments {
  return storyOf(graph).moments;
}

/** What is known at the moment with this index; null is the end of the run. Later moments than there are, are the end. */
export function stateAt(graph: Recording, time: number | null): Now {
  if (last?.graph === graph && last.time === time) return last;
  const story = storyOf(graph);
  last = new Now(story, graph, time !== null && time in story.moments.all ? time : null);
  return last;
}

/** The end of a run of which nothing is known. */
export const NOTHING: Now = new Now(
  new Story(),
  { nodes: [], edges: [], scopes: [], steps: [], clears: [], omitted: 0 },
  null,
);
