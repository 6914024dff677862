"""The array library of a device server: CuPy, or NumPy where there is no card. The one place that knows their
differences."""

from __future__ import annotations

import functools
import importlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from playground.device.functions import FUNCTIONS
from playground.device.messages import PROPERTIES
from playground.device.plans import Dims, Kind

Flat = Any
"""An array's memory from its first byte, as an array in one dimension."""


class CardLost(Exception):
    """The card does nothing more for this process."""


class Library:
    """NumPy or CuPy.

    Args:
        name: ``numpy`` or ``cupy``.

    Raises:
        RuntimeError: if it is CuPy and there is none, or no card.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.xp = np if name == "numpy" else _cupy()
        self.calls: dict[str, Callable[..., Any]] = {
            key: _OWN[key] if key in _OWN else self._find(key) for key in FUNCTIONS
        }
        for key in ("bincount", "array", "copy", "ascontiguousarray"):
            self.calls[key] = functools.partial(_OWN_OF_LIBRARY[key], self.xp)
        self.calls["empty"] = self.xp.zeros  # nobody gets what another has left in memory
        self.calls["empty_like"] = self.xp.zeros_like

    def _find(self, key: str) -> Any:
        path, _, last = key.rpartition(".")
        if path.startswith("scipy."):
            module: Any = importlib.import_module(path if self.xp is np else f"cupyx.{path}")
        else:
            module = functools.reduce(getattr, path.split("."), self.xp) if path else self.xp
        return getattr(module, last)

    def view(self, flat: Flat, offset: int, shape: Dims, strides: Dims, dtype: Kind) -> Any:
        """A part of memory; the caller has seen to it that it lies inside."""
        if self.xp is np:
            return np.ndarray(shape, dtype, flat, offset, strides)
        return self.xp.ndarray(shape, dtype, memptr=flat.data + offset, strides=strides)

    def fill(self, flat: Flat, offset: int, data: bytes) -> None:
        """Bytes from the host into memory."""
        source = np.frombuffer(data, np.uint8)
        target = self.view(flat, offset, source.shape, (1,), source.dtype)
        if self.xp is np:
            target[...] = source
        else:
            target.set(source)

    def host(self, array: Any) -> np.ndarray[Any, Any]:
        """The same numbers on the host, in C order."""
        return np.ascontiguousarray(array if self.xp is np else array.get()).reshape(array.shape)

    def synchronize(self) -> None:
        """Wait until the card has done what it was given.

        Raises:
            CardLost: if it cannot be used any more. CUDA's errors stay; only another process helps.
        """
        if self.xp is not np:
            try:
                self.xp.cuda.Device().synchronize()
            except Exception as problem:
                raise CardLost(f"{type(problem).__name__}: {problem}") from problem

    def event(self) -> Any:
        """The moment at which the device will have done what it was given until now."""
        if self.xp is np:
            return time.perf_counter_ns()
        event = self.xp.cuda.Event()
        event.record(self.xp.cuda.get_current_stream())
        return event

    def elapsed(self, begin: Any, end: Any) -> float:
        """Nanoseconds between two events, which have come."""
        return float(end - begin) if self.xp is np else self.xp.cuda.get_elapsed_time(begin, end) * 1e6

    def about(self) -> tuple[str, dict[str, int]]:
        """What `messages.Card` has."""
        if self.xp is np:
            return "NumPy", dict.fromkeys(PROPERTIES, 0)
        found = self.xp.cuda.runtime.getDeviceProperties(0)
        return found["name"].decode(), {key: int(found[key]) for key in PROPERTIES}

    def limit_memory(self, size: int) -> None:
        """A second line behind what sessions count: CuPy takes no more of the card than this."""
        if self.xp is not np:
            self.xp.get_default_memory_pool().set_limit(size=size)


def _cupy() -> Any:
    try:
        cupy = importlib.import_module("cupy")
        if cupy.cuda.runtime.getDeviceCount() > 0:
            return cupy
    except Exception as problem:  # whatever a driver fails with
        raise RuntimeError(f"there is no usable CuPy here: {problem}") from problem
    raise RuntimeError("CuPy sees no card")


def _assign(a: Any, value: Any) -> None:
    a[...] = value


def _setitem(a: Any, key: Any, value: Any) -> None:
    a[key] = value


def _astype(a: Any, dtype: Any = None, order: str = "K") -> Any:
    return a.astype(a.dtype if dtype is None else dtype, order=order)


def _bincount(xp: Any, x: Any, weights: Any = None, minlength: int = 0, largest: Any = None) -> Any:
    return xp.bincount(x, weights, minlength)


def _copy(xp: Any, a: Any, dtype: Any = None, order: str = "K") -> Any:
    return xp.array(a, dtype, copy=True, order=order)


_OWN: dict[str, Callable[..., Any]] = {
    "assign": _assign,
    "astype": _astype,
    "getitem": lambda a, key: a[key],
    "setitem": _setitem,
}
_OWN_OF_LIBRARY: dict[str, Callable[..., Any]] = {
    "array": _copy,
    "ascontiguousarray": functools.partial(_copy, order="C"),
    "bincount": _bincount,
    "copy": _copy,
}
