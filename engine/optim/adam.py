"""Adam."""

from __future__ import annotations

from typing import Any

from engine.optim import kernels as k
from engine.optim.common import check_rate, counter, decayed, non_negative, number, zeros
from engine.optim.optimizer import Optimizer
from engine.tensor import Tensor

__all__ = ["Adam"]


class Adam(Optimizer):
    """Kingma and Ba 2014: steps scaled by running means of the gradient and of its square."""

    decoupled = False

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
        check_rate(lr)
        non_negative(epsilon__value=eps)
        for index, beta in enumerate(betas):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"Invalid beta parameter at index {index}: {beta}")
        non_negative(weight_decay__value=weight_decay)
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

    def update(self, param: Tensor, data: Any, grad: Any, group: dict[str, Any]) -> int:
        state = self.state[param]
        if not state:
            state["step"] = counter()
            state["exp_avg"] = zeros(data)
            state["exp_avg_sq"] = zeros(data)
            if group["amsgrad"]:
                state["max_exp_avg_sq"] = zeros(data)
        state["step"]._data += 1
        step, lr = state["step"]._data.item(), number(group["lr"])
        writes = 1
        if group["decoupled_weight_decay"]:
            grad = -grad if group["maximize"] else grad
            if group["weight_decay"] != 0:
                data *= data.dtype.type(1 - lr * group["weight_decay"])
                writes = 2
        else:
            grad = decayed(data, grad, group)
        beta1, beta2 = group["betas"]
        grad, data = k.real(grad), k.real(data)
        mean, square = k.real(state["exp_avg"]._data), k.real(state["exp_avg_sq"]._data)
        k.lerp(mean, grad, 1 - beta1)
        square *= square.dtype.type(beta2)
        k.addcmul(square, grad, grad, 1 - beta2)
        if group["amsgrad"]:
            largest = k.real(state["max_exp_avg_sq"]._data)
            k.maximum(largest, square)
            square = largest
        spread = k.root(square)
        spread /= spread.dtype.type((1 - beta2**step) ** 0.5)
        spread += spread.dtype.type(group["eps"])
        k.addcdiv(data, mean, spread, -(lr / (1 - beta1**step)))
        return writes
