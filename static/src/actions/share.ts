import { update } from "../store";
import type { Action } from "./action";

export const share: Action = {
  name: "share",
  label: "Share this program and its results",
  key: "Mod+S",
  words: "save link send publish embed",
  act: () => update({ overlay: "share" }),
};
