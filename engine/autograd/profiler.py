"""``torch.autograd.profiler``: times of every operation, as a table in PyTorch's layout and as a Chrome trace.

The profiler is an observer: it notes flat events while the program runs and makes nesting, sums and text only when
asked. Times are the host's, in microseconds.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter_ns
from typing import Any, TypeVar

from engine import backend
from engine.graph import Node
from engine.registry import Op
from engine.state import Observer, S, add_observer, remove_observer
from engine.tensor import Tensor

_F = TypeVar("_F", bound=Callable[..., Any])

SORT_KEYS = (
    "cpu_time",
    "cuda_time",
    "device_time",
    "cpu_time_total",
    "cuda_time_total",
    "device_time_total",
    "self_cpu_time_total",
    "self_cuda_time_total",
    "self_device_time_total",
    "count",
)


class FunctionEvent:
    """One thing that ran: `name`, `start` and `end` in microseconds since the profile began, `input_shapes`."""

    __slots__ = ("children_time", "count", "depth", "end", "input_shapes", "name", "start")

    def __init__(self, name: str, start: float, end: float, input_shapes: list[Any], depth: int) -> None:
        self.name = name
        self.start = start
        self.end = end
        self.input_shapes = input_shapes
        self.depth = depth
        self.children_time = 0.0
        self.count = 1

    @property
    def key(self) -> str:
        return self.name

    @property
    def cpu_time_total(self) -> float:
        """Microseconds, with what ran inside."""
        return self.end - self.start

    cpu_time = cpu_time_total

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds, without what ran inside."""
        return max(self.cpu_time_total - self.children_time, 0.0)

    cuda_time_total = device_time_total = self_cuda_time_total = self_device_time_total = 0.0
    cuda_time = device_time = 0.0

    def __repr__(self) -> str:
        return (
            f"<FunctionEvent name={self.name} cpu_time={format_time(self.cpu_time_total)} "
            f"cpu_start_us={self.start:.3f} cpu_end_us={self.end:.3f} input_shapes={self.input_shapes}>"
        )


class FunctionEventAvg:
    """All events of one name (and input shapes) together."""

    def __init__(self, key: str, input_shapes: Any) -> None:
        self.key = key
        self.input_shapes = input_shapes
        self.count = 0
        self.cpu_time_total = 0.0
        self.self_cpu_time_total = 0.0

    cuda_time_total = device_time_total = self_cuda_time_total = self_device_time_total = 0.0
    cuda_time = device_time = 0.0

    @property
    def cpu_time(self) -> float:
        """Mean microseconds of one call."""
        return self.cpu_time_total / self.count if self.count else 0.0

    @property
    def name(self) -> str:
        return self.key

    def add(self, event: FunctionEvent) -> FunctionEventAvg:
        """Count one more event."""
        self.count += 1
        self.cpu_time_total += event.cpu_time_total
        self.self_cpu_time_total += event.self_cpu_time_total
        return self

    def __repr__(self) -> str:
        return (
            f"<FunctionEventAvg key={self.key} self_cpu_time={format_time(self.self_cpu_time_total)} "
            f"cpu_time={format_time(self.cpu_time)}  self_cuda_time=0.000us cuda_time=0.000us "
            f"input_shapes={self.input_shapes} cpu_memory_usage=0 cuda_memory_usage=0>"
        )


