"""The store of shared sessions: immutable rows, found by a hash of what is in them.

A session's id is the beginning of the SHA-256 of its canonical JSON, so the same content is the same link and the same
row, and no link can come to mean something else. Any SQLAlchemy database does; SQLite is set up to survive a kill at
any moment (WAL).
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from playground.protocol import SessionContent

log = logging.getLogger(__name__)

ID_LENGTH = 10
"""Characters of a new id: 59 bits."""
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGITS = 43
"""Base-62 digits that hold 256 bits."""
_BUSY_MS = 2_000

T = TypeVar("T")

metadata = sa.MetaData(
    # Names that migrations can refer to on every database.
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column(
        "digest", sa.String(64), nullable=False, unique=True, comment="SHA-256 of content, hexadecimal"
    ),
    sa.Column(
        "parent",
        sa.String(64),
        nullable=False,
        index=True,
        comment="id of the session it was edited from, or empty",
    ),
    sa.Column("created", sa.String(32), nullable=False, comment="UTC, ISO 8601"),
    sa.Column("content", sa.LargeBinary, nullable=False, comment="SessionContent as canonical JSON"),
)

version = sa.Table("alembic_version", metadata, sa.Column("version_num", sa.String(32), primary_key=True))
"""Alembic's own table, so that it can take over with this schema as its first revision."""
SCHEMA = "0001"


_OPENINGS = 10
"""How often a database is tried before it counts as away."""


class Unavailable(Exception):
    """The database is absent, full, locked or of another version. The message is for the person who wants to share."""


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


class SessionHead(msgspec.Struct):
    """The code and title of a stored session; the rest is not looked at."""

    code: str
    title: str = ""


class Sessions:
    """The sessions of one database. Opens it when first needed, and again after a failure."""

    def __init__(self, url: str, *, max_bytes: int) -> None:
        """`max_bytes` bounds a SQLite file; other databases have their own means."""
        self._url = make_url(url)
        self._max_bytes = max_bytes
        self._engine: sa.Engine | None = None

    def save(self, content: SessionContent) -> str:
        """Store a session and return its id; the same content again gives the same id and changes nothing.

        A parent that is not in the store is left out. Raises Unavailable.
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
            name = content_id(digest.digest(), lambda short: self._row(connection, short) is None)
            created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            row = {
                "id": name,
                "digest": digest.hexdigest(),
                "parent": found.parent,
                "created": created,
                "content": data,
            }
            connection.execute(sa.insert(sessions).values(row))
            return name

        try:
            return self._do(work)
        except IntegrityError:
            # Someone stored the same content, or took the same id, between the look and the insert.
            return self._do(work)

    def load(self, session_id: str) -> StoredSession | None:
        """A stored session, or None if there is none of that id. Raises Unavailable."""
        row = self._do(lambda connection: self._row(connection, session_id))
        if row is None:
            return None
        return StoredSession(row.id, row.parent, row.created, msgspec.Raw(row.content))

    def ready(self) -> bool:
        """Whether sessions can be read now."""
        try:
            self._do(lambda connection: connection.execute(sa.select(sessions.c.id).limit(1)).scalar())
        except Unavailable:
            return False
        return True

    def close(self) -> None:
        """Close every connection; the next use opens the database again."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()

    def _row(self, connection: sa.Connection, session_id: str) -> sa.Row[Any] | None:
        return connection.execute(sa.select(sessions).where(sessions.c.id == session_id)).first()

    def _do(self, work: Callable[[sa.Connection], T]) -> T:
        try:
            if self._engine is None:
                self._engine = self._open()
            with self._engine.begin() as connection:
                return work(connection)
        except IntegrityError:
            raise
        except (SQLAlchemyError, OSError) as problem:
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
        engine = sa.create_engine(self._url, pool_pre_ping=not sqlite)
        if sqlite:
            sa.event.listen(engine, "connect", self._set_up_sqlite)
        try:
            for attempt in range(_OPENINGS):
                try:
                    self._create(engine)
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

    def _create(self, engine: sa.Engine) -> None:
        metadata.create_all(engine)
        with engine.begin() as connection:
            found = connection.execute(sa.select(version.c.version_num)).scalar()
            if found is None:
                connection.execute(sa.insert(version).values(version_num=SCHEMA))
            elif found != SCHEMA:
                raise OSError(f"the database has schema {found}, this program needs {SCHEMA}")

    def _set_up_sqlite(self, connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(
            f"PRAGMA max_page_count={self._max_bytes // cursor.execute('PRAGMA page_size').fetchone()[0]}"
        )
        cursor.close()


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
