/** Taking blocks out. What used their values is left open; what came into them stays. */
import type { Block, BlockArgument } from "../protocol.gen";
import { putExpression, takeOut } from "./arguments";
import { open } from "./connect";
import { elementOf } from "./layers";
import { refuse } from "./model";
import { attributeUses } from "./rename";
import { callAround } from "./tree";
import { label, type Work } from "./work";

export function remove(work: Work, ids: readonly number[]): void {
  const going = withInner(work, ids);
  const blocks = [...going].map((id) => work.model.block(id));
  const statements = statementsOf(work, blocks, going);
  for (const block of blocks) refuseOdd(work, block, statements);
  // The inner before the outer: what is kept of an expression is taken as it is then.
  const inward = [...blocks].sort(
    (one, other) => one.span[1] - one.span[0] - (other.span[1] - other.span[0]),
  );
  for (const block of inward) {
    for (const slot of work.model.consumers(block.id)) {
      const target = work.model.block(slot.block);
      const argument = work.model.argument(slot);
      if (
        going.has(target.id) ||
        elementOf(work, block) ||
        inside(work, work.home(target, argument), statements)
      )
        continue;
      refuseTaken(work, target, argument);
      open(work, target, argument);
    }
    for (const argument of block.arguments ?? []) work.keep(argument, going);
  }
  for (const block of blocks) takeDefinition(work, block, going, statements);
  for (const statement of statements) {
    if (![...work.model.chain(statement)].slice(1).some((outer) => statements.has(outer)))
      work.draft.remove(statement);
  }
  refuseLoose(work, statements, going);
}

