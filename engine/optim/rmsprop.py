"""RMSprop."""

from __future__ import annotations

from typing import Any

from engine.optim import kernels as k
from engine.optim.common import check_rate, counter, decayed, non_negative, number, zeros
from engine.optim.optimizer import Optimizer
from engine.tensor import Tensor

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """Hinton's lecture 6: steps divided by the root of a running mean of the squared gradient."""

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        non_negative(
            epsilon__value=eps, momentum__value=momentum, weight_decay__value=weight_decay, alpha__value=alpha
        )
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def update(self, param: Tensor, data: Any, grad: Any, group: dict[str, Any]) -> int:
        state = self.state[param]
        if not state:
            state["step"] = counter()
            state["square_avg"] = zeros(data)
            if group["momentum"] > 0:
                state["momentum_buffer"] = zeros(data)
            if group["centered"]:
                state["grad_avg"] = zeros(data)
        state["step"]._data += 1
        lr, alpha = number(group["lr"]), group["alpha"]
        grad = k.real(decayed(data, grad, group))
        data, square = k.real(data), k.real(state["square_avg"]._data)
        square *= square.dtype.type(alpha)
        k.addcmul(square, grad, grad, 1 - alpha)
        if group["centered"]:
            mean = k.real(state["grad_avg"]._data)
            k.lerp(mean, grad, 1 - alpha)
            spread = square.copy()
            k.addcmul(spread, mean, mean, -1)
            spread = k.root(spread)
        else:
            spread = k.root(square)
        spread += spread.dtype.type(group["eps"])
        if group["momentum"] > 0:
            buffer = k.real(state["momentum_buffer"]._data)
            buffer *= buffer.dtype.type(group["momentum"])
            k.addcdiv(buffer, grad, spread, 1)
            k.add(data, buffer, -lr)
        else:
            k.addcdiv(data, grad, spread, -lr)
        return 1
