"""When the device came to what a run has marked, on the device server."""

from __future__ import annotations

from array import array
from time import perf_counter_ns
from typing import Any

from playground.device import messages
from playground.device.library import Library


class Moments:
    """One run's. The device works for it in turns, and in between for others or for nobody: how long that was is told
    beside each moment, so that it counts for no operation.

    Marks are events in the device's stream. They are read at the end of each turn, when the device is waited for
    anyway, so none of them is kept for long. A run that marks nothing has none.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._begin: Any = None
        """Event at the beginning of this turn, at which the device had nothing to do; None before the first mark."""
        self._began = self._ended = self._away = 0.0
        """Nanoseconds of the host's clock at that event and at the end of the turn before; how long in all was not
        the run's."""
        self._marked: list[tuple[int, Any]] = []
        """In this turn: numbers and events."""
        self._numbers = array("q")
        self._at, self._aways = array("d"), array("d")

    @property
    def untold(self) -> int:
        """How many there are that have not been asked for."""
        return len(self._numbers) + len(self._marked)

    def mark(self, number: int) -> None:
        """This moment has a number."""
        if self._begin is None:
            self._library.synchronize()
            self._start()
        self._marked.append((number, self._library.event()))

    def turn_begins(self) -> None:
        """The device, which has nothing to do, works for this run from now on."""
        if self._begin is not None:
            self._start()
            self._away += self._began - self._ended

    def turn_ends(self) -> None:
        """Wait for the device; what comes then is not this run's."""
        end = None if self._begin is None else self._library.event()
        self._library.synchronize()
        if end is not None:
            self._read()
            self._ended = self._time(end)

    def tell(self) -> messages.Moments:
        """Those that have not been told yet."""
        self._library.synchronize()
        self._read()
        told = messages.Moments(self._numbers.tolist(), self._at.tolist(), self._aways.tolist())
        del self._numbers[:], self._at[:], self._aways[:]
        return told

    def _start(self) -> None:
        self._begin, self._began = self._library.event(), float(perf_counter_ns())

    def _time(self, event: Any) -> float:
        return self._began + self._library.elapsed(self._begin, event)

    def _read(self) -> None:
        marked, self._marked = self._marked, []
        self._numbers.extend([number for number, _ in marked])
        self._at.extend([self._time(event) for _, event in marked])
        self._aways.extend([self._away] * len(marked))
