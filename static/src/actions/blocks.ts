import { showWay } from "../program";
import { getState } from "../store";
import type { Action } from "./action";

export const focusBlocks: Action = {
  name: "blocks.focus",
  label: "Go to the blocks",
  key: "Alt+B",
  words: "build visual drag wire nodes palette without typing",
  act: () => {
    showWay("blocks");
    focusSoon(Date.now() + PATIENCE_MS);
  },
};

/** They are loaded, and the program is read, before there is anything to focus. */
const PATIENCE_MS = 4000;

function focusSoon(until: number): void {
  const found = document.querySelector<HTMLElement>(
    ".blocks .react-flow__node[tabindex='0'], .blocks-empty button",
  );
  if (found) found.focus();
  else if (Date.now() < until && getState().way === "blocks") setTimeout(() => focusSoon(until), 50);
}
