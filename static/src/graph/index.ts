/** Importing this defines `<autograd-graph>` and `<autograd-timeline>`. */
import "./graph.css";
import "./timeline/timeline.css";

export { AutogradGraph } from "./element";
export { AutogradTimeline } from "./timeline/timeline";
