"""``matplotlib.pyplot``: the functions that draw into the current plot, and showing.

A program sees this module under matplotlib's name. Figures are shown by ``show()`` and at the end of every cell,
and closed by that, as in a notebook.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from playground.protocol import Figure as FigureEvent
from playground.worker.output import Outbox
from playground.worker.plots.artists import Artist
from playground.worker.plots.axes import Axes
from playground.worker.plots.figure import Figure
from playground.worker.plots.modules import RcParams, style
from playground.worker.plots.modules import colormaps as cm

__all__ = ["Axes", "Figure", "cm", "style"]

_DRAW = (
    *(
        "plot",
        "scatter",
        "bar",
        "barh",
        "hist",
        "imshow",
        "fill_between",
        "axhline",
        "axvline",
        "hlines",
        "vlines",
    ),
    *(
        "step",
        "semilogx",
        "semilogy",
        "loglog",
        "errorbar",
        "stem",
        "pcolormesh",
        "contourf",
        "contour",
        "text",
    ),
    *("annotate", "legend", "grid", "axis", "tick_params", "margins", "cla"),
)
_SET = ("title", "xlabel", "ylabel", "xscale", "yscale")


class _State:
    """The figures of the program, and where they go."""

    def __init__(self) -> None:
        self.outbox: Outbox | None = None
        self.most_figures = self.most_points = self.most_bytes = 0
        self.figures: list[Figure] = []
        self.current: Figure | None = None
        self.sent = 0
        self.shown_in: tuple[int, Figure] | None = None

    def notice(self, message: str) -> None:
        if self.outbox is not None:
            self.outbox.notice_once(message)


_state = _State()


def begin(outbox: Outbox, most_figures: int, most_points: int, most_bytes: int) -> None:
    """Forget all figures; from now on send them to `outbox`, bounded in number, points and encoded size."""
    _state.__init__()  # type: ignore[misc]
    _state.outbox = outbox
    _state.most_figures, _state.most_points, _state.most_bytes = most_figures, most_points, most_bytes


def end_cell() -> None:
    """Show and close what the cell has drawn."""
    show()


def show_value(value: object) -> bool:
    """Show a cell's value if it is something of a plot. A notebook prints what it is; here the plot itself says it."""
    if isinstance(value, Figure):
        if value not in _state.figures and not value.empty:
            value.index = None
            _send(value)
        return True
    if isinstance(value, Axes | Artist):
        return True
    return isinstance(value, list | tuple) and any(isinstance(item, Artist) for item in value)


def _send(figure: Figure) -> None:
    if figure.index is None:
        if _state.sent >= _state.most_figures:
            _state.notice(f"Only the first {_state.most_figures} figures of a run are shown.")
            return
        figure.index = _state.sent
        _state.sent += 1
    made = figure.plotly(_state.most_points, _state.most_bytes)
    if _state.outbox is not None:
        _state.outbox.figure(FigureEvent(cell=0, index=figure.index, figure=made))


# --- Figures ---------------------------------------------------------------------------------------------------------


def figure(num: Any = None, figsize: Any = None, clear: bool = False, **_: Any) -> Figure:
    """A new figure, or the open one of that number or name."""
    if isinstance(num, Figure):
        _state.current = num
        return num
    for open_figure in _state.figures:
        if num is not None and num in (open_figure.number, open_figure.label):
            _state.current = open_figure
            if clear:
                open_figure.clear()
            return open_figure
    taken = [open_figure.number for open_figure in _state.figures]
    number = num if isinstance(num, int) else max(taken, default=0) + 1
    made = Figure(number, _state.notice, figsize, num if isinstance(num, str) else "")
    _state.figures.append(made)
    _state.current = made
    return made


def subplots(
    nrows: int = 1,
    ncols: int = 1,
    *,
    squeeze: bool = True,
    figsize: Any = None,
    subplot_kw: Any = None,
    **_: Any,
) -> Any:
    """A new figure and its plots: one, a row, or a matrix of them."""
    made = figure(figsize=figsize)
    return made, made.subplots(nrows, ncols, squeeze, subplot_kw)


