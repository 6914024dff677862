"""Pages, sharing and the JSON interface: statuses, headers, and a stranger's text that stays text."""

from __future__ import annotations

import gzip
import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient

from app import create_app
from playground import __version__
from playground.protocol import UserData
from playground.settings import load
from playground.store.sessions import Sessions
from playground.web import assets, gallery
from playground.web.boot import Boot, BootSession
from playground.web.program_file import data_module
from tests.playground.web.conftest import Idle

Site = Callable[..., FlaskClient]

HOSTILE = [
    "</script><script>alert(1)</script>",
    "</SCRIPT ><img src=x onerror=alert(1)>",
    "<!--<script>",
    "]]>",
    "\u2028\u2029",
    "&lt;script&gt;",
    '"><svg/onload=alert(1)>',
    "'+alert(1)+'",
    "{{ 7 * 7 }}{% raw %}",
    "\x00\x0b\x7f",
]


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build of two chunks, so that no test here depends on whether the real one is there."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    manifest = {
        "static/src/main.tsx": {
            "file": "assets/main-abc.js",
            "isEntry": True,
            "css": ["assets/main-abc.css"],
            "imports": ["_shared.js"],
            "dynamicImports": ["plot.ts"],
        },
        "_shared.js": {"file": "assets/shared-def.js", "css": ["assets/shared-def.css"]},
        "plot.ts": {"file": "assets/plot-ghi.js", "isDynamicEntry": True, "imports": ["_shared.js"]},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "assets/main-abc.js").write_text("export const value = 1;\n" * 200)
    (folder / "assets/font-jkl.woff2").write_bytes(bytes(2_000))
    monkeypatch.setattr("app.BUILD", folder)
    monkeypatch.setattr(assets.Assets.__init__, "__defaults__", (folder,))
    return folder


@pytest.fixture
def client(built: Path, site: Site) -> FlaskClient:
    return site()


def share(client: FlaskClient, **content: Any) -> str:
    answer = client.post("/api/sessions", json={"code": "x = 1"} | content)
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.title = ""
        self.boot = ""
        self._in = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in = "boot" if dict(attrs).get("id") == "boot" else tag

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in in ("title", "boot"):
            setattr(self, self._in, getattr(self, self._in) + data)


def boot_of(text: str) -> Boot:
    return msgspec.json.decode(Page(text).boot, type=Boot)


# --- The page --------------------------------------------------------------------------------------------------------


