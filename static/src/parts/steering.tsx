/** Hold, one step, go on: beside Stop while a program trains, and in the panel. */
import type { Action } from "../actions/action";
import { showKey } from "../actions/keys";
import { act } from "../actions/listen";
import { goOn, hold, oneStep } from "../actions/training";
import { isTraining } from "../run";
import { getState, useStore } from "../store";
import { Icon, type IconName } from "./icons";

interface Props {
  readonly action: Action;
  readonly icon: IconName;
  /** Empty: only the icon is shown. */
  readonly text: string;
  readonly off: boolean;
}

function Button({ action, icon, text, off }: Props) {
  return (
    <button
      type="button"
      className={text ? "outlined" : "outlined square"}
      aria-label={text ? undefined : action.label}
      aria-disabled={off}
      title={`${action.label} (${showKey(action.key)})`}
      onClick={() => !off && act(action, getState())}
    >
      <Icon name={icon} />
      {text}
    </button>
  );
}

/** Two buttons that keep their places: what can be done changes, not where. */
export function Steering({ small = false }: { small?: boolean }) {
  const training = useStore((state) => isTraining(state.run));
  const held = useStore((state) => state.run?.held != null);
  const steered = useStore((state) => state.run?.steered ?? null);
  if (!training) return null;
  return (
    <fieldset className="steering">
      <legend className="unseen">Training</legend>
      {held ? (
        <Button action={goOn} icon="run" text={small ? "" : "Go on"} off={steered === "resume"} />
      ) : (
        <Button action={hold} icon="pause" text={small ? "" : "Hold"} off={steered !== null} />
      )}
      <Button action={oneStep} icon="advance" text={small ? "" : "Step"} off={!held || steered !== null} />
    </fieldset>
  );
}
