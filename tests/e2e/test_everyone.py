"""For everyone, and never at another's cost: tabs, runs, eyes, hands and screens of every kind."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.playground import finished, opened, run, show, status, write


def test_an_older_tab_never_overwrites_a_newer_draft(page: Page) -> None:
    page.goto("/?new")
    write(page, "first = 1\n")
    expect(page.get_by_text("edited", exact=True)).to_be_visible()
    page.wait_for_timeout(400)  # a draft is kept a moment after the last key
    newer = page.context.new_page()
    newer.goto("/")
    expect(newer.locator(".cm-content")).to_contain_text("first = 1")
    write(newer, "newer = 2\n")
    newer.wait_for_timeout(400)

    page.bring_to_front()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    write(page, "older = 3\n")
    expect(page.locator(".toast")).to_contain_text("Both are kept")
    page.reload()
    expect(page.locator(".cm-content")).to_contain_text("older = 3")
    newer.reload()
    expect(newer.locator(".cm-content")).to_contain_text("newer = 2")
    kept = page.evaluate(
        "Object.keys(localStorage).filter(key => key.startsWith('playground.draft/'))"
        ".map(key => JSON.parse(localStorage[key]).code)"
    )
    assert sorted(kept) == ["newer = 2\n", "older = 3\n"]


def test_late_events_never_overwrite_a_newer_run(page: Page) -> None:
    opened(page)
    write(page, "import time\nwhile True:\n    print('older')\n    time.sleep(0.001)\n")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".status-text")).to_contain_text("Running")
    expect(show(page, "output").locator(".out")).to_contain_text("older")
    write(page, "print('newer')\n")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".editor-stale")).to_have_count(0)
    finished(page)
    for _ in range(5):
        expect(page.locator("#panel-output .out")).to_have_text("newer\n")
        expect(status(page)).to_contain_text("Finished")
        page.wait_for_timeout(100)
    run(page, "import torch\nx = torch.ones(3, requires_grad=True)\n(x * x).sum().backward()\n")
    expect(page.locator("#panel-output .out")).to_have_count(0)
