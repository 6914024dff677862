/** What explanations add to the picture: the way one tells of, and a word on each finding. */
import type { GEdge, GNode } from "./model";
import { type Prim, roundRect } from "./prims";
import type { Measure } from "./text";

export interface Marks {
  /** The way of an explanation: nodes and edges by their numbers. */
  readonly path: {
    readonly nodes: readonly number[];
    readonly edges: readonly (readonly [number, number])[];
  };
  /** Findings, worst first. */
  readonly words: readonly { readonly node: number; readonly word: string }[];
}

export const NO_MARKS: Marks = { path: { nodes: [], edges: [] }, words: [] };

/** The same by what the model has, looked up for every box and line. */
export class Marked {
  readonly #edges: ReadonlySet<string>;
  readonly #nodes: ReadonlySet<number>;

  constructor(readonly marks: Marks) {
    this.#edges = new Set(marks.path.edges.map(String));
    this.#nodes = new Set(marks.path.nodes);
  }

  get any(): boolean {
    return this.#nodes.size > 0;
  }

  edge({ source, target }: GEdge): boolean {
    return this.#edges.size > 0 && this.#edges.has(`${source.id},${target.id}`);
  }

  node(node: GNode): boolean {
    return this.#nodes.has(node.id);
  }
}

/** The word on the lower edge of a box, in a frame of its own: it takes no room from what is in the box. */
export function paintWord(text: string, height: number, measure: Measure): Prim[] {
  const width = measure(text, "tag") + 24;
  const y = height - 7.5;
  return [
    { d: roundRect(8, y, width, 15, 7.5), fill: "ink" },
    // A triangle with its point up, as on signs that warn.
    { d: `M${14} ${y + 11.5}l4.5 -8l4.5 8z`, fill: "surface" },
    { text, x: 27, y: y + 11, font: "tag", ink: "surface" },
  ];
}
