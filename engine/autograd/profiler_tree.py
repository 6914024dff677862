"""From what the profiler noted to events: nesting, the rows PyTorch has inside, and whose memory it was.

What was noted is flat. Here it is nested by time, and then every row whose inside the table (`profiler_rows`) knows is
given PyTorch's rows. The rule for their times:

- A row that stands for a call the engine made (found by name, in order) keeps the times of that call.
- Of the others, the one that does the work (``*`` in the table) gets the time of the row around it that no such call
  took, the rest take none: they are rows of what PyTorch does, and nothing that happened here.
- A call that the engine makes and PyTorch does not has no row; its time is that of the row around it.

So all times are measured, self times sum to what they do without the table, and zeros are rows of PyTorch's.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from engine.autograd.profiler_events import FunctionEvent, Kernel
from engine.autograd.profiler_flops import operations
from engine.autograd.profiler_rows import Entry, Inner, shown, table

Shape = tuple[int, ...]


RAN, ADDED = 1, 2


class Raw:
    """Something that ran: from `start` to `end`, in nanoseconds of `time.perf_counter_ns`."""

    __slots__ = (
        "allocated",
        "children",
        "device",
        "device_allocated",
        "end",
        "forward",
        "inner",
        "kernels",
        "key",
        "out",
        "repeat",
        "sequence",
        "shapes",
        "stack",
        "start",
        "wanted",
    )

    def __init__(
        self, key: str, start: int, end: int, shapes: Sequence[Shape] | None = None, out: Shape | None = None
    ) -> None:
        self.key = key
        self.start = start
        self.end = end
        self.shapes = shapes
        self.out = out
        self.repeat = 1
        """How many results (or gradients) it made: what ``+`` in the table repeats."""
        self.sequence = -1
        self.stack: tuple[str, ...] = ()
        self.allocated = self.device_allocated = 0
        self.device = 0
        """Whether it worked on a device's arrays: `RAN`, or `ADDED` if it ended when the next thing began."""
        self.kernels: list[Kernel] = []
        self.wanted = -1
        """For a backward node: a bit for each input whose gradient is wanted."""
        self.forward: tuple[Shape, ...] = ()
        """For a backward node: the shapes of its operation's inputs."""
        self.inner = 0
        """Whether it lies inside another that starts and ends with it: higher is further inside."""
        self.children: list[Raw] = []


def nested(raws: Iterable[Raw], freed: Sequence[tuple[int, int, bool]]) -> list[Raw]:
    """The outermost ones, in order, with those that ran inside as `children`; freed memory as ``[memory]``."""
    order = sorted(raws, key=lambda r: (r.start, -r.end, r.inner))
    top: list[Raw] = []
    stack: list[Raw] = []
    for raw in order:
        while stack and (
            stack[-1].end < raw.end
            or stack[-1].end <= raw.start < raw.end
            or stack[-1].start == stack[-1].end
        ):
            stack.pop()
        (stack[-1].children if stack else top).append(raw)
        stack.append(raw)
    for moment, size, elsewhere in freed:
        raw = _freeing(top, moment)
        if elsewhere:
            raw.device_allocated += size
        else:
            raw.allocated += size
    return top


def _freeing(top: list[Raw], moment: int) -> Raw:
    """Memory given back at `moment`: by the innermost of what ran then, else a row of its own."""
    place = bisect_right(top, moment, key=lambda r: r.start) - 1
    if place < 0 or top[place].end < moment or top[place].key == MEMORY:
        alone = Raw(MEMORY, moment, moment)
        top.insert(place + 1, alone)
        return alone
    raw = top[place]
    while True:
        k = bisect_right(raw.children, moment, key=lambda r: r.start) - 1
        if k < 0 or raw.children[k].end < moment:
            return raw
        raw = raw.children[k]


MEMORY = "=[memory]"


