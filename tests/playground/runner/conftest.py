from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from playground.runner.client import Runner
from playground.runner.limits import Limits
from tests.playground.runner.watch import SMALL_WORKER, until_ready

MakeRunner = Callable[..., Runner]


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """One runner for a whole file, as a server has; its time limits are short."""
    made = Runner(Limits(slots=2, wall_soft_s=1.5, wall_hard_s=2.5), entry=SMALL_WORKER)
    made.start()
    until_ready(made)
    yield made
    made.close()


@pytest.fixture(scope="module")
def patient() -> Iterator[Runner]:
    """Another with a server's own time limits, for programs that are to meet another limit first, busy or not."""
    made = Runner(Limits(slots=2), entry=SMALL_WORKER)
    made.start()
    until_ready(made)
    yield made
    made.close()


@pytest.fixture
def make_runner() -> Iterator[MakeRunner]:
    """Make runners with limits of the test's own; they are closed after it."""
    made: list[Runner] = []

    def make(*, entry: str = SMALL_WORKER, gpu_entry: str = "", wait: bool = True, **limits: float) -> Runner:
        given = {"slots": 2, "wall_soft_s": 1.5, "wall_hard_s": 2.5, **limits}
        runner = Runner(
            Limits(**given, gpu="direct" if gpu_entry else "off"),  # type: ignore[arg-type]
            entry=entry,
            gpu_entry=gpu_entry,
        )
        made.append(runner)
        runner.start()
        if wait:
            until_ready(runner, parked=min(1, int(limits.get("parked", 1))))
        return runner

    yield make
    for runner in made:
        runner.close()
