/** A gradient of zeros: where it became zero, and what there makes it so. */
import { toNumber } from "../numbers";
import type * as wire from "../protocol.gen";
import { type Asked, answer, type Explanation, type Fix, fix, NO_PATH, type Path, type Said } from "./answer";
import { type Arrival, type Call, type Facts, sourceOf, together, wayBack } from "./facts";
import { DEAD, DEAD_LEAST } from "./thresholds";
import {
  atLine,
  capital,
  codeName,
  doing,
  enumerate,
  flatAt,
  isUniform,
  isZero,
  largest,
  lineOf,
  list,
  opOf,
  share,
  short,
  size,
  the,
} from "./words";

/** The operation whose derivative made zeros of a gradient on its way to `target`. */
interface Birth {
  readonly node: wire.Node;
  readonly target: number;
  readonly step: wire.Step;
  readonly input: wire.TensorInfo;
  readonly inputs: readonly { edge: wire.Edge; tensor: wire.TensorInfo }[];
  readonly entering: wire.Values;
}

type Reason = { readonly text: string; readonly fix?: Fix; readonly kind: string };

const empty = (values: wire.Values) => values.numel === 0;
const nothing = (values: wire.Values | null | undefined) => !values || empty(values) || isZero(values);

/** A gradient below this may come out as 0 when it is multiplied: the least float32 is 1.4e-45. */
const UNDERFLOW = 1e-15;

/** Walks from a tensor against the flow as long as nothing but zeros came, to where they were made. */
function trace(facts: Facts, call: Call, id: number) {
  const births: Birth[] = [];
  const sums: { node: number; arrivals: readonly Arrival[] }[] = [];
  const seen = new Set([id]);
  const roots: number[] = [];
  const queue = [id];
  for (let i = 0; i < queue.length; i++) {
    const at = queue[i] ?? 0;
    const arrivals = call.into.get(at) ?? [];
    if (arrivals.length === 0) roots.push(at);
    if (arrivals.some(({ grad }) => !nothing(grad))) {
      sums.push({ node: at, arrivals });
      continue;
    }
    for (const { step } of arrivals) {
      const entering = (step.entering ?? []).filter((one): one is wire.Values => one !== null);
      const node = facts.node(step.node);
      if (!node) continue;
      const [first] = entering;
      if (first && entering.every((one) => isZero(one))) {
        if (!seen.has(step.node)) queue.push(step.node);
        seen.add(step.node);
        continue;
      }
      const source = sourceOf(facts, at, step.node);
      const inputs = facts.inputs(step.node);
      const input = inputs.find(({ edge }) => edge.source === source)?.tensor;
      if (first && input && !births.some((one) => one.step === step && one.target === at))
        births.push({ node, target: at, step, input, inputs, entering: first });
    }
  }
  return { births, sums, roots };
}

/** The other factors of a product. */
function others(birth: Birth, facts: Facts) {
  return birth.inputs.filter(({ edge }) => facts.home(edge.source) !== birth.target);
}

function product(birth: Birth, facts: Facts): Reason | null {
  const zero = others(birth, facts).find(({ tensor }) => isZero(tensor.value));
  const here = doing(birth.node);
  if (zero) {
    const made = facts.node(zero.edge.source);
    const scope = facts.graph.scopes.find((one) => one.id === birth.node.scope);
    if (scope?.type?.startsWith("Dropout") || (!made?.op && !zero.tensor.name && made?.kind === "constant"))
      return {
        kind: "dropout",
        text: `${here} multiplies it by ${zero.tensor.name ? the(made) : "a mask"} of zeros only: everything was dropped`,
      };
    const weight = made?.kind === "parameter";
    return {
      kind: "times_zero",
      text: `${here} multiplies it by ${the(made)}, which is all zeros`,
      ...(weight && {
        fix: fix(
          "Begin with small random weights: with zeros nothing before them learns.",
          `torch.nn.init.normal_(${codeName(made)}, std=0.02)`,
        ),
      }),
    };
  }
  // A plain number is no tensor of the graph; that it is 0 is seen by what it makes of the value.
  const made = birth.node.outputs[0]?.value;
  if (birth.inputs.length === 1 && isZero(made) && !isZero(birth.input.value))
    return { kind: "times_zero", text: `${here} multiplies it by 0` };
  const name = others(birth, facts)[0];
  if (name && largest(birth.entering) > UNDERFLOW)
    return {
      kind: "times_zero",
      text: `${here} multiplies it by ${the(facts.node(name.edge.source))}, which is zero wherever a gradient arrives`,
    };
  return null;
}