def test_the_page_loads_the_build_and_carries_what_it_needs_to_know(client: FlaskClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"
    page = Page(answer.text)
    scripts = [a for tag, a in page.tags if tag == "script" and a.get("type") != "application/json"]
    assert scripts == [{"type": "module", "src": "/static/dist/assets/main-abc.js"}]
    links = {(a["rel"], a["href"]) for tag, a in page.tags if tag == "link"}
    assert links == {
        ("stylesheet", "/static/dist/assets/main-abc.css"),
        ("stylesheet", "/static/dist/assets/shared-def.css"),
        ("modulepreload", "/static/dist/assets/shared-def.js"),
        ("icon", "/favicon.svg"),
    }
    boot = boot_of(answer.text)
    assert boot.version == __version__
    assert boot.session is None
    assert not boot.embed
    assert not boot.devices.cuda.available
    assert boot.devices.cuda.reason
    assert (boot.limits.code_bytes, boot.limits.code_lines, boot.limits.wall_s) == (65_536, 2_000, 10.0)
    assert boot.limits.memory_mb == 256
    assert boot.limits.session_bytes == 5 * 2**20
    assert [example.id for example in boot.examples] == [example.id for example in gallery.examples()]


def test_the_page_is_told_of_a_gpu_as_it_comes_and_goes(built: Path, site: Site) -> None:
    runner = Idle()
    client = site(runner)
    for reason in ("The card is away.", "", "It is away again."):
        runner.without_gpu = reason
        cuda = boot_of(client.get("/").text).devices.cuda
        assert (cuda.available, cuda.reason) == (not reason, reason)


def test_the_limits_said_are_the_limits_set(built: Path, site: Site) -> None:
    client = site(PLAYGROUND_WALL_SOFT_S="3", PLAYGROUND_SOURCE_BYTES="1000", PLAYGROUND_SESSION_BYTES="2048")
    limits = boot_of(client.get("/").text).limits
    assert (limits.wall_s, limits.code_bytes, limits.session_bytes) == (3.0, 1_000, 2_048)
    assert client.post("/api/sessions", json={"code": "x" * 1_001}).status_code == 413
    assert client.post("/api/sessions", json={"code": "x" * 1_000}).status_code == 201


def test_without_a_build_the_page_says_how_to_make_one(built: Path, site: Site) -> None:
    (built / "manifest.json").unlink()
    client = site()
    answer = client.get("/")
    assert answer.status_code == 503
    assert "make run" in answer.text
    assert share(client)
    assert client.get("/nothing").status_code == 404


def test_a_newer_build_is_noticed(client: FlaskClient, built: Path) -> None:
    assert "main-abc.js" in client.get("/").text
    manifest = built / "manifest.json"
    manifest.write_text(manifest.read_text().replace("main-abc", "main-new"))
    assert "main-new.js" in client.get("/").text


def test_every_page_forbids_inline_scripts_and_framing(built: Path, site: Site) -> None:
    client = site(PLAYGROUND_HOSTS="localhost,play.example")
    session = share(client)
    for path in (
        "/",
        f"/s/{session}",
        f"/s/{session}.py",
        f"/s/{session}.json",
        "/nothing",
        "/api/examples",
        "/healthz",
    ):
        headers = client.get(path, headers={"Host": "play.example:8080"}).headers
        policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == "'self'"
        assert policy["connect-src"] == "'self' ws://play.example:8080 wss://play.example:8080"
        assert policy["frame-ancestors"] == "'none'"
        assert policy["base-uri"] == "'none'"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    for path in (f"/embed/{session}", "/embed/nothing"):
        headers = client.get(path).headers
        assert headers["Content-Security-Policy"].endswith("frame-ancestors *")
        assert "script-src 'self';" in headers["Content-Security-Policy"]
        assert "X-Frame-Options" not in headers
        assert "Cross-Origin-Opener-Policy" not in headers


def test_no_template_has_an_inline_script_or_handler(client: FlaskClient) -> None:
    session = share(client)
    for path in ("/", f"/s/{session}", f"/embed/{session}", "/nothing"):
        for tag, attributes in Page(client.get(path).text).tags:
            assert not any(name.startswith("on") for name in attributes)
            assert tag != "script" or "src" in attributes or attributes["type"] == "application/json"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "a.example; script-src *",
        "[::1",
        "x@127.0.0.1",
    ],
)
def test_a_name_that_is_not_ours_gets_nothing(client: FlaskClient, host: str) -> None:
    for path in ("/", "/api/examples", "/socket.io/?EIO=4&transport=websocket"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 421
        assert "PLAYGROUND_HOSTS" in answer.text
    assert client.get("/healthz", headers={"Host": host}).status_code in (200, 400)


def test_our_names_are_answered_and_more_can_be_given(built: Path, site: Site) -> None:
    client = site()
    for host in ("localhost", "LOCALHOST:5000", "127.0.0.1:5000", "[::1]:5000"):
        assert client.get("/", headers={"Host": host}).status_code == 200
    client = site(PLAYGROUND_HOSTS="play.example, 10.0.0.7")
    for host, status in (("play.example", 200), ("10.0.0.7:80", 200), ("localhost", 421)):
        assert client.get("/", headers={"Host": host}).status_code == status
    assert site(PLAYGROUND_HOSTS="*").get("/", headers={"Host": "any.example"}).status_code == 200


def test_forwarded_headers_are_believed_only_from_as_many_proxies_as_are_configured(
    built: Path, site: Site
) -> None:
    forwarded = {"X-Forwarded-Host": "play.example", "X-Forwarded-Proto": "https"}
    variables = {"PLAYGROUND_HOSTS": "play.example,localhost"}
    direct = site(**variables).get("/", headers=forwarded)
    behind = site(PLAYGROUND_PROXIES="1", **variables).get("/", headers=forwarded)
    assert "ws://localhost" in direct.headers["Content-Security-Policy"]
    assert "play.example" not in direct.headers["Content-Security-Policy"]
    assert "wss://play.example" in behind.headers["Content-Security-Policy"]


# --- Sharing ---------------------------------------------------------------------------------------------------------


def test_sharing_gives_a_link_that_shows_the_results_without_running(client: FlaskClient) -> None:
    events = [
        {"type": "started", "run": "r1", "seq": 1, "cells": [{"index": 0, "line": 1, "end_line": 1}]},
        {"type": "output", "run": "r1", "seq": 2, "cell": 0, "stream": "stdout", "text": "7\n"},
        {"type": "finished", "run": "r1", "seq": 3, "status": "ok", "wall_ms": 1.5},
    ]
    content = {"code": "print(7)", "title": "Seven", "seed": 3, "view": {"panel": "output"}, "events": events}
    answer = client.post("/api/sessions", json=content)
    assert answer.status_code == 201
    name = answer.json["id"]
    assert re.fullmatch(r"[A-Za-z0-9]{10}", name)
    assert answer.json == {"id": name, "url": f"/s/{name}"}
    assert answer.headers["Location"] == f"/s/{name}"
    page = client.get(f"/s/{name}")
    assert Page(page.text).title == "Seven · Autograd playground"
    session = boot_of(page.text).session
    assert session is not None
    assert (session.id, session.content.code, session.content.seed) == (name, "print(7)", 3)
    assert [type(event).__name__ for event in session.content.events] == ["Started", "Output", "Finished"]
    embed = boot_of(client.get(f"/embed/{name}").text)
    assert embed.embed
    assert embed.session == session
    assert embed.examples == []
    for path in (f"/api/sessions/{name}", f"/s/{name}.json"):
        answer = client.get(path)
        assert answer.mimetype == "application/json"
        assert msgspec.json.decode(answer.data, type=BootSession) == session
    program = client.get(f"/s/{name}.py")
    assert program.data == b"print(7)"
    assert program.content_type == "text/x-python; charset=utf-8"
    assert program.headers["Content-Disposition"] == f'attachment; filename="playground-{name}.py"'


TABLE = {
    "name": "flowers of '''May'''.csv",
    "text": 'length,width,kind\n5,1,"a""""""b"\n4,2,it\'\'\'s\n7,3,\\n\n6,4,a\n',
    "types": {"kind": "text"},
    "features": ["length"],
    "target": "width",
    "test": 0.25,
}


def test_a_program_as_a_file_brings_what_it_imports(client: FlaskClient, tmp_path: Path) -> None:
    code = (
        "from __future__ import annotations\n\nimport torch, data\n\n"
        "print(tuple(data.moons(8, seed=1)[0].shape), data.X.flatten().tolist(), data.X_test.shape[0], data.columns)\n"
    )
    name = share(client, code=code, data=TABLE)
    program = client.get(f"/s/{name}.py").text
    assert program.endswith(code.partition("\n\n")[2])
    (tmp_path / "torch.py").write_text(
        "from engine import *\nimport sys\nsys.modules['torch'] = sys.modules['engine']\n"
    )
    (tmp_path / "program.py").write_text(program)
    run = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("(8, 2) [")
    assert run.stdout.endswith("] 1 ['length']\n")


def test_the_module_in_a_program_is_the_one_the_page_writes() -> None:
    folder = Path(__file__).resolve().parents[1] / "data"
    table = msgspec.json.decode((folder / "downloaded.json").read_bytes(), type=UserData)
    assert data_module(table) == (folder / "downloaded.py.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", ["print(7)", "database = 1", "import data.x", "# import data"])
def test_a_program_without_the_module_is_as_it_was_written(client: FlaskClient, code: str) -> None:
    assert client.get(f"/s/{share(client, code=code)}.py").text == code


def test_a_table_too_large_for_a_link_is_refused_with_its_size(client: FlaskClient) -> None:
    cell = "é" * 1_023 + "\n"  # two bytes each, and one
    fits = {"text": (cell * 128)[:-1] + "x"}
    assert len(fits["text"].encode()) == 256 * 1024 - 128
    content = {"code": "import data", "events": []}
    assert client.post("/api/sessions", json={**content, "data": fits}).status_code == 201
    answer = client.post("/api/sessions", json={**content, "data": {"text": cell * 128 + "x" * 129}})
    assert answer.status_code == 413
    assert answer.json["field"] == "data.text"
    assert answer.json["error"] == (
        "The table has 262,145 bytes; expected at most 262,144 in UTF-8. Leave out rows or columns."
    )


def test_binary_values_in_stored_events_survive_as_base64(client: FlaskClient) -> None:
    block = {"input": 1, "rows": [1], "columns": [1], "values": "AAAAAAAA8D8="}
    event = {"type": "jacobian", "run": "r", "seq": 4, "output": 2, "order": 1, "blocks": [block]}
    name = share(client, events=[event])
    stored = client.get(f"/api/sessions/{name}").json["content"]["events"][0]
    assert stored["blocks"][0]["values"] == "AAAAAAAA8D8="


def test_sessions_cannot_be_changed_and_editing_makes_a_child(client: FlaskClient) -> None:
    first = share(client, code="x = 1")
    assert share(client, code="x = 1") == first
    child = share(client, code="x = 2", parent=first)
    assert child != first
    assert client.get(f"/api/sessions/{child}").json["parent"] == first
    assert client.get(f"/api/sessions/{first}").json["content"]["code"] == "x = 1"
    for method in ("put", "patch", "delete", "post"):
        assert getattr(client, method)(f"/api/sessions/{first}").status_code == 405


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({}, "code"),
        ({"code": 5}, "code"),
        ({"code": None}, "code"),
        ({"code": "x", "seed": "1"}, "seed"),
        ({"code": "x", "device": "tpu"}, "device"),
        ({"code": "x", "title": "t" * 201}, "title"),
        ({"code": "x", "parent": "../../etc"}, "parent"),
        ({"code": "x", "view": {"panel": "p" * 33}}, "view.panel"),
        ({"code": "x", "view": {"zoom": 3}}, "view.zoom"),
        ({"code": "x", "id": "mine"}, "id"),
        ({"code": "x", "events": [{"type": "output", "cell": 0, "stream": "stdout"}]}, "events[0].text"),
        ({"code": "x", "events": [{"type": "evil"}]}, "events[0].type"),
        (
            {"code": "x", "events": [{"type": "output", "cell": 0, "stream": "s", "text": ""}]},
            "events[0].stream",
        ),
        ({"code": "x", "events": [{"type": "notice", "message": "m", "html": "<b>"}]}, "events[0].html"),
        ({"code": "x", "events": "none"}, "events"),
        ([], "session"),
        ("code", "session"),
    ],
)
def test_what_is_not_a_session_is_refused_with_the_field_named(
    client: FlaskClient, content: Any, field: str
) -> None:
    answer = client.post("/api/sessions", json=content)
    assert answer.status_code == 400
    assert answer.json["field"] == field
    assert answer.json["error"].endswith(".")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"code":NaN}',
        b'{"code":"\\ud800"}',
        b"[" * 100_000,
        b'{"code":"x","view":' + b'{"a":' * 50_000,
    ],
)
def test_what_is_not_json_is_refused(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/api/sessions", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json["error"].endswith(".")


def test_figures_are_a_closed_part_of_plotly(client: FlaskClient) -> None:
    def figure(**trace: Any) -> dict[str, Any]:
        data = [{"type": "scatter", "x": [1], "y": [2]} | trace]
        return {
            "type": "figure",
            "run": "r",
            "seq": 1,
            "cell": 0,
            "index": 0,
            "figure": {"data": data, "layout": {}},
        }

    assert share(client, events=[figure(name="<b>bold</b>")])
    for trace in ({"hovertemplate": "<a href=x>"}, {"type": "sankey"}, {"marker": {"color": "url(x:y)\n"}}):
        assert (
            client.post("/api/sessions", json={"code": "x", "events": [figure(**trace)]}).status_code == 400
        )


def test_a_program_over_64_kib_is_413(client: FlaskClient) -> None:
    for code in ("x" * 65_537, "é" * 32_769):
        answer = client.post("/api/sessions", json={"code": code})
        assert answer.status_code == 413
        assert answer.json["field"] == "code"
    for code in ("x" * 65_536, "é" * 32_768):
        assert share(client, code=code)


def test_a_body_over_the_limit_is_413(client: FlaskClient) -> None:
    body = json.dumps({"code": "x", "title": "y" * 5 * 2**20}).encode()
    answer = client.post("/api/sessions", data=body, content_type="application/json")
    assert answer.status_code == 413
    assert answer.json == {"error": "What was sent is larger than the server accepts."}


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_another_content_type_is_415_so_that_no_form_of_another_site_can_share(
    client: FlaskClient, content_type: str | None
) -> None:
    answer = client.post("/api/sessions", data=b'{"code":"x"}', content_type=content_type)
    assert answer.status_code == 415
    assert "application/json" in answer.json["error"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_strangers_text_stays_text(client: FlaskClient, text: str) -> None:
    event = {"type": "output", "run": "r", "seq": 1, "cell": 0, "stream": "stdout", "text": text}
    name = share(client, code=text, title=text, events=[event])
    clean = [
        (tag, sorted(attributes)) for tag, attributes in Page(client.get(f"/s/{share(client)}").text).tags
    ]
    for path in (f"/s/{name}", f"/embed/{name}"):
        raw = client.get(path).text
        page = Page(raw)
        if path.startswith("/s/"):
            assert [(tag, sorted(attributes)) for tag, attributes in page.tags] == clean
        assert re.search(r"<script[^>]*id=\"boot\"[^>]*>[^<>&\u2028\u2029]*</script>", raw)
        session = boot_of(raw).session
        assert session is not None
        assert session.content.code == session.content.title == text
    assert client.get(f"/s/{name}.py").data == text.encode()


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "%3Cscript%3Ealert(1)%3C/script%3E", "a%00b", "..%2f..%2fetc", "é" * 300],
)
def test_an_unknown_address_is_a_real_404_page_that_repeats_nothing(client: FlaskClient, text: str) -> None:
    for path in (f"/{text}", f"/s/{text}", f"/embed/{text}"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.mimetype == "text/html"
        assert "alert(1)" not in answer.text
        links = [a["href"] for tag, a in Page(answer.text).tags if tag == "a"]
        assert links == ["/"]


def test_errors_come_in_the_readers_own_form(client: FlaskClient) -> None:
    assert client.get("/api/nothing").json == {"error": "There is nothing at this address."}
    for path in ("/api/sessions/unknown123", "/s/unknown123.json"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "error" in answer.json
    answer = client.get("/s/unknown123.py")
    assert (answer.status_code, answer.mimetype) == (404, "text/plain")
    answer = client.post("/")
    assert (answer.status_code, answer.mimetype) == (405, "text/html")
    assert "GET" in answer.headers["Allow"]
    assert client.put("/api/sessions").status_code == 405
    assert client.get("/static/dist/../../app.py").status_code == 404
    assert client.get("/static/src/main.tsx").status_code == 404


def test_a_mistake_of_ours_is_a_500_without_its_details(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> tuple[()]:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(gallery, "examples", broken)
    for path, mimetype in (("/api/examples", "application/json"), ("/", "text/html")):
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (500, mimetype)
        assert "secret" not in answer.text
    assert "secret detail" in caplog.text


def test_without_the_database_sharing_is_503_and_the_rest_goes_on(
    built: Path, site: Site, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    client = site(DATABASE_URL=f"sqlite:///{tmp_path}/file/s.sqlite3")
    answer = client.post("/api/sessions", json={"code": "x"})
    assert answer.status_code == 503
    assert "Running programs is not affected" in answer.json["error"]
    assert client.get("/s/abcdefghij").status_code == 503
    assert client.get("/").status_code == 200
    health = client.get("/healthz")
    assert health.status_code == 200
    assert not health.json["sessions"]["ready"]


def test_with_the_database_absent_programs_still_run(
    start: Callable[..., Any], connect: Callable[..., Any]
) -> None:
    server = start()
    server.database.mkdir()
    with pytest.raises(urllib.error.HTTPError) as refused:
        server.post({"code": "x"})
    assert refused.value.code == 503
    refused.value.close()
    assert connect(server).run("x")[-1]["status"] == "ok"


# --- Health, gallery, files ------------------------------------------------------------------------------------------


def test_health_tells_live_from_ready(site: Site) -> None:
    class Down:
        def health(self) -> Any:
            from playground.runner.wire import Health

            return Health(alive=False)

    up = site().get("/healthz")
    assert (up.status_code, up.json["live"], up.json["ready"]) == (200, True, True)
    assert up.headers["Cache-Control"] == "no-store"
    client = site(Down())
    down = client.get("/healthz")
    assert (down.status_code, down.json["live"], down.json["ready"]) == (503, True, False)
    assert client.get("/healthz/live").status_code == 200


def test_examples_are_listed_with_what_their_docstrings_say(client: FlaskClient) -> None:
    answer = client.get("/api/examples")
    assert answer.status_code == 200
    files = sorted(path for path in gallery.FOLDER.glob("*.py") if path.name != "__init__.py")
    assert [example["code"] for example in answer.json] == [
        re.sub(r"\n\nSection: .*\n(?:Panel: .*\n)?(?=\"\"\")", "", path.read_text(), count=1)
        for path in files
    ]
    for example in answer.json:
        assert set(example) == {"id", "title", "section", "panel", "summary", "code"}
        assert example["title"]
        assert example["summary"]


def test_an_example_is_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "03_in_place.py"
    path.write_text(
        '"""In place. Why `x += 1` can fail.\n\nSection: In-place operations.\n"""\nraise SystemExit\n'
    )
    example = gallery.read(path)
    assert (example.id, example.title, example.section, example.summary) == (
        "in_place",
        "In place",
        "In-place operations",
        "Why `x += 1` can fail.",
    )
    assert example.code == '"""In place. Why `x += 1` can fail."""\nraise SystemExit\n'
    assert example.panel == ""
    path.write_text('"""A fit. It fits.\n\nSection: Templates.\nPanel: training.\n"""\n')
    example = gallery.read(path)
    assert (example.section, example.panel, example.code) == (
        "Templates",
        "training",
        '"""A fit. It fits."""\n',
    )
    path.write_text("import os\n")
    with pytest.raises(ValueError, match=r"03_in_place\.py"):
        gallery.read(path)


def test_files_of_the_build_are_cached_for_ever_and_compressed_once(client: FlaskClient, built: Path) -> None:
    answer = client.get(
        "/static/dist/assets/main-abc.js", headers={"Accept-Encoding": "gzip, br"}, buffered=True
    )
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.mimetype in ("text/javascript", "application/javascript")
    assert gzip.decompress(answer.data) == (built / "assets/main-abc.js").read_bytes()
    plain = client.get("/static/dist/assets/main-abc.js", buffered=True)
    assert plain.data == (built / "assets/main-abc.js").read_bytes()
    assert "Content-Encoding" not in plain.headers
    font = client.get(
        "/static/dist/assets/font-jkl.woff2", headers={"Accept-Encoding": "gzip"}, buffered=True
    )
    assert "Content-Encoding" not in font.headers
    assert client.get("/static/dist/assets/gone.js", buffered=True).status_code == 404


def test_pages_and_json_are_compressed_when_large(client: FlaskClient) -> None:
    name = share(client, code="# a long program\n" * 500)
    for path in (f"/s/{name}", f"/s/{name}.json", f"/s/{name}.py"):
        plain = client.get(path)
        small = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert small.headers["Content-Encoding"] == "gzip"
        assert int(small.headers["Content-Length"]) == len(small.data) < len(plain.data) / 2
        assert gzip.decompress(small.data) == plain.data
        assert "Content-Encoding" not in client.get(path, headers={"Accept-Encoding": "gzip;q=0"}).headers
    assert "Content-Encoding" not in client.get("/healthz/live", headers={"Accept-Encoding": "gzip"}).headers


def test_the_version_is_the_packages(client: FlaskClient) -> None:
    text = (Path(__file__).resolve().parents[3] / "pyproject.toml").read_text()
    assert f'\nversion = "{__version__}"\n' in text


def test_create_app_with_its_own_settings_is_what_gunicorn_is_told_to_call(tmp_path: Path) -> None:
    app = create_app(load({"DATABASE_URL": f"sqlite:///{tmp_path}/s.sqlite3"}), object())  # type: ignore[arg-type]
    rules = {str(rule) for rule in app.url_map.iter_rules()}
    assert {"/", "/s/<session_id>", "/embed/<session_id>", "/api/sessions", "/healthz"} <= rules


def test_slow_and_broken_requests_do_not_hold_others_up(start: Callable[..., Any]) -> None:
    server = start()
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50)]
    for number, connection in enumerate(held):
        connection.sendall(
            [b"POST /api/sessions HTTP/1.1\r\nContent-Length: 100\r\n", b"GET / HT", b"\x16\x03\x01"][
                number % 3
            ]
        )
    with urllib.request.urlopen(f"{server.url}/healthz/live", timeout=5) as answer:
        assert answer.status == 200
    for connection in held:
        connection.close()
    assert server.post({"code": "x"})["id"]


def test_a_removed_session_answers_410_with_the_reason(
    site: Callable[..., FlaskClient], tmp_path: Path
) -> None:
    address = f"sqlite:///{tmp_path / 's.sqlite3'}"
    client = site(DATABASE_URL=address)
    name = client.post("/api/sessions", json={"code": "x = 1"}).get_json()["id"]
    store = Sessions(address, max_bytes=2**30)
    assert store.remove(name, "It had <b>somebody's</b> address in it.")
    store.close()
    for path in (f"/s/{name}", f"/embed/{name}", f"/s/{name}.py", f"/s/{name}.json", f"/api/sessions/{name}"):
        answer = client.get(path)
        assert answer.status_code == 410
        assert "somebody" in answer.text
        assert "<b>" not in answer.text or path.endswith((".py", ".json")) or path.startswith("/api")
    refused = client.post("/api/sessions", json={"code": "x = 1"})
    assert refused.status_code == 410
    assert "removed on" in refused.get_json()["error"]
