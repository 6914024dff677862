"""Adadelta."""

from __future__ import annotations

from typing import Any

from engine.optim import kernels as k
from engine.optim.common import check_rate, counter, decayed, non_negative, number, zeros
from engine.optim.optimizer import Optimizer
from engine.tensor import Tensor

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    """Zeiler 2012: steps scaled by the ratio of running means of squared steps and squared gradients."""

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
        check_rate(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        non_negative(epsilon__value=eps, weight_decay__value=weight_decay)
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

    def update(self, param: Tensor, data: Any, grad: Any, group: dict[str, Any]) -> int:
        state = self.state[param]
        if not state:
            state["step"] = counter()
            state["square_avg"] = zeros(data)
            state["acc_delta"] = zeros(data)
        state["step"]._data += 1
        rho = group["rho"]
        grad = k.real(decayed(data, grad, group))
        data, square, steps = (k.real(a) for a in (data, state["square_avg"]._data, state["acc_delta"]._data))
        eps = data.dtype.type(group["eps"])
        square *= square.dtype.type(rho)
        k.addcmul(square, grad, grad, 1 - rho)
        delta = k.root(steps + eps)
        delta /= k.root(square + eps)
        delta *= grad
        steps *= steps.dtype.type(rho)
        k.addcmul(steps, delta, delta, 1 - rho)
        k.add(data, delta, -number(group["lr"]))
        return 1
