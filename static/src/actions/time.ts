/** Moving through the moments of a run: what the timeline's buttons do, from anywhere on the page. */
import type { State } from "../store";
import type { Action } from "./action";

function timeline() {
  return document.querySelector("autograd-timeline");
}

const nothing = ({ shown }: State) =>
  shown?.graph.nodes.length ? "" : "Nothing has been recorded. Run a program that makes tensors.";

function moving(name: string, label: string, key: string, words: string, act: () => void): Action {
  return { name: `step.${name}`, label, key, words: `time timeline moment ${words}`, blocked: nothing, act };
}

export const stepForward = moving("forward", "Step forward", ".", "next gradient", () => timeline()?.step(1));

export const stepBack = moving("back", "Step back", ",", "previous gradient", () => timeline()?.step(-1));

export const nextPart = moving("next", "To the next pass or update", ">", "jump backward optimizer", () =>
  timeline()?.jump(1),
);

export const previousPart = moving(
  "previous",
  "To the last pass or update",
  "<",
  "jump backward optimizer",
  () => timeline()?.jump(-1),
);

export const playRun = moving("play", "Play or pause the run", "Space", "animate watch stop", () => {
  const one = timeline();
  if (one?.playing) one.pause();
  else one?.play();
});

export const firstMoment = moving("first", "To the beginning of the run", "Home", "start", () =>
  timeline()?.go(0),
);

export const lastMoment = moving("last", "To the end of the run", "End", "finish", () =>
  timeline()?.go(null),
);
