/** Files: every form the session can be taken along in, and the way back. */

import { isTable } from "../data/text";
import { type State, update } from "../store";
import type { Action } from "./action";
import { openTable } from "./data";

type Files = typeof import("../export");

/** Loads what files need, which the page does without until then. */
async function files(use: (module: Files) => Promise<void>): Promise<void> {
  let module: Files;
  try {
    module = await import("../export");
  } catch {
    update({ toast: "The server cannot be reached. Try again in a moment." });
    return;
  }
  await use(module);
}

const noGraph = ({ shown }: State) =>
  shown?.graph.nodes.length ? "" : "There is no graph yet. Run the program first.";

function take(
  name: string,
  label: string,
  key: string,
  words: string,
  save: (module: Files) => Promise<void>,
  blocked?: Action["blocked"],
): Action {
  return {
    name,
    label,
    key,
    words: `save export file ${words}`,
    ...(blocked && { blocked }),
    act: () => files(save),
  };
}

export const takes: readonly Action[] = [
  take(
    "download.png",
    "Download a picture with the session inside (.png)",
    "Alt+Shift+P",
    "png image screenshot",
    (m) => m.savePng(),
    noGraph,
  ),
  take(
    "download.svg",
    "Download the diagram (.svg)",
    "Alt+Shift+V",
    "svg vector image picture",
    (m) => m.saveSvg(),
    noGraph,
  ),
  take(
    "download.html",
    "Download a page that needs no server (.html)",
    "Alt+Shift+H",
    "html standalone offline",
    (m) => m.saveHtml(),
  ),
  take("download.json", "Download the session (.json)", "Alt+Shift+J", "json", (m) => m.saveSession()),
  take(
    "download.dot",
    "Download the graph for Graphviz (.dot)",
    "Alt+Shift+D",
    "dot graphviz",
    (m) => m.saveDot(),
    noGraph,
  ),
  take(
    "download.model_explorer",
    "Download the graph for Model Explorer (.json)",
    "Alt+Shift+M",
    "google model explorer json",
    (m) => m.saveModelExplorer(),
    noGraph,
  ),
];

/** Opens what somebody dropped or chose. */
export function openFile(file: File): Promise<void> {
  return files((module) => module.openFile(file));
}

/** Held on to: the browser may drop the choice of a field that nobody knows any more. */
let chooser: HTMLInputElement | undefined;

export const open: Action = {
  name: "open",
  label: "Open a picture, page, session or table from a file",
  key: "Alt+O",
  words: "load import upload png html json drop",
  act: () => {
    const input = document.createElement("input");
    chooser = input;
    input.type = "file";
    input.accept = ".png,.html,.json,.csv,.tsv,image/png,text/html,application/json,text/csv";
    input.onchange = () => {
      const file = chooser?.files?.[0];
      if (file) void (isTable(file) ? openTable(file) : openFile(file));
    };
    input.click();
  },
};

export const downloads: Action = {
  name: "download",
  label: "Download …",
  key: "Alt+S",
  words: "save export file take",
  act: () => update({ overlay: "download" }),
};
