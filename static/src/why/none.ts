/** No gradient: why `.grad` is None, or why nothing flows through a tensor. */
import type * as wire from "../protocol.gen";
import { type Asked, answer, type Explanation, fix, type Path, type Said } from "./answer";
import { type Call, type Facts, together, wayBack } from "./facts";
import { amount, at, atLine, capital, codeName, doing, lineOf, lines, list, opOf, the } from "./words";

const has = (node: wire.Node, flag: NonNullable<wire.Node["flags"]>[number]) =>
  (node.flags ?? []).includes(flag);

export function isFloating(dtype: string): boolean {
  return /^(b?float|complex)/.test(dtype);
}

/** How a gradient is stopped between two nodes. */
interface Cut {
  readonly edge: wire.Edge;
  readonly kind: "detached" | "no_grad" | "no_derivative" | "data";
  /** `detach()` at line 4: completes "it is cut off by". */
  readonly by: string;
  readonly line: number;
  readonly fix: string;
}

/** Arguments that are floating point and yet have no derivative. */
const WITHOUT_DERIVATIVE: Readonly<Record<string, readonly number[]>> = {
  where: [0],
  masked_fill: [1],
  igamma: [1],
  igammac: [1],
  zeta: [1],
};

function cutOf(facts: Facts, edge: wire.Edge): Cut {
  const target = facts.node(edge.target);
  const source = facts.node(edge.source);
  const op = target ? opOf(target) : "";
  const line = lineOf(target);
  const it = codeName(source);
  const made = target?.outputs[0];
  if (target && has(target, "detach")) {
    const fix = `Leave detach() out${atLine(line)} if the gradient should flow through it.`;
    return { edge, kind: "detached", by: `\`detach()\`${at(target)}`, line, fix };
  }
  if (target && has(target, "no_grad")) {
    const fix =
      "Move this computation out of the block (or the decorated function) that switches gradients off.";
    const by = `${doing(target)}, which ran with gradients switched off (\`no_grad\` or \`inference_mode\`)`;
    return { edge, kind: "no_grad", by, line, fix };
  }
  if (made && !isFloating(made.dtype)) {
    const by = `${doing(target)}, whose result is ${made.dtype} and has no derivative`;
    const fix = `Use something smooth in place of \`${op}\`, such as softmax for argmax, or sigmoid for a comparison.`;
    return { edge, kind: "no_derivative", by, line, fix };
  }
  if ((WITHOUT_DERIVATIVE[op] ?? []).includes(edge.input ?? 0)) {
    const by = `${doing(target)}, which has no derivative with respect to this argument`;
    return { edge, kind: "no_derivative", by, line, fix: "Let the gradient reach it by another way." };
  }
  if (source && source.kind !== "op") {
    const by = `${doing(target)}, which reads it without a gradient: by \`.data\`, or because its \`requires_grad\` was False by then`;
    return {
      edge,
      kind: "data",
      by,
      line,
      fix: `Read \`${it}\` itself${atLine(line)}, with requires_grad True.`,
    };
  }
  const by = `\`.data\` where ${doing(target)} reads \`${it}\``;
  const fix = `Write \`${it}\` in place of \`${it}.data\`${atLine(line)} if the gradient should flow through it.`;
  return { edge, kind: "data", by, line, fix };
}

/** The tensors a call started from, in words. */
function rootOf(facts: Facts, call: Call): string {
  return list(call.roots.map((root) => the(facts.node(root))));
}

function passes(asked: Asked): string {
  const { calls } = asked;
  const where = lines(calls.map((call) => call.line));
  if (calls.length === 1) return `the backward pass${where ? ` at ${where}` : ""}`;
  return `${calls.length} backward passes${where ? ` (${where})` : ""}`;
}

/** The cuts that lie between a tensor and what was differentiated. */
function cutsBetween(asked: Asked): { cuts: readonly Cut[]; path: Path } | null {
  const { facts, home, calls } = asked;
  const roots = new Set(calls.flatMap((call) => call.roots));
  const needed = facts.before([...roots], true);
  const reached = facts.after(home, false);
  const cuts: Cut[] = [];
  const paths: (Path | null)[] = [];
  for (const id of [...reached].sort((a, b) => a - b)) {
    for (const edge of facts.edgesOutOf(id)) {
      if (!edge.cut || !needed.has(edge.target)) continue;
      cuts.push(cutOf(facts, edge));
      paths.push(facts.way(home, new Set([edge.source]), (one) => !one.cut));
      paths.push({ nodes: [edge.source, edge.target], edges: [[edge.source, edge.target]] });
      paths.push(facts.way(edge.target, roots, (one) => needed.has(one.target)));
    }
  }
  return cuts.length ? { cuts, path: together(paths) } : null;
}

