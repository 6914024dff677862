"""The server that is measured: what the Procfile says, on a port of its own, and what its processes use."""

from __future__ import annotations

import contextlib
import os
import resource
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_TICKS = os.sysconf("SC_CLK_TCK")
LIFTED = {
    "PLAYGROUND_CONNECTIONS_PER_ADDRESS": "1000000",
    "PLAYGROUND_RUNS_PER_MINUTE": "1000000",
    "PLAYGROUND_RUNS_PER_ADDRESS": "1000000",
}
"""All pages come from one address here."""
NAMES = {
    "web": "create_app",
    "supervisor": "playground.runner.supervisor",
    "zygote": "playground.runner.zygote",
}
"""By what a process is told from the others: a part of its command line."""


class Server:
    """The Procfile's ``web`` in processes of its own."""

    def __init__(self, url: str, process: subprocess.Popen[bytes]) -> None:
        self.url = url
        self._process = process

    @property
    def processes(self) -> dict[str, int]:
        """The process ids of those that last, by name."""
        found: dict[str, int] = {}
        for pid in _below(self._process.pid):
            line = _read(pid, "cmdline").replace("\0", " ")
            for name, part in NAMES.items():
                # Under gunicorn the one that serves comes after its master, which looks the same; the zygote's children
                # come after it and look like it.
                if part in line and (name == "web" or name not in found):
                    found[name] = pid
        return found

    def memory_kb(self) -> dict[str, int]:
        """Resident memory by process, in kB."""
        found = {}
        for name, pid in self.processes.items():
            for line in _read(pid, "status").splitlines():
                if line.startswith("VmRSS:"):
                    found[name] = int(line.split()[1])
        return found

    def cpu_s(self) -> dict[str, float]:
        """Processor seconds used so far by process; `programs` are the zygote's children that have ended."""
        found = {}
        for name, pid in self.processes.items():
            fields = _read(pid, "stat").rpartition(") ")[2].split()
            user, system, children_user, children_system = map(int, fields[11:15])
            found[name] = (user + system) / _TICKS
            if name == "zygote":
                found["programs"] = (children_user + children_system) / _TICKS
        return found


@contextlib.contextmanager
def serve(**settings: str) -> Iterator[Server]:
    """A server for as long as the block runs, with a database of its own and nothing counted by address."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (hard, hard)
    )  # for thousands of connections, also the server's
    with tempfile.TemporaryDirectory(prefix="bench-load-") as folder:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PLAYGROUND_")}
        environment |= {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "DATABASE_URL": f"sqlite:///{folder}/sessions.sqlite3",
            "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{port} --log-level warning",
            **LIFTED,
            **settings,
        }
        log = Path(folder, "log")
        with log.open("wb") as file:
            process = subprocess.Popen(
                shlex.split(command("web")), cwd=ROOT, env=environment, stdout=file, stderr=file
            )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, process, log)
            yield Server(url, process)
            if problems := [
                line for line in log.read_text().splitlines() if "Traceback" in line or "ERROR" in line
            ]:
                print(f"The server's log has {len(problems)} errors:", log.read_text()[-4000:], sep="\n")
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def command(name: str) -> str:
    """What the Procfile has for one kind of process."""
    for line in (ROOT / "Procfile").read_text().splitlines():
        kind, _, rest = line.partition(":")
        if kind == name:
            return rest.strip()
    raise LookupError(f"the Procfile has no {name}")


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until a program submitted now would run. Raises RuntimeError if that takes a minute."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            if urllib.request.urlopen(f"{url}/healthz", timeout=5).status == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")


def _below(pid: int) -> list[int]:
    """A process and those under it, parents first."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += map(int, task.read_text().split())
    return found


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except OSError:
        return ""
