"""Joining, repeating, turning and padding: copies of elements in another arrangement."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.define import define
from engine.ops.reduce import one_dim
from engine.ops.shape import _shape, expand_to, reshape, view
from engine.registry import GENERAL, LINEAR
from engine.tensor import Tensor

flip_dims = define("flip", LINEAR,
    forward=lambda xp, input, dims: xp.flip(input, tuple(one_dim(d, input.ndim) for d in dims)).copy(),
    vjp=(lambda F, g, dims: F.flip(g, dims),),
    formula=r"g \text{ flipped back}", doc="Dimensions in reverse order.")

roll_dims = define("roll", LINEAR, inputs=1,
    forward=lambda xp, input, shifts, dims=None: xp.roll(input, shifts, dims if dims is None or isinstance(dims, int) else tuple(dims)),
    vjp=(lambda F, g, shifts, dims: F.roll(g, _negated(shifts), dims),),
    formula=r"g \text{ rolled back}", doc="Elements moved along dimensions, around the end.")

repeat_to = define("repeat", LINEAR,
    forward=lambda xp, input, repeats: xp.tile(input, tuple(repeats)),
    vjp=(lambda F, g, input_shape, repeats: _repeat_vjp(F, g, tuple(input_shape), repeats),),
    formula=r"\sum_{\text{copies}} g", doc="Copies along each dimension.")

def _matrix(x: Any, name: str) -> Any:
    if x.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
    return x


tril = define("tril", LINEAR, inputs=1,
    forward=lambda xp, input, diagonal=0: xp.tril(_matrix(input, "tril"), diagonal),
    vjp=(lambda F, g, diagonal: F.tril(g, diagonal),),
    doc="The lower triangle; the rest is zero.")

triu = define("triu", LINEAR, inputs=1,
    forward=lambda xp, input, diagonal=0: xp.triu(_matrix(input, "triu"), diagonal),
    vjp=(lambda F, g, diagonal: F.triu(g, diagonal),),
    doc="The upper triangle; the rest is zero.")

diag_embed_of = define("diag_embed", LINEAR, inputs=1,
    forward=lambda xp, input, offset=0: _diag_embed(xp, input, offset),
    vjp=(lambda F, g, offset: F.diagonal(g, offset, -2, -1),),
    formula=r"\operatorname{diag} g", doc="Matrices with the last dimension on the diagonal.")

constant_pad_nd = define("constant_pad_nd", GENERAL, inputs=1,
    forward=lambda xp, input, pad, value=0: _pad(xp, input, pad, value),
    vjp=(lambda F, g, pad: _unpad(F, g, pad),),
    formula=r"g \text{ without the padding}", doc="A border of one number around the last dimensions.")

cat_dim = define("cat_dim", LINEAR, variadic=True, inputs=1, grad="CatBackward0", aten="aten::cat", dtypes="promote",
    forward=lambda xp, tensors, dim=0: _cat(xp, tensors, dim),
    vjp=(lambda F, g, tensors_shape, index, dim: _cat_vjp(F, g, tensors_shape, index, dim),),
    formula=r"\text{its part of } g", doc="Tensors joined along a dimension.")

stack_dim = define("stack_dim", LINEAR, variadic=True, inputs=1, grad="StackBackward0", aten="aten::stack", dtypes="promote",
    forward=lambda xp, tensors, dim=0: _stack(xp, tensors, dim),
    vjp=(lambda F, g, index, dim: F.select(g, dim, index),),
    formula=r"\text{its slice of } g", doc="Tensors joined along a new dimension.")

diagonal_copy = define("diagonal_copy", LINEAR, inputs=1, grad="DiagonalBackward0_copy", aten="aten::diagonal_copy",
    forward=lambda xp, input, offset=0, dim1=0, dim2=1: input.diagonal(offset, dim1, dim2).copy(),
    vjp=(lambda F, g, input_shape, offset, dim1, dim2: F.embed(g, tuple(input_shape), "diagonal", (offset, dim1, dim2)),),
    formula=r"g \text{ at the places taken, 0 elsewhere}", doc="A copy of the diagonal of two dimensions, as the last one.")


# --- What users call -------------------------------------------------------------------------------------------------


def flip(input: Tensor, *dims: Any, **named: Any) -> Tensor:
    """Dimensions in reverse order."""
    return flip_dims(input, _shape(dims, "flip", named, "dims"))


def fliplr(input: Tensor) -> Tensor:
    """Columns in reverse order."""
    return flip_dims(input, (1,))


def flipud(input: Tensor) -> Tensor:
    """Rows in reverse order."""
    return flip_dims(input, (0,))


def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Elements moved along dimensions, around the end."""
    return roll_dims(input, shifts, dims)


