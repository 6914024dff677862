"""The profile of the whole run: rows by operation, and the bars of a flame chart.

Times are those of a clock that stands still while the recorder works, so that what is shown is, as well as it can be
known, what the program would have cost unwatched. What recording did cost is said beside it: what the program waited
for while it ran (each operation noted, at a price measured at the beginning), and what explaining it took.

Inside an operation are the rows PyTorch has there (`engine.autograd.profiler_rows`), with times by the same rule as in
the engine's own profiler: the one that does the work has them, the others have none, and no bar.

On a GPU its times are read off CUDA events when the run has ended (`engine.timeline`). Then an operation, a node or an
optimizer's step that worked there has the GPU's time between its two events, in the row that does the work.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from time import perf_counter_ns

from engine.autograd.profiler_rows import shown, table
from engine.autograd.profiler_tree import Grower, Raw
from engine.timeline import Timeline
from playground.protocol import Kernel, Profile, ProfileRow, Span
from playground.worker.output import clean
from playground.worker.tape import Shapes

_MOST_ROWS = 2_000
_MOST_SPANS = 5_000
_NEVER = 1 << 63
_MOST_SENT = 200_000
"""Pieces of work of which the GPU's time is told: a timeline has marks for as many."""

Totals = list[float]
"""How many, self and total in nanoseconds; how many and how long of those with nothing recorded inside."""

Row = tuple[str, Shapes]
Sent = tuple[int, int, int, Row, tuple[Row, ...], bool]
"""Work for the GPU: when the host began and ended, the program's time when it began, its row, the rows around it, and
whether it has a bar."""

_NUMBERED = frozenset(
    f"aten::{name}{end}"
    for name in ("add", "sub", "mul", "div", "eq", "ne", "lt", "le", "gt", "ge")
    for end in ("", "_")
)


class _Open:
    __slots__ = ("began", "inner", "name", "sent", "shapes", "span", "start")

    def __init__(self, name: str, shapes: Shapes, span: str, start: int, began: int, sent: int) -> None:
        self.began = began
        self.sent = sent
        """How much had been sent to the GPU; -1 if what works there is not this, but what is inside."""
        self.name = name
        self.shapes = shapes
        self.span = span
        self.start = start
        self.inner = 0


