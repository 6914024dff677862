"""What the runner's tests share: a collector of events, and a look at processes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from playground.protocol import Device, Error, Event, Finished, Notice, Output, Run
from playground.runner.client import Runner

SMALL_WORKER = "tests.playground.runner.small_worker:run_program"
PATIENCE_S = 30.0


class Watch:
    """Collects one run's events; is its `on_event`."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.times: list[float] = []
        self._changed = threading.Condition()

    def __call__(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self.times.append(time.monotonic())
            self._changed.notify_all()

    def wait(self, found: Callable[[Event], bool], what: str = "the event", count: int = 1) -> Event:
        """The `count`-th event for which `found` holds, waiting for it."""
        until = time.monotonic() + PATIENCE_S
        with self._changed:
            while True:
                matching = [event for event in self.events if found(event)]
                if len(matching) >= count:
                    return matching[count - 1]
                assert self._changed.wait(until - time.monotonic()), f"{what} did not come: {self.events}"

    def finished(self) -> Finished:
        event = self.wait(lambda event: isinstance(event, Finished), "Finished")
        assert isinstance(event, Finished)
        return event

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Output))

    @property
    def errors(self) -> list[Error]:
        return [event for event in self.events if isinstance(event, Error)]

    @property
    def notices(self) -> list[Notice]:
        return [event for event in self.events if isinstance(event, Notice)]


def start(
    runner: Runner,
    code: str,
    *,
    client: str = "c",
    run: str = "r",
    address: str = "192.0.2.1",
    device: Device = "cpu",
) -> Watch:
    watch = Watch()
    request = Run(run=run, code=code, device=device)
    runner.submit(client=client, address=address, request=request, on_event=watch)
    return watch


def run(runner: Runner, code: str, *, client: str = "c", device: Device = "cpu") -> Watch:
    """Run a program to its end."""
    watch = start(runner, code, client=client, device=device)
    watch.finished()
    return watch


def printed(watch: Watch) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, Output)


def until(holds: Callable[[], bool], what: str, seconds: float = PATIENCE_S) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"still not so after {seconds} s: {what}"
        time.sleep(0.01)


def until_ready(runner: Runner, parked: int = 1) -> None:
    """Wait until the zygote is up and has children forked ahead."""

    def ready() -> bool:
        health = runner.health()
        return health.ready and health.parked >= parked

    until(ready, "the runner is ready")


def process_state(pid: int) -> str:
    """The letter of /proc/PID/stat (R, S, T, Z, ...), or empty when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def gone(pid: int) -> bool:
    """Dead and, unless nobody is there to reap it, reaped."""
    return process_state(pid) == ""


def dead(pid: int) -> bool:
    """Not running any more; a zombie counts as dead."""
    return process_state(pid) in ("", "Z", "X")


def children(pid: int) -> set[int]:
    """The process ids of its children, zombies included."""
    found = set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[1]) == pid:
                found.add(int(entry))
    return found
