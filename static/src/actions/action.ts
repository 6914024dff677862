/** An action a person can take: one record serves keyboard, menu, buttons and palette. */
import type { State } from "../store";

export interface Action {
  /** Stable and unique: `run`, `step.forward`. */
  readonly name: string;
  /** What a menu says. */
  readonly label: string;
  /** `Mod+Enter`: Mod is Ctrl, or Command on a Mac. A key without Mod or Alt, but for Escape, acts only outside text fields. */
  readonly key: string;
  /** Other words a person may search for. */
  readonly words?: string;
  /** Why it cannot be done now, or an empty string when it can. */
  readonly blocked?: (state: State) => string;
  readonly act: () => void | Promise<void>;
}
