"""``torch.autograd.profiler``: times of every operation, as a table in PyTorch's layout and as a Chrome trace.

The profiler is an observer: it notes flat records while the program runs and makes nesting, PyTorch's inner rows
(`profiler_tree`), sums and text only when the block has ended. Times are the host's, in microseconds; with
``use_device="cuda"`` those of the device too (`profiler_device`).
"""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter_ns
from typing import Any, TypeVar
from weakref import ref

from engine import backend
from engine.autograd.profiler_backward import ADDED_UP, Pass, forward_shapes
from engine.autograd.profiler_device import events_of
from engine.autograd.profiler_events import (
    EventList as EventList,
)
from engine.autograd.profiler_events import (
    FunctionEvent as FunctionEvent,
)
from engine.autograd.profiler_events import (
    FunctionEventAvg as FunctionEventAvg,
)
from engine.autograd.profiler_forms import facts_of, of_composite, of_op
from engine.autograd.profiler_text import format_time as format_time
from engine.autograd.profiler_tree import ADDED, RAN, Raw, Shape
from engine.graph import AccumulateGrad, Node
from engine.registry import Op
from engine.state import Observer, S, add_observer, remove_observer
from engine.tensor import Tensor
from engine.timeline import Timeline, on_device, steps_on_device

_F = TypeVar("_F", bound=Callable[..., Any])


