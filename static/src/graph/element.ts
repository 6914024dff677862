/**
 * `<autograd-graph>`: the recorded computation as a diagram.
 *
 * Give it `graph` events with `push`; it draws what came so far. Properties: `selected`, `hovered`, `lit` (node ids),
 * `now` (the moment of the run that is shown, see moment.ts), `direction`.
 * Events: `select` and `hover` ({ node }), `open` ({ key, open }), `recorded` when `model` has grown or is another.
 */
import type { Now } from "../moment";
import { onTheme } from "../theme";
import type { Direction } from "./arrange";
import { headerOf } from "./cards";
import { Choosers } from "./chooser";
import { describeGraph, describeNode } from "./describe";
import { Drawing } from "./drawing";
import { Feed, type GraphEvent } from "./feed";
import { Finder } from "./finder";
import { Focus } from "./focus";
import { Frame } from "./frame";
import { pressed } from "./keys";
import { Layouter } from "./layouter";
import type { Marks } from "./marks";
import type { GNode, GraphModel } from "./model";
import { type Arrow, neighbour, seriesNear } from "./navigate";
import { Openness } from "./openness";
import { Pace, STREAM_MS } from "./pace";
import { type Scene, whole } from "./scene";
import { Screen } from "./screen";
import { chooserKey, type Series } from "./series";
import { Spoken } from "./spoken";
import { svgText } from "./svg";
import { type Measure, measurer } from "./text";
import { Toolbar } from "./toolbar";
import type { Viewport } from "./viewport";
import type { VItem } from "./visible";

/** How far from a group's left edge its title opens and closes it with one click. */
const CHEVRON = 28;

export class AutogradGraph extends HTMLElement {
  /** Whether a step opens the closed groups around its node; otherwise the group lights up. */
  opensOnStep = false;

  #layouter = new Layouter();
  #drawing = new Drawing(this.#layouter, new Openness());
  #feed = new Feed((piece) => this.#take(piece));
  #focus = new Focus();
  #screen: Screen;
  #viewport: Viewport;
  #toolbar: Toolbar;
  #spoken = new Spoken();
  #measure: Measure | null = null;

  #direction: Direction = "down";
  /** The group that must not move. */
  #anchor: string | null = null;
  /** The window stays where it was over the recording before, which this one repeats. */
  #stays = false;

