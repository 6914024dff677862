/**
 * The writer: edits of a program's blocks as edits of its text.
 *
 * `apply` is pure. It takes the text, the `Document` that was read from exactly this text, and one edit, and gives
 * the new text, or says in plain words why it does not. Statements that an edit does not touch keep their characters.
 */
import type { Document, Wire } from "../protocol.gen";
import { type Adding, add } from "./add";
import { connect, disconnect, type Port, set } from "./connect";
import { copy, duplicate, type Fragment, paste } from "./copy";
import { group } from "./group";
import { moveElement } from "./layers";
import { Model, Refusal, refuse } from "./model";
import type { Palette } from "./palette";
import { remove } from "./remove";
import { type Renaming, rename } from "./rename";
import { setSteps, train, unwrap } from "./train";
import { ungroup } from "./ungroup";
import { Work } from "./work";

export { asPalette, type Entry, type Parameter } from "./palette";
export type { Adding, Fragment, Palette, Port, Renaming };
export { Model };

export type Edit =
  /** A setting as it is to be written; empty: its default. */
  | ({ readonly kind: "set"; readonly value: string } & Port)
  /** An optimizer's `loss` writes the training loop. */
  | { readonly kind: "connect"; readonly from: Wire; readonly to: Port }
  | { readonly kind: "disconnect"; readonly to: Port }
  | ({ readonly kind: "add" } & Adding)
  | { readonly kind: "remove"; readonly blocks: readonly number[] }
  | ({ readonly kind: "rename" } & Renaming)
  | { readonly kind: "duplicate"; readonly blocks: readonly number[] }
  | { readonly kind: "paste"; readonly fragment: Fragment; readonly parent?: number }
  | { readonly kind: "group"; readonly blocks: readonly number[]; readonly name: string }
  /** A class (or one object of it), or a training loop. */
  | { readonly kind: "ungroup"; readonly block: number }
  | { readonly kind: "train"; readonly optimizer: number; readonly loss: number; readonly steps?: string }
  | { readonly kind: "steps"; readonly block: number; readonly steps: string }
  /** A layer of an `nn.Sequential`, to a place counted without it. */
  | { readonly kind: "move"; readonly block: number; readonly index: number };

export interface Edited {
  readonly text: string;
  /** Keys of blocks to select, the most fitting first; some may not exist. */
  readonly select: readonly string[];
  /** Keys that are others now, so that the blocks stay where they are. */
  readonly keys: Readonly<Record<string, string>>;
}

export type Result = Edited | { readonly refusal: string };

export function apply(text: string, document: Document, edit: Edit, palette: Palette): Result {
  try {
    const work = new Work(text, document, palette);
    perform(work, edit);
    work.imports.write();
    return { text: work.draft.render(), select: [...new Set(work.select.filter(Boolean))], keys: work.keys };
  } catch (error) {
    if (error instanceof Refusal) return { refusal: error.message };
    throw error;
  }
}

/** What `paste` takes. */
export function copied(
  text: string,
  document: Document,
  blocks: readonly number[],
): Fragment | { refusal: string } {
  try {
    return copy(new Work(text, document, new Map()), blocks);
  } catch (error) {
    if (error instanceof Refusal) return { refusal: error.message };
    throw error;
  }
}

function perform(work: Work, edit: Edit): void {
  switch (edit.kind) {
    case "set":
      set(work, edit, edit.value);
      break;
    case "connect": {
      const target = work.model.block(edit.to.block);
      const looped = target.arguments?.some((one) => one.name === "loss" && one.span);
      if (target.kind === "optimizer" && edit.to.argument === "loss" && !looped)
        train(work, target.id, edit.from[0]);
      else connect(work, edit.from, edit.to);
      break;
    }
    case "disconnect":
      disconnect(work, edit.to);
      break;
    case "add":
      add(work, edit);
      break;
    case "remove":
      remove(work, edit.blocks);
      break;
    case "rename":
      rename(work, edit);
      break;
    case "duplicate":
      duplicate(work, edit.blocks);
      break;
    case "paste":
      paste(work, edit.fragment, edit.parent);
      break;
    case "group":
      group(work, edit.blocks, edit.name.trim());
      break;
    case "ungroup":
      if (work.model.block(edit.block).kind === "train") unwrap(work, edit.block);
      else ungroup(work, edit.block);
      break;
    case "train":
      train(work, edit.optimizer, edit.loss, edit.steps);
      break;
    case "steps":
      setSteps(work, edit.block, edit.steps.trim());
      break;
    case "move":
      moveElement(work, edit.block, edit.index);
      break;
    default:
      refuse(`There is no edit “${(edit satisfies never as { kind: string }).kind}”.`);
      break;
  }
}
