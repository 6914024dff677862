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


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("torch.to_dlpack", "module 'torch' has no attribute 'to_dlpack'. PyTorch 2.13 has torch.to_dlpack"),
        ("torch.no_such_name", "module 'torch' has no attribute 'no_such_name'"),
        ("torch.nn.LinearCrossEntropyLoss", "PyTorch 2.13 has torch.nn.LinearCrossEntropyLoss"),
        ("torch.ones(1).to_sparse()", "'Tensor' object has no attribute 'to_sparse'. PyTorch 2.13 has"),
        ("torch.ones(1).no_such_name", "'Tensor' object has no attribute 'no_such_name'"),
    ],
)
def test_absent_names_are_told_apart(program: str, said: str) -> None:
    with pytest.raises(AttributeError) as caught:
        eval(program, {"torch": torch})
    assert str(caught.value).startswith(said) or said in str(caught.value)
    assert ("docs/missing.md" in str(caught.value)) == ("no_such" not in program)


def test_absent_names_are_absent() -> None:
    assert not hasattr(torch.Tensor, "to_sparse")
    assert not hasattr(torch, "to_dlpack")
