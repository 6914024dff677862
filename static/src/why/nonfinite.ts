/** NaN and infinity: the first operation that made one of finite numbers, forward or backward. */
import { toNumber } from "../numbers";
import type * as wire from "../protocol.gen";
import { type Asked, answer, type Explanation, type Fix, fix, type Path, type Said } from "./answer";
import { type Call, type Facts, sourceOf, together, wayBack } from "./facts";
import {
  allFinite,
  atLine,
  capital,
  codeName,
  doing,
  isZero,
  largest,
  lineOf,
  opOf,
  short,
  the,
  wrongness,
} from "./words";

interface Reason {
  /** Completes "`log` at line 4 made it:". */
  readonly text: string;
  readonly fix: Fix | null;
}

type Input = ReturnType<Facts["inputs"]>[number];

const finite = (node: wire.Node) => node.outputs.every((one) => allFinite(one.value));
const min = (values: wire.Values) => toNumber(values.min ?? 0);
const max = (values: wire.Values) => toNumber(values.max ?? 0);
const hasZero = (values: wire.Values | undefined) => (values?.zeros ?? 0) > 0;

/** The largest finite number of a dtype, and the largest that exp still has a finite result for. */
const LIMITS: Readonly<Record<string, readonly [text: string, exp: number]>> = {
  float16: ["6.55e4", 11.08],
  bfloat16: ["3.39e38", 88.7],
  float32: ["3.403e38", 88.72],
  float64: ["1.798e308", 709.7],
};

function nameOfInput(facts: Facts, input: Input | undefined): string {
  return codeName(input && facts.node(input.edge.source));
}

function tooLarge(dtype: string): string {
  return `the result is larger than the largest ${dtype}, ${LIMITS[dtype]?.[0] ?? "there is"}`;
}

/** What the numbers that went in say about a result that is not finite. All inputs are finite. */
const FORWARD: Readonly<
  Record<string, (x: Input, facts: Facts, node: wire.Node, all: readonly Input[]) => Reason | null>
