"""For everyone, and never at another's cost: tabs, runs, eyes, hands and screens of every kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Problems
from tests.e2e.playground import (
    EVERY_RULE,
    PANELS,
    RULES_OF_COLOUR,
    SINE,
    at_rest,
    begin,
    complete,
    empty,
    faults,
    finished,
    frame_times,
    idle,
    opened,
    run,
    settled,
    show,
    status,
    until,
    write,
)
from tests.e2e.test_graph import LOOP, MODEL, THICKET

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "high contrast": {"color_scheme": "light", "contrast": "more"},
    "dark, high contrast, phone": {"color_scheme": "dark", "contrast": "more"} | PHONE,
    "phone": PHONE,
}
DIALOGS = {
    "palette": "Control+k",
    "examples": "Control+o",
    "share": "Control+s",
    "keys": "?",
}


def row(page: Page, name: str) -> Locator:
    """A row of the tree, by how what is read out begins."""
    return page.get_by_role("treeitem", name=re.compile(f"^{re.escape(name)}"))


def kept(page: Page) -> list[str]:
    """The drafts in this browser."""
    return sorted(
        page.evaluate(
            "Object.keys(localStorage).filter(key => key.startsWith('playground.draft/'))"
            ".map(key => JSON.parse(localStorage[key]).code)"
        )
    )


def test_an_older_tab_never_overwrites_a_newer_draft(page: Page) -> None:
    empty(page)
    write(page, "first = 1\n")
    expect(page.get_by_text("edited", exact=True)).to_be_visible()
    until(page, lambda: kept(page), ["first = 1\n"])
    newer = page.context.new_page()
    newer.goto("/")
    expect(newer.locator(".cm-content")).to_contain_text("first = 1")
    write(newer, "newer = 2\n")
    until(newer, lambda: kept(newer), ["newer = 2\n"])

    page.bring_to_front()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    write(page, "older = 3\n")
    expect(page.locator(".toast")).to_contain_text("Both are kept")
    page.reload()
    expect(page.locator(".cm-content")).to_contain_text("older = 3")
    newer.reload()
    expect(newer.locator(".cm-content")).to_contain_text("newer = 2")
    assert kept(page) == ["newer = 2\n", "older = 3\n"]


def test_late_events_never_overwrite_a_newer_run(page: Page) -> None:
    opened(page)
    write(page, "import time\nwhile True:\n    print('older')\n    time.sleep(0.001)\n")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".status-text")).to_contain_text("Running")
    expect(show(page, "output").locator(".out")).to_contain_text("older")
    write(page, "print('newer')\n")
    page.keyboard.press("Control+Enter")
    begin(page)
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
    page.wait_for_function("document.querySelector('autograd-graph').selected !== null")
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
    until(page, lambda: int(last.get_attribute("data-at") or 0) > 2900)
    expect(last).to_be_in_viewport()
    busy, usual = frame_times(
        page,
        'document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowUp", bubbles: true}));',
    )
    assert busy < 3 * usual
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


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_no_fault_anywhere(open_page: Callable[..., Page], look: str) -> None:
    page = open_page(reduced_motion="reduce", **LOOKS[look])
    wrong: list[str] = []
    # What is not a matter of colours is the same in the other looks.
    rules = EVERY_RULE if look in ("light", "phone") else RULES_OF_COLOUR

    def check(where: str) -> None:
        wrong.extend(f"{where}: {fault}" for fault in faults(page, rules))

    page.goto("/?new")
    expect(page.locator(".cm-content")).to_be_visible()
    for panel in PANELS:
        show(page, panel)
        check(f"{panel} without a run")
    run(page, MODEL + SINE + "\n# %% Wrong\ntorch.sin_(a)\n")
    for panel in PANELS:
        show(page, panel)
        check(panel)
    show(page, "graph")
    page.keyboard.press("Alt+g")
    row(page, "loss").click()
    expect(page.get_by_role("complementary")).to_be_visible()
    check("tree and card")
    page.keyboard.press("Alt+g")
    check("diagram and card")
    for name, key in DIALOGS.items():
        page.locator(".ag-stage").focus()
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_be_visible()
        complete(page.get_by_role("dialog"))
        check(name)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    for name in ("Download", "Menu"):
        button = page.get_by_role("button", name=name, exact=True)
        if button.is_visible():  # on a phone there is one menu
            button.click()
            expect(page.get_by_role("menu")).to_be_visible()
            check(f"menu {name}")
            page.keyboard.press("Escape")
    assert wrong == []


def test_axe_finds_no_fault_on_an_error_page(page: Page, problems: Problems) -> None:
    problems.expect("HTTP 404")
    page.goto("/s/there-is-no-such")
    assert faults(page) == []


def test_the_persons_own_colours_are_kept(open_page: Callable[..., Page]) -> None:
    page = open_page(forced_colors="active", color_scheme="dark")
    run(page, MODEL)
    expect(page.locator(".ag-svg text").first).to_be_visible()
    canvas, text = page.evaluate("""() => {
        const probe = document.body.appendChild(document.createElement("i"));
        probe.style.forcedColorAdjust = "none";
        return ["Canvas", "CanvasText"].map(name => {
            probe.style.color = name;
            return getComputedStyle(probe).color;
        });
    }""")
    assert canvas != text
    fills = page.evaluate("""() => {
        const box = document.querySelector(".ag-svg > g > g:nth-child(3) > g");
        return [...box.querySelectorAll("path")].map(path => getComputedStyle(path).fill).concat(
            getComputedStyle(box.querySelector("text")).fill);
    }""")
    assert canvas in fills, "boxes lie on the person's canvas"
    assert fills[-1] == text, "and are written in the person's ink"
    pressed = page.get_by_role("button", name="Diagram")
    other = page.get_by_role("button", name="Tree")
    background = "element => getComputedStyle(element).backgroundColor"
    assert pressed.evaluate(background) != other.evaluate(background)


def test_high_contrast_can_be_chosen_and_is_kept(page: Page) -> None:
    run(page, SINE)
    page.locator(".ag-stage").focus()
    line = "getComputedStyle(document.body).getPropertyValue('--hairline')"
    contrast = "document.documentElement.dataset.contrast"
    before = page.evaluate(line)
    page.keyboard.press("Alt+h")
    until(page, lambda: page.evaluate(line) != before)
    page.reload()
    until(page, lambda: page.evaluate(contrast), "more")
    page.keyboard.press("Alt+h")
    until(page, lambda: page.evaluate(contrast), None)


def test_reduced_motion_stops_every_animation(open_page: Callable[..., Page]) -> None:
    moving = """document.getAnimations().filter(one => one.effect.getComputedTiming().duration > 0)
        .map(one => `${one.animationName ?? one.transitionProperty} of ${one.effect.target?.className}`)"""
    page = open_page(reduced_motion="reduce")
    run(page, MODEL)
    module = page.locator(".ag-svg text", has_text=re.compile("^Tiny$")).first
    settled(page)
    place = at_rest(module)
    page.evaluate(
        "window.moved = []; (function look() { window.moved.push(..."
        + moving
        + "); requestAnimationFrame(look) })()"
    )
    page.mouse.click(place["x"] - 14, place["y"] + 7)
    settled(page)
    page.locator(".ag-stage").focus()
    for key in ("f", ",", ",", ".", "Enter", "?", "Escape", "Control+k", "Escape"):
        page.keyboard.press(key)
        idle(page)
    page.locator(".cm-content").focus()
    idle(page)
    assert page.evaluate("[...new Set(window.moved)]") == []


def test_every_key_is_on_the_sheet_and_plain_keys_can_be_switched_off(page: Page) -> None:
    run(page, SINE)
    stage = page.locator(".ag-stage")
    stage.focus()
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet).to_contain_text("Ctrl+Enter")
    expect(sheet).to_contain_text("Esc, then Tab")
    sheet.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    expect(stage).to_be_focused()
    page.get_by_role("tab", name="Graph").focus()
    page.keyboard.press("?")
    idle(page)
    expect(sheet).to_have_count(0)
    page.keyboard.press("Alt+k")
    page.keyboard.press("?")
    expect(sheet).to_be_visible()


def test_skip_links_and_the_card_by_keyboard(page: Page) -> None:
    run(page, SINE)
    page.reload()
    expect(page.locator(".cm-content")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Go to the code")).to_be_in_viewport()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="Graph")).to_be_focused()
    stage = page.locator(".ag-stage")
    stage.focus()
    page.keyboard.press("Enter")
    card = page.get_by_role("complementary")
    page.keyboard.press("Alt+i")
    expect(card).to_be_focused()
    page.keyboard.press("Tab")
    expect(card.get_by_role("button", name="Clear the selection")).to_be_focused()
    page.keyboard.press("Enter")
    expect(card).to_have_count(0)
    expect(stage).to_be_focused()


def test_nothing_traps_the_keyboard(page: Page) -> None:
    run(page, SINE)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    seen: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                "(e => e.getAttribute('aria-label') || e.textContent || e.tagName)(document.activeElement)"
            )
        )
        if len(seen) > 5 and "Name of this session" in seen:
            break
    assert "Width of the code" in seen
    assert "Name of this session" in seen, seen


def test_a_phone_selects_swipes_the_card_away_and_reads_the_tree(open_page: Callable[..., Page]) -> None:
    page = open_page(**PHONE)
    run(page, SINE)
    for panel in PANELS:
        show(page, panel)
        expect(page.get_by_role("slider", name="Moment of the run")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, panel
    show(page, "graph")
    page.locator(".ag-svg text", has_text=re.compile("^out$")).first.tap()
    card = page.get_by_role("complementary", name="Selected: out")
    expect(card).to_be_visible()
    sheet = at_rest(card)
    settled(page)
    node = at_rest(page.locator(".ag-svg text", has_text=re.compile("^out$")).first)
    assert node["y"] + node["height"] <= sheet["y"], "what is selected is not under its card"
    page.evaluate("""() => {
        const head = document.querySelector(".card-head"), box = head.getBoundingClientRect();
        const at = (type, y) => head.dispatchEvent(new PointerEvent(type,
            {pointerId: 1, pointerType: "touch", bubbles: true, clientX: box.x + 60, clientY: box.y + 8 + y}));
        head.setPointerCapture = () => {};
        at("pointerdown", 0); at("pointermove", 40); at("pointermove", 120); at("pointerup", 120);
    }""")
    expect(card).to_have_count(0)
    page.get_by_role("button", name="Tree").tap()
    row(page, "out, sum").tap()
    expect(card).to_be_visible()
    expect(row(page, "out, sum")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    clipped = page.evaluate("""() => [...document.querySelectorAll(".tree-row .tree-name")]
        .filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent)""")
    assert clipped == []
    card.get_by_role("button", name="Clear the selection").tap()
    expect(card).to_have_count(0)


def test_a_part_that_cannot_be_loaded_says_so(page: Page, problems: Problems) -> None:
    run(page, SINE)
    page.route("**/jacobian-*.js", lambda route: route.abort())
    problems.expect("request failed: .*jacobian-")
    page.get_by_role("tab", name="Jacobian").click()
    expect(page.get_by_role("alert")).to_contain_text("Could not show the Jacobian panel")
    expect(page.get_by_role("button", name="Reload the page")).to_be_visible()
    assert faults(page) == []
    expect(show(page, "output").locator(".out").first).to_be_visible()