/** What the nearest cuts before a tensor are, for one that stands outside the graph. */
function cutsBefore(facts: Facts, id: number): readonly Cut[] {
  const found: Cut[] = [];
  const seen = new Set([id]);
  const queue = [id];
  for (let i = 0; i < queue.length; i++) {
    for (const edge of facts.edgesInto(queue[i] ?? 0)) {
      if (edge.cut) found.push(cutOf(facts, edge));
      else if (!seen.has(edge.source)) {
        seen.add(edge.source);
        queue.push(edge.source);
      }
    }
  }
  return found;
}

function cutAnswer(sentence: string, cuts: readonly Cut[], path: Path): Said {
  const [first] = cuts;
  const more = cuts.slice(1).map((cut) => cut.by);
  return answer({
    ...(first && { kind: first.kind }),
    sentence,
    detail: more.length ? `Also cut: ${list(more)}.` : "",
    fix: first ? fix(first.fix) : null,
    path,
    lines: cuts.map((cut) => cut.line),
  });
}

/** Nothing has been sent to it and nothing is stored in it. */
const without = (asked: Asked) => !asked.call && !asked.kept && !asked.cleared;

function notFloating(asked: Asked): Said | null {
  const { node, tensor, facts } = asked;
  if (isFloating(tensor.dtype)) return null;
  const what = `Only floating point tensors have gradients; ${the(node)} is ${tensor.dtype}.`;
  const cut = facts.edgesInto(node.id).find((edge) => edge.cut);
  if (cut) {
    const before = the(facts.node(cut.source));
    return answer({
      sentence: `${what} ${doing(node)} has no derivative, so no gradient gets through it to ${before} either.`,
      fix: fix(cutOf(facts, cut).fix),
      path: { nodes: [cut.source, node.id], edges: [[cut.source, node.id]] },
      lines: [lineOf(node)],
    });
  }
  const name = codeName(node);
  return answer({
    tone: "info",
    sentence: what,
    fix:
      node.kind === "op" || !name
        ? null
        : {
            text: "If it should have one, make it floating point.",
            code: `${name} = ${name}.float().requires_grad_()`,
          },
    lines: [lineOf(node)],
  });
}

function outsideByCut(asked: Asked): Said | null {
  const { node, tensor, facts } = asked;
  if (tensor.requires_grad || node.kind !== "op") return null;
  const into = facts.edgesInto(node.id).filter((edge) => edge.cut);
  const [edge] = into;
  if (edge) {
    const cut = cutOf(facts, edge);
    const path: Path = { nodes: [edge.source, node.id], edges: [[edge.source, node.id]] };
    const before = the(facts.node(edge.source));
    const it = the(node);
    if (cut.kind === "detached")
      return cutAnswer(
        `${capital(it)} is ${before} cut off from the graph by ${cut.by}: no gradient comes to it or goes through it.`,
        [cut],
        path,
      );
    if (cut.kind === "no_grad")
      return cutAnswer(
        `${capital(it)} was made${at(node)} while gradients were switched off (\`no_grad\` or \`inference_mode\`), so autograd did not record how.`,
        [cut],
        path,
      );
    return cutAnswer(
      `${capital(it)} stands outside the graph: ${before} is cut off by ${cut.by}.`,
      [cut],
      path,
    );
  }
  if (has(node, "no_grad"))
    return answer({
      sentence: `${capital(the(node))} was made${at(node)} while gradients were switched off (\`no_grad\` or \`inference_mode\`), so autograd did not record how.`,
      lines: [lineOf(node)],
    });
  const cuts = cutsBefore(facts, node.id);
  const [first] = cuts;
  if (!first) return null;
  const from = first.edge;
  const way = facts.way(from.target, new Set([node.id]), () => true);
  return cutAnswer(
    `${capital(the(node))} is made of nothing that requires a gradient any more: ${the(facts.node(from.source))} was cut off by ${first.by}.`,
    cuts,
    together([way, { nodes: [from.source], edges: [[from.source, from.target]] }]),
  );
}

