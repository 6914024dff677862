declare module "plotly.js-cartesian-dist-min" {
  const Plotly: typeof import("plotly.js");
  export default Plotly;
}

declare module "plotly.js-gl3d-dist-min" {
  const Plotly: typeof import("plotly.js");
  export default Plotly;
}

declare module "@codemirror/lang-python?completion" {
  export { globalCompletion, localCompletionSource } from "@codemirror/lang-python";
}