def repeat(input: Tensor, *sizes: Any, **named: Any) -> Tensor:
    """Copies along each dimension.

    Raises:
        RuntimeError: for fewer numbers than dimensions.
    """
    repeats = _shape(sizes, "repeat", named, "repeats")
    if len(repeats) < input.ndim:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
        )
    if any(n < 0 for n in repeats):
        lead = len(repeats) - input.ndim
        sizes_ = [n * m for n, m in zip(repeats, (1,) * lead + input._data.shape, strict=True)]
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {next(n for n in sizes_ if n < 0)}: {sizes_}"
        )
    return repeat_to(input, repeats)


def tile(input: Tensor, *dims: Any, **named: Any) -> Tensor:
    """`repeat` under NumPy's rules: missing leading numbers are 1."""
    reps = _shape(dims, "tile", named, "dims")
    return repeat_to(input, (1,) * (input.ndim - len(reps)) + reps)


def repeat_interleave(input: Tensor, repeats: Any, dim: int | None = None, *, output_size: int | None = None) -> Tensor:
    """Each element repeated in place."""
    from engine.ops.index import index_select

    source = input.reshape(-1) if dim is None else input
    d = 0 if dim is None else one_dim(dim, input.ndim)
    if isinstance(repeats, int):
        shape = source._data.shape
        spread = expand_to(source.unsqueeze(d + 1), (*shape[: d + 1], repeats, *shape[d + 1 :]))
        return view(spread.clone(), (*shape[:d], shape[d] * repeats, *shape[d + 1 :]))
    counts = repeats._data if isinstance(repeats, Tensor) else repeats
    places = np.repeat(np.arange(source._data.shape[d]), counts)
    return index_select(source, d, Tensor._wrap(places))


