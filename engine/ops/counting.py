"""Which elements are there, how many, and between which bounds: operations on values that have no derivative."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from engine import dtypes
from engine.define import define
from engine.dtypes import dtype as dtype_type
from engine.printing import return_type
from engine.registry import CONSTANT, GENERAL
from engine.tensor import Tensor

isposinf = define(
    "isposinf",
    CONSTANT,
    inputs=1,
    dtypes="any",
    forward=lambda xp, input: xp.isposinf(input) if input.dtype.kind == "f" else xp.zeros(input.shape, bool),
    doc="Which elements are infinite and positive.",
)
isneginf = define(
    "isneginf",
    CONSTANT,
    inputs=1,
    dtypes="any",
    forward=lambda xp, input: xp.isneginf(input) if input.dtype.kind == "f" else xp.zeros(input.shape, bool),
    doc="Which elements are infinite and negative.",
)
isreal = define(
    "isreal",
    CONSTANT,
    inputs=1,
    dtypes="any",
    forward=lambda xp, input: xp.isreal(input),
    doc="Which elements have no imaginary part.",
)
argwhere = define(
    "argwhere",
    CONSTANT,
    inputs=1,
    dtypes="any",
    forward=lambda xp, input: xp.argwhere(input).astype(np.int64),
    doc="The places of nonzero elements, one row each.",
)
_isin = define(
    "isin_of",
    CONSTANT,
    inputs=2,
    dtypes="promote",
    aten="aten::isin",
    forward=lambda xp, elements, test_elements, invert: xp.isin(elements, test_elements, invert=invert),
    doc="Which elements are among others.",
)
_bucketize = define(
    "bucketize_of",
    CONSTANT,
    inputs=2,
    dtypes="any",
    aten="aten::bucketize",
    forward=lambda xp, input, boundaries, right, kind: xp.asarray(
        xp.searchsorted(boundaries, input, side="right" if right else "left")
    ).astype(kind),
    doc="Between which boundaries each element lies.",
)
_histc = define(
    "histc",
    CONSTANT,
    inputs=1,
    dtypes="any",
    forward=lambda xp, input, bins=100, min=0, max=0: _histogram(xp, input, bins, min, max),
    doc="How many elements lie in each of equal intervals.",
)
_vander_of = define(
    "vander_of",
    GENERAL,
    holomorphic=True,
    inputs=1,
    dtypes="any",
    aten="aten::vander",
    grad="CumprodBackward0",
    forward=lambda xp, input, n, increasing: _vander(xp, input, n, increasing),
    vjp=(lambda F, g, input, n, increasing: _vander_vjp(F, g, input, n, increasing),),
    formula=r"\sum_k k\,x_i^{k - 1}\,g_{ik}",
    doc="Powers of each element, one row each.",
)


def _histogram(xp: Any, x: Any, bins: int, low: Any, high: Any) -> Any:
    if x.dtype.kind != "f":
        raise NotImplementedError(
            f"\"histogram_cpu\" not implemented for '{dtypes.scalar_type_name(dtypes.of(x))}'"
        )
    if bins <= 0:
        raise RuntimeError(f"torch.histc(): bins must be > 0, but got {bins}")
    if low == high and x.size:
        low, high = float(x.min()), float(x.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RuntimeError(f"torch.histc(): range of [{low:g}, {high:g}] is not finite")
    if low == high:
        low, high = low - 1, high + 1
    if low > high:
        raise RuntimeError("torch.histc: max must be larger than min")
    inside = x[(x >= low) & (x <= high)]
    places = xp.minimum(((inside - low) / (high - low) * bins).astype(np.int64), bins - 1)
    return xp.bincount(places, minlength=bins).astype(x.dtype)


def _powers(n: int, increasing: bool) -> list[int]:
    return list(range(n)) if increasing else list(range(n - 1, -1, -1))


def _vander(xp: Any, x: Any, n: int, increasing: bool) -> Any:
    return xp.stack([x**k for k in _powers(n, increasing)], -1)


def _vander_vjp(F: Any, g: Any, x: Any, n: int, increasing: bool) -> Any:
    total: Any = None
    for place, k in enumerate(_powers(n, increasing)):
        if k:
            part = F.select(g, -1, place) * (k * F.pow_tensor_scalar(x, k - 1))
            total = part if total is None else total + part
    return F.zeros_like(x) if total is None else total


def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Which elements are among `test_elements`, or with `invert` which are not; either may be a number."""
    a, b = (v if isinstance(v, Tensor) else Tensor._wrap(np.asarray(v)) for v in (elements, test_elements))
    return _isin(a, b, invert)


