"""The tables, and bringing a database to them: Alembic's migrations in ``migrations/versions``, one file a step.

A change of the tables is a new migration there, the same change here, and its number in `SCHEMA`; a test compares them.
"""

from __future__ import annotations

import ssl
import threading
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

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
    sa.Column("opened", sa.String(10), nullable=False, index=True, comment="UTC day it was last opened"),
)

removed = sa.Table(
    "removed",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False, index=True, comment="SHA-256 of what the content was"),
    sa.Column("reason", sa.String(500), nullable=False, comment="a sentence for who follows the link"),
    sa.Column("removed", sa.String(32), nullable=False, comment="UTC, ISO 8601"),
    sa.Column("final", sa.Boolean, nullable=False, comment="whether it may not be stored again"),
)

SCHEMA = "0002"
"""The newest migration."""

_version = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32)))
_LOCK = 0x706C6179
"""PostgreSQL's advisory lock under which one process migrates and others wait: ``play``."""

_one_at_a_time = threading.Lock()
"""Alembic keeps what it is doing in its modules."""


class OtherSchema(Exception):
    """The database is of a version that this program does not know."""


def address(text: str) -> URL:
    """A database's address as SQLAlchemy takes it; ``postgres://`` and ``postgresql://`` are spelled with our driver.

    Raises ArgumentError if it is none, ValueError for an ``sslmode`` that is not known.
    """
    head, colon, rest = text.partition("://")
    if head in ("postgres", "postgresql"):
        text = f"postgresql+pg8000{colon}{rest}"
    url = make_url(text)
    connection(url)
    return url


def connection(url: URL) -> tuple[URL, dict[str, object]]:
    """The address, and what the driver is given beside it: libpq's ``sslmode`` in the driver's words."""
    if url.get_backend_name() != "postgresql" or "sslmode" not in url.query:
        return url, {}
    mode = url.query["sslmode"]
    url = url.difference_update_query(["sslmode"])
    if mode == "disable":
        return url, {}
    if mode not in ("require", "verify-full"):
        raise ValueError(f"sslmode={mode}: expected disable, require or verify-full")
    context = ssl.create_default_context()
    if mode == "require":  # encrypted, to whomever: what libpq means by it
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return url, {"ssl_context": context}


def found(connection: sa.Connection) -> str:
    """The database's schema; empty if it has no tables yet."""
    if not sa.inspect(connection).has_table(_version.name):
        return ""
    return connection.execute(sa.select(_version.c.version_num)).scalar() or ""


def upgrade(connection: sa.Connection) -> None:
    """Bring the database to this program's schema, whichever it has, within the connection's transaction.

    Raises OtherSchema if it was made by a newer program.
    """
    if found(connection) == SCHEMA:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    have = found(connection)
    if have == SCHEMA:
        return
    if have > SCHEMA:
        raise OtherSchema(f"the database has schema {have}, this program knows {SCHEMA} and earlier ones")
    # Only here: most starts find nothing to do.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    with _one_at_a_time:
        command.upgrade(config, "head")
