/** Blocks as text with holes for names, so that they can stand once more: beside themselves or in another program. */

import { end } from "./add";
import type { Item } from "./draft";
import { isGlobal } from "./group";
import { addElement, elementOf } from "./layers";
import { refuse } from "./model";
import { free, objectName, valueName } from "./names";
import { leftBehind, piecesOf } from "./pieces";
import { bound } from "./remove";
import type { Work } from "./work";

interface Copied {
  /** What it is: where a layer is made, a class, or a statement. */
  readonly role: "definition" | "class" | "statement";
  readonly text: string;
  /** Its names are bound when all of it has been read: an assignment. */
  readonly after: boolean;
  /** Names in the text: where, and whether it gives the name. */
  readonly names: readonly (readonly [name: string, start: number, end: number, binds: boolean])[];
}

/** What was copied. It can be stored as JSON. */
export interface Fragment {
  readonly parts: readonly Copied[];
  readonly imports: Readonly<Record<string, string>>;
}

export function copy(work: Work, ids: readonly number[]): Fragment {
  const { model } = work;
  const going = new Set(ids);
  for (const id of ids) if (elementOf(work, model.block(id))) going.delete(id);
  const parts: Copied[] = [];
  const made = new Set<number>();
  for (const id of going) {
    const block = model.block(id);
    const at = block.definition ?? -1;
    if (block.kind === "class") continue;
    if (
      at !== -1 &&
      at !== block.statement &&
      !model
        .chain(at)
        .slice(1)
        .some((outer) => outer !== -1 && inClassOf(work, going, outer))
    )
      made.add(at);
  }
  for (const statement of [...made].sort(
    (one, other) => model.statement(one).core[0] - model.statement(other).core[0],
  )) {
    parts.push(part(work, statement, model.statement(statement).core, "definition", ""));
  }
  for (const piece of piecesOf(work, going)) {
    const { kind } = model.statement(piece.statement);
    if (kind === "return" && !piece.top) continue;
    const role = kind === "class" || kind === "def" ? "class" : "statement";
    const read = new Set(model.usesIn(piece.span).map((use) => use[0]));
    const prefix = piece.top ? `${free(valueName(piece.top.type, piece.top.kind), read)} = ` : "";
    parts.push(part(work, piece.statement, piece.span, role, prefix, going));
  }
  for (const id of ids) {
    const element = elementOf(work, model.block(id));
    if (!element || going.has(element.owner.id)) continue;
    const block = model.block(id);
    const name = objectName(block.type, block.kind);
    parts.push(part(work, block.statement, block.span, "definition", `${name} = `));
  }
  if (!parts.length) refuse("There is nothing in the selection that could be copied.");
  const imports: Record<string, string> = {};
  for (const { names } of parts) {
    for (const [name] of names) {
      const path = model.document.imports[name];
      if (path) imports[name] = path;
    }
  }
  return { parts, imports };
}

function inClassOf(work: Work, going: ReadonlySet<number>, statement: number): boolean {
  const { block, kind } = work.model.statement(statement);
  return kind === "class" && block !== undefined && going.has(block);
}

function part(
  work: Work,
  statement: number,
  span: readonly [number, number],
  role: Copied["role"],
  prefix: string,
  going: ReadonlySet<number> = new Set(),
): Copied {
  const { model } = work;
  const indent = work.draft.indentOf(statement);
  const names: [string, number, number, boolean][] = [];
  const first = /^(\w+) = /.exec(prefix)?.[1];
  if (first) names.push([first, 0, first.length, true]);
  let text = prefix;
  let at = span[0];
  const piece = (end: number) => {
    const raw = model.text.slice(at, end).replaceAll("\r\n", "\n");
    text += raw.replaceAll(`\n${indent}`, "\n");
    at = end;
  };
  const holes = [...going].flatMap((id) => {
    const block = model.block(id);
    return (block.arguments ?? []).flatMap(({ wire, span: place }) => {
      const nested = wire && place && !going.has(wire[0]) && model.isNested(wire[0]);
      const own = nested && span[0] <= place[0] && place[1] <= span[1] && block.statement === statement;
      return own ? [{ start: place[0], end: place[1], name: work.nameOf(wire[0]), binds: false }] : [];
    });
  });
  const marks = [
    ...holes,
    ...model.usesIn([span[0], span[1]]).map(([name, start, end, binds]) => ({ start, end, name, binds })),
  ].sort((one, other) => one.start - other.start || other.end - one.end);
  for (const { start, end, name, binds } of marks) {
    if (start < at) continue;
    piece(start);
    if (name) {
      names.push([name, text.length, text.length + name.length, binds]);
      text += name;
    } else text += /^\s*\./.test(model.text.slice(end)) ? "(...)" : "...";
    at = end;
  }
  piece(span[1]);
  return {
    role,
    text,
    names,
    after: role !== "class" && (prefix !== "" || model.statement(statement).kind === "assign"),
  };
}

