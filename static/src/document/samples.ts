/** For tests: a number of edits of each kind for any program, the same ones every time. */
import type { Block, Document } from "../protocol.gen";
import type { Edit } from "./index";
import { Model } from "./model";
import type { Palette } from "./palette";

/** Numbers from 0 to 1 that depend on the seed only (mulberry32). */
export function random(seed: string): () => number {
  let state = 0x9e3779b9;
  for (const letter of seed) state = Math.imul(state ^ letter.charCodeAt(0), 0x01000193) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Kinds of edits after which a program prints what it printed before. */
export const KEEPS_MEANING: readonly string[] = ["rename", "name", "duplicate", "group", "ungroup"];

export interface Sample {
  /** The kind of edit; `name` is a rename that gives a part of an expression a name. */
  readonly what: string;
  readonly edit: Edit;
}

/** For each kind of edit up to `most` samples. */
export function samples(
  seed: string,
  text: string,
  document: Document,
  palette: Palette,
  most = 2,
): Sample[] {
  const next = random(seed);
  const model = new Model(text, document);
  const { blocks } = document;
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(next() * from.length)];
  const found: Sample[] = [];
  const add = (what: string, make: () => Edit | undefined) => {
    for (let count = 0; count < most; count++) {
      const edit = make();
      if (edit && !found.some((one) => JSON.stringify(one.edit) === JSON.stringify(edit)))
        found.push({ what, edit });
    }
  };
  const wired = blocks.flatMap((block) =>
    (block.arguments ?? []).flatMap((argument) =>
      argument.wire && argument.span ? [{ block, argument }] : [],
    ),
  );
  const settings = blocks.flatMap((block) =>
    (block.arguments ?? []).flatMap((argument) =>
      !argument.wire && block.kind !== "code" ? [{ block, argument }] : [],
    ),
  );
  const valued = blocks.filter(
    (block) => (block.outputs ?? []).length && !["optimizer", "code", "class"].includes(block.kind),
  );
  const port = (at: { block: Block; argument: { name: string; place?: "call" | "definition" } }) => ({
    block: at.block.id,
    argument: at.argument.name,
    ...(at.argument.place ? { place: at.argument.place } : {}),
  });

  add("set", () => {
    const at = pick(
      settings.filter(({ argument }) => argument.span && /^-?[\d.]+$/.test(argument.text ?? "")),
    );
    return at && { kind: "set", ...port(at), value: String(Math.floor(next() * 8) + 1) };
  });
  add("give", () => {
    const at = pick(
      settings.filter(
        ({ argument }) => !argument.span && /^(bias|keepdim|dim|dtype|p|eps)$/.test(argument.name),
      ),
    );
    const value =
      at &&
      { bias: "False", keepdim: "True", dim: "0", dtype: "torch.float64", p: "0.25", eps: "1e-4" }[
        at.argument.name
      ];
    return at && { kind: "set", ...port(at), value: value ?? "1" };
  });
  add("default", () => {
    const at = pick(settings.filter(({ argument }) => argument.span));
    return at && { kind: "set", ...port(at), value: "" };
  });
  add("disconnect", () => {
    const at = pick(wired);
    return at && { kind: "disconnect", to: port(at) };
  });
  add("connect", () => {
    const at = pick(wired);
    const from = pick(valued);
    return at && from && { kind: "connect", from: [from.id, 0], to: port(at) };
  });
  add("add", () => {
    const types = [
      "torch.sin",
      "nn.Linear",
      "nn.functional.gelu",
      "operator.add",
      "torch.cat",
      "data.moons",
      "nn.MSELoss",
      "optim.Adam",
      "print",
      "Tensor.view",
      "torch.tensor",
      "nn.LSTM",
      "nn.Sequential",
    ];
    const type = pick(types.filter((one) => palette.has(one)));
    const from = pick(valued);
    const wire =
      type &&
      palette.get(type)?.parameters?.find((one) => one.wire && (one.place ?? "call") === "call" && !one.list);
    return type
      ? {
          kind: "add",
          type,
          ...(from && wire ? { wires: { [wire.name]: [from.id, 0] as [number, number] } } : {}),
        }
      : undefined;
  });
  add("insert", () => {
    const at = pick(wired.filter(({ block }) => block.kind !== "code" && block.kind !== "optimizer"));
    return (
      at && {
        kind: "add",
        type: pick(["torch.tanh", "nn.ReLU", "torch.exp"]) ?? "torch.tanh",
        wires: { input: at.argument.wire as [number, number] },
        into: port(at),
      }
    );
  });
  add("remove", () => {
    const block = pick(blocks);
    return block && { kind: "remove", blocks: [block.id] };
  });
  add("rename", () => {
    const block = pick(blocks.filter((one) => one.kind !== "code" && !model.isNested(one.id)));
    return block && { kind: "rename", block: block.id, name: block.kind === "class" ? "Renamed" : "renamed" };
  });
  add("name", () => {
    const block = pick(blocks.filter((one) => model.isNested(one.id)));
    return block && { kind: "rename", block: block.id, name: "named", what: "value" };
  });
  add("duplicate", () => {
    const one = pick(blocks.filter((block) => ["op", "class"].includes(block.kind)));
    return one && { kind: "duplicate", blocks: [one.id] };
  });
  add("group", () => {
    const seedBlock = pick(blocks.filter((one) => ["op", "layer", "module"].includes(one.kind)));
    if (!seedBlock) return undefined;
    const going = new Set([seedBlock.id]);
    for (let turn = 0; turn < 2 + next() * 3; turn++) {
      const near = [...going].flatMap((id) => [
        ...model.consumers(id).map((slot) => slot.block),
        ...(model.block(id).arguments ?? []).flatMap((argument) => (argument.wire ? [argument.wire[0]] : [])),
      ]);
      const other = pick(near.filter((id) => ["op", "layer", "module"].includes(model.block(id).kind)));
      if (other !== undefined) going.add(other);
    }
    return { kind: "group", blocks: [...going].sort((a, b) => a - b), name: "Part" };
  });
  add("ungroup", () => {
    const block = pick(blocks.filter((one) => one.kind === "module"));
    return block && { kind: "ungroup", block: block.id };
  });
  add("unwrap", () => {
    const block = pick(blocks.filter((one) => one.kind === "train"));
    return block && { kind: "ungroup", block: block.id };
  });
  add("train", () => {
    const optimizer = pick(blocks.filter((one) => one.kind === "optimizer"));
    const loss = pick(valued.filter((one) => /loss/.test(one.outputs?.[0]?.name ?? "")));
    return (
      optimizer &&
      loss && { kind: "connect", from: [loss.id, 0], to: { block: optimizer.id, argument: "loss" } }
    );
  });
  add("steps", () => {
    const block = pick(blocks.filter((one) => one.kind === "train"));
    return block && { kind: "steps", block: block.id, steps: "3" };
  });
  add("move", () => {
    const block = pick(
      blocks.filter(
        (one) => (one.parent ?? -1) !== -1 && model.block(one.parent as number).type === "nn.Sequential",
      ),
    );
    return block && { kind: "move", block: block.id, index: Math.floor(next() * 3) };
  });
  return found;
}