class Grower:
    """Makes events of nested `Raw`; `began` is the moment that is 0 of their times."""

    def __init__(self, began: int, shapes: bool, flops: bool = False) -> None:
        self._began = began
        self._shapes = shapes
        self._flops = flops
        self._table = table()
        self._doer: FunctionEvent | None = None
        """Of the rows made last, the one that does the work."""
        self.events: list[FunctionEvent] = []

    def grow(self, raws: Sequence[Raw]) -> list[FunctionEvent]:
        """The events of these and all inside them, each before those inside it."""
        for raw in raws:
            self._actual(raw, None, raw.start, _Around())
        return self.events

    def _event(
        self,
        key: str,
        start: int,
        end: int,
        shapes: Sequence[Any] | None,
        parent: FunctionEvent | None,
        out: Shape | None = None,
    ) -> FunctionEvent:
        e = FunctionEvent(
            shown(key),
            (start - self._began) / 1000,
            (end - self._began) / 1000,
            [list(s) for s in shapes] if shapes and self._shapes else [],
            len(self.events),
            parent,
        )
        self.events.append(e)
        if self._flops:
            e.flops = operations(e.name, e.input_shapes, out)
        return e

    def _actual(
        self, raw: Raw, parent: FunctionEvent | None, start: int, around: _Around, inner: Inner | None = None
    ) -> None:
        """The event of something that ran, which the table may call by a row of its own (`inner`)."""
        key = inner.key if inner is not None and "#" in inner.key else raw.key
        entry = self._table.get(key)
        mine = _Around(raw.out, raw.forward or around.forward, raw.wanted, raw.repeat, raw.shapes or ())
        mine.key = key
        if inner is not None and key == inner.key and key != raw.key:
            mine.repeat, mine.out = around.repeat, None if key == "mean#all" else raw.out
        if entry is not None and entry.spliced:
            place = self._inside(entry, raw, parent, max(raw.start, start), raw.end, raw.shapes or (), mine)
            if place is not None:
                place.allocate(raw.allocated, raw.device_allocated)
            if self._doer is not None:
                self._doer.launch(raw.kernels)
            return
        if inner is not None and inner.shapes is not None and self._shapes:
            shapes: Sequence[Shape] = around.shapes_of(inner.shapes)
        else:
            shapes = raw.shapes or ()
            if entry is not None and entry.shapes is not None and self._shapes:
                shapes = _Around(raw.out, (), -1, 1, shapes).shapes_of(entry.shapes)
        mine.shapes = shapes
        e = self._event(key, max(raw.start, start), raw.end, shapes, parent, raw.out)
        e.sequence_nr = raw.sequence
        e.stack = raw.stack
        if entry is None or entry.inside is None:
            cursor = e_start = max(raw.start, start)
            for child in raw.children:
                self._actual(child, e, max(cursor, e_start), mine)
            e.allocate(raw.allocated, raw.device_allocated)
            e.launch(raw.kernels)
            return
        place = self._inside(entry, raw, e, max(raw.start, start), raw.end, shapes, mine)
        (place or e).allocate(raw.allocated, raw.device_allocated)
        (self._doer or e).launch(raw.kernels)

    def _inside(
        self,
        entry: Entry,
        raw: Raw | None,
        e: FunctionEvent | None,
        start: int,
        end: int,
        shapes: Sequence[Shape],
        around: _Around,
    ) -> FunctionEvent | None:
        """The rows inside `e`, which stands for `raw` or only for the table's. Returns the one that allocates."""
        around.shapes = shapes
        rows = [i for i in entry.inside or () if i.wanted is None or around.wanted >> i.wanted & 1]
        rows = [i for i in rows for _ in range(around.repeat if i.repeated else 1)]
        found = _matched(rows, raw.children if raw is not None else ())
        doer = e
        self._doer = e
        if any(inner.needed and call is None for inner, call in zip(rows, found, strict=True)):
            return None
        cursor = start
        allocates: FunctionEvent | None = None
        worked = False
        for k, inner in enumerate(rows):
            call = found[k]
            if call is not None:
                self._actual(call, e, cursor, around, inner)
                cursor = call.end
                continue
            until = cursor
            works = inner.works and not worked
            if works:
                until = next((c.start for c in found[k + 1 :] if c is not None), end)
                worked = True
            mine: Sequence[Shape] = ()
            if self._shapes and inner.shapes is not None:
                mine = around.shapes_of(inner.shapes)
            place = self._supposed(inner.key, e, cursor, max(until, cursor), mine, around)
            if works:
                doer = self._doer
            if inner.works or inner.key.startswith(_FOR_RESULTS):
                allocates = allocates or place
            cursor = max(until, cursor)
        if raw is not None:
            # What calls that have no row of their own allocated and launched.
            matched = {id(c) for c in found if c is not None}
            for c in raw.children:
                if id(c) not in matched:
                    _take_over(raw, c)
        self._doer = doer
        return allocates

    def _supposed(
        self,
        key: str,
        parent: FunctionEvent | None,
        start: int,
        end: int,
        shapes: Sequence[Shape],
        around: _Around,
    ) -> FunctionEvent | None:
        """A row of the table's that stands for no call. Returns the row inside that allocates, maybe itself."""
        entry = self._table.get(key)
        e = self._event(key, start, end, shapes, parent)
        place = e if e.name in ALLOCATES else None
        self._doer = e
        if entry is not None and entry.inside:
            mine = _Around(None, around.forward, around.wanted, around.repeat, shapes, around)
            mine.key = key
            inside = self._inside(entry, None, e, start, end, shapes, mine)
            place = inside or place
        return place


