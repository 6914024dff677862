"""``torch.accelerator``: whether there is a device faster than the CPU, whatever it is."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from engine import backend, cuda

__all__ = [
    "current_accelerator",
    "current_device_index",
    "current_stream",
    "device_count",
    "device_index",
    "empty_cache",
    "get_memory_info",
    "is_available",
    "max_memory_allocated",
    "max_memory_reserved",
    "memory_allocated",
    "memory_reserved",
    "memory_stats",
    "reset_accumulated_memory_stats",
    "reset_peak_memory_stats",
    "set_device_index",
    "set_stream",
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


def set_device_index(device: Any, /) -> None:
    """Use a device from now on. Raises RuntimeError if there is none; so do those below."""
    _asked(cuda.set_device, device)


def current_stream(device: Any = None, /) -> Any:
    """The stream to which work is sent."""
    return _asked(cuda.current_stream, device)


def set_stream(stream: Any) -> None:
    """Send work to `stream` from now on."""
    _asked(cuda.set_stream, stream)


class device_index:
    """Context manager in which a device is the one in use; None changes nothing."""

    def __init__(self, device: int | None, /) -> None:
        self.idx = device

    def __enter__(self) -> None:
        if self.idx is not None:
            self._used = _asked(cuda.device, self.idx)
            self._used.__enter__()

    def __exit__(self, *error: object) -> None:
        if self.idx is not None:
            self._used.__exit__(*error)


def get_memory_info(device_index: Any = None, /) -> tuple[int, int]:
    """How many bytes of the device's memory are free, and how many there are."""
    return _asked(cuda.mem_get_info, device_index)  # type: ignore[no-any-return]


def memory_stats(device_index: Any = None, /) -> OrderedDict[str, int]:
    """The counts of `torch.cuda.memory_stats`."""
    return _asked(cuda.memory_stats, device_index)  # type: ignore[no-any-return]


def reset_accumulated_memory_stats(device_index: Any = None, /) -> None:
    """Count anew what has been allocated and freed in all."""
    _asked(cuda.reset_accumulated_memory_stats, device_index)


def _asked(ask: Callable[[Any], Any], device: Any) -> Any:
    if not cuda.is_available():
        raise RuntimeError("Cannot access accelerator device when none is available.")
    return ask(device)


def memory_allocated(device_index: Any = None, /) -> int:
    """What is in use, in bytes."""
    return int(_asked(cuda.memory_allocated, device_index))


def max_memory_allocated(device_index: Any = None, /) -> int:
    """The most that was in use."""
    return int(_asked(cuda.max_memory_allocated, device_index))


def memory_reserved(device_index: Any = None, /) -> int:
    """What is held."""
    return int(_asked(cuda.memory_reserved, device_index))


def max_memory_reserved(device_index: Any = None, /) -> int:
    """The most that was held."""
    return int(_asked(cuda.max_memory_reserved, device_index))


def reset_peak_memory_stats(device_index: Any = None, /) -> None:
    """Let the most there was be what is now."""
    _asked(cuda.reset_peak_memory_stats, device_index)


def empty_cache() -> None:
    """Give what is held and not in use back to the device."""
    _asked(lambda _: cuda.empty_cache(), None)
