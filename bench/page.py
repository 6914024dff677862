"""``python -m bench.page``: how quick the page is, in a real browser, on made-up recordings and on a real run.

`make bench-page` builds the page, runs this and writes the part of ``bench/results.md`` that is about the page.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, sync_playwright

from bench import page_blocks
from bench import page_measures as measures
from bench.machine import processor
from scripts import page_size
from scripts.browser import FLAGS, find

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results.md"
BEGIN, END = "<!-- page -->\n", "<!-- /page -->\n"
WINDOW = (1280, 800)

SINE = """\
import torch
a = torch.linspace(0., 6.28 + {i}, steps=25, requires_grad=True)
b = torch.sin(a)
c = 2 * b
d = c + 1
out = d.sum()
out.backward()
"""
"""The tutorial's first program, another one each time."""
LOOP = """\
import torch
x = torch.randn(2, 3, requires_grad=True)
y = torch.rand(2, 3, requires_grad=True) + 0.5
z = torch.ones(2, 3, requires_grad=True)
for _ in range(1000):
    z = (z / x) * y
z.sum().backward()
"""

Row = tuple[str, str, float, float | None]
"""What, on what, the figure and its budget."""


@contextmanager
def served() -> Iterator[str]:
    """The address of a server that also plays recordings, for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="bench-page-") as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.page_server", f"sqlite:///{folder}/sessions.sqlite3"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        finally:
            process.terminate()
            process.wait(20)
            process.stdout.close()


def open_scopes(page: Page) -> list[tuple[float, float]]:
    """Opens the transformer from the outside in, four groups; for each the time and how far it moved."""
    page.keyboard.press("Escape")
    page.evaluate("document.querySelector('autograd-graph').openAll(false)")
    measures.quiet(page)
    blocks = str(page.evaluate(REPEAT))
    return [measures.open_group(page, name) for name in ("Transformer", "layers", blocks, "layers.0")]


REPEAT = """() => {
    const {model} = document.querySelector("autograd-graph");
    const blocks = [...model.scopes.values()].filter(scope => scope.type.endsWith("Block")).length;
    return `×${Math.floor(blocks / 5)}`;
}"""


def measure(page: Page, url: str) -> list[Row]:
    """All rows, in the order of the table."""
    rows: list[Row] = []
    measures.start(page, url)
    for name, size, title in (
        ("transformer", 10_000, "transformer, 10,000 nodes"),
        ("chain", 2_000, "chain, 2,000 operations"),
        ("rnn", 64, "unrolled RNN, 64 steps"),
    ):
        since = measures.now(page)
        measures.run(page, f"# recording: {name} {size}\n")
        rows.append(("longest task while it comes in", title, measures.longest_task(page, since), 50))
        since = measures.now(page)
        rows.append(("layout to first paint, collapsed", title, measures.first_picture(page), 200))
        if name == "transformer":
            opened = open_scopes(page)
            rows.append(("opening a scope (slowest of four)", title, max(took for took, _ in opened), 50))
            rows.append(("what was clicked moved, px", title, max(moved for _, moved in opened), 2))
        steps = measures.step_times(page)
        rows.append(("a step on the timeline (median)", title, median(steps), 16))
        rows += [
            (f"search `{query}`", title, measures.search_time(page, query), 50)
            for query in ("addmm", "grad.norm > 1 and not leaf")
        ]
        rows.append(("longest task meanwhile", title, measures.longest_task(page, since), 50))
    since = measures.now(page)
    measures.run(page, "# recording: transformer 20000\n")
    rows.append(
        (
            "longest task while it comes in",
            "transformer, 20,000 nodes",
            measures.longest_task(page, since),
            50,
        )
    )
    since = measures.now(page)
    measures.run(page, LOOP)
    rows.append(
        (
            "longest task while it runs",
            "`z = (z / x) * y` 1,000 times, run",
            measures.longest_task(page, since),
            50,
        )
    )
    rows.append(
        (
            "longest task while training streams",
            "10 events a second, 8 parameters, boundary",
            streamed(page),
            50,
        )
    )
    rows.append(
        (
            "Ctrl+Enter to the new diagram",
            "`out = (2*sin(a)+1).sum()`, run",
            measures.key_to_picture(page, SINE),
            150,
        )
    )
    for line, what, field in (
        ("y = exp(a / 5) * 2 + sin(a)", "curve and derivative", False),
        ("y = exp(a / 5) * b ** 2 + sin(a)", "field of two inputs", True),
    ):
        gaps, rest = measures.drag(page, line, field=field)
        on = f"`{line}`, {what}, slider dragged for 10 s"
        rows.append((f"from one value shown to the next, p95 (median {median(gaps):.0f})", on, p95(gaps), 50))
        rows.append(("the last value after the last move", on, rest, 100))
    count, frames = page_blocks.drag(page)
    on = f"{count} blocks, all in view, one dragged for 3 s"
    rows.append((f"from frame to frame, p95 (median {median(frames):.1f})", on, p95(frames), 17))
    return rows


def p95(times: list[float]) -> float:
    """The time that all but a twentieth keep within."""
    return sorted(times)[int(0.95 * (len(times) - 1))]


def streamed(page: Page, events: int = 100) -> float:
    """The longest task while a training of so many tenths of a second comes in and its panel is open."""
    page.get_by_role("tab", name="Training").click()
    measures.run(page, "# recording: training 20 0.1\n")
    since = measures.now(page)
    measures.run(page, f"# recording: training {events} 0.1\n")
    longest = measures.longest_task(page, since)
    page.get_by_role("tab", name="Graph").click()
    return longest


def show(figure: float, budget: float | None) -> str:
    """Tenths of a millisecond; for long tasks, which the browser only tells of above 50 ms, that there was none."""
    return "none over 50" if figure == 0 and budget == 50 else f"{figure:,.1f}"


def table(rows: list[Row]) -> str:
    """As Markdown."""
    lines = ["| ms | on | measured | budget |", "|----|----|---------:|-------:|"]
    lines += [
        f"| {what} | {on} | {show(figure, budget)} | {'' if budget is None else f'{budget:,.0f}'} |"
        for what, on, figure, budget in rows
    ]
    return "\n".join(lines)


def section(rows: list[Row], version: str, size: int) -> str:
    """The part of the results that is about the page."""
    return "\n".join(
        [
            "## The page",
            "",
            "Written by `make bench-page`: milliseconds in a real browser; server, sandbox and browser share one "
            "machine. Recordings are made up from a seed and come over the socket as a worker's would. Layout to "
            "first paint: of all that is recorded, nothing of it laid out before, until all of the diagram is "
            "painted. Opening: from the click until it is painted. A step and a search: the page's own work, from "
            "the key until the frame is painted. Ctrl+Enter to the new diagram: through the server, a fresh "
            "worker and back, the median of seven.",
            "",
            f"Measured on {processor()}, {os.cpu_count()} cores, without a graphics card; "
            f"Chromium {version}, {WINDOW[0]} by {WINDOW[1]} px. Load of the machine before: {os.getloadavg()[0]:.1f}.",
            "",
            table(rows),
            "",
            f"JavaScript that loads at once, gzipped: {size / 1000:,.1f} kB of {page_size.BUDGET / 1000:,.0f} kB.",
            "",
        ]
    )


def write(text: str) -> None:
    """Puts it into bench/results.md, between its marks or at the end."""
    before = RESULTS.read_text(encoding="utf-8")
    head, mark, rest = before.partition(BEGIN)
    tail = rest.partition(END)[2] if mark else ""
    RESULTS.write_text(f"{head.rstrip()}\n\n{BEGIN}{text}{END}{tail}", encoding="utf-8")


def main() -> None:
    """Measure, print, and with ``--write`` keep the results."""
    parser = argparse.ArgumentParser(prog="python -m bench.page", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the page's part of bench/results.md")
    options = parser.parse_args()
    size = page_size.at_once(page_size.sizes())
    with served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": WINDOW[0], "height": WINDOW[1]})
        text = section(measure(page, url), browser.version, size)
        browser.close()
    print(text)
    if options.write:
        write(text)


if __name__ == "__main__":
    main()
