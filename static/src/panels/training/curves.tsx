/** Loss, metrics and gradient norm: one plot each, of this run and of those that were kept. */
import type { Data, Layout } from "plotly.js";
import { type ReactNode, useCallback, useMemo } from "react";
import { formatNumber } from "../../numbers";
import { Plot } from "../../parts/plot";
import { token } from "../../theme";
import { type Chart, chartsOf, labelOf, smooth, varies } from "../../training/curves";
import type { KeptTraining } from "../../training/kept";
import type { Training } from "../../training/state";
import { type Point, pointsOf } from "../../training/thin";
import { DASHES, type Look, RUN_LOOKS, setLook, useLook } from "./look";
import { usePaced } from "./paced";

const HEIGHT = 208;
const REDRAW_MS = 250;

/** One line of a plot. */
interface Curve {
  readonly label: string;
  readonly points: readonly Point[];
  /** Which run, 0 the one that is shown, and which of its series in this plot. */
  readonly run: number;
  readonly series: number;
}

/** The lines of a plot: of each run those it has. */
function curvesOf(
  chart: Chart,
  training: Training,
  kept: readonly KeptTraining[],
  names: readonly string[],
): readonly Curve[] {
  const own = chart.names.flatMap((name, series) => {
    const found = training.series[name];
    return found
      ? [{ label: labelOf(name, training.learners), points: pointsOf(found), run: 0, series }]
      : [];
  });
  const others = kept.flatMap((one, i) =>
    one.shown
      ? chart.names.flatMap((name, series) => {
          const points = one.series[name];
          return points ? [{ label: `${names[i]}: ${name}`, points, run: one.look, series }] : [];
        })
      : [],
  );
  // The run that is shown is drawn last, above the others.
  return [...others, ...own];
}

function traces(curve: Curve, kind: Chart["kind"], { smoothing, log, along }: Look, marked: boolean): Data[] {
  const look = RUN_LOOKS[curve.run % RUN_LOOKS.length] ?? RUN_LOOKS[0];
  const color = token(kind === "gradient" && curve.run === 0 ? "--grad" : look.color);
  const dash = DASHES[curve.series % DASHES.length]?.dash ?? "solid";
  const x = curve.points.map((point) => (along === "step" ? point.step : point.time));
  const raw = curve.points.map((point) => point.value);
  const drawn = (values: readonly number[]) =>
    values.map((value) => (Number.isFinite(value) && (!log || value > 0) ? value : null));
  const line = (y: readonly number[], more: object): Data => ({
    type: "scatter",
    x,
    y: drawn(y),
    name: curve.label,
    showlegend: false,
    mode: "lines",
    line: { color, width: 1.75, dash },
    ...more,
  });
  const marks = marked && {
    mode: "lines+markers",
    marker: { color, symbol: look.symbol, size: 7, maxdisplayed: 7 },
  };
  const smoothed = smoothing > 0 && curve.points.length > 4;
  const faint = { line: { color, width: 1 }, opacity: 0.28, hoverinfo: "skip" };
  if (smoothed && curve.run > 0) return [line(smooth(raw, smoothing), { ...marks })];
  return smoothed
    ? [line(raw, faint), line(smooth(raw, smoothing), { ...marks })]
    : [line(raw, { ...marks })];
}

interface SwatchProps {
  readonly run: number;
  readonly series?: number;
  readonly kind?: Chart["kind"];
  /** With the mark of the run. */
  readonly mark?: boolean;
}

/** What a line looks like. */
export function Swatch({ run, series = 0, kind = "value", mark = false }: SwatchProps) {
  const look = RUN_LOOKS[run % RUN_LOOKS.length] ?? RUN_LOOKS[0];
  const color = `var(${kind === "gradient" && run === 0 ? "--grad" : look.color})`;
  return (
    <svg className="swatch" viewBox="0 0 28 12" aria-hidden="true">
      <path
        d="M0 6H28"
        fill="none"
        stroke={color}
        strokeWidth="2"
        strokeDasharray={DASHES[series % DASHES.length]?.pattern}
      />
      {mark && <path d={look.path} transform="translate(14 6)" fill={color} />}
    </svg>
  );
}

/** What a line alone in its plot need not be called. */
const PLAIN = /^(loss|accuracy|acc|lr|grad_norm)$/i;

