"""A server that is restarted, dies or lets go of an idle page, under a page in a real browser."""

from __future__ import annotations

import os
import re
import signal
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.blocks_page import blocks
from tests.e2e.conftest import Server, start_server, stop_server
from tests.e2e.playground import SINE, empty, finished, run, settled, show, status, until, write
from tests.e2e.test_expression import number, opened, result, shown
from tests.e2e.test_time import go, moment

Restart = Callable[..., Server]


@pytest.fixture
def restart(tmp_path: Path, problems: Any) -> Iterator[Restart]:
    """Starts a server, and the next time another on the same port; settings are keywords."""
    servers: list[Server] = []

    def restart(**variables: str) -> Server:
        if servers:
            assert servers[-1].process.poll() is not None, "the one before has not ended"
            variables["PORT"] = servers[-1].url.rsplit(":", 1)[1]
        servers.append(start_server(tmp_path, **variables))
        problems.origin = servers[-1].url
        return servers[-1]

    yield restart
    if servers and servers[-1].process.poll() is None:
        stop_server(servers[-1])


def reconnecting(page: Page) -> Any:
    return page.get_by_text("Reconnecting…")


def shape(page: Page) -> list[str]:
    """Where everything in the graph lies."""
    lies: list[str] = page.evaluate(
        "[...document.querySelectorAll('.ag-svg [transform]')].map(one => one.getAttribute('transform'))"
    )
    return lies


def test_a_restart_leaves_the_page_as_it_was_and_the_next_run_works(
    restart: Restart, open_page: Callable[..., Page], problems: Any
) -> None:
    server = restart()
    page = open_page(base_url=server.url)
    run(page, SINE)
    blocks(page)
    boxes = page.locator(".react-flow__node")
    expect(boxes.first).to_be_visible()
    go(page, "at === 4")
    page.get_by_role("tab", name="Graph").click()

    def state() -> list[Any]:
        return [moment(page).text_content(), boxes.all_text_contents(), shape(page)]

    settled(page)
    before = state()
    problems.expect("WebSocket connection to .* failed")
    server.process.send_signal(signal.SIGTERM)
    expect(reconnecting(page)).to_be_visible()
    assert server.process.wait(60) == 0
    with page.expect_console_message(lambda message: "WebSocket" in message.text):
        pass
    until(page, state, before)
    restart()
    expect(reconnecting(page)).to_have_count(0)
    until(page, state, before)
    expect(page.get_by_role("tab", name="Graph")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tab", name="Blocks")).to_have_attribute("aria-selected", "true")
    expect(show(page, "output").locator(".out").first).to_contain_text("tensor(25.")
    page.get_by_role("tab", name="Code").click()
    run(page, "print('back')\n")
    expect(show(page, "output").locator(".out")).to_have_text("back\n")


def test_a_run_that_a_dying_server_took_along_says_so_and_can_be_run_again(
    restart: Restart, open_page: Callable[..., Page], problems: Any
) -> None:
    server = restart()
    page = open_page(base_url=server.url)
    run(page, "print('first')\n")
    write(page, "import time\nprint('begun')\nfor i in range(30):\n    time.sleep(0.1)\nprint('ended')\n")
    page.keyboard.press("Control+Enter")
    output = show(page, "output")
    expect(output.locator(".out")).to_have_text("begun\n")
    problems.expect("WebSocket connection to .* failed")
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    expect(output.get_by_text("was lost while this ran")).to_be_visible()
    expect(output.locator(".out")).to_have_text("begun\n")
    with page.expect_console_message(lambda message: "WebSocket" in message.text):
        pass
    # Asked for while nobody is there, it begins as soon as somebody is.
    output.get_by_role("button", name="Run again").click()
    expect(page.get_by_text("The program runs as soon as it is.")).to_be_visible()
    restart()
    expect(output.locator(".out")).to_have_text("begun\nended\n")
    expect(output.get_by_text("was lost while this ran")).to_have_count(0)
    finished(page)


def test_what_runs_when_the_server_is_restarted_is_reported(
    restart: Restart, open_page: Callable[..., Page], problems: Any
) -> None:
    server = restart(PLAYGROUND_GRACE_S="0.5")
    page = open_page(base_url=server.url)
    run(page, "print('first')\n")
    write(page, "print('begun')\nwhile True: pass\n")
    page.keyboard.press("Control+Enter")
    output = show(page, "output")
    expect(output.locator(".out")).to_have_text("begun\n")
    server.process.send_signal(signal.SIGTERM)
    expect(output.get_by_text("The server is being restarted")).to_be_visible()
    expect(status(page)).to_contain_text("Stopped after")
    assert server.process.wait(60) == 0
    problems.expect("WebSocket connection to .* failed")
    with page.expect_console_message(lambda message: "WebSocket" in message.text):
        pass
    restart()
    expect(reconnecting(page)).to_have_count(0)


def test_a_control_dragged_while_nobody_answers_keeps_its_last_position(
    restart: Restart, open_page: Callable[..., Page], problems: Any
) -> None:
    server = restart()
    page = open_page(base_url=server.url)
    empty(page)
    bar = opened(page, "3 * a")
    expect(result(bar)).not_to_have_text("")
    finished(page)
    first = shown(bar)
    problems.expect("WebSocket connection to .* failed")
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    expect(reconnecting(page)).to_be_visible()
    slider = bar.get_by_role("slider").first
    slider.focus()
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    a = number(page, "a")
    assert 3 * a != pytest.approx(first)
    assert shown(bar) == first
    with page.expect_console_message(lambda message: "WebSocket" in message.text):
        pass
    restart()
    expect(reconnecting(page)).to_have_count(0)
    expect(result(bar)).not_to_have_text(f"= {first:.3f}")
    until(page, lambda: shown(bar), pytest.approx(3 * a, rel=1e-3))
    assert number(page, "a") == a


def test_a_page_that_nobody_uses_is_let_go_and_comes_back_when_somebody_does(
    restart: Restart, open_page: Callable[..., Page]
) -> None:
    server = restart(PLAYGROUND_IDLE_S="2")
    page = open_page(base_url=server.url)
    run(page, "print('first')\n")
    show(page, "output")

    def connections() -> int:
        with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return int(
            float(next(line.split()[1] for line in lines if line.startswith("playground_connections ")))
        )

    until(page, connections, 0)
    page.mouse.move(300, 300)
    # As long as a page would take that reconnects by itself.
    page.wait_for_timeout(3_500)
    assert connections() == 0
    expect(reconnecting(page)).to_have_count(0)
    expect(page.locator(".toast")).to_have_count(0)
    expect(page.locator("#panel-output .out")).to_have_text("first\n")
    page.get_by_role("tab", name="Graph").click()
    until(page, connections, 1)
    until(page, connections, 0)
    # What wakes the page is also done.
    page.get_by_role("button", name=re.compile("^Run")).click()
    until(page, connections, 1)
    finished(page)
