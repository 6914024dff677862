"""Factories of numbers in a row, which are made where they are to be."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from engine import backend, dtypes
from engine.backend import Array, ArrayModule
from engine.dtypes import dtype as dtype_type
from engine.ops.create import Where, _np, made
from engine.sampling import affine
from engine.state import S
from engine.tensor import Tensor


def arange(
    *args: Any,
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    dtype: dtype_type | None = None,
    device: Where = None,
    requires_grad: bool = False,
    out: Tensor | None = None,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """``arange(end)``, ``arange(start, end, step)``: numbers from start up to but not including end.

    Raises:
        RuntimeError: for a step of zero or of the wrong sign.
    """
    begin = S.clock()
    if len(args) == 1 and end is None:
        end = args[0]
    elif args:
        start, end, step = (*args, *(end, step)[len(args) - 1 :])[:3] if len(args) < 3 else args
    start, end, step = (v.item() if isinstance(v, Tensor) else v for v in (start, end, step))
    if not step:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    floating = any(isinstance(v, (float, np.floating)) for v in (start, end, step))
    kind = dtypes.get_default_dtype() if floating else dtypes.int64
    if dtype is not None:
        kind = dtypes.as_dtype(dtype, "arange")
    count = math.ceil((end - start) / step)
    if kind.is_floating_point:
        array = _float_range(float(start), float(step), count, kind.numpy, device)
    else:
        places = backend.library(device).arange(count, dtype=np.int64)
        array = (int(start) + places * int(step)).astype(kind.numpy)
    return made("arange", array, requires_grad, device, begin, out=out)


def _float_range(start: float, step: float, count: int, kind: np.dtype[Any], device: Where) -> Array:
    """``start + k * step`` with the bits of ATen's kernel for the CPU (``RangeFactoriesKernel.cpp``).

    It fills two vectors of 32 bytes at a time, each from a first element rounded to `kind`, and what is left over one
    by one; every multiplication is fused with its addition, in double.
    """
    xp = backend.library(device)
    lanes = 32 // kind.itemsize if kind.itemsize > 2 else 16
    k = xp.arange(count)
    first = xp.where(k < count // (2 * lanes) * 2 * lanes, k // lanes * lanes, k)
    base = _fused(xp, first, step, start)
    base = xp.where(first == k, base, base.astype(kind).astype(np.float64))
    return _fused(xp, k - first, step, base).astype(kind)


def _fused(xp: ArrayModule, k: Array, step: float, start: Any) -> Array:
    """``start + k * step`` in float64, rounded once."""
    if xp is not np:
        return affine(k.astype(np.float64), step, start)
    return (np.asarray(start, np.longdouble) + np.longdouble(step) * k).astype(np.float64)


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    dtype: dtype_type | None = None,
    device: Where = None,
    requires_grad: bool = False,
    out: Tensor | None = None,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """`steps` evenly spaced numbers from `start` to `end`, both included.

    Computed from both ends towards the middle, as ATen's ``RangeFactories`` does, so that the bits agree.

    Raises:
        RuntimeError: for a negative number of steps.
    """
    begin = S.clock()
    start, end = (v.item() if isinstance(v, Tensor) else v for v in (start, end))
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    kind = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype, "linspace")
    xp = backend.library(device)
    if not kind.is_floating_point:
        array = xp.trunc(_evenly(xp, start, end, steps)).astype(kind.numpy)
        return made("linspace", array, requires_grad, device, begin, out=out)
    f = kind.numpy.type
    if steps == 1:
        array = xp.full(1, start, kind.numpy)
    else:
        step = (f(end) - f(start)) / f(max(steps - 1, 1))
        k = xp.arange(steps)
        half = steps // 2
        # PyTorch's vector code fuses the multiplication and the addition: rounded once, from double.
        low, high = k[:half], steps - 1 - k[half:]
        if kind is dtypes.float64:
            low, high = _fused(xp, low, step, f(start)), _fused(xp, high, -step, f(end))
        else:  # such products are exact in double
            wide = np.float64
            low, high = wide(f(start)) + wide(step) * low, wide(f(end)) - wide(step) * high
        array = xp.concatenate([low, high]).astype(kind.numpy)
    return made("linspace", array, requires_grad, device, begin, out=out)


def _evenly(xp: ArrayModule, start: float, end: float, steps: int) -> Array:
    """``linspace`` of NumPy's, in float64, made where `xp` makes arrays."""
    if xp is np:
        return np.linspace(start, end, steps)
    numbers = xp.arange(steps, dtype=np.float64) * ((end - start) / max(steps - 1, 1)) + start
    if steps > 1:
        numbers[-1] = end
    return numbers


def logspace(
    start: float,
    end: float,
    steps: int,
    base: float = 10.0,
    *,
    dtype: dtype_type | None = None,
    device: Where = None,
    requires_grad: bool = False,
    out: Tensor | None = None,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """base ** linspace(start, end, steps)."""
    begin = S.clock()
    array = (base ** _evenly(backend.library(device), start, end, steps)).astype(_np(dtype))
    return made("logspace", array, requires_grad, device, begin, out=out)


def range(
    start: Any,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: dtype_type | None = None,
    device: Where = None,
    requires_grad: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """Numbers from `start` to `end`, which is included: the older `arange`."""
    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with "
        "Python's range builtin. Instead, use torch.arange, which produces values in [start, end).",
        UserWarning,
        stacklevel=2,
    )
    begin = S.clock()
    first, last = (0, start) if end is None else (start, end)
    count = int((last - first) / step) + 1
    array = (first + step * backend.library(device).arange(count)).astype(_np(dtype))
    return made("range", array, requires_grad, device, begin, out=out)


__all__ = ["arange", "linspace", "logspace", "range"]
