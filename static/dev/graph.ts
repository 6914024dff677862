/** A page to look at the diagram by itself: `npx vite`, then /static/dev/graph.html?fixture=tinyModel&theme=dark&step=3. */
import "@fontsource-variable/inter/index.css";
import "@fontsource-variable/jetbrains-mono/index.css";
import "../src/tokens.css";
import "../src/graph/index";
import { FIXTURES } from "../src/graph/fixtures";

const query = new URLSearchParams(location.search);
const theme = query.get("theme");
if (theme) document.documentElement.dataset.theme = theme;

const style = new CSSStyleSheet();
style.replaceSync(
  "html,body{height:100%;margin:0}body{display:flex;flex-direction:column;background:var(--bg)}autograd-graph{flex:1}",
);
document.adoptedStyleSheets.push(style);

const graph = document.createElement("autograd-graph");
const recorded = FIXTURES[query.get("fixture") ?? "chain"]?.();
const timeline = document.createElement("autograd-timeline");
document.body.append(graph, timeline);
if (recorded) graph.push(recorded);
if (query.get("direction") === "right") graph.direction = "right";
const step = query.get("step");
if (step !== null) graph.step = Number(step);
if (recorded) timeline.recording = recorded;
timeline.step = graph.step;
timeline.addEventListener("stepchange", (event) => {
  const { step, node } = (event as CustomEvent<{ step: number | null; node: number | null }>).detail;
  graph.step = step;
  graph.lit = node === null ? [] : [node];
});
graph.addEventListener("stepchange", () => {
  timeline.step = graph.step;
});
Object.assign(window, { graph, timeline, recorded });
