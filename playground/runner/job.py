"""One run in the supervisor, from the queue to its lingering child's last answer. It has exactly one `Finished`."""

from __future__ import annotations

import asyncio
import codecs
import logging
import signal
import time
from collections import deque
from collections.abc import Callable
from enum import Enum, auto

from playground.protocol import (
    Answer,
    Document,
    Error,
    Event,
    Figure,
    Finished,
    Graph,
    Notice,
    Output,
    Parse,
    Profile,
    Question,
    Queued,
    Run,
    Started,
    Status,
    Table,
    Training,
    WorkerEvent,
)
from playground.runner import verdict, wire
from playground.runner.batch import Batcher
from playground.runner.intake import Intake, Refused, TooMuch
from playground.runner.limits import KIB, Limits
from playground.runner.process import Worker

log = logging.getLogger(__name__)

_RAW_CHARACTERS = 8_192
_GRACE_S = 1.0
_SAYS: dict[type[Run | Parse], tuple[type[WorkerEvent], ...]] = {
    Run: (Started, Output, Figure, Graph, Profile, Training, Notice, Error, Finished),
    Parse: (Document, Table, Error, Finished),
}
"""What may come of its own accord from a process that was given such a request; everything else answers a question."""


class State(Enum):
    QUEUED = auto()
    RUNNING = auto()
    LINGERING = auto()
    """The program has ended; its child is stopped, or answering."""
    ENDED = auto()


