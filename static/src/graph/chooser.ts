/** Controls on the picture, one set in each opened series: which repetition to show between the first and the last. */
import { GAP_WIDTH } from "./cards";
import type { View } from "./frame";
import type { Box, Scene } from "./scene";
import { repetitionOf, type Series } from "./series";

/** From this scale the boxes can be read, and so can the controls. */
const LEGIBLE = 0.45;
/** They never become smaller than this, or than 1 for fingers. */
const LEAST = 0.8;
const WIDTH = 244;
/** Where in the box of a gap the middle of the controls is. */
const ROW = 53;
const HEIGHT = 26;

export class Choosers {
  readonly element = document.createElement("div");
  #shown = new Map<string, { box: Box; chooser: Chooser }>();

  /** `chosen` says which repetition of a series is shown now, from 0. */
  constructor(
    readonly choose: (series: Series, at: number) => void,
    readonly chosen: (series: Series) => number | undefined,
    readonly leave: () => void,
  ) {
    this.element.className = "ag-choosers";
    // Fields have an event of this name too, when text in them is selected.
    this.element.addEventListener("select", (event) => event.stopPropagation());
  }

  /** Takes in another scene; controls that are held stay the same elements. */
  renew(scene: Scene): void {
    const before = this.#shown;
    this.#shown = new Map();
    for (const box of scene.boxes) {
      const { group } = box.item;
      if (!group?.chooses || !group.series) continue;
      const { series } = group;
      const chooser = before.get(series.key)?.chooser ?? this.#make();
      before.delete(series.key);
      this.#shown.set(series.key, { box, chooser });
      chooser.tell(series, this.chosen(series), group.from);
    }
    for (const { chooser } of before.values()) chooser.element.remove();
  }

  /** Puts the controls where their boxes are in the window. */
  place(view: View, width: number, height: number): void {
    if (this.#shown.size === 0) return;
    const least = window.matchMedia("(pointer: coarse)").matches ? 1 : LEAST;
    for (const { box, chooser } of this.#shown.values()) {
      const x = (box.x + box.width / 2) * view.scale + view.x;
      const y = (box.y + ROW) * view.scale + view.y;
      const held = chooser.element.contains(document.activeElement);
      const near = x > -GAP_WIDTH && x < width + GAP_WIDTH && y > -HEIGHT && y < height + HEIGHT;
      chooser.element.hidden = !held && !(near && view.scale >= LEGIBLE);
      const scale = Math.min(1, Math.max(least, view.scale));
      chooser.element.classList.toggle("ag-floats", WIDTH * scale > box.width * view.scale);
      chooser.element.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px) translate(-50%, -50%) scale(${scale})`;
    }
  }

  /** Puts the keyboard into the controls of a series; false if it has none. */
  focus(key: string): boolean {
    const shown = this.#shown.get(key);
    if (!shown) return false;
    shown.chooser.element.hidden = false;
    shown.chooser.number.focus();
    shown.chooser.number.select();
    return true;
  }

  #make(): Chooser {
    const chooser = new Chooser(this.choose, this.leave);
    this.element.append(chooser.element);
    return chooser;
  }
}

class Chooser {
  readonly element = document.createElement("div");
  readonly number = document.createElement("input");
  #range = document.createElement("input");
  #of = document.createElement("span");
  #before: HTMLButtonElement;
  #after: HTMLButtonElement;
  #series: Series | null = null;
  /** The repetition that is shown; -1 while none but the ends is. */
  #at = -1;

  constructor(
    readonly choose: (series: Series, at: number) => void,
    leave: () => void,
  ) {
    this.element.className = "ag-chooser";
    this.element.setAttribute("role", "group");
    this.#before = this.#button("‹", () => this.#go(this.#at - 1));
    this.#after = this.#button("›", () => this.#go(this.#at < 0 ? 1 : this.#at + 1));
    this.#range.type = "range";
    this.#range.min = "0";
    this.#range.addEventListener("input", () => this.#go(Number(this.#range.value)));
    this.number.inputMode = "numeric";
    this.number.autocomplete = "off";
    this.number.addEventListener("input", () => {
      const number = Number(this.number.value);
      if (this.#series && this.number.value.trim() && Number.isInteger(number)) {
        this.#go(repetitionOf(this.#series, number));
      }
    });
    this.number.addEventListener("keydown", (event) => {
      const by = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
      if (!by) return;
      event.preventDefault();
      this.#go(Math.max(0, this.#at) + by);
    });
    this.number.addEventListener("blur", () => this.#show());
    this.element.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape" || event.key === "Enter") leave();
    });
    this.element.append(this.#before, this.#range, this.#after, this.number, this.#of);
  }

  /** `from` is what the gap begins with, where the slider stands as long as nothing is chosen. */
  tell(series: Series, chosen: number | undefined, from: number): void {
    const { unit, of, numbers } = series;
    const last = numbers.at(-1) ?? 0;
    this.#series = series;
    this.#at = chosen ?? -1;
    this.element.setAttribute("aria-label", `${unit} of ${of}`);
    this.#before.setAttribute("aria-label", `Show the ${unit} before`);
    this.#after.setAttribute("aria-label", `Show the next ${unit}`);
    this.#before.title = `The ${unit} before ([)`;
    this.#after.title = `The next ${unit} (])`;
    this.#range.setAttribute("aria-label", `Slide to another ${unit}`);
    this.number.setAttribute("aria-label", `Number of the ${unit} to show, from 1 to ${last}`);
    this.number.placeholder = "k";
    this.number.style.width = `${Math.max(2, String(last).length) + 2}ch`;
    this.#of.textContent = `/ ${last}`;
    this.#range.max = String(numbers.length - 1);
    this.#range.value = String(chosen ?? from);
    this.#show();
  }

  #show(): void {
    const number = this.#series?.numbers[this.#at];
    const typing = document.activeElement === this.number && Number(this.number.value) === number;
    if (!typing) this.number.value = number === undefined ? "" : String(number);
    this.#range.setAttribute("aria-valuetext", number === undefined ? "none chosen" : String(number));
    this.#before.disabled = this.#at <= 0;
    this.#after.disabled = this.#at >= (this.#series?.numbers.length ?? 0) - 1;
  }

  #go(at: number): void {
    if (this.#series) this.choose(this.#series, at);
  }

  #button(text: string, act: () => void): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.addEventListener("click", act);
    return button;
  }
}
