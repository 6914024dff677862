"""The card of what is selected: its derivative as a formula, in numbers, as a product, and checked."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.playground import SINE, faults, run, until

CHECK = "Check by finite differences"

CUBE = """\
import torch

class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x ** 3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 2 * x ** 2

x = torch.tensor([1.0, -2.0], requires_grad=True)
y = Cube.apply(x)
W = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
z = W @ y
z.sum().backward()
"""


def derivative(page: Page, name: str) -> Locator:
    """Selects the tensor of that name and gives the part of its card about the derivative."""
    page.keyboard.press("Escape")
    page.locator(".cm-end", has_text=re.compile(rf"^\s*{name}\b")).last.click()
    found = page.get_by_role("region", name="Derivative", exact=True)
    expect(found).to_be_visible()
    return found


def rows(part: Locator) -> list[list[str]]:
    """The texts of the first table."""
    return [
        row.locator("th, td").all_text_contents() for row in part.locator("table").first.locator("tr").all()
    ]


def test_the_derivative_of_the_tutorial(page: Page) -> None:
    run(page, SINE)
    part = derivative(page, "b")
    annotations = part.locator("math annotation")
    expect(annotations.first).to_have_text(r"{b} = \sin {a}")
    expect(annotations.last).to_have_text(r"\frac{\partial {b}}{\partial {a}} = \cos {a}")
    expect(part.locator(".katex-html").first).to_be_visible()
    expect(part.locator("math").first).to_be_attached()
    expect(part.locator("tbody tr")).to_have_count(25)
    until(
        page,
        lambda: rows(part)[:2],
        [["", "entering", "× derivative", "= leaving"], ["[0]", "2.", "1.", "2."]],
    )
    part.get_by_role("button", name=CHECK).click()
    expect(part.locator(".verdict")).to_have_text(
        re.compile(r"^Agrees with finite differences (exactly|to \de-\d+)\.$")
    )
    expect(part.get_by_role("button", name="Check again")).to_be_focused()
    page.wait_for_function("document.fonts.check('16px KaTeX_Math')")


def test_a_number_and_a_variable_stand_in_the_formula(page: Page) -> None:
    run(page, SINE)
    part = derivative(page, "c")
    expect(part.locator("math annotation").first).to_have_text(r"{c} = {b} \cdot {2}")
    expect(part.locator("tbody tr").first).to_contain_text("2.")


def test_at_an_earlier_moment_nothing_has_flowed_yet(page: Page) -> None:
    run(page, SINE)
    part = derivative(page, "b")
    expect(part.locator("thead")).to_contain_text("leaving")
    page.locator("autograd-timeline").get_by_role("button", name="To the beginning").click()
    expect(part.locator("thead")).to_have_text("derivative")
    page.locator("autograd-timeline").get_by_role("button", name="To the end").click()
    expect(part.locator("thead")).to_contain_text("leaving")


def test_a_wrong_function_is_found_out(page: Page) -> None:
    run(page, CUBE)
    part = derivative(page, "y")
    expect(part).to_contain_text("Cube is the program's own Function")
    expect(part.locator("tbody tr")).to_have_count(2)
    part.get_by_role("button", name=CHECK).click()
    expect(part.locator(".verdict")).to_have_text(
        "Differs from finite differences: for ∂y[1]/∂x[1] expected 12.00, got 8., so the backward of Cube is wrong."
    )


def test_a_matrix_product_is_a_table_for_each_input(page: Page) -> None:
    run(page, CUBE)
    part = derivative(page, "z")
    expect(part.locator(".by-input")).to_have_count(2)
    second = part.locator(".by-input").last
    expect(second.locator("math annotation")).to_have_text(r"\overline{{y}} = {W}^{\top}\,{\overline{{z}}}")
    expect(second.locator("tfoot")).to_be_visible()
    until(
        page,
        lambda: rows(second),
        [
            ["", "entering", "[0]", "[1]"],
            ["[0]", "1.", "1.", "2."],
            ["[1]", "1.", "3.", "4."],
            ["leaving", "4.", "6."],
        ],
    )


def test_without_a_worker_the_formula_stays(page: Page) -> None:
    run(page, SINE)
    page.get_by_role("button", name="Share").click()
    page.goto(page.get_by_role("textbox", name="Link").input_value())
    part = derivative(page, "b")
    expect(part.locator("math annotation").first).to_have_text(r"{b} = \sin {a}")
    expect(part).to_contain_text("Run again to work out the numbers")
    expect(part.get_by_role("button", name=CHECK)).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_on_the_open_card(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    run(page, CUBE)
    for name in ("y", "z"):
        part = derivative(page, name)
        part.get_by_role("button", name=CHECK).click()
        expect(part.locator(".verdict")).to_be_visible()
        assert faults(page) == [], f"{name} in {scheme}"
