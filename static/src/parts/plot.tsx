/** A Plotly plot in the page's colours. Plotly is loaded when the first plot is drawn. */
import type { Config, Data, Layout, PlotlyHTMLElement, Scene, SceneAxis } from "plotly.js";
import { useEffect, useRef, useState } from "react";
import { onTheme, token } from "../theme";
import { plain } from "./plain";
import { turn } from "./turn";

type Plotly = typeof import("plotly.js");

let flat: Promise<Plotly> | undefined;
let space: Promise<Plotly> | undefined;

export function loadPlotly(): Promise<Plotly> {
  flat ??= import("plotly.js-cartesian-dist-min").then((module) => module.default);
  return flat;
}

/** The part of Plotly that draws in three dimensions, which is as large as the other and seldom needed. */
function loadSpace(): Promise<Plotly> {
  space ??= import("plotly.js-gl3d-dist-min").then((module) => module.default);
  return space;
}

const SPACE: ReadonlySet<string | undefined> = new Set(["surface", "scatter3d"]);

const inSpace = (data: readonly Data[]) => data.some(({ type }) => SPACE.has(type));

let webgl: boolean | undefined;

/** Whether the browser can draw in three dimensions at all. */
function hasWebGl(): boolean {
  webgl ??= (() => {
    const context = document.createElement("canvas").getContext("webgl");
    context?.getExtension("WEBGL_lose_context")?.loseContext();
    return context !== null;
  })();
  return webgl;
}

/** Layout every plot shares; what a plot says itself wins. */
function themed(layout: Partial<Layout>, room: number): Partial<Layout> {
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
    if (/^scene\d*$/.test(key)) {
      const { domain } = look[key] as Partial<Scene>;
      const [left = 0, right = 1] = domain?.x ?? [];
      const [bottom = 0, top = 1] = domain?.y ?? [];
      // What is drawn is fitted to the height; a narrow plot has to be seen from further off.
      const narrow = ((layout.height ?? 0) * (top - bottom)) / Math.max(1, room * (right - left));
      look[key] = themedScene(look[key] as Partial<Scene>, Math.max(1, narrow));
    }
    if (!/^[xy]axis\d*$/.test(key)) continue;
    const own = look[key] as { title?: object };
    look[key] = { ...axis, ...own, title: { ...title, ...own.title } };
  }
  return look;
}

/** A plot in three dimensions: the same lines and letters, on no background of its own; `away` is how far the eye is. */
function themedScene(scene: Partial<Scene>, away: number): object {
  const axis = (own: Partial<SceneAxis> | undefined) => ({
    gridcolor: token("--hairline-strong"),
    zerolinecolor: token("--hairline-strong"),
    linecolor: token("--hairline-strong"),
    showbackground: false,
    showspikes: false,
    exponentformat: "power",
    color: token("--muted"),
    ...own,
    title: { font: { size: 13, color: token("--muted") }, ...(own?.title as object) },
  });
  const { x = 1.25, y = 1.25, z = 1.25 } = scene.camera?.eye ?? {};
  const camera = { eye: { x: x * away, y: y * away, z: z * away }, center: { x: 0, y: 0, z: -0.1 } };
  // Turned by hand it stays turned when the theme changes.
  return {
    uirevision: "turned",
    ...scene,
    camera,
    xaxis: axis(scene.xaxis),
    yaxis: axis(scene.yaxis),
    zaxis: axis(scene.zaxis),
  };
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
  const [failed, setFailed] = useState<"" | "webgl" | "error">("");
  const drawer = useRef<Promise<Plotly>>(undefined);
  useEffect(() => {
    let here = true;
    const element = box.current;
    const prepare = async () => {
      const { data, layout } = plain(draw());
      const solid = inSpace(data);
      if (solid && !hasWebGl()) {
        setFailed("webgl");
        return;
      }
      drawer.current = solid ? loadSpace() : loadPlotly();
      const plotly = await drawer.current;
      const paint = async () => {
        if (!here || !element) return;
        const look = themed({ ...layout, height }, element.clientWidth);
        const drawn = (await plotly.react(element, data, look, CONFIG)) as PlotlyHTMLElement;
        if (!onPick) return;
        drawn.removeAllListeners("plotly_click");
        drawn.on("plotly_click", (event) => {
          const point = event.points[0];
          if (point) onPick({ curve: point.curveNumber, index: point.pointNumber });
        });
      };
      turn(() => paint().catch(fail));
    };
    const fail = () => here && setFailed("error");
    const start = () => prepare().catch(fail);
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
      if (element) drawer.current?.then((plotly) => plotly.purge(element)).catch(() => undefined);
    };
  }, []);
  if (failed === "webgl") {
    return (
      <p className="notice">
        This plot has three dimensions, and this browser has no WebGL to draw them with.
      </p>
    );
  }
  if (failed) return <p className="problem">The plot could not be drawn. Reload the page to try again.</p>;
  return (
    <figure className="plot" aria-label={label} style={{ minHeight: height }}>
      <div ref={box} className="plot-box" />
    </figure>
  );
}
