"""``torch.linalg``: the part of it the engine has."""

from __future__ import annotations

from typing import Any

from engine.ops.linalg import det, inverse, matmul, solve
from engine.ops.reduce import _norm
from engine.ops.reduce import norm as _any_norm
from engine.tensor import Tensor

__all__ = ["det", "inv", "matmul", "norm", "solve", "vector_norm"]

inv = inverse


def vector_norm(x: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The p-norm of all elements, or over `dim`."""
    return _norm(x, ord, dim, keepdim)


def norm(A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The 2-norm of all elements by default; a vector norm where `dim` is one number."""
    return _any_norm(A, 2 if ord in (None, "fro") else ord, dim, keepdim)
