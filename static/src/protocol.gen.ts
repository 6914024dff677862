// Generated from playground/protocol.py and playground/web/boot.py by `make gen`; do not edit.
//
// The names are the protocol's own. Some (Node, Event, Error, Number) are also names of the platform, so
// import them with a prefix: `import type * as wire from "./protocol.gen"`, then `wire.Node`.

export type Command = Run | Parse | Cancel | Inspect | Jacobian | Local | Live | Control | Tune | Ack;

/** Run a program. A newer run of the same connection replaces an older one. */
export interface Run {
  type: "run";
  run: string;
  code: string;
  /**
   * `cuda`: where `torch.cuda.is_available()` is True, and no more; where there is no such place, on the CPU.
   * @defaultValue `"cpu"`
   */
  device?: Device;
  /** @defaultValue `0` */
  seed?: number;
  data?: UserData;
}

export type Device = "cpu" | "cuda";

/** A table of the person's own, in a program `import data`: `data.X` and `data.y`. */
export interface UserData {
  /** @defaultValue `"data.csv"` */
  name?: string;
  /** CSV as it was dropped or pasted: at most 1 MiB, counted in bytes of UTF-8 where it is accepted. */
  text: string;
  /** Whether the first row has the names; None: it is guessed. */
  header?: boolean;
  /** Of the columns whose type is not the one that is guessed. */
  types?: Record<string, ColumnType>;
  /** Columns of `X`, by name; empty: every number column but the target. */
  features?: string[];
  /**
   * Column of `y`; empty: the last one that is not text.
   * @defaultValue `""`
   */
  target?: string;
  /**
   * Whether the features are shifted and scaled to mean 0 and standard deviation 1 (of the training rows).
   * @defaultValue `false`
   */
  standardise?: boolean;
  /**
   * The part of the rows that goes into `data.X_test` and `data.y_test`.
   * @defaultValue `0.0`
   */
  test?: number;
  /**
   * Of the split.
   * @defaultValue `0`
   */
  seed?: number;
}

export type ColumnType = "category" | "number" | "text";

/**
 * Say what a program is made of, without running it, and what shapes its tensors will have; or what is in a table.
 *
 * It is read in a child of its own, beside a run of the same connection; a newer one replaces an older one. Answered
 * by `Document` if there is code, by `Table` if there is data, and then `Finished`.
 */
export interface Parse {
  type: "parse";
  run: string;
  /** @defaultValue `""` */
  code?: string;
  data?: UserData;
}

/** Stop a run; it ends with `Finished` and status `cancelled`. Unknown runs are ignored. */
export interface Cancel {
  type: "cancel";
  run: string;
}

/** Ask for the full values of one node's tensors (at most 1,000 values each); answered by `Detail`. */
export interface Inspect {
  type: "inspect";
  run: string;
  node: number;
}

/**
 * Ask for derivatives of one node with respect to others; answered by `JacobianResult` or `Error`.
 *
 * `order` 1 is the Jacobian; 2 the Hessian, and then the output must have one element.
 */
export interface Jacobian {
  type: "jacobian";
  run: string;
  output: number;
  inputs: number[];
  /** @defaultValue `1` */
  order?: 1 | 2;
}

/**
 * Ask for the local Jacobians of one operation, those of its output with respect to each of its inputs; answered by
 * `LocalResult` or `Error`.
 */
export interface Local {
  type: "local";
  run: string;
  node: number;
  /**
   * Which tensor of the node.
   * @defaultValue `0`
   */
  output?: number;
  /**
   * Work the derivative out by finite differences too, and compare.
   * @defaultValue `false`
   */
  check?: boolean;
}

/**
 * Run a program from its beginning in the process of a run that has ended, for what follows a dragged control.
 *
 * Answered by `LiveResult` (or `Error`), after which `Inspect`, `Jacobian` and `Local` are about this one. The page
 * sends the next when the answer to the last is there, so that the newest position is always the one that counts.
 */
export interface Live {
  type: "live";
  run: string;
  /** Counted by the page; comes back. */
  number: number;
  code: string;
  /** @defaultValue `0` */
  seed?: number;
  curves?: CurveRequest[];
  field?: FieldRequest;
  /**
   * Variables of which the value and the derivatives are wanted as formulas, `y[0]` for the derivatives of the
   * first element; asked when the text has changed.
   */
  derivatives?: string[];
}

/** A number of the program over a range of one of its inputs. */
export interface CurveRequest {
  /** A variable; its elements are summed for the derivative. */
  output: string;
  /** A variable that the program makes once, as a tensor with one element. */
  input: string;
  low: number;
  high: number;
  /** @defaultValue `161` */
  count?: number;
}

/** A number of the program, and its gradient, over a grid of two of its inputs. */
export interface FieldRequest {
  output: string;
  inputs: string[];
  low: number[];
  high: number[];
  /**
   * Points along each side.
   * @defaultValue `21`
   */
  count?: number;
}

