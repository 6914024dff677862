"""Writing at places: fills, copies, puts and reductions along a dimension or in the flattened tensor."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from engine import backend
from engine.dispatch import check_broadcast
from engine.fused import fused
from engine.ops import arithmetic as A
from engine.ops import index as I
from engine.ops import pointwise as P
from engine.ops import shape
from engine.ops.reduce import one_dim
from engine.registry import OPS
from engine.tensor import Tensor


def _along(x: Any, dim: int, index: Any) -> tuple[Any, ...]:
    return (*(slice(None),) * one_dim(dim, x.ndim), index)


def _row(x: Any) -> Any:
    """A number as a vector of one element, so that it has a dimension to write along."""
    return x if x.ndim else shape.reshape(x, (1,))


def _written(input: Any, dim: int, index: Any, values: Any) -> Any:
    x, places = _row(input), index if index.ndim else shape.reshape(index, (1,))
    d = one_dim(dim, x.ndim)
    if isinstance(values, Tensor) and values.ndim < x.ndim and input.ndim:
        values = shape.unsqueeze(values, d) if values.ndim == x.ndim - 1 else values
    y = OPS["index_put"].call(x, values, _along(x, d, places), False)
    return y if input.ndim else shape.reshape(y, ())


index_fill_scalar = fused("index_fill_scalar", lambda input, dim, index, value: _written(
        input, dim, index, Tensor._wrap(backend.module_of(input._data).full((), value, input._data.dtype))),
    inputs=1, grad="IndexFillBackward0", aten="aten::index_fill", formula=r"g \text{ with 0 where it was filled}",
    doc="The input with one number in slices along a dimension.")
index_fill_tensor = fused("index_fill_tensor", lambda input, value, dim, index: _written(
        input, dim, Tensor._wrap(backend.module_of(index._data).unique(index._data)), value),
    inputs=2, grad="IndexFillBackward1", aten="aten::index_fill", formula=r"g \text{ with 0 where it was filled},\ \sum_{\text{filled}} g",
    doc="The input with a tensor's number in slices along a dimension.")
index_copy_of = fused("index_copy_of", lambda input, source, dim, index: _written(input, dim, index, _row(source)),
    inputs=2, grad="IndexCopyBackward0", aten="aten::index_copy", formula=r"g \text{ with 0 where it was overwritten},\ g \text{ where it was written}",
    doc="The input with slices of another along a dimension.")


def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """The input with `value` in the slices that `index` names along a dimension."""
    if isinstance(value, Tensor):
        return index_fill_tensor(input, value, dim, index)  # type: ignore[no-any-return]
    return index_fill_scalar(input, dim, index, value)  # type: ignore[no-any-return]


def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """The input with the slices of `source` at the places of `index` along a dimension."""
    return index_copy_of(input, source, dim, index)  # type: ignore[no-any-return]


def _put(input: Any, source: Any, index: Any, accumulate: bool) -> Any:
    flat = OPS["index_put"].call(
        shape.reshape(input, (-1,)), shape.reshape(source, (-1,)), (shape.reshape(index, (-1,)),), accumulate
    )
    return shape.reshape(flat, tuple(input.shape))


put_of = fused("put_of", _put, inputs=2, grad="PutBackward0", aten="aten::put",
    formula=r"g \text{ with 0 where it was overwritten},\ g \text{ where it was written}", doc="The input with values at places counted in row-major order.")


def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """The input with `source` at places counted in row-major order, or added there."""
    return put_of(input, source, index, accumulate)  # type: ignore[no-any-return]


def _masked_scatter(input: Any, source: Any, mask: Any) -> Any:
    check_broadcast([input._data.shape, mask._data.shape])
    whole = np.broadcast_shapes(input._data.shape, mask._data.shape)
    x = shape.expand(input, whole)
    places = np.flatnonzero(np.broadcast_to(mask._data, whole))
    if len(places) > source.numel():
        raise RuntimeError("masked_scatter: expected self to have at least as many elements as mask has True")
    values = shape.narrow(shape.reshape(source, (-1,)), 0, 0, len(places))
    flat = OPS["index_put"].call(shape.reshape(x, (-1,)), values, (Tensor._wrap(places),), False)
    return shape.reshape(flat, whole)


masked_scatter_of = fused("masked_scatter_of", _masked_scatter, inputs=2, grad="MaskedScatterBackward0", aten="aten::masked_scatter",
    formula=r"g \text{ with 0 where it was overwritten},\ g \text{ where it was written}", doc="The input with the elements of another, in turn, where a mask is true.")


def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """The input with the elements of `source`, in turn, where `mask` is true."""
    return masked_scatter_of(input, source, mask)  # type: ignore[no-any-return]


def fill(input: Tensor, value: Any) -> Tensor:
    """A tensor like `input` with one number everywhere."""
    filled: Tensor = P.fill_tensor(input, value) if isinstance(value, Tensor) else P.fill(input, value)
    return filled


# --- Reductions at places --------------------------------------------------------------------------------------------


def _reduced(input: Any, source: Any, places: Any, reduce: str, include_self: bool) -> Any:
    """`source` reduced into the flattened `input`, element k of the flattened source at ``places[k]``."""
    xp = backend.module_of(places)
    size = input.numel()
    x, s = shape.reshape(input, (-1,)), shape.reshape(source, (-1,))
    counts = xp.bincount(places, minlength=size)
    touched = counts > 0
    kind = input._data.dtype

    def constant(values: Any) -> Tensor:
        return Tensor._wrap(xp.asarray(values).astype(kind) if xp.asarray(values).dtype != np.bool_ else xp.asarray(values))

    def put(target: Any, values: Any, at: Any, add: bool) -> Any:
        return OPS["index_put"].call(target, values, (Tensor._wrap(at),), add)

    if reduce in ("sum", "mean"):
        base = x if include_self else x * constant(~touched)
        y = put(base, s, places, True)
        if reduce == "mean":
            total = counts + 1 if include_self else xp.where(touched, counts, 1)
            y = y / constant(total)
    elif reduce == "prod":
        y = x if include_self else A.where(constant(touched), constant(1.0), x)
        order = xp.argsort(places, kind="stable")
        firsts = xp.searchsorted(places[order], places[order])
        ranks = xp.arange(len(places)) - firsts
        for r in range(int(ranks.max()) + 1 if len(ranks) else 0):
            chosen = order[ranks == r]
            factor = put(constant(xp.ones(size)), I.index_select(s, 0, Tensor._wrap(chosen)), places[chosen], False)
            y = y * factor
    else:
        best = x._data.copy() if include_self else xp.where(touched, -np.inf if reduce == "amax" else np.inf, x._data).astype(kind)
        (xp.maximum if reduce == "amax" else xp.minimum).at(best, places, s._data)
        mine = (x._data == best) if include_self else (x._data == best) & ~touched
        theirs = s._data == best[places]
        hits = mine.astype(np.int64) + xp.bincount(places, theirs, size).astype(np.int64)
        share = 1 / xp.maximum(hits, 1)
        # The shares of those that attain the extreme: a sum of the right derivative, moved to the exact value.
        spread = A.where(constant(mine), x * constant(share), constant(0.0))
        spread = put(spread, A.where(constant(theirs), s * constant(share[places]), constant(0.0)), places, True)
        y = A.where(constant(hits > 0), spread + constant(xp.where(hits > 0, best - spread._data, 0)), constant(best))
    return shape.reshape(y, tuple(input.shape))


scatter_reduce_of = fused("scatter_reduce_of", _reduced, inputs=2, grad="ScatterReduceBackward0", aten="aten::scatter_reduce",
    formula=r"g \text{ shared out as the elements were brought together}", doc="Elements reduced into the input along a dimension.")
index_reduce_of = fused("index_reduce_of", _reduced, inputs=2, grad="IndexReduceBackward0", aten="aten::index_reduce",
    formula=r"g \text{ shared out as the elements were brought together}", doc="Slices reduced into the input along a dimension.")

_REDUCE = ("sum", "prod", "mean", "amax", "amin")


def scatter_reduce(input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True) -> Tensor:
    """The input with `src` reduced into it at the places of `index` along a dimension."""
    if reduce not in _REDUCE:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    I._same_ndim(input, index)
    if not input.ndim:
        return scatter_reduce_of(input, src, index._data.reshape(-1), reduce, include_self)  # type: ignore[no-any-return]
    d = one_dim(dim, input.ndim)
    part = src
    for k, n in enumerate(index._data.shape):
        if n != part._data.shape[k]:
            part = shape.narrow(part, k, 0, n)
    xp = backend.module_of(index._data)
    grids = list(xp.indices(index._data.shape))
    grids[d] = index._data
    places = xp.ravel_multi_index(tuple(grids), input._data.shape).reshape(-1) if index._data.size else xp.zeros(0, np.int64)
    return scatter_reduce_of(input, part, places, reduce, include_self)  # type: ignore[no-any-return]


def index_reduce(input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True) -> Tensor:
    """The input with the slices of `source` reduced into it at the places of `index` along a dimension."""
    if reduce not in _REDUCE[1:]:
        raise RuntimeError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    if not input.ndim:
        return index_reduce_of(input, source, index._data.reshape(-1), reduce, include_self)  # type: ignore[no-any-return]
    d = one_dim(dim, input.ndim)
    xp = backend.module_of(index._data)
    grids = list(xp.indices(source._data.shape))
    grids[d] = xp.broadcast_to(index._data.reshape(tuple(-1 if k == d else 1 for k in range(input.ndim))), source._data.shape)
    places = xp.ravel_multi_index(tuple(grids), input._data.shape).reshape(-1) if source._data.size else xp.zeros(0, np.int64)
    return index_reduce_of(input, source, places, reduce, include_self)  # type: ignore[no-any-return]


# --- With a mask -----------------------------------------------------------------------------------------------------


def _clamped(x: Any, indices: Any) -> tuple[Any, ...]:
    return tuple(
        slice(None) if i is None else Tensor._wrap(i._data.clip(-n, n - 1)) for i, n in zip(indices, x.shape, strict=False)
    )


unsafe_masked_index_of = fused("unsafe_masked_index_of", lambda input, mask, indices, fill: A.where(
        mask, OPS["index"].call(input, _clamped(input, indices)), fill),
    inputs=1, grad="UnsafeMaskedIndexBackward0", aten="aten::_unsafe_masked_index", formula=r"g \text{ added up at the places taken, 0 elsewhere}",
    doc="Elements at indices where a mask is true, else one number.")
unsafe_masked_put_of = fused("unsafe_masked_put_of", lambda input, values, mask, indices: OPS["index_put"].call(
        input, P.masked_fill(values, P.logical_not(mask), 0.0), _clamped(input, indices), True),
    inputs=2, grad="UnsafeMaskedIndexPutAccumulateBackward0", aten="aten::_unsafe_masked_index_put_accumulate",
    formula=r"g,\ g \text{ at those places}", doc="The input with values added at indices where a mask is true.")


def _unsafe_masked_index(input: Tensor, mask: Tensor, indices: Any, fill: float) -> Tensor:
    """``where(mask, input[indices], fill)``, indices out of range being allowed where the mask is false."""
    return unsafe_masked_index_of(input, mask, tuple(indices), fill)  # type: ignore[no-any-return]


def _unsafe_masked_index_put_accumulate(input: Tensor, mask: Tensor, indices: Any, values: Tensor) -> Tensor:
    """`values` added to the input at `indices` where `mask` is true."""
    return unsafe_masked_put_of(input, values, mask, tuple(indices))  # type: ignore[no-any-return]


# --- Segments --------------------------------------------------------------------------------------------------------


def _segments(data: Any, offsets: Any, reduce: str, initial: Any) -> Any:
    from engine.ops import reduce as R
    from engine.ops.arrange import stack

    lead = offsets.shape[:-1]
    rows = []
    axis = len(lead)
    for place in np.ndindex(*lead):
        part = data
        for k in place:
            part = shape.select(part, 0, int(k))
        cuts = offsets[place]
        for a, b in itertools.pairwise(cuts):
            piece = shape.narrow(part, 0, int(a), int(b - a))
            rows.append(_segment(piece, reduce, initial, R))
    y = stack(rows, 0)
    return shape.reshape(y, (*lead, offsets.shape[-1] - 1, *tuple(data.shape)[axis + 1 :]))


def _segment(piece: Any, reduce: str, initial: Any, R: Any) -> Any:
    empty = {"sum": 0.0, "mean": np.nan, "prod": 1.0, "max": -np.inf, "min": np.inf}[reduce]
    n = piece.shape[0]
    if not n:
        shape_ = tuple(piece.shape)[1:]
        value = empty if initial is None else initial
        return piece._beside(np.full(shape_, value, piece._data.dtype))
    if reduce == "prod":
        y = R.prod(piece, 0)
        return y if initial is None else y * initial
    if reduce in ("sum", "mean"):
        y = R.sum(piece, 0)
        y = y if initial is None else y + initial
        return y / n if reduce == "mean" else y
    y = (R.amax if reduce == "max" else R.amin)(piece, 0)
    if initial is None:
        return y
    start = y._beside(np.full(y._data.shape, initial, y._data.dtype))
    return P.maximum(y, start) if reduce == "max" else P.minimum(y, start)


segment_reduce_of = fused("segment_reduce", _segments, inputs=1, formula=r"g \text{ shared out as the elements were brought together}",
    doc="Each segment of a dimension reduced to one element.")


def segment_reduce(data: Tensor, reduce: str, *, lengths: Tensor | None = None, indices: Tensor | None = None,
                   offsets: Tensor | None = None, axis: int = 0, unsafe: bool = False, initial: Any = None) -> Tensor:
    """Segments of a dimension, given by lengths or offsets, each reduced to one element."""
    if lengths is not None:
        zeros = np.zeros((*lengths._data.shape[:-1], 1), np.int64)
        cuts = np.concatenate([zeros, lengths._data.cumsum(-1)], -1)
    elif offsets is not None:
        cuts = offsets._data
    else:
        raise RuntimeError("segment_reduce(): Either lengths or offsets must be defined.")
    return segment_reduce_of(data, cuts, reduce, initial)  # type: ignore[no-any-return]


_segment_reduce = segment_reduce

__all__ = [
    "_segment_reduce", "_unsafe_masked_index", "_unsafe_masked_index_put_accumulate", "fill", "index_copy", "index_fill",
    "index_reduce", "masked_scatter", "put", "scatter_reduce", "segment_reduce",
]
