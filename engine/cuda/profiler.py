"""``torch.cuda.profiler``: which part of a program NVIDIA's profilers look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine.cuda.devices import held_here

__all__ = ["profile", "start", "stop"]


def _profiler() -> Any:
    return held_here("what NVIDIA's profilers look at").cuda.profiler


def start() -> None:
    """They look from here on.

    Raises:
        AssertionError: if there is no device.
    """
    _profiler().start()


def stop() -> None:
    """They look no more.

    Raises:
        AssertionError: if there is no device.
    """
    _profiler().stop()


@contextmanager
def profile() -> Iterator[None]:
    """They look at what is in a ``with`` block.

    Raises:
        AssertionError: if there is no device.
    """
    start()
    try:
        yield
    finally:
        stop()
