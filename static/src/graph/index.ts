/** Importing this defines `<autograd-graph>` and `<autograd-timeline>`. */
import "./graph.css";

export { AutogradGraph } from "./element";
