"""How the server ends: nobody is cut off in the middle of a run, and every page knows that it should come back."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from types import FrameType

import gevent

from playground.runner.interface import ProgramRunner
from playground.web.sockets import Sockets

log = logging.getLogger(__name__)


class Leaving:
    """On SIGTERM: nothing new is run, pages without a run are sent away, the others when theirs has ended or after the
    grace time; then the server ends. HTTP is answered until then, with /healthz saying that nothing would run."""

    def __init__(self, sockets: Sockets, runner: ProgramRunner, grace_s: float) -> None:
        self._sockets = sockets
        self._runner = runner
        self._grace_s = grace_s
        self._begun = False

    def on_signals(self, end: Callable[[], None]) -> None:
        """From now on SIGTERM and SIGINT lead to `end`, after everything above; a second one ends the process."""
        for number in (signal.SIGTERM, signal.SIGINT):
            gevent.signal_handler(number, self._begin, end)

    def before_sigterm(self) -> None:
        """What handles SIGTERM now is to do so after everything above."""
        after = signal.getsignal(signal.SIGTERM)

        def handle(number: int, frame: FrameType | None) -> None:
            def end() -> None:
                if callable(after):
                    after(number, None)

            gevent.spawn(self._begin, end)

        signal.signal(signal.SIGTERM, handle)

    def _begin(self, end: Callable[[], None]) -> None:
        if self._begun:
            log.warning("told to end a second time: ending at once")
            os._exit(1)  # the supervisor sees that we are gone, and ends everything under it
        self._begun = True
        # First: whoever is sent away must not be let in again.
        self._runner.drain(0)
        self._sockets.leave()
        if not self._runner.drain(self._grace_s):
            log.warning("stopping the programs that have not ended within %g s", self._grace_s)
            self._runner.stop_runs(
                "The server is being restarted, and the program did not end before. Run it again in a moment."
            )
        self._sockets.hang_up()
        end()
