"""What a host is given: Dockerfile and compose.yaml say what the Procfile says, with every file needed and no other."""

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
from typing import Any

import pytest
import yaml

from playground.settings import SETTINGS, Settings, load
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


COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
IMAGE = dict(PROCFILE, web="")
"""The services of our own image, each with its line of the Procfile; that of `web` is the image's own command."""


def test_every_part_of_the_procfile_is_a_service() -> None:
    ours = {name: service for name, service in SERVICES.items() if "build" in service}
    assert ours.keys() == PROCFILE.keys()
    for name, service in ours.items():
        assert service.get("command", []) == shlex.split(IMAGE[name])


def test_settings_of_services_exist() -> None:
    for name in PROCFILE:
        variables = SERVICES[name]["environment"]
        assert all(isinstance(value, str) for value in variables.values())
        known = {setting.name for setting in SETTINGS}
        assert set(variables) <= known
        load({key: re.sub(r"\$\{\w+[^}]*\}", "word", value) for key, value in variables.items()})


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_shut_in(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert "privileged" not in service
    assert ("ports" in service) == (name == "front"), "nothing but the front is published"
    assert ("cap_add" in service) == (name == "front")
    assert ("outside" in service["networks"]) == (name == "front")
    for volume in service.get("volumes", []):
        assert volume.partition(":")[0] in COMPOSE["volumes"], "no folder of the host's"
    for other in service.get("depends_on", []):
        assert other in SERVICES
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_the_front_reaches_the_port_of_the_image() -> None:
    port = dict(stages()[-1])["EXPOSE"]
    assert f"PORT={port}" in dict(stages()[-1])["ENV"]
    assert SERVICES["front"]["command"][-1] == f"web:{port}"


def test_programs_may_end_before_a_container_is_killed() -> None:
    for name in ("web", "worker"):
        assert float(SERVICES[name]["stop_grace_period"].removesuffix("s")) > Settings().grace_s


def test_who_runs_programs_has_no_secret() -> None:
    assert "DATABASE_URL" not in SERVICES["worker"]["environment"]
    assert "DATABASE_URL" in SERVICES["web"]["environment"]

    unit = (ROOT / "docs" / "deploy.md").read_text()
    found = re.search(r"^TimeoutStopSec=(\d+)$", unit, flags=re.M)
    assert found
    assert int(found[1]) > Settings().grace_s
