"""The wire, in one file: every message a browser sends (`Command`) and every message it receives (`Event`).

A message is a tagged msgspec struct; the tag is its ``type`` field. Browser to server travels as the Socket.IO
event ``command`` and server to browser as ``event``; worker to server the same structs travel as MessagePack frames
over a pipe. `static/src/protocol.gen.ts` is generated from this file (``make gen``) and a test keeps it current.

Rules that hold for every message:

* Descriptor first, detail on request: a graph node carries name, op, shape, dtype, place in the source and a short
  `Values`; the full values come with `Detail` after an `Inspect`.
* JSON has no NaN or infinity: in lists of numbers they are the strings ``"nan"``, ``"inf"`` and ``"-inf"``.
* What a worker sends is hostile input: every string and list here is bounded, unknown fields are refused.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

# --- Bounded building blocks -----------------------------------------------------------------------------------------

RunId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]
"""Chosen by the browser, unique within its connection."""
Code = Annotated[str, Meta(max_length=65_536)]
"""A program: at most 64 KiB, counted in bytes of UTF-8 where it is accepted."""
Label = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=16_384)]
"""One piece of output or an error; longer output comes in several pieces."""
Shape = Annotated[list[int], Meta(max_length=32)]
Index = Annotated[int, Meta(ge=0, le=100_000_000)]
NodeId = Index
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Device = Literal["cpu", "cuda"]
Number = float | Literal["nan", "inf", "-inf"]
Numbers = Annotated[list[Number], Meta(max_length=4_096)]


class Message(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Base of everything on the wire."""


class Values(Message, kw_only=True):
    """What is known of a tensor's numbers: statistics always, the numbers themselves when they are few.

    `data` is flat, in row-major order, and complete when ``len(data) == numel``; otherwise it holds the first values
    only. Statistics are over finite elements; `nonfinite` counts the rest. Booleans are 0 and 1.
    """

    numel: Index
    data: Numbers = []
    mean: Number = 0.0
    std: Number = 0.0
    min: Number = 0.0
    max: Number = 0.0
    norm: Number = 0.0
    """Euclidean norm."""
    zeros: Index = 0
    """How many elements are exactly zero."""
    nonfinite: Index = 0
    unknown: bool = False
    """The numbers were not kept: of them nothing is known but how many there are."""


class Place(Message, kw_only=True):
    """Where in the program something came from: the whole expression, 1-based lines, 0-based columns."""

    line: Index
    column: Index = 0
    end_line: Index = 0
    end_column: Index = 0


# --- Browser to server -----------------------------------------------------------------------------------------------


ColumnType = Literal["number", "category", "text"]


class UserData(Message, kw_only=True):
    """A table of the person's own, in a program ``import data``: ``data.X`` and ``data.y``."""

    name: Label = "data.csv"
    text: Annotated[str, Meta(max_length=1_048_576)]
    """CSV as it was dropped or pasted: at most 1 MiB, counted in bytes of UTF-8 where it is accepted."""
    header: bool | None = None
    """Whether the first row has the names; None: it is guessed."""
    types: Annotated[dict[Label, ColumnType], Meta(max_length=256)] = {}
    """Of the columns whose type is not the one that is guessed."""
    features: Annotated[list[Label], Meta(max_length=256)] = []
    """Columns of ``X``, by name; empty: every number column but the target."""
    target: Label = ""
    """Column of ``y``; empty: the last one that is not text."""
    standardise: bool = False
    """Whether the features are shifted and scaled to mean 0 and standard deviation 1 (of the training rows)."""
    test: Annotated[float, Meta(ge=0, le=0.9)] = 0.0
    """The part of the rows that goes into ``data.X_test`` and ``data.y_test``."""
    seed: Seed = 0
    """Of the split."""


class Run(Message, kw_only=True, tag="run"):
    """Run a program. A newer run of the same connection replaces an older one."""

    run: RunId
    code: Code
    device: Device = "cpu"
    """``cuda``: where ``torch.cuda.is_available()`` is True, and no more; where there is no such place, on the CPU."""
    seed: Seed = 0
    data: UserData | None = None


class Parse(Message, kw_only=True, tag="parse"):
    """Say what a program is made of, without running it, and what shapes its tensors will have; or what is in a table.

    It is read in a child of its own, beside a run of the same connection; a newer one replaces an older one. Answered
    by `Document` if there is code, by `Table` if there is data, and then `Finished`.
    """

    run: RunId
    code: Code = ""
    data: UserData | None = None


class Control(Message, kw_only=True, tag="control"):
    """Hold a running program after its next training step, let it do one more, or let it go on.

    Answered by `Paused` when it is held and by `Resumed` when it goes on. A step that ends in a hold is recorded from
    its first operation: its graph comes as a `Graph` with `restart`.
    """

    run: RunId
    action: Literal["pause", "step", "resume"]


class Tune(Message, kw_only=True, tag="tune"):
    """Change the learning rate of a running program, from its next training step on."""

    run: RunId
    optimizer: Index
    """As `Learner.optimizer`."""
    group: Index = 0
    lr: Annotated[float, Meta(ge=0, le=1e6)]


class Cancel(Message, kw_only=True, tag="cancel"):
    """Stop a run; it ends with `Finished` and status ``cancelled``. Unknown runs are ignored."""

    run: RunId


class Inspect(Message, kw_only=True, tag="inspect"):
    """Ask for the full values of one node's tensors (at most 1,000 values each); answered by `Detail`."""

    run: RunId
    node: NodeId


