"""Sums of floats against PyTorch's order of additions, written out one addition at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.ops.cascade import EXACT, add_up

Row = np.ndarray[Any, np.dtype[Any]]


def cascade(rows: list[Row]) -> Row:
    """``multi_row_sum`` of PyTorch's SumKernel.cpp: four levels, each emptied into the next when it is full."""
    power = max(
        4, (len(rows).bit_length() if len(rows) & (len(rows) - 1) else len(rows).bit_length() - 1) // 4
    )
    step = 1 << power
    levels = [np.zeros_like(rows[0]) for _ in range(4)]
    i = 0
    while i + step <= len(rows):
        for row in rows[i : i + step]:
            levels[0] = levels[0] + row
        i += step
        for j in range(1, 4):
            levels[j] = levels[j] + levels[j - 1]
            levels[j - 1] = np.zeros_like(rows[0])
            if i & (((1 << power) - 1) << (j * power)):
                break
    for row in rows[i:]:
        levels[0] = levels[0] + row
    for j in range(1, 4):
        levels[0] = levels[0] + levels[j]
    return levels[0]


def four_at_a_time(rows: list[Row]) -> Row:
    """``row_sum``: four partial sums of every fourth row each; what is left over goes to the first."""
    whole = len(rows) // 4 * 4
    if not whole:
        partial = [np.zeros_like(rows[0]) for _ in range(4)]
    else:
        joined = cascade([np.concatenate(rows[k : k + 4]) for k in range(0, whole, 4)])
        partial = np.split(joined, 4)
    for row in rows[whole:]:
        partial[0] = partial[0] + row
    return partial[0] + partial[1] + partial[2] + partial[3]


def of_vector(x: Row) -> Row:
    """``vectorized_inner_sum``: vectors of 32 bytes, the elements left over, and then the lanes."""
    lanes = 32 // x.itemsize
    if x.size < lanes:
        return four_at_a_time(list(x.reshape(-1, 1)))[0]
    whole = x.size // lanes * lanes
    total = x.dtype.type(0)
    sums = four_at_a_time(list(x[:whole].reshape(-1, lanes)))
    for value in (*x[whole:], *sums):
        total = total + value
    return total


def over_columns(x: Row) -> Row:
    """``vectorized_outer_sum``: four vectors of columns side by side in cascades, the other columns like rows."""
    lanes, columns = 32 // x.itemsize, x.shape[1]
    wide = 4 * lanes if columns >= lanes else 4
    whole = columns // wide * wide
    parts = [cascade(list(x[:, :whole]))] if whole else []
    if whole < columns:
        parts.append(four_at_a_time(list(x[:, whole:])))
    return np.concatenate(parts)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_all_elements(dtype: str) -> None:
    rng = np.random.default_rng(0)
    sizes = [*range(1, 140), *rng.integers(140, 3000, 60).tolist(), 8192, 9_999, 10_000, 16_384, EXACT - 1]
    for size in sizes:
        x = rng.standard_normal(size).astype(dtype)
        assert add_up(x, None, False) == of_vector(x), size


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_over_the_first_dimension(dtype: str) -> None:
    rng = np.random.default_rng(1)
    shapes = [
        (n, m)
        for n in (2, 3, 4, 7, 8, 15, 16, 31, 32, 33, 60, 64, 200, 1000)
        for m in (2, 3, 5, 8, 16, 31, 32)
    ]
    for shape in [
        *shapes,
        (128, 32),
        (256, 64),
        (272, 32),
        (128, 160),
        (1024, 16),
        (300, 64),
        (20, 130),
        (17, 1000),
    ]:
        x = rng.standard_normal(shape).astype(dtype)
        np.testing.assert_array_equal(add_up(x, (0,), False), over_columns(x), err_msg=str(shape))


def test_a_sum_of_negative_zeros() -> None:
    """PyTorch begins with 0."""
    for size in (1, 3, 7, 8, 100, 10_000):
        assert not np.signbit(add_up(np.full(size, -0.0, np.float32), None, False)), size
    for shape in ((8, 3), (32, 16), (20, 32), (300, 32)):
        assert not np.signbit(add_up(np.full(shape, -0.0, np.float32), (0,), False)).any(), shape
