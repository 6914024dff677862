/** Pan and zoom by mouse, trackpad, fingers; tells taps from drags. Knows nothing of what is shown. */
import type { View } from "./frame";

export const MIN_SCALE = 0.02;
export const MAX_SCALE = 3;

export interface ViewportEvents {
  /** The view changed by hand. */
  changed(): void;
  tap(x: number, y: number, twice: boolean): void;
  hover(x: number, y: number): void;
  leave(): void;
}

interface Bounds {
  x: number;
  y: number;
  width: number;
  height: number;
}

export class Viewport {
  view: View = { scale: 1, x: 0, y: 0 };
  width = 0;
  height = 0;
  /** Whether someone has moved it since it was last placed by the program. */
  touched = false;
  /** What something that floats above hides at the right and at the bottom. */
  covered = { right: 0, bottom: 0 };
  #fingers = new Map<number, { x: number; y: number }>();
  #pressed: { x: number; y: number; moved: boolean } | null = null;
  #lastTap = { at: 0, x: 0, y: 0 };
  #wheel = { at: 0, pans: false };
  #animation = 0;

  constructor(
    readonly host: HTMLElement,
    readonly events: ViewportEvents,
    readonly reducedMotion: () => boolean,
  ) {
    host.addEventListener("pointerdown", this.#down);
    host.addEventListener("pointermove", this.#move);
    host.addEventListener("pointerup", this.#up);
    host.addEventListener("pointercancel", this.#cancel);
    host.addEventListener("pointerleave", () => events.leave());
    host.addEventListener("wheel", this.#onWheel, { passive: false });
  }

  /** Keeps the middle of the window where it is; false when nothing changed. */
  resize(width: number, height: number): boolean {
    if (width === this.width && height === this.height) return false;
    this.view.x += (width - this.width) / 2;
    this.view.y += (height - this.height) / 2;
    this.width = width;
    this.height = height;
    return true;
  }

  /** How wide (or, to the right, how high) rows of separate parts of a picture may become, in steps. */
  wrap(direction: "down" | "right"): number {
    const size = direction === "down" ? this.width : this.height;
    return Math.ceil((Math.max(320, size) * 1.2) / 100) * 100;
  }

  toWorld(x: number, y: number): [number, number] {
    const { view } = this;
    return [(x - view.x) / view.scale, (y - view.y) / view.scale];
  }

  /** The point of the picture in the middle of the window. */
  middle(): [number, number] {
    return this.toWorld(this.width / 2, this.height / 2);
  }

  panBy(dx: number, dy: number): void {
    this.#stop();
    this.touched = true;
    this.view.x += dx;
    this.view.y += dy;
    this.events.changed();
  }

  /** Brings a point of the picture into the middle of the window. */
  lookAt(x: number, y: number): void {
    const { scale } = this.view;
    this.panBy(this.width / 2 - x * scale - this.view.x, this.height / 2 - y * scale - this.view.y);
  }

  zoomAt(factor: number, x = this.width / 2, y = this.height / 2): void {
    this.#stop();
    this.touched = true;
    const scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, this.view.scale * factor));
    const by = scale / this.view.scale;
    this.view = { scale, x: x - (x - this.view.x) * by, y: y - (y - this.view.y) * by };
    this.events.changed();
  }

  /** The view that shows all of `bounds`, never enlarged. */
  fitting(bounds: Bounds, margin = 28): View {
    const scale = Math.min(
      1,
      Math.max(
        MIN_SCALE,
        Math.min((this.width - 2 * margin) / bounds.width, (this.height - 2 * margin) / bounds.height),
      ),
    );
    return {
      scale,
      x: this.width / 2 - (bounds.x + bounds.width / 2) * scale,
      y: this.height / 2 - (bounds.y + bounds.height / 2) * scale,
    };
  }

  /** Shows all of `bounds` because someone asked for it. */
  fit(bounds: Bounds): void {
    this.touched = true;
    this.go(this.fitting(bounds));
  }

  /** Shows all of it if it stays legible so, else its beginning. */
  opening(bounds: Bounds, margin = 28): View {
    const whole = this.fitting(bounds, margin);
    // A phone is held closer.
    const legible = this.width < 480 ? 0.5 : 0.6;
    if (whole.scale >= legible) return whole;
    const across = (this.width - 2 * margin) / bounds.width;
    const scale = Math.min(1, Math.max(legible, across));
    const centred = this.width / 2 - (bounds.x + bounds.width / 2) * scale;
    const fits = bounds.height * scale <= this.height - 2 * margin;
    return {
      scale,
      x: across >= scale ? centred : margin - bounds.x * scale,
      y: fits ? this.height / 2 - (bounds.y + bounds.height / 2) * scale : margin - bounds.y * scale,
    };
  }

  /** Goes to a view in 150 ms. */
  go(to: View, animated = true): void {
    this.#stop();
    if (!animated || this.reducedMotion()) {
      this.view = { ...to };
      this.events.changed();
      return;
    }
    const from = { ...this.view };
    const began = performance.now();
    const tick = () => {
      const t = Math.min(1, (performance.now() - began) / 150);
      const s = 1 - (1 - t) ** 3;
      const scale = from.scale * (to.scale / from.scale) ** s;
      // The centre of the window moves in a straight line over the picture.
      const centre = (view: View, size: number, at: "x" | "y") => (size / 2 - view[at]) / view.scale;
      const mix = (size: number, at: "x" | "y") => {
        const c = centre(from, size, at) + (centre(to, size, at) - centre(from, size, at)) * s;
        return size / 2 - c * scale;
      };
      this.view = t === 1 ? { ...to } : { scale, x: mix(this.width, "x"), y: mix(this.height, "y") };
      this.events.changed();
      if (t < 1) this.#animation = requestAnimationFrame(tick);
    };
    this.#animation = requestAnimationFrame(tick);
  }

  /** Moves no further than needed for `bounds` to be in the window. */
  show(bounds: Bounds, margin = 48): void {
    const { view } = this;
    const left = bounds.x * view.scale + view.x;
    const top = bounds.y * view.scale + view.y;
    const [right, bottom] = [left + bounds.width * view.scale, top + bounds.height * view.scale];
    const shift = (from: number, to: number, size: number) => {
      if (to - from > size - 2 * margin)
        return from > size - margin || to < margin ? size / 2 - (from + to) / 2 : 0;
      return from < margin ? margin - from : to > size - margin ? size - margin - to : 0;
    };
    const [dx, dy] = [
      shift(left, right, this.width - this.covered.right),
      shift(top, bottom, this.height - this.covered.bottom),
    ];
    if (dx || dy) this.go({ ...view, x: view.x + dx, y: view.y + dy });
  }

  #stop(): void {
    cancelAnimationFrame(this.#animation);
  }

  #at(event: MouseEvent): { x: number; y: number } {
    const box = this.host.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    const at = this.#at(event);
    this.#fingers.set(event.pointerId, at);
    this.#pressed = this.#fingers.size === 1 ? { ...at, moved: false } : null;
    this.host.setPointerCapture(event.pointerId);
  };

  #move = (event: PointerEvent) => {
    const at = this.#at(event);
    const before = this.#fingers.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch") this.events.hover(at.x, at.y);
      return;
    }
    if (this.#fingers.size === 1) {
      const pressed = this.#pressed;
      const slack = event.pointerType === "touch" ? 8 : 4;
      if (pressed && !pressed.moved && Math.hypot(at.x - pressed.x, at.y - pressed.y) < slack) return;
      if (pressed) pressed.moved = true;
      this.#fingers.set(event.pointerId, at);
      this.panBy(at.x - before.x, at.y - before.y);
      return;
    }
    const other = [...this.#fingers].find(([id]) => id !== event.pointerId)?.[1];
    this.#fingers.set(event.pointerId, at);
    if (!other) return;
    const was = Math.hypot(before.x - other.x, before.y - other.y);
    const is = Math.hypot(at.x - other.x, at.y - other.y);
    this.panBy((at.x - before.x) / 2, (at.y - before.y) / 2);
    if (was > 0) this.zoomAt(is / was, (at.x + other.x) / 2, (at.y + other.y) / 2);
  };

  #up = (event: PointerEvent) => {
    this.#fingers.delete(event.pointerId);
    const pressed = this.#pressed;
    this.#pressed = null;
    if (!pressed || pressed.moved) return;
    const at = this.#at(event);
    const now = performance.now();
    const last = this.#lastTap;
    const twice = now - last.at < 350 && Math.hypot(at.x - last.x, at.y - last.y) < 16;
    this.#lastTap = { at: twice ? 0 : now, ...at };
    this.events.tap(at.x, at.y, twice);
  };

