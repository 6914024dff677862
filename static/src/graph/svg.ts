/** Draws frames as SVG: only what is near the window is in the document, and only what changed is drawn again. */
import { token } from "../theme";
import type { Look } from "./cards";
import { type Detail, detailAt, type Frame, type View } from "./frame";
import { isLabel, type Prim } from "./prims";
import type { Box, Line } from "./scene";
import { type Families, FONTS } from "./text";

const NS = "http://www.w3.org/2000/svg";

export interface Painter {
  readonly element: HTMLElement | SVGElement;
  resize(width: number, height: number): void;
  /** False when there was too much for one frame and it must be called again. */
  draw(frame: Frame, view: View): boolean;
  destroy(): void;
}

export function svgElement<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number> = {},
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

/** How an ink is written into an attribute: live pictures follow the page's tokens, exported ones hold colours. */
export type Dye = (ink: string) => string;
const live: Dye = (ink) => `var(--${ink})`;

export function appendPrims(parent: Element, prims: readonly Prim[], dye: Dye = live): void {
  for (const prim of prims) {
    if (isLabel(prim)) {
      const text = svgElement("text", {
        x: prim.x,
        y: prim.y,
        class: `ag-${prim.font}`,
        fill: dye(prim.ink),
      });
      if (prim.anchor) text.setAttribute("text-anchor", prim.anchor);
      text.textContent = prim.text;
      parent.append(text);
      continue;
    }
    const path = svgElement("path", { d: prim.d, fill: prim.fill ? dye(prim.fill) : "none" });
    if (prim.stroke) {
      path.setAttribute("stroke", dye(prim.stroke));
      path.setAttribute("stroke-width", String(prim.width ?? 1));
      if (prim.dash) path.setAttribute("stroke-dasharray", prim.dash);
    }
    parent.append(path);
  }
}

interface Mounted {
  group: SVGGElement;
  box: Box;
  look: Look;
  dimmed: boolean;
  detail: Detail;
}

interface MountedLine {
  group: SVGGElement;
  line: Line;
  state: string | null;
  detail: Detail;
}

/** Time for making elements in one frame; the browser needs about twice as much again to lay them out. */
const BUDGET_MS = 9;
const GLIDE: KeyframeAnimationOptions = { duration: 150, easing: "ease-out" };

