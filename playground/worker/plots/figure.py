"""A figure of up to nine plots, and the Plotly figure it becomes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from playground.protocol import Annotation, Layout, PlotlyFigure, PlotText, SceneDomain, Trace
from playground.worker.plots.artists import Artist, Bars, Words
from playground.worker.plots.axes import Axes, Cell
from playground.worker.plots.data import word
from playground.worker.plots.space import Axes3D

_MOST_PLOTS = 9
_MOST_TRACES = 200
_MOST_SCENES = 4
"""Plots in three dimensions: a browser draws so many at a time."""
_FLAT_ONLY = ("bar", "histogram", "heatmap")
"""What the page's drawing in three dimensions does not know."""
_GAP_X, _GAP_Y = 0.09, 0.16
"""Between neighbouring plots, in parts of the figure: room for tick labels and titles."""

Notice = Callable[[str], None]


class Figure:
    """Matplotlib's ``Figure``."""

    def __init__(self, number: int, notice: Notice, figsize: Any = None, label: str = "") -> None:
        self.number = number
        self.label = label
        self.notice = notice
        self.axes: list[Axes] = []
        self.current: Axes | None = None
        self.mappable: Any = None
        self.index: int | None = None
        """Under which number it was sent; None: not yet."""
        self._title = ""
        self._size = None if figsize is None else (float(figsize[0]), float(figsize[1]))

    def add_subplot(self, *where: Any, projection: str | None = None, **_: Any) -> Axes:
        """``add_subplot(2, 2, 1)``, ``add_subplot(221)``, or nothing for one plot. The same place gives the same plot.

        With ``projection="3d"`` it is a plot in three dimensions.

        Raises:
            ValueError: if the place is not in the grid, or for another projection.
        """
        cell = _cell(where)
        if projection not in (None, "rectilinear", "3d"):
            raise ValueError(f"Unknown projection {projection!r}; here there are 'rectilinear' and '3d'")
        for axes in self.axes:
            if axes.cell == cell and isinstance(axes, Axes3D) == (projection == "3d"):
                self.current = axes
                return axes
        self.current = Axes3D(self, cell) if projection == "3d" else Axes(self, cell)
        self.axes.append(self.current)
        return self.current

    def gca(self) -> Axes:
        """The plot that ``plt.plot`` draws into."""
        return self.current or self.add_subplot()

    def subplots(
        self, rows: int = 1, columns: int = 1, squeeze: bool = True, subplot_kw: Any = None, **_: Any
    ) -> Any:
        """A grid of plots: one, a row, or a matrix of them."""
        grid = np.empty((rows, columns), dtype=object)
        for place in range(rows * columns):
            made = self.add_subplot(rows, columns, place + 1, **(subplot_kw or {}))
            grid[place // columns, place % columns] = made
        self.current = self.axes[-1]
        if not squeeze:
            return grid
        return grid[0, 0] if grid.size == 1 else grid.squeeze()

    def suptitle(self, text: Any, **_: Any) -> Words:
        """A title above all plots."""
        self._title = str(text)
        return Words(self._title)

    def colorbar(self, mappable: Any = None, *_: Any, **__: Any) -> None:
        """Show the colour scale of `mappable`, or of what was drawn last."""
        shown = self.mappable if mappable is None else mappable
        if shown is None:
            raise RuntimeError(
                "No mappable was found to use for colorbar creation. First define a mappable such as an image "
                "(with imshow)."
            )
        shown.bar = True

    def set_size_inches(self, width: Any, height: Any = None) -> None:
        width, height = width if height is None else (width, height)
        self._size = (float(width), float(height))

    def clear(self, *_: Any) -> None:
        """Take out every plot."""
        self.axes, self.current, self.mappable, self._title = [], None, None, ""

    clf = clear

    def tight_layout(self, *_: Any, **__: Any) -> None:
        """The page lays plots out by itself."""

    subplots_adjust = autofmt_xdate = tight_layout

    @property
    def canvas(self) -> Any:
        """Something to call ``draw()`` on."""
        return type(
            "Canvas", (), {name: lambda self, *args: None for name in ("draw", "draw_idle", "flush_events")}
        )()

    def legend(self, *_: Any, **__: Any) -> None:
        """One legend for all plots."""
        for axes in self.axes:
            axes.legend_shown = True

    @property
    def empty(self) -> bool:
        """Whether nothing has been drawn."""
        return not any(axes.artists for axes in self.axes)

    def plotly(self, most_points: int, most_bytes: int) -> PlotlyFigure:
        """The Plotly figure, with at most so many points and so large encoded; points are left out evenly."""
        count = sum(artist.count() for axes in self.axes for artist in axes.artists)
        step = max(1, -(-count // most_points))
        while True:
            made = self._plotly(step)
            size = len(msgspec.msgpack.encode(made))
            if size <= most_bytes:
                break
            step = max(step + 1, -(-step * size // most_bytes))
        if step > 1:
            self.notice(
                f"A figure has {count:,} points; every {_nth(step)} is drawn, to keep the page quick."
            )
        return made

    def _plotly(self, step: int) -> PlotlyFigure:
        shown = self.axes[:_MOST_PLOTS]
        if len(self.axes) > _MOST_PLOTS:
            self.notice(f"The first {_MOST_PLOTS} of {len(self.axes)} plots of a figure are drawn.")
        layout = Layout(showlegend=any(axes.legend_shown for axes in shown))
        if self._size is not None:
            layout.width, layout.height = (100 * length for length in self._size)
        title = self._title or (shown[0].get_title() if len(shown) == 1 else "")
        layout.title = PlotText(text=title[:200]) if title else None
        traces: list[Trace] = []
        words: list[Annotation] = []
        scenes = 0
        for place, axes in enumerate(shown, 1):
            if isinstance(axes, Axes3D):
                scenes += 1
                self._space(axes, scenes, layout, traces, words, step, len(shown) > 1)
                continue
            self._place(axes, str(place) if place > 1 else "", layout, traces, words, step, len(shown) > 1)
        if scenes and any(trace.type in _FLAT_ONLY for trace in traces):
            self.notice("Bars and images beside a plot in three dimensions are left out; give them a figure.")
            traces = [trace for trace in traces if trace.type not in _FLAT_ONLY]
        if len(traces) > _MOST_TRACES:
            self.notice(f"The first {_MOST_TRACES} of {len(traces)} curves of a figure are drawn.")
        layout.annotations = words[:100] or None
        if any(isinstance(artist, Bars) for axes in shown for artist in axes.artists):
            layout.barmode, layout.bargap = "overlay", 0.0
        return PlotlyFigure(data=traces[:_MOST_TRACES], layout=layout)

    def _place(
        self,
        axes: Axes,
        suffix: str,
        layout: Layout,
        traces: list[Trace],
        words: list[Annotation],
        step: int,
        several: bool,
    ) -> None:
        xs = [values for artist in axes.artists for values in artist.extent()[0]]
        ys = [values for artist in axes.artists for values in artist.extent()[1]]
        spans = axes.x.span(xs), axes.y.span(ys)
        x, y = axes.x.axis(xs, axes.grid_shown), axes.y.axis(ys, axes.grid_shown)
        if several:
            x.domain, y.domain = _domains(axes.cell)
        if suffix:
            x.anchor, y.anchor = f"y{suffix}", f"x{suffix}"
        if axes.equal:
            y.scaleanchor = f"x{suffix}"
        setattr(layout, f"xaxis{suffix}", x)
        setattr(layout, f"yaxis{suffix}", y)
        for artist in axes.artists:
            traces.extend(_named(artist, trace, axes, suffix) for trace in artist.traces(*spans, step))
            if isinstance(artist, Words):
                inside = " domain" if artist.inside else ""
                at = [word(_exponent(v, side.scale)) for v, side in ((artist.x, axes.x), (artist.y, axes.y))]
                words.append(
                    Annotation(
                        text=artist.text,
                        x=at[0],
                        y=at[1],
                        xref=f"x{suffix}{inside}",
                        yref=f"y{suffix}{inside}",
                        xanchor="left",
                    )
                )
        if several and axes.get_title():
            above = f"x{suffix} domain", f"y{suffix} domain"
            words.append(Annotation(text=axes.get_title()[:200], x=0.5, y=1.0, xref=above[0], yref=above[1]))

    def _space(
        self,
        axes: Axes3D,
        number: int,
        layout: Layout,
        traces: list[Trace],
        words: list[Annotation],
        step: int,
        several: bool,
    ) -> None:
        if number > _MOST_SCENES:
            self.notice(f"The first {_MOST_SCENES} plots in three dimensions of a figure are drawn.")
            return
        name = f"scene{number}" if number > 1 else "scene"
        scene = axes.scene()
        if several:
            x, y = _domains(axes.cell)
            scene.domain = SceneDomain(x=x, y=y)
            if axes.get_title():
                middle, top = (x[0] + x[1]) / 2, y[1]
                words.append(Annotation(text=axes.get_title()[:200], x=middle, y=top))
        setattr(layout, name, scene)
        for artist in axes.artists:
            for trace in artist.traces((0.0, 1.0), (0.0, 1.0), step):
                if not isinstance(artist, Words) and trace.type in ("scatter3d", "surface"):
                    trace.scene = name
                    trace.showlegend = trace.name is not None and axes.legend_shown
                    traces.append(trace)

    def __repr__(self) -> str:
        return f"<Figure with {len(self.axes)} Axes>"


def _named(artist: Artist, trace: Trace, axes: Axes, suffix: str) -> Trace:
    if suffix:
        trace.xaxis, trace.yaxis = f"x{suffix}", f"y{suffix}"
    if trace.name is None or not axes.legend_shown:
        trace.showlegend = False
    return trace


def _exponent(value: float, scale: str) -> float:
    """Plotly places words on a logarithmic axis by exponent."""
    return float(np.log10(value)) if scale == "log" and value > 0 else value


def _cell(where: tuple[Any, ...]) -> Cell:
    if not where:
        return (1, 1, 1, 1)
    if len(where) == 1:
        text = str(where[0])
        if not re.fullmatch(r"[1-9]{3}", text):
            raise ValueError(f"Integer subplot specification must be a three-digit number, not {where[0]!r}")
        where = tuple(int(digit) for digit in text)
    rows, columns, place = where[:3]
    first, last = place if isinstance(place, tuple) else (place, place)
    if not 1 <= first <= last <= rows * columns:
        raise ValueError(f"num must be an integer with 1 <= num <= {rows * columns}, not {place!r}")
    return (int(rows), int(columns), int(first), int(last))


def _domains(cell: Cell) -> tuple[list[float], list[float]]:
    """The part of the figure a plot takes, along x and along y; Plotly counts y upwards."""
    rows, columns, first, last = cell
    row, column = divmod(first - 1, columns)
    last_row, last_column = divmod(last - 1, columns)
    width = (1 - _GAP_X * (columns - 1)) / columns
    height = (1 - _GAP_Y * (rows - 1)) / rows
    left = column * (width + _GAP_X)
    right = last_column * (width + _GAP_X) + width
    top = 1 - row * (height + _GAP_Y)
    bottom = 1 - last_row * (height + _GAP_Y) - height
    return [round(left, 6), round(right, 6)], [round(max(bottom, 0.0), 6), round(top, 6)]


def _nth(step: int) -> str:
    return {2: "second", 3: "third"}.get(step, f"{step}th")
