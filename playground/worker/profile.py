"""The profile of the whole run: rows by operation, and the bars of a flame chart.

Times are those of a clock that stands still while the recorder works, so that what is shown is, as well as it can be
known, what the program would have cost unwatched; what recording did cost is said beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter_ns

from engine.tensor import Tensor
from playground.protocol import Profile, ProfileRow, Span
from playground.worker.output import clean
from playground.worker.places import Site

_MOST_ROWS = 2_000
_MOST_SPANS = 5_000

Shapes = tuple[tuple[int, ...], ...]
Totals = list[float]
"""How many, self and total in nanoseconds."""


class _Open:
    __slots__ = ("inner", "name", "shapes", "span", "start")

    def __init__(self, name: str, shapes: Shapes, span: str, start: int) -> None:
        self.name = name
        self.shapes = shapes
        self.span = span
        self.start = start
        self.inner = 0


class Profiler:
    """Adds up times while the program runs."""

    def __init__(self) -> None:
        self._begin = 0
        self._overhead = 0
        self._rows: dict[tuple[str, Shapes], Totals] = {}
        self._open: list[_Open] = []
        self._spans: list[Span] = []
        self._spans_omitted = 0
        self._backward_line = 0
        self._backward_depth = 0
        self._backward_since = 0
        self._inner = 0

    def begin(self) -> None:
        """The run begins."""
        self._begin = perf_counter_ns()

    def cost(self, since: int) -> None:
        """What happened since that moment was recording."""
        self._overhead += perf_counter_ns() - since

    def op(
        self, name: str, inputs: Sequence[Tensor], start: int, end: int, site: Site | None, node: int
    ) -> None:
        """An operation has run."""
        duration = end - start
        shapes = tuple([t._data.shape for t in inputs])
        row = self._rows.get((name, shapes))
        if row is None:
            self._rows[name, shapes] = [1, duration, duration]
        else:
            row[0] += 1
            row[1] += duration
            row[2] += duration
        if self._backward_depth:
            self._inner += duration
        elif self._open:
            self._open[-1].inner += duration
        if len(self._spans) < _MOST_SPANS:
            self._span(name, start, duration, 0, 0 if site is None else site.line, node)
        else:
            self._spans_omitted += 1

    def enter(self, name: str, inputs: Sequence[Tensor], now: int, span: str = "") -> None:
        """Something that contains operations begins; without a name it has a bar but no row. `now` is when the recorder
        was told: what it does from then on does not count."""
        shapes = tuple([t._data.shape for t in inputs])
        self._open.append(_Open(name, shapes, span or name, self._clock(now)))

    def leave(self, now: int) -> None:
        """It has ended."""
        if not self._open:
            return
        ended = self._open.pop()
        duration = self._clock(now) - ended.start
        if ended.name:
            self._add(ended.name, ended.shapes, duration - ended.inner, duration)
        self._inside(duration)
        self._span(ended.span, ended.start + self._begin + self._overhead, duration, 0, 0, -1)

    def backward_begin(self, line: int, now: int) -> None:
        """A backward pass begins; `line` of the program asked for it."""
        self._backward_depth += 1
        self._backward_line = line
        self._backward_since = self._clock(now)
        self._inner = 0

    def backward_node(self, name: str, start: int, end: int, node: int) -> None:
        """A backward node has run. The time since the last one ended is the engine's own, spent on this one."""
        duration = end - start
        offset = self._begin + self._overhead
        whole = max(end - offset - self._backward_since, duration)
        row = f"torch::autograd::{name}" if name == "AccumulateGrad" else name
        around = f"autograd::engine::evaluate_function: {row}"
        self._add(around, (), whole - duration, whole)
        self._add(row, (), max(duration - self._inner, 0), duration)
        self._inner = 0
        for scope in self._open[-1:]:
            scope.inner += whole
        self._span(around, end - whole, whole, -2, self._backward_line, node)
        self._span(row, start, duration, -1, self._backward_line, node)
        self._backward_since = end - offset

    def backward_end(self) -> None:
        """The pass is over."""
        self._backward_depth -= 1

    def profile(self) -> Profile:
        """Everything until now."""
        by_op: dict[str, Totals] = {}
        for (name, _), (count, own, total) in self._rows.items():
            row = by_op.setdefault(name, [0, 0, 0])
            row[0] += count
            row[1] += own
            row[2] += total
        for span in self._spans:
            span.name = clean(span.name, 200)
        rows = sorted(((name, "", totals) for name, totals in by_op.items()), key=_own, reverse=True)
        shaped = [(name, _text(shapes), totals) for (name, shapes), totals in self._rows.items()]
        return Profile(
            by_op=[_row(*row) for row in rows[:_MOST_ROWS]],
            by_shape=[_row(*row) for row in sorted(shaped, key=_own, reverse=True)[:_MOST_ROWS]],
            spans=self._spans,
            spans_omitted=self._spans_omitted,
            overhead_us=self._overhead / 1000,
        )

    def _clock(self, now: int) -> int:
        return now - self._begin - self._overhead

    def _add(self, name: str, shapes: Shapes, own: int, total: int) -> None:
        row = self._rows.get((name, shapes))
        if row is None:
            self._rows[name, shapes] = [1, own, total]
        else:
            row[0] += 1
            row[1] += own
            row[2] += total

    def _inside(self, duration: int) -> None:
        if self._backward_depth:
            self._inner += duration
        elif self._open:
            self._open[-1].inner += duration

    def _span(self, name: str, start: int, duration: int, deeper: int, line: int, node: int) -> None:
        if len(self._spans) >= _MOST_SPANS:
            self._spans_omitted += 1
            return
        depth = len(self._open) + 2 * self._backward_depth + deeper
        begin = (start - self._begin - self._overhead) / 1000
        self._spans.append(Span(name, begin, duration / 1000, depth, line, node))


def _own(row: tuple[str, str, Totals]) -> float:
    return row[2][1]


def _row(name: str, shapes: str, totals: Totals) -> ProfileRow:
    return ProfileRow(
        name=clean(name, 200),
        shapes=shapes,
        count=int(totals[0]),
        self_cpu=totals[1] / 1000,
        cpu=totals[2] / 1000,
    )


def _text(shapes: Shapes) -> str:
    """``[[2, 3], [2, 3]]``."""
    return clean(f"[{', '.join(str(list(shape)) for shape in shapes)}]", 200)