> = {
  ...each("log log2 log10", ({ tensor }, facts, node, all) => {
    const op = opOf(node);
    const name = nameOfInput(facts, all[0]);
    const guard = fix(
      "Keep its input above 0, or work with logits and a loss that takes them.",
      `torch.${op}(${name}.clamp(min=1e-8))`,
    );
    if (min(tensor.value) < 0)
      return {
        text: `its input goes down to ${short(min(tensor.value))}, and the logarithm of a negative number is NaN`,
        fix: guard,
      };
    return hasZero(tensor.value)
      ? { text: "its input contains 0, and the logarithm of 0 is minus infinity", fix: guard }
      : null;
  }),
  ...each("log1p", ({ tensor }) =>
    min(tensor.value) <= -1
      ? {
          text: `its input goes down to ${short(min(tensor.value))}, and log1p needs more than -1`,
          fix: null,
        }
      : null,
  ),
  ...each("sqrt rsqrt", ({ tensor }, facts, node, all) => {
    const name = nameOfInput(facts, all[0]);
    const op = opOf(node);
    if (min(tensor.value) < 0)
      return {
        text: `its input goes down to ${short(min(tensor.value))}, and the square root of a negative number is NaN`,
        fix: fix("Keep its input from falling below 0.", `torch.${op}(${name}.clamp(min=1e-8))`),
      };
    return op === "rsqrt" && hasZero(tensor.value)
      ? {
          text: "its input contains 0, and 1/√0 is infinite",
          fix: fix("Add something small before the root.", `torch.rsqrt(${name} + 1e-8)`),
        }
      : null;
  }),
  ...each("div true_divide", (_x, facts, node, all) => {
    const [top, bottom] = all;
    const under = all.find(({ edge }) => (edge.input ?? 0) === 1);
    if (under && hasZero(under.tensor.value)) {
      const name = nameOfInput(facts, under);
      const both = top && top !== under && hasZero(top.tensor.value);
      return {
        text: `the divisor ${the(facts.node(under.edge.source))} contains 0${both ? "; 0/0 is NaN, any other number over 0 is infinite" : ""}`,
        fix: fix("Keep the divisor away from 0.", `/ (${name} + 1e-8)`),
      };
    }
    if (!bottom && top && largest(top.tensor.value) < 1e30)
      return { text: "it divides by 0", fix: fix("Keep the divisor away from 0.") };
    return node.outputs[0] ? { text: tooLarge(node.outputs[0].dtype), fix: null } : null;
  }),
  ...each("reciprocal", ({ tensor }, facts, _node, all) =>
    hasZero(tensor.value)
      ? {
          text: "its input contains 0, and 1/0 is infinite",
          fix: fix("Keep the divisor away from 0.", `1 / (${nameOfInput(facts, all[0])} + 1e-8)`),
        }
      : null,
  ),
  ...each("exp exp2 expm1 sinh cosh softplus", ({ tensor }) => {
    const limit = LIMITS[tensor.dtype]?.[1] ?? 88.7;
    return max(tensor.value) > limit * 0.99 || min(tensor.value) < -limit * 0.99
      ? {
          text: `its input goes up to ${short(Math.max(max(tensor.value), -min(tensor.value)))}, and beyond ${short(limit)} ${tooLarge(tensor.dtype)}`,
          fix: fix(
            "Subtract the largest input first, as `logsumexp`, `softmax` and `log_softmax` do.",
            "torch.logsumexp(x, dim=-1)",
          ),
        }
      : null;
  }),
  ...each("pow", ({ tensor }) => {
    if (hasZero(tensor.value) && min(tensor.value) >= 0 && largest(tensor.value) < 1e18)
      return {
        text: "its base contains 0, and the exponent is negative",
        fix: fix("Keep the base away from 0."),
      };
    if (min(tensor.value) < 0 && largest(tensor.value) < 1e18)
      return {
        text: `its base goes down to ${short(min(tensor.value))}, and a negative number has no power of that kind`,
        fix: fix("Take the absolute value first, or keep the base positive."),
      };
    return { text: tooLarge(tensor.dtype), fix: null };
  }),
  ...each("asin acos atanh", ({ tensor }) =>
    largest(tensor.value) >= 1
      ? {
          text: `its input goes to ${short(max(tensor.value) >= 1 ? max(tensor.value) : min(tensor.value))}, outside what it is defined for (-1 to 1)`,
          fix: fix("Clamp its input to slightly less than 1 on both sides.", "x.clamp(-1 + 1e-6, 1 - 1e-6)"),
        }
      : null,
  ),
  ...each("logit", ({ tensor }) =>
    min(tensor.value) <= 0 || max(tensor.value) >= 1
      ? {
          text: "its input leaves the range between 0 and 1",
          fix: fix("Clamp it a little.", "torch.logit(p, eps=1e-6)"),
        }
      : null,
  ),
  ...each("std var std_mean var_mean", ({ tensor }) =>
    tensor.value.numel <= 1
      ? {
          text: `it was given ${tensor.value.numel === 1 ? "one element" : "nothing"}, and a sample of that size has no standard deviation`,
          fix: fix("Give it more elements, or divide by n.", "x.std(correction=0)"),
        }
      : null,
  ),
  ...each("mean", ({ tensor }) =>
    tensor.value.numel === 0
      ? { text: "it is the mean of nothing", fix: fix("See that there is at least one element.") }
      : null,
  ),
  ...each(
    "mul sum square matmul mm bmm mv addmm dot linear prod add sub cumsum cumprod convolution",
    ({ tensor }) => ({
      text: tooLarge(tensor.dtype),
      fix: fix("Keep the numbers smaller, or work in float64."),
    }),
  ),
};