class Profiler:
    """Adds up times as the recording is read, in the order in which things ended."""

    def __init__(self) -> None:
        self.explaining = 0
        """Nanoseconds that the program stood still while its recording was explained and sent."""
        self._noted = 0
        self._noting = 0
        self._begin = 0
        self._pauses = [0]
        """When the program was halted; `_before` how long until then in all, this one included."""
        self._before = [0]
        self._from, self._until, self._halted = 0, _NEVER, 0  # what the clock was asked last lies between two
        self._latest = 0
        self._rows: dict[tuple[str, Shapes], Totals] = {}
        self._open: list[_Open] = []
        self._spans: list[Span] = []
        self._spans_omitted = 0
        self._nodes: dict[tuple[str, int], Totals] = {}
        """How many backward nodes with nothing recorded inside, by what was wanted of them, and how long."""
        self._backward_line = 0
        self._backward_depth = 0
        self._backward_since = 0
        self._inner = 0
        self.timeline: Timeline | None = None
        """Where the GPU's times are read, if there is one."""
        self._sent: list[Sent] = []

    def begin(self, noting: int) -> None:
        """The run begins. `noting` is what it costs the program to have one operation noted, in nanoseconds."""
        self._noting = noting
        self._begin = perf_counter_ns()

    def paused(self, since: int, until: int) -> None:
        """Between these moments the program was halted, to explain and send what it did."""
        self.explaining += until - since
        if self._until == _NEVER:
            self._until = since
        self._pauses.append(since)
        self._before.append(self.explaining)

    def op(
        self, name: str, shapes: Shapes, start: int, end: int, line: int, node: int, there: bool = False
    ) -> None:
        """An operation has run; `there` if what it made is on the GPU."""
        begin, duration = self._now(start), end - start
        if end >= self._until:
            duration = max(self._clock(end) - begin, 0)
        self._latest = begin + duration
        row = self._rows.get((name, shapes))
        if row is None:
            self._rows[name, shapes] = [1, duration, duration, 1, duration]
        else:
            row[0] += 1
            row[1] += duration
            row[2] += duration
            row[3] += 1
            row[4] += duration
        if self._backward_depth:
            self._inner += duration
        elif self._open:
            self._open[-1].inner += duration
        self._noted += self._noting
        if there:
            self._send(start, end, begin, (name, shapes), ())
        if len(self._spans) < _MOST_SPANS:
            depth = len(self._open) + 2 * self._backward_depth
            self._spans.append(Span(name, begin / 1000, duration / 1000, depth, line, node))
            self._workers(_key(name, shapes), begin, duration, depth, line, node)
        else:
            self._spans_omitted += 1

    def enter(self, name: str, shapes: Shapes, now: int, span: str = "", there: bool = False) -> None:
        """Something that contains operations begins; without a name it has a bar but no row. `there` if it works on the
        GPU itself, should nothing inside do so."""
        sent = len(self._sent) if there else -1
        self._open.append(_Open(name, shapes, span or name, self._now(now), now, sent))

    def leave(self, now: int) -> None:
        """It has ended."""
        if not self._open:
            return
        ended = self._open.pop()
        duration = self._now(now) - ended.start
        if ended.name:
            self._add(ended.name, ended.shapes, max(duration - ended.inner, 0), duration, not ended.inner)
        self._inside(duration)
        if ended.sent == len(self._sent):
            self._send(ended.began, now, ended.start, (ended.name, ended.shapes), ())
        self._span(ended.span, ended.start, duration, 0, 0, -1)

    def backward_begin(self, line: int, now: int) -> None:
        """A backward pass begins; `line` of the program asked for it."""
        self._backward_depth += 1
        self._backward_line = line
        self._backward_since = self._now(now)
        self._inner = 0

    def backward_node(
        self, name: str, start: int, end: int, node: int, wanted: int = -1, there: bool = False
    ) -> None:
        """A backward node has run. The time since the last one ended is the engine's own, spent on this one.

        `wanted` has a bit for each input of the operation whose gradient was computed; `there` if that was on the GPU.
        """
        stopped = self._now(end)
        duration = max(stopped - max(self._clock(start), self._backward_since), 0)
        whole = stopped - self._backward_since
        row = f"torch::autograd::{name}" if name == "AccumulateGrad" else name
        around = f"autograd::engine::evaluate_function: {row}"
        self._add(around, (), whole - duration, whole)
        own = max(duration - self._inner, 0)
        self._add(row, (), own, duration)
        if not self._inner:
            alone = self._nodes.setdefault((row, wanted), [0, 0])
            alone[0] += 1
            alone[1] += own
            if there:
                self._send(start, end, stopped - duration, (row, ()), ((around, ()),))
        self._inner = 0
        for scope in self._open[-1:]:
            scope.inner += whole
        self._span(around, stopped - whole, whole, -2, self._backward_line, node)
        self._span(row, stopped - duration, duration, -1, self._backward_line, node)
        depth = len(self._open) + 2 * self._backward_depth - 1
        self._workers(row, stopped - duration, duration, depth, self._backward_line, node)
        self._noted += self._noting
        self._backward_since = stopped

    def backward_end(self) -> None:
        """The pass is over."""
        self._backward_depth -= 1

    def profile(self) -> Profile:
        """Everything until now."""
        every = self._with_pytorchs_rows()
        kernels = self._on_gpu(every)
        by_op: dict[str, Totals] = {}
        for (name, _), totals in every.items():
            row = by_op.setdefault(name, [0] * 5)
            for k, value in enumerate(totals):
                row[k] += value
        for span in self._spans:
            span.name = clean(span.name, 200)
        rows = sorted(((name, "", totals) for name, totals in by_op.items()), key=_own, reverse=True)
        shaped = [(name, _text(shapes), totals) for (name, shapes), totals in every.items()]
        return Profile(
            by_op=[_row(*row) for row in rows[:_MOST_ROWS]],
            by_shape=[_row(*row) for row in sorted(shaped, key=_own, reverse=True)[:_MOST_ROWS]],
            spans=self._spans,
            spans_omitted=self._spans_omitted,
            kernels=kernels,
            overhead_us=self._noted / 1000,
            explaining_us=self.explaining / 1000,
        )

    def _clock(self, t: int) -> int:
        """Nanoseconds of the program's own from its beginning until `t`."""
        if not self._from <= t < self._until:
            place = bisect_right(self._pauses, t)
            self._from = self._pauses[place - 1]
            self._until = self._pauses[place] if place < len(self._pauses) else _NEVER
            self._halted = self._before[place - 1]
        return t - self._begin - self._halted - self._noted

    def _now(self, t: int) -> int:
        """The same, but never before what has been told of already: what noting an operation costs is not exact."""
        if self._from <= t < self._until:
            own = t - self._begin - self._halted - self._noted
        else:
            own = self._clock(t)
        if own > self._latest:
            self._latest = own
        return self._latest

    def _add(self, name: str, shapes: Shapes, own: int, total: int, alone: bool = False) -> None:
        row = self._rows.setdefault((name, shapes), [0, 0, 0, 0, 0])
        row[0] += 1
        row[1] += own
        row[2] += total
        if alone:
            row[3] += 1
            row[4] += own

    def _with_pytorchs_rows(self) -> dict[tuple[str, Shapes], list[float]]:
        """The rows, and those PyTorch has inside the ones that have nothing inside here. These have no shapes."""
        every = {key: [*totals[:3], 0, 0] for key, totals in self._rows.items()}
        alone: list[tuple[str, Shapes, int, float, float]] = [
            (name, shapes, -1, totals[3], totals[4])
            for (name, shapes), totals in self._rows.items()
            if totals[3]
        ]
        alone += [(name, (), wanted, count, time) for (name, wanted), (count, time) in self._nodes.items()]
        for name, shapes, wanted, count, time in alone:
            key = _key(name, shapes)
            entry = table().get(key)
            if entry is None or entry.spliced or not entry.inside:
                continue
            raw = Raw(key, 0, int(time))
            raw.wanted = wanted
            raw.repeat = max(wanted.bit_count(), 1) if wanted >= 0 else 1
            for e in Grower(0, shapes=False).grow([raw]):
                own, total = e.self_cpu_time_total * 1000, e.cpu_time_total * 1000
                if e.cpu_parent is None:
                    every[name, shapes][1] += own - time
                else:
                    row = every.setdefault((e.name, ()), [0] * 5)
                    row[0] += count
                    row[1] += own
                    row[2] += total
        return every

    def _send(self, start: int, end: int, begin: int, row: Row, around: tuple[Row, ...]) -> None:
        if self.timeline is not None and len(self._sent) < _MOST_SENT:
            outside = tuple((o.name, o.shapes) for o in self._open if o.name)
            self._sent.append((start, end, begin, row, around + outside, len(self._spans) < _MOST_SPANS))

    def _on_gpu(self, every: dict[Row, list[float]]) -> list[Kernel]:
        """Add the GPU's times to the rows: how long it took between the marks of the host's times."""
        if self.timeline is None:
            return []
        timeline, self.timeline = self.timeline, None
        try:
            marks = {mark.host: mark for mark in timeline.stop()}
        except Exception:  # a device that is lost has no times to tell, and the program knows it already
            return []
        kernels = []
        for start, end, begin, row, around, drawn in self._sent:
            first, last = marks.get(start), marks.get(end)
            if first is None or last is None or (took := last.since(first)) <= 0:
                continue
            inside: list[Row] = [(name, ()) for name in _chain(_key(*row))]
            does = (*around, row, *inside)
            for each in does:
                every.setdefault(each, [0] * 5)[4] += took
            every[does[-1]][3] += took
            if drawn:
                behind = last.device - took - first.host
                kernels.append(
                    Kernel(
                        clean(row[0], 200), (begin + behind) / 1000, took / 1000, last.stream, begin / 1000
                    )
                )
        return kernels

    def _workers(self, key: str, begin: int, duration: int, depth: int, line: int, node: int) -> None:
        """The bars of what PyTorch has inside to do the work."""
        for name in _chain(key):
            if len(self._spans) >= _MOST_SPANS:
                self._spans_omitted += 1
                return
            depth += 1
            self._spans.append(Span(name, begin / 1000, duration / 1000, depth, line, node))

    def _inside(self, duration: int) -> None:
        if self._backward_depth:
            self._inner += duration
        elif self._open:
            self._open[-1].inner += duration

    def _span(self, name: str, begin: int, duration: int, deeper: int, line: int, node: int) -> None:
        if len(self._spans) >= _MOST_SPANS:
            self._spans_omitted += 1
            return
        depth = len(self._open) + 2 * self._backward_depth + deeper
        self._spans.append(Span(name, begin / 1000, duration / 1000, depth, line, node))


def _key(name: str, shapes: Shapes) -> str:
    """The line of the table for an operation: with a number, if there is but one tensor where there could be two."""
    if name in _NUMBERED and len(shapes) == 1:
        return f"{name[6:]}#n"
    return name[6:] if name.startswith("aten::") else name


@cache
def _chain(key: str) -> tuple[str, ...]:
    """The rows that do the work of the row with this key, each inside the one before."""
    entry = table().get(key)
    for inner in () if entry is None or entry.spliced else entry.inside or ():
        if inner.works:
            return (shown(inner.key), *_chain(inner.key))
    return ()


def _own(row: tuple[str, str, Totals]) -> float:
    return row[2][1]


def _row(name: str, shapes: str, totals: Totals) -> ProfileRow:
    return ProfileRow(
        name=clean(name, 200),
        shapes=shapes,
        count=int(totals[0]),
        self_cpu=totals[1] / 1000,
        cpu=totals[2] / 1000,
        self_cuda=totals[3] / 1000,
        cuda=totals[4] / 1000,
    )


def _text(shapes: Shapes) -> str:
    """``[[2, 3], [2, 3]]``."""
    return clean(f"[{', '.join(str(list(shape)) for shape in shapes)}]", 200)
