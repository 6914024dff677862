"""The expression bar in a real browser: written, dragged, undone, wrong, with the keyboard, on a phone."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect

from tests.e2e.playground import at_rest, code, empty, faults, finished, idle, settled, until, write

SLOWEST = 3
"""Updates a second that a busy machine still has to see."""
DRAG_SECONDS = 5


def opened(page: Page, *lines: str) -> Locator:
    """Opens an empty program as expressions and writes these."""
    if page.url == "about:blank":
        empty(page)
    if page.locator(".phone-tabs").is_visible():
        page.get_by_role("button", name="Code", exact=True).click()
    page.get_by_role("tab", name="Expression").click()
    bar = page.locator(".ex")
    expect(bar).to_be_visible()
    expect(bar.locator(".ex-suggested, .ex-line:not(.ex-new)").first).to_be_visible()
    for line in lines:
        bar.get_by_label("New line").click()
        page.keyboard.type(line)
        page.keyboard.press("Enter")
    if lines:
        finished(page)
    return bar


def number(page: Page, name: str) -> float:
    """The number that the program's text gives to a name."""
    found = re.search(rf"^{name} = torch\.tensor\(([-0-9.e]+)", code(page), re.M)
    assert found, code(page)
    return float(found[1])


def result(bar: Locator, line: int = 0) -> Locator:
    """The value shown for a line."""
    return bar.locator(".ex-line").nth(line).locator(".value")


def shown(bar: Locator, line: int = 0) -> float:
    """That value, a number."""
    return float((result(bar, line).text_content() or "").removeprefix("= "))


def test_an_expression_becomes_a_program_with_a_control(page: Page) -> None:
    bar = opened(page, "sin(a) * 2 + 1")
    expect(result(bar)).to_have_text("= 1.959")
    expect(bar.locator(".ex-line").first.locator(".grad.number")).to_have_text("= 1.755")
    expect(bar.locator(".ex-line").first.locator(".katex").first).to_be_visible()
    expect(bar.locator(".ex-derivative annotation")).to_contain_text("\\cos")
    expect(bar.locator(".ex-curve-value")).to_have_attribute("d", re.compile("^M"))
    assert code(page) == (
        "import torch\n\na = torch.tensor(0.5, requires_grad=True)\ny = torch.sin(a) * 2 + 1\ny.sum().backward()\n"
    )
    expect(page.locator("autograd-graph").get_by_text("sin", exact=True).first).to_be_visible()


def test_lines_define_each_other_and_names_get_what_fits(page: Page) -> None:
    bar = opened(page, "p = softmax(W @ x + b)", "q = p * k")
    kinds = {
        name: bar.get_by_label(f"Kind of {name}", exact=True).input_value() for name in ("W", "x", "b", "k")
    }
    assert kinds == {"W": "matrix", "x": "vector", "b": "vector", "k": "number"}
    expect(result(bar)).to_have_text(re.compile(r"^= \[.*\]$"))
    values = [float(v) for v in (result(bar).text_content() or "")[3:-1].split(",")]
    assert math.isclose(sum(values), 1, abs_tol=1e-3)
    bar.get_by_label("Kind of k", exact=True).select_option("random")
    expect(bar.get_by_label("Seed of k")).to_have_value("0")
    bar.get_by_label("Kind of k", exact=True).select_option("range")
    expect(bar.get_by_label("k points")).to_have_value("25")
    # 25 numbers do not go with 3: both shapes are said.
    expect(bar.locator(".ex-wrong")).to_contain_text("25")
    expect(bar.locator(".ex-wrong")).to_contain_text("3")


def test_derivatives_of_whole_tensors_are_formulas_or_say_why_not(page: Page) -> None:
    bar = opened(page, "p = W @ x")
    formulas = bar.locator(".ex-derivative annotation")
    page.get_by_label("with respect to").select_option("x")
    expect(formulas).to_contain_text(r"\textstyle\sum {p} = {W}^{\top}\, \mathbf{1}")
    bar.get_by_label("New line").fill("s = softmax(p)")
    page.keyboard.press("Enter")
    expect(formulas.nth(1)).to_contain_text(r"= {s}_{0}\, {W}^{\top}\, (e_{0} - {s})")
    line = bar.get_by_label("Line s", exact=True)
    line.fill("s = cumsum(p, 0)")
    line.press("Enter")
    expect(bar.locator(".ex-why")).to_have_text(
        "No formula: cumsum has a derivative that is not written out."
    )


