"""What recording for the page costs: small operations alone, while they are noted, and through `run_program`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playground import protocol
from playground.runner.channel import PROGRAM
from playground.runner.limits import MIB, Limits
from playground.worker.blocks import Blocks
from playground.worker.cells import compile_part, split
from playground.worker.main import run_program
from playground.worker.output import Outbox
from playground.worker.recorder import Recorder

OPERATIONS = 5_000
CODE = f"""\
import torch
x = torch.randn(10, requires_grad=True)
def run():
    y = x
    for _ in range({OPERATIONS // 5}):
        y = y * 0.5
        y = y + x
        y = torch.sin(y)
        y = y - x
        y = y.exp()
run()
"""


class Sink:
    """A channel that encodes what is sent, as the real one does, and keeps nothing but how the run ended."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.sent_bytes = 0
        self.finished: protocol.Finished | None = None

    def emit(self, event: Any) -> None:
        self.sent_bytes += len(protocol.encode(event))
        if isinstance(event, protocol.Finished):
            self.finished = event

    def commands(self) -> Iterator[Any]:
        return iter(())

    def steering(self) -> list[Any]:
        return []

    def hold(self) -> Iterator[Any]:
        return iter(())

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        yield


def plain() -> Callable[[], object]:
    """The program by itself."""
    from engine.alias import install

    install()
    program = compile(CODE, PROGRAM, "exec")
    return lambda: exec(program, {"__name__": "__main__"})


class Noted:
    """The program while it is recorded: what it waits for itself. `between` explains, afterwards, what was noted."""

    def __init__(self) -> None:
        blocks = Blocks()
        self._program = compile_part(split(CODE)[0], blocks)
        sink: Any = Sink(Limits(operations=1_000_000, results_bytes=4_000 * MIB, batch_s=10_000))
        self._recorder = Recorder(Outbox(sink), sink, blocks)
        self._recorder.__enter__()

    def __call__(self) -> None:
        names = {"__name__": "__main__"}
        exec(self._program.body, names)
        if self._program.value is not None:
            eval(self._program.value, names)  # noqa: S307

    def between(self) -> None:
        """Not part of the time."""
        self._recorder.explain_all()


def recorded() -> Callable[[], object]:
    """The program recorded, explained and encoded for the page."""

    def run() -> int:
        sink = Sink(Limits(results_bytes=64 * MIB))
        run_program(protocol.Run(run="r", code=CODE), sink)
        if (
            sink.finished is None
            or sink.finished.status != "ok"
            or sink.finished.operations != OPERATIONS + 1
        ):
            raise RuntimeError(f"the recorded program did not run as it should: {sink.finished}")
        return sink.sent_bytes

    return run
