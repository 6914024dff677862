"""Indexing: ``x[...]`` taken apart into selects, slices and gathers, and its in-place counterparts."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine import backend, dtypes
from engine.define import define
from engine.dispatch import check_broadcast
from engine.inplace import apply_inplace
from engine.ops import shape as _shape
from engine.ops.reduce import one_dim
from engine.registry import GENERAL, LINEAR, OPS
from engine.tensor import Tensor

index_get = define("index", LINEAR, inputs=1, dtypes="any",
    forward=lambda xp, input, indices: _take(xp, input, indices),
    vjp=(lambda F, g, input_shape, indices: F.index_add_into(g, tuple(input_shape), indices),),
    formula=r"g \text{ added up at the places taken, 0 elsewhere}", doc="Elements at places given by index tensors or a mask.")

index_add_into = define("index_add_into", LINEAR, inputs=1, dtypes="any", aten="aten::_index_put_impl_",
    forward=lambda xp, input, shape, indices: _put_sum(xp, input, shape, indices),
    vjp=(lambda F, g, indices: F.index(g, indices),),
    formula=r"g \text{ at those places}", doc="Elements summed into zeros at the places of the indices.")

index_put = define("index_put", LINEAR, inputs=2, dtypes="promote", grad="IndexPutBackward0",
    forward=lambda xp, input, values, indices, accumulate=False: _put(xp, input, values, indices, accumulate),
    vjp=(lambda F, g, indices, accumulate: g if accumulate else F.index_put(g, 0.0, indices),
         lambda F, g, indices: F.index(g, indices)),
    formula=r"g \text{ with 0 where it was overwritten},\ g \text{ where it was written}", doc="The input with other values at the indices.")

copy = define("copy", LINEAR, inputs=2, dtypes="any", grad="CopyBackwards", aten="aten::copy_",
    forward=lambda xp, input, src: _spread(xp, src, input.shape).astype(input.dtype)
        if hasattr(src, "ndim") else xp.full(input.shape, src, input.dtype),
    vjp=(lambda F, g: F.zeros_like(g), lambda F, g: g),
    formula=r"0,\ g", doc="The values of another tensor, in this one's shape and dtype.")

OPS["copy"].node.namespace = "torch::autograd::"  # a node PyTorch writes by hand

gather = define("gather", LINEAR, inputs=1, dtypes="any",
    forward=lambda xp, input, dim, index: _gather(xp, input, dim, index),
    vjp=(lambda F, g, input_shape, dim, index: F.scatter_value(g, index, tuple(input_shape), dim),),
    formula=r"g \text{ added up at the places taken, 0 elsewhere}", doc="Elements along a dimension at the places of an index tensor.")

scatter_value = define("scatter_value", LINEAR, inputs=1, dtypes="any", aten="aten::scatter_add",
    forward=lambda xp, input, index, shape, dim: _scatter_sum(xp, input, index, shape, dim),
    vjp=(lambda F, g, index, dim: F.gather(g, dim, index),),
    formula=r"g \text{ at those places}", doc="Elements summed into zeros along a dimension, at the places of an index tensor.")

scatter_into = define("scatter_into", LINEAR, inputs=2, dtypes="any", grad="ScatterBackward0", aten="aten::scatter",
    forward=lambda xp, input, src, dim, index: _scatter(xp, input, dim, index, src),
    vjp=(lambda F, g, dim, index: F.scatter_into(g, 0.0, dim, index), lambda F, g, dim, index: F.gather(g, dim, index)),
    formula=r"g \text{ with 0 where it was overwritten},\ g \text{ where it was written}", doc="The input with other values along a dimension.")

scatter_number = define("scatter_number", GENERAL, inputs=1, dtypes="any", grad="ScatterBackward1", aten="aten::scatter",
    forward=lambda xp, input, value, dim, index: _scatter(xp, input, dim, index, value),
    vjp=(lambda F, g, dim, index: F.scatter_number(g, 0.0, dim, index),),
    formula=r"g \text{ with 0 where it was overwritten}", doc="The input with a number along a dimension.")

scatter_add_into = define("scatter_add_into", LINEAR, inputs=2, dtypes="any", grad="ScatterAddBackward0",
    aten="aten::scatter_add",
    forward=lambda xp, input, src, dim, index: input + _scatter_sum(
        xp, src[tuple(slice(0, n) for n in _raw(index).shape)], index, input.shape, dim),
    vjp=(lambda F, g: g, lambda F, g, dim, index: F.gather(g, dim, index)),
    formula=r"g,\ g \text{ at those places}", doc="The input with values added along a dimension.")

take_flat = define("take", LINEAR, inputs=1, dtypes="any",
    forward=lambda xp, input, index: _take_flat(xp, input, _raw(index)),
    vjp=(lambda F, g, input_shape, index: F.reshape(
        F.index_add_into(g, (math.prod(input_shape),), (index,)), tuple(input_shape)),),
    formula=r"g \text{ added up at the places taken, 0 elsewhere}", doc="Elements at places counted in row-major order.")

index_select_along = define("index_select", LINEAR, inputs=1, dtypes="any",
    forward=lambda xp, input, dim, index: _index_select(xp, input, dim, index),
    vjp=(lambda F, g, input_shape, dim, index: F.reshape(g, ()) if not len(input_shape) else F.index_add_into(
        g, tuple(input_shape), (*(slice(None),) * one_dim(dim, len(input_shape)), index)),),
    formula=r"g \text{ added up at the places taken, 0 elsewhere}", doc="Slices along a dimension, in the order of an index vector.")

index_add_along = define("index_add_along", LINEAR, inputs=2, dtypes="any", grad="IndexAddBackward0",
    aten="aten::index_add",
    forward=lambda xp, input, source, dim, index: input + _put_sum(
        xp, source, input.shape, (*(slice(None),) * one_dim(dim, input.ndim), index)),
    vjp=(lambda F, g: g, lambda F, g, dim, index: F.index_select(g, dim, index)),
    formula=r"g,\ g \text{ at those places}", doc="The input with slices of another added along a dimension.")

index_add_number = define("index_add_number", LINEAR, inputs=2, grad="IndexAddBackward0", aten="aten::index_add",
    forward=lambda xp, input, source: input + source.sum(),
    vjp=(lambda F, g: g, lambda F, g, source_shape: F.expand(g, tuple(source_shape))),
    formula=r"g,\ \sum g", doc="A number with others added.")

masked_select_of = define("masked_select", LINEAR, inputs=1, dtypes="any",
    forward=lambda xp, input, mask: xp.broadcast_arrays(input, _raw(mask))[0][xp.broadcast_to(_raw(mask), xp.broadcast_shapes(input.shape, _raw(mask).shape))],
    vjp=(lambda F, g, input_shape, mask: F.sum_to_size(F.index_add_into(
        g, tuple(np.broadcast_shapes(tuple(input_shape), _raw(mask).shape)),
        (np.broadcast_to(_raw(mask), np.broadcast_shapes(tuple(input_shape), _raw(mask).shape)),)), tuple(input_shape)),),
    formula=r"g \text{ at the places taken, 0 elsewhere}", doc="The elements where a mask is true, in one dimension.")

nonzero_places = define("nonzero", "constant", inputs=1, dtypes="any",
    forward=lambda xp, input: xp.stack(xp.nonzero(input), 1) if input.ndim else xp.zeros((int(input != 0), 0), np.int64),
    doc="The places of nonzero elements, one row each.")

searchsorted = define("searchsorted", "constant", inputs=2, dtypes="any",
    forward=lambda xp, sorted_sequence, input, right=False: xp.searchsorted(
        sorted_sequence, input, side="right" if right else "left"),
    doc="Where elements would be inserted into a sorted vector.")



def _spread(xp: Any, src: Any, shape: tuple[int, ...]) -> Any:
    try:
        return xp.broadcast_to(src, shape)
    except ValueError:
        check_broadcast([shape, src.shape])
        raise RuntimeError(
            f"output with shape {list(shape)} doesn't match the broadcast shape "
            f"{list(np.broadcast_shapes(shape, src.shape))}"
        ) from None


_PLAIN = frozenset({int, slice})

# --- x[...] ----------------------------------------------------------------------------------------------------------


def getitem(input: Tensor, key: Any) -> Tensor:
    """``input[key]``: views for integers, slices, None and ``...``; a copy where a tensor, list or mask indexes.

    Raises:
        IndexError: in PyTorch's words.
    """
    kind = type(key)
    if kind is int:
        return _select(input, 0, key)
    if kind is tuple and len(key) <= input._data.ndim and _PLAIN.issuperset(map(type, key)):
        # Nearly every index is of numbers and ranges only; taking it apart in general costs more than the views.
        view, dim = input, 0
        for place, k in enumerate(key):
            if type(k) is int:
                view = _select(view, dim, k, place)
            else:
                if not _is_whole(k, view._data.shape[dim]):
                    view = _sliced(view, dim, k)
                dim += 1
        return _shape.alias(input) if view is input else view
    view, rest = _basic(input, key)
    return view if rest is None else index_get(view, rest)


def setitem(input: Tensor, key: Any, value: Any) -> None:
    """``input[key] = value``, recorded: gradients flow to `value` and to what is left of `input`."""
    view, rest = _basic(input, key, writing=True)
    if not isinstance(value, Tensor):
        value = _as_tensor(value, view)
    if rest is None:
        _check_fits(value, view._data.shape)
        if value.ndim > view.ndim:
            value = value.reshape(value._data.shape[value.ndim - view.ndim :])
        apply_inplace(OPS["fill_tensor_in_place" if view.ndim and not value.ndim else "copy"], view, (value,))
    else:
        if value.dtype is not view.dtype:
            value = value.to(view.dtype)
        apply_inplace(OPS["index_put"], view, (value, rest, False))


def _as_tensor(value: Any, like: Tensor) -> Tensor:
    if isinstance(value, (bool, int, float, complex, np.number, np.bool_, np.ndarray)):
        array, xp = np.asarray(value, like._data.dtype), backend.module_of(like._data)
        return Tensor._wrap(array if xp is np else xp.asarray(array) if array.ndim else xp.full((), array[()], array.dtype))
    raise TypeError(f"can't assign a {type(value).__name__} to a torch.{dtypes.legacy_name(like.dtype)}")


def _check_fits(value: Tensor, shape: tuple[int, ...]) -> None:
    own = value._data.shape
    while len(own) > len(shape) and own[0] == 1:
        own = own[1:]
    for k in range(1, len(own) + 1):
        if len(own) > len(shape) or (own[-k] != shape[-k] and own[-k] != 1):
            raise RuntimeError(
                f"shape mismatch: value tensor of shape {list(value._data.shape)} cannot be broadcast to indexing result of "
                f"shape {list(shape)}"
                if len(own) > len(shape)
                else f"The expanded size of the tensor ({shape[-k]}) must match the existing size ({own[-k]}) at "
                f"non-singleton dimension {len(shape) - k}.  Target sizes: {list(shape)}.  Tensor sizes: {list(own)}"
            )


def _select(x: Tensor, dim: int, index: int, place: int = 0) -> Tensor:
    if not x.ndim:
        raise IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a "
            "0-dim tensor to a number"
        )
    n = x._data.shape[dim]
    if not -n <= index < n:
        # `place` counts in the tensor that was indexed: earlier numbers have already taken their dimensions away.
        raise IndexError(f"index {index} is out of bounds for dimension {place} with size {n}")
    return _shape.select(x, dim, index)


def _basic(input: Tensor, key: Any, writing: bool = False) -> tuple[Tensor, tuple[Any, ...] | None]:
    """The view that integers, slices, None and ``...`` make of `input`, and what is left for `index`.

    All of a tensor is a view of it, except for `writing`: then it is the tensor itself.
    """
    items = list(key) if isinstance(key, tuple) else [key]
    if isinstance(key, list) and any(isinstance(k, (slice, type(None), type(...))) for k in key):
        items = key
    consumed = sum(_takes(k) for k in items)
    if consumed > input.ndim:
        raise IndexError(f"too many indices for tensor of dimension {input.ndim}")
    if Ellipsis not in [k for k in items if k is Ellipsis]:
        items.append(Ellipsis)
    view, dim, place = input, 0, 0
    rest: list[Any] = []
    for k in items:
        if k is Ellipsis:
            place += input.ndim - consumed
            dim += input.ndim - consumed
            rest += [slice(None)] * (dim - len(rest))
        elif k is None:
            view = _shape.unsqueeze(view, dim)
            rest.append(slice(None))
            dim += 1
        elif isinstance(k, slice):
            if (key is k and not writing) or not _is_whole(k, view._data.shape[dim]):
                view = _sliced(view, dim, k)
            rest.append(slice(None))
            dim += 1
        elif isinstance(k, (bool, np.bool_)):
            view = _shape.unsqueeze(view, dim)
            rest.append(input._beside(np.array([bool(k)])))
            dim += 1
        elif _is_integer(k):
            view = _select(view, dim, int(k), place)
        else:
            index = _index_tensor(k)
            rest.append(index)
            width = index.ndim if index.dtype is dtypes.bool_ else 1
            rest += [None] * (width - 1)
            dim += width
        place += 1 if k is None else _takes(k)
    if not any(isinstance(k, Tensor) for k in rest):
        if view is input and not writing:
            view = _shape.alias(input)
        return view, None
    final = [k for k in rest if k is not None]
    while final and isinstance(final[-1], slice):
        final.pop()
    _check_indices(view, final)
    return view, tuple(final)


def _takes(k: Any) -> int:
    """How many dimensions of the tensor an index uses up."""
    if k is None or k is Ellipsis or isinstance(k, (bool, np.bool_)):
        return 0
    if isinstance(k, Tensor) and k.dtype in (dtypes.bool_, dtypes.uint8):
        return k.ndim
    if isinstance(k, np.ndarray) and k.dtype == np.bool_:
        return k.ndim
    if isinstance(k, list):
        return np.asarray(k).ndim if _is_mask(k) else 1
    return 1


def _is_mask(k: Any) -> bool:
    return isinstance(k, list) and bool(k) and np.asarray(k).dtype == np.bool_


def _is_integer(k: Any) -> bool:
    if isinstance(k, Tensor):
        return not k.ndim and not k.dtype.differentiable and k.dtype is not dtypes.bool_
    return isinstance(k, (int, np.integer)) or (hasattr(k, "__index__") and not isinstance(k, (list, np.ndarray)))


def _index_tensor(k: Any) -> Tensor:
    if not isinstance(k, Tensor):
        if isinstance(k, (str, bytes)):
            raise TypeError(f"new(): invalid data type '{type(k).__name__}'")
        if not isinstance(k, (list, tuple, np.ndarray, range)):
            raise IndexError(
                "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
                f"(got {type(k).__name__})"
            )
        array = np.asarray([i.item() if isinstance(i, Tensor) and not i.ndim else i for i in k] if not isinstance(k, np.ndarray) else k)
        k = Tensor._wrap(array.astype(np.int64) if not array.size else array)
    if k.dtype.differentiable:
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    if k.dtype is dtypes.uint8:
        k = k.to(dtypes.bool_)
    return k  # type: ignore[no-any-return]


def _is_whole(k: slice, length: int) -> bool:
    """Whether a slice among several indices takes a whole dimension: it then leaves no trace in the graph."""
    return (
        k.step in (None, 1)
        and (k.start is None or (isinstance(k.start, int) and k.start == 0))
        and (k.stop is None or (isinstance(k.stop, int) and k.stop >= length))
    )


def _sliced(view: Tensor, dim: int, k: slice) -> Tensor:
    start, stop, step = (int(v) if isinstance(v, Tensor) else v for v in (k.start, k.stop, k.step))
    if step is not None and step <= 0:
        raise ValueError("step must be greater than zero")
    return _shape.slice_(view, dim, start, stop, 1 if step is None else step)


def _out_of_bounds(indices: Any, dim: int, n: int) -> IndexError:
    bad = next(i for i in indices.ravel().tolist() if not -n <= i < n)
    return IndexError(f"index {bad} is out of bounds for dimension {dim} with size {n}")


def _check_indices(view: Tensor, indices: Sequence[Any]) -> None:
    dim = 0
    for k in indices:
        if isinstance(k, slice):
            dim += 1
        elif k.dtype is dtypes.bool_:
            for j in range(k.ndim):
                if k._data.shape[j] != view._data.shape[dim + j]:
                    raise IndexError(
                        f"The shape of the mask {list(k._data.shape)} at index {j} does not match the shape of the "
                        f"indexed tensor {list(view._data.shape)} at index {dim + j}"
                    )
            dim += k.ndim
        else:
            n = view._data.shape[dim]
            if backend.is_elsewhere(k._data):
                wrong = (k._data >= n) | (k._data < -n)
                backend.refuse(wrong, functools.partial(_out_of_bounds, k._data, dim, n))
            elif k._data.size and (k._data.max() >= n or k._data.min() < -n):
                raise _out_of_bounds(k._data, dim, n)
            dim += 1
    shapes = [k._data.shape for k in indices if isinstance(k, Tensor) and k.dtype is not dtypes.bool_]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {', '.join(str(list(s)) for s in shapes)}"
        ) from None


# --- What users call -------------------------------------------------------------------------------------------------


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Slices along a dimension, in the order of an index vector."""
    return index_select_along(input, dim, index)


