"""Watches a run that trains: at the end of each step it looks at the clock, and mostly that is all.

A step is one call of an optimizer's ``step``, or an iteration in which the program changes its leaves by itself. Some
steps are measured, fewer followed closely (`looking.py`), and in between the model is asked what it says
(`predictions.py`), each as often as `pace.py` allows. When all that may be recorded has been, the run's recorder
leaves: then a step costs two calls more than unwatched, until something is due.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from types import FrameType
from typing import Any
from weakref import ref

from engine.optim.optimizer import Optimizer
from engine.state import S, Watcher
from engine.tensor import Tensor
from playground.protocol import Number
from playground.runner.limits import MIB
from playground.worker.blocks import Blocks
from playground.worker.output import Channel, Outbox
from playground.worker.recorder import Recorder
from playground.worker.training.by_hand import ByHand
from playground.worker.training.data import Data
from playground.worker.training.hold import Hold, Steered
from playground.worker.training.learners import Learners, Learning
from playground.worker.training.looking import Look
from playground.worker.training.measures import grads_of, norm_of
from playground.worker.training.pace import Pace
from playground.worker.training.predictions import Predictor
from playground.worker.training.report import Report
from playground.worker.training.steps import StepRecorder
from playground.worker.training.surroundings import Surroundings, program_frame
from playground.worker.values import number

_ASK_S = 0.02
"""How often it is asked whether someone wants the program held."""
_SETTLED_S = 0.5
"""Before that, what part of the time watching takes says nothing."""
_ROOM_FOR_STEPS = 0.92
"""The part of what a run may send up to which the graph of a step may begin."""
_COUNTED_STEPS = 4
"""Steps that are counted to know about how many operations one has, before the recorder leaves."""


class Monitor(Watcher):
    """Of one run. Use as a context manager around the program."""

    def __init__(
        self,
        outbox: Outbox,
        channel: Channel,
        blocks: Blocks,
        recorder: Recorder,
        names: dict[str, Any],
        steered: Steered,
    ) -> None:
        """`names` are the program's variables."""
        self.recorder = recorder
        """Has the graph that questions are about: the whole run's, or that of the step at which it was held."""
        self.step = 0
        """Training steps so far."""
        self._run = recorder
        self._outbox = outbox
        self._channel = channel
        self._blocks = blocks
        self._around = Surroundings(blocks, names)
        self._learners = Learners()
        self._by_hand = ByHand(self._around, self._stepped_by_hand, self._missed_steps)
        self._predictor = Predictor()
        self._pace = Pace(channel.limits)
        self._report = Report(outbox, channel, self._pace)
        self._hold = Hold(outbox, steered, self._learners, self._tell_rates)
        self._began = perf_counter()
        self._first = 0.0
        """When the first step ended."""
        self._spent = 0.0
        """Seconds that watching has taken."""
        self._next = 0.0
        """By the computer's clock: before that, nothing is due."""
        self._depth = 0
        self._loss: Any = None
        self._passes = 0
        """Since the last step."""
        self._look: Look | None = None
        self._measured = 0
        """The last step that was."""
        self._last: Learning
        """Of the last step that was looked at."""
        self._due = False
        """Whether something is due at the end of a step by hand."""
        self._norm: float | None = None
        """Of the gradient, of a step by hand."""
        self._turn = 0
        """Counts steps that were followed, so that every optimizer has its turn."""
        self._measure_at = self._look_at = self._predict_at = 0.0
        self._away = (0.0, 0)
        """When the last look at the clock was over, by the computer's, and at which step."""
        self._typical = 0.0
        """Seconds of a step that is not followed closely."""
        self._counted: tuple[int, int] | None = None
        """Operations at a step from which they are counted."""
        self._left: tuple[int, float] | None = None
        """The step at which the recorder left, and operations a step."""
        self._broken = False

    def __enter__(self) -> Monitor:
        self._began = perf_counter()
        S.watcher = self
        return self

    def __exit__(self, *_: object) -> None:
        S.watcher = None

    def _now(self) -> float:
        """Seconds since the run began in which it was not held."""
        return perf_counter() - self._began - self._hold.seconds

    # --- What the engine tells ---------------------------------------------------------------------------------------

    def differentiated(self, roots: object, leaves: object) -> None:
        """A backward pass has ended. The loss is what ``backward`` was called on last, or ``grad`` first."""
        root = roots[0] if isinstance(roots, (list, tuple)) and roots else roots
        if not isinstance(root, Tensor):
            return
        if leaves is None or not self._passes:
            self._loss = root._data if root._data.size == 1 else self._loss
            if self._look is not None:
                self._look.root = ref(root)
        self._passes += 1
        if not (self._learners.optimizers or self._depth or self._broken):
            with self._safely():
                self._passed_by_hand(root, leaves, sys._getframe(1))

    def step_begins(self, optimizer: object) -> None:
        """An optimizer begins."""
        self._depth += 1
        if (
            self._look is not None
            and self._depth == 1
            and not self._broken
            and isinstance(optimizer, Optimizer)
        ):
            with self._safely():
                self._around.frame = program_frame(sys._getframe(1))
                learning = self._learners.of(optimizer, self._around)
                self._look.before_update(learning.named(self._around, learning.parameters()))
            self._around.frame = None

    def step_ended(self, optimizer: object, completed: bool) -> None:
        """It ends."""
        self._depth -= 1
        if self._depth == 0 and completed:
            self.step += 1
            self._passes = 0
            if perf_counter() >= self._next:
                self._ended(optimizer, sys._getframe(1))

    def _passed_by_hand(self, root: Tensor, leaves: object, frame: FrameType) -> None:
        trains = self._by_hand.differentiated(root, leaves, frame)
        # Here, and not when the loop comes round: by then the gradients may have been dropped.
        self._due, self._norm = trains and perf_counter() >= self._next, None
        if self._due:
            trained = self._by_hand.leaves
            grads = grads_of(trained)
            self._norm = norm_of(grads) if grads else None
            if self._look is not None:
                self._around.frame = program_frame(frame)
                named = self._learners.by_hand().named(self._around, trained)
                self._look.before_update(named, with_gradients=True)
                self._around.frame = None

    def _stepped_by_hand(self) -> None:
        self.step += 1
        self._passes = 0
        if self._due:
            self._ended(None, sys._getframe(1))

    def _missed_steps(self, count: int) -> None:
        self.step += count

    # --- At the end of a step ----------------------------------------------------------------------------------------

    def _ended(self, optimizer: object, frame: FrameType | None) -> None:
        """Something is due."""
        start = perf_counter()
        self._around.frame = program_frame(frame)
        held = self._look.own if self._look is not None and self._hold.waits else None
        learning: Learning | None = None
        with self._safely():
            learning = self._last = self._learning(optimizer)
            now = self._now()
            self._first = self._first or now
            if self._look is not None:
                self._finish(self._look, learning, start)
            elif self.step > self._away[1]:
                self._typical = max(start - self._away[0], 0.0) / (self.step - self._away[1])
            if now >= self._measure_at or held is not None:
                self._measure(learning, now)
            if self._predictor.ready and now >= self._predict_at:
                self._predict()
            self._let_recorder_leave()
            if self._hold.ask(now):
                self._report.learners = self._learners.news() or self._report.learners
            self._hold.check_rates()
            if now - self._first > _SETTLED_S:
                self._report.cost = min(self._spent / (now - self._first), 0.99)
            sending = perf_counter()
            if now >= self._report.due:
                if self._around.frame is not None:
                    self._report.loops = self._around.progress(self._around.frame)
                self._report.send_what_is_due(self.step, now)
                self._pace.sending.took(perf_counter() - sending)
            self._spent += perf_counter() - start
        if held is not None and self._hold.waits and not self._broken:
            self._be_held(held)
        start = perf_counter()
        if learning is not None and not self._broken:
            with self._safely():
                if self._hold.waits or self._now() >= self._look_at:
                    self._begin_look(learning)
                self._spent += perf_counter() - start
                self._next = (
                    0.0 if self._look is not None else self._began + self._hold.seconds + self._soonest()
                )
        self._around.frame = None
        self._away = perf_counter(), self.step

    def _learning(self, optimizer: object) -> Learning:
        if not isinstance(optimizer, Optimizer):
            return self._learners.by_hand()
        if not self._learners.optimizers:
            self._by_hand.end()
        return self._learners.of(optimizer, self._around)

    def _measure(self, learning: Learning, now: float) -> None:
        start = perf_counter()
        key, self._measured = learning.key, self.step
        values: dict[str, Number] = {}
        if self._loss is not None:
            values[f"loss{key}"] = number(float(self._loss.real.item()))
        norm = self._norm
        if learning.optimizer is not None:
            rates = learning.rates()
            if rates:  # else it is no more
                norm = norm_of(grads_of(learning.parameters()))
                values[f"lr{key}"] = rates[0]
        if norm is not None:
            values[f"grad_norm{key}"] = number(norm)
        values.update(self._around.numbers(self._around.frame, self.step, [self._loss]))
        self._report.point(self.step, now, values)
        self._report.learners = self._learners.news() or self._report.learners
        self._pace.measuring.took(perf_counter() - start)
        self._measure_at = self._pace.to_measure(now, self._report.measured)

    def _begin_look(self, learning: Learning) -> None:
        """Follow the next step closely. Where several optimizers take turns, each has its turn here."""
        count = len(self._learners.all)
        if not self._hold.waits and count > 1 and learning.index != self._turn % count:
            return
        self._turn += 1
        own = None
        if self._hold.waits:
            self._run.leave()
        if self._hold.waits or self._run.gone:
            own = StepRecorder(self._outbox, self._channel, self._blocks, self._around.names)
        elif self._run.over:
            return  # it is about to leave
        self._look = Look(self._run, own, self._outbox.cell)

    def _finish(self, look: Look, learning: Learning, since: float) -> None:
        """The step that was followed is over."""
        self._look = None
        slower = (
            max(since - look.since - self._typical, 0.0) if look.own is not None and self._typical else 0.0
        )
        look.end()
        self._report.looked(*look.results(self.step, self._around))
        look.understand(self._predictor, Data(self._around.variables))
        took = perf_counter() - since - look.reading + slower
        self._spent += slower
        self._pace.looking.took(max(took, 0.0))
        # At the beginning, the steps of all optimizers are looked at one after the other.
        unseen = self._turn < len(self._learners.all)
        self._look_at = 0.0 if unseen else self._pace.to_look(self._now())

    def _predict(self) -> None:
        start = perf_counter()
        try:
            self._report.prediction = self._predictor.predict() or self._report.prediction
        finally:
            self._pace.predicting.took(perf_counter() - start)
            self._predict_at = self._pace.to_predict(self._now())

    def _soonest(self) -> float:
        """When something is due next, as `_now` has it."""
        due = min(self._measure_at, self._look_at, self._report.due, self._now() + _ASK_S)
        return min(due, self._predict_at) if self._predictor.ready else due

    # --- The recorder of the whole run -------------------------------------------------------------------------------

    def _let_recorder_leave(self) -> None:
        """Once all that may be recorded has been: from then on an operation costs what it does unwatched."""
        if self._run.gone or not self._run.over:
            return
        if self._counted is None:
            self._counted = self._run.operations, self.step
        operations, since = self._counted
        if self.step - since >= _COUNTED_STEPS:
            self._left = self.step, (self._run.operations - operations) / (self.step - since)
            self._run.leave()
            self._pace.recording_ended()
            self._spent, self._first = 0.0, self._now()
            self._outbox.notice_once(
                "Training goes on at full speed from here, watched but not recorded: how many operations ran is said "
                "about, and the profile is of those before."
            )

    # --- Being held, and the end -------------------------------------------------------------------------------------

    def _be_held(self, recorder: StepRecorder) -> None:
        """The step has been recorded: show it, and wait."""
        self._report.send_all(self.step, False)
        limits = self._channel.limits
        if self._channel.sent_bytes < _ROOM_FOR_STEPS * limits.results_bytes:
            self.recorder = recorder
            recorder.send()
        else:
            self._outbox.notice_once(
                f"This step's graph is left out: a run may send at most {limits.results_bytes // MIB} MiB of results."
            )
        self._hold.hold(self.step, self._around.line(self._around.frame))

    def _tell_rates(self) -> None:
        """A learning rate was changed while the program is held: the answer."""
        self._report.learners = self._learners.news()
        self._report.send_learners(self.step)

    def begin_cell(self, index: int) -> None:
        """What comes now belongs to that cell."""
        if self._look is not None and self._look.own is not None:
            self._look.own.begin_cell(index)

    def finish(self) -> None:
        """The program has ended: send what has not been sent, and what the model says at last."""
        S.watcher = None
        look, self._look = self._look, None
        if look is not None:
            look.end()
        with self._safely():
            self._by_hand.finish()
            if self.step > self._measured and len(self._learners.all) == 1:
                self._measure(self._last, self._now())
            if self.step:
                if self._predictor.ready:
                    self._predict()
                self._report.send_all(self.step, True)
            if self._left is not None:
                since, operations = self._left
                self._run.also_ran(round((self.step - since) * operations))

    @contextmanager
    def _safely(self) -> Iterator[None]:
        """Around everything: watching must never be what makes a program fail. Nothing else is done meanwhile, or it
        would count as watching."""
        self._outbox.busy += 1
        try:
            yield
        except MemoryError:
            self._break("there was no memory left for it")
        except Exception as problem:
            self._break(f"{type(problem).__name__}: {problem}")
        finally:
            self._outbox.busy -= 1

    def _break(self, why: str) -> None:
        self._broken, self._next = True, float("inf")
        look, self._look = self._look, None
        if look is not None:
            look.end()
        self._outbox.notice_once(f"Training is not shown any further: watching it failed ({why}).")
