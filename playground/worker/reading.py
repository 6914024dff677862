"""Reads a program into blocks, or a table, in a child of its own. Nothing of the program is run."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

from playground.protocol import Document, Error, Finished, Parse, Status, Table
from playground.runner.channel import FrameTooLarge, Interrupt
from playground.worker import parsing
from playground.worker.data.table import describe
from playground.worker.output import Channel, clean


def read(request: Parse, channel: Channel) -> None:
    """Answer with a `Document`, a `Table` or both, or an `Error` if that cannot be done, and `Finished`."""
    started = perf_counter()
    status: Status = "ok"
    message = ""
    try:
        with channel.interruptible():
            for answer in _answers(request):
                channel.emit(answer)
    except Interrupt:
        status, message = "timeout", f"Reading took longer than {channel.limits.wall_soft_s:g} s."
    except (MemoryError, RecursionError):
        status, message = "memory", "There is not enough memory to read this."
    except FrameTooLarge:
        status, message = "error", "There is too much in it to be shown as blocks."
    except Exception as problem:
        status, message = "error", clean(f"{type(problem).__name__}: {problem}", 4_000)
    if message:
        channel.emit(Error(message=message))
    wall_ms = 1000 * (perf_counter() - started)
    channel.emit(Finished(status=status, wall_ms=wall_ms, message=message))


def _answers(request: Parse) -> Iterator[Document | Table]:
    if request.code or request.data is None:
        try:
            yield parsing.document(request.code, request.data)
        except Exception:
            # Shapes are an addition: whatever goes wrong with them, the program is shown.
            yield parsing.parse(request.code)
    if request.data is not None:
        yield describe(request.data)