def test_a_line_is_taken_while_it_is_written(page: Page) -> None:
    bar = opened(page)
    field = bar.get_by_label("New line")
    field.click()
    for part in ("y = si", "n(fo", " ) + k"):
        page.keyboard.type(part)
        page.wait_for_timeout(600)
    # Names that are still being written make no inputs, and nothing half is taken.
    assert "fo =" not in code(page)
    page.keyboard.press("Home")
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    page.keyboard.type("u")
    page.keyboard.press("End")
    page.keyboard.type(" ")
    expect(result(bar)).to_have_text("= 0.9794")
    line = bar.get_by_label("Line y", exact=True)
    expect(line).to_be_focused()
    expect(line).to_have_value("y = sin(ufo ) + k ")
    page.keyboard.press("Enter")
    expect(bar.get_by_label("New line")).to_be_focused()
    page.keyboard.type("k = cos(t)")
    page.keyboard.press("Enter")
    expect(bar.get_by_label("Line k", exact=True)).to_be_focused()
    until(page, lambda: "k = torch.cos(t)\ny = torch.sin(ufo ) + k\ny.sum().backward()" in code(page))


WATCH = """() => {
  const told = { times: [], texts: [], removed: 0, answers: [] };
  window.told = told;
  const target = document.querySelector('.ex-line .value');
  new MutationObserver(() => { told.times.push(performance.now()); told.texts.push(target.textContent) })
    .observe(target, { childList: true, characterData: true, subtree: true });
  const stage = document.querySelector('autograd-graph svg');
  const boxes = () => [...stage.querySelectorAll('g[transform]')].map(g => g.getAttribute('transform')).join();
  told.before = boxes();
  told.moved = 0;
  const look = () => { if (boxes() !== told.before) told.moved++; requestAnimationFrame(look) };
  requestAnimationFrame(look);
}"""


def drag(page: Page, slider: Locator, seconds: float) -> float:
    """Drags a slider to and fro for so long, as a hand does, and lets it go; the time of the last move."""
    box = at_rest(slider)
    middle, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(middle, y)
    page.mouse.down()
    start = page.evaluate("performance.now()")
    now = start
    while now - start < seconds * 1000:
        page.mouse.move(middle + 0.4 * box["width"] * math.sin((now - start) / 700), y)
        page.wait_for_timeout(12)
        now = page.evaluate("performance.now()")
    last: float = page.evaluate("performance.now()")
    page.mouse.up()
    idle(page)
    return last


def test_a_dragged_slider_is_followed_and_the_last_position_wins(page: Page) -> None:
    waiting: list[int] = []
    most = [0]

    def sent(frame: str | bytes) -> None:
        if isinstance(frame, str) and (found := re.search(r'"type":"live".*?"number":(\d+)', frame)):
            waiting.append(int(found[1]))
            most[0] = max(most[0], len(waiting))

    def came(frame: str | bytes) -> None:
        found = re.search(r'"type":"live".*?"number":(\d+)', frame) if isinstance(frame, str) else None
        if found and int(found[1]) in waiting:
            waiting.remove(int(found[1]))

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", sent)
        socket.on("framereceived", came)

    page.on("websocket", watch)
    bar = opened(page, "y = sin(a) * 2 + 1")
    expect(result(bar)).to_have_text("= 1.959")
    expect(bar.locator(".ex-curve-value")).to_have_attribute("d", re.compile("^M"))
    # What is selected stays so, and the diagram does not move.
    page.locator("autograd-graph").get_by_text("sin", exact=True).first.click()
    expect(page.locator(".card h3")).to_contain_text("sin")
    settled(page)
    page.evaluate(WATCH)
    last = drag(page, bar.get_by_label("a", exact=True), DRAG_SECONDS)
    a = number(page, "a")
    until(page, lambda: shown(bar), pytest.approx(2 * math.sin(a) + 1, abs=2e-3))
    until(page, lambda: waiting, [])
    told: dict[str, Any] = page.evaluate("window.told")
    times = [t for t in told["times"] if t < last]
    gaps = sorted(b - a for a, b in itertools.pairwise(times))
    rate = len(times) / DRAG_SECONDS
    p95 = gaps[int(0.95 * len(gaps))]
    print(f"{rate:.1f} updates a second, p95 {p95:.1f} ms, worst {gaps[-1]:.1f} ms")
    assert told["moved"] == 0
    expect(page.locator(".card h3")).to_contain_text("sin")
    # The budget of 20 a second is the benchmark's, on a machine that has nothing else to do.
    assert rate > SLOWEST
    assert most == [1], "a question was sent before the last one was answered"
    # Nothing was queued: what came last came at once.
    assert told["times"][-1] - last < 10 * p95


