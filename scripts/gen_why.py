"""Recordings of the programs in `tests/why/programs.py`, for the tests of the page's explanations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import msgspec

from playground import protocol as p
from playground.runner.limits import Limits
from tests.why.programs import CASES


class _Channel:
    """Keeps what a worker sends."""

    def __init__(self) -> None:
        self.limits = Limits()
        self.sent_bytes = 0
        self.events: list[Any] = []

    def emit(self, event: p.WorkerEvent) -> None:
        self.events.append(event)

    def commands(self) -> Iterator[Any]:
        return iter(())

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        yield


def recorded(code: str) -> dict[str, Any]:
    """The graph that a program leaves, and the errors it ends in, without anything that differs from run to run."""
    from playground.worker.main import run_program

    channel = _Channel()
    run_program(p.Run(run="r", code=code), channel)  # type: ignore[arg-type]
    graph: dict[str, list[Any]] = {"nodes": [], "edges": [], "scopes": [], "steps": [], "clears": []}
    errors = []
    for event in channel.events:
        if isinstance(event, p.Error):
            errors.append(msgspec.to_builtins(event))
            errors[-1].pop("traceback", None)
        if isinstance(event, p.Graph):
            for key, some in graph.items():
                some += msgspec.to_builtins(getattr(event, key))
    for step in graph["steps"]:
        step.pop("time_us", None)
    return {"code": code, "graph": graph, "errors": errors}


def render() -> str:
    """One case to a line."""
    cases = [{**asdict(case), "bad": recorded(case.bad), "good": recorded(case.good)} for case in CASES]
    body = ",\n".join(json.dumps(case, separators=(",", ":"), ensure_ascii=False) for case in cases)
    return f"[\n{body}\n]\n"
