"""Colours as matplotlib spells them, turned into CSS."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

_LETTERS = {
    "b": "#0000ff",
    "g": "#008000",
    "r": "#ff0000",
    "c": "#00bfbf",
    "m": "#bf00bf",
    "y": "#bfbf00",
    "k": "#000000",
    "w": "#ffffff",
}
_CYCLE = ("blue", "orange", "green", "red", "purple", "brown", "pink", "gray", "olive", "cyan")
_TABLEAU = dict(
    zip(
        _CYCLE,
        (
            "#1f77b4",
            "#ff7f0e",
            "#2ca02c",
            "#d62728",
            "#9467bd",
            "#8c564b",
            "#e377c2",
            "#7f7f7f",
            "#bcbd22",
            "#17becf",
        ),
        strict=True,
    )
)
_CSS_TEXT = """
aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet brown
burlywood cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan darkblue
darkcyan darkgoldenrod darkgray darkgreen darkgrey darkkhaki darkmagenta darkolivegreen darkorange
darkorchid darkred darksalmon darkseagreen darkslateblue darkslategray darkslategrey darkturquoise
darkviolet deeppink deepskyblue dimgray dimgrey dodgerblue firebrick floralwhite forestgreen fuchsia
gainsboro ghostwhite gold goldenrod gray green greenyellow grey honeydew hotpink indianred indigo
ivory khaki lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral lightcyan
lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon lightseagreen lightskyblue
lightslategray lightslategrey lightsteelblue lightyellow lime limegreen linen magenta maroon
mediumaquamarine mediumblue mediumorchid mediumpurple mediumseagreen mediumslateblue
mediumspringgreen mediumturquoise mediumvioletred midnightblue mintcream mistyrose moccasin
navajowhite navy oldlace olive olivedrab orange orangered orchid palegoldenrod palegreen
paleturquoise palevioletred papayawhip peachpuff peru pink plum powderblue purple rebeccapurple red
rosybrown royalblue saddlebrown salmon sandybrown seagreen seashell sienna silver skyblue slateblue
slategray slategrey snow springgreen steelblue tan teal thistle tomato turquoise violet wheat white
whitesmoke yellow yellowgreen
"""
NAMES = frozenset(_CSS_TEXT.split())
"""CSS colour names."""

# Plotly's name, and whether it runs the other way. None: the page's own scale.
_MAPS: dict[str, tuple[str, bool]] = {
    "viridis": ("Viridis", False),
    "cividis": ("Cividis", False),
    "plasma": ("Plasma", False),
    "inferno": ("Inferno", False),
    "magma": ("Magma", False),
    "turbo": ("Turbo", False),
    "gray": ("Greys", False),
    "grey": ("Greys", False),
    "binary": ("Greys", True),
    "Greys": ("Greys", True),
    "Blues": ("Blues", True),
    "Greens": ("Greens", True),
    "Reds": ("Reds", False),
    "YlGnBu": ("YlGnBu", True),
    "YlOrRd": ("YlOrRd", True),
    "RdBu": ("RdBu", True),
    "coolwarm": ("RdBu", False),
    "bwr": ("RdBu", False),
    "seismic": ("RdBu", False),
    "PRGn": ("PRGn", False),
    "PiYG": ("PiYG", False),
    "Spectral": ("Spectral", False),
    "jet": ("Jet", False),
    "hot": ("Hot", False),
    "rainbow": ("Rainbow", False),
}


def css(value: Any) -> str | None:
    """A colour as CSS; None stays None, which leaves the choice to the page.

    Takes letters (``"r"``), ``"C0"``, ``"tab:blue"``, CSS names, ``"#rgb"`` to ``"#rrggbbaa"``, greys (``"0.5"``), and
    triples or quadruples of numbers from 0 to 1.

    Raises:
        ValueError: if it is none of these.
    """
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if text in _LETTERS:
            return _LETTERS[text]
        if text.lower() == "none":
            return "rgba(0,0,0,0)"
        if re.fullmatch(r"C\d+", text):
            return _TABLEAU[_CYCLE[int(text[1:]) % len(_CYCLE)]]
        name = text.lower()
        if name.startswith("tab:") and name[4:].replace("grey", "gray") in _TABLEAU:
            return _TABLEAU[name[4:].replace("grey", "gray")]
        if name in NAMES or re.fullmatch(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", name):
            return name
        if re.fullmatch(r"[01]?\.\d*|[01]", text) and 0 <= float(text) <= 1:
            level = round(255 * float(text))
            return f"rgb({level},{level},{level})"
    else:
        parts = np.asarray(value)
        if parts.shape in ((3,), (4,)) and parts.dtype.kind in "fiu" and ((parts >= 0) & (parts <= 1)).all():
            red, green, blue = (round(255 * float(part)) for part in parts[:3])
            return (
                f"rgb({red},{green},{blue})"
                if len(parts) == 3
                else f"rgba({red},{green},{blue},{parts[3]:.3g})"
            )
    raise ValueError(f"{value!r} is not a valid value for color")


def scale(name: Any) -> tuple[str | None, bool | None]:
    """Plotly's name of a colour map and whether to reverse it; (None, None) leaves the choice to the page.

    Raises:
        ValueError: for a name that is not known here.
    """
    if name is None:
        return None, None
    text = getattr(name, "name", name)
    base = text.removesuffix("_r") if isinstance(text, str) else text
    if base not in _MAPS:
        raise ValueError(
            f"{text!r} is not a known colormap; known here are {', '.join(sorted(_MAPS))}, each also with _r"
        )
    plotly, reverse = _MAPS[base]
    return plotly, (reverse != text.endswith("_r")) or None
