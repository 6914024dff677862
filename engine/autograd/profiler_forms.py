"""Which line of the table of rows (`profiler_rows`) an operation, a function or a backward node is.

Asked while a program runs, so that nothing of the program need be kept: the answer is a short text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine import dtypes
from engine.graph import Node
from engine.registry import POINTWISE, Op
from engine.tensor import Tensor

_NAMES = {
    "contiguous_copy": "clone#c",
    "mul_scalar": "mul#n",
    "div_scalar": "div#n",
    "pow_scalar": "pow#base",
    "pow_tensor": "pow#tensor",
    "squeeze_dim": "squeeze#dim",
    "squeeze_dims": "squeeze#dim",
    "to_dtype": "to#copy",
    "max_dim": "max#dim",
    "min_dim": "min#dim",
    "zero": "zero",
}
"""Operations whose line is not that of their ``aten`` name."""


def of_op(op: Op, args: tuple[Any, ...], outputs: Sequence[Tensor], inplace: bool) -> str:
    """The key of the line of an operation with these arguments."""
    ask = _FORMS.get(op.name)
    key = _NAMES.get(op.name) or op.aten[6:] if ask is None else ask(args, outputs)
    if inplace and not key.endswith("_"):
        name, _, rest = key.partition("#")
        if not name.endswith("_"):
            key = f"{name}_#{rest}" if rest else f"{name}_"
    return key


def _cast(tensor: Any, number: Any) -> bool:
    """Whether PyTorch converts `number` before it computes with `tensor`: it starts as double, int64 or bool."""
    if not isinstance(tensor, Tensor) or isinstance(number, Tensor):
        return False
    kind = tensor.dtype
    if isinstance(number, bool):
        return kind is not dtypes.bool_
    if isinstance(number, int):
        return kind is not dtypes.int64
    return kind is not dtypes.float64


def _with_number(name: str) -> Callable[[Any, Any], str]:
    numbered = f"{name}#n"

    def form(args: tuple[Any, ...], _: Any) -> str:
        a, b = args
        if type(a) is Tensor and type(b) is Tensor:
            return name
        return numbered if _cast(a, b) or _cast(b, a) else name

    return form


def _div(args: tuple[Any, ...], _: Any) -> str:
    if not isinstance(args[0], Tensor):
        return "reciprocal_mul"
    if isinstance(args[1], Tensor):
        return "div"
    return "div#n" if _cast(args[0], args[1]) else "div"


def _pow(args: tuple[Any, ...], _: Any) -> str:
    return "pow#1" if args[1] == 1 else "pow"


def _reduced(name: str) -> Callable[[Any, Any], str]:
    def form(args: tuple[Any, ...], outputs: Any) -> str:
        kept = outputs[0]._data.ndim == args[0]._data.ndim
        return f"{name}#keep" if kept else f"{name}#dim"

    return form


def _sum(args: tuple[Any, ...], _: Any) -> str:
    return "sum" if args[0]._data.dtype.kind in "fc" or args[0]._data.dtype.itemsize == 8 else "sum#cast"


def _spread(name: str) -> Callable[[Any, Any], str]:
    return lambda args, _: name if args[1] is None else f"{name}#dim"


def _norm(args: tuple[Any, ...], outputs: Any) -> str:
    kept = outputs[0]._data.ndim == args[0]._data.ndim
    return "linalg_vector_norm#keep" if kept else "linalg_vector_norm"


def _arg(name: str) -> Callable[[Any, Any], str]:
    return lambda args, _: f"{name}#all" if args[1] is None else name


def _product(name: str, first: int) -> Callable[[Any, Any], str]:
    """Matrices whose memory BLAS can read row by row are resolved before it is called; transposed ones are not."""

    def form(args: tuple[Any, ...], _: Any) -> str:
        a, b = args[first]._data.flags.c_contiguous, args[first + 1]._data.flags.c_contiguous
        if args[first + 1]._data.shape[1] == 1:
            return f"{name}#b"
        return f"{name}#{'b' if b else ''}{'a' if a else ''}"

    return form


def _masked_fill(args: tuple[Any, ...], _: Any) -> str:
    return "masked_fill#same" if args[0]._data.shape == args[1]._data.shape else "masked_fill"


def _where(args: tuple[Any, ...], _: Any) -> str:
    return "where" if isinstance(args[1], Tensor) and isinstance(args[2], Tensor) else "where#number"


def _clone(args: tuple[Any, ...], _: Any) -> str:
    return "clone" if args[0]._data.flags.forc else "clone#c"


def _index(args: tuple[Any, ...], _: Any) -> str:
    return "index#mask" if _masks(args[1]) else "index"


def _zeros(name: str, made: Tensor) -> str:
    """PyTorch clears small memory at once, and fills large memory in parallel."""
    return name if made._data.size <= 32_768 else f"{name}#large"


def _masks(places: Any) -> bool:
    every = places if isinstance(places, tuple) else (places,)
    return any(getattr(_array(p), "dtype", None) == np.bool_ for p in every)


def _embedding(args: tuple[Any, ...], _: Any) -> str:
    indices = args[1]
    return "embedding#flat" if getattr(indices, "ndim", 1) == 1 else "embedding"


def _convolution(args: tuple[Any, ...], _: Any) -> str:
    return f"conv{args[1]._data.ndim - 2}d"


_FORMS: dict[str, Callable[[tuple[Any, ...], Sequence[Tensor]], str]] = {
    **{name: _with_number(name) for name in ("add", "sub", "mul", "eq", "ne", "lt", "le", "gt", "ge")},
    "div": _div,
    "pow_tensor_scalar": _pow,
    "sum_all": _sum,
    **{f"{n}_dim": _reduced(n) for n in ("sum", "mean")},
    "sum_to_size": _reduced("sum"),
    **{f"{n}_dim": _spread(n) for n in ("std", "var")},
    "linalg_vector_norm": _norm,
    "argmax": _arg("argmax"),
    "argmin": _arg("argmin"),
    "mm": _product("mm", 0),
    "addmm": _product("addmm", 1),
    "linear_addmm": _product("addmm", 1),
    "masked_fill": _masked_fill,
    "where": _where,
    "clone": _clone,
    "index": _index,
    "embedding": _embedding,
    "convolution": _convolution,
    "zeros": lambda _, outputs: _zeros("zeros", outputs[0]),
    "mse_loss": lambda args, _: "mse_loss" if args[2] == "mean" else f"mse_loss#{args[2]}",
}


def of_composite(name: str, inputs: Sequence[Tensor]) -> str:
    """The key of the line of a function made of operations; `name` is what observers are told."""
    if not name.startswith("aten::"):
        return f"={name}"
    key = name[6:]
    if key == "linear":
        flat = len(inputs) and inputs[0]._data.ndim == 2
        if len(inputs) == 2:
            return "linear#mm" if flat else "linear#plain"
        return "linear" if flat else "linear#fold"
    if key in ("zero_", "zeros_like"):
        return _zeros(key, inputs[0])
    return key


def _array(grad: Any) -> Any:
    return getattr(grad, "_data", grad)


_ELEMENTWISE = frozenset(("where", "mul", "div", "add", "sub", "maximum", "minimum", "pow_tensor"))


def _kept(name: str) -> Callable[[Node, Any], str]:
    def form(node: Node, arrived: Any) -> str:
        edge = node.next_edges[0]
        if edge is None or arrived[0] is None:
            return name
        kept = len(edge[0].meta[edge[1]][0]) == arrived[0].ndim
        return f"{name}#keep" if kept else name

    return form


def _expand(node: Node, arrived: Any) -> str:
    edge = node.next_edges[0]
    same = edge is not None and arrived[0] is not None and edge[0].meta[edge[1]][0] == tuple(arrived[0].shape)
    return "ExpandBackward0#same" if same else "ExpandBackward0"


def _times_transposed(name: str, place: int) -> Callable[[Node, Any], str]:
    """Whether a matrix of a product was the transpose of another: PyTorch then makes its gradient transposed too."""

    def form(node: Node, arrived: Any) -> str:
        edge = node.next_edges[place]
        matrix = node.inputs[place] if node.inputs else None
        if matrix is not None and not (matrix._data.flags.c_contiguous and matrix._data.flags.f_contiguous):
            transposed = not matrix._data.flags.c_contiguous
        else:
            transposed = edge is not None and edge[0].name() == "TBackward0"
        expanded = arrived[0] is not None and not _array(arrived[0]).flags.forc
        return f"{name}#{'t' * transposed}{'x' * expanded}" if transposed or expanded else name

    return form


def _reshaped(name: str) -> Callable[[Node, Any], str]:
    def form(node: Node, arrived: Any) -> str:
        edge = node.next_edges[0]
        if arrived[0] is None or edge is None or _array(arrived[0]).flags.c_contiguous:
            return name
        view = _array(arrived[0]).view()
        try:
            view.shape = edge[0].meta[edge[1]][0]
        except AttributeError:  # not without a copy
            return f"{name}#copy"
        return f"{name}#alias"

    return form


_NODES: dict[str, Callable[[Node, Any], str]] = {
    **{name: _reshaped(name) for name in ("ViewBackward0", "UnsafeViewBackward0", "ReshapeAliasBackward0")},
    "MmBackward0": _times_transposed("MmBackward0", 1),
    "AddmmBackward0": _times_transposed("AddmmBackward0", 2),
    "SumBackward1": _kept("SumBackward1"),
    "MeanBackward1": _kept("MeanBackward1"),
    "ExpandBackward0": _expand,
    "DivBackward0": lambda node, _: (
        "DivBackward0" if len(node.next_edges) > 1 and _two(node) else "DivBackward0#n"
    ),
    "MulBackward0": lambda node, _: "MulBackward0" if _two(node) else "MulBackward0#n",
    "ConvolutionBackward0": lambda node, _: (
        "ConvolutionBackward0" if node.next_edges[0] is not None else "ConvolutionBackward0#first"
    ),
    "IndexBackward0": lambda node, _: "IndexBackward0#mask" if _masks(node.args[0]) else "IndexBackward0",
    "SplitBackward0": lambda node, arrived: (
        "SplitBackward0#gaps" if any(g is None for g in arrived) else "SplitBackward0"
    ),
    "ClampBackward1": lambda node, _: "ClampBackward1#one" if None in node.args else "ClampBackward1",
}


def _two(node: Node) -> bool:
    """Whether both inputs were tensors."""
    a, b = node.next_edges
    if a is not None and b is not None:
        return True
    kept = False
    for i in node.inputs or ():
        if isinstance(i, Tensor):
            kept = True
        elif i is not None:
            return False
    return kept


Facts = tuple[str, str, int, Callable[[Node, Sequence[Any]], str] | None]
_facts: dict[type[Node], Facts] = {}


def facts_of(node: Node) -> Facts:
    """What is the same for all nodes of this class.

    Returns:
        Its name, the key of the row around it, how many of the gradients it makes have the shape of the one that
        arrived and are summed to their inputs', and, if that depends on the node, who tells the key of its line.
    """
    kind = type(node)
    facts = _facts.get(kind)
    if facts is None:
        name = node.name()
        op = getattr(kind, "op", None)
        broadcast = 0
        if op is not None:
            broadcast = (
                1 if op.aten == "aten::addmm" else 99 * (op.kind == POINTWISE or op.name in _ELEMENTWISE)
            )
        around = f"=autograd::engine::evaluate_function: {name}"
        facts = _facts[kind] = (name, around, broadcast, _NODES.get(name))
    return facts


__all__ = ["facts_of", "of_composite", "of_op"]
