"""The programs that print here what PyTorch prints, with every tensor on a device that is served."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import engine
from engine import alias, backend
from playground.device.module import Module
from tests.engine import nn_cases
from tests.gpu.test_programs import CASES, OTHERWISE, REFERENCES, _same
from tests.programs import harness

SLOW = {
    *("learn_neural_ode", "learn_projectile", "learn_recurrent", "learn_matrix_factorization", "LBFGS"),
    *(name for name in harness.names() if name.startswith("template_")),
}
"""Tens of thousands of operations each."""
LATE = {"calls that fit no signature", "profiler_text"}
"""What NumPy refuses behind the server is told of later; and a profile depends on what is timed."""
LEFT_OUT = {*OTHERWISE, *SLOW, *LATE}

PROGRAMS = [name for name in harness.names() if name not in LEFT_OUT][::6]
FRAGMENTS = [name for name in CASES if name not in LEFT_OUT and "numpy()" not in CASES[name]][::6]
"""Some of those that `tests/gpu` runs; the table beside this has every operation."""


@pytest.fixture(autouse=True)
def torch_is_the_engine(numbers_of_the_host: None) -> Iterator[None]:
    alias.install()
    yield
    alias.uninstall()


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_prints_the_same(cupy: Module, name: str) -> None:
    with engine.device("cuda"):
        result = harness.execute(name)
    expected = harness.from_json(REFERENCES["programs"][name])
    assert result.exception == expected.exception, result.trace
    assert _same("\n".join(expected.lines), "\n".join(result.lines), harness.tolerance(name)), "\n".join(
        result.lines
    )


@pytest.mark.parametrize("name", FRAGMENTS)
def test_case_prints_the_same(cupy: Module, name: str) -> None:
    backend.install(None)
    expected = nn_cases.run(engine, CASES[name])
    backend.install(cupy)
    with engine.device("cuda"):
        actual = nn_cases.run(engine, CASES[name])
    assert _same(expected, actual, None), actual
