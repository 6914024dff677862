/** One edit at work: the program, its draft, the names given so far, and what is to be selected afterwards. */
import type { Block, BlockArgument, Document, Stretch, Wire } from "../protocol.gen";
import { madeAt, putExpression } from "./arguments";
import { Draft, type Effect, type Fresh, type Item } from "./draft";
import { Imports } from "./imports";
import { Model, refuse } from "./model";
import { free, valueName } from "./names";
import type { Entry, Palette } from "./palette";
import { expression } from "./tree";

export class Work {
  readonly model: Model;
  readonly draft: Draft;
  readonly taken: Set<string>;
  /** Keys of the blocks to select. */
  readonly select: string[] = [];
  /** Keys that are others now. */
  readonly keys: Record<string, string> = {};
  /** Names given to parts of expressions, by block. */
  readonly madeOf = new Map<number, string>();
  readonly imports = new Imports(this);
  /** Layers and modules that are made in the program itself now. */
  readonly objects = new Set<string>();
  private readonly newInit = new Map<number, Fresh>();
  private readonly hoisted = new Map<number, { name: string; item: Fresh; scope: number }>();

  constructor(
    text: string,
    document: Document,
    readonly palette: Palette,
  ) {
    if (document.problem) refuse(`The code cannot be read (${document.problem}); mend it there first.`);
    this.model = new Model(text, document);
    this.draft = new Draft(this.model);
    this.taken = this.model.allNames();
  }

  entry(type: string): Entry | undefined {
    return this.palette.get(type);
  }

  /** A name that nothing in the program has, given out once. */
  name(wanted: string): string {
    const name = free(wanted, this.taken);
    this.taken.add(name);
    return name;
  }

  argument(block: Block, name: string, place?: BlockArgument["place"]): BlockArgument {
    const named = (block.arguments ?? []).filter((one) => one.name === name);
    const found = named.find((one) => !place || (one.place ?? "call") === place);
    if (found) return found;
    if (/^\d+$/.test(name)) return { name, place: place ?? "call" };
    return refuse(`${label(block)} has no “${name}”.`);
  }

  /** A name for an attribute of a class, `self.` with it. */
  attribute(wanted: string): string {
    let name = `self.${wanted}`;
    for (let count = 2; this.taken.has(name); count++) name = `self.${wanted}_${count}`;
    this.taken.add(name);
    return name;
  }

  /** Writes a line at the end of a class's `__init__`, which is written if there is none. */
  inInit(owner: number, line: string): void {
    const init = this.model.method(owner, "init");
    const name = /^self\.\w+/.exec(line)?.[0];
    if (init !== -1) {
      this.draft.insert(init, null, line, { binds: new Set(name ? [name] : []) });
      return;
    }
    const before = this.newInit.get(owner);
    if (before) {
      before.text += `\n    ${line}`;
      return;
    }
    const forward = this.item(this.model.method(owner, "forward"), owner);
    const made = this.draft.insert(
      owner,
      forward,
      `def __init__(self):\n    super().__init__()\n    ${line}`,
    );
    made.after = 1;
    this.newInit.set(owner, made);
  }

  definitionSpan(block: Block): Stretch {
    return madeAt(this.model, block);
  }

  /** The statement in which an argument stands. */
  home(block: Block, argument: BlockArgument): number {
    if (argument.span) return this.model.at(argument.span[0]);
    return argument.place === "definition" ? (block.definition ?? block.statement) : block.statement;
  }

  /** Where a statement, or the one it is in, stands among those of a scope. */
  item(statement: number, scope: number): Item {
    const chain = this.model.chain(statement);
    const own = chain[chain.indexOf(scope) - 1] ?? refuse("The program has changed; try again.");
    return this.draft.place(own).item;
  }

  /** The innermost scope that both statements are in. */
  common(one: number, other: number): number {
    const chain = this.model.chain(other).slice(1);
    return (
      this.model
        .chain(one)
        .slice(1)
        .find((scope) => chain.includes(scope)) ?? -1
    );
  }

  /** The names that are read in a stretch of text. */
  effect(span: Stretch, binds: string[] = []): Effect {
    const reads = this.model
      .usesIn(span)
      .flatMap((use) => (use[0] in this.model.document.imports ? [] : [use[0]]));
    return { reads: new Set(reads), binds: new Set(binds) };
  }

