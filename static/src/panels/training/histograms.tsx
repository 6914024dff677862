/** How weights, gradients and activations lie, over the training: as ridges, or as a heat map. */
import { useCallback, useMemo, useState } from "react";
import { formatNumber } from "../../numbers";
import type * as wire from "../../protocol.gen";
import { type Ridge, ridgeOf } from "../../training/grid";
import { histogramKey, type Training } from "../../training/state";
import { listOf } from "../../training/thin";
import { setLook, useLook } from "./look";
import { mix, paintCells, rgb } from "./marks";
import { usePaced } from "./paced";
import { type Brush, Plane } from "./plane";

const KINDS = ["weight", "gradient", "activation"] as const;
const NAMES = { weight: "Weights", gradient: "Gradients", activation: "Activations" } as const;

/** Ridges that are drawn; more could not be told apart. */
const MOST_RIDGES = 24;
const [WIDTH, HEIGHT, TALL] = [600, 260, 56];

function Ridges({ ridge, of, label }: { ridge: Ridge; of: wire.Histogram["of"]; label: string }) {
  const every = Math.ceil(ridge.rows.length / MOST_RIDGES);
  const chosen = ridge.rows
    .map((row, i) => ({ row, step: ridge.steps[i] ?? 0, i }))
    .filter(({ i }) => (ridge.rows.length - 1 - i) % every === 0);
  const gap = (HEIGHT - TALL) / Math.max(1, chosen.length - 1);
  const x = (bin: number) => (bin / (ridge.rows[0]?.length ?? 1)) * WIDTH;
  const first = chosen[0]?.step ?? 0;
  const last = chosen.at(-1)?.step ?? 0;
  return (
    <figure className="ridges-box">
      <svg
        className={`ridges ridges-${of === "gradient" ? "grad" : "value"}`}
        viewBox={`0 -4 ${WIDTH} ${HEIGHT + 8}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
      >
        {chosen.map(({ row, step }, k) => {
          const base = chosen.length === 1 ? HEIGHT : TALL + k * gap;
          // Each as tall as the tallest of its own: how wide it is, is what is compared.
          const most = row.reduce((a, b) => Math.max(a, b), 0) || 1;
          const line = [...row]
            .map((part, bin) => `L${x(bin + 0.5).toFixed(1)} ${(base - (TALL * part) / most).toFixed(1)}`)
            .join("");
          return <path key={step} d={`M0 ${base}${line}L${WIDTH} ${base}`} />;
        })}
      </svg>
      <span className="plane-x numbers">
        <span>{formatNumber(ridge.low)}</span>
        <span className="muted">
          step {first} at the back, {last} in front
        </span>
        <span>{formatNumber(ridge.high)}</span>
      </span>
    </figure>
  );
}

function Heat({ ridge, of, label }: { ridge: Ridge; of: wire.Histogram["of"]; label: string }) {
  const bins = ridge.rows[0]?.length ?? 0;
  const paint = useCallback(
    (brush: Brush) => {
      const [ground, full] = [rgb("--surface"), rgb(of === "gradient" ? "--grad" : "--value")];
      const most = ridge.rows.map((row) => row.reduce((a, b) => Math.max(a, b), 0) || 1);
      // The square root shows the thin ends too.
      const part = (i: number, j: number) => Math.sqrt((ridge.rows[j]?.[i] ?? 0) / (most[j] ?? 1));
      paintCells(brush, bins, ridge.rows.length, (i, j) => mix(ground, full, part(i, j)), false);
    },
    [ridge, bins, of],
  );
  return (
    <Plane
      x={[ridge.steps[0] ?? 0, Math.max(ridge.steps.at(-1) ?? 1, (ridge.steps[0] ?? 0) + 1)]}
      y={[ridge.low, ridge.high]}
      paint={paint}
      label={label}
      xTitle="training step"
      className="plane-wide"
    />
  );
}

export function Histograms({ training }: { training: Training }) {
  const paced = usePaced(training.histograms, 500);
  const look = useLook();
  const [wanted, setWanted] = useState<{ of: wire.Histogram["of"]; name: string }>({
    of: "weight",
    name: "",
  });
  const all = Object.values(paced).map((kept) => kept.last);
  const kinds = KINDS.filter((of) => all.some((one) => one.of === of));
  const of = kinds.includes(wanted.of) ? wanted.of : kinds[0];
  const names = all.filter((one) => one.of === of).map((one) => one.name);
  const name = names.includes(wanted.name) ? wanted.name : names[0];
  const kept = of && name !== undefined ? paced[histogramKey({ of, name })] : undefined;
  const ridge = useMemo(() => kept && ridgeOf(listOf(kept)), [kept]);
  if (!of || name === undefined) return null;
  const label = `${NAMES[of]} of ${name} over the training: ${
    ridge ? `between ${formatNumber(ridge.low)} and ${formatNumber(ridge.high)}` : "nothing yet"
  }`;
  return (
    <section className="train-part" aria-label="Histograms over the training">
      <h3>Histograms over the training</h3>
      <div className="panel-tools">
        <fieldset className="segments">
          <legend className="unseen">Of</legend>
          {kinds.map((one) => (
            <button
              type="button"
              key={one}
              className="segment"
              aria-pressed={one === of}
              onClick={() => setWanted({ of: one, name })}
            >
              {NAMES[one]}
            </button>
          ))}
        </fieldset>
        <label className="pick-label">
          of
          <select value={name} onChange={(event) => setWanted({ of, name: event.currentTarget.value })}>
            {names.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <fieldset className="segments">
          <legend className="unseen">Drawn as</legend>
          {(["ridges", "heat"] as const).map((one) => (
            <button
              type="button"
              key={one}
              className="segment"
              aria-pressed={look.histograms === one}
              onClick={() => setLook({ histograms: one })}
            >
              {one === "ridges" ? "Ridges" : "Heat map"}
            </button>
          ))}
        </fieldset>
      </div>
      {ridge ? (
        look.histograms === "ridges" ? (
          <Ridges ridge={ridge} of={of} label={label} />
        ) : (
          <Heat ridge={ridge} of={of} label={label} />
        )
      ) : (
        <p className="empty-line">None of its elements is a finite number.</p>
      )}
    </section>
  );
}
