/** What a block and a wire show of a run at a moment. */
import { type Now, sum } from "../moment";
import { brief } from "../numbers";
import type * as wire from "../protocol.gen";
import type { Made, Match } from "./match";
import type { Recorded } from "./recorded";

/** What a block shows of a run at a moment. */
export interface Live {
  readonly node: number;
  /** Null where the operation failed. */
  readonly value: wire.Values | null;
  readonly grad: wire.Values | null;
  readonly dtype: string;
  /** The run stands here. */
  readonly active: boolean;
  readonly failed: boolean;
  /** A gradient can come. */
  readonly wantsGrad: boolean;
  readonly weights: readonly Weight[];
}

/** A parameter of a layer. */
export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly value: string;
  readonly grad: string;
}

/** The last of what was made that exists at the moment. */
export function latest(made: readonly Made[] = [], now: Now): Made | undefined {
  let [low, high] = [0, made.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (now.isComputed(made[middle]?.node.id ?? 0)) low = middle + 1;
    else high = middle;
  }
  return made[low - 1];
}

export function liveOf({ made, members, parameters }: Match, now: Now, output = 0): Live | null {
  const one = latest(made[output], now);
  const tensor = one && now.value(one.node.id, one.output);
  if (!one || (!tensor && !one.node.failed)) return null;
  const { id, kind, failed } = one.node;
  return {
    node: id,
    value: tensor?.value ?? null,
    grad: gradOf(one, now),
    dtype: tensor?.dtype ?? "",
    active: now.active !== null && (members.has(now.active) || (kind !== "op" && now.active === id)),
    failed: Boolean(failed),
    wantsGrad: tensor?.requires_grad ?? false,
    weights: parameters.flatMap(([name, node]) => {
      const weight = now.value(node.id);
      if (!weight) return [];
      const grad = gradOf({ node, output: 0 }, now);
      return [{ name, shape: weight.shape, value: brief(weight.value), grad: grad ? brief(grad) : "" }];
    }),
  };
}

/** The gradient of a tensor: of one that the program made itself, what has been added up. */
export function gradOf({ node, output }: Made, now: Now): wire.Values | null {
  return (node.kind === "op" ? null : now.accumulated(node.id)) ?? now.grad(node.id, output);
}

/** What flows through a wire at a moment: the value, and the gradient that the reader sent back to its source. */
export interface Flowing {
  readonly value: string;
  readonly grad: string;
  /** What reads it goes on without a gradient that its source wants. */
  readonly cut: boolean;
}

/** So many reads of a tensor are looked through for those of one block at a moment. */
const READS = 64;

export function flowing(
  source: Match | undefined,
  target: Match | undefined,
  output: number,
  now: Now,
  run: Recorded,
  /** What the reader does not send on, but is itself: a result, an optimizer's loss. */
  end = false,
): Flowing | null {
  const from = latest(source?.made[output], now);
  const tensor = from && now.value(from.node.id, from.output);
  if (!from || !tensor) return null;
  const { id } = from.node;
  const present = from.output === 0 ? (now.present(id)?.id ?? id) : id;
  const reads = (present === id ? run.readersOf(id) : [...run.readersOf(id), ...run.readersOf(present)])
    .filter((edge) => (edge.output ?? 0) === from.output && target?.members.has(edge.target))
    .filter((edge) => now.isComputed(edge.target))
    .slice(-READS);
  const sent = [...new Set(reads.map((edge) => edge.target))].flatMap((to) =>
    [...new Set([id, present])].flatMap((of) =>
      now.sent(to, of).flatMap((flow) => ((flow.output ?? 0) === from.output ? [flow.grad] : [])),
    ),
  );
  const same = target?.made[0] !== undefined && latest(target.made[0], now)?.node === from.node;
  const grad = sum(sent) ?? (end || same ? gradOf(from, now) : null);
  return {
    value: brief(tensor.value, tensor.dtype),
    grad: grad ? brief(grad) : "",
    cut: reads.at(-1)?.cut ?? false,
  };
}
