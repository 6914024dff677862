"""Traffic that no page would send: too large, too slow, too many, or noise. Memory is bounded and others are served."""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket

from tests.playground.web.conftest import Server, Tab, wait_for

Connect = Callable[..., Tab]
MB = 1_000
"""In the kilobytes of `Server.memory_kb`."""
FUZZ_SECONDS = float(os.environ.get("FUZZ_SECONDS", "3"))


def peak_kb(server: Server) -> int:
    """The most memory it ever had."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def descriptors(server: Server) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def raw(server: Server) -> socket.socket:
    """A connection that has said nothing."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.settimeout(10)
    connection.connect(("127.0.0.1", server.port))
    return connection


def upgrade(server: Server) -> bytes:
    """The request that makes a connection a websocket."""
    lines = (
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        f"Origin: {server.url}",
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari",
        "Accept-Language: en-US,en;q=0.9",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    return "\r\n".join([*lines, "", ""]).encode()


def frame(opcode: int, data: bytes, *, final: bool = True, size: int | None = None) -> bytes:
    """A client's websocket frame, masked with zeros; `size` is what it says about its length, if that is a lie."""
    size = len(data) if size is None else size
    length = bytes([0x80 | size]) if size < 126 else bytes([0xFF]) + size.to_bytes(8, "big")
    return bytes([(0x80 if final else 0) | opcode]) + length + b"\0\0\0\0" + data


JOIN = frame(1, b"40")


def read_until(connection: socket.socket, text: bytes) -> bytes:
    data = b""
    while text not in data:
        more = connection.recv(65_536)
        assert more, data
        data += more
    return data


def upgraded(server: Server) -> socket.socket:
    connection = raw(server)
    connection.sendall(upgrade(server))
    read_until(connection, b"pingTimeout")
    return connection


def joined(server: Server) -> socket.socket:
    connection = upgraded(server)
    connection.sendall(JOIN)
    read_until(connection, b"40{")
    return connection


# --- Too large -------------------------------------------------------------------------------------------------------


def test_three_hundred_megabytes_take_no_memory(server: Server, connect: Connect) -> None:
    other = connect(server)
    other.run("warm up")
    connect(server).say("4" + "x" * 2_000_000)  # the largest that is taken at all is no news
    before = peak_kb(server)
    with joined(server) as connection:
        connection.sendall(frame(1, b"", size=300_000_000))
        sent, block = 0, b"x" * 65_536
        with contextlib.suppress(OSError):
            while sent < 300_000_000:
                connection.sendall(block)
                sent += len(block)
    assert sent < 300_000_000
    assert peak_kb(server) - before < 20 * MB
    assert other.run("x")[-1]["status"] == "ok"


@pytest.mark.parametrize("piece", [b"", b"x", b"x" * 100], ids=["empty", "one byte", "a hundred bytes"])
def test_a_message_in_endless_fragments_holds_nobody_up(
    server: Server, connect: Connect, piece: bytes
) -> None:
    other = connect(server)
    other.run("warm up")
    before = peak_kb(server)
    over = threading.Event()
    connection = joined(server)
    connection.settimeout(0.5)

    def pour() -> None:
        fragments = frame(0, piece, final=False) * 2_000
        with contextlib.suppress(OSError):
            connection.sendall(frame(1, b'42["command",', final=False))
            while not over.is_set():
                connection.sendall(fragments)

    thread = threading.Thread(target=pour)
    thread.start()
    try:
        end = time.monotonic() + 1
        runs = 0
        while time.monotonic() < end or runs < 3:
            assert other.run("x")[-1]["status"] == "ok"
            runs += 1
    finally:
        over.set()
        thread.join(10)
        connection.close()
    assert not thread.is_alive()
    assert peak_kb(server) - before < 20 * MB


# --- Too slow --------------------------------------------------------------------------------------------------------


def test_connections_that_hang_are_ended(start: Callable[..., Server], connect: Connect) -> None:
    server = start(PATIENCE="1")
    other = connect(server)
    other.run("warm up")
    before = descriptors(server)
    run = '42["command",{"type":"run","run":"r1","code":"%s"}]'
    dripping: dict[socket.socket, Iterator[bytes]] = {}
    for connection, said, slowly in (
        (raw(server), b"", b""),
        (raw(server), upgrade(server)[:60], b""),
        (raw(server), b"", b"GET /" + b"x" * 1_000),
        (upgraded(server), b"", b""),
        (upgraded(server), b"", JOIN[:3]),
        (upgraded(server), b"", [frame(1, b"3")] * 400),  # answers pings, and that is all
        (joined(server), b"", b""),  # answers no ping
        (joined(server), frame(1, b"", size=900), b"4" * 900),
        (joined(server), frame(1, b"4", size=2_000_000), b""),
        (joined(server), frame(1, b"4", size=300_000_000)[:5], b""),
        (joined(server), frame(8, b"")[:1], b""),
        (joined(server), frame(1, (run % "flood 5000").encode()), b""),  # and does not read
        (joined(server), frame(1, (run % "flood 500").encode()), [frame(1, b"3")] * 400),
    ):
        connection.sendall(said)
        one_by_one = slowly if isinstance(slowly, list) else [bytes([byte]) for byte in slowly]
        dripping[connection] = iter(one_by_one)
    assert descriptors(server) > before

    def drip_and_count() -> bool:
        for connection, rest in dripping.items():
            with contextlib.suppress(StopIteration, OSError):
                connection.send(next(rest))
        assert other.run("x")[-1]["status"] == "ok"
        time.sleep(0.1)
        return descriptors(server) <= before

    try:
        wait_for(drip_and_count, 40)
    finally:
        for connection in dripping:
            connection.close()
    assert other.run("x")[-1]["status"] == "ok"
    assert "Traceback" not in server.log.read_text(errors="replace")


def test_who_never_reads_costs_little_and_is_let_go(server: Server, connect: Connect) -> None:
    other = connect(server)
    other.run("warm up")
    wait_for(lambda: True)
    before, held = server.memory_kb(), descriptors(server)
    deaf = [connect(server, sockopt=((socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096),)) for _ in range(4)]
    for tab in deaf:
        tab.command({"type": "run", "run": "r1", "code": "flood 5000"})
    # 200 MB in all, of which none is read.
    wait_for(lambda: other.run("x")[-1]["status"] == "ok" and descriptors(server) <= held, 30)
    assert server.memory_kb() - before < 80 * MB


# --- Too many --------------------------------------------------------------------------------------------------------


def test_thousands_of_idle_pages_cost_less_than_100_kb_each_and_more_are_refused(
    start: Callable[..., Server], connect: Connect
) -> None:
    """Takes some ten seconds, because that is how long so many connections take to make."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = 2_000
    if soft < 2 * count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(2 * count, hard), hard))
    server = start(PLAYGROUND_CONNECTIONS=str(count), PLAYGROUND_CONNECTIONS_PER_ADDRESS="1000000")
    tab = connect(server)
    connections: list[socket.socket] = []
    try:
        connections += [joined(server) for _ in range(50)]
        tab.run("warm up")
        before, made = server.memory_kb(), len(connections)
        connections += [joined(server) for _ in range(count - 1 - made)]
        each = (server.memory_kb() - before) / (len(connections) - made)
        assert each < 100, f"{each:.0f} kB"
        for _ in range(3):
            with raw(server) as one_more:
                one_more.sendall(upgrade(server))
                said = b""
                while more := one_more.recv(65_536):  # then it is closed
                    said += more
                assert b"The server is full: 2,000 pages are open." in said
        assert tab.run("x")[-1]["status"] == "ok"
        connections.pop().close()
        wait_for(lambda: opens(server), 15)
    finally:
        for connection in connections:
            connection.close()
    assert tab.run("x")[-1]["status"] == "ok"
    assert "Traceback" not in server.log.read_text(errors="replace")


def opens(server: Server) -> bool:
    """Whether a page is let in."""
    with raw(server) as connection:
        connection.sendall(upgrade(server))
        read_until(connection, b"pingTimeout")
        with contextlib.suppress(OSError, AssertionError):
            connection.sendall(JOIN)
            return b"40{" in read_until(connection, b'{"sid')
    return False


# --- Noise -----------------------------------------------------------------------------------------------------------

NUMBERS = [0, -1, 1, 2**31, 2**63, 2**64, -(2**63) - 1, 1e308, 0.5, True, None]
TEXTS = [
    "",
    "r1",
    "x" * 65,
    "<img src=x onerror=alert(1)>",
    "\ud7ff",
    "\x00",
    "é" * 1_000,
    "../../etc/passwd",
]
TYPES = [
    "run",
    "parse",
    "cancel",
    "inspect",
    "jacobian",
    "local",
    "live",
    "control",
    "tune",
    "ack",
    "finished",
    "",
]
FIELDS = [
    "run", "code", "device", "seed", "node", "output", "inputs", "order", "seq", "data", "number", "curves", "field",
    "derivatives", "action", "optimizer", "group", "lr", "text", "grid",
]  # fmt: skip


class Noise:
    """Messages that look more or less like commands, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def value(self, depth: int = 0) -> Any:
        kind = self.random.randrange(7 if depth < 4 else 3)
        if kind == 0:
            return self.random.choice(NUMBERS)
        if kind <= 2:
            return self.random.choice(TEXTS + TYPES)
        if kind == 3:
            return [self.value(depth + 1) for _ in range(self.random.randrange(4))]
        return {self.random.choice(FIELDS): self.value(depth + 1) for _ in range(self.random.randrange(4))}

    def command(self) -> Any:
        """With the tag of a command and fields that may be its own, or not."""
        found = {name: self.value() for name in self.random.sample(FIELDS, self.random.randrange(6))}
        found["type"] = self.random.choice(TYPES)
        found.setdefault("run", self.random.choice(["r1", "r2"]))
        return found

    def packet(self) -> str | bytes:
        kind = self.random.randrange(10)
        if kind <= 4:
            return "42" + json.dumps(["command", self.command()])
        if kind == 5:
            return "42" + json.dumps([self.value(), *(self.value() for _ in range(self.random.randrange(3)))])
        if kind == 6:
            return "4" + "".join(
                self.random.choices('0123456789[]{}",-/command', k=self.random.randrange(40))
            )
        if kind == 7:
            count = self.random.randrange(6)
            holder = {"_placeholder": True, "num": self.random.choice([0, 1, -1, 99, "x"])}
            return f"45{count}-" + json.dumps(["command", {"type": "run", "run": "r1", "code": holder}])
        if kind == 8:
            return self.random.randbytes(self.random.randrange(300))
        return "".join(chr(self.random.randrange(0x20, 0xD7FF)) for _ in range(self.random.randrange(30)))


def test_noise_is_answered_or_ends_its_connection_and_harms_nobody(server: Server, connect: Connect) -> None:
    """Three seconds of it; FUZZ_SECONDS says otherwise."""
    other = connect(server)
    other.run("warm up")
    seed = int(os.environ.get("FUZZ_SEED", "1"))
    noise = Noise(seed)
    before, held = server.memory_kb(), descriptors(server)
    sent = survived = 0
    until = time.monotonic() + FUZZ_SECONDS
    while time.monotonic() < until:
        tab = Tab(server)
        try:
            for _ in range(noise.random.randrange(1, 40)):
                tab.say(noise.packet())
                sent += 1
            tab.command({"type": "run", "run": "last", "code": "still here"})
            while not ((event := tab.event())["type"] == "finished" and event["run"] == "last"):
                assert event["type"] != "error" or event["message"], event
                assert event["run"] != "last" or event["type"] != "error", event
            survived += 1
        except (ConnectionError, websocket.WebSocketException):
            pass  # what is not Engine.IO ends the connection
        finally:
            tab.close()
        assert other.run("x")[-1]["status"] == "ok", f"seed {seed}, after {sent} messages"
    assert sent > 100
    assert survived
    wait_for(lambda: descriptors(server) <= held, 20)
    assert server.memory_kb() - before < 40 * MB
    before_it, found, after = server.log.read_text(errors="replace").partition("Traceback")
    assert not found, before_it[-500:] + found + after[:3_000]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20 + b"\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
         b"Upgrade: websocket\r\n\r\n", 400),
        (b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
         b"Upgrade: websocket\r\nSec-WebSocket-Version: 7\r\nSec-WebSocket-Key: x\r\n\r\n", 400),
        (b"GET /socket.io/?EIO=4&transport=websocket&sid=nobody HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
        (b"POST /socket.io/?EIO=4&transport=websocket&sid=x HTTP/1.1\r\nHost: 127.0.0.1\r\n"
         b"Content-Length: 3\r\n\r\nabc", 400),
    ],
)  # fmt: skip
def test_what_is_no_request_gets_an_answer_and_no_traceback(server: Server, head: bytes, status: int) -> None:
    with raw(server) as connection:
        connection.sendall(head)
        assert int(connection.recv(65_536).split()[1]) == status
    with urllib.request.urlopen(f"{server.url}/healthz/live", timeout=10) as answer:
        assert answer.status == 200
    assert "Traceback" not in server.log.read_text(errors="replace")
