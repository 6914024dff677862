"""Arrays without memory: what NumPy knows of an array whose numbers are elsewhere."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from engine.allocator import OutOfMemoryError
from playground.device.plans import Meta

_LOW = _LENGTH = 1 << 45
"""Addresses that no process of 47 bits has anything at: below a program's code, above 32-bit memory."""
_NOWHERE = (ctypes.c_char * _LENGTH).from_address(_LOW)
_ALIGNED = 512


class Shadow(np.ndarray[Any, Any]):
    """An array without memory. What would look at its numbers is kept from it: there is nothing to look at, and the
    process would end."""

    __array_ufunc__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self.dtype} of shape {self.shape}>"

    __str__ = __repr__


class Addresses:
    """Where the arrays of a connection seem to be: each apart from all others, so that NumPy can tell which overlap."""

    def __init__(self) -> None:
        self._next = 0

    def shadow(self, meta: Meta) -> Shadow:
        """A new array without memory."""
        shape, dtype, order = meta
        length = dtype.itemsize
        for n in shape:
            length *= n
        start = self._next
        if start + length > _LENGTH:
            if length > _LENGTH // 2:
                raise OutOfMemoryError(f"CUDA out of memory. Tried to allocate {length / (1 << 20):.2f} MiB")
            start = 0
        self._next = start + (length + _ALIGNED) // _ALIGNED * _ALIGNED
        if order is None:
            return Shadow(shape, dtype, _NOWHERE, start)  # type: ignore[arg-type]
        strides, step = [0] * len(shape), dtype.itemsize
        for axis in reversed(order):
            strides[axis], step = step, step * shape[axis]
        return Shadow(shape, dtype, _NOWHERE, start, strides)  # type: ignore[arg-type]


def address(shadow: np.ndarray[Any, Any]) -> int:
    """Of its first element."""
    found: int = shadow.__array_interface__["data"][0]
    return found
