"""Process-wide switches of the engine and the interface through which others watch it.

There is one `S`. The hot path of an operation reads two of its fields: `grad_enabled` and `slow`. Everything that
wants to see or change what operations do (profiler, recorder, anomaly mode) sets `slow`, so that a program nobody
watches pays for none of it. The switches are per process, not per thread: a program here is one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.graph import Node
    from engine.registry import Op
    from engine.tensor import Tensor


class Observer:
    """Watches everything the engine does. Subclass and override; every method does nothing by default.

    Calls come in program order, in the thread of the program. An observer must not change what it is given, and
    must not run engine operations except inside `engine.state.unobserved()`. Times are `time.perf_counter_ns`.
    """

    run_hot: Callable[[Op, tuple[Any, ...]], Any] | None = None
    """Runs an operation that has a hot closure and notes it, instead of `op` and `op_failed` being told: for an
    observer that must cost little. Only while it is the only one; it clears `S.slow` around `Op.call`."""

    backward_ops = False
    """Whether `op` is to be told of the operations of backward rules too. It costs: the rules, which otherwise compute
    on bare arrays, then run on Tensors. With ``create_graph`` they do so anyway and every observer is told."""

    def op(
        self,
        op: Op,
        args: tuple[Any, ...],
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        node: Node | None,
        inplace: bool,
        start: int,
        end: int,
    ) -> None:
        """An operation has run.

        `args` are all arguments as the record's forward takes them (Tensors where Tensors were given), `inputs` the
        Tensors among them in order, `outputs` the Tensors made (the input itself for an in-place operation, whose
        version has been raised), and `node` the backward node or None where nothing was recorded. A factory
        (``randn``) is an operation without inputs.
        """

    def op_failed(self, op: Op, args: tuple[Any, ...], inputs: Sequence[Tensor], error: Exception) -> None:
        """An operation has raised `error`."""

    def before_write(self, tensor: Tensor) -> None:
        """The memory of `tensor` is about to change in place (its own memory, or its base's, if it is a view)."""

    def composite_begin(self, name: str, inputs: Sequence[Tensor]) -> None:
        """A function made of several operations (``aten::linear``) begins."""

    def composite_end(self, name: str) -> None:
        """It has ended."""

    def scope_begin(self, kind: str, name: str, owner: object) -> None:
        """A module call, a labelled range or an optimizer step begins.

        `kind` is ``module``, ``range`` or ``optimizer``; `name` the class name, label, or ``SGD.step``; `owner` the
        module or optimizer, or None.
        """

    def scope_end(self, kind: str, name: str, owner: object) -> None:
        """It has ended, by return or by exception."""

    def module_called(self, module: object, given: tuple[Any, ...], made: Any) -> None:
        """A module is about to return `made`, inside its scope; `given` are its positional arguments."""

    def gradients_set(self, tensors: Sequence[Tensor], zeros: bool) -> None:
        """The ``grad`` of these tensors has been filled with `zeros`, or else assigned or dropped."""

    def parameter_updated(self, parameter: Tensor, optimizer: object) -> None:
        """An optimizer has changed `parameter` in place."""

    def backward_begin(self, roots: Sequence[Tensor], nodes: Sequence[Node], accumulate: bool) -> None:
        """A backward pass begins; `nodes` are all it will run, in order. Without `accumulate` gradients are returned,
        and every ``grad`` is left alone."""

    def backward_node(
        self,
        node: Node,
        entering: Sequence[Any],
        leaving: Sequence[Any],
        start: int,
        end: int,
    ) -> None:
        """A backward node has run.

        `entering` has the gradient of each output of the node and `leaving` the gradient sent along each of its
        `next_functions`, as arrays or Tensors, None where there is none. For `AccumulateGrad` `leaving` is empty and
        the leaf's ``grad`` already holds the sum.
        """

    def backward_failed(self, node: Node, entering: Sequence[Any], error: Exception) -> None:
        """A backward node has raised `error`, or could not run because what it had saved was changed or freed."""

    def backward_end(self) -> None:
        """The pass is over, by return or by exception."""


class Watcher:
    """Follows training at its landmarks: the end of each backward pass that was asked for, and each optimizer step.

    Beside observers because it costs an operation nothing: there is one call a pass and two a step, and the hot path
    stays as it is. There is at most one, `S.watcher`. It must not change what it is given, and must not run engine
    operations except inside `engine.state.unobserved()`.
    """

    def differentiated(self, roots: object, leaves: object) -> None:
        """``backward(roots)`` has ended, or ``grad(roots, leaves)``; `leaves` is None for the former, unless given."""

    def step_begins(self, optimizer: object) -> None:
        """An optimizer is about to step: gradients are there, the parameters as they were."""

    def step_ended(self, optimizer: object, completed: bool) -> None:
        """It has: `completed` says whether by return and not by exception. A step may contain
        another: ``super().step()`` of an optimizer of the program's own."""


class Layer:
    """Changes what operations do: saved-tensor hooks and each level of forward mode are one. The last added runs an
    operation first, and what it runs itself goes to the layers below it (`engine.autograd.layers`)."""

    in_backward = False
    """Whether backward rules must run on Tensors, for the layer to see their operations."""

    def run(self, op: Op, args: tuple[Any, ...]) -> Any:
        """In place of `engine.dispatch.run`."""
        raise NotImplementedError

    def inplace(self, op: Op, target: Tensor, args: tuple[Any, ...]) -> Tensor:
        """In place of `engine.inplace.apply_inplace`."""
        raise NotImplementedError


class State:
    """The switches; one instance, `S`."""

    __slots__ = (
        "clock",
        "grad_enabled",
        "inference",
        "layers",
        "number",
        "observers",
        "run_hot",
        "slow",
        "watcher",
        "written",
    )

    def __init__(self) -> None:
        self.clock: Callable[[], int] = perf_counter_ns
        """What tells observers when an operation began and ended; while a device is timed, it marks the moment in the
        device's stream too (`engine.timeline`)."""
        self.grad_enabled = True
        self.inference = False
        self.observers: tuple[Observer, ...] = ()
        self.layers: tuple[Layer, ...] = ()
        self.run_hot: Callable[[Op, tuple[Any, ...]], Any] | None = None
        self.slow = False
        self.watcher: Watcher | None = None
        self.number = 0
        """The last that `next_number` gave; the hot closures count it up themselves."""
        self.written = 0
        """The number of the last write in place: a node with a higher one has nothing stale."""


S = State()


def next_number() -> int:
    """Numbers nodes, and writes in place, in the order in which they happen."""
    S.number = number = S.number + 1
    return number


def add_observer(observer: Observer) -> None:
    """Let `observer` see everything from now on. Observers are told in the order they were added."""
    _observe((*S.observers, observer))


def remove_observer(observer: Observer) -> None:
    """Undo `add_observer`.

    Raises:
        ValueError: if it is not observing.
    """
    if observer not in S.observers:
        raise ValueError(
            "remove_observer: expected an observer that was added, but this one is not observing"
        )
    _observe(tuple(o for o in S.observers if o is not observer))


def _observe(observers: tuple[Observer, ...]) -> None:
    S.observers = observers
    S.run_hot = observers[0].run_hot if len(observers) == 1 else None
    S.slow = bool(observers or S.layers)


def happened(name: str, *inputs: Tensor) -> None:
    """Tell observers of something PyTorch has a row for (``aten::item``) and the engine does without an operation."""
    for observer in S.observers:
        observer.composite_begin(name, inputs)
        observer.composite_end(name)


class unobserved:
    """Context manager: what runs inside is seen by no observer (an observer's own arithmetic)."""

    def __enter__(self) -> None:
        self._before = S.observers, S.layers, S.slow
        S.observers, S.layers, S.slow = (), (), False

    def __exit__(self, *_: object) -> None:
        S.observers, S.layers, S.slow = self._before
