"""An exception of the program as the person should see it: Python's own words, its line, and what to try."""

from __future__ import annotations

import traceback
from types import TracebackType

from playground.protocol import Error
from playground.runner.channel import PROGRAM
from playground.worker import hints
from playground.worker.output import clean
from playground.worker.records import NodeRecord

_MESSAGE = 4_000
"""Characters of the message; a person reads the beginning."""


def describe(error: BaseException, cell: int, limit: int, failing: NodeRecord | None = None) -> Error:
    """The exception as an `Error` of at most `limit` bytes of text, with the innermost line of the program.

    `failing` is the recorded operation that raised it, if there is one.

    Formatting runs the program's own ``__str__``; if that raises, only the exception's name is said.
    """
    try:
        shown = traceback.TracebackException.from_exception(error, compact=True)
        _keep_program(shown, set())
        message = "".join(shown.format_exception_only()).strip()
        text = "".join(shown.format())
    except Exception as problem:
        message = f"{type(error).__name__}: <its message cannot be shown: {type(problem).__name__}>"
        text = message
    return Error(
        message=clean(_summary(error, message), _MESSAGE),
        cell=cell,
        line=line_of(error),
        traceback=_cut(clean(text), max(limit - _MESSAGE, 1_000)),
        hint=clean(
            hints.hint(
                error,
                program_frame(error),
                failing.operands() if failing is not None and failing.failed else (),
            ),
            2_000,
        ),
        node=failing.id if failing is not None and failing.sent else None,
    )


def line_of(error: BaseException) -> int:
    """The program's innermost line that raised it; for text that does not parse, the line at fault. 0 if none is."""
    if isinstance(error, SyntaxError) and (error.filename or "").startswith(PROGRAM):
        return error.lineno or 0
    place = _innermost(error.__traceback__)
    return 0 if place is None else place.tb_lineno or 0


def program_frame(error: BaseException) -> TracebackType | None:
    """The innermost traceback entry whose code is the program's."""
    return _innermost(error.__traceback__)


def _innermost(trace: TracebackType | None) -> TracebackType | None:
    found = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == PROGRAM:
            found = trace
        trace = trace.tb_next
    return found


def _summary(error: BaseException, message: str) -> str:
    """The last part that `format_exception_only` gives: for a SyntaxError that leaves out the quoted source."""
    if isinstance(error, SyntaxError):
        return message.splitlines()[-1]
    return message


def _keep_program(shown: traceback.TracebackException, seen: set[int]) -> None:
    """Drop every frame that is not the program's, in this exception and those it came from."""
    if id(shown) in seen:
        return
    seen.add(id(shown))
    shown.stack = traceback.StackSummary.from_list([f for f in shown.stack if f.filename == PROGRAM])
    for other in (shown.__cause__, shown.__context__, *(shown.exceptions or ())):
        if other is not None:
            _keep_program(other, seen)


def _cut(text: str, limit: int) -> str:
    """At most `limit` bytes: the beginning and the end, which say the most."""
    data = text.encode()
    if len(data) <= limit:
        return text
    half = limit // 2 - 20
    start, end = data[:half].decode(errors="ignore"), data[-half:].decode(errors="ignore")
    return f"{start}\n  ... left out ...\n{end}"
