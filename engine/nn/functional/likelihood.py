"""Losses that are the negative logarithm of a density: Poisson's and the normal one."""

from __future__ import annotations

import math
from typing import Any

from engine import backend
from engine.nn.functional.loss import reduced, reduction_of
from engine.ops import pointwise, shape
from engine.tensor import Tensor

__all__ = ["gaussian_nll_loss", "poisson_nll_loss"]


def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood of counts `target` under a Poisson distribution of (log) rate `input`."""
    reduction = reduction_of(size_average, reduce, reduction)
    loss = pointwise.exp(input) - target * input if log_input else input - target * pointwise.log(input + eps)
    if full:
        stirling = target * pointwise.log(target) - target + 0.5 * pointwise.log(2 * math.pi * target)
        loss = loss + pointwise.masked_fill(stirling, target <= 1, 0.0)
    return reduced(loss, reduction)


def gaussian_nll_loss(
    input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """Negative log-likelihood of `target` under normal distributions of mean `input` and variance `var`."""
    if isinstance(var, float):
        var = Tensor._wrap(input._data * 0 + var)
    backend.refuse(var._data < 0, lambda: ValueError("var has negative entry/entries"))
    if var._data.shape != input._data.shape:
        if input._data.shape[:-1] == var._data.shape:
            var = shape.unsqueeze(var, -1)
        elif not (input._data.shape[:-1] == var._data.shape[:-1] and var._data.shape[-1:] == (1,)):
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    low = var._data < eps
    if var.is_cuda or low.any():
        # The floor counts for the value, and the gradient passes as if it were not there.
        var = var + Tensor._wrap((var._data.clip(eps) - var._data).astype(var._data.dtype))
    loss = 0.5 * (pointwise.log(var) + (input - target) ** 2 / var)
    return reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)
