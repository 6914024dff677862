"""Matplotlib's format strings (``"r--o"``) and style names."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from playground.worker.plots import colors

Dash = Literal["solid", "dash", "dot", "dashdot"]

_DASHES: dict[str, Dash] = {
    "-": "solid",
    "--": "dash",
    ":": "dot",
    "-.": "dashdot",
    "solid": "solid",
    "dashed": "dash",
    "dotted": "dot",
    "dashdot": "dashdot",
}
_NOTHING = ("", " ", "None", "none")
_SYMBOLS = {
    ".": "circle",
    ",": "circle",
    "o": "circle",
    "v": "triangle-down",
    "^": "triangle-up",
    "<": "triangle-left",
    ">": "triangle-right",
    "1": "y-down",
    "2": "y-up",
    "3": "y-left",
    "4": "y-right",
    "8": "octagon",
    "s": "square",
    "p": "pentagon",
    "P": "cross",
    "*": "star",
    "h": "hexagon",
    "H": "hexagon2",
    "+": "cross-thin-open",
    "x": "x-thin-open",
    "X": "x",
    "D": "diamond",
    "d": "diamond-tall",
    "|": "line-ns-open",
    "_": "line-ew-open",
}
_SIZES = {".": 4.0, ",": 1.0}


class Style(msgspec.Struct):
    """How a line is drawn; None: not said."""

    color: str | None = None
    dash: Dash | None = None
    line: bool | None = None
    """Whether there is a line at all."""
    symbol: str | None = None
    size: float | None = None

    @property
    def mode(self) -> Literal["lines", "markers", "lines+markers"]:
        """Plotly's mode: a marker alone means no line, as in matplotlib."""
        line = self.symbol is None if self.line is None else self.line
        if line or self.symbol is None:
            return "lines+markers" if self.symbol else "lines"
        return "markers"


def parse(text: str) -> Style:
    """A format string: marker, line and colour in any order, each at most once.

    Raises:
        ValueError: if a part is not understood or comes twice.
    """
    style = Style()
    wrong = f"{text!r} is not a valid format string"
    try:
        # A colour alone may be a word; but "x" or "." alone are markers, and "1" is one too.
        if text not in _SYMBOLS and text not in _DASHES:
            style.color = colors.css(text)
            return style
    except ValueError:
        pass
    here = 0
    while here < len(text):
        if text[here : here + 2] in ("--", "-."):
            if style.line is not None:
                raise ValueError(f"{wrong} (two linestyle symbols)")
            style.dash, style.line = _DASHES[text[here : here + 2]], True
            here += 2
        elif text[here] in "-:":
            if style.line is not None:
                raise ValueError(f"{wrong} (two linestyle symbols)")
            style.dash, style.line = _DASHES[text[here]], True
            here += 1
        elif text[here] == "C" and text[here + 1 : here + 2].isdigit():
            end = here + 1
            while text[end : end + 1].isdigit():
                end += 1
            _once(style, text[here:end], wrong)
            here = end
        elif text[here] in "bgrcmykw":
            _once(style, text[here], wrong)
            here += 1
        elif text[here] in _SYMBOLS:
            if style.symbol is not None:
                raise ValueError(f"{wrong} (two marker symbols)")
            style.symbol, style.size = _SYMBOLS[text[here]], _SIZES.get(text[here])
            here += 1
        elif text[here] == " ":
            style.line = bool(style.line)
            here += 1
        else:
            raise ValueError(f"{wrong} (unrecognized character {text[here]!r})")
    return style


def refine(style: Style, options: dict[str, Any]) -> Style:
    """`style` with what keyword arguments say; they are taken out of `options`."""
    color = _pop(options, "color", "c")
    if color is not None:
        style.color = colors.css(color)
    dash = _pop(options, "linestyle", "ls")
    if dash is not None:
        _set_dash(style, dash)
    marker = options.pop("marker", None)
    if marker is not None:
        style.symbol = symbol(marker)
        style.size = _SIZES.get(marker) if isinstance(marker, str) else None
        if style.line is None:
            style.line = True
    size = _pop(options, "markersize", "ms")
    if size is not None:
        style.size = float(size)
    return style


def symbol(marker: Any) -> str | None:
    """Plotly's name of a marker, None for no marker.

    Raises:
        ValueError: if matplotlib has no such marker.
    """
    if marker in _NOTHING:
        return None
    if isinstance(marker, str) and marker in _SYMBOLS:
        return _SYMBOLS[marker]
    raise ValueError(f"Unrecognized marker style {marker!r}")


def _set_dash(style: Style, dash: Any) -> None:
    if isinstance(dash, tuple):
        style.dash, style.line = "dash", True
    elif dash in _NOTHING:
        style.dash, style.line = None, False
    elif dash in _DASHES:
        style.dash, style.line = _DASHES[dash], True
    else:
        known = ", ".join(repr(name) for name in (*_DASHES, "None"))
        raise ValueError(f"{dash!r} is not a valid value for ls; supported values are {known}")


def _once(style: Style, color: str, wrong: str) -> None:
    if style.color is not None:
        raise ValueError(f"{wrong} (two color symbols)")
    style.color = colors.css(color)


def _pop(options: dict[str, Any], *names: str) -> Any:
    found = None
    for name in names:
        found = options.pop(name, found)
    return found