/**
 * Hold a running program after its next training step, let it do one more, or let it go on.
 *
 * Answered by `Paused` when it is held and by `Resumed` when it goes on. A step that ends in a hold is recorded from
 * its first operation: its graph comes as a `Graph` with `restart`.
 */
export interface Control {
  type: "control";
  run: string;
  action: "pause" | "resume" | "step";
}

/** Change the learning rate of a running program, from its next training step on. */
export interface Tune {
  type: "tune";
  run: string;
  /** As `Learner.optimizer`. */
  optimizer: number;
  /** @defaultValue `0` */
  group?: number;
  lr: number;
}

/** The browser has applied every event of the run up to `seq`; sending pauses when too many are outstanding. */
export interface Ack {
  type: "ack";
  run: string;
  seq: number;
}

export type Event = Queued | Started | Output | Figure | Graph | Profile | Detail | JacobianResult | LocalResult | LiveResult | Document | Table | Training | Paused | Resumed | Notice | Error | Finished | Closing | Gpu;

/** The run waits for a free worker. */
export interface Queued {
  type: "queued";
  run: string;
  seq: number;
  /** 1 is next. */
  position: number;
}

/** The program is about to run. */
export interface Started {
  type: "started";
  run: string;
  seq: number;
  cells: Cell[];
  device: Device;
  seed: number;
}

/** One part of the program, cut at `# %%` lines. */
export interface Cell {
  index: number;
  /** Its first line of code, 1-based in the whole program. */
  line: number;
  end_line: number;
  /**
   * The text after `# %%`.
   * @defaultValue `""`
   */
  title?: string;
}

/** Text a cell printed (`stdout`, `stderr`) or the value of its last expression (`result`). */
export interface Output {
  type: "output";
  run: string;
  seq: number;
  cell: number;
  stream: "result" | "stderr" | "stdout";
  text: string;
}

/** A plot the program made. */
export interface Figure {
  type: "figure";
  run: string;
  seq: number;
  cell: number;
  /** Counts figures of the run from 0; a later event with the same index replaces the figure. */
  index: number;
  figure: PlotlyFigure;
}

/** Plotly JSON. */
export interface PlotlyFigure {
  data: Trace[];
  layout: Layout;
}

/** One thing drawn, in Plotly's spelling: a closed part of Plotly's trace schema. */
export interface Trace {
  type: "bar" | "heatmap" | "histogram" | "scatter" | "scatter3d" | "surface";
  mode?: "lines" | "lines+markers" | "markers";
  name?: string;
  x?: (number | string)[];
  y?: (number | string)[];
  /** Of a heat map and a surface rows, one for each y; of points in space one number each. */
  z?: (Number[] | number | "-inf" | "inf" | "nan")[];
  line?: Line;
  marker?: Marker;
  opacity?: number;
  orientation?: "h" | "v";
  nbinsx?: number;
  /** Of bars, in the axis's units. */
  width?: number | (number | string)[];
  /** Where bars begin. */
  base?: number | (number | string)[];
  zmin?: number;
  zmax?: number;
  /** Of a surface: the height of the first colour. */
  cmin?: number;
  cmax?: number;
  showscale?: boolean;
  reversescale?: boolean;
  colorscale?: string;
  fill?: "none" | "tonexty" | "tozeroy";
  showlegend?: boolean;
  xaxis?: string;
  yaxis?: string;
  scene?: string;
}

export type Number = number | "-inf" | "inf" | "nan";

/** Plotly's `line`. */
export interface Line {
  color?: string;
  width?: number;
  dash?: "dash" | "dashdot" | "dot" | "solid";
  shape?: "hv" | "hvh" | "linear" | "vh";
}

/** Plotly's `marker`; `color` may give one number per point, mapped through `colorscale`. */
export interface Marker {
  color?: string | (number | string)[];
  size?: number | (number | string)[];
  symbol?: string;
  colorscale?: string;
  showscale?: boolean;
  reversescale?: boolean;
}

/** A closed part of Plotly's layout schema; up to nine subplots. */
export interface Layout {
  title?: PlotText;
  showlegend?: boolean;
  barmode?: "group" | "overlay" | "relative" | "stack";
  bargap?: number;
  annotations?: Annotation[];
  width?: number;
  height?: number;
  xaxis?: Axis;
  yaxis?: Axis;
  xaxis2?: Axis;
  yaxis2?: Axis;
  xaxis3?: Axis;
  yaxis3?: Axis;
  xaxis4?: Axis;
  yaxis4?: Axis;
  xaxis5?: Axis;
  yaxis5?: Axis;
  xaxis6?: Axis;
  yaxis6?: Axis;
  xaxis7?: Axis;
  yaxis7?: Axis;
  xaxis8?: Axis;
  yaxis8?: Axis;
  xaxis9?: Axis;
  yaxis9?: Axis;
  scene?: Scene;
  scene2?: Scene;
  scene3?: Scene;
  scene4?: Scene;
}

