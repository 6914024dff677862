"""Training in the browser: watched, held, stepped, tuned, kept and laid over, stopped; in every look."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.playground import begin, faults, finished, opened, run, settled, show, status, until, write
from tests.e2e.test_everyone import LOOKS

SPIRALS = """\
import torch
from torch import nn
import data

X, y = data.spirals(200, noise=0.02, seed=0)
net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
for step in range({steps}):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(net(X), y)
    loss.backward()
    optimizer.step()
    accuracy = (net(X).argmax(1) == y).float().mean()
print(accuracy)
"""

LINE = """\
import torch
x = torch.linspace(-1, 1, 40).unsqueeze(1)
y = 2 * x + 1
net = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(net.parameters(), lr={lr})
for step in range(120):
    optimizer.zero_grad()
    loss = ((net(x) - y) ** 2).mean()
    loss.backward()
    optimizer.step()
"""


STEPS = "document.querySelector('autograd-graph').now.graph.steps.length"


def train(page: Page, code: str) -> Locator:
    """Runs `code` with the Training panel open, which it gives once there is a training."""
    opened(page)
    write(page, code)
    panel = show(page, "training")
    begin(page)
    expect(panel.get_by_role("region", name="Loss", exact=True)).to_be_visible()
    return panel


def held_step(page: Page) -> int:
    """After which step the program is held, once it is."""
    expect(status(page)).to_contain_text("Held after step")
    found = re.search(r"[\d,]+$", status(page).inner_text())
    assert found
    return int(found.group().replace(",", ""))


def drawn(page: Page) -> list[tuple[str, int, int]]:
    """Where what can be read of the diagram stands on the screen, numbers left out."""
    settled(page)
    found: list[tuple[str, int, int]] = page.evaluate(
        """() => {
            const room = document.querySelector("autograd-graph").getBoundingClientRect();
            return [...document.querySelectorAll("autograd-graph .ag-svg text")]
                .map(text => [text.textContent, text.getBoundingClientRect()])
                .filter(([text, box]) => !/[0-9]/.test(text) && box.top > room.top && box.bottom < room.bottom)
                .map(([text, box]) => [text, Math.round(box.x), Math.round(box.y)]);
        }"""
    )
    assert len(found) > 3
    return found


def test_spirals_to_95_percent_with_the_boundary_drawn(page: Page) -> None:
    panel = train(page, SPIRALS.format(steps=250))
    boundary = panel.get_by_role("region", name="Decision boundary")
    expect(boundary).to_be_visible()
    expect(page.get_by_role("progressbar", name="Progress of the loop").first).to_be_visible()
    finished(page)
    expect(boundary.locator("[data-agreement]")).to_be_visible()
    page.wait_for_function(
        "() => Number(document.querySelector('[data-agreement]').dataset.agreement) >= 0.95"
    )
    expect(panel.get_by_role("region", name="Accuracy")).to_contain_text(re.compile(r"1\.|0\.9[5-9]"))
    canvas = boundary.locator("canvas")
    colours = canvas.evaluate(
        """canvas => {
            const {width, height} = canvas, seen = new Set();
            const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
            for (let i = 0; i < data.length; i += 4 * 97)
                seen.add([...data.slice(i, i + 3)].map(part => part >> 4).join());
            return seen.size;
        }"""
    )
    assert colours > 8, "the boundary is painted"
    canvas.hover(position={"x": 40, "y": 40})
    expect(boundary.locator(".plane-said")).to_contain_text(re.compile(r"class [01]"))
    expect(panel.get_by_role("row", name=re.compile("^0.weight"))).to_be_visible()
    expect(
        panel.get_by_role("img", name=re.compile("^Weights of 0.weight over the training"))
    ).to_be_visible()
    panel.get_by_role("button", name="Gradients").click()
    panel.get_by_role("button", name="Heat map").click()
    expect(panel.get_by_role("img", name=re.compile("^Gradients of "))).to_be_visible()


def test_held_stepped_tuned_and_let_go_on(page: Page) -> None:
    panel = train(page, SPIRALS.format(steps=100_000))
    panel.get_by_role("button", name="Hold").click()
    first = held_step(page)
    panel.get_by_role("button", name="Open the step's graph").click()
    page.locator(".cm-end", has_text="loss").click()
    card = page.get_by_role("complementary", name=re.compile("^Selected: loss"))
    expect(card).to_be_visible()
    expect(card.get_by_text("Working out the numbers")).to_have_count(0)
    expect(card.get_by_role("button", name="Check by finite differences")).to_be_visible()
    steps = page.evaluate(STEPS)
    assert steps > 3
    before = drawn(page)
    value = card.locator("pre.values").first.inner_text()

    # Where the loss turns, two steps may have the same four digits of it.
    for step in range(first + 1, first + 4):
        page.keyboard.press("Alt+a")
        expect(status(page)).to_contain_text(f"Held after step {step:,}")
        expect(card).to_be_visible()
        if card.locator("pre.values").first.inner_text() != value:
            break
    expect(card.locator("pre.values").first).not_to_have_text(value)
    until(page, lambda: drawn(page), before)  # the next step's diagram lies where the last one lay
    assert page.evaluate(STEPS) == steps

    panel = show(page, "training")
    panel.get_by_label(re.compile("^optimizer")).fill("0.001")
    page.keyboard.press("Enter")
    expect(panel.get_by_label(re.compile("^optimizer"))).to_have_value("0.001")
    panel.get_by_role("button", name="Go on").click()
    expect(panel.get_by_role("button", name="Hold")).to_be_enabled()
    expect(panel.get_by_role("region", name="Learning rate")).to_be_visible()
    panel.get_by_role("button", name="double the learning rate of optimizer").click()
    expect(panel.get_by_label(re.compile("^optimizer"))).to_have_value("0.002")
    panel.get_by_role("button", name="Stop").click()
    expect(status(page)).to_contain_text("Stopped after")
    expect(panel.get_by_role("region", name="Loss", exact=True)).to_be_visible()


def test_runs_are_kept_laid_over_each_other_and_removed(page: Page) -> None:
    run(page, LINE.format(lr=0.01))
    panel = show(page, "training")
    expect(
        panel.get_by_role("region", name="Loss", exact=True).locator(".scatterlayer .trace")
    ).not_to_have_count(0)
    page.keyboard.press("Alt+m")
    expect(page.locator(".toast")).to_contain_text("Kept.")
    run(page, LINE.format(lr=0.3))
    runs = panel.get_by_role("region", name="Kept runs")
    expect(runs.get_by_placeholder("lr 0.01")).to_be_visible()
    expect(runs).to_contain_text("lr 0.3 (shown)")
    panel.get_by_role("button", name="Keep this run").click()
    run(page, LINE.format(lr=0.1))
    expect(runs.get_by_role("listitem")).to_have_count(3)
    loss = panel.get_by_role("region", name="Loss", exact=True)
    expect(loss.locator("figure")).to_have_attribute(
        "aria-label", re.compile("lr 0.01: loss .*, lr 0.3: loss ")
    )
    # Marks, not only colours, tell the lines apart.
    expect(loss.locator(".scatterlayer .points path").first).to_be_attached()
    runs.get_by_placeholder("lr 0.3").fill("too fast")
    page.reload()
    panel = show(page, "training")
    runs = panel.get_by_role("region", name="Kept runs")
    expect(runs.get_by_role("textbox").nth(1)).to_have_value("too fast")
    runs.get_by_role("checkbox").first.uncheck()
    expect(loss.locator("figure")).not_to_have_attribute("aria-label", re.compile("lr 0.01: loss"))
    runs.get_by_role("button", name="Remove the kept run lr 0.01").click()
    expect(runs.get_by_role("listitem")).to_have_count(2)


def test_a_link_shows_the_training(page: Page, open_page: Callable[..., Page]) -> None:
    run(page, LINE.format(lr=0.1))
    page.keyboard.press("Escape")
    page.keyboard.press("Control+s")
    field = page.get_by_role("dialog").get_by_role("textbox").first
    expect(field).to_have_value(re.compile("/s/"))
    other = open_page()
    other.goto(field.input_value() + "#training")
    panel = other.locator("#panel-training")
    expect(panel.get_by_role("region", name="Loss", exact=True)).to_be_visible()
    expect(panel.get_by_role("region", name="Fit")).to_be_visible()
    expect(panel.get_by_role("row", name=re.compile("^weight"))).to_be_visible()


def test_an_embed_shows_the_training_and_nothing_to_steer(page: Page, open_page: Callable[..., Page]) -> None:
    run(page, LINE.format(lr=0.1))
    page.keyboard.press("Control+s")
    field = page.get_by_role("dialog").get_by_role("textbox").first
    expect(field).to_have_value(re.compile("/s/"))
    embed = open_page(viewport={"width": 900, "height": 480})
    loaded: list[str] = []
    embed.on("request", lambda request: loaded.append(request.url))
    embed.goto(field.input_value().replace("/s/", "/embed/"))
    expect(embed.locator("autograd-graph .ag-svg text").first).to_be_visible()
    assert not [url for url in loaded if re.search("training|plotly", url)], "it loads when it is opened"
    embed.get_by_role("tab", name="Training").click()
    panel = embed.get_by_role("tabpanel", name="Training")
    expect(panel.get_by_role("region", name="Loss", exact=True).locator("figure")).to_be_visible()
    expect(panel.get_by_role("region", name="Fit")).to_be_visible()
    expect(panel.get_by_role("row", name=re.compile("^weight"))).to_be_visible()
    for name in ("Hold", "Stop", "Keep this run"):
        expect(embed.get_by_role("button", name=name)).to_have_count(0)
    assert faults(embed) == []


def test_a_panel_without_training_says_what_fills_it(page: Page) -> None:
    opened(page)
    run(page, "print(1)\n")
    panel = show(page, "training")
    expect(panel).to_contain_text("appear here while a program trains")
    expect(panel.get_by_role("button")).to_have_count(1)


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing(look: str, open_page: Callable[..., Page]) -> None:
    page = open_page(**LOOKS[look])
    panel = train(page, SPIRALS.format(steps=120))
    finished(page)
    page.keyboard.press("Alt+m")
    expect(panel.get_by_role("region", name="Kept runs")).to_be_visible()
    expect(panel.get_by_role("region", name="Decision boundary")).to_be_visible()
    assert faults(page) == []
    if page.viewport_size and page.viewport_size["width"] < 400:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        wide = panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth")
        assert wide, "nothing but tables is wider than the screen"
