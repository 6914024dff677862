/**
 * The whole picture in a corner, with the part that is in the window. A pointer's shortcut only: by keyboard the same is
 * done with Shift and the arrows, and with 0, so it is hidden from screen readers.
 */
import { token } from "../theme";
import { farInk, type Look } from "./cards";
import type { Frame, View } from "./frame";
import type { Ink } from "./prims";
import type { Scene } from "./scene";
import type { Viewport } from "./viewport";

const WIDTH = 168;
const HEIGHT = 160;
/** A long chain is drawn wider than it is, or it would be a hair. */
const LEAST = 30;
/** Narrower windows have no room for it. */
const ROOM = 520;
const GAP = 12;

const PLAIN: Look = {
  made: true,
  value: null,
  grad: null,
  stored: null,
  selected: false,
  lit: false,
  active: null,
  done: false,
  found: null,
  running: null,
  traced: false,
  word: "",
};

export class Minimap {
  readonly element = document.createElement("div");
  #canvas = document.createElement("canvas");
  #window = document.createElement("i");
  #scene: Scene | null = null;
  #found = "";
  #scale = { x: 1, y: 1 };

  constructor(readonly viewport: () => Viewport) {
    this.element.className = "ag-minimap";
    this.element.setAttribute("aria-hidden", "true");
    this.element.hidden = true;
    this.element.append(this.#canvas, this.#window);
    this.element.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      this.element.setPointerCapture(event.pointerId);
      this.#go(event);
    });
    this.element.addEventListener("pointermove", (event) => {
      event.stopPropagation();
      if (this.element.hasPointerCapture(event.pointerId)) this.#go(event);
    });
    this.element.addEventListener("pointerup", (event) => event.stopPropagation());
  }

  /** Follows the view; draws the picture again only when it, or what a search has found in it, is another. */
  show(frame: Frame, view: View, width: number, height: number): void {
    const { scene, attention } = frame;
    const fits =
      view.x >= 0 &&
      view.y >= 0 &&
      view.x + scene.width * view.scale <= width &&
      view.y + scene.height * view.scale <= height;
    const { right } = this.viewport().covered;
    this.element.hidden = fits || width - right < ROOM || scene.boxes.length < 2;
    if (this.element.hidden) return;
    const found = attention.searching ? `${attention.found.size} ${attention.foundHere?.id}` : "";
    if (scene !== this.#scene || found !== this.#found) this.#draw(frame, height);
    this.#scene = scene;
    this.#found = found;
    this.element.style.right = `${right + GAP}px`;
    const { x, y } = this.#scale;
    const { style } = this.#window;
    style.width = `${Math.min(1, width / view.scale / scene.width) * scene.width * x}px`;
    style.height = `${Math.min(1, height / view.scale / scene.height) * scene.height * y}px`;
    const at = (offset: number, window: number, whole: number) =>
      Math.max(0, Math.min(-offset / view.scale, whole - window / view.scale));
    const left = at(view.x, width, scene.width) * x;
    const top = at(view.y, height, scene.height) * y;
    style.transform = `translate(${left}px, ${top}px)`;
  }

  /** The page's colours have changed. */
  restyle(): void {
    this.#scene = null;
  }

  #draw(frame: Frame, height: number): void {
    const { scene } = frame;
    const fit = Math.min(WIDTH / scene.width, Math.min(HEIGHT, height * 0.4) / scene.height);
    const size = {
      width: Math.max(LEAST, Math.round(scene.width * fit)),
      height: Math.max(LEAST, Math.round(scene.height * fit)),
    };
    this.#scale = { x: size.width / scene.width, y: size.height / scene.height };
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    this.#canvas.width = size.width * ratio;
    this.#canvas.height = size.height * ratio;
    Object.assign(this.#canvas.style, { width: `${size.width}px`, height: `${size.height}px` });
    const c = this.#canvas.getContext("2d");
    if (!c) return;
    c.scale(ratio, ratio);
    const inks = new Map<Ink, string>();
    const ink = (name: Ink) => {
      const known = inks.get(name) ?? token(`--${name}`);
      inks.set(name, known);
      return known;
    };
    const { x: sx, y: sy } = this.#scale;
    for (const box of scene.boxes) {
      const [w, h] = [Math.max(1, box.width * sx), Math.max(1, box.height * sy)];
      if (box.item.open) {
        c.strokeStyle = ink("hairline-strong");
        c.lineWidth = 0.5;
        c.strokeRect(box.x * sx, box.y * sy, w, h);
        continue;
      }
      const { found } = frame.look(box.item);
      c.fillStyle = ink(farInk(box.item, { ...PLAIN, found }));
      const grow = found ? 1 : 0;
      c.fillRect(box.x * sx - grow, box.y * sy - grow, w + 2 * grow, h + 2 * grow);
    }
  }

  #go(event: PointerEvent): void {
    const box = this.#canvas.getBoundingClientRect();
    const { x, y } = this.#scale;
    this.viewport().lookAt((event.clientX - box.left) / x, (event.clientY - box.top) / y);
  }
}
