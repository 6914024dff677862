"""The child's end of the socket to the device server: requests are gathered, and sent when there are many or an
answer is needed."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from engine.allocator import OutOfMemoryError
from playground.device import messages
from playground.runner.frames import FrameReader, frame

_TOGETHER = 256
"""Requests in a frame."""
_PENDING_BYTES = 32 << 20
"""What is held back must not hold much more of the device's memory than the program does."""
_ERRORS = {error.__name__: error for error in (*messages.ERRORS, OutOfMemoryError)}


class DeviceLost(RuntimeError):
    """The device server has ended this run's connection, or is gone; nothing that was on it is there any more."""


class Connection:
    """Requests down, answers up. One thread only.

    Args:
        descriptor: a blocking stream socket.
        whole: what happens inside is not interrupted halfway, nor is anything else of the connection begun by a handler
            of signals; or the stream could not be understood any more.
    """

    def __init__(
        self, descriptor: int, whole: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        self._descriptor = descriptor
        self._whole = whole
        self._requests: list[messages.Request] = []
        self._held_back = 0
        self._handles = itertools.count(1)
        self._reader = FrameReader(messages.REPLY_BYTES + 4096)
        self._lost = ""
        self.marked: int | None = None
        """The number of a moment after which nothing has been asked for."""

    def handle(self) -> int:
        """A number that no array has had."""
        return next(self._handles)

    def send(self, request: messages.Request, size: int = 0) -> None:
        """Have it done, without waiting. `size` is what it has the device hold, or carries, in bytes.

        Raises:
            DeviceLost: if there is no server any more.
        """
        self.marked = None
        self._requests.append(request)
        self._held_back += size
        if len(self._requests) >= _TOGETHER or self._held_back > _PENDING_BYTES:
            self._flush()

    def free(self, handle: int) -> None:
        """An array is not needed any more. Called by destructors, so nothing is sent now."""
        self._requests.append(messages.Free(handle))

    def mark(self, number: int) -> None:
        """This moment has a number. Nothing is sent now: what is timed shall not wait for that, nor fail by it."""
        self._requests.append(messages.Mark(number))
        self.marked = number

    def ask(self, request: messages.Request) -> messages.Reply:
        """Have it done and wait for the answer.

        Raises:
            DeviceLost: as for `send`.
            Exception: what went wrong with this or an earlier request.
        """
        with self._whole():
            self.marked = None
            self._requests.append(request)
            self._flush()
            try:
                reply = self._receive()
            except OSError as problem:
                raise self._gone(str(problem)) from None
        if isinstance(reply, messages.Failed):
            raise _ERRORS.get(reply.kind, RuntimeError)(reply.message)
        return reply

    def _flush(self) -> None:
        with self._whole():
            requests, self._requests, self._held_back = self._requests, [], 0
            if self._lost:
                raise DeviceLost(self._lost)
            try:
                for start in range(0, len(requests), _TOGETHER):
                    self._write(requests[start : start + _TOGETHER])
            except OSError as problem:
                raise self._gone(str(problem)) from None

    def _write(self, requests: list[messages.Request]) -> None:
        payload = messages.encode(requests)
        if len(payload) > messages.FRAME_BYTES and len(requests) > 1:
            middle = len(requests) // 2
            self._write(requests[:middle])
            self._write(requests[middle:])
            return
        data = memoryview(frame(payload))
        while data:
            data = data[os.write(self._descriptor, data) :]

    def _receive(self) -> messages.Reply:
        while True:
            data = os.read(self._descriptor, 1 << 20)
            if not data:
                raise self._gone("the process that has it is gone")
            for payload in self._reader.feed(data):
                reply: messages.Reply = messages.decode_reply(payload)
                if isinstance(reply, messages.Ended):
                    raise self._gone(reply.reason)
                return reply

    def _gone(self, reason: str) -> DeviceLost:
        """Why: in the server's words, if it has left any."""
        if not self._lost:
            self._lost = f"CUDA error: {reason}"
            try:
                while data := os.read(self._descriptor, 65_536):
                    for payload in self._reader.feed(data):
                        reply = messages.decode_reply(payload)
                        if isinstance(reply, messages.Ended):
                            self._lost = f"CUDA error: {reply.reason}"
            except OSError:
                pass
        return DeviceLost(self._lost)