/** What makes a derivative infinite, or NaN, though the gradient that comes is finite. */
const BACKWARD: Readonly<Record<string, (x: Input, facts: Facts, node: wire.Node) => Reason | null>> = {
  ...each("sqrt", ({ tensor, edge }, facts) =>
    hasZero(tensor.value)
      ? {
          text: "the derivative of the square root is infinite at 0, and its input contains 0",
          fix: fix(
            "Add something small before the root.",
            `torch.sqrt(${codeName(facts.node(edge.source))} + 1e-8)`,
          ),
        }
      : null,
  ),
  ...each("rsqrt log log2 log10 reciprocal", ({ tensor, edge }, facts, node) =>
    hasZero(tensor.value) || largest(tensor.value) < 1e-18
      ? {
          text: `the derivative of \`${opOf(node)}\` is infinite at 0, and its input contains 0`,
          fix: fix(
            "Keep its input away from 0.",
            `torch.${opOf(node)}(${codeName(facts.node(edge.source))}.clamp(min=1e-8))`,
          ),
        }
      : null,
  ),
  ...each("linalg_vector_norm norm cdist pairwise_distance std var dist", ({ tensor, edge }, facts, node) =>
    node.outputs.some((one) => hasZero(one.value))
      ? {
          text: `its result is 0${isZero(tensor.value) ? ", the norm of zeros" : ""}, and the derivative divides by it`,
          fix: fix(
            "Add something small inside the root.",
            `(${codeName(facts.node(edge.source))}.pow(2).sum() + 1e-12).sqrt()`,
          ),
        }
      : null,
  ),
  ...each("pow", ({ tensor }) =>
    hasZero(tensor.value)
      ? {
          text: "its base contains 0, and there the derivative is infinite",
          fix: fix("Keep the base away from 0."),
        }
      : null,
  ),
  ...each("div true_divide", (_x, facts, node) => {
    const under = facts.inputs(node.id).find(({ edge }) => (edge.input ?? 0) === 1);
    if (!under || (!hasZero(under.tensor.value) && largest(under.tensor.value) > 1e-18)) return null;
    return {
      text: `the divisor ${the(facts.node(under.edge.source))} is 0 or nearly, and the derivative divides by its square`,
      fix: fix("Keep the divisor away from 0.", `/ (${codeName(facts.node(under.edge.source))} + 1e-8)`),
    };
  }),
  ...each("asin acos", ({ tensor }) =>
    largest(tensor.value) >= 1
      ? {
          text: "its derivative is infinite at 1 and -1",
          fix: fix("Clamp its input to slightly less than 1 on both sides.", "x.clamp(-1 + 1e-6, 1 - 1e-6)"),
        }
      : null,
  ),
};

function each<T>(names: string, value: T): Record<string, T> {
  return Object.fromEntries(names.split(" ").map((name) => [name, value]));
}

/** Operations that bring in infinity because they are asked to: masks before a softmax, mostly. */
const ON_PURPOSE = new Set([
  "masked_fill",
  "full",
  "full_like",
  "fill",
  "where",
  "scatter",
  "index_put",
  "copy",
  "tensor",
  "nan_to_num",
]);

/** Whether a node made something that is not finite of finite numbers, other than by being told to. */
export function isBirth(facts: Facts, node: wire.Node): boolean {
  if (node.failed || finite(node)) return false;
  if (node.kind !== "op" || ON_PURPOSE.has(opOf(node))) return false;
  return facts.inputs(node.id).every(({ tensor }) => allFinite(tensor.value));
}

/** Where what is not finite in a tensor's value came from: the earliest of its ancestors that had finite inputs only. */
function origin(facts: Facts, id: number): wire.Node | null {
  let first: wire.Node | null = null;
  const seen = new Set([id]);
  const stack = [id];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const wrong = facts.inputs(at).filter(({ tensor }) => !allFinite(tensor.value));
    const node = facts.node(at);
    if (wrong.length === 0 && node && (!first || node.id < first.id)) first = node;
    for (const { edge } of wrong) {
      if (seen.has(edge.source)) continue;
      seen.add(edge.source);
      stack.push(edge.source);
    }
  }
  return first;
}

/** What is said of the operation that made it, whatever it is seen in. */
export function forwardReason(facts: Facts, node: wire.Node): Reason | null {
  const inputs = facts.inputs(node.id);
  const [x] = inputs;
  if (x && /\.step$/.test(node.op)) return overflowed(x);
  return x ? (FORWARD[opOf(node)]?.(x, facts, node, inputs) ?? null) : null;
}

/** An optimizer's step that applied a finite gradient. */
function overflowed({ tensor }: Input): Reason {
  return {
    text: `step by step the numbers had grown to ${short(largest(tensor.value))}, and ${tooLarge(tensor.dtype)}`,
    fix: fix(
      "Try a learning rate ten times smaller, or bound the gradients before each step.",
      "torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
    ),
  };
}

