"""What the browser tests do with the page, in a person's words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

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


def until(page: Page, seen: Callable[[], object], wanted: object = True, seconds: float = 15) -> None:
    """Waits until `seen` gives `wanted`, and fails with what it gave last. For what `expect` has no words for."""
    end = time.monotonic() + seconds
    while (got := seen()) != wanted:
        if time.monotonic() > end:
            pytest.fail(f"after {seconds} s there still was {got!r} and not {wanted!r}")
        page.wait_for_timeout(50)


def status(page: Page) -> Locator:
    """What is read out about the run."""
    return page.locator(".status [role=status]")


def finished(page: Page, seconds: float = 15) -> None:
    """Waits until a run has ended by itself."""
    expect(status(page)).to_contain_text("Finished", timeout=seconds * 1000)


def write(page: Page, code: str) -> None:
    """Replaces the program, as pasting over everything does."""
    if page.locator(".phone-tabs").is_visible():
        page.get_by_role("button", name="Code", exact=True).click()
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(code)


def run(page: Page, code: str) -> None:
    """Runs `code` and waits for its end."""
    opened(page)
    write(page, code)
    before = page.evaluate("performance.now()")
    page.keyboard.press("Control+Enter")
    # The old run's sentence must not be taken for the new one's.
    expect(page.locator(".editor-stale")).to_have_count(0)
    finished(page)
    assert page.evaluate("performance.now()") > before


def opened(page: Page) -> None:
    """Opens the page, if the tab is still empty, and waits for its first example to end."""
    if page.url == "about:blank":
        page.goto("/")
        finished(page)


def show(page: Page, panel: str) -> Locator:
    """Goes to a panel and gives it."""
    if page.locator(".phone-tabs").is_visible():
        page.locator(".phone-tabs button").nth(1 + PANELS.index(panel)).click()
    else:
        page.get_by_role("tab", name=panel.capitalize()).click()
    found = page.locator(f"#panel-{panel}")
    expect(found).to_be_visible()
    return found


def examples(page: Page) -> list[dict[str, Any]]:
    """The gallery, from the data the page was opened with."""
    found: list[dict[str, Any]] = json.loads(page.locator("#boot").text_content() or "{}")["examples"]
    return found


def faults(page: Page) -> list[str]:
    """What axe finds wrong with the page as it stands: WCAG 2.2 A and AA and axe's own good practice."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        ".then(result => result.violations)"
    )
    return [
        f"{fault['id']}: {fault['help']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for fault in found
        for node in fault["nodes"]
    ]
