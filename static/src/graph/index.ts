/** Importing this defines `<autograd-graph>` and `<autograd-timeline>`. */
import "./graph.css";
import "./timeline/timeline.css";
import { AutogradGraph } from "./element";
import { AutogradTimeline } from "./timeline/timeline";

customElements.define("autograd-graph", AutogradGraph);
customElements.define("autograd-timeline", AutogradTimeline);

declare global {
  interface HTMLElementTagNameMap {
    "autograd-graph": AutogradGraph;
    "autograd-timeline": AutogradTimeline;
  }
}

export { AutogradGraph, AutogradTimeline };
