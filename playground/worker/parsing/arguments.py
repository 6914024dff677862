"""What a call gives to which parameter."""

from __future__ import annotations

import ast
from typing import Final

from playground.worker.parsing import palette
from playground.worker.parsing.palette import Place, Signature
from playground.worker.parsing.reasons import NotBlocks, expression

Given = tuple[str, list[ast.expr]]
"""A parameter and the expressions that stand for it: several only where it takes any number."""

_RENAMED: Final = {
    "axis": "dim",
    "keepdims": "keepdim",
    "self": "input",
    "positional": "size",
    "args": "objects",
}


def given_to(node: ast.Call, type_: str, place: Place) -> list[Given]:
    """What a call of an entry of the palette gives, by parameter.

    Raises:
        AttributeError: there is no such function.
    """
    return bind(node, palette.signature(type_, place))


def bind(node: ast.Call, signature: Signature) -> list[Given]:
    """What a call gives, by the parameters of `signature`; what fits none goes by its position."""
    names = signature.names(len(node.args))
    given: list[Given] = []
    for position, value in enumerate(node.args):
        if position < len(names):
            given.append((_RENAMED.get(names[position], names[position]), [value]))
        elif signature.rest:
            rest = _RENAMED.get(signature.rest, signature.rest)
            given.append((rest, list(node.args[position:])))
            break
        else:
            given.append((str(position), [value]))
    known = {name for name, _ in given} | set(signature.positional)
    for keyword in node.keywords:
        name = keyword.arg or ""
        given.append((name if name in known else _RENAMED.get(name, name), [keyword.value]))
    return given


def check_stars(node: ast.Call) -> None:
    """Raises `NotBlocks` if a call unpacks arguments with a star."""
    for part in node.args:
        if isinstance(part, ast.Starred):
            raise NotBlocks(expression(part), part)
    if any(keyword.arg is None for keyword in node.keywords):
        raise NotBlocks("Arguments unpacked with two stars.", node)


def parts_of(node: ast.Call) -> list[ast.expr]:
    """The arguments of a call, those given by name last."""
    return [*node.args, *(keyword.value for keyword in node.keywords)]
