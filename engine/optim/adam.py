"""Adam."""

from __future__ import annotations

from typing import Any

from engine.backend import module_of
from engine.optim import kernels as k
from engine.optim.formula import FormulaOptimizer
from engine.optim.settings import number
from engine.tensor import Tensor

__all__ = ["Adam", "average"]


def average(state: Any, grad: Any, group: Any) -> tuple[Any, Any]:
    """Move the running means of the gradient and of its square on, in place, and return them."""
    beta1, beta2 = group["betas"]
    mean, square = state["exp_avg"], state["exp_avg_sq"]
    k.lerp(mean, grad, 1 - beta1)
    square *= beta2
    k.addcmul(square, grad, grad, 1 - beta2)
    return mean, square


class Adam(FormulaOptimizer):
    """Kingma and Ba 2014: steps scaled by running means of the gradient and of its square."""

    buffers = ("exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": tuple(number(beta) for beta in betas),
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def begin(self, data: Any, group: Any) -> dict[str, Any]:
        state = super().begin(data, group)
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = module_of(data).zeros_like(data)
        return state

    def update(self, data: Any, grad: Any, state: Any, group: Any, lr: float, step: float) -> None:
        beta1, beta2 = group["betas"]
        mean, square = average(state, grad, group)
        if group["amsgrad"]:
            k.maximum(state["max_exp_avg_sq"], square)
            square = state["max_exp_avg_sq"]
        spread = k.root(square)
        spread /= (1 - beta2**step) ** 0.5
        spread += group["eps"]
        k.addcdiv(data, mean, spread, -(lr / (1 - beta1**step)))
