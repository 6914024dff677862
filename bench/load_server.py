"""The server that is measured: what the Procfile says, on a port of its own, and what its processes use."""

from __future__ import annotations

import contextlib
import os
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from scripts.servers import find

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
    "worker": "playground.fleet.worker",
    "redis": "redis-server",
    "supervisor": "playground.runner.supervisor",
    "zygote": "playground.runner.zygote",
}
"""By what a process is told from the others: a part of its command line."""


class Server:
    """What was started for it, and all that is under that."""

    def __init__(self, url: str, started: list[subprocess.Popen[bytes]]) -> None:
        self.url = url
        self._started = started

    @property
    def processes(self) -> dict[str, int]:
        """The process ids of those that last, by name."""
        found: dict[str, int] = {}
        for pid in (pid for process in self._started for pid in _below(process.pid)):
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
def serve(redis: bool = False, **settings: str) -> Iterator[Server]:
    """A server for as long as the block runs, with a database of its own and nothing counted by address. With `redis`,
    programs run in the Procfile's ``worker``, and a Redis of its own is between the two."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (hard, hard)
    )  # for thousands of connections, also the server's
    with tempfile.TemporaryDirectory(prefix="bench-load-") as folder:
        port, redis_port = _free_port(), _free_port()
        url = f"http://127.0.0.1:{port}"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PLAYGROUND_")}
        environment |= {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "DATABASE_URL": f"sqlite:///{folder}/sessions.sqlite3",
            "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0" if redis else "",
            "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{port} --log-level warning",
            **LIFTED,
            **settings,
        }
        commands = {name: shlex.split(command(name)) for name in (("worker", "web") if redis else ("web",))}
        if redis:
            options = ["--port", f"{redis_port}", "--bind", "127.0.0.1", "--save", "", "--dir", folder]
            commands = {"redis": ["redis-server", *options], **commands}
        log = Path(folder, "log")
        started: list[subprocess.Popen[bytes]] = []
        try:
            with log.open("wb") as file:
                for name, words in commands.items():
                    # Redis by its name, which tells the program what it is: Debian's is a link to one that is several.
                    program = (
                        find(words[0])
                        if name == "redis"
                        else shutil.which(words[0], path=environment["PATH"])
                    )
                    started.append(
                        subprocess.Popen(
                            words, executable=program, cwd=ROOT, env=environment, stdout=file, stderr=file
                        )
                    )
            _wait(url, started, log)
            yield Server(url, started)
            said = log.read_text()
            if "Traceback" in said or " ERROR " in said:
                print("The server's log:", said[-4000:], sep="\n")
        finally:
            for process in reversed(started):
                _end(process)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
            return
    process.wait()


def command(name: str) -> str:
    """What the Procfile has for one kind of process."""
    for line in (ROOT / "Procfile").read_text().splitlines():
        kind, _, rest = line.partition(":")
        if kind == name:
            return rest.strip()
    raise LookupError(f"the Procfile has no {name}")


def _wait(url: str, started: list[subprocess.Popen[bytes]], log: Path) -> None:
    """Until a program submitted now would run. Raises RuntimeError if that takes a minute."""
    until = time.monotonic() + 60
    while time.monotonic() < until and all(process.poll() is None for process in started):
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
