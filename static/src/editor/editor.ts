/** The code editor: CodeMirror with Python, joined to the store in both directions. */
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { pythonLanguage } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { Compartment, EditorState, type Extension, type StateEffect } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { indexOf, litBy } from "../derive";
import { moves } from "../graph/screen";
import { whenIdle } from "../idle";
import { NOTHING, type Now, stateAt } from "../moment";
import { showWay } from "../program";
import type { RunState } from "../run";
import { getState, type Pick, type State, subscribe, update } from "../store";
import { cells } from "./cells";
import { edits, editThrough } from "./edits";
import { Ends } from "./ends";
import {
  type LineError,
  type Lit,
  type RunResults,
  ranLine,
  results,
  setEnds,
  setLit,
  setResults,
  whereIs,
} from "./results";
import { theme } from "./theme";
import { wrap } from "./wrap";

/** What the run says about the lines of its text. */
export function resultsOf(run: RunState): RunResults {
  const known = new Set(indexOf(run.graph).lines);
  const errors: LineError[] = [];
  for (const item of run.items) {
    if (item.kind === "error" && item.error.line > 0) {
      errors.push({
        line: item.error.line,
        message: item.error.message,
        hint: item.error.hint,
        node: item.error.node,
      });
    }
  }
  return { code: run.code, errors, known };
}

function hover(view: EditorView, event: MouseEvent): void {
  const position = view.posAtCoords({ x: event.clientX, y: event.clientY });
  const line = position === null ? 0 : ranLine(view.state, position);
  const now = getState().hovered;
  if (line === 0) {
    if (now) update({ hovered: null });
  } else if (now?.kind !== "line" || now.line !== line) {
    update({ hovered: { kind: "line", line } });
  }
}

function pick(next: Pick): void {
  const { picked } = getState();
  const same = JSON.stringify(picked) === JSON.stringify(next);
  update({ picked: same ? null : next });
}

const pointer: Extension = EditorView.domEventHandlers({
  mousemove: (event, view) => hover(view, event),
  mouseleave: () => update({ hovered: null }),
  mousedown: (event) => {
    const end = event.target instanceof Element ? event.target.closest<HTMLElement>(".cm-end") : null;
    if (!end) return false;
    pick({ kind: "node", node: Number(end.dataset.node) });
    return true;
  },
});

const numbers = lineNumbers({
  domEventHandlers: {
    mousedown: (view, block) => {
      const line = ranLine(view.state, block.from);
      if (line === 0) return false;
      pick({ kind: "line", line });
      return true;
    },
  },
});

const later = new Compartment();
let extras: Extension = [];
let asked = false;

/** Loads what is needed once one writes and gives it to the editor. After a failure the next focus tries again. */
function loadExtras(): void {
  if (asked) return;
  asked = true;
  import("./extras").then(
    (module) => {
      extras = module.extras;
      current?.dispatch({ effects: later.reconfigure(extras) });
    },
    () => {
      asked = false;
    },
  );
}

const writing: Extension = EditorView.domEventHandlers({ focus: loadExtras });

function extensions(readOnly: boolean): Extension {
  return [
    numbers,
    history(),
    drawSelection({ cursorBlinkRate: moves() ? 1200 : 0 }),
    indentOnInput(),
    indentUnit.of("    "),
    bracketMatching(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    EditorView.lineWrapping,
    wrap,
    pythonLanguage,
    cells,
    results,
    pointer,
    edits,
    theme,
    EditorState.readOnly.of(readOnly),
    EditorView.contentAttributes.of({
      "aria-label": readOnly ? "Code" : "Code. Press Escape and then Tab to leave the editor.",
      tabindex: "0",
      spellcheck: "false",
      autocapitalize: "off",
    }),
    // Before the plain keys: Backspace between two brackets takes both.
    readOnly ? [] : [writing, later.of(extras)],
    keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
  ];
}

/** What is lit: what is picked, what is pointed at, and where the run stands; there also the line that it executes. */
function litNow(state: State, now: Now): Lit {
  const { moment, line, running } = now;
  const kind = moment?.kind;
  const doing = kind === "optimizer" || kind === "clear" ? "step" : kind;
  const hovered = new Set(litBy(state.shown, state.hovered).lines);
  if (line && running !== line) hovered.add(running);
  return {
    picked: litBy(state.shown, state.picked).lines,
    hovered,
    now: doing && line ? { line, doing } : null,
  };
}

/** Keeps the line where the run stands in view, as far as it is not being written in. */
function follow(view: EditorView, now: Now): void {
  const at = whereIs(view.state, now.line || now.running);
  if (at !== null && !view.hasFocus)
    view.dispatch({ effects: EditorView.scrollIntoView(at, { y: "nearest" }) });
}

/** Brings line `line` of the run to view and puts the cursor there. */
export function revealLine(line: number): void {
  const view = current;
  if (!view) return;
  showWay("code");
  const at = whereIs(view.state, line) ?? view.state.doc.line(Math.min(line, view.state.doc.lines)).from;
  view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
  requestAnimationFrame(() => view.focus());
}

/** Brings a stretch of the text as it is now to view and selects it. */
export function revealPosition(from: number, to = from): void {
  const view = current;
  if (!view) return;
  showWay("code");
  const { length } = view.state.doc;
  const selection = { anchor: Math.min(from, length), head: Math.min(to, length) };
  view.dispatch({ selection, effects: EditorView.scrollIntoView(selection.anchor, { y: "center" }) });
  requestAnimationFrame(() => view.focus());
}

let current: EditorView | undefined;

/** Puts the editor into `parent` and keeps it in step with the store; returns what removes it. */
export function mountEditor(parent: HTMLElement, readOnly = false): () => void {
  let seen = getState();
  let draft = seen.draft.id;
  const view = new EditorView({
    parent,
    state: EditorState.create({ doc: seen.draft.code, extensions: extensions(readOnly) }),
  });
  current = view;
  const leave = editThrough(view);
  if (!readOnly) whenIdle(loadExtras);
  const ends = new Ends();
  const nowOf = ({ shown, time }: State) => (shown ? stateAt(shown.graph, time) : NOTHING);
  if (seen.shown) {
    view.dispatch({ effects: [setResults.of(resultsOf(seen.shown)), setEnds.of(ends.at(nowOf(seen)))] });
  }
  const undo = subscribe(() => {
    const state = getState();
    const before = seen;
    seen = state;
    if (state.draft.id !== draft && state.draft.code !== view.state.doc.toString()) {
      // Another program: its text, and an undo history of its own.
      view.setState(EditorState.create({ doc: state.draft.code, extensions: extensions(readOnly) }));
    }
    draft = state.draft.id;
    const effects: StateEffect<unknown>[] = [];
    const { shown } = state;
    const recorded = shown?.id !== before.shown?.id || shown?.graph !== before.shown?.graph;
    const moved = recorded || state.time !== before.time;
    if (recorded || shown?.items !== before.shown?.items)
      effects.push(setResults.of(shown && resultsOf(shown)));
    const now = nowOf(state);
    if (moved) effects.push(setEnds.of(ends.at(now)));
    if (moved || state.picked !== before.picked || state.hovered !== before.hovered) {
      effects.push(setLit.of(litNow(state, now)));
    }
    if (effects.length) view.dispatch({ effects });
    if (moved && state.time !== null) follow(view, now);
  });
  return () => {
    undo();
    leave();
    view.destroy();
    if (current === view) current = undefined;
  };
}