function chosen(what: string): (birth: Birth) => Reason {
  return (birth) => ({ kind: "not_chosen", text: `${doing(birth.node)} ${what}` });
}

function stepFunction(birth: Birth): Reason {
  return {
    kind: "step_function",
    text: `${doing(birth.node)} is a step function: its derivative is 0 everywhere`,
    fix: fix("To let the gradient pass as if it were not there (straight-through):", straight(birth)),
  };
}

function straight(birth: Birth): string {
  const name = codeName({ ...birth.node, outputs: [birth.input] });
  return `${name} + (torch.${opOf(birth.node)}(${name}) - ${name}).detach()`;
}

function relu(birth: Birth): Reason {
  const { value } = birth.input;
  const off = flatAt(birth.node);
  const here = doing(birth.node);
  const help = fix(
    "Try a leaky ReLU, a smaller learning rate, or weights and biases that begin elsewhere.",
    "torch.nn.LeakyReLU()",
  );
  if (toNumber(value.max ?? 0) <= 0)
    return {
      kind: "dead_relu",
      text: `${here} is switched off: ${value.numel === 1 ? "its input is" : `${share(value.numel, value.numel)} of its input are`} negative or zero, where its derivative is 0`,
      fix: help,
    };
  return {
    kind: "dead_relu",
    text: `${here} is switched off wherever a gradient arrives: its derivative is 0 at ${share(off, value.numel)}`,
    fix: help,
  };
}

function flat(birth: Birth): Reason {
  const { value } = birth.input;
  const [lo, hi] = [toNumber(value.min ?? 0), toNumber(value.max ?? 0)];
  const range = lo === hi ? `is ${short(lo)}` : `lies between ${short(lo)} and ${short(hi)}`;
  return {
    kind: "saturated",
    text: `${doing(birth.node)} is saturated: its input ${range}, where the curve is flat`,
    fix: fix(
      "Keep its inputs small: smaller weights, normalised data, or a loss that takes the logits themselves.",
    ),
  };
}

function softmax(birth: Birth): Reason {
  if (isUniform(birth.entering))
    return {
      kind: "constant",
      text: `the results of ${doing(birth.node)} always add up to 1, and what follows only uses their sum`,
      fix: fix("Let the loss depend on the single probabilities, not on their sum."),
    };
  return {
    kind: "saturated",
    text: `${doing(birth.node)} is saturated: one of its results is 1 and the others are 0, as far as ${birth.input.dtype} can tell`,
    fix: fix(
      "Keep its inputs small, or use a loss that takes the logits themselves.",
      "torch.nn.functional.cross_entropy(logits, target)",
    ),
  };
}

function clamped(birth: Birth): Reason {
  const { value } = birth.input;
  const n = birth.node.saturated || value.numel;
  return {
    kind: "clamped",
    text: `${doing(birth.node)} holds ${share(Math.min(n, value.numel), value.numel)} at a bound, and there its derivative is 0`,
    fix: fix("Widen the bounds, or clamp only what is shown and not what is differentiated."),
  };
}

function power(birth: Birth): Reason | null {
  if (!isZero(birth.input.value)) return null;
  const made = doing(birth.node);
  return { kind: "at_minimum", text: `${made} has a derivative of 0 at 0, and its input is all zeros` };
}

function parts(birth: Birth): Reason {
  return {
    kind: "not_chosen",
    text: `what comes after ${doing(birth.node)} uses only the part of its result that comes from elsewhere`,
  };
}

function index(birth: Birth): Reason {
  if (empty(birth.entering))
    return { kind: "not_chosen", text: `${doing(birth.node)} picks no element at all` };
  return { kind: "not_chosen", text: `${doing(birth.node)} picks other elements` };
}

