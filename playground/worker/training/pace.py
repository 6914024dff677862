"""How often what is measured, so that a program that is watched runs nearly as fast as one that is not.

Time is what limits it at first, each kind of measurement by what the last one took; then what a run may send, which
has to last however long it runs. So all intervals grow with time, and with what an event weighs beside the room left.
"""

from __future__ import annotations

from playground.runner.limits import Limits

EVENT_S = 0.1
"""Between two events at the beginning."""
_SLOWER_AFTER_S = 100.0
"""From then on the interval grows with time: a tenth of a second here, 1.8 s after half an hour."""
_MEASURED_SHARE = 0.04
"""Of the program's time, for loss, learning rates, norm of the gradient and the program's numbers."""
_SAMPLED_SHARE = 0.06
"""For looking at parameters and activations, and for predicting."""
_EVERY_STEP = 600
"""Steps that are all measured, if time allows; a short training is shown whole."""
_MEASURE_S = 0.005
_MEASURE_SLOWER_AFTER_S = 10.0
_SAMPLE_S = 0.1
_KEPT_BACK = 0.04
"""The part of a run's room that training leaves to the profile and what is printed."""
_PATIENCE = 10.0
"""An event that takes a part p of the room left waits ``_PATIENCE * p`` of the time that has passed so far: the room
then shrinks by a power of time and is never used up."""


class Cost:
    """What one kind of measurement takes, in seconds: the larger of the last and a mean of the last few."""

    def __init__(self, share: float) -> None:
        self.share = share
        self._mean = 0.0
        self._last = 0.0

    def took(self, seconds: float) -> None:
        """The last one."""
        self._last = seconds
        self._mean = seconds if not self._mean else 0.7 * self._mean + 0.3 * seconds

    @property
    def pause(self) -> float:
        """Seconds until the next one may begin."""
        return max(self._last, self._mean) / self.share


class Pace:
    """The clock of one run. Times are seconds since it began, in which it was not held."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.measuring = Cost(_MEASURED_SHARE)
        self.sampling = Cost(_SAMPLED_SHARE / 2)
        self.predicting = Cost(_SAMPLED_SHARE / 2)
        self.events = 0

    def to_measure(self, now: float, measured: int) -> float:
        """When the next step may be measured."""
        if measured < _EVERY_STEP:
            return now + self.measuring.pause
        return now + max(_MEASURE_S * (1 + now / _MEASURE_SLOWER_AFTER_S), self.measuring.pause)

    def to_sample(self, now: float) -> float:
        """When the next step may be looked at closely."""
        return now + max(_SAMPLE_S * (1 + now / _MEASURE_SLOWER_AFTER_S), self.sampling.pause)

    def to_predict(self, now: float) -> float:
        """When the model may be asked again."""
        return now + max(_SAMPLE_S * (1 + now / _MEASURE_SLOWER_AFTER_S), self.predicting.pause)

    def to_send(self, now: float, size: int, sent: int) -> float:
        """When the next event may be sent, after one of `size` bytes at `now`; `sent` is what the run has sent so far."""
        self.events += 1
        room = max(self.room(sent), 1)
        wait = max(EVENT_S, now * EVENT_S / _SLOWER_AFTER_S)
        return now + max(wait, _PATIENCE * now * size / room)

    def room(self, sent: int) -> int:
        """Bytes that are left for training."""
        return int(self._limits.results_bytes * (1 - _KEPT_BACK)) - sent - 2 * self._limits.frame_bytes // 4

    def may_send(self, size: int, sent: int) -> bool:
        """Whether there is room, and whether the run may send another message."""
        return self.room(sent) > size and self.events < self._limits.events // 2
