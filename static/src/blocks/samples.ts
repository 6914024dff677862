/** Documents made by hand, for tests. */
import type * as wire from "../protocol.gen";

type Part = Partial<Omit<wire.Block, "arguments" | "outputs">> & {
  readonly inputs?: Readonly<Record<string, string | null>>;
  readonly makes?: readonly string[];
  readonly shape?: readonly number[];
  readonly inside?: string;
};

/** Blocks by key; inputs name the key whose first value comes in, null is one that is open. */
export function documentOf(parts: Readonly<Record<string, Part>>): wire.Document {
  const keys = Object.keys(parts);
  const blocks = Object.entries(parts).map(
    ([key, { inputs = {}, makes = [key], shape, inside, ...more }], id): wire.Block => ({
      id,
      key,
      kind: "op",
      type: "torch.sin",
      statement: id,
      parent: inside === undefined ? -1 : keys.indexOf(inside),
      span: [id * 10, id * 10 + 5],
      line: id + 1,
      wrong: "",
      arguments: Object.entries(inputs).map(([name, from]) => ({
        name,
        span: [0, 1],
        text: from === null ? "..." : "",
        open: from === null,
        place: "call",
        ...(from !== null && { wire: [keys.indexOf(from), 0] as wire.Wire }),
      })),
      outputs: makes.map((name) => ({ name, dtype: "float32", ...(shape && { shape: [...shape] }) })),
      ...more,
    }),
  );
  return {
    type: "document",
    run: "r",
    seq: 1,
    statements: blocks.map((block) => ({
      index: block.id,
      kind: block.kind === "code" ? "code" : "assign",
      parent: block.parent ?? -1,
      whole: block.span,
      core: block.span,
      uses: [],
      why: block.kind === "code" ? "A loop cannot be shown as blocks." : "",
      line: block.line ?? 0,
      block: block.id,
    })),
    blocks,
    problem: "",
    line: 0,
    column: 0,
    imports: {},
  };
}
