"""A training of minutes in a real browser, its memory watched; `make test-all` runs it.

    LONG_SECONDS=1800 python -m pytest tests/e2e/long_training.py

Its name keeps it out of the quick suite. `training/state.test.ts` feeds half an hour of events through the page's state
in a moment; here everything is real, and takes as long as it takes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Server, start_server, stop_server
from tests.e2e.playground import status, write
from tests.e2e.test_training import SPIRALS

SECONDS = int(os.environ.get("LONG_SECONDS", "240"))
SETTLED_S = 60
"""By then all operations that may be recorded are, Plotly is loaded and every series has been thinned."""
EVERY_S = 20
GROWTH = 1.15
MORE_BYTES = 4_000_000
"""What the browser's own caches may add."""


@pytest.fixture
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that lets programs run for as long as this takes."""
    seconds = str(SECONDS + 120)
    names = ("WALL_SOFT_S", "WALL_HARD_S", "CPU_SOFT_S", "CPU_HARD_S")
    server = start_server(
        tmp_path_factory.mktemp("patient"), **{f"PLAYGROUND_{name}": seconds for name in names}
    )
    yield server
    stop_server(server)


@pytest.mark.timeout(SECONDS + 240)
def test_memory_does_not_grow_with_the_training(browser: Browser, patient: Server) -> None:
    page = browser.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{patient.url}/#training")
    expect(status(page)).to_contain_text("Finished", timeout=30_000)
    write(page, SPIRALS.format(steps=10_000_000))
    page.keyboard.press("Control+Enter")
    panel = page.locator("#panel-training")
    expect(panel.get_by_role("region", name="Loss", exact=True)).to_be_visible(timeout=30_000)
    devtools = page.context.new_cdp_session(page)

    def used() -> float:
        devtools.send("HeapProfiler.collectGarbage")
        size: float = devtools.send("Runtime.getHeapUsage")["usedSize"]
        return size

    page.wait_for_timeout(SETTLED_S * 1000)
    sizes = [used()]
    for _ in range(int((SECONDS - SETTLED_S) / EVERY_S)):
        page.wait_for_timeout(EVERY_S * 1000)
        sizes.append(used())
    print("heap in MB:", [round(size / 1e6, 1) for size in sizes])
    expect(page.locator(".status-text")).to_contain_text("Running")
    page.keyboard.press("Control+.")
    expect(status(page)).to_contain_text("Stopped")
    assert min(sizes[-3:]) <= GROWTH * sizes[0] + MORE_BYTES, sizes
    assert wrong == []
    page.close()
