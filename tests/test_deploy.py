"""What a host is given: the Dockerfile says what the Procfile says, and has every file it needs and no other."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from scripts.setup import PAGE_SOURCES

ROOT = Path(__file__).resolve().parents[1]
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())


def instructions() -> Iterator[tuple[str, str]]:
    """Of the Dockerfile: each with what follows it, in one line."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.M)
    for line in re.sub(r"\s*\\\n\s*", " ", text).splitlines():
        if line.strip():
            word, _, rest = line.partition(" ")
            yield word, rest


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage."""
    found: list[list[tuple[str, str]]] = []
    for word, rest in instructions():
        if word == "FROM":
            found.append([])
        if found:
            found[-1].append((word, rest))
    return found


def copied(stage: list[tuple[str, str]]) -> list[str]:
    """What a stage takes from the checkout."""
    sources = [rest.split()[:-1] for word, rest in stage if word == "COPY" and not rest.startswith("--")]
    return [name for names in sources for name in names]


def listed(word: str) -> list[str]:
    """The instruction's words, which must be a list: a shell in between would keep signals to itself."""
    rest = dict(stages()[-1])[word]
    found: list[str] = json.loads(rest[rest.index("[") :])
    return found


def test_the_image_runs_what_the_procfile_says() -> None:
    assert listed("CMD") == shlex.split(PROCFILE["web"])


def test_the_image_runs_without_rights_and_without_tools() -> None:
    last = stages()[-1]
    user = dict(last)["USER"]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user), "a number, and not root's"
    assert f"-o {user.partition(':')[0]} " in " ".join(rest for word, rest in last if word == "RUN")
    assert [word for word, _ in last].index("USER") > max(
        place for place, (word, _) in enumerate(last) if word in ("RUN", "COPY")
    ), "what is in the image is root's, so that a server that was taken over cannot change it"
    assert not any(
        tool in rest for word, rest in last if word == "RUN" for tool in ("apt", "pip", "npm", "curl")
    )


def test_packages_are_those_of_the_lock() -> None:
    install = next(rest for word, rest in instructions() if "pip" in rest)
    assert "--require-hashes" in install
    assert "npm ci" in " ".join(rest for _, rest in instructions())
    python = dict(instructions())["ARG"].partition("=")[2]
    assert f'requires-python = ">={python}"' in (ROOT / "pyproject.toml").read_text(), "as the tests run"


def test_the_page_is_built_from_all_its_sources() -> None:
    page = copied(stages()[0])
    assert set(PAGE_SOURCES) <= set(page)
    for file in (ROOT / "static" / "src").rglob("*.ts*"):
        for name in re.findall(r'from "((?:\.\./)+[^"?]+)', file.read_text(encoding="utf-8")):
            source = (file.parent / name).resolve().relative_to(ROOT).as_posix()
            if ".test." not in file.name:
                assert any(source.startswith(known) for known in PAGE_SOURCES), f"{file} reads {source}"


def test_the_builder_is_sent_what_it_copies_and_no_more() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    sent = {line[1:] for line in lines if line.startswith("!")}
    wanted = {name for stage in stages() for name in copied(stage)}
    assert all(any(f"{name}/".startswith(f"{path}/") for path in sent) for name in wanted)
    assert sent <= wanted, "nothing is sent that is not copied"


def test_the_application_starts_from_what_is_copied(tmp_path: Path) -> None:
    files = copied(stages()[-1])
    own = subprocess.run(["git", "ls-files", "*.py", "engine", "playground"], cwd=ROOT, capture_output=True)
    for name in filter(None, own.stdout.decode().splitlines()):
        if "/" not in name:
            assert name in files, f"{name} is not in the image"
    for name in files:
        (tmp_path / name).symlink_to(ROOT / name)
    code = "import app, playground.worker.main, playground.__main__; print(app.__file__)"
    outcome = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert outcome.stdout.strip() == str(tmp_path / "app.py"), outcome.stderr


@pytest.mark.parametrize("status", [200, 503])
def test_the_health_check_says_whether_the_server_answers(status: int) -> None:
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever).start()
        _, *arguments = listed("HEALTHCHECK")
        check = subprocess.run(
            [sys.executable, *arguments],
            env={"PORT": str(server.server_address[1])},
            capture_output=True,
        )
        server.shutdown()
    assert asked == ["/healthz/live"]
    assert (check.returncode == 0) == (status == 200)