class profile(Observer):
    """Record what runs inside a ``with`` block.

    Args:
        enabled: False makes it do nothing; ``with`` then gives None.
        use_device: ``cuda`` has the device timed too, by CUDA events that are read when the block ends; without a
            device there is a warning. `use_cuda` is an older name of it.
        record_shapes: note input shapes, for ``key_averages(group_by_input_shape=True)``.
        profile_memory: note the memory of tensors, when it is allocated and when it is given back (what NumPy uses
            within an operation is not seen).
        with_stack: note the lines of the program each operation was called from, innermost first.
        with_flops: count the multiplications and additions of matrix products, convolutions, ``mul`` and ``add``.
        with_modules, use_kineto, use_cpu, experimental_config, acc_events, custom_trace_id_callback: accepted.
    """

    def __init__(
        self,
        enabled: bool = True,
        *,
        use_cuda: bool = False,
        use_device: str | None = None,
        record_shapes: bool = False,
        with_flops: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_modules: bool = False,
        use_kineto: bool = False,
        use_cpu: bool = True,
        experimental_config: Any = None,
        acc_events: bool = False,
        custom_trace_id_callback: Any = None,
    ) -> None:
        self.enabled = enabled
        if not enabled:
            return
        if use_cuda:
            warnings.warn(
                "The attribute `use_cuda` will be deprecated soon, please use ``use_device = 'cuda'`` instead.",
                FutureWarning,
                stacklevel=2,
            )
            use_device = "cuda"
        if use_device not in (None, "cuda"):
            warnings.warn(f"The {use_device} is not a valid device option.", stacklevel=2)
            use_device = None
        if use_device == "cuda" and backend.cupy() is None:
            warnings.warn("CUDA is not available, disabling CUDA profiling", stacklevel=2)
            use_device = None
        if not use_cpu and use_device is None:
            raise AssertionError("No activities specified for the profiler")
        self.use_device = use_device
        self.record_shapes = record_shapes or with_flops
        self.with_flops = with_flops
        self.with_modules = with_modules
        self.function_events: EventList | None = None
        self.profile_memory = profile_memory
        self.with_stack = with_stack
        self.entered = False
        self._raw: list[Raw] = []
        self._open: list[Raw] = []
        self._freed: list[tuple[int, int, bool]] = []
        self._timeline: Timeline | None = None
        self._alive: dict[int, Any] = {}
        self._began = 0
        self._pass: list[Pass] = []

    def __enter__(self) -> profile | None:
        if not self.enabled:
            return None
        if self.entered:
            raise RuntimeError("Profiler context manager is not reentrant")
        self.entered = True
        self._timeline = None if self.use_device is None else Timeline.start()
        self._began = perf_counter_ns()
        add_observer(self)
        return self

    def __exit__(self, *_: object) -> None:
        if not self.enabled:
            return
        remove_observer(self)
        now = S.clock()
        self._alive.clear()
        while self._open:
            self._open.pop().end = now
        marks = [] if self._timeline is None else self._timeline.stop()
        events = events_of(self._raw, self._freed, marks, self._began, self.record_shapes, self.with_flops)
        for e in events:
            e.use_device = self.use_device
        self._raw = []
        self.function_events = EventList(
            events, profile_memory=self.profile_memory, with_flops=self.with_flops
        )

    # --- Observer --------------------------------------------------------------------------------------------------

    backward_ops = True

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
        raw = Raw(of_op(op, args, outputs, inplace), start, end)
        if self.record_shapes:
            # Numbers and options count as arguments without dimensions, as in PyTorch: ``a * 2`` is [[2, 3], []].
            raw.shapes = [a._data.shape if isinstance(a, Tensor) else getattr(a, "shape", ()) for a in args]
        raw.out = outputs[0]._data.shape if outputs else None
        raw.repeat = len(outputs)
        if node is not None:
            raw.sequence = node.sequence_nr
        if self.with_stack:
            raw.stack = _stack()
        if self.profile_memory and not (inplace or op.view):
            self._hold(raw, outputs)
        if self._timeline is not None and not op.view:
            raw.device = RAN if on_device(outputs) or on_device(inputs) else 0
        self._raw.append(raw)

    def _hold(self, raw: Raw, outputs: Sequence[Tensor]) -> None:
        """Count the memory of `outputs`, and hear when it is given back."""
        freed, alive = self._freed, self._alive
        for t in outputs:
            owner = t._data
            while getattr(owner, "base", None) is not None and isinstance(owner.base, type(owner)):
                owner = owner.base
            number = id(owner)
            if number in alive:
                continue
            size = int(owner.nbytes)
            there = backend.is_elsewhere(owner)
            if there:
                raw.device_allocated += size
            else:
                raw.allocated += size

            def gone(_: Any, number: int = number, size: int = size, there: bool = there) -> None:
                if alive.pop(number, None) is not None:
                    freed.append((perf_counter_ns(), -size, there))

            alive[number] = ref(owner, gone)

    def composite_begin(self, name: str, inputs: Sequence[Tensor]) -> None:
        key = of_composite(name, inputs)
        self._begin(key, [t._data.shape for t in inputs] if self.record_shapes else None)

    def composite_end(self, name: str) -> None:
        self._end()

    def scope_begin(self, kind: str, name: str, owner: object) -> None:
        if kind == "optimizer":
            raw = self._begin(f"=Optimizer.step#{name}", None)
            raw.device = RAN if self._timeline is not None and steps_on_device(owner) else 0
        elif kind != "module":
            self._begin(f"={name}", None)

    def scope_end(self, kind: str, name: str, owner: object) -> None:
        if kind != "module":
            self._end()

    def _begin(self, key: str, shapes: Sequence[Shape] | None) -> Raw:
        now = S.clock()
        raw = Raw(key, now, now, shapes)
        if self.with_stack:
            raw.stack = _stack()
        self._raw.append(raw)
        self._open.append(raw)
        return raw

    def _end(self) -> None:
        if self._open:
            self._open.pop().end = S.clock()

    def parameter_updated(self, parameter: Tensor, optimizer: object) -> None:
        now = perf_counter_ns()
        raw = Raw(_step_of(optimizer), now, now, [parameter._data.shape], parameter._data.shape)
        self._raw.append(raw)

    # --- Backward --------------------------------------------------------------------------------------------------

    def backward_begin(self, roots: Sequence[Tensor], nodes: Sequence[Node], accumulate: bool) -> None:
        now = perf_counter_ns()
        for root in roots:
            if root._data.ndim == 0:
                self._raw.append(Raw("ones_like", now, now, [()], ()))
        self._pass.append(Pass(len(self._raw)))

    def backward_node(
        self, node: Node, entering: Sequence[Any], leaving: Sequence[Any], start: int, end: int
    ) -> None:
        current = self._pass[-1]
        raws = self._raw
        if current.around is not None or len(raws) > current.first:
            current.next(start, raws)
        name, around_name, broadcast, ask = facts_of(node)
        arrived = entering[0]
        if node.is_leaf_node:
            key = current.accumulated(node, name, arrived)  # type: ignore[arg-type]
        else:
            key = name if ask is None else ask(node, entering)
        raw = Raw(key, start, end)
        raw.inner = 1
        raw.sequence = node.sequence_nr
        wanted = count = 0
        for k, e in enumerate(node.next_edges):
            if e is not None:
                wanted |= 1 << k
                count += 1
        raw.wanted = wanted
        metas = node.metas
        raw.repeat = count if metas is None else max(count, len(metas))
        if self.record_shapes:
            kinds = [node.out_dtype] if metas is None else [kind for _, kind in metas]
            raw.shapes = [
                () if g is None else tuple(g.shape)
                for g, kind in zip(entering, kinds, strict=False)
                if kind.kind in "fc"
            ]
            raw.forward = forward_shapes(node)
        if self._timeline is not None:
            raw.device = RAN if on_device(entering) or on_device(leaving) else 0
        around = Raw(
            around_name, current.begins or start, end + 1
        )  # what it sends on is inside, after the node
        around.sequence = raw.sequence
        current.around = around
        raws.append(around)
        raws.append(raw)
        if self.profile_memory and isinstance(node, AccumulateGrad):
            leaf = node.variable
            if leaf is not None and leaf._grad is not None:
                self._hold(raw, (leaf._grad,))
        if leaving:
            shape = () if arrived is None else tuple(arrived.shape)
            current.sent(raws, node, leaving, shape, broadcast, end + 1)
            if raw.device:
                for row in raws[current.first :]:
                    if row.inner == ADDED_UP:
                        row.device = ADDED
                        break  # all the others are added up in the same time
        current.first = len(raws)
        current.begins = 0

    def backward_end(self) -> None:
        self._pass.pop().next(S.clock(), self._raw)

    # --- What users call -------------------------------------------------------------------------------------------

    def _events(self) -> EventList:
        if self.function_events is None:
            raise RuntimeError("Profiler didn't finish running")
        return self.function_events

    def key_averages(
        self,
        group_by_input_shape: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
    ) -> EventList:
        """Averages by name; by input shapes and by the innermost lines of the program too, if asked."""
        return self._events().key_averages(group_by_input_shape, group_by_stack_n)

    def table(self, *args: Any, **kwargs: Any) -> str:
        """Every event, one row each; see `EventList.table`."""
        return self._events().table(*args, **kwargs)

    def total_average(self) -> FunctionEventAvg:
        """All events as one."""
        return self._events().total_average()

    def export_chrome_trace(self, path: str) -> None:
        """Write the events as JSON that Perfetto and chrome://tracing open."""
        self._events().export_chrome_trace(path)

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Write the stacks for flame graph tools; see `EventList.export_stacks`.

        Raises:
            AssertionError: without `with_stack`.
        """
        if not self.with_stack:
            raise AssertionError("export_stacks() requires with_stack=True")
        self._events().export_stacks(path, metric)

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds in all."""
        return self._events().self_cpu_time_total

    def __iter__(self) -> Iterator[Any]:
        return iter(self._events())

    def __str__(self) -> str:
        return (
            str(self.function_events)
            if self.function_events is not None
            else "<unfinished torch.autograd.profile>"
        )

    __repr__ = __str__


