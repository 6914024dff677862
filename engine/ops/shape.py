"""Views and rearrangements: operations that move elements and change none."""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from engine import dtypes
from engine.define import define
from engine.dispatch import composite
from engine.ops.reduce import dims, one_dim
from engine.overloads import refuse
from engine.registry import CONSTANT, LINEAR, OPS, arrays
from engine.tensor import Tensor

# --- Views -----------------------------------------------------------------------------------------------------------

@lru_cache(maxsize=4096)
def _resolve(shape: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
    """`target` with its -1 filled in.

    Raises:
        RuntimeError: if it does not hold as many elements as `shape`.
    """
    count = math.prod(shape)
    if any(n < -1 for n in target):
        raise RuntimeError(f"invalid shape dimension {next(n for n in target if n < -1)}")
    if target.count(-1) > 1:
        raise RuntimeError("only one dimension can be inferred")
    known = math.prod(n for n in target if n != -1)
    if -1 in target:
        if not known or count % known:
            raise RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {list(target)} because the unspecified dimension size "
                "-1 can be any value and is ambiguous"
                if not known and not count
                else f"shape '{list(target)}' is invalid for input of size {count}"
            )
        return tuple(count // known if n == -1 else n for n in target)
    if known != count:
        raise RuntimeError(f"shape '{list(target)}' is invalid for input of size {count}")
    return target


view_as_shape = define("view", LINEAR, view=True,
    forward=lambda xp, input, shape: _view(input, shape),
    vjp=(lambda F, g, input_shape: F.reshape(g, tuple(input_shape)),),
    formula=r"g \text{ in the shape of } x", doc="The same elements under another shape.")

reshape_alias = define("reshape_alias", LINEAR, view=True, aten="aten::_reshape_alias",
    forward=lambda xp, input, shape: _view(input, shape),
    vjp=(lambda F, g, input_shape: F.reshape(g, tuple(input_shape)),),
    formula=r"g \text{ in the shape of } x", doc="The same elements, which do not lie in order, under another shape.")

expand_to = define("expand", LINEAR, view=True,
    forward=lambda xp, input, size: _expand(xp, input, _expanded(input.shape, tuple(size))),
    vjp=(lambda F, g, input_shape: F.sum_to_size(g, tuple(input_shape)),),
    formula=r"\sum_{\text{copies}} g", doc="The same elements repeated along dimensions of length 1.")

def _exchanged(x: Any, dim0: int, dim1: int) -> Any:
    return x.swapaxes(dim0, dim1) if x.ndim else x[...]


transpose = define("transpose", LINEAR, view=True,
    forward=lambda xp, input, dim0, dim1: _exchanged(input, one_dim(dim0, input.ndim), one_dim(dim1, input.ndim)),
    vjp=(lambda F, g, dim0, dim1: F.transpose(g, dim0, dim1),),
    doc="Two dimensions exchanged.")

t = define("t", LINEAR, view=True,
    forward=lambda xp, input: _matrix(input, "t").T,
    vjp=(lambda F, g: F.t(g) if F.recording else _turned_back(g),),
    doc="The transpose of a matrix.")

permute_to = define("permute", LINEAR, view=True,
    forward=lambda xp, input, dims: input.transpose(_order(dims, input.ndim)),
    vjp=(lambda F, g, dims: F.permute(g, _inverse(dims)),),
    formula=r"g \text{ with its dimensions permuted back}", doc="Dimensions in another order.")

unsqueeze = define("unsqueeze", LINEAR, view=True,
    forward=lambda xp, input, dim: xp.expand_dims(input, one_dim(dim, input.ndim + 1)),
    vjp=(lambda F, g, input_shape: F.reshape(g, tuple(input_shape)),),
    formula=r"g \text{ in the shape of } x", doc="A new dimension of length 1.")

_squeeze_all = define("squeeze_all", LINEAR, view=True, grad="SqueezeBackward0", aten="aten::squeeze",
    forward=lambda xp, input: input.squeeze(),
    vjp=(lambda F, g, input_shape: F.reshape(g, tuple(input_shape)),),
    formula=r"g \text{ in the shape of } x", doc="Without dimensions of length 1.")

_squeeze_dim = define("squeeze_dim", LINEAR, view=True, grad="SqueezeBackward1", aten="aten::squeeze",
    forward=lambda xp, input, dim: input.squeeze(tuple(d for d in dims(dim, input.ndim) if input.shape[d] == 1)),
    vjp=(lambda F, g, input_shape: F.reshape(g, tuple(input_shape)),),
    formula=r"g \text{ in the shape of } x", doc="Without that dimension, if its length is 1.")

_squeeze_dims = define("squeeze_dims", LINEAR, view=True, grad="SqueezeBackward2", aten="aten::squeeze",
    forward=lambda xp, input, dim: input.squeeze(
        tuple(d for d in dims(dim, input.ndim) if input.shape[d] == 1) if dim else ()),
    vjp=(lambda F, g, input_shape: F.reshape(g, tuple(input_shape)),),
    formula=r"g \text{ in the shape of } x", doc="Without those dimensions that have length 1.")

squeeze_result = define("squeeze_result", LINEAR, view=True, grad="SqueezeBackward4", aten="aten::squeeze_",
    forward=lambda xp, input, dim: input.squeeze(dim),
    vjp=(lambda F, g, input_shape: F.reshape(g, tuple(input_shape)),),
    formula=r"g \text{ in the shape of } x", doc="A matrix product without the dimension that a vector was given for it.")

select = define("select", LINEAR, view=True,
    forward=lambda xp, input, dim, index: input[_at(input, dim, index)],
    vjp=(lambda F, g, input_shape, dim, index: F.embed(g, tuple(input_shape), "select", (dim, index)),),
    formula=r"g \text{ at the places taken, 0 elsewhere}", doc="One slice along a dimension, which goes away.")

slice_ = define("slice", LINEAR, view=True,
    forward=lambda xp, input, dim=0, start=None, end=None, step=1: input[_range(input, dim, start, end, step)],
    vjp=(lambda F, g, input_shape, dim, start, end, step: F.embed(
        g, tuple(input_shape), "slice", (dim, start, end, step)),),
    formula=r"g \text{ at the places taken, 0 elsewhere}", doc="A range along a dimension.")

diagonal = define("diagonal", LINEAR, view=True,
    forward=lambda xp, input, offset=0, dim1=0, dim2=1: _writable(input.diagonal(offset, dim1, dim2)),
    vjp=(lambda F, g, input_shape, offset, dim1, dim2: F.embed(
        g, tuple(input_shape), "diagonal", (offset, dim1, dim2)),),
    formula=r"g \text{ at the places taken, 0 elsewhere}", doc="The diagonal of two dimensions, as the last one.")

unfold = define("unfold", LINEAR, view=True,
    forward=lambda xp, input, dimension, size, step: _unfold(xp, input, dimension, size, step),
    vjp=(lambda F, g, input_shape, dimension, size, step: F.fold_back(g, tuple(input_shape), dimension, size, step),),
    formula=r"\sum_{\text{windows}} g", doc="Sliding windows of a dimension, in a new last one.")

alias = define("alias", LINEAR, view=True,
    forward=lambda xp, input: input[...],
    vjp=(lambda F, g: g,),
    doc="Another tensor over the same memory.")

_unbind = define("unbind", LINEAR, view=True, outputs=0,
    forward=lambda xp, input, dim=0: tuple(input[_at(input, dim, k)] for k in range(_length(input, dim))),
    vjp=(lambda F, g, dim: F.stack_dim(_list(g), dim),),
    formula=r"\text{the parts of } g \text{, stacked}", doc="All slices along a dimension.")

_split = define("split_sizes", LINEAR, view=True, outputs=0, grad="SplitBackward0", aten="aten::split",
    forward=lambda xp, input, sizes, dim=0: _pieces(input, sizes, dim),
    vjp=(lambda F, g, dim: F.cat_dim(_list(g), dim),),
    formula=r"\text{the parts of } g \text{, joined}", doc="Pieces of one length of a dimension.")

_split_with_sizes = define("split_with_sizes", LINEAR, view=True, outputs=0,
    forward=lambda xp, input, sizes, dim=0: _pieces(input, sizes, dim),
    vjp=(lambda F, g, dim: F.cat_dim(_list(g), dim),),
    formula=r"\text{the parts of } g \text{, joined}", doc="Pieces of given lengths of a dimension.")

as_strided = define("as_strided", LINEAR, view=True, grad="AsStridedBackward0",
    forward=lambda xp, input, chain: _follow(xp, input, chain),
    vjp=(lambda F, g, chain: _lead_back(F, g, chain),),
    formula=r"g \text{ at the places taken, 0 elsewhere}", doc="A view made anew after its base was changed in place.")

detach = define("detach", CONSTANT, inputs=1, dtypes="any",
    forward=lambda xp, input: input[...],
    doc="The same memory, cut from the graph.")

# --- Adjoints of views -----------------------------------------------------------------------------------------------

embed = define("embed", LINEAR, inputs=1, aten="aten::slice_backward",
    forward=lambda xp, input, shape, op, args: _embed(xp, input, shape, op, args),
    vjp=(lambda F, g, op, args: getattr(F, op)(g, *args),),
    formula=r"g \text{ at the places taken}", doc="A view's gradient, in zeros of its base's shape.")

fold_back = define("fold_back", LINEAR, inputs=1, aten="aten::unfold_backward",
    forward=lambda xp, input, shape, dimension, size, step: _fold_back(xp, input, shape, dimension, size, step),
    vjp=(lambda F, g, dimension, size, step: F.unfold(g, dimension, size, step),),
    formula=r"g \text{ in windows}", doc="The gradient of sliding windows, summed where they overlap.")

# --- Copies ----------------------------------------------------------------------------------------------------------

_reshape_copy = define("reshape", LINEAR, grad="ViewBackward0", aten="aten::reshape",
    forward=lambda xp, input, shape: input.reshape(_resolve(input.shape, tuple(shape))),
    vjp=(lambda F, g, input_shape: F.reshape(g, tuple(input_shape)),),
    formula=r"g \text{ in the shape of } x", doc="The same elements under another shape, copied if they must be.")

clone = define("clone", LINEAR, inputs=1,
    forward=lambda xp, input, memory_format=None: input.copy(),
    vjp=(lambda F, g: g,),
    doc="A copy.")

contiguous_copy = define("contiguous_copy", LINEAR, grad="CloneBackward0", aten="aten::clone",
    forward=lambda xp, input: xp.array(input, order="C"),
    vjp=(lambda F, g: g,),
    doc="A copy in row-major order.")

ones_like = define("ones_like", "constant", inputs=1, dtypes="any",
    forward=lambda xp, input: xp.ones(input.shape, input.dtype), doc="Ones of the same shape and dtype.")


# --- What users call -------------------------------------------------------------------------------------------------


def _shape(
    given: tuple[Any, ...], function: str, named: dict[str, Any] | None = None, name: str = ""
) -> tuple[int, ...]:
    """Sizes given as ``(2, 3)``, as ``2, 3`` or by their `name`; `function` is the method named in errors."""
    if named:
        if given or [*named] != [name]:
            refuse(function, given, named, method=True)
        given = (named[name],)
    try:
        sizes = given
        if len(given) == 1 and not isinstance(given[0], (int, np.integer, Tensor)):
            sizes = tuple(given[0])
        elif not given:
            raise TypeError("no sizes")
        return tuple([operator.index(n) for n in sizes])
    except (TypeError, ValueError):
        refuse(function, given, {}, method=True)
        raise


def view(input: Tensor, *shape: Any, **named: Any) -> Tensor:
    """The same elements under another shape, sharing memory; one size may be -1.

    Raises:
        RuntimeError: if the sizes do not fit, or the memory's layout does not allow it.
    """
    if named and not shape and [*named] == ["dtype"]:
        shape, named = (named["dtype"],), {}
    if len(shape) == 1 and isinstance(shape[0], dtypes.dtype):
        return Tensor._wrap(input._data.view(shape[0].numpy))
    return view_as_shape(input, _shape(shape, "view", named, "size"))


@composite("reshape")
def reshape(input: Tensor, *shape: Any, **named: Any) -> Tensor:
    """The same elements under another shape: a view if it can be, else a copy."""
    target = _resolve(input._data.shape, _shape(shape, "reshape", named, "shape"))
    if not _viewable(input._data, target):
        return unsafe_view(contiguous_copy(input), target)
    return (view_as_shape if input._data.flags.c_contiguous else reshape_alias)(input, target)


unsafe_view = define("unsafe_view", LINEAR, grad="UnsafeViewBackward0", aten="aten::_unsafe_view",
    forward=lambda xp, input, shape: input.reshape(_resolve(input.shape, tuple(shape))),
    vjp=(lambda F, g, input_shape: F.reshape(g, tuple(input_shape)),),
    formula=r"g \text{ in the shape of } x", doc="A fresh result under another shape.")


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """`view` with the shape of `other`."""
    return view(input, other.shape)


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """`reshape` to the shape of `other`."""
    return reshape(input, other.shape)


@composite("flatten")
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Dimensions from `start_dim` to `end_dim` as one."""
    if not input.ndim:
        one_dim(start_dim, 0), one_dim(end_dim, 0)
        return reshape(input, (1,))
    first, last = one_dim(start_dim, input.ndim), one_dim(end_dim, input.ndim)
    if first > last:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if first == last:
        return input
    shape = input._data.shape
    return reshape(input, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """One dimension as several."""
    d, shape = one_dim(dim, input.ndim), input._data.shape
    if -1 not in sizes and math.prod(sizes) != shape[d]:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {d} ({shape[d]}) in the input "
            "tensor"
        )
    return view(input, (*shape[:d], *_resolve((shape[d],), tuple(sizes)), *shape[d + 1 :]))


def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension."""
    return reshape(input, (-1,))


def expand(input: Tensor, *size: Any, **named: Any) -> Tensor:
    """The same elements repeated along dimensions of length 1, without copying; -1 keeps a length."""
    return expand_to(input, _shape(size, "expand", named, "size"))


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """`expand` to the shape of `other`."""
    return expand_to(input, other._data.shape)


def broadcast_to(input: Tensor, size: Any) -> Tensor:
    """`expand` under NumPy's name."""
    return expand_to(input, tuple(size))


def permute(input: Tensor, *dims: Any, **named: Any) -> Tensor:
    """Dimensions in another order."""
    order = _shape(dims, "permute", named, "dims")
    if len(order) != input.ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {input.ndim} is not equal to len(dims) = {len(order)}"
        )
    return permute_to(input, order)


