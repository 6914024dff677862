/** Other names, everywhere they are used. */
import type { Block, Stretch } from "../protocol.gen";
import { refuse } from "./model";
import { whyNot } from "./names";
import { bound } from "./remove";
import { assignedIn, attributes, callAt, classVariable, isKeyword } from "./tree";
import type { Work } from "./work";

export interface Renaming {
  readonly block: number;
  readonly name: string;
  /** The block's value, or the layer, optimizer or class itself; without it, the latter where there is one. */
  readonly what?: "value" | "object";
  readonly output?: number;
}

export function rename(work: Work, { block: id, name, what, output = 0 }: Renaming): void {
  const { model } = work;
  const block = model.block(id);
  const object = objectOf(work, block);
  const wanted = name.trim();
  change(work, block, object, wanted, what, output);
  work.select.push(work.keys[block.key] ?? block.key);
}

function change(
  work: Work,
  block: Block,
  object: string,
  wanted: string,
  what: Renaming["what"],
  output: number,
): void {
  const { model } = work;
  if (object && what !== "value") {
    if (object.startsWith("self."))
      renameAttribute(work, block.definition ?? block.statement, object.slice(5), wanted);
    else renameVariable(work, model.scope(block.definition ?? block.statement), object, wanted);
    return;
  }
  if (block.kind === "class" || block.kind === "code" || block.kind === "train") {
    const words = /^(?:class|def)\s+(\w+)/.exec(model.slice(model.statement(block.statement).core));
    if (!words) refuse("This block has no name of its own.");
    renameVariable(work, model.scope(model.parent(block.statement)), words[1] as string, wanted);
    return;
  }
  const old = block.outputs?.[output]?.name ?? "";
  if (old.startsWith("self.")) renameAttribute(work, block.statement, old.slice(5), wanted);
  else if (old) renameVariable(work, model.scope(block.statement), old, wanted);
  else if (model.isNested(block.id)) {
    const reason = whyNot(wanted, namesIn(work, model.scope(block.statement), ""), model.document.imports);
    if (reason) refuse(reason);
    work.hoist(block.id, wanted);
  } else refuse("This block makes nothing that could have a name.");
}

/** What a layer, an optimizer or a module is called, as it is made. */
function objectOf(work: Work, block: Block): string {
  if (!["layer", "module", "optimizer", "loss"].includes(block.kind)) return "";
  return block.definition === undefined || block.definition === -1 ? "" : bound(work, block.definition);
}

/** Names that a variable of a scope cannot have, because something else has them there. */
function namesIn(work: Work, scope: number, old: string): Set<string> {
  const { model } = work;
  const taken = new Set<string>();
  const near = new Set([scope, ...(old ? model.usesOf(old, scope).map((use) => model.scopeOfUse(use)) : [])]);
  for (const use of model.uses) if (near.has(model.scopeOfUse(use))) taken.add(use[0]);
  if (scope === -1)
    for (const use of model.uses) if (!model.isLocal(use[0], model.scopeOfUse(use))) taken.add(use[0]);
  return taken;
}

function renameVariable(work: Work, scope: number, old: string, name: string): void {
  const { model, draft } = work;
  if (name === old) return;
  const reason = whyNot(name, namesIn(work, scope, old), model.document.imports);
  if (reason) refuse(reason);
  if (old in model.document.imports) refuse(`“${old}” is the name of an import.`);
  const hidden = classVariable(model.text, model.tree, old);
  if (hidden !== null) {
    refuse(
      `The class in line ${model.line(hidden)} has its own “${old}”, made of this one; change that in the code first.`,
    );
  }
  const uses = model.usesOf(old, scope);
  for (const use of uses) {
    // In `f"{x=}"` the name is printed too.
    if (/^\s*=\s*[}:!]/.test(model.text.slice(use[2])) && inFormat(model.text, use[1])) {
      refuse(`Line ${model.line(use[1])} prints the name “${old}” itself; change it in the code first.`);
    }
    draft.splice([use[1], use[2]], name);
  }
  renameKeywords(work, scope, old, name);
  rekey(work, work.key(scope, ""), old, name);
}

function inFormat(text: string, position: number): boolean {
  const line = text.slice(text.lastIndexOf("\n", position - 1) + 1, position);
  return line.lastIndexOf("{") > line.lastIndexOf("}");
}

