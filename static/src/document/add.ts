/** New blocks, from the palette or from the program's own classes. */
import type { Block, Wire } from "../protocol.gen";
import { namedValue, type Port, refuseCode, write } from "./connect";
import type { Fresh, Item } from "./draft";
import { addElement, refuseElement } from "./layers";
import { refuse } from "./model";
import { objectName, snake, valueName } from "./names";
import { putBefore } from "./order";
import { type Entry, isMade, type Parameter } from "./palette";
import { expression } from "./tree";
import { label, type Work } from "./work";

export interface Adding {
  /** An entry of the palette, or the name of a class of the program. */
  readonly type: string;
  /** The block it goes into: a class, a loop, a function; without one, where its wires come from. */
  readonly parent?: number;
  /** What is connected at once, by parameter. */
  readonly wires?: Readonly<Record<string, Wire>>;
  /** What is written at once, by parameter. */
  readonly values?: Readonly<Record<string, string>>;
  /** Its place in an `nn.Sequential`. */
  readonly index?: number;
  /** The input that its first value goes to. */
  readonly into?: Port;
}

export function add(work: Work, adding: Adding): void {
  const own = ownClass(work, adding.type);
  const entry = work.entry(adding.type) ?? own ?? refuse(`There is nothing called “${adding.type}” to add.`);
  const owner = adding.parent === undefined || adding.parent === -1 ? null : work.model.block(adding.parent);
  if (owner?.type === "nn.Sequential") {
    if (!own && !isMade(entry.type)) refuse("Only layers can be in a Sequential.");
    const made = (entry.parameters ?? []).filter((one) => one.place === "definition");
    const reference = own ? entry.type : work.imports.reference(entry.type);
    addElement(work, owner, `${reference}(${passed(made, adding.values ?? {})})`, adding.index);
    return;
  }
  const sources = Object.entries(adding.wires ?? {}).map(([parameter, wire]) => ({
    parameter,
    wire,
    ...namedValue(work, wire, null),
  }));
  const scope = scopeFor(work, adding, entry);
  for (const { wire } of sources) {
    const from = work.model.scope(work.model.block(wire[0]).statement);
    if (from !== functionOf(work, scope)) {
      refuse("A block can only use values of the class or function that it is in.");
    }
  }
  const values: Record<string, string> = { ...suggest(work, adding) };
  for (const [name, value] of Object.entries(adding.values ?? {})) {
    if (!expression(value)) refuse(`“${value}” is not a value that Python can read.`);
    values[name] = value;
  }
  const wired: Record<string, string> = {};
  for (const { parameter, name } of sources) wired[parameter] = name;
  const reads = new Set(Object.values(wired));
  const home = adding.into && work.model.block(adding.into.block);
  if (adding.into && home) {
    refuseCode(work, home);
    refuseElement(work, null, home, work.argument(home, adding.into.argument, adding.into.place));
  }
  const anchor = home ? anchorAt(work, home, adding.into as Port, scope) : end(work, scope);
  const callee = own || isMade(entry.type) ? define(work, entry, scope, anchor, values, own !== null) : "";
  if (entry.kind === "optimizer") {
    work.select.push(work.key(scope, callee));
    return;
  }
  const text = call(work, entry, callee, { ...values, ...wired });
  const outputs = entry.outputs ?? [""];
  const names = outputs.map((name) => work.name(name || valueName(entry.type, own ? "module" : entry.kind)));
  const statement = names.length ? `${names.join(", ")} = ${text}` : text;
  const fresh = work.draft.insert(scope, anchor, statement, {
    reads: new Set([...reads, ...(callee ? [callee] : [])]),
    binds: new Set(names),
  });
  comesAfter(
    work,
    scope,
    fresh,
    sources.map((one) => ({ block: work.model.block(one.wire[0]), item: one.item })),
  );
  if (adding.into && home) {
    const argument = work.argument(home, adding.into.argument, adding.into.place);
    work.keep(argument);
    write(work, home, argument, names[0] ?? refuse(`${entry.title ?? entry.type} gives no value.`));
  }
  work.select.push(work.key(scope, callee || (names[0] ?? "")));
}