def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Dimensions moved to other places."""
    ndim = input.ndim
    src = [one_dim(d, ndim) for d in ((source,) if isinstance(source, int) else source)]
    dst = [one_dim(d, ndim) for d in ((destination,) if isinstance(destination, int) else destination)]
    rest = [d for d in range(ndim) if d not in src]
    return permute_to(input, tuple(src[dst.index(k)] if k in dst else rest.pop(0) for k in range(ndim)))


def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Without dimensions of length 1: all of them, or those named."""
    if dim is None:
        return _squeeze_all(input)
    if isinstance(dim, (tuple, list)):
        # No dimensions at all is not all of them here.
        return _squeeze_dims(input, tuple(dim))
    return _squeeze_dim(input, dim)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """All slices along a dimension."""
    if not input.ndim:
        one_dim(dim, 0)
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return tuple(_unbind(input, one_dim(dim, input.ndim)))


def split(input: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of one length (the last may be shorter), or of the lengths given."""
    if not input.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    d = one_dim(dim, input.ndim)
    n = input._data.shape[d]
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        if not size and n:
            raise RuntimeError(f"split_size can only be 0 if dimension size is 0, but got dimension size of {n}")
        if size < 0:
            raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
        sizes = [builtins.min(size, n - k) for k in range(0, n, size or 1)] or [0]
    else:
        sizes = [int(k) for k in split_size_or_sections]
        if builtins.sum(sizes) != n:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at dimension {d}), "
                f"but got split_sizes={sizes}"
            )
        return tuple(_split_with_sizes(input, tuple(sizes), d))
    return tuple(_split(input, tuple(sizes), d))


@composite("chunk")
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` pieces of equal length (the last may be shorter)."""
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    if not input.ndim:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    n = input._data.shape[one_dim(dim, input.ndim)]
    return split(input, builtins.max(-(-n // chunks), 1), dim)


def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """`length` elements from `start` along a dimension.

    Raises:
        RuntimeError: if they are not all there.
    """
    if not input.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    size = input._data.shape[one_dim(dim, input.ndim)]
    if not 0 <= (start + size if start < 0 else start) <= size - length:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    start += size if start < 0 else 0
    return slice_(input, dim, start, start + length, 1)


def contiguous(input: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself if its memory is in row-major order, else a copy that is."""
    return input if input._data.flags.c_contiguous else _copied(input)


_copied = composite("contiguous")(contiguous_copy)


swapaxes = swapdims = transpose
# --- What the records above are made of ------------------------------------------------------------------------------


def _viewable(x: Any, shape: tuple[int, ...]) -> bool:
    """Whether `x` can be looked at under `shape` without copying."""
    if x.flags.c_contiguous:
        return True
    try:
        x.reshape(shape, copy=False) if isinstance(x, np.ndarray) else x.view().__setattr__("shape", shape)
    except (ValueError, AttributeError):
        return False
    return True


def _view(x: Any, shape: tuple[int, ...]) -> Any:
    target = _resolve(x.shape, tuple(shape))
    if not _viewable(x, target):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )
    return x.reshape(target)


def _expand(xp: Any, x: Any, shape: tuple[int, ...]) -> Any:
    if x.shape == shape:
        return x[...]
    # Where nothing is repeated the result may be written to.
    return x.reshape(shape) if x.size == math.prod(shape) else xp.broadcast_to(x, shape)


def _expanded(shape: tuple[int, ...], size: tuple[int, ...]) -> tuple[int, ...]:
    if size == shape:
        return shape
    if len(size) < len(shape):
        raise RuntimeError(
            f"expand(torch.FloatTensor{{{list(shape)}}}, size={list(size)}): the number of sizes provided "
            f"({len(size)}) must be greater or equal to the number of dimensions in the tensor ({len(shape)})"
        )
    lead = len(size) - len(shape)
    result = []
    for k, n in enumerate(size):
        own = shape[k - lead] if k >= lead else 1
        if n == -1:
            if k < lead:
                raise RuntimeError(
                    f"expand(torch.FloatTensor{{{list(shape)}}}, size={list(size)}): the expanded size of the tensor "
                    f"({n}) isn't allowed in a leading, non-existing dimension {k}"
                )
            n = own
        if own != n and own != 1:
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({own}) at non-singleton "
                f"dimension {k}.  Target sizes: {list(size)}.  Tensor sizes: {list(shape)}"
            )
        result.append(n)
    return tuple(result)


def _matrix(x: Any, name: str) -> Any:
    if x.ndim > 2:
        raise RuntimeError(f"{name}() expects a tensor with <= 2 dimensions, but self is {x.ndim}D")
    return x


def _turned_back(g: Any) -> Any:
    """The transpose of an array; if it is itself that of a whole array, then that one, which a leaf can keep as it is."""
    whole = g.base
    if whole is None or type(whole) is not type(g) or whole.base is not None or g.ndim != 2:
        return g.T
    return whole if whole.shape == g.shape[::-1] and whole.strides == g.strides[::-1] else g.T


def _order(dims_: Sequence[int], ndim: int) -> tuple[int, ...]:
    order = tuple(one_dim(d, ndim) for d in dims_)
    if len(set(order)) != len(order):
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return order


def _inverse(dims_: Sequence[int]) -> tuple[int, ...]:
    n = len(dims_)
    inverse = [0] * n
    for k, d in enumerate(dims_):
        inverse[d % n] = k
    return tuple(inverse)


def _at(x: Any, dim: int, index: int) -> tuple[Any, ...]:
    if not x.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    d = one_dim(dim, x.ndim)
    n = x.shape[d]
    index = int(index)
    if not -n <= index < n:
        raise IndexError(f"index {index} is out of bounds for dimension {d} with size {n}")
    # The final Ellipsis keeps a 0-d result an array that shares memory.
    return (*(slice(None),) * d, index, ...)


def _length(x: Any, dim: int) -> int:
    return int(x.shape[one_dim(dim, x.ndim)])


def _range(x: Any, dim: int, start: Any, end: Any, step: int) -> tuple[Any, ...]:
    if step <= 0:
        raise ValueError("step must be greater than zero")
    return (*(slice(None),) * one_dim(dim, x.ndim), slice(start, end, step))


def _writable(x: Any) -> Any:
    if isinstance(x, np.ndarray) and not x.flags.writeable and x.base is not None:
        try:
            x.flags.writeable = True
        except ValueError:
            return x
    return x


def _unfold(xp: Any, x: Any, dimension: int, size: int, step: int) -> Any:
    if not x.ndim:
        if size > 1:
            raise RuntimeError(f"maximum size for tensor at dimension 0 is 1 but size is {size}")
        return x.reshape(1)[:size]
    d = one_dim(dimension, x.ndim)
    if size > x.shape[d]:
        raise RuntimeError(f"maximum size for tensor at dimension {d} is {x.shape[d]} but size is {size}")
    windows = xp.lib.stride_tricks.sliding_window_view(x, size, axis=d)
    return windows[(*(slice(None),) * d, slice(None, None, step))]


def _fold_back(xp: Any, g: Any, shape: tuple[int, ...], dimension: int, size: int, step: int) -> Any:
    if not len(shape):
        return g.sum()
    d = one_dim(dimension, len(shape))
    result = xp.zeros(shape, g.dtype)
    for k in range(size):
        part = (*(slice(None),) * d, slice(k, k + g.shape[d] * step, step))
        result[part] += g[..., k]
    return result


def _list(g: Any) -> list[Any]:
    return list(g) if isinstance(g, tuple) else [g]


def _pieces(x: Any, sizes: Sequence[int], dim: int) -> tuple[Any, ...]:
    lead = (slice(None),) * one_dim(dim, x.ndim)
    result, start = [], 0
    for n in sizes:
        result.append(x[(*lead, slice(start, start + n))])
        start += n
    return tuple(result)


def _follow(xp: Any, x: Any, chain: Any) -> Any:
    from engine.inplace import take_view

    return take_view(arrays(x), x, chain)


def _lead_back(F: Any, g: Any, chain: Any) -> Any:
    from engine.inplace import put_view

    return put_view(F, g, chain)


def _embed(xp: Any, g: Any, shape: tuple[int, ...], op: str, args: tuple[Any, ...]) -> Any:
    result = xp.zeros(shape, g.dtype)
    part = OPS[op].forward(xp, result, *args)
    part[...] = g
    return result


__all__ = [
    "broadcast_to", "chunk", "clone", "contiguous", "diagonal", "expand", "expand_as", "flatten", "movedim",
    "narrow", "ones_like", "permute", "ravel", "reshape", "reshape_as", "select", "split", "squeeze",
    "swapaxes", "swapdims", "t", "transpose", "unbind", "unflatten", "unfold", "unsqueeze", "view", "view_as",
]
