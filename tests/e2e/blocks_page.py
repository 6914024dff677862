"""What the browser tests do with the blocks, in a person's words."""

from __future__ import annotations

import re
from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect

from tests.e2e.playground import empty

XOR = """\
import torch
from torch import nn

X = torch.tensor([[0., 0.], [0., 1.], [1., 0.], [1., 1.]])
y = torch.tensor([[0.], [1.], [1.], [0.]])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(2, 8)
        self.fc2 = nn.Linear(8, 1)

    def forward(self, x):
        h = torch.tanh(self.fc1(x))
        return self.fc2(h)


net = Net()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
for step in range(60):
    optimizer.zero_grad()
    output = net(X)
    loss = criterion(output, y)
    loss.backward()
    optimizer.step()

for row in X:
    print(row, net(row))
"""
"""A class, a training loop, and a loop that cannot be shown as blocks."""


def blocks(page: Page) -> Locator:
    """Goes to the blocks and gives the pane."""
    if page.locator(".phone-tabs").is_visible():
        page.get_by_role("button", name="Code", exact=True).click()
    page.get_by_role("tab", name="Blocks").click()
    expect(page.locator(".blocks-tools")).to_be_visible()
    return page.locator(".blocks")


def new(page: Page) -> None:
    """An empty program, as blocks."""
    empty(page)
    blocks(page)
    expect(page.locator(".blocks-empty")).to_be_visible()


def block(page: Page, key: str) -> Locator:
    """A block by what it is called in the program."""
    return page.locator(f'.react-flow__node[data-id="{quote(key, safe="!*()")}"]')


def keys(page: Page) -> list[str]:
    """What the blocks in view are called, as the page has them in its addresses."""
    return [str(one.get_attribute("data-id")) for one in page.locator(".react-flow__node").all()]


def centre(place: Locator) -> tuple[float, float]:
    """The middle of something on the page."""
    box = place.bounding_box()
    assert box is not None, "it is not on the page"
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def spot(page: Page, key: str) -> tuple[float, float]:
    """Where a block lies on the canvas, wherever the view is."""
    style = block(page, key).get_attribute("style") or ""
    found = re.search(r"translate\(([-\d.]+)px, ([-\d.]+)px\)", style)
    assert found, style
    return float(found[1]), float(found[2])


def gap(page: Page, first: str, second: str) -> tuple[float, float]:
    """How far and in which direction one block lies from another."""
    (x, y), (to_x, to_y) = spot(page, first), spot(page, second)
    return to_x - x, to_y - y


def search(page: Page, words: str) -> Locator:
    """Opens the palette if it is not there, and looks for something; the first that was found."""
    field = page.locator(".block-menu").get_by_role("searchbox")
    if not field.is_visible():
        page.get_by_role("button", name="Add a block").first.click()
    field.fill(words)
    return page.locator(".block-menu-entry").first


def drag_in(page: Page, words: str, key: str, x: float, y: float) -> None:
    """Drags the first that the palette finds for `words` to a place of the canvas; it is then called `key`."""
    left, top = centre(search(page, words))
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(left + 10, top + 10)
    page.mouse.move(x, y, steps=4)
    page.mouse.up()
    expect(block(page, key)).to_be_visible()


def wire(page: Page, source: str, target: str, port: str, output: int = 0) -> None:
    """Drags a wire from a block's output to another's input."""
    begin = centre(block(page, source).locator(".react-flow__handle.source").nth(output))
    end = centre(block(page, target).locator(".block-port", has_text=port).locator(".react-flow__handle"))
    page.mouse.move(*begin)
    page.mouse.down()
    page.mouse.move(begin[0] + 6, begin[1] + 6)
    page.mouse.move(*end, steps=6)
    page.mouse.up()


def wires(page: Page) -> int:
    """How many wires there are."""
    return page.locator(".react-flow__edge").count()


def set_field(page: Page, key: str, name: str, value: str) -> None:
    """Writes a setting of a block."""
    field = block(page, key).get_by_role("textbox", name=name)
    field.fill(value)
    field.press("Enter")


def value(page: Page, key: str) -> float:
    """The number that a block's value is, as a screen reader has it; NaN while it has none."""
    label = block(page, key).get_attribute("aria-label") or ""
    _, _, words = label.partition(", value ")
    return float(words.split(",")[0] or "nan")
