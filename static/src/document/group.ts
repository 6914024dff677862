/** Selected blocks as a class of their own, an `nn.Module`. */
import type { Block } from "../protocol.gen";
import { putExpression } from "./arguments";
import type { Item } from "./draft";
import { elementOf } from "./layers";
import { refuse } from "./model";
import { snake, valueName, whyNot } from "./names";
import { putBefore } from "./order";
import { leftBehind, type Piece, piecesOf, refuseGaps } from "./pieces";
import { bound } from "./remove";
import { attributeUses } from "./rename";
import { withParameters } from "./train";
import { assignedIn } from "./tree";
import { label, type Work } from "./work";

interface Layer {
  /** As it is called outside, and in the new class. */
  readonly old: string;
  readonly name: string;
  readonly statement: number;
}

export function group(work: Work, ids: readonly number[], wanted: string): void {
  const { model, draft } = work;
  const going = chosen(work, ids);
  const reason = whyNot(wanted, work.taken, model.document.imports);
  if (reason) refuse(reason);
  refuseGaps(work, going);
  for (const block of leftBehind(work, going)) work.hoist(block.id);
  const pieces = piecesOf(work, going);
  const first = pieces[0] ?? refuse("Select the blocks that belong together first.");
  const scope = model.parent(first.statement);
  if (pieces.some((piece) => model.parent(piece.statement) !== scope)) {
    refuse(
      "The selected blocks are in different places (inside and outside of a class or a loop): select those of one.",
    );
  }
  const layers = layersOf(work, going);
  const inClass = model.classOf(scope);
  work.taken.add(wanted);
  const instance = inClass === -1 ? work.name(snake(wanted)) : work.attribute(snake(wanted));

  if (inClass === -1) work.objects.add(instance);
  const names = new Names(work, pieces, layers);
  const outputs = names.outputs(scope);
  for (const { old, name } of layers) replaceLayer(work, pieces, layers, old, name, instance);
  renewOptimizers(work, layers, instance);
  const lines = forwardOf(work, pieces, outputs);
  const { init, given } = initOf(work, layers);
  const call = `${outputs.join(", ")} = ${instance}(${names.inputs.join(", ")})`;

  // Where the last part stood, so that all that goes in is there; what needs its results comes after it.
  const last = pieces.at(-1) as Piece;
  const fresh = draft.insert(scope, draft.place(last.statement).item, call, {
    reads: new Set([...names.inputs, instance]),
    binds: new Set(outputs),
  });
  for (const piece of pieces) {
    const host = piece.top ? draft.place(piece.statement).item : null;
    if (host && piece.top) host.reads.add(work.madeOf.get(piece.top.id) ?? "");
  }
  const moved = new Set(pieces.filter((piece) => !piece.top).map((piece) => piece.statement));
  writeClass(work, wanted, init, given, names.inputs, lines, [
    ...layers.map((one) => one.statement),
    first.statement,
  ]);
  if (inClass === -1)
    writeInstance(
      work,
      layers,
      scope,
      fresh,
      `${instance} = ${wanted}(${given.join(", ")})`,
      given,
      instance,
    );
  else writeAttribute(work, layers, inClass, `${instance} = ${wanted}(${given.join(", ")})`);
  for (const statement of moved) draft.remove(statement);
  for (const item of [...draft.items(scope)]) {
    if (item === fresh || item.kind === "lead") continue;
    const index = draft.items(scope).indexOf(item);
    const reads = item.kind === "old" ? new Set([...draft.effect(item).reads, ...item.reads]) : item.reads;
    if (
      index < draft.items(scope).indexOf(fresh) &&
      outputs.some((name) => reads.has(name) && !names.inputs.includes(name))
    ) {
      putBefore(
        draft,
        scope,
        fresh,
        item,
        `Something between the selected blocks needs what they make; select it too.`,
      );
    }
  }
  for (const { statement } of layers) draft.remove(statement);
  work.select.push(work.key(scope, instance), ...outputs.map((name) => work.key(scope, name)));
}

