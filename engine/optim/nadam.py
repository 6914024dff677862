"""NAdam."""

from __future__ import annotations

from typing import Any

from engine.optim import kernels as k
from engine.optim.adam import average
from engine.optim.formula import FormulaOptimizer
from engine.tensor import Tensor

__all__ = ["NAdam"]


class NAdam(FormulaOptimizer):
    """Dozat 2016: Adam with Nesterov's momentum."""

    counters = ("step", "mu_product")
    buffers = ("exp_avg", "exp_avg_sq")
    writes = 2

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def begin(self, data: Any, group: Any) -> dict[str, Any]:
        state = super().begin(data, group)
        state["mu_product"][...] = 1
        return state

    def update(self, data: Any, grad: Any, state: Any, group: Any, lr: float, step: float) -> None:
        beta1, beta2 = group["betas"]
        decay = group["momentum_decay"]
        now = beta1 * (1.0 - 0.5 * (0.96 ** (step * decay)))
        following = beta1 * (1.0 - 0.5 * (0.96 ** ((step + 1) * decay)))
        products = state["mu_product"]
        products *= now
        product = products.item(0)
        mean, square = average(state, grad, group)
        spread = k.root(square / (1 - beta2**step))
        spread += group["eps"]
        k.addcdiv(data, grad, spread, -lr * (1.0 - now) / (1.0 - product))
        k.addcdiv(data, mean, spread, (-lr * following) / (1.0 - product * following))
