"""What names stand for while a program is read."""

from __future__ import annotations

import ast

import msgspec

from playground.protocol import BlockArgument, Wire
from playground.worker.parsing.arguments import Given
from playground.worker.parsing.palette import Entry


class Imported(msgspec.Struct, frozen=True):
    path: str
    """``torch.nn``"""


class Value(msgspec.Struct, frozen=True):
    """The value of a block."""

    wire: Wire
    kind: str = "tensor"
    """``tensor``; ``number``: a Python number, known from the text; ``unknown``: what code makes."""


class Plain(msgspec.Struct, frozen=True):
    """A Python value that no wire carries: a parameter of ``__init__``, a loop's counter."""


class Function(msgspec.Struct):
    """A function or class of the program's own that is shown."""

    name: str
    block: int
    init: ast.FunctionDef | None
    forward: ast.FunctionDef
    is_class: bool
    owner: str = ""
    """What ``forward`` calls the object: ``self``."""
    outputs: list[str] = []
    """Names of what it returns."""
    ports: dict[str, int] = {}
    """The blocks of its parameters."""

    @property
    def makes(self) -> tuple[str, ...]:
        """Parameters of making an object."""
        return _names(self.init)[1:] if self.init else ()

    @property
    def takes(self) -> tuple[str, ...]:
        """Parameters of a call."""
        return _names(self.forward)[1:] if self.is_class else _names(self.forward)


class Instance(msgspec.Struct):
    """A layer, a loss, an optimizer or an object of a class: made once, then called."""

    name: str
    key: str
    statement: int
    node: ast.Call
    arguments: list[BlockArgument]
    """Of its definition."""
    entry: Entry | None = None
    function: Function | None = None
    path: str = ""
    """What makes it, as imports name it."""
    blocks: list[int] = []
    inside: list[int] = []
    """Blocks of its layers, if it is a Sequential."""


class Site(msgspec.Struct, frozen=True):
    """An expression that is a block: which one, and what it calls as it is written."""

    block: int
    node: ast.expr
    entry: Entry | None
    path: str = ""
    """``torch.nn.functional.relu``; empty for operators, methods and objects."""
    given: tuple[Given, ...] = ()
    instance: Instance | None = None
    function: Function | None = None


Binding = Imported | Value | Plain | Function | Instance


class Scope:
    """The names of the program or of one function in it."""

    def __init__(
        self, outer: Scope | None = None, prefix: str = "", parent: int = -1, owner: str = ""
    ) -> None:
        self.outer = outer
        self.prefix = prefix
        """Of the keys of blocks in it: ``Net.``"""
        self.parent = parent
        """The block it is inside."""
        self.owner = owner
        self.names: dict[str, Binding | None] = {}

    def get(self, name: str) -> Binding | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None


def _names(function: ast.FunctionDef) -> tuple[str, ...]:
    arguments = function.args
    return tuple(a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs])
