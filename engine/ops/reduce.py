"""Reductions and scans: operations that bring many elements together along dimensions."""

from __future__ import annotations

import builtins
import math
import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from engine import dtypes
from engine.define import define
from engine.dispatch import composite
from engine.dtypes import dtype as dtype_type
from engine.ops.cascade import add_up, two_norm
from engine.ops.rounding import precise
from engine.registry import CONSTANT, GENERAL, LINEAR
from engine.tensor import Tensor, dimension_out_of_range

Dims = int | Sequence[int] | None


def dims(dim: Any, ndim: int) -> tuple[int, ...]:
    """`dim` as a tuple of dimensions counted from the front; None and () are all of them.

    Raises:
        IndexError: for a dimension that is not there; RuntimeError: for one named twice.
    """
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(ndim))
    result = []
    for d in (dim,) if isinstance(dim, (int, np.integer)) else tuple(dim):
        d = int(d)
        if not -builtins.max(ndim, 1) <= d < builtins.max(ndim, 1):
            raise IndexError(dimension_out_of_range(d, ndim))
        d = d % ndim if ndim else 0
        if d in result:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
        result.append(d)
    return tuple(result) if ndim else ()


def one_dim(dim: int, ndim: int) -> int:
    """One dimension counted from the front."""
    if not -builtins.max(ndim, 1) <= dim < builtins.max(ndim, 1):
        raise IndexError(dimension_out_of_range(dim, ndim))
    return dim % ndim if ndim else 0


def kept(shape: Sequence[int], dim: Any) -> tuple[int, ...]:
    """The shape after reducing over `dim` with keepdim=True."""
    over = dims(dim, len(shape))
    return tuple(1 if k in over else n for k, n in enumerate(shape))


def _count(shape: Sequence[int], dim: Any) -> int:
    return math.prod(shape[d] for d in dims(dim, len(shape)))


def _spread(F: Any, g: Any, shape: tuple[int, ...], dim: Any) -> Any:
    """A reduced gradient back at every element it came from."""
    return F.expand(F.reshape(g, kept(shape, dim)), tuple(shape))


def _back(F: Any, y: Any, shape: tuple[int, ...], dim: Any) -> Any:
    """A reduced value with its dimensions kept, so that it broadcasts against the input."""
    return F.reshape(y, kept(shape, dim))


# --- Sums ------------------------------------------------------------------------------------------------------------

_sum_all = define("sum_all", LINEAR, grad="SumBackward0", aten="aten::sum",
    forward=lambda xp, input: _sum(input, None, False),
    vjp=(lambda F, g, input_shape: F.expand(g, tuple(input_shape)),),
    formula=r"1", doc="Sum of all elements.")

_sum_dim = define("sum_dim", LINEAR, grad="SumBackward1", aten="aten::sum",
    forward=lambda xp, input, dim, keepdim=False: _sum(input, dims(dim, input.ndim), keepdim),
    vjp=(lambda F, g, input_shape, dim: _spread(F, g, input_shape, dim),),
    formula=r"1", doc="Sum over dimensions.")

sum_to_size = define("sum_to_size", LINEAR, aten="aten::sum", grad="SumBackward1",
    forward=lambda xp, input, size: _sum_to(input, tuple(size)),
    vjp=(lambda F, g, input_shape: F.expand(g, tuple(input_shape)),),
    formula="1", doc="Sum down to a shape that broadcasts to this one.")

_mean_all = define("mean_all", LINEAR, grad="MeanBackward0", aten="aten::mean",
    forward=lambda xp, input: _mean(xp, input, None, False),
    vjp=(lambda F, g, input_shape: F.expand(g, tuple(input_shape)) / math.prod(input_shape),),
    formula=r"\frac{1}{n}", doc="Mean of all elements.")

_mean_dim = define("mean_dim", LINEAR, grad="MeanBackward1", aten="aten::mean",
    forward=lambda xp, input, dim, keepdim=False: _mean(xp, input, dims(dim, input.ndim), keepdim),
    vjp=(lambda F, g, input_shape, dim: _spread(F, g, input_shape, dim) / _count(input_shape, dim),),
    formula=r"\frac{1}{n}", doc="Mean over dimensions.")

