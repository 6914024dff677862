"""The store: immutable, found by content, whole after a kill, and absent without taking anything down."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import signal
import sqlite3
import threading
import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.protocol import Output, SessionContent, View
from playground.store import sessions as module
from playground.store.schema import SCHEMA
from playground.store.sessions import Sessions, Unavailable, canonical, content_id


@pytest.fixture
def store(tmp_path: Path) -> Any:
    store = Sessions(f"sqlite:///{tmp_path / 'deep' / 'er' / 's.sqlite3'}", max_bytes=2**30)
    yield store
    store.close()


def test_a_session_comes_back_as_it_was(store: Sessions) -> None:
    content = SessionContent(
        code="print('é')\n",
        title="A title",
        device="cuda",
        seed=2**62,
        view=View(panel="output", node=3),
        events=[Output(run="r", seq=1, cell=0, stream="stdout", text="é\n")],
    )
    found = store.load(store.save(content))
    assert found is not None
    assert msgspec.json.decode(found.content, type=SessionContent) == content
    assert found.parent == ""
    assert found.created.endswith("Z")
    assert store.load("nothing") is None


def test_the_id_is_the_start_of_the_hash_and_the_same_content_is_one_row(
    store: Sessions, tmp_path: Path
) -> None:
    content = SessionContent(code="x = 1")
    name = store.save(content)
    assert len(name) == 10
    assert name.isalnum()
    assert store.save(SessionContent(code="x = 1", seed=0, view=View(panel="graph"))) == name
    others = {store.save(SessionContent(code="x = 1", seed=seed)) for seed in range(50)}
    assert len(others) == 50
    store.close()
    with sqlite3.connect(tmp_path / "deep/er/s.sqlite3") as db:
        rows = db.execute("select id, digest, content from sessions").fetchall()
    db.close()
    assert len(rows) == 50
    for row_id, digest, data in rows:
        assert hashlib.sha256(data).hexdigest() == digest
        assert content_id(bytes.fromhex(digest), lambda _: True) == row_id


@given(st.binary(min_size=32, max_size=32), st.integers(0, 40))
def test_a_collision_lengthens_the_id(digest: bytes, taken: int) -> None:
    base = content_id(digest, lambda _: True)
    longer = content_id(digest, lambda name: len(name) >= 10 + taken)
    assert longer.startswith(base)
    assert len(longer) == min(10 + taken, 43)


def test_a_different_content_never_takes_a_taken_id(store: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    # Two contents whose hashes begin alike are out of reach, so ids of one character stand in for it.
    monkeypatch.setattr(module, "ID_LENGTH", 1)
    contents = [SessionContent(code=f"x = {i}") for i in range(100)]
    names = [store.save(content) for content in contents]
    assert len(set(names)) == 100
    assert max(map(len, names)) > 1
    for name, content in zip(names, contents, strict=True):
        found = store.load(name)
        assert found is not None
        assert found.head().code == content.code
        assert store.save(content) == name


def test_parents_are_remembered_and_unknown_ones_left_out(store: Sessions) -> None:
    first = store.save(SessionContent(code="x = 1"))
    second = store.save(SessionContent(code="x = 2", parent=first))
    third = store.save(SessionContent(code="x = 1", parent=second))
    assert len({first, second, third}) == 3
    assert [found.parent for name in (first, second, third) if (found := store.load(name))] == [
        "",
        first,
        second,
    ]
    orphan = store.save(SessionContent(code="x = 3", parent="nowhere123"))
    assert orphan == store.save(SessionContent(code="x = 3"))


def test_the_canonical_form_does_not_depend_on_the_order_of_anything() -> None:
    texts = [
        '{"code":"x","seed":1,"title":"t","view":{"node":3,"panel":"output"}}',
        '{"view":{"panel":"output","node":3},"title":"t","seed":1,"code":"x","device":"cpu","events":[]}',
        '{"code":"\\u0078","seed":1,"title":"t","parent":"","view":{"theme":"","node":3,"panel":"output"}}',
    ]
    forms = {canonical(msgspec.json.decode(text, type=SessionContent)) for text in texts}
    assert forms == {texts[0].encode()}


def test_the_schema_is_stamped_and_another_one_is_refused(store: Sessions, tmp_path: Path) -> None:
    store.save(SessionContent(code="x"))
    store.close()
    path = tmp_path / "deep/er/s.sqlite3"
    db = sqlite3.connect(path)
    assert db.execute("select version_num from alembic_version").fetchall() == [(SCHEMA,)]
    assert db.execute("pragma journal_mode").fetchone() == ("wal",)
    db.execute("update alembic_version set version_num = '0999'")
    db.commit()
    db.close()
    with pytest.raises(Unavailable):
        store.save(SessionContent(code="x"))
    assert not store.ready()


def test_a_full_database_refuses_and_still_reads(tmp_path: Path) -> None:
    store = Sessions(f"sqlite:///{tmp_path / 's.sqlite3'}", max_bytes=2**20)
    names: list[str] = []
    with contextlib.suppress(Unavailable):
        while len(names) < 40:
            names.append(store.save(SessionContent(code=f"# {len(names)}\n" + "x" * 60_000)))
    assert 5 < len(names) < 40
    assert all(store.load(name) for name in names)
    with pytest.raises(Unavailable, match="is full"):
        store.save(SessionContent(code="y" * 60_000))
    assert store.save(SessionContent(code="# 0\n" + "x" * 60_000)) == names[0]
    store.close()


def test_an_absent_database_is_said_and_used_again_when_it_is_back(tmp_path: Path) -> None:
    folder = tmp_path / "away"
    folder.write_text("a file where the folder should be")
    store = Sessions(f"sqlite:///{folder / 's.sqlite3'}", max_bytes=2**30)
    for _ in range(2):
        with pytest.raises(Unavailable, match="cannot be reached"):
            store.save(SessionContent(code="x"))
        assert not store.ready()
    folder.unlink()
    assert store.load(store.save(SessionContent(code="x"))) is not None
    assert store.ready()
    store.close()


def test_a_locked_database_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BUSY_MS", 50)
    store = Sessions(f"sqlite:///{tmp_path / 's.sqlite3'}", max_bytes=2**30)
    name = store.save(SessionContent(code="x"))
    holder = sqlite3.connect(tmp_path / "s.sqlite3", isolation_level=None)
    holder.execute("begin immediate")
    with pytest.raises(Unavailable):
        store.save(SessionContent(code="y"))
    assert store.load(name) is not None
    holder.execute("rollback")
    holder.close()
    assert store.save(SessionContent(code="y"))
    store.close()


def test_two_servers_on_one_database_agree(start: Callable[..., Any]) -> None:
    one, two = start(), start()
    ids: list[list[str]] = [[], []]

    def share(server: Any, mine: list[str]) -> None:
        mine += [server.post({"code": f"x = {i}"})["id"] for i in range(40)]

    threads = [threading.Thread(target=share, args=pair) for pair in zip((one, two), ids, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 40


def test_a_kill_in_the_middle_of_writes_leaves_the_database_whole(start: Callable[..., Any]) -> None:
    acknowledged: dict[str, str] = {}
    for life in range(4):
        server = start()

        def share(part: int, server: Any = server, life: int = life) -> None:
            try:
                for number in range(10_000):
                    code = f"# {life} {part} {number}\n" + "x" * 30_000
                    acknowledged[server.post({"code": code})["id"]] = code
            except (urllib.error.URLError, http.client.HTTPException, ConnectionError):
                pass

        threads = [threading.Thread(target=share, args=(part,)) for part in range(3)]
        for thread in threads:
            thread.start()
        before = len(acknowledged)
        while len(acknowledged) < before + 20 + 7 * life:
            assert all(thread.is_alive() for thread in threads)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        for thread in threads:
            thread.join()
    db = sqlite3.connect(server.database)
    assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
    rows = dict(db.execute("select id, content from sessions").fetchall())
    db.close()
    assert len(acknowledged) >= 4 * 20
    for name, code in acknowledged.items():
        assert json.loads(rows[name])["code"] == code
