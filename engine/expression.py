"""A derivative rule as one expression, so that it can be compiled into the place where it is called.

``lambda F, g, other: g / other`` is called once a node in every backward pass, and a call costs a fifth of what the
division does. Many rules are arithmetic on their parameters: those are run once on symbols, which write down what is
done to them.
"""

from __future__ import annotations

import dis
from collections.abc import Callable
from typing import Any

__all__ = ["expression"]


class _NoExpression(Exception):
    """The rule does something that a symbol cannot write down."""


def _text(value: Any) -> str:
    if isinstance(value, _Symbol):
        return value.text
    if type(value) in (int, float):
        return repr(value)
    raise _NoExpression


class _Symbol:
    """Stands for an array; what is done to it becomes `text`."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __neg__(self) -> _Symbol:
        return _Symbol(f"(-{self.text})")

    def __bool__(self) -> bool:
        raise _NoExpression

    def __getattr__(self, name: str) -> Any:
        raise _NoExpression

    def __getitem__(self, key: Any) -> Any:
        raise _NoExpression


def _binary(symbol: str, swapped: bool) -> Callable[[_Symbol, Any], _Symbol]:
    def call(self: _Symbol, other: Any) -> _Symbol:
        left, right = (_text(other), self.text) if swapped else (self.text, _text(other))
        return _Symbol(f"({left} {symbol} {right})")

    return call


for _name, _symbol in (("add", "+"), ("sub", "-"), ("mul", "*"), ("truediv", "/"), ("pow", "**")):
    setattr(_Symbol, f"__{_name}__", _binary(_symbol, False))
    setattr(_Symbol, f"__r{_name}__", _binary(_symbol, True))


class _Functions:
    """Stands for ``F``."""

    def __getattr__(self, name: str) -> Any:
        return _Function(name)


class _Function:
    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *args: Any) -> _Symbol:
        return _Symbol(f"F.{self.name}({', '.join(map(_text, args))})")

    def __bool__(self) -> bool:
        raise _NoExpression


def expression(rule: Callable[..., Any], names: list[str]) -> str | None:
    """The text of what `rule` returns for ``F``, ``g`` and arrays of these `names`; None if it is no such expression.

    A rule that calls helpers is none: they may ask what they are given, and a symbol is neither an array nor a Tensor.
    Neither is one that asks whether something is None: a symbol never is.
    """
    refused = ("LOAD_GLOBAL", "LOAD_DEREF", "LOAD_CLOSURE", "IS_OP")
    if any(i.opname in refused or i.opname.endswith("NONE") for i in dis.get_instructions(rule)):
        return None
    try:
        return _text(rule(_Functions(), _Symbol("g"), *map(_Symbol, names)))
    except (_NoExpression, TypeError):
        return None
