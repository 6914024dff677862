import { runNow } from "../program";
import type { Action } from "./action";

export const run: Action = {
  name: "run",
  label: "Run the program",
  key: "Mod+Enter",
  words: "execute start play",
  act: runNow,
};
