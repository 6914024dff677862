"""``torch.cpu``: what ``torch.cuda`` is for a device. The CPU is one, and what it is sent is done at once."""

from __future__ import annotations

from typing import Any

__all__ = [
    "Event",
    "Stream",
    "StreamContext",
    "current_device",
    "current_stream",
    "device_count",
    "is_available",
    "is_initialized",
    "set_device",
    "stream",
    "synchronize",
]


class Stream:
    """Everything is done when it is sent."""

    def __init__(self, priority: int = -1) -> None: ...

    def wait_stream(self, stream: Any) -> None:
        """Nothing: all is done."""

    def record_event(self) -> None:
        """Nothing: all is done."""

    def wait_event(self, event: Any) -> None:
        """Nothing: all is done."""


class Event:
    """A moment that has come."""

    def query(self) -> bool:
        """Yes."""
        return True

    def record(self, stream: Any = None) -> None:
        """Nothing."""

    def synchronize(self) -> None:
        """Nothing."""

    def wait(self, stream: Any = None) -> None:
        """Nothing."""


_CURRENT = Stream()


class StreamContext:
    """``with torch.cpu.stream(s):`` changes nothing."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def is_available() -> bool:
    """Yes."""
    return True


def is_initialized() -> bool:
    """Yes."""
    return True


def device_count() -> int:
    """One."""
    return 1


def current_device() -> str:
    """``cpu``."""
    return "cpu"


def set_device(device: Any) -> None:
    """Nothing: there is one."""


def synchronize(device: Any = None) -> None:
    """Nothing: all is done."""


def current_stream(device: Any = None) -> Stream:
    """The one there is."""
    return _CURRENT


def stream(stream: Any) -> StreamContext:
    """A context that changes nothing."""
    return StreamContext(stream)
