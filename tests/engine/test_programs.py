"""Every program in tests/programs/cases prints here what PyTorch prints; the references are recorded from PyTorch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine import alias
from engine.state import Observer, add_observer, remove_observer
from tests.programs import harness

REFERENCES = harness.load_references()


@pytest.fixture(autouse=True)
def torch_is_the_engine() -> Iterator[None]:
    alias.install()
    yield
    alias.uninstall()


@pytest.mark.parametrize("name", harness.names())
def test_prints_what_pytorch_prints(name: str) -> None:
    reference = REFERENCES["programs"].get(name)
    assert reference is not None, f"{name} has no reference; run tests/programs/oracle.py record with PyTorch"
    assert reference["source"] == harness.digest(name), f"{name} was changed after recording; record it again"
    problem = harness.difference(harness.from_json(reference), harness.execute(name), harness.tolerance(name))
    assert not problem, f"\n{problem}"


class _Watcher(Observer):
    """Sees everything and does nothing; watched operations take another road through the engine."""


class _InnerWatcher(Observer):
    backward_ops = True


@pytest.mark.parametrize("kind", [_Watcher, _InnerWatcher])
@pytest.mark.parametrize("name", harness.names())
def test_watching_changes_nothing(name: str, kind: type[Observer]) -> None:
    watcher = kind()
    add_observer(watcher)
    try:
        actual = harness.execute(name)
    finally:
        remove_observer(watcher)
    reference = harness.from_json(REFERENCES["programs"][name])
    problem = harness.difference(reference, actual, harness.tolerance(name))
    assert not problem, f"\n{problem}"


def test_references_are_of_these_programs() -> None:
    assert sorted(REFERENCES["programs"]) == harness.names()
    assert REFERENCES["torch"] == "2.13.0"
    assert len(harness.names()) >= 60


@pytest.mark.parametrize("name", [name for name in harness.names() if not harness.is_template(name)])
def test_program_is_one_readable_page(name: str) -> None:
    lines = harness.source(name).splitlines()
    assert lines[0].startswith("# ")
    assert lines[0].endswith(".")
    # Those of a course are pasted whole, as learners do.
    assert 8 <= len(lines) <= (240 if name.startswith("course_") else 65)
    assert any(line.startswith(("import torch", "from torch")) for line in lines)


@pytest.mark.parametrize(
    ("expected", "actual", "tolerance", "same"),
    [
        ("tensor([1.0000])", "tensor([1.0000])", None, True),
        ("tensor([1.0000])", "tensor([1.0001])", None, False),
        ("tensor([1.0000])", "tensor([1.00001])", 1e-4, True),
        ("tensor([1.0000])", "tensor([1.1000])", 1e-4, False),
        ("tensor([1.0000], a)", "tensor([1.0000], b)", 1e-4, False),
        ("tensor([ 1.0, nan])", "tensor([1.0, nan])", 1e-4, True),
        ("tensor([1.0, inf])", "tensor([1.0, nan])", 1e-4, False),
        ("1 2", "1 2 3", 1e-4, False),
        ("1e-9", "-1e-9", 1e-4, True),
    ],
)
def test_comparison(expected: str, actual: str, tolerance: float | None, same: bool) -> None:
    problem = harness.difference(harness.Result([expected]), harness.Result([actual]), tolerance)
    assert (problem == "") is same


def test_comparison_sees_exceptions() -> None:
    quiet, loud = harness.Result(["1"]), harness.Result(["1"], "ValueError: no")
    assert harness.difference(quiet, loud, None)
    assert harness.difference(loud, quiet, None)
    assert harness.masked("<AddBackward0 object at 0x7f00aa>") == "<AddBackward0 object at 0x...>"
