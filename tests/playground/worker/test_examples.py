"""The gallery: every program runs, says something, and draws a graph."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import playground
from playground import protocol as p
from tests.playground.worker.conftest import Runner

FOLDER = Path(playground.__file__).parent / "examples"
EXAMPLES = sorted(path for path in FOLDER.glob("*.py") if "\nSection: Templates.\n" not in path.read_text())
"""The templates have tests of their own."""
FAILING = {"05_in_place": ["leaf Variable", "modified by an inplace operation"]}
"""Examples whose point is an error."""


def test_there_is_one_for_each_section() -> None:
    sections = {re.search(r"^Section: (.+)\.$", path.read_text(), re.MULTILINE)[1] for path in EXAMPLES}  # type: ignore[index]
    assert sections >= {
        "A simple example",
        "Autograd in training",
        "Turning autograd off and on",
        "Autograd and in-place operations",
        "The autograd profiler",
        "Vector-Jacobian products",
        "The functional API",
    }
    assert len(EXAMPLES) >= 10


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs(play: Runner, path: Path) -> None:
    code = path.read_text()
    assert re.match(r'"""[A-Z][^\n]+\. [A-Z][^\n]+\.\n', code)
    result = play(code)
    wrong = FAILING.get(path.stem, [])
    assert len(result.errors) == len(wrong), result.errors
    for error, words in zip(result.errors, wrong, strict=True):
        assert words in error.message
    cells = result.of(p.Started)[0].cells
    assert len(cells) >= 3
    assert all(cell.title for cell in cells)
    assert result.text()
    assert result.nodes
    assert not result.text("stderr")
    if "plt" in code:
        assert result.figures
    assert not result.notices
    assert result.finished.wall_ms < 5_000
