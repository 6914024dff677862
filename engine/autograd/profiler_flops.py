"""Floating-point operations of a row, for the few operations PyTorch counts them for."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod


def operations(name: str, shapes: Sequence[Sequence[int]], out: Sequence[int] | None) -> int:
    """Multiplications and additions of the row `name`: matrix products, ``conv2d``, ``mul`` and ``add``; 0 for others.

    Args:
        shapes: of the inputs, as the row lists them.
        out: the shape of the result, if it is known: a convolution is only counted then.
    """
    if not shapes:
        return 0
    match name:
        case "aten::mm" | "aten::bmm" if len(shapes) == 2 and shapes[1]:
            return 2 * prod(shapes[0]) * shapes[1][-1]
        case "aten::addmm" if len(shapes) > 2 and shapes[2]:
            return 2 * prod(shapes[1]) * shapes[2][-1]
        case "aten::conv2d" if out is not None and len(shapes) > 1:
            return 2 * prod(out) * prod(shapes[1][1:])
        case "aten::mul" | "aten::add" if shapes[0]:
            return prod(shapes[0])
    return 0
