"""What the program prints, on its way to the browser: gathered into few events, bounded, and in order with the rest."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import groupby
from time import monotonic
from typing import Literal, Protocol

from playground.protocol import Figure, Notice, Output, Question, Steering, WorkerEvent, encode
from playground.runner.limits import MIB, Limits

StreamName = Literal["stdout", "stderr", "result"]

_PIECE = 8_192
"""Characters of one `Output`; the protocol allows 16,384."""
_FLUSH_PAUSE_S = 0.010
"""``print(..., flush=True)`` in a loop would otherwise be a frame each."""
_ROOM_FOR_FIGURES = 0.85
"""Of what a run may send; the rest is for text and the profile."""


class Channel(Protocol):
    """What the worker needs of `playground.runner.channel.Channel`."""

    limits: Limits
    sent_bytes: int

    def emit(self, event: WorkerEvent) -> None: ...

    def commands(self) -> Iterator[Question]: ...

    def steering(self) -> list[Steering]: ...

    def hold(self) -> Iterator[Question | Steering]: ...

    def interruptible(self) -> AbstractContextManager[None]: ...


class OneWay:
    """The half of a `Channel` on which nobody asks, steers, holds or interrupts."""

    def commands(self) -> Iterator[Question]:
        """None come."""
        return iter(())

    def steering(self) -> list[Steering]:
        """None comes."""
        return []

    def hold(self) -> Iterator[Question | Steering]:
        """It is never held."""
        return iter(())

    def interruptible(self) -> AbstractContextManager[None]:
        """Ctrl-C is the only interrupt."""
        return nullcontext()


class OutputLimit(BaseException):
    """The program printed more than it may. Not an Exception: a program's ``except Exception`` must let it through."""


def clean(text: str, limit: int = 0) -> str:
    """Text that can be encoded, and at most `limit` characters if given."""
    if limit and len(text) > limit:
        text = text[: limit - 1] + "…"
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


class Outbox:
    """Gathers what is printed and sends it with everything else; there is one per run.

    There are no threads here, so time is noticed only when something happens: something is printed, the program
    sleeps, a cell ends, or the recorder's timer ticks. The first line after a quiet time goes out at once.
    """

    def __init__(self, channel: Channel) -> None:
        self.cell = 0
        self.busy = 0
        """Above 0 in the middle of something, when a signal must leave it alone."""
        self.also: Callable[[], None] | None = None
        """Sends what else is waiting, before the text that followed it."""
        self._channel = channel
        self._pieces: list[tuple[int, StreamName, str]] = []
        self._waiting = 0
        self._last = 0.0
        self._shown = 0
        self._written = 0
        self._closed = False
        self._notices: set[str] = set()

    def write(self, stream: StreamName, text: str) -> None:
        """Show `text` under the current cell.

        Raises:
            OutputLimit: when the program has printed more than ``output_kill_bytes``.
        """
        if not text or self._closed:
            return
        text = clean(text)
        size = len(text) if text.isascii() else len(text.encode())
        limits = self._channel.limits
        self._written += size
        room = limits.output_shown_bytes - self._shown
        if room > 0:
            if size > room:
                text = text.encode()[:room].decode(errors="ignore")
                size = room
            self._shown += size
            self._pieces.append((self.cell, stream, text))
            self._waiting += size
        if self._shown >= limits.output_shown_bytes < self._written:
            self.notice_once(
                f"Only the first {limits.output_shown_bytes // 1024} KiB of what a program prints are shown."
            )
        if self._written > limits.output_kill_bytes:
            raise OutputLimit
        # A line is sent whole: `print` writes its text and its end separately.
        whole = stream == "result" or text.endswith("\n")
        if self._waiting >= limits.batch_bytes or (whole and monotonic() - self._last >= limits.batch_s):
            self.flush()

    def emit(self, event: WorkerEvent) -> None:
        """Send an event after what was printed before it."""
        self.flush()
        self.emit_first(event)

    def emit_first(self, event: WorkerEvent) -> None:
        """Send an event at once, before what waits: for what belongs to no place in the output."""
        self.busy += 1
        try:
            self._channel.emit(event)
        finally:
            self.busy -= 1

    def notice(self, message: str) -> None:
        """Tell the person something that is not an error."""
        self.emit(Notice(message=clean(message, 4_000), cell=self.cell))

    def notice_once(self, message: str) -> None:
        """The same, but only the first time in a run."""
        if message not in self._notices:
            self._notices.add(message)
            self.notice(message)

    def figure(self, figure: Figure) -> None:
        """Send a plot under the current cell, if there is room for it in what a run may send."""
        figure.cell = self.cell
        limit = self._channel.limits.results_bytes
        if self._channel.sent_bytes + len(encode(figure)) > _ROOM_FOR_FIGURES * limit:
            self.notice_once(f"A figure is left out: a run may send at most {limit // MIB} MiB of results.")
        else:
            self.emit(figure)

    def flush(self) -> None:
        """Send everything that waits."""
        self._last = monotonic()
        if self.also is not None:
            self.also()
        self.busy += 1
        try:
            # An interrupt may come at any of these lines: what is not sent yet stays where the next flush finds it.
            self._pieces = list(_joined(self._pieces))
            self._waiting = 0
            while self._pieces:
                cell, stream, text = self._pieces.pop(0)
                self._channel.emit(Output(cell=cell, stream=stream, text=text))
        finally:
            self.busy -= 1

    def flush_if_due(self) -> None:
        """Send what waits if the last time is a batch's time ago."""
        if self._pieces and monotonic() - self._last >= self._channel.limits.batch_s:
            self.flush()

    def flush_asked(self) -> None:
        """The program itself flushed its output."""
        if self._pieces and monotonic() - self._last >= _FLUSH_PAUSE_S:
            self.flush()

    def close(self) -> None:
        """Send everything; what is printed afterwards is dropped (destructors that run when the program is over)."""
        self.flush()
        self._closed = True


def _joined(pieces: list[tuple[int, StreamName, str]]) -> Iterator[tuple[int, StreamName, str]]:
    """Neighbours of one cell and stream as one text, cut to what an `Output` may hold."""
    for (cell, stream), group in groupby(pieces, key=lambda piece: piece[:2]):
        text = "".join(piece[2] for piece in group)
        for start in range(0, len(text), _PIECE):
            yield cell, stream, text[start : start + _PIECE]


class Stream(io.TextIOBase):
    """``sys.stdout`` or ``sys.stderr`` of the program."""

    def __init__(self, outbox: Outbox, name: Literal["stdout", "stderr"]) -> None:
        self._outbox = outbox
        self._stream: Literal["stdout", "stderr"] = name

    @property
    def name(self) -> str:
        return f"<{self._stream}>"

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return "backslashreplace"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        """Print; returns how many characters that were."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._outbox.write(self._stream, text)
        return len(text)

    def flush(self) -> None:
        """Send what was printed soon."""
        self._outbox.flush_asked()
