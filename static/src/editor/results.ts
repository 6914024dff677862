/** What the last run says about each line: the end of the line, errors, and what is lit. It moves with the text. */
import {
  type EditorState,
  type Extension,
  RangeSet,
  RangeValue,
  StateEffect,
  StateField,
} from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  EditorView,
  GutterMarker,
  gutterLineClass,
  hoverTooltip,
  WidgetType,
} from "@codemirror/view";
import { showNode } from "../store";
import type { LineResult } from "./ends";

export interface LineError {
  readonly line: number;
  readonly message: string;
  readonly hint: string;
  /** The operation of the graph that failed. */
  readonly node?: number | null | undefined;
}

export interface RunResults {
  /** The text that was run. */
  readonly code: string;
  readonly errors: readonly LineError[];
  /** Lines that something of the recording belongs to. */
  readonly known: ReadonlySet<number>;
}

export interface Lit {
  readonly hovered: ReadonlySet<number>;
  readonly picked: ReadonlySet<number>;
  /** The line of the moment, and what the run does there. */
  readonly now: { readonly line: number; readonly doing: Doing } | null;
}

export type Doing = "forward" | "backward" | "step";

export const setResults = StateEffect.define<RunResults | null>();
/** What stands at the ends of the lines, by the run's lines. */
export const setEnds = StateEffect.define<ReadonlyMap<number, LineResult>>();
export const setLit = StateEffect.define<Lit>();

/** Marks a line of the text as line `line` of the run's text. */
class RunLine extends RangeValue {
  constructor(
    readonly line: number,
    readonly error: LineError | undefined,
  ) {
    super();
  }
  override eq(other: RunLine): boolean {
    return other.line === this.line && other.error === this.error;
  }
}

interface Field {
  readonly lines: RangeSet<RunLine>;
  readonly ends: ReadonlyMap<number, LineResult>;
  readonly lit: Lit;
  readonly decorations: DecorationSet;
  readonly marks: RangeSet<GutterMarker>;
}

const NONE: Lit = { hovered: new Set(), picked: new Set(), now: null };

class EndOfLine extends WidgetType {
  constructor(readonly result: LineResult) {
    super();
  }
  override eq(other: EndOfLine): boolean {
    return other.result === this.result;
  }
  override toDOM(): HTMLElement {
    const { name, shape, value, grad, times, title } = this.result;
    const box = document.createElement("span");
    box.className = "cm-end";
    box.title = title;
    box.dataset.node = String(this.result.node);
    const add = (className: string, text: string) => {
      if (!text) return;
      const part = document.createElement("span");
      part.className = className;
      part.textContent = text;
      box.append(part);
    };
    add("cm-end-name", name);
    add("cm-end-shape", shape);
    add("cm-end-value", value);
    add("cm-end-grad", grad && `∇ ${grad}`);
    add("cm-end-count", times);
    return box;
  }
  override ignoreEvent(): boolean {
    return false;
  }
}

class ErrorMark extends GutterMarker {
  override elementClass = "cm-error-line";
  override eq(): boolean {
    return true;
  }
}
class LitMark extends GutterMarker {
  constructor(override elementClass: string) {
    super();
  }
  override eq(other: LitMark): boolean {
    return other.elementClass === this.elementClass;
  }
}

const errorMark = new ErrorMark();
const marks = { picked: new LitMark("cm-picked-gutter"), hovered: new LitMark("cm-hovered-gutter") };
const pickedLine = Decoration.line({ class: "cm-picked" });
const hoveredLine = Decoration.line({ class: "cm-hovered" });
const nowLine = {
  forward: Decoration.line({ class: "cm-now cm-now-forward" }),
  backward: Decoration.line({ class: "cm-now cm-now-backward" }),
  step: Decoration.line({ class: "cm-now cm-now-step" }),
};
const underline = Decoration.mark({ class: "cm-error" });

/** Which line of the text each line of the run is: all of them, or the equal ones at the start and at the end. */
export function alignLines(now: readonly string[], ran: readonly string[]): ReadonlyMap<number, number> {
  const pairs = new Map<number, number>();
  let head = 0;
  while (head < now.length && head < ran.length && now[head] === ran[head]) head++;
  for (let i = 0; i < head; i++) pairs.set(i + 1, i + 1);
  let tail = 0;
  while (tail < now.length - head && tail < ran.length - head && now.at(-1 - tail) === ran.at(-1 - tail))
    tail++;
  for (let i = 0; i < tail; i++) pairs.set(ran.length - i, now.length - i);
  return pairs;
}