/** The gradient that an optimizer's step applied. */
function applied(facts: Facts, update: wire.Node): { call: Call; home: number } | null {
  const home = facts.home(update.id);
  const call = facts.calls.findLast((one) => one.byNode.has(home) && one.after <= update.id);
  const grad = call?.byNode.get(home)?.entering?.[0];
  return call && grad && !allFinite(grad) ? { call, home } : null;
}

function made(facts: Facts, node: wire.Node): string {
  const what = node.outputs[0] ? wrongness(node.outputs[0].value) : "not finite";
  const reason = forwardReason(facts, node);
  return `${capital(doing(node))} made it ${what} first, of finite numbers${reason ? `: ${reason.text}` : ""}.`;
}

/** The explanation of a value that is not finite. */
function valueAnswer(facts: Facts, it: string, id: number): Said | null {
  const first = origin(facts, id);
  if (!first) return null;
  const way = facts.way(first.id, new Set([id]), () => true);
  if (first.kind !== "op" || ON_PURPOSE.has(opOf(first))) {
    const from =
      first.id === id
        ? `${it} from the beginning`
        : `${it} because of ${the(first)}, which was so from the beginning`;
    return answer({
      kind: "came_in",
      sentence: `${from}${first.place ? `: it was made at line ${lineOf(first)}` : ""}.`,
      path: way ?? { nodes: [id], edges: [] },
      lines: [lineOf(first)],
    });
  }
  const stepped = updateAnswer(facts, it, first);
  if (stepped) return stepped;
  const reason = forwardReason(facts, first);
  return answer({
    kind: "born_forward",
    sentence: `${it}. ${made(facts, first)}`,
    detail: inputsOf(facts, first),
    fix: reason?.fix ?? null,
    path: together([
      way,
      {
        nodes: [first.id, ...facts.inputs(first.id).map(({ edge }) => edge.source)],
        edges: facts.inputs(first.id).map(({ edge }) => [edge.source, edge.target] as const),
      },
    ]),
    lines: [lineOf(first)],
  });
}

/** For what an optimizer's step made: the gradient that it applied. */
function updateAnswer(facts: Facts, it: string, first: wire.Node): Said | null {
  const cause = /\.step$/.test(first.op) ? applied(facts, first) : null;
  if (!cause) return null;
  const since = `${it} since ${doing(first)}, which applied a gradient that was not finite`;
  const why = gradientAnswer(facts, cause.call, cause.home, since);
  return why && { ...why, lines: [...why.lines, lineOf(first)] };
}

/** `x` from -3 to 88: what went into the operation. */
function inputsOf(facts: Facts, node: wire.Node): string {
  const parts = facts.inputs(node.id).map(({ edge, tensor }) => {
    const range =
      min(tensor.value) === max(tensor.value)
        ? `is ${short(min(tensor.value))}`
        : `goes from ${short(min(tensor.value))} to ${short(max(tensor.value))}`;
    return `${the(facts.node(edge.source))} ${range}`;
  });
  return parts.length ? `${capital(parts.join("; "))}.` : "";
}

/** The earliest backward steps, on the way to a tensor, that made something not finite of a finite gradient. */
function backwardBirth(call: Call, id: number): { step: wire.Step; target: number } | null {
  let first: { step: wire.Step; target: number } | null = null;
  const seen = new Set([id]);
  const stack = [id];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    for (const { step, grad } of call.into.get(at) ?? []) {
      if (allFinite(grad)) continue;
      if ((step.entering ?? []).every(allFinite)) {
        if (!first || step.index < first.step.index) first = { step, target: at };
      } else if (!seen.has(step.node)) {
        seen.add(step.node);
        stack.push(step.node);
      }
    }
  }
  return first;
}

