"""nn and optim against what PyTorch prints for the programs of nn_cases.py and optim_cases.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import engine as torch
from engine import nn
from engine.state import Observer, add_observer, remove_observer
from tests.engine import nn_cases
from tests.engine.test_budget import ratio

EXPECTED: dict[str, list[str]] = json.loads((Path(__file__).parent / "references" / "nn.json").read_text())


@pytest.mark.parametrize("name", nn_cases.CASES)
def test_prints_as_pytorch(name: str) -> None:
    assert nn_cases.run(torch, nn_cases.CASES[name]).split("\n") == EXPECTED[name]


def test_every_recorded_case_is_run() -> None:
    assert set(EXPECTED) == set(nn_cases.CASES)


GENERAL = {
    "mse_loss": lambda x: nn.functional.mse_loss(x, torch.ones_like(x) / 3),
    "smooth_l1_loss": lambda x: nn.functional.smooth_l1_loss(x, torch.ones_like(x) / 3, beta=0.7),
    "huber_loss": lambda x: nn.functional.huber_loss(x, torch.ones_like(x) / 3, delta=0.7),
    "binary_cross_entropy": lambda x: nn.functional.binary_cross_entropy(x.sigmoid(), torch.ones_like(x) / 3),
    "logits": lambda x: nn.functional.binary_cross_entropy_with_logits(x, torch.ones_like(x) / 3),
    "weighted logits": lambda x: nn.functional.binary_cross_entropy_with_logits(
        x, torch.ones_like(x) / 3, torch.rand_like(x) * 0 + 2, pos_weight=torch.ones_like(x) * 3
    ),
    "soft_margin_loss": lambda x: nn.functional.soft_margin_loss(x, torch.ones_like(x)),
    "cross_entropy": lambda x: nn.functional.cross_entropy(x, torch.tensor([0, 2, 1]), label_smoothing=0.1),
    "layer_norm": lambda x: nn.functional.layer_norm(x, (4,), torch.arange(4.0).double()).pow(2),
    "batch_norm": lambda x: nn.functional.batch_norm(x, None, None, training=True).pow(3),
    "group_norm": lambda x: nn.functional.group_norm(x.reshape(1, 4, 3), 2).pow(3),
    "embedding": lambda x: nn.functional.embedding(torch.tensor([0, 2, 2]), x).pow(2),
    "conv2d": lambda x: nn.functional.conv2d(x.reshape(1, 1, 3, 4), x[:2, :2].reshape(1, 1, 2, 2), padding=1),
    "conv_transpose": lambda x: nn.functional.conv_transpose1d(
        x.reshape(1, 3, 4), x[:, :2].reshape(3, 1, 2), stride=2
    ),
    "max_pool2d": lambda x: nn.functional.max_pool2d(x.reshape(1, 1, 3, 4), 2, 1).pow(2),
    "avg_pool2d": lambda x: nn.functional.avg_pool2d(x.reshape(1, 1, 3, 4), 2, 1, 1).pow(2),
    "adaptive": lambda x: nn.functional.adaptive_avg_pool2d(x.reshape(1, 1, 3, 4), (2, 3)).pow(2),
    "bilinear": lambda x: nn.functional.bilinear(x, x * 2, x[:2, :, None] * x[0]),
    "attention": lambda x: nn.functional.scaled_dot_product_attention(x, x, x, is_causal=True),
    **{name: getattr(nn.functional, name) for name in nn_cases.ACTIVATIONS},
    "gelu tanh": lambda x: nn.functional.gelu(x, approximate="tanh"),
    "prelu": lambda x: nn.functional.prelu(x, x[0, :1]),
    "glu": nn.functional.glu,
}


@pytest.mark.parametrize("name", GENERAL)
def test_first_and_second_derivatives(name: str) -> None:
    """Against differences, in float64, away from kinks."""
    torch.manual_seed(3)
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(GENERAL[name], (x,))
    assert torch.autograd.gradgradcheck(GENERAL[name], (x,))


def test_linear_of_the_tutorial_has_pytorchs_weights() -> None:
    """The first numbers of ``manual_seed(0); nn.Linear(1000, 100)`` in PyTorch 2.13."""
    torch.manual_seed(0)
    layer = nn.Linear(1000, 100)
    assert layer.weight[0, :3].tolist() == [
        -0.0002367540291743353,
        0.016963835805654526,
        -0.026026971638202667,
    ]
    assert layer.bias is not None
    assert layer.bias[-2:].tolist() == [-0.028571326285600662, -0.005202251952141523]


def test_zero_grad_fills_zeros_unless_told_otherwise() -> None:
    """The one departure from PyTorch 2: the tutorial prints the zeros."""
    layer = nn.Linear(2, 2)
    layer(torch.ones(1, 2)).sum().backward()
    grad = layer.weight.grad
    assert grad is not None
    layer.zero_grad()
    assert layer.weight.grad is grad
    assert grad.tolist() == [[0, 0], [0, 0]]
    layer.zero_grad(set_to_none=True)
    assert layer.weight.grad is None


def test_zero_grad_after_create_graph_cuts_the_old_gradient_off() -> None:
    weight = nn.Parameter(torch.ones(2, 3))
    weight.sum().backward(create_graph=True)
    kept = weight.grad
    assert kept is not None
    nn.ParameterList([weight]).zero_grad()
    assert kept.grad_fn is None
    assert kept.tolist() == [[0, 0, 0], [0, 0, 0]]


class Scopes(Observer):
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def scope_begin(self, kind: str, name: str, owner: object) -> None:
        self.seen.append((kind, name))

    def scope_end(self, kind: str, name: str, owner: object) -> None:
        self.seen.append(f"end {name}")

    def before_write(self, tensor: torch.Tensor) -> None:
        self.seen.append("write")

    def parameter_updated(self, parameter: torch.Tensor, optimizer: object) -> None:
        self.seen.append("updated")


def test_observers_see_module_calls_and_optimizer_steps() -> None:
    model = nn.Sequential(nn.Linear(1, 1, bias=False))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.ones(1, 1)).sum().backward()
    watcher = Scopes()
    add_observer(watcher)
    try:
        model(torch.ones(1, 1))
        with pytest.raises(RuntimeError):
            model(torch.ones(1, 2))
        optimizer.step()
    finally:
        remove_observer(watcher)
    call = [("module", "Sequential"), ("module", "Linear"), "end Linear", "end Sequential"]
    assert watcher.seen == [*call, *call, ("optimizer", "SGD.step"), "write", "updated", "end SGD.step"]


def test_a_parameter_shares_memory_and_version_with_its_data() -> None:
    data = torch.ones(2)
    parameter = nn.Parameter(data)
    squared = (parameter * parameter).sum()
    data.add_(1)
    assert parameter.tolist() == [2, 2]
    with pytest.raises(RuntimeError, match="is at version 1; expected version 0 instead"):
        squared.backward()


def test_parameter_of_something_else_fails_as_in_pytorch() -> None:
    with pytest.raises(AttributeError, match=r"'list' object has no attribute 'detach'"):
        nn.Parameter([1.0, 2.0])  # type: ignore[arg-type]


def test_calling_a_module_costs_little() -> None:
    """Measured 5.5 times a plain method call (PyTorch: 15)."""

    class Plain:
        def forward(self, value: Any) -> Any:
            return value

    x, module, plain = torch.ones(1), nn.Identity(), Plain()
    assert ratio(lambda: module(x), lambda: plain.forward(x)) < 11


def test_alpha_dropout_of_a_number_without_dimensions() -> None:
    dropped = torch.nn.functional.alpha_dropout(torch.tensor(1.0), 0.5, training=True)
    assert dropped.shape == ()
    assert repr(dropped).startswith("tensor(")
