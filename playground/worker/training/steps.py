"""Records one training step by itself, while the run's own recording is full or over."""

from __future__ import annotations

from typing import Any

from engine.state import S, add_observer, remove_observer
from playground.worker.blocks import Blocks
from playground.worker.output import Channel, Outbox
from playground.worker.recorder import Recorder


class StepRecorder(Recorder):
    """Notes what happens between `begin` and `end`. Nothing is sent unless `send` is called: a step that is looked at
    only to see what the model says is read and forgotten."""

    def __init__(self, outbox: Outbox, channel: Channel, blocks: Blocks, names: dict[str, Any]) -> None:
        super().__init__(outbox, channel, blocks)
        self.watch(names)
        self._stream.restart = True
        self._ended = ""

    def begin(self, cell: int) -> None:
        """Record from now on."""
        self.begin_cell(cell)
        self._profiler.begin(0)
        add_observer(self)

    def end(self) -> None:
        """Record no more, and put together what was noted."""
        if self in S.observers:
            remove_observer(self)
        self.read()

    def send(self) -> None:
        """Send the step as a graph that begins again, and its profile."""
        if self._ended:
            self._outbox.notice(self._ended)
        self._reader.last = self._tape.last = None
        self.explain_all()
        self._stream.send_profile(self._profiler.profile())

    def _stop(self, why: str) -> None:
        self._reader.full = True
        self._ended = why

    def _explain(self, budget: int | None) -> None:
        # While the step runs, nothing of it may be sent: it may not be wanted.
        if self in S.observers:
            self.read()
        else:
            super()._explain(budget)
