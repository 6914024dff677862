"""What a device is in these tests: CuPy's on a card (marked ``gpu``), and everywhere its stand-in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from engine import backend
from engine.backend import ArrayModule
from tests.gpu import standin

REAL = backend.cupy()


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
    backend._PENDING.clear()
    if request.param == "CuPy":
        yield REAL
    else:
        scipy = backend.scipy
        monkeypatch.setattr(backend, "cupy", lambda: standin.CUPY)
        monkeypatch.setattr(
            backend, "scipy", lambda xp, part: scipy(xp, part) if xp is np else standin.scipy(part)
        )
        yield standin.CUPY
    backend._PENDING.clear()
