"""Time travel in a real browser: values and gradients of the moment, in the diagram, the card and the editor."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.playground import SINE, frame_times, idle, run, settled, show, until

DESCENT = """\
import torch
x = torch.tensor([1., 2., 3.])
w = torch.tensor(0.5, requires_grad=True)
b = torch.tensor(0.1, requires_grad=True)
opt = torch.optim.SGD([w, b], lr=0.05)
for i in range(5):
    y = w * x + b
    loss = ((y - 2 * x) ** 2).mean() + w ** 2
    loss.backward()
    print(repr([i, w.item(), w.grad.item(), b.grad.item(), loss.item()]))
    if i % 2:
        opt.step()
        opt.zero_grad()
"""
"""Gradients of two passes add up before each step; `w` gets its gradient along two paths. Prints what it sees."""

LONG = """\
import torch
z = torch.ones(3, requires_grad=True)
x = torch.full((3,), 1.01)
for _ in range(1000):
    z = z * x
z.sum().backward()
"""

PLACES = """() => JSON.stringify([...document.querySelectorAll(".ag-svg > g > g:nth-child(3) > g")]
    .map(group => group.getAttribute("transform")).sort())"""
STATE = """id => {
    const {now} = document.querySelector("autograd-graph"), first = values => values?.data?.[0] ?? null;
    return [first(now.value(id)?.value), first(now.grad(id)), first(now.accumulated(id))];
}"""


def moment(page: Page) -> Locator:
    """What the timeline says of where the run stands."""
    return page.locator("autograd-timeline output")


def go(page: Page, test: str) -> None:
    """Goes to the first moment for which the JavaScript expression `test` holds, of `one` and its index `at`."""
    page.evaluate(
        "() => { const all = document.querySelector('autograd-graph').now.moments.all;"
        f"document.querySelector('autograd-timeline').go(all.findIndex((one, at) => {test})) }}"
    )


def node_of(page: Page, name: str) -> int:
    """The number of the first tensor with this name."""
    found = page.evaluate(
        "name => document.querySelector('autograd-graph').model.nodes.find(one => one.name === name).id", name
    )
    return int(found)


def whole(page: Page) -> None:
    page.set_viewport_size({"width": 1500, "height": 1700})
    settled(page)
    page.evaluate("document.querySelector('autograd-graph').fit()")
    settled(page)


def printed(page: Page) -> list[list[Any]]:
    """What DESCENT saw in each iteration: its number, w, w.grad, b.grad and the loss."""
    out = show(page, "output").locator(".out")
    expect(out).to_contain_text("[4, ")
    lines = out.inner_text().splitlines()
    show(page, "graph")
    return [json.loads(line) for line in lines]


def test_values_and_grads_are_those_the_program_prints_at_that_moment(page: Page) -> None:
    run(page, DESCENT)
    seen = printed(page)
    assert len(seen) == 5
    w, b = node_of(page, "w"), node_of(page, "b")
    for i, weight, w_grad, b_grad, _ in seen:
        # The last backward step of the iteration's pass; all passes have as many.
        steps = page.evaluate("document.querySelector('autograd-graph').now.graph.steps.length")
        go(page, f"one.kind === 'backward' && one.steps === {(i + 1) * steps // 5}")
        # In the first pass since zero_grad this call's gradient is all there is.
        own = w_grad if i % 2 == 0 else w_grad - seen[i - 1][2]
        until(page, lambda: page.evaluate(STATE, w), pytest.approx([weight, own, w_grad], rel=1e-5))
        assert page.evaluate(STATE, b)[2] == pytest.approx(b_grad, rel=1e-6)
    go(page, "one.kind === 'clear'")
    until(page, lambda: page.evaluate(STATE, w)[2], 0)
    page.locator("autograd-timeline").get_by_role("button", name="To the beginning").click()
    until(page, lambda: page.evaluate(STATE, w), [None, None, None])


def test_stepping_through_everything_moves_no_node(page: Page) -> None:
    run(page, DESCENT)
    whole(page)
    places = page.evaluate(PLACES)
    page.locator("autograd-timeline").get_by_role("button", name="To the beginning").click()
    seen = set()
    on = page.get_by_label("One moment on")
    while on.is_enabled():
        on.click()
        idle(page)
        assert page.evaluate(PLACES) == places
        seen.add(page.locator("autograd-timeline").get_attribute("data-part"))
    assert seen == {"forward", "backward", "step", ""}


def test_where_paths_meet_the_sum_is_shown_as_a_sum(page: Page) -> None:
    run(page, DESCENT)
    w = node_of(page, "w")
    go(page, f"one.kind === 'backward' && one.node === {w}")
    chip = page.locator(".ag-svg > g > g:nth-child(4) text", has_text="=")
    expect(chip).to_have_count(1)
    left, right = (chip.text_content() or "").split(" = ")
    terms = [float(term.strip("()")) for term in left.split(" + ")]
    assert len(terms) == 2
    assert sum(terms) == pytest.approx(float(right), abs=2e-3)
    page.evaluate("id => document.querySelector('autograd-graph').dispatchEvent("
                  "new CustomEvent('select', {detail: {node: id}}))", w)  # fmt: skip
    card = page.get_by_role("complementary", name="Selected: w")
    expect(card.get_by_role("list", name="The gradient is the sum of").get_by_role("button")).to_have_count(2)
    expect(card).to_contain_text(".grad")


def test_line_ends_say_what_their_lines_had_made(page: Page) -> None:
    run(page, DESCENT)
    ends = page.locator(".cm-line:has(.cm-end)")
    go(page, "one.kind === 'forward' && at > 1")
    expect(ends).to_have_count(3)
    go(page, "one.kind === 'backward' && one.steps > 25")
    loss = page.locator(".cm-line", has_text="loss = ")
    expect(loss.locator(".cm-end-count")).to_have_text(re.compile("/5$"))
    seen = printed(page)
    at = int((loss.locator(".cm-end-count").text_content() or "0/5").split("/")[0]) - 1
    assert float(loss.locator(".cm-end-value").text_content() or "nan") == pytest.approx(
        seen[at][4], rel=1e-3
    )
    expect(page.locator(".cm-now-backward")).to_have_count(1)
    expect(page.locator(".cm-hovered")).to_contain_text("loss.backward()")
    page.keyboard.press("Escape")
    page.locator("autograd-timeline").get_by_role("button", name="To the end").click()
    expect(loss.locator(".cm-end-count")).to_have_text("×5")


def test_keys_play_and_step_outside_the_editor_only(page: Page) -> None:
    run(page, SINE)
    page.locator("autograd-graph .ag-stage").focus()
    page.keyboard.press("Home")
    expect(moment(page)).to_contain_text("op 1 /")
    page.keyboard.press(">")
    expect(moment(page)).to_have_text("backward 1 / 5: SumBackward0")
    page.keyboard.press("<")
    page.get_by_label("Speed of playing").select_option("20")
    page.locator("autograd-graph .ag-stage").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(moment(page)).to_contain_text("end of", timeout=10_000)
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.locator(".cm-content").focus()
    before = moment(page).text_content()
    page.keyboard.press("Control+End")
    page.keyboard.type(". , <> ")
    expect(page.locator(".cm-content")).to_contain_text(". , <>")
    assert moment(page).text_content() == before


def test_a_link_opens_at_the_moment(page: Page, open_page: Callable[..., Page]) -> None:
    run(page, SINE)
    page.locator("autograd-graph .ag-stage").focus()
    page.keyboard.press("Home")
    page.keyboard.press(">")
    page.get_by_role("button", name="Share").click()
    page.wait_for_url("**/s/*")
    other = open_page()
    other.goto(page.url)
    expect(moment(other)).to_have_text("backward 1 / 5: SumBackward0")
    other.goto(page.url.replace("/s/", "/embed/"))
    expect(moment(other)).to_have_text("backward 1 / 5: SumBackward0")


def test_a_step_of_a_long_run_fits_in_a_frame(page: Page) -> None:
    run(page, LONG)
    settled(page)
    count = page.evaluate("""() => {
        const {length} = document.querySelector("autograd-graph").now.moments.all;
        document.querySelector("autograd-timeline").go(Math.floor(length / 3));
        return length;
    }""")
    assert count > 2000
    busy, usual = frame_times(
        page, "document.querySelector('autograd-timeline').step(i % 3 ? 1 : -1);", count=60
    )
    assert busy < 3 * usual
