import { getState, update } from "../store";
import type { Action } from "./action";

/** Offers text or bytes as a file. */
export function saveFile(name: string, type: string, data: BlobPart): void {
  const url = URL.createObjectURL(new Blob([data], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The session's name as a file name: `Training a tiny model` gives `training_a_tiny_model`. */
export function fileName(title: string): string {
  return (
    title
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "_")
      .replace(/^_+|_+$/g, "")
      .slice(0, 60) || "program"
  );
}

/** Whether the program uses the module of small sets and of the person's table. */
export function importsData(code: string): boolean {
  return /^[ \t]*(?:from[ \t]+data[ \t]+import\b|import[ \t]+(?:[\w. ]+,[ \t]*)*data\b(?![.\w]))/m.test(code);
}

export const download: Action = {
  name: "download.py",
  label: "Download the program as .py",
  key: "Mod+Shift+S",
  words: "save export file python",
  act: () => {
    const { draft } = getState();
    saveFile(`${fileName(draft.title)}.py`, "text/x-python", draft.code);
    if (importsData(draft.code)) {
      update({ toast: "The program imports data: download data.py too, and keep both in one folder." });
    }
  },
};
