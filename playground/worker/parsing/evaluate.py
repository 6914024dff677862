"""Values of expressions that are no blocks: numbers, lists, slices, names. Nothing else is ever evaluated."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any, Final

import engine
from engine.dtypes import dtype
from engine.tensor import Tensor
from playground.worker.parsing import bounds

_BINARY: Final[dict[type, Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: Final[dict[type, Callable[[Any], Any]]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Invert: operator.invert,
}
_CALLS: Final[dict[str, Callable[..., Any]]] = {
    "int": int,
    "float": float,
    "abs": abs,
    "min": min,
    "max": max,
    "round": round,
    "bool": bool,
}
_METHODS: Final = frozenset({"size", "numel", "dim"})
_LONGEST: Final = 10_000
_Number = int | float | complex


class Unknown:
    """A value that only running the program would give."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


class Library:
    """A name that an import binds."""

    def __init__(self, path: str) -> None:
        self.path = path


class Names:
    """What names stand for while shapes are worked out."""

    def __init__(self, outer: Names | None = None) -> None:
        self.outer = outer
        self.values: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        names: Names | None = self
        while names is not None:
            if name in names.values:
                return names.values[name]
            names = names.outer
        return UNKNOWN


def known(value: Any) -> bool:
    """Whether nothing in a value is unknown."""
    return not any(one is UNKNOWN or isinstance(one, Library) for one in bounds.flat(value))


def imported(node: ast.expr, names: Names) -> str:
    """The full name of what comes from an import; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    value = names.get(node.id) if isinstance(node, ast.Name) else None
    return ".".join([value.path, *reversed(parts)]) if isinstance(value, Library) else ""


def constant(path: str) -> Any:
    """``torch.float32``, ``torch.pi``, ``math.inf``: a number or a dtype by its full name."""
    head, _, name = path.rpartition(".")
    owner = {"torch": engine, "math": math, "numpy": math}.get(head)
    value = getattr(owner, name, UNKNOWN) if owner is not None else UNKNOWN
    return value if isinstance(value, _Number | dtype) else UNKNOWN


def plain(node: ast.expr, names: Names, value: Callable[[ast.expr, Names], Any]) -> Any:
    """The value of an expression that is no block; `value` gives that of its parts."""
    match node:
        case ast.Constant(value=found):
            return UNKNOWN if found is Ellipsis else found
        case ast.Name(id=name):
            return names.get(name)
        case ast.List(elts=parts):
            return [value(part, names) for part in parts]
        case ast.Tuple(elts=parts):
            return tuple(Ellipsis if _is_dots(part) else value(part, names) for part in parts)
        case ast.Dict(keys=keys, values=values) if all(isinstance(key, ast.Constant) for key in keys):
            return {key.value: value(one, names) for key, one in zip(keys, values, strict=True)}  # type: ignore[union-attr]
        case ast.Slice(lower=lower, upper=upper, step=step):
            ends = [None if part is None else value(part, names) for part in (lower, upper, step)]
            return slice(*ends) if known(ends) else UNKNOWN
        case ast.UnaryOp(op=op, operand=operand):
            return _number(_UNARY[type(op)], value(operand, names))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _binary(type(op), value(left, names), value(right, names))
        case ast.Attribute(attr=name):
            if path := imported(node, names):
                found = constant(path)
                return Library(path) if found is UNKNOWN else found
            of = value(node.value, names)
            return of.shape if isinstance(of, Tensor) and name == "shape" else UNKNOWN
        case ast.Subscript(value=of, slice=index):
            return _picked(value(of, names), value(index, names))
        case ast.Call(func=function, args=args, keywords=[]):
            return _called(function, [value(part, names) for part in args], names, value)
    return UNKNOWN


def _is_dots(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def _number(function: Callable[..., Any], *values: Any) -> Any:
    if not all(isinstance(value, _Number) for value in values):
        return UNKNOWN
    try:
        return function(*values)
    except (ArithmeticError, ValueError, TypeError):
        return UNKNOWN


def _binary(op: type, left: Any, right: Any) -> Any:
    small = bounds.power(left, right) if op is ast.Pow else op is not ast.Mult or bounds.product(left, right)
    return _number(_BINARY[op], left, right) if small else UNKNOWN


def _picked(of: Any, index: Any) -> Any:
    if isinstance(of, list | tuple | dict) and isinstance(index, int | str | slice):
        try:
            return of[index]  # type: ignore[index]
        except (LookupError, TypeError):
            return UNKNOWN
    return UNKNOWN


def _called(
    function: ast.expr, args: list[Any], names: Names, value: Callable[[ast.expr, Names], Any]
) -> Any:
    if not known(args):
        return UNKNOWN
    if isinstance(function, ast.Name):
        if function.id == "len" and len(args) == 1:
            countable = isinstance(args[0], list | tuple | str) or (
                isinstance(args[0], Tensor) and args[0].ndim
            )
            return len(args[0]) if countable else UNKNOWN
        return _number(_CALLS[function.id], *args) if function.id in _CALLS else UNKNOWN
    if isinstance(function, ast.Attribute):
        path = imported(function, names)
        if path.startswith("math."):
            found = getattr(math, path.removeprefix("math."), None)
            large = path in ("math.factorial", "math.comb", "math.perm", "math.pow", "math.ldexp")
            return _number(found, *args) if callable(found) and not large else UNKNOWN
        of = value(function.value, names)
        if isinstance(of, Tensor) and function.attr in _METHODS:
            try:
                return getattr(of, function.attr)(*args)
            except (IndexError, TypeError):
                return UNKNOWN
    return UNKNOWN


def first(values: Any) -> Any:
    """What a loop begins with; of a range it does not matter which number."""
    if values is UNKNOWN:
        return UNKNOWN
    if isinstance(values, Tensor):
        return values[0] if values.ndim and values.shape[0] else UNKNOWN
    return values[0] if isinstance(values, tuple | list) and values else UNKNOWN
