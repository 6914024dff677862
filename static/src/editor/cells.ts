/** `# %%` lines: drawn as a hairline with the cell's title. */
import { type Extension, type RangeSet, RangeSetBuilder, StateField, type Text } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, GutterMarker, gutterLineClass } from "@codemirror/view";

/** The same cut the server makes. */
const CELL = /^#[ \t]*%%[ \t]*/;

const line = Decoration.line({ class: "cm-cell" });
const first = Decoration.line({ class: "cm-cell cm-cell-first" });
const sign = Decoration.mark({ class: "cm-cell-sign" });
const title = Decoration.mark({ class: "cm-cell-title" });

/** The line's number stands beside its text, below the hairline. */
class CellNumber extends GutterMarker {
  override elementClass = "cm-cell-number";
}

const number = new CellNumber();

interface Drawn {
  readonly lines: DecorationSet;
  readonly numbers: RangeSet<GutterMarker>;
}

function draw(doc: Text): Drawn {
  const lines = new RangeSetBuilder<Decoration>();
  const numbers = new RangeSetBuilder<GutterMarker>();
  let from = 0;
  for (const text of doc.iterLines()) {
    const match = CELL.exec(text);
    if (match) {
      const end = from + match[0].length;
      lines.add(from, from, from === 0 ? first : line);
      if (from > 0) numbers.add(from, from, number);
      lines.add(from, end, sign);
      if (end < from + text.length) lines.add(end, from + text.length, title);
    }
    from += text.length + 1;
  }
  return { lines: lines.finish(), numbers: numbers.finish() };
}

/** Programs have at most a few thousand lines, so all of them are looked at after every change. */
export const cells: Extension = StateField.define<Drawn>({
  create: (state) => draw(state.doc),
  update: (drawn, transaction) => (transaction.docChanged ? draw(transaction.newDoc) : drawn),
  provide: (field) => [
    EditorView.decorations.from(field, (drawn) => drawn.lines),
    gutterLineClass.from(field, (drawn) => drawn.numbers),
  ],
});
