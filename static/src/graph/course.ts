/** What of a scene the run has to do with at a moment: where it stands, what flows there, and where its pass has been. */
import type { Now } from "../moment";
import type { GEdge, GNode, GraphModel } from "./model";
import type { Line, Scene } from "./scene";
import type { VItem } from "./visible";

/** How the run stands at a node: it computes it, differentiates it, updates it or sets its `.grad` back. */
export type Doing = "forward" | "backward" | "step";

export class Course {
  doing: Doing | null = null;
  /** The boxes of the node where the run stands; the first is where it is drawn. */
  readonly active = new Set<VItem>();
  /** Lines along which something flows now, and what it belongs to. */
  readonly flowing = new Map<Line, GEdge>();
  /** How many steps of the pass have run in a box or along a line. */
  readonly #done = new Map<VItem | Line, number>();
  #lines: Map<GEdge, Line[]> | null = null;
  #now: Now | null = null;
  #from = 0;
  #to = 0;

  constructor(
    readonly scene: Scene,
    readonly model: GraphModel,
  ) {}

  isDone(what: VItem | Line): boolean {
    return (this.#done.get(what) ?? 0) > 0;
  }

  /** The next moment costs what its step touches; another pass, what that pass has touched by then. */
  go(now: Now): void {
    if (now === this.#now) return;
    const first = this.#now;
    this.#now = now;
    const { steps } = now.graph;
    const to = now.inPass ? now.steps : 0;
    let from = to;
    const same =
      first?.inPass && first.call === now.call && first.graph.steps[this.#from] === steps[this.#from];
    if (now.inPass && same) from = this.#from;
    else while (from > 0 && steps[from - 1]?.call === now.call) from--;
    if (!same || !now.inPass) {
      this.#done.clear();
      this.#to = from;
    }
    for (; this.#to < to; this.#to++) this.#mark(now, this.#to, 1);
    for (; this.#to > to; this.#to--) this.#mark(now, this.#to - 1, -1);
    this.#from = from;
    this.#stand(now);
  }

  #mark(now: Now, at: number, by: 1 | -1): void {
    const step = now.graph.steps[at];
    if (!step) return;
    const add = (what: VItem | Line) => this.#done.set(what, (this.#done.get(what) ?? 0) + by);
    const held = now.present(step.node, step.after ?? 0)?.id ?? step.node;
    for (const item of this.itemsOf(step.node)) add(item);
    if (held !== step.node) for (const item of this.itemsOf(held)) add(item);
    for (const edge of this.#edges(step.node, step.leaving)) for (const line of this.linesOf(edge)) add(line);
  }

  #stand(now: Now): void {
    const { moment, step } = now;
    this.active.clear();
    this.flowing.clear();
    this.doing = !moment
      ? null
      : moment.kind === "forward"
        ? "forward"
        : moment.kind === "backward"
          ? "backward"
          : "step";
    if (!moment) return;
    const also = this.doing === "forward" ? moment.node : now.leafOf(moment.node);
    const held = step ? (now.present(moment.node)?.id ?? moment.node) : moment.node;
    for (const id of new Set([moment.node, also, held])) {
      for (const item of this.itemsOf(id)) this.active.add(item);
    }
    const edges =
      this.doing === "backward"
        ? this.#edges(moment.node, step?.leaving)
        : (this.model.byId.get(moment.node)?.ins ?? []);
    for (const edge of edges) for (const line of this.linesOf(edge)) this.flowing.set(line, edge);
  }

  /** A node's box and its copies; of a node inside a closed group the group. */
  itemsOf(node: number | GNode): readonly VItem[] {
    const found = typeof node === "number" ? this.model.byId.get(node) : node;
    if (!found) return [];
    const copies = this.scene.graph.copiesOf.get(found) ?? [];
    const item = this.scene.graph.itemOf[found.index];
    return item && !copies.includes(item) ? [item, ...copies] : copies;
  }

  /** The edges along which gradients leave a node. */
  #edges(id: number, leaving: readonly { target: number }[] = []): readonly GEdge[] {
    const { ins = [] } = this.model.byId.get(id) ?? {};
    return ins.filter(({ source }) => leaving.some((flow) => flow.target === source.id));
  }

  /** An edge that enters or leaves open groups is drawn as several lines. */
  linesOf(edge: GEdge): readonly Line[] {
    if (!this.#lines) {
      this.#lines = new Map();
      for (const line of this.scene.lines) {
        for (const member of line.edge.members) {
          const known = this.#lines.get(member);
          if (known) known.push(line);
          else this.#lines.set(member, [line]);
        }
      }
    }
    return this.#lines.get(edge) ?? [];
  }

  /** Whether nothing has flowed along a line yet. */
  isAhead(line: Line, now: Now): boolean {
    const { members } = line.edge;
    const first = members[0];
    return (
      first !== undefined &&
      !now.isComputed(first.target.id) &&
      members.every((edge) => !now.isComputed(edge.target.id))
    );
  }
}
