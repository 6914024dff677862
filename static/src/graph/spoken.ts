/** What the element says aloud: the selection as it changes, and what happens at a step. */
import { describeGroup, describeNode } from "./describe";
import type { Drawing } from "./drawing";
import type { Focus } from "./focus";

export class Spoken {
  readonly live = document.createElement("p");

  constructor() {
    this.live.className = "ag-hidden";
    this.live.setAttribute("aria-live", "polite");
  }

  say(text: string): void {
    if (this.live.textContent !== text) this.live.textContent = text;
  }

  /** Says what is selected. */
  tell(focus: Focus, { scene, now }: Drawing): void {
    const { selected } = focus;
    if (selected !== null && typeof selected !== "string") this.say(describeNode(selected, now));
    else {
      const at = focus.item(scene);
      this.say(at?.group ? describeGroup(at.group, at.open) : "");
    }
  }
}
