"""The page in a real browser: what a person does, and what they see."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.e2e.conftest import Problems, Server, start_server, stop_server
from tests.e2e.playground import (
    PANELS,
    SINE,
    at_rest,
    begin,
    empty,
    examples,
    faults,
    finished,
    opened,
    run,
    settled,
    show,
    status,
    until,
    write,
)

RAISING = {"in_place"}
"""Examples that show an error on purpose."""
ENDLESS = "import time\nwhile True:\n    time.sleep(0.01)\n"


def test_opens_on_a_finished_example_with_its_graph(page: Page) -> None:
    page.goto("/")
    finished(page)
    expect(page.get_by_role("tab", name="Graph")).to_have_attribute("aria-selected", "true")
    expect(page.locator("autograd-graph .ag-svg text").first).to_be_visible()
    expect(page.locator(".cm-end").first).to_be_visible()  # line ends say what the lines made


def test_every_example_runs_and_shows_something(page: Page) -> None:
    page.goto("/")
    finished(page)
    all_examples = [example for example in examples(page) if example["section"] != "Templates"]
    assert len(all_examples) >= 8
    for example in all_examples:
        page.get_by_role("button", name="Examples").click()
        page.locator(f'[data-example="{example["id"]}"]').click()
        expect(page.get_by_label("Name of this session")).to_have_value(example["title"])
        finished(page)
        output = show(page, "output")
        expect(output.locator(".out, .plot").first, f"{example['id']} shows nothing").to_be_visible()
        errors = output.locator(".error-block")
        if example["id"] in RAISING:
            expect(errors.first).to_be_visible()
        else:
            expect(errors, example["id"]).to_have_count(0)
        show(page, "graph")
        expect(page.locator("autograd-graph .ag-svg text").first).to_be_visible()


def test_the_tutorials_picture_without_plotting(page: Page) -> None:
    run(page, SINE)
    show(page, "gradients")
    expect(page.locator(".plot .js-line").first).to_be_visible()
    expect(page.locator(".plot .legendtext")).to_have_text(["b", "a.grad"])  # the sine and its gradient
    row = page.locator(".norms-table tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("7.211")  # the norm of twice the cosine at 25 points


def test_the_run_steps_both_ways(page: Page) -> None:
    run(page, SINE)
    moment = page.locator("autograd-timeline output")
    page.locator("autograd-graph .ag-stage").focus()
    page.keyboard.press("Home")
    expect(moment).to_contain_text("linspace → a")
    page.keyboard.press(">")
    for text in ("1 / 5: SumBackward0", "2 / 5: AddBackward0", "3 / 5: MulBackward0"):
        expect(moment).to_have_text(f"backward {text}")
        page.keyboard.press(".")
    for _ in range(3):
        page.keyboard.press(",")
    expect(moment).to_have_text("backward 1 / 5: SumBackward0")
    time = page.evaluate("document.querySelector('autograd-timeline').time")
    now = "document.querySelector('autograd-graph').now.time"
    until(page, lambda: page.evaluate(now), time)
    page.locator("autograd-timeline").get_by_role("button", name="To the end").click()
    until(page, lambda: page.evaluate(now), None)


def test_one_selection_for_the_page(page: Page) -> None:
    run(page, SINE)
    page.locator(".cm-end", has_text="out").click()
    card = page.get_by_role("complementary", name="Selected: out")
    expect(card).to_contain_text("SumBackward0")
    expect(card).to_contain_text("25.")
    expect(page.locator(".cm-picked")).to_have_text(re.compile(r"^out = d\.sum"))
    page.locator(".cm-lineNumbers .cm-gutterElement", has_text=re.compile("^8$")).hover()
    page.locator(".cm-line", has_text="b = torch.sin(a)").hover()
    lit = page.locator('.ag-svg path[stroke="var(--muted)"][stroke-width="1.75"]')
    expect(lit).to_have_count(1)  # a line lights what it made
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    show(page, "profiler").get_by_role("button", name="aten::sin").click()
    expect(page.locator(".cm-picked")).to_have_text(re.compile(r"^b = torch\.sin"))


def test_the_card_does_not_cover_what_it_tells_about(page: Page) -> None:
    page.goto("/")
    finished(page)
    node = page.locator("autograd-graph .ag-svg text").filter(has_text=re.compile("^isclose$"))
    node.click()
    card = page.locator(".card")
    expect(card).to_contain_text("aten::isclose")
    over = at_rest(card)
    settled(page)
    under = at_rest(node)
    assert under["x"] + under["width"] < over["x"]


def test_running_again_keeps_the_view_and_the_selection(page: Page) -> None:
    # A pause, so that the diagram comes in pieces.
    code = SINE.replace("c = 2 * b", "import time; time.sleep(0.5)\nc = 2 * b")
    run(page, code)
    place = (
        "(() => { const box = document.querySelector('autograd-graph .ag-svg text').getBoundingClientRect();\
 return [box.x, box.y, box.height]; })()"
    )
    page.locator(".cm-end").first.click()
    page.locator("autograd-graph").get_by_role("button", name="Zoom in (+)").click()
    expect(page.locator(".card")).to_contain_text("aten::linspace")
    settled(page)
    before = page.evaluate(place)
    run(page, code.replace("2 * b", "3 * b"))
    expect(page.locator(".cm-end").nth(2)).to_contain_text("10.39")
    settled(page)
    assert page.evaluate(place) == pytest.approx(before, abs=1)
    expect(page.locator(".card")).to_contain_text("aten::linspace")
    # Another diagram, in which the selected tensor is what it was.
    run(page, SINE.replace("2 * b", "b.exp()"))
    expect(page.locator("autograd-graph").get_by_text("exp", exact=True).first).to_be_visible()
    expect(page.locator(".card")).to_contain_text("aten::linspace")
    run(page, "import torch\nq = torch.ones(3, requires_grad=True)\nq.sum().backward()\n")
    expect(page.locator(".card")).to_have_count(0)


def test_profiler_sorts_by_any_column_and_groups(page: Page) -> None:
    run(page, "import torch\nx = torch.ones(3)\nfor _ in range(5):\n    y = x * x\nz = y + torch.ones(1)\n")
    panel = show(page, "profiler")
    names = lambda: panel.locator("tbody th").all_inner_texts()  # noqa: E731
    heads = panel.locator("thead button").all_inner_texts()
    assert [head.split("\n")[0] for head in heads] == [
        "Name",
        "Self CPU %",
        "Self CPU",
        "CPU total %",
        "CPU total",
        "CPU time avg",
        "# of Calls",
    ]
    panel.get_by_role("button", name="# of Calls").click()
    until(page, lambda: names()[0], "aten::mul")
    calls = [int(text) for text in panel.locator("tbody td[data-column=count]").all_inner_texts()]
    assert calls == sorted(calls, reverse=True)
    assert calls[0] == 5
    panel.get_by_role("button", name="# of Calls").click()
    until(page, lambda: names()[-1], "aten::mul")
    panel.get_by_role("button", name="Name", exact=True).click()
    until(page, names, sorted(names()))
    for head in range(len(heads)):
        panel.locator("thead button").nth(head).click()
        expect(panel.locator("thead th").nth(head)).not_to_have_attribute("aria-sort", "none")
    panel.get_by_role("button", name="By op and shape").click()
    shapes = panel.locator("tbody tr", has_text="aten::mul").locator("[data-column=shapes]")
    expect(shapes).to_have_text("[[3], [3]]")
    panel.get_by_label("GPU columns").check()
    expect(panel.locator("thead")).to_contain_text("CUDA time avg")


PERFETTO = """<script>addEventListener("message", (event) => {
  if (event.data === "PING") event.source.postMessage("PONG", event.origin);
  else window.got = event.data.perfetto;
});</script>"""
"""As much of Perfetto as it takes to be handed a trace."""


def test_a_trace_is_opened_in_perfetto(page: Page) -> None:
    page.context.route(
        "https://ui.perfetto.dev/**", lambda route: route.fulfill(body=PERFETTO, content_type="text/html")
    )
    run(page, SINE)
    panel = show(page, "profiler")
    with page.expect_popup() as opening:
        panel.get_by_role("button", name="Open in Perfetto").click()
    perfetto = opening.value
    perfetto.wait_for_function("window.got")
    assert perfetto.evaluate("got.title") == page.get_by_label("Name of this session").input_value()
    trace = json.loads(perfetto.evaluate("new TextDecoder().decode(got.buffer)"))
    assert any(event["name"] == "aten::sin" for event in trace["traceEvents"])


def test_chrome_trace_is_downloaded(page: Page, tmp_path: Path) -> None:
    run(page, SINE)
    panel = show(page, "profiler")
    with page.expect_download() as download:
        panel.get_by_role("button", name="Chrome trace").click()
    target = tmp_path / "trace.json"
    download.value.save_as(target)
    trace = json.loads(target.read_text())
    complete = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert {"aten::sin", "SinBackward0"} <= {event["name"] for event in complete}
    assert all(event["dur"] >= 0 and event["ts"] >= 0 for event in complete)


def test_jacobian_and_hessian(page: Page) -> None:
    run(page, "import torch\nx = torch.tensor([1., 2., 3.], requires_grad=True)\ny = x ** 2\nz = y.sum()\n")
    panel = show(page, "jacobian")
    panel.get_by_label("Output").select_option(label="y (3,)")
    cells = panel.locator(".heat-table td[title]")
    expect(cells).to_have_text(["2.", "0.", "0.", "0.", "4.", "0.", "0.", "0.", "6."])
    panel.get_by_role("button", name="Hessian").click()
    expect(panel).to_contain_text("A Hessian needs an output with one element")
    panel.get_by_label("Output").select_option(label="z ()")
    expect(panel.get_by_role("heading", level=3)).to_contain_text("∂² z")
    expect(cells).to_have_text(["2.", "0.", "0.", "0.", "2.", "0.", "0.", "0.", "2."])


def test_a_jacobian_too_large_is_refused_in_a_sentence(page: Page) -> None:
    run(page, "import torch\nx = torch.ones(300, requires_grad=True)\ny = x * 2\nz = y.sum()\n")
    panel = show(page, "jacobian")
    panel.get_by_label("Output").select_option(label="y (300,)")
    expect(panel.locator(".problem")).to_contain_text("Choose smaller tensors")
    panel.get_by_label("Output").select_option(label="z ()")
    expect(panel.locator(".heat-canvas")).to_be_visible()
    expect(panel.locator(".problem")).to_have_count(0)


def test_output_by_cell_and_an_error_on_its_line(page: Page) -> None:
    run(page, "# %% One\nprint('hello')\n\n# %% Two\nx = 1 / 0\n\n# %% Three\n6 * 7\n")
    panel = show(page, "output")
    expect(panel.locator(".cell-head").nth(0)).to_contain_text("One")
    expect(panel.locator(".cell[data-cell='0'] .out")).to_have_text("hello\n")
    expect(panel.locator(".cell[data-cell='1'] .error-first")).to_have_text(
        "ZeroDivisionError: division by zero"
    )
    expect(panel.locator(".cell[data-cell='2'] .out-result")).to_contain_text("42")
    expect(page.locator(".cm-error")).to_have_text("x = 1 / 0")
    expect(page.locator(".cm-gutterElement.cm-error-line").first).to_have_text("5")
    page.locator(".cm-error").hover()
    expect(page.locator(".cm-error-tip")).to_contain_text("division by zero")
    panel.get_by_role("button", name="Go to line 5").click()
    expect(page.locator(".cm-activeLine")).to_have_text("x = 1 / 0")
    page.keyboard.type("1")
    expect(page.get_by_text("Results are from the text before your changes")).to_be_visible()
    expect(panel.locator(".error-block")).to_have_count(1)


def test_what_a_program_prints_is_never_markup(page: Page) -> None:
    run(page, "print('<img src=x onerror=alert(1)><b>bold</b>')\n")
    out = show(page, "output").locator(".out")
    expect(out).to_have_text("<img src=x onerror=alert(1)><b>bold</b>\n")
    assert out.locator("b, img").count() == 0


def test_stop_ends_a_run_and_the_next_one_runs(page: Page) -> None:
    opened(page)
    write(page, ENDLESS)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".status-text")).to_contain_text("Running")
    start = time.monotonic()
    page.get_by_role("button", name="Stop").click()
    expect(status(page)).to_contain_text("Stopped")
    assert time.monotonic() - start < 10, "it does not wait until the program's own time is over"
    run(page, "print('again')\n")
    expect(show(page, "output").locator(".out")).to_have_text("again\n")


def test_share_opens_with_its_results_in_a_fresh_profile(page: Page, open_page: Callable[..., Page]) -> None:
    run(page, SINE)
    page.get_by_label("Name of this session").fill("A sine <b>of</b> mine")
    page.get_by_role("button", name="Share").click()
    link = page.get_by_role("textbox", name="Link").input_value()
    assert re.search(r"/s/[A-Za-z0-9_-]{10,}$", link)
    page.get_by_role("button", name="Close").click()
    expect(page).to_have_url(link)

    other = open_page()
    sent: list[str] = []
    listen: Callable[[WebSocket], None] = lambda socket: socket.on(  # noqa: E731
        "framesent", lambda frame: sent.append(str(frame))
    )
    other.on("websocket", listen)
    other.goto(link)
    expect(other.get_by_label("Name of this session")).to_have_value("A sine <b>of</b> mine")
    expect(other.locator("autograd-graph .ag-svg text").first).to_be_visible()
    expect(other.locator(".cm-end", has_text="out")).to_contain_text("25.")
    show(other, "output")
    expect(other.locator(".out").first).to_contain_text("tensor(25., grad_fn=<SumBackward0>)")
    expect(other.locator(".plot .js-line").first).to_be_visible()
    show(other, "jacobian")
    expect(other.get_by_role("button", name="Run again to compute")).to_be_visible()
    assert not any('"run"' in frame and '"code"' in frame for frame in sent), "a link never runs by itself"

    other.get_by_role("button", name="Run again to compute").click()
    expect(other.locator(".heat-canvas, .heat-table").first).to_be_visible()
    write(other, SINE.replace("2 * b", "3 * b"))
    begin(other)
    finished(other)
    other.keyboard.press("Control+s")
    second = other.get_by_role("textbox", name="Link").input_value()
    assert second != link
    stored = other.request.get(second.replace("/s/", "/api/sessions/")).json()
    assert stored["parent"] == link.rsplit("/", 1)[1]


def test_embed_shows_code_output_and_graph_read_only(page: Page, open_page: Callable[..., Page]) -> None:
    run(page, SINE)
    page.keyboard.press("Control+s")
    link = page.get_by_role("textbox", name="Link").input_value()
    embed = open_page(viewport={"width": 900, "height": 480})
    embed.goto(link.replace("/s/", "/embed/"))
    expect(embed.locator("autograd-graph .ag-svg text").first).to_be_visible()
    expect(embed.locator(".cm-content")).to_contain_text("torch.sin(a)")
    embed.locator(".cm-content").focus()
    embed.keyboard.type("zzz")
    expect(embed.locator(".cm-content")).not_to_contain_text("zzz")
    embed.get_by_role("tab", name="Output").click()
    expect(embed.locator(".out").first).to_be_visible()
    expect(embed.get_by_role("link", name="Open in playground")).to_have_attribute(
        "href", "/s/" + link.rsplit("/", 1)[1]
    )
    assert faults(embed) == []


def test_an_embed_without_results_offers_no_run(page: Page, server: Server) -> None:
    stored = page.request.post(f"{server.url}/api/sessions", data={"code": "import torch", "title": "Bare"})
    page.goto(f"/embed/{stored.json()['id']}")
    for tab in ("Output", "Graph"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_text("Shared without results.").locator("visible=true")).to_have_count(1)
    expect(page.get_by_role("button", name="Run")).to_have_count(0)


def test_a_draft_survives_reload_and_is_not_lost_to_a_link(page: Page) -> None:
    run(page, SINE)
    page.keyboard.press("Control+s")
    link = page.get_by_role("textbox", name="Link").input_value()
    page.keyboard.press("Escape")
    empty(page)
    write(page, "mine = 1\n")
    expect(page.get_by_text("edited", exact=True)).to_be_visible()
    page.reload()
    expect(page.locator(".cm-content")).to_contain_text("mine = 1")
    run(page, "print('kept')\n")
    page.reload()
    expect(show(page, "output").locator(".out")).to_have_text("kept\n")
    write(page, "mine = 1\n")
    page.goto(link)
    expect(page.locator(".cm-content")).to_contain_text("torch.sin(a)")
    page.goto("/")
    expect(page.locator(".cm-content")).to_contain_text("mine = 1")
    page.get_by_role("button", name="edited").click()
    expect(page.locator(".cm-content")).not_to_contain_text("mine = 1")
    page.get_by_role("button", name="Examples").click()
    expect(page.get_by_role("heading", name="Your drafts in this browser")).to_be_visible()


def test_too_long_a_program_is_refused_in_a_sentence(page: Page) -> None:
    opened(page)
    write(page, "# " + "x" * 65_600)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("at most 65,536 bytes can be run")).to_be_visible()


def test_everything_by_keyboard(page: Page) -> None:
    opened(page)
    page.keyboard.press("Alt+n")
    page.keyboard.press("Alt+e")
    expect(page.locator(".cm-content")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(SINE)
    begin(page)
    finished(page)
    page.keyboard.press("Escape")  # closes the list of completions, should one be open
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(page.locator(".cm-content")).not_to_be_focused()
    expect(page.get_by_role("separator", name="Width of the code")).to_be_focused()
    before = at_rest(page.locator(".code"))["width"]
    page.keyboard.press("ArrowRight")
    until(page, lambda: at_rest(page.locator(".code"))["width"] > before)
    page.keyboard.press("Tab")
    expect(page.get_by_role("tab", name="Graph")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Output")).to_be_focused()
    expect(page.locator("#panel-output")).to_be_visible()
    page.keyboard.press("Alt+PageDown")
    expect(page.locator("#panel-training")).to_be_visible()
    page.keyboard.press("Alt+PageDown")
    expect(page.locator("#panel-gradients")).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
    page.keyboard.type("whole graph")
    page.keyboard.press("Enter")
    expect(page.locator("#panel-graph")).to_be_visible()
    page.locator("autograd-graph .ag-stage").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary")).to_have_count(0)
    page.keyboard.press("Alt+t")
    until(page, lambda: page.evaluate("document.documentElement.dataset.theme"), "dark")


def test_completion_of_the_engines_names(page: Page) -> None:
    opened(page)
    write(page, "import torch\nimport torch.nn as nn\n")
    page.keyboard.type("torch.linsp")
    expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text("linspace")
    page.keyboard.press("Escape")
    page.keyboard.type("\nnn.Lin")
    expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text("Linear")
    page.wait_for_timeout(100)  # CodeMirror takes no Enter within 75 ms of opening the list
    page.keyboard.press("Enter")
    expect(page.locator(".cm-content")).to_contain_text("nn.Linear")


def test_a_phone_reads_runs_steps_and_shares(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    run(page, SINE)
    for panel in PANELS:
        show(page, panel)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, (
            f"{panel} is wider than the phone"
        )
    show(page, "graph")
    page.locator("autograd-timeline").get_by_role("button", name="One moment back").tap()
    page.wait_for_function("document.querySelector('autograd-graph').now.time !== null")
    assert faults(page) == []
    page.get_by_role("button", name="Menu").tap()
    box = at_rest(page.locator(".menu"))
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    assert faults(page) == []
    page.get_by_role("textbox", name="seed").fill("7")
    page.keyboard.press("Escape")
    expect(page.locator(".menu")).to_have_count(0)
    page.get_by_role("button", name="Menu").tap()
    expect(page.get_by_role("textbox", name="seed")).to_have_value("7")
    page.get_by_role("menuitem", name=re.compile("Share")).tap()
    expect(page.get_by_role("textbox", name="Link")).to_be_visible()


def test_a_lost_connection_is_said_and_mended(
    open_page: Callable[..., Page], problems: Problems, tmp_path: Path
) -> None:
    server = start_server(tmp_path)
    port = server.url.rsplit(":", 1)[1]
    problems.origin = server.url
    page = open_page(base_url=server.url)
    problems.expect("WebSocket connection to .* failed")
    try:
        run(page, SINE)
        with page.expect_console_message(lambda message: "WebSocket" in message.text):
            stop_server(server)
        expect(page.get_by_text("Reconnecting…")).to_be_visible()
        expect(page.locator("autograd-graph .ag-svg text").first).to_be_visible()
        server = start_server(tmp_path, PORT=port)
        expect(page.get_by_text("Reconnecting…")).to_have_count(0)
        run(page, "print('back')\n")
        expect(show(page, "output").locator(".out")).to_have_text("back\n")
    finally:
        stop_server(server)