class Job:
    """`on_change` is called when the job starts to linger or ends: the supervisor then has room for something else."""

    def __init__(
        self,
        submitted: wire.Submit,
        limits: Limits,
        deliver: Callable[[int, Event], None],
        on_change: Callable[[Job], None],
    ) -> None:
        self.number = submitted.job
        self.client = submitted.client
        self.address = submitted.address
        self.since = time.monotonic()
        self.state = State.QUEUED
        self.crashed = False
        self._request: Run | Parse = submitted.request
        self._limits = limits = limits.reading if isinstance(submitted.request, Parse) else limits
        self._deliver = deliver
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._intake = Intake(limits)
        self._batcher = Batcher(limits, self._send)
        self._worker: Worker | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._seq = 0
        self._acknowledged = 0
        self._position = 0
        self._cause: Status | None = None
        """What we have begun to do to it: it decides how the ending is called, whatever the child says."""
        self._operations = 0
        self._cells: list[tuple[int, int, int]] = []
        self._cell = 0
        self._printed = 0
        self._raw = codecs.getincrementaldecoder("utf-8")("replace")
        self._questions: deque[Question] = deque()
        self._asked: Question | None = None
        self._web_is_behind = False
        self._watched = (False, False)
        self._ended_frames = False
        self._ended_output = False

    # --- What the supervisor tells it --------------------------------------------------------------------------------

    def queued(self, position: int) -> None:
        """Say where in the queue it is, if that is news."""
        if position != self._position:
            self._position = position
            self._send(Queued(position=position))

    def refuse(self, message: str) -> None:
        """End it before it ran."""
        self._send(Error(message=message))
        self._finish("error", message)

    def start(self, worker: Worker) -> None:
        """Give the program to a parked child."""
        self.state = State.RUNNING
        self.since = time.monotonic()
        self._worker = worker
        worker.on_exit = self._exited
        self._read_or_pause()
        self._arm(self._limits.wall_soft_s, self._soft_deadline)
        worker.send(self._request)
        # A table may be large, and this is kept as long as its child.
        self._request.data = None

    def cancel(self) -> None:
        """Stop pressed. A running program has a moment to hand in what it recorded."""
        if self.state is State.RUNNING and self._cause is None:
            self._cause = "cancelled"
            self._signal(signal.SIGTERM)
            self._arm(self._limits.cancel_grace_s, self._out_of_grace)
            self._read_or_pause()
        elif self.state is State.QUEUED:
            self._finish("cancelled", verdict.sentence("cancelled", self._limits))
        elif self.state is State.LINGERING:
            self.end("The run was stopped; its values are no longer held.")

    def replace(self) -> None:
        """A newer run of the same client takes its place."""
        if self.state is State.LINGERING:
            self.end("A newer run has begun; the values of this one are no longer held.")
        elif self.state is not State.ENDED:
            self._cause = "cancelled"
            self._finish("cancelled", "The run was replaced by a newer one.")

    def end(self, message: str) -> None:
        """No more answers: a lingering child is killed. Questions that wait are answered with `message`."""
        self.state = State.ENDED
        self._let_go()
        questions: list[Question] = [*([self._asked] if self._asked else []), *self._questions]
        self._questions.clear()
        self._asked = None
        for question in questions:
            self._turn_down(question, message, "Run the program again.", gone=True)
        self._on_change(self)

    def drop(self) -> None:
        """The client is gone: end everything, tell nobody."""
        self._deliver = lambda job, event: None
        if self.state is State.LINGERING:
            self.end("")
        elif self.state is not State.ENDED:
            self._finish("cancelled", "")

    def ask(self, question: Question) -> None:
        """Answered once the program has ended; refused if nobody is there to answer."""
        if self.state is State.ENDED:
            self._turn_down(
                question, "The values of this run are no longer held.", "Run the program again.", gone=True
            )
        elif len(self._questions) >= self._limits.commands_waiting:
            self._turn_down(question, "Too many questions are waiting for this run.", "Wait for an answer.")
        else:
            self._questions.append(question)
            if self.state is State.LINGERING and self._asked is None:
                self._next_question()

    def acknowledge(self, seq: int) -> None:
        """The browser has applied everything up to `seq`."""
        self._acknowledged = max(self._acknowledged, min(seq, self._seq))
        self._read_or_pause()

    def web_is_behind(self, behind: bool) -> None:
        """The web process does not take what we send fast enough (or does again)."""
        self._web_is_behind = behind
        self._read_or_pause()

    # --- Reading -----------------------------------------------------------------------------------------------------

    def _read_or_pause(self) -> None:
        """A full pipe makes the child wait: a browser that is behind slows the program down instead of filling memory.

        Someone who never acknowledges is not paced, because what one run can send is bounded anyway. Nor is a run that
        is being stopped, because its child must be able to finish writing.
        """
        worker = self._worker
        if worker is None:
            return
        behind = self._acknowledged and self._seq - self._acknowledged > self._limits.unacknowledged_events
        paused = self._cause is None and self.state is State.RUNNING and (self._web_is_behind or bool(behind))
        watched = (
            not paused and not self._ended_frames,
            not paused and not self._ended_output and self.state is State.RUNNING,
        )
        if watched != self._watched:
            self._watched = watched
            worker.watch(worker.frames, self._read_frames if watched[0] else None)
            worker.watch(worker.output, self._read_output if watched[1] else None)

    def _read_frames(self) -> bool:
        """True if there may be more."""
        worker = self._worker
        if worker is None:
            return False
        data = worker.read(worker.frames)
        if not data:
            self._ended_frames |= data == b""
            self._read_or_pause()
            return False
        try:
            for event, size in self._intake.feed(data):
                self._take(event, size)
                if self._worker is None:
                    return False
        except (TooMuch, Refused) as problem:
            self._reject(problem)
            return False
        self._batcher.settle()
        self._read_or_pause()
        return True

    def _read_output(self) -> bool:
        """What C code, or a program that writes to descriptor 1, printed past Python. True if there may be more."""
        worker = self._worker
        if worker is None or self.state is not State.RUNNING:
            return False
        data = worker.read(worker.output)
        if not data:
            self._ended_output |= data == b""
            self._read_or_pause()
            return False
        text = self._raw.decode(data)
        for start in range(0, len(text), _RAW_CHARACTERS):
            self._print(Output(cell=self._cell, stream="stdout", text=text[start : start + _RAW_CHARACTERS]))
            if self.state is not State.RUNNING:
                return False
        self._batcher.settle()
        self._read_or_pause()
        return True

    def _fault_line(self) -> int:
        """The line faulthandler named last. Its pipe is read only here: what it writes always fits."""
        worker = self._worker
        return verdict.fault_line(worker.read(worker.fault) or b"") if worker is not None else 0

    # --- Judging what the child says ---------------------------------------------------------------------------------

    def _reject(self, problem: TooMuch | Refused) -> None:
        if isinstance(problem, Refused):
            log.warning("frame refused: %.300r", str(problem))
        if self.state is State.LINGERING:
            self.end("The program's process sent something unreadable; its values are no longer held.")
        elif isinstance(problem, TooMuch):
            self._kill("output_limit", str(problem))
        else:
            self._kill("crashed", "The run was stopped: its process sent something that is not a result.")

    def _take(self, event: WorkerEvent, size: int) -> None:
        if self._seq > self._limits.events and self.state is State.RUNNING:
            raise TooMuch(f"The run was stopped: it caused more than {self._limits.events:,} messages.")
        if self.state is State.LINGERING:
            self._take_answer(event)
            return
        if not isinstance(event, _SAYS[type(self._request)]):
            raise Refused(f"{type(event).__name__} of its own accord")
        if isinstance(event, Finished):
            self._operations = event.operations
            self._read_output()
            if self.state is not State.RUNNING:
                return
            if self._cause is not None:
                said = event.message if self._cause == event.status else ""
                status, message = self._cause, said or verdict.sentence(self._cause, self._limits)
            else:
                status, message = verdict.own_word(event, self._limits)
            self._finish(status, message, interactive=event.interactive)
        elif isinstance(event, Output):
            self._print(event)
        elif isinstance(event, Started):
            if self._cells:
                raise Refused("a second Started")
            self._cells = [(cell.index, cell.line, cell.end_line) for cell in event.cells] or [(0, 0, 0)]
            self._batcher.add(event, size)
        else:
            if isinstance(event, Error):
                event.question = ""
            self._batcher.add(event, size)

    def _take_answer(self, event: WorkerEvent) -> None:
        if self._asked is None:
            raise Refused(f"{type(event).__name__} after Finished, without a question")
        if not isinstance(event, Answer):
            raise Refused(f"{type(event).__name__} as an answer")
        if isinstance(event, Error):
            event.question = wire.kind(self._asked)
        self._asked = None
        self._send(event)
        self._next_question()

    def _print(self, event: Output) -> None:
        """Show what fits, count the rest, and stop a program that goes on and on."""
        limits = self._limits
        self._cell = event.cell
        encoded = event.text.encode(errors="replace")
        room = limits.output_shown_bytes - self._printed
        self._printed += len(encoded)
        if room > 0:
            if len(encoded) > room:
                event.text = encoded[:room].decode(errors="ignore")
            self._batcher.add(event, 0)
        if self._printed > limits.output_shown_bytes and room >= 0 and len(encoded) > 0:
            shown = (
                f"Output is shown up to {limits.output_shown_bytes // KIB:,} KiB; the rest of it is left out."
            )
            self._batcher.add(Notice(message=shown, cell=event.cell), 0)
        if self._printed > limits.output_kill_bytes:
            self._kill("output_limit", verdict.sentence("output_limit", limits))

    # --- Ending ------------------------------------------------------------------------------------------------------

    def _soft_deadline(self) -> None:
        self._cause = "timeout"
        self._read_or_pause()
        self._signal(signal.SIGUSR1)
        self._signal(signal.SIGALRM)
        self._arm(self._limits.wall_hard_s - self._limits.wall_soft_s, self._out_of_grace)

    def _out_of_grace(self) -> None:
        """It did not end by itself after a soft deadline or a cancel."""
        status: Status = self._cause or "crashed"
        self._drain()
        line = self._fault_line() if status == "timeout" else 0
        self._kill(status, verdict.sentence(status, self._limits, line), line)

    def _kill(self, status: Status, message: str, line: int = 0) -> None:
        """End a running program now, by our decision."""
        if self.state is State.RUNNING:
            self._cause = status
            self._finish(status, message, line=line)

    def _drain(self) -> None:
        """Read what the pipes hold. Bounded, because a descendant could go on writing."""
        for read in (self._read_frames, self._read_output):
            for _ in range(16):
                if self.state is not State.RUNNING or not read():
                    break

    def _exited(self, how: wire.Exited | None) -> None:
        """The process is dead."""
        self._drain()
        if self.state is State.LINGERING:
            self.end("The process that held this run's values has ended.")
        elif self.state is State.RUNNING:
            line = self._fault_line()
            if self._cause is not None:
                status, message = self._cause, verdict.sentence(self._cause, self._limits, line)
            else:
                status, message = verdict.unexpected(how, self._limits, line)
            self._finish(status, message, line=line)

    def _finish(self, status: Status, message: str, *, line: int = 0, interactive: bool = False) -> None:
        """The one place a run ends. The child lingers if it offers to answer questions, else it is let go."""
        wall_ms = 0.0 if self.state is State.QUEUED else (time.monotonic() - self.since) * 1000
        self._disarm()
        self._batcher.flush()
        if self.state is State.RUNNING and line:
            cell = next((i for i, first, last in self._cells if first <= line <= last), self._cell)
            self._send(Error(message=message, line=line, cell=cell))
        lingers = interactive and self._limits.lingering > 0 and isinstance(self._request, Run)
        self.crashed = status == "crashed"
        self._send(
            Finished(
                status=status,
                wall_ms=wall_ms,
                message=message,
                operations=self._operations,
                interactive=lingers,
            )
        )
        if lingers:
            self.state = State.LINGERING
            self._read_or_pause()
            self._next_question()
            self._on_change(self)
        else:
            self.end("The values of this run are not held.")

    # --- Questions to a lingering child ------------------------------------------------------------------------------

    def _next_question(self) -> None:
        """Ask what waits, or have the child rest: stopped, it uses no processor, whatever it would like to do."""
        if self._worker is None:
            return
        self._intake.start_over()
        if self._questions:
            self._asked = self._questions.popleft()
            self._worker.signal(signal.SIGCONT)
            self._worker.send(self._asked)
            self._arm(self._limits.interactive_s, self._too_long)
        else:
            self._worker.signal(signal.SIGSTOP)
            self._arm(self._limits.linger_idle_s, self._idle)

    def _turn_down(self, question: Question, message: str, hint: str, *, gone: bool = False) -> None:
        """`gone` says that no question about this run will be answered: then the field at fault is the run."""
        field = "run" if gone else ""
        self._send(Error(message=message, hint=hint, field=field, question=wire.kind(question)))

    def _too_long(self) -> None:
        self._signal(signal.SIGALRM)
        message = f"The answer took longer than {self._limits.interactive_s:g} s; the run's values are no longer held."
        self._arm(_GRACE_S, lambda: self.end(message))

    def _idle(self) -> None:
        self.end("The values of this run are no longer held.")

    # --- Small things ------------------------------------------------------------------------------------------------

    def _send(self, event: Event) -> None:
        self._seq += 1
        event.run = self._request.run
        event.seq = self._seq
        self._deliver(self.number, event)

    def _signal(self, number: int) -> None:
        if self._worker is not None:
            self._worker.signal(number)

    def _arm(self, seconds: float, action: Callable[[], None]) -> None:
        self._disarm()
        self._timer = self._loop.call_later(seconds, action)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _let_go(self) -> None:
        """Kill the child if it still lives and close everything that was its."""
        self._disarm()
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.on_exit = None
            worker.kill()
