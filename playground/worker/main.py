"""The entry in the sealed child: read one program, or run it, send what it prints and does, and answer questions."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Generator
from typing import assert_never

from engine import cuda
from playground.protocol import (
    Answer,
    Control,
    Device,
    Error,
    Finished,
    Inspect,
    Jacobian,
    Live,
    Local,
    Parse,
    Question,
    Run,
    Started,
    Steering,
    Tune,
)
from playground.runner.channel import FrameTooLarge, Interrupt
from playground.worker import cells, data, imports, live, reading, warm
from playground.worker.explain import Refusal
from playground.worker.output import Channel, clean
from playground.worker.program import Program, surroundings, usual_warnings

_LIVES_TOGETHER = 16
"""What a program leaves behind in circles holds its tensors; looking for them each time would take longer than it."""

imports.preload()


def prepare() -> None:
    """Done once, in the process that children are forked from: all that is the same for every program, so that no child
    has to. What a child does first it does on memory that it shares, and each page of that has to be copied then."""
    for request in warm.requests():
        if isinstance(request, Parse):
            reading.read(request, warm.Nobody())
        else:
            run_program(request, warm.Nobody())
    usual_warnings()
    imports.restrict()
    for name in imports.USUAL:
        importlib.import_module(name)


def rehearse() -> None:
    """Done in a child that nobody waits for yet: what most programs do."""
    # Not in `surroundings`, which would look at every module and so have its page copied; the program that comes
    # replaces all that this one has.
    _Session(warm.rehearsal(), warm.Nobody()).run()


def serve(request: Run | Parse, channel: Channel) -> None:
    """What a child does, in a process that was prepared."""
    if isinstance(request, Parse):
        reading.read(request, channel)
        return
    if request.data is not None:
        data.install(request.data)
    _Session(request, channel).run()


def run_program(request: Run, channel: Channel) -> None:
    """Run the program of `request`; everything it prints, draws and computes goes out through `channel`.

    Whatever the program does wrong ends in a `Finished`; after it, each `Question` is answered.
    """
    with surroundings():
        imports.restrict(request.data)
        _Session(request, channel).run()


class _Session:
    """A run and what is asked about it."""

    def __init__(self, request: Run, channel: Channel) -> None:
        self._request = request
        self._channel = channel
        self._program: Program
        """The one that questions are about."""
        self._lives = 0

    def run(self) -> None:
        channel, request = self._channel, self._request
        device: Device = request.device if cuda.is_available() else "cpu"
        parts = cells.split(request.code)
        # First of all: it is waited for.
        channel.emit(Started(cells=[part.cell for part in parts], device=device, seed=request.seed))
        self._program = program = Program(request.code, parts, request.seed, channel, steered=self)
        if device != request.device:
            program.outbox.notice("There is no GPU here; the program runs on the CPU.")
        program.run()
        channel.emit(
            Finished(
                status=program.status,
                wall_ms=program.wall_ms,
                message=program.message,
                operations=program.recorder.operations,
                interactive=True,
            )
        )
        del program  # the next one takes its place, and its memory
        for command in channel.commands():
            self._answer(command)

    def steering(self) -> list[Steering]:
        """What has been said to the program that runs."""
        return self._channel.steering()

    def hold(self) -> Generator[Control | Tune]:
        """The same while it is held, when questions are answered too."""
        for command in self._channel.hold():
            if isinstance(command, Control | Tune):
                yield command
            else:
                self._answer(command)

    def _answer(self, question: Question) -> None:
        """Exactly one answer, whatever happens."""
        answer: Answer
        try:
            with self._channel.interruptible():
                answer = self._work_out(question)
        except Interrupt:
            answer = Error(message="This took too long and was stopped.")
        except MemoryError:
            answer = Error(message="There is not enough memory left to work this out.")
        except Refusal as refusal:
            answer = Error(message=clean(str(refusal), 4_000))
        except Exception as error:
            answer = Error(message=clean(f"{type(error).__name__}: {error}", 4_000))
        try:
            self._channel.emit(answer)
        except FrameTooLarge:
            self._channel.emit(Error(message="The answer is too large to be sent; run the program instead."))

    def _work_out(self, question: Question) -> Answer:
        match question:
            case Inspect():
                return self._program.shown.inspect(question)
            case Jacobian():
                return self._program.shown.jacobian(question)
            case Local():
                return self._program.shown.local(question)
            case Live():
                self._program.recorder.forget()
                collector = live.Collector(self._channel)
                parts = cells.split(question.code)
                self._program = Program(question.code, parts, question.seed, collector, streamed=False)
                self._lives += 1
                if self._lives % _LIVES_TOGETHER == 0:
                    gc.collect()
                return live.follow(question, self._program, collector)
            case _:
                assert_never(question)