/** A title, in Plotly's spelling. */
export interface PlotText {
  /** @defaultValue `""` */
  text?: string;
}

/** Text in a plot, without an arrow: the title of a subplot, or what `text` wrote. */
export interface Annotation {
  text: string;
  x: number | string;
  y: number | string;
  xref: string;
  yref: string;
  xanchor: "center" | "left" | "right";
  yanchor: "bottom" | "middle" | "top";
  /** Always sent: Plotly draws an arrow where it is missing. */
  showarrow: boolean;
}

/** Plotly's axis. */
export interface Axis {
  title?: PlotText;
  type?: "category" | "linear" | "log";
  range?: Number[];
  autorange?: boolean | "reversed";
  showgrid?: boolean;
  domain?: number[];
  anchor?: string;
  scaleanchor?: string;
  tickvals?: (number | string)[];
  ticktext?: string[];
}

/** A plot in three dimensions, in Plotly's spelling. */
export interface Scene {
  xaxis: SpaceAxis;
  yaxis: SpaceAxis;
  zaxis: SpaceAxis;
  aspectmode?: "auto" | "cube" | "data" | "manual";
  /** Lengths of the sides. */
  aspectratio?: Vector;
  camera?: Camera;
  domain?: SceneDomain;
}

/** Plotly's axis of a plot in three dimensions. */
export interface SpaceAxis {
  title?: PlotText;
  type?: "category" | "linear" | "log";
  range?: Number[];
  autorange?: boolean | "reversed";
  showgrid?: boolean;
  tickvals?: (number | string)[];
  ticktext?: string[];
  visible?: boolean;
}

/** A point in space, in sizes of the plot from its middle. */
export interface Vector {
  x: number;
  y: number;
  z: number;
}

/** Where a plot in three dimensions is looked at from. */
export interface Camera {
  eye: Vector;
}

/** The part of the figure that a plot in three dimensions takes. */
export interface SceneDomain {
  x: number[];
  y: number[];
}

/** An addition to the recorded computation; everything is appended, nothing is sent twice. */
export interface Graph {
  type: "graph";
  run: string;
  seq: number;
  nodes: Node[];
  edges: Edge[];
  scopes: Scope[];
  steps: Step[];
  clears: Clear[];
  /** How many operations so far ran without being recorded, because the limit was reached. */
  omitted: number;
  /**
   * Everything recorded before is over: the graph begins again with this, its nodes and scopes counted from the
   * beginning. Sent for the training step at which a program is held.
   */
  restart: boolean;
}

/** One operation of the forward computation with the tensors it made, or a tensor that was there before. */
export interface Node {
  id: number;
  /** A factory's tensor is `leaf` if it requires grad and `constant` if not; `op` names the factory. */
  kind: "constant" | "leaf" | "op" | "parameter";
  /** `aten::sin`; empty for a tensor whose making was not seen. */
  op: string;
  /**
   * `SinBackward0`, or empty where no graph was recorded.
   * @defaultValue `""`
   */
  grad_fn?: string;
  /** @defaultValue `0` */
  cell?: number;
  place?: Place;
  /** @defaultValue `0` */
  scope?: number;
  outputs: TensorInfo[];
  /** `no_grad`: made with grad mode off though an input requires grad; `detach`: cuts the graph here. */
  flags?: ("detach" | "inplace" | "no_grad" | "nonfinite" | "view")[];
  /**
   * The error message, if this operation raised.
   * @defaultValue `""`
   */
  failed?: string;
  /**
   * Of one that raised: what did not fit, in plain words.
   * @defaultValue `""`
   */
  hint?: string;
  /** For a view or a write in place: the node whose memory it shares, the first that had it. */
  base?: number;
  /**
   * For activations that flatten out (sigmoid, tanh, relu and the like): at how many elements of the output the
   * derivative is less than a hundredth of its largest value.
   * @defaultValue `0`
   */
  saturated?: number;
}

/** Where in the program something came from: the whole expression, 1-based lines, 0-based columns. */
export interface Place {
  line: number;
  /** @defaultValue `0` */
  column?: number;
  /** @defaultValue `0` */
  end_line?: number;
  /** @defaultValue `0` */
  end_column?: number;
}

/** One tensor a node made. */
export interface TensorInfo {
  shape: number[];
  /** `float32`: PyTorch's name without `torch.`. */
  dtype: string;
  /**
   * The variable it was assigned to, `layer1.weight` for a parameter, or empty.
   * @defaultValue `""`
   */
  name?: string;
  /** @defaultValue `"cpu"` */
  device?: Device;
  /** @defaultValue `false` */
  requires_grad?: boolean;
  /** @defaultValue `0` */
  version?: number;
  value: Values;
}

/**
 * What is known of a tensor's numbers: statistics always, the numbers themselves when they are few.
 *
 * `data` is flat, in row-major order, and complete when `len(data) == numel`; otherwise it holds the first values
 * only. Statistics are over finite elements; `nonfinite` counts the rest. Booleans are 0 and 1.
 */
