import { openOriginal } from "../program";
import { isEdited } from "../store";
import type { Action } from "./action";

export const revert: Action = {
  name: "revert",
  label: "Back to the original; your changes stay among the drafts",
  key: "Alt+R",
  words: "undo reset discard edited",
  blocked: (state) => (isEdited(state) ? "" : "Nothing was changed since it was opened."),
  act: openOriginal,
};