  #cancel = (event: PointerEvent) => {
    this.#fingers.delete(event.pointerId);
    this.#pressed = null;
  };

  #onWheel = (event: WheelEvent) => {
    event.preventDefault();
    const at = this.#at(event);
    const unit = event.deltaMode === 1 ? 20 : event.deltaMode === 2 ? this.height : 1;
    const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
    if (event.ctrlKey || event.metaKey) {
      // A pinch on a trackpad comes as a wheel with the control key, in small steps.
      this.zoomAt(Math.exp(-Math.max(-40, Math.min(40, dy)) * 0.01), at.x, at.y);
      return;
    }
    // Two fingers on a trackpad pan, a wheel zooms. Only a trackpad moves sideways or by small or odd amounts; a
    // gesture stays what it began as.
    const now = performance.now();
    if (now - this.#wheel.at > 250) {
      this.#wheel.pans = event.deltaMode === 0 && (dx !== 0 || Math.abs(dy) < 40 || !Number.isInteger(dy));
    }
    this.#wheel.at = now;
    if (this.#wheel.pans) this.panBy(-dx, -dy);
    else if (event.shiftKey) this.panBy(-dy, 0);
    else this.zoomAt(Math.exp(-Math.max(-160, Math.min(160, dy)) * 0.0016), at.x, at.y);
  };
}
