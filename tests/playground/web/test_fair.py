"""What one address may take from others, what is counted, and what is logged."""

from __future__ import annotations

import json
import logging
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from playground.settings import Settings, for_oneself, load
from playground.web import logs
from tests.playground.web.conftest import Server, Tab

FROM = {"X-Forwarded-For": "203.0.113.7"}
Start = Callable[..., Server]
Connect = Callable[..., Tab]


def test_runs_of_an_address_are_counted_whatever_tab_they_come_from(start: Start, connect: Connect) -> None:
    server = start(PLAYGROUND_RUNS_PER_MINUTE="3")
    one, two = connect(server), connect(server)
    assert [tab.run("x")[-1]["type"] for tab in (one, two, one)] == ["finished"] * 3
    two.command({"type": "run", "run": "more", "code": "x"})
    refused = two.event()
    assert refused["message"] == ("Too many runs: expected at most 3 a minute. Wait a little and run again.")
    assert (refused["type"], refused["run"], refused["field"]) == ("error", "more", "run")
    two.command({"type": "parse", "run": "read", "code": "x"})  # which is no run
    assert two.until("finished")[0]["type"] == "document"


def test_an_address_may_have_so_many_pages(start: Start, connect: Connect) -> None:
    server = start(PLAYGROUND_CONNECTIONS_PER_ADDRESS="2")
    one = connect(server)
    connect(server)
    third = connect(server, join=False)
    third.say("40")
    said = third.socket.recv()
    assert said.startswith("44")
    assert "Too many pages are open from your address: expected at most 2." in said
    one.close()
    for _ in range(50):
        fourth = connect(server, join=False)
        fourth.say("40")
        if fourth.socket.recv().startswith("40{"):
            return
    pytest.fail("a page that was closed still counts")


def test_addresses_are_told_apart_by_the_proxies_there_are_and_by_no_others(
    start: Start, connect: Connect
) -> None:
    direct = start(PLAYGROUND_RUNS_PER_MINUTE="1")
    forged = [connect(direct, header={"X-Forwarded-For": f"203.0.113.{n}"}) for n in range(2)]
    assert forged[0].run("x")[-1]["type"] == "finished"
    forged[1].command({"type": "run", "run": "r", "code": "x"})
    assert forged[1].event()["field"] == "run"
    behind = start(PLAYGROUND_RUNS_PER_MINUTE="1", PLAYGROUND_PROXIES="1")
    # The proxy adds the visitor's address at the end; what stands before it the visitor has written.
    others = [
        connect(behind, header={"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.{m}"})
        for n, m in ((1, 1), (2, 2), (3, 1))
    ]
    assert others[0].run("x")[-1]["type"] == "finished"
    assert others[1].run("x")[-1]["type"] == "finished"
    others[2].command({"type": "run", "run": "r", "code": "x"})
    assert others[2].event()["field"] == "run"


def test_so_many_links_an_hour(site: Callable[..., FlaskClient]) -> None:
    client = site(PLAYGROUND_LINKS_PER_HOUR="2", PLAYGROUND_PROXIES="1")
    for number in range(3):
        answer = client.post("/api/sessions", json={"code": f"x = {number}"}, headers=FROM)
    assert answer.status_code == 429
    assert "expected at most 2 an hour" in answer.get_json()["error"]
    other = client.post("/api/sessions", json={"code": "y"}, headers={"X-Forwarded-For": "203.0.113.8"})
    assert other.status_code == 201


def test_on_ones_own_machine_nobody_is_kept_waiting() -> None:
    mine = for_oneself(load({"PLAYGROUND_RUNS_PER_MINUTE": "7"}))
    assert (mine.runs_per_minute, mine.connections_per_address, mine.links_per_hour) == (7, 10**6, 10**6)
    assert (Settings().runs_per_minute, Settings().connections_per_address, Settings().links_per_hour) == (
        20,
        10,
        10,
    )


# --- /metrics --------------------------------------------------------------------------------------------------------


def read(server: Server) -> dict[str, float]:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=5) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        lines = answer.read().decode().splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def test_runs_connections_and_refusals_are_counted(start: Start, connect: Connect) -> None:
    server = start(PLAYGROUND_RUNS_PER_MINUTE="2")
    tab = connect(server)
    tab.run("secret_of_a_person = 1")
    tab.run("secret_of_a_person = 2", run="r2")
    tab.command({"type": "run", "run": "r3", "code": "x"})
    assert tab.event()["type"] == "error"
    server.post({"code": "x"})
    counted = read(server)
    assert counted['playground_runs_total{kind="run",status="ok"}'] == 2
    assert counted['playground_run_seconds_count{kind="run"}'] == 2
    assert counted['playground_first_event_seconds_count{kind="run"}'] == 2
    assert counted["playground_connections"] == 1
    assert counted['playground_refused_total{why="command"}'] == 1
    assert counted['playground_sessions_total{what="stored"}'] == 1
    assert counted["playground_runner_ready"] == 1
    assert counted["process_resident_memory_bytes"] > 10**6
    assert not [name for name in counted if "secret" in name or "127.0.0.1" in name]
    tab.close()
    assert read(server)["playground_connections"] <= 1


@pytest.mark.parametrize(
    ("setting", "address", "status"),
    [
        ("local", "127.0.0.1", 200),
        ("local", "10.1.2.3", 200),
        ("local", "8.8.8.8", 404),
        ("all", "8.8.8.8", 200),
        ("off", "127.0.0.1", 404),
    ],
)
def test_who_may_read_them(site: Callable[..., FlaskClient], setting: str, address: str, status: int) -> None:
    client = site(PLAYGROUND_METRICS=setting, PLAYGROUND_PROXIES="1")
    assert client.get("/metrics", headers={"X-Forwarded-For": address}).status_code == status


# --- The log ---------------------------------------------------------------------------------------------------------


def test_a_line_of_json_has_everything_and_is_one_line() -> None:
    logger = logging.getLogger("playground.test")
    try:
        raise ValueError("two\nlines")
    except ValueError as problem:
        error = (ValueError, problem, problem.__traceback__)
    record = logger.makeRecord(
        "playground.test", logging.WARNING, "f", 1, "took %d ms", (3,), error, extra={"status": "ok"}
    )
    text = logs.JsonFormatter().format(record)
    assert "\n" not in text
    entry: dict[str, Any] = json.loads(text)
    assert (entry["level"], entry["logger"], entry["message"]) == ("warning", "playground.test", "took 3 ms")
    assert entry["status"] == "ok"
    assert "ValueError: two\nlines" in entry["traceback"]
    assert entry["time"].endswith("+00:00")


def test_the_log_names_neither_programs_nor_addresses(start: Start, connect: Connect) -> None:
    server = start(PLAYGROUND_PROXIES="1", PLAYGROUND_LOG="json")
    tab = connect(server, header=FROM)
    tab.run("print('my own secret')")
    tab.command({"type": "nonsense", "code": "my own secret"})
    tab.event()
    tab.say("garbage")
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{server.url}/s/nothing", timeout=5)
    tab.socket.settimeout(1)
    tab.closed()
    server.end()
    said = server.log.read_text()
    assert "secret" not in said
    assert "203.0.113.7" not in said
