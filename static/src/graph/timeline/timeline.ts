/**
 * `<autograd-timeline>`: one scrubber over a run, for every operation, backward step, update and cleared gradient.
 *
 * Set `recording` and `time` (index of a moment, null for the end of the run). Its event `timechange` carries `{ time }`
 * when a person moved it. `play()` and `pause()` are what its button does.
 */
import { momentsOf, stateAt } from "../../moment";
import { formatCount } from "../../numbers";
import type { Recording } from "../../run";
import { onTheme } from "../../theme";
import type { Moments } from "./moments";
import { drawTrack } from "./track";

const NOTHING: Recording = { nodes: [], edges: [], scopes: [], steps: [], clears: [], omitted: 0 };

const ICONS = {
  first: "M4.5 3.5v9M12 3.5L6.5 8l5.5 4.5",
  back: "M10.5 3.5L5 8l5.5 4.5",
  play: "M5 3.2v9.6L12.5 8z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  on: "M5.5 3.5L11 8l-5.5 4.5",
  last: "M11.5 3.5v9M4 3.5L9.5 8 4 12.5",
} as const;

/** Moments a second. A long run can also be played as a whole, in so many seconds. */
const SPEEDS = [2, 5, 20, 100] as const;
const WHOLE_S = 30;
const LONG = 3000;

export class AutogradTimeline extends HTMLElement {
  #recording = NOTHING;
  #time: number | null = null;
  #range = document.createElement("input");
  #track = document.createElement("canvas");
  #preview = document.createElement("span");
  #label = document.createElement("output");
  #speed = document.createElement("select");
  #chosen = false;
  #buttons: Record<"first" | "back" | "play" | "on" | "last", HTMLButtonElement>;
  #built = false;
  #undo: (() => void)[] = [];
  #frame = 0;
  /** The clock of what is played: when it was last looked at, and moments due since. */
  #clock = { at: 0, due: 0 };

