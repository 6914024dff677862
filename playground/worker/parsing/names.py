"""What expressions are without being blocks: names, numbers, and what comes from an import."""

from __future__ import annotations

import ast
import builtins
import difflib
import keyword
from typing import Any, Final

from playground.worker.parsing import menu, palette
from playground.worker.parsing.scope import Imported, Plain, Scope, Value
from playground.worker.parsing.source import Source

_NUMBER_CALLS: Final = frozenset({"int", "float", "abs", "min", "max", "round", "len", "bool", "sum"})
_BUILTIN: Final = frozenset(dir(builtins))
_NUMBER_METHODS: Final = frozenset({"size", "numel", "dim"})


class Names:
    """Expressions, by what the names in them stand for where the program is being read."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.scope = Scope()
        self.known_numbers: dict[int, bool] = {}
        self.bound_names: set[str] = set()
        """Names that the program binds anywhere."""
        self.any_name = False
        """Whether ``from torch import *`` may have bound it."""

    def missing(self, text: str) -> str:
        """What to say of a name that has no value where it stands; empty if it has one, or could have."""
        scope = self.scope
        if not text.isidentifier() or keyword.iskeyword(text) or text in _BUILTIN or self.any_name:
            return ""
        if (
            scope.get(text) is not None
            or text in scope.names
            or (scope.outer is not None and text in self.bound_names)
        ):
            return ""
        near = difflib.get_close_matches(
            text, [name for name in scope.names if name != text], n=1, cutoff=0.7
        )
        return f"`{text}` has no value here." + (f" Did you mean `{near[0]}`?" if near else "")

    def receiver(self, node: ast.expr) -> Any:
        return self.bound(node) if isinstance(node, ast.Name | ast.Attribute) else None

    def bound(self, node: ast.expr) -> Any:
        """What a name, or ``self.fc``, stands for."""
        match node:
            case ast.Name(id=name):
                return self.scope.get(name)
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner == self.scope.owner and owner:
                return self.scope.get(f"{owner}.{name}")
        return None

    def path(self, node: ast.expr) -> str:
        """The full name of what comes from an import, ``torch.nn.Linear``; empty for anything else."""
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        binding = self.scope.get(node.id)
        return ".".join([binding.path, *reversed(names)]) if isinstance(binding, Imported) else ""

    def is_number(self, node: ast.expr) -> bool:
        """Whether an expression is a Python number, worked out from numbers, sizes and ``math``."""
        match node:
            case ast.Constant(value=value):
                return isinstance(value, int | float | complex)
            case ast.Name(id=name):
                bound = self.scope.get(name)
                return isinstance(bound, Plain) or (isinstance(bound, Value) and bound.kind == "number")
            case ast.UnaryOp(operand=operand):
                return self.is_number(operand)
            case ast.BinOp(left=left, right=right):
                # Each part of a long sum is asked again: what was found is kept for as long as the statement is read.
                known = self.known_numbers.get(id(node))
                if known is None:
                    known = self.is_number(right) and self.is_number(left)
                    self.known_numbers[id(node)] = known
                return known
            case ast.Attribute():
                path = self.path(node)
                bound = self.bound(node)
                is_plain = isinstance(bound, Plain) or (isinstance(bound, Value) and bound.kind == "number")
                return is_plain or (
                    path.startswith(("math.", "torch.", "numpy.")) and palette.find(path) is None
                )
            case ast.Subscript(value=ast.Attribute(attr="shape", value=value), slice=index):
                return self.is_number(index) and self._is_tensor(value)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _NUMBER_CALLS:
                inner = self._is_tensor if name == "len" else self.is_number
                return self.scope.get(name) is None and bool(args) and all(inner(one) for one in args)
            case ast.Call(func=ast.Attribute(value=value, attr=name), args=args, keywords=[]):
                if name in _NUMBER_METHODS:
                    one = bool(args) or name != "size"
                    return one and self._is_tensor(value) and all(self.is_number(a) for a in args)
                return self.path(node.func).startswith("math.") and all(self.is_number(a) for a in args)
        return False

    def _is_tensor(self, node: ast.expr) -> bool:
        bound = self.bound(node)
        if isinstance(node, ast.Attribute) and bound is None:
            return self.is_table(node)
        return isinstance(bound, Value)

    def is_table(self, node: ast.expr) -> bool:
        """Whether it is ``data.X`` or another part of the person's own table."""
        path = self.path(node)
        return path.startswith("data.") and path in menu.SIGNATURES and palette.find(path) is not None

    def is_plain(self, node: ast.expr) -> bool:
        """Whether an expression is a collection, a slice or the like of names and numbers: text, not a block."""
        match node:
            case ast.Constant() | ast.Name() | ast.JoinedStr():
                return True
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                return all(self.is_number(part) or self.is_plain(part) for part in parts)
            case ast.Dict(keys=keys, values=values):
                parts = [part for part in [*keys, *values] if part is not None]
                return None not in keys and all(self.is_number(part) or self.is_plain(part) for part in parts)
            case ast.Slice(lower=lower, upper=upper, step=step):
                parts = [part for part in (lower, upper, step) if part is not None]
                return all(self.is_number(part) or self.is_plain(part) for part in parts)
            case ast.UnaryOp(op=ast.Not()):
                return self.is_plain(node.operand)
            case ast.Call(
                func=ast.Name(id="tuple" | "list" as name), args=[ast.Attribute(value=of, attr="shape")]
            ):
                return self.scope.get(name) is None and self._is_tensor(of)
        return False
