"""What a profile holds: events, their averages, and the table made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from engine.autograd.profiler_text import format_memory, format_share, format_time
from engine.autograd.profiler_trace import write_trace


class Interval:
    """From `start` to `end`, in microseconds since the profile began."""

    __slots__ = ("end", "start")

    def __init__(self, start: float, end: float) -> None:
        self.start = start
        self.end = end

    def elapsed_us(self) -> float:
        """How long."""
        return self.end - self.start


class Kernel(NamedTuple):
    """Work of a device; times in microseconds."""

    name: str
    """Of the event that launched it, unless it is known better."""
    device: int
    duration: float
    start: float = 0.0
    """Since the profile began."""
    stream: int = 0


class _Formatted:
    """Times as text."""

    __slots__ = ()

    cpu_time_total: float
    self_cpu_time_total: float
    cpu_time: float
    device_time: float
    device_time_total: float
    self_device_time_total: float
    device_memory_usage: int
    self_device_memory_usage: int

    is_async = is_remote = is_legacy = False
    node_id = -1
    overload_name = ""
    device_type = 0

    @property
    def cuda_time(self) -> float:
        return self.device_time

    @property
    def cuda_time_total(self) -> float:
        return self.device_time_total

    @property
    def self_cuda_time_total(self) -> float:
        return self.self_device_time_total

    @property
    def cuda_memory_usage(self) -> int:
        return self.device_memory_usage

    @property
    def self_cuda_memory_usage(self) -> int:
        return self.self_device_memory_usage

    @property
    def device_time_str(self) -> str:
        return format_time(self.device_time)

    @property
    def device_time_total_str(self) -> str:
        return format_time(self.device_time_total)

    @property
    def self_device_time_total_str(self) -> str:
        return format_time(self.self_device_time_total)

    @property
    def cpu_time_str(self) -> str:
        return format_time(self.cpu_time)

    @property
    def cpu_time_total_str(self) -> str:
        return format_time(self.cpu_time_total)

    @property
    def self_cpu_time_total_str(self) -> str:
        return format_time(self.self_cpu_time_total)


class FunctionEvent(_Formatted):
    """One thing that ran: `name`, `time_range`, `input_shapes`, what ran inside it and around it."""

    __slots__ = (
        "_children_time",
        "cpu_children",
        "cpu_memory_usage",
        "cpu_parent",
        "device_memory_usage",
        "device_time_total",
        "flops",
        "id",
        "input_shapes",
        "kernels",
        "name",
        "self_cpu_memory_usage",
        "self_device_memory_usage",
        "sequence_nr",
        "stack",
        "time_range",
        "use_device",
    )

    count = 1
    thread = fwd_thread = 1
    scope = 0

    def __init__(
        self,
        name: str,
        start: float,
        end: float,
        input_shapes: list[Any],
        number: int,
        parent: FunctionEvent | None,
    ) -> None:
        self.name = name
        self.time_range = Interval(start, end)
        self.input_shapes = input_shapes
        self.id = number
        self.sequence_nr = -1
        self.flops = 0
        self.stack: tuple[str, ...] = ()
        self.cpu_children: list[FunctionEvent] = []
        self._children_time = 0.0
        self.cpu_memory_usage = self.self_cpu_memory_usage = 0
        self.device_memory_usage = self.self_device_memory_usage = 0
        self.device_time_total = 0.0
        self.kernels: list[Kernel] = []
        self.use_device: str | None = None
        self.cpu_parent = parent
        if parent is not None:
            parent.cpu_children.append(self)
            parent._children_time += end - start

    def allocate(self, size: int, on_device: int) -> None:
        """It allocated so many bytes (freed them, if negative), which counts in everything around it."""
        self.self_cpu_memory_usage += size
        self.self_device_memory_usage += on_device
        e: FunctionEvent | None = self
        while e is not None:
            e.cpu_memory_usage += size
            e.device_memory_usage += on_device
            e = e.cpu_parent

    def launch(self, kernels: Sequence[Kernel]) -> None:
        """It has had the device do these, which counts in everything around it."""
        for kernel in kernels:
            self.kernels.append(kernel._replace(name=kernel.name or self.name))
            e: FunctionEvent | None = self
            while e is not None:
                e.device_time_total += kernel.duration
                e = e.cpu_parent

    @property
    def self_device_time_total(self) -> float:  # type: ignore[override]
        """Microseconds of the device's, without what ran inside."""
        return sum(kernel.duration for kernel in self.kernels)

    @property
    def device_time(self) -> float:  # type: ignore[override]
        """Microseconds of the device's, with what ran inside."""
        return self.device_time_total

    @property
    def key(self) -> str:
        return self.name

    @property
    def cpu_time_total(self) -> float:  # type: ignore[override]
        """Microseconds, with what ran inside."""
        return self.time_range.end - self.time_range.start

    cpu_time = cpu_time_total

    @property
    def self_cpu_time_total(self) -> float:  # type: ignore[override]
        """Microseconds, without what ran inside."""
        return max(self.cpu_time_total - self._children_time, 0.0)

    @property
    def is_user_annotation(self) -> bool:
        """Whether it is a range of the program's own."""
        return is_annotation(self.name)

    def __repr__(self) -> str:
        return (
            f"<FunctionEvent id={self.id} name={self.name} overload_name= device_type=DeviceType.CPU node_id=-1 "
            f"cpu_time={self.cpu_time_str} start_us={self.time_range.start:.3f} end_us={self.time_range.end:.3f} "
            f"cpu_children={[c.id for c in self.cpu_children]} {self.use_device}_time={self.device_time_str} "
            f"name={self.name} thread=1 input_shapes={self.input_shapes} cpu_memory_usage={self.cpu_memory_usage} "
            f"{self.use_device}_memory_usage={self.device_memory_usage} "
            f"is_async=False is_remote=False seq_nr={self.sequence_nr} is_legacy=False>"
        )


