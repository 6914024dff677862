"""In-place arithmetic of optimizers on raw arrays, rounded as PyTorch rounds it.

PyTorch's vector kernels compute ``a + alpha * b`` with a fused multiply-add, one rounding instead of two. So does the
``axpy`` of the BLAS in SciPy, in one call that costs less than a NumPy ufunc's. Where it cannot serve, the sum is made
in float64, where the product of two float32 is exact; float64 itself is then rounded twice and may differ in the last
bit. Scalars are rounded to the arrays' precision first.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any

import numpy as np

from engine.backend import Array, module_of

__all__ = ["add", "addcdiv", "addcmul", "lerp", "maximum", "plus", "real", "root"]

_F32 = np.dtype(np.float32)
_PIECE = 10_000
"""Elements to one call of BLAS: above 10,000 OpenBLAS wakes its threads, which take longer to wake than to add and then
get in the way of those of NumPy's own OpenBLAS."""


@functools.cache
def _axpy(dtype: np.dtype[Any]) -> Any:
    """BLAS's ``y += a * x`` for `dtype`, None if it has none or one that rounds twice."""
    if dtype not in (np.float32, np.float64):
        return None
    blas = importlib.import_module("scipy.linalg.blas")
    axpy = blas.saxpy if dtype == np.float32 else blas.daxpy
    one, tiny = np.ones(40, dtype), np.finfo(dtype).eps
    # (1 + eps) * (1 - eps) - 1 is 0 with two roundings.
    fuses = bool((axpy(one - tiny, -one, a=1 + tiny) != 0).all())
    return axpy if fuses else None


def _fused(a: Array, b: Array, alpha: float) -> bool:
    """Do ``a += alpha * b`` by BLAS; False, and nothing done, if that is not possible."""
    # Where alpha is 0, BLAS would not look at b, which may be infinite.
    if not (
        type(a) is type(b) is np.ndarray and a.dtype == b.dtype and a.shape == b.shape and a.size and alpha
    ):
        return False
    axpy = _axpy(a.dtype)
    if axpy is None or not (a.flags.c_contiguous and b.flags.c_contiguous):
        return False
    x, y = (b, a) if a.ndim == 1 else (b.reshape(-1), a.reshape(-1))
    size, result = y.size, y
    if size <= _PIECE:
        result = axpy(x, y, None, alpha)
    else:
        for start in range(0, size, _PIECE):
            result = axpy(x, y, min(_PIECE, size - start), alpha, start, 1, start, 1)
            if result is not y:
                break
    return result is y  # it is not where memory is not aligned: then BLAS has computed in a copy


def add(a: Array, b: Array, alpha: float) -> None:
    """``a += alpha * b``."""
    if type(b) is not np.ndarray and isinstance(b, np.generic):
        b = np.asarray(b)  # NumPy gives numbers where arrays have no dimensions
    if _fused(a, b, alpha):
        return
    if a.dtype == _F32:
        wide = b * np.float64(np.float32(alpha))
        wide += a
        a[...] = wide
    else:
        a += b * a.dtype.type(alpha)


def plus(a: Array, b: Array, alpha: float) -> Array:
    """``a + alpha * b``, new."""
    total = np.array(a) if isinstance(a, np.generic) else a.copy()
    add(total, b, alpha)
    return total


def addcmul(a: Array, b: Array, c: Array, value: float) -> None:
    """``a += value * b * c``."""
    scaled = b * value
    if a.dtype == _F32:
        # Converted one by one: NumPy is slow at operations on arrays of two kinds.
        wide = scaled.astype(np.float64)
        wide *= c.astype(np.float64)
        wide += a.astype(np.float64)
        a[...] = wide
    else:
        scaled *= c
        a += scaled


def addcdiv(a: Array, b: Array, c: Array, value: float) -> None:
    """``a += value * b / c``."""
    scaled = b * value
    scaled /= c
    a += scaled


def lerp(a: Array, end: Array, weight: float) -> None:
    """``a += weight * (end - a)``, from the end that is nearer."""
    kind = a.dtype.type
    rounded = kind(weight)
    difference = end - a
    if abs(rounded) < 0.5:
        add(a, difference, rounded)
    else:
        a[...] = plus(end, difference, rounded - kind(1))


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
