"""Taking a session along: pictures with the session inside, pages that need no server, and the way back."""

from __future__ import annotations

import base64
import html
import json
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from playground.protocol import SessionFile
from tests.e2e.playground import SINE, code, empty, faults, finished, opened, run, show, until
from tests.e2e.test_training import LINE

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "</script><script>hacked=1</script><img src=x onerror=hacked=1>"
PROGRAM = f'''
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, x):
        return self.fc(x).tanh()

Net.__name__ = Net.__qualname__ = """{HOSTILE}"""
x = torch.ones(4, 3)
y = Net()(x).sum()
y.backward()
print("""{HOSTILE}""")
# %%
raise ValueError("""{HOSTILE}""")
'''


def download(page: Page, label: str, folder: Path) -> Path:
    """Takes one of the downloads from the menu."""
    page.get_by_role("button", name="Download", exact=True).click()
    with page.expect_download() as waiting:
        page.get_by_role("menuitem", name=label).click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def drop(page: Page, path: Path, name: str = "") -> None:
    """Drops a file onto the middle of the page, as a person does."""
    data = base64.b64encode(path.read_bytes()).decode()
    page.evaluate(
        """([data, name]) => {
          const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], name));
          const target = document.querySelector(".cm-content") ?? document.body;
          for (const type of ["dragenter", "dragover", "drop"])
            target.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }""",
        [data, name or path.name],
    )


def nodes(page: Page) -> int:
    """How many operations the diagram has in its words for a screen reader."""
    stage = page.locator("autograd-graph [aria-label]").first
    expect(stage).to_have_attribute("aria-label", re.compile(r"\d+ operations"))
    found = re.search(r"(\d+) operations", stage.get_attribute("aria-label") or "")
    assert found
    return int(found[1])


