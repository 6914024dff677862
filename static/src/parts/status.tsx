/** One line that says what the run is doing or how it ended. */
import { useEffect, useState } from "react";
import { indexOf } from "../derive";
import { formatCount, formatMillis, ordinal, plural } from "../numbers";
import type * as wire from "../protocol.gen";
import { isActive, QUIET_MS, type RunState } from "../run";
import { useStore } from "../store";
import { partOf, secondsLeft } from "../training/state";
import { timeLeft } from "../training/words";
import { Steering } from "./steering";

const ENDINGS: Readonly<Record<wire.Status, string>> = {
  ok: "Finished in",
  error: "Finished with errors in",
  cancelled: "Stopped after",
  timeout: "Ran too long: stopped after",
  memory: "Out of memory: stopped after",
  output_limit: "Printed too much: stopped after",
  crashed: "Crashed after",
};

function countOf(run: RunState): string {
  if (run.phase === "running" && run.training.progress.length) return "";
  if (run.training.step) return `, ${plural(run.training.step, "training step")}`;
  const count = run.finished?.operations || indexOf(run.graph).operations;
  return count ? `, ${plural(count, "operation")}` : "";
}

/** The sentence for a run at `now` milliseconds; empty while there is nothing worth saying. */
export function describe(run: RunState | null, now: number): string {
  if (!run) return "";
  switch (run.phase) {
    case "sent":
      return now - run.startedAt < QUIET_MS ? "" : "Starting";
    case "queued":
      return now - run.startedAt < QUIET_MS ? "" : `Queued as ${ordinal(Math.max(1, run.position))}`;
    case "running": {
      if (run.held && run.steered !== "resume") return `Held after step ${formatCount(run.held.step)}`;
      if (run.steered === "pause") return "Holding after this step";
      const ms = now - run.startedAt;
      if (ms < QUIET_MS) return "";
      return `Running ${(ms / 1000).toFixed(1)} s${countOf(run)}`;
    }
    case "refused":
      return "Not run";
    case "lost":
      return run.startedAt ? "Stopped: the connection was lost" : "";
    case "finished": {
      if (!run.finished) return "";
      const { status, wall_ms } = run.finished;
      return `${ENDINGS[status]} ${formatMillis(wall_ms)}${countOf(run)}`;
    }
  }
}

/** How far a loop of known length is. */
export function Progress({ run, now }: { run: RunState; now: number }) {
  const part = partOf(run.training.progress);
  if (part === null || run.phase !== "running") return null;
  const left = run.held ? null : secondsLeft(run.training, (now - run.startedAt) / 1000);
  return (
    <span className="progress">
      <progress value={part} aria-label="Progress of the loop" />
      <span>
        {Math.floor(100 * part)} %{left !== null && `, ${timeLeft(left)}`}
      </span>
    </span>
  );
}

export function Status() {
  const run = useStore((state) => state.run);
  const connection = useStore((state) => state.connection);
  const [now, setNow] = useState(() => performance.now());
  const active = isActive(run);
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => setNow(performance.now()), 100);
    return () => clearInterval(timer);
  }, [active]);
  const text = describe(run, now);
  const failed = run?.finished && run.finished.status !== "ok" && run.finished.status !== "cancelled";
  return (
    <div className="status">
      <Steering small />
      {/* What changes ten times a second is shown; what ended is also read out. */}
      <span
        className={failed ? "status-text failed" : "status-text"}
        title={run?.finished?.message || undefined}
      >
        {text}
      </span>
      {active && run && <Progress run={run} now={now} />}
      <span className="unseen" role="status" aria-live="polite">
        {active && !run?.held ? "Running" : text}
      </span>
      {connection === "lost" && <span className="reconnecting">Reconnecting…</span>}
    </div>
  );
}
