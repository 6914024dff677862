"""The store of shared sessions: immutable rows, found by a hash of what is in them.

A session's id is the beginning of the SHA-256 of its canonical JSON, so the same content is the same link and the same
row, and no link can come to mean something else. Any SQLAlchemy database does; SQLite is set up to survive a kill at
any moment (WAL).
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from playground.protocol import SessionContent, UserData
from playground.store import schema
from playground.store.schema import removed, sessions

log = logging.getLogger(__name__)

ID_LENGTH = 10
"""Characters of a new id: 59 bits."""
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGITS = 43
"""Base-62 digits that hold 256 bits."""
_BUSY_MS = 2_000

_OPENINGS = 10
"""How often a database is tried before it counts as away."""
_BATCH = 200
"""Rows read or removed in one go."""

T = TypeVar("T")


class Unavailable(Exception):
    """The database is absent, full, locked or of another version. The message is for the person who wants to share."""


class Removed(Exception):
    """The session was here and is not any more. `str` is the reason, a sentence for who follows its link."""

    def __init__(self, reason: str, when: str) -> None:
        super().__init__(reason)
        self.when = when
        """UTC, ISO 8601."""


class StoredSession(msgspec.Struct, frozen=True):
    """A row. It encodes to the JSON of `playground.web.boot.BootSession`, without decoding megabytes of results."""

    id: str
    parent: str
    created: str
    content: msgspec.Raw
    """`SessionContent` as it was checked when it was stored."""

    def head(self) -> SessionHead:
        """What the server itself needs of the content."""
        return msgspec.json.decode(self.content, type=SessionHead)


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row as it moves from one database to another."""

    id: str
    digest: str
    when: str
    """When it was stored or, for one without content, removed."""
    parent: str = ""
    opened: str = ""
    content: bytes | None = None
    reason: str = ""
    final: bool = False


class SessionHead(msgspec.Struct):
    """The code, title and table of a stored session; the rest is not looked at."""

    code: str
    title: str = ""
    data: UserData | None = None


