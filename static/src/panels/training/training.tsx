/** Training: how a program learns, while it does. */
import { useMemo, useRef } from "react";
import { examples } from "../../actions/examples";
import { boot } from "../../boot";
import { Empty } from "../../parts/empty";
import { openExample } from "../../program";
import { isActive, type RunState } from "../../run";
import { useStore } from "../../store";
import { type KeptTraining, keptOf, namesOf, useKept } from "../../training/kept";
import { NO_TRAINING } from "../../training/state";
import { Controls } from "./controls";
import { Curves, LookTools } from "./curves";
import { Histograms } from "./histograms";
import { usePaced } from "./paced";
import { Parameters } from "./parameters";
import { Prediction } from "./prediction";
import { Runs } from "./runs";

/** The example to begin with: spirals, if the gallery has them. */
const FIRST = boot.examples.find((one) => /spiral/i.test(`${one.id} ${one.title}`));

function Nothing() {
  const action = FIRST ? { ...examples, act: () => openExample(FIRST.id) } : examples;
  return (
    <Empty
      text="Loss, gradients and predictions appear here while a program trains."
      action={action}
      label={FIRST ? `Open “${FIRST.title}”` : "Choose an example"}
    />
  );
}

/** The run that is shown, as one that could be kept; null if it does not train or is kept already. */
function useCurrent(run: RunState | null, kept: readonly KeptTraining[]): KeptTraining | null {
  const paced = usePaced(run, 500);
  return useMemo(
    () =>
      paced && paced.training.step > 0 && !kept.some((one) => one.id === paced.id) ? keptOf(paced) : null,
    [paced, kept],
  );
}

/** The run whose training is shown: until a newer one trains or ends, the one before, so that nothing blinks. */
function useTrained(): RunState | null {
  const shown = useStore((state) => state.shown);
  const last = useRef(shown);
  if (!shown || shown.training.step > 0 || !isActive(shown)) last.current = shown;
  return last.current;
}

/** A training that is over, to be looked at: nothing is steered, kept or laid over it. */
export function SeenTraining() {
  const training = useStore((state) => state.shown?.training) ?? NO_TRAINING;
  const { prediction } = training;
  return (
    <div className="training">
      <div className="panel-tools train-look">
        <LookTools />
      </div>
      <div className="train-grid">
        <Curves
          training={training}
          kept={[]}
          names={[]}
          beside={prediction && <Prediction prediction={prediction} />}
        />
      </div>
      <Parameters training={training} />
      <Histograms training={training} />
    </div>
  );
}

export default function TrainingPanel() {
  const run = useTrained();
  const kept = useKept();
  const current = useCurrent(run, kept);
  const all = useMemo(() => (current ? [...kept, current] : kept), [kept, current]);
  const names = useMemo(() => namesOf(all), [all]);
  const training = run?.training ?? NO_TRAINING;
  const prediction = usePaced(training.prediction, 200);
  const trains = training.step > 0;
  // A run that is shown is not drawn a second time over itself.
  const others = useMemo(
    () => kept.map((one) => (one.id === run?.id ? { ...one, shown: false } : one)),
    [kept, run?.id],
  );
  if (!trains && kept.length === 0) return <Nothing />;
  return (
    <div className="training">
      {trains && run && (
        <Controls run={run} kept={kept.some((one) => one.id === run.id && one.step === training.step)} />
      )}
      <div className="panel-tools train-look">
        <LookTools />
      </div>
      <div className="train-grid">
        <Curves
          training={training}
          kept={others}
          names={names}
          beside={prediction && trains && <Prediction prediction={prediction} />}
        />
      </div>
      {kept.length > 0 && <Runs kept={kept} current={current} names={names} />}
      {trains && <Parameters training={training} />}
      {trains && <Histograms training={training} />}
    </div>
  );
}