/** In code, where no wire can come back, `...` may stand for a value, but not be called, or asked for its parts. */
function refuseTaken({ model }: Work, target: Block, { name, span }: BlockArgument): void {
  if (target.kind !== "code" || !span) return;
  const next = /^\s*[.([]/.exec(model.text.slice(span[1]))?.[0].at(-1);
  if (!next) return;
  const how = next === "(" ? "called" : "asked for a part of it";
  refuse(
    `“${name}” is ${how} in line ${model.line(span[0])}, which is code that blocks do not show; change that line first, or remove that block too.`,
  );
}

/** With a class, a loop or a function goes what is inside. */
function withInner(work: Work, ids: readonly number[]): Set<number> {
  const going = new Set(ids);
  for (let before = -1; before !== going.size; ) {
    before = going.size;
    for (const block of work.model.document.blocks) if (going.has(block.parent ?? -1)) going.add(block.id);
  }
  return going;
}

/** The statements that go wholly: all their blocks do, or the outermost one. */
function statementsOf(work: Work, blocks: readonly Block[], going: ReadonlySet<number>): Set<number> {
  const statements = new Set<number>();
  for (const block of blocks) {
    const own = work.model.outermost(block.statement);
    if (own.every((one) => going.has(one.id)) && !elementOf(work, block)) statements.add(block.statement);
  }
  return statements;
}

function inside(work: Work, statement: number, statements: ReadonlySet<number>): boolean {
  return work.model.chain(statement).some((at) => statements.has(at));
}

function refuseOdd(work: Work, block: Block, statements: ReadonlySet<number>): void {
  const { model } = work;
  const { kind } = model.statement(block.statement);
  const outer = model.chain(block.statement).slice(1);
  if (outer.some((at) => statements.has(at))) return;
  const tops = model.outermost(block.statement);
  if (
    !statements.has(block.statement) &&
    tops.length > 1 &&
    tops.includes(block) &&
    !elementOf(work, block)
  ) {
    refuse(
      `Line ${model.line(block.span[0])} makes several values at once; give each a line of its own in the code first.`,
    );
  }
  if (kind === "return" && statements.has(block.statement) && block.kind === "output") {
    refuse("A function must return something; connect another value to its result instead.");
  }
  if ((kind === "forward" || kind === "def") && block.kind === "input") {
    refuse(`${label(block)} is an input of the function; take it out in the code, where it is called too.`);
  }
}

/** Takes out where a layer, a loss or an optimizer is made, once nothing calls it any more. */
function takeDefinition(work: Work, block: Block, going: ReadonlySet<number>, statements: Set<number>): void {
  const { model, draft } = work;
  const element = elementOf(work, block);
  if (element) {
    const passed = element.list.passed[element.index];
    if (passed && !going.has(element.owner.id)) takeOut(draft, element.list, passed);
    return;
  }
  const at = block.definition ?? -1;
  if (at === -1 || statements.has(at)) return;
  const name = bound(work, at);
  if (!name) return;
  const others = model.document.blocks.filter(
    (one) => one.definition === at && !going.has(one.id) && one.kind === block.kind,
  );
  if (others.length) return;
  const scope = name.startsWith("self.") ? model.classOf(at) : model.scope(at);
  const uses = model
    .usesOf(name, name.startsWith("self.") ? -1 : scope)
    .filter((use) => !use[3] && (!name.startsWith("self.") || model.classOf(model.at(use[1])) === scope));
  if (name.startsWith("self.") && scope !== -1 && attributeUses(work, scope, name.slice(5)).length) return;
  const loose = uses.filter(
    (use) => !inside(work, model.at(use[1]), statements) && !within(work, going, use[1]),
  );
  for (const use of loose) {
    const list = callAround(model.text, model.tree, use[1]);
    const target = model.document.blocks.find(
      (one) =>
        !going.has(one.id) &&
        one.arguments?.some(({ span }) => span && span[0] <= use[1] && use[2] <= span[1]),
    );
    const argument = target?.arguments?.find(({ span }) => span && span[0] <= use[1] && use[2] <= span[1]);
    if (!target || !argument?.span) {
      return; // Something else still wants it: it stays.
    }
    const element = list?.passed.find((one) => one.start <= use[1] && use[2] <= one.end);
    if (list && element?.star && list.passed.length > 1) takeOut(draft, list, element);
    else putExpression(draft, argument.span, "...");
  }
  statements.add(at);
}

function within(work: Work, going: ReadonlySet<number>, position: number): boolean {
  return [...going].some((id) => {
    const { span, statement } = work.model.block(id);
    return statement === work.model.at(position) && span[0] <= position && position < span[1];
  });
}

/** The one name that a statement binds, or "". */
export function bound(work: Work, statement: number): string {
  const { core } = work.model.statement(statement);
  const names = work.model.usesIn(core).filter((use) => use[3]);
  return names.length === 1 ? (names[0]?.[0] ?? "") : "";
}

/** Refuses if code that blocks do not show would miss a name. */
function refuseLoose(work: Work, statements: ReadonlySet<number>, going: ReadonlySet<number>): void {
  const { model, draft } = work;
  for (const statement of statements) {
    const { core, kind } = model.statement(statement);
    const scope = model.scope(model.parent(statement) === -1 ? -1 : model.parent(statement));
    const names = new Set(
      model
        .usesIn(core)
        .filter((use) => use[3] && model.scope(model.at(use[1])) === scope)
        .map((use) => use[0]),
    );
    if (kind === "class" || kind === "def") {
      const name = /^(?:class|def)\s+(\w+)/.exec(model.slice(core).replace(/^(?:@[^\n]*\n\s*)+/, ""))?.[1];
      if (name) names.add(name);
    }
    for (const name of names) {
      const home = name.startsWith("self.") ? -1 : scope;
      const binders = model.usesOf(name, home).filter((use) => use[3]);
      for (const use of model.usesOf(name, home)) {
        if (use[3] || inside(work, model.at(use[1]), statements) || within(work, going, use[1])) continue;
        if (name.startsWith("self.") && model.classOf(model.at(use[1])) !== model.classOf(statement))
          continue;
        if (draft.isReplaced([use[1], use[2]])) continue;
        // What was bound last before it counts; from inside a function, anything that is bound.
        const far = model.scopeOfUse(use) !== home;
        const before = binders.filter(
          (one) => far || (model.at(one[1]) !== model.at(use[1]) && one[1] < use[1]),
        );
        const kept = (far ? before : before.slice(-1)).some(
          (one) => !inside(work, model.at(one[1]), statements),
        );
        if (kept) continue;
        refuse(
          `“${name}” is also used in line ${model.line(use[1])}, where no wire shows it; change that line in the code first.`,
        );
      }
    }
  }
}
