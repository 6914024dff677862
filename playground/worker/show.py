"""The value of a cell's last expression, laid out as a notebook lays it out."""

from __future__ import annotations

from typing import Any

_WIDTH = 79
_LONGEST = 1_000
"""Items of one container that are shown."""
_DEEPEST = 60
_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
    dict: ("{", "}"),
}


def pretty(value: Any) -> str:
    """`repr`, except that a container which does not fit in one line has one item per line."""
    return _lay_out(value, 0, ())


def _lay_out(value: Any, indent: int, around: tuple[int, ...]) -> str:
    kind = type(value)
    if kind not in _BRACKETS or not value or id(value) in around or len(around) >= _DEEPEST:
        # What spans lines is indented to where it begins.
        return repr(value).replace("\n", "\n" + " " * indent)
    opening, closing = _BRACKETS[kind]
    inside = indent + len(opening)
    around = (*around, id(value))
    items = []
    for count, item in enumerate(value.items() if kind is dict else value):
        if count == _LONGEST:
            items.append("...")
            break
        if kind is dict:
            key = _lay_out(item[0], inside, around)
            items.append(f"{key}: {_lay_out(item[1], inside, around)}")
        else:
            items.append(_lay_out(item, inside, around))
    if kind is tuple and len(items) == 1:
        items[0] += ","
    line = opening + ", ".join(items) + closing
    if "\n" not in line and indent + len(line) <= _WIDTH:
        return line
    return opening + (",\n" + " " * inside).join(items) + closing
