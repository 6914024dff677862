import { stop as stopRun } from "../program";
import { isActive } from "../run";
import type { Action } from "./action";

export const stop: Action = {
  name: "stop",
  label: "Stop the run",
  key: "Mod+.",
  words: "cancel kill interrupt end",
  blocked: (state) => (isActive(state.run) ? "" : "Nothing is running."),
  act: stopRun,
};
