"""Labels of a program's parts for NVIDIA's own profilers (Nsight), by CuPy.

Every function raises RuntimeError in PyTorch's words without CUDA.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine import backend

__all__ = ["mark", "range", "range_pop", "range_push"]

_depth = 0


def _nvtx() -> Any:
    cupy = backend.cupy()
    if cupy is None or not hasattr(cupy.cuda, "nvtx"):
        raise RuntimeError("NVTX functions not installed. Are you sure you have a CUDA build?")
    return cupy.cuda.nvtx


def range_push(msg: str) -> int:
    """Begin a labelled part inside the ones that have begun; how many those are."""
    global _depth
    _nvtx().RangePush(msg)
    _depth += 1
    return _depth - 1


def range_pop() -> int:
    """End the part that began last; how many it was in."""
    global _depth
    _nvtx().RangePop()
    _depth = max(_depth - 1, 0)
    return _depth


def mark(msg: str) -> None:
    """Label a moment."""
    _nvtx().Mark(msg)


@contextmanager
def range(msg: str, *args: Any, **kwargs: Any) -> Iterator[None]:
    """Label what is in a ``with`` block; `args` and `kwargs` are put into the braces of `msg`."""
    range_push(msg.format(*args, **kwargs))
    try:
        yield
    finally:
        range_pop()
