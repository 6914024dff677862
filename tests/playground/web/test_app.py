"""The whole server as it is started: `python app.py` and gunicorn, with the real runner and engine behind it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import websocket

from tests.playground.web.conftest import wait_for

ROOT = Path(__file__).resolve().parents[3]
PROCFILE = next(
    line.removeprefix("web: gunicorn")
    for line in (ROOT / "Procfile").read_text().splitlines()
    if line[:4] == "web:"
)

PROGRAM = """\
import torch
a = torch.linspace(0., 1., 3, requires_grad=True)
print(a)
a.sin().sum().backward()
a.grad
"""


@dataclass
class Running:
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def descendants(self) -> set[int]:
        """Process ids of everything the server started, and itself."""
        parents: dict[int, int] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(stat.parent.name)] = int(fields[1])
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found


def gunicorn(port: int) -> list[str]:
    """The Procfile's command, on an address of this machine."""
    return ["-m", "gunicorn", *shlex.split(PROCFILE), "--bind", f"127.0.0.1:{port}"]


@pytest.fixture
def grace() -> str:
    """Seconds that programs have to finish when the server is told to end."""
    return "13"


@pytest.fixture(params=["app.py", "gunicorn"])
def running(request: pytest.FixtureRequest, tmp_path: Path, grace: str) -> Iterator[Running]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = ["app.py"] if request.param == "app.py" else gunicorn(port)
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PLAYGROUND_")}
    environ |= {"PORT": str(port), "DATABASE_URL": f"sqlite:///{tmp_path / 's.sqlite3'}"}
    environ["PLAYGROUND_GRACE_S"] = grace
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=environ, stdout=output, stderr=output
        )
    try:
        end = time.monotonic() + 90
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
                break
            except urllib.error.HTTPError as answer:  # not ready yet
                answer.close()
            except OSError:
                pass
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)
        yield Running(process, port, log)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_a_program_runs_and_its_session_is_shared(running: Running, connect: Callable[..., Any]) -> None:
    tab = connect(running)
    events = tab.run(PROGRAM, run="r1")
    assert events[0]["type"] == "started"
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    shown = [(event["stream"], event["text"]) for event in events if event["type"] == "output"]
    assert shown == [
        ("stdout", "tensor([0.0000, 0.5000, 1.0000], requires_grad=True)\n"),
        ("result", "tensor([1.0000, 0.8776, 0.5403])"),
    ]
    assert events[-1]["status"] == "ok"
    nodes = [node for event in events if event["type"] == "graph" for node in event["nodes"]]
    sine = next(node for node in nodes if node["op"] == "aten::sin")
    leaf = next(node for node in nodes if node["kind"] == "leaf")
    tab.command({"type": "inspect", "run": "r1", "node": sine["id"]})
    assert tab.until("detail")[-1]["node"] == sine["id"]
    tab.command({"type": "jacobian", "run": "r1", "output": sine["id"], "inputs": [leaf["id"]]})
    block = tab.until("jacobian")[-1]["blocks"][0]
    assert (block["rows"], block["columns"], len(block["values"])) == ([3], [3], 9 * 8)

    body = json.dumps({"code": PROGRAM, "events": events}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{running.port}/api/sessions", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 201
        name = json.load(answer)["id"]
    with urllib.request.urlopen(f"http://127.0.0.1:{running.port}/api/sessions/{name}", timeout=10) as answer:
        stored = json.load(answer)["content"]
    assert [event["type"] for event in stored["events"]] == [event["type"] for event in events]


def test_a_closed_tab_ends_its_run_and_the_next_tab_is_served(
    running: Running, connect: Callable[..., Any]
) -> None:
    tab = connect(running)
    tab.command({"type": "run", "run": "r1", "code": "while True: pass"})
    assert tab.until("started")
    tab.close()
    other = connect(running)
    assert other.run("print(1)")[-1]["status"] == "ok"


def status(running: Running, path: str) -> int:
    """0 if nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{running.port}{path}", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        answer.close()
        return answer.code
    except OSError:
        return 0


def gone(running: Running, family: set[int], seconds: float = 30) -> int:
    """Waits until nothing is left of the server, and gives its exit status."""
    code = running.process.wait(timeout=seconds)
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family), 10)
    assert "Traceback" not in running.log.read_text(), running.log.read_text()
    return code


def test_told_to_end_it_lets_what_runs_finish_and_says_goodbye(
    running: Running, connect: Callable[..., Any]
) -> None:
    busy, idle = connect(running), connect(running)
    busy.command(
        {"type": "run", "run": "r1", "code": "import time\nprint('on')\ntime.sleep(2)\nprint('done')"}
    )
    busy.until("output")
    family = running.descendants()
    assert len(family) >= 4, "web, supervisor, zygote and the program"
    running.process.send_signal(signal.SIGTERM)
    wait_for(lambda: status(running, "/healthz") == 503, 1.5)
    assert status(running, "/healthz/live") == 200
    closing = idle.event()
    assert (closing["type"], closing["reason"]) == ("closing", "restart")
    assert idle.closed()
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        connect(running)
    assert refused.value.status_code == 503
    busy.command({"type": "parse", "run": "p1", "code": "x = 1"})
    events = busy.until("closing")
    assert "shutting down" in next(event["message"] for event in events if event["type"] == "error")
    mine = [event for event in events if event["run"] == "r1"]
    assert [event["text"] for event in mine if event["type"] == "output"] == ["done\n"]
    assert (mine[-1]["type"], mine[-1]["status"]) == ("finished", "ok")
    assert busy.closed()
    assert gone(running, family) == 0


@pytest.mark.parametrize("grace", ["0.5"])
def test_what_does_not_finish_in_time_is_reported_with_what_it_had(
    running: Running, connect: Callable[..., Any]
) -> None:
    tab = connect(running)
    tab.command({"type": "run", "run": "r1", "code": "print('on')\nwhile True: pass"})
    tab.until("output")
    family = running.descendants()
    running.process.send_signal(signal.SIGTERM)
    events = tab.until("closing")
    error = next(event for event in events if event["type"] == "error")
    assert error["run"] == "r1"
    assert "restarted" in error["message"]
    assert [e["status"] for e in events if e["type"] == "finished"] == ["cancelled"]
    assert gone(running, family) == 0


def test_told_a_second_time_it_ends_at_once(running: Running, connect: Callable[..., Any]) -> None:
    tab = connect(running)
    tab.command({"type": "run", "run": "r1", "code": "import time\ntime.sleep(9)"})
    tab.until("started")
    family = running.descendants()
    running.process.send_signal(signal.SIGTERM)
    wait_for(lambda: status(running, "/healthz") == 503)
    assert running.process.poll() is None
    running.process.send_signal(signal.SIGTERM)
    gone(running, family, 5)
