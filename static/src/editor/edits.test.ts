import { beforeAll, beforeEach, expect, it } from "vitest";

let editor: typeof import("./editor");
let edits: typeof import("./edits");
let store: typeof import("../store");
let program: typeof import("../program");

beforeAll(async () => {
  document.body.innerHTML = '<script type="application/json" id="boot">{"examples":[],"limits":{}}</script>';
  editor = await import("./editor");
  edits = await import("./edits");
  store = await import("../store");
  program = await import("../program");
});

const now = () => store.getState().draft;

beforeEach(() => {
  program.openNew();
  program.edit({ code: "a = 1\nb = 2\n", board: {} });
});

it("without an editor change the draft", () => {
  edits.editText("a = 3\n", { spots: { a: [4, 5] } });
  expect([now().code, now().board?.spots]).toEqual(["a = 3\n", { a: [4, 5] }]);
  expect(edits.undoEdit()).toBe(false);
});

it("with one are in its history, moves of blocks too, in the order in which they came", () => {
  const box = document.createElement("div");
  const leave = editor.mountEditor(box);
  edits.editText("a = 1\nb = 3\n");
  edits.editText("a = 1\nb = 3\nc = 4\n", { spots: { c: [10, 20] } });
  edits.moveBlocks({ c: [11, 20], a: [0, 0] });
  expect(now().board?.spots).toEqual({ c: [11, 20], a: [0, 0] });
  expect(edits.undoEdit()).toBe(true);
  expect([now().code, now().board?.spots]).toEqual(["a = 1\nb = 3\nc = 4\n", { c: [10, 20] }]);
  expect(edits.undoEdit()).toBe(true);
  expect([now().code, now().board?.spots]).toEqual(["a = 1\nb = 3\n", {}]);
  edits.undoEdit();
  expect(now().code).toBe("a = 1\nb = 2\n");
  for (let i = 0; i < 3; i++) expect(edits.redoEdit()).toBe(true);
  expect([now().code, now().board?.spots]).toEqual(["a = 1\nb = 3\nc = 4\n", { c: [11, 20], a: [0, 0] }]);
  leave();
});

it("joined are taken back by one undo", () => {
  const box = document.createElement("div");
  const leave = editor.mountEditor(box);
  for (const x of [2, 3, 4]) edits.editText(`a = ${x}\nb = 2\n`, { joined: true });
  edits.undoEdit();
  expect(now().code).toBe("a = 1\nb = 2\n");
  leave();
});
