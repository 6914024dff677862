"""Reads what a child writes into its pipes, or leaves it there, which makes the child wait."""

from __future__ import annotations

from collections.abc import Callable

from playground.runner.process import Worker


class Tap:
    """One of a child's pipes. `take` is given what was read."""

    def __init__(self, worker: Worker, descriptor: int, take: Callable[[bytes], None]) -> None:
        self._worker = worker
        self._descriptor = descriptor
        self._take = take
        self._open = False
        self._ended = False

    def open(self, is_open: bool) -> None:
        """Whether it is read as soon as there is something."""
        is_open = is_open and not self._ended
        if is_open != self._open:
            self._open = is_open
            self._worker.watch(self._descriptor, self.read if is_open else None)

    def read(self) -> bool:
        """Read once. True if there may be more."""
        data = self._worker.read(self._descriptor)
        if not data:
            self._ended |= data == b""
            self.open(self._open)
            return False
        self._take(data)
        return True
