"""Ways of asking for runs: one at a time, all together, at a rate; and what a phase was like."""

from __future__ import annotations

import asyncio
import random
import resource
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.load_client import Outcome, Page
from bench.load_programs import Program
from bench.load_server import Server

_OPENING = 20
"""Connections being opened at a time."""

_AGAIN_S = 0.05
"""After which a page that was told that the server is busy asks again: a person is not quicker, and the server closes
connections that send without end."""

Numbered = Callable[[int], Program]


@dataclass
class Phase:
    """The outcomes of one phase and what it used."""

    name: str
    seconds: float = 0.0
    """For which runs were asked for."""
    until: float = 0.0
    """When that was over."""
    outcomes: list[Outcome] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    """Connections that were lost, by why."""
    cpu: dict[str, float] = field(default_factory=dict)
    """Processors used by process, 1 for a whole one; `load` is the one that measures."""

    @property
    def good(self) -> list[Outcome]:
        """The runs with the right result."""
        return [o for o in self.outcomes if not (o.shed or o.lost or o.wrong)]

    @property
    def shed(self) -> int:
        return sum(o.shed for o in self.outcomes)

    @property
    def lost(self) -> int:
        return sum(o.lost for o in self.outcomes)

    @property
    def wrong(self) -> Counter[str]:
        return Counter(f"{o.program}: {o.wrong}" for o in self.outcomes if o.wrong)

    @property
    def rate(self) -> float:
        """Good runs a second, of those that ended while more were asked for."""
        return sum(o.ended <= self.until for o in self.good) / self.seconds

    @property
    def asked(self) -> float:
        """Runs asked for a second."""
        return len(self.outcomes) / self.seconds

    def finished_ms(self, part: float) -> float:
        """A quantile of the time from the command to `finished`, of the good runs."""
        return 1000 * quantile([o.finished_s for o in self.good], part)

    def first_ms(self, part: float) -> float:
        """The same to the first event."""
        return 1000 * quantile([o.first_s for o in self.good], part)

    def shed_ms(self, part: float) -> float:
        """The same to the answer that the server is busy."""
        return 1000 * quantile([o.finished_s for o in self.outcomes if o.shed], part)

    def problems(self) -> list[str]:
        """What must not be, in words."""
        found = [f"{self.name}: {count} times {what}" for what, count in self.wrong.most_common(5)]
        if self.lost:
            found.append(f"{self.name}: {self.lost} runs had no end")
        if self.strays:
            found.append(f"{self.name}: {len(self.strays)} events of other runs, such as {self.strays[0]}")
        if self.gone:
            found.append(f"{self.name}: {len(self.gone)} connections were lost, such as {self.gone[0]}")
        return found


def quantile(values: Sequence[float], part: float) -> float:
    """The smallest value that `part` of all are not above; NaN of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")


async def open_pages(url: str, count: int) -> list[Page]:
    """So many connections."""
    gate = asyncio.Semaphore(_OPENING)

    async def one(number: int) -> Page:
        async with gate:
            return await Page.open(number, url)

    return list(await asyncio.gather(*(one(number) for number in range(count))))


class Watch:
    """Fills in what a phase used; ``async with`` around what is measured."""

    def __init__(self, server: Server, pages: Sequence[Page], phase: Phase) -> None:
        self._server = server
        self._pages = pages
        self._phase = phase

    async def __aenter__(self) -> Phase:
        self._cpu, self._began = self._used(), time.perf_counter()
        return self._phase

    async def __aexit__(self, *_: object) -> None:
        phase, now = self._phase, time.perf_counter()
        phase.until = phase.until or now
        phase.seconds = phase.until - self._began
        phase.cpu = {k: (v - self._cpu.get(k, 0.0)) / (now - self._began) for k, v in self._used().items()}
        for page in self._pages:
            phase.strays += page.strays
            page.strays.clear()
            if page.gone:
                phase.gone.append(page.gone)

    def _used(self) -> dict[str, float]:
        mine = resource.getrusage(resource.RUSAGE_SELF)
        return self._server.cpu_s() | {"load": mine.ru_utime + mine.ru_stime}


async def one_by_one(
    server: Server, page: Page, name: str, count: int, programs: Numbered, pause_s: float
) -> Phase:
    """`count` runs of one page, with a pause before each: an idle server."""
    async with Watch(server, [page], Phase(name)) as phase:
        for number in range(count):
            await asyncio.sleep(pause_s)
            phase.outcomes.append(await page.run(programs(number)))
    return phase


async def in_turn(
    server: Server, pages: Sequence[Page], name: str, seconds: float, programs: Numbered
) -> Phase:
    """Each page runs one program after the other, without a pause."""
    async with Watch(server, pages, Phase(name)) as phase:
        phase.until = until = time.perf_counter() + seconds

        async def keep_on(page: Page) -> None:
            number = page.number
            while time.perf_counter() < until and not page.gone:
                phase.outcomes.append(outcome := await page.run(programs(number % 1_000_000)))
                number += 1000
                if outcome.shed:
                    await asyncio.sleep(_AGAIN_S)

        await asyncio.gather(*map(keep_on, pages))
    return phase


async def at_rate(
    server: Server, pages: Sequence[Page], name: str, seconds: float, rate: float, programs: Numbered
) -> Phase:
    """`rate` runs a second, at random moments, by whichever page has nothing to do: strangers do not wait for each
    other. When all wait, the next one does too."""
    chance = random.Random(0)
    free: asyncio.Queue[Page] = asyncio.Queue()
    for page in pages:
        free.put_nowait(page)
    async with Watch(server, pages, Phase(name)) as phase:
        due = time.perf_counter()
        phase.until = until = due + seconds
        running: set[asyncio.Task[None]] = set()

        async def one(page: Page, number: int) -> None:
            phase.outcomes.append(await page.run(programs(number % 1_000_000)))
            if not page.gone:
                free.put_nowait(page)

        number = 0
        while (due := due + chance.expovariate(rate)) < until:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            try:
                page = await asyncio.wait_for(free.get(), max(0.0, until - time.perf_counter()))
            except TimeoutError:
                break  # as many are asked for as there are pages
            task = asyncio.create_task(one(page, number))
            running.add(task)
            task.add_done_callback(running.discard)
            number += 1
        await asyncio.gather(*running)
    return phase