export interface Values {
  numel: number;
  data?: Number[];
  /** @defaultValue `0.0` */
  mean?: Number;
  /** @defaultValue `0.0` */
  std?: Number;
  /** @defaultValue `0.0` */
  min?: Number;
  /** @defaultValue `0.0` */
  max?: Number;
  /**
   * Euclidean norm.
   * @defaultValue `0.0`
   */
  norm?: Number;
  /**
   * How many elements are exactly zero.
   * @defaultValue `0`
   */
  zeros?: number;
  /** @defaultValue `0` */
  nonfinite?: number;
  /**
   * The numbers were not kept: of them nothing is known but how many there are.
   * @defaultValue `false`
   */
  unknown?: boolean;
}

/** A tensor flowing from one node into another. */
export interface Edge {
  source: number;
  target: number;
  /**
   * Which tensor of the source.
   * @defaultValue `0`
   */
  output?: number;
  /**
   * Which argument of the target.
   * @defaultValue `0`
   */
  input?: number;
  /**
   * No gradient flows back along this edge.
   * @defaultValue `false`
   */
  cut?: boolean;
}

/**
 * A part of the graph that can be folded: a call of a module or of one of the program's functions, a loop and
 * each of its iterations, a labelled range, an optimizer step.
 */
export interface Scope {
  id: number;
  /** 0 is the whole program, which is not sent. */
  parent: number;
  kind: "function" | "iteration" | "loop" | "module" | "optimizer" | "range";
  /**
   * `layer1`, or the class name for a module that is called by the program itself; a function's name; of a loop its
   * head (`for x in xs`); of an iteration its number.
   */
  name: string;
  /**
   * `Linear`, `SGD`.
   * @defaultValue `""`
   */
  type?: string;
  /**
   * Where it is called; of a loop, where its head stands. 0 if that is not known.
   * @defaultValue `0`
   */
  line?: number;
  /**
   * Of an iteration: which, from 0. Iterations in which nothing was recorded have no scope.
   * @defaultValue `0`
   */
  index?: number;
}

/** One backward node that ran. Steps come in the order they ran. */
export interface Step {
  /** Counts from 0 over the run. */
  index: number;
  /** Which backward or `autograd.grad` call of the run it belongs to, from 0. */
  call: number;
  /** The forward node whose derivative this is; for `AccumulateGrad` the leaf. */
  node: number;
  /** `MulBackward0`, `AccumulateGrad`. */
  name: string;
  /**
   * The program's line that started the backward pass.
   * @defaultValue `0`
   */
  line?: number;
  /** The gradient of each of the node's outputs. */
  entering?: (Values | null)[];
  leaving?: GradFlow[];
  /** For `AccumulateGrad`, and for a tensor that retains its gradient: its `.grad` afterwards. */
  accumulated?: Values;
  /** @defaultValue `0.0` */
  time_us?: number;
  /**
   * How many nodes there were when it ran: it comes after node `after - 1` and before node `after`.
   * @defaultValue `0`
   */
  after?: number;
  /**
   * The error message, if this backward node raised: then nothing leaves it, and the pass ends here.
   * @defaultValue `""`
   */
  failed?: string;
  /**
   * Of a pass that returns gradients (`autograd.grad`) and leaves every `.grad` alone.
   * @defaultValue `false`
   */
  returned?: boolean;
}

/** A gradient that a backward node sends to one of its inputs. */
export interface GradFlow {
  target: number;
  /** @defaultValue `0` */
  output?: number;
  grad: Values;
}

/** The `.grad` of a leaf was set back, by `zero_grad` or by hand. */
export interface Clear {
  /** The leaf, as `Step.node` names it. */
  node: number;
  to: "none" | "zero";
  /** @defaultValue `0` */
  line?: number;
  /**
   * How many nodes there were by then.
   * @defaultValue `0`
   */
  after?: number;
  /**
   * How many steps there were by then.
   * @defaultValue `0`
   */
  step?: number;
}

/** The whole run's profile, read off the recording; sent when the program ends. A later one replaces it. */
export interface Profile {
  type: "profile";
  run: string;
  seq: number;
  by_op: ProfileRow[];
  by_shape: ProfileRow[];
  spans: Span[];
  spans_omitted: number;
  /** What ran on the GPU, of the spans that are there. */
  kernels: Kernel[];
  /** What recording cost the program while it ran, about: each operation noted, at a price measured beforehand. */
  overhead_us: number;
  /** What explaining the recording and sending it took, measured; in between and afterwards. */
  explaining_us: number;
}

/** One row of the profiler table. Times are in microseconds. */
export interface ProfileRow {
  name: string;
  /**
   * Input shapes, in rows grouped by op and shape: `[[2, 3], [2, 3]]`.
   * @defaultValue `""`
   */
  shapes?: string;
  count: number;
  self_cpu: number;
  cpu: number;
  /**
   * Of the GPU's time, between CUDA events; 0 where there was none.
   * @defaultValue `0.0`
   */
  self_cuda?: number;
  /** @defaultValue `0.0` */
  cuda?: number;
}

