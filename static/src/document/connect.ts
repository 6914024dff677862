/** Wires: connecting, disconnecting, and values that are written down. */
import type { Block, BlockArgument, Wire } from "../protocol.gen";
import { end } from "./add";
import { give, leaveOut } from "./arguments";
import type { Item } from "./draft";
import { callAlone, isAlone, refuseElement } from "./layers";
import { refuse } from "./model";
import { putBefore } from "./order";
import { parameter } from "./palette";
import { setSteps, unwrap } from "./train";
import { expression, isTuple } from "./tree";
import { label, type Work } from "./work";

/** An end of a wire, or a setting, by name. */
export interface Port {
  readonly block: number;
  readonly argument: string;
  readonly place?: "call" | "definition";
}

export function connect(work: Work, from: Wire, to: Port): void {
  const { model, draft } = work;
  const source = model.block(from[0]);
  const target = model.block(to.block);
  const argument = work.argument(target, to.argument, to.place);
  if (argument.wire?.[0] === from[0] && argument.wire[1] === from[1]) return;
  refuseElement(work, from, target, argument);
  refuseCode(work, target);
  refuseCircle(work, source, target);
  const calling = isAlone(work, target) && (argument.place ?? "call") === "call";
  const home = work.home(target, argument);
  const reach = calling && model.scope(source.statement) !== -1 ? source.statement : home;
  refuseOutside(work, source, target, reach);
  if (calling) {
    const value = namedValue(work, from, null);
    const scope = model.classOf(home) !== -1 ? model.parent(source.statement) : value.scope;
    const made = callAlone(work, target, { [argument.name]: value.name }, scope, end(work, scope));
    const first = value.item ?? work.item(source.statement, scope);
    putBefore(
      draft,
      scope,
      first,
      made.item,
      `${label(source)} is made too late for that; move it in the code first.`,
    );
    work.select.push(target.key);
    return;
  }
  const made = namedValue(work, from, work.item(home, work.model.parent(home)));
  work.keep(argument);
  write(work, target, argument, made.name);
  const name = sees(work, source, made.item, made.scope, home, made.name, target);
  if (name !== made.name) write(work, target, argument, name);
  work.select.push(work.keys[target.key] ?? target.key);
  // What is not assigned is called by what it is called of: `loss.backward`.
  if (target.kind === "output")
    work.select.push(`${name}.${target.type.slice(target.type.indexOf(".") + 1)}`);
}

/** The name of a value: a part of an expression gets a statement, a layer that is not called yet a call. */
export function namedValue(
  work: Work,
  wire: Wire,
  before: Item | null,
): { name: string; item: Item | null; scope: number } {
  const block = work.model.block(wire[0]);
  refuseElement(work, wire, null);
  if (block.kind === "optimizer" || block.kind === "class")
    refuse(`${label(block)} gives no value that could go on.`);
  if (isAlone(work, block)) {
    const scope = before ? scopeOf(work, before) : work.model.parent(block.statement);
    return callAlone(work, block, {}, scope, before ?? end(work, scope));
  }
  const { name, hoisted, scope } = work.value(wire);
  return { name, item: hoisted, scope };
}

function scopeOf(work: Work, item: Item): number {
  return item.kind === "old" ? work.draft.place(item.statement).scope : -1;
}

/** What code that blocks do not show reads is written there. */
export function refuseCode(work: Work, target: Block): void {
  if (target.type.startsWith("Optimizer.")) refuse("A step belongs to its optimizer.");
  if (target.kind !== "code") return;
  refuse(`Line ${work.model.line(target.span[0])} is code: what it uses is changed there.`);
}

export function disconnect(work: Work, to: Port): void {
  const target = work.model.block(to.block);
  const argument = work.argument(target, to.argument, to.place);
  refuseElement(work, null, target, argument);
  refuseCode(work, target);
  if (!argument.span) return;
  const loop = work.model
    .chain(work.home(target, argument))
    .find((one) => one !== -1 && work.model.statement(one).kind === "train");
  if (target.kind === "optimizer" && argument.name === "loss" && loop !== undefined) {
    unwrap(work, work.model.statement(loop).block ?? -1);
    return;
  }
  work.keep(argument);
  open(work, target, argument);
  work.select.push(target.key, target.type.slice(target.type.indexOf(".") + 1));
}

/** Gives an argument a value, as its parameter is written. */
export function write(work: Work, target: Block, argument: BlockArgument, value: string): void {
  const known = parameter(work.entry(target.type), argument.name, argument.place);
  const several = known && !known.many && expression(`[${value}]`) && !/^\d+$/.test(argument.name);
  const tuple = several && expression(`f(${value})`) && isTuple(value);
  give(work.draft, target, argument, tuple ? `(${value})` : value, known);
}

