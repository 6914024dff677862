"""NAdam."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.optim import kernels as k
from engine.optim.common import check_betas, check_rate, counter, decayed, non_negative, number, zeros
from engine.optim.optimizer import Optimizer
from engine.tensor import Tensor

__all__ = ["NAdam"]


class NAdam(Optimizer):
    """Dozat 2016: Adam with Nesterov's momentum."""

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
        check_rate(lr)
        non_negative(epsilon__value=eps)
        check_betas(betas)
        non_negative(weight_decay__value=weight_decay, momentum_decay__value=momentum_decay)
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

    def update(self, param: Tensor, data: Any, grad: Any, group: dict[str, Any]) -> int:
        state = self.state[param]
        if not state:
            state["step"] = counter()
            state["mu_product"] = Tensor._wrap(np.ones((), state["step"]._data.dtype))
            state["exp_avg"] = zeros(data)
            state["exp_avg_sq"] = zeros(data)
        state["step"]._data += 1
        step, lr = state["step"]._data.item(), number(group["lr"])
        writes = 2
        if group["decoupled_weight_decay"]:
            grad = -grad if group["maximize"] else grad
            if group["weight_decay"] != 0:
                data *= data.dtype.type(1 - lr * group["weight_decay"])
                writes = 3
        else:
            grad = decayed(data, grad, group)
        beta1, beta2 = group["betas"]
        decay = group["momentum_decay"]
        now = beta1 * (1.0 - 0.5 * (0.96 ** (step * decay)))
        following = beta1 * (1.0 - 0.5 * (0.96 ** ((step + 1) * decay)))
        product = state["mu_product"]._data
        product *= product.dtype.type(now)
        grad, data = k.real(grad), k.real(data)
        mean, square = k.real(state["exp_avg"]._data), k.real(state["exp_avg_sq"]._data)
        k.lerp(mean, grad, 1 - beta1)
        square *= square.dtype.type(beta2)
        k.addcmul(square, grad, grad, 1 - beta2)
        spread = k.root(square / square.dtype.type(1 - beta2**step))
        spread += spread.dtype.type(group["eps"])
        k.addcdiv(data, grad, spread, -lr * (1.0 - now) / (1.0 - product.item()))
        k.addcdiv(data, mean, spread, (-lr * following) / (1.0 - product.item() * following))
        return writes
