"""The commands of who keeps a server, as they are called."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from playground.protocol import SessionContent
from playground.settings import ROOT
from playground.store.sessions import Sessions


def call(url: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.defpath, "DATABASE_URL": url, **more}
    command = [sys.executable, "-m", "playground", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


def test_sessions_move_are_removed_and_pruned(tmp_path: Path) -> None:
    one, two = (f"sqlite:///{tmp_path / name}" for name in ("one.sqlite3", "two.sqlite3"))
    assert call(one, "migrate").stdout == "The tables are those of this version (schema 0002).\n"
    store = Sessions(one, max_bytes=2**30)
    names = [store.save(SessionContent(code=f"x = {i}")) for i in range(3)]
    store.close()
    done = call(one, "remove", names[0], "--reason", "It named somebody.")
    assert (done.returncode, done.stdout) == (
        0,
        f"Session {names[0]} is removed; its link answers 410 with the reason.\n",
    )
    done = call(one, "remove", names[0], "--reason", "again")
    assert (done.returncode, done.stderr) == (
        1,
        f"python -m playground: There is no session {names[0]} here.\n",
    )
    file = tmp_path / "all.jsonl"
    assert call(one, "export", str(file)).stderr == "3 sessions written.\n"
    assert call(two, "import", str(file)).stdout == "3 sessions stored, 0 were here already.\n"
    assert call(two, "import", str(file)).stdout == "0 sessions stored, 3 were here already.\n"
    assert call(two, "prune", "--days", "30").stdout == "0 sessions removed.\n"


def test_what_goes_wrong_is_said_in_a_sentence(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.sqlite3'}"
    (tmp_path / "other").write_text("hello\n")
    for arguments, status, says in (
        (("import", str(tmp_path / "other")), 1, "line 1: "),
        (("import", str(tmp_path / "none")), 1, "No such file"),
        (("export", str(tmp_path / "no" / "folder")), 1, "No such file"),
        (("prune", "--days", "0"), 2, "--days: expected 1 or more, got 0"),
    ):
        done = call(url, *arguments)
        assert done.returncode == status
        assert says in done.stderr
        assert "Traceback" not in done.stderr
    done = call("nothing", "migrate")
    assert (done.returncode, "DATABASE_URL='nothing' is not accepted" in done.stderr) == (2, True)
    done = call(url, "migrate", PLAYGROUND_SLOTS="many")
    assert "PLAYGROUND_SLOTS='many'" in done.stderr