function comesAfter(
  work: Work,
  scope: number,
  fresh: Fresh,
  sources: { block: Block; item: Item | null }[],
): void {
  for (const { block, item } of sources) {
    const first = item && work.draft.items(scope).includes(item) ? item : work.item(block.statement, scope);
    putBefore(
      work.draft,
      scope,
      first,
      fresh,
      `${label(block)} is made too late for that; move it in the code first.`,
    );
  }
}

function anchorAt(work: Work, home: Block, port: Port, scope: number): Item {
  const argument = work.argument(home, port.argument, port.place);
  return work.item(work.home(home, argument), scope);
}

/** The class of the program that a type names, as an entry. */
function ownClass(work: Work, type: string): Entry | null {
  const block = work.model.document.blocks.find((one) => one.kind === "class" && one.type === type);
  const forward = block && work.model.method(block.statement, "forward");
  if (!block || forward === undefined || forward === -1) return null;
  const head = work.model.slice(work.model.statement(forward).core);
  return {
    type,
    kind: "module",
    parameters: [
      ...parametersOf(work, block.statement, "init").map((one) => ({
        ...one,
        place: "definition" as const,
        wire: false,
      })),
      ...parametersIn(head).map((one) => ({ ...one, wire: true })),
    ],
  };
}

function parametersOf(work: Work, owner: number, kind: "init" | "forward"): Parameter[] {
  const method = work.model.method(owner, kind);
  return method === -1 ? [] : parametersIn(work.model.slice(work.model.statement(method).core));
}

/** The parameters of a `def` but for self. */
export function parametersIn(definition: string): Parameter[] {
  const list = /^(?:async\s+)?def\s+\w+\s*\(([^)]*)\)/.exec(definition)?.[1] ?? "";
  return list
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one && one !== "self" && !one.startsWith("*") && one !== "/")
    .map((one) => ({ name: (/^\w+/.exec(one) ?? [one])[0], required: !one.includes("=") }));
}

function functionOf(work: Work, scope: number): number {
  return scope === -1 ? -1 : work.model.scope(scope);
}

function scopeFor(work: Work, adding: Adding, entry: Entry): number {
  const { model } = work;
  if (adding.parent !== undefined && adding.parent !== -1) {
    const block = model.block(adding.parent);
    if (block.kind !== "class") return block.statement;
    const forward = model.method(block.statement, "forward");
    return forward === -1 ? refuse(`${block.type} has no forward that a block could be in.`) : forward;
  }
  if (adding.parent === -1 && !adding.into) return -1;
  if (adding.into) {
    const home = model.block(adding.into.block);
    return model.parent(work.home(home, work.argument(home, adding.into.argument, adding.into.place)));
  }
  const homes = Object.values(adding.wires ?? {}).map((wire) => model.parent(model.block(wire[0]).statement));
  homes.sort((one, other) => model.chain(other).length - model.chain(one).length);
  return entry.kind === "output" && !homes.some((home) => model.scope(home) !== -1) ? -1 : (homes[0] ?? -1);
}