function place(state: EditorState, results: RunResults | null): RangeSet<RunLine> {
  if (!results) return RangeSet.empty;
  const failed = new Map(results.errors.map((one) => [one.line, one]));
  const pairs = alignLines(state.doc.toString().split("\n"), results.code.split("\n"));
  const ranges = [];
  for (const line of new Set([...results.known, ...failed.keys()])) {
    const at = pairs.get(line);
    if (at === undefined) continue;
    ranges.push(new RunLine(line, failed.get(line)).range(state.doc.line(at).from));
  }
  return RangeSet.of(ranges, true);
}

function decorate(
  state: EditorState,
  lines: RangeSet<RunLine>,
  ends: ReadonlyMap<number, LineResult>,
  lit: Lit,
): Pick<Field, "decorations" | "marks"> {
  const drawn = [];
  const gutter = [];
  for (const cursor = lines.iter(); cursor.value; cursor.next()) {
    const at = state.doc.lineAt(cursor.from);
    const { line, error } = cursor.value;
    const result = ends.get(line);
    if (lit.now?.line === line) drawn.push(nowLine[lit.now.doing].range(at.from));
    if (lit.picked.has(line)) {
      drawn.push(pickedLine.range(at.from));
      gutter.push(marks.picked.range(at.from));
    } else if (lit.hovered.has(line)) {
      drawn.push(hoveredLine.range(at.from));
      gutter.push(marks.hovered.range(at.from));
    }
    const start = at.from + (at.text.length - at.text.trimStart().length);
    if (error && start < at.to) drawn.push(underline.range(start, at.to));
    if (error) gutter.push(errorMark.range(at.from));
    if (result) drawn.push(Decoration.widget({ widget: new EndOfLine(result), side: 1 }).range(at.to));
  }
  return { decorations: Decoration.set(drawn, true), marks: RangeSet.of(gutter, true) };
}

const field = StateField.define<Field>({
  create: () => ({
    lines: RangeSet.empty,
    ends: new Map(),
    lit: NONE,
    decorations: Decoration.none,
    marks: RangeSet.empty,
  }),
  update(value, transaction) {
    let { lines, ends, lit } = value;
    if (transaction.docChanged) {
      // A line that was typed in no longer says what the run said; the others move along.
      const touched: [number, number][] = [];
      transaction.changes.iterChangedRanges((from, to) => {
        const { doc } = transaction.startState;
        touched.push([doc.lineAt(from).from, doc.lineAt(to).to]);
      });
      lines = lines
        .update({ filter: (at) => !touched.some(([from, to]) => at >= from && at <= to) })
        .map(transaction.changes);
    }
    for (const effect of transaction.effects) {
      if (effect.is(setResults)) lines = place(transaction.state, effect.value);
      if (effect.is(setEnds)) ends = effect.value;
      if (effect.is(setLit)) lit = effect.value;
    }
    if (lines === value.lines && ends === value.ends && lit === value.lit) return value;
    return { lines, ends, lit, ...decorate(transaction.state, lines, ends, lit) };
  },
  provide: (self) => [
    EditorView.decorations.from(self, (value) => value.decorations),
    gutterLineClass.from(self, (value) => value.marks),
  ],
});

function runLineAt(state: EditorState, position: number): RunLine | null {
  const { from } = state.doc.lineAt(position);
  let found: RunLine | null = null;
  state.field(field).lines.between(from, from, (_from, _to, value) => {
    found = value;
  });
  return found;
}

/** The line of the run that stands at `position`, or 0 if the run knows nothing of it. */
export function ranLine(state: EditorState, position: number): number {
  return runLineAt(state, position)?.line ?? 0;
}

/** Where line `line` of the run now stands, or null if it was changed since. */
export function whereIs(state: EditorState, line: number): number | null {
  for (const cursor = state.field(field).lines.iter(); cursor.value; cursor.next()) {
    if (cursor.value.line === line) return cursor.from;
  }
  return null;
}

function nodeLink(node: number): HTMLButtonElement {
  const link = document.createElement("button");
  link.type = "button";
  link.className = "line-link";
  link.textContent = "Show in graph";
  link.addEventListener("click", () => showNode(node));
  return link;
}

const messages = hoverTooltip((view, position) => {
  const error = runLineAt(view.state, position)?.error;
  if (!error) return null;
  return {
    pos: view.state.doc.lineAt(position).from,
    above: true,
    create: () => {
      const dom = document.createElement("div");
      dom.className = "cm-error-tip";
      const message = document.createElement("div");
      message.textContent = error.message;
      dom.append(message);
      if (error.hint) {
        const hint = document.createElement("div");
        hint.className = "cm-error-hint";
        hint.textContent = error.hint;
        dom.append(hint);
      }
      if (typeof error.node === "number") dom.append(nodeLink(error.node));
      return { dom };
    },
  };
});

export const results: Extension = [field, messages];