  #pace = new Pace(
    () => this.#layout(),
    (busy) => this.setAttribute("aria-busy", String(busy)),
  );
  #choosers = new Choosers(
    (series, at) => this.#choose(series, at),
    (series) => this.#drawing.openness.chosen.get(series.key),
    () => this.#screen.stage.focus(),
  );
  #finder = new Finder(() => ({
    focus: this.#focus,
    drawing: this.#drawing,
    toolbar: this.#toolbar,
    changed: () => this.#changed(),
    reveal: (node) => void this.reveal(node.id),
  }));
  #undo: (() => void)[] = [];

  constructor() {
    super();
    this.#screen = new Screen(
      {
        tap: (x, y, twice) => this.#tap(x, y, twice),
        hover: (x, y) => this.#hover(x, y),
        leave: () => this.#setHover(null, null),
      },
      (view, whole) => {
        this.#toolbar.scale(view.scale);
        this.#choosers.place(view, this.#viewport.width, this.#viewport.height);
        if (whole) this.#pace.shown();
      },
    );
    this.#viewport = this.#screen.viewport;
    this.#toolbar = new Toolbar({
      search: (text) => this.search(text),
      next: (by) => this.searchNext(by),
      zoom: (factor) => this.#viewport.zoomAt(factor),
      fit: () => this.fit(),
      turn: () => {
        this.direction = this.#direction === "down" ? "right" : "down";
      },
      openAll: (open) => this.openAll(open),
    });
    this.#screen.stage.addEventListener("keydown", this.#key);
  }

  connectedCallback(): void {
    if (!this.#screen.stage.isConnected) {
      this.append(this.#screen.stage, this.#choosers.element, this.#toolbar.element, this.#spoken.live);
    }
    const style = getComputedStyle(this);
    const family = (name: string, otherwise: string) => style.getPropertyValue(name).trim() || otherwise;
    this.#screen.families = { sans: family("--sans", "sans-serif"), mono: family("--mono", "monospace") };
    this.#measure = measurer(this.#screen.families);
    const observer = new ResizeObserver(() => this.#resized());
    observer.observe(this.#screen.stage);
    this.#undo = [() => observer.disconnect(), onTheme(() => this.#screen.restyle())];
    // Widths measured before the page's own typefaces had arrived are wrong.
    void document.fonts?.ready.then(() => {
      if (!this.isConnected) return;
      this.#measure = measurer(this.#screen.families);
      this.#schedule(0);
    });
    this.#announce();
    this.#resized();
    this.#schedule(0);
  }

  disconnectedCallback(): void {
    for (const undo of this.#undo) undo();
    this.#undo = [];
    this.#layouter.cancel();
    this.#screen.stop();
    this.#pace.stop();
  }

  /** Adds one `graph` event to the picture; a large one in several tasks. */
  push(event: GraphEvent): void {
    this.#feed.push(event);
  }

  #take(piece: GraphEvent): void {
    const { model } = this.#drawing;
    const before = model.nodes.length + model.edges;
    model.push(piece);
    const { selectedId, selected } = this.#focus;
    if (selectedId !== null && selected === null) this.#focus.selectId(selectedId, model);
    this.#finder.refresh(true);
    if (model.nodes.length + model.edges !== before) this.#schedule(STREAM_MS);
    else this.#changed();
    this.#emit("recorded", {});
  }

  /**
   * Takes the numbers of a recording that differs from what is shown in nothing else, so that nothing moves; false if it
   * has to be drawn from the beginning. `now` is to be set next.
   */
  renew(recording: Parameters<GraphModel["renew"]>[0]): boolean {
    const { model } = this.#drawing;
    if (!this.#feed.empty || model.nodes.length !== recording.nodes.length) return false;
    model.renew(recording);
    this.#finder.refresh(true);
    this.#emit("recorded", {});
    return true;
  }

  /** Starts anew with an empty picture; for one `alike` what was opened and the view stay. */
  reset(alike = false): void {
    this.#feed.clear();
    this.#layouter.cancel();
    this.#pace.stop();
    this.#drawing = new Drawing(this.#layouter, alike ? this.#drawing.openness : new Openness());
    this.#focus = new Focus();
    this.#stays = alike;
    if (!alike) this.#screen.clear();
    this.#toolbar.input.value = "";
    this.#toolbar.found(0, -1, false);
    this.#finder.stop();
    this.#announce();
    this.#emit("recorded", {});
  }

  /** What has been recorded; another tree shows the same. */
  get model(): GraphModel {
    return this.#drawing.model;
  }

  get selected(): number | null {
    return this.#focus.selectedId;
  }

  set selected(id: number | null) {
    if (id === this.#focus.selectedId && typeof this.#focus.selected !== "string") return;
    this.#focus.selectId(id, this.#drawing.model);
    this.#changed();
    this.#describeSelection();
  }

  set hovered(id: number | null) {
    const node = id === null ? null : (this.#drawing.model.byId.get(id) ?? null);
    if (node === this.#focus.hovered && this.#focus.hoveredKey === null) return;
    this.#focus.hovered = node;
    this.#focus.hoveredKey = null;
    this.#changed();
  }

  /** Nodes that something else on the page points at. */
  set lit(ids: Iterable<number>) {
    this.#focus.lit = [...ids];
    this.#changed();
  }

  /** What explanations add: a way to light, and words on what was found. */
  set marks(marks: Marks) {
    this.#focus.mark(marks);
    this.#changed();
  }

  get now(): Now {
    return this.#drawing.now;
  }

  /** Shows this moment of the run; nothing moves for it but the window, if the node where the run stands is outside. */
  set now(now: Now) {
    const before = this.#drawing.now;
    if (now === before) return;
    this.#drawing.now = now;
    this.#finder.refresh(false);
    this.#changed();
    if (now.active !== null && now.time !== before.time) this.#showMoment();
  }

  get direction(): Direction {
    return this.#direction;
  }

  set direction(direction: Direction) {
    if (direction === this.#direction) return;
    this.#direction = direction;
    this.#toolbar.direction(direction === "down");
    this.#viewport.touched = false;
    this.#schedule(0);
  }

  /** How much of the window is hidden at its right and its bottom, so that nothing is brought there. */
  set covered(covered: { right: number; bottom: number }) {
    this.#viewport.covered = covered;
  }

  /** Shows everything. */
  fit(): void {
    const { scene } = this.#drawing;
    this.#stays = false;
    if (scene) this.#viewport.fit(whole(scene));
  }

  /** Opens what holds the node and brings it into the window. */
  async reveal(id: number): Promise<void> {
    const { model, openness, tree } = this.#drawing;
    const node = model.byId.get(id);
    if (!node) return;
    if (tree && openness.openAround(tree, node)) {
      this.#stays = false;
      await this.#pace.now();
    }
    const box = this.#drawing.boxOf(node);
    if (box) this.#viewport.show(box);
  }

  openAll(open: boolean): void {
    const { openness, tree } = this.#drawing;
    if (tree) openness.setAll(tree, open);
    this.#schedule(0);
  }

  /** Marks the nodes that answer to `text` (search.ts) and goes to the first; returns how many there are. */
  search(text: string): number {
    return this.#finder.search(text);
  }

  searchNext(by: 1 | -1 = 1): void {
    this.#finder.next(by);
  }

  /** The picture, all of it, as an SVG document in the page's present colours. */
  toSVG(): string {
    const { scene, course, model } = this.#drawing;
    if (!scene || !course || !this.#measure) return "";
    const attention = { ...this.#focus.attention(model), searching: false };
    return svgText(
      new Frame(scene, this.#drawing.now, course, attention, this.#measure),
      this.#screen.families,
    );
  }

  #schedule(delay: number): void {
    // The person wants something else shown than the recording before had.
    if (delay === 0) this.#stays = false;
    if (this.isConnected) this.#pace.soon(delay);
  }

  async #layout(): Promise<boolean> {
    const measure = this.#measure;
    const drawing = this.#drawing;
    if (!measure || this.#viewport.width === 0) return false;
    const scene = await drawing.arrange(this.#direction, this.#viewport.wrap(this.#direction), measure);
    if (!scene || !this.isConnected || drawing !== this.#drawing) return false;
    this.#place(scene);
    return true;
  }

  /** Shows a new scene without moving what was clicked, or else what is in the middle of the window. */
  #place(scene: Scene): void {
    const before = this.#drawing.scene;
    const asked = this.#anchor ? before?.byKey.get(this.#anchor) : null;
    const anchor = asked ?? this.#drawing.nearest(...this.#viewport.middle());
    this.#drawing.scene = scene;
    this.#anchor = null;
    this.#choosers.renew(scene);
    const now = anchor && scene.byKey.get(anchor.item.key);
    const { view } = this.#viewport;
    if (this.#stays) {
      // What has come of the recording so far may lie elsewhere; all of it lies where it lay before.
    } else if (!this.#viewport.touched) {
      this.#viewport.view = this.#viewport.opening(whole(scene));
    } else if (anchor && now) {
      const [dx, dy] = [(anchor.x - now.x) * view.scale, (anchor.y - now.y) * view.scale];
      this.#viewport.view = { ...view, x: view.x + dx, y: view.y + dy };
    }
    const groups = [...scene.graph.items.values()].filter((item) => item.group?.scope && item.parent);
    const closed = groups.some((item) => !item.open);
    this.#toolbar.groups(groups.length > 0, closed);
    this.#changed();
    this.#announce();
    if (this.#drawing.now.active !== null && !this.#viewport.touched) this.#showMoment();
  }

  /** Brings the node where the run stands into the window and says what happens there. */
  #showMoment(): void {
    const now = this.#drawing.now;
    const node = now.active === null ? undefined : this.#drawing.model.byId.get(now.active);
    if (!node) return;
    const box = this.#drawing.boxOf(node);
    if (this.opensOnStep) void this.reveal(node.id);
    else if (box) this.#viewport.show(box);
    this.#spoken.say(`${now.moments.label(now.time ?? -1)}. ${describeNode(node, now)}`);
  }

  /** Something looks different; nothing stands elsewhere. */
  #changed(): void {
    const { scene, course, model } = this.#drawing;
    if (!scene || !course || !this.#measure) return;
    this.#screen.show(
      new Frame(scene, this.#drawing.now, course, this.#focus.attention(model), this.#measure),
    );
  }

  #resized(): void {
    const first = this.#viewport.width === 0;
    if (!this.#screen.measure() || this.#viewport.width === 0) return;
    const { scene } = this.#drawing;
    if (!this.#viewport.touched && scene) this.#viewport.view = this.#viewport.opening(whole(scene));
    if (first) this.#schedule(0);
  }

  #pick(x: number, y: number) {
    return this.#drawing.pick(...this.#viewport.toWorld(x, y), this.#viewport.view.scale);
  }

  #tap(x: number, y: number, twice: boolean): void {
    this.#screen.stage.focus({ preventScroll: true });
    const { box, line } = this.#pick(x, y);
    const item = box?.item;
    if (!box || !item?.group) {
      this.#select(item?.node ?? line, item?.key);
      if (twice && item?.node) this.#emit("open", { key: item.key, node: item.node.id, open: true });
      return;
    }
    const [wx, wy] = this.#viewport.toWorld(x, y);
    const onTitle = wy - box.y < headerOf(item.group);
    if ((onTitle && wx - box.x < CHEVRON) || (twice && (onTitle || !item.open))) this.#toggle(item);
    else this.#select(item.open && !onTitle ? line : item.key);
  }

  #toggle(item: VItem): void {
    const { group } = item;
    if (!group) return;
    if (group.kind === "gap" && group.series) {
      const { series } = group;
      this.#choose(series, group.from);
      requestAnimationFrame(() => this.#choosers.focus(series.key));
      return;
    }
    this.#viewport.touched = true;
    this.#anchor = item.key;
    this.#drawing.openness.toggle(group);
    this.#schedule(0);
    this.#emit("open", { key: group.key, scope: group.scope?.id ?? null, open: !item.open });
  }

  /** Shows another repetition; the controls do not move away under the hand. */
  #choose(series: Series, at: number): void {
    if (!this.#drawing.openness.choose(series, at)) return;
    this.#viewport.touched = true;
    this.#anchor = chooserKey(series);
    this.#schedule(0);
    const chosen = this.#drawing.openness.chosen.get(series.key) ?? 0;
    this.#spoken.say(`${series.unit} ${series.numbers[chosen]} of ${series.of}`);
    this.#emit("open", { key: series.key, scope: null, open: true });
  }

  /** The repetition after the one shown, or before it, of the series around the selection, or else of the first. */
  chooseNext(by: 1 | -1): boolean {
    const { scene, openness } = this.#drawing;
    const series = scene && seriesNear(scene, this.#focus.item(scene));
    if (series)
      this.#choose(series, (openness.chosen.get(series.key) ?? (by > 0 ? 0 : series.bodies.length)) + by);
    return series !== null;
  }

  #select(what: GNode | string | null, at = ""): void {
    this.#focus.select(what, at);
    this.#changed();
    this.#describeSelection();
    this.#emit("select", { node: this.#focus.selectedId, key: typeof what === "string" ? what : null });
  }

  #hover(x: number, y: number): void {
    const { box, line } = this.#pick(x, y);
    const item = box?.item;
    this.#screen.stage.classList.toggle("ag-pointing", Boolean(line || (item && !item.open)));
    this.#setHover(item?.node ?? line, item?.group && !item.open ? item.key : null);
  }

  #setHover(node: GNode | null, key: string | null): void {
    if (node === this.#focus.hovered && key === this.#focus.hoveredKey) return;
    const changed = node !== this.#focus.hovered;
    this.#focus.hovered = node;
    this.#focus.hoveredKey = key;
    this.#changed();
    if (changed) this.#emit("hover", { node: node?.id ?? null });
  }

  #emit(type: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #key = (event: KeyboardEvent): void => {
    const known = pressed(event, {
      arrow: (arrow, pan) => this.#arrow(arrow, pan),
      zoom: (factor) => this.#viewport.zoomAt(factor),
      fit: () => this.fit(),
      find: () => this.#toolbar.input.focus(),
      next: (by) => this.searchNext(by),
      enter: () => this.#enter(),
      clear: () => this.#select(null),
      repetition: (by) => this.chooseNext(by),
    });
    if (!known) return;
    event.preventDefault();
    event.stopPropagation();
  };

  #arrow(arrow: Arrow, pan: boolean): void {
    const { scene } = this.#drawing;
    const item = this.#focus.item(scene);
    if (pan || !item || !scene) {
      const by = { up: [0, 60], down: [0, -60], left: [60, 0], right: [-60, 0] }[arrow];
      this.#viewport.panBy(by[0] ?? 0, by[1] ?? 0);
      return;
    }
    const next = neighbour(scene, item, arrow);
    if (!next) return;
    this.#select(next.node ?? next.key, next.key);
    const box = scene.byKey.get(next.key);
    if (box) this.#viewport.show(box);
  }

  #enter(): void {
    const item = this.#focus.item(this.#drawing.scene);
    if (item?.group) this.#toggle(item);
    else if (item?.node) this.#emit("open", { key: item.key, node: item.node.id, open: true });
    else {
      const nearest = this.#drawing.nearest(...this.#viewport.middle());
      if (nearest) this.#select(nearest.item.node ?? nearest.item.key);
    }
  }

  #describeSelection(): void {
    this.#spoken.tell(this.#focus, this.#drawing);
  }

  #announce(): void {
    this.#screen.stage.setAttribute("aria-label", describeGraph(this.#drawing.model));
  }
}