function doesNotRequire(asked: Asked): Said | null {
  const { node, tensor, facts } = asked;
  if (tensor.requires_grad) return null;
  const it = the(node);
  const name = codeName(node);
  if (node.kind === "op") {
    const inputs = facts.inputs(node.id).map(({ edge }) => the(facts.node(edge.source)));
    const of = inputs.length ? ` (${list(inputs)})` : "";
    return answer({
      tone: "info",
      sentence: `None of the inputs of ${doing(node)}${of} requires a gradient, so ${it} does not either.`,
      lines: [lineOf(node)],
    });
  }
  if (node.kind === "parameter")
    return answer({
      tone: "info",
      sentence: `${capital(it)} is frozen: its \`requires_grad\` is False, so no gradient is worked out for it.`,
      fix: fix("To train it again:", `${name}.requires_grad_(True)`),
      lines: [lineOf(node)],
    });
  return answer({
    tone: "info",
    sentence: `${capital(it)} does not ask for a gradient: its \`requires_grad\` is False.`,
    fix: node.outputs[0]?.name
      ? { text: "To get one, before it is used:", code: `${name}.requires_grad_()` }
      : null,
    lines: [lineOf(node)],
  });
}

function noPassYet(asked: Asked): Said | null {
  const { calls, facts, home, until, node } = asked;
  if (!without(asked)) return null;
  const later = facts.calls.find((call) => call.byNode.has(home) || call.into.has(home));
  const step = later && (later.byNode.get(home) ?? later.into.get(home)?.[0]?.step);
  if (later && step && step.index >= until.steps) {
    const place = `step ${step.index - (later.steps[0]?.index ?? 0) + 1} of ${later.steps.length}`;
    return answer({
      tone: "info",
      sentence: `The backward pass has not reached ${the(node)} yet: it will${atLine(later.line)}, at ${place}.`,
      path: wayBack(facts, later, home),
      lines: [later.line],
    });
  }
  if (calls.length > 0) return null;
  if (facts.calls.length > 0)
    return answer({
      tone: "info",
      sentence: `No backward pass has run yet; the first one is${atLine(facts.calls[0]?.line ?? 0) || " still to come"}, and it will not reach ${the(node)}.`,
      lines: [facts.calls[0]?.line ?? 0],
    });
  const last = facts.graph.nodes.findLast(
    (one) => one.outputs[0]?.requires_grad && one.kind === "op" && facts.edgesOutOf(one.id).length === 0,
  );
  const code = last && last.outputs[0]?.value.numel === 1 ? `${codeName(last)}.backward()` : "";
  return answer({
    tone: "info",
    sentence: "No backward pass has run: gradients are worked out when `backward()` is called.",
    fix: code && codeName(last) !== "value" ? { text: "Start one from the result:", code } : null,
  });
}

function clearedSince(asked: Asked): Said | null {
  const { cleared, call, node, facts, home } = asked;
  if (!cleared || !call) return null;
  const to = cleared.to === "none" ? "None" : "zero";
  return answer({
    tone: "info",
    sentence: `The \`.grad\` of ${the(node)} was set back to ${to}${atLine(cleared.line ?? 0)}, after the backward pass${atLine(call.line)} had filled it.`,
    detail: asked.grad ? `That pass had sent a gradient ${amount(asked.grad)}.` : "",
    fix: fix("Read `.grad` before it is cleared."),
    path: wayBack(facts, call, home),
    lines: [cleared.line ?? 0, call.line],
  });
}

/** `autograd.grad` hands gradients out and leaves `.grad` alone. */
function handedOut(asked: Asked): Said | null {
  const { call, isLeaf, node, facts, home, kept } = asked;
  if (!isLeaf || kept || !call || call.accumulates) return null;
  return answer({
    tone: "info",
    sentence: `\`autograd.grad\`${atLine(call.line)} worked out the gradient of ${the(node)} and returned it; it puts nothing into \`.grad\`.`,
    fix: fix("Use what it returns, or let backward() fill `.grad`."),
    path: wayBack(facts, call, home),
    lines: [call.line],
  });
}

