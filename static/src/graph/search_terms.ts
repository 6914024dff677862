/** The words of the search that mean something, with what each means, in the order in which the help lists them. */
import { toNumber } from "../numbers";
import type * as wire from "../protocol.gen";
import type { GNode } from "./model";
import type { Context } from "./search";

/** The numbers of a node that are compared: one for each of its tensors. */
type Measure = (node: GNode, context: Context) => number[];

const OF_VALUES: Record<string, (values: wire.Values) => number> = {
  norm: ({ norm = 0 }) => toNumber(norm),
  mean: ({ mean = 0 }) => toNumber(mean),
  std: ({ std = 0 }) => toNumber(std),
  min: ({ min = 0 }) => toNumber(min),
  max: ({ max = 0 }) => toNumber(max),
  zeros: ({ zeros = 0, numel }) => zeros / numel,
  nonfinite: ({ nonfinite = 0, numel }) => nonfinite / numel,
};

const OF_NODES: Record<string, Measure> = {
  saturated: (node) =>
    node.wire.outputs.slice(0, 1).map(({ value }) => (node.wire.saturated ?? 0) / value.numel),
  numel: (node) => node.wire.outputs.map(({ value }) => value.numel),
  dim: (node) => node.wire.outputs.map(({ shape }) => shape.length),
  version: (node) => node.wire.outputs.map(({ version = 0 }) => version),
  line: (node) => [node.line],
  consumers: (node) => [node.outs.length],
};

/** What `text` measures, or in a sentence why nothing. */
export function measures(text: string): Measure | string {
  const [what = "", which] = text.split(".", 2);
  if (what === "value" || what === "grad") {
    const one = OF_VALUES[which ?? ""];
    const all = Object.keys(OF_VALUES);
    if (!which) return `expected one number of ${what}, as in ${what}.norm or ${what}.max`;
    if (!one) return `${what} has ${all.slice(0, -1).join(", ")} and ${all.at(-1)}, not ${which}`;
    if (what === "value") return (node) => node.wire.outputs.map(({ value }) => one(value));
    return (node, context) => {
      const grad = context.grad(node);
      return grad ? [one(grad)] : [];
    };
  }
  return (
    OF_NODES[text] ??
    `${text} cannot be compared; what can be is value.max, grad.norm, ${Object.keys(OF_NODES).join(", ")}`
  );
}

export interface Special {
  readonly says: string;
  test(node: GNode): boolean;
}

/** Words that ask more than whether they are written somewhere. */
export const SPECIAL: Record<string, Special> = {
  cut: {
    says: "gradients stop here: detach, no_grad",
    test: (node) =>
      node.flags.has("detach") || node.flags.has("no_grad") || node.ins.some((edge) => edge.cut),
  },
  view: { says: "shares the memory of another tensor", test: (node) => node.flags.has("view") },
  inplace: { says: "wrote over its input", test: (node) => node.flags.has("inplace") },
  no_grad: { says: "made with gradients off", test: (node) => node.flags.has("no_grad") },
  leaf: { says: "a tensor that requires grad and was not computed", test: (node) => node.kind === "leaf" },
  parameter: { says: "a parameter of a module", test: (node) => node.kind === "parameter" },
  constant: { says: "a tensor that takes no gradient", test: (node) => node.kind === "constant" },
  nonfinite: { says: "has NaN or infinity", test: (node) => node.flags.has("nonfinite") },
  failed: { says: "raised an error", test: (node) => node.failed !== "" },
};
