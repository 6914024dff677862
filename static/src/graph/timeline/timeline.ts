/**
 * `<autograd-timeline>`: one scrubber over a run, forward and backward.
 *
 * Set `recording`; `step` is the backward step shown (-1 is before the first, null the end of the run), the same as the
 * diagram's. Its event `stepchange` carries `{ step, node }`: the step, and the node where the run stands, or null.
 */
import { formatCount } from "../../numbers";
import { type Moment, type Moments, momentsOf, type Recording } from "./moments";

const EMPTY: Recording = { nodes: [], steps: [] };

const ICONS = {
  first: "M4.5 3.5v9M12 3.5L6.5 8l5.5 4.5",
  back: "M10.5 3.5L5 8l5.5 4.5",
  on: "M5.5 3.5L11 8l-5.5 4.5",
  last: "M11.5 3.5v9M4 3.5L9.5 8 4 12.5",
} as const;

export class AutogradTimeline extends HTMLElement {
  #recording = EMPTY;
  #moments: Moments = momentsOf(EMPTY);
  /** Moments done; one more than there are is the end of the run. */
  #at = 1;
  #range = document.createElement("input");
  #track = document.createElement("div");
  #label = document.createElement("output");
  #buttons: {
    first: HTMLButtonElement;
    back: HTMLButtonElement;
    on: HTMLButtonElement;
    last: HTMLButtonElement;
  };
  #built = false;

  constructor() {
    super();
    this.#buttons = {
      first: this.#button("first", "To the beginning", () => 0),
      back: this.#button("back", "One step back", () => this.#at - 1),
      on: this.#button("on", "One step on", () => this.#at + 1),
      last: this.#button("last", "To the end", () => this.#end),
    };
    this.#range.type = "range";
    this.#range.min = "0";
    this.#range.step = "1";
    this.#range.setAttribute("aria-label", "Moment of the run");
    this.#range.addEventListener("input", () => this.#move(Number(this.#range.value)));
    this.#range.addEventListener("keydown", (event) => {
      if (event.key === "," || event.key === ".") this.#move(this.#at + (event.key === "." ? 1 : -1));
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.#track.className = "at-track";
    this.#label.className = "at-label";
  }

  connectedCallback(): void {
    if (this.#built) return;
    this.#built = true;
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "Timeline of the run");
    const buttons = document.createElement("div");
    buttons.className = "at-buttons";
    const { first, back, on, last } = this.#buttons;
    buttons.append(first, back, on, last);
    const scrubber = document.createElement("div");
    scrubber.className = "at-scrubber";
    scrubber.append(this.#track, this.#range);
    this.append(buttons, scrubber, this.#label);
    this.#show();
  }

  get recording(): Recording {
    return this.#recording;
  }

  set recording(recording: Recording) {
    const same =
      recording.nodes.length === this.#recording.nodes.length &&
      recording.steps.length === this.#recording.steps.length &&
      recording.nodes[0] === this.#recording.nodes[0];
    if (same) return;
    const step = this.step;
    this.#recording = recording;
    this.#moments = momentsOf(recording);
    this.#at = this.#find(step);
    this.#drawTrack();
    this.#show();
  }

  get step(): number | null {
    if (this.#at >= this.#end) return null;
    return this.#current()?.step ?? -1;
  }

  set step(step: number | null) {
    if (step === this.step) return;
    this.#at = this.#find(step);
    this.#show();
  }

  get #end(): number {
    return this.#moments.all.length + 1;
  }

  #current(): Moment | null {
    return this.#moments.all[this.#at - 1] ?? null;
  }

  #find(step: number | null): number {
    if (step === null) return this.#end;
    const { all } = this.#moments;
    const first = all.findIndex((moment) => moment.kind === "backward");
    if (step < 0) return first < 0 ? all.length : first;
    const at = all.findIndex((moment) => moment.kind === "backward" && moment.step === step);
    return at < 0 ? this.#end : at + 1;
  }

  #move(to: number): void {
    const at = Math.max(0, Math.min(to, this.#end));
    if (at === this.#at) return;
    this.#at = at;
    this.#show();
    const node = at >= this.#end ? null : (this.#current()?.node ?? null);
    this.dispatchEvent(new CustomEvent("stepchange", { detail: { step: this.step, node } }));
  }

  #button(name: keyof typeof ICONS, label: string, to: () => number): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.title = label;
    button.setAttribute("aria-label", label);
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    button.append(svg);
    button.addEventListener("click", () => this.#move(to()));
    return button;
  }

  #drawTrack(): void {
    const { all, parts } = this.#moments;
    // Half a moment of room at both ends puts each tick where the thumb stands for it.
    const end = () => {
      const element = document.createElement("i");
      element.style.setProperty("--count", "0.5");
      return element;
    };
    this.#track.replaceChildren(
      end(),
      ...parts.map((part) => {
        const element = document.createElement("i");
        element.className = `at-${part.kind}`;
        const count = part.to - part.from;
        element.style.setProperty("--count", String(count));
        // Where a tick for each moment would blur, there are none.
        element.classList.toggle("at-ticks", all.length <= 120);
        const share = count / Math.max(1, all.length);
        if (share > 0.12) element.textContent = part.kind;
        return element;
      }),
      end(),
    );
  }

  #show(): void {
    const { all, operations } = this.#moments;
    const steps = this.#recording.steps.length;
    const moment = this.#current();
    this.#range.max = String(this.#end);
    this.#range.value = String(this.#at);
    this.#range.disabled = all.length === 0;
    let text: string;
    if (all.length === 0) text = "";
    else if (this.#at === 0) text = "beginning";
    else if (!moment) text = steps ? `end · ${formatCount(steps)} steps` : "end";
    else if (moment.kind === "backward")
      text = `step ${formatCount(moment.step + 1)} / ${formatCount(steps)}: ${moment.name}`;
    else {
      const before = all.slice(0, this.#at).filter((one) => one.kind === "forward").length;
      text = `op ${formatCount(before)} / ${formatCount(operations)}: ${moment.name}`;
    }
    this.#label.textContent = text;
    this.#label.title = text;
    this.#range.setAttribute("aria-valuetext", text || "nothing recorded");
    this.dataset.part = moment?.kind ?? "";
    this.#buttons.first.disabled = this.#buttons.back.disabled = all.length === 0 || this.#at === 0;
    this.#buttons.on.disabled = this.#buttons.last.disabled = all.length === 0 || this.#at >= this.#end;
  }
}
