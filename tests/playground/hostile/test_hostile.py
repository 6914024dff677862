"""Hostile programs through the real server: each ends as it must, has no effect outside, and the next run is served."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.playground.hostile.programs import PROGRAMS, Hostile
from tests.playground.hostile.real_server import RealServer
from tests.playground.web.conftest import Tab

BREACH = [Path("/tmp/breach"), Path("/tmp/breach.pt")]
"""What programs try to make."""


@pytest.fixture(scope="module")
def server() -> Iterator[RealServer]:
    """Its times are short; everything else is as deployed. No run is kept, so that every process left over is seen."""
    for path in BREACH:
        assert not path.exists()
    server = RealServer(
        PLAYGROUND_WALL_SOFT_S="1.5",
        PLAYGROUND_WALL_HARD_S="2.5",
        PLAYGROUND_CPU_SOFT_S="8",
        PLAYGROUND_LINGERING="0",
        PLAYGROUND_SLOTS="2",
    )
    yield server
    assert server.process.poll() is None, server.log()
    assert "Traceback" not in server.log()
    assert server.end() == []


@pytest.fixture(scope="module")
def tab(server: RealServer) -> Iterator[Tab]:
    tab = Tab(server)  # type: ignore[arg-type]  # all it needs is the port
    tab.socket.settimeout(30)
    until = time.monotonic() + 30
    while tab.run("print('ready')", run="first")[-1]["status"] != "ok":
        assert time.monotonic() < until
    yield tab
    tab.close()


def said(events: list[dict[str, Any]]) -> str:
    """Everything a page would show."""
    parts = [str(event.get(key, "")) for event in events for key in ("text", "message", "traceback", "hint")]
    return "\n".join(parts)


AT_REST = 4
"""Processes where nothing runs: the web process, the supervisor, the zygote and one child that waits for a program."""


def calm(server: RealServer) -> tuple[int, set[str]]:
    """How many processes there are once nothing runs, and the sockets that are not the web process's."""
    until = time.monotonic() + 10
    # One more is a child that goes, one less a child that is not there yet.
    while len(server.processes()) != AT_REST and time.monotonic() < until:
        time.sleep(0.02)
    return len(server.processes()), server.sockets()


@pytest.fixture(scope="module")
def usual(server: RealServer, tab: Tab) -> set[str]:
    """The sockets of a server at rest."""
    count, sockets = calm(server)
    assert count == AT_REST
    return sockets


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda one: f"{one.kind}-{one.name}".replace(" ", "_"))
def test_it_ends_as_it_must_and_changes_nothing(
    server: RealServer, tab: Tab, usual: set[str], program: Hostile
) -> None:
    events = tab.run(program.code, run="hostile")
    last = events[-1]
    assert last["status"] in program.ends.split("|"), said(events)[-2000:]
    assert program.says in said(events), said(events)[-2000:]
    assert "BREACH" not in said(events)
    assert "not-for-strangers" not in said(events)
    assert all(event["run"] == "hostile" for event in events)
    for path in BREACH:
        assert not os.path.lexists(path)
    following = tab.run("print('next')", run="next")
    assert [event["text"] for event in following if event["type"] == "output"] == ["next\n"]
    count, sockets = calm(server)
    assert count == AT_REST
    assert sockets <= usual


def test_there_are_enough_of_every_kind() -> None:
    kinds = [one.kind for one in PROGRAMS]
    assert len(PROGRAMS) >= 120
    assert {kind: kinds.count(kind) for kind in set(kinds) if kinds.count(kind) < 7} == {}
    assert len({(one.kind, one.name) for one in PROGRAMS}) == len(PROGRAMS)
