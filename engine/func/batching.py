"""``vmap``: a function of one example made into one of a batch.

The function is run once for each example and the results are stacked, so it is no faster than a loop, and it accepts
programs PyTorch refuses (``if`` on values, ``item()``). Results, shapes and gradients are the same.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from engine import tree
from engine.ops.arrange import stack
from engine.ops.shape import movedim
from engine.random import set_states, states
from engine.tensor import Tensor

__all__ = ["vmap"]

_RANDOM = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' "
    "randomness flags on vmap or perform the randomness operation out of vmap"
)


def _name(func: Any) -> str:
    return getattr(func, "__name__", repr(func))


def _in_dims(func: Any, in_dims: Any, args: tuple[Any, ...]) -> tuple[list[Any], int]:
    """The mapped dimension of each leaf (None for one that is not mapped), and the batch size."""
    head = f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>): "
    if not isinstance(in_dims, (int, tuple)):
        raise ValueError(
            head
            + "expected `in_dims` to be int or a (potentially nested) tuple matching the structure of inputs, "
            f"got: {type(in_dims)}."
        )
    if not args:
        raise ValueError(
            f"vmap({_name(func)})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap "
            "over a function with no inputs. The latter is unsupported."
        )
    dims = tree.broadcast(in_dims, args)
    if dims is None:
        raise ValueError(
            head + f"in_dims is not compatible with the structure of `inputs`. in_dims has structure "
            f"{tree.spec(in_dims)} but inputs has structure {tree.spec(args)}."
        )
    sizes: list[int] = []
    for k, (value, dim) in enumerate(zip(tree.leaves(args), dims, strict=True)):
        if dim is None:
            continue
        if not isinstance(dim, int):
            raise ValueError(
                head
                + f"Got in_dim={dim} for an input but in_dim must be either an integer dimension or None."
            )
        if not isinstance(value, Tensor):
            raise ValueError(
                head
                + f"Got in_dim={dim} for an input but the input is of type {type(value)}. We cannot vmap over "
                "non-Tensor arguments, please use None as the respective in_dim"
            )
        if not -value.ndim <= dim < value.ndim:
            raise ValueError(
                head
                + f"Got in_dim={dim} for some input, but that input is a Tensor of dimensionality {value.ndim} "
                f"so expected in_dim to satisfy -{value.ndim} <= in_dim < {value.ndim}."
            )
        dims[k] = dim % value.ndim
        sizes.append(value._data.shape[dims[k]])
    if not sizes:
        raise ValueError(
            f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>): at least one input must be mapped over."
        )
    if len(set(sizes)) > 1:
        raise ValueError(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the "
            "mapped dimension"
        )
    return dims, sizes[0]


def _out_dims(func: Any, out_dims: Any, result: Any) -> list[Any]:
    head = f"vmap({_name(func)}, ..., out_dims={out_dims})"
    dims = tree.broadcast(out_dims, result)
    if any(d is not None and not isinstance(d, int) for d in tree.leaves(out_dims)):
        raise ValueError(
            head
            + ": `out_dims` must be an int, None or a python collection of ints representing where in the "
            "outputs the vmapped dimension should appear."
        )
    if dims is None and isinstance(out_dims, tuple) and len(out_dims) == 1:
        dims = tree.broadcast(out_dims[0], result)
    if dims is None:
        raise ValueError(
            head
            + f"(<inputs>): out_dims is not compatible with the structure of `outputs`. out_dims has structure "
            f"{tree.spec(out_dims)} but outputs has structure {tree.spec(result)}."
        )
    return dims


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """A function that maps `func` over a dimension of its inputs.

    Args:
        in_dims: the dimension to map over, one for all inputs or nested as they are; None for an input that is the
            same for all.
        out_dims: where the mapped dimension goes in the outputs.
        randomness: ``error``, ``different`` or ``same`` random numbers for each example. ``different`` draws one
            example after the other, which for normal numbers is another order than PyTorch's.
        chunk_size: accepted; changes nothing here.

    Raises:
        ValueError, RuntimeError: in PyTorch's words, when inputs, outputs and dimensions do not fit.
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(
            f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}"
        )
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        dims, size = _in_dims(func, in_dims, args)
        flat = tree.leaves(args)
        before = states()
        results = []
        for k in range(max(size, 1)):
            if randomness == "same":
                set_states(before)
            # Of an empty batch nothing can be selected; an example of zeros tells what shapes come out.
            example = [
                v if d is None else v.select(d, k) if size else _example(v, d)
                for v, d in zip(flat, dims, strict=True)
            ]
            results.append(func(*tree.unflatten(args, iter(example)), **kwargs))
            if randomness == "error" and [s.tolist() for s in states()] != [s.tolist() for s in before]:
                set_states(before)
                raise RuntimeError(_RANDOM)
        return _gathered(func, results, out_dims, size)

    return wrapper


def _example(value: Tensor, dim: int) -> Tensor:
    shape = value._data.shape
    return value._beside(np.zeros(shape[:dim] + shape[dim + 1 :], value._data.dtype))


def _gathered(func: Any, results: list[Any], out_dims: Any, size: int) -> Any:
    """The results of all examples, stacked where `out_dims` says."""
    first = results[0]
    for leaf in tree.leaves(first):
        if not isinstance(leaf, Tensor):
            raise ValueError(
                f"vmap({_name(func)}, ...): `{_name(func)}` must only return Tensors, got type {type(leaf)}. Did you "
                "mean to set out_dims= to None for output?"
            )
    dims = _out_dims(func, out_dims, first)
    columns = list(zip(*(tree.leaves(r) for r in results), strict=True))
    made = []
    for column, dim in zip(columns, dims, strict=True):
        if dim is None:
            raise ValueError(
                f"vmap({_name(func)}, ...): `{_name(func)}` can not return a BatchedTensor when out_dim is None"
            )
        if any(t._data.shape != column[0]._data.shape for t in column):
            raise RuntimeError(
                "vmap: We do not support batching operators that can output dynamic shape: the results of the "
                f"examples have the shapes {sorted({tuple(t._data.shape) for t in column})}"
            )
        whole = stack(column) if size else stack(column)[:0]
        made.append(whole if dim == 0 else movedim(whole, 0, dim))
    return tree.unflatten(first, iter(made))
