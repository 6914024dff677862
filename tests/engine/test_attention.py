"""Attention and transformers against what PyTorch prints for the programs of attention_cases.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import engine as torch
from tests.engine import attention_cases, nn_cases

EXPECTED: dict[str, list[str]] = json.loads(
    (Path(__file__).parent / "references" / "attention.json").read_text()
)


@pytest.mark.parametrize("name", attention_cases.CASES)
def test_prints_as_pytorch(name: str) -> None:
    assert nn_cases.run(torch, attention_cases.CASES[name]).split("\n") == EXPECTED[name]


def test_every_recorded_case_is_run() -> None:
    assert set(EXPECTED) == set(attention_cases.CASES)
