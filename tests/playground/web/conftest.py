"""A Flask client without a server, and a real server with a raw websocket to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket
from flask.testing import FlaskClient

from app import create_app
from playground.runner.wire import Health
from playground.settings import for_oneself, load

ROOT = Path(__file__).resolve().parents[3]


class Server:
    """A server process on a port of its own."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.database = folder / "sessions.sqlite3"
        self.log = folder / "log"
        environ = {k: v for k, v in os.environ.items() if not k.startswith("PLAYGROUND_")}
        environ |= {"PYTHONPATH": str(ROOT), **variables}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    str(Path(__file__).with_name("fake_server.py")),
                    f"sqlite:///{self.database}",
                ],
                cwd=ROOT,
                env=environ,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        self.port = int(line)
        self.url = f"http://127.0.0.1:{self.port}"

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def post(self, content: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(content).encode()
        request = urllib.request.Request(
            f"{self.url}/api/sessions", body, {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return dict(json.load(answer))

    def memory_kb(self) -> int:
        """Resident memory."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")


class Tab:
    """One websocket that speaks Socket.IO by hand, so that it can also speak it wrongly."""

    def __init__(self, server: Server, *, join: bool = True, auth: object = None, **options: Any) -> None:
        url = f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket"
        self.socket = websocket.create_connection(url, timeout=10, **options)
        self.opened = json.loads(self.socket.recv()[1:])
        if join:
            self.socket.send("40" + ("" if auth is None else json.dumps(auth)))
            assert self.socket.recv().startswith("40{")

    def say(self, packet: str | bytes) -> None:
        if isinstance(packet, str):
            self.socket.send(packet)
        else:
            self.socket.send_binary(packet)

    def command(self, data: object) -> None:
        self.say("42" + json.dumps(["command", data]))

    def event(self) -> dict[str, Any]:
        """The next event; its binary attachments are put in."""
        while (text := self.socket.recv()) == "2":
            self.socket.send("3")
        if text == "":
            raise ConnectionError("closed")
        if text.startswith("42"):
            name, data = json.loads(text[2:])
        else:
            assert text.startswith("45"), text
            count, _, rest = text[2:].partition("-")
            attachments = [self.socket.recv() for _ in range(int(count))]
            name, data = json.loads(
                rest, object_hook=lambda d: attachments[d["num"]] if d.get("_placeholder") else d
            )
        assert name == "event"
        return dict(data)

    def until(self, kind: str) -> list[dict[str, Any]]:
        """Events up to the first of a type."""
        events = [self.event()]
        while events[-1]["type"] != kind:
            events.append(self.event())
        return events

    def run(self, code: str, run: str = "r1", **fields: Any) -> list[dict[str, Any]]:
        self.command({"type": "run", "run": run, "code": code} | fields)
        return self.until("finished")

    def closed(self) -> bool:
        """Whether the server closes the connection, reading what it still says."""
        try:
            while True:
                opcode, _ = self.socket.recv_data()
                if opcode == websocket.ABNF.OPCODE_CLOSE:
                    return True
        except websocket.WebSocketTimeoutException:
            return False
        except (websocket.WebSocketConnectionClosedException, ConnectionError):
            return True

    def close(self) -> None:
        self.socket.close()
        self.socket.shutdown()  # closes the descriptor even if the other side was first


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for a module; its settings are the defaults."""
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    assert server.process.poll() is None, server.log.read_text()
    server.end()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers with settings of their own; all use one database."""
    servers: list[Server] = []

    def start(**variables: str) -> Server:
        servers.append(Server(tmp_path, **variables))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.end()
        elif server.process.stdout is not None:
            server.process.stdout.close()


@pytest.fixture
def connect() -> Iterator[Callable[..., Tab]]:
    """Opens tabs, and closes them at the end."""
    tabs: list[Tab] = []

    def connect(server: Server, **options: Any) -> Tab:
        tabs.append(Tab(server, **options))
        return tabs[-1]

    yield connect
    for tab in tabs:
        tab.close()


@pytest.fixture
def tab(server: Server, connect: Callable[..., Tab]) -> Tab:
    """A connected tab of the module's server."""
    return connect(server)


class Idle:
    """As much of a runner as HTTP needs."""

    alive = True
    without_gpu = "There is none."

    def no_gpu(self) -> str:
        return self.without_gpu

    def health(self) -> Health:
        return Health(alive=self.alive, ready=self.alive)


@pytest.fixture
def site(tmp_path: Path) -> Callable[..., FlaskClient]:
    """Makes Flask clients; keyword arguments are environment variables."""

    def site(runner: object = None, **variables: str) -> FlaskClient:
        environ = {"DATABASE_URL": f"sqlite:///{tmp_path / 'data' / 'sessions.sqlite3'}"} | variables
        return create_app(for_oneself(load(environ)), runner or Idle()).test_client()  # type: ignore[arg-type]

    return site


def wait_for(condition: Callable[[], bool], seconds: float = 5) -> None:
    """Until a condition holds; fails if it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
