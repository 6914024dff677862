/** The person's own table, which programs find as `data.X` and `data.y`. */
import { loadText, remember, userData } from "../data/kept";
import { checked, decode, Unreadable } from "../data/text";
import { edit, keep } from "../program";
import { getState, update } from "../store";
import type { Action } from "./action";
import { importsData, saveFile } from "./download";

/** Makes text the draft's table, and shows it. Throws Unreadable if it is too large. */
export function takeTable(name: string, text: string): void {
  edit({ data: remember({ name: name.slice(0, 200), text: checked(text) }) });
  keep(); // now: a page that goes away has no time for a megabyte
  update({ overlay: "data" });
}

/** Takes a file as the draft's table. */
export async function openTable(file: File): Promise<void> {
  try {
    takeTable(file.name, decode(new Uint8Array(await file.arrayBuffer())));
  } catch (problem) {
    update({ toast: problem instanceof Unreadable ? problem.message : "The file could not be read." });
  }
}

export const data: Action = {
  name: "data",
  label: "Data of your own (CSV)",
  key: "Alt+D",
  words: "table csv paste import upload features target dataset",
  act: () => update({ overlay: "data" }),
};

export const downloadData: Action = {
  name: "download.data",
  label: "Download data.py, which the program imports",
  key: "Alt+Shift+Y",
  words: "save export file python table csv dataset",
  blocked: ({ draft }) => (importsData(draft.code) ? "" : "The program does not import data."),
  act: async () => {
    const table = getState().draft.data;
    if (table && !(await loadText(table))) {
      update({
        toast: `The table ${table.name ?? ""} is not in this browser any more. Choose it again in Data.`,
      });
      return;
    }
    const { dataFile } = await import("../data/file");
    saveFile("data.py", "text/x-python", dataFile((table && userData(table)) ?? null));
  },
};
