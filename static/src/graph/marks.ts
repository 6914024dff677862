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

/** From so far away that words cannot be read: the sign alone. */
export function paintSign(width: number, height: number): Prim[] {
  const size = Math.min(40, height * 0.8);
  const [x, y] = [width / 2, height / 2];
  return [
    { d: `M${x - 0.6 * size} ${y + size / 2}l${0.6 * size} ${-size}l${0.6 * size} ${size}z`, fill: "ink" },
  ];
}

/** The word on the lower edge of a box, in a frame of its own: it takes no room from what is in the box. */
export function paintWord(text: string, height: number, measure: Measure): Prim[] {
  const width = measure(text, "tag") + 28;
  const y = height - 7.5;
  return [
    { d: roundRect(8, y, width, 15, 7.5), fill: "ink" },
    // A triangle with its point up, as on signs that warn.
    { d: `M${14} ${y + 11.5}l4.5 -8l4.5 8z`, fill: "surface" },
    { text, x: 27, y: y + 11, font: "tag", ink: "surface" },
  ];
}
