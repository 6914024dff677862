/** A class taken apart again: its layers and its forward in the places where it was made and called. */
import type { Block, NameUse, Stretch } from "../protocol.gen";
import { parametersIn } from "./add";
import { putExpression } from "./arguments";
import { refuse } from "./model";
import { bound } from "./remove";
import { parameterText, withParameters } from "./train";
import { assignedIn, callAt, expression } from "./tree";
import type { Work } from "./work";

export function ungroup(work: Work, id: number): void {
  const { model, draft } = work;
  const picked = model.block(id);
  const owner =
    model.document.blocks.find((one) => one.kind === "class" && one.type === picked.type) ??
    refuse("Only an nn.Module class of the program can be taken apart.");
  const className = owner.type;
  const classAt = owner.statement;
  const calls = model.document.blocks.filter(
    (one) => one.kind === "module" && one.type === className && (one.definition ?? -1) !== -1,
  );
  const makings = new Set(
    picked.kind === "module" ? [picked.definition as number] : calls.map((one) => one.definition as number),
  );
  if (!makings.size) refuse(`${className} is made nowhere in a way that could be taken apart.`);
  for (const making of makings)
    takeApart(
      work,
      className,
      classAt,
      making,
      calls.filter((one) => one.definition === making),
    );
  const others = model
    .usesOf(className, -1)
    .filter(
      (use) =>
        !use[3] &&
        model.classOf(model.at(use[1])) !== classAt &&
        !makings.has(model.at(use[1])) &&
        model.at(use[1]) !== classAt,
    );
  if (!others.length) draft.remove(classAt);
}

