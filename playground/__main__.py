"""The playground on the command line: ``python -m playground run FILE``, ``trace FILE``, and what a server's keeper
needs: ``doctor``, ``migrate``, ``export``, ``import``, ``remove`` and ``prune``.

With ``run`` and ``trace`` programs run in this process and are not sealed: use them for your own programs only.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from playground import keeping

_TRACE = """\
Run a program as the page would and write what was recorded into files: every operation, value and gradient. What the
program prints is printed. The exit status is 0 if the program ended well, 1 if it failed (the files then show it up
to where it failed), 2 if something could not be read or written.
"""
_EXAMPLES = """\
examples:
  python -m playground trace program.py --html program.html
  python -m playground trace program.py --dot - | dot -Tsvg > program.svg
  python -m playground trace program.py --json program.json --model-explorer graph.json --seed 1
"""


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status: 0 if the program ended well."""
    parser = argparse.ArgumentParser(
        prog="python -m playground", description="The autograd playground on the command line."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run a program and print its output, graph and profile")
    run.add_argument("--json", action="store_true", help="print the events as lines of JSON instead")
    trace = commands.add_parser(
        "trace",
        help="run a program and write its graph as a page, as JSON, as DOT or for Model Explorer",
        description=_TRACE,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    files = trace.add_argument_group("what to write", "at least one of these; - is standard output")
    files.add_argument("--html", metavar="FILE", help="a page of its own, which steps without a server")
    files.add_argument("--json", metavar="FILE", help="the session, which the playground opens")
    files.add_argument("--dot", metavar="FILE", help="the graph for Graphviz")
    files.add_argument("--model-explorer", metavar="FILE", help="the graph for Model Explorer")
    keeping.add_to(commands)
    trace.add_argument("--title", help="what the session is called (default: the file's name)")
    for command in (run, trace):
        command.add_argument("file", help="a Python program; - reads standard input")
        command.add_argument(
            "--seed", type=int, default=0, metavar="N", help="the seed for random numbers (default 0)"
        )
    options = parser.parse_args(arguments)
    if options.command in keeping.COMMANDS:
        return keeping.main(options)
    command = run if options.command == "run" else trace
    if not 0 <= options.seed < 2**63:
        command.error(f"--seed: expected a number from 0 to 2**63 - 1, got {options.seed}")
    written: dict[str, str] = {}
    if options.command == "trace":
        written = {
            kind: name
            for kind in ("html", "json", "dot", "model-explorer")
            if (name := getattr(options, kind.replace("-", "_"))) is not None
        }
        _check_files(written, options.file, command)
    code = _read(options.file, command)
    # Only here: asking for help need not load NumPy and the engine.
    if options.command == "run":
        from playground.worker import console

        return console.show(code, options.seed, as_json=options.json)
    from playground.worker.trace import Problem
    from playground.worker.trace import trace as trace_program

    title = options.title or ("program" if options.file == "-" else Path(options.file).stem)
    try:
        return trace_program(code, title[:200], options.seed, written)
    except Problem as problem:
        print(f"{command.prog}: error: {problem}", file=sys.stderr)
        return 2


def _check_files(written: dict[str, str], program: str, command: argparse.ArgumentParser) -> None:
    names = list(written.values())
    if not written:
        command.error("nothing to write: give at least one of --html, --json, --dot, --model-explorer")
    for name in names:
        if not name:
            command.error("the name of a file is empty")
        if names.count(name) > 1:
            command.error(f"{'standard output' if name == '-' else name} can take one format only")
        here = "-" not in (name, program) and Path(name).exists() and Path(program).exists()
        if here and Path(name).samefile(program):
            command.error(f"{name} is the program itself and would be overwritten")


def _read(name: str, command: argparse.ArgumentParser) -> str:
    """The program. Ends the process with status 2 if it cannot be read."""
    try:
        code = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except OSError as problem:
        command.error(f"cannot read {name}: {problem.strerror}")
    except UnicodeDecodeError:
        command.error(f"cannot read {name}: it is not text in UTF-8")
    if len(code) > 65_536:
        command.error(f"{name} has {len(code):,} characters; a program has at most 65,536")
    return code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:  # the reader, ``head`` perhaps, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
