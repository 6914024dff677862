"""Programs that ask for the GPU, on a site that has a worker for them and on one that has none."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from tests.playground.fleet.conftest import Open
from tests.playground.fleet.site import Process, Site, Web
from tests.playground.store.servers import wait_until
from tests.playground.web.conftest import Tab

PROGRAM = """\
import torch
device = "cuda" if torch.cuda.is_available() else "cpu"
print(device, torch.ones(2, device=device).sum().item())
"""
WAIT = "import time\nprint('here')\nwhile True:\n    time.sleep(0.01)"
NOTICE = "There is no GPU here; the program runs on the CPU."


@contextlib.contextmanager
def gpu_worker(site: Site) -> Iterator[Process]:
    """One that serves the queue of the GPU and no other; NumPy is its card."""
    environ = site.environ | {"PLAYGROUND_GPU": "served", "PLAYGROUND_GPU_LIBRARY": "numpy"}
    process = Process("worker", environ, site.folder, Q="gpu")
    process.start()
    try:
        yield process
    finally:
        process.kill()
        wait_until(lambda: all(web.workers() == len(site.workers) for web in site.webs), "it is missed")


def reason(web: Web) -> str:
    """Why the menu does not offer the GPU; empty if it does."""
    return str(web.get("/healthz")[1]["runner"]["no_gpu"])


def where(events: list[dict[str, Any]]) -> tuple[str, str, list[str]]:
    """The device a program was given, what it printed, and what it was told."""
    assert events[-1]["status"] == "ok", events
    started = next(event for event in events if event["type"] == "started")
    printed = "".join(event["text"] for event in events if event["type"] == "output")
    told = [event["message"] for event in events if event["type"] == "notice"]
    return started.get("device", "cpu"), printed, told


def ask(tab: Tab, run: str, code: str = PROGRAM) -> None:
    tab.command({"type": "run", "run": run, "code": code, "device": "cuda"})


def test_who_asks_for_the_gpu_gets_it_while_there_is_one(site: Site, visit: Open, another: Any) -> None:
    tab, second = visit(site.webs[0]), visit(site.webs[1], another())
    assert all("no GPU worker" in reason(web) for web in site.webs)
    assert where(tab.run(PROGRAM, run="none", device="cuda")) == ("cpu", "cpu 2.0\n", [NOTICE])
    with gpu_worker(site) as worker:
        wait_until(lambda: not any(reason(web) for web in site.webs), "the menu offers it")
        assert where(tab.run(PROGRAM, run="gpu", device="cuda")) == ("cuda", "cuda 2.0\n", [])
        assert where(tab.run(PROGRAM, run="cpu", device="cpu")) == ("cpu", "cpu 2.0\n", [])
        runner = site.webs[1].get("/healthz")[1]["runner"]
        assert (runner["gpu"], runner["no_gpu"]) == ("NumPy", "")
        assert runner["gpu_workers"] >= 1
        assert re.search(r"playground_runner_gpu_workers [1-9]", site.webs[1].get("/metrics")[1])
        # It goes away while one has it and another waits for it.
        ask(tab, "r1", WAIT)
        tab.until("output")
        ask(second, "r2")
        assert second.until("queued")[-1]["position"] == 1
        worker.kill()
        assert tab.until("finished")[-1]["status"] == "crashed"
        assert where(second.until("finished")) == ("cpu", "cpu 2.0\n", [NOTICE])
    wait_until(lambda: all(reason(web) for web in site.webs), "the menu does not offer it")
    assert where(tab.run(PROGRAM, run="again", device="cuda")) == ("cpu", "cpu 2.0\n", [NOTICE])


def test_a_worker_does_not_lend_its_card_to_strangers(site: Site) -> None:
    process = Process("worker", site.environ | {"PLAYGROUND_GPU": "direct"}, site.folder)
    process.start()
    assert process.process is not None
    assert process.process.wait(30) != 0
    assert "PLAYGROUND_GPU=direct lets strangers' programs do" in process.log()