def _step_of(optimizer: Any) -> str:
    """The key of the line of what an optimizer does to one parameter."""
    name = f"{type(optimizer).__name__}.step"
    if name == "SGD.step" and any(group.get("momentum") for group in optimizer.param_groups):
        return "SGD.step#momentum"
    return name


_ENGINE = __file__.rpartition("autograd")[0]


def _stack() -> tuple[str, ...]:
    """The lines of the program that are running, innermost first: ``train.py(12): step``."""
    lines = []
    frame: Any = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(_ENGINE):
            lines.append(f"{name}({frame.f_lineno}): {frame.f_code.co_name}")
        frame = frame.f_back
    return tuple(lines)


class record_function:
    """Label a part of a program: ``with record_function("loss"):``, or a decorator."""

    def __init__(self, name: str, args: str | None = None) -> None:
        if not isinstance(name, str):
            raise TypeError(f"record_function(): expected a str as name, but got {type(name).__name__}")
        self.name = name
        self.args = args

    def __enter__(self) -> record_function:
        for observer in S.observers:
            observer.scope_begin("range", self.name, None)
        return self

    def __exit__(self, *_: object) -> None:
        for observer in S.observers:
            observer.scope_end("range", self.name, None)

    def __call__(self, function: _F) -> _F:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name):
                return function(*args, **kwargs)

        return call  # type: ignore[return-value]


class emit_itt:
    """Accepted: marks for Intel's VTune, which is not here, so that the block just runs."""

    def __init__(self, enabled: bool = True, record_shapes: bool = False) -> None:
        self.enabled = enabled
        self.entered = False

    def __enter__(self) -> emit_itt | None:
        if not self.enabled:
            return None
        if self.entered:
            raise RuntimeError("ITT annotation context manager is not reentrant")
        self.entered = True
        return self

    def __exit__(self, *_: object) -> None:
        pass


class emit_nvtx:
    """Marks for NVIDIA's profilers, which need CUDA.

    Raises:
        AssertionError: when it is entered, in PyTorch's words.
    """

    def __init__(self, enabled: bool = True, record_shapes: bool = False) -> None:
        self.enabled = enabled

    def __enter__(self) -> None:
        if self.enabled:
            raise AssertionError("Torch not compiled with CUDA enabled")

    def __exit__(self, *_: object) -> None:
        pass
