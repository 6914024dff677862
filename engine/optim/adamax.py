"""Adamax."""

from __future__ import annotations

from typing import Any

from engine.optim import kernels as k
from engine.optim.formula import FormulaOptimizer
from engine.tensor import Tensor

__all__ = ["Adamax"]


class Adamax(FormulaOptimizer):
    """Kingma and Ba 2014: Adam with a decaying maximum in place of the root mean square."""

    buffers = ("exp_avg", "exp_inf")

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def update(self, data: Any, grad: Any, state: Any, group: Any, lr: float, step: float) -> None:
        beta1, beta2 = group["betas"]
        mean, largest = state["exp_avg"], state["exp_inf"]
        k.lerp(mean, grad, 1 - beta1)
        largest *= beta2
        size = abs(grad)
        size += group["eps"]
        k.maximum(largest, size)
        k.addcdiv(data, mean, largest, -(lr / (1 - beta1**step)))