def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Any:
    """Between which of the sorted `boundaries` each element lies: the place of the first that is not less, or with
    `right` greater."""
    given = input if isinstance(input, Tensor) else Tensor._wrap(np.asarray(input))
    return _bucketize(given, boundaries, right, np.dtype(np.int32 if out_int32 else np.int64))


def histc(input: Tensor, bins: int = 100, min: Any = 0, max: Any = 0) -> Tensor:
    """How many elements lie in each of `bins` equal intervals from `min` to `max`; from the least to the largest
    element if these are equal."""
    return _histc(input, bins, min, max)


@return_type("histogram")
class histogram_result(NamedTuple):
    """What `histogram` gives."""

    hist: Tensor
    bin_edges: Tensor


def histogram(
    input: Tensor,
    bins: Any,
    *,
    range: Sequence[float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
) -> histogram_result:
    """Counts in the intervals between `bins`, a number of equal ones or the edges, and the edges."""
    x, kind = input._data.reshape(-1), input._data.dtype
    if kind.kind != "f":
        raise NotImplementedError(
            f"\"histogram_cpu\" not implemented for '{dtypes.scalar_type_name(input.dtype)}'"
        )
    if input.is_cuda:
        raise NotImplementedError(
            "Could not run 'aten::histogram.bin_ct' with arguments from the 'CUDA' backend: move the tensor with .cpu()"
        )
    edges = bins._data if isinstance(bins, Tensor) else int(bins)
    given = None if range is None else (float(range[0]), float(range[1]))
    counts, found = np.histogram(
        x, edges, given, density, None if weight is None else weight._data.reshape(-1)
    )
    return histogram_result(Tensor._wrap(counts.astype(kind)), Tensor._wrap(np.asarray(found, kind)))


def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements, or slices along `dim`, without those equal to the one before them."""
    x = input._data.reshape(-1) if dim is None else np.moveaxis(input._data, dim, 0)
    rows = x.reshape(len(x), -1)
    new = np.ones(len(x), np.bool_)
    new[1:] = (rows[1:] != rows[:-1]).any(1)
    found = x[new] if dim is None else np.moveaxis(x[new], 0, dim)
    places = np.cumsum(new) - 1
    wanted = [found] + (
        [places.reshape(input._data.shape) if dim is None else places] if return_inverse else []
    )
    if return_counts:
        wanted.append(np.bincount(places, minlength=int(new.sum())))
    result = tuple(Tensor._wrap(np.ascontiguousarray(a)) for a in wanted)
    return result if len(result) > 1 else result[0]


def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """The places of the first `size` nonzero elements, one row each; rows of `fill_value` if there are fewer."""
    found = np.argwhere(input._data)[:size]
    rest = np.full((size - len(found), input.ndim), fill_value, np.int64)
    return Tensor._wrap(np.concatenate([found.astype(np.int64), rest]))


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """Powers of each element of a vector, one row each, from the highest power unless `increasing`."""
    return _vander_of(x, x.shape[0] if N is None else N, increasing)


def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """The places, one tensor for each dimension, of indices into a flattened tensor of that shape."""
    sizes = (shape,) if isinstance(shape, int) else tuple(int(n) for n in shape)
    return tuple(Tensor._wrap(a.astype(np.int64)) for a in np.unravel_index(indices._data, sizes))


def scalar_tensor(s: Any, *, dtype: dtype_type | None = None, requires_grad: bool = False) -> Tensor:
    """A 0-d tensor of one number, of the default dtype."""
    made = Tensor._wrap(np.asarray(s, (dtype or dtypes.get_default_dtype()).numpy))
    return made.requires_grad_() if requires_grad else made


__all__ = [
    "argwhere",
    "bucketize",
    "histc",
    "histogram",
    "isin",
    "isneginf",
    "isposinf",
    "isreal",
    "nonzero_static",
    "scalar_tensor",
    "unique_consecutive",
    "unravel_index",
    "vander",
]
