/** The text that selected blocks are: whole statements where all of one is selected, parts of expressions else. */
import type { Block, Stretch } from "../protocol.gen";
import { refuse } from "./model";
import { label, type Work } from "./work";

export interface Piece {
  readonly statement: number;
  /** The expression it is if it is a part of a statement, with its outermost block; null: the whole statement. */
  readonly top: Block | null;
  readonly span: Stretch;
}

/** Selected blocks as pieces in the order of the program; what makes layers is not among them. */
export function piecesOf(work: Work, going: ReadonlySet<number>): Piece[] {
  const { model } = work;
  const pieces: Piece[] = [];
  const statements = new Set([...going].map((id) => model.block(id).statement));
  const skipped = new Set(
    [...statements].filter((one) =>
      model
        .chain(one)
        .slice(1)
        .some((outer) => statements.has(outer)),
    ),
  );
  for (const statement of [...statements].sort(
    (one, other) => model.statement(one).core[0] - model.statement(other).core[0],
  )) {
    if (skipped.has(statement)) continue;
    const { kind, core } = model.statement(statement);
    const outer = model.outermost(statement);
    const isReturn = kind === "return";
    if (outer.length && outer.every((block) => going.has(block.id)) && !isReturn) {
      pieces.push({ statement, top: null, span: core });
      continue;
    }
    const own = [...going]
      .map((id) => model.block(id))
      .filter((block) => block.statement === statement && block.kind !== "output");
    const tops = own.filter((block) => !own.some((other) => other !== block && contains(other, block)));
    for (const top of tops.sort((one, other) => one.span[0] - other.span[0]))
      pieces.push({ statement, top, span: top.span });
  }
  return pieces;
}

function contains(outer: Block, inner: Block): boolean {
  return (
    outer.span[0] <= inner.span[0] &&
    inner.span[1] <= outer.span[1] &&
    outer.span[1] - outer.span[0] > inner.span[1] - inner.span[0]
  );
}

/** Parts inside selected expressions that are not selected: they stay behind. */
export function leftBehind(work: Work, going: ReadonlySet<number>): Block[] {
  const found: Block[] = [];
  for (const id of going) {
    for (const { wire, span } of work.model.block(id).arguments ?? []) {
      if (!wire || !span || going.has(wire[0])) continue;
      const source = work.model.block(wire[0]);
      if (work.model.isNested(source.id) && span[0] <= source.span[0] && source.span[1] <= span[1])
        found.push(source);
    }
  }
  return found;
}

/** Refuses a selection that a value leaves and comes back to. */
export function refuseGaps(work: Work, going: ReadonlySet<number>): void {
  const { model } = work;
  const after = new Set<number>();
  const open = [...going];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const { block } of model.consumers(at)) {
      if (!going.has(block) && !after.has(block)) {
        after.add(block);
        open.push(block);
      }
    }
  }
  for (const id of going) {
    for (const { wire } of model.block(id).arguments ?? []) {
      if (wire && after.has(wire[0])) {
        refuse(`${label(model.block(wire[0]))} lies between the selected blocks: select it too.`);
      }
    }
  }
}
