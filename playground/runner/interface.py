"""What the web process needs of whatever runs its programs: the supervisor beside it, or workers on other machines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from playground.protocol import Event, Parse, Question, Run, Steering
from playground.runner.wire import Health


class ProgramRunner(Protocol):
    """Runs programs. Every method may be called from any thread or greenlet; none is called before `start`.

    `client` is who has one run at a time. `on_event` gets validated events in order, with `run` and `seq` set; it must
    not block. Each submitted run ends with exactly one `Finished`, whatever happens to the processes and machines
    behind it, unless its client disconnects first.
    """

    def start(self) -> None:
        """Begin; programs submitted before all is up wait, or are refused with an event that says so."""

    def drain(self, timeout_s: float | None = None) -> bool:
        """Refuse new runs, let go on what is held, and wait for what there is, by default as long as a run may take.
        True if all ended."""

    def stop_runs(self, message: str) -> None:
        """Stop every run that has not ended, after an `Error` that says why; what it recorded is still handed in. Each
        has had its `Finished` when this returns."""

    def close(self) -> None:
        """End everything now. Nothing is called back afterwards."""

    def health(self) -> Health:
        """How it is; answers within two seconds."""

    def no_gpu(self) -> str:
        """Why a program cannot use a GPU, in a sentence for people; empty if it can. Answers at once."""

    def submit(
        self, *, client: str, address: str, request: Run | Parse, on_event: Callable[[Event], None]
    ) -> None:
        """Run a program, or read it; what the client already has is ended. `address` is what is counted against
        `Limits.runs_per_address`. Refusals (queue full, shutting down) also arrive as events.

        Raises msgspec.ValidationError if the request breaks its own schema."""

    def cancel(self, client: str, run: str) -> None:
        """Stop a run, whether it is queued, running or lingering. Unknown runs are ignored."""

    def send(self, client: str, command: Question) -> bool:
        """Ask about the client's latest run; the answer comes as an event. False if the client has no such run.

        Raises msgspec.ValidationError if the command breaks its own schema."""

    def steer(self, client: str, command: Steering) -> None:
        """Have the client's run held, let go on, or its learning rate changed. Without effect on a run that has ended.

        Raises msgspec.ValidationError if the command breaks its own schema."""

    def ack(self, client: str, run: str, seq: int) -> None:
        """The browser has applied every event of the run up to `seq`."""

    def disconnect(self, client: str) -> None:
        """The client is gone: its run is ended and nothing more is called back."""