function ChartOf({ chart, curves: newest }: { chart: Chart; curves: readonly Curve[] }) {
  const look = useLook();
  const curves = usePaced(newest, REDRAW_MS);
  const marked = curves.some((curve) => curve.run > 0);
  const draw = useCallback(() => {
    const data = curves.flatMap((curve) => traces(curve, chart.kind, look, marked));
    const layout: Partial<Layout> = {
      margin: { l: 52, r: 8, t: 8, b: 36 },
      showlegend: false,
      hovermode: "x unified",
      uirevision: `${look.along} ${look.log}`,
      xaxis: { title: { text: look.along === "step" ? "training step" : "seconds" }, rangemode: "tozero" },
      yaxis: { type: look.log ? "log" : "linear", nticks: 6 },
    };
    return { data, layout };
  }, [curves, look, marked, chart.kind]);
  const own = curves.filter((curve) => curve.run === 0);
  const said = curves
    .map((curve) => `${curve.label} ${formatNumber(curve.points.at(-1)?.value ?? Number.NaN)}`)
    .join(", ");
  const below = look.log && curves.every((curve) => curve.points.every((point) => point.value <= 0));
  return (
    <section className="train-chart" aria-label={chart.title}>
      <h3>
        {chart.title}
        {own.map((curve) => (
          <span key={curve.label} className="train-now numbers">
            {(own.length > 1 || !(PLAIN.test(curve.label) || curve.label === chart.title)) && (
              <>
                <Swatch run={0} series={curve.series} kind={chart.kind} />
                <span className="muted">{curve.label}</span>
              </>
            )}
            <b className={chart.kind === "gradient" ? "grad" : "value"}>
              {formatNumber(curve.points.at(-1)?.value ?? Number.NaN)}
            </b>
          </span>
        ))}
      </h3>
      {below ? (
        <p className="empty-line">Nothing here is greater than zero, so a log scale shows nothing.</p>
      ) : (
        <Plot draw={draw} label={`${chart.title} over the training: now ${said}`} height={HEIGHT} />
      )}
    </section>
  );
}

/** Since which step no loss is a number, if that is what has become of it; of several learners each may have its turn. */
export function lostSince({ series }: Training): number | null {
  const losses = Object.entries(series).flatMap(([name, one]) => (/^loss(\/\d+)?$/.test(name) ? [one] : []));
  if (losses.length === 0 || losses.some((one) => one.missing < 3)) return null;
  return Math.max(...losses.map((one) => one.since));
}

export function Curves({
  training,
  kept,
  names,
  beside,
}: {
  training: Training;
  kept: readonly KeptTraining[];
  names: readonly string[];
  /** What stands beside the first plot. */
  beside: ReactNode;
}) {
  const charts = useMemo(() => {
    const all = new Set(Object.keys(training.series));
    for (const one of kept) if (one.shown) for (const name of Object.keys(one.series)) all.add(name);
    const worth = [...all].filter((name) => {
      if (!/^lr(\/\d+)?$/.test(name)) return true;
      const own = training.series[name];
      return own !== undefined && varies(pointsOf(own));
    });
    return chartsOf(worth)
      .map((chart) => ({ chart, curves: curvesOf(chart, training, kept, names) }))
      .filter(({ curves }) => curves.some((curve) => curve.points.length > 0));
  }, [training, kept, names]);
  const lost = lostSince(training);
  const one = ({ chart, curves }: (typeof charts)[number]) => (
    <ChartOf key={chart.title} chart={chart} curves={curves} />
  );
  return (
    <>
      {lost !== null && (
        <p className="train-lost">
          The loss is not a number since step {lost}: the training has diverged. Try a smaller learning rate.
        </p>
      )}
      {charts.slice(0, 1).map(one)}
      {beside}
      {charts.slice(1).map(one)}
    </>
  );
}

/** How all of the curves are drawn. */
export function LookTools() {
  const look = useLook();
  return (
    <>
      <label className="check">
        Smoothing
        <input
          type="range"
          min="0"
          max="0.99"
          step="0.01"
          value={look.smoothing}
          onInput={(event) => setLook({ smoothing: Number(event.currentTarget.value) })}
        />
        <output className="numbers">{look.smoothing.toFixed(2)}</output>
      </label>
      <label className="check">
        <input
          type="checkbox"
          checked={look.log}
          onChange={(event) => setLook({ log: event.currentTarget.checked })}
        />
        Log scale
      </label>
      <fieldset className="segments">
        <legend className="unseen">Along</legend>
        {(["step", "time"] as const).map((one) => (
          <button
            type="button"
            key={one}
            className="segment"
            aria-pressed={look.along === one}
            onClick={() => setLook({ along: one })}
          >
            {one === "step" ? "Steps" : "Time"}
          </button>
        ))}
      </fieldset>
    </>
  );
}
