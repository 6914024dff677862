"""Sums of floats in the order in which PyTorch adds them on the CPU, so that the last bit agrees.

PyTorch (``SumKernel.cpp``) adds a row in vectors of 32 bytes, four of them side by side, and in cascades: after every
16 or more additions the partial sums move up a level, which keeps the rounding error small. NumPy's own order is
another one, and two float32 sums in three differ in the last bit, which shows where seven digits are printed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["EXACT", "add_up", "two_norm"]

EXACT = 32_768
"""From so many elements on PyTorch divides a sum among threads, and its last bits depend on how many there are."""

LEVELS = 4
SIDE_BY_SIDE = 4

_reduce = np.add.reduce


def _lanes(x: Any) -> int:
    return 32 // int(x.itemsize)


def _cascade(rows: Any) -> Any:
    """The sum over the last dimension but one, in cascades: (..., size, k) to (..., k)."""
    size = rows.shape[-2]
    power = max(4, (size - 1).bit_length() // LEVELS) if size else 4
    step = 1 << power
    if size < step:
        return _reduce(rows, axis=-2)
    lead, width = rows.shape[:-2], rows.shape[-1]
    total = None
    for level in range(LEVELS):
        size = rows.shape[-2]
        full = size // step if level < LEVELS - 1 else 0
        rest = _reduce(rows[..., full * step :, :], axis=-2)
        total = rest if total is None else total + rest
        if not full:
            break
        rows = _reduce(rows[..., : full * step, :].reshape(*lead, full, step, width), axis=-2)
    return total


def _side_by_side(rows: Any) -> Any:
    """The same with four partial sums of every fourth row each: (..., size, k) to (..., k)."""
    size = rows.shape[-2]
    quarters = size // SIDE_BY_SIDE
    if not quarters:
        return _reduce(rows, axis=-2)
    lead, width = rows.shape[:-2], rows.shape[-1]
    split = quarters * SIDE_BY_SIDE
    parts = _cascade(rows[..., :split, :].reshape(*lead, quarters, SIDE_BY_SIDE * width))
    parts = parts.reshape(*lead, SIDE_BY_SIDE, width)
    if split == size:
        return _reduce(parts, axis=-2)
    # The rows left over go to the first partial sum, before the others are added.
    order = (parts[..., :1, :], rows[..., split:, :], parts[..., 1:, :])
    return _reduce(np.concatenate(order, axis=-2), axis=-2)


def _one_by_one(x: Any) -> Any:
    """The sum over the last dimension from left to right."""
    return x.sum(-1) if x.shape[-1] < 8 else np.add.accumulate(x, axis=-1)[..., -1]


def _sum_last(x: Any) -> Any:
    """The sum over the last dimension of an array whose rows are contiguous: (..., n) to (...)."""
    n, lanes = x.shape[-1], _lanes(x)
    if n < SIDE_BY_SIDE:
        return x.sum(-1)
    if n < lanes:
        return _side_by_side(x[..., None])[..., 0]
    vectors = n // lanes
    whole = vectors * lanes
    if vectors == 1:
        sums = x[..., :lanes]
    else:
        sums = _side_by_side(x[..., :whole].reshape(*x.shape[:-1], vectors, lanes))
    return _one_by_one(sums if whole == n else np.concatenate([x[..., whole:], sums], axis=-1))


def _sum_rows(x: Any) -> Any:
    """The sum over the last dimension but one, of columns that lie side by side: (..., n, c) to (..., c)."""
    columns = x.shape[-1]
    wide = _lanes(x) * SIDE_BY_SIDE if columns >= _lanes(x) else SIDE_BY_SIDE
    whole = columns // wide * wide
    if whole == columns:
        return _cascade(x)
    # The columns that do not fill four vectors are added like rows.
    return np.concatenate([_cascade(x[..., :whole]), _side_by_side(x[..., whole:])], axis=-1)


def add_up(x: Any, axes: tuple[int, ...] | None, keepdims: bool) -> Any:
    """The sum of a floating array over `axes` (None is all), exactly PyTorch's where that can be.

    That is: float32 or float64 on the CPU, fewer than `EXACT` elements, contiguous. Other sums are NumPy's. (Axes apart
    from each other inside four dimensions may differ in the last bit.)
    """
    if (
        type(x) is not np.ndarray
        or x.dtype.char not in "fd"
        or not 0 < x.size < EXACT
        or not x.flags.c_contiguous
    ):
        return x.sum(axes, keepdims=keepdims)
    shape = x.shape
    if axes is None or len(axes) == len(shape):
        total = (
            _sum_last(x.reshape(-1)) + 0.0
        )  # PyTorch begins with 0, which makes -0.0 of nothing but -0.0 go away
        return total.reshape((1,) * len(shape)) if keepdims else total
    # Without dimensions of length 1, which join whatever stands beside them.
    sizes = [n for n in shape if n != 1]
    over = [k in axes for k, n in enumerate(shape) if n != 1]
    last = len(over) - over[::-1].index(True) if True in over else 0
    first = last
    while first and over[first - 1]:
        first -= 1
    count, inner = math.prod(sizes[first:last]), math.prod(sizes[last:])
    total = _sum_last(x.reshape(-1, count)) if inner == 1 else _sum_rows(x.reshape(-1, count, inner))
    outer = [k for k in range(first) if over[k]]
    if outer:
        # What is left further out is added one after the other.
        times = math.prod([sizes[k] for k in outer])
        total = np.moveaxis(total.reshape(*sizes[:first], inner), outer, range(len(outer)))
        total = _one_by_one(total.reshape(times, -1).T)
    total = total + 0.0
    if keepdims:
        return total.reshape([1 if k in axes else n for k, n in enumerate(shape)])
    return total.reshape([n for k, n in enumerate(shape) if k not in axes])


def two_norm(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """The root of the sum of squares over `axes`, in PyTorch's order (``ReduceOpsKernel.cpp``).

    That is: vectors first, then what is left over in fours, and the last few by fused multiply-adds. Exact as `add_up`
    is, for float32 and all or the last of the axes.
    """
    last = tuple(range(x.ndim - len(axes), x.ndim))
    if (
        type(x) is not np.ndarray
        or x.dtype.char != "f"
        or not 0 < x.size < EXACT
        or not x.flags.c_contiguous
        or tuple(sorted(axes)) != last
    ):
        return np.sqrt((x * x).sum(axes, keepdims=keepdims))
    lead = x.shape[: x.ndim - len(axes)]
    rows = x.reshape(*lead, -1)
    n, lanes = rows.shape[-1], _lanes(x)
    whole = n // lanes * lanes
    fours = whole + (n - whole) // 4 * 4
    squares = rows[..., :fours] * rows[..., :fours]
    if whole > lanes:
        vectors = _reduce(squares[..., :whole].reshape(*lead, -1, lanes), axis=-2)
        squares = np.concatenate([vectors, squares[..., whole:]], axis=-1)
    total = _one_by_one(squares)
    for k in range(fours, n):
        wide = rows[..., k].astype(np.float64)
        wide *= wide
        wide += total
        total = wide.astype(np.float32)
    root = np.sqrt(total)
    return root.reshape(*lead, *(1,) * len(axes)) if keepdims else root
