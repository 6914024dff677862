"""What is asked of a child that waits: one thing at a time, and no answer that nobody asked for."""

from __future__ import annotations

from collections import deque

from playground.protocol import (
    Detail,
    Error,
    Inspect,
    Jacobian,
    JacobianResult,
    Live,
    LiveResult,
    Local,
    LocalResult,
    Question,
    WorkerEvent,
)
from playground.runner import wire
from playground.runner.intake import Refused

_ANSWERS: dict[type, type[WorkerEvent]] = {
    Inspect: Detail,
    Jacobian: JacobianResult,
    Local: LocalResult,
    Live: LiveResult,
}
"""Beside `Error`, which answers every question."""


class Questions:
    """The questions about one run."""

    def __init__(self, most: int) -> None:
        self.asked: Question | None = None
        self._most = most
        self._waiting: deque[Question] = deque()

    def add(self, question: Question) -> bool:
        """Let it wait; False if too many do."""
        if len(self._waiting) >= self._most:
            return False
        self._waiting.append(question)
        return True

    def next(self, *, held: bool) -> Question | None:
        """The one to be asked now, which is `asked` from now on; None if there is none. While a program is `held`, its
        process has no room for another, so `Live` waits for its end."""
        found = next((q for q in self._waiting if not (held and isinstance(q, Live))), None)
        if found is not None:
            self._waiting.remove(found)
        self.asked = found
        return found

    def answers(self, event: WorkerEvent) -> bool:
        """Whether this is the answer to what was asked; it is not asked any more then.

        Raises:
            Refused: if it can only be an answer, and this was not asked.
        """
        asked = self.asked
        if asked is not None and isinstance(event, Error | _ANSWERS[type(asked)]):
            if isinstance(event, Error):
                event.question = wire.kind(asked)
            self.asked = None
            return True
        if isinstance(event, Detail | JacobianResult | LocalResult | LiveResult):
            raise Refused(f"{type(event).__name__} that answers no question")
        return False

    def leave(self) -> list[Question]:
        """Nobody answers any more: what was asked and what waits, to be turned down."""
        left = [q for q in (self.asked, *self._waiting) if q is not None]
        self.asked = None
        self._waiting.clear()
        return left
