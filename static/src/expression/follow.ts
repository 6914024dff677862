/** The live line of the page: what is wanted goes to the process of the newest run, or of one that is begun for it. */
import { LiveLine, type Port, type Wanted } from "../live";
import { runNow } from "../program";
import { isActive, isInteractive } from "../run";
import { listen, send } from "../socket";
import { getState, subscribe, update } from "../store";

/** Runs that the server said are no longer kept. */
let gone = "";

const port: Port = {
  run() {
    const { run, connection } = getState();
    if (connection !== "open" || isActive(run)) return "busy";
    return run && isInteractive(run) && run.id !== gone ? { id: run.id } : null;
  },
  send(live) {
    const { run } = getState();
    if (!run || !send(live)) return false;
    update({ run: { ...run, asked: [...run.asked, { number: live.number, code: live.code }] } });
    return true;
  },
  start: runNow,
};

/** Keeps what is shown in step with what is wanted for as long as somebody looks; returns what ends that. */
export function goLive(): { want: (wanted: Wanted) => void; stop: () => void } {
  const line = new LiveLine(port);
  const deaf = listen((event) => {
    if (event.type === "error" && event.question === "live" && event.field === "run") gone = event.run;
    line.take(event);
  });
  let { connection, run } = getState();
  const undo = subscribe(() => {
    const now = getState();
    if (now.connection !== connection && now.connection !== "open") line.drop();
    const other = now.connection !== connection || now.run?.id !== run?.id || now.run?.phase !== run?.phase;
    ({ connection, run } = now);
    if (other) line.pump();
  });
  return {
    want: (wanted) => line.want(wanted),
    stop: () => {
      deaf();
      undo();
      line.drop();
    },
  };
}