class Jacobian(Message, kw_only=True, tag="jacobian"):
    """Ask for derivatives of one node with respect to others; answered by `JacobianResult` or `Error`.

    ``order`` 1 is the Jacobian; 2 the Hessian, and then the output must have one element.
    """

    run: RunId
    output: NodeId
    inputs: Annotated[list[NodeId], Meta(min_length=1, max_length=8)]
    order: Literal[1, 2] = 1


class Local(Message, kw_only=True, tag="local"):
    """Ask for the local Jacobians of one operation, those of its output with respect to each of its inputs; answered by
    `LocalResult` or `Error`."""

    run: RunId
    node: NodeId
    output: Index = 0
    """Which tensor of the node."""
    check: bool = False
    """Work the derivative out by finite differences too, and compare."""


class CurveRequest(Message, kw_only=True):
    """A number of the program over a range of one of its inputs."""

    output: Label
    """A variable; its elements are summed for the derivative."""
    input: Label
    """A variable that the program makes once, as a tensor with one element."""
    low: float
    high: float
    count: Annotated[int, Meta(ge=2, le=401)] = 161


class FieldRequest(Message, kw_only=True):
    """A number of the program, and its gradient, over a grid of two of its inputs."""

    output: Label
    inputs: Annotated[list[Label], Meta(min_length=2, max_length=2)]
    low: Annotated[list[float], Meta(min_length=2, max_length=2)]
    high: Annotated[list[float], Meta(min_length=2, max_length=2)]
    count: Annotated[int, Meta(ge=2, le=41)] = 21
    """Points along each side."""


class Live(Message, kw_only=True, tag="live"):
    """Run a program from its beginning in the process of a run that has ended, for what follows a dragged control.

    Answered by `LiveResult` (or `Error`), after which `Inspect`, `Jacobian` and `Local` are about this one. The page
    sends the next when the answer to the last is there, so that the newest position is always the one that counts.
    """

    run: RunId
    number: Index
    """Counted by the page; comes back."""
    code: Code
    seed: Seed = 0
    curves: Annotated[list[CurveRequest], Meta(max_length=4)] = []
    field: FieldRequest | None = None
    derivatives: Annotated[list[Label], Meta(max_length=32)] = []
    """Variables of which the value and the derivatives are wanted as formulas, ``y[0]`` for the derivatives of the
    first element; asked when the text has changed."""


class Ack(Message, kw_only=True, tag="ack"):
    """The browser has applied every event of the run up to `seq`; sending pauses when too many are outstanding."""

    run: RunId
    seq: Index


Question = Inspect | Jacobian | Local | Live
"""What a run's worker answers after the program has ended and, but for `Live`, while it is held."""

Steering = Control | Tune
"""What reaches a program while it runs."""

Command = Run | Parse | Cancel | Inspect | Jacobian | Local | Live | Control | Tune | Ack


# --- Server to browser -----------------------------------------------------------------------------------------------


class RunEvent(Message, kw_only=True, omit_defaults=False):
    """Base of every event. `run` and `seq` (1, 2, 3, ... within the run) are set by the server, never by the worker."""

    run: Annotated[str, Meta(max_length=64)] = ""
    seq: Index = 0


class Queued(RunEvent, kw_only=True, tag="queued"):
    """The run waits for a free worker."""

    position: Index
    """1 is next."""


class Cell(Message, kw_only=True):
    """One part of the program, cut at ``# %%`` lines."""

    index: Index
    line: Index
    """Its first line of code, 1-based in the whole program."""
    end_line: Index
    title: Label = ""
    """The text after ``# %%``."""


class Started(RunEvent, kw_only=True, tag="started"):
    """The program is about to run."""

    cells: Annotated[list[Cell], Meta(max_length=2_000)]
    device: Device = "cpu"
    seed: Seed = 0


class Output(RunEvent, kw_only=True, tag="output"):
    """Text a cell printed (``stdout``, ``stderr``) or the value of its last expression (``result``)."""

    cell: Index
    stream: Literal["stdout", "stderr", "result"]
    text: Text


Color = Annotated[str, Meta(max_length=40, pattern=r"^[#a-zA-Z0-9(),. ]*$")]
PlotNumbers = Annotated[list[Number | Label], Meta(max_length=50_000)]


class PlotText(Message, kw_only=True):
    """A title, in Plotly's spelling."""

    text: Label = ""


class Line(Message, kw_only=True):
    """Plotly's ``line``."""

    color: Color | None = None
    width: float | None = None
    dash: Literal["solid", "dash", "dot", "dashdot"] | None = None
    shape: Literal["linear", "hv", "vh", "hvh"] | None = None


class Marker(Message, kw_only=True):
    """Plotly's ``marker``; `color` may give one number per point, mapped through `colorscale`."""

    color: Color | PlotNumbers | None = None
    size: float | PlotNumbers | None = None
    symbol: Annotated[str, Meta(max_length=32, pattern=r"^[a-z0-9-]*$")] | None = None
    colorscale: Annotated[str, Meta(max_length=32, pattern=r"^[A-Za-z]*$")] | None = None
    showscale: bool | None = None
    reversescale: bool | None = None


