"""What is said of a tensor's numbers: statistics always, the numbers themselves when they are few.

Small arrays are described many at a time: for an array of ten numbers a single NumPy call costs more than the
operation that made it, so arrays of one size are stacked and reduced together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np

from playground.protocol import Number, Values

Array = Any
"""A NumPy or CuPy array."""

INLINE = 64
"""Elements that travel with the graph; more come on request."""
TOGETHER = 1_024
"""Elements up to which arrays are stacked."""
_SAMPLED = 4_000_000
"""Elements above which every n-th is looked at, so that recording a huge tensor stays quick."""
_MOST_COUNTED = 100_000_000
"""The protocol's largest count."""


def describe(array: Array, most: int = INLINE) -> Values:
    """Of one array of any size; up to `most` elements with the numbers."""
    return describe_all([array], most)[0]


def describe_all(arrays: Sequence[Array], most: int = INLINE) -> list[Values]:
    """Of many arrays, in order. `std` is that of `torch.std`: with one less than the number of elements, 0 for one."""
    found: list[Values | None] = [None] * len(arrays)
    groups: dict[tuple[Any, int], list[int]] = {}
    for place, array in enumerate(arrays):
        size = array.size
        key = array.dtype, size if size <= TOGETHER else -1 - place
        group = groups.get(key)
        if group is None:
            groups[key] = [place]
        else:
            group.append(place)
    for (_, size), places in groups.items():
        if size < 0:
            found[places[0]] = _large(host(arrays[places[0]]), most)
        elif size == 0:
            for place in places:
                found[place] = Values(numel=0)
        else:
            rows = np.concatenate([host(arrays[place]) for place in places], axis=None)
            for place, values in zip(places, _rows(rows.reshape(-1, size), most), strict=True):
                found[place] = values
    return cast(list[Values], found)


def host(array: Array) -> np.ndarray[Any, Any]:
    """The array in this process's memory."""
    return array if isinstance(array, np.ndarray) else array.get()


def numbers(values: Iterable[float]) -> list[Number]:
    """Plain numbers for the wire, the non-finite in words."""
    return [number(value) for value in values]


def number(value: float) -> Number:
    """One number for the wire."""
    if value - value == 0:
        return value
    return "nan" if value != value else "inf" if value > 0 else "-inf"


def _rows(rows: np.ndarray[Any, Any], most: int) -> Iterable[Values]:
    count, size = rows.shape
    real = _real(rows)
    shown: list[list[Any]] = real.tolist() if size <= most and rows.dtype.kind != "c" else [[]] * count
    if size == 1:
        for row in real[:, 0].tolist():
            if row - row == 0:
                data = [row] if most else []
                yield Values(
                    numel=1, data=data, mean=row, min=row, max=row, norm=abs(row), zeros=int(row == 0)
                )
            else:
                yield Values(numel=1, data=[number(row)] if most else [], nonfinite=1)
        return
    with np.errstate(all="ignore"):
        mean = real.mean(1)
        away = real - mean[:, None]
        std = np.sqrt(np.einsum("ij,ij->i", away, away) / (size - 1))
        norm = np.sqrt(np.einsum("ij,ij->i", real, real))
        zeros = size - np.count_nonzero(real, 1)
        columns = zip(
            shown,
            mean.tolist(),
            std.tolist(),
            real.min(1).tolist(),
            real.max(1).tolist(),
            norm.tolist(),
            zeros.tolist(),
            strict=True,
        )
    for place, (data, average, spread, low, high, length, none) in enumerate(columns):
        if length - length == 0:
            yield Values(
                numel=size, data=data, mean=average, std=spread, min=low, max=high, norm=length, zeros=none
            )
        else:
            yield _masked(real[place], data)


def _masked(row: np.ndarray[Any, Any], data: Sequence[float]) -> Values:
    """Statistics of the finite elements only."""
    finite = row[np.isfinite(row)]
    values = Values(numel=row.size, data=numbers(data), nonfinite=row.size - finite.size)
    if finite.size:
        with np.errstate(all="ignore"):
            values.mean, values.min, values.max = (float(f(finite)) for f in (np.mean, np.min, np.max))
            values.std = number(float(finite.std(ddof=1))) if finite.size > 1 else 0.0
            values.mean = number(values.mean)
            # Scaled, because the squares of large float64 numbers overflow.
            most = float(np.abs(finite).max())
            values.norm = number(most * float(np.linalg.norm(finite / most))) if most else 0.0
        values.zeros = int(finite.size - np.count_nonzero(finite))
    return values


def _large(array: np.ndarray[Any, Any], most: int) -> Values:
    numel = array.size
    flat = (array if numel <= _SAMPLED else _thinned(array)).reshape(-1)
    real = flat if flat.dtype == np.float32 else _real(flat)
    with np.errstate(all="ignore"):
        square = float(np.dot(real, real))
    if square - square == 0:
        count = real.size
        # NumPy adds in pairs, so float32 is exact enough and half as slow as float64.
        mean = float(real.sum()) / count
        values = Values(
            numel=numel,
            mean=mean,
            # In one pass, where subtracting the mean first would take two and another array.
            std=max(square / count - mean * mean, 0.0) ** 0.5 * (count / max(count - 1, 1)) ** 0.5,
            min=float(real.min()),
            max=float(real.max()),
            norm=square**0.5,
            zeros=int(np.count_nonzero(real == 0)),
        )
    else:
        values = _masked(_real(flat), ())
    values.numel = min(numel, _MOST_COUNTED)
    if flat.size < numel:
        share = numel / flat.size
        if isinstance(values.norm, float):
            values.norm *= share**0.5
        values.zeros = min(round(values.zeros * share), _MOST_COUNTED)
        values.nonfinite = min(round(values.nonfinite * share), _MOST_COUNTED)
    if numel <= most:
        values.data = numbers(_real(flat).tolist())
    return values


def _thinned(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Evenly spaced elements, about a million. By slicing: an expanded view may be larger than any memory."""
    while array.size > _SAMPLED // 4:
        longest = max(range(array.ndim), key=lambda dim: array.shape[dim])
        step = min(-(-array.size // (_SAMPLED // 4)), array.shape[longest])
        array = array[(slice(None),) * longest + (slice(None, None, max(step, 2)),)]
    return array


def _real(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """As float64; of complex numbers the magnitude."""
    if array.dtype.kind == "c":
        array = np.abs(array)
    return array.astype(np.float64, copy=False)
