/** Edits of the program from elsewhere on the page: they are in the one history that typing is in too. */
import { invertedEffects, isolateHistory, redo, undo } from "@codemirror/commands";
import { type Extension, StateEffect, Transaction, type TransactionSpec } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { type Moves, moved } from "../board";
import { edit } from "../program";
import { getState } from "../store";
import { changesOf } from "./changes";

interface Move {
  readonly before: Moves;
  readonly after: Moves;
}

/** Blocks were put elsewhere. */
const setSpots = StateEffect.define<Move>();

/** Keeps the draft as the editor has it, and moves of blocks in the editor's history. */
export const edits: Extension = [
  EditorView.updateListener.of((change) => {
    const moves = change.transactions.flatMap((one) => one.effects).filter((one) => one.is(setSpots));
    if (!change.docChanged && !moves.length) return;
    const { board } = getState().draft;
    const spots = moves.reduce((all, one) => moved(all, one.value.after), board?.spots ?? {});
    edit({
      ...(change.docChanged && { code: change.state.doc.toString() }),
      ...(moves.length && { board: { ...board, spots } }),
    });
  }),
  invertedEffects.of((transaction) =>
    transaction.effects
      .filter((one) => one.is(setSpots))
      .map(({ value: { before, after } }) => setSpots.of({ before: after, after: before })),
  ),
];

let current: EditorView | undefined;

/** The editor that edits go through; returns what ends that. */
export function editThrough(view: EditorView): () => void {
  current = view;
  return () => {
    if (current === view) current = undefined;
  };
}

export interface EditOptions {
  /** Where blocks are put by the same edit. */
  readonly spots?: Moves;
  /** What the editor then has selected. */
  readonly selection?: { readonly anchor: number; readonly head?: number };
  /** One of several in a row that one undo takes back, such as the positions of a slider that is dragged. */
  readonly joined?: boolean;
  /** A position on the way of a drag: undo knows nothing of it. At the end of the way the text is put back so and set once more. */
  readonly passing?: boolean;
}

/** Makes the program's text `text`, changing as little of it as that takes, whether the editor is in view or not. */
export function editText(
  text: string,
  { spots = {}, selection, joined = false, passing = false }: EditOptions = {},
): void {
  const { draft } = getState();
  const before = Object.fromEntries(
    Object.keys(spots).map((key) => [key, draft.board?.spots?.[key] ?? null] as const),
  );
  const moves = Object.keys(spots).length > 0;
  if (text === draft.code && !moves && !selection) return;
  if (!current) {
    edit({
      code: text,
      ...(moves && { board: { ...draft.board, spots: moved(draft.board?.spots, spots) } }),
    });
    return;
  }
  const change: TransactionSpec = {
    changes: changesOf(current.state.doc.toString(), text),
    effects: moves ? setSpots.of({ before, after: spots }) : [],
    ...(selection && { selection }),
    ...(joined ? { userEvent: "input.type.drag" } : {}),
    ...(passing ? { annotations: Transaction.addToHistory.of(false) } : {}),
    ...(joined || passing ? {} : { annotations: isolateHistory.of("full") }),
  };
  current.dispatch(change);
}

/** Puts blocks elsewhere, so that undo puts them back. */
export function moveBlocks(spots: Moves): void {
  editText(getState().draft.code, { spots });
}

/** Takes the last edit back, wherever it was made; false if there is none. */
export function undoEdit(): boolean {
  return current !== undefined && undo(current);
}

export function redoEdit(): boolean {
  return current !== undefined && redo(current);
}