class EventList(list[Any]):
    """Events or averages, with the table."""

    def __init__(self, events: Sequence[Any] = (), use_cuda: bool = False) -> None:
        super().__init__(events)
        self._use_cuda = use_cuda

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds in all."""
        return float(sum(e.self_cpu_time_total for e in self))

    def key_averages(self, group_by_input_shape: bool = False, group_by_stack_n: int = 0) -> EventList:
        """Averages by name, or by name and input shapes."""
        groups: dict[Any, FunctionEventAvg] = {}
        for e in self:
            key = (e.name, str(e.input_shapes)) if group_by_input_shape else e.name
            if key not in groups:
                groups[key] = FunctionEventAvg(e.name, e.input_shapes if group_by_input_shape else "")
            groups[key].add(e)
        result = EventList(list(groups.values()), self._use_cuda)
        result._shapes = group_by_input_shape
        return result

    _shapes = False

    def total_average(self) -> FunctionEventAvg:
        """All events as one."""
        total = FunctionEventAvg("Total", [])
        for e in self:
            total.add(e) if isinstance(e, FunctionEvent) else _merge(total, e)
        return total

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_src_column_width: int = 75,
        max_name_column_width: int = 55,
        max_shapes_column_width: int = 80,
        header: str | None = None,
        top_level_events_only: bool = False,
        time_unit: str | None = None,
    ) -> str:
        """The events as text, in PyTorch's columns.

        Args:
            sort_by: one of `SORT_KEYS`; descending. By default the order in which they came.
            row_limit: at most so many rows; -1 for all.

        Raises:
            AttributeError: for another `sort_by`.
        """
        events: list[Any] = list(self)
        if sort_by is not None:
            if sort_by not in SORT_KEYS:
                raise AttributeError(
                    f"'FunctionEventAvg' object has no attribute '{sort_by}'; expected one of {', '.join(SORT_KEYS)}"
                )
            events.sort(key=lambda e: getattr(e, sort_by), reverse=True)
        if top_level_events_only:
            events = [e for e in events if getattr(e, "depth", 0) == 0]
        total = sum(e.self_cpu_time_total for e in events)
        names = [_shortened(e.key, max_name_column_width) for e in events]
        name_width = min(max([len(e.key) for e in events] or [0]) + 4, max_name_column_width)
        headers = ["Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg"]
        if self._use_cuda:
            headers += ["Self CUDA", "Self CUDA %", "CUDA total", "CUDA time avg"]
        headers.append("# of Calls")
        widths = [name_width] + [12] * (len(headers) - 1)
        shapes_width = 0
        if self._shapes or any(isinstance(e, FunctionEvent) and e.input_shapes for e in events):
            shapes_width = (
                min(max(len(str(e.input_shapes)) for e in events) + 4, max_shapes_column_width)
                if events
                else 16
            )
            headers.append("Input Shapes")
            widths.append(shapes_width)
        gap = "  "
        line = gap.join("-" * w for w in widths) + gap
        unit = time_unit
        rows = [line, gap.join(h.rjust(w) for h, w in zip(headers, widths, strict=True)) + gap, line]
        for e, name in list(zip(events, names, strict=True))[: None if row_limit < 0 else row_limit]:
            cells = [
                name,
                _percent(e.self_cpu_time_total, total),
                format_time(e.self_cpu_time_total, unit),
                _percent(e.cpu_time_total, total) if e.cpu_time_total or total else "0.00%",
                format_time(e.cpu_time_total, unit),
                format_time(e.cpu_time, unit),
            ]
            if self._use_cuda:
                cells += [format_time(0.0, unit), "0.00%", format_time(0.0, unit), format_time(0.0, unit)]
            cells.append(str(e.count))
            if shapes_width:
                cells.append(str(e.input_shapes)[:shapes_width])
            rows.append(gap.join(c.rjust(w) for c, w in zip(cells, widths, strict=True)) + gap)
        rows.append(line)
        rows.append(f"Self CPU time total: {format_time(total, unit)}")
        if self._use_cuda:
            rows.append(f"Self CUDA time total: {format_time(0.0, unit)}")
        head = ["=" * len(line), header] if header else []
        return "\n".join([*head, *rows]) + "\n"

    def __str__(self) -> str:
        return self.table()

    def export_chrome_trace(self, path: str) -> None:
        """Write the events as JSON that Perfetto and chrome://tracing open."""
        with open(path, "w", encoding="utf-8") as file:
            json.dump(chrome_trace(self), file)


def chrome_trace(events: Sequence[FunctionEvent]) -> dict[str, Any]:
    """The events in the Chrome trace format: complete events (``ph`` X), microseconds."""
    pid = os.getpid()
    return {
        "schemaVersion": 1,
        "displayTimeUnit": "ms",
        "traceEvents": [
            {"ph": "M", "name": "process_name", "pid": pid, "tid": 0, "args": {"name": "python"}},
            *(
                {
                    "ph": "X",
                    "cat": "cpu_op" if "::" in e.name else "user_annotation",
                    "name": e.name,
                    "pid": pid,
                    "tid": pid,
                    "ts": e.start,
                    "dur": e.cpu_time_total,
                    "args": {"Input Dims": e.input_shapes} if e.input_shapes else {},
                }
                for e in events
            ),
        ],
    }


def _merge(total: FunctionEventAvg, e: FunctionEventAvg) -> None:
    total.count += e.count
    total.cpu_time_total += e.cpu_time_total
    total.self_cpu_time_total += e.self_cpu_time_total


def _shortened(name: str, width: int) -> str:
    return name if len(name) < width else name[: width - 3] + "..."


def _percent(part: float, total: float) -> str:
    if not total:
        return "NaN"
    return f"{part * 100.0 / total:.2f}%"


def format_time(us: float, unit: str | None = None) -> str:
    """Microseconds as PyTorch prints them: ``1.234s``, ``5.678ms`` or ``9.000us``."""
    if unit == "s" or (unit is None and us >= 1_000_000):
        return f"{us / 1_000_000:.3f}s"
    if unit == "ms" or (unit is None and us >= 1_000):
        return f"{us / 1_000:.3f}ms"
    return f"{us:.3f}us"


class profile(Observer):
    """Record what runs inside a ``with`` block.

    Args:
        enabled: False makes it do nothing.
        use_cuda: show CUDA columns (their times are zero on the CPU). Ignored, with a warning, without CUDA.
        record_shapes: note input shapes, for ``key_averages(group_by_input_shape=True)``.
        use_device, with_flops, profile_memory, with_stack, with_modules, use_kineto, use_cpu: accepted as PyTorch does.
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
        self._raw: list[tuple[str, int, int, Any]] = []
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

    def _nest(self) -> list[FunctionEvent]:
        """Raw events in order of their start, each knowing how deep it lies and how long its children took."""
        events: list[FunctionEvent] = []
        stack: list[FunctionEvent] = []
        for name, start, end, shapes in sorted(self._raw, key=lambda r: (r[1], -r[2])):
            e = FunctionEvent(name, (start - self._began) / 1000, (end - self._began) / 1000, shapes or [], 0)
            while stack and stack[-1].end < e.end:
                stack.pop()
            if stack:
                stack[-1].children_time += e.cpu_time_total
                e.depth = stack[-1].depth + 1
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
        self._raw.append((name, start, end, shapes))

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