/** Called like a leaf, but made of it: by an assignment to the same name, or on the line that made the leaf. */
function notTheLeaf(asked: Asked): Said | null {
  const { isLeaf, kept, call, node, facts } = asked;
  const name = node.outputs[0]?.name;
  if (isLeaf || kept || !call?.accumulates || !name) return null;
  const before = [...facts.before([node.id], false)].map((id) => facts.node(id));
  const leaf = before.find(
    (one) =>
      one &&
      one.kind !== "op" &&
      one.outputs[0]?.requires_grad &&
      (one.outputs[0].name === name ||
        (!one.outputs[0].name && lineOf(one) > 0 && lineOf(one) === lineOf(node))),
  );
  if (!leaf) return null;
  const way = facts.way(leaf.id, new Set([node.id]), (edge) => !edge.cut);
  const same = leaf.outputs[0]?.name === name;
  return answer({
    sentence: same
      ? `This \`${name}\` is not the leaf: ${doing(node)} made a new tensor of that name, and only leaves keep their \`.grad\`.`
      : `\`${name}\` is not a leaf: ${doing(node)} made it of the tensor that was asked to require a gradient, and only leaves keep their \`.grad\`.`,
    fix: same
      ? fix("To change a leaf and keep it one:", `with torch.no_grad():\n    ${name} -= lr * ${name}.grad`)
      : fix("Ask for the gradient after the last operation:", `${name} = ${name}.detach().requires_grad_()`),
    path: way ?? { nodes: [node.id], edges: [] },
    lines: [lineOf(node), lineOf(leaf)],
  });
}

function notKept(asked: Asked): Said | null {
  const { isLeaf, grad, kept, call, node, facts, home } = asked;
  if (isLeaf || kept || !call) return null;
  const name = codeName(node);
  const passed = `A gradient ${grad ? `${amount(grad)} ` : ""}flowed through ${the(node)}`;
  const why = call.accumulates
    ? "but it is not a leaf, so its `.grad` stays None"
    : `in \`autograd.grad\`${atLine(call.line)}, which leaves every \`.grad\` alone`;
  return answer({
    tone: "info",
    sentence: `${passed}, ${why}.`,
    fix:
      call.accumulates && node.outputs[0]?.name
        ? { text: "To keep it, before backward():", code: `${name}.retain_grad()` }
        : null,
    path: wayBack(facts, call, home),
    lines: [lineOf(node)],
  });
}

/** A gradient came to an operation after it, and that sent none on. */
function stoppedAt(asked: Asked): Said | null {
  const { facts, home, calls, node } = asked;
  if (!without(asked)) return null;
  const reached = facts.after(home, false);
  for (const call of calls.toReversed()) {
    const ran = [...reached].filter((id) => id !== home && call.byNode.has(id)).sort((a, b) => a - b);
    const [nearest] = ran;
    if (nearest === undefined) continue;
    const stop = facts.node(nearest);
    const way = facts.way(home, new Set([nearest]), (edge) => !edge.cut);
    const path = together([way, wayBack(facts, call, nearest)]);
    if (!call.accumulates)
      return answer({
        tone: "info",
        sentence: `\`autograd.grad\`${atLine(call.line)} works out only the gradients it is asked for, and that of ${the(node)} was not among them.`,
        path,
        lines: [call.line],
      });
    const custom = stop && /^\w+$/.test(stop.op);
    const sender = custom ? `\`${stop.op}.backward\`` : doing(stop);
    return answer({
      sentence: custom
        ? `${sender} returned None for ${the(node)}, so no gradient comes to it${at(stop) && `: the call is${at(stop)}`}.`
        : `A gradient came to ${sender}, which sent none on towards ${the(node)}.`,
      fix: custom
        ? {
            text: "Let backward() return a gradient in the place of each tensor argument of forward().",
            code: "",
          }
        : null,
      path,
      lines: [lineOf(stop), call.line],
    });
  }
  return null;
}

/** The pass raised an error before it came so far. */
function passFailed(asked: Asked): Said | null {
  const { facts, home, calls, node, until } = asked;
  const call = calls.at(-1);
  const step = call?.steps.at(-1);
  if (!without(asked) || !call || !step?.failed || step.index >= until.steps) return null;
  const failed = facts.node(step.node);
  const way = facts.way(home, new Set([step.node]), (edge) => !edge.cut);
  if (!way || !facts.before(call.roots, false).has(home)) return null;
  return answer({
    sentence: `The backward pass${atLine(call.line)} failed at ${doing(failed)}, before it reached ${the(node)}.`,
    fix: fix("Select the operation that failed to see why."),
    path: together([way, wayBack(facts, call, step.node)]),
    lines: [lineOf(failed), call.line],
  });
}

