/**
 * `<autograd-graph>`: the recorded computation as a diagram.
 *
 * Give it `graph` events with `push`; it draws what came so far. Properties: `selected`, `hovered`, `lit` (node ids),
 * `step` (the backward pass up to step k; null is the end of the run), `direction`, `collapsed` (scope ids).
 * Events: `select` and `hover` ({ node }), `open` ({ key, open }), `stepchange` ({ step }).
 */
import type * as wire from "../protocol.gen";
import { onTheme, token } from "../theme";
import type { Direction } from "./arrange";
import { Backward } from "./backward";
import { CanvasPainter } from "./canvas";
import { describeGraph, describeGroup, describeNode, listing } from "./describe";
import { type Attention, Frame } from "./frame";
import { Layouter } from "./layouter";
import { type GNode, GraphModel } from "./model";
import { type Arrow, neighbour } from "./navigate";
import { openAtFirst } from "./opening";
import { type Box, boxAt, compose, lineAt, plan, type Scene } from "./scene";
import { findNodes } from "./search";
import { exportSvg, type Painter, SvgPainter } from "./svg";
import { type Families, FONTS, type Measure, measurer } from "./text";
import { Toolbar } from "./toolbar";
import { type Group, isGroup, type Revealed, TreeBuilder } from "./tree";
import { Viewport } from "./viewport";
import { type VItem, visibleGraph } from "./visible";

type GraphEvent = Pick<wire.Graph, "nodes" | "edges" | "scopes" | "steps" | "omitted">;

/** Above this many boxes the picture is drawn on a canvas. */
export const SVG_LIMIT = 2000;
/** While a program runs the layout is renewed at most this often. */
const STREAM_MS = 140;

export class AutogradGraph extends HTMLElement {
  #model = new GraphModel();
  #builder = new TreeBuilder(this.#model);
  #backward = new Backward(this.#model);
  #layouter = new Layouter();
  #tree: Group | null = null;
  #scene: Scene | null = null;
  #frame: Frame | null = null;
  #painter: Painter | null = null;
  #viewport: Viewport;
  #toolbar: Toolbar;
  #stage = document.createElement("div");
  #live = document.createElement("p");
  #listing = document.createElement("div");
  #measure: Measure | null = null;
  #families: Families = { sans: "sans-serif", mono: "monospace" };

  #opened = new Map<string, boolean>();
  #defaults: ReadonlySet<string> = new Set();
  #revealed = new Map<string, Set<number>>();
  #direction: Direction = "down";
  #selected: GNode | string | null = null;
  #selectedId: number | null = null;
  #hovered: GNode | null = null;
  #hoveredKey: string | null = null;
  #litIds: readonly number[] = [];
  #step: number | null = null;
  #found: GNode[] = [];
  #foundAt = -1;
  #query = "";

  #timer = 0;
  #listTimer = 0;
  #paintRequest = 0;
  #lastLayout = 0;
  #anchor: string | null = null;
  #undo: (() => void)[] = [];