ALLOCATES = frozenset(("aten::empty", "aten::empty_strided", "aten::resize_"))
_FOR_RESULTS = ("empty", "new_empty", "zeros", "new_zeros", "clone", "resize_")
"""Rows that make room for the result of the row around them, rather than for a number it works with."""


def _matched(rows: Sequence[Inner], calls: Sequence[Raw]) -> list[Raw | None]:
    """For each row the call it stands for: the next of its name."""
    found: list[Raw | None] = []
    k = 0
    for inner in rows:
        name = shown(inner.key)
        place = next((j for j in range(k, len(calls)) if shown(calls[j].key) == name), None)
        found.append(None if place is None else calls[place])
        if place is not None:
            k = place + 1
    return found


def _take_over(raw: Raw, other: Raw) -> None:
    raw.allocated += other.allocated
    raw.device_allocated += other.device_allocated
    raw.kernels += other.kernels
    for child in other.children:
        _take_over(raw, child)


class _Around:
    """What the letters of the table mean in a row."""

    __slots__ = ("forward", "key", "out", "outer", "repeat", "shapes", "wanted")

    def __init__(
        self,
        out: Shape | None = None,
        forward: tuple[Shape, ...] = (),
        wanted: int = -1,
        repeat: int = 1,
        shapes: Sequence[Shape] = (),
        outer: _Around | None = None,
    ) -> None:
        self.out = out
        self.forward = forward
        self.wanted = wanted
        self.repeat = repeat
        self.shapes = shapes
        self.outer = outer
        self.key = ""

    def shapes_of(self, tokens: Sequence[str]) -> list[Shape]:
        return [self._shape(t) for t in tokens]

    def _shape(self, token: str) -> Shape:
        if token == ".":
            return ()
        if token[0] == "[":
            return tuple(int(n) for n in token[1:-1].split(",") if n)
        if token[0] == "o":
            shape = self.result()
        elif token[0] == "k":
            mine = self.shapes[0] if self.shapes else ()
            other = self.forward[0] if "ackward" in self.key and self.forward else self.result()
            shape = kept(mine, other) if len(mine) >= len(other) else kept(other, mine)
        elif token[0] == "m":
            out = self.result()
            shape = (out[0] * out[1], *out[2:]) if len(out) > 1 else out
        elif token[0] == "l":
            shape = (prod(self.shapes[0][:-1]),) if self.shapes else ()
        elif token[0] == "n":
            shape = self.forward[0][:1] if self.forward else ()
        elif token[0] in "pqr":
            place = "pqr".index(token[0])
            shape = self.forward[place] if place < len(self.forward) else ()
        else:
            place = ord(token[0]) - ord("a")
            shape = tuple(self.shapes[place]) if place < len(self.shapes) else ()
        return (*shape[:-2], shape[-1], shape[-2]) if token[-1] == "'" and len(shape) > 1 else shape

    def result(self) -> Shape:
        """The shape of what the row makes: known of what ran, else told from the row's own shapes."""
        name = self.key.partition("#")[0]
        shapes = self.shapes
        if name in ("mm", "addmm") and len(shapes) >= 2:
            a, b = shapes[0 if name == "mm" else 1], shapes[1 if name == "mm" else 2]
            return (a[0], b[1]) if len(a) == 2 and len(b) == 2 else ()
        if self.out is not None:
            return self.out
        if name in ("mean", "sum"):
            return ()
        if name in ("zeros", "new_zeros") and self.forward:
            return self.forward[0]
        outer = self.outer
        while outer is not None:
            if outer.out is not None:
                return outer.out
            outer = outer.outer
        return max(shapes, key=len, default=())


def kept(full: Shape, reduced: Shape) -> Shape:
    """`reduced` with the dimensions of `full` that are gone as ones."""
    result: list[int] = []
    k = 0
    for n in full:
        if k < len(reduced) and (reduced[k] == n or len(full) == len(reduced)):
            result.append(reduced[k])
            k += 1
        else:
            result.append(1)
    return tuple(result)