class Trace(Message, kw_only=True):
    """One thing drawn, in Plotly's spelling: a closed part of Plotly's trace schema."""

    type: Literal["scatter", "bar", "histogram", "heatmap", "scatter3d", "surface"]
    mode: Literal["lines", "markers", "lines+markers"] | None = None
    name: Label | None = None
    x: PlotNumbers | None = None
    y: PlotNumbers | None = None
    z: (
        Annotated[list[Annotated[list[Number], Meta(max_length=2_000)] | Number], Meta(max_length=50_000)]
        | None
    ) = None
    """Of a heat map and a surface rows, one for each y; of points in space one number each."""
    line: Line | None = None
    marker: Marker | None = None
    opacity: float | None = None
    orientation: Literal["v", "h"] | None = None
    nbinsx: Index | None = None
    width: float | PlotNumbers | None = None
    """Of bars, in the axis's units."""
    base: float | PlotNumbers | None = None
    """Where bars begin."""
    zmin: float | None = None
    zmax: float | None = None
    cmin: float | None = None
    """Of a surface: the height of the first colour."""
    cmax: float | None = None
    showscale: bool | None = None
    reversescale: bool | None = None
    colorscale: Annotated[str, Meta(max_length=32, pattern=r"^[A-Za-z]*$")] | None = None
    fill: Literal["none", "tonexty", "tozeroy"] | None = None
    showlegend: bool | None = None
    xaxis: Annotated[str, Meta(max_length=8, pattern=r"^x[0-9]*$")] | None = None
    yaxis: Annotated[str, Meta(max_length=8, pattern=r"^y[0-9]*$")] | None = None
    scene: Annotated[str, Meta(max_length=8, pattern=r"^scene[2-4]?$")] | None = None


class Axis(Message, kw_only=True):
    """Plotly's axis."""

    title: PlotText | None = None
    type: Literal["linear", "log", "category"] | None = None
    range: Annotated[list[Number], Meta(min_length=2, max_length=2)] | None = None
    autorange: bool | Literal["reversed"] | None = None
    showgrid: bool | None = None
    domain: Annotated[list[float], Meta(min_length=2, max_length=2)] | None = None
    anchor: Annotated[str, Meta(max_length=8, pattern=r"^[xy][0-9]*$")] | None = None
    scaleanchor: Annotated[str, Meta(max_length=8, pattern=r"^[xy][0-9]*$")] | None = None
    tickvals: PlotNumbers | None = None
    ticktext: Annotated[list[Label], Meta(max_length=1_000)] | None = None


class SpaceAxis(Message, kw_only=True):
    """Plotly's axis of a plot in three dimensions."""

    title: PlotText | None = None
    type: Literal["linear", "log", "category"] | None = None
    range: Annotated[list[Number], Meta(min_length=2, max_length=2)] | None = None
    autorange: bool | Literal["reversed"] | None = None
    showgrid: bool | None = None
    tickvals: PlotNumbers | None = None
    ticktext: Annotated[list[Label], Meta(max_length=1_000)] | None = None
    visible: bool | None = None


class Vector(Message, kw_only=True):
    """A point in space, in sizes of the plot from its middle."""

    x: float
    y: float
    z: float


class Camera(Message, kw_only=True):
    """Where a plot in three dimensions is looked at from."""

    eye: Vector


class SceneDomain(Message, kw_only=True):
    """The part of the figure that a plot in three dimensions takes."""

    x: Annotated[list[float], Meta(min_length=2, max_length=2)]
    y: Annotated[list[float], Meta(min_length=2, max_length=2)]


class Scene(Message, kw_only=True):
    """A plot in three dimensions, in Plotly's spelling."""

    xaxis: SpaceAxis
    yaxis: SpaceAxis
    zaxis: SpaceAxis
    aspectmode: Literal["cube", "auto", "data", "manual"] | None = None
    aspectratio: Vector | None = None
    """Lengths of the sides."""
    camera: Camera | None = None
    domain: SceneDomain | None = None


class Annotation(Message, kw_only=True, omit_defaults=False):
    """Text in a plot, without an arrow: the title of a subplot, or what ``text`` wrote."""

    text: Label
    x: Number | Label
    y: Number | Label
    xref: Annotated[str, Meta(max_length=16, pattern=r"^(paper|x[0-9]*( domain)?)$")] = "paper"
    yref: Annotated[str, Meta(max_length=16, pattern=r"^(paper|y[0-9]*( domain)?)$")] = "paper"
    xanchor: Literal["left", "center", "right"] = "center"
    yanchor: Literal["top", "middle", "bottom"] = "bottom"
    showarrow: bool = False
    """Always sent: Plotly draws an arrow where it is missing."""


class Layout(Message, kw_only=True):
    """A closed part of Plotly's layout schema; up to nine subplots."""

    title: PlotText | None = None
    showlegend: bool | None = None
    barmode: Literal["group", "overlay", "stack", "relative"] | None = None
    bargap: float | None = None
    annotations: Annotated[list[Annotation], Meta(max_length=100)] | None = None
    width: float | None = None
    height: float | None = None
    xaxis: Axis | None = None
    yaxis: Axis | None = None
    xaxis2: Axis | None = None
    yaxis2: Axis | None = None
    xaxis3: Axis | None = None
    yaxis3: Axis | None = None
    xaxis4: Axis | None = None
    yaxis4: Axis | None = None
    xaxis5: Axis | None = None
    yaxis5: Axis | None = None
    xaxis6: Axis | None = None
    yaxis6: Axis | None = None
    xaxis7: Axis | None = None
    yaxis7: Axis | None = None
    xaxis8: Axis | None = None
    yaxis8: Axis | None = None
    xaxis9: Axis | None = None
    yaxis9: Axis | None = None
    scene: Scene | None = None
    scene2: Scene | None = None
    scene3: Scene | None = None
    scene4: Scene | None = None


