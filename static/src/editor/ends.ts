/** What each line of a run had made by a moment: what stands at its end. */
import { indexOf, nameOf } from "../derive";
import type { Now } from "../moment";
import { brief, formatCount, formatShape, plural } from "../numbers";
import type * as wire from "../protocol.gen";

/** What one line made. */
export interface LineResult {
  readonly line: number;
  readonly node: number;
  readonly name: string;
  readonly shape: string;
  readonly value: string;
  readonly grad: string;
  /** `12/1000`: the iteration of the moment; `×1000` at the end of the run; empty for what happened once. */
  readonly times: string;
  readonly title: string;
}

/** What a line's end shows, by identity: as long as all of it is the same, so is the text. */
interface Shown {
  readonly node: wire.Node;
  readonly tensor: wire.TensorInfo;
  readonly grad: wire.Values | null;
  readonly times: string;
  readonly result: LineResult;
}

/** Gives the line ends of one moment after the other, writing anew only those that changed. */
export class Ends {
  #shown = new Map<number, Shown>();

  /** By line; the same map if nothing has changed. */
  at(now: Now): ReadonlyMap<number, LineResult> {
    const next = new Map<number, Shown>();
    for (const [line, made] of indexOf(now.graph).made) {
      const count = firstAhead(made, now);
      const node = made[count - 1];
      const tensor = node && now.value(node.id);
      if (!node || !tensor) continue;
      const leaf = node.kind !== "op";
      const grad = (leaf ? now.accumulated(node.id) : null) ?? now.grad(node.id);
      const times = timesOf(now, node, count, made.length);
      const before = this.#shown.get(line);
      const same =
        before?.node === node && before.tensor === tensor && before.grad === grad && before.times === times;
      next.set(
        line,
        same ? before : { node, tensor, grad, times, result: write(line, node, tensor, grad, times) },
      );
    }
    const changed =
      next.size !== this.#shown.size || [...next].some(([line, one]) => this.#shown.get(line) !== one);
    if (changed) {
      this.#shown = next;
      this.#results = new Map([...next].map(([line, one]) => [line, one.result]));
    }
    return this.#results;
  }

  #results: ReadonlyMap<number, LineResult> = new Map();
}

/** How many of the nodes, which are in the order in which they were made, exist by now. */
function firstAhead(nodes: readonly wire.Node[], now: Now): number {
  let [low, high] = [0, nodes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (now.isComputed(nodes[middle]?.id ?? 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function timesOf(now: Now, node: wire.Node, count: number, total: number): string {
  if (total < 2) return "";
  if (now.time === null) return `×${formatCount(total)}`;
  const loop = now.iterationsOf(node.id).at(-1);
  const [at, of] = loop ? [loop.index + 1, loop.of] : [count, total];
  return `${formatCount(at)}/${formatCount(of)}`;
}

function write(
  line: number,
  node: wire.Node,
  tensor: wire.TensorInfo,
  grad: wire.Values | null,
  times: string,
): LineResult {
  const shape = formatShape(tensor.shape);
  const often = times.startsWith("×")
    ? `, the last of ${plural(Number(times.slice(1).replace(/,/g, "")), "time")}`
    : times && `, iteration ${times}`;
  return {
    line,
    node: node.id,
    name: tensor.name ?? "",
    shape: tensor.shape.length ? shape : "",
    value: brief(tensor.value, tensor.dtype),
    grad: grad ? brief(grad) : "",
    times,
    title: `${nameOf(node)}: ${tensor.dtype} of shape ${shape}${often}${
      grad ? "; ∇ is the gradient that reached it" : ""
    }`,
  };
}