  constructor() {
    super();
    this.#buttons = {
      first: button("first", "To the beginning", () => this.go(0)),
      back: button("back", "One moment back", () => this.step(-1)),
      play: button("play", "Play", () => (this.playing ? this.pause() : this.play())),
      on: button("on", "One moment on", () => this.step(1)),
      last: button("last", "To the end", () => this.go(null)),
    };
    this.#range.type = "range";
    this.#range.min = "0";
    this.#range.step = "1";
    this.#range.setAttribute("aria-label", "Moment of the run");
    this.#range.addEventListener("input", () => this.#move(this.#at(Number(this.#range.value))));
    this.#range.addEventListener("keydown", this.#key);
    this.#range.addEventListener("pointermove", (event) => this.#hover(event));
    this.#range.addEventListener("pointerleave", () => {
      this.#preview.hidden = true;
    });
    this.#track.className = "at-track";
    this.#track.setAttribute("aria-hidden", "true");
    this.#preview.className = "at-preview";
    this.#preview.setAttribute("aria-hidden", "true");
    this.#preview.hidden = true;
    this.#label.className = "at-label";
    this.#speed.className = "at-speed";
    this.#speed.setAttribute("aria-label", "Speed of playing");
    this.#speed.title = "Moments a second";
    this.#speed.addEventListener("change", () => {
      this.#chosen = true;
    });
  }

  connectedCallback(): void {
    if (!this.#built) {
      this.#built = true;
      this.setAttribute("role", "group");
      this.setAttribute("aria-label", "Timeline of the run");
      const buttons = document.createElement("div");
      buttons.className = "at-buttons";
      const { first, back, play, on, last } = this.#buttons;
      buttons.append(first, back, play, on, last, this.#speed);
      const scrubber = document.createElement("div");
      scrubber.className = "at-scrubber";
      scrubber.append(this.#track, this.#range, this.#preview);
      this.append(buttons, scrubber, this.#label);
    }
    const sizes = new ResizeObserver(() => this.#drawTrack());
    sizes.observe(this.#track);
    this.#undo = [() => sizes.disconnect(), onTheme(() => this.#drawTrack())];
    this.#offerSpeeds();
    this.#show();
  }

  disconnectedCallback(): void {
    this.pause();
    for (const undo of this.#undo) undo();
    this.#undo = [];
  }

  get #moments(): Moments {
    return momentsOf(this.#recording);
  }

  get #count(): number {
    return this.#moments.all.length;
  }

  get recording(): Recording {
    return this.#recording;
  }

  set recording(recording: Recording) {
    if (recording === this.#recording) return;
    this.#recording = recording;
    this.#offerSpeeds();
    this.#drawTrack();
    this.#show();
  }

  get time(): number | null {
    return this.#time;
  }

  set time(time: number | null) {
    if (time === this.#time) return;
    this.#time = time;
    this.#show();
  }

  get playing(): boolean {
    return this.#frame !== 0;
  }

  /** From here on, or from the beginning if this is the end. */
  play(): void {
    if (this.playing || this.#count === 0) return;
    if (this.#time === null) this.#move(0);
    this.#clock = { at: performance.now(), due: 0 };
    this.#frame = requestAnimationFrame(this.#tick);
    this.#show();
  }

  pause(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#show();
  }

  go(time: number | null): void {
    this.#move(time);
  }

  /** One moment on or back. */
  step(by: 1 | -1): void {
    const end = this.#count;
    this.#move(this.#at(Math.max(0, (this.#time ?? end) + by)));
  }

  /** To where the next pass, update or forward stretch begins, or this or the last one began. */
  jump(by: 1 | -1): void {
    const moments = this.#moments;
    const at = this.#time ?? this.#count;
    const starts = moments.parts.map((part) => part.from);
    const to = by > 0 ? starts.find((from) => from > at) : starts.findLast((from) => from < at);
    this.#move(to ?? (by > 0 ? null : 0));
  }

  #tick = (now: number): void => {
    const { at, due } = this.#clock;
    const speed = this.#speed.value === "whole" ? this.#count / WHOLE_S : Number(this.#speed.value);
    const moments = due + (Math.max(0, Math.min(now - at, 1000)) / 1000) * speed;
    const whole = Math.floor(moments);
    this.#clock = { at: now, due: moments - whole };
    this.#frame = requestAnimationFrame(this.#tick);
    if (whole === 0 || this.#time === null) return;
    const to = this.#at(this.#time + whole);
    if (to === null) this.pause();
    this.#move(to, true);
  };

  /** The moment at a place of the scrubber, whose last is the end. */
  #at(place: number): number | null {
    return place >= this.#count ? null : place;
  }

  #move(time: number | null, played = false): void {
    if (!played && this.playing) this.pause();
    if (time === this.#time || this.#count === 0) return;
    this.#time = time;
    this.#show();
    this.dispatchEvent(new CustomEvent("timechange", { detail: { time } }));
  }

  #key = (event: KeyboardEvent): void => {
    const known: Record<string, () => void> = {
      ",": () => this.step(-1),
      ".": () => this.step(1),
      "<": () => this.jump(-1),
      ">": () => this.jump(1),
      " ": () => (this.playing ? this.pause() : this.play()),
    };
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : known[event.key];
    if (!act) return;
    act();
    event.preventDefault();
    event.stopPropagation();
  };

  /** Says what stands under the pointer, before anything goes there. */
  #hover(event: PointerEvent): void {
    const { left, width } = this.#range.getBoundingClientRect();
    const share = (event.clientX - left - THUMB / 2) / Math.max(1, width - THUMB);
    const place = Math.round(Math.max(0, Math.min(1, share)) * this.#count);
    this.#preview.hidden = event.pointerType === "touch" || this.#count === 0;
    this.#preview.textContent = place >= this.#count ? "end of the run" : this.#moments.label(place);
    const half = this.#preview.offsetWidth / 2;
    const x = Math.max(half, Math.min(width - half, event.clientX - left));
    this.#preview.style.left = `${x}px`;
  }

  /** Short runs are played slowly, long ones so that they end while one watches. */
  #offerSpeeds(): void {
    const count = this.#count;
    const long = count > LONG;
    if (this.#speed.options.length !== SPEEDS.length + (long ? 1 : 0)) {
      const before = this.#speed.value;
      const options = SPEEDS.map((speed) => option(`${speed}/s`, String(speed)));
      if (long) options.push(option(`in ${WHOLE_S} s`, "whole"));
      this.#speed.replaceChildren(...options);
      this.#speed.value = before;
    }
    if (this.#chosen && this.#speed.value) return;
    this.#speed.value = long ? "whole" : count > 400 ? "100" : count > 60 ? "20" : "5";
  }

  #drawTrack(): void {
    drawTrack(this.#track, this.#moments);
  }

  #show(): void {
    const moments = this.#moments;
    const count = moments.all.length;
    const at = this.#time ?? count;
    this.#range.max = String(count);
    this.#range.value = String(at);
    this.#range.disabled = count === 0;
    const text = count === 0 ? "" : at >= count ? `end of ${formatCount(count)} moments` : moments.label(at);
    const loops = stateAt(this.#recording, this.#time).iterations.map(
      ({ index, of }) => `${formatCount(index + 1)}/${formatCount(of)}`,
    );
    this.#label.textContent = loops.length ? `${text} · ${loops.join(" · ")}` : text;
    this.#label.title = loops.length ? `${text}, iteration ${loops.join(", ")}` : text;
    this.#range.setAttribute("aria-valuetext", this.#label.title || "nothing recorded");
    const kind = moments.all[at]?.kind ?? "";
    this.dataset.part = kind === "optimizer" || kind === "clear" ? "step" : kind;
    const { first, back, play, on, last } = this.#buttons;
    first.disabled = back.disabled = count === 0 || at === 0;
    on.disabled = last.disabled = count === 0 || at >= count;
    play.disabled = count === 0;
    const name = this.playing ? "Pause" : "Play";
    if (play.title !== name) {
      play.title = name;
      play.setAttribute("aria-label", name);
      play.querySelector("path")?.setAttribute("d", this.playing ? ICONS.pause : ICONS.play);
    }
  }
}

/** Width of the thumb in px, as timeline.css has it. */
const THUMB = 12;

function option(text: string, value: string): HTMLOptionElement {
  const made = document.createElement("option");
  made.textContent = text;
  made.value = value;
  return made;
}

function button(name: keyof typeof ICONS, label: string, act: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = `at-${name}`;
  made.title = label;
  made.setAttribute("aria-label", label);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  made.append(svg);
  made.addEventListener("click", act);
  return made;
}