const normalised = (birth: Birth): Reason | null =>
  isUniform(birth.entering)
    ? {
        kind: "constant",
        text: `the results of ${doing(birth.node)} always have the same sum, and what follows only uses that`,
      }
    : null;

const each = <T>(names: string, value: T): Record<string, T> =>
  Object.fromEntries(names.split(" ").map((name) => [name, value]));

/** What makes a gradient zero, by operation. What is not here gets the sentence that is true of all. */
const REASONS: Readonly<Record<string, (birth: Birth, facts: Facts) => Reason | null>> = {
  ...each("relu relu6 threshold leaky_relu rrelu elu selu celu", relu),
  ...each(
    "sigmoid tanh hardtanh hardsigmoid hardswish erf softsign log_sigmoid logsigmoid silu gelu mish softplus",
    flat,
  ),
  ...each("softmax", softmax),
  ...each("layer_norm native_layer_norm batch_norm native_batch_norm group_norm", normalised),
  ...each(
    "mul mm bmm mv matmul addmm addmv baddbmm dot linear convolution conv1d conv2d conv3d einsum",
    product,
  ),
  ...each("clamp clamp_min clamp_max clip", clamped),
  ...each("sign round floor ceil trunc heaviside fix sgn frac_", stepFunction),
  ...each(
    "max min amax amin maximum minimum fmax fmin median topk kthvalue mode cummax cummin max_pool2d max_pool1d",
    chosen("chose other elements"),
  ),
  ...each("where", chosen("chose the other branch everywhere")),
  ...each("masked_fill masked_scatter scatter index_fill index_put fill copy", chosen("overwrote all of it")),
  ...each(
    "index select slice gather index_select narrow masked_select take diagonal split chunk unbind triu tril",
    index,
  ),
  ...each("cat stack hstack vstack concat constant_pad_nd", parts),
  ...each("pow square norm linalg_vector_norm mse_loss smooth_l1_loss huber_loss", power),
};

function reasonOf(birth: Birth, facts: Facts): Reason {
  const known = REASONS[opOf(birth.node)]?.(birth, facts);
  if (known) return known;
  if (largest(birth.entering) < UNDERFLOW)
    return {
      kind: "underflow",
      text: `the gradient that came to ${doing(birth.node)}, of norm ${size(birth.entering)}, got too small for ${birth.input.dtype} there`,
      fix: fix(
        "Work in float64, or keep the numbers on the way nearer to 1.",
        "torch.set_default_dtype(torch.float64)",
      ),
    };
  return {
    kind: "zero_derivative",
    text: `a gradient of norm ${size(birth.entering)} came to ${doing(birth.node)}, whose derivative is 0 at these values`,
  };
}

function zero(asked: Asked): Said | null {
  const { grad, call, facts, home, node } = asked;
  if (!grad || !call || !isZero(grad)) return null;
  const { births, sums, roots } = trace(facts, call, home);
  const it = `The gradient of ${the(node)} is zero`;
  const [birth] = births;
  if (birth && sums.length === 0) {
    const reasons = births.map((one) => reasonOf(one, facts));
    const [first] = reasons;
    const texts = [...new Set(reasons.map((one) => one.text))];
    const paths = births.map((one) =>
      together([wayBack(facts, call, one.step.node), downTo(facts, call, one, home)]),
    );
    return answer({
      kind: first?.kind ?? "zero",
      sentence: `${it} because ${texts[0]}.`,
      detail: texts.length > 1 ? `On its other ways, ${list(texts.slice(1), 3)}.` : "",
      fix: first?.fix ?? null,
      path: together(paths),
      lines: births.map((one) => lineOf(one.node)),
    });
  }
  const [sum] = sums;
  if (sum && sum.arrivals.length > 1) {
    const from = sum.arrivals.filter((one) => !nothing(one.grad)).sort((a, b) => a.step.node - b.step.node);
    const where = list(from.map((one) => doing(facts.node(one.step.node))));
    const place = sum.node === home ? "" : ` at ${the(facts.node(sum.node))}`;
    return answer({
      kind: "cancels",
      sentence: `${it} because what comes back${place} from ${where} cancels out: the parts are not zero, their sum is.`,
      detail: `The parts have norm ${enumerate(
        from.map((one) => size(one.grad)),
        4,
      )}.`,
      path: together(from.map((one) => wayBack(facts, call, one.step.node))),
      lines: from.map((one) => lineOf(facts.node(one.step.node))),
    });
  }
  if (roots.length)
    return answer({
      kind: "began_with_zero",
      sentence: `${it} because the backward pass${atLine(call.line)} began with a gradient of zeros.`,
      path: wayBack(facts, call, home),
      lines: [call.line],
    });
  return null;
}