function gradientAnswer(facts: Facts, call: Call, home: number, it: string): Said | null {
  const birth = backwardBirth(call, home);
  if (!birth) return null;
  const node = facts.node(birth.step.node);
  if (!node) return null;
  const path: Path = together([
    wayBack(facts, call, node.id),
    wayBack(facts, { ...call, roots: [node.id] }, home),
  ]);
  const source = sourceOf(facts, birth.target, node.id);
  const inputs = facts.inputs(node.id);
  const input = inputs.find(({ edge }) => edge.source === source) ?? inputs[0];
  const entering = (birth.step.entering ?? []).find((one) => one !== null);
  const lossFinite = call.roots.every((root) => {
    const one = facts.node(root);
    return !one || finite(one);
  });
  const wrongForward = [node, ...inputs.map(({ edge }) => facts.node(edge.source))].find(
    (one) => one && !finite(one),
  );
  if (wrongForward) {
    const first = origin(facts, wrongForward.id) ?? wrongForward;
    const stepped = updateAnswer(facts, it, first);
    if (stepped) return stepped;
    const reason = forwardReason(facts, first);
    const lines = [lineOf(first), lineOf(node)];
    if (lossFinite && entering && (entering.zeros ?? 0) > 0)
      return answer({
        kind: "unused_branch",
        sentence: `${it}. ${capital(doing(first))} is ${wrongness((first.outputs[0] ?? { value: { numel: 0 } }).value)} at some elements${reason ? ` (${reason.text})` : ""}. They were left out of the result, but on the way back their gradient of 0 is multiplied by an infinite derivative, and 0 × ∞ is NaN.`,
        fix: fix(
          "Make the input safe before the operation, not the result after it.",
          safe(first, inputs[0] && facts.node(inputs[0].edge.source)),
        ),
        path: together([path, facts.way(first.id, new Set([node.id]), () => true)]),
        lines,
      });
    return answer({
      kind: "born_forward",
      sentence: `${it} because the computation itself was not finite. ${made(facts, first)}`,
      detail: inputsOf(facts, first),
      fix: reason?.fix ?? null,
      path: together([path, facts.way(first.id, new Set([node.id]), () => true)]),
      lines,
    });
  }
  const reason = input ? (BACKWARD[opOf(node)]?.(input, facts, node) ?? null) : null;
  const becomes = birth.step.leaving?.find((flow) => !allFinite(flow.grad));
  const product =
    entering && (entering.zeros ?? 0) > 0 && becomes && (becomes.grad.data ?? []).includes("nan")
      ? " Where the gradient that came was 0, 0 × ∞ is NaN."
      : "";
  return answer({
    kind: "born_backward",
    sentence: reason
      ? `${it}. It was born in the backward of ${doing(node)}: ${reason.text}.${product}`
      : `${it}. It was born in the backward of ${doing(node)}: a finite gradient came in, and what left was not finite.`,
    detail: inputsOf(facts, node),
    fix: reason?.fix ?? null,
    path,
    lines: [lineOf(node), call.line],
  });
}

function safe(node: wire.Node, input: wire.Node | undefined): string {
  const name = codeName(input);
  return `torch.${opOf(node)}(torch.where(${name} > 0, ${name}, 1.0))`;
}

function gradient(asked: Asked): Said | null {
  const { grad, kept, call, facts, home, node } = asked;
  const seen = grad && !allFinite(grad) ? grad : kept && !allFinite(kept) ? kept : null;
  if (!seen) return null;
  const it = `The gradient of ${the(node)} is ${wrongness(seen)}`;
  // `.grad` adds up: what is not finite may have come with an earlier pass.
  const guilty =
    call && grad && !allFinite(grad)
      ? call
      : asked.calls.findLast((one) => !allFinite(one.byNode.get(home)?.entering?.[0]));
  if (!guilty) return null;
  const earlier = guilty === call ? it : `${it} since the backward pass${atLine(guilty.line)}`;
  return gradientAnswer(facts, guilty, home, earlier);
}

function value(asked: Asked): Said | null {
  const { node, facts } = asked;
  if (finite(node)) return null;
  const wrong = node.outputs.find((one) => !allFinite(one.value));
  return wrong ? valueAnswer(facts, `${capital(the(node))} is ${wrongness(wrong.value)}`, node.id) : null;
}

/** In order of precedence. */
export const NONFINITE: readonly Explanation[] = [
  {
    kind: "gradient",
    when: "the gradient has NaN or infinity; what it says depends on where it was born",
    explain: gradient,
  },
  { kind: "value", when: "the value has, whatever the gradient is", explain: value },
];
