"""A training of minutes in a real browser, all memory watched; `make test-all` runs it.

    LONG_SECONDS=1800 LONG_WRITE=1 python -m pytest tests/e2e/long_training.py

Its name keeps it out of the quick suite. `training/state.test.ts` feeds half an hour of events through the page's state
in a moment; here everything is real, and takes as long as it takes. With ``LONG_WRITE`` the figures go into
``bench/results.md``.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, CDPSession, expect

from bench.__main__ import RESULTS, markdown
from tests.e2e.conftest import Server, start_server, stop_server
from tests.e2e.playground import status, write
from tests.e2e.test_training import SPIRALS

SECONDS = int(os.environ.get("LONG_SECONDS", "240"))
WRITE = os.environ.get("LONG_WRITE") == "1"
SETTLED_S = 60
"""By then all operations that may be recorded are, Plotly is loaded and every series has been thinned."""
EVERY_S = 20
GROWTH = 1.15
MORE_BYTES = 4_000_000
"""What the browser's own caches may add."""
PARTS = {
    "page: objects of JavaScript": "heap",
    "page: what they hold outside the heap": "outside",
    "page: elements and text of the document": "nodes",
    "web process": "app.py",
    "supervisor": "playground.runner.supervisor",
    "the program's process": "child",
}
BEGIN, END = "<!-- long -->\n", "<!-- /long -->\n"


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


def resident(root: int) -> dict[str, int]:
    """Bytes of memory of the server's processes, by what is run in them; ``child`` is the one that used the most
    processor time of those that the zygote started, which is the one that trains."""
    found: dict[str, int] = {}
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended meanwhile
                continue
            parents[int(folder.name)] = int(fields[1])
            ticks[int(folder.name)] = int(fields[11]) + int(fields[12])

    def bytes_of(process: int) -> int:
        line = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
        assert line
        return int(line[1]) * 1024

    def below(process: int) -> list[int]:
        return [child for child, parent in parents.items() if parent == process]

    found["app.py"] = bytes_of(root)
    (supervisor,) = (
        p for p in below(root) if b"playground.runner.supervisor" in Path(f"/proc/{p}/cmdline").read_bytes()
    )
    found["playground.runner.supervisor"] = bytes_of(supervisor)
    children = [child for zygote in below(supervisor) for child in below(zygote)]
    found["child"] = bytes_of(max(children, key=ticks.__getitem__))
    return found


def in_the_page(devtools: CDPSession) -> dict[str, int]:
    """Bytes, and a count of nodes, after what nobody holds has been let go of."""
    devtools.send("HeapProfiler.collectGarbage")
    usage = devtools.send("Runtime.getHeapUsage")
    nodes: int = devtools.send("Memory.getDOMCounters")["nodes"]
    outside = usage.get("embedderHeapUsedSize", 0) + usage.get("backingStorageSize", 0)
    return {"heap": int(usage["usedSize"]), "outside": int(outside), "nodes": nodes}


@pytest.mark.timeout(SECONDS + 240)
def test_memory_does_not_grow_with_the_training(browser: Browser, patient: Server) -> None:
    page = browser.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{patient.url}/#training")
    expect(status(page)).to_contain_text("Finished", timeout=30_000)
    write(page, SPIRALS.format(steps=100_000_000))
    page.keyboard.press("Control+Enter")
    panel = page.locator("#panel-training")
    loss = panel.get_by_role("region", name="Loss", exact=True).locator("figure")
    expect(loss).to_be_visible(timeout=30_000)
    devtools = page.context.new_cdp_session(page)
    where = panel.locator(".train-where")

    samples: list[dict[str, int]] = []
    steps: list[int] = []
    began = time.monotonic()
    page.wait_for_timeout(SETTLED_S * 1000)
    while True:
        samples.append(in_the_page(devtools) | resident(patient.process.pid))
        steps.append(int(re.sub(r"\D", "", where.inner_text().partition("·")[0])))
        print(round(time.monotonic() - began), steps[-1], samples[-1], flush=True)
        if time.monotonic() - began > SECONDS:
            break
        page.wait_for_timeout(EVERY_S * 1000)
    expect(page.locator(".status-text")).to_contain_text("Running")
    said = loss.get_attribute("aria-label") or ""
    page.keyboard.press("Control+.")
    expect(status(page)).to_contain_text("Stopped")
    page.close()

    if WRITE:
        keep(samples, steps, time.monotonic() - began)
    assert all(earlier < later for earlier, later in pairwise(steps)), steps
    assert "loss" in said
    for part, key in PARTS.items():
        values = [sample[key] for sample in samples]
        more = 200 if key == "nodes" else MORE_BYTES
        assert min(values[-3:]) <= GROWTH * values[0] + more, (part, values)
    assert wrong == []


def keep(samples: list[dict[str, int]], steps: list[int], seconds: float) -> None:
    """Put the figures into bench/results.md, between their marks or at the end."""
    moments = [round(i * (len(samples) - 1) / 6) for i in range(7)]
    each = (seconds - SETTLED_S) / max(1, len(samples) - 1)
    rows = [["", *(f"{(SETTLED_S + each * moment) / 60:.0f} min" for moment in moments)]]
    rows.append(["steps taken", *(f"{steps[moment]:,}" for moment in moments)])
    for part, key in PARTS.items():
        values = [samples[moment][key] for moment in moments]
        if key == "nodes":
            rows.append([part, *(f"{value:,}" for value in values)])
        else:
            rows.append([f"{part}, MB", *(f"{value / 1e6:.1f}" for value in values)])
    text = (
        "## Memory over a long training\n\n"
        "Written by `LONG_SECONDS=1800 LONG_WRITE=1 python -m pytest tests/e2e/long_training.py`: spirals with a "
        f"network of three layers, trained for {seconds / 60:.0f} minutes with the Training panel open in a real "
        "browser; the page after a garbage collection, the server's processes as resident.\n\n"
        f"{markdown(rows)}\n"
    )
    head, _, rest = RESULTS.read_text(encoding="utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    RESULTS.write_text(f"{head.rstrip()}\n\n{BEGIN}{text}{END}{tail}", encoding="utf-8")