/** One bar of the flame chart. */
export type Span = [name: string, start: number, duration: number, depth: number, line: number, node: number];

/** What the GPU did for one operation; times in microseconds since the run began. */
export type Kernel = [name: string, start: number, duration: number, stream: number, launched: number];

/** Answers `Inspect`: the node's tensors and the last gradient of each, up to 1,000 values. */
export interface Detail {
  type: "detail";
  run: string;
  seq: number;
  node: number;
  /** None where the value is not kept; `note` says why. */
  values: (Values | null)[];
  grads: (Values | null)[];
  /** A leaf's `.grad` now. */
  accumulated: Values | null;
  note: string;
}

/** Answers `Jacobian`. */
export interface JacobianResult {
  type: "jacobian";
  run: string;
  seq: number;
  output: number;
  order: 1 | 2;
  blocks: JacobianBlock[];
}

/** The block of one input (or, for a Hessian, of one pair of inputs). */
export interface JacobianBlock {
  input: number;
  /** The second input of a Hessian block. */
  other?: number;
  /** Shape of the output (of `input` for a Hessian). */
  rows: number[];
  /** Shape of `input` (of `other` for a Hessian). */
  columns: number[];
  /** Little-endian float64, `prod(rows) x prod(columns)` in row-major order. */
  values: ArrayBuffer | string;
}

/** Answers `Local`. */
export interface LocalResult {
  type: "local";
  run: string;
  seq: number;
  node: number;
  output: number;
  blocks: LocalBlock[];
  /** The engine's record of the operation: several may have the name that the node has. */
  record: string;
  /** Numbers and words the operation was given beside its tensors, by the names of the engine's record. */
  arguments: Argument[];
  checked: boolean;
  /** What could not be worked out, and why; where the function has a kink, that it has. */
  note: string;
}

/** The derivative of one tensor of an operation with respect to one of its inputs. */
export interface LocalBlock {
  /** Which argument of the operation: `Edge.input`. */
  input: number;
  source: number;
  /** Shape of the output. */
  rows: number[];
  /** Shape of the input. */
  columns: number[];
  /** Little-endian float64, `prod(rows) x prod(columns)` in row-major order; empty if it is too large to show. */
  values?: ArrayBuffer | string;
  /**
   * The operation works element by element, so all but the diagonal is zero: `values` is that, of `prod(rows)`.
   * @defaultValue `false`
   */
  diagonal?: boolean;
  /**
   * Of a check: the largest difference between the derivative and central differences, relative to the largest entry.
   * Of a large tensor only the product with two random directions is compared. None if nothing could be compared.
   */
  difference?: Number;
  /**
   * Whether the difference is within what rounding explains.
   * @defaultValue `true`
   */
  agrees?: boolean;
  /**
   * The entry of the largest difference, in row-major order of the whole matrix; -1 of a product.
   * @defaultValue `-1`
   */
  at?: number;
  /** What differences give there. */
  expected?: Number;
  /** What the derivative rule gives there. */
  got?: Number;
}

/** An argument of an operation that is no tensor of the graph. */
export interface Argument {
  /** Its name in the engine's record. */
  name: string;
  value: string;
  /** Of a number in the place of a tensor: which argument that is, as `Edge.input`. */
  input?: number;
}

/** Answers `Live`. The graph takes the place of the run's. */
export interface LiveResult {
  type: "live";
  run: string;
  seq: number;
  number: number;
  graph: Graph;
  /** What it printed, plotted and raised, in order. */
  shown: (Output | Figure | Error | Notice)[];
  curves: Curve[];
  field: Field | null;
  symbolic: Symbolic[];
  wall_ms: number;
}

/** An exception in a cell, or a command the server could not take. */
export interface Error {
  type: "error";
  run: string;
  seq: number;
  /** What went wrong, first line `RuntimeError: ...` for an exception. */
  message: string;
  cell: number;
  /** 1-based in the whole program; 0 if it belongs to no line. */
  line: number;
  traceback: string;
  /** For a bad command: the field at fault. */
  field: string;
  /** For a question that has no other answer: which kind it was. */
  question: "" | "inspect" | "jacobian" | "live" | "local";
  /** What to try, in plain words. */
  hint: string;
  /** The operation that raised it, or whose backward did, if that is one of the graph. */
  node: number | null;
}

/** Something the person should know that is not an error: a limit reached, output left out. */
export interface Notice {
  type: "notice";
  run: string;
  seq: number;
  message: string;
  cell: number;
}

/** Answers a `CurveRequest`. Little-endian float64 each; NaN where the program failed or has no derivative. */
export interface Curve {
  output: string;
  input: string;
  x: ArrayBuffer | string;
  y: ArrayBuffer | string;
  dy: ArrayBuffer | string;
  /**
   * Why there is nothing, if there is nothing.
   * @defaultValue `""`
   */
  note?: string;
}

