"""``torch.accelerator``: whether there is a device faster than the CPU, whatever it is."""

from __future__ import annotations

from typing import Any

from engine import backend, cuda

__all__ = ["current_accelerator", "current_device_index", "device_count", "is_available", "synchronize"]


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
