/** Every action of the page, in the order a menu shows them. */
import { type State, update } from "../store";
import type { Action } from "./action";
import { clear } from "./clear";
import { copyLink } from "./copy_link";
import { download } from "./download";
import { focusEditor } from "./editor";
import { examples } from "./examples";
import { fit, searchGraph, stepBack, stepForward, treeView } from "./graph";
import { nextIteration, previousIteration } from "./iteration";
import { actionFor } from "./keys";
import { newProgram } from "./new";
import { palette } from "./palette";
import { nextPanel, previousPanel } from "./panels";
import { revert } from "./revert";
import { run } from "./run";
import { share } from "./share";
import { stop } from "./stop";
import { contrast, theme, themeSystem } from "./theme";

export const actions: readonly Action[] = [
  run,
  stop,
  newProgram,
  revert,
  examples,
  share,
  copyLink,
  download,
  stepForward,
  stepBack,
  treeView,
  fit,
  searchGraph,
  nextIteration,
  previousIteration,
  nextPanel,
  previousPanel,
  focusEditor,
  clear,
  theme,
  themeSystem,
  contrast,
  palette,
];

/** Does the action, or says why not. */
export function act(action: Action, state: State): void {
  const reason = action.blocked?.(state);
  if (reason) update({ toast: reason });
  else void action.act();
}

/** Lets keys act everywhere on the page, before the editor or the browser take them. */
export function listenForKeys(getState: () => State): void {
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.defaultPrevented || event.isComposing) return;
      const action = actionFor(event, actions);
      if (!action) return;
      const open = getState().overlay !== null;
      // Esc belongs to what is open (a dialog, a completion list) before it clears the selection.
      if (action === clear && (open || document.querySelector(".cm-tooltip-autocomplete, .cm-panel"))) return;
      if (open && action !== palette) return;
      if (action !== clear) {
        event.preventDefault();
        event.stopPropagation();
      }
      act(action, getState());
    },
    { capture: true },
  );
}
