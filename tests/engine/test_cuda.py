"""``torch.cuda`` where there is no CUDA: what PyTorch's build without CUDA gives, raises and warns of."""

from __future__ import annotations

import json

import pytest

import engine
from engine import backend
from tests.engine import record_cuda

RECORDED = json.loads(record_cuda.REFERENCES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("program", record_cuda.PROGRAMS)
def test_without_a_device(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """The same value, or the same error; behind PyTorch's message may stand what to do."""
    monkeypatch.setattr(backend, "cupy", lambda: None)
    found, expected = record_cuda.done(engine, program), RECORDED[program]
    if "message" in expected:
        # Of PyTorch's advice on linking libraries, and on operators that are missing, only the first sentence.
        start = expected["message"].partition(" PyTorch splits its backend")[0]
        start = start.partition(" This could be because the operator")[0]
        assert found.get("message", "").startswith(start), found
        found, expected = {**found, "message": ""}, {**expected, "message": ""}
    assert found == expected


def test_everything_recorded_is_asked() -> None:
    assert set(RECORDED) == set(record_cuda.PROGRAMS)
