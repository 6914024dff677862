"""Data sets, samplers and loaders against what PyTorch prints for the programs of data_cases.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import engine as torch
from engine.utils.data import DataLoader, TensorDataset
from tests.engine import data_cases, nn_cases

EXPECTED: dict[str, list[str]] = json.loads((Path(__file__).parent / "references" / "data.json").read_text())


@pytest.mark.parametrize("name", data_cases.CASES)
def test_prints_as_pytorch(name: str) -> None:
    assert nn_cases.run(torch, data_cases.CASES[name]).split("\n") == EXPECTED[name]


def test_every_recorded_case_is_run() -> None:
    assert set(EXPECTED) == set(data_cases.CASES)


def test_workers_are_accepted_and_change_nothing() -> None:
    data = TensorDataset(torch.arange(10))
    passes = []
    for workers in (0, 4):
        torch.manual_seed(1)
        loader = DataLoader(data, 3, shuffle=True, num_workers=workers, persistent_workers=workers > 0)
        passes.append([batch[0].tolist() for batch in loader])
    assert passes[0] == passes[1]
    assert sorted(n for batch in passes[0] for n in batch) == list(range(10))
