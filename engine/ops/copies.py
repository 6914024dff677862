"""Views as copies, their adjoints under a name (`select_scatter`), and rearrangements made of several views."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine import backend
from engine.define import define
from engine.fused import fused
from engine.ops import arrange, shape
from engine.ops.index import index_select
from engine.ops.reduce import one_dim
from engine.registry import LINEAR, OPS
from engine.tensor import Tensor

# --- Views, copied ---------------------------------------------------------------------------------------------------


def _copied(source: str, name: str, *, outputs: int = 1, grad: str | None = None) -> Any:
    """The record of a view's copy: the view's own rules, and a result with its own memory."""
    op = OPS[source]

    def forward(xp: Any, *arguments: Any) -> Any:
        y = op.forward(xp, *arguments)
        return tuple(p.copy() for p in y) if isinstance(y, tuple) else y.copy()

    forward.__signature__ = inspect.signature(op.forward)  # type: ignore[attr-defined]
    return define(name, LINEAR, inputs=1, forward=forward, vjp=op.vjp, outputs=outputs,
        grad=grad or op.grad_name + "_copy", formula=op.formula, doc=f"{op.doc[:-1]}; a copy.")


alias_copy = _copied("alias", "alias_copy")
expand_copy = _copied("expand", "expand_copy")
permute_copy = _copied("permute", "permute_copy")
transpose_copy = _copied("transpose", "transpose_copy")
t_copy = _copied("t", "t_copy")
unsqueeze_copy = _copied("unsqueeze", "unsqueeze_copy")
view_copy_of = _copied("view", "view_copy")
unfold_copy = _copied("unfold", "unfold_copy")
squeeze_copy_all = _copied("squeeze_all", "squeeze_copy_all", grad="SqueezeBackward0_copy")
squeeze_copy_dim = _copied("squeeze_dim", "squeeze_copy_dim", grad="SqueezeBackward1_copy")
squeeze_copy_dims = _copied("squeeze_dims", "squeeze_copy_dims", grad="SqueezeBackward2_copy")
select_copy = _copied("select", "select_copy")
slice_copy = _copied("slice", "slice_copy")
unbind_copy = _copied("unbind", "unbind_copy", outputs=0)
split_with_sizes_copy_of = _copied("split_with_sizes", "split_with_sizes_copy", outputs=0)
unsafe_split_of = _copied("split_sizes", "unsafe_split_sizes", outputs=0, grad="UnsafeSplitBackward0")
narrow_copy_of = _copied("slice", "narrow_copy_of", grad="NarrowCopyBackward0")


def view_copy(input: Tensor, *size: Any) -> Tensor:
    """`view`, copied."""
    return view_copy_of(input, shape._shape(size, "view_copy"))  # type: ignore[no-any-return]


def squeeze_copy(input: Tensor, dim: Any = None) -> Tensor:
    """`squeeze`, copied."""
    if dim is None:
        return squeeze_copy_all(input)  # type: ignore[no-any-return]
    return (squeeze_copy_dims if isinstance(dim, (tuple, list)) else squeeze_copy_dim)(input, dim)  # type: ignore[no-any-return]


def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of given lengths along a dimension."""
    return shape.split(input, list(split_sizes), dim)


