"""``torch.autograd.profiler``: times of every operation, as a table in PyTorch's layout and as a Chrome trace.

The profiler is an observer: it notes flat events while the program runs and makes nesting, sums and text only when
asked. Times are the host's, in microseconds.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter_ns
from typing import Any, TypeVar

from engine import backend
from engine.autograd.profiler_events import (
    SORT_KEYS as SORT_KEYS,
)
from engine.autograd.profiler_events import (
    EventList,
    FunctionEvent,
    FunctionEventAvg,
)
from engine.autograd.profiler_events import (
    chrome_trace as chrome_trace,
)
from engine.autograd.profiler_events import (
    format_time as format_time,
)
from engine.graph import Node
from engine.registry import Op
from engine.state import Observer, S, add_observer, remove_observer
from engine.tensor import Tensor

_F = TypeVar("_F", bound=Callable[..., Any])


class profile(Observer):
    """Record what runs inside a ``with`` block.

    Args:
        enabled: False makes it do nothing.
        use_cuda: show CUDA columns (their times are zero on the CPU). Ignored, with a warning, without CUDA.
        record_shapes: note input shapes, for ``key_averages(group_by_input_shape=True)``.
        profile_memory: note how many bytes each operation allocates for what it returns (what it frees is not seen,
            nor is what it uses only meanwhile).
        with_stack: note the lines of the program each operation was called from, innermost first.
        use_device, with_flops, with_modules, use_kineto, use_cpu: accepted as PyTorch does.
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
    ) -> None:
        self.enabled = enabled
        wanted = use_cuda or use_device == "cuda"
        if wanted and backend.cupy() is None:
            import warnings

            warnings.warn("CUDA is not available, disabling CUDA profiling", UserWarning, stacklevel=2)
            wanted = False
        self.use_cuda = wanted
        self.record_shapes = record_shapes
        self.function_events: EventList | None = None
        self.profile_memory = profile_memory
        self.with_stack = with_stack
        self._raw: list[tuple[Any, ...]] = []
        self._open: list[tuple[str, int, Any]] = []
        self._began = 0

    def __enter__(self) -> profile:
        if not self.enabled:
            return self
        if self.function_events is not None or self._began:
            raise RuntimeError("Profiler context manager is not reentrant")
        self._began = perf_counter_ns()
        add_observer(self)
        return self

    def __exit__(self, *_: object) -> None:
        if self.enabled:
            remove_observer(self)
            now = perf_counter_ns()
            while self._open:
                name, start, shapes = self._open.pop()
                self._raw.append((name, start, now, shapes))
            self.function_events = EventList(self._nest(), self.use_cuda)
            self.function_events._memory = self.profile_memory

    def _nest(self) -> list[FunctionEvent]:
        """Raw events in order of their start, each knowing how deep it lies and how long its children took."""
        events: list[FunctionEvent] = []
        stack: list[FunctionEvent] = []
        for name, start, end, shapes, *more in sorted(self._raw, key=lambda r: (r[1], -r[2])):
            since, until = (start - self._began) / 1000, (end - self._began) / 1000
            e = FunctionEvent(name, since, until, shapes or [], 0, *more)
            while stack and stack[-1].end < e.end:
                stack.pop()
            if stack:
                stack[-1].children_time += e.cpu_time_total
                e.depth = stack[-1].depth + 1
                for outer in stack:
                    outer.cpu_memory_usage += e.self_cpu_memory_usage
            stack.append(e)
            events.append(e)
        return events

    # --- Observer --------------------------------------------------------------------------------------------------

    backward_ops = True

    def _shapes(self, inputs: Sequence[Tensor]) -> Any:
        return [list(t._data.shape) for t in inputs] if self.record_shapes else None

    def op(
        self,
        op: Op,
        args: Any,
        inputs: Any,
        outputs: Any,
        node: Node | None,
        inplace: bool,
        start: int,
        end: int,
    ) -> None:
        name = op.aten + "_" if inplace and not op.aten.endswith("_") else op.aten
        # Numbers and options count as arguments without dimensions, as in PyTorch: ``a * 2`` is [[2, 3], []].
        shapes = (
            [list(a._data.shape) if isinstance(a, Tensor) else [] for a in args]
            if self.record_shapes
            else None
        )
        if not (self.profile_memory or self.with_stack):
            self._raw.append((name, start, end, shapes))
            return
        memory = 0
        if self.profile_memory and not (inplace or op.view):
            memory = sum(int(o._data.nbytes) for o in outputs)
        self._raw.append((name, start, end, shapes, memory, _stack() if self.with_stack else ()))

    def composite_begin(self, name: str, inputs: Sequence[Tensor]) -> None:
        self._open.append((name, perf_counter_ns(), self._shapes(inputs)))

    def composite_end(self, name: str) -> None:
        self._close()

    def scope_begin(self, kind: str, name: str, owner: object) -> None:
        if kind != "module":
            label = f"Optimizer.step#{name}" if kind == "optimizer" else name
            self._open.append((label, perf_counter_ns(), None))

    def scope_end(self, kind: str, name: str, owner: object) -> None:
        if kind != "module":
            self._close()

    def _close(self) -> None:
        if self._open:
            name, start, shapes = self._open.pop()
            self._raw.append((name, start, perf_counter_ns(), shapes))

    def backward_node(self, node: Node, entering: Any, leaving: Any, start: int, end: int) -> None:
        name = node.name()
        self._raw.append((f"autograd::engine::evaluate_function: {name}", start, end, None))
        self._raw.append((name, start, end, None))

    # --- What users call -------------------------------------------------------------------------------------------

    def _events(self) -> EventList:
        if self.function_events is None:
            raise RuntimeError("Profiler didn't finish running")
        return self.function_events

    def key_averages(
        self, group_by_input_shape: bool = False, group_by_stack_n: int = 0, **_: Any
    ) -> EventList:
        """Averages by name, or by name and input shapes."""
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
            else "<unfinished profiler_legacy.profile>"
        )

    __repr__ = __str__


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
