"""RMSprop."""

from __future__ import annotations

from typing import Any

from engine.backend import module_of
from engine.optim import kernels as k
from engine.optim.formula import FormulaOptimizer
from engine.tensor import Tensor

__all__ = ["RMSprop"]


class RMSprop(FormulaOptimizer):
    """Hinton's lecture 6: steps divided by the root of a running mean of the squared gradient."""

    buffers = ("square_avg",)

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        if not alpha >= 0.0:
            raise ValueError(f"Invalid alpha value: {alpha}")
        super().__init__(params, defaults)

    def begin(self, data: Any, group: Any) -> dict[str, Any]:
        state = super().begin(data, group)
        if group["momentum"] > 0:
            state["momentum_buffer"] = module_of(data).zeros_like(data)
        if group["centered"]:
            state["grad_avg"] = module_of(data).zeros_like(data)
        return state

    def update(self, data: Any, grad: Any, state: Any, group: Any, lr: float, step: float) -> None:
        alpha, square = group["alpha"], state["square_avg"]
        square *= alpha
        k.addcmul(square, grad, grad, 1 - alpha)
        if group["centered"]:
            mean = state["grad_avg"]
            k.lerp(mean, grad, 1 - alpha)
            square = square.copy()
            k.addcmul(square, mean, mean, -1)
        spread = k.root(square)
        spread += group["eps"]
        if group["momentum"] > 0:
            total = state["momentum_buffer"]
            total *= group["momentum"]
            k.addcdiv(total, grad, spread, 1)
            k.add(data, total, -lr)
        else:
            k.addcdiv(data, grad, spread, -lr)
