"""One axis of a plot: its label, range, scale and ticks."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from playground.protocol import Axis, PlotText, SpaceAxis
from playground.worker.plots.artists import Span
from playground.worker.plots.data import Array, number


class Side:
    """What is said of one axis."""

    def __init__(self) -> None:
        self.label = ""
        self.low: float | None = None
        self.high: float | None = None
        self.scale: Literal["linear", "log"] = "linear"
        self.reversed = False
        self.ticks: list[Any] | None = None
        self.tick_labels: list[str] | None = None
        self.hidden = False

    def limits(self, *given: Any) -> None:
        """Take ``(low, high)`` as two arguments or one pair; None leaves an end to the data."""
        if len(given) == 1:
            given = tuple(given[0]) if given[0] is not None else (None, None)
        low, high = given
        self.low = self.low if low is None else number(low)
        self.high = self.high if high is None else number(high)
        if self.low is not None and self.high is not None:
            self.reversed = self.low > self.high

    def span(self, values: list[Array]) -> Span:
        """Its range: what was asked for, else what the data needs and a twentieth more."""
        found = [v[np.isfinite(v)] for v in values if v.dtype.kind in "iuf"]
        if self.scale == "log":
            found = [v[v > 0] for v in found]
        found = [v for v in found if v.size]
        low = min((float(v.min()) for v in found), default=0.0)
        high = max((float(v.max()) for v in found), default=1.0)
        if low == high:
            low, high = (low / 2, high * 2) if self.scale == "log" else (low - 0.5, high + 0.5)
        elif self.scale == "linear":
            margin = 0.05 * (high - low)
            low, high = low - margin, high + margin
        return (low if self.low is None else self.low, high if self.high is None else self.high)

    def axis(self, values: list[Array], grid: bool | None) -> Axis:
        """As Plotly takes it."""
        fixed = self.low is not None or self.high is not None
        axis = Axis(
            title=PlotText(text=self.label) if self.label else None, showgrid=False if self.hidden else grid
        )
        if self.scale == "log":
            axis.type = "log"
        elif values and all(v.dtype.kind not in "biuf" for v in values):
            axis.type = "category"
        if fixed:
            low, high = self.span(values)
            if self.scale == "log":  # Plotly gives the range of a logarithmic axis as exponents
                low, high = (float(np.log10(end)) if end > 0 else -6.0 for end in (low, high))
            axis.range = [low, high]
        elif self.reversed:
            axis.autorange = "reversed"
        if self.hidden:
            axis.tickvals = []
        elif self.ticks is not None:
            axis.tickvals = self.ticks[:1000]
        if self.tick_labels is not None and not self.hidden:
            axis.ticktext = self.tick_labels[:1000]
            if self.ticks is None:
                axis.tickvals = list(range(len(axis.ticktext)))
        return axis

    def space_axis(self, values: list[Array], grid: bool | None) -> SpaceAxis:
        """The same for a plot in three dimensions."""
        flat = self.axis(values, grid)
        return SpaceAxis(
            title=flat.title,
            type=flat.type,
            range=flat.range,
            autorange=flat.autorange,
            showgrid=flat.showgrid,
            tickvals=flat.tickvals,
            ticktext=flat.ticktext,
            visible=False if self.hidden else None,
        )
