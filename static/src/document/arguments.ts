/** Arguments of calls, in the text: giving one, replacing its value, taking it out. */
import type { Block, BlockArgument, Stretch } from "../protocol.gen";
import type { Draft } from "./draft";
import { type Model, refuse } from "./model";
import type { Parameter } from "./palette";
import {
  assignedIn,
  bindsCloser,
  type Call,
  callAround,
  callAt,
  expression,
  nodeAt,
  type Passed,
  withParentheses,
} from "./tree";

export type At = "call" | "definition";

/** The call in which a block's arguments of a kind stand, if there is one (an operator has none). */
export function callOf(model: Model, block: Block, at: At): Call | null {
  if (at === "call") return callAt(model.text, model.tree, block.span);
  const given = (block.arguments ?? []).find((one) => one.place === "definition" && one.span)?.span;
  if (given) return callAround(model.text, model.tree, given[0]);
  return callAt(model.text, model.tree, madeAt(model, block));
}

/** The expression that makes a layer, an optimizer or a module. */
export function madeAt(model: Model, block: Block): Stretch {
  if (block.definition === block.statement) {
    const call = callAt(model.text, model.tree, block.span);
    const made = call && callAt(model.text, model.tree, call.callee);
    return made ? [made.callee[0], made.close + 1] : block.span;
  }
  const { core } = model.statement(block.definition ?? block.statement);
  return assignedIn(model.tree, core) ?? core;
}

/** Puts a value in the place of an expression, with parentheses where they are needed and without where not. */
export function putExpression(draft: Draft, span: Stretch, value: string): void {
  const { tree } = draft.model;
  const whole = withParentheses(tree, span);
  if (value === "..." && nodeAt(tree, whole)?.parent?.name === "MemberExpression") {
    draft.splice(whole, "(...)");
    return;
  }
  const atom = expression(value)?.atom ?? true;
  if (atom) draft.splice(whole, value);
  else if (bindsCloser(tree, whole)) draft.splice(whole, `(${value})`);
  else draft.splice(whole, value);
}

/** Gives an argument a value, whether it has one already or not. */
export function give(
  draft: Draft,
  block: Block,
  argument: BlockArgument,
  value: string,
  known?: Parameter,
): void {
  const { model } = draft;
  if (argument.span) {
    putExpression(draft, argument.span, value);
    return;
  }
  const at = argument.place ?? "call";
  const call =
    callOf(model, block, at) ?? refuse(`“${argument.name}” cannot be given here; change it in the code.`);
  const listed = lastOfList(block, argument);
  if (listed) {
    draft.splice([listed[1], listed[1]], `, ${value}`);
    return;
  }
  const positional = comesNext(block, argument, call, known);
  pass(draft, call, positional ? value : `${argument.name}=${value}`, positional);
}

/** Of one more element of a list: the element before it. */
function lastOfList(block: Block, argument: BlockArgument): Stretch | null {
  if (!/^\d+$/.test(argument.name)) return null;
  const at = argument.place ?? "call";
  const own = (block.arguments ?? []).filter((one) => /^\d+$/.test(one.name) && (one.place ?? "call") === at);
  return own.findLast((one) => one.span)?.span ?? null;
}

/** Whether all parameters before it are given by position, so that it may be too. */
function comesNext(block: Block, argument: BlockArgument, call: Call, known?: Parameter): boolean {
  if (/^\d+$/.test(argument.name) || known?.many) return true;
  if (known && (known.keyword || !(known.wire || known.required))) return false;
  const at = argument.place ?? "call";
  for (const other of (block.arguments ?? []).filter((one) => (one.place ?? "call") === at)) {
    if (other === argument || (other.name === argument.name && !other.span)) break;
    const { span } = other;
    if (!span) return false;
    const passed = call.passed.find((one) => one.value[0] <= span[0] && span[1] <= one.value[1]);
    if (passed ? passed.keyword || passed.star : span[0] > call.open) return false;
  }
  return true;
}

/** Adds an argument to a call, laid out as the others are. */
export function pass(draft: Draft, call: Call, text: string, positional: boolean): void {
  const { model } = draft;
  const kept = call.passed;
  const before = positional
    ? kept.find((one) => one.keyword || one.star === "**")
    : kept.find((one) => one.star === "**");
  if (before) {
    draft.splice([before.start, before.start], `${text},${separator(model, call, before)}`);
    return;
  }
  const last = kept.at(-1);
  if (last) draft.splice([last.end, last.end], `,${separator(model, call, last)}${text}`);
  else draft.splice([call.open + 1, call.open + 1], text);
}

/** What stands between two arguments: a space, or a new line with its indentation. */
export function separator(model: Model, call: Call, near: Passed): string {
  const first = call.passed[0] ?? near;
  const gap = model.text.slice(call.open + 1, first.start);
  const indent = /\n([ \t]*)$/.exec(gap);
  if (!indent) return " ";
  const own = call.passed.every((one) => /\n[ \t]*$/.test(model.text.slice(call.open, one.start)));
  return own ? `\n${indent[1]}` : " ";
}

/** The lines of an argument that has them for itself, with its comma: null if something else is on them. */
export function ownLines(model: Model, passed: Passed): Stretch | null {
  const { text } = model;
  const start = text.lastIndexOf("\n", passed.start - 1) + 1;
  const rest = /^,[ \t]*(?:#[^\r\n]*)?\r?\n/.exec(text.slice(passed.end));
  return rest && !text.slice(start, passed.start).trim() ? [start, passed.end + rest[0].length] : null;
}

/** Takes one argument out of a call, with its comma. */
export function takeOut(draft: Draft, call: Call, passed: Passed): void {
  const lines = ownLines(draft.model, passed);
  if (lines && call.passed.length > 1) draft.splice(lines, "");
  else draft.splice(listStretch(draft.model, call, passed), "");
}

/** The stretch that goes when an argument is taken out of a call. */
function listStretch(model: Model, call: Call, passed: Passed): Stretch {
  const index = call.passed.indexOf(passed);
  const next = call.passed[index + 1];
  const previous = call.passed[index - 1];
  if (next) return [passed.start, next.start];
  if (previous) return [previous.end, passed.end];
  const comma = /^\s*,/.exec(model.text.slice(passed.end, call.close));
  return [call.open + 1, comma ? call.close : passed.end];
}

/** Leaves an argument out, so that the default holds; `fallback` is what stands in for one that must be there. */
export function leaveOut(draft: Draft, block: Block, argument: BlockArgument, fallback: string): void {
  const { span } = argument;
  if (!span) return;
  const call = callOf(draft.model, block, argument.place ?? "call");
  const passed = call?.passed.find((one) => one.value[0] <= span[0] && span[1] <= one.value[1]);
  const index = passed && call ? call.passed.indexOf(passed) : -1;
  const later = call?.passed.slice(index + 1).some((one) => !one.keyword);
  if (call && passed && (passed.keyword || !later) && fallback === "") takeOut(draft, call, passed);
  else putExpression(draft, span, fallback || "...");
}