  constructor() {
    super();
    this.#stage.className = "ag-stage";
    this.#viewport = new Viewport(
      this.#stage,
      {
        changed: () => this.#requestPaint(),
        tap: (x, y, twice) => this.#tap(x, y, twice),
        hover: (x, y) => this.#hover(x, y),
        leave: () => this.#setHover(null, null),
      },
      () => !this.#moves(),
    );
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
    this.#live.className = "ag-hidden";
    this.#live.setAttribute("aria-live", "polite");
    this.#listing.className = "ag-hidden";
    this.#listing.setAttribute("role", "region");
    this.#listing.setAttribute("aria-label", "The graph as a list");
    this.#stage.tabIndex = 0;
    this.#stage.setAttribute("role", "application");
    this.#stage.setAttribute("aria-roledescription", "graph");
    this.#stage.addEventListener("keydown", this.#key);
  }

  connectedCallback(): void {
    if (!this.#stage.isConnected) this.append(this.#stage, this.#toolbar.element, this.#live, this.#listing);
    const style = getComputedStyle(this);
    const family = (name: string, otherwise: string) => style.getPropertyValue(name).trim() || otherwise;
    this.#families = { sans: family("--sans", "sans-serif"), mono: family("--mono", "monospace") };
    this.#measure = measurer(this.#families);
    const observer = new ResizeObserver(() => this.#resized());
    observer.observe(this.#stage);
    this.#undo = [
      () => observer.disconnect(),
      onTheme(() => {
        if (this.#painter instanceof CanvasPainter) this.#painter.restyle();
        this.#requestPaint();
      }),
    ];
    // Widths measured before the page's own typefaces had arrived are wrong.
    void document.fonts?.ready.then(() => {
      if (!this.isConnected) return;
      this.#measure = measurer(this.#families);
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
    clearTimeout(this.#timer);
    clearTimeout(this.#listTimer);
    cancelAnimationFrame(this.#paintRequest);
    this.#timer = this.#listTimer = this.#paintRequest = 0;
  }

  /** Adds one `graph` event to the picture. */
  push(event: GraphEvent): void {
    const nodesBefore = this.#model.nodes.length;
    const edgesBefore = this.#model.edges;
    this.#model.push(event);
    this.#backward.sync();
    if (this.#selectedId !== null && this.#selected === null)
      this.#selected = this.#model.byId.get(this.#selectedId) ?? null;
    this.#goToStep();
    if (this.#model.nodes.length !== nodesBefore || this.#model.edges !== edgesBefore)
      this.#schedule(STREAM_MS);
    else this.#changed();
  }

  /** Starts anew with an empty picture. */
  reset(): void {
    this.#layouter.cancel();
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#model = new GraphModel();
    this.#builder = new TreeBuilder(this.#model);
    this.#backward = new Backward(this.#model);
    this.#tree = null;
    this.#scene = null;
    this.#frame = null;
    this.#painter?.destroy();
    this.#painter = null;
    this.#opened.clear();
    this.#revealed.clear();
    this.#selected = this.#hovered = this.#hoveredKey = this.#step = this.#selectedId = null;
    this.#litIds = [];
    this.#viewport.touched = false;
    this.search("");
    this.#announce();
  }

  /** Replaces the whole picture by what these events record. */
  set events(events: readonly GraphEvent[]) {
    this.reset();
    for (const event of events) this.push(event);
    this.#schedule(0);
  }

  /** How many backward steps have been recorded. */
  get steps(): number {
    return this.#model.steps.length;
  }

  get selected(): number | null {
    return this.#selectedId;
  }

  set selected(id: number | null) {
    if (id === this.#selectedId && typeof this.#selected !== "string") return;
    this.#selectedId = id;
    this.#selected = id === null ? null : (this.#model.byId.get(id) ?? null);
    this.#changed();
    this.#describeSelection();
  }

  get hovered(): number | null {
    return this.#hovered?.id ?? null;
  }

  set hovered(id: number | null) {
    const node = id === null ? null : (this.#model.byId.get(id) ?? null);
    if (node === this.#hovered && this.#hoveredKey === null) return;
    this.#hovered = node;
    this.#hoveredKey = null;
    this.#changed();
  }

  get lit(): Iterable<number> {
    return this.#litIds;
  }

  /** Nodes that something else on the page points at. */
  set lit(ids: Iterable<number>) {
    this.#litIds = [...ids];
    this.#changed();
  }

  get step(): number | null {
    return this.#step;
  }

  /** Shows the backward pass up to step k, from -1 (before it) to `steps - 1`; null shows the end of the run. */
  set step(k: number | null) {
    const bounded = k === null ? null : Math.max(-1, Math.min(Math.round(k), this.steps - 1));
    if (bounded === this.#step) return;
    this.#step = bounded;
    this.#goToStep();
    this.#changed();
    const active = this.#backward.active;
    const node = active && this.#model.byId.get(active.node);
    if (node && this.#scene) {
      const item = this.#scene.graph.itemOf[node.index];
      const box = item && this.#scene.byKey.get(item.key);
      if (box) this.#viewport.show(box);
      this.#live.textContent = `Step ${(bounded ?? 0) + 1} of ${this.steps}: ${active.name}. ${describeNode(node, this.#backward)}`;
    }
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

  /** Ids of the scopes that are closed now. */
  get collapsed(): ReadonlySet<number> {
    const closed = new Set<number>();
    for (const item of this.#scene?.graph.items.values() ?? []) {
      if (item.group?.scope && !item.open) closed.add(item.group.scope.id);
    }
    return closed;
  }

  /** Closes exactly these scopes and opens all others. */
  set collapsed(ids: ReadonlySet<number>) {
    for (const scope of this.#model.scopes.values()) this.#opened.set(`s${scope.id}`, !ids.has(scope.id));
    this.#schedule(0);
  }

  /** Shows everything. */
  fit(): void {
    if (!this.#scene) return;
    this.#viewport.touched = true;
    this.#viewport.go(
      this.#viewport.fitting({ x: 0, y: 0, width: this.#scene.width, height: this.#scene.height }),
    );
  }

  /** Opens what holds the node and brings it into the window. */
  async reveal(id: number): Promise<void> {
    const node = this.#model.byId.get(id);
    if (!node) return;
    if (this.#openAround(node)) await this.#layout();
    const item = this.#scene?.graph.itemOf[node.index];
    const box = item && this.#scene?.byKey.get(item.key);
    if (box) this.#viewport.show(box);
  }

  openAll(open: boolean): void {
    const visit = (group: Group) => {
      for (const child of group.children) {
        if (!isGroup(child)) continue;
        if (child.kind !== "gap" && child.kind !== "repeat") this.#opened.set(child.key, open);
        visit(child);
      }
    };
    if (this.#tree) visit(this.#tree);
    this.#schedule(0);
  }

  /** Marks the nodes that have every word of `text` and goes to the first; returns how many there are. */
  search(text: string): number {
    this.#query = text.trim();
    this.#found = findNodes(this.#model, this.#query);
    this.#foundAt = -1;
    if (this.#found.length) this.searchNext(1);
    else {
      this.#toolbar.found(0, -1, this.#query !== "");
      this.#changed();
    }
    return this.#found.length;
  }

  searchNext(by: 1 | -1 = 1): void {
    const total = this.#found.length;
    if (total === 0) return;
    this.#foundAt = (this.#foundAt + by + total) % total;
    this.#toolbar.found(total, this.#foundAt, true);
    this.#changed();
    const node = this.#found[this.#foundAt];
    if (node) void this.reveal(node.id);
  }

  /** The picture, all of it, as an SVG document in the page's present colours. */
  toSVG(): string {
    if (!this.#scene || !this.#measure) return "";
    const frame = new Frame(
      this.#scene,
      this.#backward,
      { ...this.#attention(), searching: false },
      this.#measure,
    );
    const css = Object.entries(FONTS)
      .map(
        ([name, { size, weight, family }]) =>
          `.ag-${name}{font:${weight} ${size}px ${this.#families[family]}}`,
      )
      .join("");
    return new XMLSerializer().serializeToString(exportSvg(frame, (ink) => token(`--${ink}`), css));
  }

  #moves(): boolean {
    return !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  #isOpen = (group: Group): boolean => this.#opened.get(group.key) ?? this.#defaults.has(group.key);

  #schedule(delay: number): void {
    if (!this.isConnected) return;
    if (this.#timer && delay > 0) return;
    clearTimeout(this.#timer);
    const since = performance.now() - this.#lastLayout;
    this.#timer = window.setTimeout(() => void this.#layout(), delay > 0 ? Math.max(0, delay - since) : 0);
  }

  async #layout(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#lastLayout = performance.now();
    const measure = this.#measure;
    if (!measure || this.#viewport.width === 0) return;
    const tree = this.#builder.build(this.#revealed as Revealed);
    this.#tree = tree;
    this.#defaults = openAtFirst(tree);
    const graph = visibleGraph(tree, this.#model.nodes, this.#isOpen);
    const size = this.#direction === "down" ? this.#viewport.width : this.#viewport.height;
    const wrap = Math.ceil((Math.max(640, size) * 1.3) / 200) * 200;
    const planned = plan(graph, this.#direction, wrap, measure);
    const layouts = await this.#layouter.request(planned.request);
    if (!layouts || !this.isConnected) return;
    const before = this.#scene;
    const anchor = this.#anchorBox(before);
    this.#scene = compose(graph, planned, layouts);
    this.#anchor = null;
    const now = anchor && this.#scene.byKey.get(anchor.item.key);
    const bounds = { x: 0, y: 0, width: this.#scene.width, height: this.#scene.height };
    if (!this.#viewport.touched || !before) this.#viewport.view = this.#viewport.opening(bounds);
    else if (anchor && now) {
      const { view } = this.#viewport;
      this.#viewport.view = {
        ...view,
        x: view.x + (anchor.x - now.x) * view.scale,
        y: view.y + (anchor.y - now.y) * view.scale,
      };
    }
    const groups = [...graph.items.values()].filter((item) => item.group && item.parent && item.group.scope);
    this.#toolbar.groups(
      groups.length > 0,
      groups.some((item) => !item.open),
    );
    this.#changed();
    this.#announce();
  }

  /** What must not move: what was clicked, else what is in the middle of the window. */
  #anchorBox(scene: Scene | null): Box | null {
    if (!scene) return null;
    const asked = this.#anchor && scene.byKey.get(this.#anchor);
    if (asked) return asked;
    const [cx, cy] = this.#viewport.toWorld(this.#viewport.width / 2, this.#viewport.height / 2);
    let best: Box | null = null;
    let least = Infinity;
    for (const box of scene.boxes) {
      if (box.item.open) continue;
      const distance = Math.hypot(box.x + box.width / 2 - cx, box.y + box.height / 2 - cy);
      if (distance < least) [best, least] = [box, distance];
    }
    return best;
  }

  #goToStep(): void {
    this.#backward.go(this.#step);
  }

  #attention(): Attention {
    const lit = new Set<GNode>();
    for (const id of this.#litIds) {
      const node = this.#model.byId.get(id);
      if (node) lit.add(node);
    }
    if (this.#hovered) lit.add(this.#hovered);
    return {
      selected: this.#selected,
      lit,
      litKey: this.#hoveredKey,
      found: new Set(this.#found),
      foundHere: this.#found[this.#foundAt] ?? null,
      searching: this.#query !== "",
    };
  }

  /** Something looks different; nothing stands elsewhere. */
  #changed(): void {
    if (this.#scene && this.#measure) {
      this.#frame = new Frame(this.#scene, this.#backward, this.#attention(), this.#measure);
    }
    this.#requestPaint();
  }

  #requestPaint(): void {
    if (!this.#paintRequest) this.#paintRequest = requestAnimationFrame(this.#paint);
  }

  #paint = (): void => {
    this.#paintRequest = 0;
    const frame = this.#frame;
    if (!frame || this.#viewport.width === 0) return;
    const wantsCanvas = frame.scene.boxes.length > SVG_LIMIT;
    if (!this.#painter || this.#painter instanceof CanvasPainter !== wantsCanvas) {
      this.#painter?.destroy();
      this.#painter = wantsCanvas ? new CanvasPainter(this.#families) : new SvgPainter(() => this.#moves());
      this.#painter.resize(this.#viewport.width, this.#viewport.height);
      this.#stage.append(this.#painter.element);
    }
    this.#painter.draw(frame, this.#viewport.view);
    this.#toolbar.scale(this.#viewport.view.scale);
  };

  #resized(): void {
    const { clientWidth: width, clientHeight: height } = this.#stage;
    if (width === this.#viewport.width && height === this.#viewport.height) return;
    const first = this.#viewport.width === 0;
    const { view } = this.#viewport;
    view.x += (width - this.#viewport.width) / 2;
    view.y += (height - this.#viewport.height) / 2;
    this.#viewport.width = width;
    this.#viewport.height = height;
    if (width === 0) return;
    this.#painter?.resize(width, height);
    if (!this.#viewport.touched && this.#scene) {
      this.#viewport.view = this.#viewport.opening({
        x: 0,
        y: 0,
        width: this.#scene.width,
        height: this.#scene.height,
      });
    }
    if (first) this.#schedule(0);
    this.#requestPaint();
  }

  #itemAt(x: number, y: number): { box: Box | null; line: GNode | null } {
    if (!this.#scene) return { box: null, line: null };
    const [wx, wy] = this.#viewport.toWorld(x, y);
    const { scale } = this.#viewport.view;
    const box = boxAt(this.#scene, wx, wy, 4 / scale);
    if (box && !box.item.open) return { box, line: null };
    const line = lineAt(this.#scene, wx, wy, 6 / scale);
    return { box, line: line?.edge.members[0]?.source ?? null };
  }

  #tap(x: number, y: number, twice: boolean): void {
    this.#stage.focus({ preventScroll: true });
    const { box, line } = this.#itemAt(x, y);
    const item = box?.item;
    if (item?.group && box) {
      const [wx, wy] = this.#viewport.toWorld(x, y);
      const onChevron = wx - box.x < 28 && wy - box.y < 32;
      if (onChevron || (twice && (!item.open || wy - box.y < 32))) {
        this.#toggle(item);
        return;
      }
      if (item.open && !(wy - box.y < 32)) this.#select(line);
      else this.#select(item.key);
      return;
    }
    this.#select(item?.node ?? line);
    if (twice && item?.node) this.#emit("open", { key: item.key, node: item.node.id, open: true });
  }

  #toggle(item: VItem): void {
    const { group } = item;
    if (!group) return;
    this.#viewport.touched = true;
    this.#anchor = item.key;
    if (group.kind === "gap") {
      // A gap opens by showing its first repetitions.
      const asked = this.#revealed.get(group.repeat) ?? new Set();
      for (let i = 0; i < Math.min(4, group.count); i++) asked.add(group.from + i);
      this.#revealed.set(group.repeat, asked);
      this.#anchor = item.parent?.key ?? null;
    } else this.#opened.set(group.key, !item.open);
    this.#schedule(0);
    this.#emit("open", { key: group.key, scope: group.scope?.id ?? null, open: !item.open });
  }

  /** Opens every group around a node; whether anything had to be opened. */
  #openAround(node: GNode): boolean {
    let opened = false;
    const contains = (group: Group): boolean => {
      let at = -1;
      for (const child of group.children) {
        at++;
        if (child === node || (isGroup(child) && contains(child))) {
          if (group.kind === "gap") {
            // Which repetition it is follows from how evenly they divide what is inside.
            const each = Math.max(1, Math.round(group.children.length / group.count));
            const asked = this.#revealed.get(group.repeat) ?? new Set();
            asked.add(group.from + Math.min(group.count - 1, Math.floor(at / each)));
            this.#revealed.set(group.repeat, asked);
            opened = true;
          } else if (group.kind !== "root" && !this.#isOpen(group)) {
            this.#opened.set(group.key, true);
            opened = true;
          }
          return true;
        }
      }
      return false;
    };
    if (this.#tree) contains(this.#tree);
    return opened;
  }

  #select(what: GNode | string | null): void {
    this.#selected = what;
    this.#selectedId = what !== null && typeof what !== "string" ? what.id : null;
    this.#changed();
    this.#describeSelection();
    this.#emit("select", { node: this.#selectedId, key: typeof what === "string" ? what : null });
  }

  #hover(x: number, y: number): void {
    const { box, line } = this.#itemAt(x, y);
    const item = box?.item;
    this.#stage.classList.toggle("ag-pointing", Boolean(item && (!item.open || line)));
    this.#setHover(item?.node ?? line, item?.group && !item.open ? item.key : null);
  }

  #setHover(node: GNode | null, key: string | null): void {
    if (node === this.#hovered && key === this.#hoveredKey) return;
    const changed = node !== this.#hovered;
    this.#hovered = node;
    this.#hoveredKey = key;
    this.#changed();
    if (changed) this.#emit("hover", { node: node?.id ?? null });
  }

  #emit(type: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #key = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = /^Arrow(Up|Down|Left|Right)$/.exec(event.key)?.[1]?.toLowerCase() as Arrow | undefined;
    if (arrow) this.#arrow(arrow, event.shiftKey);
    else if (event.key === "+" || event.key === "=") this.#viewport.zoomAt(1.3);
    else if (event.key === "-" || event.key === "_") this.#viewport.zoomAt(1 / 1.3);
    else if (event.key === "0" || event.key === "f" || event.key === "F") this.fit();
    else if (event.key === "/") this.#toolbar.input.focus();
    else if (event.key === "n" || event.key === "N") this.searchNext(event.shiftKey ? -1 : 1);
    else if (event.key === "Enter") this.#enter();
    else if (event.key === "Escape") this.#select(null);
    else if (event.key === "." || event.key === ",") this.#stepBy(event.key === "." ? 1 : -1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  #stepBy(by: 1 | -1): void {
    if (this.steps === 0) return;
    const to = Math.max(-1, (this.#step ?? (by > 0 ? -2 : this.steps)) + by);
    this.step = to < this.steps ? to : null;
    this.#emit("stepchange", { step: this.#step });
  }

  #selectedItem(): VItem | null {
    const graph = this.#scene?.graph;
    if (!graph || this.#selected === null) return null;
    if (typeof this.#selected === "string") return graph.items.get(this.#selected) ?? null;
    return graph.itemOf[this.#selected.index] ?? null;
  }

  #arrow(arrow: Arrow, pan: boolean): void {
    const item = this.#selectedItem();
    if (pan || !item || !this.#scene) {
      const by = { up: [0, 60], down: [0, -60], left: [60, 0], right: [-60, 0] }[arrow];
      this.#viewport.panBy(by[0] ?? 0, by[1] ?? 0);
      return;
    }
    const next = neighbour(this.#scene, item, arrow);
    if (!next) return;
    this.#select(next.node ?? next.key);
    const box = this.#scene.byKey.get(next.key);
    if (box) this.#viewport.show(box);
  }

  #enter(): void {
    const item = this.#selectedItem();
    if (item?.group) this.#toggle(item);
    else if (item?.node) this.#emit("open", { key: item.key, node: item.node.id, open: true });
    else if (this.#scene) {
      const nearest = this.#anchorBox(this.#scene);
      if (nearest) this.#select(nearest.item.node ?? nearest.item.key);
    }
  }

  #describeSelection(): void {
    if (this.#selected === null) this.#live.textContent = "";
    else if (typeof this.#selected !== "string")
      this.#live.textContent = describeNode(this.#selected, this.#backward);
    else {
      const item = this.#scene?.graph.items.get(this.#selected);
      this.#live.textContent = item?.group ? describeGroup(item.group, item.open) : "";
    }
  }

  #announce(): void {
    this.#stage.setAttribute("aria-label", describeGraph(this.#model));
    clearTimeout(this.#listTimer);
    this.#listTimer = window.setTimeout(() => {
      if (this.#scene) this.#listing.replaceChildren(listing(this.#scene.graph, this.#backward));
      else this.#listing.replaceChildren();
    }, 600);
  }
}

customElements.define("autograd-graph", AutogradGraph);

declare global {
  interface HTMLElementTagNameMap {
    "autograd-graph": AutogradGraph;
  }
}
