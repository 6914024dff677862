/** What is known of a run's training, built from its events; pure. */
import type * as wire from "../protocol.gen";

export interface Training {
  /** Training steps so far. */
  readonly step: number;
  readonly learners: readonly wire.Learner[];
  readonly progress: readonly wire.Progress[];
  readonly prediction: wire.Training["prediction"];
  /** The part of the program's time that watching it took. */
  readonly cost: number;
}

export const NO_TRAINING: Training = { step: 0, learners: [], progress: [], prediction: null, cost: 0 };

/** After one more event. */
export function learn(before: Training, event: wire.Training): Training {
  return {
    step: event.step,
    learners: event.learners?.length ? event.learners : before.learners,
    progress: event.progress ?? [],
    prediction: event.prediction ?? before.prediction,
    cost: event.cost,
  };
}
