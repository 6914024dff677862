"""The choice between CPU and GPU: on a server without a card, and on those for whose card NumPy stands in."""

from __future__ import annotations

import json
import os
import re
import signal
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import ROOT, Server, start_server, stop_server
from tests.e2e.playground import faults, finished, opened, run, show, until
from tests.playground.device.serving import device_servers

REASON = "This server has no GPU worker; programs run on the CPU."
PROGRAM = """\
import torch
device = "cuda" if torch.cuda.is_available() else "cpu"
x = torch.ones(3, device=device, requires_grad=True)
(x * 2).sum().backward()
print("on", device, x.grad.cpu())
"""
WITH_CARD = pytest.mark.parametrize("server", ["with_card"], indirect=True)
SERVED = pytest.mark.parametrize("server", ["served"], indirect=True)


@pytest.fixture(scope="module")
def with_card(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = start_server(
        tmp_path_factory.mktemp("card"), "tests/gpu/server.py", PYTHONPATH=str(ROOT), PLAYGROUND_GPU="direct"
    )
    yield server
    stop_server(server)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Server]:
    """One that has just been started: its device server is not ready yet."""
    server = start_server(tmp_path, PLAYGROUND_GPU="served", PLAYGROUND_GPU_LIBRARY="numpy")
    yield server
    stop_server(server)


@pytest.fixture
def server(request: pytest.FixtureRequest, server: Server) -> Server:
    """The shared one, which has no card, or one that has."""
    return request.getfixturevalue(request.param) if hasattr(request, "param") else server


def gpu(page: Page) -> Locator:
    return page.get_by_role("button", name="GPU", exact=True).locator("visible=true")


def tip(page: Page) -> Locator:
    return page.get_by_role("tooltip").locator("visible=true")


def link(page: Page) -> str:
    """A session that asks for the GPU."""
    answer = page.request.post("/api/sessions", data={"code": PROGRAM, "device": "cuda"})
    return str(answer.json()["url"])


def test_without_a_card_the_choice_says_why_to_mouse_and_keyboard(page: Page) -> None:
    opened(page)
    expect(gpu(page)).to_have_attribute("aria-disabled", "true")
    expect(tip(page)).to_have_count(0)
    gpu(page).hover()
    expect(tip(page)).to_have_text(REASON)
    page.mouse.move(600, 400)
    expect(tip(page)).to_have_count(0)
    page.get_by_role("button", name="CPU", exact=True).focus()
    page.keyboard.press("Tab")
    expect(gpu(page)).to_be_focused()
    expect(tip(page)).to_have_text(REASON)
    expect(gpu(page)).to_have_accessible_description(REASON)
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(tip(page)).to_have_count(0)
    expect(gpu(page)).to_be_focused()
    page.keyboard.press("Enter")
    expect(tip(page)).to_have_text(REASON)
    expect(gpu(page)).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Tab")
    expect(tip(page)).to_have_count(0)


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_without_a_card_a_finger_is_told_too(open_page: Callable[..., Page], color_scheme: str) -> None:
    page = open_page(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, color_scheme=color_scheme
    )
    opened(page)
    page.get_by_role("button", name="Menu").tap()
    gpu(page).tap(force=True)  # to Playwright what is aria-disabled cannot be tapped
    expect(tip(page)).to_have_text(REASON)
    box = tip(page).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    assert faults(page) == []
    page.get_by_role("textbox", name="seed").locator("visible=true").tap()
    expect(tip(page)).to_have_count(0)


def test_without_a_card_a_session_that_asks_for_one_runs_on_the_cpu(page: Page) -> None:
    page.goto(link(page))
    expect(gpu(page)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Run").first.click()
    finished(page)
    output = show(page, "output")
    expect(output).to_contain_text("on cpu tensor([2., 2., 2.])")
    expect(output).to_contain_text("There is no GPU here; the program runs on the CPU.")


@WITH_CARD
def test_with_a_card_a_program_finds_it_where_it_was_chosen(page: Page, server: Server) -> None:
    def card() -> Any:
        with urllib.request.urlopen(f"{server.url}/healthz") as answer:
            return json.load(answer)["runner"]["gpu"]

    until(page, card, "stand-in")
    run(page, PROGRAM)
    expect(show(page, "output")).to_contain_text("on cpu tensor")
    expect(show(page, "profiler").get_by_label("GPU columns")).not_to_be_checked()
    expect(gpu(page)).to_have_attribute("aria-disabled", "false")
    gpu(page).hover()
    gpu(page).click()
    expect(gpu(page)).to_have_attribute("aria-pressed", "true")
    expect(tip(page)).to_have_count(0)
    page.get_by_role("button", name="Run").first.click()
    expect(show(page, "output")).to_contain_text("on cuda tensor([2., 2., 2.])")
    finished(page)
    profile = show(page, "profiler")
    expect(profile.get_by_label("GPU columns")).to_be_checked()
    times = profile.locator("tbody tr", has_text="aten::mul").locator("[data-column=self_cuda]")
    expect(times).to_have_text(re.compile(r"^250(\.0+)? \D*s$"))  # every kernel of the stand-in's takes that
    expect(profile).to_contain_text("Self CUDA time total: ")
    page.goto(link(page))
    page.get_by_role("button", name="Run").first.click()
    finished(page)
    expect(show(page, "output")).to_contain_text("on cuda tensor")
    assert faults(page) == []


@SERVED
def test_the_choice_follows_the_gpu_without_loading_the_page_anew(page: Page, server: Server) -> None:
    """It is made ready, is lost, and comes back. Lost before it is ready it is tried later each time, so that the page
    hears of it."""
    opened(page)
    page.evaluate("window.loadedOnce = true")
    expect(gpu(page)).to_have_attribute("aria-disabled", "false")

    def lose() -> bool:
        for process in device_servers(server.process.pid):
            os.kill(process, signal.SIGKILL)
        return gpu(page).get_attribute("aria-disabled") == "true"

    until(page, lose)
    expect(gpu(page)).to_have_attribute("aria-disabled", "false")
    expect(tip(page)).to_have_count(0)
    gpu(page).click()
    run(page, PROGRAM)
    expect(show(page, "output")).to_contain_text("on cuda tensor([2., 2., 2.])")
    profile = show(page, "profiler")
    expect(profile.get_by_label("GPU columns")).to_be_checked()
    times = profile.locator("tbody tr", has_text="MulBackward0").locator("[data-column=cuda]")
    expect(times.first).to_have_text(re.compile(r"[1-9]"))
    assert page.evaluate("window.loadedOnce") is True
    assert faults(page) == []
