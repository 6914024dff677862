"""Finds the programs of the servers that tests start themselves, PostgreSQL and Redis, and installs what is missing.

    .venv/bin/python -m scripts.servers       installs what is missing; fails and says what to do if it cannot

The system's are used, whichever version; else Debian's packages, where apt-get may be used.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from scripts.debian import install

PACKAGES = {"postgres": "postgresql", "redis-server": "redis-server"}
"""By program: Debian's package."""


class ServerMissingError(RuntimeError):
    """A program was not found and could not be installed; the message says what to do."""


def found(program: str) -> Path | None:
    """Where the system has it. Debian keeps PostgreSQL's out of the way of the path."""
    if path := shutil.which(program):
        return Path(path)
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    return versions[-1] if versions else None


def find(program: str) -> Path:
    """Where it is, installed if need be. Raises ServerMissingError."""
    path = found(program)
    if path is None and install(PACKAGES[program]):
        path = found(program)
    if path is None:
        raise ServerMissingError(
            f"the tests start a server of their own and need {program}, which was not found. Install it "
            f"(Debian's package {PACKAGES[program]}) or put it on the PATH."
        )
    return path.resolve()


if __name__ == "__main__":
    try:
        for name in PACKAGES:
            find(name)
    except ServerMissingError as error:
        sys.exit(f"set-up failed: {error}")