function takeApart(
  work: Work,
  className: string,
  classAt: number,
  making: number,
  calls: readonly Block[],
): void {
  const { model, draft } = work;
  const instance =
    bound(work, making) ||
    refuse(`${className} is made together with something else; give it a line of its own in the code first.`);
  const init = model.method(classAt, "init");
  const forward = model.method(classAt, "forward");
  const strange = model.children(classAt).find((at) => at !== init && at !== forward && !isText(work, at));
  if (strange !== undefined) {
    refuse(
      `${className} has more than __init__ and forward (line ${model.line(model.statement(strange).core[0])}); take that out in the code first.`,
    );
  }
  if (forward === -1) refuse(`${className} has no forward.`);
  const value = assignedIn(model.tree, model.statement(making).core);
  const made = value && callAt(model.text, model.tree, value);
  if (!made || !value || made.close + 1 !== value[1] || model.slice(made.callee) !== className)
    refuse(`Line ${model.line(model.statement(making).core[0])} does more than making a ${className}.`);

  const inInit = matched(work, init, made);
  const attributes = new Map<string, string>();
  const layers: { name: string; tensor: boolean; statement: number }[] = [];
  const scope = model.parent(making);
  const prefix = instance.startsWith("self.") ? "self." : "";
  const anchor = draft.place(making).item;
  for (const statement of init === -1 ? [] : model.children(init)) {
    const { core, kind } = model.statement(statement);
    const text = model.slice(core);
    if (/^super\s*\(.*\)\s*\.\s*__init__\s*\(/.test(text) || isText(work, statement)) continue;
    const own = bound(work, statement);
    if (kind !== "assign")
      refuse(`Line ${model.line(core[0])} of ${className} is not a layer; take the class apart in the code.`);
    if (!own.startsWith("self.")) {
      inInit.set(own, work.name(own));
    } else if (!attributes.has(own)) {
      const fresh = prefix ? work.attribute(own.slice(5)) : work.name(own.slice(5));
      attributes.set(own, fresh);
      const maker = assignedIn(model.tree, core);
      const call = maker && callAt(model.text, model.tree, maker);
      if (call && !/Parameter$/.test(model.slice(call.callee)))
        layers.push({ name: fresh, tensor: false, statement });
      else layers.push({ name: fresh, tensor: true, statement });
    }
    const line = substituted(work, core, new Map([...inInit, ...attributes]), statement);
    draft.insert(scope, anchor, draft.commented(statement, line), effectOf(work, statement, attributes));
  }
  const parametric = layers.filter((one) => one.tensor || withParameters(work, one.statement));
  for (const call of calls) inline(work, className, forward, call, attributes);
  draft.remove(making);
  otherUses(work, instance, making, calls, attributes, parametric, classAt);
  work.select.push(...[...attributes.values()].map((name) => work.key(scope, name)));
}

function isText(work: Work, statement: number): boolean {
  return /^[rRuU]?("|')/.test(work.model.slice(work.model.statement(statement).core));
}

function effectOf(work: Work, statement: number, attributes: ReadonlyMap<string, string>) {
  const own = bound(work, statement);
  return { binds: new Set([attributes.get(own) ?? own]), reads: new Set<string>() };
}

/** What each parameter of a function stands for in one call of it. */
function matched(
  work: Work,
  method: number,
  call: { passed: readonly { keyword: string; star: string; value: Stretch }[] },
): Map<string, string> {
  const { model } = work;
  const found = new Map<string, string>();
  if (method === -1) return found;
  const head = model.slice(model.statement(method).core);
  const parameters = parametersIn(head);
  if (call.passed.some((one) => one.star))
    refuse("Arguments that are unpacked with stars cannot be taken apart.");
  for (const [index, one] of call.passed.entries()) {
    const name = one.keyword || parameters[index]?.name;
    if (name) found.set(name, atom(work.draft.spliced(one.value)));
  }
  for (const { name } of parameters) {
    if (found.has(name)) continue;
    const given = new RegExp(`\\b${name}\\s*(?::[^=,)]*)?=\\s*([^,)]+)`).exec(head)?.[1];
    if (given) found.set(name, given.trim());
  }
  return found;
}

function atom(text: string): string {
  return expression(text)?.atom === false ? `(${text})` : text;
}

/** A stretch with names replaced, as it stands alone. */
function substituted(
  work: Work,
  span: Stretch,
  names: ReadonlyMap<string, string>,
  statement: number,
): string {
  const { model } = work;
  const indent = work.draft.indentOf(statement);
  let out = "";
  let at = span[0];
  for (const [name, start, end] of model.usesIn(span)) {
    const other = names.get(name);
    if (other === undefined || start < at) continue;
    out += model.text.slice(at, start) + stripped(model.text, span, [start, end], other);
    at = end;
  }
  out += model.text.slice(at, span[1]);
  return out
    .replaceAll("\r\n", "\n")
    .split("\n")
    .map((line, index) => (index && line.startsWith(indent) ? line.slice(indent.length) : line))
    .join("\n");
}

/** Without the parentheses that another expression brings if it stands alone between commas or brackets. */
function stripped(text: string, span: Stretch, [start, end]: Stretch, value: string): string {
  if (!/^\(.*\)$/s.test(value)) return value;
  const before = text.slice(span[0], start).trimEnd().at(-1) ?? "";
  const after = text.slice(end, span[1]).trimStart().at(0) ?? "";
  const alone = ["(", ",", "=", "["].includes(before) && [")", ",", "]", ""].includes(after);
  const inner = value.slice(1, -1);
  return alone && expression(inner) && !inner.includes(",") ? inner : value;
}

function inline(
  work: Work,
  className: string,
  forward: number,
  call: Block,
  attributes: ReadonlyMap<string, string>,
): void {
  const { model, draft } = work;
  const parts =
    callAt(model.text, model.tree, call.span) ??
    refuse(`${className} is called in a way that cannot be taken apart.`);
  const statements = model.children(forward).filter((at) => !isText(work, at));
  const last = statements.at(-1);
  if (last === undefined || model.statement(last).kind !== "return")
    refuse(`The forward of ${className} does not end with a return.`);
  // Arguments that are parts of expressions get names: they may be used more than once.
  const body = model.statement(forward).core;
  for (const argument of call.arguments ?? []) {
    if ((argument.place ?? "call") !== "call" || !argument.wire || !argument.span) continue;
    const count = model.usesIn(body).filter((use) => use[0] === argument.name).length;
    if (model.isNested(argument.wire[0]) && count > 2) work.hoist(argument.wire[0]);
  }
  const names = new Map<string, string>([...matched(work, forward, parts), ...attributes]);
  const scope = model.parent(call.statement);
  const anchor = draft.place(call.statement).item;
  const fresh = new Map<string, string>();
  for (const statement of statements) {
    const { core, kind, why } = model.statement(statement);
    if (kind === "code")
      refuse(
        `Line ${model.line(core[0])} of ${className} cannot be taken apart: ${why ?? "it is not straight-line code."}`,
      );
    if (statement === last) {
      const text = substituted(work, [core[0] + "return".length, core[1]], names, statement).trim();
      putExpression(draft, call.span, text);
      continue;
    }
    const uses = model.usesIn(core);
    const value = assignedIn(model.tree, core);
    const binds = uses.filter((use) => use[3]);
    const reading = value
      ? substituted(work, value, names, statement)
      : substituted(work, core, names, statement);
    for (const use of binds) {
      if (use[0].startsWith("self."))
        refuse(`The forward of ${className} changes ${use[0]}; take the class apart in the code.`);
      if (!fresh.has(use[0])) fresh.set(use[0], work.name(localName(work, use[0], forward)));
      names.set(use[0], fresh.get(use[0]) as string);
    }
    const text = value ? substituted(work, [core[0], value[0]], names, statement) + reading : reading;
    draft.insert(scope, anchor, draft.commented(statement, text), {
      binds: new Set(binds.map((use) => names.get(use[0]) as string)),
    });
  }
}

/** A local name may keep its name outside if nothing there has it. */
function localName(work: Work, name: string, forward: number): string {
  const { model } = work;
  const elsewhere = model.uses.some((use) => use[0] === name && model.scopeOfUse(use) !== forward);
  if (!elsewhere) work.taken.delete(name);
  return name;
}

function otherUses(
  work: Work,
  instance: string,
  making: number,
  calls: readonly Block[],
  attributes: ReadonlyMap<string, string>,
  layers: readonly { name: string; tensor: boolean; statement: number }[],
  classAt: number,
): void {
  const { model, draft } = work;
  const owner = model.classOf(making);
  const uses: NameUse[] = instance.startsWith("self.")
    ? model.uses.filter((use) => use[0] === instance && model.classOf(model.at(use[1])) === owner)
    : model.usesOf(instance, model.scope(making));
  for (const use of uses) {
    if (use[3] || calls.some(({ span }) => span[0] <= use[1] && use[2] <= span[1])) continue;
    if (model.classOf(model.at(use[1])) === classAt) continue;
    const rest = model.text.slice(use[2]);
    const parameters = /^\s*\.\s*parameters\s*\(\s*\)/.exec(rest);
    const attribute = /^\s*\.\s*(\w+)/.exec(rest);
    const layer = attribute && attributes.get(`self.${attribute[1]}`);
    const starred = model.text[use[1] - 1] === "*";
    if (parameters) {
      const all = parameterText(layers);
      const span: Stretch = [use[1] - (starred ? 1 : 0), use[2] + parameters[0].length];
      draft.splice(span, starred ? (all.startsWith("[") ? all.slice(1, -1) : `*${all}`) : all);
    } else if (layer && attribute) draft.splice([use[1], use[2] + attribute[0].length], layer);
    else refuse(`“${instance}” is also used in line ${model.line(use[1])}, which needs it as one module.`);
  }
}
