"""Optimizers on a device: the numbers of the CPU, one launch a step, and nothing brought to the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine
from engine import backend
from engine.optim.formula import FormulaOptimizer
from engine.tensor import Tensor
from tests.gpu import standin

optim = engine.optim
Make = Callable[[Any], FormulaOptimizer]

OPTIMIZERS: dict[str, Make] = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "SGD with decay": lambda p: optim.SGD(p, lr=0.1, weight_decay=0.01, maximize=True),
    "SGD with momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.1, weight_decay=0.01),
    "SGD of Nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": lambda p: optim.Adam(p, lr=0.1, weight_decay=0.01),
    "Adam, amsgrad": lambda p: optim.Adam(p, lr=0.1, amsgrad=True, maximize=True),
    "AdamW": lambda p: optim.AdamW(p, lr=0.1),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.1),
    "RMSprop, centered": lambda p: optim.RMSprop(p, lr=0.1, centered=True, momentum=0.9, weight_decay=0.1),
    "Adagrad": lambda p: optim.Adagrad(p, lr=0.1, lr_decay=0.01, initial_accumulator_value=0.1),
    "Adadelta": lambda p: optim.Adadelta(p, lr=0.1),
    "Adamax": lambda p: optim.Adamax(p, lr=0.1),
    "NAdam": lambda p: optim.NAdam(p, lr=0.1),
    "RAdam": lambda p: optim.RAdam(p, lr=0.1),
    "ASGD": lambda p: optim.ASGD(p, lr=0.1, t0=2),
    "Rprop": lambda p: optim.Rprop(p, lr=0.1),
}
SHAPES = ((3, 4), (4,), (), (2, 1, 3))
TOLERANCES = {engine.float32: 2e-5, engine.float64: 1e-12}


def _parameters(dtype: Any, device: str | None) -> list[Tensor]:
    rng = np.random.default_rng(5)
    return [
        engine.tensor(rng.normal(size=shape), dtype=dtype, device=device, requires_grad=True)
        for shape in SHAPES
    ]


def _loss(params: list[Tensor]) -> Tensor:
    total = params[0].sum()
    for k, p in enumerate(params):
        total = total + (p.sin() * (k + 1)).sum()
    return total


def _train(optimizer: FormulaOptimizer, params: list[Tensor], steps: int, to_none: bool = False) -> None:
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=to_none)
        _loss(params).backward()
        optimizer.step()


def _same(there: list[Tensor], here: list[Tensor], dtype: Any) -> None:
    for a, b in zip(there, here, strict=True):
        np.testing.assert_allclose(
            backend.to_host(a._data), b._data, rtol=TOLERANCES[dtype], atol=TOLERANCES[dtype] / 10
        )


def _state(optimizer: FormulaOptimizer, params: list[Tensor]) -> list[Tensor]:
    return [t for p in params for _, t in sorted(optimizer.state[p].items())]


@pytest.mark.parametrize("to_none", [False, True], ids=["zeros", "none"])
@pytest.mark.parametrize("dtype", TOLERANCES, ids=str)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_those_of_the_host(cupy: Any, name: str, dtype: Any, to_none: bool) -> None:
    here, there = _parameters(dtype, None), _parameters(dtype, "cuda")
    on_host, on_device = OPTIMIZERS[name](here), OPTIMIZERS[name](there)
    _train(on_host, here, 6, to_none)
    _train(on_device, there, 6, to_none)
    _same(there, here, dtype)
    _same(_state(on_device, there), _state(on_host, here), dtype)


def _launches(optimizer: FormulaOptimizer) -> tuple[list[str], list[str]]:
    with standin.watched() as transfers:
        optimizer.step()
        return transfers.launched, transfers.down + transfers.up


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_is_one_launch_and_copies_nothing(stand_in: Any, name: str) -> None:
    params = _parameters(engine.float32, "cuda")
    optimizer = OPTIMIZERS[name](params)
    _train(optimizer, params, 4)
    launched, copies = _launches(optimizer)
    assert launched == [f"{type(optimizer).__name__}_step"]
    assert not copies
    optimizer.zero_grad(set_to_none=True)
    _loss(params).backward()
    launched, copies = _launches(optimizer)
    assert launched == [f"{type(optimizer).__name__}_step"] * len(SHAPES), "gradients anew: a launch for each"
    assert not copies


def test_gradients_in_one_array_are_zeroed_by_one_launch(stand_in: Any) -> None:
    params = _parameters(engine.float32, "cuda")
    other = engine.ones(2, device="cuda", requires_grad=True)
    optimizer = optim.SGD(params, lr=0.1)
    _train(optimizer, params, 3)
    _loss(params).backward()
    versions = [p.grad._version for p in params if p.grad is not None]
    with standin.watched() as transfers:
        optimizer.zero_grad()
        assert transfers.launched == ["fill"]
    assert all(p.grad is not None and not p.grad.count_nonzero().item() for p in params)
    assert [p.grad._version for p in params if p.grad is not None] == [v + 1 for v in versions]
    optimizer.add_param_group({"params": [other]})
    _loss([*params, other]).backward()
    params[0].grad = engine.ones(3, 4, device="cuda")
    optimizer.zero_grad()
    assert all(p.grad is not None and not p.grad.count_nonzero().item() for p in (*params, other))
    optimizer.zero_grad(set_to_none=True)
    assert all(p.grad is None for p in (*params, other))


def test_a_whole_training_step_copies_nothing(stand_in: Any) -> None:
    nn = engine.nn
    with engine.device("cuda"):
        model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
        x, y = engine.randn(5, 3), engine.tensor([0, 1, 1, 0, 1])
    optimizer = optim.AdamW(model.parameters())
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    for k in range(5):
        with standin.watched() as transfers:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            scheduler.step()
            assert not transfers.down, f"step {k}"
    assert loss.item() < 2


def test_parameters_that_others_look_at_stay_where_they_are(cupy: Any) -> None:
    params = _parameters(engine.float64, "cuda")
    alias = params[0].detach()
    optimizer = optim.SGD(params, lr=0.1, momentum=0.9)
    _train(optimizer, params, 4)
    np.testing.assert_array_equal(backend.to_host(alias._data), backend.to_host(params[0]._data))


def test_settings_may_change_at_any_step(cupy: Any) -> None:
    here, there = _parameters(engine.float64, None), _parameters(engine.float64, "cuda")
    on_host, on_device = optim.SGD(here, lr=0.1), optim.SGD(there, lr=0.1)
    for optimizer, params in ((on_host, here), (on_device, there)):
        _train(optimizer, params, 3)
        optimizer.param_groups[0].update(lr=0.05, momentum=0.5)
        _train(optimizer, params, 3)
        optimizer.param_groups[0].update(weight_decay=0.1)
        _train(optimizer, params, 2)
    _same(there, here, engine.float64)
    _same(_state(on_device, there), _state(on_host, here), engine.float64)


def test_saved_and_loaded_it_goes_on(cupy: Any) -> None:
    here, there = _parameters(engine.float64, None), _parameters(engine.float64, "cuda")
    for params in (here, there):
        optimizer = optim.Adam(params, lr=0.1)
        _train(optimizer, params, 3)
        saved = optimizer.state_dict()
        optimizer = optim.Adam(params, lr=0.2)
        optimizer.load_state_dict(saved)
        _train(optimizer, params, 3)
    _same(there, here, engine.float64)


@pytest.mark.parametrize("name", ["SGD of Nesterov", "Adam"])
def test_float16(cupy: Any, name: str) -> None:
    """Computed in float32 and rounded once."""
    values = [np.linspace(-1, 1, 4), np.linspace(0.5, 2, 3)]
    wide = [engine.tensor(v, dtype=engine.float32, requires_grad=True) for v in values]
    half = [engine.tensor(v, dtype=engine.float16, device="cuda", requires_grad=True) for v in values]
    for params in (wide, half):
        optimizer = OPTIMIZERS[name](params)
        for _ in range(4):
            for p in params:
                p.grad = p.detach() * 0.5
            optimizer.step()
    for a, b in zip(half, wide, strict=True):
        assert a.dtype is engine.float16
        np.testing.assert_allclose(backend.to_host(a._data), b.detach()._data, rtol=4e-3, atol=2e-3)


def test_capturable_counts_on_the_device(stand_in: Any) -> None:
    here, there = _parameters(engine.float32, None), _parameters(engine.float32, "cuda")
    on_host = optim.Adam(here, lr=0.1)
    on_device = optim.Adam(there, lr=engine.tensor(0.1, device="cuda"), capturable=True)
    _train(on_host, here, 5)
    _train(on_device, there, 5)
    for a, b in zip(
        there, here, strict=True
    ):  # 1 - 0.999 ** step in float32, as PyTorch's capturable steps have it
        np.testing.assert_allclose(backend.to_host(a._data), b.detach()._data, rtol=1e-4, atol=1e-4)
    assert on_device.state[there[0]]["step"].is_cuda
    assert on_device.state[there[0]]["step"].item() == 5
    launched, copies = _launches(on_device)
    assert launched == ["__iadd__", "Adam_step"]
    assert not copies