  /**
   * Gives a part of a larger expression a statement of its own before the one it is in. Where it stood, its name is
   * put. Returns that statement and the name; the same ones if it has been done before.
   */
  hoist(id: number, wanted = ""): { name: string; item: Fresh; scope: number } {
    const before = this.hoisted.get(id);
    if (before) return before;
    const block = this.model.block(id);
    const name = wanted || this.name(valueName(block.type, block.kind));
    const scope = this.model.parent(block.statement);
    const text = `${name} = ${this.standalone(block.span, block.statement)}`;
    const item = this.draft.insert(
      scope,
      this.draft.place(block.statement).item,
      text,
      this.effect(block.span, [name]),
    );
    const done = { name, item, scope };
    this.hoisted.set(id, done);
    this.rekey(block, this.key(scope, name));
    for (const { block: reader, argument } of this.model.consumers(id)) {
      if (argument > 0) continue;
      const { key, kind } = this.model.block(reader);
      const called = /^(.*\.)?(backward|item|retain_grad)$/.exec(key);
      // What is not assigned is called by what it is called of: `loss.backward`.
      if (kind === "output" && called) this.keys[key] = `${this.key(scope, name)}.${called[2]}`;
    }
    putExpression(this.draft, block.span, name);
    return done;
  }

  /** The name that a part of an expression has got, or "". */
  nameOf(id: number): string {
    return this.hoisted.get(id)?.name ?? "";
  }

  hoistedNames(): string[] {
    return [...this.hoisted.values()].map((one) => one.name);
  }

  /** What was hoisted out of a stretch, and the names that stand there now. */
  hoistedIn(span: Stretch): { name: string; span: Stretch }[] {
    return [...this.hoisted].flatMap(([id, { name }]) => {
      const inner = this.model.block(id).span;
      return span[0] <= inner[0] && inner[1] <= span[1] ? [{ name, span: inner }] : [];
    });
  }

  /** An expression as it would stand alone after an equals sign. */
  standalone(span: Stretch, statement: number): string {
    const indent = this.draft.indentOf(statement);
    const text = this.draft.spliced(span).replaceAll(/\r\n/g, "\n");
    const lines = text
      .split("\n")
      .map((line, index) => (index && line.startsWith(indent) ? line.slice(indent.length) : line));
    const joined = lines.join("\n");
    return joined.includes("\n") && !expression(joined)?.atom ? `(${joined})` : joined;
  }

  /** The key of what is called so in a scope: `h`, `Net.h`. */
  key(scope: number, name: string): string {
    // An object that is made in the program is called the same wherever it is called.
    const outer = scope === -1 || this.objects.has(name) ? [] : this.model.chain(scope).slice(0, -1);
    const names = outer.flatMap((at) => {
      const { kind, block } = this.model.statement(at);
      return (kind === "class" || kind === "def") && block !== undefined && block !== -1
        ? [this.model.block(block).type]
        : [];
    });
    return [...names.reverse(), name.replace(/^self\./, "")].join(".");
  }

  /** What was called by the key of a block is called by a name now, with the parts of its expression. */
  rekey(block: Block, name: string): void {
    if (block.key === name || ((block.definition ?? -1) !== -1 && block.definition !== block.statement))
      return;
    this.keys[block.key] = name;
    for (const other of this.model.document.blocks) {
      if (other.key.startsWith(`${block.key}/`))
        this.keys[other.key] = name + other.key.slice(block.key.length);
    }
  }

  /**
   * The blocks that come into an argument and would be lost if it were replaced: each gets a statement of its own,
   * unless it is to go (`except`).
   */
  keep(argument: BlockArgument, except: ReadonlySet<number> = new Set()): void {
    const { wire, span } = argument;
    if (!wire || !span) return;
    const [id] = wire;
    const source = this.model.block(id);
    const inside = span[0] <= source.span[0] && source.span[1] <= span[1];
    if (!inside || !this.model.isNested(id)) return;
    if (except.has(id)) {
      for (const inner of source.arguments ?? []) this.keep(inner, except);
    } else this.hoist(id);
  }

  /** Names a block's value, giving it one if it is a part of an expression. */
  value(wire: Wire): { name: string; hoisted: Fresh | null; scope: number } {
    const block = this.model.block(wire[0]);
    const { name } = this.model.output(wire);
    if (name) return { name, hoisted: null, scope: this.model.parent(block.statement) };
    if (block.kind === "output") return refuse(`${label(block)} gives no value that could go on.`);
    const made = this.hoist(block.id);
    return { name: made.name, hoisted: made.item, scope: made.scope };
  }
}

/** A block in a sentence. */
export function label(block: Block): string {
  const name = block.outputs?.[0]?.name;
  const type = block.type.slice(block.type.lastIndexOf(".") + 1);
  return name && name !== type ? `${type} (${name})` : type || "This block";
}
