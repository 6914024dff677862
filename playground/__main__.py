"""``python -m playground run FILE``: run a program as the page would, and print what the page would show.

The program runs in this process and is not sealed: use it for your own programs only.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status: 0 if the program ended well."""
    parser = argparse.ArgumentParser(
        prog="playground", description="The autograd playground on the command line."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run a program and print its output, graph and profile")
    run.add_argument("file", help="a Python program; - reads standard input")
    run.add_argument("--json", action="store_true", help="print the events as lines of JSON instead")
    run.add_argument("--seed", type=int, default=0, help="the seed for random numbers (default 0)")
    options = parser.parse_args(arguments)
    try:
        code = sys.stdin.read() if options.file == "-" else Path(options.file).read_text(encoding="utf-8")
    except OSError as problem:
        parser.error(f"cannot read {options.file}: {problem.strerror}")
    if options.seed < 0:
        parser.error(f"--seed: expected a number from 0, got {options.seed}")
    # Only here: asking for help need not load NumPy and the engine.
    from playground.worker import console

    return console.show(code, options.seed, as_json=options.json)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:  # the reader, ``head`` perhaps, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
