import { showPanel } from "../program";
import { getState, type State, setView, update } from "../store";
import type { Action } from "./action";

function diagram() {
  return document.querySelector("autograd-graph");
}

const noSteps = ({ shown }: State) =>
  shown?.graph.steps.length ? "" : "No backward pass has been recorded. Run a program that calls backward().";

/** Moves along the backward pass: -1 is before it, null is the end of the run. */
function step(by: 1 | -1): void {
  const { time, shown } = getState();
  const last = (shown?.graph.steps.length ?? 0) - 1;
  const from = time ?? (by > 0 ? -2 : last + 1);
  const to = Math.max(-1, from + by);
  update({ time: to > last ? null : to });
}

export const stepForward: Action = {
  name: "step.forward",
  label: "Step the backward pass forward",
  key: ".",
  words: "next time timeline gradient",
  blocked: noSteps,
  act: () => step(1),
};

export const stepBack: Action = {
  name: "step.back",
  label: "Step the backward pass back",
  key: ",",
  words: "previous time timeline gradient",
  blocked: noSteps,
  act: () => step(-1),
};

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