def is_annotation(name: str) -> bool:
    """Whether an event of this name is a range the program or a loop labelled, and no operation."""
    return not (
        "::" in name or "Backward" in name or name in ("detach", "detach_", "CopyBackwards", "[memory]")
    )


class FunctionEventAvg(_Formatted):
    """All events of one name (and input shapes, or place in the program) together."""

    cpu_parent = None
    cpu_children: tuple[Any, ...] = ()

    def __init__(self) -> None:
        self.key = ""
        self.input_shapes: Any = None
        self.count = 0
        self.cpu_time_total = 0.0
        self.self_cpu_time_total = 0.0
        self.device_time_total = self.self_device_time_total = 0.0
        self.cpu_memory_usage = self.self_cpu_memory_usage = 0
        self.device_memory_usage = self.self_device_memory_usage = 0
        self.use_device: str | None = None
        self.flops = 0
        self.stack: tuple[str, ...] = ()
        self.scope = 0
        self.is_user_annotation = False

    @property
    def cpu_time(self) -> float:  # type: ignore[override]
        """Mean microseconds of one call."""
        return self.cpu_time_total / self.count if self.count else 0.0

    @property
    def device_time(self) -> float:  # type: ignore[override]
        """Mean microseconds of the device's in one call."""
        return self.device_time_total / self.count if self.count else 0.0

    @property
    def name(self) -> str:
        return self.key

    def add(self, other: FunctionEvent | FunctionEventAvg) -> FunctionEventAvg:
        """Count one more event, or those of another average."""
        if not self.count:
            self.key = other.key
            self.input_shapes = other.input_shapes
            self.stack = other.stack
            self.is_user_annotation = other.is_user_annotation
            self.use_device = other.use_device
            if isinstance(other, FunctionEvent):
                self.cpu_parent = other.cpu_parent
                self.cpu_children = other.cpu_children  # type: ignore[assignment]
        self.count += other.count
        self.cpu_time_total += other.cpu_time_total
        self.self_cpu_time_total += other.self_cpu_time_total
        self.device_time_total += other.device_time_total
        self.self_device_time_total += other.self_device_time_total
        self.cpu_memory_usage += other.cpu_memory_usage
        self.self_cpu_memory_usage += other.self_cpu_memory_usage
        self.device_memory_usage += other.device_memory_usage
        self.self_device_memory_usage += other.self_device_memory_usage
        self.flops += other.flops
        return self

    __iadd__ = add

    def __repr__(self) -> str:
        device = self.use_device or "cuda"
        return (
            f"<FunctionEventAvg key={self.key} self_cpu_time={self.self_cpu_time_total_str} "
            f"cpu_time={self.cpu_time_str}  self_{device}_time={self.self_device_time_total_str} "
            f"{device}_time={self.device_time_str} input_shapes={self.input_shapes} "
            f"cpu_memory_usage={self.cpu_memory_usage} {device}_memory_usage={self.device_memory_usage}>"
        )


