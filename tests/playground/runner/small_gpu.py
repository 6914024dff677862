"""Workers that hold a card that is none: a module ``cupy`` whose launches do what a card can do to a process.

`run_program` is the worker of `small_worker`. What happens while the card is taken is said by ``CUPY_CACHE_DIR``, which
reaches such a process.
"""

from __future__ import annotations

import ctypes
import importlib
import json  # noqa: F401  # the tests' programs import these, and may not be permitted to read them
import os
import signal
import stat  # noqa: F401
import sys
from types import ModuleType
from typing import Any

from playground.runner.channel import NotHere
from playground.runner.limits import Limits
from tests.playground.runner.small_worker import run_program

__all__ = ["prepare", "run_program"]


class OutOfMemoryError(MemoryError):
    """As CuPy's."""


class Card(ModuleType):
    """The fake ``cupy``."""

    def __init__(self) -> None:
        super().__init__("cupy")
        self.limit = 0
        self.held: list[bytearray] = []

    def alloc(self, size: int) -> None:
        """Of the card's memory; no more than the limit."""
        used = sum(map(len, self.held))
        if used + size > self.limit:
            raise OutOfMemoryError(
                f"Out of memory allocating {size:,} bytes (allocated so far: {used:,} bytes, limit set to: "
                f"{self.limit:,} bytes)."
            )
        self.held.append(bytearray(size))

    def hang(self) -> None:
        """A kernel that never ends: the call comes back for no signal."""
        lock = ctypes.create_string_buffer(64)  # a mutex that is free
        libc = ctypes.CDLL(None)
        libc.pthread_mutex_lock(lock)
        libc.pthread_mutex_lock(lock)

    def die(self) -> None:
        """A library that ends the process."""
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGSEGV)


def prepare(limits: Limits) -> str:
    """Take the card."""
    match os.environ.get("CUPY_CACHE_DIR", ""):
        case "missing":
            importlib.import_module("there_is_no_cupy")
        case "broken":
            raise NotHere("cudaErrorInsufficientDriver: the driver is too old")
        case "dies":
            os._exit(7)
        case "hangs":
            Card().hang()
    card: Any = Card()
    card.limit = limits.gpu_memory_bytes
    sys.modules["cupy"] = card
    return "a card of paper"
