"""The blocks in a real browser: programs built, changed and looked at without typing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.blocks_page import (
    XOR,
    block,
    blocks,
    centre,
    drag_in,
    gap,
    keys,
    new,
    search,
    set_field,
    spot,
    value,
    wire,
    wires,
)
from tests.e2e.playground import begin, code, empty, faults, finished, idle, opened, run, show, until, write

CHAIN = "import torch\nx = torch.tensor([1.0, 2.0])\na = torch.sin(x)\nb = torch.cos(a)\n"


def trained(page: Page, loop: str, steps: int) -> None:
    """Writes how many steps the loop has, runs the program and waits until its values are shown."""
    set_field(page, loop, "steps", str(steps))
    expect(block(page, loop).get_by_role("textbox", name="steps")).to_have_value(str(steps))
    assert f"range({steps})" in code(page)
    begin(page)
    finished(page)


def falls(page: Page, loss: str, loop: str) -> None:
    """Trains for one step and then for many: the loss is far smaller."""
    trained(page, loop, 1)
    until(page, lambda: value(page, loss) > 0)
    first = value(page, loss)
    trained(page, loop, 300)
    until(page, lambda: value(page, loss) < 0.2 * first)


def test_xor_by_mouse_from_an_empty_canvas(page: Page) -> None:
    new(page)
    drag_in(page, "xor", "X", 80, 170)
    drag_in(page, "linear", "linear", 80, 290)
    drag_in(page, "tanh", "tanh", 80, 430)
    drag_in(page, "linear", "linear_2", 330, 170)
    drag_in(page, "crossentropy", "criterion", 310, 330)
    drag_in(page, "adam", "optimizer", 330, 470)
    page.get_by_role("button", name="Close the palette").click()
    set_field(page, "linear", "out_features", "8")
    set_field(page, "linear_2", "in_features", "8")
    set_field(page, "linear_2", "out_features", "2")
    set_field(page, "optimizer", "lr", "0.05")
    for count, (source, target, port, output) in enumerate(
        [
            ("X", "linear", "input", 0),
            ("linear", "tanh", "input", 0),
            ("tanh", "linear_2", "input", 0),
            ("linear_2", "criterion", "input", 0),
            ("X", "criterion", "target", 1),
        ]
    ):
        wire(page, source, target, port, output)
        expect(page.locator(".react-flow__edge")).to_have_count(count + 1)
    wire(page, "criterion", "optimizer", "loss")
    expect(block(page, "train")).to_be_visible()
    falls(page, "criterion", "train")
    text = code(page)
    assert "for step in range(300):" in text
    assert "optimizer.zero_grad()" in text
    assert "loss.backward()" in text
    assert "..." not in text, "nothing is left to be connected"


def add(page: Page, words: str) -> None:
    """With the keyboard: the palette, a name, Enter; the new block has the focus."""
    before = keys(page)
    page.keyboard.press("a")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.locator(".react-flow__node")).to_have_count(len(before) + 1)
    expect(page.locator(".react-flow__node:focus")).to_have_count(1)


def go_to(page: Page, key: str) -> None:
    """With the arrow keys alone, as far as it takes."""
    wanted = block(page, key).get_attribute("data-id")
    ways = ("ArrowUp",) * 8 + ("ArrowDown",) * 10 + ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowUp") * 4
    for arrow in ways:
        if page.evaluate("document.activeElement.dataset.id") == wanted:
            return
        page.keyboard.press(arrow)
        idle(page)
    pytest.fail(f"no arrow leads to {key} from {page.evaluate('document.activeElement.dataset.id')}")


def connect(page: Page, target: str, output: int = 0) -> None:
    """A wire from a value of the block that has the focus, with the arrow keys to `target` (``input of Linear``)."""
    before = wires(page)
    for _ in range(output + 1):
        page.keyboard.press("c")
    said = page.locator(".blocks [role=status]")
    for _ in range(20):
        if target in (said.text_content() or ""):
            page.keyboard.press("Enter")
            expect(page.locator(".react-flow__edge")).to_have_count(before + 1)
            return
        page.keyboard.press("ArrowRight")
        idle(page)
    pytest.fail(f"no wire goes to {target}")


def write_field(page: Page, name: str, number: str) -> None:
    """A setting of the block that has the focus, reached with Enter and Tab."""
    page.keyboard.press("Enter")
    for _ in range(6):
        if page.evaluate("document.activeElement.getAttribute('aria-label')").endswith(f": {name}"):
            page.keyboard.press("Control+a")
            page.keyboard.type(number)
            page.keyboard.press("Enter")
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{name} is not reached")


def test_xor_by_keyboard_alone(page: Page) -> None:
    empty(page)
    page.keyboard.press("Alt+b")
    expect(page.get_by_role("button", name="Add a block").last).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("xor")
    page.keyboard.press("Enter")
    expect(block(page, "X")).to_be_focused()
    # What is added from a block is connected to it.
    add(page, "linear")
    write_field(page, "out_features", "8")
    add(page, "tanh")
    add(page, "linear")
    write_field(page, "in_features", "8")
    write_field(page, "out_features", "2")
    add(page, "crossentropy")
    expect(page.locator(".react-flow__edge")).to_have_count(4)
    go_to(page, "X")
    connect(page, "target of CrossEntropyLoss", output=1)
    go_to(page, "criterion")
    # An optimizer that is added from a loss writes the training loop.
    page.keyboard.press("a")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("adam")
    page.keyboard.press("Enter")
    expect(block(page, "optimizer")).to_be_focused()
    expect(block(page, "train")).to_be_visible()
    write_field(page, "lr", "0.05")
    falls(page, "criterion", "train")


def written(page: Page, part: str) -> None:
    """Waits until the code has `part`."""
    until(page, lambda: part in code(page))


def test_undo_takes_fifty_steps_back_and_does_them_again(page: Page) -> None:
    opened(page)
    write(page, CHAIN)
    blocks(page)
    expect(block(page, "b")).to_be_visible()
    first = code(page)
    field = block(page, "x").get_by_role("textbox", name="data")
    for i in range(50):
        field.fill(f"[{i}.0, 2.0]")
        field.press("Enter")
        written(page, f"[{i}.0, 2.0]")
        expect(page.locator(".blocks-tools[data-waiting]")).to_have_count(0)
    block(page, "x").focus()
    for _ in range(50):
        page.keyboard.press("Control+z")
    until(page, lambda: code(page), first)
    for _ in range(50):
        page.keyboard.press("Control+y")
    written(page, "[49.0, 2.0]")
    # The same history is in the editor.
    page.get_by_role("tab", name="Code").click()
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+z")
    until(page, lambda: "[48.0, 2.0]" in code(page))


def test_what_was_moved_stays_there_and_undo_puts_it_back(page: Page) -> None:
    opened(page)
    write(page, CHAIN)
    blocks(page)
    a = block(page, "a")
    expect(a).to_be_visible()
    idle(page)
    before, other = spot(page, "a"), spot(page, "b")
    x, y = centre(a.locator(".block-title"))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 30, steps=5)
    page.mouse.move(x + 120, y + 30, steps=5)
    page.mouse.up()
    until(page, lambda: spot(page, "a")[0] > before[0] + 60)
    idle(page)
    assert spot(page, "b") == other
    moved, text = spot(page, "a"), code(page)
    page.reload()
    blocks(page)
    expect(a).to_be_visible()
    until(page, lambda: (spot(page, "a"), spot(page, "b")), (moved, other))
    a.focus()
    page.keyboard.press("Alt+ArrowDown")
    until(page, lambda: spot(page, "a")[1] > moved[1])
    assert (spot(page, "a")[0], spot(page, "b")) == (moved[0], other)
    page.keyboard.press("Control+z")
    until(page, lambda: spot(page, "a"), moved)
    assert spot(page, "b") == other
    assert code(page) == text


def test_copy_paste_duplicate_and_remove(page: Page) -> None:
    opened(page)
    write(page, CHAIN)
    blocks(page)
    block(page, "a").click(position={"x": 20, "y": 12})
    page.keyboard.press("Control+c")
    page.keyboard.press("Control+v")
    expect(page.locator(".react-flow__node")).to_have_count(4)
    assert code(page).count("torch.sin") == 2
    page.keyboard.press("Control+d")
    expect(page.locator(".react-flow__node")).to_have_count(5)
    page.keyboard.press("Delete")
    expect(page.locator(".react-flow__node")).to_have_count(4)
    block(page, "a").focus()
    page.keyboard.press("ArrowUp")
    idle(page)
    page.keyboard.press("ArrowDown")
    idle(page)
    page.keyboard.press("Control+x")
    expect(block(page, "a")).to_have_count(0)
    assert "torch.cos(...)" in code(page), "what used its value is open, and stays"
    page.keyboard.press("Control+z")
    expect(block(page, "a")).to_be_visible()


def test_blocks_become_a_class_and_are_taken_apart(page: Page) -> None:
    opened(page)
    write(page, CHAIN)
    blocks(page)
    block(page, "a").click(position={"x": 20, "y": 12})
    page.keyboard.down("Control")
    idle(page)
    block(page, "b").click(position={"x": 20, "y": 12})
    page.keyboard.up("Control")
    expect(page.locator(".react-flow__node.selected")).to_have_count(2)
    page.keyboard.press("Control+g")
    expect(page.locator(".frame")).to_be_visible()
    text = code(page)
    assert "(nn.Module):" in text
    assert "def forward(self, x):" in text
    name = re.search(r"class (\w+)", text)
    assert name is not None
    frame = block(page, name[1])
    frame.get_by_role("button", name=re.compile("Close")).click()
    expect(page.locator(".frame")).to_have_count(0)
    expect(frame).to_contain_text("blocks")
    frame.get_by_role("button", name=re.compile("Open")).click()
    expect(page.locator(".frame")).to_be_visible()
    frame.focus()
    page.keyboard.press("r")
    expect(frame.get_by_role("textbox", name="New name")).to_be_focused()
    page.keyboard.type("Wave")
    page.keyboard.press("Enter")
    expect(block(page, "Wave")).to_be_visible()
    assert "class Wave(nn.Module):" in code(page)
    block(page, "Wave").focus()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Shift+g")
    expect(page.locator(".frame")).to_have_count(0)
    assert "class" not in code(page)


def test_a_wire_that_cannot_be_is_refused_with_the_reason(page: Page) -> None:
    opened(page)
    write(page, CHAIN)
    blocks(page)
    expect(block(page, "b")).to_be_visible()
    wire(page, "b", "a", "input")
    expect(page.locator(".toast")).to_contain_text("circle")
    assert wires(page) == 2
    block(page, "a").focus()
    page.keyboard.press("w")
    page.keyboard.press("Delete")
    expect(page.locator(".react-flow__edge")).to_have_count(1)
    assert "torch.sin(...)" in code(page)


def test_what_cannot_be_blocks_is_kept_and_said(page: Page) -> None:
    opened(page)
    write(page, XOR)
    blocks(page)
    loop = page.locator('.block-box[data-kind="code"]')
    expect(loop).to_contain_text("for row in X:")
    expect(loop).to_contain_text("loop")
    loop.dblclick()
    expect(page.locator(".cm-content")).to_be_focused()
    expect(page.get_by_role("tab", name="Code")).to_have_attribute("aria-selected", "true")
    until(page, lambda: "for row in X:" in page.evaluate("getSelection().toString()"))
    page.get_by_role("tab", name="Blocks").click()
    page.get_by_role("tab", name="Code").click()
    write(page, "x = torch.sin(\n")
    page.get_by_role("tab", name="Blocks").click()
    expect(page.locator(".blocks-problem")).to_contain_text("Line")


def test_a_run_is_seen_in_the_blocks_and_picked_with_the_rest_of_the_page(page: Page) -> None:
    run(page, XOR)
    blocks(page)
    loss = block(page, "criterion")
    expect(loss).to_have_attribute("aria-label", re.compile(", value .*, gradient "))
    end = value(page, "criterion")
    loss.click(position={"x": 30, "y": 12})
    expect(page.locator(".card")).to_contain_text("mse_loss")
    show(page, "graph")
    page.get_by_role("button", name="To the beginning").click()
    page.keyboard.press(">")
    until(page, lambda: value(page, "criterion") > end)  # at an earlier moment the loss was greater
    page.get_by_role("button", name="To the end").click()
    until(page, lambda: value(page, "criterion"), end)


EVERYTHING = """\
import torch
from torch import nn


