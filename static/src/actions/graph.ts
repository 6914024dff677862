import { showPanel } from "../program";
import { getState, setView } from "../store";
import type { Action } from "./action";

function diagram() {
  return document.querySelector("autograd-graph");
}

export const treeView: Action = {
  name: "graph.tree",
  label: "Show the graph as a tree or as a diagram",
  key: "Alt+G",
  words: "view outline list rows switch screen reader",
  act: () => {
    const { panel, view } = getState();
    if (panel === "graph" || view === "diagram") setView(view === "tree" ? "diagram" : "tree");
    showPanel("graph");
  },
};

export const focusCard: Action = {
  name: "card.focus",
  label: "Go to the card of what is selected",
  key: "Alt+I",
  words: "inspector details focus value gradient why",
  blocked: ({ picked }) =>
    picked?.kind === "node" ? "" : "Nothing is selected. Click a node, or press Enter in the diagram.",
  act: () => {
    showPanel("graph");
    requestAnimationFrame(() => document.querySelector<HTMLElement>(".card")?.focus());
  },
};

export const fit: Action = {
  name: "graph.fit",
  label: "Show the whole graph",
  key: "F",
  words: "zoom fit center diagram",
  act: () => {
    showPanel("graph");
    setView("diagram");
    requestAnimationFrame(() => diagram()?.fit());
  },
};

export const searchGraph: Action = {
  name: "graph.search",
  label: "Search the graph",
  key: "/",
  words: "find node op shape diagram",
  act: () => {
    showPanel("graph");
    const field = getState().view === "tree" ? ".tree-search" : ".ag-search input";
    requestAnimationFrame(() => document.querySelector<HTMLElement>(field)?.focus());
  },
};
