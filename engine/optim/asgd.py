"""Averaged SGD."""

from __future__ import annotations

from typing import Any

from engine.optim import kernels as k
from engine.optim.formula import FormulaOptimizer
from engine.optim.settings import number
from engine.tensor import Tensor

__all__ = ["ASGD"]


class ASGD(FormulaOptimizer):
    """Polyak and Juditsky 1992: SGD with shrinking steps; the average of the parameters is in the state, as ``ax``."""

    counters = ("step", "eta", "mu")
    buffers = ("ax",)
    writes = 2

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def begin(self, data: Any, group: Any) -> dict[str, Any]:
        state = super().begin(data, group)
        state["eta"][...] = number(group["lr"])
        state["mu"][...] = 1
        return state

    def update(self, data: Any, grad: Any, state: Any, group: Any, lr: float, step: float) -> None:
        average, rate, weight = state["ax"], state["eta"].item(0), state["mu"].item(0)
        data *= 1 - group["lambd"] * rate
        k.add(data, grad, -rate)
        if weight != 1:
            average += (data - average) * weight
        else:
            average[...] = data
        state["eta"][...] = lr / ((1 + group["lambd"] * lr * step) ** group["alpha"])
        state["mu"][...] = 1 / max(1, step - group["t0"])
