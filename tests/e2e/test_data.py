"""A table of one's own in a real browser: dropped, looked at, trained on, shared, kept; and the templates."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Problems
from tests.e2e.playground import begin, empty, faults, finished, run, show, status, write
from tests.playground.worker.test_templates import TEMPLATES

FLOWERS = (
    "length;width;kind\n"
    + "".join(f"{5 + k / 10:.1f};{3 + k / 20:.2f};round\n".replace(".", ",") for k in range(8))
    + "4,7;oops;round\n6,9\n;3,1;long\n"
    + "".join(f"{7 + k / 10:.1f};{2 + k / 20:.2f};long\n".replace(".", ",") for k in range(8))
)
"""As a spreadsheet writes it where decimals have a comma; lines 10, 11 and 12 cannot be used."""

TRAINING = """\
import torch
from torch import nn

import data

torch.manual_seed(0)
X, y = data.X, data.y
model = nn.Linear(2, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for step in range(60):
    logits = model(X)
    loss = nn.functional.cross_entropy(logits, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
right = (model(data.X_test).argmax(1) == data.y_test).float().mean().item()
print(data.columns, data.classes, tuple(X.shape), tuple(data.X_test.shape), X.mean(0).abs().max().item() < 1e-5, right)
"""
PRINTED = "['length', 'width'] ['long', 'round'] (12, 2) (4, 2) True 1.0"


def drop(page: Page, name: str, text: str) -> None:
    """Drops a file onto the middle of the page, as a person does."""
    page.evaluate(
        """([data, name]) => {
          const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], name));
          for (const type of ["dragenter", "dragover", "drop"])
            document.querySelector(".cm-content").dispatchEvent(
              new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }""",
        [base64.b64encode(text.encode()).decode(), name],
    )


def dialog(page: Page) -> None:
    page.keyboard.press("Alt+d")
    expect(page.get_by_role("dialog", name="Data of your own")).to_be_visible()


def test_a_dropped_table_is_trained_on_and_shared(page: Page, open_page: Callable[..., Page]) -> None:
    empty(page)
    drop(page, "flowers.csv", FLOWERS)
    box = page.get_by_role("dialog", name="Data of your own")
    expect(box).to_contain_text("19 rows of 3 columns, separated by semicolons")
    bad = box.locator(".data-bad")
    expect(bad).to_contain_text("3 rows are left out")
    expect(bad.locator("li")).to_have_text(
        [
            re.compile(r"line 10\s*width is 'oops'; expected a number"),
            re.compile(r"line 11\s*has 1 value; expected 3, as most rows have"),
            re.compile(r"line 12\s*length is missing"),
        ]
    )
    expect(box.get_by_label("Use of kind")).to_have_value("target")
    expect(box.get_by_label("Type of kind")).to_have_value("category")
    box.get_by_label("Standardise X").check()
    box.get_by_label("Set aside for testing").select_option("0.25")
    expect(box).to_contain_text("4 rows, at random")
    box.get_by_role("button", name="Insert into the program").click()
    expect(page.locator(".cm-content")).to_contain_text("X, y = data.X, data.y  # 2 columns; 2 classes")
    expect(page.locator(".cm-content")).to_contain_text("X_test, y_test = data.X_test, data.y_test")
    run(page, TRAINING)
    expect(show(page, "output")).to_contain_text(PRINTED)

    page.keyboard.press("Control+s")
    share = page.get_by_role("dialog", name="Share")
    expect(share).to_contain_text("The table flowers.csv (1 KiB) travels with the link")
    share.get_by_role("button", name="Share with the table").click()
    link = share.get_by_label("Link")
    expect(link).to_have_value(re.compile(r"/s/\w+"))

    other = open_page()
    other.goto(link.input_value())
    expect(show(other, "output")).to_contain_text(PRINTED)
    # The table came along: it runs there, and is seen there.
    write(other, TRAINING.replace("right)", "right, 'again')"))
    begin(other)
    finished(other)
    expect(show(other, "output")).to_contain_text(PRINTED + " again")
    dialog(other)
    expect(other.get_by_role("dialog", name="Data of your own")).to_contain_text("flowers.csv")


def test_a_link_without_the_table_says_what_is_missing(page: Page, open_page: Callable[..., Page]) -> None:
    empty(page)
    drop(page, "large.csv", "x;y\n" + "1,5;2,5\n" * 40_000)
    box = page.get_by_role("dialog", name="Data of your own")
    expect(box).to_contain_text("40,000 rows of 2 columns")
    expect(box).to_contain_text("too large for a link, which takes 256 KiB at most")
    page.keyboard.press("Escape")
    run(page, "import data\nprint(tuple(data.X.shape))")
    expect(show(page, "output")).to_contain_text("(40000, 1)")
    page.keyboard.press("Control+s")
    share = page.get_by_role("dialog", name="Share")
    expect(share).to_contain_text("has 313 KiB; a link takes 256 KiB at most")
    expect(share.get_by_role("button", name="Share with the table")).to_have_count(0)
    share.get_by_role("button", name="Share without the table").click()
    expect(share.get_by_label("Link")).to_have_value(re.compile(r"/s/\w+"))
    other = open_page()
    other.goto(share.get_by_label("Link").input_value())
    run(other, "import data\nprint(data.X.shape)")
    expect(show(other, "output")).to_contain_text(
        "data.X is of a table of your own, and this program came without one"
    )


def test_a_table_is_still_there_after_a_reload(page: Page) -> None:
    empty(page)
    dialog(page)
    page.get_by_label("Rows of the table").fill("a,b\n1,2.5\n3,4.5\n")
    page.get_by_role("button", name="Use these rows").click()
    box = page.get_by_role("dialog", name="Data of your own")
    expect(box).to_contain_text("2 rows of 2 columns, separated by commas")
    box.get_by_label("The first row has the names").uncheck()
    expect(box).to_contain_text("3 rows of 2 columns")
    box.get_by_label("The first row has the names").check()
    box.get_by_label("Use of a").select_option("target")
    box.get_by_label("Use of b").select_option("feature")
    expect(box.get_by_label("Use of a")).to_have_value("target")
    page.keyboard.press("Escape")
    write(page, "import data\nprint(data.columns, data.y.flatten().tolist())")
    page.reload()
    expect(page.locator(".cm-content")).to_contain_text("data.columns")
    begin(page)
    finished(page)
    expect(show(page, "output")).to_contain_text("['b'] [1.0, 3.0]")
    dialog(page)
    page.get_by_role("button", name="Remove the table").click()
    expect(page.get_by_label("Rows of the table")).to_be_visible()


def test_the_program_goes_with_data_py(page: Page, tmp_path: Path) -> None:
    empty(page)
    drop(page, "flowers.csv", FLOWERS)
    expect(page.get_by_role("dialog", name="Data of your own")).to_contain_text("3 rows are left out")
    page.keyboard.press("Escape")
    write(page, "import data\nprint(data.X)")
    with page.expect_download() as download:
        page.keyboard.press("Alt+Shift+y")
    assert download.value.suggested_filename == "data.py"
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert "def moons(" in text
    assert "4,7;oops;round\n" in text
    compile(text, "data.py", "exec")


def test_what_is_no_table_is_said(page: Page) -> None:
    empty(page)
    drop(page, "words.csv", "just some words\nand more of them\n")
    expect(page.get_by_role("dialog", name="Data of your own").get_by_role("alert")).to_contain_text(
        "There is no number column"
    )
    page.keyboard.press("Escape")
    drop(page, "huge.csv", "1,2\n" * 300_000)
    expect(page.locator(".toast")).to_contain_text("at most 1,024 KiB can be used")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_in_the_dialog(open_page: Callable[..., Page], scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    empty(page)
    dialog(page)
    assert not faults(page)
    page.keyboard.press("Escape")
    drop(page, "flowers.csv", FLOWERS)
    expect(page.get_by_role("dialog", name="Data of your own")).to_contain_text("3 rows are left out")
    assert not faults(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("dialog", name="Share")).to_contain_text("travels with the link")
    assert not faults(page)


# Those that take the least; all of them run in the tests of the worker.
@pytest.mark.parametrize("name", ["line_fit", "digits", "newton_against_sgd"])
def test_a_template_runs_at_one_click(page: Page, name: str) -> None:
    empty(page)
    page.get_by_role("button", name="Examples").click()
    templates = page.get_by_role("region", name="Templates to begin with")
    expect(templates.locator("[data-example]")).to_have_count(len(TEMPLATES))
    page.locator(f'[data-example="{name}"]').click()
    finished(page)
    panel = TEMPLATES[name].panel
    expect(page.get_by_role("tab", name=panel.capitalize())).to_have_attribute("aria-selected", "true")
    expect(status(page)).not_to_contain_text("error")
    output = show(page, "output")
    expect(output.locator(".out, .plot").first).to_be_visible()
    expect(output.locator(".error-block")).to_have_count(0)


def test_a_surface_is_drawn_or_said_not_to_be(page: Page, problems: Problems) -> None:
    page.goto("/?example=surface")
    finished(page)
    # Whether this browser has WebGL, the machine says.
    if page.evaluate("document.createElement('canvas').getContext('webgl') !== null"):
        # Plotly measures letters in a way the browser finds slow, and so do drivers without a GPU.
        problems.expect("willReadFrequently|ReadPixels")
        expect(page.locator(".plot canvas").first).to_be_visible()
    else:
        expect(show(page, "output")).to_contain_text("this browser has no WebGL to draw them with")
