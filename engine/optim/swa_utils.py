"""Averages of a model's weights while it is trained: ``torch.optim.swa_utils``.

Stochastic weight averaging: Izmailov et al. 2018; exponential moving averages: Polyak and Juditsky 1992.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import chain
from typing import Any

from engine import dtypes
from engine.autograd.grad_mode import no_grad
from engine.backend import device as device_type
from engine.nn.modules.batchnorm import _BatchNorm
from engine.nn.modules.module import Module
from engine.ops.create import tensor
from engine.optim.lr_scheduler.schedules import LRScheduler
from engine.optim.optimizer import Optimizer
from engine.tensor import Tensor

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

Average = Callable[[Tensor, Tensor, Any], Tensor]
"""From the average so far, the present value and how many were averaged, the new average."""
MultiAverage = Callable[[list[Tensor], list[Tensor], Any], None]
"""The same for many of one dtype, in place."""


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """``decay * average + (1 - decay) * value``."""
    _check_decay(decay)

    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        with no_grad():
            return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn() -> Average:
    """The mean of all values so far."""

    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        with no_grad():
            return averaged_param + (current_param - averaged_param) / (num_averaged + 1)  # type: ignore[no-any-return]

    return swa_update


def _in_place(weight: Callable[[Any], float], average: Average) -> MultiAverage:
    def update(averages: list[Tensor], values: list[Tensor], num_averaged: Any) -> None:
        with no_grad():
            for kept, value in zip(averages, values, strict=True):
                if kept.dtype.differentiable:
                    kept.lerp_(value, weight(num_averaged))
                else:
                    kept.copy_(average(kept, value, num_averaged))

    return update


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """`get_ema_avg_fn` for many, in place."""
    return _in_place(lambda num_averaged: 1 - decay, get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> MultiAverage:
    """`get_swa_avg_fn` for many, in place."""
    return _in_place(lambda num_averaged: float(1 / (num_averaged + 1)), get_swa_avg_fn())


class AveragedModel(Module):
    """A copy of `model` whose parameters are averages of those that `update_parameters` was shown.

    Args:
        avg_fn: how to average one parameter; the mean if neither it nor `multi_avg_fn` is given.
        multi_avg_fn: the same for many at once, in place.
        use_buffers: average buffers too, instead of copying them.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: str | device_type | None = None,
        avg_fn: Average | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, dtype=dtypes.int64, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Let the present parameters of `model` count; the first time they are copied."""
        if self.use_buffers:
            kept = [*chain(self.module.parameters(), self.module.buffers())]
            shown = [*chain(model.parameters(), model.buffers())]
        else:
            kept, shown = [*self.module.parameters()], [*model.parameters()]
        averages = [p.detach() for p in kept]
        values = [q.detach().to(p.device) for p, q in zip(averages, shown, strict=True)]
        if not self.n_averaged.item():
            for p, q in zip(averages, values, strict=True):
                p.copy_(q)
        elif self.multi_avg_fn is not None:
            for kind in dict.fromkeys(p.dtype for p in averages):
                pairs = [(p, q) for p, q in zip(averages, values, strict=True) if p.dtype is kind]
                self.multi_avg_fn([p for p, _ in pairs], [q for _, q in pairs], self.n_averaged)
        else:
            average = self.avg_fn or get_swa_avg_fn()
            for p, q in zip(averages, values, strict=True):
                p.copy_(average(p, q, self.n_averaged))
        if not self.use_buffers:
            for own, other in zip(self.module.buffers(), model.buffers(), strict=True):
                own.detach().copy_(other.detach().to(own.device))
        self.n_averaged += 1


def update_bn(loader: Iterable[Any], model: Module, device: str | device_type | None = None) -> None:
    """Run `model` over the data once, for the batch normalisations in it to take their statistics anew.

    Each batch is a tensor, or a list or tuple of which the first is taken.
    """
    momenta = {module: module.momentum for module in model.modules() if isinstance(module, _BatchNorm)}
    for module in momenta:
        module.reset_running_stats()
    if not momenta:
        return
    was_training = model.training
    model.train()
    for module in momenta:
        module.momentum = None
    with no_grad():
        for batch in loader:
            input = batch[0] if isinstance(batch, (list, tuple)) else batch
            model(input if device is None else input.to(device))
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """From the rate of each group to `swa_lr` in `anneal_epochs` steps, along a cosine or a line; then it stays."""

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        groups = optimizer.param_groups
        rates = list(swa_lr) if isinstance(swa_lr, (list, tuple)) else [swa_lr] * len(groups)
        if len(rates) != len(groups):
            raise ValueError(
                "swa_lr must have the same length as optimizer.param_groups. swa_lr has "
                f"{len(rates)} values, param_groups has {len(groups)}."
            )
        for rate, group in zip(rates, groups, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def anneal_func(self, t: float) -> float:
        """How far the rate has gone at the share `t` of the epochs."""
        return (1 - math.cos(math.pi * t)) / 2 if self._anneal_strategy == "cos" else t

    def get_lr(self) -> list[float]:
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = (
            self.anneal_func(max(0, min(1, at / max(1, self.anneal_epochs)))) for at in (step - 1, step)
        )
        rates = []
        for group in self.optimizer.param_groups:
            lr, last = group["lr"], group["swa_lr"]
            first = last if before == 1 else (lr - before * last) / (1 - before)
            rates.append(last * now + first * (1 - now))
        return rates
