"""Adafactor."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backend import module_of
from engine.optim import kernels as k
from engine.optim.formula import FormulaOptimizer
from engine.optim.settings import check_one_element
from engine.registry import OPS
from engine.tensor import Tensor

__all__ = ["Adafactor"]


def _norm(x: Any, dim: int | None = None) -> Any:
    return OPS["linalg_vector_norm"].forward(module_of(x), x, 2, dim, dim is not None)


def _mean_square(x: Any, dim: int) -> Any:
    """The mean of the squares along a dimension, which is kept."""
    norm = _norm(x, dim)
    norm *= norm
    norm /= x.shape[dim]
    return norm


class Adafactor(FormulaOptimizer):
    """Shazeer and Stern 2018: Adam whose mean of squares is kept as a row and a column for each matrix."""

    joins = False
    own_decay = True

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    @staticmethod
    def check(settings: dict[str, Any]) -> None:
        lr, (eps1, eps2) = settings["lr"], settings["eps"]
        check_one_element(lr)
        if not lr >= 0.0:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not settings["beta2_decay"] <= 0.0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {settings['beta2_decay']}")
        if eps1 is not None and not eps1 >= 0.0:
            raise ValueError(f"epsilon1 should be >= 0 but is: {eps1}")
        if not eps2 >= 0.0:
            raise ValueError(f"epsilon2 should be >= 0 but is: {eps2}")
        if not settings["d"] >= 1.0:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {settings['d']}")
        if not settings["weight_decay"] >= 0.0:
            raise ValueError(f"weight_decay should be >= 0 but is: {settings['weight_decay']}")

    def begin(self, data: Any, group: Any) -> dict[str, Any]:
        if data.dtype.kind == "c":
            raise RuntimeError("Adafactor does not support complex parameters")
        state, xp, shape = super().begin(data, group), module_of(data), data.shape
        if data.ndim > 1:
            state["row_var"] = xp.zeros((*shape[:-1], 1), data.dtype)
            state["col_var"] = xp.zeros((*shape[:-2], 1, shape[-1]), data.dtype)
        else:
            state["variance"] = xp.zeros_like(data)
        return state

    def update(self, data: Any, grad: Any, state: Any, group: Any, lr: float, step: float) -> None:
        eps1, eps2 = group["eps"]
        if eps1 is None:
            eps1 = float(np.finfo(data.dtype).eps)
        weight = step ** group["beta2_decay"]
        rate = min(lr, 1 / (step**0.5)) * max(eps2, float(_norm(data)) / (data.size**0.5))
        if group["weight_decay"] != 0:
            data *= 1 - lr * group["weight_decay"]
        if data.ndim > 1:
            rows, columns = state["row_var"], state["col_var"]
            k.lerp(rows, _mean_square(grad, -1), weight)
            k.lerp(columns, _mean_square(grad, -2), weight)
            square = rows @ columns
            square /= OPS["mean_dim"].forward(module_of(rows), rows, -2, True).clip(eps1)
        else:
            k.lerp(state["variance"], grad * grad, weight)
            square = state["variance"]
        change = 1 / k.root(square.clip(eps1 * eps1))
        change *= grad
        size = max(1.0, float(_norm(change)) / ((change.size**0.5) * group["d"]))
        k.add(data, change, -rate / size)
