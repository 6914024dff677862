"""``torch.accelerator``: whether there is a device faster than the CPU, whatever it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine import backend, cuda

__all__ = [
    "current_accelerator",
    "current_device_index",
    "device_count",
    "empty_cache",
    "is_available",
    "max_memory_allocated",
    "max_memory_reserved",
    "memory_allocated",
    "memory_reserved",
    "reset_peak_memory_stats",
    "synchronize",
]


def is_available() -> bool:
    """Whether there is one."""
    return cuda.is_available()


def device_count() -> int:
    """How many there are."""
    return cuda.device_count()


def current_accelerator(check_available: bool = False) -> backend.device | None:
    """Its kind, ``device(type='cuda')``; None if there is none."""
    return backend.device("cuda") if is_available() else None


def current_device_index() -> int:
    """The number of the device in use.

    Raises:
        AssertionError: if there is none.
    """
    return cuda.current_device()


def synchronize(device: Any = None) -> None:
    """Wait until everything sent to the device is done.

    Raises:
        AssertionError: if there is none.
    """
    cuda.synchronize(device)


def _memory(ask: Callable[[Any], Any], device: Any) -> Any:
    if not cuda.is_available():
        raise RuntimeError("Cannot access accelerator device when none is available.")
    return ask(device)


def memory_allocated(device_index: Any = None, /) -> int:
    """What is in use, in bytes. Raises RuntimeError if there is no device; so do those below."""
    return int(_memory(cuda.memory_allocated, device_index))


def max_memory_allocated(device_index: Any = None, /) -> int:
    """The most that was in use."""
    return int(_memory(cuda.max_memory_allocated, device_index))


def memory_reserved(device_index: Any = None, /) -> int:
    """What is held."""
    return int(_memory(cuda.memory_reserved, device_index))


def max_memory_reserved(device_index: Any = None, /) -> int:
    """The most that was held."""
    return int(_memory(cuda.max_memory_reserved, device_index))


def reset_peak_memory_stats(device_index: Any = None, /) -> None:
    """Let the most there was be what is now."""
    _memory(cuda.reset_peak_memory_stats, device_index)


def empty_cache() -> None:
    """Give what is held and not in use back to the device."""
    _memory(lambda _: cuda.empty_cache(), None)
