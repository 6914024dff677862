"""What a profile holds: events, their averages, the table and the Chrome trace made of them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

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
    "cpu_memory_usage",
    "self_cpu_memory_usage",
    "count",
)


class FunctionEvent:
    """One thing that ran: `name`, `start` and `end` in microseconds since the profile began, `input_shapes`."""

    __slots__ = (
        "children_time",
        "count",
        "cpu_memory_usage",
        "depth",
        "end",
        "input_shapes",
        "name",
        "self_cpu_memory_usage",
        "stack",
        "start",
    )

    def __init__(
        self,
        name: str,
        start: float,
        end: float,
        input_shapes: list[Any],
        depth: int,
        memory: int = 0,
        stack: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.start = start
        self.end = end
        self.input_shapes = input_shapes
        self.depth = depth
        self.children_time = 0.0
        self.count = 1
        self.self_cpu_memory_usage = self.cpu_memory_usage = memory
        self.stack = stack

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
        self.cpu_memory_usage = self.self_cpu_memory_usage = 0
        self.stack: tuple[str, ...] = ()

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
        self.cpu_memory_usage += event.cpu_memory_usage
        self.self_cpu_memory_usage += event.self_cpu_memory_usage
        return self

    def __repr__(self) -> str:
        return (
            f"<FunctionEventAvg key={self.key} self_cpu_time={format_time(self.self_cpu_time_total)} "
            f"cpu_time={format_time(self.cpu_time)}  self_cuda_time=0.000us cuda_time=0.000us "
            f"input_shapes={self.input_shapes} cpu_memory_usage={self.cpu_memory_usage} cuda_memory_usage=0>"
        )


def format_memory(size: int) -> str:
    """Bytes as PyTorch prints them: ``40 B``, ``1.50 KB``."""
    for unit, name in ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")):
        if abs(size) >= unit:
            return f"{size / unit:.2f} {name}"
    return f"{size} B"


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
        """Averages by name; by input shapes and by the innermost lines of the program too, if asked."""
        groups: dict[Any, FunctionEventAvg] = {}
        for e in self:
            key = (e.name, str(e.input_shapes) if group_by_input_shape else "", e.stack[:group_by_stack_n])
            if key not in groups:
                groups[key] = FunctionEventAvg(e.name, e.input_shapes if group_by_input_shape else "")
                groups[key].stack = e.stack[:group_by_stack_n]
            groups[key].add(e)
        result = EventList(list(groups.values()), self._use_cuda)
        result._shapes = group_by_input_shape
        result._memory = self._memory
        result._stacks = group_by_stack_n > 0
        return result

    _shapes = _memory = _stacks = False

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
        if self._memory:
            headers += ["CPU Mem", "Self CPU Mem"]
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
        source_width = 0
        if self._stacks:
            texts = ["\n".join(e.stack) for e in events]
            longest = max((len(line) for text in texts for line in text.split("\n")), default=0)
            source_width = min(max(longest, len("Source Location")) + 4, max_src_column_width)
            headers.append("Source Location")
            widths.append(source_width)
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
            if self._memory:
                cells += [format_memory(e.cpu_memory_usage), format_memory(e.self_cpu_memory_usage)]
            cells.append(str(e.count))
            if shapes_width:
                cells.append(str(e.input_shapes)[:shapes_width])
            if source_width:
                cells.append(e.stack[0][-source_width:] if e.stack else "")
            rows.append(gap.join(c.rjust(w) for c, w in zip(cells, widths, strict=True)) + gap)
            # The rest of a stack goes below its first line, with nothing beside it.
            rows += [
                gap.join([*(" " * w for w in widths[:-1]), line[-source_width:].rjust(source_width)]) + gap
                for line in (e.stack[1:] if source_width else ())
            ]
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