def toast(page: Page, text: str | re.Pattern[str]) -> None:
    """Waits for the sentence at the bottom of the page."""
    expect(page.locator(".toast")).to_contain_text(text)


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """Type and data of a PNG's chunks, each checksum checked."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    found, at = [], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + data) == struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0]
        found.append((kind, data))
        at += 12 + length
    return found


def test_a_picture_brings_the_session_to_a_fresh_page(
    page: Page, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    run(page, SINE)
    page.get_by_label("Name of this session").fill("Sine, 2 x")
    drawn = nodes(page)
    picture = download(page, "A picture with the session inside", tmp_path)
    assert picture.name == "sine_2_x.png"
    parts = chunks(picture.read_bytes())
    assert [kind for kind, _ in parts].count(b"iTXt") == 1
    assert parts[-1][0] == b"IEND"
    width, height = struct.unpack(">II", parts[0][1][:8])
    box = page.evaluate(
        "(() => { const s = new DOMParser().parseFromString(document.querySelector('autograd-graph').toSVG(),"
        " 'image/svg+xml').documentElement; return [s.getAttribute('width'), s.getAttribute('height')]; })()"
    )
    assert [width, height] == [2 * int(side) for side in box]

    fresh = open_page()
    opened(fresh)
    before = code(fresh)
    drop(fresh, picture)
    toast(fresh, "Opened from sine_2_x.png")
    expect(fresh.get_by_label("Name of this session")).to_have_value("Sine, 2 x")
    assert "b = torch.sin(a)" in code(fresh)
    assert code(fresh) != before
    expect(fresh.locator("autograd-graph")).to_be_visible()
    until(fresh, lambda: nodes(fresh), drawn)
    expect(show(fresh, "output")).to_contain_text("tensor([")
    # It is a draft, and still there after a reload.
    fresh.reload()
    expect(fresh.get_by_label("Name of this session")).to_have_value("Sine, 2 x")


def test_a_dropped_file_is_held_above_the_page(page: Page) -> None:
    opened(page)
    held = """(type) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(["x"], "x.png"));
      document.body.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }"""
    page.evaluate(held, "dragenter")
    expect(page.locator(".drop")).to_contain_text("Drop to open it")
    assert faults(page) == []
    page.evaluate(held, "dragleave")
    expect(page.locator(".drop")).to_have_count(0)


def test_what_cannot_be_opened_is_said_and_nothing_is_lost(
    page: Page, tmp_path: Path, problems: object
) -> None:
    run(page, SINE)
    before = code(page)
    good = download(page, "A picture with the session inside", tmp_path).read_bytes()

    def bring(name: str, data: bytes, said: str) -> None:
        path = tmp_path / name
        path.write_bytes(data)
        drop(page, path)
        toast(page, said)
        assert code(page) == before

    at = good.index(b"iTXt")
    (length,) = struct.unpack(">I", good[at - 4 : at])
    bring("plain.png", good[: at - 4] + good[at + 8 + length :], "This picture has no session inside.")
    bring("bent.png", good[: at + 40] + b"????" + good[at + 44 :], "The picture is damaged")
    bring("cut.png", good[: at + 60], "The picture is damaged")
    bring("notes.bin", b"shopping list", "This is no file of the playground.")
    bring("page.html", b"<!doctype html><p>Hello", "This page has no session inside.")
    newer = json.dumps({"playground": 2, "content": {"code": ""}}).encode()
    bring("newer.json", newer, "made with a newer version of the playground")
    problems.expect(r"HTTP 400: .*/api/sessions/check")  # type: ignore[attr-defined]
    wrong = {"playground": 1, "content": {"code": "x = 1", "events": [{"type": "output", "stream": "html"}]}}
    bring("wrong.json", json.dumps(wrong).encode(), "The field `events[0]")


@pytest.mark.parametrize("kind", ["html", "json"])
def test_other_files_open_too(page: Page, tmp_path: Path, kind: str) -> None:
    run(page, SINE)
    name = {"html": "A page that needs no server", "json": "The session (.json)"}[kind]
    file = download(page, name, tmp_path)
    assert file.suffix == f".{kind}"
    # Here and not with `expect_file_chooser`, which does not wait until the browser has been told.
    page.on("filechooser", lambda chooser: chooser.set_files(file))
    empty(page)
    page.keyboard.press("Alt+o")
    toast(page, "Opened from")
    assert "b = torch.sin(a)" in code(page)
    until(page, lambda: nodes(page) > 4)


def test_the_other_formats(page: Page, tmp_path: Path) -> None:
    run(page, SINE)
    svg = download(page, "The diagram (.svg)", tmp_path).read_text()
    assert svg.startswith("<svg")
    assert "@font-face" in svg
    assert "src:url(data:font/woff2;base64," in svg
    dot = download(page, "The graph for Graphviz", tmp_path).read_text()
    assert dot.startswith('digraph "')
    assert "SinBackward0" in dot
    graph = json.loads(download(page, "The graph for Model Explorer", tmp_path).read_text())
    assert [node["label"] for node in graph["graphs"][0]["nodes"]][:2] == ["linspace", "sin"]


def alone(browser: Browser, path: Path) -> tuple[Page, list[str]]:
    """Opens a file in a browser without network; what is requested or goes wrong is noted."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    noted: list[str] = []
    page.on("console", lambda message: noted.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: noted.append(f"uncaught: {error}"))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("blob:", path.as_uri()))
            else noted.append(f"request: {request.url}")
        ),
    )
    page.goto(path.as_uri())
    return page, noted


def test_a_standalone_page_steps_without_a_server(page: Page, browser: Browser, tmp_path: Path) -> None:
    run(page, SINE)
    file = download(page, "A page that needs no server", tmp_path)
    offline, noted = alone(browser, file)
    expect(offline.locator(".cm-content")).to_contain_text("torch.sin(a)")
    expect(offline.locator("autograd-graph .ag-svg g path").first).to_be_visible()
    timeline = offline.locator("autograd-timeline")
    before = timeline.inner_text()
    offline.keyboard.press(",")
    expect(timeline).not_to_have_text(before)
    offline.locator("autograd-graph").get_by_role("application").or_(
        offline.locator("autograd-graph [tabindex='0']")
    ).first.focus()
    offline.keyboard.press("Enter")
    expect(offline.locator(".card")).to_be_visible()
    # Every part that loads later has to be inside: the explanation, the derivative, the tree.
    offline.locator("autograd-graph").evaluate(
        "graph => graph.dispatchEvent(new CustomEvent('select', { detail: { node: 1 } }))"
    )
    card = offline.locator(".card")
    expect(card.locator(".katex").first).to_be_visible()
    expect(card).to_contain_text("The numbers are not in this page.")
    offline.keyboard.press("Alt+g")
    expect(offline.get_by_role("treegrid").or_(offline.get_by_role("tree")).first).to_be_visible()
    offline.keyboard.press("Alt+g")
    offline.get_by_role("tab", name="Output").click()
    expect(offline.locator("#embed-output")).to_contain_text("tensor([")
    expect(offline.locator("#embed-output figure svg path").first).to_be_visible()
    assert noted == []
    offline.get_by_role("tab", name="Graph").click()
    assert faults(offline) == []
    offline.context.close()


