/** Long lines continue four columns inside their own indentation, so that wrapped code still reads as one line. */
import { type Extension, RangeSetBuilder } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  type EditorView,
  ViewPlugin,
  type ViewUpdate,
} from "@codemirror/view";

const MOST = 24;
const made = new Map<number, Decoration>();

function indented(columns: number): Decoration {
  let line = made.get(columns);
  if (!line) {
    line = Decoration.line({ attributes: { style: `--hang: ${columns}ch` }, class: "cm-hang" });
    made.set(columns, line);
  }
  return line;
}

function draw(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  for (const { from, to } of view.visibleRanges) {
    for (let at = view.state.doc.lineAt(from); ; at = view.state.doc.line(at.number + 1)) {
      const spaces = at.text.length - at.text.trimStart().length;
      if (at.text) builder.add(at.from, at.from, indented(Math.min(MOST, spaces + 4)));
      if (at.to >= to || at.number === view.state.doc.lines) break;
    }
  }
  return builder.finish();
}

export const wrap: Extension = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = draw(view);
    }
    update(update: ViewUpdate) {
      if (update.docChanged || update.viewportChanged) this.decorations = draw(update.view);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);
