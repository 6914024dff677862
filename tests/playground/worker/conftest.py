"""A channel that collects what a worker sends, and a way to run a program through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
import pytest

from playground import protocol as p
from playground.runner.channel import FrameTooLarge
from playground.runner.limits import Limits

E = TypeVar("E")


class FakeChannel:
    """Like `playground.runner.channel.Channel`, in memory; every event must encode, decode and fit in a frame."""

    def __init__(self, limits: Limits, questions: list[Any]) -> None:
        self.limits = limits
        self.sent_bytes = 0
        self.events: list[Any] = []
        self.questions = questions
        self._decoder = msgspec.msgpack.Decoder(p.WorkerEvent)

    def emit(self, event: Any) -> None:
        data = p.encode(event)
        if len(data) > self.limits.frame_bytes:
            raise FrameTooLarge
        self.sent_bytes += len(data)
        self.events.append(self._decoder.decode(data))

    def commands(self) -> Iterator[Any]:
        for question in self.questions:
            yield question(self) if callable(question) else question

    def steering(self) -> list[Any]:
        return []

    def hold(self) -> Iterator[Any]:
        return iter(())

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        yield


@dataclass
class Result:
    """Everything a run sent, taken apart."""

    events: list[Any]
    answers: list[Any] = field(default_factory=list)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if type(event) is kind]

    def text(self, stream: str = "stdout", cell: int | None = None) -> str:
        return "".join(
            e.text for e in self.of(p.Output) if e.stream == stream and (cell is None or e.cell == cell)
        )

    @property
    def finished(self) -> p.Finished:
        (found,) = self.of(p.Finished)
        return found

    @property
    def errors(self) -> list[p.Error]:
        return self.of(p.Error)

    @property
    def notices(self) -> list[str]:
        return [e.message for e in self.of(p.Notice)]

    @property
    def figures(self) -> list[p.Figure]:
        return self.of(p.Figure)

    @property
    def nodes(self) -> list[p.Node]:
        return [node for graph in self.of(p.Graph) for node in graph.nodes]

    @property
    def edges(self) -> list[p.Edge]:
        return [edge for graph in self.of(p.Graph) for edge in graph.edges]

    @property
    def steps(self) -> list[p.Step]:
        return [step for graph in self.of(p.Graph) for step in graph.steps]

    @property
    def clears(self) -> list[p.Clear]:
        return [clear for graph in self.of(p.Graph) for clear in graph.clears]

    @property
    def scopes(self) -> list[p.Scope]:
        return [scope for graph in self.of(p.Graph) for scope in graph.scopes]

    @property
    def profile(self) -> p.Profile:
        return self.of(p.Profile)[-1]

    def node(self, name: str = "", op: str = "") -> p.Node:
        """The last node of that variable name, or op."""
        found = [
            n
            for n in self.nodes
            if (not name or any(o.name == name for o in n.outputs)) and (not op or n.op == op)
        ]
        assert found, (
            f"no node {name or op!r} among {[(n.op, [o.name for o in n.outputs]) for n in self.nodes]}"
        )
        return found[-1]

    def into(self, node: p.Node) -> list[p.Edge]:
        return [edge for edge in self.edges if edge.target == node.id]


Runner = Callable[..., Result]


@pytest.fixture
def play() -> Runner:
    """Run a program; `ask` are questions put after it ended (functions get the result so far)."""

    def run(
        code: str,
        *ask: Any,
        limits: Limits | None = None,
        seed: int = 0,
        data: p.UserData | None = None,
    ) -> Result:
        from playground.worker.main import run_program

        channel = FakeChannel(limits or Limits(), [])
        result = Result(channel.events)
        channel.questions = [(lambda _, q=q: q(result)) if callable(q) else q for q in ask]
        run_program(p.Run(run="r", code=code, seed=seed, data=data), channel)  # type: ignore[arg-type]
        end = next(n for n, event in enumerate(channel.events) if isinstance(event, p.Finished))
        result.answers = channel.events[end + 1 :]
        result.events = channel.events[: end + 1]
        assert not any("recording failed" in notice for notice in result.notices), result.notices
        return result

    return run
