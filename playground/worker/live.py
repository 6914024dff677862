"""What follows a dragged control: the whole program is run again in the process of a run that has ended, and answered
at once, with the curves around where the controls stand."""

from __future__ import annotations

from contextlib import AbstractContextManager

import msgspec

from playground.protocol import (
    Error,
    Figure,
    Graph,
    Live,
    LiveResult,
    Notice,
    Output,
    WorkerEvent,
    encode,
)
from playground.runner.channel import FrameTooLarge
from playground.worker.curves import Plotter
from playground.worker.output import Channel, OneWay
from playground.worker.program import Program
from playground.worker.symbolic import formulas

_OPERATIONS = 2_000
"""Recorded at most: more cannot be drawn again twenty times a second."""
_SHOWN = 64
"""What `LiveResult.shown` may hold."""

Shown = Output | Figure | Error | Notice


class Collector(OneWay):
    """A channel of one answer: keeps what would be sent."""

    def __init__(self, channel: Channel) -> None:
        limits = channel.limits
        # All of it must fit into one frame, with the curves.
        self.limits = msgspec.structs.replace(
            limits,
            operations=min(limits.operations, _OPERATIONS),
            results_bytes=limits.frame_bytes // 2,
        )
        self.sent_bytes = 0
        self.graph = Graph()
        self.shown: list[Shown] = []
        self._channel = channel

    def emit(self, event: WorkerEvent) -> None:
        """Keep it. Raises FrameTooLarge as the real one does."""
        size = len(encode(event))
        if size > self.limits.frame_bytes:
            raise FrameTooLarge(f"{type(event).__name__}: {size} bytes")
        self.sent_bytes += size
        if isinstance(event, Graph):
            graph = self.graph
            graph.nodes += event.nodes
            graph.edges += event.edges
            graph.scopes += event.scopes
            graph.steps += event.steps
            graph.clears += event.clears
            graph.omitted = max(graph.omitted, event.omitted)
        elif isinstance(event, Output) and self._goes_on(event):
            self.shown[-1].text += event.text  # type: ignore[union-attr]
        elif isinstance(event, Output | Figure | Error | Notice):
            if isinstance(event, Figure):  # a later one of that number replaces it
                self.shown = [e for e in self.shown if not (isinstance(e, Figure) and e.index == event.index)]
            self.shown.append(event)

    def interruptible(self) -> AbstractContextManager[None]:
        """As of the real one."""
        return self._channel.interruptible()

    def _goes_on(self, event: Output) -> bool:
        last = self.shown[-1] if self.shown else None
        return (
            isinstance(last, Output)
            and (last.cell, last.stream) == (event.cell, event.stream)
            and len(last.text) + len(event.text) <= 16_000
        )


def follow(command: Live, program: Program, collector: Collector) -> LiveResult:
    """Run `program`, which is that of the command and sends to `collector`, and say everything that came of it."""
    program.run()
    shown = collector.shown
    if program.message and program.status not in ("ok", "error"):
        shown.append(Error(message=program.message))
    if len(shown) > _SHOWN:
        # How it ended says more than its middle.
        left_out = Notice(message=f"{len(shown) - _SHOWN + 1} pieces of output are left out.")
        shown[_SHOWN // 2 : len(shown) - _SHOWN // 2 + 1] = [left_out]
    result = LiveResult(
        number=command.number, graph=collector.graph, shown=list(shown), wall_ms=program.wall_ms
    )
    plotter = Plotter(command.code, command.seed, program)
    result.curves = [plotter.curve(wanted) for wanted in command.curves]
    if command.field is not None:
        result.field = plotter.field(command.field)
    result.symbolic = formulas(command.derivatives, program.recorder.records, program.module.__dict__)
    return result