/** Where a parameter is passed by its name, that name changes with it. */
function renameKeywords(work: Work, scope: number, old: string, name: string): void {
  const { model, draft } = work;
  if (scope === -1) return;
  const { core, kind } = model.statement(scope);
  const head = model.slice(core);
  if (!new RegExp(`^def\\s+\\w+\\s*\\([^)]*\\b${old}\\b`).test(head)) return;
  const owner = model.classOf(scope);
  const of =
    /^(?:class|def)\s+(\w+)/.exec(model.slice(model.statement(owner === -1 ? scope : owner).core))?.[1] ?? "";
  const callers = kind === "forward" ? instances(work, of) : new Set([of]);
  const pattern = new RegExp(`\\b${old}(?=\\s*=[^=])`, "g");
  for (const match of model.text.matchAll(pattern)) {
    if (!isKeyword(model.tree, match.index)) continue;
    const list = model.tree.resolveInner(match.index, 1).parent;
    const callee = list?.parent?.firstChild;
    if (callee && callers.has(model.text.slice(callee.from, callee.to))) {
      draft.splice([match.index, match.index + old.length], name);
    }
  }
}

/** The variables and attributes that hold a module of a class. */
export function instances(work: Work, of: string): Set<string> {
  const { model } = work;
  const found = new Set<string>();
  for (const { core, kind } of model.document.statements) {
    if (kind !== "assign") continue;
    const value = assignedIn(model.tree, core);
    const call = value && callAt(model.text, model.tree, value);
    if (!call || model.slice(call.callee) !== of || !value || call.close + 1 !== value[1]) continue;
    for (const use of model.usesIn(core)) if (use[3]) found.add(use[0]);
  }
  return found;
}

/** What a variable is made by, as far as one assignment says it: `Net` of `net = Net()`. */
function makerOf(work: Work, name: string): string {
  const { model } = work;
  for (const { core, kind } of model.document.statements) {
    if (kind !== "assign" || !model.usesIn(core).some((use) => use[3] && use[0] === name)) continue;
    const value = assignedIn(model.tree, core);
    const call = value && callAt(model.text, model.tree, value);
    return call ? model.slice(call.callee) : "?";
  }
  return "";
}

function renameAttribute(work: Work, statement: number, old: string, name: string): void {
  const { model, draft } = work;
  if (name === old) return;
  const owner = model.classOf(statement);
  if (owner === -1) refuse(`“${old}” is not an attribute of a class of this program.`);
  const { core } = model.statement(owner);
  const own = model.usesIn(core);
  const taken = new Set(own.filter((use) => use[0].startsWith("self.")).map((use) => use[0].slice(5)));
  for (const method of ["forward", "training", "parameters", "train", "eval", "modules", "children"])
    taken.add(method);
  const reason = whyNot(name, taken, {});
  if (reason) refuse(reason);
  for (const use of own) if (use[0] === `self.${old}`) draft.splice([use[2] - old.length, use[2]], name);
  for (const span of attributeUses(work, owner, old)) draft.splice(span, name);
  const className = nameOfClass(work, owner);
  rekey(work, `${className}.`, old, name);
}

export function nameOfClass(work: Work, owner: number): string {
  return /^class\s+(\w+)/.exec(work.model.slice(work.model.statement(owner).core))?.[1] ?? "";
}

/** Where an attribute of a class's objects is used outside of the class: `net.fc`. Refuses where that cannot be told. */
export function attributeUses(work: Work, owner: number, attribute: string): Stretch[] {
  const { model } = work;
  const className = nameOfClass(work, owner);
  const holders = instances(work, className);
  const own = model.statement(owner).core;
  return attributes(model.text, model.tree, attribute).flatMap(({ span, of }) => {
    const receiver = model.slice(of);
    if (receiver === "self" && span[0] >= own[0] && span[1] <= own[1]) return [];
    if (holders.has(receiver)) return [span];
    const unknown = /^\w+$/.test(receiver) && receiver !== "self" && makerOf(work, receiver) === "";
    if (unknown && !(receiver in model.document.imports)) {
      refuse(
        `“.${attribute}” is also used in line ${model.line(span[0])}, of something that may be a ${className}; change it in the code.`,
      );
    }
    return [];
  });
}

/** Keys say names: they change with them. */
function rekey(work: Work, prefix: string, old: string, name: string): void {
  for (const { key } of work.model.document.blocks) {
    if (!key.startsWith(prefix + old)) continue;
    const rest = key.slice(prefix.length + old.length);
    if (rest === "" || /^[./#]/.test(rest)) work.keys[key] = prefix + name + rest;
  }
}
