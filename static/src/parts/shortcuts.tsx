/** The sheet of keys: what the table of actions says, and what acts where the focus is. */
import { useState } from "react";
import { groups } from "../actions";
import { allowPlainKeys, plainKeysAllowed, showKey } from "../actions/keys";
import { LOCAL_KEYS } from "../actions/shortcuts";
import { update } from "../store";
import { Dialog } from "./dialog";

function Keys({ title, rows }: { title: string; rows: readonly (readonly [key: string, text: string])[] }) {
  return (
    <section className="keys-group">
      <h3>{title}</h3>
      <dl>
        {rows.map(([key, text]) => (
          <div key={text}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export default function Shortcuts() {
  const [plain, setPlain] = useState(plainKeysAllowed);
  return (
    <Dialog title="Keys" onClose={() => update({ overlay: null })} className="keys">
      <div className="keys-columns">
        {groups.map(({ title, actions }) => (
          <Keys key={title} title={title} rows={actions.map(({ key, label }) => [showKey(key), label])} />
        ))}
        {LOCAL_KEYS.map(({ where, keys }) => (
          <Keys key={where} title={where} rows={keys} />
        ))}
      </div>
      <label className="check keys-plain">
        <input
          type="checkbox"
          checked={plain}
          onChange={(event) => {
            allowPlainKeys(event.target.checked);
            setPlain(event.target.checked);
          }}
        />
        Keys without Ctrl or Alt act everywhere, not only in the diagram
      </label>
    </Dialog>
  );
}
