"""Adagrad."""

from __future__ import annotations

from typing import Any

from engine.optim import kernels as k
from engine.optim.formula import FormulaOptimizer
from engine.tensor import Tensor

__all__ = ["Adagrad"]


class Adagrad(FormulaOptimizer):
    """Duchi, Hazan and Singer 2011: steps divided by the root of the sum of squared gradients."""

    buffers = ("sum",)

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param] = {n: Tensor._wrap(a) for n, a in self.begin(param._data, group).items()}

    def begin(self, data: Any, group: Any) -> dict[str, Any]:
        state = super().begin(data, group)
        k.real(state["sum"])[...] = self.defaults["initial_accumulator_value"]
        return state

    def update(self, data: Any, grad: Any, state: Any, group: Any, lr: float, step: float) -> None:
        total = state["sum"]
        k.addcmul(total, grad, grad, 1)
        spread = k.root(total)
        spread += group["eps"]
        k.addcdiv(data, grad, spread, -lr / (1 + (step - 1) * group["lr_decay"]))
