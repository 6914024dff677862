"""Muon."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.backend import Array, module_of
from engine.optim import kernels as k
from engine.optim.formula import FormulaOptimizer
from engine.optim.settings import check_one_element

__all__ = ["Muon"]


def _rounded(x: Array) -> Array:
    """A float32 array rounded to what bfloat16 can hold: the upper half of the bits, to the nearest, ties to even."""
    bits = x.astype(np.float32).view(np.uint32)
    return ((bits + (0x7FFF + ((bits >> 16) & 1))) & 0xFFFF0000).astype(np.uint32).view(np.float32)


def _orthogonal(matrix: Array, coefficients: tuple[float, float, float], steps: int, eps: float) -> Array:
    """A matrix near `matrix`, all of whose singular values are near 1, by Newton and Schulz's iteration.

    As PyTorch's, it computes in bfloat16; how that rounds products differs between processors, so only about two
    digits agree.

    Raises:
        ValueError: for 100 steps or more, or coefficients that are not three.
    """
    if steps >= 100:
        raise ValueError("Number of steps must be less than 100 for computational efficiency")
    if len(coefficients) != 3:
        raise ValueError("Coefficients must be a tuple of exactly 3 values")
    a, b, c = coefficients
    tall = matrix.shape[0] > matrix.shape[1]
    x = _rounded(matrix.T if tall else matrix)
    x = _rounded(x / _rounded((x * x).sum() ** 0.5).clip(_rounded(np.asarray(eps, np.float32))))
    for _ in range(steps):
        gram = _rounded(x @ x.T)
        x = _rounded(a * x + _rounded(b * gram + c * (gram @ gram)) @ x)
    return x.T if tall else x


class Muon(FormulaOptimizer):
    """Jordan 2024: momentum whose update is made orthogonal, for the matrices inside a network."""

    buffers = ("momentum_buffer",)
    counters = ()
    joins = False
    own_decay = True

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                if param.ndim != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {param.size()}"
                    )

    @staticmethod
    def check(settings: dict[str, Any]) -> None:
        check_one_element(settings["lr"])
        for name, said in (
            ("lr", "Learning rate"),
            ("momentum", "momentum"),
            ("weight_decay", "weight decay"),
        ):
            if not settings[name] >= 0.0:
                raise ValueError(f"{said} should be >= 0 but is: {settings[name]}")
        if settings["adjust_lr_fn"] not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {settings['adjust_lr_fn']} is not supported")

    def update(self, data: Any, grad: Any, state: Any, group: Any, lr: float, step: float) -> None:
        if data.dtype.kind == "c":
            raise RuntimeError("Muon does not support complex parameters")
        momentum, mean = group["momentum"], state["momentum_buffer"]
        k.lerp(mean, grad, 1 - momentum)
        if group["nesterov"]:
            ahead = grad.copy()
            k.lerp(ahead, mean, momentum)
        else:
            ahead = mean
        change = _orthogonal(ahead, group["ns_coefficients"], group["ns_steps"], group["eps"])
        high, wide = data.shape
        if group["adjust_lr_fn"] == "match_rms_adamw":
            rate = lr * 0.2 * math.sqrt(max(high, wide))
        else:
            rate = lr * math.sqrt(max(1, high / wide))
        data *= 1 - lr * group["weight_decay"]
        k.add(data, module_of(change).ascontiguousarray(change, data.dtype), -rate)
