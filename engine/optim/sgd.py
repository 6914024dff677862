"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from engine.optim import kernels as k
from engine.optim.formula import FormulaOptimizer
from engine.tensor import Tensor

__all__ = ["SGD"]


class SGD(FormulaOptimizer):
    """Stochastic gradient descent with momentum: ``p -= lr * (dampened sum of gradients)``."""

    counters = ()
    joins = False  # a step is one or two calls, as many as joining takes
    as_real = False

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
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(params, defaults)

    def update(self, data: Any, grad: Any, state: Any, group: Any, lr: float, step: float) -> None:
        momentum = group["momentum"]
        if momentum != 0:
            total = state.get("momentum_buffer")
            if total is None:
                total = state["momentum_buffer"] = grad.copy()
            else:
                total *= momentum
                k.add(total, grad, 1 - group["dampening"])
            grad = k.plus(grad, total, momentum) if group["nesterov"] else total
        k.add(data, grad, -lr)
