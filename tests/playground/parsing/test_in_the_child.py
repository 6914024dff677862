"""The way from a command to its answer, in a sealed child: what comes back, and how long it takes."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

import msgspec
import pytest

from playground.protocol import Document, Parse
from playground.runner.client import Runner
from playground.runner.limits import Limits
from playground.worker.parsing import document, parse
from scripts.gen_programs import programs
from tests.playground.runner.watch import Watch, until_ready

BUSY = 5
"""How many times longer a thing may take here than it does on a quiet machine."""


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    made = Runner(Limits(slots=1, wall_soft_s=40, wall_hard_s=42, cpu_soft_s=20, cpu_hard_s=22, parse_s=20))
    made.start()
    until_ready(made)
    yield made
    made.close()


def read(runner: Runner, code: str) -> tuple[Document, float]:
    """What a program is read as in a child, and how many milliseconds the child took."""
    watch = Watch()
    request = Parse(run="p", code=code)
    runner.submit(client="c.parse", address="192.0.2.1", request=request, on_event=watch)
    finished = watch.finished()
    assert finished.status == "ok", (finished, watch.errors)
    (found,) = [event for event in watch.events if isinstance(event, Document)]
    return msgspec.structs.replace(found, run="", seq=0), finished.wall_ms


@pytest.mark.parametrize(
    "name", ["sine", "a training loop with more", "02_tiny_model", "beyond ascii", "nothing"]
)
def test_it_is_the_document_that_is_made_here(runner: Runner, name: str) -> None:
    code = programs()[name]
    assert read(runner, code)[0] == document(code, budget_s=60)


def test_a_program_of_the_tutorial_s_size_is_read_quickly(runner: Runner) -> None:
    """On two quiet cores: 6 ms with shapes, 2 ms without them."""
    code = programs()["09_fit_a_curve"]
    times = [read(runner, code)[1] for _ in range(7)]
    assert median(times) < 30 * BUSY, times


@pytest.mark.parametrize(
    "code",
    [
        "x = " + "(" * 5_000,
        "import torch\nx = torch.ones(1)\ny = " + " + ".join(["x"] * 1_500),
        "import torch\nx = torch.ones(1)\n" + "y = x + 1\n" * 1_900,
        "x = '\\ud800'\n",
        "import torch\nx = torch.zeros(10**5, 10**5)\ny = x + 1\n",
        "import torch\nx = [0] * 10**12\ny = torch.ones(10**6, 1) * torch.ones(1, 10**6)\n",
        "y = 9**9**9**9**9\n",
    ],
    ids=["brackets", "sum", "lines", "surrogate", "large", "larger", "power"],
)
def test_hostile_text_does_not_end_the_child(runner: Runner, code: str) -> None:
    found, _ = read(runner, code)
    assert found.problem or found.statements


def test_reading_again_gives_the_same() -> None:
    for code in programs().values():
        assert parse(code) == parse(code)
