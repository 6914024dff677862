"""Functions of float32 arrays, rounded as PyTorch's are.

NumPy's float32 exponential and its like are off by a last bit in one value of three to ten, differently from one
processor to the next; PyTorch's nearly never. Computed in float64 and rounded once they are right on every processor,
and where PyTorch's differ from that they differ from everything.

That costs: NumPy's float64 sine is 25 times slower than its float32 one. Nobody reads the seventh digit of each of many
numbers, so arrays of more than `EXACT` elements get NumPy's float32 functions, right to about one and a half last bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["EXACT", "precise"]

EXACT = 4096


def precise(function: Any, x: Any) -> Any:
    """``function(x)`` of a NumPy or CuPy ufunc, by way of float64 for a small float32 array on the CPU."""
    if type(x) is np.ndarray and x.dtype.char == "f" and x.size <= EXACT:
        return function(x.astype(np.float64)).astype(np.float32)
    return function(x)
