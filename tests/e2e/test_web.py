"""What only a browser can tell about the server's side: framing, the policy of scripts, and pages for mistakes."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.playground import PANELS, show


def share(page: Page, **content: Any) -> str:
    """Stores a session and gives its id."""
    answer = page.request.post("/api/sessions", data={"code": "print(1)"} | content)
    assert answer.status == 201, answer.text()
    return str(answer.json()["id"])


@pytest.fixture
def other_site() -> Iterator[tuple[str, dict[str, str]]]:
    """Another origin, and the pages it has: the test puts them in."""
    pages: dict[str, str] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(pages.get(self.path, "").encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", pages
        server.shutdown()
        thread.join()


def test_another_site_may_frame_an_embed_and_nothing_else(
    page: Page, server: Any, problems: Any, other_site: tuple[str, dict[str, str]]
) -> None:
    origin, pages = other_site
    output = {"type": "output", "run": "r", "seq": 1, "cell": 0, "stream": "stdout", "text": "forty-two\n"}
    name = share(page, title="Framed", events=[output])
    pages["/embed"] = f'<iframe src="{server.url}/embed/{name}" width="800" height="500"></iframe>'
    pages["/page"] = f'<iframe src="{server.url}/s/{name}" width="800" height="500"></iframe>'
    problems.expect(f"request to another host: {origin}")
    page.goto(f"{origin}/embed")
    expect(page.frame_locator("iframe").get_by_role("heading", name="Framed")).to_be_visible()
    expect(page.frame_locator("iframe").get_by_text("forty-two")).to_be_visible()
    problems.expect("frame-ancestors 'none'")
    problems.expect("ERR_BLOCKED_BY_RESPONSE")
    page.goto(f"{origin}/page")
    expect(page.frame_locator("iframe").get_by_role("heading", name="Framed")).to_have_count(0)


def test_another_site_cannot_share_or_connect(
    page: Page, server: Any, problems: Any, other_site: tuple[str, dict[str, str]]
) -> None:
    origin, pages = other_site
    pages["/"] = "<p>elsewhere</p>"
    problems.expect("request to another host")
    page.goto(origin)
    for pattern in ("blocked by CORS policy", "request failed", "WebSocket connection to"):
        problems.expect(pattern)
    outcome = page.evaluate(
        """async (url) => {
            const post = (mode, type) => fetch(url + "/api/sessions",
                {method: "POST", mode, headers: {"Content-Type": type}, body: '{"code":"evil"}'});
            const posted = await post("cors", "application/json").then(() => "sent", () => "refused");
            await post("no-cors", "text/plain").catch(() => null);
            const socket = new WebSocket(url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket");
            const opened = await new Promise((done) => {
                socket.onopen = () => done("opened");
                socket.onerror = () => done("refused");
            });
            return [posted, opened];
        }""",
        server.url,
    )
    assert outcome == ["refused", "refused"]


HOSTILE = "</script><img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


def test_a_strangers_session_is_text_in_the_page_and_in_the_embed(page: Page) -> None:
    events = [
        {"type": "started", "run": "r", "seq": 1, "cells": [{"index": 0, "line": 1, "end_line": 1, "title": HOSTILE}]},
        {"type": "output", "run": "r", "seq": 2, "cell": 0, "stream": "stdout", "text": HOSTILE},
        {"type": "error", "run": "r", "seq": 3, "cell": 0, "line": 1,
         "message": HOSTILE, "traceback": HOSTILE, "hint": HOSTILE},
        {"type": "graph", "run": "r", "seq": 4, "nodes": [
            {"id": 0, "kind": "leaf", "op": HOSTILE, "outputs": [
                {"shape": [1], "dtype": HOSTILE, "name": HOSTILE, "value": {"numel": 1, "data": [1.0]}}]}]},
        {"type": "figure", "run": "r", "seq": 5, "cell": 0, "index": 0, "figure": {
            "data": [{"type": "scatter", "x": [1, 2], "y": [1, 2], "name": HOSTILE}],
            "layout": {"title": {"text": HOSTILE}, "showlegend": True}}},
        {"type": "profile", "run": "r", "seq": 6, "by_shape": [],
         "by_op": [{"name": HOSTILE, "count": 1, "self_cpu": 1.0, "cpu": 1.0}]},
        {"type": "finished", "run": "r", "seq": 7, "status": "error", "wall_ms": 1.0, "message": HOSTILE},
    ]  # fmt: skip
    name = share(page, code=HOSTILE, title=HOSTILE, events=events, view={"panel": "output"})
    for address in (f"/s/{name}", f"/embed/{name}"):
        page.goto(address)
        expect(page.get_by_role("tabpanel").get_by_text("onerror").last).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert page.locator("img[src=x]").count() == 0
        assert page.title() != "owned"
        if address.startswith("/s/"):
            for panel in PANELS:
                show(page, panel)
                page.wait_for_load_state("networkidle")
                assert page.locator("img[src=x]").count() == 0
                assert page.title() != "owned"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_unknown_session_is_a_page_that_leads_on(open_page: Any, problems: Any, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    problems.expect("HTTP 404")
    answer = page.goto("/s/doesnotexist")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", name="This session is not here")).to_be_visible()
    page.get_by_role("link", name="Open a new playground").click()
    expect(page.locator(".cm-content")).to_be_visible()


def test_the_session_as_json_is_what_the_page_was_given(page: Page) -> None:
    name = share(page, code="x = '</script>'")
    page.goto(f"/s/{name}")
    boot = json.loads(page.locator("#boot").evaluate("e => e.textContent"))
    assert boot["session"] == page.request.get(f"/s/{name}.json").json()