class PlotlyFigure(Message, kw_only=True):
    """Plotly JSON."""

    data: Annotated[list[Trace], Meta(max_length=200)]
    layout: Layout


class Figure(RunEvent, kw_only=True, tag="figure"):
    """A plot the program made."""

    cell: Index
    index: Index
    """Counts figures of the run from 0; a later event with the same index replaces the figure."""
    figure: PlotlyFigure


class Scope(Message, kw_only=True):
    """A part of the graph that can be folded: a call of a module or of one of the program's functions, a loop and
    each of its iterations, a labelled range, an optimizer step."""

    id: Index
    parent: Index
    """0 is the whole program, which is not sent."""
    kind: Literal["module", "range", "optimizer", "function", "loop", "iteration"]
    name: Label
    """``layer1``, or the class name for a module that is called by the program itself; a function's name; of a loop its
    head (``for x in xs``); of an iteration its number."""
    type: Label = ""
    """``Linear``, ``SGD``."""
    line: Index = 0
    """Where it is called; of a loop, where its head stands. 0 if that is not known."""
    index: Index = 0
    """Of an iteration: which, from 0. Iterations in which nothing was recorded have no scope."""


class TensorInfo(Message, kw_only=True):
    """One tensor a node made."""

    shape: Shape
    dtype: Label
    """``float32``: PyTorch's name without ``torch.``."""
    name: Label = ""
    """The variable it was assigned to, ``layer1.weight`` for a parameter, or empty."""
    device: Device = "cpu"
    requires_grad: bool = False
    version: Index = 0
    value: Values


class Node(Message, kw_only=True):
    """One operation of the forward computation with the tensors it made, or a tensor that was there before."""

    id: NodeId
    kind: Literal["op", "leaf", "parameter", "constant"]
    """A factory's tensor is ``leaf`` if it requires grad and ``constant`` if not; `op` names the factory."""
    op: Label
    """``aten::sin``; empty for a tensor whose making was not seen."""
    grad_fn: Label = ""
    """``SinBackward0``, or empty where no graph was recorded."""
    cell: Index = 0
    place: Place | None = None
    scope: Index = 0
    outputs: Annotated[list[TensorInfo], Meta(max_length=64)]
    flags: Annotated[
        list[Literal["no_grad", "detach", "inplace", "view", "nonfinite"]], Meta(max_length=5)
    ] = []
    """``no_grad``: made with grad mode off though an input requires grad; ``detach``: cuts the graph here."""
    failed: Text = ""
    """The error message, if this operation raised."""
    hint: Text = ""
    """Of one that raised: what did not fit, in plain words."""
    base: NodeId | None = None
    """For a view or a write in place: the node whose memory it shares, the first that had it."""
    saturated: Index = 0
    """For activations that flatten out (sigmoid, tanh, relu and the like): at how many elements of the output the
    derivative is less than a hundredth of its largest value."""


class Edge(Message, kw_only=True):
    """A tensor flowing from one node into another."""

    source: NodeId
    target: NodeId
    output: Index = 0
    """Which tensor of the source."""
    input: Index = 0
    """Which argument of the target."""
    cut: bool = False
    """No gradient flows back along this edge."""


class GradFlow(Message, kw_only=True):
    """A gradient that a backward node sends to one of its inputs."""

    target: NodeId
    output: Index = 0
    grad: Values


class Step(Message, kw_only=True):
    """One backward node that ran. Steps come in the order they ran."""

    index: Index
    """Counts from 0 over the run."""
    call: Index
    """Which backward or ``autograd.grad`` call of the run it belongs to, from 0."""
    node: NodeId
    """The forward node whose derivative this is; for ``AccumulateGrad`` the leaf."""
    name: Label
    """``MulBackward0``, ``AccumulateGrad``."""
    line: Index = 0
    """The program's line that started the backward pass."""
    entering: Annotated[list[Values | None], Meta(max_length=64)] = []
    """The gradient of each of the node's outputs."""
    leaving: Annotated[list[GradFlow], Meta(max_length=64)] = []
    accumulated: Values | None = None
    """For ``AccumulateGrad``, and for a tensor that retains its gradient: its ``.grad`` afterwards."""
    time_us: float = 0.0
    after: Index = 0
    """How many nodes there were when it ran: it comes after node ``after - 1`` and before node ``after``."""
    failed: Text = ""
    """The error message, if this backward node raised: then nothing leaves it, and the pass ends here."""
    returned: bool = False
    """Of a pass that returns gradients (``autograd.grad``) and leaves every ``.grad`` alone."""


class Clear(Message, kw_only=True):
    """The ``.grad`` of a leaf was set back, by ``zero_grad`` or by hand."""

    node: NodeId
    """The leaf, as `Step.node` names it."""
    to: Literal["none", "zero"]
    line: Index = 0
    after: Index = 0
    """How many nodes there were by then."""
    step: Index = 0
    """How many steps there were by then."""


class Graph(RunEvent, kw_only=True, tag="graph"):
    """An addition to the recorded computation; everything is appended, nothing is sent twice."""

    nodes: Annotated[list[Node], Meta(max_length=20_000)] = []
    edges: Annotated[list[Edge], Meta(max_length=200_000)] = []
    scopes: Annotated[list[Scope], Meta(max_length=20_000)] = []
    steps: Annotated[list[Step], Meta(max_length=20_000)] = []
    clears: Annotated[list[Clear], Meta(max_length=20_000)] = []
    omitted: Index = 0
    """How many operations so far ran without being recorded, because the limit was reached."""
    restart: bool = False
    """Everything recorded before is over: the graph begins again with this, its nodes and scopes counted from the
    beginning. Sent for the training step at which a program is held."""


