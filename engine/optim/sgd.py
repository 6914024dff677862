"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from engine.optim import kernels as k
from engine.optim.common import check_rate, decayed, non_negative, number
from engine.optim.optimizer import Optimizer
from engine.tensor import Tensor

__all__ = ["SGD"]


class SGD(Optimizer):
    """Stochastic gradient descent with momentum: ``p -= lr * (dampened sum of gradients)``."""

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_rate(lr)
        non_negative(momentum__value=momentum, weight_decay__value=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def update(self, param: Tensor, data: Any, grad: Any, group: dict[str, Any]) -> int:
        grad = decayed(data, grad, group)
        momentum = group["momentum"]
        if momentum != 0:
            state = self.state[param]
            buffer = state.get("momentum_buffer")
            if buffer is None:
                sum_ = grad.copy()
                state["momentum_buffer"] = Tensor._wrap(sum_)
            else:
                sum_ = buffer._data
                sum_ *= sum_.dtype.type(momentum)
                k.add(sum_, grad, 1 - group["dampening"])
            grad = k.plus(grad, sum_, momentum) if group["nesterov"] else sum_
        k.add(data, grad, -number(group["lr"]))
        return 1
