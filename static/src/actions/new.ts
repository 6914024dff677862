import { openNew } from "../program";
import type { Action } from "./action";

export const newProgram: Action = {
  name: "new",
  label: "New program",
  key: "Alt+N",
  words: "empty blank clear",
  act: openNew,
};