_prod_all = define("prod_all", GENERAL, holomorphic=True, grad="ProdBackward0", aten="aten::prod",
    forward=lambda xp, input: input.prod(dtype=_sum_dtype(input)),
    vjp=(lambda F, g, input: g * F.reshape(_products_of_others(F, F.reshape(input, (-1,)), 0), tuple(input.shape)),),
    formula=r"\prod_{j \ne i} x_j", doc="Product of all elements.")

_prod_dim = define("prod_dim", GENERAL, holomorphic=True, grad="ProdBackward1", aten="aten::prod",
    forward=lambda xp, input, dim, keepdim=False: input.prod(dim, keepdims=keepdim, dtype=_sum_dtype(input)),
    vjp=(lambda F, g, input, dim: _back(F, g, input.shape, dim) * _products_of_others(F, input, dim),),
    formula=r"\prod_{j \ne i} x_j", doc="Product over a dimension.")

# --- Spread ----------------------------------------------------------------------------------------------------------

_var = define("var_dim", GENERAL, grad="VarBackward0", aten="aten::var", inputs=1,
    forward=lambda xp, input, dim, correction=1, keepdim=False: _moment(
        input.var, input, dims(dim, input.ndim), correction, keepdim),
    vjp=(lambda F, g, input, dim, correction: _var_vjp(F, g, input, dim, correction),),
    formula=r"\frac{2\,(x_i - \mu)}{n - c}", doc="Variance over dimensions.")

_std = define("std_dim", GENERAL, grad="StdBackward0", aten="aten::std", inputs=1,
    forward=lambda xp, input, dim, correction=1, keepdim=False: _moment(
        input.std, input, dims(dim, input.ndim), correction, keepdim),
    vjp=(lambda F, g, input, y, dim, correction: _var_vjp(F, g / (y * 2), input, dim, correction),),
    formula=r"\frac{x_i - \mu}{(n - c)\,y}", doc="Standard deviation over dimensions.")

# --- Extremes --------------------------------------------------------------------------------------------------------

_max_all = define("max_all", GENERAL, grad="MaxBackward1", aten="aten::max",
    forward=lambda xp, input: _nonempty(input, "max").max(),
    vjp=(lambda F, g, input, y: _evenly(F, g, input, y, None),),
    formula=r"\frac{[x_i = y]}{\text{number of ties}}", doc="Largest of all elements; ties share the gradient.")

_min_all = define("min_all", GENERAL, grad="MinBackward1", aten="aten::min",
    forward=lambda xp, input: _nonempty(input, "min").min(),
    vjp=(lambda F, g, input, y: _evenly(F, g, input, y, None),),
    formula=r"\frac{[x_i = y]}{\text{number of ties}}", doc="Smallest of all elements; ties share the gradient.")

_max_dim = define("max_dim", GENERAL, grad="MaxBackward0", aten="aten::max", outputs=2,
    forward=lambda xp, input, dim, keepdim=False: _pick(
        xp, input, _nonempty_along(input, "max", dim).argmax(dim, keepdims=True), dim, keepdim),
    vjp=(lambda F, g, input_shape, y1, dim: F.scatter_value(
        _back(F, g[0], input_shape, dim), _back(F, y1, input_shape, dim), tuple(input_shape), dim),),
    formula=r"[i = \text{place of the largest}]", doc="Largest elements along a dimension, and where they are.")

_min_dim = define("min_dim", GENERAL, grad="MinBackward0", aten="aten::min", outputs=2,
    forward=lambda xp, input, dim, keepdim=False: _pick(
        xp, input, _nonempty_along(input, "min", dim).argmin(dim, keepdims=True), dim, keepdim),
    vjp=(lambda F, g, input_shape, y1, dim: F.scatter_value(
        _back(F, g[0], input_shape, dim), _back(F, y1, input_shape, dim), tuple(input_shape), dim),),
    formula=r"[i = \text{place of the smallest}]", doc="Smallest elements along a dimension, and where they are.")