def subplot(*where: Any, **options: Any) -> Axes:
    """The plot at a place of the current figure's grid."""
    return gcf().add_subplot(*where, **options)


def axes(projection: str | None = None, **_: Any) -> Axes:
    """One plot that takes the whole current figure; with ``projection="3d"`` in three dimensions."""
    return gcf().add_subplot(projection=projection)


def gcf() -> Figure:
    """The current figure."""
    return _state.current or figure()


def gca() -> Axes:
    """The current plot."""
    return gcf().gca()


def sca(axes: Axes) -> None:
    """Make a plot the current one."""
    _state.current = axes.figure
    axes.figure.current = axes


def close(which: Any = None) -> None:
    """Close a figure, unseen: the current one, one of a number or name, or ``"all"``."""
    if which == "all":
        _state.figures, _state.current = [], None
        return
    closed = _state.current if which is None else which
    _state.figures = [f for f in _state.figures if not (f is closed or closed in (f.number, f.label))]
    if _state.current not in _state.figures:
        _state.current = _state.figures[-1] if _state.figures else None


def clf() -> None:
    """Empty the current figure."""
    gcf().clear()


def show(*_: Any, **__: Any) -> None:
    """Show every open figure and close it."""
    figures, _state.figures, _state.current = _state.figures, [], None
    for made in figures:
        if not made.empty:
            _send(made)


def draw(*_: Any, **__: Any) -> None:
    """Show the current figure as it is now; it stays open and is replaced when shown again."""
    if _state.current is not None and not _state.current.empty:
        _send(_state.current)


def pause(interval: float) -> None:
    """`draw`, and wait for so many seconds."""
    draw()
    time.sleep(interval)


def savefig(*_: Any, **__: Any) -> None:
    """There are no files here: the figure is shown, and the page can save it as a picture."""
    _state.notice("savefig() writes no file here; the figure is shown, and its menu saves it as a picture.")


def suptitle(text: Any, **options: Any) -> Any:
    """A title above all plots of the figure."""
    return gcf().suptitle(text, **options)


def colorbar(mappable: Any = None, *args: Any, **options: Any) -> None:
    """Show the colour scale of what was drawn last."""
    gcf().colorbar(mappable)


def tight_layout(*_: Any, **__: Any) -> None:
    """The page lays plots out by itself."""


subplots_adjust = ion = ioff = switch_backend = set_cmap = rc = rcdefaults = tight_layout


def matshow(data: Any, **options: Any) -> Any:
    """A matrix as coloured cells, in a figure of its own."""
    figure()
    return gca().imshow(data, **options)


def xlim(*args: Any, **options: Any) -> tuple[float, float]:
    """Set the range of x, or only read it."""
    return gca().set_xlim(*args, **options) if args or options else gca().get_xlim()


def ylim(*args: Any, **options: Any) -> tuple[float, float]:
    """Set the range of y, or only read it."""
    return gca().set_ylim(*args, **options) if args or options else gca().get_ylim()


def xticks(ticks: Any = None, labels: Any = None, **_: Any) -> None:
    """Where x has ticks, and what they say."""
    if ticks is not None:
        gca().set_xticks(ticks, labels)


def yticks(ticks: Any = None, labels: Any = None, **_: Any) -> None:
    """Where y has ticks, and what they say."""
    if ticks is not None:
        gca().set_yticks(ticks, labels)


def get_fignums() -> list[int]:
    """The numbers of the open figures."""
    return [open_figure.number for open_figure in _state.figures]


def get_cmap(name: Any = None, *_: Any) -> Any:
    """A colour map by name."""
    return cm.named(name or "viridis")


rcParams = RcParams()


def _forward(name: str, method: str) -> None:
    def function(*args: Any, **options: Any) -> Any:
        return getattr(gca(), method)(*args, **options)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = getattr(Axes, method).__doc__
    setattr(sys.modules[__name__], name, function)


for _name in _DRAW:
    _forward(_name, _name)
for _name in _SET:
    _forward(_name, f"set_{_name}")


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise AttributeError(f"module 'matplotlib.pyplot' has no attribute {name!r} in the playground")
