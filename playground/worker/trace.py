"""``python -m playground trace``: run a program in this process and write what was recorded into files."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import msgspec

from playground.export import html
from playground.export.dot import dot
from playground.export.model_explorer import model_explorer
from playground.export.recording import compact
from playground.protocol import (
    Error,
    Event,
    Finished,
    Notice,
    Output,
    Run,
    SessionContent,
    SessionFile,
    WorkerEvent,
    encode,
)
from playground.runner.limits import MIB, Limits
from playground.worker.main import run_program
from playground.worker.output import OneWay


def _json(content: SessionContent) -> str:
    return msgspec.json.encode(SessionFile(playground=1, content=content)).decode()


FORMATS: dict[str, Callable[[SessionContent], str]] = {
    "html": html.html,
    "json": _json,
    "dot": dot,
    "model-explorer": model_explorer,
}


class Problem(Exception):
    """What keeps a trace from being written; the message is for the person at the terminal."""


def trace(code: str, title: str, seed: int, files: dict[str, str]) -> int:
    """Run a program and write the files, by format; ``-`` is standard output. Returns 0 if the program ended well.

    It returns 1 if not; then what was recorded until it failed is written. What the program prints goes to standard
    output, or to standard error where a file takes its place. Raises Problem before anything runs if a file cannot be
    written.
    """
    if "html" in files:
        try:
            html.template()
        except html.NotBuilt as problem:
            raise Problem(str(problem)) from None
    for name in files.values():
        _check(name)
    # The program's own streams take their place while it runs.
    out, err = sys.stdout, sys.stderr
    collector = _Collector(err if "-" in files.values() else out, err)
    run_program(Run(run="trace", code=code, seed=seed), collector)
    content = SessionContent(code=code, title=title, seed=seed, events=compact(collector.events))
    for kind, name in files.items():
        _write(name, FORMATS[kind](content), out)
    return 0 if collector.status == "ok" else 1


def _check(name: str) -> None:
    """Raises Problem now rather than after a run of many seconds."""
    path = Path(name)
    if name == "-":
        return
    if path.is_dir():
        raise Problem(f"cannot write {name}: it is a directory")
    if not path.parent.is_dir():
        raise Problem(f"cannot write {name}: there is no directory {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise Problem(f"cannot write {name}: permission denied")


def _write(name: str, text: str, out: TextIO) -> None:
    if name == "-":
        out.write(text if text.endswith("\n") else text + "\n")
        return
    try:
        Path(name).write_text(text, encoding="utf-8")
    except OSError as problem:
        raise Problem(f"cannot write {name}: {problem.strerror}") from None


class _Collector(OneWay):
    """A channel that keeps every event and shows what the program prints as it comes."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        # There is nobody to share with, so more may be sent.
        self.limits = Limits(results_bytes=64 * MIB)
        self.sent_bytes = 0
        self.status = ""
        self.events: list[Event] = []
        self._out = out
        self._err = err

    def emit(self, event: WorkerEvent) -> None:
        """Keep one event."""
        self.sent_bytes += len(encode(event))
        event.run, event.seq = "trace", len(self.events) + 1
        self.events.append(event)
        match event:
            case Output():
                stream = self._err if event.stream == "stderr" else self._out
                stream.write(event.text + ("\n" if event.stream == "result" else ""))
                stream.flush()
            case Notice():
                self._err.write(f"[{event.message}]\n")
            case Error():
                self._err.write((event.traceback or event.message).rstrip() + "\n")
                if event.hint:
                    self._err.write(f"Hint: {event.hint}\n")
            case Finished():
                event.interactive = False
                self.status = event.status
                if event.message:
                    self._err.write(event.message + "\n")
