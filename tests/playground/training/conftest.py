"""Runs programs that train, alone or held now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from playground import protocol as p
from playground.runner.limits import Limits
from tests.playground.worker.conftest import FakeChannel, Result

FREE = Limits(operations=300)
"""Little is recorded, so that most of a training runs free."""


class Steered(FakeChannel):
    """A channel on which someone steers: `script` is asked at every look, and `held` while the program is held."""

    def __init__(
        self,
        limits: Limits,
        script: Callable[[Steered], list[Any]],
        held: Callable[[Steered], Iterator[Any]],
    ) -> None:
        super().__init__(limits, [])
        self._script = script
        self._held = held
        self.asked = 0

    def steering(self) -> list[Any]:
        self.asked += 1
        return self._script(self)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if type(event) is kind]

    def hold(self) -> Iterator[Any]:
        return self._held(self)


class Trained(Result):
    """What a run has sent about its training."""

    @property
    def training(self) -> list[p.Training]:
        return self.of(p.Training)

    @property
    def step(self) -> int:
        return self.training[-1].step

    def series(self, name: str) -> dict[int, Any]:
        """By step, where there is a value."""
        found = {}
        for event in self.training:
            if event.points is not None and name in event.points.series:
                column = event.points.series[name]
                assert len(column) == len(event.points.steps) == len(event.points.times)
                found.update({s: v for s, v in zip(event.points.steps, column, strict=True) if v != "nan"})
        return found

    @property
    def names(self) -> set[str]:
        return {name for e in self.training if e.points is not None for name in e.points.series}

    @property
    def predictions(self) -> list[Any]:
        return [e.prediction for e in self.training if e.prediction is not None]

    @property
    def histograms(self) -> list[p.Histogram]:
        return [h for e in self.training for h in e.histograms]

    @property
    def parameters(self) -> list[p.ParameterPoint]:
        return [point for e in self.training for point in e.parameters]


Trainer = Callable[..., Trained]


def run(code: str, channel: FakeChannel, seed: int = 0) -> Trained:
    """A program that must not end in an error, and whose watching must not fail."""
    from playground.worker.main import run_program

    run_program(p.Run(run="r", code=code, seed=seed), channel)  # type: ignore[arg-type]
    result = Trained(channel.events)
    assert not result.errors, result.errors
    assert not any("failed" in notice for notice in result.notices), result.notices
    return result


@pytest.fixture
def train() -> Trainer:
    """Run a program to its end."""
    return lambda code, limits=None, seed=0: run(code, FakeChannel(limits or Limits(), []), seed)


@pytest.fixture(params=[Limits(), FREE], ids=["recorded", "free"])
def limits(request: pytest.FixtureRequest) -> Limits:
    """Once with all of the training recorded, and once with nearly none of it."""
    return request.param  # type: ignore[no-any-return]
