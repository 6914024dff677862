"""Resilient backpropagation."""

from __future__ import annotations

from typing import Any

from engine.backend import module_of
from engine.optim import kernels as k
from engine.optim.common import check_rate, counter, number, zeros
from engine.optim.optimizer import Optimizer
from engine.tensor import Tensor

__all__ = ["Rprop"]


class Rprop(Optimizer):
    """Riedmiller and Braun 1993: steps that grow while the gradient keeps its sign and shrink where it changes."""

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
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
            state["prev"] = zeros(data)
            state["step_size"] = zeros(data)
            lr = number(group["lr"])
            state["step_size"]._data[...] = complex(lr, lr) if data.dtype.kind == "c" else lr
        state["step"]._data += 1
        xp = module_of(data)
        grad, data = k.real(-grad if group["maximize"] else grad), k.real(data)
        before, size = k.real(state["prev"]._data), k.real(state["step_size"]._data)
        kind = data.dtype.type
        smaller, larger = group["etas"]
        agreement = grad * before
        turned = agreement < 0
        size *= xp.where(agreement > 0, kind(larger), xp.where(turned, kind(smaller), kind(1)))
        size[...] = size.clip(*(kind(s) for s in group["step_sizes"]))
        before[...] = xp.where(turned, kind(0), grad)
        k.addcmul(data, xp.sign(before), size, -1)
        return 1
