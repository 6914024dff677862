"""What a served device draws: the numbers of a device of one's own, bit for bit."""

from __future__ import annotations

import functools

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
        monkeypatch.setattr(backend, "cupy", functools.cache(lambda there=there: there))
        engine.manual_seed(5)
        made = draw()
        assert made.is_cuda
        drawn.append(backend.to_host(made._data))
        del made
    assert drawn[0].dtype == drawn[1].dtype
    assert drawn[0].tobytes() == drawn[1].tobytes()
    monkeypatch.undo()
