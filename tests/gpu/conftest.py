"""What a device is in these tests: CuPy's on a card (marked ``gpu``), and everywhere its stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine import backend, elementwise, philox, random, rejection, rounds, sampling
from engine.backend import ArrayModule
from engine.cuda import graphs
from engine.ops import conv, nn
from engine.registry import OPS
from tests.gpu import standin

REAL = backend.cupy()


def _forget() -> None:
    """What was compiled and what is still asked of one of the two is nothing to the other."""
    backend._PENDING.clear()
    backend.RECORDED.clear()
    graphs.graph.default_capture_stream = None
    for which in backend.TF32:
        backend.allow_tf32(which, None)
    random._DEVICES.clear()
    philox.kernel.cache_clear()
    elementwise.compiled.cache_clear()
    conv._table.cache_clear()
    for op in OPS.values():
        op.__dict__.pop("device_node", None)
        op.__dict__.pop("on_device", None)
        op.device_call = None
    for piece in (*vars(nn).values(), *vars(conv).values(), *vars(rounds).values()):
        if isinstance(piece, elementwise.Elementwise):
            piece.launches.clear()


@pytest.fixture(
    params=[
        "stand-in",
        pytest.param(
            "CuPy",
            marks=[
                pytest.mark.gpu,
                pytest.mark.skipif(REAL is None, reason="there is no CuPy or no CUDA device here"),
            ],
        ),
    ]
)
def cupy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ArrayModule]:
    """CuPy, or what takes its place; there is a device while the test runs."""
    if request.param == "stand-in":
        yield from _standing_in(monkeypatch)
        return
    _forget()
    yield REAL
    _forget()


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[ArrayModule]:
    """What takes CuPy's place, for tests of what only it can see: launches and copies."""
    yield from _standing_in(monkeypatch)


def _standing_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[ArrayModule]:
    scipy = backend.scipy
    monkeypatch.setattr(backend, "cupy", lambda: standin.CUPY)
    monkeypatch.setattr(backend, "_LOADED", [standin.CUPY])
    monkeypatch.setattr(
        backend, "scipy", lambda xp, part: standin.scipy(part) if xp is standin.CUPY else scipy(xp, part)
    )
    _forget()
    yield standin.CUPY
    _forget()


@pytest.fixture
def numbers_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random numbers for tensors on a device are the CPU's, brought there: else nothing random could be compared.

    What a device draws of its own is held by test_random.py.
    """
    monkeypatch.setattr(random, "generator_for", lambda where, given=None: given or random.default_generator)
    for module, names in (
        (sampling, ("bernoulli", "multinomial")),
        (rejection, ("gamma", "dirichlet", "poisson", "binomial")),
    ):
        for name in names:
            monkeypatch.setattr(module, name, _of_the_host(getattr(module, name)))


def _of_the_host(draw: Any) -> Any:
    """`draw` of the numbers of arrays on a device, its result brought there too."""

    def call(*args: Any) -> Any:
        like = args[0]
        drawn = draw(*(backend.to_host(a) if hasattr(a, "strides") else a for a in args))
        return backend.beside(like, drawn)

    return call
