"""The whole server as it is deployed, as a user without rights, with everything that happens around it looked at."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playground.settings import ROOT

_NOBODY = "65534"


class RealServer:
    """``python app.py`` in a process of its own."""

    def __init__(self, **variables: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="playground-server-"))
        command = [sys.executable, str(ROOT / "app.py")]
        if os.geteuid() == 0:
            # Nobody, but for reading: the tests' Python may be root's own.
            shutil.chown(self.folder, int(_NOBODY), int(_NOBODY))
            keep = [
                "--inh-caps=-all,+dac_read_search",
                "--ambient-caps=-all,+dac_read_search",
                "--bounding-set=-all,+dac_read_search",
            ]
            ids = [f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
            command = ["setpriv", *ids, *keep, *command]
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "PORT": "0",
            "DATABASE_URL": f"sqlite:///{self.folder / 'sessions.sqlite3'}",
            "SECRET_OF_THE_SERVER": "not-for-strangers",
            "PYTHONDONTWRITEBYTECODE": "1",
            **variables,
        }
        self._log = (self.folder / "log").open("wb")
        self.process = subprocess.Popen(
            command, cwd="/", env=environment, stdout=subprocess.PIPE, stderr=self._log
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        assert "http://" in line, self.log()
        self.port = int(line.partition("http://")[2].partition(" ")[0].rpartition(":")[2])

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def processes(self) -> list[int]:
        """Its own and all below it."""
        found = [self.process.pid]
        for pid in found:
            # One that ends meanwhile has no children.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                for children in Path(f"/proc/{pid}/task").glob("*/children"):
                    found += map(int, children.read_text().split())
        return found

    def sockets(self) -> set[str]:
        """Of every process but the first, which has the visitors'."""
        names: set[str] = set()
        for pid in self.processes()[1:]:
            try:
                descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
            except (FileNotFoundError, ProcessLookupError):
                continue
            for descriptor in descriptors:
                try:
                    name = os.readlink(descriptor)
                except OSError:
                    continue
                if name.startswith("socket:"):
                    names.add(name)
        return names

    def end(self) -> list[int]:
        """End it as an operator would; returns which of its processes are left afterwards."""
        before = self.processes()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()
        until = time.monotonic() + 5
        while (left := [pid for pid in before if Path(f"/proc/{pid}").exists()]) and time.monotonic() < until:
            time.sleep(0.05)
        shutil.rmtree(self.folder, ignore_errors=True)
        return left
