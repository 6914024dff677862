"""The commands of who keeps a server: are programs sealed, and what is stored. Settings are the server's."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import nullcontext

COMMANDS = ("doctor", "migrate", "export", "import", "remove", "prune")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add them to the command line."""
    commands.add_parser(
        "doctor", help="try whether programs are sealed here, say what holds, and look for a GPU"
    )
    commands.add_parser("migrate", help="bring the database of shared sessions to this version's tables")
    for name, what in (
        ("export", "write all sessions into a file"),
        ("import", "store all sessions of a file"),
    ):
        one = commands.add_parser(name, help=what)
        one.add_argument("file", help="a file; - is standard output or input")
    remove = commands.add_parser("remove", help="take a session down for good; its link then says why")
    remove.add_argument("id", help="the last part of its link")
    remove.add_argument("--reason", required=True, help="a sentence for who follows the link")
    prune = commands.add_parser("prune", help="remove sessions that nobody has opened for some days")
    prune.add_argument(
        "--days", type=int, required=True, help="for how many (a server does it with PLAYGROUND_KEEP_DAYS)"
    )


def main(options: argparse.Namespace) -> int:
    """Do one of them; returns the exit status: 0 if it went well, 1 if not, 2 if a setting is wrong."""
    from playground.settings import SettingsError, load

    try:
        settings = load(os.environ)
    except SettingsError as problem:
        return _fail(str(problem), 2)
    if options.command == "doctor":
        from playground.runner.doctor import examine, find_gpu

        report = examine(settings.limits)
        print(report.text())
        print(find_gpu(settings.limits))
        if settings.limits.gpu == "off":
            print("Programs do not use a GPU: PLAYGROUND_GPU is off.")
        return 0 if report.sealed else 1
    from playground.store import moving
    from playground.store.schema import SCHEMA
    from playground.store.sessions import Sessions, Unavailable

    sessions = Sessions(settings.database_url, max_bytes=settings.database_bytes)
    try:
        match options.command:
            case "migrate":
                sessions.open()
                print(f"The tables are those of this version (schema {SCHEMA}).")
            case "export":
                with (
                    nullcontext(sys.stdout.buffer) if options.file == "-" else open(options.file, "wb")
                ) as out:
                    count = moving.write(sessions, out)
                print(f"{count:,} sessions written.", file=sys.stderr)
            case "import":
                with (
                    nullcontext(sys.stdin.buffer) if options.file == "-" else open(options.file, "rb")
                ) as file:
                    moved = moving.read(sessions, file)
                print(f"{moved.new:,} sessions stored, {moved.known:,} were here already.")
            case "remove":
                if not sessions.remove(options.id, options.reason):
                    return _fail(f"There is no session {options.id} here.", 1)
                print(f"Session {options.id} is removed; its link answers 410 with the reason.")
            case "prune":
                if options.days < 1:
                    return _fail(f"--days: expected 1 or more, got {options.days}", 2)
                print(f"{sessions.prune(options.days):,} sessions removed.")
    except (Unavailable, moving.Unreadable, OSError) as problem:
        return _fail(str(problem), 1)
    finally:
        sessions.close()
    return 0


def _fail(message: str, status: int) -> int:
    print(f"python -m playground: {message}", file=sys.stderr)
    return status
