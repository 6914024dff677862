"""What the optimizers share beside their base: checks of settings, and the state they begin with."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import dtypes
from engine.backend import module_of
from engine.optim import kernels as k
from engine.tensor import Tensor

__all__ = ["check_betas", "check_rate", "counter", "decayed", "non_negative", "number", "zeros"]


def non_negative(**values: Any) -> None:
    """Raise PyTorch's error for the first value below 0; keywords name values with underscores for spaces."""
    for name, value in values.items():
        if not value >= 0.0:
            raise ValueError(f"Invalid {name.replace('__', ' ')}: {value}")


def check_rate(lr: Any) -> None:
    """Raise PyTorch's error for a learning rate that is none."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    if lr < 0.0:
        raise ValueError(f"Invalid learning rate: {lr}")


def number(value: Any) -> float:
    """A setting that may be a Tensor of one element, as a number."""
    return float(value.item()) if isinstance(value, Tensor) else value


def counter() -> Tensor:
    """A count of steps, 0."""
    kind = np.float64 if dtypes.get_default_dtype() is dtypes.float64 else np.float32
    return Tensor._wrap(np.zeros((), kind))


def zeros(data: Any) -> Tensor:
    """Zeros in the shape of `data`."""
    return Tensor._wrap(module_of(data).zeros_like(data))


def decayed(data: Any, grad: Any, group: dict[str, Any]) -> Any:
    """The gradient, negated to maximize, plus that of the weight decay; the caller's array is not changed."""
    if group["maximize"]:
        grad = -grad
    decay = number(group["weight_decay"])
    return k.plus(grad, data, decay) if decay != 0 else grad


def check_betas(betas: Any) -> None:
    """Raise PyTorch's error for a decay rate outside [0, 1)."""
    for index, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {index}: {beta}")