/**
 * Answers a `FieldRequest`. Little-endian float64; `y`, `dy0` and `dy1` are `count x count`, the second input
 * along the rows.
 */
export interface Field {
  output: string;
  inputs: string[];
  x0: ArrayBuffer | string;
  x1: ArrayBuffer | string;
  y: ArrayBuffer | string;
  dy0: ArrayBuffer | string;
  dy1: ArrayBuffer | string;
  /** @defaultValue `""` */
  note?: string;
}

/** A variable of the program as a formula of its inputs, and its derivative. */
export interface Symbolic {
  /** `y[0]` for its first element. */
  output: string;
  /** Empty for the value itself. */
  input: string;
  /** What stands right of the equals sign; empty if the operations have no formula for it. */
  tex: string;
  /**
   * Then, after "no formula: ", why.
   * @defaultValue `""`
   */
  why?: string;
  /**
   * It is the derivative of the sum of the output's elements; else the output's, or each element's by itself.
   * @defaultValue `false`
   */
  summed?: boolean;
}

/** Answers `Parse`: the program as blocks. */
export interface Document {
  type: "document";
  run: string;
  seq: number;
  statements: Statement[];
  blocks: Block[];
  /** Why there are none: the text is not Python. Then `line` and `column` say where. */
  problem: string;
  line: number;
  column: number;
  /** What a name stands for by its import: `nn` -> `torch.nn`. */
  imports: Record<string, string>;
}

/**
 * One statement of the program, or a run of them that blocks cannot show. Statements of one parent, one after the
 * other, cover it without gaps, so that the text of what is not touched can be kept to the letter.
 */
export interface Statement {
  index: number;
  /**
   * `class`: an `nn.Module` that can be shown; `init` and `forward` are its methods; `def`: a function of
   * straight lines; `train`: a `for` over a range whose body is straight lines and the calls of a training step, or
   * has a loop over batches with them, which is one too;
   * `code`: anything else, shown as one block of text.
   */
  kind: "assign" | "class" | "code" | "def" | "expression" | "forward" | "import" | "init" | "return" | "train";
  /**
   * The statement it is inside; -1 for the program itself.
   * @defaultValue `-1`
   */
  parent?: number;
  /** With the blank lines and comments before it, and the end of its last line. */
  whole: Stretch;
  /** The statement itself. */
  core: Stretch;
  /** Every name of a variable in it, also inside code that is not shown as blocks. */
  uses?: NameUse[];
  /**
   * Of `code`: why it is not blocks, in plain words.
   * @defaultValue `""`
   */
  why?: string;
  /**
   * The line that reason is about, 1-based.
   * @defaultValue `0`
   */
  line?: number;
  /**
   * The block of a `class`, a `train` or a `code` statement.
   * @defaultValue `-1`
   */
  block?: number;
}

/** A stretch of the program's text, in UTF-16 code units (a browser's): `text.slice(start, end)`. */
export type Stretch = [start: number, end: number];

/** A variable (or `self.fc`) where it is read or bound. */
export type NameUse = [name: string, start: number, end: number, binds: boolean];

/** One box of the diagram that can be edited. */
export interface Block {
  id: number;
  /**
   * What it is called in the program (`y`, `net.fc1`, `y/0/1` for a part of a larger expression): the same
   * before and after an edit elsewhere, so that the box stays where it is.
   */
  key: string;
  /**
   * `input`: a tensor made from numbers; `module`: a call of one of the program's own classes; `output`: a
   * value printed or returned.
   */
  kind: "class" | "code" | "data" | "input" | "layer" | "loss" | "module" | "op" | "optimizer" | "output" | "train";
  /** Its entry in the palette (`torch.sin`, `nn.Linear`), or the class's or function's name. */
  type: string;
  statement: number;
  /**
   * Of a layer, loss or optimizer: the statement that makes it.
   * @defaultValue `-1`
   */
  definition?: number;
  /**
   * The `class`, `train`, or function block it is inside; -1 for the program.
   * @defaultValue `-1`
   */
  parent?: number;
  /** The expression it is. */
  span: Stretch;
  arguments?: BlockArgument[];
  outputs?: BlockOutput[];
  /**
   * What does not fit, in plain words: shapes that do not go together, a value that is not accepted.
   * @defaultValue `""`
   */
  wrong?: string;
  /** @defaultValue `0` */
  line?: number;
}

/** An argument of a block, given or not. */
export interface BlockArgument {
  /** The parameter's name, as the palette has it; `0`, `1`, ... in a list of any length. */
  name: string;
  /** Where its value stands; None: it is not given, and the palette's default holds. */
  span?: Stretch;
  /**
   * The value as it is written, if no wire comes in.
   * @defaultValue `""`
   */
  text?: string;
  wire?: Wire;
  /**
   * Of a layer: an argument of the call, or one of where it is made (`nn.Linear(2, 16)`).
   * @defaultValue `"call"`
   */
  place?: "call" | "definition";
  /**
   * It is written `...`: something must still be connected here.
   * @defaultValue `false`
   */
  open?: boolean;
}

