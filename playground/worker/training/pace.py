"""How often what is measured, so that a program that is watched runs nearly as fast as one that is not.

Time is what limits it at first, each kind of measurement by what the last one took; then what a run may send, which
has to last however long it runs. So all intervals grow with time, and with what an event weighs beside the room left.
Times are seconds since training began, in which it was not held.
"""

from __future__ import annotations

from collections import deque

from playground.runner.limits import Limits

EVENT_S = 0.1
"""Between two events at the beginning."""
_SLOWER_AFTER_S = 100.0
"""From then on that grows with time: 1.8 s after half an hour."""
_WHOLE = 60
"""Steps at the beginning that are measured whatever it takes, some ten milliseconds in all: a curve of three points is
none."""
_EVERY_STEP = 600
"""Steps that are all measured, if time allows; a short training is shown whole."""
_WHILE_RECORDING = 2.0
"""While every operation is recorded, which takes many times its own time, measuring may take more too: all kinds of
work together still take less than a fifth of the time."""
_MEASURE_S = 0.005
_SPARSER_AFTER_S = 10.0
_LOOK_S = 0.15
"""Between two close looks, and less in the first second: a short training would have but one."""
_GRAPH_SHARE, _OTHERS_SHARE = 0.8, 0.04
"""The parts of a run's room that are the recorded graph's, and the profile's and the text's."""
_PATIENCE = 8.0
"""An event that takes a part p of the room left waits for ``_PATIENCE * p`` of the time that has passed so far: the
room then shrinks by a power of time and is never used up."""


class Cost:
    """What one kind of work takes, in seconds, and the part of the program's time that it may take."""

    def __init__(self, share: float, while_recording: float = 1.0) -> None:
        self._share = share
        self.more = while_recording
        """By how much more it may take."""
        self._times: deque[float] = deque(maxlen=5)

    def took(self, seconds: float) -> None:
        """The last time."""
        # The first is slow because it is the first.
        self._times.append(seconds if self._times else seconds / 4)

    @property
    def pause(self) -> float:
        """Seconds until the next time, by the median of the last few: one that was interrupted says nothing."""
        if not self._times:
            return 0.0
        return sorted(self._times)[len(self._times) // 2] / (self._share * self.more)


class Pace:
    """When what is due, for one run."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.measuring = Cost(0.025, _WHILE_RECORDING)
        """Loss, learning rates, norm of the gradient, the program's numbers."""
        self.looking = Cost(0.02)
        """Following a step closely: parameters, activations, what the model is."""
        self.predicting = Cost(0.02)
        self.sending = Cost(0.015)
        self.events = 0
        self._recording = True

    def recording_ended(self) -> None:
        """The run's own recording, whose graph needs room, and beside which all this costs little."""
        self._recording = False
        self.measuring.more = 1.0

    def to_measure(self, now: float, measured: int) -> float:
        """When the next step may be measured."""
        if measured < _WHOLE:
            return now
        if measured < _EVERY_STEP:
            return now + self.measuring.pause
        return now + max(_MEASURE_S * (1 + now / _SPARSER_AFTER_S), self.measuring.pause)

    def to_look(self, now: float) -> float:
        """When the next step may be followed closely."""
        return now + max(_apart(now), self.looking.pause)

    def to_predict(self, now: float) -> float:
        """When the model may be asked again."""
        return now + max(_apart(now), self.predicting.pause)

    def to_send(self, now: float, size: int, sent: int) -> float:
        """When the next event of its kind may be sent, after one of `size` bytes; `sent` is what the run has sent."""
        grown = max(EVENT_S, now * EVENT_S / _SLOWER_AFTER_S, self.sending.pause)
        return now + max(grown, _PATIENCE * now * size / max(self._room(sent), 1))

    def may_send(self, size: int, sent: int) -> bool:
        """Whether there is room in what the run may send."""
        return self._room(sent) > size and self.events < self._limits.events // 2

    def _room(self, sent: int) -> int:
        limits = self._limits
        taken = max(sent, int(_GRAPH_SHARE * limits.results_bytes)) if self._recording else sent
        return int(limits.results_bytes * (1 - _OTHERS_SHARE)) - taken - limits.frame_bytes // 4


def _apart(now: float) -> float:
    return _LOOK_S * min(0.1 + now, 1 + now / _SPARSER_AFTER_S)
