/** What hangs on what in a program that was read: scopes, wires and their ends, names and where they are used. */
import type { Block, BlockArgument, Document, NameUse, Statement, Stretch, Wire } from "../protocol.gen";
import { parameterNames, parse, type Tree } from "./tree";

/** An argument of a block: `argument` is its index in `Block.arguments`. */
export interface Slot {
  readonly block: number;
  readonly argument: number;
}

/** Says in plain words why an edit is not made. Thrown inside, returned by `apply`. */
export class Refusal extends Error {}

export function refuse(words: string): never {
  throw new Refusal(words);
}

const PROGRAM = -1;

export class Model {
  readonly tree: Tree;
  /** All uses in order of the text, each once. */
  readonly uses: readonly NameUse[];
  private readonly statements = new Map<number, Statement>();
  private readonly blocks = new Map<number, Block>();
  private readonly inside = new Map<number, number[]>();
  private readonly readers = new Map<number, Slot[]>();

  constructor(
    readonly text: string,
    readonly document: Document,
  ) {
    this.tree = parse(text);
    const uses = new Map<string, NameUse>();
    for (const statement of document.statements) {
      this.statements.set(statement.index, statement);
      const parent = statement.parent ?? PROGRAM;
      this.inside.set(parent, [...(this.inside.get(parent) ?? []), statement.index]);
      for (const use of statement.uses ?? []) uses.set(`${use[1]} ${use[0]}`, use);
      if (["init", "forward", "def"].includes(statement.kind)) {
        for (const { name, span } of parameterNames(text, this.tree, statement.core)) {
          uses.set(`${span[0]} ${name}`, [name, ...span, true]);
        }
      }
    }
    for (const list of this.inside.values()) {
      list.sort((one, other) => this.statement(one).whole[0] - this.statement(other).whole[0]);
    }
    this.uses = [...uses.values()].sort((one, other) => one[1] - other[1]);
    for (const block of document.blocks) {
      this.blocks.set(block.id, block);
      for (const [argument, { wire }] of (block.arguments ?? []).entries()) {
        if (wire)
          this.readers.set(wire[0], [...(this.readers.get(wire[0]) ?? []), { block: block.id, argument }]);
      }
    }
  }

  statement(index: number): Statement {
    return this.statements.get(index) ?? refuse("The program has changed; try again.");
  }

  block(id: number): Block {
    return this.blocks.get(id) ?? refuse("That block is no longer there; try again.");
  }

  argument({ block, argument }: Slot): BlockArgument {
    return this.block(block).arguments?.[argument] ?? refuse("That input is no longer there; try again.");
  }

  slice([start, end]: Stretch): string {
    return this.text.slice(start, end);
  }

  line(position: number): number {
    return this.text.slice(0, position).split("\n").length;
  }

  /** Statements directly inside another, in order; of the program for -1. */
  children(parent: number): readonly number[] {
    return this.inside.get(parent) ?? [];
  }

  parent(statement: number): number {
    return this.statement(statement).parent ?? PROGRAM;
  }

  /** The statement and those it is inside, innermost first, and -1. */
  chain(statement: number): number[] {
    const chain: number[] = [];
    for (let at = statement; at !== PROGRAM; at = this.parent(at)) chain.push(at);
    return [...chain, PROGRAM];
  }

  /** The function whose variables a statement has: an `init`, `forward` or `def` statement, or -1. */
  scope(statement: number): number {
    const kinds = ["init", "forward", "def"];
    return (
      this.chain(statement).find((at) => at === PROGRAM || kinds.includes(this.statement(at).kind)) ?? PROGRAM
    );
  }

  /** The class a statement is inside, or -1. */
  classOf(statement: number): number {
    const outer = statement === PROGRAM ? [] : this.chain(statement).slice(1, -1);
    return outer.find((at) => this.statement(at).kind === "class") ?? PROGRAM;
  }

  /** A class's method. */
  method(owner: number, kind: "init" | "forward"): number {
    return this.children(owner).find((at) => this.statement(at).kind === kind) ?? PROGRAM;
  }

  /** The innermost statement around a position. */
  at(position: number): number {
    let found = PROGRAM;
    for (;;) {
      const next = this.children(found).find((index) => {
        const { whole } = this.statement(index);
        return whole[0] <= position && position < whole[1];
      });
      if (next === undefined) return found;
      found = next;
    }
  }