def split_with_sizes_copy(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """`split_with_sizes`, copied."""
    return tuple(split_with_sizes_copy_of(input, tuple(split_sizes), one_dim(dim, input.ndim)))


def unsafe_split(input: Tensor, split_size: int, dim: int = 0) -> tuple[Tensor, ...]:
    """`split`, with pieces autograd takes to be no views."""
    d = one_dim(dim, input.ndim)
    n = input._data.shape[d]
    sizes = tuple(min(split_size, n - k) for k in range(0, n, split_size)) if split_size else ()
    return tuple(unsafe_split_of(input, sizes or (0,), d))


def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """`chunk`, with pieces autograd takes to be no views."""
    n = input._data.shape[one_dim(dim, input.ndim)]
    return unsafe_split(input, max(-(-n // chunks), 1), dim)


def narrow_copy(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """`narrow`, copied."""
    first = int(start)
    if first < 0:
        first += input._data.shape[one_dim(dim, input.ndim)]
    return narrow_copy_of(input, dim, first, first + length, 1)  # type: ignore[no-any-return]


# --- A part replaced -------------------------------------------------------------------------------------------------

scatter_view = {
    op: define(f"{op}_scatter_into", LINEAR, inputs=2, aten=f"aten::{op}_scatter",
        grad="".join(p.capitalize() for p in op.split("_")) + "ScatterBackward0",
        forward=lambda xp, input, src, op, args: _replaced(xp, input, src, op, args),
        vjp=(lambda F, g, src_shape, op, args: getattr(F, f"{op}_scatter_into")(g, F.zeros_like(getattr(F, op)(g, *args)), op, args),
             lambda F, g, op, args: getattr(F, op)(g, *args)),
        formula=r"g \text{ with 0 where it was overwritten},\ g \text{ where it was written}", doc=f"The input with another tensor in place of a {op}.")
    for op in ("select", "slice", "diagonal")
}


def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """The input with `src` in place of ``input.select(dim, index)``."""
    return scatter_view["select"](input, src, "select", (dim, index))


def slice_scatter(input: Tensor, src: Tensor, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Tensor:
    """The input with `src` in place of a range along a dimension."""
    return scatter_view["slice"](input, src, "slice", (dim, start, end, step))


def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The input with `src` in place of a diagonal."""
    return scatter_view["diagonal"](input, src, "diagonal", (offset, dim1, dim2))


def _replaced(xp: Any, x: Any, src: Any, op: str, args: tuple[Any, ...]) -> Any:
    result = x.copy(order="C")
    part = OPS[op].forward(xp, result, *args)
    if hasattr(src, "shape") and part.shape != src.shape:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size = {list(part.shape)}"
        )
    part[...] = src
    return result


# --- as_strided ------------------------------------------------------------------------------------------------------

strided_take = {
    name: define(name, LINEAR, inputs=1, view=view, grad=grad, aten=f"aten::{aten}",
        forward=lambda xp, input, places, size, stride, offset, copy: _strided(xp, input, places, size, stride, offset, copy),
        vjp=(lambda F, g, input_shape, places: F.reshape(F.slice(F.index_add_into(
                F.reshape(g, (-1,)), (math.prod(input_shape) + 1,), (places,)), 0, 0, math.prod(input_shape), 1), tuple(input_shape)),),
        formula=r"g \text{ added up at the places taken, 0 elsewhere}", doc="Elements of the memory under given strides.")
    for name, view, grad, aten in (
        ("as_strided_view", True, "AsStridedBackward0", "as_strided"),
        ("as_strided_copy_of", False, "AsStridedBackward0_copy", "as_strided_copy"),
    )
}

strided_put = define("as_strided_scatter_into", LINEAR, inputs=2, grad="AsStridedScatterBackward0", aten="aten::as_strided_scatter",
    forward=lambda xp, input, src, places: _strided_put(xp, input, src, places),
    vjp=(lambda F, g, places: F.as_strided_scatter_into(g, 0.0, places),
         lambda F, g, src_shape, places: F.reshape(F.index(F.reshape(g, (-1,)), (places,)), tuple(src_shape))),
    formula=r"g \text{ with 0 where it was overwritten},\ g \text{ where it was written}", doc="The input with other values under given strides.")


def _root(x: Any) -> tuple[Any, int]:
    """The array that owns the memory of `x`, and where `x` begins in it, in elements."""
    root = x
    while isinstance(root.base, type(x)) and root.base.dtype == x.dtype:
        root = root.base
    return root, (backend.address(x) - backend.address(root)) // x.itemsize


def _positions(size: Sequence[int], stride: Sequence[int]) -> Any:
    total: Any = np.zeros((), np.int64)
    for n, s in zip(size, stride, strict=True):
        total = total[..., None] + np.arange(n) * s
    return total


def _geometry(input: Tensor, size: Any, stride: Any, storage_offset: int | None) -> tuple[Any, tuple[int, ...], tuple[int, ...], int]:
    """For each element of the result its place in the flattened input (or one past its end), and the checked geometry."""
    x = input._data
    size, stride = tuple(int(n) for n in size), tuple(int(n) for n in stride)
    if len(size) != len(stride):
        raise RuntimeError(f"mismatch in length of strides and shape: {len(stride)} and {len(size)}")
    root, begin = _root(x)
    offset = begin if storage_offset is None else int(storage_offset)
    wanted = _positions(size, stride) + offset
    if wanted.size and (wanted.max() >= root.size or wanted.min() < 0):
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and itemsize {x.itemsize} "
            f"requiring a storage size of {(int(wanted.max()) + 1) * x.itemsize} are out of bounds for storage of size "
            f"{root.size * x.itemsize}"
        )
    own = _positions(x.shape, [s // x.itemsize for s in x.strides]) + begin
    where = np.full(root.size, x.size, np.int64)
    where[own.ravel()] = np.arange(x.size)
    return where[wanted.ravel()], size, stride, offset - begin


def _strided(xp: Any, x: Any, places: Any, size: Any, stride: Any, offset: int, copy: bool) -> Any:
    if copy:
        return x.reshape(-1)[np.minimum(places, x.size - 1)].reshape(size)
    root, begin = _root(x)
    flat = xp.lib.stride_tricks.as_strided(root, (root.size,), (x.itemsize,))
    return xp.lib.stride_tricks.as_strided(flat[begin + offset :], size, tuple(s * x.itemsize for s in stride))


def _strided_put(xp: Any, x: Any, src: Any, places: Any) -> Any:
    flat = x.reshape(-1).copy()
    flat[places] = src.reshape(-1) if hasattr(src, "reshape") and src.ndim else src
    return flat.reshape(x.shape)


def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """A view of the memory of `input` with these sizes and strides (in elements)."""
    return strided_take["as_strided_view"](input, *_geometry(input, size, stride, storage_offset), False)


def as_strided_copy(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """`as_strided`, copied."""
    return strided_take["as_strided_copy_of"](input, *_geometry(input, size, stride, storage_offset), True)


def as_strided_scatter(input: Tensor, src: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """The input with `src` in place of ``input.as_strided(...)``."""
    return strided_put(input, src, _geometry(input, size, stride, storage_offset)[0])


# --- Made of others --------------------------------------------------------------------------------------------------

_rot90 = define("rot90_turns", LINEAR, inputs=1, grad="Rot90Backward0", aten="aten::rot90",
    forward=lambda xp, input, k, dims: xp.rot90(input, k, dims).copy(),
    vjp=(lambda F, g, k, dims: F.rot90_turns(g, -k, dims),),
    formula=r"g \text{ turned back}", doc="A plane of dimensions turned by quarter turns.")


def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Turned `k` times by a quarter, from the first of `dims` towards the second."""
    return _rot90(input, k, tuple(dims))


block_diag_of = define("block_diag_of", LINEAR, variadic=True, inputs=1, grad="BlockDiagBackward0", aten="aten::block_diag", dtypes="promote",
    forward=lambda xp, tensors: _block_diag(xp, tensors),
    vjp=(lambda F, g, tensors_shape, index: _block(F, g, tensors_shape, index),),
    formula=r"\text{its block of } g", doc="A matrix with the given ones along its diagonal.")


def _rows_columns(s: Sequence[int]) -> tuple[int, int]:
    return (1, 1) if not s else (1, s[0]) if len(s) == 1 else (s[0], s[1])


def _block_diag(xp: Any, tensors: Sequence[Any]) -> Any:
    sizes = [_rows_columns(x.shape) for x in tensors]
    result = xp.zeros((sum(r for r, _ in sizes), sum(c for _, c in sizes)), tensors[0].dtype)
    row = column = 0
    for x, (r, c) in zip(tensors, sizes, strict=True):
        result[row : row + r, column : column + c] = x
        row, column = row + r, column + c
    return result


def _block(F: Any, g: Any, shapes: Sequence[Any], index: int) -> Any:
    sizes = [_rows_columns(s) for s in shapes]
    row, column = sum(r for r, _ in sizes[:index]), sum(c for _, c in sizes[:index])
    r, c = sizes[index]
    return F.reshape(F.slice(F.slice(g, 0, row, row + r, 1), 1, column, column + c, 1), tuple(shapes[index]))


def block_diag(*tensors: Tensor) -> Tensor:
    """A matrix with the given matrices, rows and numbers along its diagonal."""
    return block_diag_of(tuple(tensors))


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """A matrix with all elements on its diagonal."""
    return arrange.diag_embed(shape.reshape(input, (-1,)), offset)


def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors behind each other, along the third dimension."""
    from engine.ops.derived import atleast_3d

    return arrange.cat([atleast_3d(t) for t in arrange.some(tensors, "dstack")], 2)


def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors side by side; vectors are columns."""
    return arrange.cat([t if t.ndim > 1 else shape.reshape(t, (-1, 1)) for t in arrange.some(tensors, "column_stack")], 1)


def _cut(input: Tensor, indices_or_sections: Any, dim: int, name: str, least: int) -> tuple[Tensor, ...]:
    from engine.ops.derived import tensor_split

    if input.ndim < least:
        raise RuntimeError(f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with {input.ndim} dimensions!")
    n = input._data.shape[dim]
    if isinstance(indices_or_sections, int) and (indices_or_sections <= 0 or n % indices_or_sections):
        raise RuntimeError(f"torch.{name} attempted to split along dimension {dim}, but the size of the dimension {n} is not divisible by the split_size {indices_or_sections}!")
    return tensor_split(input, indices_or_sections, dim)


def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Pieces along columns (elements, of a vector)."""
    return _cut(input, indices_or_sections, 0 if input.ndim == 1 else 1, "hsplit", 1)


def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Pieces along rows."""
    return _cut(input, indices_or_sections, 0, "vsplit", 2)


def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Pieces along the third dimension."""
    return _cut(input, indices_or_sections, 2, "dsplit", 3)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All ways to take `r` elements of a vector, one row each."""
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(input.numel()), r)), np.int64).reshape(-1, r)
    return arrange.stack([index_select(input, 0, Tensor._wrap(rows[:, k].copy())) for k in range(r)], 1)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All ways to take one element of each vector, one row each."""
    for t in tensors:
        if t.ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {[*t.shape]}")
    if len(tensors) == 1:
        return tensors[0]
    grids = arrange.meshgrid(*tensors, indexing="ij")
    return arrange.stack([shape.flatten(g) for g in grids], 1)


def _kron(input: Any, other: Any) -> Any:
    n = max(input.ndim, other.ndim)
    a, b = (1,) * (n - input.ndim) + tuple(input.shape), (1,) * (n - other.ndim) + tuple(other.shape)
    left = shape.reshape(input, tuple(v for p in a for v in (p, 1)))
    right = shape.reshape(other, tuple(v for p in b for v in (1, p)))
    return shape.unsafe_view(left * right, tuple(p * q for p, q in zip(a, b, strict=True)))


def kron(input: Tensor, other: Tensor) -> Tensor:
    """Each element of `input` times the whole of `other`, side by side."""
    return _kron(input, other)  # type: ignore[no-any-return]


pixel_shuffle = fused("pixel_shuffle", lambda input, upscale_factor: _shuffled(input, upscale_factor), inputs=1,
    formula=r"g \text{ moved back}", doc="Channels moved into rows and columns: (C r^2, H, W) to (C, H r, W r).")
pixel_unshuffle = fused("pixel_unshuffle", lambda input, downscale_factor: _unshuffled(input, downscale_factor), inputs=1,
    formula=r"g \text{ moved back}", doc="Rows and columns moved into channels: (C, H r, W r) to (C r^2, H, W).")
channel_shuffle = fused("channel_shuffle", lambda input, groups: _channels_shuffled(input, groups), inputs=1,
    formula=r"g \text{ moved back}", doc="Channels of groups taken in turn.")


def _shuffled(x: Any, r: int) -> Any:
    *lead, c, h, w = x.shape
    if c % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
            f"input.size(-3)={c} is not divisible by {r * r}"
        )
    n = len(lead)
    y = x.reshape(*lead, c // (r * r), r, r, h, w).permute(*range(n + 1), n + 3, n + 1, n + 4, n + 2)
    return y.reshape(*lead, c // (r * r), h * r, w * r).clone()


def _unshuffled(x: Any, r: int) -> Any:
    *lead, c, h, w = x.shape
    n = len(lead)
    y = x.reshape(*lead, c, h // r, r, w // r, r).permute(*range(n + 1), n + 2, n + 4, n + 1, n + 3)
    return y.reshape(*lead, c * r * r, h // r, w // r).clone()


def _channels_shuffled(x: Any, groups: int) -> Any:
    n, c, *rest = x.shape
    return x.reshape(n, groups, c // groups, *rest).transpose(1, 2).reshape(n, c, *rest).clone()


constant_pad_nd, diagonal_copy = arrange.constant_pad_nd, arrange.diagonal_copy

__all__ = [
    "alias_copy", "as_strided", "as_strided_copy", "as_strided_scatter", "block_diag", "cartesian_prod", "channel_shuffle",
    "column_stack", "combinations", "constant_pad_nd", "diagflat", "diagonal_copy", "diagonal_scatter", "dsplit", "dstack", "expand_copy", "hsplit", "kron",
    "narrow_copy", "permute_copy", "pixel_shuffle", "pixel_unshuffle", "rot90", "select_copy", "select_scatter", "slice_copy",
    "slice_scatter", "split_with_sizes", "split_with_sizes_copy", "squeeze_copy", "t_copy", "transpose_copy", "unbind_copy",
    "unfold_copy", "unsafe_chunk", "unsafe_split", "unsqueeze_copy", "view_copy", "vsplit",
]
