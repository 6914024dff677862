"""For everyone, and never at another's cost: tabs, runs, eyes, hands and screens of every kind."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.e2e.playground import faults, finished, opened, run, show, status, write
from tests.e2e.test_graph import LOOP, MODEL, THICKET


def row(page: Page, name: str) -> Locator:
    """A row of the tree, by how what is read out begins."""
    return page.get_by_role("treeitem", name=re.compile(f"^{re.escape(name)}"))


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


def test_a_tree_says_the_same_as_the_diagram_by_keyboard_alone(page: Page) -> None:
    run(page, MODEL)
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+g")
    expect(page.get_by_role("tree", name=re.compile("^Computation graph: "))).to_be_visible()
    page.get_by_label("Search the tree").focus()
    page.keyboard.press("Tab")
    expect(row(page, "x, randn, constant; shape (5, 4) float32; value norm")).to_be_focused()
    page.keyboard.press("ArrowDown")
    module = row(page, "Tiny, module, 5 operations · 4 parameters")
    expect(module).to_be_focused()
    expect(module).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowLeft")
    expect(module).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("*")
    page.keyboard.press("ArrowRight")
    expect(row(page, "first, Linear")).to_be_focused()
    expect(row(page, "first, Linear")).to_have_attribute("aria-level", "2")
    page.keyboard.type("sec")
    expect(row(page, "second, Linear")).to_be_focused()
    expect(row(page, "second, Linear")).to_have_attribute("aria-posinset", "3")
    expect(row(page, "second, Linear")).to_have_attribute("aria-setsize", "3")
    page.keyboard.press("End")
    loss = row(page, "loss, sum")
    expect(loss).to_be_focused()
    expect(loss).to_have_attribute("aria-selected", "true")
    expect(loss).to_have_accessible_name(re.compile("value [0-9.]+; gradient 1.; line 13; from pow$"))
    expect(page.get_by_role("complementary", name="Selected: loss")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(row(page, "from pow")).to_be_focused()
    page.keyboard.press("Enter")
    expect(row(page, "pow, operation")).to_be_focused()
    assert page.evaluate("document.querySelector('autograd-graph').selected") is not None
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary")).to_have_count(0)

    page.locator(".cm-end", has_text="loss").click()
    expect(loss).to_have_attribute("aria-selected", "true")
    assert faults(page) == []
    page.reload()
    expect(page.get_by_role("tree")).to_be_visible()
    page.get_by_role("button", name="Diagram").click()
    expect(page.locator("autograd-graph .ag-svg text").first).to_be_visible()


def test_the_tree_holds_thousands_and_draws_a_few(page: Page) -> None:
    run(page, THICKET)
    page.keyboard.press("Alt+g")
    tree = page.get_by_role("tree")
    expect(tree).to_have_accessible_name(re.compile("3,000 operations"))
    rows = page.get_by_role("treeitem")
    expect(rows.first).to_be_visible()
    assert rows.count() < 120
    rows.first.click()
    page.keyboard.press("End")
    last = page.locator("[role=treeitem]:focus")
    expect(last).to_be_in_viewport()
    assert int(last.get_attribute("data-at") or 0) > 2900
    times = page.evaluate("""async () => {
        const tree = document.querySelector("[role=tree]"), times = [];
        for (let i = 0; i < 40; i++) {
            const began = performance.now();
            document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowUp", bubbles: true}));
            await new Promise(requestAnimationFrame);
            times.push(performance.now() - began);
        }
        return times.sort((a, b) => a - b);
    }""")
    assert times[len(times) // 2] < 50, times
    page.get_by_label("Search the tree").fill("maximum")
    expect(page.locator(".tree-tools")).to_contain_text("found")
    page.keyboard.press("Enter")
    expect(page.locator(".tree-found[aria-selected=true]")).to_be_in_viewport()


def test_a_loop_of_a_thousand_opens_in_the_tree(page: Page) -> None:
    run(page, LOOP)
    page.keyboard.press("Alt+g")
    page.get_by_label("Search the tree").fill("div")
    page.keyboard.press("Shift+Enter")
    found = page.locator(".tree-found[aria-selected=true]")
    expect(found).to_be_in_viewport()
    level = int(found.get_attribute("aria-level") or 0)
    assert level >= 2
    assert page.get_by_role("treeitem").count() < 400


def test_what_one_writes_with_loads_after_the_page(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))
    opened(page)
    expect(page.locator("autograd-graph .ag-svg text").first).to_be_visible()
    page.wait_for_function(
        "performance.getEntriesByType('resource').some(one => /names\\.gen/.test(one.name))"
    )
    order = [
        next(i for i, url in enumerate(asked) if url.startswith(name))
        for name in ("main-", "extras-", "names.")
    ]
    assert order == sorted(order), asked
    write(page, "import torch\nprint")
    page.keyboard.type("(")
    expect(page.locator(".cm-content")).to_contain_text("print()")
    page.keyboard.press("Backspace")
    page.keyboard.type("; torch.lins")
    expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text("linspace")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+f")
    expect(page.locator(".cm-search")).to_be_visible()
    assert faults(page) == []
