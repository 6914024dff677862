"""What a child writes becomes an event here, or is refused. Everything that comes is hostile until it has passed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import msgspec

from playground.protocol import (
    Document,
    Error,
    Figure,
    Finished,
    Graph,
    Notice,
    Output,
    Parse,
    Paused,
    Profile,
    Resumed,
    Run,
    Started,
    Table,
    Training,
    WorkerEvent,
)
from playground.runner.frames import FrameError, FrameReader
from playground.runner.limits import KIB, Limits

_MAYBE_NOT_FINITE = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]|\xca[\x7f\xff][\x80-\xff]", re.DOTALL)
"""How a NaN or an infinity begins in MessagePack (float 64 and float 32); other bytes may look the same."""
_decoder: msgspec.msgpack.Decoder[WorkerEvent] = msgspec.msgpack.Decoder(WorkerEvent)
"""One for all: to make it takes as long as all that a short run has it decode, many times over."""


class Refused(ValueError):
    """What came is not an event; `str` says why, for our log."""


class TooMuch(ValueError):
    """The run's frames together exceed a limit; `str` is a plain sentence for the person."""


_SAYS: dict[type[Run | Parse], tuple[type[WorkerEvent], ...]] = {
    Run: (Started, Output, Figure, Graph, Profile, Training, Paused, Resumed, Notice, Error, Finished),
    Parse: (Document, Table, Error, Finished),
}


def may_say(request: Run | Parse, event: WorkerEvent) -> bool:
    """Whether this may come of its own accord from a process that was given such a request. Everything else answers a
    question."""
    return isinstance(event, _SAYS[type(request)])


class Intake:
    """Cuts, counts and decodes the frames of one child."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._reader = FrameReader(limits.frame_bytes)
        self._bytes = 0
        self._frames = 0
        self._aside = (0, 0)

    def feed(self, data: bytes) -> Iterator[tuple[WorkerEvent, int]]:
        """Each event in what was read, with its encoded size in bytes. Raises Refused and TooMuch."""
        try:
            for payload in self._reader.feed(data):
                self._frames += 1
                if self._frames > self._limits.frames:
                    raise TooMuch(f"The run was stopped: it sent more than {self._limits.frames:,} messages.")
                event = self._decode(payload)
                if not isinstance(
                    event, Output
                ):  # whose text has limits of its own, and whose envelopes are not kept
                    self._bytes += len(payload)
                    if self._bytes > self._limits.results_bytes:
                        size = self._limits.results_bytes // KIB
                        raise TooMuch(f"The run was stopped: its results are larger than {size:,} KiB.")
                yield event, len(payload)
        except FrameError as problem:
            raise Refused(str(problem)) from problem

    def start_over(self) -> None:
        """Count from zero again: each interactive answer has a budget of its own."""
        self._bytes = self._frames = 0

    def set_aside(self) -> None:
        """The same for an answer while the program is held, whose own count `take_up` goes on with."""
        self._aside = self._bytes, self._frames
        self.start_over()

    def take_up(self) -> None:
        """Go on counting where `set_aside` left off."""
        self._bytes, self._frames = self._aside

    def _decode(self, payload: bytes) -> WorkerEvent:
        try:
            event = _decoder.decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as problem:
            raise Refused(f"{type(problem).__name__}: {problem}") from problem
        if _MAYBE_NOT_FINITE.search(payload) and not _finite(event):
            raise Refused(
                "a number is NaN or infinite; in messages these are the strings 'nan', 'inf' and '-inf'"
            )
        return event


def _finite(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return all(map(_finite, value))
    if isinstance(value, dict):
        return all(map(_finite, value.values()))
    if isinstance(value, msgspec.Struct):
        return all(_finite(getattr(value, name)) for name in value.__struct_fields__)
    return True
