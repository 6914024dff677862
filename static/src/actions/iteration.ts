import { showPanel } from "../program";
import { update } from "../store";
import type { Action } from "./action";

function next(by: 1 | -1): void {
  showPanel("graph");
  const found = document.querySelector("autograd-graph")?.chooseNext(by);
  if (!found) update({ toast: "No loop is open in the diagram. Open one first." });
}

export const nextIteration: Action = {
  name: "graph.iteration.next",
  label: "Show the next iteration of the loop",
  key: "]",
  words: "repetition block loop for while",
  act: () => next(1),
};

export const previousIteration: Action = {
  name: "graph.iteration.previous",
  label: "Show the iteration before",
  key: "[",
  words: "previous repetition block loop for while",
  act: () => next(-1),
};
