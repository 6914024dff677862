"""What was measured, on its way to the page: gathered into few events, each when there is room for it."""

from __future__ import annotations

from collections.abc import Sequence

from playground.protocol import (
    Histogram,
    Learner,
    Number,
    ParameterPoint,
    Points,
    Prediction,
    Training,
)
from playground.runner.channel import FrameTooLarge
from playground.runner.limits import MIB
from playground.worker.output import Channel, Outbox
from playground.worker.training.pace import Pace
from playground.worker.training.surroundings import Loop
from playground.worker.values import number

_MOST_POINTS = 2_000
_MOST_SERIES = 64
_MOST_PARAMETERS = 512


class Report:
    """Of one run. There are two kinds of event: points, which are small, and the rest, which weighs more."""

    def __init__(self, outbox: Outbox, channel: Channel, pace: Pace) -> None:
        self.cost = 0.0
        self.measured = 0
        """Steps so far."""
        self.loops: list[Loop] = []
        self.learners: list[Learner] = []
        """That are news."""
        self.prediction: Prediction | None = None
        self._outbox = outbox
        self._channel = channel
        self._pace = pace
        self._points_at = self._rest_at = 0.0
        self._steps: list[int] = []
        self._times: list[Number] = []
        self._series: dict[str, list[Number]] = {}
        self._parameters: list[ParameterPoint] = []
        self._histograms: dict[tuple[str, str], Histogram] = {}

    def point(self, step: int, now: float, values: dict[str, Number]) -> None:
        """What was measured at a step."""
        self.measured += 1
        count = len(self._steps)
        self._steps.append(step)
        self._times.append(number(round(now, 6)))
        for name, value in values.items():
            column = self._series.get(name)
            if column is None:
                if len(self._series) >= _MOST_SERIES:
                    continue
                column = self._series[name] = ["nan"] * count
            column.append(value)
        for column in self._series.values():
            if len(column) == count:
                column.append("nan")

    def looked(self, parameters: Sequence[ParameterPoint], histograms: Sequence[Histogram]) -> None:
        """What following a step closely has shown."""
        self._parameters = (self._parameters + list(parameters))[-_MOST_PARAMETERS:]
        for histogram in histograms:
            self._histograms[histogram.of, histogram.name] = histogram

    @property
    def due(self) -> float:
        """When the next event may be sent."""
        return min(self._points_at, self._rest_at if self._has_more else float("inf"))

    @property
    def _has_more(self) -> bool:
        return bool(self._parameters or self._histograms or self.prediction is not None)

    def send_what_is_due(self, step: int, now: float) -> None:
        """Send what may be sent."""
        if now >= self._points_at or len(self._steps) >= _MOST_POINTS:
            size = self._send_points(step, False)
            self._points_at = self._pace.to_send(now, size, self._channel.sent_bytes)
        if now >= self._rest_at and self._has_more:
            size = self._send_rest(step, False)
            self._rest_at = self._pace.to_send(now, size, self._channel.sent_bytes)

    def send_all(self, step: int, over: bool) -> None:
        """Send everything there is: the program is held, or has ended (`over`)."""
        if self._has_more:
            self._send_rest(step, over)
        if self._steps or self.learners or over:
            self._send_points(step, over)

    def send_learners(self, step: int) -> None:
        """Send them alone, even if there are none: the answer to a change, exactly one event."""
        self._outbox.emit_first(
            Training(
                step=step, learners=self.learners, progress=Loop.told(self.loops), cost=round(self.cost, 4)
            )
        )
        self.learners = []

    def _send_points(self, step: int, over: bool) -> int:
        points = Points(steps=self._steps, times=self._times, series=self._series) if self._steps else None
        sent = self._emit(
            Training(
                step=step,
                learners=self.learners,
                points=points,
                progress=Loop.told(self.loops, over),
                cost=round(self.cost, 4),
            )
        )
        self._steps, self._times, self._series, self.learners = [], [], {}, []
        return sent

    def _send_rest(self, step: int, over: bool) -> int:
        sent = self._emit(
            Training(
                step=step,
                progress=Loop.told(self.loops, over),
                parameters=self._parameters,
                histograms=list(self._histograms.values())[-_MOST_PARAMETERS:],
                prediction=self.prediction,
                cost=round(self.cost, 4),
            )
        )
        self._parameters, self._histograms, self.prediction = [], {}, None
        return sent

    def _emit(self, event: Training) -> int:
        """Bytes that it took; 0 if there was no room."""
        limits, before = self._channel.limits, self._channel.sent_bytes
        if not self._pace.may_send(0, before):
            self._outbox.notice_once(
                f"Training goes on, but no more of it is shown: a run may send at most "
                f"{limits.results_bytes // MIB} MiB of results in {limits.events:,} messages."
            )
            return 0
        self._pace.events += 1
        try:
            self._outbox.emit_first(event)
        except FrameTooLarge:
            self._outbox.notice_once("A part of what was measured was too large to send.")
        return self._channel.sent_bytes - before
