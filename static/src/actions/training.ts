/** Steering a program that trains: it is held between its steps. */
import { steer } from "../program";
import { isTraining } from "../run";
import { getState, type State, update } from "../store";
import type { Action } from "./action";

const NO_TRAINING = "No training is running.";

const running = ({ run }: State) => (isTraining(run) ? "" : NO_TRAINING);

const held = (state: State) =>
  running(state) || (state.run?.held ? "" : "The training is not held. Hold it first.");

export const hold: Action = {
  name: "train.hold",
  label: "Hold the training after its step",
  key: "Alt+P",
  words: "pause stop wait learn",
  blocked: (state) => running(state) || (state.run?.held ? "The training is held already." : ""),
  act: () => steer("pause"),
};

export const oneStep: Action = {
  name: "train.step",
  label: "One more training step",
  key: "Alt+A",
  words: "advance once single next pause",
  blocked: held,
  act: () => steer("step"),
};

export const goOn: Action = {
  name: "train.on",
  label: "Let the training go on",
  key: "Alt+C",
  words: "continue resume play",
  blocked: held,
  act: () => steer("resume"),
};

export const keepRun: Action = {
  name: "train.keep",
  label: "Keep this training to lay it over others",
  key: "Alt+M",
  words: "compare runs overlay remember pin curve",
  blocked: ({ shown }) => (shown?.training.step ? "" : "There is no training to keep."),
  act: async () => {
    const { keepTraining } = await import("../training/kept");
    const { shown } = getState();
    const problem = shown && keepTraining(shown);
    update({ toast: problem || "Kept. The next run is drawn over it in the Training panel." });
  },
};
