import { showPanel } from "../program";
import { getState, PANELS } from "../store";
import type { Action } from "./action";

function move(by: number): void {
  const at = PANELS.indexOf(getState().panel);
  showPanel(PANELS[(at + by + PANELS.length) % PANELS.length] ?? "graph");
}

export const nextPanel: Action = {
  name: "panel.next",
  label: "Next panel",
  key: "Alt+PageDown",
  words: "tab right",
  act: () => move(1),
};

export const previousPanel: Action = {
  name: "panel.previous",
  label: "Previous panel",
  key: "Alt+PageUp",
  words: "tab left",
  act: () => move(-1),
};
