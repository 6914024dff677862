/** What the element says aloud: the selection as it changes, and what happens at a step. */
export class Spoken {
  readonly live = document.createElement("p");

  constructor() {
    this.live.className = "ag-hidden";
    this.live.setAttribute("aria-live", "polite");
  }

  say(text: string): void {
    if (this.live.textContent !== text) this.live.textContent = text;
  }
}