def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices with the last dimension on a diagonal; `dim1` and `dim2` are where rows and columns go."""
    y = diag_embed_of(input, offset)
    rows, columns = one_dim(dim1, y.ndim), one_dim(dim2, y.ndim)
    if (rows, columns) == (y.ndim - 2, y.ndim - 1):
        return y
    return diag_embed_at(input, offset, rows, columns)


diag_embed_at = define("diag_embed_at", LINEAR, inputs=1, grad="DiagEmbedBackward0", aten="aten::diag_embed",
    forward=lambda xp, input, offset, dim1, dim2: xp.moveaxis(_diag_embed(xp, input, offset), (-2, -1), (dim1, dim2)).copy(),
    vjp=(lambda F, g, offset, dim1, dim2: F.diagonal(g, offset, dim1, dim2),),
    formula=r"\operatorname{diag} g", doc="Matrices with the last dimension on the diagonal of two given ones.")


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """The diagonal of a matrix, or a matrix with a vector on its diagonal."""
    if input.ndim == 1:
        return diag_embed(input, diagonal)
    if input.ndim != 2:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D")
    return diagonal_copy(input, diagonal)


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors joined along a dimension."""
    if not isinstance(tensors, (tuple, list)):
        raise TypeError(
            f"cat(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(tensors).__name__}"
        )
    if not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    for k, t in enumerate(tensors):
        if not isinstance(t, Tensor):
            raise TypeError(f"expected Tensor as element {k} in argument 0, but got {type(t).__name__}")
    return cat_dim(tuple(tensors), dim)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors of one shape joined along a new dimension."""
    tensors = tuple(tensors)
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    return stack_dim(tensors, one_dim(dim, tensors[0].ndim + 1))


def each(function: Any) -> Any:
    """A function of one tensor, also of several: then it gives a tuple."""

    def call(*args: Any) -> Any:
        if len(args) == 1 and isinstance(args[0], Tensor):
            return function(args[0])
        tensors = args[0] if len(args) == 1 else args
        return tuple(function(t) for t in tensors)

    call.__name__, call.__doc__ = function.__name__, function.__doc__
    return call


@each
def atleast_1d(input: Tensor) -> Tensor:
    """At least one dimension."""
    return input if input.ndim else reshape(input, (1,))


def some(tensors: Sequence[Tensor], name: str) -> Sequence[Tensor]:
    """The list, if there is a tensor in it."""
    if not tensors:
        raise RuntimeError(f"{name} expects a non-empty TensorList")
    return tensors


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors side by side."""
    tensors = [atleast_1d(t) for t in some(tensors, "hstack")]
    return cat(tensors, 0 if tensors[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors above each other."""
    return cat([t if t.ndim > 1 else reshape(t, (1, -1)) for t in some(tensors, "vstack")], 0)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """Coordinates of a grid: one tensor of the grid's shape per vector.

    Raises:
        RuntimeError: for an `indexing` other than ``ij`` and ``xy``.
    """
    vectors = list(tensors[0]) if len(tensors) == 1 and not isinstance(tensors[0], Tensor) else list(tensors)
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    for v in vectors:
        if v.ndim > 1:
            raise RuntimeError(
                f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {v.detach()!r}"
            )
    swap = indexing == "xy" and len(vectors) >= 2
    if swap:
        vectors[0], vectors[1] = vectors[1], vectors[0]
    shape = tuple(v.numel() for v in vectors)
    grids = [
        expand_to(view(v, tuple(-1 if j == k else 1 for j in range(len(vectors)))), shape)
        for k, v in enumerate(vectors)
    ]
    if swap:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)


concat = concatenate = cat


# --- What the records above are made of ------------------------------------------------------------------------------


def _repeat_vjp(F: Any, g: Any, shape: tuple[int, ...], repeats: Sequence[int]) -> Any:
    lead = len(repeats) - len(shape)
    full = (1,) * lead + shape
    split_shape = [n for pair in zip(repeats, full, strict=True) for n in pair]
    summed = F.sum_dim(F.reshape(g, tuple(split_shape)), tuple(range(0, 2 * len(full), 2)))
    return F.reshape(summed, shape)


def _negated(shifts: Any) -> Any:
    return -shifts if isinstance(shifts, int) else tuple(-s for s in shifts)


def _diag_embed(xp: Any, x: Any, offset: int) -> Any:
    n = x.shape[-1] + builtins.abs(offset)
    result = xp.zeros((*x.shape[:-1], n, n), x.dtype)
    k = xp.arange(x.shape[-1])
    result[..., k + builtins.max(-offset, 0), k + builtins.max(offset, 0)] = x
    return result


def _pad_widths(pad: Sequence[int], ndim: int) -> list[tuple[int, int]]:
    widths = [(0, 0)] * ndim
    for k in range(len(pad) // 2):
        widths[ndim - 1 - k] = (pad[2 * k], pad[2 * k + 1])
    return widths


def _pad(xp: Any, x: Any, pad: Sequence[int], value: Any) -> Any:
    widths = _pad_widths(pad, x.ndim)
    x = x[tuple(slice(builtins.max(-a, 0), n - builtins.max(-b, 0)) for (a, b), n in zip(widths, x.shape, strict=True))]
    grown = [(builtins.max(a, 0), builtins.max(b, 0)) for a, b in widths]
    return xp.pad(x, grown, constant_values=value)


def _unpad(F: Any, g: Any, pad: Sequence[int]) -> Any:
    return F.constant_pad_nd(g, tuple(-n for n in pad), 0)


def _cat(xp: Any, tensors: Sequence[Any], dim: int) -> Any:
    if not tensors:
        raise RuntimeError("torch.cat(): expected a non-empty list of Tensors")
    parts = [x for x in tensors if x.shape != (0,)] or list(tensors[:1])
    if not parts[0].ndim:
        raise RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated")
    d = one_dim(dim, parts[0].ndim)
    for k, x in enumerate(parts):
        if x.ndim != parts[0].ndim:
            raise RuntimeError(f"Tensors must have same number of dimensions: got {parts[0].ndim} and {x.ndim}")
        for j, (n, m) in enumerate(zip(parts[0].shape, x.shape, strict=True)):
            if j != d and n != m:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {d}. Expected size {n} but got size {m} for "
                    f"tensor number {k} in the list."
                )
    return xp.concatenate(parts, d)


def _cat_vjp(F: Any, g: Any, shapes: Sequence[tuple[int, ...]], index: int, dim: int) -> Any:
    if shapes[index] == (0,) and len(g.shape) > 1:
        return F.zeros((0,), g.dtype.numpy if F.recording else g.dtype)
    d = one_dim(dim, len(g.shape))
    start = builtins.sum(s[d] for s in shapes[:index] if s != (0,) or len(g.shape) == 1)
    return F.slice(g, d, start, start + shapes[index][d], 1)


def _stack(xp: Any, tensors: Sequence[Any], dim: int) -> Any:
    for k, x in enumerate(tensors):
        if x.shape != tensors[0].shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(tensors[0].shape)} at entry 0 and "
                f"{list(x.shape)} at entry {k}"
            )
    return xp.stack(tensors, dim)


__all__ = [
    "atleast_1d", "cat", "concat", "concatenate", "diag", "diag_embed", "flip", "fliplr", "flipud", "hstack",
    "meshgrid", "repeat", "repeat_interleave", "roll", "stack", "tile", "tril", "triu", "vstack",
]
