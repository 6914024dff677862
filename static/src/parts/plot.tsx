/** A Plotly plot in the page's colours. Plotly is loaded when the first plot is drawn. */
import type { Config, Data, Layout, PlotlyHTMLElement } from "plotly.js";
import { useEffect, useRef, useState } from "react";
import { onTheme, token } from "../theme";
import { plain } from "./plain";
import { turn } from "./turn";

type Plotly = typeof import("plotly.js");

let loading: Promise<Plotly> | undefined;

export function loadPlotly(): Promise<Plotly> {
  loading ??= import("plotly.js-cartesian-dist-min").then((module) => module.default);
  return loading;
}

/** Layout every plot shares; what a plot says itself wins. */
function themed(layout: Partial<Layout>): Partial<Layout> {
  const ink = token("--ink");
  const line = token("--hairline");
  const title = { font: { size: 13, color: token("--muted") }, standoff: 8 };
  const axis = {
    gridcolor: line,
    zerolinecolor: token("--hairline-strong"),
    linecolor: line,
    automargin: true,
    exponentformat: "power",
  };
  const look: Record<string, unknown> = {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    // Blue is a value; orange and red mean something else here, so plain series never take them.
    colorway: [
      token("--value"),
      token("--code-number"),
      token("--code-keyword"),
      token("--code-string"),
      token("--muted"),
      token("--div-p3"),
    ],
    font: { family: "Inter Variable, system-ui, sans-serif", size: 13, color: ink },
    hoverlabel: {
      bgcolor: token("--surface"),
      bordercolor: token("--hairline-strong"),
      font: { color: ink },
    },
    margin: { l: 48, r: 16, t: layout.title ? 40 : 16, b: 40 },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
    ...layout,
  };
  look.xaxis ??= {};
  look.yaxis ??= {};
  for (const key of Object.keys(look)) {
    if (!/^[xy]axis\d*$/.test(key)) continue;
    const own = look[key] as { title?: object };
    look[key] = { ...axis, ...own, title: { ...title, ...own.title } };
  }
  return look;
}

const CONFIG: Partial<Config> = {
  displaylogo: false,
  displayModeBar: false,
  responsive: true,
  doubleClick: "reset",
};

interface Props {
  /** Called again after a change of theme, so that colours come from `token()`. */
  readonly draw: () => { data: Data[]; layout: Partial<Layout> };
  readonly label: string;
  readonly height?: number;
  readonly onPick?: (point: { curve: number; index: number }) => void;
}

export function Plot({ draw, label, height = 280, onPick }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let here = true;
    const element = box.current;
    const paint = async () => {
      const plotly = await loadPlotly();
      if (!here || !element) return;
      const { data, layout } = plain(draw());
      const drawn = (await plotly.react(
        element,
        data,
        themed({ ...layout, height }),
        CONFIG,
      )) as PlotlyHTMLElement;
      if (!onPick) return;
      drawn.removeAllListeners("plotly_click");
      drawn.on("plotly_click", (event) => {
        const point = event.points[0];
        if (point) onPick({ curve: point.curveNumber, index: point.pointNumber });
      });
    };
    const start = () =>
      loadPlotly()
        .then(() => turn(() => paint().catch(() => here && setFailed(true))))
        .catch(() => here && setFailed(true));
    start();
    const undo = onTheme(start);
    return () => {
      here = false;
      undo();
    };
  }, [draw, height, onPick]);
  useEffect(() => {
    const element = box.current;
    return () => {
      if (element && loading) loading.then((plotly) => plotly.purge(element)).catch(() => undefined);
    };
  }, []);
  if (failed) return <p className="problem">The plot could not be drawn. Reload the page to try again.</p>;
  return (
    <figure className="plot" aria-label={label} style={{ minHeight: height }}>
      <div ref={box} className="plot-box" />
    </figure>
  );
}
