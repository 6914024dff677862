"""Recurrent layers and packed sequences against what PyTorch prints for the programs of sequence_cases.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import engine as torch
from tests.engine import nn_cases, sequence_cases

EXPECTED: dict[str, list[str]] = json.loads(
    (Path(__file__).parent / "references" / "sequences.json").read_text()
)


@pytest.mark.parametrize("name", sequence_cases.CASES)
def test_prints_as_pytorch(name: str) -> None:
    assert nn_cases.run(torch, sequence_cases.CASES[name]).split("\n") == EXPECTED[name]


def test_every_recorded_case_is_run() -> None:
    assert set(EXPECTED) == set(sequence_cases.CASES)
