"""The time of a run, which stands still while its program is held, and what is to happen at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class Clock:
    """In seconds. It runs from when it is made."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._stopped: float | None = None

    @property
    def elapsed(self) -> float:
        """Since the beginning, without the time in which it stood still."""
        return (time.monotonic() if self._stopped is None else self._stopped) - self._began

    def stop(self) -> None:
        """Let it stand still."""
        if self._stopped is None:
            self._stopped = time.monotonic()

    def go_on(self) -> None:
        """Let it run again."""
        if self._stopped is not None:
            self._began += time.monotonic() - self._stopped
            self._stopped = None


class Timer:
    """At most one thing that is to happen later."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None

    def arm(self, seconds: float, action: Callable[[], None]) -> None:
        """Let this happen in so many seconds, and nothing else."""
        self.disarm()
        self._handle = self._loop.call_later(seconds, action)

    def disarm(self) -> None:
        """Let nothing happen."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
