/** An empty panel: one line on what would fill it, and the click that does. */
import type { Action } from "../actions/action";
import { run } from "../actions/run";
import { boot } from "../boot";
import { doAction } from "./bar";

export function Empty({
  text,
  action = boot.embed ? null : run,
  label = "Run",
}: {
  text: string;
  action?: Action | null;
  label?: string;
}) {
  return (
    <div className="empty">
      <p>{text}</p>
      {action && (
        <button type="button" className="outlined" onClick={() => doAction(action)}>
          {label}
        </button>
      )}
    </div>
  );
}
