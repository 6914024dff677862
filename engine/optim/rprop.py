"""Resilient backpropagation."""

from __future__ import annotations

from typing import Any

from engine.backend import module_of
from engine.optim import kernels as k
from engine.optim.formula import FormulaOptimizer
from engine.optim.settings import number
from engine.tensor import Tensor

__all__ = ["Rprop"]


class Rprop(FormulaOptimizer):
    """Riedmiller and Braun 1993: steps that grow while the gradient keeps its sign and shrink where it changes."""

    buffers = ("prev", "step_size")

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

    def begin(self, data: Any, group: Any) -> dict[str, Any]:
        state = super().begin(data, group)
        k.real(state["step_size"])[...] = number(group["lr"])
        return state

    def update(self, data: Any, grad: Any, state: Any, group: Any, lr: float, step: float) -> None:
        xp, kind = module_of(data), data.dtype.type
        before, size = state["prev"], state["step_size"]
        smaller, larger = group["etas"]
        agreement = grad * before
        turned = agreement < 0
        size *= xp.where(agreement > 0, kind(larger), xp.where(turned, kind(smaller), kind(1)))
        size[...] = size.clip(*(kind(s) for s in group["step_sizes"]))
        before[...] = xp.where(turned, kind(0), grad)
        k.addcmul(data, xp.sign(before), size, -1)