function chosen(work: Work, ids: readonly number[]): Set<number> {
  const { model } = work;
  const going = new Set<number>();
  for (const id of ids) {
    const block = model.block(id);
    if (block.kind === "input" || block.kind === "data") continue;
    if (elementOf(work, block)) refuse("Select the Sequential as a whole, not single layers of it.");
    if (!["op", "layer", "loss", "module"].includes(block.kind)) {
      refuse(`${label(block)} cannot be a part of a class: operations, layers and losses can.`);
    }
    going.add(id);
  }
  if (!going.size) refuse("Select the operations and layers that belong together first.");
  return going;
}

function layersOf(work: Work, going: ReadonlySet<number>): Layer[] {
  const found = new Map<number, Layer>();
  for (const id of going) {
    const block = work.model.block(id);
    const at = block.definition ?? -1;
    if (at === -1 || found.has(at)) continue;
    const old = bound(work, at);
    if (!old)
      refuse(
        `${label(block)} is made together with something else in line ${work.model.line(work.model.statement(at).core[0])}; give it a line of its own in the code first.`,
      );
    found.set(at, { old, name: old.replace(/^self\./, ""), statement: at });
  }
  return [...found.values()].sort(
    (one, other) =>
      work.model.statement(one.statement).core[0] - work.model.statement(other.statement).core[0],
  );
}

/** Names of the program that code inside a function can use as they are: classes, functions, imports. */
export function isGlobal(work: Work, name: string): boolean {
  const { model } = work;
  if (name in model.document.imports) return true;
  return model.document.statements.some(
    ({ kind, core, parent }) =>
      (kind === "class" || kind === "def" || kind === "code") &&
      (parent ?? -1) === -1 &&
      new RegExp(`^(?:@[^\\n]*\\n\\s*)*(?:class|def)\\s+${name}\\b`).test(model.slice(core)),
  );
}

class Names {
  /** What comes in, in the order in which it is first used. */
  readonly inputs: string[] = [];
  private readonly made = new Map<number, string>();
  private readonly binds = new Set<string>();

  constructor(
    private readonly work: Work,
    private readonly pieces: readonly Piece[],
    layers: readonly Layer[],
  ) {
    const own = new Set(layers.map((one) => one.old));
    for (const piece of pieces) {
      const uses = work.model.usesIn(piece.span);
      for (const name of this.read(
        piece,
        uses.filter((use) => !use[3] || this.augmented(use)).map((use) => use[0]),
      )) {
        if (own.has(name) || this.binds.has(name) || this.inputs.includes(name) || isGlobal(work, name))
          continue;
        if (name.startsWith("self."))
          refuse(`“${name}” belongs to the class around it; group blocks that do not use it.`);
        if (name !== "self") this.inputs.push(name);
      }
      for (const use of uses) if (use[3]) this.binds.add(use[0]);
    }
  }

  /** `x += 1` reads what it binds. */
  private augmented(use: readonly [string, number, number, boolean]): boolean {
    return /^\s*(?:[-+*/@%&|^]|\/\/|\*\*|<<|>>)=/.test(this.work.model.text.slice(use[2], use[2] + 8));
  }

  /** Names as they are after what stays behind has got names of its own. */
  private read(piece: Piece, names: string[]): string[] {
    const kept = this.work.hoistedIn(piece.span);
    const outside = new Set(
      names.filter((name) => {
        const uses = this.work.model.usesIn(piece.span).filter((use) => use[0] === name);
        return uses.every((use) => kept.some(({ span }) => span[0] <= use[1] && use[2] <= span[1]));
      }),
    );
    return [...names.filter((name) => !outside.has(name)), ...kept.map((one) => one.name)];
  }

