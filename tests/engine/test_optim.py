"""Optimizers and schedulers against what PyTorch prints for the programs of optim_cases.py."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any
from weakref import ref

import numpy as np
import pytest

import engine as torch
from engine import nn, optim
from engine.optim import kernels
from engine.optim.formula import FormulaOptimizer
from tests.engine import nn_cases, optim_cases

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
    with pytest.raises(NotImplementedError, match=r"Optimizer must define step\(\)"):
        optim.Optimizer([weight], {}).step()


SETTINGS: list[tuple[type[optim.Optimizer], dict[str, Any]]] = [
    (optim.Adam, {}),
    (optim.Adam, {"amsgrad": True, "weight_decay": 0.1, "maximize": True}),
    (optim.AdamW, {"lr": 0.1}),
    (optim.NAdam, {"decoupled_weight_decay": True, "weight_decay": 0.1}),
    (optim.RAdam, {"betas": (0.8, 0.9)}),
    (optim.Adamax, {}),
    (optim.RMSprop, {"centered": True, "momentum": 0.5}),
    (optim.Adagrad, {"lr_decay": 0.1}),
    (optim.Adadelta, {"weight_decay": 0.1}),
    (optim.ASGD, {"t0": 3}),
    (optim.Rprop, {}),
]


def trained(
    make: type[optim.Optimizer], settings: dict[str, Any], dtype: torch.dtype, seed: int
) -> list[bytes]:
    """All bits of parameters and state after steps among which the program does this and that."""
    rng = np.random.default_rng(seed)

    def random(*shape: int) -> torch.Tensor:
        imaginary = 1j * rng.standard_normal(shape) if dtype.is_complex else 0
        return torch.tensor((rng.standard_normal(shape) + imaginary).tolist(), dtype=dtype)

    params = [nn.Parameter(random(*shape)) for shape in ((3, 2), (2,), (4,), (2, 1, 2), (), (0,))]
    optimizer = make([{"params": params[:4]}, {"params": params[4:], "lr": 0.5}], **settings)
    seen: list[bytes] = []
    for _ in range(60):
        match rng.integers(12):
            case 0:
                params[rng.integers(6)].grad = None
            case 1:
                for p in params:
                    p.grad = None
            case 2:
                p = params[rng.integers(4)]
                p.data = random(*p.shape)
            case 3:
                optimizer.load_state_dict(optimizer.state_dict())
            case 4:
                optimizer.state.pop(params[rng.integers(1, 4)], None)
            case 5:
                with torch.no_grad():
                    nn.init.ones_(params[rng.integers(4)])
            case 6:
                state = optimizer.state[params[0]]
                name = [n for n in state if state[n].shape == params[0].shape]
                if name:
                    state[name[0]] = torch.ones_like(params[0])
            case 7:
                optimizer.param_groups[0]["lr"] = rng.random()
            case _:
                for p in params:
                    p.grad = random(*p.shape)
        optimizer.step()
        optimizer.step()
        seen += [p._data.tobytes() + str(p._version).encode() for p in params]
        seen += [v._data.tobytes() for p in params for v in optimizer.state[p].values()]
        for p in params:
            if not optimizer.state[p]:
                del optimizer.state[p]
    return seen


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.complex64])
@pytest.mark.parametrize(("make", "settings"), SETTINGS)
def test_stepping_together_changes_no_bit(
    make: type[optim.Optimizer], settings: dict[str, Any], dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(3):
        together = trained(make, settings, dtype, seed)
        with monkeypatch.context() as patch:
            patch.setattr(FormulaOptimizer, "joins", False)
            assert trained(make, settings, dtype, seed) == together


def test_small_parameters_are_stepped_together() -> None:
    """Or the tests above would prove nothing."""
    params = [nn.Parameter(torch.ones(n)) for n in (3, 4, 5000, 2)]
    optimizer = optim.Adam(params)
    for _ in range(2):
        for p in params:
            p.grad = torch.ones_like(p)
        optimizer.step()
    averages = [optimizer.state[p]["exp_avg"]._data for p in params]
    assert averages[0].base is averages[1].base is averages[3].base is not None
    assert averages[2].base is None


def test_state_that_a_program_looks_at_stays_where_it_is() -> None:
    params = [nn.Parameter(torch.ones(n)) for n in (3, 4)]
    optimizer = optim.Adam(params)
    for p in params:
        p.grad = torch.ones_like(p)
    optimizer.step()
    array = optimizer.state[params[0]]["exp_avg"].numpy()
    view = optimizer.state[params[1]]["exp_avg"][1:]
    for _ in range(3):
        optimizer.step()
    assert array.tolist() == optimizer.state[params[0]]["exp_avg"].tolist()
    assert view.tolist() == optimizer.state[params[1]]["exp_avg"][1:].tolist()


def test_the_buffers_die_with_the_optimizer() -> None:
    params = [nn.Parameter(torch.ones(n)) for n in (3, 4)]
    optimizer = optim.Adam(params)
    for p in params:
        p.grad = torch.ones_like(p)
    optimizer.step()
    optimizer.step()
    flat = ref(optimizer.state[params[0]]["exp_avg"]._data.base)
    assert flat() is not None
    gc.disable()
    try:
        del optimizer
        assert flat() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_multiplication_and_an_addition_are_rounded_once(dtype: type[np.floating[Any]]) -> None:
    rng = np.random.default_rng(1)
    for shape in ((1,), (7,), (33,), (12_345,), (3, 5), (0,), ()):
        a, b = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
        for x, y in ((a, b), (a.T, b.T), (a[..., ::-1], b[..., ::-1]) if shape else (a, b)):
            expected = [
                dtype(Fraction(float(p)) + Fraction(float(dtype(0.3))) * Fraction(float(q)))
                for p, q in zip(x.flat, y.flat, strict=True)
            ]
            got = x.copy()
            kernels.add(got, y, 0.3)
            if dtype is np.float32 or y.flags.c_contiguous:
                assert got.ravel().tolist() == [float(e) for e in expected]
            assert kernels.plus(x, y, 0.3).tolist() == got.tolist()
    zeros = np.zeros(3, dtype)
    kernels.add(zeros, np.array([np.inf, np.nan, 1], dtype), 0)
    assert np.isnan(zeros[:2]).all()
    assert zeros[2] == 0


def test_clipping_is_recorded_where_somebody_watches() -> None:
    """And comes to the same."""

    def clipped() -> tuple[list[float], float]:
        params = [nn.Parameter(torch.zeros(n)) for n in (3, 40)]
        torch.manual_seed(1)
        for p in params:
            p.grad = torch.randn(p.shape)
        total = nn.utils.clip_grad_norm_(params, 1.0)
        return [v for p in params for v in p.grad.tolist()], total.item()

    with torch.autograd.profiler.profile() as profile:
        watched = clipped()
    assert clipped() == watched
    assert "aten::linalg_vector_norm" in {row.key for row in profile.key_averages()}


@pytest.mark.parametrize(
    "change",
    [
        lambda weight: nn.utils.clip_grad_norm_([weight], 0.1),
        lambda weight: nn.utils.clip_grad_value_([weight], 0.1),
        lambda weight: optim.SGD([weight], lr=0.1).zero_grad(),
    ],
)
def test_a_changed_gradient_that_was_saved_is_noticed(change: Callable[[nn.Parameter], object]) -> None:
    weight = nn.Parameter(torch.ones(3))
    weight.grad = torch.ones(3)
    loss = (weight * weight.grad).sum()
    change(weight)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam])
def test_a_step_between_forward_and_backward_is_noticed(make: type[optim.Optimizer]) -> None:
    weight, bias = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))
    weight.grad, bias.grad = torch.ones(3), torch.ones(3)
    optimizer = make([weight, bias], lr=0.1)  # type: ignore[call-arg]
    for _ in range(3):
        loss = (weight * weight + bias).exp().sum()
        optimizer.step()
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            loss.backward()
