import { EditorState } from "@codemirror/state";
import { expect, it } from "vitest";
import { alignLines, type RunResults, ranLine, results, setResults, whereIs } from "./results";

const CODE = "a = 1\nb = a\nc = b\nd = c";

const run: RunResults = { code: CODE, errors: [], known: new Set([1, 2, 4]) };

function editor(doc: string) {
  return EditorState.create({ doc, extensions: results }).update({ effects: setResults.of(run) }).state;
}

it("aligns an edited text with what was run by its equal start and end", () => {
  expect([...alignLines(["a", "x", "y", "c"], ["a", "b", "c"])]).toEqual([
    [1, 1],
    [3, 4],
  ]);
  expect([...alignLines(["a", "b"], ["a", "b"])]).toHaveLength(2);
  expect([...alignLines([], ["a"])]).toEqual([]);
});

it("lines move with the text, and a line that was typed in no longer has a result", () => {
  let state = editor(CODE);
  expect(whereIs(state, 4)).toBe(state.doc.line(4).from);
  state = state.update({ changes: { from: 0, insert: "import torch\n" } }).state;
  expect(whereIs(state, 4)).toBe(state.doc.line(5).from);
  expect(ranLine(state, state.doc.line(3).from + 2)).toBe(2);
  state = state.update({ changes: { from: state.doc.line(3).from + 1, insert: "b" } }).state;
  expect(whereIs(state, 2)).toBeNull();
  expect(whereIs(state, 4)).toBe(state.doc.line(5).from);
});

it("results of another text stand only where the text is the same", () => {
  const state = editor("a = 1\nchanged\nc = b\nd = c");
  expect(whereIs(state, 2)).toBeNull();
  expect(whereIs(state, 4)).toBe(state.doc.line(4).from);
});
