/** The training loop: written around a loss when an optimizer is connected to it, and taken away again. */
import type { Block } from "../protocol.gen";
import { callOf } from "./arguments";
import type { Item } from "./draft";
import { refuse } from "./model";
import { bound } from "./remove";
import { firstCall } from "./tree";
import { label, type Work } from "./work";

/** Writes the loop in which an optimizer makes a loss smaller. */
export function train(work: Work, optimizerId: number, lossId: number, steps = "200"): void {
  const { model, draft } = work;
  const optimizer = model.block(optimizerId);
  const loss = model.block(lossId);
  const at =
    optimizer.definition !== undefined && optimizer.definition !== -1
      ? optimizer.definition
      : optimizer.statement;
  const name = bound(work, at) || refuse("The optimizer has no name; give it one in the code first.");
  if (model.parent(at) !== -1 || model.parent(loss.statement) !== -1) {
    refuse(
      model.chain(loss.statement).some((one) => one !== -1 && model.statement(one).kind === "train")
        ? "This loss is in a training loop already."
        : "The optimizer and the loss must both be in the program itself, not inside a class or a function.",
    );
  }
  const value = work.value([lossId, 0]);
  const parameters = parametersOf(work, loss);
  if (!parameters.length) {
    refuse(
      `${label(loss)} does not depend on anything that can be trained: a layer, or a tensor with requires_grad=True.`,
    );
  }
  const moving = movingOf(work, loss, parameters);
  const calls = callsOf(work, value.name, name);
  const given = callOf(model, optimizer, "definition")?.passed[0];
  if (given && /^(\[\s*(\.\.\.)?\s*\]|\.\.\.)$/.test(model.slice(given.value))) {
    draft.splice(given.value, parameterText(parameters));
  }
  const items = draft.items(-1);
  const inLoop = items.filter(
    (item) =>
      (item.kind === "old" && (moving.has(item.statement) || calls.has(item.statement))) ||
      item === value.hoisted,
  );
  const last = inLoop.at(-1) ?? refuse("The loss has changed; try again.");
  const made = work.item(at, -1);
  const lastIndex = Math.max(items.indexOf(last), items.indexOf(made));
  const anchor = items[lastIndex + 1] ?? null;
  // What uses values of the loop and stands among its statements comes after it.
  const names = new Set(inLoop.flatMap((item) => [...draft.effect(item).binds]));
  const later: Item[] = [];
  for (const item of items.slice(0, lastIndex + 1)) {
    if (inLoop.includes(item) || item === made || item.kind === "lead") continue;
    const effect = draft.effect(item);
    const waits =
      [...effect.reads].some((one) => names.has(one)) &&
      items.indexOf(item) > items.indexOf(inLoop[0] as Item);
    if (!waits) continue;
    later.push(item);
    for (const one of effect.binds) names.add(one);
  }
  if (
    later.some((item) =>
      inLoop.some((one) => [...draft.effect(item).binds].some((b) => draft.effect(one).reads.has(b))),
    )
  ) {
    refuse(
      "Between the statements of the loop there are others that cannot be moved out of it; change that in the code first.",
    );
  }
  const step = work.name("step");
  const body = inLoop.map((item) => textOf(work, item, calls));
  const lines = [`for ${step} in range(${steps}):`, `    ${name}.zero_grad()`];
  for (const text of body)
    if (text) lines.push(...text.split("\n").map((line) => (line.trim() ? `    ${line}` : "")));
  lines.push(`    ${value.name}.backward()`, `    ${name}.step()`);
  const after = later.length ? (work.draft.items(-1).includes(later[0] as Item) ? anchor : anchor) : anchor;
  const fresh = draft.insert(-1, after, lines.join("\n"), { binds: names, reads: names });
  fresh.blank = 1;
  for (const item of later) draft.move(item, -1, -1, draft.next(-1, fresh) === item ? null : anchor);
  fresh.after = 1;
  for (const item of inLoop) {
    if (item.kind === "old") draft.remove(item.statement);
    else draft.drop(-1, item);
  }
  work.select.push(name);
}

/** The text of a statement as it goes into the loop. */
function textOf(work: Work, item: Item, calls: ReadonlySet<number>): string {
  if (item.kind === "lead") return "";
  if (item.kind === "fresh") return item.text;
  if (calls.has(item.statement)) return "";
  return work.draft.own(item.statement);
}

interface Trained {
  readonly name: string;
  /** A tensor itself, not a module with parameters. */
  readonly tensor: boolean;
  readonly statement: number;
}

/** What a loss depends on that can be trained, in the order of the program. */
export function parametersOf(work: Work, loss: Block): Trained[] {
  const { model } = work;
  const found = new Map<string, Trained>();
  for (const id of model.ancestors(loss.id)) {
    const block = model.block(id);
    const made = block.definition !== undefined && block.definition !== -1 ? block.definition : -1;
    if ((block.kind === "layer" || block.kind === "module" || block.kind === "loss") && made !== -1) {
      const name = bound(work, made);
      if (name && !name.startsWith("self.") && hasParameters(block))
        found.set(name, { name, tensor: false, statement: made });
    } else if (block.kind === "input" && model.scope(block.statement) === -1) {
      const name = block.outputs?.[0]?.name;
      const grad = block.arguments?.find((one) => one.name === "requires_grad");
      const trainable =
        grad?.text === "True" ||
        block.type === "nn.Parameter" ||
        /requires_grad_\(\)/.test(model.slice(model.statement(block.statement).core));
      if (name && trainable) found.set(name, { name, tensor: true, statement: block.statement });
    } else if (block.type === "Tensor.requires_grad_") {
      const name = block.outputs?.[0]?.name;
      if (name) found.set(name, { name, tensor: true, statement: block.statement });
    }
  }
  return [...found.values()].sort((one, other) => one.statement - other.statement);
}

