"""Objects of a program while its shapes are worked out: a Sequential, and instances of its own classes."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final

from engine.dtypes import dtype
from engine.nn.modules.module import Module
from engine.nn.parameter import Parameter
from engine.tensor import Tensor
from playground.protocol import Block
from playground.worker.parsing import bounds
from playground.worker.parsing.arguments import parts_of
from playground.worker.parsing.evaluate import UNKNOWN, Names
from playground.worker.parsing.scope import Function

_OBJECT: Final = (int, float, complex, dtype, str, tuple, list, Module)


class Chain:
    """A Sequential, whose layers are run one by one."""

    def __init__(self, layers: list[tuple[Any, Block | None]]) -> None:
        self.layers = layers

    def parameters(self) -> list[Any]:
        return [one for layer, _ in self.layers for one in _own_parameters(layer)]


class Made:
    """An object of one of the program's own classes."""

    def __init__(self, function: Function, members: Names) -> None:
        self.function = function
        self.members = members

    def parameters(self) -> list[Any]:
        return [one for value in self.members.values.values() for one in _own_parameters(value)]


def is_parameters(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "parameters"
        and not parts_of(node)
    )


def parameters(value: Any) -> Any:
    """What ``value.parameters()`` gives, in a list."""
    return _own_parameters(value) if isinstance(value, Chain | Made | Module) else UNKNOWN


def _own_parameters(value: Any) -> list[Any]:
    if isinstance(value, Chain | Made | Module):
        return list(value.parameters())
    return [value] if isinstance(value, Parameter) else []


def part(of: Any, name: str) -> Any:
    """An attribute of a layer or an object."""
    if isinstance(of, Made):
        return of.members.values.get(f"{of.function.owner}.{name}", UNKNOWN)
    if not isinstance(of, Module | Tensor) or name.startswith("_"):
        return UNKNOWN
    found = getattr(of, name, UNKNOWN)
    return found if isinstance(found, (Tensor, *_OBJECT)) else UNKNOWN


def has_object(given: Any) -> bool:
    """Whether there is something among the values that no operation takes."""
    return any(isinstance(one, Chain | Made | Function) for one in bounds.flat(given))


def fill(
    arguments: ast.arguments,
    names: tuple[str, ...],
    args: list[Any],
    kwargs: dict[str, Any],
    into: Names,
    value: Callable[[ast.expr, Names], Any],
    outer: Names,
) -> bool:
    """Bind the parameters of an own function. False if the arguments do not fit them."""
    given = dict(zip(names, args, strict=False)) | kwargs
    if len(args) > len(names) or set(kwargs) - set(names) or set(names[: len(args)]) & set(kwargs):
        return False
    every = [a.arg for a in [*arguments.posonlyargs, *arguments.args]]
    late = every[len(every) - len(arguments.defaults) :]
    defaults: dict[str, ast.expr] = dict(zip(late, arguments.defaults, strict=True))
    defaults |= {
        a.arg: d for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is not None
    }
    for name in names:
        if name in given:
            into.values[name] = given[name]
        elif name in defaults:
            into.values[name] = value(defaults[name], outer)
        else:
            return False
    return True


def misses(function: Function) -> str:
    return f"`{function.name}` takes {', '.join(f'`{name}`' for name in function.takes) or 'nothing'}."
