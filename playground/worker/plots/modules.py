"""The rest of ``matplotlib``: modules that programs import beside pyplot, and that change nothing that matters here."""

from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from playground.worker.plots import colors
from playground.worker.plots.space import Axes3D


class RcParams(dict[str, Any]):
    """``plt.rcParams``: takes every setting, answers every question with None; the page decides how plots look."""

    def __missing__(self, key: str) -> None:
        return None


class ColorMap:
    """A colour map, known by its name."""

    def __init__(self, name: str) -> None:
        colors.scale(name)
        self.name = name

    def __call__(self, value: Any, *_: Any) -> Any:
        raise NotImplementedError(
            f"the colours of a colour map cannot be asked for one by one here; pass cmap={self.name!r} to the plot"
        )


class ColorMaps(ModuleType):
    """``matplotlib.cm``."""

    def named(self, name: str) -> ColorMap:
        """The map of that name.

        Raises:
            ValueError: if it is not known.
        """
        return ColorMap(getattr(name, "name", name))

    get_cmap = named

    def __getattr__(self, name: str) -> Any:
        try:
            return ColorMap(name)
        except ValueError:
            raise AttributeError(
                f"module 'matplotlib.cm' has no attribute {name!r}", name=name, obj=self
            ) from None


class Style(ModuleType):
    """``matplotlib.style``: every style is accepted and none is applied."""

    available = ("default",)

    def use(self, *_: Any) -> None:
        """The page has one look."""

    @contextmanager
    def context(self, *_: Any, **__: Any) -> Any:
        """The same, for a while."""
        yield


class Ticker(ModuleType):
    """``matplotlib.ticker``: locators and formatters can be made, and the page places ticks by itself."""

    def __getattr__(self, name: str) -> Any:
        if name.endswith(("Locator", "Formatter")):
            return type(name, (), {"__init__": lambda self, *args, **options: None})
        raise AttributeError(f"module 'matplotlib.ticker' has no attribute {name!r}", name=name, obj=self)


colormaps = ColorMaps("matplotlib.cm")
style = Style("matplotlib.style")


def install() -> None:
    """Make ``import matplotlib.pyplot`` and its neighbours give these modules."""
    pyplot = importlib.import_module("playground.worker.plots.pyplot")
    package = ModuleType("matplotlib", "Matplotlib's calls, drawn by the page.")
    package.__path__ = []
    ignored: Any = lambda *args, **options: None  # noqa: E731
    parts = {
        "pyplot": pyplot,
        "cm": colormaps,
        "style": style,
        "ticker": Ticker("matplotlib.ticker"),
        "axes": _module("axes", Axes=pyplot.Axes),
        "figure": _module("figure", Figure=pyplot.Figure),
        "colors": _module("colors", CSS4_COLORS=dict.fromkeys(colors.NAMES), to_hex=colors.css),
    }
    package.__dict__.update(parts, use=ignored, rc=ignored, rcParams=pyplot.rcParams, colormaps=colormaps)
    package.__dict__["__version__"] = "3.10"
    sys.modules["matplotlib"] = package
    for name, module in parts.items():
        sys.modules[f"matplotlib.{name}"] = module
    # Programs import this so that projection="3d" is known, and then do not use it.
    toolkits = ModuleType("mpl_toolkits")
    toolkits.__path__ = []
    sys.modules["mpl_toolkits"] = toolkits
    sys.modules["mpl_toolkits.mplot3d"] = toolkits.__dict__["mplot3d"] = _module("mplot3d", Axes3D=Axes3D)


def _module(name: str, **content: Any) -> ModuleType:
    module = ModuleType(f"matplotlib.{name}")
    module.__dict__.update(content)
    return module
