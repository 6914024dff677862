"""No test may leave the engine other than it found it: that would make another test pass or fail by its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from engine import dtypes, printing
from engine.state import S


def _state() -> dict[str, Any]:
    return {
        "grad mode": S.grad_enabled,
        "observers": S.observers,
        "slow path": S.slow,
        "print options": asdict(printing.OPTIONS),
        "default dtype": dtypes.get_default_dtype(),
    }


@pytest.fixture(autouse=True)
def engine_left_as_found() -> Iterator[None]:
    before = _state()
    yield
    after = _state()
    S.grad_enabled, S.observers, S.slow = True, (), False
    vars(printing.OPTIONS).update(before["print options"])
    dtypes.set_default_dtype(dtypes.float32)
    changed = {name: value for name, value in after.items() if value != before[name]}
    assert not changed, f"the test leaks {changed}"
