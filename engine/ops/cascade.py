"""Sums of floats in the order in which PyTorch adds them on the CPU, so that the last bit agrees.

PyTorch (``SumKernel.cpp``) adds a row in vectors of 32 bytes, four of them side by side, and in cascades: after every
16 or more additions the partial sums move up a level, which keeps the rounding error small. NumPy's own order is
another one, and two float32 sums in three differ in the last bit, which shows where seven digits are printed.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

__all__ = ["EXACT", "add_up", "two_norm"]

EXACT = 32_768
"""From so many elements on PyTorch divides a sum among threads, and its last bits depend on how many there are."""

LEVELS = 4
SIDE_BY_SIDE = 4
NARROW = 128

_reduce = np.add.reduce
_accumulate = np.add.accumulate


def _cascade(rows: Any) -> Any:
    """The sum over the last dimension but one, in cascades: (..., size, k) to (..., k)."""
    size = rows.shape[-2]
    if size < 16:
        return _reduce(rows, -2)
    step = 1 << max(4, (size - 1).bit_length() // LEVELS)
    if size < step:
        return _reduce(rows, -2)
    total = None
    for level in range(LEVELS):
        size = rows.shape[-2]
        full = size // step if level < LEVELS - 1 else 0
        split = full * step
        if split < size:
            rest = rows[..., split, :] if split == size - 1 else _reduce(rows[..., split:, :], -2)
            total = rest if total is None else total + rest
        if not full:
            break
        whole = rows[..., :split, :]
        if full == 1:
            last = _reduce(whole, -2)
            return last if total is None else total + last
        blocks = whole.reshape(*rows.shape[:-2], full, step, -1)
        # Several blocks of narrow rows are another loop in NumPy, slower than that of `einsum` and in the same order.
        narrow = blocks.shape[-1] <= NARROW
        rows = np.einsum("...ij->...j", blocks) if narrow else _reduce(blocks, -2)
    return total


def _side_by_side(rows: Any) -> Any:
    """The same with four partial sums of every fourth row each, two dimensions only."""
    size, width = rows.shape
    quarters = size // SIDE_BY_SIDE
    if not quarters:
        return _reduce(rows, 0)
    split = quarters * SIDE_BY_SIDE
    if quarters == 1:
        parts = rows[:split]
    else:
        whole = rows if split == size else rows[:split]
        parts = _cascade(whole.reshape(quarters, SIDE_BY_SIDE * width)).reshape(SIDE_BY_SIDE, width)
    if split == size:
        return _reduce(parts, 0)
    # The rows left over go to the first partial sum, before the others are added.
    return _reduce(np.concatenate((parts[:1], rows[split:], parts[1:])), 0)


def _one_by_one(x: Any) -> Any:
    """The sum over the first dimension, one after the other: (n, m) to (m,)."""
    # NumPy would add up a single column in pairs.
    return _reduce(x, 0) if x.shape[1] > 1 or len(x) < 8 else _accumulate(x, 0)[-1] + 0.0


def _sum_row(x: Any) -> Any:
    """The sum of a vector that lies in one piece."""
    n = x.size
    lanes = 32 // int(x.itemsize)
    if n < lanes:
        return _reduce(x) if n < SIDE_BY_SIDE else _side_by_side(x.reshape(n, 1))
    vectors = n // lanes
    whole = vectors * lanes
    sums = x[:lanes] if vectors == 1 else _side_by_side(x[:whole].reshape(vectors, lanes))
    if whole < n:
        both = np.empty(n - whole + lanes, x.dtype)
        both[: n - whole] = x[whole:]
        both[n - whole :] = sums
        sums = both
    # PyTorch begins with 0, which makes a sum of -0.0 go away.
    return _accumulate(sums)[-1] + 0.0


def _sum_last(x: Any) -> Any:
    """The sum over the last dimension of an array of several rows, which are contiguous: (m, n) to (m,)."""
    m, n = x.shape
    lanes = 32 // int(x.itemsize)
    wide = SIDE_BY_SIDE * lanes
    vectors = n // lanes
    tail = n - vectors * lanes
    if n >= 8 * wide:
        # Most of the work where it lies: what is left has as many vectors as one row of the four has, and the rest.
        split = n // wide * wide
        parts = _cascade(x[:, :split].reshape(m, -1, wide))
        x = np.concatenate((parts[:, :lanes], x[:, split : n - tail], parts[:, lanes:], x[:, n - tail :]), 1)
        vectors = (x.shape[1] - tail) // lanes
        turned = x.T.copy()
        sums = _reduce(turned[: vectors * lanes].reshape(vectors, lanes * m), 0).reshape(lanes, m)
    else:
        # Turned, so that NumPy adds up the rows side by side; the order within each stays.
        turned = x.T.copy()
        if n < lanes:
            return _reduce(turned, 0) if n < SIDE_BY_SIDE else _side_by_side(turned)
        if vectors == 1:
            sums = turned[:lanes]
        else:
            sums = _side_by_side(turned[: vectors * lanes].reshape(vectors, lanes * m)).reshape(lanes, m)
    return _one_by_one(np.concatenate((turned[vectors * lanes :], sums)) if tail else sums)


def _sum_rows(x: Any) -> Any:
    """The sum over the second of three dimensions, of columns that lie side by side: (m, n, c) to (m, c)."""
    m, n, columns = x.shape
    lanes = 32 // int(x.itemsize)
    wide = lanes * SIDE_BY_SIDE if columns >= lanes else SIDE_BY_SIDE
    whole = columns // wide * wide
    turned = x.reshape(n, 1, columns) if m == 1 else x.swapaxes(0, 1)
    if whole == columns:
        return _cascade(turned.reshape(n, m * columns)).reshape(m, columns)
    # The columns that do not fill four vectors are added like rows.
    rest = _side_by_side(turned[:, :, whole:].reshape(n, -1)).reshape(m, columns - whole)
    if not whole:
        return rest
    return np.concatenate((_cascade(turned[:, :, :whole].reshape(n, -1)).reshape(m, whole), rest), 1)


def _steps(size: int, width: int) -> tuple[tuple[int, ...], ...]:
    """The shapes over whose last dimensions but one `_cascade` adds, in turn; empty if rows are left over."""
    if size <= 16:
        return ((size, width),)
    blocks, rest = divmod(size, 16)
    return () if rest or blocks > 16 or width > NARROW else ((blocks, 16, width), (blocks, width))


@lru_cache(maxsize=4096)
def _layout(
    shape: tuple[int, ...], axes: tuple[int, ...] | None, keepdims: bool, lanes: int
) -> tuple[Any, ...]:
    """How `add_up` goes about it.

    Returns:
        The shapes over whose last dimensions but one NumPy adds up in the same order, one after the other (empty if it
        does not); the shape whose second dimension is to be added up; the shape of that (None if it is all) and its
        dimensions that are then to be added one by one; the shape of the result.
    """
    if axes is None or len(axes) == len(shape):
        return (), (1, math.prod(shape)), None, (), ((1,) * len(shape) if keepdims else ())
    # Without dimensions of length 1, which join whatever stands beside them.
    sizes = [n for n in shape if n != 1]
    over = [k in axes for k, n in enumerate(shape) if n != 1]
    last = len(over) - over[::-1].index(True) if True in over else 0
    first = last
    while first and over[first - 1]:
        first -= 1
    count, inner = math.prod(sizes[first:last]), math.prod(sizes[last:])
    lead = math.prod(sizes[:first])
    rows = (lead, count) if inner == 1 else (lead, count, inner)
    outer = tuple(k for k in range(first) if over[k])
    if keepdims:
        result = tuple(1 if k in axes else n for k, n in enumerate(shape))
    else:
        result = tuple(n for k, n in enumerate(shape) if k not in axes)
    wide = lanes * SIDE_BY_SIDE if inner >= lanes else SIDE_BY_SIDE
    plain: tuple[tuple[int, ...], ...] = ()
    if lead == 1 and inner > 1:
        quarters = count // SIDE_BY_SIDE
        if count < SIDE_BY_SIDE:
            plain = ((count, inner),)
        elif inner % wide == 0:
            plain = _steps(count, inner)
        elif inner < wide and quarters * SIDE_BY_SIDE == count:  # as `_side_by_side`
            steps = _steps(quarters, SIDE_BY_SIDE * inner)
            plain = (*steps, (SIDE_BY_SIDE, inner)) if steps else ()
    return plain, rows, (*sizes[:first], inner) if outer else None, outer, result


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
    plain, rows, left, outer, result = _layout(x.shape, axes, keepdims, 32 // int(x.itemsize))
    if plain:
        for rows in plain:
            x = x.reshape(rows)
            x = _reduce(x, 0) if len(rows) == 2 else np.einsum("ijk->ik", x)
        return x.reshape(result)
    if len(rows) == 3:
        total = _sum_rows(x.reshape(rows))
    else:
        total = _sum_last(x.reshape(rows)) if rows[0] > 1 else np.asarray(_sum_row(x.reshape(-1)))
    if left is not None:
        # What is left further out is added one after the other.
        total = np.moveaxis(total.reshape(left), outer, range(len(outer)))
        times = math.prod(total.shape[: len(outer)])
        total = _one_by_one(total.reshape(times, -1))
    return total.reshape(result)


def _two_norm_of_all(row: Any) -> Any:
    """`two_norm` of all elements of a vector, in as few calls as that takes: gradients are clipped by it."""
    n, lanes = row.size, 8
    whole, fours = n // lanes * lanes, n // 4 * 4
    most = row if fours == n else row[:fours]
    squares = most * most
    if whole > lanes:
        vectors = _reduce(squares[:whole].reshape(-1, lanes), 0)
        squares = vectors if whole == fours else np.concatenate([vectors, squares[whole:]])
    total = squares.sum() if squares.size < 8 else _accumulate(squares)[-1]
    for value in row[fours:].tolist():
        total = np.float32(value * value + float(total))
    return np.sqrt(total)


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
    if not lead and not keepdims:
        return _two_norm_of_all(x.reshape(-1))
    rows = x.reshape(*lead, -1)
    n, lanes = rows.shape[-1], 32 // int(x.itemsize)
    whole = n // lanes * lanes
    fours = whole + (n - whole) // 4 * 4
    squares = rows[..., :fours] * rows[..., :fours]
    if whole > lanes:
        vectors = _reduce(squares[..., :whole].reshape(*lead, -1, lanes), axis=-2)
        squares = np.concatenate([vectors, squares[..., whole:]], axis=-1)
    total = squares.sum(-1) if squares.shape[-1] < 8 else _accumulate(squares, axis=-1)[..., -1]
    for k in range(fours, n):
        wide = rows[..., k].astype(np.float64)
        wide *= wide
        wide += total
        total = wide.astype(np.float32)
    root = np.sqrt(total)
    return root.reshape(*lead, *(1,) * len(axes)) if keepdims else root