/** From where the zeros were made on to the tensor. */
function downTo(facts: Facts, call: Call, birth: Birth, home: number): Path {
  const sub: Call = { ...call, roots: [birth.step.node] };
  return wayBack(facts, sub, home);
}

/** Activations that are off or flat for good once they are; a softmax that is sure of its answer is not dead. */
export const CAN_DIE = /^(relu6?|hardtanh|hardsigmoid|tanh|sigmoid|threshold)$/;

/** The share of an activation's elements at which it is flat, from where that is called dead; else 0. */
export function deadShare(node: wire.Node): number {
  const output = node.outputs[0];
  if (!output?.requires_grad || !CAN_DIE.test(opOf(node))) return 0;
  const { numel } = output.value;
  const flat = numel >= DEAD_LEAST ? flatAt(node) / numel : 0;
  return flat >= DEAD ? flat : 0;
}

/** An activation itself, whatever came to it. */
function dead({ node, facts }: Asked): Said | null {
  const output = node.outputs[0];
  if (!deadShare(node) || !output) return null;
  const before = facts.inputs(node.id)[0];
  const off = /^(relu|threshold)/.test(opOf(node));
  const what = off
    ? "switched off, since what goes in is negative or zero"
    : "saturated, since what goes in is far from 0";
  return answer({
    kind: "dead_activation",
    sentence:
      `${capital(doing(node))} lets next to no gradient through: ${share(flatAt(node), output.value.numel)} of its elements are ${what}.`.replace(
        /(all [\d,]+ elements) of its elements/,
        "$1",
      ),
    fix: off
      ? fix(
          "Try a leaky ReLU, a smaller learning rate, or weights and biases that begin elsewhere.",
          "torch.nn.LeakyReLU()",
        )
      : fix("Keep its inputs small: smaller weights, normalised data or layers."),
    path: before ? { nodes: [before.edge.source, node.id], edges: [[before.edge.source, node.id]] } : NO_PATH,
    lines: [lineOf(node)],
  });
}

/** Not all of it is zero, but nearly. */
function mostlyZero(asked: Asked): Said | null {
  const { grad, call, facts, home, node } = asked;
  const zeros = grad?.zeros ?? 0;
  if (!grad || !call || isZero(grad) || grad.numel < 8 || zeros < 0.9 * grad.numel) return null;
  const off = (call.into.get(home) ?? [])
    .map(({ step }) => facts.node(step.node))
    .find((one) => one && flatAt(one) > 0.5 * (one.outputs[0]?.value.numel ?? 1));
  return answer({
    tone: "info",
    kind: "mostly_zero",
    sentence: `${capital(share(zeros, grad.numel))} of the gradient of ${the(node)} are zero${off ? `: ${doing(off)} is flat at ${share(flatAt(off), off.outputs[0]?.value.numel ?? 1)}` : ""}.`,
    path: off
      ? { nodes: [off.id, home], edges: [[sourceOf(facts, home, off.id), off.id]] }
      : { nodes: [home], edges: [] },
    lines: off ? [lineOf(off)] : [],
  });
}

/** In order of precedence. */
export const ZERO: readonly Explanation[] = [
  {
    kind: "zero",
    when: "the gradient is all zeros; what it says depends on the operation that made them",
    explain: zero,
  },
];

export const NEARLY_ZERO: readonly Explanation[] = [
  { kind: "dead_activation", when: "an activation that is flat nearly everywhere", explain: dead },
  { kind: "mostly_zero", when: "nine tenths of the gradient are zero", explain: mostlyZero },
];