const WITHOUT =
  /^nn\.(\w*ReLU6?|Tanh|Sigmoid|GELU|SiLU|ELU|SELU|CELU|Mish|Softplus|Soft\w+|LogSoftmax|LogSigmoid|Hard\w+|Tanhshrink|Threshold|GLU|\w*Dropout\w*|Flatten|Unflatten|Identity|\w*Pool\d?d?|Upsample|PixelShuffle|\w*Pad\dd|Unfold|Fold|\w*Loss|LocalResponseNorm|InstanceNorm\dd)$/;

/** Whether what a statement makes can have parameters. */
export function withParameters(work: Work, statement: number): boolean {
  const made = work.model.document.blocks.filter(
    (one) => one.definition === statement && one.type.startsWith("nn.") && one.type !== "nn.Sequential",
  );
  return !made.length || made.some(hasParameters);
}

function hasParameters(block: Block): boolean {
  return !WITHOUT.test(block.type) || block.type === "nn.PReLU";
}

export function parameterText(parameters: readonly Trained[]): string {
  const [only] = parameters;
  if (parameters.length === 1 && only && !only.tensor) return `${only.name}.parameters()`;
  return `[${parameters.map((one) => (one.tensor ? one.name : `*${one.name}.parameters()`)).join(", ")}]`;
}

/** The statements that must be done again in every step: what the loss is made of, as far as it depends on parameters. */
function movingOf(work: Work, loss: Block, parameters: readonly Trained[]): Set<number> {
  const { model } = work;
  const trained = new Set(parameters.map((one) => one.name));
  const ancestors = model.ancestors(loss.id);
  const depends = new Map<number, boolean>();
  const visit = (id: number): boolean => {
    const known = depends.get(id);
    if (known !== undefined) return known;
    depends.set(id, false);
    const block = model.block(id);
    const made =
      block.definition !== undefined && block.definition !== -1 ? bound(work, block.definition) : "";
    let does = made !== "" && trained.has(made);
    const own = block.outputs?.[0]?.name;
    const leaf = own !== undefined && trained.has(own) && !made;
    for (const { wire } of block.arguments ?? []) {
      if (!wire) continue;
      const source = model.block(wire[0]);
      const sourceName = source.outputs?.[wire[1]]?.name ?? "";
      if (visit(wire[0]) || (trained.has(sourceName) && source.kind !== "layer")) does = true;
    }
    depends.set(id, does && !leaf);
    return does && !leaf;
  };
  visit(loss.id);
  const moving = new Set<number>([loss.statement]);
  for (const id of ancestors) {
    const block = model.block(id);
    if (visit(id) && model.parent(block.statement) === -1) moving.add(block.statement);
  }
  return moving;
}

/** Calls of a training step that stand in the program already, without a loop. */
function callsOf(work: Work, loss: string, optimizer: string): Set<number> {
  const { model } = work;
  const names = [`${loss}.backward()`, `${optimizer}.zero_grad()`, `${optimizer}.step()`];
  return new Set(
    model
      .children(-1)
      .filter((index) => names.includes(model.slice(model.statement(index).core).replace(/\s/g, ""))),
  );
}

/** Changes how many steps a loop takes. */
export function setSteps(work: Work, id: number, steps: string): void {
  const { model, draft } = work;
  const block = model.block(id);
  if (block.kind !== "train") refuse("Only a training loop has a number of steps.");
  if (!/^[1-9][\d_]*$/.test(steps) && !/^[A-Za-z_]\w*$/.test(steps))
    refuse(`“${steps}” is not a number of steps: a whole number from 1 on is.`);
  const { core } = model.statement(block.statement);
  const call = firstCall(model.text, model.tree, [core[0], model.text.indexOf("\n", core[0])]);
  if (!call || model.slice(call.callee) !== "range")
    refuse("The steps of this loop are not counted by range(...); change it in the code.");
  const last = call.passed.length > 1 ? call.passed[1] : call.passed[0];
  if (last) draft.splice(last.value, steps);
  work.select.push(block.key);
}

/** Takes the loop away and leaves what it computes. */
export function unwrap(work: Work, id: number): void {
  const { model, draft } = work;
  const block = model.block(id);
  const scope = model.parent(block.statement);
  const anchor = work.item(block.statement, scope);
  const optimizers = model.document.blocks.filter((one) => one.kind === "optimizer");
  const names = new Set(optimizers.map((one) => bound(work, one.definition ?? -1)));
  const { core } = model.statement(block.statement);
  for (const { name } of block.outputs ?? []) {
    const use = model.usesIn(core).find((one) => one[0] === name && !one[3]);
    if (use)
      refuse(
        `“${name}” is used in line ${model.line(use[1])}, and only the loop gives it a value; change that line first.`,
      );
  }
  for (const index of [...model.children(block.statement)]) {
    const call = /^([\w.]+)\.(zero_grad|backward|step)\(.*\)$/s.exec(
      model.slice(model.statement(index).core),
    );
    if (call && (call[2] !== "step" || names.has(call[1] ?? ""))) continue;
    const { item } = draft.place(index);
    draft.move(item, block.statement, scope, anchor);
  }
  draft.remove(block.statement);
}
