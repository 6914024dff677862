"""What a program hands to a plot (tensors, arrays, lists) as the numbers that travel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from playground.protocol import Number

Array = np.ndarray[Any, Any]
Point = Number | str


def array(value: Any) -> Array:
    """The value as an array of numbers or of text.

    Raises:
        RuntimeError: PyTorch's, for a tensor that requires grad.
        TypeError, ValueError: if it is neither numbers nor text.
    """
    found = np.asarray(value)
    if found.dtype.kind in "biuf":
        return found
    if found.dtype.kind == "c":
        return found.real
    if found.dtype.kind in "OUSMm":
        if found.dtype.kind == "O" and found.ndim and all(hasattr(item, "__array__") for item in found.flat):
            return array([np.asarray(item) for item in found.flat])
        return found.astype(str)
    raise TypeError(f"a plot takes numbers or text, not {found.dtype}")


def flat(value: Any) -> Array:
    """The same in one dimension; a single number is one point."""
    return array(value).reshape(-1)


def points(values: Array) -> list[Point]:
    """Plain values for the wire, not-a-number and infinity in words. 32-bit floats keep the digits they have."""
    if values.dtype.kind not in "biuf":
        return [str(value)[:200] for value in values.tolist()]
    if values.dtype.kind == "b":
        return [int(value) for value in values.tolist()]
    if values.dtype.kind == "f" and values.dtype.itemsize < 8:
        found: list[Point] = [float(f"{value:.8g}") for value in values.tolist()]
    else:
        found = values.tolist()
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        return [word(value) for value in found]
    return found


def word(value: Point) -> Point:
    """A number as it travels: JSON has no NaN and no infinity."""
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def number(value: Any) -> float:
    """One number, from anything that has one element."""
    return float(array(value).reshape(-1)[0])
