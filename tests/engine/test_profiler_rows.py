"""The rows of a profile are PyTorch's: name, nesting, order and input shapes, as recorded from it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from engine import alias
from tests.programs import profiles


@pytest.fixture(autouse=True)
def torch_is_the_engine() -> Iterator[None]:
    alias.install()
    yield
    alias.uninstall()


@pytest.mark.parametrize("name", profiles.names())
def test_rows_are_pytorchs(name: str) -> None:
    recorded = json.loads(profiles.REFERENCES.read_text(encoding="utf-8"))[name]
    assert recorded["program"] == profiles.digest(name), "changed since: tests/programs/profiles.py record"
    found = profiles.lines(profiles.rows(name))
    assert found, "no rows at all"
    text = profiles.difference(recorded["rows"], found)
    assert not text, text
