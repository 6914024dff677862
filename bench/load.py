"""``python -m bench.load``: many pages on a real server, and what every one of their runs came to.

`make load` runs this for five minutes on two cores and writes ``bench/results-load.md``. The server is the Procfile's;
who measures shares its cores, and its part is in the table. Fails if a run was lost or had a wrong result, or if more
was asked for than there is room for and less was done because of it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from bench import load_phases as phases
from bench.load_client import Page
from bench.load_phases import Phase
from bench.load_programs import SECTIONS, mixed, short
from bench.load_server import Server, serve
from bench.machine import processor

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results-load.md"
_CORES = 2
_APART_S = 0.03
"""Between runs of one page on an idle server: time enough for another process to be forked ahead."""
_IDLE_RUNS, _IDLE_ROUNDS = 100, 3
_AT_ONCE = 12
"""Pages that always have a run going: more than there are slots, fewer than fit into the queue."""
_CROWD = 1_000
_KEPT = 0.9
"""Of what is done at capacity, when three times as much is asked for."""

Row = tuple[str, str, str, bool | None]
"""What, the figure, the target, and whether it was met (None where there is none)."""


@dataclass
class Report:
    """What was measured with one kind of server."""

    title: str
    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(
        self, what: str, value: float, unit: str, target: float | None = None, *, least: bool = False
    ) -> None:
        """One figure. The target is the most it may be, or the `least`."""
        shown = f"{value:,.1f} {unit}" if abs(value) < 100 else f"{value:,.0f} {unit}"
        if target is None:
            self.rows.append((what, shown, "", None))
        else:
            words = f"{'at least' if least else 'at most'} {target:g} {unit}"
            self.rows.append((what, shown, words, value >= target if least else value <= target))
        print(f"  {what}: {shown}", flush=True)

    def latency(self, phase: Phase, p50: float | None = None, p95: float | None = None) -> None:
        """The command to `finished` of a phase, and what must not be in it."""
        self.add(f"{phase.name}: command to `finished`, p50", phase.finished_ms(0.5), "ms", p50)
        self.add(f"{phase.name}: p95", phase.finished_ms(0.95), "ms", p95)
        self.problems += phase.problems()

    def processors(self, phase: Phase) -> None:
        """Where the processors went."""
        parts = ", ".join(f"{name} {share:.2f}" for name, share in phase.cpu.items())
        self.rows.append((f"{phase.name}: processors", parts, "", None))
        print(f"  {self.rows[-1][0]}: {parts}", flush=True)

    def text(self) -> str:
        """As a section in Markdown."""
        lines = [f"## {self.title}", "", "| | measured | target | |", "|---|---:|---:|---|"]
        lines += [
            f"| {what} | {shown} | {target} | {'' if met is None else 'met' if met else '**missed**'} |"
            for what, shown, target, met in self.rows
        ]
        return "\n".join(lines) + "\n"


async def idle_rounds(server: Server, page: Page, name: str) -> list[Phase]:
    """Runs of one page with pauses between them, several times over."""
    return [
        await phases.one_by_one(server, page, name, _IDLE_RUNS, short, _APART_S) for _ in range(_IDLE_ROUNDS)
    ]


def best(found: Sequence[Phase]) -> Phase:
    """The one that others on the machine disturbed least."""
    return min(found, key=lambda phase: phase.finished_ms(0.95))


async def idle(server: Server, report: Report) -> None:
    """One page, a short program; then the same with a thousand others that do nothing."""
    (page,) = await phases.open_pages(server.url, 1)
    await phases.one_by_one(server, page, "warming up", 20, short, _APART_S)
    alone = await idle_rounds(server, page, "idle, one page")
    report.latency(best(alone), 15, 40)
    report.add("idle, one page: command to the first event, p50", best(alone).first_ms(0.5), "ms", 5)

    before = server.memory_kb()
    crowd = await phases.open_pages(server.url, _CROWD)
    await asyncio.sleep(1)
    after = server.memory_kb()
    each = sum(after[name] - before[name] for name in after) / _CROWD
    report.add("an idle connection: memory of all processes", each, "kB", 100)
    crowded = await idle_rounds(server, page, f"{_CROWD:,} idle pages and one that runs")
    report.latency(best(crowded), 15, 40)
    for phase in (*alone, *crowded):
        report.problems += phase.problems()
    close([page, *crowd])


async def first_event(report: Report) -> None:
    """How soon something is heard, with a process kept ready and without."""
    for parked, target in ((1, 2.0), (0, 5.0)):
        with serve(PLAYGROUND_PARKED=str(parked)) as server:
            (page,) = await phases.open_pages(server.url, 1)
            await phases.one_by_one(server, page, "warming up", 20, short, _APART_S)
            name = "process kept ready" if parked else "none kept ready"
            found = await idle_rounds(server, page, name)
            least = min(found, key=lambda phase: phase.first_ms(0.5))
            report.add(f"{name}: command to the first event, p50", least.first_ms(0.5), "ms", target)
            report.problems += [problem for phase in found for problem in phase.problems()]
            close([page])


async def full(server: Server, report: Report, clients: int, seconds: float) -> None:
    """As many runs as there is room for, and three times as many; a third of the time for each."""
    pages = await phases.open_pages(server.url, clients)
    few = pages[:_AT_ONCE]
    await phases.in_turn(server, few, "warming up", 2, mixed)
    for programs, what, least in ((short, "five lines", 100.0), (mixed, "tutorial sections", None)):
        at = await phases.in_turn(server, few, f"{what}, at capacity", seconds, programs)
        report.add(f"{at.name}: runs a second", at.rate, "", least, least=True)
        report.latency(at)
        report.processors(at)
        over = await phases.at_rate(server, pages, f"{what}, 3x capacity", seconds, 3 * at.rate, programs)
        report.add(f"{over.name}: runs a second", over.rate, "", _KEPT * at.rate, least=True)
        report.add(f"{over.name}: asked for", over.asked, "a second")
        report.latency(over)
        report.add(f"{over.name}: command to `busy`, p95", over.shed_ms(0.95), "ms")
        report.processors(over)
        if over.rate < _KEPT * at.rate:
            report.problems.append(f"{over.name}: {over.rate:.0f} runs a second, at capacity {at.rate:.0f}")
    close(pages)


async def steady(server: Server, report: Report, clients: int, seconds: float) -> None:
    """All pages for a long time, together asking for about what there is room for; memory is looked at."""
    pages = await phases.open_pages(server.url, clients)
    probe = await phases.in_turn(server, pages[:_AT_ONCE], "warming up", min(seconds / 4, 10), mixed)
    samples: list[tuple[float, dict[str, int]]] = []

    async def look() -> None:
        while True:
            samples.append((time.perf_counter(), server.memory_kb()))
            await asyncio.sleep(max(0.5, seconds / 200))

    looking = asyncio.create_task(look())
    name = f"{clients} pages for {seconds:g} s"
    phase = await phases.at_rate(server, pages, name, seconds, probe.rate, mixed)
    looking.cancel()
    report.add(f"{name}: runs with the right result", len(phase.good), "")
    report.add(f"{name}: told that the server is busy", phase.shed, "")
    report.add(f"{name}: lost", phase.lost, "", 0)
    report.add(f"{name}: wrong results", phase.wrong.total(), "", 0)
    report.add(f"{name}: events of another's run", len(phase.strays), "", 0)
    report.latency(phase)
    later = samples[len(samples) // 5 :]  # what caches take at first is no leak
    for process in ("web", "supervisor", "zygote"):
        points = [(at, kb[process]) for at, kb in later if process in kb]
        report.add(
            f"{name}: {process}, memory at the end", points[-1][1] / 1024 if points else float("nan"), "MB"
        )
        report.add(f"{name}: {process}, growth", slope(points) * 60, "kB a minute", 100)
    report.processors(phase)
    close(pages)


def slope(points: Sequence[tuple[float, int]]) -> float:
    """Of the straight line through them, least squares; kB a second."""
    if len(points) < 2:
        return float("nan")
    x = sum(at for at, _ in points) / len(points)
    y = sum(kb for _, kb in points) / len(points)
    return sum((at - x) * (kb - y) for at, kb in points) / sum((at - x) ** 2 for at, _ in points)


def close(pages: Sequence[Page]) -> None:
    """Hang up."""
    for page in pages:
        page.close()


async def measure(clients: int, seconds: float, redis: bool) -> Report:
    """Everything, with the programs run beside the web process or in workers."""
    report = Report(
        "Celery and Redis: one web process, one worker" if redis else "Programs run beside the web process"
    )
    print(report.title, flush=True)
    if not redis:
        await first_event(report)
    with serve(redis) as server:
        await idle(server, report)
        await full(server, report, clients, max(seconds / 15, 2.0))
        await steady(server, report, clients, seconds)
    return report


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="of the long phase (default 300)")
    parser.add_argument("--clients", type=int, default=200, help="pages (default 200)")
    parser.add_argument(
        "--redis", action="store_true", help="measure web processes and workers that meet in Redis, too"
    )
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.relative_to(ROOT)}")
    options = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:_CORES])
    before = os.getloadavg()[0]
    mixed(len(SECTIONS))  # what the programs print is found out before anything is measured
    for number in range(len(SECTIONS)):
        mixed(number)
    gc.collect()
    gc.freeze()
    ways = (False, True) if options.redis else (False,)
    reports = [asyncio.run(measure(options.clients, options.seconds, redis)) for redis in ways]
    if options.write:
        RESULTS.write_text(text(reports, before))
    problems = [f"FAILED: {report.title}: {problem}" for report in reports for problem in report.problems]
    print(*problems, sep="\n")
    sys.exit(bool(problems))


def text(reports: Sequence[Report], load: float) -> str:
    """The whole document."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    cores = len(os.sched_getaffinity(0))
    head = f"""\
# Load

Written by `make load`: pages on a real server (gunicorn, as the Procfile has it), over loopback, each checking every
number that its programs print. Pages and server share {cores} cores; `load` is what the pages used of them. Times are
the pages': from the command until its `finished` has arrived and been read. Five lines: a tensor, an expression,
`backward()`, a line printed. Tutorial sections: the same in turn with {len(SECTIONS)} of the gallery, up to 500
operations recorded. Idle figures are the best of {_IDLE_ROUNDS} rounds of {_IDLE_RUNS} runs. Limits by address are
lifted by settings, for all pages come from one.

Measured on {processor()}, {cores} cores; {platform.system()} {platform.release()}, Python {platform.python_version()};
{date.today().isoformat()}, commit {commit}. Load of the machine before: {load:.1f}.
"""
    return "\n".join([head, *(report.text() for report in reports)])


if __name__ == "__main__":
    main()