def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """The input with slices of `source` added along a dimension."""
    scaled = source if alpha == 1 else source * alpha
    places = index._data
    if input.ndim and source.ndim and places.size != source._data.shape[one_dim(dim, source.ndim)]:
        raise RuntimeError(
            f"index_add_(): Number of indices ({places.size}) should be equal to source.size(dim): "
            f"({source._data.shape[one_dim(dim, source.ndim)]}), for dim: {dim}"
        )
    if places.size and input.ndim and (places.min() < 0 or places.max() >= input._data.shape[one_dim(dim, input.ndim)]):
        raise IndexError("index out of range in self")
    return index_add_along(input, scaled, dim, index) if input.ndim else index_add_number(input, scaled)


def _same_ndim(input: Tensor, index: Tensor) -> None:
    if index._data.size and max(index.ndim, 1) != max(input.ndim, 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as self tensor")


def scatter(input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None) -> Tensor:
    """The input with `src` (a tensor or a number) at the places of `index` along a dimension, added or multiplied if asked."""
    src = value if src is None else src
    _same_ndim(input, index)
    if reduce is not None:
        from engine.ops.scatter import scatter_reduce

        kind = {"add": "sum", "multiply": "prod"}.get(reduce, reduce)
        if not isinstance(src, Tensor):
            src = input._beside(np.full(index._data.shape, src, input._data.dtype))
        return scatter_reduce(input, dim, index, src, kind)
    if isinstance(src, Tensor) and src.dtype is not input.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    return scatter_into(input, src, dim, index) if isinstance(src, Tensor) else scatter_number(input, src, dim, index)


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """The input with `src` added at the places of `index` along a dimension."""
    _same_ndim(input, index)
    return scatter_add_into(input, src, dim, index)


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where `mask` is true, in one dimension.

    Raises:
        RuntimeError: for a mask that is not boolean, or shapes that do not broadcast.
    """
    if mask.dtype is not dtypes.bool_:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    check_broadcast([mask._data.shape, input._data.shape])
    return masked_select_of(input, mask)


def take(input: Tensor, index: Tensor) -> Tensor:
    """Elements at places in the flattened input."""
    return take_flat(input, index)


def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """`gather` after broadcasting."""
    if dim is None:
        return gather(_shape.reshape(input, (-1,)), 0, _shape.reshape(indices, (-1,)))
    d = one_dim(dim, input.ndim)
    if indices._data.size and indices._data.min() < 0:
        n = input._data.shape[d]
        indices = Tensor._wrap(np.where(indices._data < 0, indices._data + n, indices._data))
    shape = [
        1 if k == d else max(a, b) for k, (a, b) in enumerate(zip(input._data.shape, indices._data.shape, strict=True))
    ]
    source = _shape.expand(input, [n if k != d else input._data.shape[d] for k, n in enumerate(shape)])
    place = _shape.expand(indices, [n if k != d else indices._data.shape[d] for k, n in enumerate(shape)])
    return gather(source, d, place)


def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The places of nonzero elements: one row each, or one index tensor per dimension."""
    places = nonzero_places(_shape.reshape(input, (1,)) if as_tuple and not input.ndim else input)
    return tuple(Tensor._wrap(places._data[:, k].copy()) for k in range(places._data.shape[1])) if as_tuple else places


def index_put_(input: Tensor, indices: Sequence[Any], values: Tensor, accumulate: bool = False) -> Tensor:
    """Put `values` at `indices`, in place."""
    return apply_inplace(OPS["index_put"], input, (values, tuple(indices), accumulate))


def copy_(input: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Take over the values of `src`, broadcast and converted, in place."""
    if isinstance(src, Tensor) and src.device != input.device:
        src = OPS["to_device"].call(src, input.device)
    return apply_inplace(OPS["copy"], input, (src,))


def fill_(input: Tensor, value: Any) -> Tensor:
    """Write one number everywhere.

    Raises:
        RuntimeError: for a tensor of more than one number.
    """
    if not isinstance(value, Tensor):
        return apply_inplace(OPS["fill_in_place"], input, (value,))
    if value.ndim:
        raise RuntimeError(
            f"fill_ only supports 0-dimension value tensor but got tensor with {value.ndim} dimensions."
        )
    return apply_inplace(OPS["fill_tensor_in_place"], input, (value,))


def unique(input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None) -> Any:
    """The different values; with the place of each element among them, and how often each occurs, if asked."""
    found = np.unique(input._data, return_inverse=True, return_counts=True, axis=dim)
    wanted = [found[0]] + ([found[1].reshape(input._data.shape if dim is None else -1)] if return_inverse else []) + ([found[2]] if return_counts else [])
    result = tuple(Tensor._wrap(a) for a in wanted)
    return result if len(result) > 1 else result[0]


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each small integer occurs."""
    w = None if weights is None else weights._data
    if input.dtype.differentiable:
        raise NotImplementedError(f"\"bincount_cpu\" not implemented for '{dtypes.scalar_type_name(input.dtype)}'")
    if input.ndim != 1 or (input._data.size and input._data.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    return Tensor._wrap(np.bincount(input._data, w, minlength))


# --- What the records above are made of ------------------------------------------------------------------------------


def _raw(index: Any) -> Any:
    return index._data if isinstance(index, Tensor) else index


def _key(indices: Sequence[Any], like: Any) -> tuple[Any, ...]:
    key = tuple(_raw(k) for k in indices)
    if type(like) is np.ndarray:
        return key
    return tuple(backend.beside(like, k) if isinstance(k, np.ndarray) else k for k in key)


def _take(xp: Any, x: Any, indices: Sequence[Any]) -> Any:
    return x[_key(indices, x)]


def _put_sum(xp: Any, g: Any, shape: tuple[int, ...], indices: Sequence[Any]) -> Any:
    result = xp.zeros(shape, g.dtype)
    xp.add.at(result, _key(indices, g), g)
    return result


def _put(xp: Any, x: Any, values: Any, indices: Sequence[Any], accumulate: bool) -> Any:
    result = x.copy()
    key = _key(indices, x)
    if accumulate:
        xp.add.at(result, key, values)
        return result
    try:
        result[key] = values
    except ValueError:
        target = result[key].shape
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(np.shape(values))} cannot be broadcast to indexing result of "
            f"shape {list(target)}"
        ) from None
    return result


def _take_flat(xp: Any, x: Any, index: Any) -> Any:
    _refuse_outside(index, -x.size, x.size, lambda bad: IndexError(
        f"out of range: tried to access index {bad} on a tensor of {x.size} elements."))
    return x.reshape(-1)[index]


def _refuse_outside(index: Any, low: int, high: int, error: Callable[[int], Exception]) -> None:
    if index.size and (type(index) is not np.ndarray or index.max() >= high or index.min() < low):
        outside = (index < low) | (index >= high)
        backend.refuse(outside, lambda: error(int(index[outside][0])))


def _check_index(index: Any, n: int, dim: int) -> None:
    _refuse_outside(
        index, 0, n, lambda bad: RuntimeError(f"index {bad} is out of bounds for dimension {dim} with size {n}"))


def _gather(xp: Any, x: Any, dim: int, index: Any) -> Any:
    index = _raw(index)
    if not x.ndim and index.ndim <= 1:
        return xp.broadcast_to(x, index.shape).copy()
    if index.size and index.dtype not in (np.int64, np.int32):
        raise RuntimeError("gather(): Expected dtype int32/int64 for index")
    if not index.size:
        return xp.empty(index.shape, x.dtype)
    if index.ndim != x.ndim:
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    if not x.ndim:
        return x.copy()
    d = one_dim(dim, x.ndim)
    _check_index(index, x.shape[d], d)
    return x[_places(xp, index, d)]


def _places(xp: Any, index: Any, d: int) -> tuple[Any, ...]:
    grids = list(xp.ogrid[tuple(slice(0, n) for n in index.shape)])
    grids[d] = index
    return tuple(grids)


def _scatter_sum(xp: Any, g: Any, index: Any, shape: tuple[int, ...], dim: int) -> Any:
    index = _raw(index)
    result = xp.zeros(shape, g.dtype)
    if not index.ndim or not len(shape):
        return result + g.sum()
    if not index.size:
        return result
    xp.add.at(result, _places(xp, index, one_dim(dim, index.ndim)), g)
    return result


def _scatter(xp: Any, x: Any, dim: int, index: Any, src: Any) -> Any:
    index = _raw(index)
    result = x.copy()
    if not x.ndim:
        result[...] = src.reshape(()) if hasattr(src, "reshape") else src
        return result
    d = one_dim(dim, x.ndim)
    _check_index(index, x.shape[d], d)
    part = src[tuple(slice(0, n) for n in index.shape)] if hasattr(src, "ndim") and src.ndim else src
    result[_places(xp, index, d)] = part
    return result


def _index_select(xp: Any, x: Any, dim: int, index: Any) -> Any:
    index = backend.beside(x, _raw(index))
    if index.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    d = one_dim(dim, x.ndim)
    _refuse_outside(index, 0, x.shape[d] if x.ndim else 1, lambda bad: IndexError("index out of range in self"))
    return xp.take(x, index.reshape(-1), axis=d) if x.ndim else x.copy()


__all__ = [
    "bincount", "gather", "index_add", "index_select", "masked_select", "nonzero", "scatter", "scatter_add",
    "searchsorted", "take", "take_along_dim", "unique",
]