export function duplicate(work: Work, ids: readonly number[]): void {
  const { model, draft } = work;
  const elements = ids.map((id) => elementOf(work, model.block(id)));
  if (elements.length && elements.every((one) => one !== null)) {
    for (const { list, index, owner } of elements) {
      const own = list.passed[index];
      if (own) addElement(work, owner, model.slice([own.start, own.end]), index + 1);
    }
    return;
  }
  // What comes in from a part of an expression goes to both then, and needs a name.
  for (const block of leftBehind(work, new Set(ids))) work.hoist(block.id);
  const fragment = copy(work, ids);
  const statements = ids.map((id) => model.block(id).statement);
  const scope = model.parent(statements[0] ?? refuse("Select what to duplicate first."));
  const same = statements.filter((statement) => model.parent(statement) === scope);
  const items = draft.items(scope);
  const last = same
    .map((statement) => draft.place(statement).item)
    .sort((a, b) => items.indexOf(a) - items.indexOf(b))
    .at(-1);
  const isReturn = last?.kind === "old" && model.statement(last.statement).kind === "return";
  write(work, fragment, scope, last && !isReturn ? draft.next(scope, last) : end(work, scope), true);
}

export function paste(work: Work, fragment: Fragment, parent = -1): void {
  const { model } = work;
  let scope = -1;
  if (parent !== -1) {
    const block = model.block(parent);
    scope = block.kind === "class" ? model.method(block.statement, "forward") : block.statement;
  }
  write(work, fragment, scope, end(work, scope), false);
}

function write(work: Work, fragment: Fragment, scope: number, before: Item | null, near: boolean): void {
  const { model, draft } = work;
  const owner = scope === -1 ? -1 : model.classOf(scope);
  const visible = names(work, scope);
  const inInit = owner === -1 ? visible : names(work, model.method(owner, "init"));
  const renamed = new Map<string, string>();
  for (const [name, path] of Object.entries(fragment.imports)) work.imports.ensure(name, path);
  for (const { role, text, names: all, after } of fragment.parts) {
    let out = "";
    let at = 0;
    const reads = new Set<string>();
    const binds = new Set<string>();
    // In an assignment what is read is what was there before.
    const known = after ? new Map(renamed) : renamed;
    for (const [index, [name, start, stop, gives]] of all.entries()) {
      if (gives && !renamed.has(name) && !(name in fragment.imports) && !(role === "class" && index > 0)) {
        renamed.set(name, freshName(work, role, name, owner));
      }
      const other = (gives ? renamed : known).get(name);
      const inner = role === "class" && other === undefined;
      const attribute = owner === -1 && role !== "class" ? name.replace(/^self\./, "") : name;
      const seen = (role === "definition" ? inInit : visible).has(attribute);
      const there = inner || gives || name in fragment.imports || seen || isGlobal(work, name);
      out += text.slice(at, start) + (other ?? (there ? attribute : "..."));
      at = stop;
      (gives ? binds : reads).add(other ?? attribute);
    }
    out += text.slice(at);
    const effect = { reads, binds };
    const first = [...all].find((one) => one[3])?.[0];
    if (first && role !== "definition")
      work.select.push(work.key(role === "class" ? -1 : scope, renamed.get(first) ?? first));
    if (role === "statement") draft.insert(scope, before, out, effect);
    else if (role === "class") {
      const fresh = draft.insert(-1, near && scope === -1 ? before : classAnchor(work, scope), out, effect);
      fresh.blank = 2;
      fresh.after = 2;
    } else if (owner === -1) {
      const outer = scope === -1 ? null : model.chain(scope).findLast((one) => one !== -1);
      draft.insert(-1, outer === undefined || outer === null ? before : work.item(outer, -1), out, effect);
    } else work.inInit(owner, out);
  }
}

function freshName(work: Work, role: Copied["role"], given: string, owner: number): string {
  const name = given.replace(/^self\./, "");
  if (role === "definition" && owner !== -1) return work.attribute(name);
  return role === "class" && /^[A-Z]/.test(name) ? className(work, name) : work.name(name);
}

/** `Net2` of `Net`. */
function className(work: Work, name: string): string {
  if (!work.taken.has(name)) return work.name(name);
  const stem = name.replace(/\d+$/, "");
  for (let count = 2; ; count++) if (!work.taken.has(`${stem}${count}`)) return work.name(`${stem}${count}`);
}

function classAnchor(work: Work, scope: number): Item | null {
  const { model, draft } = work;
  const outer = scope === -1 ? undefined : model.chain(scope).findLast((one) => one !== -1);
  if (outer !== undefined) return work.item(outer, -1);
  const items = draft.items(-1);
  const last = items.findLastIndex(
    (item) =>
      item.kind === "old" && ["import", "class", "def"].includes(model.statement(item.statement).kind),
  );
  return items[last + 1] ?? null;
}

/** The names that a statement in a scope can use. */
function names(work: Work, scope: number): Set<string> {
  const { model } = work;
  const found = new Set<string>();
  const home = scope === -1 ? -1 : model.scope(scope);
  const owner = scope === -1 ? -1 : model.classOf(scope);
  for (const name of work.hoistedNames()) found.add(name);
  for (const use of model.uses) {
    const inner = model.scopeOfUse(use);
    if (use[3] && (inner === home || inner === -1)) found.add(use[0]);
    if (use[0].startsWith("self.") && owner !== -1 && model.classOf(model.at(use[1])) === owner)
      found.add(use[0]);
  }
  return found;
}

export { bound };
