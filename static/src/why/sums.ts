/** Gradients of the wrong size because they were added up, and those that rightly are. */
import type * as wire from "../protocol.gen";
import { type Asked, answer, type Explanation, fix, type Said } from "./answer";
import { type Call, together, wayBack } from "./facts";
import {
  amount,
  atLine,
  capital,
  codeName,
  doing,
  enumerate,
  lineOf,
  lines,
  list,
  plural,
  size,
  the,
} from "./words";

interface Addition {
  readonly call: Call;
  readonly step: wire.Step;
}

/** The gradients that `.grad` is the sum of, from the last time it was empty. */
export function additions(asked: Asked): readonly Addition[] {
  const { calls, facts, home, until } = asked;
  const clears = facts.graph.clears.slice(0, until.clears).filter((one) => facts.home(one.node) === home);
  const found: Addition[] = [];
  for (const call of calls) {
    const step = call.byNode.get(home);
    if (!step?.accumulated || step.index >= until.steps) continue;
    const previous = found.at(-1);
    const since = previous?.step.index ?? -1;
    const emptied = clears.some((one) => (one.step ?? 0) > since && (one.step ?? 0) <= step.index);
    if (emptied || startsAnew(step)) found.length = 0;
    found.push({ call, step });
  }
  return found;
}

/** Whether `.grad` holds exactly what came, so that nothing was in it before. */
function startsAnew(step: wire.Step): boolean {
  const came = step.entering?.[0];
  const sum = step.accumulated;
  if (!came || !sum) return false;
  if (came.data?.length && sum.data?.length) return String(came.data) === String(sum.data);
  return came.norm === sum.norm && came.mean === sum.mean && came.min === sum.min && came.max === sum.max;
}

/** The optimizer's steps between two additions: from the second on they use again what was used before. */
function updatesBetween(asked: Asked, found: readonly Addition[]): readonly wire.Node[] {
  const { facts, home, until } = asked;
  const updates = facts.graph.nodes.filter(
    (node) => node.id < until.nodes && /\.step$/.test(node.op) && facts.home(node.id) === home,
  );
  // One for each time that something was added since the step before.
  return found.flatMap(({ call }, i) => {
    const next = found[i + 1]?.call.after ?? until.nodes;
    return updates.find((node) => node.id >= call.after && node.id < next) ?? [];
  });
}

function twice(asked: Asked): Said | null {
  const found = additions(asked);
  if (found.length < 2) return null;
  const { facts, node, home } = asked;
  const roots = new Map<number, Call[]>();
  for (const { call } of found)
    for (const root of call.roots) roots.set(root, [...(roots.get(root) ?? []), call]);
  const again = [...roots].find(([, calls]) => calls.length > 1);
  if (!again) return null;
  const [root, calls] = again;
  const starts = new Set(calls.map((call) => JSON.stringify(call.byNode.get(root)?.entering ?? [])));
  const effect =
    starts.size === 1 && calls.length === found.length
      ? `it is ${calls.length} times as large`
      : "it is their sum";
  return answer({
    sentence: `\`backward()\` ran ${times(calls.length)} from ${the(facts.node(root))} (${lines(calls.map((call) => call.line)) || "the same line"}), and each time its gradient was added to the \`.grad\` of ${the(node)}: ${effect}.`,
    fix: fix("Call it once, or clear `.grad` in between.", `${codeName(node)}.grad = None`),
    path: together(calls.map((call) => wayBack(facts, call, home))),
    lines: calls.map((call) => call.line),
  });
}

function times(count: number): string {
  return count === 2 ? "twice" : `${count} times`;
}

function neverCleared(asked: Asked): Said | null {
  const found = additions(asked);
  const updates = updatesBetween(asked, found);
  const [firstUpdate] = updates;
  if (found.length < 2 || !firstUpdate || updates.length < 2) return null;
  const { facts, node, home, call } = asked;
  const before = asked.calls.filter((one) => one.byNode.get(home)?.accumulated).length - found.length;
  const since =
    before > 0 ? `since the ${ordinalOf(before + 1)} backward pass` : "since the first backward pass";
  const one = asked.grad
    ? ` The last pass sent one ${amount(asked.grad)}${asked.kept ? `; the sum is ${amount(asked.kept)}` : ""}.`
    : "";
  return answer({
    sentence: `The \`.grad\` of ${the(node)} is not cleared between steps: ${found.length} gradients were added up ${since}${atLine(found[0]?.call.line ?? 0)}, and ${doing(firstUpdate)} uses the sum each time.`,
    detail: one.trim(),
    fix: fix("Clear the gradients before each backward().", "optimizer.zero_grad()"),
    path: call ? wayBack(facts, call, home) : { nodes: [home], edges: [] },
    lines: [found[0]?.call.line ?? 0, lineOf(firstUpdate)],
  });
}

function ordinalOf(n: number): string {
  const ending = n % 100 > 10 && n % 100 < 14 ? "th" : (["th", "st", "nd", "rd"][n % 10] ?? "th");
  return `${n}${ending}`;
}

function accumulated(asked: Asked): Said | null {
  const found = additions(asked);
  if (found.length < 2) return null;
  const { facts, node, home } = asked;
  return answer({
    tone: "info",
    sentence: `The \`.grad\` of ${the(node)} is the sum of ${found.length} backward passes (${lines(found.map(({ call }) => call.line))}): each adds its gradient to what is there.`,
    detail: asked.grad ? `The last one sent a gradient ${amount(asked.grad)}.` : "",
    fix: fix("To have only the next one:", `${codeName(node)}.grad = None`),
    path: together(found.slice(-4).map(({ call }) => wayBack(facts, call, home))),
    lines: found.map(({ call }) => call.line),
  });
}

/** Used in several places: the gradient is the sum of what comes back from each. */
function shared(asked: Asked): Said | null {
  const { call, facts, home, node } = asked;
  if (!call) return null;
  const arrivals = (call.into.get(home) ?? []).toSorted((a, b) => a.step.node - b.step.node);
  // `w * w` is one place.
  if (new Set(arrivals.map(({ step }) => step.node)).size < 2) return null;
  const users = arrivals.map(({ step }) => facts.node(step.node));
  const where = list(
    users.map((user) => doing(user)),
    4,
  );
  return answer({
    tone: "info",
    sentence: `${capital(the(node))} is used ${times(arrivals.length)}, so its gradient is the sum of ${plural(arrivals.length, "part")}: from ${where}.`,
    detail: `The parts have norm ${enumerate(
      arrivals.map(({ grad }) => size(grad)),
      6,
    )}.`,
    path: together(
      arrivals
        .slice(0, 12)
        .map(({ step }) => ({ nodes: [step.node, home], edges: pathEdges(asked, step.node) })),
    ),
    lines: users.map((user) => lineOf(user)),
  });
}

function pathEdges({ facts, home }: Asked, user: number): [number, number][] {
  return facts
    .edgesInto(user)
    .filter((edge) => facts.home(edge.source) === home)
    .map((edge) => [edge.source, edge.target]);
}

/** In order of precedence. */
export const SUMS: readonly Explanation[] = [
  { kind: "backward_twice", when: "backward ran more than once from the same tensor", explain: twice },
  {
    kind: "never_cleared",
    when: "an optimizer steps between additions, and nothing clears",
    explain: neverCleared,
  },
  {
    kind: "accumulated",
    when: "several passes were added up, with no optimizer in between",
    explain: accumulated,
  },
  { kind: "shared", when: "the tensor is used in several places", explain: shared },
];
