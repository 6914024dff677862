/** What steers the training: hold, step, go on, stop; the learning rates; how far it is. */
import { useState } from "react";
import { showKey } from "../../actions/keys";
import { act } from "../../actions/listen";
import { stop } from "../../actions/stop";
import { keepRun } from "../../actions/training";
import { formatCount, formatNumber, toNumber } from "../../numbers";
import { Icon } from "../../parts/icons";
import { Progress } from "../../parts/status";
import { Steering } from "../../parts/steering";
import { showPanel, tune } from "../../program";
import type * as wire from "../../protocol.gen";
import { isActive, type RunState } from "../../run";
import { getState } from "../../store";
import { learnerName } from "../../training/curves";

/** The learning rate of one learner: a field, and a half and twice as much. */
function Rate({
  learner,
  learners,
  live,
}: {
  learner: wire.Learner;
  learners: readonly wire.Learner[];
  live: boolean;
}) {
  const [typed, setTyped] = useState<string | null>(null);
  const { optimizer, group = 0 } = learner;
  const lr = toNumber(learner.lr);
  const name = learnerName(learner, learners);
  const written = formatNumber(lr)
    .replace(/\.$/, "")
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");
  const give = (value: number) => {
    if (Number.isFinite(value) && value >= 0 && value <= 1e6 && value !== lr) tune(optimizer, group, value);
    setTyped(null);
  };
  const wrong = typed !== null && !(Number(typed) >= 0 && Number(typed) <= 1e6);
  return (
    <span className="rate">
      <label>
        <span className="mono">{name}</span> <span className="muted">{learner.variable && learner.name}</span>{" "}
        lr
        <input
          className="field number"
          inputMode="decimal"
          size={8}
          value={typed ?? written}
          disabled={!live}
          aria-invalid={wrong}
          title={wrong ? "A number from 0 to 1,000,000" : "Enter sets it for the steps to come"}
          onInput={(event) => setTyped(event.currentTarget.value)}
          onBlur={() => (typed === null || wrong ? setTyped(null) : give(Number(typed)))}
          onKeyDown={(event) => {
            if (event.key === "Enter" && typed !== null && !wrong) give(Number(typed));
            if (event.key === "Escape") setTyped(null);
          }}
        />
      </label>
      <button
        type="button"
        className="outlined"
        aria-disabled={!live}
        aria-label={`÷ 2: halve the learning rate of ${name}`}
        onClick={() => live && give(Number((lr / 2).toPrecision(4)))}
      >
        ÷ 2
      </button>
      <button
        type="button"
        className="outlined"
        aria-disabled={!live}
        aria-label={`× 2: double the learning rate of ${name}`}
        onClick={() => live && give(Number((lr * 2).toPrecision(4)))}
      >
        × 2
      </button>
    </span>
  );
}

function Where({ run }: { run: RunState }) {
  const { training, held } = run;
  if (held) {
    return (
      <span className="train-where">
        Held after step {formatCount(held.step)}.{" "}
        <button type="button" className="line-link" onClick={() => showPanel("graph")}>
          Open the step's graph
        </button>
      </span>
    );
  }
  return (
    <span className="train-where numbers">
      Step {formatCount(training.step)}
      {training.cost > 0 && (
        <span className="muted"> · watching takes {(100 * training.cost).toFixed(0)} % of the time</span>
      )}
    </span>
  );
}

/** `kept`: as it is now, it is among the kept runs. */
export function Controls({ run, kept }: { run: RunState; kept: boolean }) {
  const live = isActive(run);
  const { learners } = run.training;
  return (
    <div className="train-controls">
      <div className="train-row">
        <Steering />
        {live && (
          <button
            type="button"
            className="outlined"
            title={`${stop.label} (${showKey(stop.key)})`}
            onClick={() => act(stop, getState())}
          >
            <Icon name="stop" />
            Stop
          </button>
        )}
        <Where run={run} />
        <span className="spring" />
        <Progress run={run} now={run.startedAt} />
      </div>
      <div className="train-row">
        {learners.slice(0, 8).map((learner) => (
          <Rate
            key={`${learner.optimizer} ${learner.group ?? 0}`}
            learner={learner}
            learners={learners}
            live={live}
          />
        ))}
        {learners.length > 8 && <span className="muted">and {learners.length - 8} more groups</span>}
        <span className="spring" />
        <button
          type="button"
          className="outlined"
          aria-disabled={kept}
          title={`${keepRun.label} (${showKey(keepRun.key)})`}
          onClick={() => !kept && act(keepRun, getState())}
        >
          {kept ? "Kept" : "Keep this run"}
        </button>
      </div>
    </div>
  );
}