class EventList(list[Any]):
    """Events or averages, with the table."""

    def __init__(
        self, events: Sequence[Any] = (), *, profile_memory: bool = False, with_flops: bool = False
    ) -> None:
        super().__init__(events)
        self._profile_memory = profile_memory
        self._with_flops = with_flops

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds in all."""
        return float(sum(e.self_cpu_time_total for e in self))

    def key_averages(
        self,
        group_by_input_shape: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
    ) -> EventList:
        """Averages by name; by input shapes and by the innermost lines of the program too, if asked."""
        groups: dict[Any, FunctionEventAvg] = {}
        for e in self:
            stack = e.stack[:group_by_stack_n] if group_by_stack_n > 0 else ()
            shapes = str(e.input_shapes) if group_by_input_shape else ""
            key = (e.name, shapes, stack, e.is_user_annotation)
            group = groups.get(key)
            if group is None:
                group = groups[key] = FunctionEventAvg()
            group.add(e)
        for (_, _, stack, _), group in groups.items():
            group.stack = stack
            if not group_by_input_shape:
                group.input_shapes = ""
        return EventList(
            list(groups.values()), profile_memory=self._profile_memory, with_flops=self._with_flops
        )

    def total_average(self) -> FunctionEventAvg:
        """All events as one."""
        total = FunctionEventAvg()
        for e in self:
            total.add(e)
        total.key = "Total"
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
            sort_by: an attribute of the rows, such as ``self_cpu_time_total``, ``cuda_time_total``, ``count`` or
                ``self_cpu_memory_usage``; descending. By default the order in which they came.
            row_limit: at most so many rows; -1 for all.
            time_unit: ``s``, ``ms`` or ``us`` for all times; None for what suits each.

        Raises:
            AttributeError: for another `sort_by`.
        """
        if not self:
            return ""
        events: list[Any] = list(self)
        if sort_by is not None:
            by = sort_by.replace("cuda", "device").replace("xpu", "device").replace("privateuse1", "device")
            events.sort(key=lambda e: getattr(e, by), reverse=True)
        total = sum(e.self_cpu_time_total for e in events)
        on_device = sum(e.self_device_time_total for e in events)
        columns = self._columns(events, total, on_device, time_unit, max_name_column_width)
        if any(e.input_shapes is not None and len(e.input_shapes) > 0 for e in events):
            width = min(max(len(str(e.input_shapes)) for e in events) + 4, max_shapes_column_width)
            columns.append(("Input Shapes", width, ">", lambda e: str(e.input_shapes)[:width]))
        stacks = [e.stack for e in events if e.stack]
        source = 0
        if stacks:
            source = min(max(len(line) for stack in stacks for line in stack) + 4, max_src_column_width)
            columns.append(
                ("Source Location", source, "<", lambda e: _tail(e.stack[0], source) if e.stack else "")
            )
        flops = [e.flops for e in events if e.flops > 0] if self._with_flops else []
        if flops:
            step = int(max(0, min(math.log10(min(flops)) / 3, 5)))
            scale = 1000.0**-step
            columns.append(
                (
                    f"Total {('', 'K', 'M', 'G', 'T', 'P')[step]}FLOPs",
                    12,
                    ">",
                    lambda e: f"{e.flops * scale:8.3f}" if e.flops > 0 else "--",
                )
            )

        def row(cells: Sequence[str]) -> str:
            return "".join(f"{c:{d}{w}}  " for c, (_, w, d, _) in zip(cells, columns, strict=True))

        rule = "".join("-" * w + "  " for _, w, _, _ in columns)
        double = "=" * (len(rule) - 2)
        lines = [] if header is None else [double, header]
        if top_level_events_only:
            lines += [double, "This report only display top-level ops statistics"]
        lines += [rule, row([name for name, _, _, _ in columns]), rule]
        if top_level_events_only:
            events = [e for e in events if e.cpu_parent is None]
        place = next((k for k, c in enumerate(columns) if c[0] == "Source Location"), -1)
        for e in events if row_limit < 0 else events[:row_limit]:
            lines.append(row([cell(e) for _, _, _, cell in columns]))
            if source:
                # The rest of a stack goes below its first line, with nothing beside it.
                for line in (*(_tail(s, source) for s in e.stack[1:]), ""):
                    lines.append(row([line if k == place else "" for k in range(len(columns))]))
        lines += [rule, f"Self CPU time total: {format_time(total, time_unit)}"]
        if on_device:
            device = str(events[0].use_device).upper()
            lines.append(f"Self {device} time total: {format_time(on_device, time_unit)}")
        return "\n".join(lines) + "\n"

    def _columns(
        self, events: Sequence[Any], total: float, on_device: float, unit: str | None, widest: int | None
    ) -> list[Any]:
        """Header, width, alignment and text of each column that is always there."""
        name_width = max(len(e.key) for e in events) + 4
        if widest is not None:
            name_width = min(name_width, widest)

        def name(e: Any) -> str:
            key: str = e.key
            return key if widest is None or len(key) < widest - 3 else key[: widest - 3] + "..."

        columns: list[Any] = [
            ("Name", name_width, ">", name),
            ("Self CPU %", 12, ">", lambda e: format_share(e.self_cpu_time_total, total)),
            ("Self CPU", 12, ">", lambda e: format_time(e.self_cpu_time_total, unit)),
            ("CPU total %", 12, ">", lambda e: format_share(e.cpu_time_total, total)),
            ("CPU total", 12, ">", lambda e: format_time(e.cpu_time_total, unit)),
            ("CPU time avg", 12, ">", lambda e: format_time(e.cpu_time, unit)),
        ]
        device = str(events[0].use_device).upper()
        if on_device:
            columns += [
                (f"Self {device}", 12, ">", lambda e: format_time(e.self_device_time_total, unit)),
                (f"Self {device} %", 12, ">", lambda e: format_share(e.self_device_time_total, on_device)),
                (f"{device} total", 12, ">", lambda e: format_time(e.device_time_total, unit)),
                (f"{device} time avg", 12, ">", lambda e: format_time(e.device_time, unit)),
            ]
        if self._profile_memory:
            columns += [
                ("CPU Mem", 12, ">", lambda e: format_memory(e.cpu_memory_usage)),
                ("Self CPU Mem", 12, ">", lambda e: format_memory(e.self_cpu_memory_usage)),
            ]
            if events[0].use_device and any(e.self_device_memory_usage > 0 for e in events):
                columns += [
                    (f"{device} Mem", 12, ">", lambda e: format_memory(e.device_memory_usage)),
                    (f"Self {device} Mem", 12, ">", lambda e: format_memory(e.self_device_memory_usage)),
                ]
        columns.append(("# of Calls", 12, ">", lambda e: str(e.count)))
        return columns

    def __str__(self) -> str:
        return self.table()

    def export_chrome_trace(self, path: str) -> None:
        """Write the events as JSON that Perfetto and chrome://tracing open; compressed if `path` ends in ``.gz``."""
        write_trace(path, self)

    supported_export_stacks_metrics = staticmethod(lambda: ["self_cpu_time_total", "self_cuda_time_total"])

    def export_stacks(self, path: str, metric: str) -> None:
        """Write ``outer;inner;aten::mul 12`` lines (microseconds), which flame graph tools read.

        Raises:
            ValueError: for another `metric`.
        """
        known = self.supported_export_stacks_metrics()
        if metric not in known:
            raise ValueError("metric should be one of: " + str(known))
        plain = str.maketrans(" ;\t\n", "____")
        sums: dict[str, float] = {}
        for e in self:
            if e.stack:
                line = ";".join(s.translate(plain) for s in (*reversed(e.stack), e.name))
                sums[line] = sums.get(line, 0.0) + getattr(e, metric)
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{line} {int(value)}\n" for line, value in sums.items() if int(value) > 0)


def _tail(path: str, width: int) -> str:
    return path if len(path) <= width else "..." + path[len(path) - width + 3 :]
