"""Why is my gradient None, zero, huge or NaN? Asked on the page, as a person would."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.playground import examples, faults, idle, run, show

CASES = Path(__file__).resolve().parents[1] / "programs/cases"
CUT = """\
import torch
w = torch.tensor([1.0, 2.0], requires_grad=True)
h = w * 3
y = h.detach()
b = torch.tensor([1.0, 1.0], requires_grad=True)
loss = (y * b).sum()
loss.backward()
"""
MISFIT = """\
import torch
x = torch.randn(16, 100)
w = torch.randn(10, 100, requires_grad=True)
y = x @ w
"""
DEEP = """\
import torch
from torch import nn
layers = []
for _ in range(12):
    layers += [nn.Linear(6, 6), nn.Sigmoid()]
net = nn.Sequential(*layers)
net(torch.randn(8, 6)).pow(2).sum().backward()
"""
HEALTHY = (
    "course_linear_regression",
    "course_lenet",
    "course_gpt_block",
    "course_seq2seq",
    "course_manual_backprop",
    "course_gan",
    "course_dqn",
    "learn_autoencoder",
    "learn_linear_regression",
)
"""Training programs in which nothing is wrong, though some have gradients that cancel, masks and sharp softmaxes."""


def pick(page: Page, name: str) -> Locator:
    """Selects a tensor by its name on the diagram, and gives its explanation."""
    page.locator(".ag-svg text").get_by_text(name, exact=True).first.click()
    expect(page.locator(".card")).to_be_visible()
    return page.locator(".card .why").first


def test_a_cut_is_told_and_its_way_is_lit(page: Page) -> None:
    run(page, CUT)
    why = pick(page, "w")
    expect(why).to_contain_text("Why there is no gradient")
    expect(why).to_contain_text(
        "h, which is made of w, is cut off from what is differentiated by detach() at line 4."
    )
    expect(why).to_contain_text("Leave detach() out at line 4")
    lit = "document.querySelector('autograd-graph').toSVG().match(/stroke-width=\"2.75\"/g)?.length ?? 0"
    page.wait_for_function(f"() => ({lit}) >= 4")
    why.get_by_role("button", name="Hide the path").click()
    page.wait_for_function(f"() => ({lit}) === 0")
    # A name in the sentence leads to its tensor, a line to its text.
    why.get_by_role("button", name="line 4").first.click()
    expect(page.locator(".cm-activeLine")).to_contain_text("y = h.detach()")
    why.get_by_role("button", name="h", exact=True).click()
    expect(page.locator(".card h3")).to_contain_text("h operation")
    assert faults(page) == []


def test_what_does_not_fit_is_shown_in_the_graph(page: Page) -> None:
    run(page, MISFIT)
    output = show(page, "output")
    expect(output).to_contain_text("x (16, 100)")
    output.get_by_role("button", name="Show in graph").click()
    why = page.locator(".card .why").first
    expect(why).to_contain_text("What went wrong")
    expect(why).to_contain_text("100 is not 10")
    expect(why).to_contain_text("x @ w.T")
    expect(page.locator(".ag-svg text").get_by_text("mm", exact=True)).to_be_in_viewport()


def test_layers_that_vanish_are_marked_and_listed(page: Page) -> None:
    run(page, DEEP)
    head = page.locator(".findings-head")
    expect(head).to_contain_text("findings")
    head.click()
    first = page.locator(".findings li button").first
    expect(first).to_contain_text("vanishing ×")
    # By keyboard alone: the arrows walk the list, Enter selects.
    head.focus()
    page.keyboard.press("ArrowDown")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    why = page.locator(".card .why").first
    expect(why).to_contain_text("Why it is so small")
    expect(why).to_contain_text("No single operation does it")
    expect(page.locator(".ag-svg text").get_by_text("vanishing ×").first).to_be_visible()
    assert faults(page) == []
    page.locator(".findings-head").focus()
    page.keyboard.press("Escape")
    expect(page.locator(".findings li")).to_have_count(0)


def found(page: Page) -> list[str]:
    """The findings of the shown run, but for operations that failed: the program's error tells of those."""
    # The list is loaded with the diagram, and made when the page has nothing better to do.
    page.wait_for_function("performance.getEntriesByType('resource').some(one => /findings-/.test(one.name))")
    idle(page)
    idle(page)
    head = page.locator(".findings-head")
    if head.count() == 0:
        return []
    head.click()
    words = page.locator(".findings li button").all_text_contents()
    head.click()
    return [word for word in words if "failed" not in word]


def test_the_gallery_is_healthy_but_for_the_example_of_what_is_not(page: Page) -> None:
    page.goto("/")
    alarms = {}
    for example in examples(page):
        if example["section"] == "Templates":
            continue
        run(page, example["code"])
        show(page, "graph")
        if words := found(page):
            alarms[example["id"]] = words[0]
    assert list(alarms) == [one for one in alarms if "vanishing" in one]
    assert len(alarms) == 1


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_programs_raise_no_alarm(page: Page, name: str) -> None:
    run(page, (CASES / f"{name}.py").read_text(encoding="utf-8"))
    assert found(page) == []


def test_the_message_over_a_line_leads_to_the_operation_too(page: Page) -> None:
    run(page, MISFIT)
    page.locator(".cm-line", has_text="y = x @ w").hover(position={"x": 20, "y": 8})
    tip = page.locator(".cm-error-tip")
    expect(tip).to_contain_text("100 is not 10")
    tip.get_by_role("button", name="Show in graph").click()
    expect(page.locator(".card .why").first).to_contain_text("What went wrong")
