"""``python -m bench``: the same work in the engine, PyTorch, HIPS/autograd and MyGrad, reported as ratios.

Each configuration is a process of its own (PyTorch's number of threads is set once), and they take turns, so that
all meet the same machine; the median of the rounds is what counts. `make bench` runs it where the peers are installed
and writes ``bench/results.md`` and the table of the README.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.machine import processor
from bench.recording import OPERATIONS
from bench.table import WORKLOADS, Workload

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results.md"
README = ROOT / "README.md"
CONFIGURATIONS = {
    "engine": "engine",
    "torch1": "PyTorch (1)",
    "torch2": "PyTorch (2)",
    "autograd": "HIPS/autograd",
    "mygrad": "MyGrad",
}
TURN = 0.02
"""Seconds of one turn, roughly."""

BUSY = "since its threads wait for each other where other work wants the cores"

Times = dict[str, float]
"""Median seconds of a step by configuration; one without it is missing."""


class Peer:
    """A worker process and the pipe to it."""

    def __init__(self, name: str) -> None:
        # NumPy on one thread, as the playground runs it; PyTorch is told its number of threads by itself.
        one = (
            {}
            if name.startswith("torch")
            else dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
        )
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **one},
        )
        self.version: str = self._reply()

    def ask(self, request: str, argument: object) -> Any:
        """Its answer; the other processes are idle meanwhile."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([request, argument]) + "\n")
        self.process.stdin.flush()
        return self._reply()

    def _reply(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"bench: the process of {self.name} ended; what it said is above")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def take_turns(peers: list[Peer], rounds: int) -> Times:
    """The median seconds of a step of what each has loaded."""
    calls = {}
    for peer in peers:
        first = min(peer.ask("time", 1) for _ in range(3)) / 1e9
        calls[peer.name] = max(1, min(20_000, math.ceil(TURN / first)))
    times: dict[str, list[float]] = {peer.name: [] for peer in peers}
    for turn in range(rounds):
        for k in range(len(peers)):
            peer = peers[(k + turn) % len(peers)]
            times[peer.name].append(peer.ask("time", calls[peer.name]) / calls[peer.name] / 1e9)
    return {name: median(values) for name, values in times.items()}


def measure(name: str, peers: list[Peer], rounds: int) -> tuple[Times, dict[str, str]]:
    """The times of one workload, and why a configuration has none.

    Raises:
        SystemExit: if the libraries do not come to the same numbers: then the work was not the same.
    """
    answers = {peer.name: peer.ask("load", name) for peer in peers}
    missing = {k: a["unavailable"] for k, a in answers.items() if "unavailable" in a}
    values = {k: a["value"] for k, a in answers.items() if "value" in a}
    if not all(math.isclose(v, values[peers[0].name], rel_tol=2e-3, abs_tol=1e-3) for v in values.values()):
        raise SystemExit(f"bench: {name}: the libraries differ, so the work does: {values}")
    return take_turns([peer for peer in peers if peer.name not in missing], rounds), missing


def microseconds(seconds: float) -> str:
    """Three digits, in microseconds."""
    us = seconds * 1e6
    return f"{us:,.0f}" if us >= 100 else f"{us:.3g}"


def rows(results: dict[str, tuple[Times, dict[str, str]]]) -> list[list[str]]:
    """The whole table: times, then the engine's time as a ratio to each peer's."""
    others = [c for c in CONFIGURATIONS if c != "engine"]
    table = [["us a step", *CONFIGURATIONS.values(), *(f"/ {CONFIGURATIONS[c]}" for c in others)]]
    for name, (times, _) in results.items():
        cells = [microseconds(times[c]) if c in times else "n/a" for c in CONFIGURATIONS]
        ratios = [f"{times['engine'] / times[c]:.2f}" if c in times else "n/a" for c in others]
        table.append([WORKLOADS[name].title, *cells, *ratios])
    return table


def markdown(table: list[list[str]]) -> str:
    """A table of Markdown with its columns aligned."""
    widths = [max(len(row[k]) for row in table) for k in range(len(table[0]))]
    lines = [
        "| "
        + " | ".join(
            c.ljust(w) if k == 0 else c.rjust(w) for k, (c, w) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in table
    ]
    rule = (
        "|" + "|".join("-" * (w + 2) if k == 0 else "-" * (w + 1) + ":" for k, w in enumerate(widths)) + "|"
    )
    return "\n".join([lines[0], rule, *lines[1:]])


def notes(results: dict[str, tuple[Times, dict[str, str]]]) -> list[str]:
    """A line for each workload that takes longer than PyTorch's on one thread, and for each one a peer lacks."""
    lines = []
    for name, (times, missing) in results.items():
        workload: Workload = WORKLOADS[name]
        ratio = times["engine"] / times["torch1"]
        if ratio > 1:
            lines.append(
                f"- {workload.title}: {ratio:.2f} of PyTorch. {workload.reason or 'Not explained yet.'}"
            )
        for peer, reason in missing.items():
            lines.append(f"- {workload.title}: n/a for {CONFIGURATIONS[peer]}: {reason}.")
    return lines


def machine(versions: dict[str, str]) -> str:
    """What it was measured on."""
    libraries = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"{processor()}, {os.cpu_count()} cores; Linux, "
        f"Python {platform.python_version()}, NumPy {np.__version__} (1 BLAS thread); {libraries}"
    )


