"""Which call of a function and which iteration of a loop a program is in: counted by the program itself.

Every function and every loop of a program gets one statement more at the beginning of its body, and every loop one
before it. A loop's adds to a number in a list, about 30 ns; a function's calls `_begin`, about 150 ns, and only
that can tell a call from the next one that happens to lie at the same address. Nothing else about a program changes:
the statements have the positions of those that follow them, and names that no program can write.

The numbers belong to the code, so they would be mixed up where one function runs twice at the same time: in itself, or
as a generator that waits. The first time that happens (`_begin` looks for the function among the callers), the
list is replaced by `Apart`, which counts for each frame, at five times the price; generators have it from the start.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from types import CodeType, FrameType
from typing import Any, Literal

from playground.worker.lengths import length_of

_TICKS, _BEGIN, _OVER = "<ticks>", "<begin>", "<over>"
"""Names among Python's built-in ones; no program can write them."""
_BEGINNINGS = count(1 << 40, 1 << 40)
"""What calls begin to count at where each counts for itself: far apart, so that none can be taken for another."""
_SUSPENDED = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

Position = tuple[int, int]
"""Line, and column in bytes of UTF-8."""
Entry = tuple[Any, ...]
"""A step into a block: the block and which time it is; of a function also the line where it was called."""


class Block:
    """A part of the program: a function's body, a loop (that is, the head of a ``while``), or the body of a loop."""

    __slots__ = ("at", "chain", "counters", "function", "kind", "line", "name", "row", "start")

    def __init__(
        self, kind: Literal["function", "loop", "iteration"], name: str, line: int, at: int, row: list[int]
    ) -> None:
        self.kind = kind
        self.name = name
        self.line = line
        self.at = at
        """The place in `row` of the number that changes when it begins anew."""
        self.row = row
        self.start = at + 1 if kind == "iteration" else 0
        """Of a loop's body: the place of what the number was when the loop began."""
        self.counters: frozenset[str] = frozenset()
        """Of a loop's body: the variables that the loop itself binds."""
        self.chain: tuple[tuple[Block, Block | None], ...] = ()
        """The loops around it in the same function, outermost first, itself included; and their bodies, if inside."""
        self.function: Function

    def length(self) -> int | None:
        """Of a loop's body: how many times it will run in all, as far as that could be told when the loop began."""
        return _LENGTHS.get((self.function.number, self.at))

    def steps(self, counts: Sequence[int]) -> tuple[Entry, ...]:
        """From its function to it, by what has been counted."""
        found: list[Entry] = []
        for loop, body in self.chain:
            run = counts[loop.at]
            found.append((loop, run))
            if body is not None:
                found.append((body, counts[body.at] - run - 1))
        return tuple(found)


class Function(Block):
    """A function, a class or the top of a cell: what has a frame of its own."""

    __slots__ = ("apart", "has_scope", "last", "loops", "loose", "number")

    def __init__(self, name: str, line: int, number: int, has_scope: bool) -> None:
        super().__init__("function", name, line, 0, [0])
        self.function = self
        self.number = number
        self.has_scope = has_scope
        self.loose = False
        """Its counts do not tell where it is called: a generator or a coroutine may go on somewhere else than where it
        began, and a class's body counts no calls."""
        self.loops: list[tuple[Position, Position, Block]] = []
        """From where to where, outer ones first."""
        self.last = 0
        """The address of the frame that began last."""
        self.apart: dict[int, list[int]] | None = None
        """What each frame has counted, by its address, if more than one may be at it."""

    def at_position(self, position: Position) -> Block:
        """The innermost block there."""
        found: Block = self
        for start, end, block in self.loops:
            if start <= position < end:
                found = block
        return found

    def tell(self, body: Block | None, told: Callable[[], None] | None) -> None:
        """Call `told` whenever another iteration of the loop with that body begins, until another is told of, or none.

        It is not told of where each frame counts for itself (`apart`).
        """
        if self.apart is None:
            row = list(self.row) if body is None or told is None else Telling(self.row, body.at, told)
            _ROWS[self.number] = self.row = row
            for _, _, block in self.loops:
                block.row = row

    def counts(self, frame: FrameType) -> Sequence[int]:
        """What has been counted for a frame of this function."""
        if self.apart is None:
            return self.row
        return self.apart.get(id(frame)) or self.row


class Apart(list[int]):
    """Counts for each frame; its own numbers only ever grow, to tell that something has changed."""

    __slots__ = ("_frames",)

    def __init__(self, row: Sequence[int], frames: dict[int, list[int]]) -> None:
        super().__init__(row)
        self._frames = frames

    def __setitem__(self, at: Any, value: Any) -> None:
        """What `_tick` and `_start` make the program do."""
        super().__setitem__(at, value)
        counts = self._frames[id(sys._getframe(1))]
        if at % 2:
            counts[at] += 1
        else:
            counts[at] = counts[at - 1] + 1  # and then the one before it is told, too