  /** What is used elsewhere; if nothing is, what nothing inside uses. Parts of expressions get names here. */
  outputs(scope: number): string[] {
    const { model } = this.work;
    const found: string[] = [];
    const inside = (position: number) =>
      this.pieces.some(({ span }) => span[0] <= position && position < span[1]);
    const sinks: string[] = [];
    for (const piece of this.pieces) {
      if (piece.top) {
        const name = this.work.name(valueName(piece.top.type, piece.top.kind));
        this.made.set(piece.top.id, name);
        this.work.madeOf.set(piece.top.id, name);
        found.push(name);
        continue;
      }
      for (const use of model.usesIn(piece.span)) {
        if (!use[3] || use[0].startsWith("self.")) continue;
        const home = model.scope(piece.statement);
        const uses = model.usesOf(use[0], home);
        if (
          uses.some((other) => !other[3] && !inside(other[1]) && other[1] > piece.span[1]) &&
          !found.includes(use[0])
        )
          found.push(use[0]);
        if (!uses.some((other) => !other[3])) sinks.push(use[0]);
      }
    }
    void scope;
    if (found.length) return found;
    const last = this.pieces.at(-1);
    const lastBinds = last
      ? model
          .usesIn(last.span)
          .filter((use) => use[3])
          .map((use) => use[0])
      : [];
    return sinks.length
      ? sinks
      : lastBinds.length
        ? lastBinds
        : refuse("The selected blocks make nothing that could be a result.");
  }
}

/** Inside the pieces a layer is the class's own; elsewhere it is the instance's. */
function replaceLayer(
  work: Work,
  pieces: readonly Piece[],
  layers: readonly Layer[],
  old: string,
  name: string,
  instance: string,
): void {
  const { model, draft } = work;
  const statement = layers.find((one) => one.old === old)?.statement ?? -1;
  const owner = model.classOf(statement);
  const uses = old.startsWith("self.")
    ? model.uses.filter((use) => use[0] === old && model.classOf(model.at(use[1])) === owner)
    : model.usesOf(old, model.scope(statement));
  for (const use of uses) {
    const within = pieces.some(({ span }) => span[0] <= use[1] && use[2] <= span[1]);
    const making = layers.some((layer) => {
      const { core } = model.statement(layer.statement);
      return core[0] <= use[1] && use[2] <= core[1];
    });
    if (within || making) draft.splice([use[1], use[2]], `self.${name}`);
    else draft.splice([use[1], use[2]], `${instance}.${name}`);
  }
  if (owner !== -1) {
    for (const [start] of attributeUses(work, owner, name))
      draft.splice([start, start], `${instance.slice(5)}.`);
  }
}

/** An optimizer of all layers of the new module is one of the module. */
function renewOptimizers(work: Work, layers: readonly Layer[], instance: string): void {
  const { model, draft } = work;
  const own = layers.filter((layer) => withParameters(work, layer.statement)).map((layer) => layer.old);
  if (!own.length) return;
  for (const block of model.document.blocks) {
    const span =
      block.kind === "optimizer" ? block.arguments?.find((one) => one.name === "params")?.span : null;
    if (!span) continue;
    const text = model.slice(span).replace(/\s/g, "");
    const list = /^\[(.*?),?\]$/.exec(text);
    const parts = list ? (list[1] ?? "").split(",") : [`*${text}`];
    const names = own.map((name) => `*${name}.parameters()`);
    if (!names.every((name) => parts.includes(name))) continue;
    const others = parts.filter((part) => !names.includes(part));
    const all = `${instance}.parameters()`;
    draft.splice(span, others.length ? `[${[`*${all}`, ...others].join(", ")}]` : all);
  }
}

