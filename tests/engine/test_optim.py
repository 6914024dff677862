"""Optimizers and schedulers against what PyTorch prints for the programs of optim_cases.py."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import engine as torch
from engine import nn, optim
from tests.engine import nn_cases, optim_cases
from tests.engine.test_budget import ratio

EXPECTED: dict[str, list[str]] = json.loads((Path(__file__).parent / "references" / "optim.json").read_text())


@pytest.mark.parametrize("name", optim_cases.CASES)
def test_prints_as_pytorch(name: str) -> None:
    assert nn_cases.run(torch, optim_cases.CASES[name]).split("\n") == EXPECTED[name]


def test_every_recorded_case_is_run() -> None:
    assert set(EXPECTED) == set(optim_cases.CASES)


@pytest.mark.parametrize(
    "make",
    [
        *[optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop, optim.Adagrad, optim.Adadelta, optim.NAdam],
        *[optim.RAdam, optim.Adamax, optim.ASGD, optim.Rprop],
    ],
)
def test_each_finds_the_bottom_of_a_bowl(make: type[optim.Optimizer]) -> None:
    weight = nn.Parameter(torch.tensor([1.0, -1.0]))
    optimizer = make([weight], lr=0.1)  # type: ignore[call-arg, arg-type]
    before = (weight**2).sum().item()  # type: ignore[operator]
    for _ in range(50):
        optimizer.zero_grad()
        (weight**2).sum().backward()  # type: ignore[operator]
        optimizer.step()
    assert (weight**2).sum().item() < before  # type: ignore[operator]


def test_zero_grad_fills_zeros_unless_told_otherwise() -> None:
    """The one departure from PyTorch 2: the tutorial prints the zeros."""
    weight = nn.Parameter(torch.ones(2))
    optimizer = optim.SGD([weight], lr=0.1)
    optimizer.zero_grad()
    assert weight.grad is None
    weight.grad = torch.ones(2)
    version = weight.grad._version
    optimizer.zero_grad()
    assert weight.grad.tolist() == [0, 0]
    assert weight.grad._version == version + 1
    optimizer.zero_grad(set_to_none=True)
    assert weight.grad is None


def test_the_gradient_itself_is_left_alone() -> None:
    for make in (optim.SGD, optim.Adam, optim.RMSprop, optim.Adagrad, optim.Adadelta):
        weight = nn.Parameter(torch.ones(2))
        weight.grad = torch.tensor([1.0, 2.0])
        optimizer = make([weight], lr=0.1, weight_decay=0.5, maximize=True)
        for _ in range(3):
            optimizer.step()
        assert weight.grad.tolist() == [1, 2], make


def test_an_optimizer_without_a_rule_says_what_to_define() -> None:
    weight = nn.Parameter(torch.ones(1))
    weight.grad = torch.ones(1)
    with pytest.raises(NotImplementedError, match=r"Optimizer must define step\(\) or update\(\)"):
        optim.Optimizer([weight], {}).step()


@pytest.mark.parametrize(("make", "limit"), [(optim.SGD, 90), (optim.Adam, 400)])
def test_a_step_over_small_parameters_costs_little(make: type[optim.Optimizer], limit: float) -> None:
    """Measured 35 times ``np.multiply`` for SGD and 160 for Adam, with four parameters (PyTorch: 60 and 370)."""
    net = nn.Sequential(nn.Linear(8, 16), nn.Linear(16, 4))
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer = make(net.parameters(), lr=1e-3)  # type: ignore[call-arg, arg-type]
    array = np.ones(3, np.float32)
    assert ratio(optimizer.step, lambda: np.multiply(array, array), calls=200) < limit
