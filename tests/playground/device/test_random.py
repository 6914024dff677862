"""What a served device draws: the numbers of a device of one's own, bit for bit."""

from __future__ import annotations

import pytest

import engine
from engine import backend
from playground.device.module import Module
from tests.gpu import standin
from tests.gpu.conftest import _forget as forget
from tests.gpu.test_random import DRAWS


@pytest.mark.parametrize("name", DRAWS)
def test_both_ways_draw_the_same(cupy: Module, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    draw = DRAWS[name][0]
    drawn = []
    for there in (cupy, standin.CUPY):
        forget()
        monkeypatch.setattr(backend, "cupy", lambda there=there: there)
        engine.manual_seed(5)
        made = draw()
        assert made.is_cuda
        drawn.append(backend.to_host(made._data))
        del made
    assert drawn[0].dtype == drawn[1].dtype
    assert drawn[0].tobytes() == drawn[1].tobytes()
    monkeypatch.undo()


def test_gradients_of_gamma_numbers_are_computed_there(cupy: Module, monkeypatch: pytest.MonkeyPatch) -> None:
    found, scipy = [], backend.scipy
    monkeypatch.setattr(
        backend, "scipy", lambda xp, part: standin.scipy(part) if xp is standin.CUPY else scipy(xp, part)
    )
    for there in (cupy, standin.CUPY):
        forget()
        monkeypatch.setattr(backend, "cupy", lambda there=there: there)
        engine.manual_seed(5)
        alpha = engine.linspace(0.1, 20.0, 60).reshape(20, 3).cuda().requires_grad_()
        engine.distributions.Gamma(alpha, alpha.detach(), validate_args=False).rsample().sum().backward()
        (engine.distributions.Dirichlet(alpha, validate_args=False).rsample() ** 2).sum().backward()
        assert alpha.grad is not None
        found.append(backend.to_host(alpha.grad._data))
        del alpha
    assert found[0].tobytes() == found[1].tobytes()
    monkeypatch.undo()
