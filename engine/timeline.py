"""When a device did what it was sent: CUDA events, recorded at the moments at which observers are told of times.

`engine.state.S.clock` gives the host's time; while a `Timeline` runs, it also records an event in the current stream,
which costs the host about a microsecond and makes nobody wait. Only when the timeline is read, the host waits for the
device, once, and asks how much time was between the events.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter_ns
from typing import Any, ClassVar, NamedTuple

from engine import backend
from engine.state import S

_MOST = 400_000
"""Events of one timeline; what comes after them is not timed."""


class Mark(NamedTuple):
    """A moment of the host, and when the device came to it."""

    host: int
    """Nanoseconds of ``time.perf_counter_ns``; each mark has another."""
    stream: int
    """CUDA's handle of the stream; 0 is the default one."""
    device: float
    """The same moment of that stream, in nanoseconds of the host's clock."""
    away: float = 0.0
    """Nanoseconds until then in which the device was not the program's: one that is served works for others, too."""

    def since(self, begin: Mark) -> float:
        """Nanoseconds in which the device worked between two marks."""
        return (self.device - self.away) - (begin.device - begin.away)


def on_device(values: Iterable[Any]) -> bool:
    """Whether there is an array, or a tensor of one, that is on a device."""
    return any(v is not None and backend.is_elsewhere(getattr(v, "_data", v)) for v in values)


def steps_on_device(optimizer: Any) -> bool:
    """Whether an optimizer has parameters there."""
    return any(on_device(group["params"]) for group in optimizer.param_groups)


class Timeline:
    """The device's time from `start` to `stop`. There is at most one; who comes second shares it."""

    _running: ClassVar[Timeline | None] = None

    def __init__(self, cupy: Any) -> None:
        self._cuda = cupy.cuda
        self._device = cupy.cuda.Device().id
        self._users = 0
        self._events: list[tuple[int, int, Any]] = []
        self._read: list[Mark] = []
        cupy.cuda.Device().synchronize()  # so that the first event is now
        self._latest = perf_counter_ns()
        self._note(self._latest)

    @classmethod
    def start(cls) -> Timeline | None:
        """The timeline that runs from now on; None where there is no device."""
        cupy = backend.cupy()
        if cupy is None:
            return None
        if cls._running is None:
            cls._running = cls(cupy)
            S.clock = cls._running._clock
        cls._running._users += 1
        return cls._running

    def stop(self) -> list[Mark]:
        """Who has started it needs it no more. Waits for the device. Returns the marks until now, in order."""
        self._users -= 1
        if not self._users:
            Timeline._running = None
            S.clock = perf_counter_ns
        self._wait()
        events, read = self._events, self._read
        for k in range(len(read), len(events)):
            host, stream, event = events[k]
            if hasattr(event, "moment"):  # a served device's: it has the host's clock
                read.append(Mark(host, stream, *event.moment()))
            elif not k:
                read.append(Mark(host, stream, float(host)))
            else:
                # From one event to the next: CUDA tells times as float32, which are exact only when they are short.
                after = self._cuda.get_elapsed_time(events[k - 1][2], event) * 1e6
                read.append(Mark(host, stream, read[-1].device + after))
        return read.copy()

    def _wait(self) -> None:
        """Until all marks have come. What went wrong on the device is not asked for."""
        for event in {stream: event for _, stream, event in self._events}.values():
            event.synchronize()

    def _clock(self) -> int:
        now = perf_counter_ns()
        if now <= self._latest:
            now = self._latest + 1
        self._latest = now
        if len(self._events) < _MOST:
            self._note(now)
        return now

    def _note(self, now: int) -> None:
        stream = self._cuda.get_current_stream()
        # What is captured runs later; and events of two devices cannot be compared.
        if stream.is_capturing() or self._cuda.Device().id != self._device:
            return
        event = self._cuda.Event()
        event.record(stream)
        self._events.append((now, int(stream.ptr), event))