export class SvgPainter implements Painter {
  readonly element = svgElement("svg", { class: "ag-svg", "aria-hidden": "true" });
  #world = svgElement("g");
  #layers = {
    groups: svgElement("g"),
    lines: svgElement("g", { "stroke-linecap": "round" }),
    boxes: svgElement("g"),
    chips: svgElement("g"),
  };
  #boxes = new Map<string, Mounted>();
  #lines = new Map<string, MountedLine>();
  #frame: Frame | null = null;
  #detail: Detail = "full";
  #width = 0;
  #height = 0;
  /** The part of the world that is in the document. */
  #held = { left: 0, top: 0, right: 0, bottom: 0 };
  #before: View = { scale: 1, x: 0, y: 0 };
  #until = 0;

  constructor(readonly moves: () => boolean) {
    const { groups, lines, boxes, chips } = this.#layers;
    this.#world.append(groups, lines, boxes, chips);
    this.element.append(this.#world);
  }

  resize(width: number, height: number): void {
    this.#width = width;
    this.#height = height;
    this.#held = { left: 0, top: 0, right: 0, bottom: 0 };
  }

  draw(frame: Frame, view: View): boolean {
    this.#world.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
    const detail = detailAt(view.scale);
    const seen = {
      left: -view.x / view.scale,
      top: -view.y / view.scale,
      right: (this.#width - view.x) / view.scale,
      bottom: (this.#height - view.y) / view.scale,
    };
    const held = this.#held;
    const inside =
      seen.left >= held.left &&
      seen.top >= held.top &&
      seen.right <= held.right &&
      seen.bottom <= held.bottom;
    let done = true;
    if (frame !== this.#frame || detail !== this.#detail || !inside) {
      const [mx, my] = [(seen.right - seen.left) * 0.15, (seen.bottom - seen.top) * 0.15];
      this.#held = {
        left: seen.left - mx,
        top: seen.top - my,
        right: seen.right + mx,
        bottom: seen.bottom + my,
      };
      // Boxes glide to their new place only if they were on screen at the same scale.
      const newScene = frame.scene !== this.#frame?.scene;
      const before = this.#before;
      const glides = newScene && this.#boxes.size > 0 && before.scale === view.scale && this.moves();
      const shift = glides
        ? { x: (before.x - view.x) / view.scale, y: (before.y - view.y) / view.scale }
        : null;
      this.#until = performance.now() + BUDGET_MS;
      const boxes = this.#drawBoxes(frame, newScene, detail, shift);
      const lines = this.#drawLines(frame, newScene, detail, shift !== null);
      done = boxes && lines;
      if (frame !== this.#frame || detail !== this.#detail) {
        this.#layers.chips.replaceChildren();
        if (detail !== "shape") appendPrims(this.#layers.chips, frame.relations());
        if (detail === "full") appendPrims(this.#layers.chips, frame.chips());
      }
      this.#detail = detail;
      this.#frame = frame;
      if (!done) this.#held = { left: 0, top: 0, right: 0, bottom: 0 };
    }
    this.#before = { ...view };
    return done;
  }

  #late(): boolean {
    return performance.now() > this.#until;
  }

  /** Puts every box in its place, and draws as many of those that changed as there is time for. */
  #drawBoxes(
    frame: Frame,
    newScene: boolean,
    detail: Detail,
    shift: { x: number; y: number } | null,
  ): boolean {
    const gone = new Set(this.#boxes.keys());
    const { left, top, right, bottom } = this.#held;
    let done = true;
    for (const box of frame.scene.boxes) {
      if (box.x > right || box.y > bottom || box.x + box.width < left || box.y + box.height < top) continue;
      const { key } = box.item;
      gone.delete(key);
      let known = this.#boxes.get(key);
      if (known && known.box.item.open !== box.item.open) {
        known.group.remove();
        known = undefined;
      }
      const look = frame.look(box.item);
      const dimmed = frame.dimmed(box.item);
      const same =
        known?.detail === detail &&
        (known.box === box || sameBox(known.box, box)) &&
        sameLook(known.look, look) &&
        known.dimmed === dimmed;
      const late = !same && this.#late();
      if (late) done = false;
      if (!known && late) continue;
      const group = known?.group ?? svgElement("g");
      const moved = !known || known.box.x !== box.x || known.box.y !== box.y;
      if (moved) group.setAttribute("transform", `translate(${box.x} ${box.y})`);
      if (!known) {
        (box.item.open ? this.#layers.groups : this.#layers.boxes).append(group);
        if (shift) group.animate([{ opacity: 0 }, { opacity: 1 }], GLIDE);
      } else if (moved && shift) {
        const from = `translate(${known.box.x + shift.x}px, ${known.box.y + shift.y}px)`;
        group.animate([{ transform: from }, { transform: `translate(${box.x}px, ${box.y}px)` }], GLIDE);
      }
      if (!same && !late) {
        group.replaceChildren();
        appendPrims(group, frame.paint(box, look, detail));
        if (dimmed) group.setAttribute("opacity", "0.3");
        else group.removeAttribute("opacity");
        this.#boxes.set(key, { group, box, look, dimmed, detail });
      } else if (known) known.box = late ? { ...known.box, x: box.x, y: box.y } : box;
    }
    for (const key of gone) {
      this.#boxes.get(key)?.group.remove();
      this.#boxes.delete(key);
    }
    // Outer groups lie under inner ones.
    for (const box of newScene || !done ? frame.scene.boxes : []) {
      if (!box.item.open) break;
      const group = this.#boxes.get(box.item.key)?.group;
      if (group) this.#layers.groups.append(group);
    }
    return done;
  }

  #drawLines(frame: Frame, newScene: boolean, detail: Detail, fade: boolean): boolean {
    const gone = new Set(this.#lines.keys());
    const { left, top, right, bottom } = this.#held;
    let done = true;
    for (const line of frame.scene.lines) {
      if (line.left > right || line.top > bottom || line.right < left || line.bottom < top) continue;
      const { key } = line.edge;
      const state = frame.lineState(line);
      const known = this.#lines.get(key);
      const same = known?.line === line && known.state === state && known.detail === detail;
      if (!same && this.#late()) {
        done = false;
        // A line that led elsewhere is worse than none.
        if (known?.line === line) gone.delete(key);
        continue;
      }
      gone.delete(key);
      if (same) continue;
      const group = known?.group ?? svgElement("g");
      group.replaceChildren();
      appendPrims(group, frame.paintLine(line, state, detail));
      if (!known || state === "gradient" || state === "value" || state === "done")
        this.#layers.lines.append(group);
      if (fade && newScene) group.animate([{ opacity: 0 }, { opacity: 1 }], GLIDE);
      this.#lines.set(key, { group, line, state, detail });
    }
    for (const key of gone) {
      this.#lines.get(key)?.group.remove();
      this.#lines.delete(key);
    }
    return done;
  }

  destroy(): void {
    this.element.remove();
  }
}

function sameBox(a: Box, b: Box): boolean {
  return (
    a.width === b.width &&
    a.height === b.height &&
    a.item.node === b.item.node &&
    a.item.open === b.item.open &&
    a.item.brief === b.item.brief &&
    a.item.deadEnds === b.item.deadEnds &&
    a.item.depth === b.item.depth &&
    a.item.group?.ops === b.item.group?.ops &&
    a.item.group?.name === b.item.group?.name &&
    a.item.group?.kind === b.item.group?.kind
  );
}

function sameLook(a: Look, b: Look): boolean {
  return (
    a.made === b.made &&
    a.value === b.value &&
    a.grad === b.grad &&
    a.stored === b.stored &&
    a.selected === b.selected &&
    a.lit === b.lit &&
    a.active === b.active &&
    a.done === b.done &&
    a.found === b.found &&
    a.running === b.running &&
    a.traced === b.traced &&
    a.word === b.word
  );
}

/** The whole picture as a document of its own, in the page's present colours. */
export function svgText(frame: Frame, families: Families): string {
  const { scene } = frame;
  const dye: Dye = (ink) => token(`--${ink}`);
  const margin = 24;
  const [width, height] = [Math.ceil(scene.width + 2 * margin), Math.ceil(scene.height + 2 * margin)];
  const svg = svgElement("svg", {
    xmlns: NS,
    width,
    height,
    viewBox: `${-margin} ${-margin} ${width} ${height}`,
  });
  const style = svgElement("style");
  style.textContent = Object.entries(FONTS)
    .map(([name, { size, weight, family }]) => `.ag-${name}{font:${weight} ${size}px ${families[family]}}`)
    .join("");
  svg.append(style, svgElement("rect", { x: -margin, y: -margin, width, height, fill: dye("bg") }));
  const put = (prims: readonly Prim[], x = 0, y = 0) => {
    const group = svgElement("g", x || y ? { transform: `translate(${x} ${y})` } : {});
    appendPrims(group, prims, dye);
    svg.append(group);
  };
  const draw = (box: Box) => put(frame.paint(box, frame.look(box.item), "full"), box.x, box.y);
  for (const box of scene.boxes) if (box.item.open) draw(box);
  for (const line of scene.lines) put(frame.paintLine(line, frame.lineState(line), "full"));
  for (const box of scene.boxes) if (!box.item.open) draw(box);
  put(frame.relations());
  put(frame.chips());
  return new XMLSerializer().serializeToString(svg);
}
