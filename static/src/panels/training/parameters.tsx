/** Each parameter: its gradient, its size, and how fast it changes; over the training for the one that is chosen. */
import type { Data, Layout } from "plotly.js";
import { useCallback, useMemo, useState } from "react";
import { formatNumber, fullNumber, toNumber } from "../../numbers";
import { Plot } from "../../parts/plot";
import type * as wire from "../../protocol.gen";
import { token } from "../../theme";
import type { Training } from "../../training/state";
import { listOf } from "../../training/thin";
import { GUIDE, verdict } from "../../training/words";
import { usePaced } from "./paced";

const MOST_ROWS = 100;
const HEIGHT = 190;

type Points = readonly wire.ParameterPoint[];

const finite = (x: wire.Number | undefined): number | null => {
  const value = x === undefined ? Number.NaN : toNumber(x);
  return Number.isFinite(value) ? value : null;
};

const positive = (x: wire.Number | undefined): number | null => {
  const value = finite(x);
  return value !== null && value > 0 ? value : null;
};

/** The gradient's elements: nine tenths of them, half of them, the middle. */
function drawPercentiles(points: Points): { data: Data[]; layout: Partial<Layout> } {
  const at = points.filter((point) => (point.percentiles?.length ?? 0) === 5);
  const x = at.map((point) => point.step);
  const of = (k: number) => at.map((point) => finite(point.percentiles?.[k]));
  const color = token("--grad");
  const soft = color.replace(/^rgb\(/, "rgba(").replace(/\)$/, ", 0.18)");
  const edge = (k: number, name: string, more: object): Data => ({
    type: "scatter",
    mode: "lines",
    x,
    y: of(k),
    name,
    line: { width: 0, color },
    ...more,
  });
  const band = { fill: "tonexty", fillcolor: soft };
  const data = [
    edge(0, "5 %", {}),
    edge(4, "95 %", band),
    edge(1, "25 %", {}),
    edge(3, "75 %", band),
    edge(2, "median", { line: { width: 2, color } }),
  ];
  return { data, layout: plain("gradient's elements", "linear") };
}

function drawRatio(points: Points): { data: Data[]; layout: Partial<Layout> } {
  const at = points.filter((point) => point.update_ratio != null);
  const x = at.map((point) => point.step);
  const ends = [x[0] ?? 0, x.at(-1) ?? 1];
  const data: Data[] = [
    {
      type: "scatter",
      mode: "lines",
      x,
      y: at.map((point) => positive(point.update_ratio)),
      name: "update / weight",
      line: { color: token("--value"), width: 1.75 },
    },
    {
      type: "scatter",
      mode: "lines",
      x: ends,
      y: [GUIDE, GUIDE],
      name: "usual: 0.001",
      line: { color: token("--muted"), width: 1.5, dash: "dash" },
    },
  ];
  const layout = plain("update / weight", "log");
  const sizes = [...at.map((point) => positive(point.update_ratio)), GUIDE].filter((one) => one !== null);
  // Whole powers of ten, so that the axis stands still.
  const range = [Math.floor(Math.log10(Math.min(...sizes))), Math.ceil(Math.log10(Math.max(...sizes)))];
  const [low = -4, high = -2] = range;
  return {
    data,
    layout: { ...layout, yaxis: { ...layout.yaxis, range: [low, Math.max(high, low + 2)], dtick: 1 } },
  };
}

function plain(title: string, type: "linear" | "log"): Partial<Layout> {
  return {
    margin: { l: 52, r: 8, t: 8, b: 36 },
    showlegend: false,
    hovermode: "x unified",
    uirevision: title,
    xaxis: { title: { text: "training step" } },
    yaxis: { type, nticks: 5, exponentformat: "power" },
  };
}

function One({ name, points }: { name: string; points: Points }) {
  const percentiles = useCallback(() => drawPercentiles(points), [points]);
  const ratio = useCallback(() => drawRatio(points), [points]);
  const last = points.at(-1);
  const said = last?.update_ratio == null ? null : verdict(toNumber(last.update_ratio));
  const some = points.some((point) => (point.percentiles?.length ?? 0) === 5);
  return (
    <div className="train-grid">
      {some && (
        <section className="train-chart" aria-label={`Gradient of ${name}`}>
          <h3>
            Gradient of <span className="mono">{name}</span>
          </h3>
          <Plot
            draw={percentiles}
            height={HEIGHT}
            label={`Gradient of ${name}: 5, 25, 50, 75 and 95 percent of its elements`}
          />
        </section>
      )}
      <section className="train-chart" aria-label={`Update to weight of ${name}`}>
        <h3>
          Update to weight of <span className="mono">{name}</span>
        </h3>
        <Plot
          draw={ratio}
          height={HEIGHT}
          label={`How much each step changes ${name}, beside its size; the dashed line is the usual, a thousandth`}
        />
        <p className="train-note">{said?.sentence ?? "The dashed line is the usual: a thousandth."}</p>
      </section>
    </div>
  );
}

export function Parameters({ training }: { training: Training }) {
  const paced = usePaced(training.parameters, 500);
  const [wanted, setWanted] = useState("");
  const names = useMemo(() => Object.keys(paced), [paced]);
  const name = names.includes(wanted) ? wanted : names[0];
  const kept = name === undefined ? undefined : paced[name];
  const points = useMemo(() => (kept ? listOf(kept) : []), [kept]);
  if (name === undefined) return null;
  return (
    <section className="train-part" aria-label="Parameters">
      <h3>Parameters</h3>
      <div className="table-scroll">
        <table className="table train-table">
          <thead>
            <tr>
              <th scope="col">Parameter</th>
              <th scope="col">Gradient norm</th>
              <th scope="col">Weight norm</th>
              <th scope="col">Update / weight</th>
              <th scope="col">Pace</th>
            </tr>
          </thead>
          <tbody>
            {names.slice(0, MOST_ROWS).map((one) => {
              const last = paced[one]?.last;
              const ratio = last?.update_ratio ?? null;
              const judged = ratio === null ? null : verdict(toNumber(ratio));
              return (
                <tr key={one} aria-selected={one === name}>
                  <th scope="row">
                    <button type="button" aria-pressed={one === name} onClick={() => setWanted(one)}>
                      {one}
                    </button>
                  </th>
                  <td className="grad" title={last && fullNumber(last.grad_norm)}>
                    {last && formatNumber(last.grad_norm)}
                  </td>
                  <td className="value" title={last && fullNumber(last.weight_norm)}>
                    {last && formatNumber(last.weight_norm)}
                  </td>
                  <td title={ratio === null ? undefined : fullNumber(ratio)}>
                    {ratio === null ? "" : formatNumber(ratio)}
                  </td>
                  <td title={judged?.sentence}>{ratio === null ? "" : (judged?.word ?? "usual")}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
        {names.length > MOST_ROWS && (
          <p className="table-foot">
            The first {MOST_ROWS} of {names.length} parameters.
          </p>
        )}
      </div>
      <One key={name} name={name} points={points} />
    </section>
  );
}