class Sessions:
    """The sessions of one database. Opens it when first needed, and again after a failure."""

    def __init__(self, url: str, *, max_bytes: int) -> None:
        """`max_bytes` bounds a SQLite file; other databases have their own means."""
        self._url, self._arguments = schema.connection(schema.address(url))
        self._max_bytes = max_bytes
        self._engine: sa.Engine | None = None

    def save(self, content: SessionContent) -> str:
        """Store a session and return its id; the same content again gives the same id and changes nothing.

        A parent that is not in the store is left out. Raises Unavailable, and Removed for what was taken down.
        """

        def work(connection: sa.Connection) -> str:
            found = content
            if found.parent and self._row(connection, found.parent) is None:
                found = msgspec.structs.replace(found, parent="")
            data = canonical(found)
            digest = hashlib.sha256(data)
            known = sa.select(sessions.c.id).where(sessions.c.digest == digest.hexdigest())
            if (there := connection.execute(known).scalar()) is not None:
                return str(there)
            gone = sa.select(removed).where(removed.c.digest == digest.hexdigest())
            if (old := connection.execute(gone).first()) is not None:
                if old.final:
                    raise Removed(old.reason, old.removed)
                connection.execute(sa.delete(removed).where(removed.c.id == old.id))
            name = content_id(digest.digest(), lambda short: self._free(connection, short))
            now = _now()
            row = {
                "id": name,
                "digest": digest.hexdigest(),
                "parent": found.parent,
                "created": now,
                "content": data,
                "opened": now[:10],
            }
            connection.execute(sa.insert(sessions).values(row))
            return name

        try:
            return self._write(work)
        except IntegrityError:
            # Someone stored the same content, or took the same id, between the look and the insert.
            return self._write(work)

    def load(self, session_id: str) -> StoredSession | None:
        """A stored session, or None if there is none of that id. Raises Unavailable, and Removed if it was removed."""

        def work(connection: sa.Connection) -> StoredSession | None:
            row = self._row(connection, session_id)
            if row is None:
                gone = connection.execute(sa.select(removed).where(removed.c.id == session_id)).first()
                if gone is not None:
                    raise Removed(gone.reason, gone.removed)
                return None
            today = _now()[:10]
            if row.opened < today:
                # Once a day, and only for what is kept by when it was last opened: not worth failing for.
                with contextlib.suppress(SQLAlchemyError), connection.begin_nested():
                    connection.execute(
                        sa.update(sessions).where(sessions.c.id == session_id).values(opened=today)
                    )
            return StoredSession(row.id, row.parent, row.created, msgspec.Raw(row.content))

        return self._do(work)

    def remove(self, session_id: str, reason: str) -> bool:
        """Take a session down for good, with a sentence for who follows its link. False if it is not here.

        The same content cannot be stored again. Raises Unavailable.
        """
        return self._write(lambda connection: self._remove(connection, [session_id], reason, final=True)) == 1

    def prune(self, days: int) -> int:
        """Remove what nobody has opened for so many days; returns how many sessions that were.

        They may be stored again. Raises Unavailable.
        """
        last = (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%d")
        reason = f"Nobody opened this session for {days} days, and this server keeps sessions for no longer."
        count = 0
        while True:

            def work(connection: sa.Connection) -> int:
                old = sa.select(sessions.c.id).where(sessions.c.opened < last).limit(_BATCH)
                found = [str(name) for name in connection.execute(old).scalars()]
                return self._remove(connection, found, reason, final=False)

            some = self._write(work)
            count += some
            if some < _BATCH:
                return count

    def everything(self) -> Iterator[Kept]:
        """Every session and every removed one, parents before what was edited from them as far as they were made so.
        Raises Unavailable."""
        for table in (removed, sessions):
            last = ("", "")
            while True:
                order = (table.c.removed if table is removed else table.c.created, table.c.id)
                rows = self._do(lambda c, t=table, o=order, at=last: self._after(c, t, o, at))  # type: ignore[misc]
                for row in rows:
                    yield _kept(row, table)
                if len(rows) < _BATCH:
                    break
                last = (rows[-1].removed if table is removed else rows[-1].created, rows[-1].id)

    def put(self, kept: Kept) -> bool:
        """Store a row of `everything` as it is; False if it is here already.

        Raises ValueError if content and digest do not belong together, or its id is taken by another; Unavailable.
        """

        def work(connection: sa.Connection) -> bool:
            if kept.content is None:
                there = sa.select(removed.c.id).where(removed.c.id == kept.id)
                if connection.execute(there).first() is not None:
                    return False
                connection.execute(sa.delete(sessions).where(sessions.c.id == kept.id))
                row = {"id": kept.id, "digest": kept.digest, "reason": kept.reason, "removed": kept.when}
                connection.execute(sa.insert(removed).values({**row, "final": kept.final}))
                return True
            old = self._row(connection, kept.id)
            if old is not None and old.digest != kept.digest:
                raise ValueError(f"session {kept.id} is another one here")
            if old is not None or not self._free(connection, kept.id):
                return False
            row = {"id": kept.id, "digest": kept.digest, "parent": kept.parent, "created": kept.when}
            connection.execute(
                sa.insert(sessions).values({**row, "content": kept.content, "opened": kept.opened})
            )
            return True

        if kept.content is not None and hashlib.sha256(kept.content).hexdigest() != kept.digest:
            raise ValueError(f"session {kept.id} was changed: its content has another digest")
        return self._write(work)

    def ready(self) -> bool:
        """Whether sessions can be read now."""
        try:
            self._do(lambda connection: connection.execute(sa.select(sessions.c.id).limit(1)).scalar())
        except Unavailable:
            return False
        return True

    def open(self) -> None:
        """Open the database and bring it to this program's tables, which happens at the first use otherwise.
        Raises Unavailable."""
        self._do(lambda connection: None)

    def close(self) -> None:
        """Close every connection; the next use opens the database again."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()

    def _remove(self, connection: sa.Connection, names: list[str], reason: str, *, final: bool) -> int:
        where = sessions.c.id.in_(names)
        rows = connection.execute(sa.select(sessions.c.id, sessions.c.digest).where(where)).all()
        if rows:
            common = {"reason": reason[:500], "removed": _now(), "final": final}
            connection.execute(sa.insert(removed), [{**row._mapping, **common} for row in rows])
            connection.execute(sa.delete(sessions).where(where))
        return len(rows)

    def _free(self, connection: sa.Connection, name: str) -> bool:
        """Whether no session has this id or ever had it."""
        gone = sa.select(removed.c.id).where(removed.c.id == name)
        return self._row(connection, name) is None and connection.execute(gone).first() is None

    def _after(
        self, connection: sa.Connection, table: sa.Table, order: tuple[Any, ...], last: tuple[str, str]
    ) -> list[sa.Row[Any]]:
        later = sa.tuple_(*order) > sa.tuple_(*map(sa.literal, last))
        return list(connection.execute(sa.select(table).where(later).order_by(*order).limit(_BATCH)))

    def _row(self, connection: sa.Connection, session_id: str) -> sa.Row[Any] | None:
        return connection.execute(sa.select(sessions).where(sessions.c.id == session_id)).first()

    def _write(self, work: Callable[[sa.Connection], T]) -> T:
        return self._do(work, write=True)

    def _do(self, work: Callable[[sa.Connection], T], *, write: bool = False) -> T:
        try:
            if self._engine is None:
                self._engine = self._open()
            with self._engine.connect().execution_options(write=write) as connection, connection.begin():
                return work(connection)
        except IntegrityError:
            raise
        except (SQLAlchemyError, OSError, schema.OtherSchema) as problem:
            log.error("the session store failed: %s", problem)
            self.close()  # a file that was replaced or a server that came back needs new connections
            full = "full" in str(problem)
            reason = "is full" if full else "cannot be reached"
            raise Unavailable(
                f"The store of shared sessions {reason}. Running programs is not affected; try again later."
            ) from None

    def _open(self) -> sa.Engine:
        sqlite = self._url.get_backend_name() == "sqlite"
        if sqlite and self._url.database not in (None, "", ":memory:"):
            Path(str(self._url.database)).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(self._url, pool_pre_ping=not sqlite, connect_args=self._arguments)
        if sqlite:
            sa.event.listen(engine, "connect", self._set_up_sqlite)
            sa.event.listen(engine, "begin", _begin_sqlite)
        try:
            for attempt in range(_OPENINGS):
                try:
                    with engine.connect() as connection, connection.begin():
                        current = schema.found(connection) == schema.SCHEMA
                    if not current:
                        with (
                            engine.connect().execution_options(write=True) as connection,
                            connection.begin(),
                        ):
                            schema.upgrade(connection)
                    break
                except (OperationalError, IntegrityError):
                    # Another process may be making the same tables, or switching the new file to WAL.
                    if attempt == _OPENINGS - 1:
                        raise
                    time.sleep(0.05)
        except BaseException:
            engine.dispose()
            raise
        return engine

    def _set_up_sqlite(self, connection: Any, _record: object) -> None:
        # Python's module begins no transaction before a change of tables, so we begin every one ourselves.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(
            f"PRAGMA max_page_count={self._max_bytes // cursor.execute('PRAGMA page_size').fetchone()[0]}"
        )
        cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # One that will write waits for its turn here: a reader that turns writer is refused if another wrote meanwhile.
    write = connection.get_execution_options().get("write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def canonical(content: SessionContent) -> bytes:
    """The one JSON of a content: keys sorted, no space, what has its default left out."""
    return msgspec.json.encode(content, order="sorted")


def content_id(digest: bytes, free: Callable[[str], bool]) -> str:
    """The shortest id of a digest that is `free`, from `ID_LENGTH` characters up: only ever longer by a collision."""
    number = int.from_bytes(digest, "big")
    digits = []
    for _ in range(_DIGITS):
        number, digit = divmod(number, 62)
        digits.append(_ALPHABET[digit])
    text = "".join(digits)
    for length in range(ID_LENGTH, _DIGITS):
        if free(text[:length]):
            return text[:length]
    return text


def _kept(row: sa.Row[Any], table: sa.Table) -> Kept:
    if table is removed:
        return Kept(id=row.id, digest=row.digest, when=row.removed, reason=row.reason, final=row.final)
    return Kept(
        id=row.id,
        digest=row.digest,
        when=row.created,
        parent=row.parent,
        opened=row.opened,
        content=bytes(row.content),
    )


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
