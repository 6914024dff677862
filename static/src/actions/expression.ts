import { showWay } from "../program";
import { getState } from "../store";
import type { Action } from "./action";

export const focusExpression: Action = {
  name: "expression.focus",
  label: "Go to the expressions",
  key: "Alt+X",
  words: "formula maths slider function plot calculator without typing code",
  act: () => {
    showWay("expression");
    focusSoon(Date.now() + 4000);
  },
};

/** They are loaded first. */
function focusSoon(until: number): void {
  const field = document.querySelector<HTMLElement>(".ex-new .ex-text");
  if (field) field.focus();
  else if (Date.now() < until && getState().way === "expression") setTimeout(() => focusSoon(until), 50);
}
