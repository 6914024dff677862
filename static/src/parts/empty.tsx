/** An empty panel: one line on what would fill it, and the click that does. */
import type { Action } from "../actions/action";
import { act } from "../actions/listen";
import { run } from "../actions/run";
import { boot } from "../boot";
import { getState, useStore } from "../store";

export function Empty({
  text,
  action = run,
  label = "Run",
}: {
  text: string;
  action?: Action | null;
  label?: string;
}) {
  const nothing = useStore((state) => boot.embed && state.shown === null);
  return (
    <div className="empty">
      <p>{nothing ? "Shared without results. Open it in the playground to run it." : text}</p>
      {action && !boot.embed && (
        <button type="button" className="outlined" onClick={() => act(action, getState())}>
          {label}
        </button>
      )}
    </div>
  );
}
