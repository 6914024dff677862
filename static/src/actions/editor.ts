import { showWay } from "../program";
import type { Action } from "./action";

export const focusEditor: Action = {
  name: "editor.focus",
  label: "Go to the code",
  key: "Alt+E",
  words: "editor write type focus",
  act: () => {
    showWay("code");
    requestAnimationFrame(() => document.querySelector<HTMLElement>(".cm-content")?.focus());
  },
};
