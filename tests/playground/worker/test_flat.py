"""Activations say at how many elements they are flat."""

from __future__ import annotations

import numpy as np
import pytest

import engine as torch
from tests.playground.worker.conftest import Runner

ACTIVATIONS = ("sigmoid", "tanh", "relu", "hardsigmoid", "elu")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_as_many_as_have_less_than_a_hundredth_of_the_largest_derivative(play: Runner, name: str) -> None:
    points = [-30.0, -6.0, -4.4, -2.0, -0.5, 0.0, 0.5, 2.0, 2.9, 4.4, 6.0, 30.0]
    result = play(f"import torch\ny = torch.nn.functional.{name}(torch.tensor({points}))")
    x = torch.tensor(points, requires_grad=True)
    getattr(torch.nn.functional, name)(x).sum().backward()
    assert x.grad is not None
    slopes = np.abs(np.asarray(x.grad.tolist()))
    assert result.node("y").saturated == int((slopes < 0.01 * slopes.max()).sum())
    assert result.node("y").saturated > 0


def test_a_sure_softmax_and_a_plain_product(play: Runner) -> None:
    result = play(
        "import torch\nx = torch.tensor([0.0, 20.0])\np = torch.softmax(x, 0)\n"
        "q = torch.softmax(x / 20, 0)\nz = x * 0\n"
    )
    assert [result.node(name).saturated for name in "pqz"] == [2, 0, 0]
