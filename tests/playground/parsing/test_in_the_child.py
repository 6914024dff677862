"""The way from a command to its answer, in a sealed child: what comes back, and what it costs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from statistics import median

import msgspec
import pytest

from playground.protocol import Document, Parse
from playground.runner.client import Runner
from playground.runner.limits import Limits
from playground.worker.parsing import document, parse
from scripts.gen_programs import programs
from tests.playground.runner.watch import Watch, until_ready

BUSY = 2
"""How many times longer a thing may take on a machine that has much else to do."""


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    made = Runner(Limits(slots=1, wall_soft_s=40, wall_hard_s=42, cpu_soft_s=20, cpu_hard_s=22, parse_s=20))
    made.start()
    until_ready(made)
    yield made
    made.close()


def read(runner: Runner, code: str) -> Document:
    """What a program is read as in a child."""
    watch = Watch()
    request = Parse(run="p", code=code)
    runner.submit(client="c.parse", address="192.0.2.1", request=request, on_event=watch)
    finished = watch.finished()
    assert finished.status == "ok", (finished, watch.errors)
    (found,) = [event for event in watch.events if isinstance(event, Document)]
    return msgspec.structs.replace(found, run="", seq=0)


@pytest.mark.parametrize(
    "name", ["sine", "a training loop with more", "02_tiny_model", "beyond ascii", "nothing"]
)
def test_it_is_the_document_that_is_made_here(runner: Runner, name: str) -> None:
    code = programs()[name]
    assert read(runner, code) == document(code, budget_s=60)


@pytest.mark.parametrize("name", ["09_fit_a_curve", "20_vae"])
@pytest.mark.parametrize(("reads", "budget_ms"), [(parse, 10), (document, 30)], ids=["text", "shapes"])
def test_a_program_of_the_tutorial_s_size_is_read_quickly(
    reads: Callable[[str], Document], budget_ms: float, name: str
) -> None:
    """Processor time in a process that was just forked: about 6 ms, and 10 to 20 with shapes."""
    code = programs()[name]
    times = [_forked(reads, code) for _ in range(7)]
    assert median(times) < budget_ms * BUSY, times


def _forked(reads: Callable[[str], Document], code: str) -> float:
    """Milliseconds of processor time that reading takes in a child, once."""
    out, into = os.pipe()
    if os.fork() == 0:
        started = time.process_time()
        reads(code)
        os.write(into, str(1000 * (time.process_time() - started)).encode())
        os._exit(0)
    os.wait()
    os.close(into)
    with os.fdopen(out) as answer:
        return float(answer.read())


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
    found = read(runner, code)
    assert found.problem or found.statements


def test_reading_again_gives_the_same() -> None:
    for code in programs().values():
        assert parse(code) == parse(code)
