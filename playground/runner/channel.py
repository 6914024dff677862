"""The child's end: how the worker sends events, takes commands, and is interrupted by the clock or by Stop."""

from __future__ import annotations

import math
import os
import resource
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import msgspec

from playground.protocol import Parse, Question, Run, Steering, WorkerCommand, WorkerEvent
from playground.runner.frames import FrameReader, frame
from playground.runner.limits import Limits

FRAMES_FD = 3
COMMANDS_FD = 4
FAULT_FD = 5
DEVICE_FD = 6
"""Only where the GPU is served."""

PROGRAM = "<program>"
"""The file name a program is compiled under; names that begin with ``<program`` count. Lines are found by it."""

_AGAIN_S = 0.2
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(WorkerCommand).decode
"""Made before there are children: it takes a millisecond and a megabyte."""
_ASK_S = 0.002


class Interrupt(BaseException):
    """Raised inside `Channel.interruptible`. A program's ``except Exception`` lets it through."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line
        """The program's line that was running, 1-based; 0 if none was."""


class SoftTimeout(Interrupt):
    """The time is up: hand in what there is and finish with status ``timeout``; the kill comes one second later."""


class Cancelled(Interrupt):
    """The person pressed Stop: hand in what there is and finish; the kill comes in 0.3 s."""


class NotHere(Exception):
    """What runs programs cannot do so on this machine: raised by an entry's ``prepare``, with words for people."""


class FrameTooLarge(ValueError):
    """An event that encodes to more than `Limits.frame_bytes`. Nothing was sent; split it."""


def program_line(frame: FrameType | None) -> int:
    """The line of the innermost frame that belongs to the program, 0 if there is none."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(PROGRAM[:-1]):
            return frame.f_lineno
        frame = frame.f_back
    return 0


class Channel:
    """What the worker is given beside its request. One thread only."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.sent_bytes = 0
        """Bytes of all frames so far; the run is ended when they exceed `limits.results_bytes`."""
        # Ours is the only writer, and commands are bounded where they are accepted: this only guards the arithmetic.
        self._reader = FrameReader(limits.command_bytes)
        self._received: deque[bytes] = deque()
        self._armed = False
        self._whole = False
        """In the middle of something that must not be left half done."""
        self._due: type[Interrupt] | None = None
        self._waiting = False
        """For someone to let the program go on: its time stands still."""
        self._poll = select.poll()
        self._poll.register(COMMANDS_FD, select.POLLIN)
        self._ask_at = 0.0

    def emit(self, event: WorkerEvent) -> None:
        """Send one event. Blocks while the reader is behind. `run` and `seq` need not be set: the server sets them.

        Raises FrameTooLarge if the event is larger than `limits.frame_bytes` encoded. An interrupt that comes while
        the frame is being written is raised after it, never in the middle.
        """
        payload = _encode(event)
        if len(payload) > self.limits.frame_bytes:
            raise FrameTooLarge(
                f"{type(event).__name__}: a frame may have {self.limits.frame_bytes} bytes, this has {len(payload)}"
            )
        data = memoryview(frame(payload))
        self._whole = True
        try:
            while data:
                data = data[os.write(FRAMES_FD, data) :]
        finally:
            self._whole = False
        self.sent_bytes += len(payload)
        self._raise_if_due(None)

    def request(self) -> Run | Parse:
        """Wait for what there is to do. Raises EOFError if the supervisor closed the pipe instead."""
        for payload in self._payloads():
            command = _decode(payload)
            if isinstance(command, Run | Parse):
                if isinstance(command, Parse):
                    self.limits = self.limits.reading
                return command
        raise EOFError("the pipe was closed before a program came")

    def commands(self) -> Iterator[Question]:
        """The commands that come after the program has finished, until the supervisor has no more use for this process.

        Send `Finished(interactive=True)` first. Answer each with exactly one `Answer`
        within `limits.interactive_s`, inside `interruptible()`; the process is stopped in between.
        """
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
        for payload in self._payloads():
            command = _decode(payload)
            if isinstance(command, Question):
                self._due = None
                yield command

    def steering(self) -> list[Steering]:
        """What has come for the running program, without waiting. Cheap enough to be asked at every training step: the
        system is asked at most every few milliseconds."""
        now = time.monotonic()
        if now < self._ask_at:
            return []
        self._ask_at = now + _ASK_S
        self._whole = True
        try:
            while self._poll.poll(0) and self._receive():
                pass
            came = [_decode(payload) for payload in self._received]
            self._received.clear()
        finally:
            self._whole = False
        self._raise_if_due(None)
        return [command for command in came if isinstance(command, Steering)]

    def hold(self) -> Iterator[Question | Steering]:
        """What comes while the program waits after a training step, until it may go on: leave the loop then.

        Send `Paused` first, and only if a `Control` has asked for it. Answer each `Question` with exactly one `Answer`,
        inside `interruptible()`. A `Control` with ``step`` or ``resume`` ends the
        hold. What answering takes is not counted as the program's processor time.
        """
        since, (soft, hard) = time.process_time(), resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
        self._waiting = True
        try:
            for payload in self._payloads():
                command = _decode(payload)
                if isinstance(command, Question | Steering):
                    sent = self.sent_bytes
                    yield command
                    self.sent_bytes = sent  # an answer is no part of the run
        finally:
            self._waiting = False
            taken = math.ceil(time.process_time() - since)
            resource.setrlimit(resource.RLIMIT_CPU, (min(soft + taken, hard), hard))

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Inside, the soft deadline raises SoftTimeout and Stop raises Cancelled; outside, they wait for the next.

        The supervisor keeps the clock and signals when time is up, so there is nothing to arm. The interrupt is
        raised again every 0.2 s until the block is left, because a destructor or a bare ``except`` can swallow it.
        Blocks may be inside others; an answer's time belongs to the innermost.
        """
        around, self._armed = self._armed, True
        waiting, self._waiting = self._waiting, False
        try:
            self._raise_if_due(None)
            yield
        finally:
            self._armed, self._waiting = around, waiting
            # A question that took too long while the program is held is not the program's end; Stop is.
            if not (around and self._due is Cancelled):
                self._due = None
                signal.setitimer(signal.ITIMER_REAL, 0)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Inside, an interrupt waits for the end, and so does the recorder's clock (SIGPROF): for what must neither be
        left half done nor begun again in the middle."""
        around, self._whole = self._whole, True
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGPROF,))
        try:
            yield
        finally:
            self._whole = around
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._raise_if_due(None)

    def install(self) -> None:
        """Take over the signals the supervisor interrupts with. Called once by the child's start-up."""
        for number in (signal.SIGALRM, signal.SIGXCPU, signal.SIGTERM):
            signal.signal(number, self._interrupted)

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        if self._waiting and number != signal.SIGTERM:
            return  # an answer that has just been given in time
        if self._due is None:
            self._due = Cancelled if number == signal.SIGTERM else SoftTimeout
        self._raise_if_due(frame)

    def _raise_if_due(self, frame: FrameType | None) -> None:
        if self._due is None or self._whole or not self._armed:
            return
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
        raise self._due(program_line(frame or sys._getframe()))

    def _payloads(self) -> Iterator[bytes]:
        """Everything that comes, until the pipe is closed."""
        while self._received or self._receive():
            while self._received:
                yield self._received.popleft()

    def _receive(self) -> bool:
        """Wait for something to come; False if the pipe is closed."""
        data = os.read(COMMANDS_FD, 65_536)
        self._received += self._reader.feed(data)
        return bool(data)
