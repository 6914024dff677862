/** Draws frames on a canvas, for pictures with more boxes than a document should hold. */
import { token } from "../theme";
import { farInk } from "./cards";
import { detailAt, type Frame, type View } from "./frame";
import { isLabel, type Prim } from "./prims";
import type { Box } from "./scene";
import type { Painter } from "./svg";
import { cssFont, type Families } from "./text";

export class CanvasPainter implements Painter {
  readonly element = document.createElement("canvas");
  #context = this.element.getContext("2d");
  #inks = new Map<string, string>();
  #kept = new WeakMap<Box, { frame: Frame; detail: string; prims: Prim[] }>();
  #paths = new WeakMap<Prim, Path2D>();
  #width = 0;
  #height = 0;

  constructor(readonly families: Families) {
    this.element.className = "ag-canvas";
    this.element.setAttribute("aria-hidden", "true");
  }

  /** Forgets resolved colours, after a change of theme. */
  restyle(): void {
    this.#inks.clear();
  }

  resize(width: number, height: number): void {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    this.#width = width;
    this.#height = height;
    this.element.width = Math.round(width * ratio);
    this.element.height = Math.round(height * ratio);
  }

  draw(frame: Frame, view: View): boolean {
    const c = this.#context;
    if (!c || this.#width === 0) return true;
    const ratio = this.element.width / this.#width;
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.clearRect(0, 0, this.element.width, this.element.height);
    c.setTransform(view.scale * ratio, 0, 0, view.scale * ratio, view.x * ratio, view.y * ratio);
    const detail = detailAt(view.scale);
    const left = -view.x / view.scale;
    const top = -view.y / view.scale;
    const right = (this.#width - view.x) / view.scale;
    const bottom = (this.#height - view.y) / view.scale;
    const near = (box: Box) =>
      box.x <= right && box.y <= bottom && box.x + box.width >= left && box.y + box.height >= top;
    const far = detail === "shape";
    const drawBox = (box: Box) => {
      c.globalAlpha = frame.dimmed(box.item) ? 0.3 : 1;
      c.translate(box.x, box.y);
      this.#prims(c, this.#primsOf(frame, box, detail));
      c.translate(-box.x, -box.y);
    };
    for (const box of frame.scene.boxes) {
      if (!box.item.open) break;
      if (near(box)) drawBox(box);
    }
    c.globalAlpha = 1;
    const faint = new Map<string, number[][]>();
    const strong: Prim[] = [];
    for (const line of frame.scene.lines) {
      if (line.left > right || line.top > bottom || line.right < left || line.bottom < top) continue;
      const state = frame.lineState(line);
      if (!far || state) {
        strong.push(...frame.paintLine(line, state, detail));
        continue;
      }
      const ink = line.edge.cut ? "cut" : "value-line";
      const list = faint.get(ink) ?? [];
      list.push(line.points as unknown as number[]);
      faint.set(ink, list);
    }
    // From afar a line is a few pixels long; one stroke for all of them is many times quicker than a curve each.
    for (const [ink, all] of faint) {
      c.beginPath();
      for (const points of all) {
        c.moveTo(points[0] ?? 0, points[1] ?? 0);
        for (let i = 2; i < points.length; i += 2) c.lineTo(points[i] ?? 0, points[i + 1] ?? 0);
      }
      c.strokeStyle = this.#ink(ink);
      c.lineWidth = Math.max(1.5, 0.6 / view.scale);
      c.stroke();
    }
    this.#prims(c, strong);
    if (far) this.#drawFar(c, frame, near);
    else for (const box of frame.scene.boxes) if (!box.item.open && near(box)) drawBox(box);
    c.globalAlpha = 1;
    if (!far) this.#prims(c, frame.relations());
    if (detail === "full") this.#prims(c, frame.chips());
    return true;
  }

  /** From afar boxes differ by their colour only: one path for each colour. */
  #drawFar(c: CanvasRenderingContext2D, frame: Frame, near: (box: Box) => boolean): void {
    const byInk = new Map<string, Box[]>();
    for (const box of frame.scene.boxes) {
      if (box.item.open || !near(box) || frame.dimmed(box.item)) continue;
      const ink = farInk(box.item, frame.look(box.item));
      const list = byInk.get(ink);
      if (list) list.push(box);
      else byInk.set(ink, [box]);
    }
    for (const [ink, boxes] of byInk) {
      const grow = ink === "grad" || ink === "ink" ? 24 : 0;
      c.beginPath();
      for (const box of boxes)
        c.rect(box.x - grow, box.y - grow, box.width + 2 * grow, box.height + 2 * grow);
      c.fillStyle = this.#ink(ink);
      c.fill();
    }
  }

  #primsOf(frame: Frame, box: Box, detail: "full" | "title" | "shape"): Prim[] {
    const kept = this.#kept.get(box);
    if (kept?.frame === frame && kept.detail === detail) return kept.prims;
    const prims = frame.paint(box, frame.look(box.item), detail);
    this.#kept.set(box, { frame, detail, prims });
    return prims;
  }

  #prims(c: CanvasRenderingContext2D, prims: readonly Prim[]): void {
    for (const prim of prims) {
      if (isLabel(prim)) {
        c.font = cssFont(prim.font, this.families);
        c.textAlign = prim.anchor === "middle" ? "center" : prim.anchor === "end" ? "right" : "left";
        c.fillStyle = this.#ink(prim.ink);
        c.fillText(prim.text, prim.x, prim.y);
        continue;
      }
      let path = this.#paths.get(prim);
      if (!path) {
        path = new Path2D(prim.d);
        this.#paths.set(prim, path);
      }
      if (prim.fill) {
        c.fillStyle = this.#ink(prim.fill);
        c.fill(path);
      }
      if (prim.stroke) {
        c.strokeStyle = this.#ink(prim.stroke);
        c.lineWidth = prim.width ?? 1;
        c.setLineDash(prim.dash ? prim.dash.split(" ").map(Number) : []);
        c.stroke(path);
      }
    }
    c.setLineDash([]);
  }

  #ink(name: string): string {
    let colour = this.#inks.get(name);
    if (colour === undefined) {
      colour = token(`--${name}`);
      this.#inks.set(name, colour);
    }
    return colour;
  }

  destroy(): void {
    this.element.remove();
  }
}