def recording_cost(rounds: int) -> str:
    """A sentence: an operation unwatched, and recorded and sent."""
    kinds = ("plain", "noted", "recorded")
    peers = [Peer("recording") for _ in kinds]
    try:
        for peer, kind in zip(peers, kinds, strict=True):
            peer.ask("load", kind)
            peer.name = kind
        times = take_turns(peers, rounds)
    finally:
        for peer in peers:
            peer.close()
    plain, noted, recorded = (times[k] / OPERATIONS * 1e6 for k in kinds)
    return (
        f"Recording for the page: a small operation takes {plain:.2f} us unwatched and {noted:.2f} us noted, "
        f"{noted - plain:.2f} us more; with everything explained and encoded for sending {recorded:.1f} us."
    )


def write(text: str, table: list[list[str]]) -> None:
    """Put the results into bench/results.md and the ratios into the README, between its marks."""
    # The page's part is measured by itself.
    _, mark, page = RESULTS.read_text(encoding="utf-8").partition("<!-- page -->\n")
    RESULTS.write_text(f"{text}\n{mark}{page}" if mark else text, encoding="utf-8")
    short = [[row[0], row[1], row[6], *row[8:]] for row in table]
    short[0] = ["", "engine, us", "/ PyTorch", "/ HIPS/autograd", "/ MyGrad"]
    readme = README.read_text(encoding="utf-8")
    begin, end = "<!-- bench -->\n", "<!-- /bench -->"
    head, _, rest = readme.partition(begin)
    _, mark, tail = rest.partition(end)
    if not mark:
        raise SystemExit(f"bench: README.md has no {begin.strip()} and {end}")
    README.write_text(f"{head}{begin}{markdown(short)}\n{end}{tail}", encoding="utf-8")


def main() -> None:
    """Measure, print, and with ``--write`` keep the results."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=WORKLOADS, help="this workload; may be repeated")
    parser.add_argument("--rounds", type=int, default=25, help="turns of each; 25 by default")
    parser.add_argument("--write", action="store_true", help="write bench/results.md and the README's table")
    options = parser.parse_args()
    if options.write and options.only:
        parser.error("--write is for the whole table: leave out --only")
    load = os.getloadavg()[0]
    busy = load > (os.cpu_count() or 1) / 2
    if busy:
        print(f"bench: PyTorch on two threads is left out, {BUSY}: the load is {load:.1f}", file=sys.stderr)
    peers = [Peer(name) for name in CONFIGURATIONS if not (busy and name == "torch2")]
    try:
        results = {}
        for name in options.only or WORKLOADS:
            results[name] = measure(name, peers, options.rounds)
            times = results[name][0]
            shown = "  ".join(f"{c} {microseconds(times[c])}" for c in CONFIGURATIONS if c in times)
            print(f"{name:16} {shown}", flush=True)
        versions = {CONFIGURATIONS[p.name].partition(" (")[0]: p.version for p in peers if p.version}
    finally:
        for peer in peers:
            peer.close()
    table = rows(results)
    text = "\n".join(
        [
            "# Benchmarks",
            "",
            "Written by `make bench`: median time of a step in microseconds, all libraries taking turns on one "
            "machine; processor time, but for PyTorch on two threads, where it is time on the clock; then the engine's "
            "time as a ratio to each of the others' (below 1 the engine is faster). All compute the same numbers; a "
            "run in which they do not, fails.",
            "",
            f"Measured on {machine(versions)}. Load of the machine before: {load:.1f}"
            + (f"; PyTorch on two threads is left out, {BUSY}." if busy else "."),
            "",
            markdown(table),
            "",
            *([recording_cost(options.rounds), ""] if not options.only else []),
            "Slower than PyTorch on one thread, and why; and what a library lacks:",
            "",
            *notes(results),
            "",
        ]
    )
    print("\n" + text)
    if options.write:
        write(text, table)


if __name__ == "__main__":
    main()
