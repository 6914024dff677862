"""Nested tuples, lists and dictionaries of tensors, as arguments and results of functions: "pytrees"."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from engine.tensor import Tensor

_CONTAINERS = (tuple, list, dict, OrderedDict)


def children(value: Any) -> list[Any] | None:
    """What a container holds, in order; None for a leaf."""
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, (tuple, list)) and type(value).__name__ != "Size" else None


def rebuild(like: Any, values: list[Any]) -> Any:
    """A container like `like` that holds `values`."""
    if isinstance(like, dict):
        return type(like)(zip(like, values, strict=True))
    return type(like)(*values) if hasattr(like, "_fields") else type(like)(values)


def leaves(value: Any) -> list[Any]:
    """All leaves, in order."""
    held = children(value)
    return [value] if held is None else [leaf for v in held for leaf in leaves(v)]


def unflatten(like: Any, values: Iterator[Any]) -> Any:
    """`like` with its leaves taken from `values`."""
    held = children(like)
    return next(values) if held is None else rebuild(like, [unflatten(v, values) for v in held])


def each(function: Callable[[Any], Any], value: Any) -> Any:
    """`value` with `function` applied to every leaf."""
    return unflatten(value, iter([function(leaf) for leaf in leaves(value)]))


def each_tensor(function: Callable[[Tensor], Any], value: Any) -> Any:
    """`value` with `function` applied to its tensors."""
    return each(lambda leaf: function(leaf) if isinstance(leaf, Tensor) else leaf, value)


def same(a: Any, b: Any) -> bool:
    """Whether two have the same structure."""
    x, y = children(a), children(b)
    if x is None or y is None:
        return x is None and y is None
    if type(a) is not type(b) or len(x) != len(y) or (isinstance(a, dict) and list(a) != list(b)):
        return False
    return all(same(u, v) for u, v in zip(x, y, strict=True))


def broadcast(prefix: Any, value: Any) -> list[Any] | None:
    """One entry of `prefix` for each leaf of `value`: a leaf of `prefix` stands for all below it. None if it does not
    fit."""
    held, given = children(value), children(prefix)
    if given is None:
        return [prefix] * len(leaves(value))
    if held is None or type(prefix) is not type(value) or len(held) != len(given):
        return None
    if isinstance(prefix, dict) and list(prefix) != list(value):
        return None
    result: list[Any] = []
    for p, v in zip(given, held, strict=True):
        part = broadcast(p, v)
        if part is None:
            return None
        result += part
    return result


def spec(value: Any, indent: int = 0) -> str:
    """``TreeSpec(tuple, None, [*])``: the structure as PyTorch's errors show it."""
    held = children(value)
    if held is None:
        return "*"
    context = list(value) if isinstance(value, dict) else None
    inner = (",\n" + " " * (indent + 2)).join(spec(v, indent + 2) for v in held)
    return f"TreeSpec({type(value).__name__}, {context}, [{inner}])"


def brief(value: Any) -> str:
    """``(*, *)``: the structure in short."""
    held = children(value)
    if held is None:
        return "*"
    parts = [brief(v) for v in held]
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {p}" for k, p in zip(value, parts, strict=True)) + "}"
    text = ", ".join(parts) + ("," if isinstance(value, tuple) and len(parts) == 1 else "")
    return f"({text})" if isinstance(value, tuple) else f"[{text}]"
