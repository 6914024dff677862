"""Adadelta."""

from __future__ import annotations

from typing import Any

from engine.optim import kernels as k
from engine.optim.formula import FormulaOptimizer
from engine.tensor import Tensor

__all__ = ["Adadelta"]


class Adadelta(FormulaOptimizer):
    """Zeiler 2012: steps scaled by the ratio of running means of squared steps and squared gradients."""

    buffers = ("square_avg", "acc_delta")

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def update(self, data: Any, grad: Any, state: Any, group: Any, lr: float, step: float) -> None:
        rho, eps = group["rho"], group["eps"]
        square, steps = state["square_avg"], state["acc_delta"]
        square *= rho
        k.addcmul(square, grad, grad, 1 - rho)
        delta = k.root(steps + eps)
        delta /= k.root(square + eps)
        delta *= grad
        steps *= rho
        k.addcmul(steps, delta, delta, 1 - rho)
        k.add(data, delta, -lr)
