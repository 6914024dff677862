"""In-place arithmetic of optimizers on raw arrays, rounded as PyTorch rounds it.

PyTorch's vector kernels compute ``a + alpha * b`` with a fused multiply-add, one rounding instead of two. In float32
that is reproduced by computing the sum in float64, where the product is exact. In float64 it is not: results there may
differ in the last bit. Scalars are rounded to the arrays' precision first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backend import Array, module_of

__all__ = ["add", "addcdiv", "addcmul", "lerp", "maximum", "plus", "real", "root"]

_F32 = np.dtype(np.float32)


def _scalar(value: float, like: Array) -> Any:
    return like.dtype.type(value)


def plus(a: Array, b: Array, alpha: float) -> Array:
    """``a + alpha * b``, new."""
    if a.dtype == _F32:
        wide = b * np.float64(np.float32(alpha))
        wide += a
        return wide.astype(_F32)
    return a + b * _scalar(alpha, a)


def add(a: Array, b: Array, alpha: float) -> None:
    """``a += alpha * b``."""
    if a.dtype == _F32:
        wide = b * np.float64(np.float32(alpha))
        wide += a
        a[...] = wide
    else:
        a += b * _scalar(alpha, a)


def addcmul(a: Array, b: Array, c: Array, value: float) -> None:
    """``a += value * b * c``."""
    scaled = b * _scalar(value, a)
    if a.dtype == _F32:
        wide = scaled.astype(np.float64)
        wide *= c
        wide += a
        a[...] = wide
    else:
        scaled *= c
        a += scaled


def addcdiv(a: Array, b: Array, c: Array, value: float) -> None:
    """``a += value * b / c``."""
    scaled = b * _scalar(value, a)
    scaled /= c
    a += scaled


def lerp(a: Array, end: Array, weight: float) -> None:
    """``a += weight * (end - a)``, from the end that is nearer."""
    difference = end - a
    small = bool(np.abs(_scalar(weight, a)) < 0.5)
    base = a if small else end
    if a.dtype == _F32:
        coefficient = np.float32(weight) if small else np.float32(weight) - np.float32(1)
        wide = difference * np.float64(coefficient)
        wide += base
        a[...] = wide
    else:
        difference *= _scalar(weight if small else weight - 1, a)
        difference += base
        a[...] = difference


def maximum(a: Array, b: Array) -> None:
    """``a = max(a, b)``."""
    module_of(a).maximum(a, b, out=a)


def root(a: Array) -> Array:
    """The square root, new. Rounded correctly here, which PyTorch's (of Intel's library) is not in one case of five:
    optimizers that divide by a root agree to an ulp or so a step."""
    return module_of(a).sqrt(a)


def real(array: Array) -> Array:
    """A complex array's real and imaginary parts as one real array over the same memory; others as they are."""
    if array.dtype.kind != "c":
        return array
    return array.reshape(*array.shape, 1).view(np.float32 if array.dtype == np.complex64 else np.float64)
