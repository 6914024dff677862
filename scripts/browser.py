"""Finds a Chromium for the browser tests, and installs one if there is none.

    .venv/bin/python -m scripts.browser       prints the path of one that starts

In this order: the one that the environment variable CHROMIUM names; the system's; Playwright's own, which is
downloaded if it is not there; Debian's package ``chromium``, where apt-get may be used. A program counts only if it
starts and renders a page. If none does, the command fails and says what was tried: browser tests are never skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts.debian import install, run

FLAGS = (
    # Containers often allow no sandbox of its own, and the tests open no page but the playground's.
    "--no-sandbox",
    "--disable-gpu",
    # The browser's own traffic: look-ups, updates and sync that a test neither needs nor may wait for.
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Shared memory is small in containers.
    "--disable-dev-shm-usage",
)
"""How a test starts it, beside the headless mode."""

SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

START_SECONDS = 30


class BrowserMissingError(RuntimeError):
    """No Chromium was found or could be installed; the message says what was tried and what to do."""


def find() -> Path:
    """The first Chromium that starts, installed if need be. Raises BrowserMissingError if there is none."""
    chosen = os.environ.get("CHROMIUM")
    if chosen:
        problem = problem_of(Path(chosen))
        if problem:
            raise BrowserMissingError(
                f"CHROMIUM names {chosen}, but {problem}. Name another, or unset CHROMIUM."
            )
        return Path(chosen)
    tried = []
    for source, candidates in SOURCES.items():
        found = False
        for path in candidates():
            found = True
            problem = problem_of(path)
            if not problem:
                return path
            tried.append(f"{source}: {path}, but {problem}")
        if not found:
            tried.append(f"{source}: none")
    raise BrowserMissingError(
        "the browser tests need Chromium, and none was found:\n  "
        + "\n  ".join(tried)
        + "\nInstall Chromium or Chrome, or set CHROMIUM to the program's path."
    )


def problem_of(path: Path) -> str:
    """Why this program will not do, in a few words; empty if it starts and renders a page."""
    if not path.is_file():
        return "there is no such file"
    with tempfile.TemporaryDirectory(prefix="chromium-probe-") as profile:
        command = [
            str(path),
            "--headless",
            *FLAGS,
            f"--user-data-dir={profile}",
            "--dump-dom",
            "data:text/html,<p>rendered",
        ]
        try:
            outcome = subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS)
        except subprocess.TimeoutExpired:
            return f"it did not render a page within {START_SECONDS} s"
        except OSError as error:
            return f"it does not start: {error}"
    if "<p>rendered" in outcome.stdout:
        return ""
    last = outcome.stderr.strip().splitlines()[-1:] or ["it printed no page"]
    return f"it does not start: {last[0][:300]}"


def system_browsers() -> Iterator[Path]:
    """Those that can be called by name."""
    for name in SYSTEM_NAMES:
        path = shutil.which(name)
        if path is not None:
            yield Path(path)


def playwright_browser() -> Iterator[Path]:
    """Playwright's own, downloaded first if it is not there."""
    from playwright.sync_api import sync_playwright  # not needed where the system has a browser

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    if not path.is_file():
        say("no browser on this system; asking Playwright for its own")
        run([sys.executable, "-m", "playwright", "install", "--no-shell", "chromium"])
    if path.is_file():
        yield path


def debian_browser() -> Iterator[Path]:
    """Debian's package."""
    if install("chromium"):
        yield from system_browsers()


SOURCES: dict[str, Callable[[], Iterator[Path]]] = {
    "the system's": system_browsers,
    "Playwright's own": playwright_browser,
    "Debian's package": debian_browser,
}


def say(text: str) -> None:
    print(f"browser: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        print(find())
    except BrowserMissingError as error:
        sys.exit(f"browser: {error}")
