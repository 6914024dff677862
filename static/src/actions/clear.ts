import { getState, update } from "../store";
import type { Action } from "./action";

export const clear: Action = {
  name: "clear",
  label: "Clear the selection",
  key: "Escape",
  words: "deselect none close",
  act: () => {
    if (getState().overlay) update({ overlay: null });
    else update({ picked: null, hovered: null, toast: "" });
  },
};
