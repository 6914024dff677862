"""``cupy.cuda``'s streams and events in a sealed child: everything is done in order, whatever stream it is sent to."""

from __future__ import annotations

import itertools
import math
from array import array
from collections.abc import Callable

from playground.device import messages
from playground.device.connection import Connection


class Marks:
    """Moments that a program has marked, and when the device came to them.

    Args:
        connection: to the device server, which is asked for all of them at once when one is needed.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._numbers = itertools.count()
        self._at, self._away = array("d"), array("d")
        """By number, in nanoseconds of the host's clock; NaN for what the device knows nothing of."""

    def mark(self) -> int:
        """The number of this moment: the last one's, if the device has been sent nothing since."""
        if (last := self._connection.marked) is not None:
            return last
        number = next(self._numbers)
        if number - len(self._at) >= messages.MOMENTS:
            self._read()
        self._connection.mark(number)
        return number

    def find(self, number: int) -> tuple[float, float]:
        """When the device came to it, and how long until then it was not this run's, in nanoseconds. Waits for it.

        Raises:
            DeviceLost: if there is no server any more to tell it.
        """
        if number >= len(self._at):
            self._read()
        return self._at[number], self._away[number]

    def _read(self) -> None:
        reply = self._connection.ask(messages.Times())
        assert isinstance(reply, messages.Moments)
        for number, at, away in zip(reply.numbers, reply.at, reply.away, strict=True):
            if missing := number - len(self._at):  # an interrupt came between a number and its mark
                self._at.extend([math.nan] * missing)
                self._away.extend([math.nan] * missing)
            self._at.append(at)
            self._away.append(away)


class Event:
    """A moment, with CuPy's attributes."""

    def __init__(
        self, marks: Marks, block: bool = False, disable_timing: bool = False, interprocess: bool = False
    ) -> None:
        self.ptr = id(self)
        self._marks = marks
        self._number: int | None = None

    def record(self, stream: Stream | None = None) -> None:
        """It is now. Nothing is sent for that alone."""
        self._number = self._marks.mark()

    def synchronize(self) -> None:
        """Wait until it has come. Raises DeviceLost; what went wrong before it is not asked for."""
        self.moment()

    @property
    def done(self) -> bool:
        """Whether it has come: who asks, waits."""
        self.moment()
        return True

    def moment(self) -> tuple[float, float]:
        """As `Marks.find`.

        Raises:
            RuntimeError: in CUDA's words, if it has not been recorded.
        """
        if self._number is None:
            raise RuntimeError("cudaErrorInvalidResourceHandle: invalid resource handle")
        return self._marks.find(self._number)


def get_elapsed_time(start_event: Event, end_event: Event) -> float:
    """Milliseconds that the device worked for this run between two events."""
    (start, start_away), (end, end_away) = start_event.moment(), end_event.moment()
    return ((end - end_away) - (start - start_away)) / 1e6


class Stream:
    """A stream by name: what is sent to any of them is done one after the other."""

    capturing = False

    def __init__(self, streams: Streams, ptr: int) -> None:
        self.ptr = ptr
        self._streams = streams
        self._before: list[Stream] = []

    def __enter__(self) -> Stream:
        self._before.append(self._streams.current)
        return self.use()

    def __exit__(self, *_: object) -> None:
        self._streams.current = self._before.pop()

    def use(self) -> Stream:
        self._streams.current = self
        return self

    def is_capturing(self) -> bool:
        return False

    def record(self, event: Event) -> Event:
        event.record(self)
        return event

    def wait_event(self, event: Event) -> None:
        """It has come before anything that is sent from now on begins."""

    def synchronize(self) -> None:
        """Wait until all is done. Raises what went wrong."""
        self._streams.synchronize()

    @property
    def done(self) -> bool:
        """Whether all is done: who asks, waits."""
        self.synchronize()
        return True


class Streams:
    """``cuda.Stream``: makes streams, and knows the current one.

    Args:
        synchronize: waits for the device.
    """

    def __init__(self, synchronize: Callable[[], object]) -> None:
        self.synchronize = synchronize
        self.null = self.current = Stream(self, 0)
        self._pointers = itertools.count(1)

    def __call__(
        self, null: bool = False, non_blocking: bool = False, ptds: bool = False, *, priority: int = 0
    ) -> Stream:
        return self.null if null else Stream(self, next(self._pointers))

    def get_current_stream(self, device_id: int = -1) -> Stream:
        return self.current
