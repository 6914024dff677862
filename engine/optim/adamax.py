"""Adamax."""

from __future__ import annotations

from typing import Any

from engine.backend import module_of
from engine.optim import kernels as k
from engine.optim.common import check_betas, check_rate, counter, decayed, non_negative, number, zeros
from engine.optim.optimizer import Optimizer
from engine.tensor import Tensor

__all__ = ["Adamax"]


class Adamax(Optimizer):
    """Kingma and Ba 2014: Adam with a decaying maximum in place of the root mean square."""

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
        check_rate(lr)
        non_negative(epsilon__value=eps)
        check_betas(betas)
        non_negative(weight_decay__value=weight_decay)
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

    def update(self, param: Tensor, data: Any, grad: Any, group: dict[str, Any]) -> int:
        state = self.state[param]
        if not state:
            state["step"] = counter()
            state["exp_avg"] = zeros(data)
            state["exp_inf"] = zeros(data)
        state["step"]._data += 1
        step = state["step"]._data.item()
        grad, data = k.real(decayed(data, grad, group)), k.real(data)
        beta1, beta2 = group["betas"]
        mean, largest = k.real(state["exp_avg"]._data), k.real(state["exp_inf"]._data)
        k.lerp(mean, grad, 1 - beta1)
        largest *= largest.dtype.type(beta2)
        size = module_of(grad).abs(grad)
        size += size.dtype.type(group["eps"])
        k.maximum(largest, size)
        k.addcdiv(data, mean, largest, -(number(group["lr"]) / (1 - beta1**step)))
        return 1
