"""How large a thing may become while shapes are worked out: judged from sizes, before anything is made."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from math import prod
from typing import Any, Final

import numpy as np

from engine.tensor import Tensor

ELEMENTS: Final = 1_000_000
"""Of one tensor."""
_WORK: Final = 100_000_000
"""Multiplications of one product."""
_DIGITS: Final = 256
"""Bits of a whole number."""
_ROWS: Final = 20_000
"""Of a set of ``data``."""

_PRODUCTS: Final = frozenset(
    "operator.matmul torch.matmul torch.mm torch.bmm torch.mv torch.addmm torch.addmv torch.baddbmm".split()  # noqa: SIM905
)
_GROWING: Final = frozenset(
    "torch.outer torch.kron torch.cdist torch.cartesian_prod torch.tensordot torch.inner torch.block_diag "  # noqa: SIM905
    "torch.diag_embed torch.diag torch.meshgrid torch.einsum torch.tile torch.repeat_interleave Tensor.repeat "
    "torch.broadcast_to nn.functional.one_hot nn.functional.pad nn.functional.interpolate nn.functional.unfold "
    "torch.vander torch.bincount torch.histc torch.searchsorted nn.functional.adaptive_avg_pool2d torch.multinomial "
    "torch.cov torch.corrcoef torch.conv_transpose1d torch.conv_transpose2d torch.conv_transpose3d "
    "Tensor.new_zeros Tensor.new_ones torch.unflatten".split()
)


ROW_BY_ROW: Final = frozenset({"digits", "sequences"})
"""Sets that make as many rows as they are asked for, each like the next."""
_FEW: Final = 10


def allows(type_: str, kind: str, given: dict[str, Any]) -> bool:
    """Whether a block of this type may be run on these values, by parameter."""
    if kind == "data":
        counts = [value for name, value in given.items() if name != "seed"]
        return all(abs(one) <= _ROWS for one in flat(counts) if isinstance(one, int | float))
    if kind == "input":
        return _made(type_, given)
    tensors = [one for one in flat(given) if isinstance(one, Tensor)]
    sizes = [max(tensor.numel(), 1) for tensor in tensors]
    if type_ in _PRODUCTS and len(tensors) >= 2:
        a, b = tensors[-2:]
        columns = b.shape[-1] if b.ndim > 1 else 1
        batch = max(prod(a.shape[:-2]), prod(b.shape[:-2]), 1)
        rows = a.shape[-2] if a.ndim > 1 else 1
        inner = a.shape[-1] if a.ndim else 1
        elements = int(batch * rows * columns)
        return elements <= ELEMENTS and elements * int(inner) <= _WORK
    if type_ in _GROWING:
        return prod(sizes) * prod(_whole(given)) <= 10 * ELEMENTS
    return _joined(tensors) <= ELEMENTS


def _whole(values: Any) -> list[int]:
    """The whole numbers in there, at least 1."""
    return [max(abs(one), 1) for one in flat(values) if isinstance(one, int) and not isinstance(one, bool)]


def _made(type_: str, given: dict[str, Any]) -> bool:
    if type_ in ("torch.tensor", "torch.as_tensor", "number", "torch.manual_seed", "nn.Parameter"):
        return True
    if type_ == "torch.arange":
        low, high = given.get("start", 0), given.get("end", 0)
        step = given.get("step", 1)
        numbers = all(isinstance(one, int | float) for one in (low, high, step))
        return bool(numbers and step != 0 and abs((high - low) / step) <= ELEMENTS)
    counts = [given[name] for name in ("size", "n", "m", "steps") if name in given]
    return prod(_whole(counts)) <= ELEMENTS


def _joined(tensors: list[Tensor]) -> int:
    """Elements of the tensors combined element by element, if they can be."""
    sizes: list[int] = []
    for tensor in tensors:
        for place, size in enumerate(reversed(tensor.shape)):
            if place == len(sizes):
                sizes.append(1)
            sizes[place] = max(sizes[place], size)
    return prod(sizes)


def allows_layer(values: Iterable[Any]) -> bool:
    """Whether an object may be made of these values."""
    return prod(_whole(values)) <= 5 * ELEMENTS


def allows_call(layer: Any, values: Iterable[Any]) -> bool:
    """Whether a layer may be called with these values."""
    sizes = [one.numel() for one in flat(values) if isinstance(one, Tensor)]
    given = max(sizes, default=1)
    name = type(layer).__name__
    if name == "Linear":
        rows = given // max(layer.in_features, 1)
        return bool(given * layer.out_features <= _WORK and rows * layer.out_features <= ELEMENTS)
    if name == "Embedding":
        return bool(given * layer.embedding_dim <= ELEMENTS)
    if name.startswith(("Conv", "Bilinear")):
        weight = layer.weight
        window = prod(weight.shape[2:])
        return bool(given * max(weight.shape[:2]) * window <= _WORK)
    if name.startswith(("Upsample", "Adaptive")) or "Pad" in name or name == "Unfold":
        grown = [
            getattr(layer, key, 1)
            for key in ("scale_factor", "output_size", "padding", "size", "kernel_size")
        ]
        numbers = [abs(one) for one in flat(grown) if isinstance(one, int | float)]
        return bool(given * prod(max(number, 1) for number in numbers) <= 10 * ELEMENTS)
    return given <= ELEMENTS


def flat(values: Any) -> Iterable[Any]:
    """What is in lists, tuples and dictionaries, at any depth."""
    if isinstance(values, dict):
        values = values.values()
    if isinstance(values, str | bytes) or not isinstance(values, Iterable) or isinstance(values, Tensor):
        yield values
        return
    for value in values:
        yield from flat(value)


def power(base: Any, exponent: Any) -> bool:
    """Whether a power of Python numbers may be worked out."""
    if isinstance(base, int) and isinstance(exponent, int):
        return base.bit_length() * max(exponent, 1) <= _DIGITS
    return True


def product(left: Any, right: Any) -> bool:
    """Whether a product of Python numbers may be worked out."""
    if isinstance(left, int) and isinstance(right, int):
        return left.bit_length() + right.bit_length() <= _DIGITS
    return True


def of_few(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same with few rows made, over and over: drawing hundreds of pictures takes longer than all the rest."""

    @functools.wraps(function)
    def make(*args: Any, **kwargs: Any) -> Any:
        given = inspect.signature(function).bind(*args, **kwargs)
        given.apply_defaults()
        n = given.arguments["n"]
        if not isinstance(n, int) or n <= _FEW:
            return function(*args, **kwargs)
        given.arguments["n"] = _FEW
        rows = Tensor._wrap(np.arange(n) % _FEW)
        return tuple(part[rows] for part in function(*given.args, **given.kwargs))

    return make