class Telling(list[int]):
    """Counts, and tells when one loop comes round. What the program waits for is one call more."""

    __slots__ = ("_at", "_told")

    def __init__(self, row: Sequence[int], at: int, told: Callable[[], None]) -> None:
        super().__init__(row)
        self._at = at
        self._told = told

    def __setitem__(self, at: Any, value: Any) -> None:
        """What `_tick` and `_start` make the program do."""
        super().__setitem__(at, value)
        if at == self._at:
            self._told()


_ROWS: list[list[int]] = []
_FUNCTIONS: list[Function] = []
"""By number. Of the whole process: something of an earlier program may be left, as a ``__del__``, and counts too."""
_LENGTHS: dict[tuple[int, int], int | None] = {}
"""How long the loops are that have begun, by number of the function and place in its row."""


class Blocks:
    """All blocks of a program. `instrument` a tree, compile it, then `learn` the code."""

    def __init__(self) -> None:
        self._by_code: dict[int, tuple[CodeType, Function]] = {}
        builtins.__dict__.update({_TICKS: _ROWS, _BEGIN: _begin, _OVER: _over})

    def of(self, code: CodeType) -> Function | None:
        """The function whose code it is; None for lambdas and comprehensions, which are part of what is around them."""
        found = self._by_code.get(id(code))
        return None if found is None else found[1]

    # --- Beforehand --------------------------------------------------------------------------------------------------

    def instrument(self, tree: ast.Module, lines: list[str]) -> list[Function]:
        """Put the statements in; `lines` are the text. Returns the functions, the first of which is the tree itself.

        Expressions are not looked into, and nothing here is recursive: a tree may be deeper than Python's stack.
        """
        functions = [_function("<module>", 0, False)]
        waiting: list[tuple[list[ast.stmt], Block]] = [(tree.body, functions[0])]
        while waiting:
            body, around = waiting.pop()
            changed: list[ast.stmt] = []
            for statement in body:
                match statement:
                    case ast.FunctionDef() | ast.AsyncFunctionDef():
                        functions.append(
                            _function(statement.name, _first_line(statement), statement.name != "__init__")
                        )
                        waiting.append((statement.body, functions[-1]))
                        _insert(statement.body, _beginning(functions[-1].number))
                    case ast.ClassDef():
                        functions.append(_function(statement.name, _first_line(statement), False))
                        functions[-1].loose = True
                        waiting.append((statement.body, functions[-1]))
                    case ast.For() | ast.AsyncFor() | ast.While():
                        inside = _loop(statement, around, lines)
                        waiting += [(statement.orelse, around), (statement.body, inside)]
                        number = inside.function.number
                        changed.append(_placed(_start(number, inside.at), statement))
                        statement.body.insert(0, _placed(_tick(number, inside.at), statement.body[0]))
                    case _:
                        waiting += [(part, around) for part in _parts(statement)]
                changed.append(statement)
            body[:] = changed
        return functions

    def learn(self, code: CodeType, functions: Iterable[Function]) -> None:
        """`code` is what `functions`, in whose place `instrument` put statements, were compiled to."""
        top, *others = functions
        self._by_code[id(code)] = code, top
        known = {(function.name, function.line): function for function in others}
        waiting = [code]
        while waiting:
            for constant in waiting.pop().co_consts:
                if isinstance(constant, CodeType):
                    waiting.append(constant)
                    function = known.get((constant.co_name, constant.co_firstlineno))
                    if function is not None:
                        self._by_code[id(constant)] = constant, function
                        if constant.co_flags & _SUSPENDED:
                            function.loose = True
                            _part(function, {})


def _function(name: str, line: int, has_scope: bool) -> Function:
    function = Function(name, line, len(_FUNCTIONS), has_scope)
    _FUNCTIONS.append(function)
    _ROWS.append(function.row)
    return function


def _begin(number: int) -> None:
    """A function of the program begins: the caller of this."""
    function = _FUNCTIONS[number]
    frame = sys._getframe(1)
    if function.apart is None:
        if function.last == id(frame) or (earlier := _running(frame)) is None:
            function.last = id(frame)
            function.row[0] += 1
            return
        _part(function, {id(earlier): list(function.row)})
    assert function.apart is not None
    began = next(_BEGINNINGS)
    function.apart[id(frame)] = [began] * len(function.row)
    list.__setitem__(function.row, 0, began)


def _over(number: int, at: int, iterable: Any) -> Any:
    """A ``for`` begins, over that: it is given back as it is."""
    _LENGTHS[number, at] = length_of(iterable)
    return iterable


def _part(function: Function, frames: dict[int, list[int]]) -> None:
    """From now on, let each frame count for itself; `frames` is what they have counted so far."""
    function.apart = frames
    _ROWS[function.number] = row = Apart(function.row, frames)
    function.row = row
    for _, _, block in function.loops:
        block.row = row