  usesIn([start, end]: Stretch): NameUse[] {
    let low = 0;
    let high = this.uses.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.uses[middle]?.[1] ?? 0) < start) low = middle + 1;
      else high = middle;
    }
    const found: NameUse[] = [];
    for (let at = low; at < this.uses.length; at++) {
      const use = this.uses[at] as NameUse;
      if (use[1] >= end) break;
      if (use[2] <= end) found.push(use);
    }
    return found;
  }

  /** The scope to which a use belongs; the name of a function belongs to where the function is. */
  scopeOfUse(use: NameUse): number {
    const statement = this.at(use[1]);
    if (statement === PROGRAM) return PROGRAM;
    const { kind, core } = this.statement(statement);
    const isDef = ["def", "init", "forward"].includes(kind);
    const named = isDef && /\bdef\s+$/.test(this.text.slice(core[0], use[1]));
    return this.scope(named ? this.parent(statement) : statement);
  }

  /** Whether a function binds a name, as a parameter or by an assignment. */
  isLocal(name: string, scope: number): boolean {
    if (scope === PROGRAM) return false;
    const uses = this.usesIn(this.statement(scope).core);
    return uses.some((use) => use[0] === name && use[3] && this.scopeOfUse(use) === scope);
  }

  /** The uses of a variable that is bound in a scope (-1: the program), wherever they are. */
  usesOf(name: string, scope: number): NameUse[] {
    const own = scope === PROGRAM ? this.uses : this.usesIn(this.statement(scope).core);
    return own.filter((use) => {
      if (use[0] !== name) return false;
      const inner = this.scopeOfUse(use);
      return inner === scope || (scope === PROGRAM && !this.isLocal(name, inner));
    });
  }

  /** Every name that is used anywhere in the program, and those of imports. */
  allNames(): Set<string> {
    const names = new Set(Object.keys(this.document.imports).map((name) => name.split(".")[0] as string));
    for (const use of this.uses) names.add(use[0]);
    return names;
  }

  /** What a statement, with all inside it, reads and binds. In code, and where something is changed in place, both. */
  effect(index: number): { reads: Set<string>; binds: Set<string> } {
    const statement = this.statement(index);
    const reads = new Set<string>();
    const binds = new Set<string>();
    const mayChange = statement.kind === "code" || (statement.kind === "expression" && !this.isOutput(index));
    for (const [name, , , bound] of this.usesIn(statement.core)) {
      if (name in this.document.imports) continue;
      (bound ? binds : reads).add(name);
      if (mayChange) binds.add(name);
    }
    for (const inner of this.children(index)) {
      const deeper = this.effect(inner);
      for (const name of deeper.binds) binds.add(name);
    }
    return { reads, binds };
  }

  private isOutput(statement: number): boolean {
    const own = this.document.blocks.filter((block) => block.statement === statement);
    return own.some((block) => block.kind === "output") || own.some((block) => block.kind === "op");
  }

  /** Where a block's value goes. */
  consumers(block: number, output?: number): Slot[] {
    const all = this.readers.get(block) ?? [];
    return output === undefined ? all : all.filter((slot) => this.argument(slot).wire?.[1] === output);
  }

  /** Whether a value is a part of a larger expression, without a name of its own. */
  isNested(id: number): boolean {
    const block = this.block(id);
    return (block.outputs ?? []).length > 0 && (block.outputs ?? []).every((output) => !output.name);
  }

  /** The blocks of a statement whose expressions are not inside another block of it. */
  outermost(statement: number): Block[] {
    const own = this.document.blocks.filter((block) => block.statement === statement);
    return own.filter(
      (block) =>
        !own.some(
          (other) => other !== block && holds(other.span, block.span) && !same(other.span, block.span),
        ),
    );
  }

  /** All blocks on which a block's value depends, with itself. */
  ancestors(id: number): Set<number> {
    const found = new Set<number>();
    const open = [id];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (found.has(at)) continue;
      found.add(at);
      for (const { wire } of this.block(at).arguments ?? []) if (wire) open.push(wire[0]);
    }
    return found;
  }

  /** Whether a wire between two blocks would close a circle. */
  closesCircle(from: number, to: number): boolean {
    return this.ancestors(from).has(to);
  }

  output([block, output]: Wire): NonNullable<Block["outputs"]>[number] {
    return this.block(block).outputs?.[output] ?? refuse("That output is no longer there; try again.");
  }
}

export function holds(outer: Stretch, inner: Stretch): boolean {
  return outer[0] <= inner[0] && inner[1] <= outer[1];
}

function same(one: Stretch, other: Stretch): boolean {
  return one[0] === other[0] && one[1] === other[1];
}
