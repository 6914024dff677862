"""A worker of a page: runs one cell of plain Python. The runner is tested with it so that it needs no engine.

It imports what the tests' programs import, because a child may not be allowed to read the files they come from.
"""

from __future__ import annotations

import ctypes  # noqa: F401
import resource  # noqa: F401
import subprocess  # noqa: F401
import sys
import threading  # noqa: F401
import time
import traceback
from typing import Any

from playground.protocol import (
    Cell,
    Detail,
    Document,
    Error,
    Finished,
    Inspect,
    Output,
    Parse,
    Run,
    Started,
    Status,
    Table,
    Values,
)
from playground.runner.channel import PROGRAM, Cancelled, Channel, Interrupt, SoftTimeout


class _Stream:
    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def write(self, text: str) -> int:
        for start in range(0, len(text), 8192):
            self._channel.emit(Output(cell=0, stream="stdout", text=text[start : start + 8192]))
        return len(text)

    def flush(self) -> None:
        pass


def run_program(request: Run | Parse, channel: Channel) -> None:
    """Run it, or read it, which here means that its first word says what to do."""
    if isinstance(request, Parse):
        _read(request, channel)
    else:
        _run(request, channel)


def _read(request: Parse, channel: Channel) -> None:
    word, _, rest = request.code.partition(" ")
    status: Status = "ok"
    try:
        with channel.interruptible():
            if word == "exec":
                exec(rest, {"channel": channel})
            elif request.data is not None:
                channel.emit(Table(rows=len(request.data.text)))
            else:
                channel.emit(Document(problem=request.code[:16_000]))
    except Interrupt:
        status = "timeout"
    channel.emit(Finished(status=status, wall_ms=1.0, interactive=True))
    for _ in channel.commands():
        pass


def _run(request: Run, channel: Channel) -> None:
    """Run it, say how it ended, and answer questions about its variable ``answer`` afterwards."""
    names: dict[str, Any] = {"__name__": "__main__", "channel": channel}
    lines = request.code.count("\n") + 1
    channel.emit(Started(cells=[Cell(index=0, line=1, end_line=lines)]))
    began = time.monotonic()
    status: Status = "ok"
    message = ""
    sys.stdout = _Stream(channel)  # type: ignore[assignment]
    try:
        with channel.interruptible():
            exec(compile(request.code, PROGRAM, "exec"), names)
    except Interrupt as interrupt:
        status = "cancelled" if isinstance(interrupt, Cancelled) else "timeout"
        if isinstance(interrupt, SoftTimeout):
            channel.emit(Error(message="SoftTimeout", line=interrupt.line))
    except BaseException as problem:
        status = "memory" if isinstance(problem, MemoryError) else "error"
        frames = [f for f in traceback.extract_tb(problem.__traceback__) if f.filename == PROGRAM]
        message = f"{type(problem).__name__}: {problem}"[:4000]
        channel.emit(Error(message=message, line=frames[-1].lineno if frames else 0))
    wall_ms = (time.monotonic() - began) * 1000
    interactive = "answer" in names
    channel.emit(Finished(status=status, wall_ms=wall_ms, interactive=interactive, operations=7))
    if interactive:
        for command in channel.commands():
            _answer(command, names["answer"], channel)


def _answer(command: object, answer: Any, channel: Channel) -> None:
    try:
        with channel.interruptible():
            value = answer(command) if callable(answer) else answer
        assert isinstance(command, Inspect)
        channel.emit(Detail(node=command.node, values=[Values(numel=1, data=[float(value)])]))
    except SoftTimeout:
        channel.emit(Error(message="too slow"))
