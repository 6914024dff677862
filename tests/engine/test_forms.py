"""Every form of a call does in the engine what it does in PyTorch; see form_cases.py.

Where it does otherwise, forms_differ.json says so, and nothing else may: an entry that is no longer true fails too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import engine as torch
from tests.engine import form_cases as cases

HERE = Path(__file__).parent
EXPECTED: dict[str, dict[str, Any]] = json.loads((HERE / "references" / "forms.json").read_text())
DIFFER: dict[str, dict[str, Any]] = json.loads((HERE / "forms_differ.json").read_text())


@pytest.mark.parametrize(
    ("part", "call"), [(part, call) for part, calls in EXPECTED.items() for call in calls]
)
def test_as_recorded(part: str, call: str) -> None:
    assert cases.all_differences(torch, EXPECTED, part, call) == DIFFER[part].get(call, {})


def test_every_call_is_recorded() -> None:
    assert set(EXPECTED["edges"]) == set(cases.expressions())
    assert all(call in EXPECTED[part] for part, calls in DIFFER.items() for call in calls)
