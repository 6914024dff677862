"""The ground the browser tests stand on: a real server, a real browser, and no error overlooked.

`page` is an empty tab of a fresh profile; `open_page` makes further ones. A test fails at its end if any of its pages
logged an error, threw one, got an HTTP error or asked another host for something, unless the test announced it with
`problems.expect`.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

from scripts.browser import FLAGS, find
from tests.e2e.playground import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90
OUR_VARIABLES = ("PORT", "HOST", "DATABASE_URL", "PLAYGROUND_")
PATIENT = {f"PLAYGROUND_{name}": "60" for name in ("WALL_SOFT_S", "WALL_HARD_S", "CPU_SOFT_S", "CPU_HARD_S")}
"""Programs may run for a minute: where the machine has other work, one of seconds takes several times as long."""

expect.set_options(timeout=1_000 * PATIENCE_S)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What hangs gives up by itself; this ends a test whose browser does not answer at all."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(300))


@dataclass
class Server:
    """The playground as `make run` starts it, on a port of its own with a database of its own."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def tail(self) -> str:
        """The last of what it printed."""
        return self.log.read_text(errors="replace")[-4_000:]


def start_server(folder: Path, script: str = "app.py", **variables: str) -> Server:
    """Starts it with its database in `folder` and waits until it answers. `variables` are its settings."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(OUR_VARIABLES)}
    environment |= {"PORT": str(port), "DATABASE_URL": f"sqlite:///{folder / 'sessions.sqlite3'}"}
    environment |= PATIENT | variables
    port = int(environment["PORT"])
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, script],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(f"http://127.0.0.1:{port}", process, log)
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{server.url}/healthz", timeout=2):
                return server
        except OSError:
            if process.poll() is None and time.monotonic() < end:
                time.sleep(0.05)
                continue
            stop_server(server)
            pytest.fail(
                f"the server did not answer within {START_SECONDS} s; it printed:\n{server.tail()}", False
            )


def stop_server(server: Server) -> None:
    """Ends it as Ctrl+C would, and whatever it may have left behind."""
    server.process.send_signal(signal.SIGINT)
    try:
        server.process.wait(10)
    except subprocess.TimeoutExpired:
        server.process.kill()
        server.process.wait()
    with contextlib.suppress(ProcessLookupError):  # it left nothing
        os.killpg(server.process.pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the tests of one worker share."""
    server = start_server(tmp_path_factory.mktemp("server"))
    yield server
    stop_server(server)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; the tests fail, and are not skipped, where none can be had."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Problems:
    """What went wrong on a test's pages, and what the test said would."""

    origin: str
    seen: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, pattern: str) -> None:
        """Announces a problem by a regular expression. It is then not an error, but its absence is."""
        self.expected.append(pattern)

    def watch(self, page: Page) -> None:
        """Notes every problem of a page from now on."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.seen.append(f"uncaught: {error}"))
        page.on("request", self._request)
        page.on("requestfailed", self._request_failed)
        page.on("response", self._response)
        page.on("crash", lambda _: self.seen.append("the page crashed"))

    def report(self) -> str:
        """What is wrong at the end of the test, a line each; empty if nothing is."""
        unexpected = [s for s in self.seen if not any(re.search(e, s) for e in self.expected)]
        missing = [e for e in self.expected if not any(re.search(e, s) for s in self.seen)]
        return "\n".join(unexpected + [f"expected, but not seen: {e}" for e in missing])

    def _console(self, message: ConsoleMessage) -> None:
        # A failed request is reported by `_response`, with its address; the console says it a second time.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.seen.append(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.origin, self.origin.replace("http", "ws", 1), "data:", "blob:")):
            self.seen.append(f"request to another host: {request.url}")

    def _request_failed(self, request: Request) -> None:
        # Leaving a page ends its open requests; that is no fault.
        if request.failure != "net::ERR_ABORTED":
            self.seen.append(f"request failed: {request.url}: {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.seen.append(f"HTTP {response.status}: {response.url}")


@pytest.fixture
def problems(server: Server) -> Iterator[Problems]:
    """The problems of this test's pages; see `Problems.expect`."""
    problems = Problems(server.url)
    yield problems
    if report := problems.report():
        pytest.fail(
            f"problems on the page:\n{report}\nThe server printed last:\n{server.tail()[-1_000:]}", False
        )


@pytest.fixture
def open_page(browser: Browser, server: Server, problems: Problems) -> Iterator[Callable[..., Page]]:
    """Makes an empty tab of a fresh profile. Keywords are those of a Playwright context, such as ``color_scheme``."""
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> Page:
        options = {"viewport": {"width": 1280, "height": 800}, "base_url": server.url} | options
        context = browser.new_context(**options)
        context.set_default_timeout(1_000 * PATIENCE_S)
        contexts.append(context)
        page = context.new_page()
        problems.watch(page)
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """An empty tab of a fresh profile, desktop size; ``page.goto("/")`` opens the playground."""
    return open_page()
