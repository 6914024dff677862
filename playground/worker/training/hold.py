"""A program held between two training steps, and what is changed while it trains."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from time import perf_counter
from typing import Protocol

from playground.protocol import Control, Paused, Resumed, Steering, Tune
from playground.worker.output import Outbox
from playground.worker.training.learners import Learners, rate_of, set_rate

_ASK_S = 0.02


class Steered(Protocol):
    """From where a run is steered."""

    def steering(self) -> Iterable[Steering]:
        """What has come since the last time; never waits."""

    def hold(self) -> Generator[Control | Tune]:
        """What comes while the program is held, waiting for it; questions are answered in between."""


class Hold:
    """Of one run."""

    def __init__(
        self, outbox: Outbox, steered: Steered, learners: Learners, tuned: Callable[[], None]
    ) -> None:
        """`tuned` is told when a learning rate was changed while the program is held."""
        self.seconds = 0.0
        """That the program has been held in all."""
        self.waits = False
        """Whether the program is to be held after a step that is recorded from its beginning."""
        self._outbox = outbox
        self._steered = steered
        self._learners = learners
        self._tell = tuned
        self._ask_at = 0.0
        self._tuned: dict[tuple[int, int], float] = {}
        """What was set here, by optimizer and group."""

    def ask(self, now: float) -> bool:
        """Ask, now and then, whether anybody wants anything. Whether a learning rate was changed."""
        tuned = False
        if now < self._ask_at:
            return tuned
        self._ask_at = now + _ASK_S
        for command in self._steered.steering():
            if isinstance(command, Tune):
                self._tune(command)
                tuned = True
            else:
                self.waits = command.action != "resume"
        return tuned

    def hold(self, step: int, line: int) -> None:
        """Wait until someone lets the program go on, and answer questions meanwhile."""
        since = perf_counter()
        try:
            self._outbox.emit(Paused(step=step, line=line))
            self.waits = self._wait()
        finally:
            self.seconds += perf_counter() - since

    def _wait(self) -> bool:
        """Whether it is to be held again after the next step."""
        with closing(self._steered.hold()) as commands:
            for command in commands:
                if isinstance(command, Tune):
                    self._tune(command)
                    self._tell()
                elif command.action == "step":
                    return True
                elif command.action == "resume":
                    break
        self._outbox.emit(Resumed())
        return False

    def _tune(self, command: Tune) -> None:
        groups = next((one.groups() for one in self._learners.all if one.index == command.optimizer), [])
        if command.group < len(groups):
            group = groups[command.group]
            set_rate(group, command.lr)
            self._tuned[command.optimizer, command.group] = rate_of(group)

    def check_rates(self) -> None:
        """Say so, once, if the program itself sets a learning rate that was changed here."""
        for (index, place), lr in list(self._tuned.items()):
            groups = next((one.groups() for one in self._learners.all if one.index == index), [])
            if place < len(groups) and rate_of(groups[place]) != lr:
                del self._tuned[index, place]
                self._outbox.notice_once(
                    "The program sets the learning rate itself (a scheduler does): it has changed the one that was set "
                    "here."
                )
