"""A program's text and places in it: Python counts bytes of a line, a browser UTF-16 code units of the whole."""

from __future__ import annotations

import ast
import re
from bisect import bisect_left

from playground.protocol import Stretch

_LINE_END = re.compile(r"\r\n|\r|\n")
_BLANK = re.compile(r"(?:[ \t\f]|\\(?:\r\n|\r|\n))*")
_COMMENT = re.compile(r"#[^\r\n]*")
_STRING = re.compile(r"[A-Za-z]*('''|\"\"\"|'|\")")
_COMMAND = re.compile(r"([ \t]*)[%!]")
_COMMANDS = 20
"""Notebook commands that are looked for: each is another attempt to parse the program."""


class Source:
    """The text of a program. An offset is an index into the Python string unless it says otherwise."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.starts = [0, *(match.end() for match in _LINE_END.finditer(code))]
        """Where each line begins."""
        self._ascii = code.isascii()
        self._wide = [] if self._ascii else [at for at, c in enumerate(code) if c > "\uffff"]
        self.commands: set[int] = set()
        """Lines (1-based) that are notebook commands."""

    def parse(self) -> ast.Module:
        """The program's tree. Notebook commands (``%matplotlib inline``) stand in it as the expression ``0``.

        Raises:
            SyntaxError, ValueError, MemoryError, RecursionError: as Python's parser does.
        """
        code = self.code
        while True:
            try:
                return ast.parse(code)
            except SyntaxError as error:
                # Only where Python itself stumbles: a line of an expression may well begin with a percent sign.
                line = error.lineno or 0
                if (
                    not 0 < line <= len(self.starts)
                    or line in self.commands
                    or len(self.commands) >= _COMMANDS
                ):
                    raise
                start, end = self.starts[line - 1], self.line_end(self.starts[line - 1])
                command = _COMMAND.match(code, start, end)
                if command is None:
                    raise
                self.commands.add(line)
                code = code[: command.end() - 1] + "0" + " " * (end - command.end()) + code[end:]

    def at(self, line: int, column: int) -> int:
        """The offset of what Python's tree calls a line (1-based) and a column (bytes of UTF-8)."""
        start = self.starts[line - 1]
        if self._ascii:
            return start + column
        end = self.starts[line] if line < len(self.starts) else len(self.code)
        text = self.code[start:end]
        return start + (column if text.isascii() else len(text.encode()[:column].decode(errors="ignore")))

    def start(self, node: ast.AST) -> int:
        """Where a node begins; a class or function at its first decorator's ``@``."""
        decorators = getattr(node, "decorator_list", None)
        if decorators:
            first = self.at(decorators[0].lineno, decorators[0].col_offset)
            return self.code.rfind("@", 0, first)
        return self.at(node.lineno, node.col_offset)  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        return self.at(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def statement_end(self, node: ast.stmt) -> int:
        end = self.end(node)
        return self.line_end(end) if node.lineno in self.commands else end

    def text(self, node: ast.AST) -> str:
        return self.code[self.start(node) : self.end(node)]

    def units(self, offset: int) -> int:
        """An offset in UTF-16 code units."""
        return offset + bisect_left(self._wide, offset)

    def stretch(self, start: int, end: int) -> Stretch:
        return Stretch(self.units(start), self.units(end))

    def span(self, node: ast.AST) -> Stretch:
        return self.stretch(self.start(node), self.end(node))

    def line_of(self, offset: int) -> int:
        """1-based."""
        return bisect_left(self.starts, offset + 1)

    def line_end(self, offset: int) -> int:
        """Where the line of an offset ends, before its line break."""
        found = _LINE_END.search(self.code, offset)
        return found.start() if found else len(self.code)

    def blank(self, offset: int) -> int:
        """Past spaces, and line breaks after a backslash."""
        found = _BLANK.match(self.code, offset)
        return found.end() if found else offset

    def past_line(self, offset: int) -> int:
        """Past the rest of a line that holds nothing more than a comment, with its line break; or `offset` itself."""
        at = self.blank(offset)
        if comment := _COMMENT.match(self.code, at):
            at = comment.end()
        if at == len(self.code):
            return at
        found = _LINE_END.match(self.code, at)
        return found.end() if found else offset

    def past_statement(self, end: int) -> int:
        """Where what belongs to a statement's last line ends: after its semicolon if another follows on the line, else
        after the line break."""
        at = self.blank(end)
        if at < len(self.code) and self.code[at] == ";":
            past = self.past_line(at + 1)
            return past if past != at + 1 else at + 1
        return self.past_line(end)

    def body_start(self, node: ast.stmt, body: list[ast.stmt]) -> int | None:
        """Where the body of a compound statement begins: the line after its head, or the place after the colon.

        None: not found, for a head that is too strange.
        """
        code, at = self.code, self.at(node.lineno, node.col_offset)
        limit, depth = self.start(body[0]), 0
        while at < limit:
            c = code[at]
            if c == "#":
                at = self.line_end(at)
                continue
            if c in "'\"" and (string := _STRING.match(code, at)):
                at = self._past_string(string)
                continue
            depth += (c in "([{") - (c in ")]}")
            at += 1
            if c == ":" and depth == 0:
                past = self.past_line(at)
                return past if past <= limit else None
        return None

    def _past_string(self, opening: re.Match[str]) -> int:
        quote, at = opening[1], opening.end()
        while at < len(self.code):
            if self.code[at] == "\\":
                at += 2
            elif self.code.startswith(quote, at):
                return at + len(quote)
            else:
                at += 1
        return at

    def deeper_comments(self, offset: int, column: int) -> int:
        """Past comment lines that are indented further than `column`: they belong to the block that ends here."""
        while True:
            end = self.line_end(offset)
            line = self.code[offset:end]
            text = line.lstrip(" \t\f")
            if not text.startswith("#") or len(line) - len(text) <= column:
                return offset
            past = self.past_line(offset)
            if past == offset:
                return offset
            offset = past

    def wholes(self, body: list[ast.stmt], start: int, end: int) -> list[tuple[int, int]]:
        """For each statement the text that is its own, the comments before it and the end of its line with it.

        Together they are the text from `start` to `end`.
        """
        found = []
        at = start
        for node in body:
            past = self.past_statement(self.statement_end(node))
            if _has_body(node):
                past = self.deeper_comments(past, node.col_offset) if self._on_new_line(past) else past
            past = max(past, at)
            found.append((at, past))
            at = past
        if found:
            found[-1] = (found[-1][0], end)
        return found

    def _on_new_line(self, offset: int) -> bool:
        return offset > 0 and self.code[offset - 1] in "\r\n"


def _has_body(node: ast.stmt) -> bool:
    return hasattr(node, "body")
