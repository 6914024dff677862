"""RAdam."""

from __future__ import annotations

from typing import Any

from engine.optim import kernels as k
from engine.optim.common import check_betas, check_rate, counter, decayed, non_negative, number, zeros
from engine.optim.optimizer import Optimizer
from engine.tensor import Tensor

__all__ = ["RAdam"]


class RAdam(Optimizer):
    """Liu et al. 2019: Adam whose first steps are not scaled while the mean of squares is too uncertain."""

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
        check_rate(lr)
        non_negative(epsilon__value=eps)
        check_betas(betas)
        non_negative(weight_decay__value=weight_decay)
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

    def update(self, param: Tensor, data: Any, grad: Any, group: dict[str, Any]) -> int:
        state = self.state[param]
        if not state:
            state["step"] = counter()
            state["exp_avg"] = zeros(data)
            state["exp_avg_sq"] = zeros(data)
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
        kind = data.dtype.type
        correction = 1 - beta2**step
        change = mean / kind(1 - beta1**step)
        change *= kind(lr)
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * step * (beta2**step) / correction
        if length > 5.0:
            rectified = (
                (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
            ) ** 0.5
            spread = k.root(square)
            spread += kind(group["eps"])
            change *= kind(correction**0.5) / spread
            change *= kind(rectified)
        data -= change
        return writes
