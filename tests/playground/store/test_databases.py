"""The store on each database there is: SQLite and a real PostgreSQL, killed in the middle too."""

from __future__ import annotations

import gc
import io
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from playground.protocol import SessionContent, View
from playground.store import moving, schema
from playground.store.moving import Unreadable
from playground.store.schema import SCHEMA, address, connection
from playground.store.sessions import Removed, Sessions, Unavailable, canonical
from tests.playground.store.conftest import MakeStore
from tests.playground.store.servers import Postgres

UNCLOSED = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""The driver leaves a socket that could not connect to the garbage collector, which is called then and there."""
OLD = SessionContent(code="x = 1", title="stored before")


def engine_of(url: str) -> sa.Engine:
    return sa.create_engine(address(url), poolclass=sa.NullPool)


def test_a_session_comes_back_and_the_same_content_is_one_row(store: Sessions, url: str) -> None:
    content = SessionContent(code="print('é\\0')\n", view=View(panel="output"))
    name = store.save(content)
    assert store.save(content) == name
    found = store.load(name)
    assert found is not None
    assert bytes(found.content) == canonical(content)
    assert store.load("nothing") is None
    with engine_of(url).connect() as database:
        assert database.execute(sa.select(sa.func.count()).select_from(schema.sessions)).scalar() == 1


def test_many_processes_open_an_empty_database_at_once(make_store: MakeStore) -> None:
    stores = [make_store() for _ in range(6)]
    names: list[str] = []
    threads = [threading.Thread(target=lambda s=s: names.append(s.save(OLD))) for s in stores]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names) == 6
    assert len(set(names)) == 1


# --- Migrations ------------------------------------------------------------------------------------------------------


def test_the_migrations_lead_to_the_tables_the_program_knows(store: Sessions, url: str) -> None:
    store.open()
    with engine_of(url).connect() as database:
        context = MigrationContext.configure(database, opts={"compare_type": True})
        differences = compare_metadata(context, schema.metadata)
        # Of changed columns there is a list each; comments are for readers of the code.
        assert [d for d in differences if not (isinstance(d, list) and d[0][0] == "modify_comment")] == []
    scripts = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
    assert scripts.get_current_head() == SCHEMA


def test_the_first_versions_database_is_brought_up_to_date_with_what_is_in_it(
    make_store: MakeStore, url: str
) -> None:
    data = canonical(OLD)
    with engine_of(url).begin() as database:
        binary = "bytea" if database.dialect.name == "postgresql" else "blob"
        for line in (
            "create table sessions (id varchar(64) primary key, digest varchar(64) not null constraint "
            "uq_sessions_digest unique, parent varchar(64) not null, created varchar(32) not null, "
            f"content {binary} not null)",
            "create index ix_sessions_parent on sessions (parent)",
            "create table alembic_version (version_num varchar(32) primary key)",
            "insert into alembic_version values ('0001')",
        ):
            database.execute(sa.text(line))
        database.execute(
            sa.text("insert into sessions values ('abc', 'd', '', '2025-05-04T03:02:01Z', :content)"),
            {"content": data},
        )
    found = make_store().load("abc")
    assert found is not None
    assert bytes(found.content) == data
    with engine_of(url).connect() as database:
        opened = database.execute(sa.select(schema.sessions.c.opened)).scalar()
    assert opened == datetime.now(UTC).strftime("%Y-%m-%d")


def test_a_newer_programs_database_is_left_alone(make_store: MakeStore, url: str) -> None:
    make_store().open()
    with engine_of(url).begin() as database:
        database.execute(sa.text("update alembic_version set version_num = '9999'"))
    with pytest.raises(Unavailable):
        make_store().save(OLD)


# --- Taking down, and keeping for a time -----------------------------------------------------------------------------


def test_what_was_taken_down_says_why_and_stays_down(store: Sessions) -> None:
    name, other = store.save(OLD), store.save(SessionContent(code="y"))
    assert store.remove(name, "It had somebody's address in it.")
    assert not store.remove(name, "again")
    for again in (lambda: store.load(name), lambda: store.save(OLD)):
        with pytest.raises(Removed, match="somebody's address") as gone:
            again()
        assert gone.value.when.startswith(datetime.now(UTC).strftime("%Y-%m-%d"))
    assert store.load(other) is not None


def test_what_nobody_opens_is_removed_and_may_come_back(store: Sessions, url: str) -> None:
    names = [store.save(SessionContent(code=f"x = {i}")) for i in range(450)]
    old = (datetime.now(UTC) - timedelta(days=31)).strftime("%Y-%m-%d")
    with engine_of(url).begin() as database:
        database.execute(
            sa.update(schema.sessions).where(schema.sessions.c.id != names[7]).values(opened=old)
        )
    assert store.load(names[8]) is not None  # which counts as opened
    assert store.prune(31) == 0
    assert store.prune(30) == 448
    assert store.load(names[7]) is not None
    assert store.load(names[8]) is not None
    with pytest.raises(Removed, match="for 30 days"):
        store.load(names[9])
    assert store.save(SessionContent(code="x = 9")) == names[9]
    assert store.load(names[9]) is not None


# --- Moving ----------------------------------------------------------------------------------------------------------


def exported(store: Sessions) -> bytes:
    file = io.BytesIO()
    moving.write(store, file)
    return file.getvalue()


def test_everything_moves_to_another_database_and_only_once(store: Sessions, tmp_path: Path) -> None:
    first = store.save(OLD)
    names = [first, *(store.save(SessionContent(code=f"x = {i}", parent=first)) for i in range(2, 403))]
    store.remove(names[5], "Wrong.")
    text = exported(store)
    assert text.count(b"\n") == 403
    other = Sessions(f"sqlite:///{tmp_path / 'other.sqlite3'}", max_bytes=2**30)
    for expected in ((402, 0), (0, 402)):
        assert moving.read(other, io.BytesIO(text)) == expected
    for name in names:
        if name == names[5]:
            with pytest.raises(Removed, match=r"Wrong\."):
                other.load(name)
        else:
            assert other.load(name) == store.load(name)
    assert sorted(exported(other).splitlines()) == sorted(text.splitlines())
    other.close()


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda text: b"", "the file is empty"),
        (lambda text: b"{}\n", 'line 1: expected {"playground":"sessions","version":1}'),
        (lambda text: text.replace(b'"version":1', b'"version":2'), "line 1: expected"),
        (lambda text: text[:-20], "line 2: "),
        (lambda text: text + b"[]\n", "line 3: Expected `object`, got `array`"),
        (lambda text: text.replace(b'"digest":"', b'"digest":"0'), "line 2: .* has another digest"),
        (lambda text: text + b"\xff\n", "line 3: "),
    ],
)
def test_a_file_that_is_damaged_is_refused_with_its_line(
    make_store: MakeStore, tmp_path: Path, damage: object, says: str
) -> None:
    store = make_store()
    store.save(OLD)
    text = damage(exported(store))  # type: ignore[operator]
    other = Sessions(f"sqlite:///{tmp_path / 'other.sqlite3'}", max_bytes=2**30)
    with pytest.raises(Unreadable, match=says):
        moving.read(other, io.BytesIO(text))
    other.close()


def test_an_id_never_comes_to_mean_something_else(store: Sessions, tmp_path: Path) -> None:
    name = store.save(OLD)
    row = next(row for row in store.everything() if row.id == name)
    other = SessionContent(code="something else")
    digest = moving.msgspec.json.decode(exported_row(other, tmp_path))["digest"]
    forged = msgspec.structs.replace(row, content=canonical(other), digest=digest)
    with pytest.raises(ValueError, match="is another one here"):
        store.put(forged)


def exported_row(content: SessionContent, folder: Path) -> bytes:
    store = Sessions(f"sqlite:///{folder / 'one.sqlite3'}", max_bytes=2**30)
    store.save(content)
    line = exported(store).splitlines()[1]
    store.close()
    return line


# --- A server that dies ----------------------------------------------------------------------------------------------


@UNCLOSED
def test_a_database_server_killed_in_the_middle_loses_nothing_it_confirmed(postgres: Postgres) -> None:
    postgres.clear()
    store = Sessions(postgres.url, max_bytes=0)
    confirmed: dict[str, str] = {}
    refused = threading.Event()
    over = threading.Event()

    def work() -> None:
        number = 0
        while not over.is_set():
            number += 1
            code = f"# {number}\n" + "x" * 5_000
            try:
                confirmed[store.save(SessionContent(code=code))] = code
            except Unavailable:
                refused.set()

    thread = threading.Thread(target=work)
    thread.start()
    for _ in range(2):
        before = len(confirmed)
        while len(confirmed) < before + 20:
            over.wait(0.01)
        postgres.kill()
        assert refused.wait(10)
        refused.clear()
        postgres.start()
    before = len(confirmed)
    while len(confirmed) < before + 20:  # it is used again by itself
        over.wait(0.01)
    over.set()
    thread.join()
    for name, code in confirmed.items():
        found = store.load(name)
        assert found is not None
        assert found.head().code == code
    store.close()
    gc.collect()


@UNCLOSED
def test_an_absent_database_server_is_said_quickly(postgres: Postgres) -> None:
    store = Sessions(postgres.url.replace(f":{postgres.port}/", ":1/"), max_bytes=0)
    with pytest.raises(Unavailable, match="cannot be reached"):
        store.save(OLD)
    gc.collect()


@UNCLOSED
@pytest.mark.parametrize("mode", ["require", "verify-full"])
def test_encryption_is_asked_for_as_libpq_spells_it(postgres: Postgres, mode: str) -> None:
    url, arguments = connection(address(f"{postgres.url}?sslmode={mode}"))
    assert "sslmode" not in url.query
    assert set(arguments) == {"ssl_context"}
    store = Sessions(f"{postgres.url}?sslmode={mode}", max_bytes=0)
    with pytest.raises(Unavailable):  # this server has no encryption, and none is not what was asked for
        store.save(OLD)
    gc.collect()
    store = Sessions(f"{postgres.url}?sslmode=disable", max_bytes=0)
    assert store.save(OLD)
    store.close()


@pytest.mark.parametrize("text", ["postgres://", "postgresql://"])
def test_both_spellings_of_the_address_are_taken(text: str) -> None:
    url = address(f"{text}user:p%40ss@host:5433/name")
    assert (url.drivername, url.host, url.port, url.password) == ("postgresql+pg8000", "host", 5433, "p@ss")
    with pytest.raises(ValueError, match="sslmode=prefer: expected disable, require or verify-full"):
        address(f"{text}host/name?sslmode=prefer")
