import { getState, update } from "../store";
import type { Action } from "./action";

/** Copies `text`; false where the browser does not allow it. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

export const copyLink: Action = {
  name: "link.copy",
  label: "Copy the link of this page",
  key: "Alt+L",
  words: "url address clipboard",
  blocked: ({ draft }) => (draft.base ? "" : "This program has no link yet. Share it to get one."),
  act: async () => {
    const { draft } = getState();
    const path = draft.base.startsWith("session:")
      ? `/s/${draft.base.slice("session:".length)}`
      : `/?example=${draft.base.slice("example:".length)}`;
    const done = await copy(new URL(path, location.href).href);
    update({
      toast: done
        ? "Link copied."
        : "The browser did not allow copying. Copy the address from the address bar.",
    });
  },
};