/** Leaves an input to be connected still; one that need not be given is left out. */
export function open(work: Work, target: Block, argument: BlockArgument): void {
  const known = parameter(work.entry(target.type), argument.name, argument.place);
  if (known && !known.required && !known.list) leaveOut(work.draft, target, argument, "");
  else if (argument.span) give(work.draft, target, argument, "...");
}

/** Writes a value for an argument; an empty one leaves it to its default. */
export function set(work: Work, at: Port, value: string): void {
  const { model, draft } = work;
  const target = model.block(at.block);
  const argument = work.argument(target, at.argument, at.place);
  if (target.kind === "train" && at.argument === "steps") {
    setSteps(work, target.id, value.trim());
    return;
  }
  refuseCode(work, target);
  if ((argument.place ?? "call") === "call") refuseElement(work, null, target);
  const text = value.trim();
  work.select.push(target.key);
  if (text === "") {
    if (!argument.span) return;
    const known = parameter(work.entry(target.type), argument.name, argument.place);
    if (known?.required) refuse(`${label(target)} needs a value for “${argument.name}”.`);
    work.keep(argument);
    leaveOut(draft, target, argument, "");
    if (known?.default && draft.spliced(argument.span) === "...")
      write(work, target, argument, known.default);
    return;
  }
  if (!expression(text)) refuse(`“${text}” is not a value that Python can read.`);
  if (argument.span && model.slice(argument.span) === text) return;
  work.keep(argument);
  write(work, target, argument, text);
}

function refuseCircle(work: Work, source: Block, target: Block): void {
  if (source.id === target.id) refuse(`${label(source)} cannot be its own input.`);
  if (work.model.closesCircle(source.id, target.id)) {
    refuse(
      `That would be a circle: ${label(source)} already depends on ${label(target)}, so it cannot be an input of it.`,
    );
  }
}

/** A function sees its own variables and the program's, and its own are seen by nobody else. */
function refuseOutside(work: Work, source: Block, target: Block, home: number): void {
  const { model } = work;
  const from = model.scope(source.statement);
  const to = model.scope(home);
  if (from === to) return;
  const name = (scope: number) => (scope === -1 ? "the program" : place(work, scope));
  refuse(
    `${label(source)} is in ${name(from)} and ${label(target)} in ${name(to)}: what goes from one to the other must be an ` +
      "input or the result of the function.",
  );
}

function place(work: Work, scope: number): string {
  const owner = work.model.classOf(scope);
  const statement = work.model.statement(owner === -1 ? scope : owner);
  const words = /^\s*(?:class|def)\s+(\w+)/.exec(work.model.slice(statement.core));
  return owner === -1 ? `the function ${words?.[1] ?? ""}` : `the class ${words?.[1] ?? ""}`;
}

/**
 * Sees to it that a value is there where it is used: what makes it comes first, and its name still means it. Returns
 * the name under which it is found there.
 */
function sees(
  work: Work,
  source: Block,
  hoisted: Item | null,
  hoistedIn: number,
  home: number,
  name: string,
  target: Block,
): string {
  const { draft, model } = work;
  if (source.statement === home) return name;
  const made = hoisted ? hoistedIn : model.parent(source.statement);
  const scope =
    hoisted && made !== model.parent(source.statement) ? made : work.common(source.statement, home);
  const first = hoisted && hoistedIn === scope ? hoisted : work.item(source.statement, scope);
  const second = work.item(home, scope);
  if (first === second) return name;
  putBefore(
    draft,
    scope,
    first,
    second,
    `${label(source)} is made after ${label(target)} and what lies between depends on their order; move it in the code first.`,
  );
  const at = work.item(home, scope);
  if (at.kind === "old") at.reads.add(name);
  const items = draft.items(scope);
  const from = items.indexOf(hoisted && hoistedIn === scope ? hoisted : work.item(source.statement, scope));
  const between = items.slice(from + 1, items.indexOf(at));
  const rebound = between.find((item) => draft.effect(item).binds.has(name) && bindsIt(work, item, name));
  if (!rebound) return name;
  // Another value has the name by then: this one gets one more.
  const alias = work.name(`${name}_2`);
  const after = items[from + 1] ?? null;
  draft.insert(scope, after, `${alias} = ${name}`, { reads: new Set([name]), binds: new Set([alias]) });
  if (from < 0) refuse(`${name} means something else there; rename one of the two first.`);
  void model;
  return alias;
}

function bindsIt(work: Work, item: Item, name: string): boolean {
  if (item.kind !== "old") return true;
  const { core } = work.model.statement(item.statement);
  return work.model.usesIn(core).some((use) => use[0] === name && use[3]);
}
