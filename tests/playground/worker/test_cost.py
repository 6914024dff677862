"""What recording costs, as a ratio to NumPy's multiplication of ten numbers in the same process.

Two costs are told apart. *Noting* is what the program itself waits for in its loops: one entry on the tape for each
operation. *Explaining* turns the entries into nodes, describes the values and sends the graph; it comes in between, a
share of the time, and afterwards. Times are the least of many short rounds, which also an otherwise busy machine lets
through undisturbed, and the memory of one round serves the next: on some virtual machines the first touch of a page
costs as much as ten operations.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import engine
from engine import nn, optim
from playground import protocol as p
from playground.runner.limits import MIB, Limits
from playground.worker.blocks import Blocks
from playground.worker.cells import compile_part, split
from playground.worker.output import Outbox
from playground.worker.recorder import Recorder
from tests.playground.worker.conftest import FakeChannel, Runner

ROUNDS = 40
TIMES = 10
"""Iterations in one round."""

CODE = """\
def forward(n):
    y = x
    for _ in range(n):
        y = y * 0.5
        y = y + x
        y = torch.sin(y)
        y = y - x
        y = y.exp()

def both(n):
    for _ in range(n):
        y = ((x.sin() * 2 + 1) * x).exp()
        torch.autograd.backward(y, g)

def train(n):
    for _ in range(n):
        optimizer.zero_grad()
        loss = ((net(inputs) - targets) ** 2).mean()
        loss.backward()
        optimizer.step()
"""
FORWARD, BOTH = 5, 5


class Sink(FakeChannel):
    """Encodes, as a real channel does, and keeps nothing of the graph."""

    def emit(self, event: object) -> None:
        self.sent_bytes += len(p.encode(event))  # type: ignore[arg-type]
        if not isinstance(event, p.Graph):
            self.events.append(event)


@pytest.fixture
def program() -> dict[str, Any]:
    """The functions of `CODE`, as a program that is recorded has them."""
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 2))
    names: dict[str, Any] = {
        "torch": engine,
        "x": engine.randn(10, requires_grad=True),
        "g": engine.ones(10),
        "net": net,
        "optimizer": optim.SGD(net.parameters(), lr=0.001),
        "inputs": engine.randn(8, 2),
        "targets": engine.randn(8, 2),
    }
    blocks = Blocks()
    exec(compile_part(split(CODE)[0], blocks).body, names)
    return {**names, "blocks": blocks}


@pytest.fixture(scope="module", autouse=True)
def ballast() -> list[bytes]:
    """Something in every arena of Python's memory, so that what is freed is not given back to the system."""
    return [bytes(400) for _ in range(100_000)][::1_000]


@contextmanager
def recorded(blocks: Blocks) -> Iterator[Recorder]:
    """A recorder that explains nothing by itself."""
    gc.collect()
    limits = Limits(operations=1_000_000, results_bytes=4_000 * MIB, batch_s=10_000)
    channel = Sink(limits, [])
    with Recorder(Outbox(channel), channel, blocks) as recorder:
        yield recorder
    assert not channel.events, channel.events


def _time(action: Callable[[int], object], n: int) -> float:
    start = time.perf_counter()
    action(n)
    return (time.perf_counter() - start) / n


def _multiply(n: int) -> None:
    a = np.ones(10, np.float32)
    for _ in range(n):
        np.multiply(a, a)


def _costs(program: dict[str, Any], name: str) -> tuple[float, float]:
    """What an iteration of `name` costs more when it is recorded, and what explaining it costs, in multiplications."""
    loop: Callable[[int], object] = program[name]
    plain, noted, explained, unit = [], [], [], []
    for _ in range(ROUNDS // 10):
        for _ in range(10):
            unit.append(_time(_multiply, 200))
            plain.append(_time(loop, TIMES))
        with recorded(program["blocks"]) as recorder:
            for _ in range(10):
                noted.append(_time(loop, TIMES))
                explained.append(_time(lambda _: recorder.explain_all(), 1) / TIMES)
    return (min(noted) - min(plain)) / min(unit), min(explained) / min(unit)


def _within(program: dict[str, Any], name: str, count: int, noting: float, explaining: float) -> None:
    """Whether noting and explaining cost at most so many multiplications each; a machine that others use too gets
    three tries, because what is measured is a difference of two times."""
    found = []
    for _ in range(3):
        found.append([cost / count for cost in _costs(program, name)])
        if found[-1][0] < noting and found[-1][1] < explaining:
            return
    pytest.fail(f"expected noting below {noting} and explaining below {explaining}, found {found}")


@pytest.mark.timing
def test_an_operation(program: dict[str, Any]) -> None:
    """Measured: 5.8 and 28, that is 1.8 us and 9 us where a multiplication takes 0.32 us."""
    _within(program, "forward", FORWARD, 8, 60)


@pytest.mark.timing
def test_an_operation_and_its_node(program: dict[str, Any]) -> None:
    """Measured: 24 and 75, for an operation, its node and a fifth of a leaf and of a pass."""
    _within(program, "both", BOTH, 45, 200)


@pytest.mark.timing
def test_a_training_step(program: dict[str, Any]) -> None:
    """Measured: 640 and 1,900, for 11 operations, 11 nodes, 6 gradients, 12 writes, 6 updates and 10 scopes."""
    _within(program, "train", 1, 1_500, 6_000)


def test_the_cost_is_told(play: Runner) -> None:
    code = "import torch\nx = torch.randn(10)\nfor _ in range(1000):\n    x = torch.sin(x)\n"
    result = play(code)
    profile, operations = result.profile, result.finished.operations
    assert 100 < profile.overhead_us < 1_000 * result.finished.wall_ms
    assert operations < profile.explaining_us < 1_000 * result.finished.wall_ms
