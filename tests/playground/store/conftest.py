from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from playground.store.sessions import Sessions
from tests.playground.store.servers import Postgres

MakeStore = Callable[[], Sessions]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A database server for a whole file."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'sessions.sqlite3'}"
    server: Postgres = request.getfixturevalue("postgres")
    server.clear()
    return server.url


@pytest.fixture
def make_store(url: str) -> Iterator[MakeStore]:
    """Open the database, as often as wanted."""
    made: list[Sessions] = []

    def make() -> Sessions:
        made.append(Sessions(url, max_bytes=2**30))
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def store(make_store: MakeStore) -> Sessions:
    """The database opened once."""
    return make_store()
