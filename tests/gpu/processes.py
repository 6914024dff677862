"""Entries of processes that hold the card, as the playground starts them, with NumPy in CuPy's place. Else all is as on
a card."""

from __future__ import annotations

import os
import sys
from typing import Any

from playground.runner.limits import Limits
from playground.worker import gpu
from playground.worker.gpu import serve
from tests.gpu import standin

__all__ = ["prepare", "serve"]


def prepare(limits: Limits) -> str:
    """Take the stand-in; with ``CUPY_CACHE_DIR=missing``, which reaches such a process, there is no CuPy."""
    modules: dict[str, Any] = sys.modules
    if os.environ.get("CUPY_CACHE_DIR") == "missing":
        modules["cupy"] = None
    else:
        modules["cupy"] = standin.CUPY
        for part in ("special", "linalg"):
            modules[f"cupyx.scipy.{part}"] = standin.scipy(part)
    return gpu.prepare(limits)
