"""The benchmarks' own code: that every workload runs and learns, and that the results say what was measured."""

from __future__ import annotations

import math

import pytest

import engine
from bench import __main__ as bench
from bench import recording
from bench.table import WORKLOADS
from bench.worker import number

TRAINING = ("tiny-model", "mlp", "cnn", "rnn", "transformer")


@pytest.mark.parametrize("name", [n for n in WORKLOADS if n not in TRAINING])
def test_a_workload_gives_numbers(name: str) -> None:
    value = number(WORKLOADS[name].torch(engine)())
    assert math.isfinite(value)
    assert value != 0


@pytest.mark.parametrize("name", TRAINING)
def test_a_training_step_lowers_the_loss(name: str) -> None:
    step = WORKLOADS[name].torch(engine)
    losses = [number(step()) for _ in range(4)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]


def test_what_is_recorded_is_encoded() -> None:
    assert recording.recorded()() > 100 * recording.OPERATIONS  # type: ignore[operator]


def test_the_table_has_every_configuration_and_says_what_is_missing() -> None:
    times = {"engine": 2e-6, "torch1": 1e-6, "torch2": 4e-6, "autograd": 2e-3}
    results = {"hessian": (times, {"mygrad": "it has no second derivatives"})}
    header, row = bench.rows(results)
    assert len(header) == len(row) == 2 * len(bench.CONFIGURATIONS)
    assert row == [WORKLOADS["hessian"].title, "2", "1", "4", "2,000", "n/a", "2.00", "0.50", "0.00", "n/a"]
    slower, missing = bench.notes(results)
    assert "2.00 of PyTorch" in slower
    assert missing.endswith("n/a for MyGrad: it has no second derivatives.")
    assert bench.markdown([header, row]).count("\n") == 2
