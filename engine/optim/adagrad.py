"""Adagrad."""

from __future__ import annotations

from typing import Any

from engine.optim import kernels as k
from engine.optim.common import check_rate, counter, decayed, non_negative, number, zeros
from engine.optim.optimizer import Optimizer
from engine.tensor import Tensor

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Duchi, Hazan and Singer 2011: steps divided by the root of the sum of squared gradients."""

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
        check_rate(lr)
        non_negative(
            lr_decay__value=lr_decay,
            weight_decay__value=weight_decay,
            initial_accumulator_value__value=initial_accumulator_value,
            epsilon__value=eps,
        )
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
                self._begin(param)

    def _begin(self, param: Tensor) -> dict[str, Any]:
        state: dict[str, Any] = self.state[param]
        if not state:
            state["step"] = counter()
            state["sum"] = zeros(param._data)
            k.real(state["sum"]._data)[...] = self.defaults["initial_accumulator_value"]
        return state

    def update(self, param: Tensor, data: Any, grad: Any, group: dict[str, Any]) -> int:
        state = self._begin(param)
        state["step"]._data += 1
        step = state["step"]._data.item()
        grad = k.real(decayed(data, grad, group))
        rate = number(group["lr"]) / (1 + (step - 1) * group["lr_decay"])
        total = k.real(state["sum"]._data)
        k.addcmul(total, grad, grad, 1)
        spread = k.root(total)
        spread += spread.dtype.type(group["eps"])
        k.addcdiv(k.real(data), grad, spread, -rate)
        return 1
