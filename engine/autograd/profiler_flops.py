"""Floating-point operations of an event, for the few operations PyTorch counts them for."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.autograd.profiler_events import FunctionEvent


def count(e: FunctionEvent) -> int:
    """Multiplications and additions, from the input shapes: matrix products, ``mul``, ``add``; 0 for anything else."""
    shapes = e.input_shapes
    if e.name == "aten::mm" and len(shapes) == 2:
        return int(2 * prod(shapes[0]) * shapes[1][-1])
    if e.name == "aten::addmm" and len(shapes) >= 3:
        return int(2 * prod(shapes[1]) * shapes[2][-1])
    if e.name == "aten::bmm" and len(shapes) == 2:
        return int(2 * prod(shapes[0]) * shapes[1][-1])
    if e.name in ("aten::mul", "aten::add") and shapes and shapes[0]:
        return int(prod(shapes[0]))
    return 0
