"""One run in the supervisor, from the queue to its lingering child's last answer. It has exactly one `Finished`."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from enum import Enum, auto

from playground.protocol import (
    Control,
    Error,
    Event,
    Finished,
    Live,
    Output,
    Parse,
    Paused,
    Question,
    Queued,
    Resumed,
    Run,
    Started,
    Status,
    Steering,
    Tune,
    WorkerEvent,
)
from playground.runner import intake, verdict, wire
from playground.runner.batch import Batcher
from playground.runner.clock import Clock, Timer
from playground.runner.intake import Intake, Refused, TooMuch
from playground.runner.limits import KIB, Limits
from playground.runner.printed import Printed
from playground.runner.process import Worker
from playground.runner.questions import Questions
from playground.runner.taps import Tap

log = logging.getLogger(__name__)

_GRACE_S = 1.0
_LISTENING_S = 0.25
"""For which a held program is woken to take in a new learning rate and say what its rates are."""
_STEERING_BYTES = 4 * KIB
"""Of changes to the learning rate that a program has not read: what comes then is dropped, for it would be late."""


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
        self.request: Run | Parse = submitted.request
        self._limits = limits = limits.reading if isinstance(submitted.request, Parse) else limits
        self._deliver = deliver
        self._on_change = on_change
        self._intake = Intake(limits)
        self._batcher = Batcher(limits, self._send)
        self._worker: Worker | None = None
        self._frames: Tap | None = None
        self._output: Tap | None = None
        self._timer = Timer()
        self._seq = 0
        self._acknowledged = 0
        self.position = 0  # in the queue, as was told last; 0 before that
        self._cause: Status | None = None
        """What we have begun to do to it: it decides how the ending is called, whatever the child says."""
        self._operations = 0
        self._cells: list[tuple[int, int, int]] = []
        self._printed = Printed(limits, self._batcher.add)
        self._questions = Questions(limits.commands_waiting)
        self.held = False
        """Between two training steps: its child is stopped, or answering, and its clock stands still."""
        self._pausing = False
        """The child has been told to stop after its next step and has not said that it has."""
        self._stay = False
        """It is to be held then; else that was taken back."""
        self._told = False
        """It has not yet had time to take in what it was told while it was held."""
        self._then: Control | None = None
        """To be done when the answer that is waited for is there."""
        self._clock = Clock()
        self._web_is_behind = False

    # --- What the supervisor tells it --------------------------------------------------------------------------------

    def queued(self, position: int) -> None:
        """Say where in the queue it is, if that is news."""
        if position != self.position:
            self.position = position
            self._send(Queued(position=position))

    def refuse(self, message: str) -> None:
        """End it before it ran."""
        self._send(Error(message=message))
        self._finish("error", message)

    def start(self, worker: Worker) -> None:
        """Give the program to a parked child."""
        self.state = State.RUNNING
        self._clock = Clock()
        self._worker = worker
        worker.on_exit = self._exited
        self._frames = Tap(worker, worker.frames, self._take_frames)
        self._output = Tap(worker, worker.output, self._take_output)
        self._read_or_pause()
        self._timer.arm(self._limits.wall_soft_s, self._soft_deadline)
        worker.send(self.request)
        # A table may be large, and this is kept as long as its child.
        self.request.data = None

    def cancel(self) -> None:
        """Stop pressed. A running program has a moment to hand in what it recorded."""
        if self.state is State.RUNNING and self._cause is None:
            self._cause = "cancelled"
            self._signal(signal.SIGTERM)
            if self.held:
                self._leave_hold()
            self._timer.arm(self._limits.cancel_grace_s, self._out_of_grace)
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
        lingered, self.state = self.state is State.LINGERING, State.ENDED
        self.held = False
        self._let_go(lingered)
        for question in self._questions.leave():
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
        """Answered while the program is held or once it has ended; refused if nobody is there to answer."""
        if self.state is State.ENDED:
            self._turn_down(
                question, "The values of this run are no longer held.", "Run the program again.", gone=True
            )
        elif self.held and isinstance(question, Live):
            self._turn_down(question, "The program is held after a training step.", "Let it go on first.")
        elif not self._questions.add(question):
            self._turn_down(question, "Too many questions are waiting for this run.", "Wait for an answer.")
        else:
            self._ask_if_idle()

    def steer(self, command: Steering) -> None:
        """Hold the program, let it go on, or change its learning rate; without effect if it does not run."""
        worker = self._worker
        if worker is None or self.state is not State.RUNNING or self._cause is not None:
            return
        match command:
            case Tune():
                if worker.unsent < _STEERING_BYTES:
                    worker.send(command)
                    self._told = self.held
                    self._ask_if_idle()
            case Control(action="resume") if self.held:
                self.go_on()
            case Control(action="resume"):
                self._stay = False
                self._send(Resumed())
            case Control(action="step") if self.held:
                self._continue(command)
            case Control() if not self.held:
                # The child is never told anything twice: what it has not read yet would be taken for an answer later.
                self._stay = True
                if not self._pausing:
                    self._pausing = True
                    worker.send(Control(run=command.run, action="pause"))

    def go_on(self, message: str = "") -> None:
        """End a hold; `message` says why, if nobody asked for it."""
        self._continue(Control(run=self.request.run, action="resume"), message)

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
        behind = self._acknowledged and self._seq - self._acknowledged > self._limits.unacknowledged_events
        running = self.state is State.RUNNING and not self.held
        paused = self._cause is None and running and (self._web_is_behind or bool(behind))
        if self._frames is not None and self._output is not None:
            self._frames.open(not paused)
            self._output.open(not paused and self.state is State.RUNNING)

    def _take_frames(self, data: bytes) -> None:
        try:
            for event, size in self._intake.feed(data):
                self._take(event, size)
                if self._worker is None:
                    return
        except (TooMuch, Refused) as problem:
            self._reject(problem)
            return
        self._batcher.settle()
        self._read_or_pause()

    def _take_output(self, data: bytes) -> None:
        """What C code, or a program that writes to descriptor 1, printed past Python."""
        if self.state is State.RUNNING:
            self._printed.show_raw(data)
            self._stop_if_too_much()
            self._batcher.settle()
            self._read_or_pause()

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
        if self._questions.answers(event):
            self._answered(event)
            return
        if self.state is State.LINGERING or not intake.may_say(self.request, event):
            raise Refused(f"{type(event).__name__} of its own accord")
        if isinstance(event, Paused):
            self._hold(event)
        elif isinstance(event, Resumed):
            pass  # when it goes on we know best
        elif isinstance(event, Finished):
            self._operations = event.operations
            if self._output is not None:
                self._output.read()
            if self.state is not State.RUNNING:
                return
            if self._cause is not None:
                said = event.message if self._cause == event.status else ""
                status, message = self._cause, said or verdict.sentence(self._cause, self._limits)
            else:
                status, message = verdict.own_word(event, self._limits)
            self._finish(status, message, interactive=event.interactive)
        elif isinstance(event, Output):
            self._printed.show(event)
            self._stop_if_too_much()
        elif isinstance(event, Started):
            if self._cells:
                raise Refused("a second Started")
            self._cells = [(cell.index, cell.line, cell.end_line) for cell in event.cells] or [(0, 0, 0)]
            self._batcher.add(event, size)
        else:
            if isinstance(event, Error):
                event.question = ""
            self._batcher.add(event, size)

    def _stop_if_too_much(self) -> None:
        if self._printed.too_much:
            self._kill("output_limit", verdict.sentence("output_limit", self._limits))

    # --- Ending ------------------------------------------------------------------------------------------------------

    def _soft_deadline(self) -> None:
        self._cause = "timeout"
        self._read_or_pause()
        self._signal(signal.SIGUSR1)
        self._signal(signal.SIGALRM)
        self._timer.arm(self._limits.wall_hard_s - self._limits.wall_soft_s, self._out_of_grace)

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
        for tap in (self._frames, self._output):
            for _ in range(16):
                if self.state is not State.RUNNING or tap is None or not tap.read():
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
        wall_ms = 0.0 if self.state is State.QUEUED else self._clock.elapsed * 1000
        self.held = False
        self._timer.disarm()
        self._batcher.flush()
        if self.state is State.RUNNING and line:
            cell = next((i for i, first, last in self._cells if first <= line <= last), self._printed.cell)
            self._send(Error(message=message, line=line, cell=cell))
        lingers = interactive and self._limits.lingering > 0 and isinstance(self.request, Run)
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

    # --- Holding -----------------------------------------------------------------------------------------------------

    def _hold(self, event: Paused) -> None:
        """The child waits after a step. Nothing is gained by saying so: it is stopped."""
        if not self._pausing:
            raise Refused("Paused, and nobody has asked for it")
        self._pausing = False
        if self._cause is not None or self._worker is None:
            return
        if not self._stay:
            self._worker.send(Control(run=self.request.run, action="resume"))
            return
        self.held = True
        self._clock.stop()
        self._batcher.flush()
        self._send(event)
        self._read_or_pause()
        self._next_question()
        self._on_change(self)

    def _continue(self, command: Control, message: str = "") -> None:
        """Let a held program do one more step or go on, as soon as it has answered what it was asked."""
        if self._worker is None or not self.held:
            return
        if self._questions.asked is not None:
            self._then = command
            return
        self._worker.send(command)
        self._leave_hold()
        self._pausing = self._stay = command.action == "step"
        if not self._stay:
            self._send(Resumed(message=message))
        self._timer.arm(max(self._limits.wall_soft_s - self._clock.elapsed, 0.0), self._soft_deadline)
        self._on_change(self)

    def _leave_hold(self) -> None:
        self.held = self._told = False
        self._then = None
        self._clock.go_on()
        self._signal(signal.SIGCONT)
        self._read_or_pause()

    # --- Questions to a child that waits -----------------------------------------------------------------------------

    def _ask_if_idle(self) -> None:
        if (self.held or self.state is State.LINGERING) and self._questions.asked is None:
            self._next_question()

    def _next_question(self) -> None:
        """Ask what waits, or have the child rest: stopped, it uses no processor, whatever it would like to do."""
        if self._worker is None:
            return
        if (question := self._questions.next(held=self.held)) is not None:
            self._intake.set_aside()
            self._worker.signal(signal.SIGCONT)
            self._worker.send(question)
            self._timer.arm(self._limits.interactive_s, self._too_long)
        elif self.held and self._told:
            self._told = False
            self._worker.signal(signal.SIGCONT)
            self._timer.arm(_LISTENING_S, self._next_question)
        elif self.held:
            self._worker.signal(signal.SIGSTOP)
            self._timer.arm(self._limits.hold_s, self._held_too_long)
        else:
            self._worker.signal(signal.SIGSTOP)
            self._timer.arm(self._limits.linger_idle_s, self._idle)

    def _answered(self, event: WorkerEvent) -> None:
        self._intake.take_up()
        self._send(event)
        if self._then is not None:
            self._continue(self._then)
        else:
            self._next_question()

    def _turn_down(self, question: Question, message: str, hint: str, *, gone: bool = False) -> None:
        """`gone` says that no question about this run will be answered: then the field at fault is the run."""
        field = "run" if gone else ""
        self._send(Error(message=message, hint=hint, field=field, question=wire.kind(question)))

    def _too_long(self) -> None:
        self._signal(signal.SIGALRM)
        long = f"The answer took longer than {self._limits.interactive_s:g} s"
        if self.held:
            self._timer.arm(_GRACE_S, lambda: self._kill("timeout", f"{long}, so the run was stopped."))
        else:
            self._timer.arm(_GRACE_S, lambda: self.end(f"{long}; the run's values are no longer held."))

    def _held_too_long(self) -> None:
        self.go_on(f"The program was held for {self._limits.hold_s:g} s without a question, so it goes on.")

    def _idle(self) -> None:
        self.end("The values of this run are no longer held.")

    # --- Small things ------------------------------------------------------------------------------------------------

    def _send(self, event: Event) -> None:
        self._seq += 1
        event.run = self.request.run
        event.seq = self._seq
        self._deliver(self.number, event)

    def _signal(self, number: int) -> None:
        if self._worker is not None:
            self._worker.signal(number)

    def _let_go(self, lingered: bool) -> None:
        """Kill the child if it still lives and close everything that was its."""
        self._timer.disarm()
        worker, self._worker = self._worker, None
        self._frames = self._output = None
        if worker is not None:
            worker.on_exit = None
            worker.kill(in_time=lingered)
