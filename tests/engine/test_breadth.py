"""The rest of PyTorch's names against what it prints for the programs of breadth_cases.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import engine as torch
from tests.engine import breadth_cases, nn_cases

EXPECTED: dict[str, list[str]] = json.loads(
    (Path(__file__).parent / "references" / "breadth.json").read_text()
)


@pytest.mark.parametrize("name", breadth_cases.CASES)
def test_prints_as_pytorch(name: str) -> None:
    assert nn_cases.run(torch, breadth_cases.CASES[name]).split("\n") == EXPECTED[name]


def test_every_recorded_case_is_run() -> None:
    assert set(EXPECTED) == set(breadth_cases.CASES)
