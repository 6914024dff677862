"""What is drawn in a plot: each knows how to become Plotly traces, and can be changed until it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from playground.protocol import Line, Marker, Trace
from playground.worker.plots import colors
from playground.worker.plots.data import Array, array, flat, points
from playground.worker.plots.formats import Style, refine

Span = tuple[float, float]
"""The range of an axis."""


class Artist:
    """Base of everything drawn."""

    label: str | None = None
    alpha: float | None = None
    axes: Any = None

    def traces(self, x_span: Span, y_span: Span, step: int) -> Iterator[Trace]:
        """The Plotly traces, with every `step`-th point; the spans are those of the axes, for lines right across."""
        raise NotImplementedError

    def count(self) -> int:
        """How many points it has."""
        return 0

    def extent(self) -> tuple[list[Array], list[Array]]:
        """The x and y values that the axes must reach."""
        return [], []

    @property
    def named(self) -> str | None:
        """Its name in a legend; a label that begins with an underscore is none, as in matplotlib."""
        return None if not self.label or self.label.startswith("_") else self.label[:200]

    def remove(self) -> None:
        """Take it out of the plot."""
        self.axes.artists.remove(self)

    def set_label(self, label: Any) -> None:
        self.label = None if label is None else str(label)

    def get_label(self) -> str:
        return self.label or ""

    def set_alpha(self, alpha: float | None) -> None:
        self.alpha = alpha

    def set(self, **options: Any) -> None:
        """``set(label="a")`` is ``set_label("a")``."""
        for name, value in options.items():
            getattr(self, f"set_{name}")(value)


class Line2D(Artist):
    """A curve or points: what ``plot`` makes."""

    def __init__(self, x: Array, y: Array, style: Style, width: float | None = None) -> None:
        self.x = x
        self.y = y
        self.style = style
        self.width = width
        self.shape: Literal["hv", "vh", "hvh"] | None = None

    def count(self) -> int:
        return len(self.y)

    def extent(self) -> tuple[list[Array], list[Array]]:
        return [self.x], [self.y]

    def traces(self, x_span: Span, y_span: Span, step: int) -> Iterator[Trace]:
        style = self.style
        marker = None
        if style.symbol is not None:
            marker = Marker(color=style.color, symbol=style.symbol, size=style.size)
        line = None
        if style.mode != "markers":
            line = Line(color=style.color, width=self.width, dash=style.dash, shape=self.shape)
        yield Trace(
            type="scatter",
            mode=style.mode,
            x=points(self.x[::step]),
            y=points(self.y[::step]),
            line=line,
            marker=marker,
            name=self.named,
            opacity=self.alpha,
        )

    def set_data(self, x: Any, y: Any) -> None:
        self.x, self.y = flat(x), flat(y)

    def set_xdata(self, x: Any) -> None:
        self.x = flat(x)

    def set_ydata(self, y: Any) -> None:
        self.y = flat(y)

    def get_xdata(self) -> Array:
        return self.x

    def get_ydata(self) -> Array:
        return self.y

    def get_data(self) -> tuple[Array, Array]:
        return self.x, self.y

    def set_color(self, color: Any) -> None:
        self.style.color = colors.css(color)

    def get_color(self) -> str | None:
        return self.style.color

    def set_linewidth(self, width: float) -> None:
        self.width = float(width)

    def set_linestyle(self, dash: Any) -> None:
        refine(self.style, {"linestyle": dash})

    def set_marker(self, marker: Any) -> None:
        line = self.style.line
        refine(self.style, {"marker": marker})
        self.style.line = line if line is not None else True


class Points(Artist):
    """What ``scatter`` makes; a colour per point goes through a colour map."""

    def __init__(self, x: Array, y: Array, size: Any, color: Any, cmap: Any, symbol: str | None) -> None:
        self.x, self.y, self.symbol = x, y, symbol
        self.color: str | Array | None = None
        self.colorscale, self.reverse = colors.scale(cmap)
        self.bar = False
        if color is not None and not isinstance(color, str):
            values = array(color)
            if values.dtype.kind in "biuf" and values.size == len(y) and values.shape not in ((3,), (4,)):
                self.color = values.reshape(-1)
            elif values.dtype.kind in "biuf" and values.ndim == 1 and values.size in (3, 4):
                self.color = colors.css(values)
            elif len(values) == len(y):
                # One named or RGB colour per point: a trace has one, so there is a trace for each.
                self.color = np.array([colors.css(v.tolist() if values.ndim > 1 else str(v)) for v in values])
            else:
                raise ValueError(
                    f"'c' argument has {values.size} elements, which is inconsistent with 'x' and 'y' with size "
                    f"{len(y)}."
                )
        elif color is not None:
            self.color = colors.css(color)
        # Matplotlib's size is an area in points squared, Plotly's a diameter in pixels.
        self.size = None if size is None else np.sqrt(np.maximum(flat(size).astype(float), 0)) * 4 / 3

    def count(self) -> int:
        return len(self.y)

    def extent(self) -> tuple[list[Array], list[Array]]:
        return [self.x], [self.y]

    def traces(self, x_span: Span, y_span: Span, step: int) -> Iterator[Trace]:
        colour = self.color
        if isinstance(colour, np.ndarray) and colour.dtype.kind not in "biuf":
            for one in dict.fromkeys(colour.tolist()):
                yield self._trace(np.flatnonzero(colour == one)[::step], str(one))
        else:
            yield self._trace(np.arange(len(self.y))[::step], colour)

    def _trace(self, chosen: Array, colour: str | Array | None) -> Trace:
        scaled = isinstance(colour, np.ndarray)
        size: float | list[Any] | None = None
        if self.size is not None:
            size = float(self.size[0]) if self.size.size == 1 else points(self.size[chosen])
        return Trace(
            type="scatter",
            mode="markers",
            x=points(self.x[chosen]),
            y=points(self.y[chosen]),
            name=self.named,
            opacity=self.alpha,
            marker=Marker(
                color=points(colour[chosen]) if isinstance(colour, np.ndarray) else colour,
                size=size,
                symbol=self.symbol,
                colorscale=self.colorscale if scaled else None,
                reversescale=self.reverse if scaled else None,
                showscale=self.bar if scaled else None,
            ),
        )

    def set_offsets(self, offsets: Any) -> None:
        """Move the points: an array of shape (n, 2)."""
        self.x, self.y = array(offsets)[:, 0], array(offsets)[:, 1]


class Bars(Artist):
    """What ``bar``, ``barh`` and ``hist`` make."""

    def __init__(
        self, at: Array, length: Array, width: Array, base: Array | None, sideways: bool, color: Any
    ) -> None:
        self.at, self.length, self.width, self.base, self.sideways = at, length, width, base, sideways
        self.color = color if isinstance(color, str | None) else None
        self.each: list[Any] | None = None if self.color is color else [str(one) for one in color]

    def __iter__(self) -> Iterator[Artist]:
        """A loop over the bars sees the whole once for each; a single bar cannot be restyled here."""
        return iter([self] * len(self.length))

    def __len__(self) -> int:
        return len(self.length)

    def count(self) -> int:
        return len(self.length)

    def extent(self) -> tuple[list[Array], list[Array]]:
        low = np.zeros_like(self.length) if self.base is None else self.base
        ends = [low, low + self.length]
        sides = [self.at]
        if self.at.dtype.kind in "biuf":
            sides = [self.at - self.width / 2, self.at + self.width / 2]
        return (ends, sides) if self.sideways else (sides, ends)

    def traces(self, x_span: Span, y_span: Span, step: int) -> Iterator[Trace]:
        at, length = points(self.at[::step]), points(self.length[::step])
        width = points(self.width[::step]) if self.width.ndim else float(self.width)
        yield Trace(
            type="bar",
            x=length if self.sideways else at,
            y=at if self.sideways else length,
            width=width,
            base=None if self.base is None else points(self.base[::step]),
            orientation="h" if self.sideways else None,
            name=self.named,
            opacity=self.alpha,
            marker=Marker(color=self.each[::step] if self.each else self.color),
        )


class Shaded(Artist):
    """Numbers over a grid, each in the colour of its size."""

    def __init__(self, z: Array, cmap: Any, low: Any, high: Any) -> None:
        self.z = z
        self.colorscale, self.reverse = colors.scale(cmap)
        self.low = None if low is None else float(low)
        self.high = None if high is None else float(high)
        self.bar = False

    def count(self) -> int:
        return int(self.z.size)


class Image(Shaded):
    """What ``imshow``, ``matshow`` and ``pcolormesh`` make."""

    def __init__(self, z: Array, x: Array | None, y: Array | None, cmap: Any, low: Any, high: Any) -> None:
        super().__init__(z, cmap, low, high)
        self.x, self.y = x, y

    def extent(self) -> tuple[list[Array], list[Array]]:
        rows, columns = self.z.shape
        x = np.array([-0.5, columns - 0.5]) if self.x is None else self.x
        y = np.array([-0.5, rows - 0.5]) if self.y is None else self.y
        return [x], [y]

    def traces(self, x_span: Span, y_span: Span, step: int) -> Iterator[Trace]:
        rows, columns = self.z.shape
        # A step over points is about its square root along each side.
        side = int(np.ceil(np.sqrt(step))) if step > 1 else 1
        side = max(side, -(-max(rows, columns) // 2_000))
        thin: Any = slice(None, None, side)
        x, y = self.x, self.y
        if side > 1:
            x = np.arange(columns) if x is None else x
            y = np.arange(rows) if y is None else y
        yield Trace(
            type="heatmap",
            z=[points(row) for row in self.z[thin, thin]],  # type: ignore[misc]
            x=None if x is None else points(x[thin]),
            y=None if y is None else points(y[thin]),
            colorscale=self.colorscale,
            reversescale=self.reverse,
            showscale=self.bar,
            zmin=self.low,
            zmax=self.high,
            opacity=self.alpha,
            name=self.named,
        )

    def set_data(self, z: Any) -> None:
        self.z = array(z)

    def set_clim(self, low: float | None = None, high: float | None = None) -> None:
        self.low, self.high = low, high


class Band(Artist):
    """What ``fill_between`` makes."""

    def __init__(self, x: Array, low: Array, high: Array, color: str | None) -> None:
        self.x, self.low, self.high, self.color = x, low, high, color

    def count(self) -> int:
        return 2 * len(self.x)

    def extent(self) -> tuple[list[Array], list[Array]]:
        return [self.x], [self.low, self.high]

    def traces(self, x_span: Span, y_span: Span, step: int) -> Iterator[Trace]:
        x = points(self.x[::step])
        edge = Line(width=0.0, color=self.color)
        yield Trace(
            type="scatter", mode="lines", x=x, y=points(self.low[::step]), line=edge, showlegend=False
        )
        yield Trace(
            type="scatter",
            mode="lines",
            x=x,
            y=points(self.high[::step]),
            line=edge,
            fill="tonexty",
            name=self.named,
            opacity=self.alpha,
        )


class Ruler(Artist):
    """A straight line right across the plot: ``axhline`` and ``axvline``."""

    def __init__(self, at: float, sideways: bool, style: Style, width: float | None) -> None:
        self.at, self.sideways, self.style, self.width = at, sideways, style, width

    def count(self) -> int:
        return 2

    def extent(self) -> tuple[list[Array], list[Array]]:
        here = [np.array([self.at])]
        return ([], here) if self.sideways else (here, [])

    def traces(self, x_span: Span, y_span: Span, step: int) -> Iterator[Trace]:
        across, here = list(x_span if self.sideways else y_span), [self.at, self.at]
        yield Trace(
            type="scatter",
            mode="lines",
            x=[*across] if self.sideways else [*here],
            y=[*here] if self.sideways else [*across],
            line=Line(color=self.style.color, width=self.width, dash=self.style.dash),
            name=self.named,
            opacity=self.alpha,
        )


class Words(Artist):
    """What ``text``, ``title`` and the like make."""

    def __init__(self, text: str, x: float = 0.0, y: float = 0.0, inside: bool = False) -> None:
        self.text, self.x, self.y = text[:200], x, y
        self.inside = inside
        """x and y are fractions of the plot (``transform=ax.transAxes``)."""

    def traces(self, x_span: Span, y_span: Span, step: int) -> Iterator[Trace]:
        return iter(())

    def set_text(self, text: Any) -> None:
        self.text = str(text)[:200]

    def get_text(self) -> str:
        return self.text
