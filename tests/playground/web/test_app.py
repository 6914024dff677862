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


@pytest.fixture(params=["app.py", "gunicorn"])
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = ["app.py"] if request.param == "app.py" else gunicorn(port)
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PLAYGROUND_")}
    environ |= {"PORT": str(port), "DATABASE_URL": f"sqlite:///{tmp_path / 's.sqlite3'}"}
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=environ, stdout=output, stderr=output
        )
    end = time.monotonic() + 30
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


def test_it_ends_on_sigterm_and_leaves_nothing_behind(running: Running, connect: Callable[..., Any]) -> None:
    tab = connect(running)
    tab.command({"type": "run", "run": "r1", "code": "while True: pass"})
    assert tab.until("started")
    family = running.descendants()
    assert len(family) >= 4, "web, supervisor, zygote and the program"
    running.process.send_signal(signal.SIGTERM)
    running.process.wait(timeout=30)
    end = time.monotonic() + 10
    while left := [pid for pid in family if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < end, left
        time.sleep(0.05)
    assert "Traceback" not in running.log.read_text(), running.log.read_text()