class Gate(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, 3), nn.Tanh())

    def forward(self, x):
        return self.body(x) * 2


def squared(u):
    return u * u


X = torch.tensor([[0.5, 1.0], [1.0, -1.0]])
gate = Gate()
optimizer = torch.optim.SGD(gate.parameters(), lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    h = gate(X)
    loss = squared(h).mean()
    loss.backward()
    optimizer.step()
"""


def test_after_a_run_every_block_and_every_wire_shows_value_and_gradient(page: Page) -> None:
    run(page, EVERYTHING)
    blocks(page)
    expect(block(page, "loss")).to_have_attribute("aria-label", re.compile(", value "))
    idle(page)
    makes = [str(one.get_attribute("aria-label")) for one in page.locator(".react-flow__node").all()]
    silent = [words for words in makes if "makes (" in words and ", value " not in words]
    assert silent == []
    assert sum(", gradient " in words for words in makes) >= 8
    said = [str(one.get_attribute("aria-label")) for one in page.locator(".react-flow__edge").all()]
    assert [words for words in said if "value " not in words] == []
    assert sum("gradient " in words for words in said) >= 7
    page.get_by_role("button", name="Zoom in", exact=True).click()
    page.get_by_role("button", name="Zoom in", exact=True).click()
    expect(page.locator(".wire .wire-grad").first).to_be_attached()
    switch = page.get_by_role("button", name="Value and gradient on the wires")
    expect(switch).to_have_attribute("aria-pressed", "true")
    block(page, "X").focus()
    page.keyboard.press("n")
    expect(switch).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Escape")
    page.mouse.move(5, 5)
    expect(page.locator(".wire .wire-grad")).to_have_count(0)
    linear = block(page, "Gate.body.0")
    linear.focus()
    page.keyboard.press(" ")
    expect(linear.locator(".block-weights tr")).to_have_count(2)
    expect(linear.locator(".block-weights")).to_contain_text(re.compile(r"weight\s*\(3, 2\)\s*‖.*∇"))


def test_share_keeps_where_the_blocks_lie(page: Page, open_page: Callable[..., Page]) -> None:
    opened(page)
    write(page, CHAIN)
    blocks(page)
    idle(page)
    before = gap(page, "a", "b")
    block(page, "a").focus()
    for _ in range(10):
        page.keyboard.press("Alt+ArrowRight")
    until(page, lambda: gap(page, "a", "b")[0] < before[0] - 40)
    idle(page)
    moved = gap(page, "a", "b")
    page.keyboard.press("Control+s")
    link = page.get_by_label("Link", exact=False).first
    expect(link).to_have_value(re.compile("/s/"))
    other = open_page()
    other.goto(link.input_value())
    expect(other.locator(".blocks")).to_be_visible()
    expect(block(other, "b")).to_be_visible()
    until(other, lambda: gap(other, "a", "b"), moved)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page: Callable[..., Page], scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    run(page, XOR)
    blocks(page)
    expect(block(page, "criterion")).to_be_visible()
    expect(search(page, "linear")).to_be_visible()
    block(page, "criterion").focus()
    assert faults(page) == []


def test_on_a_phone(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport={"width": 360, "height": 740}, has_touch=True)
    new(page)
    page.get_by_role("button", name="Add a block").first.tap()
    menu = page.locator(".block-menu")
    expect(menu).to_be_visible()
    box = menu.bounding_box()
    assert box is not None
    assert box["width"] > 300, "the palette is a sheet"
    page.get_by_role("searchbox").fill("moons")
    page.locator(".block-menu-entry").first.tap()
    expect(block(page, "X")).to_be_visible()
    expect(menu).to_have_count(0)
    search(page, "linear").tap()
    expect(block(page, "linear")).to_be_visible()
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for name in ("Add a block", "Undo", "Show all blocks"):
        button = page.get_by_role("button", name=name).first.bounding_box()
        assert button is not None
        assert button["height"] >= 28


def test_parts_are_loaded_when_they_are_first_opened(page: Page) -> None:
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    page.goto("/")
    finished(page)
    page.wait_for_load_state("networkidle")
    assert not [url for url in loaded if re.search(r"/(blocks|palette\.gen|expression)-", url)]
    blocks(page)
    assert [url for url in loaded if "/blocks-" in url]


@dataclass
class Fingers:
    """Fingers on the glass, one number each, as a phone tells of them."""

    page: Page
    down: dict[int, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.session = self.page.context.new_cdp_session(self.page)

    def _tell(self, kind: str) -> None:
        points = [{"id": number, "x": x, "y": y} for number, (x, y) in self.down.items()]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def put(self, *places: tuple[float, float]) -> None:
        self.down = dict(enumerate(places))
        self._tell("touchStart")

    def move(self, *places: tuple[float, float], steps: int = 6) -> None:
        before = dict(self.down)
        for step in range(1, steps + 1):
            for number, (x, y) in enumerate(places):
                left, top = before[number]
                self.down[number] = (left + (x - left) * step / steps, top + (y - top) * step / steps)
            self._tell("touchMove")

    def lift(self) -> None:
        self.down = {}
        self._tell("touchEnd")

    def drag(self, begin: tuple[float, float], end: tuple[float, float]) -> None:
        self.put(begin)
        self.move(end)
        self.lift()


def still(page: Page, place: Locator) -> tuple[float, float]:
    """The middle of something, once it does not move any more."""
    found = [centre(place)]

    def seen() -> bool:
        found.append(centre(place))
        return found[-1] == found[-2] == found[max(len(found) - 3, 0)]

    until(page, seen)
    return found[-1]


def zoom_of(page: Page) -> float:
    """How large the blocks are drawn."""
    style = page.locator(".react-flow__viewport").get_attribute("style") or ""
    found = re.search(r"scale\(([\d.]+)\)", style)
    assert found, style
    return float(found[1])


def test_wired_moved_and_pinched_with_fingers(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport={"width": 412, "height": 860}, has_touch=True, is_mobile=True)
    fingers = Fingers(page)
    new(page)
    for words, key in (("moons", "X"), ("linear", "linear"), ("tanh", "tanh")):
        if not page.get_by_role("searchbox").is_visible():
            page.get_by_role("button", name="Add a block").first.tap()
        page.get_by_role("searchbox").fill(words)
        page.locator(".block-menu-entry").first.tap()
        expect(block(page, key)).to_be_visible()
        expect(page.locator(".block-menu")).to_have_count(0)
    page.get_by_role("button", name="Lay the blocks out").tap()
    page.get_by_role("button", name="Show all blocks").tap()
    edges = page.locator(".react-flow__edge")
    expect(edges).to_have_count(0)

    def out(key: str) -> Locator:
        return block(page, key).locator(".react-flow__handle.source").first

    def into(key: str) -> Locator:
        return block(page, key).locator(".react-flow__handle.target").last

    # A tap on each end, or a finger drawn from one to the other.
    page.touchscreen.tap(*still(page, out("X")))
    page.touchscreen.tap(*still(page, into("linear")))
    expect(edges).to_have_count(1)
    assert "linear(X)" in code(page)
    fingers.drag(still(page, out("linear")), still(page, into("tanh")))
    expect(edges).to_have_count(2)
    assert "tanh(h)" in code(page)
    assert "..." not in code(page)

    # A block is moved by its title, and nothing else moves.
    tanh, other = block(page, "tanh"), block(page, "linear")
    before, stays, text = still(page, tanh), still(page, other), code(page)
    title = still(page, tanh.locator(".block-title"))
    fingers.drag(title, (title[0] + 50, title[1] + 40))
    until(page, lambda: centre(tanh)[0] > before[0] + 20)
    assert centre(other) == pytest.approx(stays, abs=1)
    assert code(page) == text

    # Two fingers make it larger, one on the ground moves all of it; what is wired stays wired.
    zoom = zoom_of(page)
    fingers.put((150, 600), (250, 700))
    fingers.move((90, 540), (310, 760))
    fingers.lift()
    until(page, lambda: zoom_of(page) > 1.3 * zoom)
    assert wires(page) == 2
    assert code(page) == text
