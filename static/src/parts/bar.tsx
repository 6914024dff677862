/** The one thin bar: name, Run and Stop, device, seed, and the ways in and out. */
import { actions } from "../actions";
import type { Action } from "../actions/action";
import { clear } from "../actions/clear";
import { downloadData } from "../actions/data";
import { download } from "../actions/download";
import { examples } from "../actions/examples";
import { showKey } from "../actions/keys";
import { act } from "../actions/listen";
import { revert } from "../actions/revert";
import { run } from "../actions/run";
import { share } from "../actions/share";
import { stop } from "../actions/stop";
import { open, takes } from "../actions/take";
import { edit } from "../program";
import { isActive } from "../run";
import { getState, isEdited, useStore } from "../store";
import { Icon } from "./icons";
import { Menu } from "./menu";
import { DeviceSwitch, Seed } from "./settings";
import { Status } from "./status";

export function doAction(action: Action): void {
  act(action, getState());
}

function Name() {
  const title = useStore((state) => state.draft.title);
  const edited = useStore(isEdited);
  return (
    <div className="name">
      <input
        className="name-input"
        aria-label="Name of this session"
        value={title}
        maxLength={200}
        placeholder="Untitled"
        spellCheck={false}
        onChange={(event) => edit({ title: event.target.value })}
      />
      <span className="name-width" aria-hidden="true">
        {title || "Untitled"}
      </span>
      {edited && (
        <button type="button" className="edited" title={revert.label} onClick={() => doAction(revert)}>
          edited
        </button>
      )}
    </div>
  );
}

/** What the downloads' own menu has is not said twice. */
const EVERYTHING = actions.filter(
  (action) => action !== clear && action !== download && action !== downloadData && !takes.includes(action),
);

export function Bar() {
  const active = useStore((state) => isActive(state.run));
  return (
    <header className="bar">
      <Name />
      <div className="bar-run">
        <button
          type="button"
          className="primary"
          onClick={() => doAction(run)}
          title={`Run (${showKey(run.key)})`}
        >
          <Icon name="run" />
          Run
          <kbd>{showKey(run.key)}</kbd>
        </button>
        <button
          type="button"
          className="stop"
          disabled={!active}
          onClick={() => doAction(stop)}
          title={`Stop (${showKey(stop.key)})`}
        >
          <Icon name="stop" />
          Stop
        </button>
      </div>
      <DeviceSwitch />
      <Seed />
      <Status />
      <div className="bar-end">
        <button type="button" className="quiet wide" onClick={() => doAction(examples)}>
          Examples
        </button>
        <button type="button" className="quiet wide" onClick={() => doAction(share)}>
          Share
        </button>
        <Menu
          overlay="download"
          label="Download"
          className="quiet wide"
          actions={[...takes, download, downloadData, open]}
          name={(action) => action.label.replace(/^Download /, "").replace(/^./, (c) => c.toUpperCase())}
        >
          Download
        </Menu>
        <Menu
          overlay="menu"
          label="Menu"
          className="quiet square"
          actions={EVERYTHING}
          above={
            <>
              <DeviceSwitch />
              <Seed />
            </>
          }
        >
          <Icon name="more" />
        </Menu>
      </div>
    </header>
  );
}