class ProfileRow(Message, kw_only=True):
    """One row of the profiler table. Times are in microseconds."""

    name: Label
    shapes: Label = ""
    """Input shapes, in rows grouped by op and shape: ``[[2, 3], [2, 3]]``."""
    count: Index
    self_cpu: float
    cpu: float
    self_cuda: float = 0.0
    """Of the GPU's time, between CUDA events; 0 where there was none."""
    cuda: float = 0.0


class Kernel(Message, array_like=True):
    """What the GPU did for one operation; times in microseconds since the run began."""

    name: Label
    start: float
    duration: float
    stream: int
    """CUDA's handle of it; 0 is the default one."""
    launched: float
    """When the host began to send it."""


class Span(Message, array_like=True):
    """One bar of the flame chart."""

    name: Label
    start: float
    """Microseconds since the run began."""
    duration: float
    depth: Index
    line: Index = 0
    node: int = -1
    """The node it made, or -1."""


class Profile(RunEvent, kw_only=True, tag="profile"):
    """The whole run's profile, read off the recording; sent when the program ends. A later one replaces it."""

    by_op: Annotated[list[ProfileRow], Meta(max_length=2_000)]
    by_shape: Annotated[list[ProfileRow], Meta(max_length=2_000)]
    spans: Annotated[list[Span], Meta(max_length=20_000)] = []
    spans_omitted: Index = 0
    kernels: Annotated[list[Kernel], Meta(max_length=20_000)] = []
    """What ran on the GPU, of the spans that are there."""
    overhead_us: float = 0.0
    """What recording cost the program while it ran, about: each operation noted, at a price measured beforehand."""
    explaining_us: float = 0.0
    """What explaining the recording and sending it took, measured; in between and afterwards."""


class Detail(RunEvent, kw_only=True, tag="detail"):
    """Answers `Inspect`: the node's tensors and the last gradient of each, up to 1,000 values."""

    node: NodeId
    values: Annotated[list[Values | None], Meta(max_length=64)]
    """None where the value is not kept; `note` says why."""
    grads: Annotated[list[Values | None], Meta(max_length=64)] = []
    accumulated: Values | None = None
    """A leaf's ``.grad`` now."""
    note: Text = ""


class JacobianBlock(Message, kw_only=True):
    """The block of one input (or, for a Hessian, of one pair of inputs)."""

    input: NodeId
    other: NodeId | None = None
    """The second input of a Hessian block."""
    rows: Shape
    """Shape of the output (of `input` for a Hessian)."""
    columns: Shape
    """Shape of `input` (of `other` for a Hessian)."""
    values: bytes
    """Little-endian float64, ``prod(rows) x prod(columns)`` in row-major order."""


class JacobianResult(RunEvent, kw_only=True, tag="jacobian"):
    """Answers `Jacobian`."""

    output: NodeId
    order: Literal[1, 2]
    blocks: Annotated[list[JacobianBlock], Meta(max_length=64)]


class LocalBlock(Message, kw_only=True):
    """The derivative of one tensor of an operation with respect to one of its inputs."""

    input: Index
    """Which argument of the operation: `Edge.input`."""
    source: NodeId
    rows: Shape
    """Shape of the output."""
    columns: Shape
    """Shape of the input."""
    values: bytes = b""
    """Little-endian float64, ``prod(rows) x prod(columns)`` in row-major order; empty if it is too large to show."""
    diagonal: bool = False
    """The operation works element by element, so all but the diagonal is zero: `values` is that, of ``prod(rows)``."""
    difference: Number | None = None
    """Of a check: the largest difference between the derivative and central differences, relative to the largest entry.
    Of a large tensor only the product with two random directions is compared. None if nothing could be compared."""
    agrees: bool = True
    """Whether the difference is within what rounding explains."""
    at: int = -1
    """The entry of the largest difference, in row-major order of the whole matrix; -1 of a product."""
    expected: Number | None = None
    """What differences give there."""
    got: Number | None = None
    """What the derivative rule gives there."""


class Argument(Message, kw_only=True):
    """An argument of an operation that is no tensor of the graph."""

    name: Label
    """Its name in the engine's record."""
    value: Label
    input: Index | None = None
    """Of a number in the place of a tensor: which argument that is, as `Edge.input`."""


class LocalResult(RunEvent, kw_only=True, tag="local"):
    """Answers `Local`."""

    node: NodeId
    output: Index = 0
    blocks: Annotated[list[LocalBlock], Meta(max_length=64)] = []
    record: Label = ""
    """The engine's record of the operation: several may have the name that the node has."""
    arguments: Annotated[list[Argument], Meta(max_length=16)] = []
    """Numbers and words the operation was given beside its tensors, by the names of the engine's record."""
    checked: bool = False
    note: Text = ""
    """What could not be worked out, and why; where the function has a kink, that it has."""


class Curve(Message, kw_only=True):
    """Answers a `CurveRequest`. Little-endian float64 each; NaN where the program failed or has no derivative."""

    output: Label
    input: Label
    x: bytes
    y: bytes
    dy: bytes
    note: Text = ""
    """Why there is nothing, if there is nothing."""