/** Before what a new statement goes: the end of a scope, but for the return or the backward pass. */
export function end(work: Work, scope: number): Item | null {
  if (scope === -1) return null;
  const items = work.draft.items(scope);
  const stops = items.find((item) => {
    if (item.kind !== "old") return false;
    const statement = work.model.statement(item.statement);
    return statement.kind === "return" || /^[\w.]+\.backward\(/.test(work.model.slice(statement.core));
  });
  return stops ?? null;
}

/** Writes the statement that makes a layer, a loss, an optimizer or a module, and says how it is called there. */
function define(
  work: Work,
  entry: Entry,
  scope: number,
  call: Item | null,
  values: Readonly<Record<string, string>>,
  own: boolean,
): string {
  const { model, draft } = work;
  const made = (entry.parameters ?? []).filter((one) => one.place === "definition");
  const reference = own ? entry.type : work.imports.reference(entry.type);
  const text = `${reference}(${passed(made, values)})`;
  const base = own ? snake(entry.type) : objectName(entry.type, entry.kind);
  const owner = model.classOf(scope);
  if (owner === -1) {
    const name = work.name(base);
    work.objects.add(name);
    const outer = model.chain(scope === -1 ? -1 : scope).findLast((at) => at !== -1);
    const anchor = scope === -1 || outer === undefined ? call : work.item(outer, -1);
    draft.insert(-1, anchor, `${name} = ${text}`, {
      binds: new Set([name]),
      reads: new Set(own ? [entry.type] : []),
    });
    return name;
  }
  const name = work.attribute(base);
  work.inInit(owner, `${name} = ${text}`);
  return name;
}

/** Arguments as they are written: by position as far as it goes, then by name. */
function passed(parameters: readonly Parameter[], values: Readonly<Record<string, string>>): string {
  const parts: string[] = [];
  let positional = true;
  for (const one of parameters) {
    if (one.list) {
      const given = Object.keys(values)
        .filter((name) => /^\d+$/.test(name))
        .map((name) => values[name] as string);
      const elements = given.length
        ? given
        : values[one.name]
          ? [values[one.name] as string]
          : one.name === "modules"
            ? []
            : ["..."];
      parts.push(one.brackets ? `[${elements.join(", ")}]` : elements.join(", "));
      continue;
    }
    const value = values[one.name] ?? (one.fresh || (one.required && !one.many ? "..." : ""));
    if (!value) positional = false;
    else if (positional && !one.keyword && (one.wire || one.required || one.many)) parts.push(value);
    else {
      parts.push(`${one.name}=${value}`);
      positional = false;
    }
  }
  return parts.filter((part) => part !== "").join(", ");
}

/** A block's expression. */
function call(work: Work, entry: Entry, callee: string, values: Readonly<Record<string, string>>): string {
  const parameters = (entry.parameters ?? []).filter((one) => (one.place ?? "call") === "call");
  const { type } = entry;
  const [first, second] = parameters;
  const value = (one: Parameter | undefined) => (one && (values[one.name] ?? one.fresh)) || "...";
  const head = type.slice(0, type.indexOf("."));
  const last = type.slice(type.lastIndexOf(".") + 1);
  if (callee) return `${callee}(${passed(parameters, values)})`;
  if (type === "number") return value(first);
  if (type === "operator.getitem") return `${closed(value(first))}[${value(second)}]`;
  if (entry.symbol && !second) return `${entry.symbol}${closed(value(first))}`;
  if (entry.symbol) return `${closed(value(first))} ${entry.symbol} ${closed(value(second))}`;
  if (type === "operator.abs") return `abs(${value(first)})`;
  if (type === "getattr")
    return `${closed(value(first))}.${(values.name ?? second?.fresh ?? "weight").replace(/["']/g, "")}`;
  if (head === "Tensor" || head === "Optimizer") {
    const given = value(first);
    const receiver = given === "..." ? "(...)" : closed(given);
    return entry.attribute
      ? `${receiver}.${last}`
      : `${receiver}.${last}(${passed(parameters.slice(1), values)})`;
  }
  const reference = work.imports.reference(type);
  const constant = head === "data" && entry.outputs?.[0] === last;
  return constant ? reference : `${reference}(${passed(parameters, values)})`;
}

/** An operand: in parentheses unless it holds together. */
function closed(value: string): string {
  return expression(value)?.atom === false && !/^-?[\d.]+$/.test(value) ? `(${value})` : value;
}

/** Sizes that follow from what is connected at once. */
function suggest(work: Work, adding: Adding): Record<string, string> {
  const wire = Object.values(adding.wires ?? {})[0];
  const shape = wire && work.model.output(wire).shape;
  if (!shape?.length) return {};
  const last = String(shape.at(-1));
  const channels = String(shape.length > 1 ? shape[1] : shape[0]);
  const all: Record<string, string> = {
    in_features: last,
    in_channels: channels,
    num_features: channels,
    num_channels: channels,
    normalized_shape: last,
    input_size: last,
    embed_dim: last,
    d_model: last,
  };
  return adding.type.startsWith("nn.") ? all : {};
}