def test_a_standalone_page_has_the_training(page: Page, browser: Browser, tmp_path: Path) -> None:
    run(page, LINE.format(lr=0.1))
    offline, noted = alone(browser, download(page, "A page that needs no server", tmp_path))
    offline.get_by_role("tab", name="Training").click()
    panel = offline.get_by_role("tabpanel", name="Training")
    curve = panel.get_by_role("region", name="Loss", exact=True).locator("figure svg path").nth(1)
    expect(curve).to_have_attribute("d", re.compile("^M.*L"))
    expect(panel.get_by_role("region", name="Fit")).to_be_visible()
    expect(panel.get_by_role("row", name=re.compile("^weight"))).to_be_visible()
    assert noted == []
    assert faults(offline) == []
    offline.context.close()


def test_hostile_texts_stay_texts(browser: Browser, tmp_path: Path) -> None:
    """The title, a class's name, what is printed and what is raised, in a page of its own and in a frame."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    file = tmp_path / "out.html"
    command = [
        sys.executable,
        "-m",
        "playground",
        "trace",
        str(program),
        "--html",
        str(file),
        "--title",
        HOSTILE,
    ]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, timeout=240).returncode == 1
    offline, noted = alone(browser, file)
    expect(offline.locator(".embed-title")).to_have_text(HOSTILE)
    expect(offline.locator("autograd-graph .ag-svg g path").first).to_be_visible()
    offline.get_by_role("tab", name="Output").click()
    expect(offline.locator("#embed-output")).to_contain_text(HOSTILE)
    assert offline.evaluate("typeof hacked") == "undefined"
    assert offline.locator("img[src]").count() == 0
    assert noted == []
    offline.context.close()
    frame = tmp_path / "frame.html"
    frame.write_text(
        '<!doctype html><iframe sandbox="allow-scripts" width="900" height="500" '
        f'srcdoc="{html.escape(file.read_text())}"></iframe>'
    )
    framed, noted = alone(browser, frame)
    inside = framed.frame_locator("iframe")
    expect(inside.locator("autograd-graph .ag-svg g path").first).to_be_visible()
    expect(inside.locator(".embed-title")).to_have_text(HOSTILE)
    assert [note for note in noted if not note.startswith("request: about:")] == []
    framed.context.close()


def test_the_standalone_pages_policy_forbids_every_address(browser: Browser, tmp_path: Path) -> None:
    from playground.export.html import html as standalone
    from playground.protocol import SessionContent

    file = tmp_path / "empty.html"
    file.write_text(standalone(SessionContent(code="x = 1", title="Nothing")))
    page, noted = alone(browser, file)
    expect(page.locator(".embed-title")).to_have_text("Nothing")
    outcomes = page.evaluate(
        """async () => {
          const tries = [];
          tries.push(await fetch("https://example.org/").then(() => "reached", () => "refused"));
          const image = new Image();
          tries.push(await new Promise((done) => {
            image.onload = () => done("reached"); image.onerror = () => done("refused");
            image.src = "https://example.org/x.png";
          }));
          const script = document.createElement("script");
          script.textContent = "window.hacked = 1";
          document.body.append(script);
          tries.push(window.hacked ? "ran" : "refused");
          return tries;
        }"""
    )
    assert outcomes == ["refused", "refused", "refused"]
    refused = [note for note in noted if "violates the following Content Security Policy directive" in note]
    assert len(refused) == 3, noted
    page.context.close()


def test_the_downloads_menu_by_keyboard_and_without_fault(page: Page) -> None:
    opened(page)
    page.keyboard.press("Alt+s")
    items = page.get_by_role("menuitem")
    expect(items.first).to_be_focused()
    assert faults(page) == []
    page.keyboard.press("ArrowDown")
    expect(items.nth(1)).to_be_focused()
    page.keyboard.press("Escape")
    expect(items).to_have_count(0)
    finished(page)
    assert SessionFile.__struct_fields__ == ("playground", "content")
