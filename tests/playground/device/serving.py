"""A device server to test with: the real process, with NumPy behind it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from types import TracebackType

import msgspec

from playground.device import control
from playground.device.connection import Connection
from playground.device.control import Options, Quota
from playground.device.module import Module
from playground.runner.client import ROOT

_decode = msgspec.msgpack.Decoder(control.FromServer).decode


class Serving:
    """One server process, and connections to it."""

    def __init__(
        self, quota: Quota | None = None, memory_bytes: int = 1 << 30, library: str = "numpy"
    ) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        options = Options(library=library, memory_bytes=memory_bytes, quota=quota or Quota())
        with theirs:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-s", "-P", "-m", "playground.device.server"),
                    *(str(theirs.fileno()), msgspec.json.encode(options).decode()),
                ],
                pass_fds=[theirs.fileno()],
                env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
            )
        self.control.settimeout(60)
        self.first = self._hear()

    def _hear(self) -> control.FromServer:
        return _decode(self.control.recv(4096))

    def __enter__(self) -> Serving:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.control.close()
        self.process.wait(30)

    def connect(self) -> socket.socket:
        """A raw connection."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self.control, [msgspec.msgpack.encode(control.Attach())], [theirs.fileno()])
        ours.settimeout(60)
        return ours

    def module(self) -> tuple[Module, socket.socket]:
        """The array module on a connection of its own, which ends when the socket is closed."""
        sock = self.connect()
        sock.setblocking(True)
        return Module(Connection(sock.fileno())), sock

    def state(self) -> control.Pong:
        """What it holds now."""
        self.control.send(msgspec.msgpack.encode(control.Ping()))
        reply = self._hear()
        assert isinstance(reply, control.Pong)
        return reply


def device_servers(runner: int) -> list[int]:
    """The process ids of those that serve programs of the runner in that process, under its supervisor."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
                with open(f"/proc/{name}/stat", "rb") as file:
                    parent = int(file.read().rpartition(b")")[2].split()[1])
                with open(f"/proc/{parent}/stat", "rb") as file:
                    grandparent = int(file.read().rpartition(b")")[2].split()[1])
            except (OSError, ValueError):
                continue
            if b"playground.device.server" in words and grandparent == runner:
                found.append(int(name))
    return found
