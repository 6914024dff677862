"""The diagram in a real browser: folding, opening, moving, stepping, searching, at any size."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.e2e.playground import frame_times, idle, run, settled, until

MODEL = """\
import torch

class Tiny(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(4, 3)
        self.second = torch.nn.Linear(3, 2)

    def forward(self, x):
        return self.second(torch.tanh(self.first(x)))

x = torch.randn(5, 4)
loss = Tiny()(x).pow(2).sum()
loss.backward()
"""
LOOP = """\
import torch
x = torch.randn(2, 3, requires_grad=True)
y = torch.rand(2, 3, requires_grad=True)
z = torch.ones(2, 3, requires_grad=True)
for _ in range(1000):
    z = (z / x) * y
z.sum().backward()
"""
THICKET = """\
import random
import torch
made = [torch.randn(4, requires_grad=True)]
two = lambda: (random.choice(made[-12:]), random.choice(made[-12:]))
grow = lambda _: made.append(random.choice([torch.add, torch.sub, torch.maximum])(*two()))
list(map(grow, range(3000)))  # a loop would be drawn as one
"""
PLACES = """() => Object.fromEntries([...document.querySelectorAll(".ag-svg > g > g:nth-child(3) > g")]
    .map(group => [group.querySelector("text").textContent, group.getAttribute("transform")]))"""
"""Where each box stands, by the first word on it."""


def words(page: Page, text: str) -> Locator:
    """A label in the diagram."""
    return page.locator(".ag-svg text").get_by_text(text, exact=True).first


def place(page: Page, text: str) -> FloatRect:
    """Where a label is, once the diagram has settled."""
    settled(page)
    box = words(page, text).bounding_box()
    assert box, f"{text} is not on the screen"
    return box


def whole(page: Page) -> None:
    """Shows everything, in a window large enough to read it."""
    page.set_viewport_size({"width": 1500, "height": 1900})
    settled(page)
    page.evaluate("document.querySelector('autograd-graph').fit()")
    settled(page)


def test_opening_and_closing_a_group_does_not_move_it(page: Page) -> None:
    run(page, MODEL)
    expect(words(page, "weight")).to_be_visible()
    before = place(page, "first")
    inside = words(page, "view of first.weight")
    expect(inside).to_be_visible()
    page.mouse.click(before["x"] - 14, before["y"] + 7)
    expect(inside).to_have_count(0)
    closed = place(page, "first")
    page.mouse.dblclick(closed["x"] + 5, closed["y"] + 7)
    expect(inside).to_be_visible()
    opened = place(page, "first")
    for other in (closed, opened):
        assert other["x"] == pytest.approx(before["x"], abs=2)
        assert other["y"] == pytest.approx(before["y"], abs=2)


def test_a_thousand_iterations_are_one_box_that_opens_in_windows(page: Page) -> None:
    run(page, LOOP)
    expect(words(page, "×1000")).to_be_visible()
    expect(words(page, "2,000 operations")).to_be_visible()
    title = place(page, "×1000")
    page.mouse.dblclick(title["x"] + 5, title["y"] + 5)
    whole(page)
    expect(page.locator(".ag-svg text").get_by_text(re.compile(r"^[25] – 99[69]$")).first).to_be_visible()
    assert page.locator(".ag-svg text").count() < 400
    number = page.get_by_label("Number of the")
    number.fill("500")
    settled(page)
    expect(page.locator(".ag-svg text").get_by_text(re.compile(r"– 499$")).first).to_be_visible()
    held = number.bounding_box()
    number.press("ArrowDown")
    settled(page)
    expect(number).to_have_value("501")
    expect(page.locator(".ag-svg text").get_by_text(re.compile(r"– 500$")).first).to_be_visible()
    assert number.bounding_box() == pytest.approx(held, abs=1), "the controls stay under the hand"
    page.get_by_label("Search the graph by name, operation, shape or type").fill("line:6 div")
    expect(page.locator(".ag-count")).to_have_text("1 / 1000")
    page.get_by_label("Search the graph by name, operation, shape or type").press("Shift+Enter")
    expect(page.locator(".ag-count")).to_have_text("1000 / 1000")


def test_stepping_moves_no_node_and_shows_what_flows(page: Page) -> None:
    run(page, MODEL)
    whole(page)
    places = page.evaluate(PLACES)
    assert len(places) > 6
    back, chips = page.get_by_label("One moment back"), page.locator(".ag-svg > g > g:nth-child(4) text")
    seen = set()
    while back.is_enabled():
        back.click()
        idle(page)
        assert page.evaluate(PLACES) == places
        seen.add(chips.count() > 0)
    assert True in seen


def test_wheel_zooms_at_the_pointer_and_dragging_pans(page: Page) -> None:
    run(page, MODEL)
    whole(page)
    before = place(page, "loss")
    page.mouse.move(before["x"], before["y"])
    page.mouse.wheel(0, 120)
    until(page, lambda: place(page, "loss")["width"] < before["width"])
    zoomed = place(page, "loss")
    assert (zoomed["x"], zoomed["y"]) == pytest.approx((before["x"], before["y"]), abs=3)
    page.mouse.down()
    page.mouse.move(before["x"] - 60, before["y"] - 90, steps=4)
    page.mouse.up()
    until(page, lambda: place(page, "loss")["x"], pytest.approx(zoomed["x"] - 60, abs=2))
    assert place(page, "loss")["y"] == pytest.approx(zoomed["y"] - 90, abs=2)


def test_arrow_keys_walk_along_edges_and_are_read_out(page: Page) -> None:
    run(page, MODEL)
    whole(page)
    loss = place(page, "loss")
    page.mouse.click(loss["x"] + 2, loss["y"] + 2)
    spoken = page.locator("autograd-graph p[aria-live]")
    expect(spoken).to_contain_text("loss, sum, operation; shape () float32")
    page.keyboard.press("ArrowUp")
    expect(spoken).to_contain_text("pow, operation")
    page.keyboard.press("ArrowDown")
    expect(spoken).to_contain_text("loss, sum")
    page.keyboard.press("Escape")
    expect(spoken).to_have_text("")


def test_thousands_of_boxes_are_drawn_on_a_canvas_and_the_page_stays_quick(page: Page) -> None:
    run(page, THICKET)
    expect(page.locator("canvas.ag-canvas")).to_be_visible()
    page.evaluate("document.querySelector('autograd-graph').fit()")
    busy, usual = frame_times(
        page,
        """const stage = document.querySelector(".ag-stage"), box = stage.getBoundingClientRect();
        stage.dispatchEvent(new WheelEvent("wheel", {deltaY: i < 20 ? -100 : 100, cancelable: true,
            clientX: box.x + box.width / 2, clientY: box.y + box.height / 2}));""",
    )
    assert busy < 3 * usual
    page.get_by_label("Search the graph by name, operation, shape or type").fill("maximum")
    expect(page.locator(".ag-count")).to_contain_text("1 / ")
    page.evaluate("""() => {
        const graph = document.querySelector("autograd-graph"), stage = graph.querySelector(".ag-stage");
        graph.addEventListener("select", event => { window.selectedNode = event.detail.node }, {once: true});
        stage.focus();
        stage.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter"}));
    }""")
    page.wait_for_function("typeof window.selectedNode === 'number'")


def test_the_picture_can_be_taken_away_as_svg(page: Page) -> None:
    run(page, MODEL)
    settled(page)
    svg = page.evaluate("document.querySelector('autograd-graph').toSVG()")
    root = ElementTree.fromstring(svg)
    texts = {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Tiny", "first", "weight", "loss"} <= texts
    assert "var(--" not in svg, "colours are resolved"
