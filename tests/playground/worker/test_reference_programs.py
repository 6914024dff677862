"""The playground's promise: a program written for PyTorch prints here, recorded and explained, what PyTorch prints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from playground.protocol import UserData
from tests.programs import harness

REFERENCES = harness.load_references()["programs"]


@pytest.mark.parametrize("name", [name for name in harness.names() if not harness.is_template(name)])
def test_prints_in_the_worker_what_pytorch_prints(name: str, play: Callable[..., Any]) -> None:
    table = harness.table(name)
    result = play(harness.source(name), data=table and msgspec.convert(table, UserData))
    exception = result.errors[0].message if result.errors else ""
    actual = harness.Result(harness.masked(result.text()).splitlines(), harness.masked(exception))
    problem = harness.difference(harness.from_json(REFERENCES[name]), actual, harness.tolerance(name))
    assert not problem, f"\n{problem}"
    assert result.finished.status == ("error" if result.errors else "ok")
