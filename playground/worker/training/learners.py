"""The optimizers that are at work, and what they train."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any
from weakref import ref

from engine.optim.optimizer import Optimizer
from engine.tensor import Tensor
from playground.protocol import Learner, Number
from playground.worker.output import clean
from playground.worker.training.surroundings import Surroundings
from playground.worker.values import number

_MOST = 64


class Learning:
    """One optimizer, or by-hand training, which has none."""

    def __init__(self, index: int, optimizer: Optimizer | None) -> None:
        self.index = index
        self.optimizer = None if optimizer is None else ref(optimizer)
        self.type = "" if optimizer is None else type(optimizer).__name__
        self.variable = ""
        self.steps = 0
        self._named: list[tuple[str, ref[Tensor]]] = []

    @property
    def key(self) -> str:
        """What the names of its series end in."""
        return f"/{self.index}" if self.index else ""

    def groups(self) -> list[dict[str, Any]]:
        """Its parameter groups; none if it is no more."""
        optimizer = None if self.optimizer is None else self.optimizer()
        return [] if optimizer is None else optimizer.param_groups

    def parameters(self) -> list[Tensor]:
        """Of all groups."""
        return list(chain.from_iterable(group["params"] for group in self.groups()))

    def named(self, around: Surroundings, tensors: Sequence[Tensor]) -> list[tuple[str, Tensor]]:
        """`tensors`, which are what it trains, by name."""
        known = [t() for _, t in self._named]
        if len(known) != len(tensors) or any(a is not b for a, b in zip(known, tensors, strict=True)):
            names = around.tensor_names(tensors)
            self._named = [(name, ref(t)) for name, t in zip(names, tensors, strict=True)]
        return [(name, t) for (name, _), t in zip(self._named, tensors, strict=True)]

    def rates(self) -> list[Number]:
        """The learning rate of each group."""
        return [number(rate_of(group)) for group in self.groups()]


class Learners:
    """All of a run, in the order in which they first stepped."""

    def __init__(self) -> None:
        self.all: list[Learning] = []
        self._by_id: dict[int, Learning] = {}
        self._told: list[Learner] = []
        self._by_hand: Learning | None = None

    @property
    def optimizers(self) -> int:
        """How many there are, or were."""
        return len(self._by_id)

    def of(self, optimizer: Optimizer, around: Surroundings) -> Learning:
        """That optimizer's, new if it has not stepped before."""
        found = self._by_id.get(id(optimizer))
        if found is None or found.optimizer is None or found.optimizer() is not optimizer:
            found = Learning(len(self.all), optimizer)
            found.variable = around.name_of(optimizer, around.frame)
            self.all.append(found)
            self._by_id[id(optimizer)] = found
        return found

    def by_hand(self) -> Learning:
        """What the program trains without an optimizer."""
        if self._by_hand is None:
            self._by_hand = Learning(len(self.all), None)
            self.all.append(self._by_hand)
        return self._by_hand

    def news(self) -> list[Learner]:
        """All groups of all optimizers, if one is new or has another learning rate than was said last."""
        found = [
            Learner(
                optimizer=learning.index,
                group=group,
                name=clean(learning.type, 200),
                variable=clean(learning.variable, 200),
                lr=lr,
            )
            for learning in self.all
            for group, lr in enumerate(learning.rates())
        ][:_MOST]
        if found == self._told:
            return []
        self._told = found
        return found


def rate_of(group: dict[str, Any]) -> float:
    """The learning rate of a parameter group, which may be a tensor; NaN if it has none."""
    try:
        return float(group.get("lr", "nan"))
    except (TypeError, ValueError):
        return float("nan")


def set_rate(group: dict[str, Any], lr: float) -> None:
    """Change it, in place if it is a tensor."""
    if isinstance(group.get("lr"), Tensor):
        group["lr"]._data.fill(lr)
    else:
        group["lr"] = lr
