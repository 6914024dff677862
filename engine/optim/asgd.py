"""Averaged SGD."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.optim import kernels as k
from engine.optim.common import check_rate, counter, decayed, non_negative, number, zeros
from engine.optim.optimizer import Optimizer
from engine.tensor import Tensor

__all__ = ["ASGD"]


class ASGD(Optimizer):
    """Polyak and Juditsky 1992: SGD with shrinking steps; the average of the parameters is in the state, as ``ax``."""

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
        check_rate(lr)
        non_negative(weight_decay__value=weight_decay)
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

    def update(self, param: Tensor, data: Any, grad: Any, group: dict[str, Any]) -> int:
        state, lr = self.state[param], number(group["lr"])
        if not state:
            state["step"] = counter()
            kind = state["step"]._data.dtype
            state["eta"] = Tensor._wrap(np.array(lr, kind))
            state["mu"] = Tensor._wrap(np.ones((), kind))
            state["ax"] = zeros(data)
        state["step"]._data += 1
        step = state["step"]._data.item()
        grad, data = k.real(decayed(data, grad, group)), k.real(data)
        eta, mu, average = state["eta"]._data, state["mu"]._data, k.real(state["ax"]._data)
        rate = eta.item()
        data *= data.dtype.type(1 - group["lambd"] * rate)
        k.add(data, grad, -rate)
        if mu.item() != 1:
            average += (data - average) * average.dtype.type(mu)
        else:
            average[...] = data
        eta[...] = lr / ((1 + group["lambd"] * lr * step) ** group["alpha"])
        mu[...] = 1 / max(1, step - group["t0"])
        return 2