class Field(Message, kw_only=True):
    """Answers a `FieldRequest`. Little-endian float64; `y`, `dy0` and `dy1` are ``count x count``, the second input
    along the rows."""

    output: Label
    inputs: Annotated[list[Label], Meta(min_length=2, max_length=2)]
    x0: bytes
    x1: bytes
    y: bytes
    dy0: bytes
    dy1: bytes
    note: Text = ""


class Symbolic(Message, kw_only=True):
    """A variable of the program as a formula of its inputs, and its derivative."""

    output: Label
    """``y[0]`` for its first element."""
    input: Label
    """Empty for the value itself."""
    tex: Text
    """What stands right of the equals sign; empty if the operations have no formula for it."""
    why: Label = ""
    """Then, after "no formula: ", why."""
    summed: bool = False
    """It is the derivative of the sum of the output's elements; else the output's, or each element's by itself."""


class LiveResult(RunEvent, kw_only=True, tag="live"):
    """Answers `Live`. The graph takes the place of the run's."""

    number: Index
    graph: Graph
    shown: Annotated[list[Output | Figure | Error | Notice], Meta(max_length=64)] = []
    """What it printed, plotted and raised, in order."""
    curves: Annotated[list[Curve], Meta(max_length=4)] = []
    field: Field | None = None
    symbolic: Annotated[list[Symbolic], Meta(max_length=256)] = []
    wall_ms: float = 0.0


# --- What a program is made of ---------------------------------------------------------------------------------------

BlockId = Index


class Stretch(Message, array_like=True):
    """A stretch of the program's text, in UTF-16 code units (a browser's): ``text.slice(start, end)``."""

    start: Index
    end: Index


class NameUse(Message, array_like=True):
    """A variable (or ``self.fc``) where it is read or bound."""

    name: Label
    start: Index
    end: Index
    binds: bool


class Statement(Message, kw_only=True):
    """One statement of the program, or a run of them that blocks cannot show. Statements of one parent, one after the
    other, cover it without gaps, so that the text of what is not touched can be kept to the letter."""

    index: Index
    kind: Literal[
        "import", "assign", "expression", "class", "def", "init", "forward", "return", "train", "code"
    ]
    """``class``: an ``nn.Module`` that can be shown; ``init`` and ``forward`` are its methods; ``def``: a function of
    straight lines; ``train``: a ``for`` over a range whose body is straight lines and the calls of a training step, or
    has a loop over batches with them, which is one too;
    ``code``: anything else, shown as one block of text."""
    parent: int = -1
    """The statement it is inside; -1 for the program itself."""
    whole: Stretch
    """With the blank lines and comments before it, and the end of its last line."""
    core: Stretch
    """The statement itself."""
    uses: Annotated[list[NameUse], Meta(max_length=20_000)] = []
    """Every name of a variable in it, also inside code that is not shown as blocks."""
    why: Text = ""
    """Of ``code``: why it is not blocks, in plain words."""
    line: Index = 0
    """The line that reason is about, 1-based."""
    block: int = -1
    """The block of a ``class``, a ``train`` or a ``code`` statement."""


class Wire(Message, array_like=True):
    """Where a value comes from."""

    block: BlockId
    output: Index


class BlockArgument(Message, kw_only=True):
    """An argument of a block, given or not."""

    name: Label
    """The parameter's name, as the palette has it; ``0``, ``1``, ... in a list of any length."""
    span: Stretch | None = None
    """Where its value stands; None: it is not given, and the palette's default holds."""
    text: Text = ""
    """The value as it is written, if no wire comes in."""
    wire: Wire | None = None
    place: Literal["call", "definition"] = "call"
    """Of a layer: an argument of the call, or one of where it is made (``nn.Linear(2, 16)``)."""
    open: bool = False
    """It is written ``...``: something must still be connected here."""


class BlockOutput(Message, kw_only=True):
    """A value that a block makes."""

    name: Label = ""
    """The variable it is assigned to; empty inside a larger expression."""
    shape: Shape | None = None
    """None: not known before the program runs."""
    dtype: Label = ""


class Block(Message, kw_only=True):
    """One box of the diagram that can be edited."""

    id: BlockId
    key: Label
    """What it is called in the program (``y``, ``net.fc1``, ``y/0/1`` for a part of a larger expression): the same
    before and after an edit elsewhere, so that the box stays where it is."""
    kind: Literal[
        "input", "data", "op", "layer", "module", "loss", "optimizer", "train", "output", "code", "class"
    ]
    """``input``: a tensor made from numbers; ``module``: a call of one of the program's own classes; ``output``: a
    value printed or returned."""
    type: Label
    """Its entry in the palette (``torch.sin``, ``nn.Linear``), or the class's or function's name."""
    statement: Index
    definition: int = -1
    """Of a layer, loss or optimizer: the statement that makes it."""
    parent: int = -1
    """The ``class``, ``train``, or function block it is inside; -1 for the program."""
    span: Stretch
    """The expression it is."""
    arguments: Annotated[list[BlockArgument], Meta(max_length=256)] = []
    outputs: Annotated[list[BlockOutput], Meta(max_length=64)] = []
    wrong: Text = ""
    """What does not fit, in plain words: shapes that do not go together, a value that is not accepted."""
    line: Index = 0


