"""What does not fit, in words, from the error that a block ended in and the tensors that it had."""

from __future__ import annotations

import ast
from typing import Any

from engine.nn.modules.linear import Linear
from engine.nn.modules.sparse import Embedding
from engine.tensor import Tensor
from playground.worker import hints
from playground.worker.misfits import Operand
from playground.worker.parsing import bounds
from playground.worker.parsing.arguments import parts_of


def dtype_name(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def words(error: Exception, function: Any, operands: list[Operand]) -> str:
    """What does not fit, in plain words; PyTorch's if there are none."""
    if str(error) == "index out of range in self" and not isinstance(function, Embedding):
        return "An index is beyond the size of the dimension that it picks from."
    advice = hints.hint(error, None, operands)
    first = str(error).strip().split("\n")[0]
    return advice or first or type(error).__name__


def operand_nodes(node: ast.expr, is_method: bool) -> list[ast.expr]:
    match node:
        case ast.Call(func=ast.Attribute(value=of)) if is_method:
            return [of, *parts_of(node)]
        case ast.Call():
            return _spread(parts_of(node))
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.Compare(left=left, comparators=[right]):
            return [left, right]
        case ast.Subscript(value=of, slice=index):
            return [of, index]
    return []


def _spread(parts: list[ast.expr]) -> list[ast.expr]:
    return [
        one for part in parts for one in (part.elts if isinstance(part, ast.List | ast.Tuple) else [part])
    ]


def operands(nodes: list[ast.expr], function: Any, values: list[Any]) -> list[Operand]:
    """The tensors of a block that failed, as the sentences about them need them."""
    found = []
    for place, value in enumerate(one for one in bounds.flat(values) if isinstance(one, Tensor)):
        name = nodes[place].id if place < len(nodes) and isinstance(nodes[place], ast.Name) else ""  # type: ignore[attr-defined]
        found.append(Operand(name, tuple(value.shape), dtype_name(value)))
    if isinstance(function, Linear) and found:
        weight = (function.in_features, function.out_features)
        found = [Operand("", weight[1:], ""), found[0], Operand("", weight, found[0].dtype)]
    if isinstance(function, Embedding):
        found = [Operand("", (function.num_embeddings, function.embedding_dim), "")]
    return found
