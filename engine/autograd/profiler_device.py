"""What the device's time of each operation was: from what was noted on the host and the marks of a `Timeline`.

The rule: an operation, a backward node or an optimizer's step that has worked on the device's arrays, and in which
nothing else did, takes the device's time from the mark where it began to the mark where it ended, as PyTorch's own
profiler does where it has CUDA's events alone. What contains others has the sum of theirs. So all self times sum up to
what was measured.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from engine.autograd.profiler_events import FunctionEvent, Kernel
from engine.autograd.profiler_tree import ADDED, RAN, Grower, Raw, nested
from engine.timeline import Mark


def events_of(
    raws: Sequence[Raw],
    freed: Sequence[tuple[int, int, bool]],
    marks: Sequence[Mark],
    began: int,
    shapes: bool = False,
    flops: bool = False,
) -> list[FunctionEvent]:
    """The events of a profile that began at `began`, each before those inside it.

    Args:
        raws: what ran, in any order.
        freed: when memory was given back, how many bytes (negative), and whether a device's.
        marks: the device's times, in order; none if it was not timed.
    """
    top = nested(raws, freed)
    if marks:
        hosts = [mark.host for mark in marks]
        for raw in top:
            _time(raw, marks, hosts, began)
    return Grower(began, shapes, flops).grow(top)


def _time(raw: Raw, marks: Sequence[Mark], hosts: Sequence[int], began: int) -> bool:
    """Give `raw` and what is inside its times on the device; whether there are any."""
    inside = [_time(child, marks, hosts, began) for child in raw.children]
    if any(inside):
        return True
    if not raw.device:
        return False
    first = bisect_right(hosts, raw.start) - 1
    # Adding gradients up is noted when it begins: it has ended when the next thing begins.
    last = first + 1 if raw.device == ADDED else bisect_left(hosts, raw.end)
    if first < 0 or last >= len(marks) or (raw.device == RAN and hosts[first] != raw.start):
        return False  # outside of what was marked
    begin, end = marks[first], marks[last]
    took = end.since(begin)
    if took <= 0:
        return False
    raw.kernels.append(
        Kernel(
            "",
            0,
            took / 1000,
            (end.device - took - began) / 1000,
            end.stream,
        )
    )
    return True