class Document(RunEvent, kw_only=True, tag="document"):
    """Answers `Parse`: the program as blocks."""

    statements: Annotated[list[Statement], Meta(max_length=2_000)] = []
    blocks: Annotated[list[Block], Meta(max_length=2_000)] = []
    problem: Text = ""
    """Why there are none: the text is not Python. Then `line` and `column` say where."""
    line: Index = 0
    column: Index = 0
    imports: dict[Label, Label] = {}
    """What a name stands for by its import: ``nn`` -> ``torch.nn``."""


class Column(Message, kw_only=True):
    """One column of a table."""

    name: Label
    type: ColumnType
    low: Number | None = None
    high: Number | None = None
    categories: Annotated[list[Label], Meta(max_length=64)] = []
    """In the order of their numbers."""
    missing: Index = 0
    sample: Annotated[list[Label], Meta(max_length=8)] = []


class BadRow(Message, array_like=True):
    """A row that is left out."""

    line: Index
    why: Label


class Table(RunEvent, kw_only=True, tag="table"):
    """Answers `Parse` with data: what was guessed and what is wrong."""

    rows: Index = 0
    """Good ones."""
    header: bool = False
    separator: Label = ","
    columns: Annotated[list[Column], Meta(max_length=256)] = []
    features: Annotated[list[Label], Meta(max_length=256)] = []
    target: Label = ""
    bad: Annotated[list[BadRow], Meta(max_length=100)] = []
    bad_rows: Index = 0
    """How many there are in all."""
    problem: Text = ""
    """Why it cannot be used at all."""


# --- Training --------------------------------------------------------------------------------------------------------


class Learner(Message, kw_only=True):
    """One parameter group of an optimizer that is at work."""

    optimizer: Index
    """Counts the run's optimizers from 0, as they first step."""
    group: Index = 0
    name: Label
    """``Adam``."""
    variable: Label = ""
    """What the program calls it, if it does."""
    lr: Number


class Progress(Message, kw_only=True):
    """How far a loop of known length is."""

    line: Index
    done: Index
    total: Index
    depth: Index = 0
    """0 is the outermost."""


class Points(Message, kw_only=True):
    """What was measured at some training steps: columns of equal length."""

    steps: Annotated[list[Index], Meta(max_length=4_096)]
    """Counted from 1 over the run; one optimizer's step is one, whichever optimizer it is."""
    times: Annotated[list[Number], Meta(max_length=4_096)]
    """Seconds since the run began, time in which it was held not counted."""
    series: dict[Label, Numbers]
    """By name: ``loss``, ``lr``, ``grad_norm``; ``loss/1`` for a second optimizer's (by `Learner.optimizer`, its
    variable is what people see); and the program's own numbers in that loop (``accuracy``, ``val_loss``), ``"nan"``
    where there is none at that step."""


class ParameterPoint(Message, kw_only=True):
    """A parameter at one training step."""

    name: Label
    step: Index
    grad_norm: Number
    weight_norm: Number
    update_ratio: Number | None = None
    """Norm of the step's change over the norm of the weights before it."""
    percentiles: Annotated[list[Number], Meta(max_length=5)] = []
    """Of the gradient's elements: 5, 25, 50, 75, 95 percent."""


class Histogram(Message, kw_only=True):
    """How the elements of one tensor lie, at one training step. Equal bins."""

    of: Literal["weight", "gradient", "activation"]
    name: Label
    """A parameter's or a module's (``0``, ``fc1``)."""
    step: Index
    low: Number
    high: Number
    counts: Annotated[list[Index], Meta(max_length=64)]


class Boundary(Message, kw_only=True, tag="boundary"):
    """What a model with two inputs says over the plane."""

    x: Annotated[list[Number], Meta(min_length=2, max_length=2)]
    y: Annotated[list[Number], Meta(min_length=2, max_length=2)]
    rows: Index
    columns: Index
    values: bytes
    """Little-endian float32, rows x columns, the first row at the lowest y: with two classes the probability (or
    score) of the second; with more, the class and, after the dot, how sure (``2.87``); else the output itself."""
    classes: Index = 0
    """0: the output is a number."""
    points: bytes
    """Of the training data: float32 triples x, y, label (or target); at most 2,000."""


class Fit(Message, kw_only=True, tag="fit"):
    """A model with one input: float32 pairs each."""

    curve: bytes
    points: bytes


class Cloud(Message, kw_only=True, tag="cloud"):
    """Points in the plane that a program makes, beside those it should be like: float32 pairs."""

    made: bytes
    real: bytes


class Pictures(Message, kw_only=True, tag="pictures"):
    """Small grey pictures that a model makes, beside what they should be."""

    height: Index
    width: Index
    made: bytes
    """One byte a pixel, at most 64 pictures one after the other."""
    wanted: bytes = b""
    labels: Annotated[list[Label], Meta(max_length=64)] = []
    """``7 (is 1)``: what a classifier says of each picture in `wanted`."""


class Tokens(Message, kw_only=True, tag="tokens"):
    """Text that a model predicts."""

    predicted: Annotated[list[Label], Meta(max_length=16)]
    wanted: Annotated[list[Label], Meta(max_length=16)] = []


Prediction = Boundary | Fit | Cloud | Pictures | Tokens


class Training(RunEvent, kw_only=True, tag="training"):
    """What came of some more training steps. Series grow; of the rest the newest counts."""

    step: Index
    """Training steps so far, measured or not."""
    learners: Annotated[list[Learner], Meta(max_length=64)] = []
    """Sent when one is new or has changed."""
    points: Points | None = None
    parameters: Annotated[list[ParameterPoint], Meta(max_length=512)] = []
    histograms: Annotated[list[Histogram], Meta(max_length=512)] = []
    prediction: Prediction | None = None
    progress: Annotated[list[Progress], Meta(max_length=8)] = []
    cost: float = 0.0
    """The part of the program's time that watching it has taken so far, 0 to 1."""