/** Where a value comes from. */
export type Wire = [block: number, output: number];

/** A value that a block makes. */
export interface BlockOutput {
  /**
   * The variable it is assigned to; empty inside a larger expression.
   * @defaultValue `""`
   */
  name?: string;
  /** None: not known before the program runs. */
  shape?: number[];
  /** @defaultValue `""` */
  dtype?: string;
}

/** Answers `Parse` with data: what was guessed and what is wrong. */
export interface Table {
  type: "table";
  run: string;
  seq: number;
  /** Good ones. */
  rows: number;
  header: boolean;
  separator: string;
  columns: Column[];
  features: string[];
  target: string;
  bad: BadRow[];
  /** How many there are in all. */
  bad_rows: number;
  /** Why it cannot be used at all. */
  problem: string;
}

/** One column of a table. */
export interface Column {
  name: string;
  type: ColumnType;
  low?: Number;
  high?: Number;
  /** In the order of their numbers. */
  categories?: string[];
  /** @defaultValue `0` */
  missing?: number;
  sample?: string[];
}

/** A row that is left out. */
export type BadRow = [line: number, why: string];

/** What came of some more training steps. Series grow; of the rest the newest counts. */
export interface Training {
  type: "training";
  run: string;
  seq: number;
  /** Training steps so far, measured or not. */
  step: number;
  /** Sent when one is new or has changed. */
  learners: Learner[];
  points: Points | null;
  parameters: ParameterPoint[];
  histograms: Histogram[];
  prediction: Boundary | Fit | Cloud | Pictures | Tokens | null;
  progress: Progress[];
  /** The part of the program's time that watching it has taken so far, 0 to 1. */
  cost: number;
}

/** One parameter group of an optimizer that is at work. */
export interface Learner {
  /** Counts the run's optimizers from 0, as they first step. */
  optimizer: number;
  /** @defaultValue `0` */
  group?: number;
  /** `Adam`. */
  name: string;
  /**
   * What the program calls it, if it does.
   * @defaultValue `""`
   */
  variable?: string;
  lr: Number;
}

/** What was measured at some training steps: columns of equal length. */
export interface Points {
  /** Counted from 1 over the run; one optimizer's step is one, whichever optimizer it is. */
  steps: number[];
  /** Seconds since the run began, time in which it was held not counted. */
  times: Number[];
  /**
   * By name: `loss`, `lr`, `grad_norm`; `loss/1` for a second optimizer's (by `Learner.optimizer`, its
   * variable is what people see); and the program's own numbers in that loop (`accuracy`, `val_loss`), `"nan"`
   * where there is none at that step.
   */
  series: Record<string, Number[]>;
}

/** A parameter at one training step. */
export interface ParameterPoint {
  name: string;
  step: number;
  grad_norm: Number;
  weight_norm: Number;
  /** Norm of the step's change over the norm of the weights before it. */
  update_ratio?: Number;
  /** Of the gradient's elements: 5, 25, 50, 75, 95 percent. */
  percentiles?: Number[];
}

/** How the elements of one tensor lie, at one training step. Equal bins. */
export interface Histogram {
  of: "activation" | "gradient" | "weight";
  /** A parameter's or a module's (`0`, `fc1`). */
  name: string;
  step: number;
  low: Number;
  high: Number;
  counts: number[];
}

/** What a model with two inputs says over the plane. */
export interface Boundary {
  type: "boundary";
  x: Number[];
  y: Number[];
  rows: number;
  columns: number;
  /**
   * Little-endian float32, rows x columns, the first row at the lowest y: with two classes the probability (or
   * score) of the second; with more, the class and, after the dot, how sure (`2.87`); else the output itself.
   */
  values: ArrayBuffer | string;
  /**
   * 0: the output is a number.
   * @defaultValue `0`
   */
  classes?: number;
  /** Of the training data: float32 triples x, y, label (or target); at most 2,000. */
  points: ArrayBuffer | string;
}

/** A model with one input: float32 pairs each. */
export interface Fit {
  type: "fit";
  curve: ArrayBuffer | string;
  points: ArrayBuffer | string;
}

/** Points in the plane that a program makes, beside those it should be like: float32 pairs. */
export interface Cloud {
  type: "cloud";
  made: ArrayBuffer | string;
  real: ArrayBuffer | string;
}

/** Small grey pictures that a model makes, beside what they should be. */
export interface Pictures {
  type: "pictures";
  height: number;
  width: number;
  /** One byte a pixel, at most 64 pictures one after the other. */
  made: ArrayBuffer | string;
  wanted?: ArrayBuffer | string;
  /** `7 (is 1)`: what a classifier says of each picture in `wanted`. */
  labels?: string[];
}

/** Text that a model predicts. */
export interface Tokens {
  type: "tokens";
  predicted: string[];
  wanted?: string[];
}

