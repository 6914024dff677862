"""Cuts a program at its ``# %%`` lines and compiles each part so that its lines and columns are the whole program's."""

from __future__ import annotations
import __future__

import ast
import io
import re
import tokenize
from types import CodeType

import msgspec

from playground.protocol import Cell
from playground.runner.channel import PROGRAM
from playground.worker.blocks import Blocks

_MARK = re.compile(r"#\s*%%(?!%)\s*(?:\[markdown\]|\[md\])?(.*)")
_STRING_FIRST = re.compile(r"""(?:\s++|\\|#[^\r\n]*+|[(;])*+[rRuU]?["']""")
"""What a program with a docstring begins with."""
_COMMAND = re.compile(r"(\s*)[%!]")
_FUTURE = 0
for _name in __future__.all_feature_names:
    _FUTURE |= getattr(__future__, _name).compiler_flag


class Part(msgspec.Struct, frozen=True):
    """A cell and its text, whose first line is `first` of the program (the mark, where there is one)."""

    cell: Cell
    text: str
    first: int


class Compiled(msgspec.Struct, frozen=True):
    """What to execute."""

    body: CodeType
    value: CodeType | None
    """The last statement, if it is an expression whose value is to be shown."""
    commands: tuple[str, ...]
    """Notebook commands (``%matplotlib inline``, ``!pip install``) that were left out."""
    flags: int
    """The ``from __future__`` features that later cells inherit, as in a notebook."""


def split(code: str) -> list[Part]:
    """The parts of a program. What is before the first mark is one too, unless it is only comments or a docstring."""
    lines = text_lines(code)
    marks = _marks(lines)
    starts = [1, *marks]
    ends = [*(line - 1 for line in marks), len(lines)]
    parts: list[Part] = []
    for place, (start, end, title) in enumerate(zip(starts, ends, ["", *marks.values()], strict=True)):
        marked = place > 0
        text = "\n".join(lines[start - 1 : end])
        if not marked and marks and not _does_something(text):
            continue
        filled = [n for n in range(start + marked, end + 1) if lines[n - 1].strip()] or [start]
        cell = Cell(index=len(parts), line=filled[0], end_line=filled[-1], title=title[:200])
        parts.append(Part(cell, text, start))
    return parts


def text_lines(code: str) -> list[str]:
    """The lines as Python counts them (`str.splitlines` also cuts at form feeds and the like)."""
    return code.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def docstring(code: str) -> str | None:
    """The docstring of the whole program, None if it has none or does not parse."""
    if not _STRING_FIRST.match(code):
        return None
    try:
        return ast.get_docstring(ast.parse(code), clean=False)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def compile_part(part: Part, blocks: Blocks, flags: int = 0) -> Compiled:
    """Compile a part so that it counts its `blocks`. Notebook commands are left out if it does not parse with them.

    Raises:
        SyntaxError: with the line of the whole program.
        ValueError, MemoryError, RecursionError: as Python's compiler does for text that is beyond it.
    """
    lines = [""] * (part.first - 1) + text_lines(part.text)
    tree, commands = _parse(lines)
    last = tree.body[-1] if tree.body else None
    shown = None
    if isinstance(last, ast.Expr) and not _is_docstring(tree, part) and not _silenced(last, lines):
        tree.body.pop()
        shown = ast.Expression(last.value)
    functions = blocks.instrument(tree, lines)
    body = compile(tree, PROGRAM, "exec", flags, dont_inherit=True)
    blocks.learn(body, functions)
    flags |= body.co_flags & _FUTURE
    value = None if shown is None else compile(shown, PROGRAM, "eval", flags, dont_inherit=True)
    if value is not None:
        blocks.learn(value, functions[:1])
    return Compiled(body, value, tuple(commands), flags)


def _marks(lines: list[str]) -> dict[int, str]:
    """Line number and title of every mark. A mark inside a string is text, which only the tokenizer knows."""
    found: dict[int, str] = {}
    if not any(map(_MARK.match, lines)):  # as in most; the tokenizer takes long, and this is waited for
        return found
    try:
        for token in tokenize.generate_tokens(io.StringIO("\n".join(lines)).readline):
            if token.type == tokenize.COMMENT and token.start[1] == 0 and (mark := _MARK.match(token.string)):
                found[token.start[0]] = mark[1].strip()
        return found
    except (tokenize.TokenError, SyntaxError):
        # A part is broken; the others should still run, so the lines decide.
        return {n: mark[1].strip() for n, line in enumerate(lines, 1) if (mark := _MARK.match(line))}


def _does_something(text: str) -> bool:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return True
    return len(tree.body) > (ast.get_docstring(tree, clean=False) is not None)


def _is_docstring(tree: ast.Module, part: Part) -> bool:
    return part.first == 1 and len(tree.body) == 1 and ast.get_docstring(tree, clean=False) is not None


def _silenced(last: ast.Expr, lines: list[str]) -> bool:
    """A semicolon after the last expression hides its value, as in a notebook."""
    line = lines[(last.end_lineno or 0) - 1].encode(errors="replace")
    return line[last.end_col_offset or 0 :].lstrip().startswith(b";")


def _parse(lines: list[str]) -> tuple[ast.Module, list[str]]:
    """The tree, and the notebook commands that had to be taken out of `lines` for there to be one."""
    commands: list[str] = []
    while True:
        try:
            return ast.parse("\n".join(lines), PROGRAM), commands
        except SyntaxError as error:
            # Only where Python itself stumbles: a line of an expression may well begin with a percent sign.
            at = (error.lineno or 0) - 1
            command = _COMMAND.match(lines[at]) if 0 <= at < len(lines) else None
            if command is None:
                raise
            commands.append(lines[at].strip())
            lines[at] = command[1] + "pass" if command[1] else ""