class Paused(RunEvent, kw_only=True, tag="paused"):
    """The program is held after a training step; questions are answered."""

    step: Index
    line: Index = 0


class Resumed(RunEvent, kw_only=True, tag="resumed"):
    """It goes on."""

    message: Text = ""
    """Why, if nobody asked for it: it was held too long."""


class Notice(RunEvent, kw_only=True, tag="notice"):
    """Something the person should know that is not an error: a limit reached, output left out."""

    message: Text
    cell: Index = 0


class Error(RunEvent, kw_only=True, tag="error"):
    """An exception in a cell, or a command the server could not take."""

    message: Text
    """What went wrong, first line ``RuntimeError: ...`` for an exception."""
    cell: Index = 0
    line: Index = 0
    """1-based in the whole program; 0 if it belongs to no line."""
    traceback: Text = ""
    field: Label = ""
    """For a bad command: the field at fault."""
    question: Literal["", "inspect", "jacobian", "local", "live"] = ""
    """For a question that has no other answer: which kind it was."""
    hint: Text = ""
    """What to try, in plain words."""
    node: NodeId | None = None
    """The operation that raised it, or whose backward did, if that is one of the graph."""


Status = Literal["ok", "error", "cancelled", "timeout", "memory", "output_limit", "crashed"]


class Finished(RunEvent, kw_only=True, tag="finished"):
    """The last event of the program's own run; answers to `Inspect` and `Jacobian` may follow it."""

    status: Status
    wall_ms: float
    message: Text = ""
    """A plain sentence for every status but ok."""
    operations: Index = 0
    interactive: bool = False
    """The worker still answers `Inspect` and `Jacobian`."""


class Closing(RunEvent, kw_only=True, tag="closing"):
    """The server closes the connection; nothing is wrong with it. It is about no run."""

    reason: Literal["restart", "idle"]
    """`restart`: come back in a moment, but not all at once. `idle`: come back when there is something to do."""


class Gpu(RunEvent, kw_only=True, tag="gpu"):
    """Whether programs can use a GPU is not as the page was told. It is about no run."""

    reason: Text
    """Why they cannot, in a sentence; empty if they can."""


Event = (
    Queued
    | Started
    | Output
    | Figure
    | Graph
    | Profile
    | Detail
    | JacobianResult
    | LocalResult
    | LiveResult
    | Document
    | Table
    | Training
    | Paused
    | Resumed
    | Notice
    | Error
    | Finished
    | Closing
    | Gpu
)

# --- Inside the server: what the child may send ----------------------------------------------------------------------

WorkerEvent = (
    Started
    | Output
    | Figure
    | Graph
    | Profile
    | Detail
    | JacobianResult
    | LocalResult
    | LiveResult
    | Document
    | Table
    | Training
    | Paused
    | Resumed
    | Notice
    | Error
    | Finished
)
"""`Finished` from a child is its own word (ok, error, or a soft limit it met); the supervisor has the last one."""

Answer = Detail | JacobianResult | LocalResult | LiveResult | Error
"""What answers a `Question`: one of these, exactly one."""

WorkerCommand = Run | Parse | Question | Steering


# --- A stored session ------------------------------------------------------------------------------------------------


class View(Message, kw_only=True):
    """How the page looked: the open panel, what was selected, where in the run it stood."""

    panel: Annotated[str, Meta(max_length=32)] = "graph"
    node: int = -1
    time: int = -1
    """Index of the moment among the run's operations, backward steps, updates and cleared gradients; -1 is the end."""
    theme: Annotated[str, Meta(max_length=16)] = ""


class Spot(Message, array_like=True):
    """Where a block lies, in pixels."""

    x: Annotated[float, Meta(ge=-1e6, le=1e6)]
    y: Annotated[float, Meta(ge=-1e6, le=1e6)]


class Range(Message, array_like=True):
    """What a slider goes over."""

    low: float
    high: float


class Board(Message, kw_only=True):
    """How the program lies as blocks and as expressions: nothing that its meaning depends on."""

    spots: Annotated[dict[Label, Spot], Meta(max_length=2_000)] = {}
    """By `Block.key`."""
    ranges: Annotated[dict[Label, Range], Meta(max_length=256)] = {}
    """By name of the input."""
    way: Literal["code", "blocks", "expression"] = "code"
    """How it was written last."""


class SessionContent(Message, kw_only=True):
    """What Share stores; its id is a hash of exactly this."""

    code: Code
    title: Label = ""
    device: Device = "cpu"
    seed: Seed = 0
    view: View = msgspec.field(default_factory=View)
    data: UserData | None = None
    """At most 256 KiB of text here."""
    board: Board | None = None
    events: Annotated[list[Event], Meta(max_length=2_000)] = []
    """The results of the last run, so that opening the link shows them without running."""
    parent: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]*$")] = ""
    """The id of the session this one was edited from."""


class SessionFile(Message, kw_only=True, omit_defaults=False):
    """A session outside the server: a ``.json`` file, and what a picture or a standalone page has inside it."""

    playground: Literal[1]
    """The version of this format."""
    content: SessionContent


def encode(message: Message) -> bytes:
    """One message as MessagePack, as it travels over the worker's pipe."""
    return msgspec.msgpack.encode(message)
