"""All sessions out of one database and into another: a file of JSON, one row a line.

The file has what the database has, byte for byte, so a link means the same on the other server. Reading it again
changes nothing, and what is there already stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO, NamedTuple

import msgspec

from playground.protocol import SessionContent
from playground.store.sessions import Kept, Sessions

_FIRST = {"playground": "sessions", "version": 1}
"""The first line, so that another file is not taken for one."""


class Unreadable(ValueError):
    """A file that is none of ours, or damaged. The message names the line."""


class Moved(NamedTuple):
    """How many rows came, and how many were there already."""

    new: int
    known: int


def write(sessions: Sessions, file: BinaryIO) -> int:
    """Write every session; returns how many rows that were. Raises Unavailable and OSError."""
    file.write(msgspec.json.encode(_FIRST) + b"\n")
    count = 0
    for row in sessions.everything():
        file.write(msgspec.json.encode(row) + b"\n")
        count += 1
    return count


def read(sessions: Sessions, lines: Iterable[bytes]) -> Moved:
    """Store every session of a file. Raises Unreadable at the first line that is wrong; those before it are stored."""
    decoder = msgspec.json.Decoder(Kept)
    new = known = number = 0
    for number, line in enumerate(lines, start=1):
        try:
            if number == 1:
                if msgspec.json.decode(line) != _FIRST:
                    raise ValueError(f"expected {msgspec.json.encode(_FIRST).decode()}")
                continue
            row = decoder.decode(line)
            if row.content is not None:
                msgspec.json.decode(row.content, type=SessionContent)
            if sessions.put(row):
                new += 1
            else:
                known += 1
        except (ValueError, RecursionError) as problem:  # msgspec's errors among them
            raise Unreadable(f"line {number}: {problem}") from problem
    if not number:
        raise Unreadable("the file is empty")
    return Moved(new, known)