def test_undo_takes_back_a_whole_drag(page: Page) -> None:
    bar = opened(page, "y = sin(a) * 2 + 1")
    before = code(page)
    drag(page, bar.get_by_label("a", exact=True), 1.5)
    until(page, lambda: number(page, "a") != 0.5)
    idle(page)
    after = code(page)
    page.keyboard.press("Control+z")
    until(page, lambda: code(page), before)
    expect(bar.get_by_label("Value of a")).to_have_value("0.5")
    expect(result(bar)).to_have_text("= 1.959")
    page.keyboard.press("Control+Shift+z")
    until(page, lambda: code(page), after)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    until(page, lambda: "sin" not in code(page))


@pytest.mark.parametrize(
    ("line", "words", "place"),
    [
        ("y = sni(a)", "Did you mean sin?", 4),
        ("y = 2a + 1", "2 * a", 5),
        ("y = sin(a", "not closed", 7),
        ("y = a +", "missing after +", 6),
    ],
)
def test_mistakes_stand_under_their_character(page: Page, line: str, words: str, place: int) -> None:
    bar = opened(page)
    bar.get_by_label("New line").click()
    page.keyboard.type(line)
    page.keyboard.press("Enter")
    wrong = bar.locator(".ex-wrong")
    expect(wrong).to_contain_text(words)
    mark, field = at_rest(wrong.locator(".ex-under")), at_rest(bar.get_by_label("New line"))
    letter = mark["width"]
    assert abs(mark["x"] - (field["x"] + 9 + place * letter / (3 if "sni" in line else 1))) < 3
    assert "torch." not in code(page)


def test_a_mistake_is_put_right_with_a_click(page: Page) -> None:
    bar = opened(page)
    bar.get_by_label("New line").click()
    page.keyboard.type("y = sni(a)")
    page.keyboard.press("Enter")
    bar.locator(".ex-wrong").get_by_role("button", name="sin").click()
    expect(result(bar)).to_have_text("= 0.4794")


def test_shapes_that_do_not_fit_are_said_with_both(page: Page) -> None:
    bar = opened(page, "y = W @ x")
    bar.get_by_label("One point more in x").click()
    wrong = bar.locator(".ex-wrong")
    expect(wrong).to_contain_text("2")
    expect(wrong).to_contain_text("3")
    bar.get_by_label("One point less in x").click()
    expect(wrong).to_have_count(0)


def test_two_inputs_have_a_field_whose_point_is_dragged(page: Page) -> None:
    bar = opened(page, "a^2 + 3 * b^2 - a * b")
    bar.get_by_role("button", name="Two inputs").click()
    expect(bar.locator(".ex-level").first).to_be_attached()
    expect(bar.locator(".ex-arrows")).to_have_attribute("d", re.compile("^M"))
    chart = at_rest(bar.locator(".ex-chart"))
    page.mouse.move(chart["x"] + 0.5 * chart["width"], chart["y"] + 0.5 * chart["height"])
    page.mouse.down()
    page.mouse.move(chart["x"] + 0.7 * chart["width"], chart["y"] + 0.3 * chart["height"], steps=20)
    page.mouse.up()
    until(page, lambda: number(page, "a") > 0.5 and number(page, "b") > 0.5)
    idle(page)
    a, b = number(page, "a"), number(page, "b")
    value = a * a + 3 * b * b - a * b
    expect(result(bar)).to_have_text(re.compile(re.escape(f"= {value:.4g}"[:5])))
    page.keyboard.press("Control+z")
    until(page, lambda: (number(page, "a"), number(page, "b")), (0.5, 0.5))
    point = bar.get_by_role("slider", name="a and b in the plot")
    point.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    expect(bar.get_by_label("Value of a")).to_have_value("0.55")
    expect(bar.get_by_label("Value of b")).to_have_value("0.55")


