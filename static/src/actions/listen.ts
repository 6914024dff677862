/** Lets keys act everywhere on the page, before the editor or the browser take them. */
import { getState, type State, update } from "../store";
import type { Action } from "./action";
import { clear } from "./clear";
import { actionFor } from "./keys";

/** Does the action, or says why not. */
export function act(action: Action, state: State): void {
  const reason = action.blocked?.(state);
  if (reason) update({ toast: reason });
  else void action.act();
}

/** `always` is the action that acts even while something floats above the page. */
export function listenForKeys(actions: readonly Action[], always?: Action): void {
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.defaultPrevented || event.isComposing) return;
      const action = actionFor(event, actions);
      if (!action) return;
      const open = getState().overlay !== null;
      // Esc belongs to what is open (a dialog, a completion list) before it clears the selection.
      if (action === clear && (open || document.querySelector(".cm-tooltip-autocomplete, .cm-panel"))) return;
      if (open && action !== always) return;
      if (action !== clear) {
        event.preventDefault();
        event.stopPropagation();
      }
      act(action, getState());
    },
    { capture: true },
  );
}