function cutOnTheWay(asked: Asked): Said | null {
  if (!without(asked)) return null;
  const found = cutsBetween(asked);
  const [first] = found?.cuts ?? [];
  if (!found || !first) return null;
  const { facts, node, home } = asked;
  const from = facts.node(first.edge.source);
  const it = first.edge.source === home ? the(node) : `${the(from)}, which is made of ${the(node)},`;
  const what =
    found.cuts.length === 1
      ? `${capital(it)} is cut off from what is differentiated by ${first.by}.`
      : `Every way from ${the(node)} to what is differentiated is cut: the first by ${first.by}.`;
  return cutAnswer(what, found.cuts, found.path);
}

function madeLater(asked: Asked): Said | null {
  const { calls, node } = asked;
  if (!without(asked) || calls.length === 0 || calls.some((call) => call.after === 0 || call.after > node.id))
    return null;
  return answer({
    tone: "info",
    sentence: `${capital(the(node))} was made${at(node)}, after ${passes(asked)} had run; nothing was differentiated since.`,
    lines: [lineOf(node), ...calls.map((call) => call.line)],
  });
}

function elsewhere(asked: Asked): Said | null {
  const { calls, node, facts, home } = asked;
  if (!without(asked) || calls.length === 0) return null;
  const roots = calls.flatMap((call) => rootOf(facts, call));
  const started = `${capital(passes(asked))} started from ${list(roots)}`;
  const users = facts.edgesOutOf(home).filter((edge) => facts.home(edge.target) !== home);
  if (users.length === 0)
    return answer({
      sentence: `${started}, and nothing was made of ${the(node)}: it is not used.`,
      lines: [lineOf(node), ...calls.map((call) => call.line)],
    });
  const reached = facts.after(home, true);
  const ends = [...reached]
    .filter((id) => id !== home && facts.edgesOutOf(id).length === 0)
    .sort((a, b) => a - b);
  const way = ends[0] === undefined ? null : facts.way(home, new Set([ends[0]]), () => true);
  const fed = list(
    ends.map((id) => `${the(facts.node(id))}${at(facts.node(id))}`),
    3,
  );
  return answer({
    sentence: `${started}, which does not depend on ${the(node)}; that leads ${fed ? `only to ${fed}` : "elsewhere"}.`,
    detail:
      "A number taken out of a tensor, as by `.item()`, `.tolist()` or `.numpy()`, carries no gradient back.",
    path: way ?? { nodes: [home], edges: [] },
    lines: [...ends.slice(0, 3).map((id) => lineOf(facts.node(id))), ...calls.map((call) => call.line)],
  });
}

/** In order of precedence: the first that has something to say is given. */
export const NONE: readonly Explanation[] = [
  { kind: "not_floating", when: "the tensor has a dtype without gradients", explain: notFloating },
  {
    kind: "outside",
    when: "it was detached, made under no_grad, or of something that was",
    explain: outsideByCut,
  },
  {
    kind: "not_required",
    when: "requires_grad is False, of its own or because that of all inputs is",
    explain: doesNotRequire,
  },
  { kind: "not_yet", when: "backward has not run, or not come so far", explain: noPassYet },
  { kind: "cleared", when: ".grad was filled and then set back", explain: clearedSince },
  { kind: "handed_out", when: "autograd.grad returned it", explain: handedOut },
  { kind: "made_later", when: "every backward pass ran before it was made", explain: madeLater },
  { kind: "pass_failed", when: "the pass failed before it came to it", explain: passFailed },
  { kind: "stopped", when: "an operation it goes into sent no gradient back", explain: stoppedAt },
  { kind: "cut", when: "every way to what was differentiated is cut", explain: cutOnTheWay },
  { kind: "elsewhere", when: "nothing that was differentiated depends on it", explain: elsewhere },
];

/** Said when there is a gradient after all, and nothing else is. */
export const KEPT: readonly Explanation[] = [
  { kind: "not_the_leaf", when: "it has the name of a leaf that it was made of", explain: notTheLeaf },
  { kind: "not_kept", when: "a gradient flowed through a tensor that is not a leaf", explain: notKept },
];