def test_every_control_has_its_keys(page: Page) -> None:
    empty(page)
    page.keyboard.press("Alt+x")
    expect(page.get_by_label("New line")).to_be_focused()
    bar = opened(page, "p = softmax(W @ x) * a")
    slider = bar.get_by_label("a", exact=True)
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(bar.get_by_label("Value of a")).to_have_value("0.55")
    page.keyboard.press("Shift+ArrowRight")
    expect(bar.get_by_label("Value of a")).to_have_value("1.05")
    point = bar.get_by_role("slider", name="x[0]")
    point.focus()
    before = float(point.get_attribute("aria-valuenow") or "nan")
    step = float(point.get_attribute("aria-valuemax") or "nan") / 100
    page.keyboard.press("ArrowUp")
    expect(point).to_have_attribute("aria-valuenow", str(round(before + step, 6)))
    page.keyboard.press("ArrowRight")
    expect(bar.get_by_role("slider", name="x[1]")).to_be_focused()
    cell = bar.get_by_label("W[0, 0]")
    cell.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("2.5")
    page.keyboard.press("Enter")
    expect(bar.get_by_label("W[1, 0]")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(bar.get_by_label("W[1, 1]")).to_be_focused()
    page.keyboard.press("ArrowUp")
    until(page, lambda: "[2.5, " in code(page))
    # A range of one's own.
    bar.locator(".ex-range summary").click()
    bar.get_by_label("Highest a").fill("2")
    page.keyboard.press("Enter")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("Shift+PageUp")
    expect(bar.get_by_label("Value of a")).to_have_value("2.0")


def test_code_is_read_and_what_is_no_expression_is_named(page: Page) -> None:
    empty(page)
    write(
        page,
        "import torch\n\nw = torch.tensor(2., requires_grad=True)  # mine\ny = torch.tanh(w)\n"
        "for i in range(3):\n    y = y * 2\n\nz = y + 1\nz.backward()\n",
    )
    bar = opened(page)
    expect(bar.locator(".ex-code")).to_contain_text("Lines 5–6 are a loop")
    line = bar.get_by_label("Line z", exact=True)
    expect(line).to_have_value("z = y + 1")
    line.click()
    page.keyboard.press("End")
    page.keyboard.type(" + w")
    page.keyboard.press("Enter")
    until(page, lambda: "z = y + 1 + w\nz.backward()" in code(page))
    assert "w = torch.tensor(2., requires_grad=True)  # mine\n" in code(page)
    bar.locator(".ex-code").get_by_role("button").click()
    expect(page.locator(".cm-content")).to_be_focused()


@pytest.mark.parametrize(
    "options",
    [
        {"color_scheme": "light"},
        {"color_scheme": "dark"},
        {"color_scheme": "dark", "contrast": "more"},
        {"forced_colors": "active"},
        {"viewport": {"width": 360, "height": 720}},
    ],
    ids=["light", "dark", "high contrast", "forced colours", "phone"],
)
def test_nothing_is_wrong_with_the_bar(open_page: Callable[..., Page], options: dict[str, Any]) -> None:
    page = open_page(**options)
    bar = opened(page, "p = softmax(W @ x + b) * k + r")
    bar.get_by_label("Kind of r", exact=True).select_option("random")
    bar.get_by_label("Kind of b", exact=True).select_option("range")
    bar.get_by_label("b points").fill("3")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('.ex').scrollWidth <= innerWidth")
    bar.locator(".ex-range summary").click()
    bar.get_by_label("New line").click()
    page.keyboard.type("y = sni(k)")
    page.keyboard.press("Enter")
    expect(bar.locator(".ex-wrong")).to_be_visible()
    assert faults(page) == []


def test_on_a_phone(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport={"width": 360, "height": 720}, has_touch=True)
    bar = opened(page, "a^2 + 3 * b^2 - a * b")
    bar.get_by_role("button", name="Two inputs").click()
    expect(bar.locator(".ex-level").first).to_be_attached()
    width = page.evaluate("document.querySelector('.ex').scrollWidth")
    assert width <= 360
    bar.get_by_label("b", exact=True).scroll_into_view_if_needed()
    expect(bar.get_by_label("b", exact=True)).to_be_visible()
    assert faults(page) == []
