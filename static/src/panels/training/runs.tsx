/** The legend of runs: the one that is shown and those that were kept, with what they came to. */
import { formatCount, formatNumber } from "../../numbers";
import { Icon } from "../../parts/icons";
import { changeKept, type KeptTraining, removeKept, toldOf } from "../../training/kept";
import { Swatch } from "./curves";

function lossOf({ series }: KeptTraining): string {
  const last = series.loss?.at(-1)?.value;
  return last === undefined ? "" : `loss ${formatNumber(last)}`;
}

function Row({ one, name, current }: { one: KeptTraining; name: string; current: boolean }) {
  return (
    <li>
      <Swatch run={one.look} mark />
      {current ? (
        <span className="run-name">
          {name} <span className="muted">(shown)</span>
        </span>
      ) : (
        <input
          className="field run-name"
          aria-label={`Name of the kept run ${name}`}
          value={one.name}
          placeholder={name}
          maxLength={80}
          onInput={(event) => changeKept(one.id, { name: event.currentTarget.value })}
        />
      )}
      <span className="muted numbers run-facts">
        {toldOf(one)}
        <br />
        {formatCount(one.step)} steps{lossOf(one) && `, ${lossOf(one)}`}
      </span>
      {!current && (
        <>
          <label className="check">
            <input
              type="checkbox"
              checked={one.shown}
              onChange={(event) => changeKept(one.id, { shown: event.currentTarget.checked })}
            />
            drawn<span className="unseen"> {name}</span>
          </label>
          <button
            type="button"
            className="quiet square"
            aria-label={`Remove the kept run ${name}`}
            onClick={() => removeKept(one.id)}
          >
            <Icon name="close" />
          </button>
        </>
      )}
    </li>
  );
}

/** `current` is null where nothing trains, or where it is itself among those kept. */
export function Runs({
  kept,
  current,
  names,
}: {
  kept: readonly KeptTraining[];
  current: KeptTraining | null;
  names: readonly string[];
}) {
  return (
    <section className="train-part" aria-label="Kept runs">
      <h3>Runs</h3>
      <ul className="runs">
        {current && <Row one={current} name={names[kept.length] ?? ""} current />}
        {kept.map((one, i) => (
          <Row key={one.id} one={one} name={names[i] ?? ""} current={false} />
        ))}
      </ul>
      <p className="muted train-note">
        Kept runs stay in this tab, also when it is loaded again; a link does not take them along.
      </p>
    </section>
  );
}