def _running(frame: FrameType) -> FrameType | None:
    """The caller, near or far, that runs the same code."""
    code = frame.f_code
    caller = frame.f_back
    while caller is not None and caller.f_code is not code:
        caller = caller.f_back
    return caller


def _loop(statement: ast.For | ast.AsyncFor | ast.While, around: Block, lines: list[str]) -> Block:
    """A new loop in its function: the block of its body."""
    function = around.function
    at = len(
        function.row
    )  # odd: for the number of iterations; the place after it is for what that was at the start
    function.row += [0, 0]
    counters: Iterable[str] = ()
    if isinstance(statement, ast.While):
        name = f"while {_text(statement.test, lines)}"
    else:
        name = f"for {_text(statement.target, lines)} in {_text(statement.iter, lines)}"
        counters = [node.id for node in ast.walk(statement.target) if isinstance(node, ast.Name)]
        if isinstance(statement, ast.AsyncFor):
            name = f"async {name}"
        else:
            _tell_length(statement, function.number, at)
    loop = Block("loop", name, statement.lineno, at + 1, function.row)
    body = Block("iteration", name, statement.lineno, at, function.row)
    body.counters = frozenset(counters)
    loop.function = body.function = function
    loop.chain = (*around.chain, (loop, None))
    body.chain = (*around.chain, (loop, body))
    if isinstance(statement, ast.While):
        function.loops.append((*_range(statement.test, statement.test), loop))
    function.loops.append((*_range(statement.body[0], statement.body[-1]), body))
    return body


def _tell_length(statement: ast.For, number: int, at: int) -> None:
    """Let the loop say, as it begins, what it is over: of ``enumerate(loader)`` the loader, which has a length."""
    outer: ast.For | ast.Call = statement
    inner = statement.iter
    while (
        isinstance(inner, ast.Call)
        and isinstance(inner.func, ast.Name)
        and inner.func.id == "enumerate"
        and inner.args
        and not isinstance(inner.args[0], ast.Starred)
    ):
        outer, inner = inner, inner.args[0]
    told = ast.copy_location(
        ast.Call(
            _named(_OVER, inner),
            [_number(number, inner), _number(at, inner), inner],
            [],
        ),
        inner,
    )
    if isinstance(outer, ast.For):
        outer.iter = told
    else:
        outer.args[0] = told


def _named(name: str, where: ast.expr) -> ast.expr:
    return ast.copy_location(ast.Name(name, ast.Load()), where)


def _number(number: int, where: ast.expr) -> ast.expr:
    return ast.copy_location(ast.Constant(number), where)


def _text(expression: ast.expr, lines: list[str]) -> str:
    """As it is written, on one line."""
    (line, column), (end_line, end_column) = _range(expression, expression)
    text = [line.encode(errors="replace") for line in lines[line - 1 : end_line]]
    text[-1] = text[-1][:end_column]
    text[0] = text[0][column:]
    return " ".join(b" ".join(text).decode(errors="replace").split())


def _range(first: ast.stmt | ast.expr, last: ast.stmt | ast.expr) -> tuple[Position, Position]:
    end = last.end_lineno or last.lineno, last.end_col_offset or last.col_offset
    decorators: list[ast.expr] = getattr(first, "decorator_list", [])
    return min((n.lineno, n.col_offset) for n in (first, *decorators)), end


def _first_line(statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    """As the code object has it."""
    return statement.decorator_list[0].lineno if statement.decorator_list else statement.lineno


def _parts(statement: ast.stmt) -> Iterable[list[ast.stmt]]:
    """The statements in a statement: those of ``if``, ``with``, ``try`` and ``match``."""
    for field in ("body", "orelse", "finalbody"):
        part = getattr(statement, field, None)
        if isinstance(part, list):
            yield part
    for field in ("handlers", "cases"):
        for part in getattr(statement, field, ()):
            yield part.body


def _insert(body: list[ast.stmt], statement: ast.stmt) -> None:
    """At the beginning of a function, after its docstring."""
    first = body[0]
    text = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    body.insert(1 if text else 0, _placed(statement, body[1] if text and len(body) > 1 else first))


def _placed(statement: ast.stmt, where: ast.stmt) -> ast.stmt:
    """All of a statement at the beginning of another."""
    for node in ast.walk(statement):
        if isinstance(node, (ast.stmt, ast.expr)):
            ast.copy_location(node, where)
    return statement


def _beginning(number: int) -> ast.stmt:
    return _made(f"begin({number})")


def _tick(number: int, at: int) -> ast.stmt:
    return _made(f"ticks[{number}][{at}] += 1")


def _start(number: int, at: int) -> ast.stmt:
    return _made(f"ticks[{number}][{at + 1}] = ticks[{number}][{at}] = ticks[{number}][{at}] + 1")


def _made(text: str) -> ast.stmt:
    (statement,) = ast.parse(text).body
    for node in ast.walk(statement):
        if isinstance(node, ast.Name):
            node.id = f"<{node.id}>"
    return statement