_median_dim = define("median_dim", GENERAL, grad="MedianBackward1", aten="aten::median", outputs=2,
    forward=lambda xp, input, dim, keepdim=False: _pick(
        xp, input, xp.take(
            xp.argsort(_nonempty_along(input, "median", dim), dim, kind="stable"), [(input.shape[dim] - 1) // 2], axis=dim)
        if input.ndim else None, dim, keepdim),
    vjp=(lambda F, g, input_shape, y1, dim: F.scatter_value(
        _back(F, g[0], input_shape, dim), _back(F, y1, input_shape, dim), tuple(input_shape), dim),),
    formula=r"[i = \text{place of the median}]", doc="Lower medians along a dimension, and where they are.")

_median_all = define("median_all", GENERAL, grad="MedianBackward0", aten="aten::median",
    forward=lambda xp, input: xp.sort(input, axis=None)[(input.size - 1) // 2] if input.size else missing(input.dtype),
    vjp=(lambda F, g, input, y: _evenly(F, g, input, y, None),),
    formula=r"\frac{[x_i = y]}{\text{number of ties}}", doc="Lower median of all elements; ties share the gradient.")

amax = define("amax", GENERAL, inputs=1,
    forward=lambda xp, input, dim=(), keepdim=False: _with_extreme(input, "amax", dim).max(dims(dim, input.ndim), keepdims=keepdim),
    vjp=(lambda F, g, input, y, dim: _evenly(F, g, input, y, dim),),
    formula=r"\frac{[x_i = y]}{\text{number of ties}}", doc="Largest elements over dimensions; ties share the gradient.")

amin = define("amin", GENERAL, inputs=1,
    forward=lambda xp, input, dim=(), keepdim=False: _with_extreme(input, "amin", dim).min(dims(dim, input.ndim), keepdims=keepdim),
    vjp=(lambda F, g, input, y, dim: _evenly(F, g, input, y, dim),),
    formula=r"\frac{[x_i = y]}{\text{number of ties}}", doc="Smallest elements over dimensions; ties share the gradient.")

sort_dim = define("sort_dim", GENERAL, grad="SortBackward0", aten="aten::sort", outputs=2,
    forward=lambda xp, input, dim=-1, descending=False: _sorted(xp, input, dim, descending),
    vjp=(lambda F, g, input_shape, y1, dim: F.scatter_value(g[0], y1, tuple(input_shape), dim),),
    formula=r"g \text{ put back into the order of } x", doc="Elements in order along a dimension, and where they were.")

sort_stable = define("sort_stable", GENERAL, grad="SortBackward1", aten="aten::sort", outputs=2,
    forward=lambda xp, input, dim=-1, descending=False: _sorted(xp, input, dim, descending),
    vjp=(lambda F, g, input_shape, y1, dim: F.scatter_value(g[0], y1, tuple(input_shape), dim),),
    formula=r"g \text{ put back into the order of } x", doc="Elements in order along a dimension, equal ones as they were, and where they were.")

topk_dim = define("topk_dim", GENERAL, grad="TopkBackward0", aten="aten::topk", outputs=2,
    forward=lambda xp, input, k, dim=-1, largest=True: _topk(xp, input, k, dim, largest),
    vjp=(lambda F, g, input_shape, y1, dim: F.scatter_value(g[0], y1, tuple(input_shape), dim),),
    formula=r"[i \text{ among the } k]", doc="The k largest or smallest elements along a dimension, and where they were.")

# --- Exponentials ----------------------------------------------------------------------------------------------------

_logsumexp = define("logsumexp", GENERAL, holomorphic=True, dtypes="float", inputs=1,
    forward=lambda xp, input, dim, keepdim=False: _lse(xp, input, dims(dim, input.ndim), keepdim),
    vjp=(lambda F, g, input, y, dim: _back(F, g, input.shape, dim) * F.exp(input - _back(F, y, input.shape, dim)),),
    formula="e^{x_i - y}", doc="log(sum(exp(x))) over dimensions, without overflow.")

_softmax = define("softmax_dim", GENERAL, holomorphic=True, grad="SoftmaxBackward0", aten="aten::_softmax", inputs=1,
    forward=lambda xp, input, dim: softmax_forward(xp, input, dim),
    vjp=(lambda F, g, y, dim: softmax_vjp(F, g, y, dim),),
    formula=r"y_i\,\Big(g_i - \sum_j g_j\,y_j\Big)", doc="exp(x) / sum(exp(x)) along a dimension.")

_log_softmax = define("log_softmax_dim", GENERAL, holomorphic=True, grad="LogSoftmaxBackward0", aten="aten::_log_softmax", inputs=1,
    forward=lambda xp, input, dim: _log_softmax_forward(xp, input, dim),
    vjp=(lambda F, g, y, dim: g - F.exp(y) * F.sum_dim(g, dim, True),),
    formula=r"g_i - e^{y_i} \sum_j g_j", doc="x - log(sum(exp(x))) along a dimension.")

# --- Scans -----------------------------------------------------------------------------------------------------------

_cumsum = define("cumsum_dim", LINEAR, grad="CumsumBackward0", aten="aten::cumsum",
    forward=lambda xp, input, dim: input.cumsum(dim, dtype=_sum_dtype(input)) if input.ndim else input.copy(),
    vjp=(lambda F, g, dim: F.flip(F.cumsum_dim(F.flip(g, (dim,)), dim), (dim,)) if g.shape else g,),
    formula=r"\sum_{j \ge i} g_j", doc="Running sum along a dimension.")

_cumprod = define("cumprod_dim", GENERAL, holomorphic=True, grad="CumprodBackward0", aten="aten::cumprod",
    forward=lambda xp, input, dim: input.cumprod(dim, dtype=_sum_dtype(input)) if input.ndim else input.copy(),
    vjp=(lambda F, g, input, dim: _cumprod_vjp(F, g, input, dim),),
    formula=r"\sum_{j \ge i} g_j \prod_{k \le j,\,k \ne i} x_k", doc="Running product along a dimension.")

_norm = define("linalg_vector_norm", GENERAL, grad="LinalgVectorNormBackward0", dtypes="float", inputs=1,
    forward=lambda xp, input, ord=2, dim=None, keepdim=False: _vector_norm(xp, input, ord, dims(dim, input.ndim), keepdim),
    vjp=(lambda F, g, input, y, ord, dim: _norm_vjp(F, g, input, y, ord, dim),),
    formula=r"\operatorname{sgn}(x_i) \left(\frac{\left|x_i\right|}{y}\right)^{p - 1}", doc="Norm over dimensions: (sum |x|^p)^(1/p).")

# --- Without a derivative --------------------------------------------------------------------------------------------

argmax = define("argmax", CONSTANT, inputs=1, dtypes="any",
    forward=lambda xp, input, dim=None, keepdim=False: _arg(input, "argmax", dim, keepdim),
    doc="Where the largest element is.")
argmin = define("argmin", CONSTANT, inputs=1, dtypes="any",
    forward=lambda xp, input, dim=None, keepdim=False: _arg(input, "argmin", dim, keepdim),
    doc="Where the smallest element is.")
argsort = define("argsort", CONSTANT, inputs=1, dtypes="any",
    forward=lambda xp, input, dim=-1, descending=False, stable=False: _sorted(xp, input, dim, descending)[1],
    doc="The places that would put a dimension in order.")
_all = define("all_dim", CONSTANT, inputs=1, dtypes="any", aten="aten::all",
    forward=lambda xp, input, dim=None, keepdim=False: input.all(dims(dim, input.ndim), keepdims=keepdim),
    doc="Whether all elements are nonzero.")
_any = define("any_dim", CONSTANT, inputs=1, dtypes="any", aten="aten::any",
    forward=lambda xp, input, dim=None, keepdim=False: input.any(dims(dim, input.ndim), keepdims=keepdim),
    doc="Whether any element is nonzero.")
count_nonzero = define("count_nonzero", CONSTANT, inputs=1, dtypes="any",
    forward=lambda xp, input, dim=None: xp.count_nonzero(input, dims(dim, input.ndim)),
    doc="How many elements are nonzero.")


# --- What users call -------------------------------------------------------------------------------------------------


class _Pair(NamedTuple):
    values: Tensor
    indices: Tensor

    def __repr__(self) -> str:
        return f"torch.return_types.{type(self).__name__}(\nvalues={self.values!r},\nindices={self.indices!r})"


def _pair(name: str) -> type[_Pair]:
    return type(name, (_Pair,), {"__slots__": (), "__module__": "torch.return_types"})


return_max, return_min, return_sort, return_topk, return_median = map(_pair, ("max", "min", "sort", "topk", "median"))


def sum(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtype_type | None = None) -> Tensor:
    """Sum of all elements, or over `dim`; integers and booleans give int64."""
    if dtype is not None:
        input = input.to(dtype)
    return _sum_all(input) if dim is None else _sum_dim(input, dim, keepdim)


def mean(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtype_type | None = None) -> Tensor:
    """Mean of all elements, or over `dim`.

    Raises:
        RuntimeError: for an integer or boolean tensor.
    """
    if dtype is not None:
        input = input.to(dtype)
    if not input.dtype.differentiable:
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {dtypes.scalar_type_name(input.dtype)}"
        )
    return _mean_all(input) if dim is None else _mean_dim(input, dim, keepdim)


def prod(input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: dtype_type | None = None) -> Tensor:
    """Product of all elements, or over one dimension."""
    if dtype is not None:
        input = input.to(dtype)
    return _prod_all(input) if dim is None else _prod_dim(input, dim, keepdim)


def _correction(unbiased: bool | None, correction: float | None) -> float:
    return (1 if unbiased in (None, True) else 0) if correction is None else correction


def var(input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
        correction: float | None = None) -> Tensor:
    """Variance of all elements, or over `dim`; divides by n - `correction` (1 by default)."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    _float_or_complex(input)
    return _var(input, dim, _correction(unbiased, correction), keepdim)


def std(input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
        correction: float | None = None) -> Tensor:
    """Standard deviation of all elements, or over `dim`; divides by n - `correction` (1 by default)."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    _float_or_complex(input)
    return _std(input, dim, _correction(unbiased, correction), keepdim)


def _float_or_complex(input: Tensor) -> None:
    if not input.dtype.differentiable:
        raise RuntimeError("std and var only support floating point and complex dtypes")


def _extreme(all_: Any, dim_: Any, pairwise: Any, pair: type[_Pair]) -> Any:
    def call(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
        if dim is None:
            return all_(input)
        if isinstance(dim, Tensor):
            return pairwise(input, dim)
        return pair(*dim_(input, one_dim(dim, input.ndim), keepdim))

    return call


def _pairwise(name: str) -> Any:
    def call(input: Tensor, other: Tensor) -> Tensor:
        from engine.ops import pointwise

        return getattr(pointwise, name)(input, other)  # type: ignore[no-any-return]

    return call


max = _extreme(_max_all, _max_dim, _pairwise("maximum"), return_max)
max.__name__, max.__doc__ = "max", "Largest of all elements; (values, indices) along a dimension; or elementwise of two."
min = _extreme(_min_all, _min_dim, _pairwise("minimum"), return_min)
min.__name__, min.__doc__ = "min", "Smallest of all elements; (values, indices) along a dimension; or elementwise of two."


def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The lower median of all elements; (values, indices) along a dimension."""
    if dim is None:
        return _median_all(input)
    return return_median(*_median_dim(input, one_dim(dim, input.ndim), keepdim))


def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool | None = None) -> Any:
    """(values, indices) in order along a dimension."""
    if stable is not None:
        return return_sort(*sort_stable(input, one_dim(dim, input.ndim), descending))
    return return_sort(*sort_dim(input, one_dim(dim, input.ndim), descending))


def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """(values, indices) of the k largest or smallest along a dimension.

    Raises:
        RuntimeError: if there are fewer than k.
    """
    d = one_dim(dim, input.ndim)
    if not 0 <= k <= (input._data.shape[d] if input.ndim else 1):
        raise RuntimeError("selected index k out of range")
    return return_topk(*topk_dim(input, k, d, largest))


def logsumexp(input: Tensor, dim: Dims, keepdim: bool = False) -> Tensor:
    """log(sum(exp(x))) over `dim`, without overflow."""
    return _logsumexp(input, dim, keepdim)


@composite("softmax")
def softmax(input: Tensor, dim: int, dtype: dtype_type | None = None) -> Tensor:
    """exp(x) / sum(exp(x)) along `dim`."""
    return _softmax(input if dtype is None else input.to(dtype), one_dim(dim, input.ndim))


@composite("log_softmax")
def log_softmax(input: Tensor, dim: int, dtype: dtype_type | None = None) -> Tensor:
    """log(softmax(x)) along `dim`, computed together."""
    return _log_softmax(input if dtype is None else input.to(dtype), one_dim(dim, input.ndim))


def cumsum(input: Tensor, dim: int, *, dtype: dtype_type | None = None) -> Tensor:
    """Running sum along `dim`."""
    return _cumsum(input if dtype is None else input.to(dtype), one_dim(dim, input.ndim))


def cumprod(input: Tensor, dim: int, *, dtype: dtype_type | None = None) -> Tensor:
    """Running product along `dim`."""
    return _cumprod(input if dtype is None else input.to(dtype), one_dim(dim, input.ndim))


def _nuclear(input: Tensor, dim: Any, keepdim: bool) -> Tensor:
    from engine.linalg import matrix_norm

    return matrix_norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim)


def norm(input: Tensor, p: Any = "fro", dim: Dims = None, keepdim: bool = False, dtype: dtype_type | None = None) -> Tensor:
    """The p-norm of all elements, or over `dim`; ``"fro"`` is p = 2.

    Raises:
        RuntimeError: for an integer tensor.
    """
    if dtype is not None:
        input = input.to(dtype)
    if not input.dtype.differentiable:
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {dtypes.scalar_type_name(input.dtype)}"
        )
    if p == "nuc":
        return _nuclear(input, dim, keepdim)
    return _norm(input, 2 if p in ("fro", None) else float(p), dim, keepdim)


def all(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Whether all elements (along `dim`) are nonzero."""
    return _all(input, dim, keepdim)


def any(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """Whether any element (along `dim`) is nonzero."""
    return _any(input, dim, keepdim)


# --- What the records above are made of ------------------------------------------------------------------------------


def _sum_dtype(x: Any) -> Any:
    return np.int64 if x.dtype.kind in "bui" else None


def _sum(x: Any, over: tuple[int, ...] | None, keepdim: bool) -> Any:
    if x.dtype.kind == "f":
        return add_up(x, over, keepdim)
    return x.sum(over, keepdims=keepdim, dtype=_sum_dtype(x))


@lru_cache(maxsize=4096)
def _broadcast_over(shape: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
    """The dimensions along which `target` was repeated to come to `shape`."""
    lead = len(shape) - len(target)
    return (*range(lead), *(lead + k for k, n in enumerate(target) if n == 1 and shape[lead + k] != 1))


def _sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    over = _broadcast_over(x.shape, shape)
    return _sum(x, over, False).reshape(shape) if over else x.reshape(shape)


def _mean(xp: Any, x: Any, over: Any, keepdim: bool) -> Any:
    # Sum first, then divide: PyTorch's order, and exact for counts that are powers of two.
    count = x.size if over is None else math.prod(x.shape[d] for d in over)
    total = _sum(x, over, keepdim)
    return total / x.dtype.type(count) if count else total * xp.nan


def _products_of_others(F: Any, x: Any, dim: int) -> Any:
    """At each element the product of all the others along `dim`, right where some are zero."""
    n = x.shape[dim] if len(x.shape) else 1
    if not len(x.shape):
        return F.ones_like(x)
    rows = [F.select(x, dim, k) for k in range(n)]
    before = [F.ones_like(rows[0])] if rows else []
    for r in rows[:-1]:
        before.append(before[-1] * r)
    after = [F.ones_like(rows[0])] if rows else []
    for r in reversed(rows[1:]):
        after.append(after[-1] * r)
    return F.stack_dim([b * a for b, a in zip(before, reversed(after), strict=True)], dim) if rows else x


def _var_vjp(F: Any, g: Any, x: Any, dim: Any, correction: float) -> Any:
    n = _count(x.shape, dim)
    mean_ = F.mean_dim(x, dims(dim, len(x.shape)), True) if len(x.shape) else x
    scale = 2.0 / (n - correction) if n != correction else math.inf
    return _back(F, g, x.shape, dim) * (scale * (x - mean_))


def _nonempty(x: Any, name: str) -> Any:
    if not x.size:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
            "the 'dim' argument."
        )
    return x


def _evenly(F: Any, g: Any, x: Any, y: Any, dim: Any) -> Any:
    hit = F.eq(x, _back(F, y, x.shape, dim))
    over = dims(dim, len(x.shape))
    count = F.sum_dim(hit, over, True) if over else 1
    return F.where(hit, _back(F, g, x.shape, dim) / count, 0.0)


def _nonempty_along(x: Any, name: str, dim: int) -> Any:
    if x.ndim and not x.shape[dim]:
        raise IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")
    return x


def missing(dtype: Any) -> Any:
    """The median of nothing: NaN, and of integers what PyTorch makes of NaN."""
    return np.asarray(np.nan if dtype.kind == "f" else np.iinfo(dtype).min, dtype)


def _with_extreme(x: Any, name: str, dim: Any) -> Any:
    """The array, if each of the dimensions has elements to choose from."""
    if not x.size:
        given = (dim,) if isinstance(dim, int) else tuple(dim or ())
        if not given:
            _nonempty(x, name)
        for d in given:
            if not x.shape[one_dim(d, x.ndim)]:
                raise IndexError(f"{name}(): Expected reduction dim {d} to have non-zero size.")
    return x


def _pick(xp: Any, x: Any, where: Any, dim: int, keepdim: bool) -> tuple[Any, Any]:
    if not x.ndim:
        return x.copy(), xp.zeros((), np.int64)
    values = xp.take_along_axis(x, where, dim)
    return (values, where) if keepdim else (values.squeeze(dim), where.squeeze(dim))


def _sorted(xp: Any, x: Any, dim: int, descending: bool) -> tuple[Any, Any]:
    if not x.ndim:
        return x.copy(), xp.zeros((), np.int64)
    if descending:
        flipped = xp.flip(x, dim)
        order = xp.flip(x.shape[dim] - 1 - xp.argsort(flipped, dim, kind="stable"), dim)
    else:
        order = xp.argsort(x, dim, kind="stable")
    return xp.take_along_axis(x, order, dim), order


def _topk(xp: Any, x: Any, k: int, dim: int, largest: bool) -> tuple[Any, Any]:
    values, order = _sorted(xp, x, dim, largest)
    if not x.ndim:
        return values, order
    cut = tuple(slice(0, k) if d == dim % x.ndim else slice(None) for d in range(x.ndim))
    return values[cut].copy(), order[cut].copy()


def _lse(xp: Any, x: Any, over: tuple[int, ...], keepdim: bool) -> Any:
    # CuPy's `max` takes no `initial`.
    top = x.real.max(over, keepdims=True) if x.size else xp.zeros_like(x.real.sum(over, keepdims=True)) - math.inf
    top = xp.where(xp.isfinite(top), top, 0)
    total = precise(xp.log, precise(xp.exp, x - top).sum(over, keepdims=True)) + top
    return total if keepdim else total.reshape(tuple(n for k, n in enumerate(x.shape) if k not in over))


def softmax_forward(xp: Any, x: Any, dim: int) -> Any:
    _float_only(x, "softmax_lastdim_kernel_impl")
    if not x.size:
        return x.copy()
    if not x.ndim:
        return xp.exp(x - x)
    e = precise(xp.exp, x - xp.maximum.reduce(x, dim, keepdims=True))
    e /= xp.add.reduce(e, dim, keepdims=True)
    return e


def softmax_vjp(F: Any, g: Any, y: Any, dim: int) -> Any:
    # In this order a constant g gives exact zeros wherever y adds up to exactly 1, as in PyTorch.
    gy = g * y
    if not len(y.shape):
        return y * (g - gy)
    if F.recording:
        return y * (g - F.sum_dim(gy, dim, True))
    result = g - F.xp.add.reduce(gy, dim, keepdims=True)
    result *= y
    return result


def _log_softmax_forward(xp: Any, x: Any, dim: int) -> Any:
    _float_only(x, "log_softmax_lastdim_kernel_impl")
    if not x.ndim or not x.size:
        return x * 0
    shifted = x - xp.maximum.reduce(x, dim, keepdims=True)
    shifted -= precise(xp.log, xp.add.reduce(precise(xp.exp, shifted), dim, keepdims=True))
    return shifted


def _float_only(x: Any, kernel: str) -> None:
    if x.dtype.kind not in "fc":
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{dtypes.scalar_type_name(dtypes.of(x))}'")


def _cumprod_vjp(F: Any, g: Any, x: Any, dim: int) -> Any:
    if not len(x.shape):
        return g
    n = x.shape[dim]
    rows = [F.select(x, dim, k) for k in range(n)]
    grads = [F.select(g, dim, k) for k in range(n)]
    result = []
    # d y_j / d x_i = product of x_k, k <= j, k != i: summed directly, so zeros need no special case.
    before = F.ones_like(rows[0]) if n else None
    for i in range(n):
        term, total = before, None
        for j in range(i, n):
            term = term if j == i else term * rows[j]
            total = term * grads[j] if total is None else total + term * grads[j]
        result.append(total)
        before = before * rows[i]
    return F.stack_dim(result, dim) if n else x


def _moment(function: Any, x: Any, over: tuple[int, ...], correction: float, keepdim: bool) -> Any:
    """Variance or deviation, of float32 in float64 and rounded once: PyTorch accumulates them so. Real for complex x."""
    kind = {"f": np.float64, "F": np.complex128}.get(x.dtype.char)
    if math.prod(x.shape[d] for d in over) <= correction:
        warnings.warn(
            f"{function.__name__}(): degrees of freedom is <= 0. Correction should be strictly less than the "
            "reduction factor (input numel divided by output numel).",
            UserWarning,
            stacklevel=4,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return function(over, ddof=correction, keepdims=keepdim, dtype=kind).astype(x.real.dtype)
    return function(over, ddof=correction, keepdims=keepdim, dtype=kind).astype(x.real.dtype)


def _vector_norm(xp: Any, x: Any, p: float, over: tuple[int, ...], keepdim: bool) -> Any:
    a = xp.abs(x)
    if not a.size and (p < 0 or p == math.inf):
        _with_identity(a.shape, p, over)
    if p == 2:
        return two_norm(a, over, keepdim)
    if p == 1:
        return _sum(a, over, keepdim)
    if p == math.inf:
        return a.max(over, keepdims=keepdim)
    if p == -math.inf:
        return a.min(over, keepdims=keepdim)
    if p == 0:
        return (a != 0).sum(over, keepdims=keepdim).astype(a.dtype)
    return ((a**p).sum(over, keepdims=keepdim)) ** (1 / p)


def _with_identity(shape: Sequence[int], p: float, over: tuple[int, ...]) -> None:
    """Refuse a norm of no numbers that is no sum."""
    for d in over:
        if len(over) < len(shape) and not shape[d]:
            raise RuntimeError(
                f"linalg.vector_norm cannot compute the {p:g} norm on the dimension {d}because this dimension is empty "
                "and the operation does not have an identity"
            )
    if len(over) == len(shape):
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {p:g} norm on an empty tensor because the operation does not have an "
            "identity"
        )


def _norm_vjp(F: Any, g: Any, x: Any, y: Any, p: float, dim: Any) -> Any:
    g, y = _back(F, g, x.shape, dim), _back(F, y, x.shape, dim)
    if p == 0:
        return None
    if p == 1:
        return g * F.sgn(x)
    if p == 2:
        return g * F.where(F.eq(y, 0), 0.0, x / y)
    if p in (math.inf, -math.inf):
        hit = F.eq(F.abs(x), y)
        over = dims(dim, len(x.shape))
        return F.where(hit, g * F.sgn(x) / (F.sum_dim(hit, over, True) if over else 1), 0.0)
    scale = F.sgn(x) * F.pow_tensor_scalar(F.abs(x), p - 1)
    return g * F.where(F.eq(y, 0), 0.0, scale / F.pow_tensor_scalar(y, p - 1))


def _arg(x: Any, name: str, dim: int | None, keepdim: bool) -> Any:
    if dim is None:
        if not x.size:
            raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
        place = getattr(x, name)()
        return np.asarray(place).reshape((1,) * x.ndim) if keepdim else place
    d = one_dim(dim, x.ndim)
    return getattr(_nonempty_along(x, name, d), name)(d, keepdims=keepdim) if x.ndim else np.zeros((), np.int64)


__all__ = [
    "all", "amax", "amin", "any", "argmax", "argmin", "argsort", "count_nonzero", "cumprod", "cumsum", "log_softmax",
    "logsumexp", "max", "mean", "median", "min", "norm", "prod", "softmax", "sort", "std", "sum", "sum_to_size", "topk",
    "var",
]
