"""One plot: matplotlib's ``Axes``, as far as programs about gradients use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from playground.worker.plots import colors
from playground.worker.plots.artists import Artist, Band, Bars, Image, Line2D, Points, Ruler, Words
from playground.worker.plots.data import Array, array, flat, number, points
from playground.worker.plots.formats import Style, parse, refine, symbol
from playground.worker.plots.sides import Side

if TYPE_CHECKING:
    from playground.worker.plots.figure import Figure

A = TypeVar("A", bound=Artist)

Cell = tuple[int, int, int, int]
"""Rows, columns, and the first and last place (counted from 1) that a plot takes of a figure."""


class Spine:
    """The frame around a plot; it can be addressed and stays as it is."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("set_"):
            return lambda *args, **options: None
        raise AttributeError(f"'Spine' object has no attribute {name!r}")

    def __getitem__(self, key: object) -> Spine:
        return self


class Axes:
    """A plot within a figure.

    Colours that the program does not give are left to the page, which draws values and gradients in its own.
    """

    def __init__(self, figure: Figure, cell: Cell) -> None:
        self.figure = figure
        self.cell = cell
        self.spines = Spine()
        self.clear()

    def clear(self) -> None:
        """Take out everything."""
        self.artists: list[Artist] = []
        self.x, self.y = Side(), Side()
        self.xaxis, self.yaxis = Spine(), Spine()
        self._title = ""
        self.legend_shown = False
        self.grid_shown: bool | None = None
        self.equal = False

    cla = clear

    def _add(self, artist: A, options: dict[str, Any]) -> A:
        artist.axes = self
        label = options.pop("label", None)
        artist.label = None if label is None else str(label)
        alpha = options.pop("alpha", None)
        artist.alpha = None if alpha is None else float(alpha)
        self.artists.append(artist)
        return artist

    # --- Curves ------------------------------------------------------------------------------------------------------

    def plot(self, *args: Any, **options: Any) -> list[Line2D]:
        """``plot([x], y, [format], ...)``, any number of times in a row; a 2-d `y` is one curve per column.

        Raises:
            ValueError: if x and y differ in length, or a format is not understood.
        """
        lines: list[Line2D] = []
        data = options.pop("data", None)
        if data is not None:
            args = tuple(data[arg] if isinstance(arg, str) and arg in data else arg for arg in args)
        width = width_of(options)
        waiting = list(args)
        while waiting:
            x = y = None
            y = waiting.pop(0)
            if waiting and not isinstance(waiting[0], str):
                x, y = y, waiting.pop(0)
            text = waiting.pop(0) if waiting and isinstance(waiting[0], str) else ""
            lines += self._curves(x, y, text, width, dict(options))
        return lines

    def _curves(
        self, x: Any, y: Any, text: str, width: float | None, options: dict[str, Any]
    ) -> list[Line2D]:
        ys = np.atleast_1d(array(y))
        xs = np.arange(ys.shape[0]) if x is None else np.atleast_1d(array(x))
        if xs.shape[0] != ys.shape[0]:
            raise ValueError(
                f"x and y must have same first dimension, but have shapes {xs.shape} and {ys.shape}"
            )
        if xs.ndim > 2 or ys.ndim > 2:
            raise ValueError(f"x and y can be no greater than 2D, but have shapes {xs.shape} and {ys.shape}")
        columns = max(xs.shape[1] if xs.ndim == 2 else 1, ys.shape[1] if ys.ndim == 2 else 1)
        labels = options.pop("label", None)
        lines = []
        for column in range(columns):
            rest = dict(options)
            style = refine(parse(text) if text else Style(), rest)
            several = columns > 1 and not isinstance(labels, str) and labels is not None
            rest["label"] = labels[column] if several else labels
            line = Line2D(_column(xs, column), _column(ys, column), style, width)
            lines.append(self._add(line, rest))
        return lines

    def step(self, x: Any, y: Any, *args: Any, where: str = "pre", **options: Any) -> list[Line2D]:
        """A staircase."""
        lines = self.plot(x, y, *args, **options)
        for line in lines:
            line.shape = {"pre": "vh", "post": "hv", "mid": "hvh"}[where]  # type: ignore[assignment]
        return lines

    def semilogx(self, *args: Any, **options: Any) -> list[Line2D]:
        """`plot` with a logarithmic x axis."""
        self.x.scale = "log"
        return self.plot(*args, **options)

    def semilogy(self, *args: Any, **options: Any) -> list[Line2D]:
        """`plot` with a logarithmic y axis."""
        self.y.scale = "log"
        return self.plot(*args, **options)

    def loglog(self, *args: Any, **options: Any) -> list[Line2D]:
        """`plot` with two logarithmic axes."""
        self.x.scale = self.y.scale = "log"
        return self.plot(*args, **options)

    def errorbar(
        self, x: Any, y: Any, yerr: Any = None, xerr: Any = None, fmt: str = "", **options: Any
    ) -> list[Line2D]:
        """`plot` with a bar of length `yerr` to both sides of each point (or one row below and one above)."""
        lines = self.plot(
            x, y, *([fmt] if fmt else []), **{k: v for k, v in options.items() if k not in _ERRORBAR}
        )
        for error, sideways in ((yerr, False), (xerr, True)):
            if error is not None:
                xs, ys = flat(x).astype(float), flat(y).astype(float)
                low, high = np.broadcast_to(array(error), (2, len(ys)))
                along = xs if sideways else ys
                self._segments(
                    ys if sideways else xs, along - low, along + high, sideways, lines[0].style.color, {}
                )
        return lines

    def stem(self, *args: Any, **options: Any) -> list[Line2D]:
        """Points on stalks."""
        lines = self.plot(*args, **{"marker": "o", "linestyle": "None", **options})
        for line in list(lines):
            self._segments(line.x, np.zeros_like(line.y), line.y, False, line.style.color, {})
        return lines

    def hlines(self, y: Any, xmin: Any, xmax: Any, colors: Any = None, **options: Any) -> Line2D:
        """Level lines from `xmin` to `xmax`."""
        return self._segments(flat(y), flat(xmin), flat(xmax), True, colors, options)

    def vlines(self, x: Any, ymin: Any, ymax: Any, colors: Any = None, **options: Any) -> Line2D:
        """Upright lines from `ymin` to `ymax`."""
        return self._segments(flat(x), flat(ymin), flat(ymax), False, colors, options)

    def _segments(
        self, at: Array, low: Array, high: Array, sideways: bool, color: Any, options: dict[str, Any]
    ) -> Line2D:
        at, low, high = np.broadcast_arrays(at.astype(float), low, high)
        gap = np.full(len(at), np.nan)
        along = np.stack([low, high, gap], 1).reshape(-1)
        across = np.stack([at, at, gap], 1).reshape(-1)
        width = width_of(options)
        style = refine(Style(color=colors.css(color), line=True), options)
        return self._add(
            Line2D(along if sideways else across, across if sideways else along, style, width), options
        )

    def axhline(self, y: Any = 0, *_: Any, **options: Any) -> Ruler:
        """A level line right across."""
        return self._ruler(y, True, options)

    def axvline(self, x: Any = 0, *_: Any, **options: Any) -> Ruler:
        """An upright line right across."""
        return self._ruler(x, False, options)

    def _ruler(self, at: Any, sideways: bool, options: dict[str, Any]) -> Ruler:
        width = width_of(options)
        style = refine(Style(line=True), options)
        return self._add(Ruler(number(at), sideways, style, width), options)

    # --- Points, bars, areas, images ---------------------------------------------------------------------------------

    def scatter(self, x: Any, y: Any, s: Any = None, c: Any = None, **options: Any) -> Points:
        """Points; `s` is an area in points squared, `c` a colour or one number per point.

        Raises:
            ValueError: if x and y differ in size.
        """
        xs, ys = flat(x), flat(y)
        if len(xs) != len(ys):
            raise ValueError("x and y must be the same size")
        color = options.pop("color", None) if c is None else c
        marker = symbol(options.pop("marker", "o"))
        return self._mappable(self._add(Points(xs, ys, s, color, options.pop("cmap", None), marker), options))

    def bar(self, x: Any, height: Any, width: Any = 0.8, bottom: Any = None, **options: Any) -> Bars:
        """Upright bars, `width` wide, standing on `bottom`."""
        return self._bars(flat(x), flat(height), width, bottom, False, options)

    def barh(self, y: Any, width: Any, height: Any = 0.8, left: Any = None, **options: Any) -> Bars:
        """Level bars, `height` high, beginning at `left`."""
        return self._bars(flat(y), flat(width), height, left, True, options)

    def _bars(
        self, at: Array, length: Array, width: Any, base: Any, sideways: bool, options: dict[str, Any]
    ) -> Bars:
        if at.dtype.kind in "biuf" and options.pop("align", "center") == "edge":
            at = at + array(width) / 2
        at, length = np.broadcast_arrays(at, length)
        color = options.pop("color", None)
        if color is not None and not isinstance(color, str):
            try:
                color = colors.css(color)
            except ValueError:
                color = [colors.css(one) for one in color]
                color = [color[n % len(color)] for n in range(len(length))]
        elif color is not None:
            color = colors.css(color)
        low = None if base is None else np.broadcast_to(flat(base), length.shape)
        widths = array(width)
        widths = widths if widths.ndim == 0 else np.broadcast_to(widths, length.shape)
        tick_labels = options.pop("tick_label", None)
        if tick_labels is not None:
            side = self.y if sideways else self.x
            side.ticks, side.tick_labels = points(at), [str(label) for label in tick_labels]
        return self._add(Bars(at, length, widths, low, sideways, color), options)

    def hist(
        self, x: Any, bins: Any = 10, range: Any = None, density: bool = False, **options: Any
    ) -> tuple[Any, Array, Any]:
        """Count values in `bins` and draw the counts. Returns the counts, the bins' edges, and what was drawn."""
        sets = (
            [flat(part) for part in x]
            if isinstance(x, list | tuple) and len(x) and np.ndim(x[0])
            else [flat(x)]
        )
        everything = np.concatenate(sets)
        edges = np.histogram_bin_edges(everything[np.isfinite(everything)], bins, range)
        labels = options.pop("label", None)
        weights = options.pop("weights", None)
        counts, drawn = [], []
        for place, values in enumerate(sets):
            weight = None if weights is None else flat(weights[place] if len(sets) > 1 else weights)
            count, _ = np.histogram(values, edges, density=density, weights=weight)
            if options.get("cumulative"):
                count = np.cumsum(count * np.diff(edges) if density else count)
            counts.append(count.astype(float))
            rest = {key: options[key] for key in ("color", "alpha") if options.get(key) is not None}
            rest["label"] = labels if isinstance(labels, str | None) else labels[place]
            sideways = options.get("orientation") == "horizontal"
            centre = (edges[:-1] + edges[1:]) / 2
            drawn.append(self._bars(centre, counts[-1], np.diff(edges), None, sideways, rest))
        return (counts[0], edges, drawn[0]) if len(sets) == 1 else (counts, edges, drawn)

    def fill_between(self, x: Any, y1: Any, y2: Any = 0, where: Any = None, **options: Any) -> Band:
        """The area between two curves."""
        xs = flat(x)
        low, high = np.broadcast_to(flat(y2), xs.shape), np.broadcast_to(flat(y1), xs.shape)
        if where is not None:
            low, high = np.where(array(where), low, high), high
        color = options.pop("color", options.pop("facecolor", None))
        return self._add(Band(xs, low, high, colors.css(color)), options)

    def imshow(
        self, data: Any, cmap: Any = None, vmin: Any = None, vmax: Any = None, **options: Any
    ) -> Image:
        """A matrix as coloured cells, the first row on top.

        Raises:
            TypeError: if it is not a matrix (or a matrix of colours, which is drawn grey).
        """
        z = array(data)
        if z.ndim == 3 and z.shape[2] in (3, 4):
            z = z[..., :3].astype(float) @ np.array([0.299, 0.587, 0.114])
            cmap = cmap or "gray"
            self.figure.notice("Images in colour are drawn in shades of grey here.")
        if z.ndim != 2:
            raise TypeError(f"Invalid shape {z.shape} for image data")
        x = y = None
        upper = options.pop("origin", "upper") == "upper"
        extent = options.pop("extent", None)
        if extent is not None:
            left, right, bottom, top = (number(end) for end in extent)
            x = left + (np.arange(z.shape[1]) + 0.5) * (right - left) / z.shape[1]
            y = bottom + (np.arange(z.shape[0]) + 0.5) * (top - bottom) / z.shape[0]
            z = z[::-1] if upper else z
        else:
            self.y.reversed = upper
        self.equal = options.pop("aspect", "equal") == "equal"
        return self._mappable(self._add(Image(z, x, y, cmap, vmin, vmax), options))

    def matshow(self, data: Any, **options: Any) -> Image:
        """`imshow`."""
        return self.imshow(data, **options)

    def pcolormesh(
        self, *args: Any, cmap: Any = None, vmin: Any = None, vmax: Any = None, **options: Any
    ) -> Image:
        """Coloured cells at given places: ``pcolormesh([X, Y,] C)``."""
        x = y = None
        z = array(args[-1])
        if len(args) >= 3:
            x, y, z = array(args[0]), array(args[1]), array(args[2])
            x, y = (x[0] if x.ndim == 2 else x), (y[:, 0] if y.ndim == 2 else y)
            x = (x[:-1] + x[1:]) / 2 if len(x) == z.shape[1] + 1 else x
            y = (y[:-1] + y[1:]) / 2 if len(y) == z.shape[0] + 1 else y
        return self._mappable(self._add(Image(z, x, y, cmap, vmin, vmax), options))

    def contourf(self, *args: Any, **options: Any) -> Image:
        """Drawn as `pcolormesh`: every value instead of a few levels."""
        self.figure.notice("Contours are drawn as heat maps here.")
        if args and np.ndim(args[-1]) != 2:  # the last argument is the levels
            args = args[:-1]
        kept = {k: v for k, v in options.items() if k in ("cmap", "vmin", "vmax", "alpha")}
        return self.pcolormesh(*args, **kept)

    contour = contourf

    def _mappable(self, artist: A) -> A:
        self.figure.mappable = artist
        return artist

    def text(self, x: Any, y: Any, s: Any, **options: Any) -> Words:
        """Words at a place of the plot."""
        inside = getattr(options.pop("transform", None), "inside", False)
        return self._add(Words(str(s), number(x), number(y), inside), {})

    def annotate(self, text: Any, xy: Any, xytext: Any = None, **options: Any) -> Words:
        """Words at `xytext`, or at `xy`; the arrow is left out."""
        x, y = xy if xytext is None or options.get("textcoords") else xytext
        return self._add(Words(str(text), number(x), number(y)), {})

    @property
    def transAxes(self) -> Any:
        """Says to `text` that its place is a fraction of the plot."""
        return type("Transform", (), {"inside": True})()

    # --- Around it ---------------------------------------------------------------------------------------------------

    def set_title(self, label: Any, *_: Any, **__: Any) -> Words:
        self._title = str(label)
        return Words(self._title)

    def get_title(self) -> str:
        return self._title

    def set_xlabel(self, label: Any, *_: Any, **__: Any) -> None:
        self.x.label = str(label)

    def set_ylabel(self, label: Any, *_: Any, **__: Any) -> None:
        self.y.label = str(label)

    def set_xlim(self, *args: Any, **options: Any) -> tuple[float, float]:
        """``set_xlim(low, high)``, a pair, or ``left=``, ``right=``."""
        self.x.limits(
            *(args if args else (_either(options, "left", "xmin"), _either(options, "right", "xmax")))[:2]
        )
        return self.get_xlim()

    def set_ylim(self, *args: Any, **options: Any) -> tuple[float, float]:
        """``set_ylim(low, high)``, a pair, or ``bottom=``, ``top=``."""
        self.y.limits(
            *(args if args else (_either(options, "bottom", "ymin"), _either(options, "top", "ymax")))[:2]
        )
        return self.get_ylim()

    def get_xlim(self) -> tuple[float, float]:
        return self.x.span([v for a in self.artists for v in a.extent()[0]])

    def get_ylim(self) -> tuple[float, float]:
        return self.y.span([v for a in self.artists for v in a.extent()[1]])

    def set_xscale(self, value: str, **_: Any) -> None:
        self.x.scale = _scale(value)

    def set_yscale(self, value: str, **_: Any) -> None:
        self.y.scale = _scale(value)

    def set_xticks(self, ticks: Any, labels: Any = None, **_: Any) -> None:
        self.x.ticks = points(flat(ticks))
        self.x.tick_labels = None if labels is None else [str(label) for label in labels]

    def set_yticks(self, ticks: Any, labels: Any = None, **_: Any) -> None:
        self.y.ticks = points(flat(ticks))
        self.y.tick_labels = None if labels is None else [str(label) for label in labels]

    def set_xticklabels(self, labels: Any, **_: Any) -> None:
        self.x.tick_labels = [str(label) for label in labels]

    def set_yticklabels(self, labels: Any, **_: Any) -> None:
        self.y.tick_labels = [str(label) for label in labels]

    def invert_xaxis(self) -> None:
        self.x.reversed = not self.x.reversed

    def invert_yaxis(self) -> None:
        self.y.reversed = not self.y.reversed

    def set_aspect(self, aspect: Any, **_: Any) -> None:
        self.equal = aspect in ("equal", 1, 1.0)

    def axis(self, *args: Any, **_: Any) -> tuple[float, float, float, float]:
        """``axis("off")``, ``axis("equal")``, or the four ends."""
        if args and isinstance(args[0], str):
            if args[0] == "off":
                self.set_axis_off()
            self.equal = args[0] in ("equal", "scaled", "square", "image")
        elif args and isinstance(args[0], list | tuple):
            self.x.limits(*args[0][:2])
            self.y.limits(*args[0][2:])
        return (*self.get_xlim(), *self.get_ylim())

    def set_axis_off(self) -> None:
        self.x.hidden = self.y.hidden = True

    def grid(self, visible: Any = True, *_: Any, **__: Any) -> None:
        self.grid_shown = bool(visible)

    def legend(self, *args: Any, **options: Any) -> None:
        """Show the labels; ``legend(["a", "b"])`` names what is drawn so far in order."""
        self.legend_shown = True
        handles = args[0] if len(args) == 2 else options.get("handles")
        labels = args[-1] if args else options.get("labels")
        if labels is not None:
            named = handles or [artist for artist in self.artists if not isinstance(artist, Words)]
            for artist, label in zip(named, labels, strict=False):
                artist.set_label(label)

    def set(self, **options: Any) -> None:
        """``set(title="a", xlabel="b")``."""
        for name, value in options.items():
            setter = getattr(self, f"set_{name}")
            setter(*value) if name in ("xlim", "ylim") and isinstance(value, tuple) else setter(value)

    def get_figure(self) -> Figure:
        return self.figure

    @property
    def lines(self) -> list[Line2D]:
        """The curves in it."""
        return [artist for artist in self.artists if isinstance(artist, Line2D)]

    def tick_params(self, *_: Any, **__: Any) -> None:
        """How ticks look is the page's matter."""

    margins = minorticks_on = ticklabel_format = set_facecolor = autoscale = relim = autoscale_view = (
        tick_params
    )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise AttributeError(
            f"'Axes' object has no attribute {name!r} in the playground's matplotlib", name=name, obj=self
        )


_ERRORBAR = ("capsize", "ecolor", "elinewidth", "capthick", "errorevery")


def _column(values: Array, column: int) -> Array:
    return values if values.ndim == 1 else values[:, column if values.shape[1] > 1 else 0]


def width_of(options: dict[str, Any]) -> float | None:
    width = options.pop("linewidth", None)
    width = options.pop("lw", None) if width is None else width
    return None if width is None else float(width)


def _either(options: dict[str, Any], *names: str) -> Any:
    return next((options[name] for name in names if name in options), None)


def _scale(value: str) -> Any:
    if value in ("linear", "log"):
        return value
    raise ValueError(f"{value!r} is not a known scale here; the scales are 'linear' and 'log'")
