"""What strangers send, checked against the schema, and the sentence that says what is wrong with it."""

from __future__ import annotations

import re

import msgspec

from playground.protocol import Command, SessionContent, UserData

_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>\$.*)`)?$", re.DOTALL)
_NAMED = re.compile(r"(?P<what>missing required|contains unknown) field `(?P<name>.*)`$", re.DOTALL)
_TYPES = "run, parse, cancel, inspect, jacobian, local, live, control, tune or ack"
_SHOWN = 60
_TEXTS = ("code", "data.text")


class Refused(ValueError):
    """A message that is not accepted."""

    def __init__(self, field: str, message: str, *, too_large: bool = False) -> None:
        super().__init__(message)
        self.field = field
        """The part at fault, as a path from the message's root: ``code``, ``events[0].stream``."""
        self.message = message
        self.too_large = too_large
        """A program that is too long, for which HTTP has a status of its own."""


def command(data: object) -> Command:
    """A command from the builtin objects that came over the socket. Raises Refused."""
    if not isinstance(data, dict):
        raise Refused(
            "command", f'Expected an object such as {{"type": "cancel", "run": "r1"}}, got {_kind(data)}.'
        )
    try:
        found: Command = msgspec.convert(data, Command)
        return found
    except (msgspec.ValidationError, RecursionError) as problem:
        raise _refused(problem, "command") from None


def session_content(body: bytes) -> SessionContent:
    """What a page wants stored, from JSON. Raises Refused."""
    try:
        return msgspec.json.decode(body, type=SessionContent)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as problem:
        raise _refused(problem, "session") from None


def check_code(code: str, limit_bytes: int, limit_lines: int) -> None:
    """Raises Refused if a program is too long; the schema counts characters, and this counts bytes of UTF-8."""
    size = len(code.encode())
    if size > limit_bytes:
        raise Refused(
            "code",
            f"The program has {size:,} bytes; expected at most {limit_bytes:,} in UTF-8.",
            too_large=True,
        )
    lines = code.count("\n") + 1
    if lines > limit_lines:
        raise Refused(
            "code", f"The program has {lines:,} lines; expected at most {limit_lines:,}.", too_large=True
        )


def check_data(data: UserData, limit_bytes: int) -> None:
    """Raises Refused if a table is too large; the schema counts characters, and this counts bytes of UTF-8."""
    size = len(data.text.encode())
    if size > limit_bytes:
        raise Refused(
            "data.text",
            f"The table has {size:,} bytes; expected at most {limit_bytes:,} in UTF-8. Leave out rows or columns.",
            too_large=True,
        )


SHARED_DATA_BYTES = 256 * 1024
"""Of a table in a session that a link leads to."""


def _refused(problem: Exception, whole: str) -> Refused:
    if isinstance(problem, RecursionError):
        return Refused(whole, f"The {whole} is nested too deeply.")
    if not isinstance(problem, msgspec.ValidationError):
        return Refused(whole, f"The {whole} is not valid JSON in UTF-8: {_cut(str(problem))}.")
    match = _AT.match(str(problem))
    assert match is not None  # the pattern takes every string
    what, path = match["what"], (match["path"] or "$")[1:].removeprefix(".")
    if named := _NAMED.search(what):
        field = f"{path}.{named['name']}" if path else named["name"]
        missing = named["what"].startswith("missing")
        says = f"The field `{_cut(field)}` is missing." if missing else f"There is no field `{_cut(field)}`."
        if field == "type":
            says += f" Expected {_TYPES}."
        return Refused(_cut(field), says)
    if path == "type" and whole == "command":
        return Refused("type", f"{_cut(what)}; expected {_TYPES}.")
    says = (
        f"The {whole} as a whole: {_cut(what)}." if not path else f"The field `{_cut(path)}`: {_cut(what)}."
    )
    return Refused(_cut(path) or whole, says, too_large=path in _TEXTS and "length <=" in what)


def _cut(text: str) -> str:
    """A stranger's text may be in there: enough of it to be recognised."""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _kind(data: object) -> str:
    names = {str: "a string", list: "an array", bytes: "binary data", type(None): "null", bool: "a boolean"}
    return names.get(type(data), "a number" if isinstance(data, (int, float)) else "something else")
