"""The module ``data`` of programs: small sets made by rule, and the table of the person's own."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import engine
from engine.state import unobserved
from playground.protocol import UserData
from playground.worker.data.table import contents

NAME = "data"
SOURCE = Path(__file__).with_name("sets.py")

_CODE = compile(SOURCE.read_text(encoding="utf-8"), f"{NAME}.py", "exec", dont_inherit=True)
"""Read before the process is sealed; run anew for each program, which may change what it finds."""

OF_THE_TABLE = {
    "X": "The features of your own table, (rows, columns), float32.",
    "y": "The target column of your own table: int64 classes, or float32 numbers of shape (rows, 1).",
    "X_test": "The features of the rows that were set aside for testing.",
    "y_test": "The target of the rows that were set aside for testing.",
    "columns": "The names of the columns of data.X.",
    "classes": "What the numbers in data.y stand for, if the target is a category.",
}
"""What a program finds in ``data`` beside the sets, if it came with a table."""


def make(table: UserData | None = None) -> ModuleType:
    """The module as a program gets it. The table is read when the program first asks for a part of it."""
    module = ModuleType(NAME)
    before = sys.modules.get("torch")
    sys.modules["torch"] = engine
    try:
        exec(_CODE, module.__dict__)  # noqa: S102 (our own file)
    finally:
        if before is None:
            del sys.modules["torch"]
        else:
            sys.modules["torch"] = before
    for name in module.__all__:
        value = getattr(module, name)
        if isinstance(value, FunctionType):
            setattr(module, name, _in_one_piece(value))

    def missing(name: str) -> Any:
        if name not in OF_THE_TABLE:
            raise AttributeError(f"module {NAME!r} has no attribute {name!r}", name=name, obj=module)
        if table is None:
            raise AttributeError(_NO_TABLE.format(name), name=name, obj=module)
        with unobserved():
            parts = contents(table)
        module.__dict__.update(parts)
        if name not in parts:
            raise AttributeError(_NOTHING_ASIDE.format(name), name=name, obj=module)
        return parts[name]

    module.__dict__["__getattr__"] = missing
    return module


def install(table: UserData | None = None) -> None:
    """Make ``import data`` give this, for one program."""
    sys.modules[NAME] = make(table)


_NO_TABLE = (
    "data.{} is of a table of your own, and this program came without one. Add one with Data on the page, or use one "
    "of the sets that are made here, such as data.moons()"
)
_NOTHING_ASIDE = (
    "data.{} is of the rows that are set aside for testing, and none are. Choose a part for testing with Data on the "
    "page, or use data.split(data.X, data.y)"
)


def _in_one_piece(function: Callable[..., Any]) -> Callable[..., Any]:
    """Its tensors are where the program's graph begins: how they are drawn is not a part of that."""

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        with unobserved():
            return function(*args, **options)

    return call
