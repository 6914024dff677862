/** The window onto the picture: its view, and a painter that fits how much there is to paint. */
import { CanvasPainter } from "./canvas";
import type { Frame, View } from "./frame";
import { Minimap } from "./minimap";
import { type Painter, SvgPainter } from "./svg";
import type { Families } from "./text";
import { Viewport, type ViewportEvents } from "./viewport";

/** Above this many boxes the picture is drawn on a canvas. */
export const SVG_LIMIT = 2000;

export function moves(): boolean {
  return !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

export class Screen {
  readonly stage = document.createElement("div");
  readonly viewport: Viewport;
  #minimap = new Minimap(() => this.viewport);
  families: Families = { sans: "sans-serif", mono: "monospace" };
  #frame: Frame | null = null;
  #painter: Painter | null = null;
  #request = 0;

  constructor(
    events: Omit<ViewportEvents, "changed">,
    readonly painted: (view: View, whole: boolean) => void,
  ) {
    this.stage.className = "ag-stage";
    this.stage.tabIndex = 0;
    this.stage.append(this.#minimap.element);
    this.stage.setAttribute("role", "application");
    this.stage.setAttribute("aria-roledescription", "graph");
    this.viewport = new Viewport(this.stage, { ...events, changed: () => this.repaint() }, () => !moves());
  }

  show(frame: Frame): void {
    this.#frame = frame;
    this.repaint();
  }

  /** Paints with the next frame of the browser. */
  repaint(): void {
    if (!this.#request && this.stage.isConnected) this.#request = requestAnimationFrame(this.#paint);
  }

  #paint = (): void => {
    this.#request = 0;
    const frame = this.#frame;
    const { width, height, view } = this.viewport;
    if (!frame || width === 0) return;
    const wantsCanvas = frame.scene.boxes.length > SVG_LIMIT;
    if (!this.#painter || this.#painter instanceof CanvasPainter !== wantsCanvas) {
      this.#painter?.destroy();
      this.#painter = wantsCanvas ? new CanvasPainter(this.families) : new SvgPainter(moves);
      this.#painter.resize(width, height);
      this.stage.prepend(this.#painter.element);
    }
    const whole = this.#painter.draw(frame, view);
    if (!whole) this.repaint();
    this.#minimap.show(frame, view, width, height);
    this.painted(view, whole);
  };

  /** Takes over the size of the stage; false when it has not changed. */
  measure(): boolean {
    const { clientWidth, clientHeight } = this.stage;
    if (!this.viewport.resize(clientWidth, clientHeight)) return false;
    this.#painter?.resize(clientWidth, clientHeight);
    this.repaint();
    return true;
  }

  /** The colours of the page have changed. */
  restyle(): void {
    if (this.#painter instanceof CanvasPainter) this.#painter.restyle();
    this.#minimap.restyle();
    this.repaint();
  }

  /** Prepares for another picture. The one before stays until then, so that a new run does not blink. */
  clear(): void {
    this.viewport.touched = false;
  }

  stop(): void {
    cancelAnimationFrame(this.#request);
    this.#request = 0;
  }
}
