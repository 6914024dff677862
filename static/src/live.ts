/**
 * What follows a dragged control: the whole program is sent again and again to the process of a run that has ended, never
 * more than one at a time. While an answer is waited for, only the newest position is kept, so nothing queues up behind
 * itself and the last position always wins.
 */
import type * as wire from "./protocol.gen";

export interface Wanted {
  readonly code: string;
  readonly seed: number;
  /** Asked for every time. */
  readonly curves: readonly wire.CurveRequest[];
  /** What is plotted, and what that depends on: it is asked for when that has changed, and not when its point moves. */
  readonly plots: readonly wire.CurveRequest[];
  readonly field: wire.FieldRequest | null;
  readonly basis: string;
  /** Variables whose formulas are wanted, and what these depend on: they are asked for when that has changed. */
  readonly derivatives: readonly string[];
  readonly formulas: string;
}

/** What a live line needs of the page. */
export interface Port {
  /** The run whose process can be asked now; `busy`: not yet; null: there is none. */
  run(): { id: string } | "busy" | null;
  /** False where nothing was sent. */
  send(live: wire.Live): boolean;
  /** Begins a run of the program as it is now. */
  start(): void;
}

/** After which an answer is no longer waited for. */
const PATIENCE_MS = 20_000;

export class LiveLine {
  #number = 0;
  #slot: Wanted | null = null;
  #flight: { number: number; wanted: Wanted } | null = null;
  /** What was answered last. */
  #answered: { key: string; run: string; wanted: Wanted } | null = null;
  /** The program that a run was begun for, which did not lead to a process that can be asked. */
  #started: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #soon = false;

  constructor(readonly port: Port) {}

  /** Whether an answer is waited for. */
  get waiting(): boolean {
    return this.#flight !== null;
  }

  /** Asks for this as soon as it can be asked; what was wanted before and not yet asked is forgotten. */
  want(wanted: Wanted): void {
    this.#slot = wanted;
    // A drag may pass through several texts in one task; the last is meant.
    if (this.#soon) return;
    this.#soon = true;
    queueMicrotask(() => {
      this.#soon = false;
      this.pump();
    });
  }

  /** Asks if there is something to ask and somebody to ask. */
  pump(): void {
    const wanted = this.#slot;
    if (!wanted || this.#flight) return;
    const run = this.port.run();
    if (run === "busy") return;
    if (run === null) {
      // One that cannot be asked about this program is not begun again and again.
      if (this.#started === wanted.code) return;
      this.#started = wanted.code;
      this.port.start();
      return;
    }
    const key = `${run.id} ${JSON.stringify(wanted)}`;
    this.#slot = null;
    this.#started = null;
    if (key === this.#answered?.key) return;
    const known = this.#answered?.run === run.id ? this.#answered.wanted : null;
    const drawn = wanted.basis === known?.basis;
    const curves = drawn ? [...wanted.curves] : [...wanted.plots, ...wanted.curves];
    const field = drawn ? null : wanted.field;
    const derivatives = wanted.formulas === known?.formulas ? [] : [...wanted.derivatives];
    const number = ++this.#number;
    const live: wire.Live = {
      type: "live",
      run: run.id,
      number,
      code: wanted.code,
      seed: wanted.seed,
      ...(curves.length && { curves }),
      ...(field && { field }),
      ...(derivatives.length && { derivatives }),
    };
    if (!this.port.send(live)) {
      this.#slot = wanted;
      return;
    }
    this.#flight = { number, wanted };
    this.#timer = setTimeout(() => this.#land(), PATIENCE_MS);
  }

  /** Takes an event of the run that was asked. */
  take(event: wire.Event): void {
    const flight = this.#flight;
    if (!flight) return;
    if (event.type === "live" && event.number === flight.number) {
      const { wanted } = flight;
      this.#answered = { key: `${event.run} ${JSON.stringify(wanted)}`, run: event.run, wanted };
      this.#land();
    } else if (event.type === "error" && event.question === "live") {
      // The process is no longer there: a new run makes another.
      if (event.field === "run") this.#slot ??= flight.wanted;
      this.#land();
    }
  }

  /** Nobody answers any more. */
  drop(): void {
    if (this.#flight) this.#slot ??= this.#flight.wanted;
    this.#answered = null;
    this.#started = null;
    this.#flight = null;
    clearTimeout(this.#timer);
  }

  #land(): void {
    clearTimeout(this.#timer);
    this.#flight = null;
    this.pump();
  }
}
