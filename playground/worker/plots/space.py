"""A plot in three dimensions, which can be turned: matplotlib's ``Axes3D``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.protocol import Camera, Line, Marker, Scene, Trace, Vector
from playground.worker.plots.artists import Line2D, Points, Shaded, Span
from playground.worker.plots.axes import Axes, Cell, width_of
from playground.worker.plots.data import Array, array, flat, points
from playground.worker.plots.formats import Style, parse, refine, symbol
from playground.worker.plots.sides import Side

if TYPE_CHECKING:
    from playground.worker.plots.figure import Figure

_SYMBOLS = {"circle", "cross", "diamond", "square", "x"}
"""What Plotly draws in space."""
_LONGEST_SIDE = 400
"""Rows and columns of a surface."""
_DISTANCE = 2.1
"""Of the eye from the middle of the plot, in its sizes."""
_SHAPE = Vector(x=1.0, y=1.0, z=0.75)


class Line3D(Line2D):
    """What ``plot`` makes in space."""

    def __init__(self, x: Array, y: Array, z: Array, style: Style, width: float | None) -> None:
        super().__init__(x, y, style, width)
        self.z = z

    def traces(self, x_span: Span, y_span: Span, step: int) -> Iterator[Trace]:
        for trace in super().traces(x_span, y_span, step):
            yield _in_space(trace, self.z[::step])

    def set_3d_properties(self, z: Any, *_: Any) -> None:
        """New heights."""
        self.z = flat(z)

    def set_data_3d(self, x: Any, y: Any, z: Any) -> None:
        self.x, self.y, self.z = flat(x), flat(y), flat(z)


class Points3D(Points):
    """What ``scatter`` makes in space."""

    def __init__(self, x: Array, y: Array, z: Array, size: Any, color: Any, cmap: Any, symbol: Any) -> None:
        super().__init__(x, y, size, color, cmap, symbol)
        self.z = z

    def _trace(self, chosen: Array, colour: str | Array | None) -> Trace:
        return _in_space(super()._trace(chosen, colour), self.z[chosen])


class Surface(Shaded):
    """What ``plot_surface`` makes: heights over a grid."""

    def __init__(self, x: Array, y: Array, z: Array, cmap: Any, low: Any, high: Any) -> None:
        super().__init__(z, cmap, low, high)
        self.x, self.y = x, y

    def extent(self) -> tuple[list[Array], list[Array]]:
        return [self.x], [self.y]

    def traces(self, x_span: Span, y_span: Span, step: int) -> Iterator[Trace]:
        side = math.ceil(math.sqrt(step))
        side = max(side, -(-max(self.z.shape) // _LONGEST_SIDE))
        yield Trace(
            type="surface",
            x=points(self.x[::side]),
            y=points(self.y[::side]),
            z=[points(row) for row in self.z[::side, ::side]],  # type: ignore[misc]
            colorscale=self.colorscale,
            reversescale=self.reverse,
            showscale=self.bar,
            cmin=self.low,
            cmax=self.high,
            opacity=self.alpha,
            name=self.named,
        )

    def set_clim(self, low: float | None = None, high: float | None = None) -> None:
        self.low, self.high = low, high


class Axes3D(Axes):
    """A plot in space: curves, points and surfaces over a grid."""

    name = "3d"

    def __init__(self, figure: Figure, cell: Cell) -> None:
        super().__init__(figure, cell)
        self._view = (30.0, -60.0)

    def clear(self) -> None:
        """Take out everything."""
        super().clear()
        self.z = Side()
        self.zaxis = self.xaxis

    cla = clear

    def plot(self, *args: Any, **options: Any) -> list[Line2D]:
        """``plot(x, y, z, [format])``: a curve through space."""
        if len(args) < 2:
            raise TypeError("plot() in three dimensions takes x, y and z")
        x, y = flat(args[0]), flat(args[1])
        rest = list(args[2:])
        z = rest.pop(0) if rest and not isinstance(rest[0], str) else options.pop("zs", 0)
        style = refine(parse(rest[0]) if rest else Style(), options)
        x, y, z = np.broadcast_arrays(x, y, flat(z))
        return [self._add(Line3D(x, y, z, style, width_of(options)), options)]

    def scatter(  # type: ignore[override]
        self, x: Any, y: Any, zs: Any = 0, s: Any = None, c: Any = None, **options: Any
    ) -> Points:
        """Points in space; `c` is a colour or one number per point."""
        xs, ys, heights = np.broadcast_arrays(flat(x), flat(y), flat(zs))
        color = options.pop("color", None) if c is None else c
        shape = symbol(options.pop("marker", "o"))
        made = Points3D(xs, ys, heights, s, color, options.pop("cmap", None), shape)
        return self._mappable(self._add(made, options))

    def plot_surface(self, X: Any, Y: Any, Z: Any, cmap: Any = None, **options: Any) -> Surface:
        """A surface of heights `Z` over a grid: X and Y are what ``meshgrid`` makes, or the grid's two sides.

        Raises:
            ValueError: if Z is no matrix, or X and Y are not the grid it stands on.
        """
        x, y, z = _grid(X, Y, Z)
        color = options.pop("color", None)
        made = Surface(x, y, z, cmap, options.pop("vmin", None), options.pop("vmax", None))
        if cmap is None and color is not None:
            self.figure.notice("A surface is coloured by its height here; a colour of its own is left out.")
        return self._mappable(self._add(made, options))

    def plot_wireframe(self, X: Any, Y: Any, Z: Any, **options: Any) -> Line3D:
        """The same grid drawn as lines."""
        x, y, z = _grid(X, Y, Z)
        every = max(1, -(-max(z.shape) // 50))
        x, y, z = x[::every], y[::every], z[::every, ::every].astype(float)
        across, along = np.meshgrid(x.astype(float), y.astype(float))
        style = refine(Style(line=True), options)
        return self._add(Line3D(_lines(across), _lines(along), _lines(z), style, width_of(options)), options)

    plot3D = plot
    scatter3D = scatter

    def set_zlabel(self, label: Any, *_: Any, **__: Any) -> None:
        self.z.label = str(label)

    def set_zlim(self, *args: Any, **options: Any) -> tuple[float, float]:
        """``set_zlim(low, high)``, a pair, or ``bottom=``, ``top=``."""
        self.z.limits(*(args if args else (options.get("bottom"), options.get("top")))[:2])
        return self.get_zlim()

    set_zlim3d = set_zlim

    def get_zlim(self) -> tuple[float, float]:
        return self.z.span(self._heights())

    def set_zscale(self, value: str, **_: Any) -> None:
        if value not in ("linear", "log"):
            raise ValueError(f"{value!r} is not a known scale here; the scales are 'linear' and 'log'")
        self.z.scale = value  # type: ignore[assignment]

    def set_zticks(self, ticks: Any, labels: Any = None, **_: Any) -> None:
        self.z.ticks = points(flat(ticks))
        self.z.tick_labels = None if labels is None else [str(label) for label in labels]

    def set_axis_off(self) -> None:
        super().set_axis_off()
        self.z.hidden = True

    def view_init(self, elev: Any = None, azim: Any = None, *_: Any, **__: Any) -> None:
        """Where the eye is, in degrees above the plane and around it."""
        self._view = (
            self._view[0] if elev is None else float(elev),
            self._view[1] if azim is None else float(azim),
        )

    def set_box_aspect(self, *_: Any, **__: Any) -> None:
        """The plot has the shape that matplotlib gives it."""

    set_proj_type = set_box_aspect

    def text(self, x: Any, y: Any, z: Any, s: Any = "", *_: Any, **options: Any) -> Any:  # type: ignore[override]
        """Left out: only what is drawn turns with the plot."""
        self.figure.notice("Words inside a plot in three dimensions are left out here.")
        return super().text(x, y, z if isinstance(z, str) else s)

    def scene(self) -> Scene:
        """As Plotly takes it."""
        elev, azim = (math.radians(angle) for angle in self._view)
        eye = Vector(
            x=_DISTANCE * math.cos(elev) * math.cos(azim),
            y=_DISTANCE * math.cos(elev) * math.sin(azim),
            z=_DISTANCE * math.sin(elev),
        )
        xs = [values for artist in self.artists for values in artist.extent()[0]]
        ys = [values for artist in self.artists for values in artist.extent()[1]]
        sides = ((self.x, xs), (self.y, ys), (self.z, self._heights()))
        x, y, z = (side.space_axis(values, self.grid_shown) for side, values in sides)
        return Scene(
            xaxis=x, yaxis=y, zaxis=z, aspectmode="manual", aspectratio=_SHAPE, camera=Camera(eye=eye)
        )

    def _heights(self) -> list[Array]:
        return [artist.z for artist in self.artists if isinstance(artist, Line3D | Points3D | Surface)]


def _in_space(trace: Trace, z: Array) -> Trace:
    trace.type = "scatter3d"
    trace.z = points(z)  # type: ignore[assignment]
    if isinstance(trace.line, Line):
        trace.line.shape = None
        trace.line.width = 2 * (trace.line.width or 2.0)  # in space Plotly draws lines half as wide
    if isinstance(trace.marker, Marker):
        plain = (trace.marker.symbol or "circle").removesuffix("-open").removesuffix("-thin")
        trace.marker.symbol = plain if plain in _SYMBOLS else "circle"
        if trace.marker.size is None:
            trace.marker.size = 3.5
    return trace


def _grid(X: Any, Y: Any, Z: Any) -> tuple[Array, Array, Array]:
    """The two sides of a grid, and the heights over it: one row for each y."""
    x, y, z = array(X), array(Y), array(Z)
    if z.ndim != 2:
        raise ValueError("Argument Z must be 2-dimensional.")
    if x.ndim == 2 and y.ndim == 2 and x.shape == y.shape == z.shape:
        if (x == x[:1]).all() and (y == y[:, :1]).all():
            return x[0], y[:, 0], z
        if (x == x[:, :1]).all() and (y == y[:1]).all():  # indexing="ij"
            return x[:, 0], y[0], z.T
        raise ValueError(
            "a surface is drawn over a grid here: expected X and Y as meshgrid makes them from two rows of numbers"
        )
    if x.ndim == y.ndim == 1 and z.shape == (len(y), len(x)):
        return x, y, z
    raise ValueError(f"shape mismatch: X, Y and Z have shapes {x.shape}, {y.shape} and {z.shape}")


def _lines(values: Array) -> Array:
    """Every row and then every column of a grid, with gaps between."""
    gaps = [np.pad(one, ((0, 0), (0, 1)), constant_values=np.nan).reshape(-1) for one in (values, values.T)]
    return np.concatenate(gaps)