function forwardOf(work: Work, pieces: readonly Piece[], outputs: readonly string[]): string[] {
  const { model, draft } = work;
  const lines: string[] = [];
  const last = pieces.at(-1);
  let returned = false;
  for (const piece of pieces) {
    if (piece.top) {
      const name = work.madeOf.get(piece.top.id) ?? "";
      const text = work.standalone(piece.span, piece.statement);
      if (piece === last && outputs.length === 1) {
        lines.push(`return ${text}`);
        returned = true;
      } else lines.push(...`${name} = ${text}`.split("\n"));
      putExpression(draft, piece.span, name);
      continue;
    }
    const { core } = model.statement(piece.statement);
    const value = assignedIn(model.tree, core);
    const [only] = outputs;
    if (
      piece === last &&
      outputs.length === 1 &&
      value &&
      model.slice([core[0], value[0]]).replace(/\s/g, "") === `${only}=`
    ) {
      draft.splice([core[0], value[0]], "return ");
      returned = true;
    }
    lines.push(...draft.own(piece.statement).split("\n"));
  }
  if (!returned) lines.push(`return ${outputs.join(", ")}`);
  return lines;
}

function initOf(work: Work, layers: readonly Layer[]): { init: string[]; given: string[] } {
  const { model, draft } = work;
  const given: string[] = [];
  const own = new Set(layers.map((one) => one.old));
  for (const { statement } of layers) {
    for (const use of model.usesIn(model.statement(statement).core)) {
      const [name] = use;
      if (use[3] || own.has(name) || given.includes(name) || isGlobal(work, name) || name === "self")
        continue;
      if (name.startsWith("self."))
        refuse(`“${name}” belongs to the class around it; group blocks that do not use it.`);
      given.push(name);
    }
  }
  return { init: layers.flatMap(({ statement }) => draft.own(statement).split("\n")), given };
}

function writeClass(
  work: Work,
  name: string,
  init: readonly string[],
  given: readonly string[],
  inputs: readonly string[],
  forward: readonly string[],
  involved: readonly number[],
): void {
  const { model, draft } = work;
  const deep = (lines: readonly string[]) => lines.map((line) => (line.trim() ? `        ${line}` : ""));
  const lines = [`class ${name}(${work.imports.module("torch.nn")}.Module):`];
  if (init.length) {
    lines.push(
      `    def __init__(${["self", ...given].join(", ")}):`,
      "        super().__init__()",
      ...deep(init),
      "",
    );
  }
  lines.push(`    def forward(${["self", ...inputs].join(", ")}):`, ...deep(forward));
  const items = draft.items(-1);
  const outer = involved.map((statement) => items.indexOf(work.item(statement, -1)));
  const before = Math.min(...outer);
  let place = 0;
  for (const [index, item] of items.slice(0, before).entries()) {
    const kind = item.kind === "old" ? model.statement(item.statement).kind : "";
    if (kind === "import" || kind === "class" || kind === "def") place = index + 1;
  }
  let anchor: Item | null = items[place] ?? null;
  if (anchor && place === 0) anchor = draft.splitLead(-1, anchor);
  const fresh = draft.insert(-1, anchor, lines.join("\n"), { binds: new Set([name]) });
  fresh.blank = 2;
  fresh.after = 2;
}

function writeInstance(
  work: Work,
  layers: readonly Layer[],
  scope: number,
  call: Item,
  text: string,
  given: readonly string[],
  instance: string,
): void {
  const { draft } = work;
  const first = layers[0];
  const effect = { reads: new Set(given), binds: new Set([instance]) };
  const outermost = (statement: number) => work.item(statement, -1);
  const home = scope === -1 ? call : outermost(scope);
  const fresh = draft.insert(-1, first ? draft.place(first.statement).item : home, text, effect);
  for (const name of given) {
    const maker = draft.items(-1).findLast((item) => item !== fresh && draft.effect(item).binds.has(name));
    if (maker)
      putBefore(
        draft,
        -1,
        maker,
        fresh,
        `“${name}” is made too late for the new class; move it in the code first.`,
      );
  }
}

function writeAttribute(work: Work, layers: readonly Layer[], owner: number, text: string): void {
  const { model, draft } = work;
  const [first] = layers;
  if (first) draft.insert(model.parent(first.statement), draft.place(first.statement).item, text);
  else work.inInit(owner, text);
}

export type { Block };
