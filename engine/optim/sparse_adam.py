"""SparseAdam."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.optim.optimizer import Optimizer
from engine.optim.settings import check_one_element, check_settings
from engine.tensor import Tensor

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    """Adam for sparse gradients only. There are none here, and dense ones it refuses, as in PyTorch: use `Adam`."""

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        check_one_element(lr)
        if not lr > 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not eps > 0.0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        defaults = {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize}
        check_settings(defaults)
        super().__init__(params, defaults)
        found = [
            [at, k]
            for at, group in enumerate(self.param_groups)
            for k, param in enumerate(group["params"])
            if param.is_complex()
        ]
        if found:
            raise ValueError(
                f"Complex params at indices {found}: SparseAdam does not support complex parameters"
            )

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Nothing, where no parameter has a gradient.

        Raises:
            RuntimeError: if one has, as it is dense.
        """
        loss = None if closure is None else self.evaluate(closure)
        if any(param.grad is not None for group in self.param_groups for param in group["params"]):
            raise RuntimeError("SparseAdam does not support dense gradients, please consider Adam instead")
        return loss
