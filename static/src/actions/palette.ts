import { update } from "../store";
import type { Action } from "./action";

export const palette: Action = {
  name: "palette",
  label: "Find an action",
  key: "Mod+K",
  words: "commands palette keys help",
  act: () => update({ overlay: "palette" }),
};
