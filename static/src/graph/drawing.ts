/** One recording and where its parts stand: from the model to the scene, in steps between which the page can answer. */

import { NOTHING } from "../moment";
import type { Direction } from "./arrange";
import { Course } from "./course";
import type { Layouter } from "./layouter";
import { type GNode, GraphModel } from "./model";
import type { Openness } from "./openness";
import { type Box, boxAt, compose, lineAt, plan, type Scene } from "./scene";
import type { Measure } from "./text";
import { type Group, TreeBuilder } from "./tree";
import { visibleGraph } from "./visible";

/** After so much work the rest is done in a task of its own. */
const LONG_MS = 8;

export class Drawing {
  readonly model = new GraphModel();
  /** The moment that is shown. */
  now = NOTHING;
  tree: Group | null = null;
  #scene: Scene | null = null;
  #course: Course | null = null;
  #builder = new TreeBuilder(this.model);
  #turn = 0;

  constructor(
    readonly layouter: Layouter,
    readonly openness: Openness,
  ) {}

  get scene(): Scene | null {
    return this.#scene;
  }

  set scene(scene: Scene | null) {
    this.#scene = scene;
    this.#course = scene && new Course(scene, this.model);
  }

  /** What of the scene the run has to do with. */
  get course(): Course | null {
    return this.#course;
  }

  /** The scene as it should be now, or null when a later call took this one's place. */
  async arrange(direction: Direction, wrap: number, measure: Measure): Promise<Scene | null> {
    const turn = ++this.#turn;
    let began = performance.now();
    const pause = async () => {
      if (performance.now() - began < LONG_MS) return;
      await new Promise((resolve) => setTimeout(resolve));
      began = performance.now();
    };
    this.tree = this.#builder.build(this.openness.chosen, this.openness.revision);
    this.openness.consider(this.tree);
    await pause();
    const graph = visibleGraph(this.tree, this.model.nodes, this.openness.isOpen);
    await pause();
    if (turn !== this.#turn) return null;
    const planned = plan(graph, direction, wrap, measure);
    const layouts = await this.layouter.request(planned.request);
    return layouts && turn === this.#turn ? compose(graph, planned, layouts) : null;
  }

  /** Where a node is drawn, or the closed group that holds it. */
  boxOf(node: GNode | null | undefined): Box | null {
    const item = node && this.scene?.graph.itemOf[node.index];
    return (item && this.scene?.byKey.get(item.key)) ?? null;
  }

  /** The innermost box at a point, and the node whose tensor flows along a line there. */
  pick(x: number, y: number, scale: number): { box: Box | null; line: GNode | null } {
    if (!this.scene) return { box: null, line: null };
    const box = boxAt(this.scene, x, y, 4 / scale);
    if (box && !box.item.open) return { box, line: null };
    const line = lineAt(this.scene, x, y, 6 / scale);
    return { box, line: line?.edge.members[0]?.source ?? null };
  }

  /** The box nearest to a point of the scene. */
  nearest(x: number, y: number): Box | null {
    let best: Box | null = null;
    let least = Infinity;
    for (const box of this.scene?.boxes ?? []) {
      if (box.item.open) continue;
      const distance = Math.hypot(box.x + box.width / 2 - x, box.y + box.height / 2 - y);
      if (distance < least) [best, least] = [box, distance];
    }
    return best;
  }
}
