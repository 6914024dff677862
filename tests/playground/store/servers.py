"""Servers that tests start, kill and start again: each in a folder of its own, on loopback, gone when the test is."""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from scripts.servers import find

_START_S = 30.0


def free_port() -> int:
    """One that nobody listens on, and that no outgoing connection takes while the server is down for a moment."""
    while True:
        port = random.randrange(20_000, 32_000)  # below the kernel's own choice
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_until(ready: Callable[[], bool], what: str) -> None:
    """Ask until it is so. Raises AssertionError after half a minute."""
    until = time.monotonic() + _START_S
    while not ready():
        assert time.monotonic() < until, f"{what} did not happen within {_START_S:g} s"
        time.sleep(0.02)


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Postgres:
    """A database server of PostgreSQL's with an empty database ``play``."""

    def __init__(self) -> None:
        # Not in pytest's folder, which is closed to other users again by every run of pytest.
        folder = Path(tempfile.mkdtemp(prefix="playground-postgres-"))
        self.port = free_port()
        self.url = f"postgres://play:secret@127.0.0.1:{self.port}/play"
        self._data = folder / "data"
        self._bin = find("postgres").parent
        # It refuses to run as root, as it should.
        self._user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = folder
        self._log: IO[bytes] = (folder / "log").open("ab")
        password = folder / "password"
        password.write_text("secret")
        for path in (folder, password):
            shutil.chown(path, self._user)
        options = ["--auth=scram-sha-256", "--username=play", f"--pwfile={password}", "--no-sync"]
        self._run("initdb", "-D", str(self._data), *options)
        self.start()
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "play", "play")

    def _run(self, program: str, *arguments: str) -> None:
        environment = {"PATH": os.defpath, "PGPASSWORD": "secret", "LC_ALL": "C.UTF-8"}
        command = [str(self._bin / program), *arguments]
        subprocess.run(
            command, check=True, user=self._user, env=environment, cwd="/", stdout=self._log, stderr=self._log
        )

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        options = ["-c", f"unix_socket_directories={self._folder}", "-c", "listen_addresses=127.0.0.1"]
        command = [str(self._bin / "postgres"), "-D", str(self._data), "-p", str(self.port), *options]
        self._process = subprocess.Popen(
            command, user=self._user, env={"PATH": os.defpath}, cwd="/", stdout=self._log, stderr=self._log
        )
        check = [str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        wait_until(lambda: subprocess.run(check).returncode == 0, "PostgreSQL's start")

    def clear(self) -> None:
        """Make its database empty again."""
        self._run("dropdb", "--force", "-h", "127.0.0.1", "-p", str(self.port), "-U", "play", "play")
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "play", "play")

    def kill(self) -> None:
        """End it as a power cut would: at once, without a word to anybody."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """End it for good."""
        self._end(signal.SIGINT)
        self._log.close()
        shutil.rmtree(self._folder)

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait(20)
