/** Layers that are made in one statement and called in another, or that stand in the list of an `nn.Sequential`. */
import type { Block, BlockArgument, Wire } from "../protocol.gen";
import { ownLines, pass, separator, takeOut } from "./arguments";
import { refuse } from "./model";
import { valueName } from "./names";
import { parameter } from "./palette";
import { type Call, callAround, callAt } from "./tree";
import { label, type Work } from "./work";

/** The `nn.Sequential` in whose list a layer stands, and where in it. */
export function elementOf(work: Work, block: Block): { list: Call; index: number; owner: Block } | null {
  const owner = (block.parent ?? -1) === -1 ? null : work.model.block(block.parent as number);
  if (owner?.type !== "nn.Sequential") return null;
  const list = callAround(work.model.text, work.model.tree, block.span[0]);
  const index = list?.passed.findIndex((one) => one.start <= block.span[0] && block.span[1] <= one.end) ?? -1;
  return list && index >= 0 ? { list, index, owner } : null;
}

/** Whether something is made but called nowhere: connecting it then writes the call. */
export function isAlone(work: Work, block: Block): boolean {
  if (!["layer", "loss", "module"].includes(block.kind) || block.definition !== block.statement) return false;
  if ((block.arguments ?? []).some((one) => (one.place ?? "call") === "call" && one.span)) return false;
  const call = callAt(work.model.text, work.model.tree, block.span);
  return !elementOf(work, block) && !!call && !/\)\s*$/.test(work.model.slice(call.callee));
}

export function addElement(work: Work, owner: Block, text: string, index?: number): void {
  const list = listOf(work, owner);
  const next = index === undefined ? undefined : list.passed[index];
  if (next) work.draft.splice([next.start, next.start], `${text},${separator(work.model, list, next)}`);
  else pass(work.draft, list, text, false);
  work.select.push(`${owner.key}.${next ? index : list.passed.length}`);
}

function listOf(work: Work, owner: Block): Call {
  const { model } = work;
  const first = owner.arguments?.find((one) => one.place === "definition" && one.span)?.span;
  const made = first
    ? callAround(model.text, model.tree, first[0])
    : callAt(model.text, model.tree, work.definitionSpan(owner));
  return (
    made ?? refuse("This Sequential is made in a way that cannot be changed here; change it in the code.")
  );
}

/** Moves a layer of an `nn.Sequential` to another place in it, counted without it. */
export function moveElement(work: Work, id: number, to: number): void {
  const { model, draft } = work;
  const found = elementOf(work, model.block(id));
  if (!found) refuse("Only the layers of a Sequential have an order of their own.");
  const { list, index, owner } = found;
  const own = list.passed[index];
  const others = list.passed.filter((one) => one !== own);
  if (!own || to === index) return;
  const text = model.slice([own.start, own.end]);
  const lines = ownLines(model, own);
  const target = others[to];
  const near = target ?? others.at(-1);
  const place = near && ownLines(model, near);
  if (lines && place) {
    const at = target ? place[0] : place[1];
    draft.splice(lines, "");
    draft.splice([at, at], model.slice(lines).replaceAll("\r\n", "\n"));
    work.select.push(`${owner.key}.${Math.min(to, others.length)}`);
    return;
  }
  takeOut(draft, list, own);
  const next = others[to];
  const last = others.at(-1);
  if (next) draft.splice([next.start, next.start], `${text},${separator(model, list, next)}`);
  else if (last) draft.splice([last.end, last.end], `,${separator(model, list, last)}${text}`);
  work.select.push(`${owner.key}.${Math.min(to, others.length)}`);
}

/**
 * Writes the call of a layer that has been made only, with what comes in. Returns the name of its value.
 */
export function callAlone(
  work: Work,
  block: Block,
  given: Readonly<Record<string, string>>,
  scope: number,
  before: ReturnType<Work["draft"]["items"]>[number] | null,
): ReturnType<Work["hoist"]> {
  const callee =
    block.outputs?.[0]?.name || refuse(`${label(block)} has no name by which it could be called.`);
  const parts = (block.arguments ?? [])
    .filter((one) => (one.place ?? "call") === "call")
    .flatMap(({ name }) => {
      const known = parameter(work.entry(block.type), name, "call");
      const value = given[name] ?? (known && !known.required ? "" : "...");
      return value ? [value === "..." || known?.required !== false ? value : `${name}=${value}`] : [];
    });
  const name = work.name(valueName(block.type, block.kind));
  const item = work.draft.insert(scope, before, `${name} = ${callee}(${parts.join(", ")})`, {
    reads: new Set([callee, ...Object.values(given)]),
    binds: new Set([name]),
  });
  return { name, item, scope };
}

/** The wires inside a Sequential follow from its order. */
export function refuseElement(
  work: Work,
  wire: Wire | null,
  target: Block | null,
  argument: BlockArgument | null = null,
): void {
  const listed = target?.type === "nn.Sequential" && argument?.place === "definition";
  if (listed || (target && elementOf(work, target))) {
    refuse("The layers of a Sequential follow one another: change their order instead.");
  }
  if (wire && elementOf(work, work.model.block(wire[0]))) {
    refuse("What goes on between the layers of a Sequential has no name; only its result can be connected.");
  }
}
