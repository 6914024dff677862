/** When layouts are made: at once for a person, now and then while a program runs. */

/** While a program runs the layout is renewed at most this often. */
export const STREAM_MS = 140;

export class Pace {
  #timer = 0;
  #last = 0;
  #underWay = 0;
  #stale = false;
  /** Since when somebody waits for a picture; 0 if nobody does. */
  #asked = 0;

  /** `act` says whether there is something to paint now. `busy` is told when there is something to do, and when it is done. */
  constructor(
    readonly act: () => Promise<boolean>,
    readonly busy: (yes: boolean) => void,
  ) {}

  /** `delay` 0 is for a person; otherwise at most so often. */
  soon(delay = 0): void {
    if (delay > 0) {
      // A layout under way is finished first, or a stream of events would never let one be seen.
      this.#stale = this.#underWay > 0;
      if (this.#timer || this.#stale) return;
    }
    clearTimeout(this.#timer);
    this.#asked ||= performance.now();
    this.busy(true);
    const wait = delay > 0 ? Math.max(0, delay - (performance.now() - this.#last)) : 0;
    this.#timer = window.setTimeout(() => void this.now(), wait);
  }

  async now(): Promise<void> {
    this.stop();
    this.#last = performance.now();
    this.#stale = false;
    this.#underWay++;
    this.#asked ||= this.#last;
    this.busy(true);
    let paints = false;
    try {
      paints = await this.act();
    } finally {
      this.#underWay--;
    }
    if (this.#stale) this.soon(STREAM_MS);
    else if (!paints && !this.#timer && !this.#underWay) this.busy(false);
  }

  /** The picture that was asked for is on the screen: browsers' tools, and the benchmark, show how long it took. */
  shown(): void {
    if (!this.#asked || this.#timer || this.#underWay) return;
    performance.measure("autograd-graph", { start: this.#asked });
    this.#asked = 0;
    this.busy(false);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
  }
}
