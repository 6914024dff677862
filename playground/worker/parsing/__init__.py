"""Reads a program as blocks, without running it: the text in, a `Document` out."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playground.protocol import Block, Document, Statement, Stretch, UserData
from playground.worker.parsing import palette
from playground.worker.parsing.blocks import MOST, TooMany
from playground.worker.parsing.shapes import infer
from playground.worker.parsing.source import Source
from playground.worker.parsing.statements import Reader

_DEPTH = 30_000
"""Calls inside calls while a program is read. Python's parser has its own, lower limit for how deep a text may be."""

palette.load()


BUDGET_S = 0.05
"""Processor time for shapes."""


def document(code: str, table: UserData | None = None, budget_s: float = BUDGET_S) -> Document:
    """What a program is made of, with the shapes of its tensors and what does not fit. It is not run; see `shapes`.

    `table` is what ``data.X`` and ``data.y`` are. A text that is not Python, or too deep to be read, gives a document
    with a `problem`, one that is too long one block of code; nothing is raised.
    """
    return _read(code, lambda reader: infer(reader, table, budget_s))


def parse(code: str) -> Document:
    """What a program is made of, without shapes. Its text is never executed."""
    return _read(code, lambda reader: None)


def _read(code: str, then: Callable[[Reader], None]) -> Document:
    source = Source(code)
    too_many = f"It would be more than {MOST:,} blocks."
    try:
        tree = source.parse()
        if sum(isinstance(node, ast.stmt) for node in ast.walk(tree)) > MOST:
            return _whole(source, too_many)
        with _deep():
            reader = Reader(source, tree)
            reader.read()
            then(reader)
    except SyntaxError as error:
        return _not_python(source, error)
    except (ValueError, OverflowError) as error:
        return Document(problem=f"This cannot be read: {error}."[:2_000])
    except (MemoryError, RecursionError):
        return Document(problem="This is nested too deeply to be read.")
    except TooMany:
        return _whole(source, too_many)
    return Document(statements=reader.statements, blocks=reader.made.blocks, imports=reader.imports)


def _not_python(source: Source, error: SyntaxError) -> Document:
    line = max(error.lineno or 0, 0)
    column = max((error.offset or 1) - 1, 0)
    if 0 < line <= len(source.starts):
        start = source.starts[line - 1]
        end = min(start + column, len(source.code))
        column = source.units(end) - source.units(start)
    message = (error.msg or "invalid syntax").rstrip(".")
    return Document(problem=f"This is not Python yet: {message}."[:2_000], line=line, column=column)


def _whole(source: Source, why: str) -> Document:
    """The program as one block of code."""
    whole = source.stretch(0, len(source.code))
    statement = Statement(index=0, kind="code", whole=whole, core=whole, why=why, line=1, block=0)
    block = Block(
        id=0, key="program", kind="code", type="code", statement=0, span=Stretch(0, whole.end), line=1
    )
    return Document(statements=[statement], blocks=[block])


@contextmanager
def _deep() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _DEPTH))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
