"""Many small events become few: output of one cell and stream, and additions to the graph, are joined for 40 ms."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from playground.protocol import Event, Graph, Output
from playground.runner.limits import Limits

_TEXT_CHARACTERS = 16_384
"""What `protocol.Text` allows."""


class Batcher:
    """Hands events on in order, at once when it has been quiet, otherwise joined and at most every `batch_s`.

    Output keeps its order among output, and the graph among the graph; between the two, order may change within a
    batch.
    """

    def __init__(self, limits: Limits, send: Callable[[Event], None]) -> None:
        self._limits = limits
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Output | Graph] = []
        self._output: Output | None = None
        self._graph: Graph | None = None
        self._bytes = 0
        self._graph_bytes = 0
        self._flushed = -1.0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, event: Event, size: int) -> None:
        """Take an event that is `size` bytes encoded. What cannot be joined goes at once, after what waits."""
        if isinstance(event, Output):
            self._add_output(event)
            size = len(event.text)
        elif isinstance(event, Graph):
            self._add_graph(event, size)
        else:
            self.flush()
            self._send(event)
            return
        self._bytes += size
        if self._bytes >= self._limits.batch_bytes:
            self.flush()

    def settle(self) -> None:
        """To be called when everything that was read has been added: flush now, or see that it happens soon."""
        if not self._waiting or self._timer is not None:
            return
        due = self._flushed + self._limits.batch_s
        if self._loop.time() >= due:
            self.flush()
        else:
            self._timer = self._loop.call_at(due, self.flush)

    def flush(self) -> None:
        """Send all that waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        self._output = self._graph = None
        self._bytes = self._graph_bytes = 0
        if waiting:
            self._flushed = self._loop.time()
        for event in waiting:
            self._send(event)

    def _add_output(self, event: Output) -> None:
        last = self._output
        if (
            last is not None
            and (last.cell, last.stream) == (event.cell, event.stream)
            and len(last.text) + len(event.text) <= _TEXT_CHARACTERS
        ):
            last.text += event.text
        else:
            self._waiting.append(event)
            self._output = event

    def _add_graph(self, event: Graph, size: int) -> None:
        self._graph_bytes += size
        last = None if event.restart else self._graph
        if last is not None and self._graph_bytes <= self._limits.frame_bytes:
            last.nodes += event.nodes
            last.edges += event.edges
            last.scopes += event.scopes
            last.steps += event.steps
            last.clears += event.clears
            last.omitted = max(last.omitted, event.omitted)
        else:
            self._waiting.append(event)
            self._graph = event
            self._graph_bytes = size
