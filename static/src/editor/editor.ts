/** The code editor: CodeMirror with Python, joined to the store in both directions. */
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { pythonLanguage } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { gradientOf, lineResult, litBy, nameOf } from "../derive";
import { moves } from "../graph/screen";
import { whenIdle } from "../idle";
import { stateAt } from "../moment";
import { brief, formatShape, plural } from "../numbers";
import { edit } from "../program";
import type { RunState } from "../run";
import { getState, type Pick, type State, subscribe, update } from "../store";
import { cells } from "./cells";
import {
  type LineError,
  type LineResult,
  type RunResults,
  ranLine,
  results,
  setLit,
  setResults,
  whereIs,
} from "./results";
import { theme } from "./theme";
import { wrap } from "./wrap";

/** What the run says about the lines of its text. */
export function resultsOf(run: RunState): RunResults {
  const lines: LineResult[] = [];
  const known = new Set<number>();
  for (const node of run.graph.nodes) if (node.place) known.add(node.place.line);
  for (const line of known) {
    const made = lineResult(run.graph, line);
    const tensor = made?.node.outputs[0];
    if (!made || !tensor) continue;
    const grad = gradientOf(run.graph, made.node.id);
    lines.push({
      line,
      node: made.node.id,
      name: tensor.name ?? "",
      shape: tensor.shape.length ? formatShape(tensor.shape) : "",
      value: brief(tensor.value, tensor.dtype),
      grad: grad ? brief(grad) : "",
      count: made.count,
      title: `${nameOf(made.node)}: ${tensor.dtype} of shape ${formatShape(tensor.shape)}${
        made.count > 1 ? `, the last of ${plural(made.count, "time")}` : ""
      }${grad ? "; ∇ is the gradient that reached it" : ""}`,
    });
  }
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
  return { code: run.code, lines, errors, known };
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

const typing: Extension = EditorView.updateListener.of((change) => {
  if (change.docChanged) edit({ code: change.state.doc.toString() });
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
    typing,
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

/** The lines of the moment: where its node was made, and the one that the program executes. */
function linesOf({ time, shown }: State): readonly number[] {
  const now = shown && time !== null ? stateAt(shown.graph, time) : null;
  return now ? [now.line, now.running].filter((line) => line > 0) : [];
}

/** Brings line `line` of the run to view and puts the cursor there. */
export function revealLine(line: number): void {
  const view = current;
  if (!view) return;
  update({ pane: "code" });
  const at = whereIs(view.state, line) ?? view.state.doc.line(Math.min(line, view.state.doc.lines)).from;
  view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
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
  if (!readOnly) whenIdle(loadExtras);
  if (seen.shown) view.dispatch({ effects: setResults.of(resultsOf(seen.shown)) });
  const undo = subscribe(() => {
    const state = getState();
    const before = seen;
    seen = state;
    if (state.draft.id !== draft && state.draft.code !== view.state.doc.toString()) {
      // Another program: its text, and an undo history of its own.
      view.setState(EditorState.create({ doc: state.draft.code, extensions: extensions(readOnly) }));
    }
    draft = state.draft.id;
    if (state.shown !== before.shown) {
      const changed =
        state.shown?.id !== before.shown?.id ||
        state.shown?.graph !== before.shown?.graph ||
        state.shown?.items !== before.shown?.items;
      if (changed) view.dispatch({ effects: setResults.of(state.shown && resultsOf(state.shown)) });
    }
    const looked = (["picked", "hovered", "shown", "time"] as const).some(
      (key) => state[key] !== before[key],
    );
    if (looked) {
      const picked = litBy(state.shown, state.picked).lines;
      const hovered = new Set([...litBy(state.shown, state.hovered).lines, ...linesOf(state)]);
      view.dispatch({ effects: setLit.of({ picked, hovered }) });
    }
  });
  return () => {
    undo();
    view.destroy();
    if (current === view) current = undefined;
  };
}
