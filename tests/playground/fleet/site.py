"""A site of several machines, as the Procfile starts it: Redis, two web processes and two workers, all on this one."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any

import msgspec
from redis import Redis
from redis.exceptions import RedisError

from playground.settings import ROOT
from scripts.servers import find
from tests.playground.store.servers import free_port, wait_until
from tests.playground.web.conftest import Tab


def procfile() -> dict[str, str]:
    """The commands of the Procfile by name."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: command.strip() for name, _, command in (line.partition(":") for line in lines)}


class RedisServer:
    """A Redis that keeps nothing on the disk: killed, it forgets."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        with (self._folder / "redis.log").open("ab") as log:
            # By its name, which tells the program what it is: Debian's is a link to one that is several.
            self.process = subprocess.Popen(
                ["redis-server", *options],
                executable=find("redis-server"),
                stdout=log,
                stderr=log,
                env={"PATH": os.defpath},
            )
        wait_until(self._answers, "Redis's start")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def connect(self) -> Redis:
        return Redis(port=self.port)

    def _answers(self) -> bool:
        with Redis(port=self.port) as redis:
            try:
                return bool(redis.ping())
            except RedisError:
                return False


class Process:
    """A line of the Procfile, in a group of its own."""

    def __init__(self, name: str, environ: dict[str, str], folder: Path, **changes: str) -> None:
        """`changes` are options of the command (by name, without dashes) and what they are here."""
        self.name = name
        self._command = procfile()[name]
        for option, value in changes.items():
            self._command, count = re.subn(rf"(?<= -{option} )\S+", value, self._command)
            assert count == 1, f"the Procfile's {name} has no -{option}"
        self._environ = environ
        self._log = folder / f"{name}-{environ.get('PORT', os.urandom(2).hex())}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        log: IO[bytes]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                ["sh", "-c", f"exec {self._command}"],
                cwd=ROOT,
                env=self._environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """As when the machine fails: the process and all below it are gone at once."""
        self.end(signal.SIGKILL)

    def end(self, number: int = signal.SIGTERM) -> int:
        process, self.process = self.process, None
        if process is None:
            return 0
        if number == signal.SIGKILL:
            process.kill()
        else:
            process.send_signal(number)
        return process.wait(30)

    def log(self) -> str:
        return self._log.read_text()


class Web(Process):
    """One that serves pages."""

    def __init__(self, environ: dict[str, str], folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        bind = {"PORT": str(self.port), "GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{self.port}"}
        super().__init__("web", environ | bind, folder)

    def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON, or text."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status, _decoded(answer.read())
        except urllib.error.HTTPError as problem:
            with problem:
                return problem.code, _decoded(problem.read())

    def post(self, content: dict[str, Any], address: str) -> tuple[int, Any]:
        request = urllib.request.Request(
            f"{self.url}/api/sessions",
            msgspec.json.encode(content),
            {"Content-Type": "application/json", "X-Forwarded-For": address},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, _decoded(answer.read())
        except urllib.error.HTTPError as problem:
            with problem:
                return problem.code, _decoded(problem.read())

    def workers(self) -> int:
        """How many workers it can reach; -1 if it does not answer."""
        try:
            status, state = self.get("/healthz")
        except OSError:
            return -1
        runner = state["runner"]
        return int(runner["workers"]) if status == 200 and runner["ready"] else 0

    def tab(self, address: str, **options: Any) -> Tab:
        """A page of somebody who comes from this address."""
        return Tab(self, header={"X-Forwarded-For": address}, **options)  # type: ignore[arg-type]


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body.decode()


class Site:
    """All of it."""

    def __init__(self, **variables: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="playground-fleet-"))
        self.redis = RedisServer(self.folder)
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("PLAYGROUND_", "COV_"))}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        self.environ = keep | {
            "PATH": path,
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONWARNINGS": "ignore",
            "REDIS_URL": self.redis.url,
            "DATABASE_URL": f"sqlite:///{self.folder / 'sessions.sqlite3'}",
            **variables,
        }
        release = subprocess.run(
            ["sh", "-c", procfile()["release"]], cwd=ROOT, env=self.environ, capture_output=True, text=True
        )
        assert release.returncode == 0, release.stderr
        self.webs = [Web(self.environ, self.folder) for _ in range(2)]
        self.workers = [Process("worker", self.environ, self.folder) for _ in range(2)]
        for process in (*self.workers, *self.webs):
            process.start()

    def whole(self) -> None:
        """Start what was ended, and wait until every web process reaches every worker."""
        for process in (*self.workers, *self.webs):
            if process.process is None:
                process.start()
        wait_until(lambda: all(web.workers() == len(self.workers) for web in self.webs), "the site's start")

    def end(self) -> None:
        for process in (*self.webs, *self.workers):
            if process.process is not None:
                process.process.terminate()
        for process in (*self.webs, *self.workers):
            process.end()
        self.redis.kill()
        shutil.rmtree(self.folder)

    def logs(self) -> str:
        return "\n".join(f"--- {path.name}\n{path.read_text()}" for path in sorted(self.folder.glob("*.log")))