/** How far a loop of known length is. */
export interface Progress {
  line: number;
  done: number;
  total: number;
  /**
   * 0 is the outermost.
   * @defaultValue `0`
   */
  depth?: number;
}

/** The program is held after a training step; questions are answered. */
export interface Paused {
  type: "paused";
  run: string;
  seq: number;
  step: number;
  line: number;
}

/** It goes on. */
export interface Resumed {
  type: "resumed";
  run: string;
  seq: number;
  /** Why, if nobody asked for it: it was held too long. */
  message: string;
}

/** The last event of the program's own run; answers to `Inspect` and `Jacobian` may follow it. */
export interface Finished {
  type: "finished";
  run: string;
  seq: number;
  status: Status;
  wall_ms: number;
  /** A plain sentence for every status but ok. */
  message: string;
  operations: number;
  /** The worker still answers `Inspect` and `Jacobian`. */
  interactive: boolean;
}

export type Status = "cancelled" | "crashed" | "error" | "memory" | "ok" | "output_limit" | "timeout";

/** The server closes the connection; nothing is wrong with it. It is about no run. */
export interface Closing {
  type: "closing";
  run: string;
  seq: number;
  /** `restart`: come back in a moment, but not all at once. `idle`: come back when there is something to do. */
  reason: "idle" | "restart";
}

/** Whether programs can use a GPU is not as the page was told. It is about no run. */
export interface Gpu {
  type: "gpu";
  run: string;
  seq: number;
  /** Why they cannot, in a sentence; empty if they can. */
  reason: string;
}

/** What Share stores; its id is a hash of exactly this. */
export interface SessionContent {
  code: string;
  /** @defaultValue `""` */
  title?: string;
  /** @defaultValue `"cpu"` */
  device?: Device;
  /** @defaultValue `0` */
  seed?: number;
  view?: View;
  /** At most 256 KiB of text here. */
  data?: UserData;
  board?: Board;
  /** The results of the last run, so that opening the link shows them without running. */
  events?: Event[];
  /**
   * The id of the session this one was edited from.
   * @defaultValue `""`
   */
  parent?: string;
}

/** How the page looked: the open panel, what was selected, where in the run it stood. */
export interface View {
  /** @defaultValue `"graph"` */
  panel?: string;
  /** @defaultValue `-1` */
  node?: number;
  /**
   * Index of the moment among the run's operations, backward steps, updates and cleared gradients; -1 is the end.
   * @defaultValue `-1`
   */
  time?: number;
  /** @defaultValue `""` */
  theme?: string;
}

/** How the program lies as blocks and as expressions: nothing that its meaning depends on. */
export interface Board {
  /** By `Block.key`. */
  spots?: Record<string, Spot>;
  /** By name of the input. */
  ranges?: Record<string, Range>;
  /**
   * How it was written last.
   * @defaultValue `"code"`
   */
  way?: "blocks" | "code" | "expression";
}

/** Where a block lies, in pixels. */
export type Spot = [x: number, y: number];

/** What a slider goes over. */
export type Range = [low: number, high: number];

/** A session outside the server: a `.json` file, and what a picture or a standalone page has inside it. */
export interface SessionFile {
  /** The version of this format. */
  playground: 1;
  content: SessionContent;
}

/** The JSON in `<script type="application/json" id="boot">`. */
export interface Boot {
  version: string;
  /** The page is read-only inside another page. */
  embed: boolean;
  devices: Devices;
  limits: BootLimits;
  session: BootSession | null;
  /** In the gallery's order; empty in an embed. */
  examples: Example[];
}

/** The devices that are not always there; `cpu` is. */
export interface Devices {
  cuda: DeviceState;
}

/** Whether programs can use a device here, and if not, why not in plain words. */
export interface DeviceState {
  available: boolean;
  reason: string;
}

/** The limits a person meets, so that the page can say them before the server does. */
export interface BootLimits {
  /** Longest program, in bytes of UTF-8. */
  code_bytes: number;
  code_lines: number;
  /** Longest run, in seconds. */
  wall_s: number;
  /** Memory a program may take, in MiB. */
  memory_mb: number;
  /** Printed text that is shown, in bytes of UTF-8. */
  output_bytes: number;
  /** Operations that are recorded. */
  operations: number;
  /** Largest body of `POST /api/sessions`, in bytes. */
  session_bytes: number;
}

/** The stored session of `/s/<id>` and `/embed/<id>`, also the answer of `GET /api/sessions/<id>`. */
export interface BootSession {
  id: string;
  /** Id of the session it was edited from, or empty. */
  parent: string;
  /** UTC, ISO 8601: `2026-01-31T12:00:00Z`. */
  created: string;
  content: SessionContent;
}

/** A program of the gallery. */
export interface Example {
  /** The file's name without its number and ending: `graph_tracing`. */
  id: string;
  title: string;
  /** The part of the tutorial it belongs to. */
  section: string;
  /** Which results to show first (`graph`, `training`, `output`); empty: those that are in view. */
  panel: string;
  /** One sentence. */
  summary: string;
  code: string;
}
