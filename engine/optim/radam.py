"""RAdam."""

from __future__ import annotations

from typing import Any

from engine.optim import kernels as k
from engine.optim.adam import average
from engine.optim.formula import FormulaOptimizer
from engine.tensor import Tensor

__all__ = ["RAdam"]


class RAdam(FormulaOptimizer):
    """Liu et al. 2019: Adam whose first steps are not scaled while the mean of squares is too uncertain."""

    buffers = ("exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def update(self, data: Any, grad: Any, state: Any, group: Any, lr: float, step: float) -> None:
        beta1, beta2 = group["betas"]
        mean, square = average(state, grad, group)
        correction = 1 - beta2**step
        change = mean / (1 - beta1**step)
        change *= lr
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * step * (beta2**step) / correction
        if length > 5.0:
            rectified = (
                (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
            ) ** 0.5
            spread = k.root(square)
            spread += group["eps"]
            change *= correction**0.5 / spread
            change *= rectified
        data -= change
