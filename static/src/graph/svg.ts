/** Draws frames as SVG: only what is near the window is in the document, and only what changed is drawn again. */
import type { Look } from "./cards";
import { type Detail, detailAt, type Frame, type View } from "./frame";
import { isLabel, type Prim } from "./prims";
import type { Box, Line, Scene } from "./scene";

const NS = "http://www.w3.org/2000/svg";

export interface Painter {
  readonly element: HTMLElement | SVGElement;
  resize(width: number, height: number): void;
  draw(frame: Frame, view: View): void;
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
}

interface MountedLine {
  group: SVGGElement;
  state: string | null;
}

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

  draw(frame: Frame, view: View): void {
    this.#world.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
    const detail = detailAt(view.scale);
    const newScene = frame.scene !== this.#frame?.scene;
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
    if (frame !== this.#frame || detail !== this.#detail || !inside) {
      const [mx, my] = [(seen.right - seen.left) * 0.15, (seen.bottom - seen.top) * 0.15];
      this.#held = {
        left: seen.left - mx,
        top: seen.top - my,
        right: seen.right + mx,
        bottom: seen.bottom + my,
      };
      const redetailed = detail !== this.#detail;
      // Without a common scale and place there is nothing to move from.
      const moving = newScene && this.#frame !== null && this.#boxes.size > 0 && this.moves();
      const shift = moving
        ? { x: (this.#before.x - view.x) / view.scale, y: (this.#before.y - view.y) / view.scale }
        : null;
      this.#detail = detail;
      this.#drawBoxes(frame, newScene, redetailed, this.#before.scale === view.scale ? shift : null);
      this.#drawLines(frame, newScene, redetailed, shift !== null);
      if (frame !== this.#frame) {
        this.#layers.chips.replaceChildren();
        if (detail === "full") appendPrims(this.#layers.chips, frame.chips());
      }
      this.#frame = frame;
    }
    this.#before = { ...view };
  }

  #drawBoxes(
    frame: Frame,
    newScene: boolean,
    redetailed: boolean,
    shift: { x: number; y: number } | null,
  ): void {
    const gone = new Set(this.#boxes.keys());
    const { left, top, right, bottom } = this.#held;
    for (const box of frame.scene.boxes) {
      if (box.x > right || box.y > bottom || box.x + box.width < left || box.y + box.height < top) continue;
      const { key } = box.item;
      gone.delete(key);
      const look = frame.look(box.item);
      const dimmed = frame.dimmed(box.item);
      const known = this.#boxes.get(key);
      const moved = !known || known.box.x !== box.x || known.box.y !== box.y;
      const same =
        known &&
        !redetailed &&
        (!newScene || sameBox(known.box, box)) &&
        sameLook(known.look, look) &&
        known.dimmed === dimmed;
      if (same && !moved) {
        known.box = box;
        continue;
      }
      const group = known?.group ?? svgElement("g");
      if (!known || known.box.item.open !== box.item.open) {
        (box.item.open ? this.#layers.groups : this.#layers.boxes).append(group);
        if (shift) group.animate([{ opacity: 0 }, { opacity: 1 }], { duration: 150, easing: "ease-out" });
      } else if (moved && shift) {
        const from = `translate(${known.box.x + shift.x}px, ${known.box.y + shift.y}px)`;
        const to = `translate(${box.x}px, ${box.y}px)`;
        group.animate([{ transform: from }, { transform: to }], { duration: 150, easing: "ease-out" });
      }
      if (moved) group.setAttribute("transform", `translate(${box.x} ${box.y})`);
      if (!same) {
        group.replaceChildren();
        appendPrims(group, frame.paint(box, look, this.#detail));
        if (dimmed) group.setAttribute("opacity", "0.3");
        else group.removeAttribute("opacity");
      }
      this.#boxes.set(key, { group, box, look, dimmed });
    }
    for (const key of gone) {
      this.#boxes.get(key)?.group.remove();
      this.#boxes.delete(key);
    }
    // Outer groups lie under inner ones.
    if (newScene) {
      for (const box of frame.scene.boxes) {
        if (!box.item.open) break;
        const group = this.#boxes.get(box.item.key)?.group;
        if (group) this.#layers.groups.append(group);
      }
    }
  }

  #drawLines(frame: Frame, newScene: boolean, redetailed: boolean, fade: boolean): void {
    const gone = new Set(this.#lines.keys());
    const { left, top, right, bottom } = this.#held;
    for (const line of frame.scene.lines) {
      if (line.left > right || line.top > bottom || line.right < left || line.bottom < top) continue;
      const { key } = line.edge;
      gone.delete(key);
      const state = frame.lineState(line);
      const known = this.#lines.get(key);
      if (known && !newScene && !redetailed && known.state === state) continue;
      const group = known?.group ?? svgElement("g");
      group.replaceChildren();
      appendPrims(group, frame.paintLine(line, state, this.#detail));
      group.classList.toggle("ag-flow", state === "active");
      if (!known || state === "active" || state === "done") this.#layers.lines.append(group);
      if (fade && newScene)
        group.animate([{ opacity: 0 }, { opacity: 1 }], { duration: 150, easing: "ease-in" });
      this.#lines.set(key, { group, state });
    }
    for (const key of gone) {
      this.#lines.get(key)?.group.remove();
      this.#lines.delete(key);
    }
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
    a.item.copies === b.item.copies &&
    a.item.depth === b.item.depth &&
    a.item.group?.ops === b.item.group?.ops
  );
}

function sameLook(a: Look, b: Look): boolean {
  return (
    a.grad === b.grad &&
    a.selected === b.selected &&
    a.lit === b.lit &&
    a.backward === b.backward &&
    a.found === b.found
  );
}

/** The whole picture as a document of its own; `dye` gives colours for the names of inks. */
export function exportSvg(frame: Frame, dye: Dye, css: string): SVGSVGElement {
  const { scene }: { scene: Scene } = frame;
  const margin = 24;
  const [width, height] = [Math.ceil(scene.width + 2 * margin), Math.ceil(scene.height + 2 * margin)];
  const svg = svgElement("svg", {
    xmlns: NS,
    width,
    height,
    viewBox: `${-margin} ${-margin} ${width} ${height}`,
  });
  const style = svgElement("style");
  style.textContent = css;
  svg.append(style, svgElement("rect", { x: -margin, y: -margin, width, height, fill: dye("bg") }));
  const put = (prims: readonly Prim[], x = 0, y = 0) => {
    const group = svgElement("g", x || y ? { transform: `translate(${x} ${y})` } : {});
    appendPrims(group, prims, dye);
    svg.append(group);
  };
  const box = (one: Box) => put(frame.paint(one, frame.look(one.item), "full"), one.x, one.y);
  const line = (one: Line) => put(frame.paintLine(one, frame.lineState(one), "full"));
  for (const one of scene.boxes) if (one.item.open) box(one);
  for (const one of scene.lines) line(one);
  for (const one of scene.boxes) if (!one.item.open) box(one);
  put(frame.chips());
  return svg;
}
