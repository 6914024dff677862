"""What the browser tests do with the page, in a person's words."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

AXE = (Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
PANELS = ("graph", "output", "training", "gradients", "profiler", "jacobian")

SINE = """\
# %% Inputs
import math
import torch
import matplotlib.pyplot as plt

a = torch.linspace(0., 2. * math.pi, steps=25, requires_grad=True)

# %% Forward
b = torch.sin(a)
c = 2 * b
d = c + 1
out = d.sum()
print(out)

# %% Backward
out.backward()
print(a.grad[:3])
plt.plot(a.detach(), a.grad)
"""
"""The tutorial's first program; five backward steps, from SumBackward0 to AccumulateGrad."""


PATIENCE_S = 30
"""After which a test gives up waiting: ten times what a busy machine takes."""


def until(page: Page, seen: Callable[[], object], wanted: object = True) -> None:
    """Waits until `seen` gives `wanted`, and fails with what it gave last. For what `expect` has no words for."""
    end = time.monotonic() + PATIENCE_S
    while (got := seen()) != wanted:
        if time.monotonic() > end:
            pytest.fail(f"after {PATIENCE_S} s there still was {got!r} and not {wanted!r}")
        page.wait_for_timeout(50)


def idle(page: Page) -> None:
    """Waits until the page has drawn what it was asked for, and has nothing better to do.

    What it does when idle was asked for before this, and is done before this returns.
    """
    page.evaluate(
        "new Promise(done => requestAnimationFrame(() => requestIdleCallback(done, {timeout: 5000})))"
    )


SETTLED = """() => {
    const graph = document.querySelector("autograd-graph");
    const world = graph.querySelector(".ag-svg > g")?.getAttribute("transform") ?? "";
    const quiet = graph.getAttribute("aria-busy") === "false" && world === window.settling?.world
        && !graph.getAnimations({subtree: true}).length;
    window.settling = {world, frames: quiet ? window.settling.frames + 1 : 0};
    return window.settling.frames > 5;
}"""
"""Asked in every frame: whether the layout is done, and the view is where it was for a few frames."""


def settled(page: Page) -> None:
    """Waits until the diagram's layout is done and nothing moves any more."""
    page.evaluate("delete window.settling")
    page.wait_for_function(SETTLED)


def at_rest(place: Locator) -> FloatRect:
    """Where something on the page is, once it does not move any more."""
    place.element_handle().wait_for_element_state("stable")
    box = place.bounding_box()
    assert box is not None, "it is not on the page"
    return box


def frame_times(page: Page, act: str, count: int = 40) -> tuple[float, float]:
    """The median time of a frame in which the JavaScript `act` is done, and of one with a little work, in ms.

    They take turns, so that whatever else the machine does makes both slower; alone, both take the 17 ms of a frame.
    """
    times: list[list[float]] = page.evaluate(
        f"""async count => {{
            const act = i => {{ {act} }}, times = [[], []];
            const work = () => {{ for (let k = 0, x = 1; k < 1e6; k++) x = (x * 48271) % 2147483647; }};
            for (let i = 0; i < 2 * count; i++) {{
                await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
                const began = performance.now();
                if (i % 2) act((i - 1) / 2); else work();
                await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
                times[i % 2].push(performance.now() - began);
            }}
            return times;
        }}""",
        count,
    )
    usual, busy = times
    return median(busy), median(usual)


def status(page: Page) -> Locator:
    """What is read out about the run."""
    return page.locator(".status [role=status]")


def finished(page: Page) -> None:
    """Waits until a run has ended by itself."""
    expect(status(page)).to_contain_text("Finished", timeout=2_000 * PATIENCE_S)


def write(page: Page, code: str) -> None:
    """Replaces the program, as pasting over everything does."""
    if page.locator(".phone-tabs").is_visible():
        page.get_by_role("button", name="Code", exact=True).click()
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(code)


def code(page: Page) -> str:
    """The program as it is, when all that was asked of the blocks is done."""
    expect(page.locator(".blocks-tools[data-waiting]")).to_have_count(0)
    # The editor draws the lines in view alone, and none while another way to write is shown.
    return str(page.evaluate("document.querySelector('.cm-content').cmTile.view.state.doc.toString()"))


def begin(page: Page) -> None:
    """Runs the program as it is; its results, and no earlier ones, are shown from now on."""
    page.keyboard.press("Control+Enter")
    expect(page.locator(".editor-stale")).to_have_count(0)


def run(page: Page, code: str) -> None:
    """Runs `code` and waits for its end."""
    opened(page)
    write(page, code)
    begin(page)
    finished(page)


def opened(page: Page) -> None:
    """Opens the page, if the tab is still empty, and waits for its first example to end."""
    if page.url == "about:blank":
        page.goto("/")
        finished(page)


def empty(page: Page) -> None:
    """Opens the page with an empty program."""
    page.goto("/?new")
    expect(page.locator(".cm-content")).to_be_visible()


def show(page: Page, panel: str) -> Locator:
    """Goes to a panel and gives it."""
    if page.locator(".phone-tabs").is_visible():
        page.locator(".phone-tabs button").nth(1 + PANELS.index(panel)).click()
    else:
        page.get_by_role("tab", name=panel.capitalize()).click()
    found = page.locator(f"#panel-{panel}")
    expect(found).to_be_visible()
    complete(found)
    return found


def complete(place: Locator) -> None:
    """Waits until a panel or a dialog has loaded all that is in it, plots too."""
    expect(place.locator("*").first).to_be_attached()
    expect(place.locator(".empty-line", has_text=re.compile("…$"))).to_have_count(0)
    expect(place.locator(".plot-box:empty")).to_have_count(0)


def examples(page: Page) -> list[dict[str, Any]]:
    """The gallery, from the data the page was opened with."""
    found: list[dict[str, Any]] = json.loads(page.locator("#boot").text_content() or "{}")["examples"]
    return found


EVERY_RULE = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']"
RULES_OF_COLOUR = "{type: 'rule', values: ['color-contrast', 'link-in-text-block']}"


def faults(page: Page, rules: str = EVERY_RULE) -> list[str]:
    """What axe finds wrong with the page as it stands: WCAG 2.2 A and AA and axe's own good practice.

    `RULES_OF_COLOUR` do where the same page was looked at in other colours.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate(
        f"axe.run(document, {{runOnly: {rules}, resultTypes: ['violations']}}).then(result => result.violations)"
    )
    return [
        f"{fault['id']}: {fault['help']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for fault in found
        for node in fault["nodes"]
    ]
