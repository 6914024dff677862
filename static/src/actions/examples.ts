import { update } from "../store";
import type { Action } from "./action";

export const examples: Action = {
  name: "examples",
  label: "Open an example or a draft",
  key: "Mod+O",
  words: "gallery tutorial open",
  act: () => update({ overlay: "examples" }),
};
