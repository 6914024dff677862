"""Running extremes, order statistics, and reductions that are one node over several operations."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import backend, dtypes
from engine.define import define
from engine.fused import fused
from engine.ops import arithmetic as A
from engine.ops import arrange, index, shape
from engine.ops import pointwise as P
from engine.ops import reduce as R
from engine.ops.complex import complex_of, conj, imag, real
from engine.ops.nn import div_scalar
from engine.ops.reduce import _back, _pair, one_dim
from engine.registry import GENERAL, OPS
from engine.tensor import Tensor

# --- Running extremes ------------------------------------------------------------------------------------------------

_cum = {
    name: define(f"{name}_dim", GENERAL, outputs=2, grad=f"{name.capitalize()}Backward0", aten=f"aten::{name}",
        forward=lambda xp, input, dim, largest: _running(xp, input, dim, largest),
        vjp=(lambda F, g, input_shape, y1, dim: F.scatter_value(g[0], y1, tuple(input_shape), dim),),
        formula=r"g \text{ added up at the places taken, 0 elsewhere}", doc=f"The {word} element so far along a dimension, and where it is.")
    for name, word in (("cummax", "largest"), ("cummin", "smallest"))
}


def _running(xp: Any, x: Any, dim: int, largest: bool) -> tuple[Any, Any]:
    if not x.ndim:
        return x.copy(), xp.zeros((), np.int64)
    values = _extremes(xp, x, dim, largest)
    # The last place that equals the extreme so far, as PyTorch counts ties.
    hit = (x == values) | ((x != x) & (values != values))
    places = xp.arange(x.shape[dim]).reshape(tuple(-1 if k == dim else 1 for k in range(x.ndim)))
    return values, _extremes(xp, xp.where(hit, places, 0), dim, True)


def _extremes(xp: Any, x: Any, dim: int, largest: bool) -> Any:
    """The largest or smallest element so far."""
    better = xp.maximum if largest else xp.minimum
    if xp is np:
        return better.accumulate(x, axis=dim)
    # CuPy accumulates sums and products only. In log2(n) steps: each element against the one 1, 2, 4, ... before it.
    y, step = xp.moveaxis(x, dim, 0).copy(), 1
    while step < len(y):
        y[step:] = better(y[step:], y[:-step].copy())
        step *= 2
    return xp.moveaxis(y, 0, dim)


return_cummax, return_cummin, return_kthvalue, return_mode, return_nanmedian = map(
    _pair, ("cummax", "cummin", "kthvalue", "mode", "nanmedian")
)


def cummax(input: Tensor, dim: int) -> Any:
    """(values, indices): the largest element so far along a dimension."""
    return return_cummax(*_cum["cummax"](input, one_dim(dim, input.ndim), True))


def cummin(input: Tensor, dim: int) -> Any:
    """(values, indices): the smallest element so far along a dimension."""
    return return_cummin(*_cum["cummin"](input, one_dim(dim, input.ndim), False))


logcumsumexp_dim = define("logcumsumexp", GENERAL, holomorphic=True, dtypes="float", inputs=1,
    forward=lambda xp, input, dim: _logcumsumexp(xp, input, one_dim(dim, input.ndim)),
    vjp=(lambda F, g, input, y, dim: _logcumsumexp_vjp(F, g, input, y, dim),),
    formula=r"\sum_{j \ge i} g_j e^{x_i - y_j}", doc="log of the running sum of exp along a dimension.")


def _logcumsumexp(xp: Any, x: Any, dim: int) -> Any:
    if not x.ndim:
        return x.copy()
    if x.dtype.kind != "c":
        return np.logaddexp.accumulate(x, axis=dim) if xp is np else _summed(xp, x, dim)
    y = xp.moveaxis(x.copy(), dim, 0)
    for k in range(1, len(y)):
        y[k] = P._logaddexp(xp, y[k], y[k - 1])
    return xp.moveaxis(y, 0, dim)


def _summed(xp: Any, x: Any, dim: int) -> Any:
    """The running logaddexp, in log2(n) steps."""
    y, step = xp.moveaxis(x, dim, 0).copy(), 1
    while step < len(y):
        y[step:] = xp.logaddexp(y[step:], y[:-step].copy())
        step *= 2
    return xp.moveaxis(y, 0, dim)


def _logcumsumexp_vjp(F: Any, g: Any, x: Any, y: Any, dim: int) -> Any:
    if not len(x.shape) or 0 in x.shape:
        return g
    d = one_dim(dim, len(x.shape))
    # sum over j >= i of g_j exp(x_i - y_j): as pairs, which is exact where exp(-y) overflows.
    weights = F.exp(F.unsqueeze(x, d + 1) - F.unsqueeze(y, d))
    place = backend.module_of(x._data if F.recording else x).arange(x.shape[d])
    kept = (place[:, None] <= place).reshape(*(1,) * d, x.shape[d], x.shape[d], *(1,) * (len(x.shape) - d - 1))
    masked = F.where(Tensor._wrap(kept) if F.recording else kept, F.unsqueeze(g, d) * weights, 0.0)
    return F.sum_dim(masked, (d + 1,), False)


# --- Order statistics ------------------------------------------------------------------------------------------------

def _found(name: str) -> Any:
    def forward(xp: Any, input: Any, find: Any, dim: int, keepdim: bool) -> tuple[Any, Any]:
        R._nonempty_along(input, name, dim)
        if not input.ndim:
            return input.copy(), xp.zeros((), np.int64)
        if input.size:
            where = np.expand_dims(np.apply_along_axis(find, dim, input).astype(np.int64), dim)
        else:
            where = np.zeros((*input.shape[:dim], 1, *input.shape[dim + 1 :]), np.int64)
        return R._pick(xp, input, where, dim, keepdim)

    return forward


_kth = {
    name: define(f"{name}_dim", GENERAL, outputs=2, grad=grad, aten=f"aten::{name}", forward=_found(name.removeprefix("nan")),
        vjp=(lambda F, g, input_shape, y1, dim: F.scatter_value(
            _back(F, g[0], input_shape, dim), _back(F, y1, input_shape, dim), tuple(input_shape), dim),),
        formula=r"[i = \text{its place}]", doc=doc)
    for name, grad, doc in (
        ("kthvalue", "KthvalueBackward0", "The k-th smallest element along a dimension, and where it is."),
        ("mode", "ModeBackward0", "The most frequent element along a dimension, and where it is."),
        ("nanmedian", "NanmedianBackward1", "The lower median of what is not NaN along a dimension, and where it is."),
    )
}

_nanmedian_all = define("nanmedian_all", GENERAL, grad="NanmedianBackward0", aten="aten::nanmedian",
    forward=lambda xp, input: _nan_lower(input),
    vjp=(lambda F, g, input, y: F.where(F.isnan(y), 0.0, R._evenly(F, g, input, y, None)),),
    formula=r"\frac{[x_i = y]}{\text{number of ties}}", doc="Lower median of all elements that are not NaN.")


def _nan_lower(x: Any) -> Any:
    kept = np.sort(x[~np.isnan(x)], axis=None)
    return kept[(kept.size - 1) // 2] if kept.size else R.missing(x.dtype)


def _place_of_mode(row: Any) -> int:
    values, counts = np.unique(row, return_counts=True)
    return int(np.flatnonzero(row == values[counts.argmax()])[-1])


def _place_of_nanmedian(row: Any) -> int:
    n = int((~np.isnan(row)).sum())
    return int(np.argsort(row, kind="stable")[(n - 1) // 2]) if n else 0


def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """(values, indices) of the k-th smallest element along a dimension."""
    d = one_dim(dim, input.ndim)
    if not 1 <= k <= (max(input._data.shape[d], 1) if input.ndim else 1):
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {d}")
    return return_kthvalue(
        *_kth["kthvalue"](input, lambda row: np.argsort(row, kind="stable")[k - 1], d, keepdim))


def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Any:
    """(values, indices) of the most frequent element along a dimension; the smallest of several."""
    return return_mode(*_kth["mode"](input, _place_of_mode, one_dim(dim, input.ndim), keepdim))


def nanmedian(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """`median` of what is not NaN."""
    if dim is None:
        return _nanmedian_all(input)
    return return_nanmedian(*_kth["nanmedian"](input, _place_of_nanmedian, one_dim(dim, input.ndim), keepdim))


def msort(input: Tensor) -> Tensor:
    """Sorted along the first dimension."""
    return R.sort(input, 0)[0]  # type: ignore[no-any-return]


def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """(min, max) of all elements, or along a dimension."""
    if not input._data.size and dim is None:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
        )
    if dim is not None and input.ndim and not input._data.shape[dim]:
        raise IndexError(f"aminmax: Expected reduction dim {dim} to have non-zero size.")
    return _AminMax(*_aminmax(input, dim, keepdim))


class _AminMax(tuple[Any, Any]):
    """``torch.return_types.aminmax``."""

    def __new__(cls, least: Any, most: Any) -> _AminMax:
        return super().__new__(cls, (least, most))

    @property
    def min(self) -> Any:
        return self[0]

    @property
    def max(self) -> Any:
        return self[1]

    def __repr__(self) -> str:
        return f"torch.return_types.aminmax(\nmin={self[0]!r},\nmax={self[1]!r})"


_aminmax = fused("aminmax", lambda input, dim, keepdim: (
        (R.amin(input, () if dim is None else dim, keepdim), R.amax(input, () if dim is None else dim, keepdim))),
    inputs=1, outputs=2, formula=r"g_{\min}\,[x_i = \min] + g_{\max}\,[x_i = \max]", doc="Smallest and largest element.")


def _quantile(input: Any, q: Any, dim: int | None, keepdim: bool, interpolation: str, skip: bool) -> Tensor:
    if not isinstance(q, Tensor):
        q = Tensor._wrap(backend.module_of(input._data).full((), q, input._data.dtype))
    if q.ndim > 1:
        raise RuntimeError(f"quantile() q must be a scalar or 1D tensor, but got a tensor with {q.ndim} dimensions")
    backend.refuse(
        (q._data < 0) | (q._data > 1), lambda: RuntimeError("quantile() q values must be in the range [0, 1]")
    )
    if not input._data.size:
        raise RuntimeError("quantile() input tensor must be non-empty")
    if interpolation not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise RuntimeError(
            "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got " + interpolation
        )
    # The dimension to reduce goes last, and the others take the shape of the result.
    wide = input.ndim
    if dim is None:
        x, lead = shape.reshape(input, (-1,)), (1,) * wide if keepdim else ()
    else:
        d, sizes = one_dim(dim, wide), input._data.shape
        x = input if d >= wide - 1 else shape.transpose(shape.unsqueeze(input, -1), d, -1)
        x = x if wide else shape.unsqueeze(x, 0)
        lead = (*sizes[:d], *((1,) if keepdim and wide else ()), *sizes[d + 1 :])
    ordered = R.sort(x, -1)[0]
    x = ordered = shape.reshape(ordered, (*lead, x._data.shape[-1]))
    n = x._data.shape[-1]
    flat = shape.reshape(q, (-1,))
    holes = np.isnan(x._data)
    if skip:
        last = (~holes).sum(-1, keepdims=True) - 1
        ranks = flat._data * last.astype(x._data.dtype)
        ranks = np.where(ranks < 0, 0, ranks)
    else:
        ranks = np.broadcast_to(flat._data * (n - 1), (*lead, len(flat._data))).astype(x._data.dtype)
        ranks = np.where(holes.any(-1, keepdims=True), n - 1, ranks).astype(x._data.dtype)
    if interpolation == "lower":
        ranks = np.floor(ranks)
    elif interpolation == "higher":
        ranks = np.ceil(ranks)
    elif interpolation == "nearest":
        ranks = np.round(ranks)
    below = np.floor(ranks).astype(np.int64)
    result = index.gather(ordered, -1, Tensor._wrap(below))
    if interpolation in ("linear", "midpoint"):
        if interpolation == "midpoint":
            weights: Any = Tensor._wrap(np.where(ranks == below, 0, 0.5).astype(x._data.dtype))
        else:
            # A tensor, since the share itself may want a gradient.
            whole = last.astype(x._data.dtype) if skip else np.asarray(n - 1, x._data.dtype)
            weights = flat * Tensor._wrap(whole) - Tensor._wrap(below.astype(x._data.dtype))
            if backend.is_elsewhere(holes) or holes.any():
                weights = A.where(Tensor._wrap(np.isnan(result._data)), 0.0, weights)
        above = index.gather(ordered, -1, Tensor._wrap(np.ceil(ranks).astype(np.int64)))
        result = A.lerp(result, above, weights)
    if q.ndim == 0:
        return shape.squeeze_result(result, -1)
    return shape.squeeze_result(shape.transpose(shape.unsqueeze(result, 0), 0, -1), -1)


def quantile(input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear") -> Tensor:
    """Below which the share `q` of the elements lies, along a dimension or of all."""
    return _quantile(input, q, dim, keepdim, interpolation, False)


def nanquantile(input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear") -> Tensor:
    """`quantile` of what is not NaN."""
    return _quantile(input, q, dim, keepdim, interpolation, True)


# --- Sums ------------------------------------------------------------------------------------------------------------

nansum_dim = define("nansum_dim", GENERAL, inputs=1, grad="NansumBackward0", aten="aten::nansum",
    forward=lambda xp, input, dim=None, keepdim=False: xp.nansum(
        input, R.dims(dim, input.ndim), keepdims=keepdim, dtype=R._sum_dtype(input)),
    vjp=(lambda F, g, input, dim: F.where(F.isnan(input), 0.0, R._spread(F, g, tuple(input.shape), dim)),),
    formula=r"[x_i \text{ is not NaN}]", doc="Sum of what is not NaN.")


def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Sum of what is not NaN."""
    return nansum_dim(input if dtype is None else input.to(dtype), dim, keepdim)


def nanmean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Mean of what is not NaN."""
    count = R.sum(P.isnan(input.detach()).logical_not(), dim if dim is not None else tuple(range(input.ndim)), keepdim)
    return nansum(input, dim, keepdim, dtype=dtype) / count


var_mean_of = fused("var_mean", lambda input, dim, correction, keepdim: (
        R._var(input, dim, correction, keepdim), R._mean_dim(input, R.dims(dim, input.ndim), keepdim)),
    inputs=1, outputs=2, formula=r"g_1\,\frac{2\,(x_i - \mu)}{n - c} + \frac{g_2}{n}", doc="Variance and mean.")
std_mean_of = fused("std_mean", lambda input, dim, correction, keepdim: (
        R._std(input, dim, correction, keepdim), R._mean_dim(input, R.dims(dim, input.ndim), keepdim)),
    inputs=1, outputs=2, formula=r"g_1\,\frac{x_i - \mu}{(n - c)\,y_1} + \frac{g_2}{n}", doc="Standard deviation and mean.")


def _with_mean(record: Any) -> Any:
    def call(input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
             correction: float | None = None) -> tuple[Tensor, Tensor]:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        R._float_or_complex(input)
        return tuple(record(input, dim, R._correction(unbiased, correction), keepdim))

    return call


var_mean, std_mean = _with_mean(var_mean_of), _with_mean(std_mean_of)
var_mean.__name__, var_mean.__doc__ = "var_mean", "Variance and mean together."
std_mean.__name__, std_mean.__doc__ = "std_mean", "Standard deviation and mean together."


# --- Distances -------------------------------------------------------------------------------------------------------


def _dist(input: Any, other: Any, p: float) -> Any:
    return R.norm(P.sub(input, other), p)


def _cdist(x1: Any, x2: Any, p: float) -> Any:
    return R.norm(P.sub(shape.unsqueeze(x1, -2), shape.unsqueeze(x2, -3)), p, -1)


def _pdist(input: Any, p: float) -> Any:
    n = input.shape[0]
    i, j = (backend.beside(input._data, k) for k in np.triu_indices(n, 1))
    return R.norm(index.index_select(input, 0, Tensor._wrap(i)) - index.index_select(input, 0, Tensor._wrap(j)), p, -1)


def _renorm(input: Any, p: float, dim: int, maxnorm: float) -> Any:
    d = one_dim(dim, input.ndim)
    norms = R._norm(input, p, tuple(k for k in range(input.ndim) if k != d), True)
    factor = A.where(norms > maxnorm, maxnorm / (norms + 1e-7), 1.0)
    return input * factor


dist = fused("dist", lambda input, other, p=2.0: _dist(input, other, p), inputs=2,
    formula=r"\operatorname{sgn}(a_i - b_i) \left(\frac{\left|a_i - b_i\right|}{y}\right)^{p - 1},\ \operatorname{sgn}(b_i - a_i) \left(\frac{\left|a_i - b_i\right|}{y}\right)^{p - 1}", doc="The p-norm of the difference.")
cdist_of = fused("cdist", lambda x1, x2, p: _cdist(x1, x2, p), inputs=2, aten="aten::_cdist_forward",
    formula=r"\sum_j g_{ij}\,\frac{a_i - b_j}{y_{ij}},\ \sum_j g_{ji}\,\frac{b_i - a_j}{y_{ji}}", doc="Distances between rows.")
euclidean_dist = fused("euclidean_dist", lambda x1, x2: _cdist(x1, x2, 2.0), inputs=2, aten="aten::_euclidean_dist",
    formula=r"\sum_j g_{ij}\,\frac{a_i - b_j}{y_{ij}},\ \sum_j g_{ji}\,\frac{b_i - a_j}{y_{ji}}", doc="Euclidean distances between rows, as PyTorch names them where there are many.")
pdist = fused("pdist", lambda input, p=2.0: _pdist(input, p), inputs=1, aten="aten::_pdist_forward",
    formula=r"\sum_j g_{ij}\,\frac{x_i - x_j}{y_{ij}}", doc="Distances between each two rows.")
renorm = fused("renorm", _renorm, inputs=1, formula=r"\text{that of } x \min(1, m/\lVert x\rVert)",
    doc="Each slice along a dimension with its norm limited.")


def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Tensor:
    """The p-norm distance between each row of `x1` (..., P, M) and each of `x2` (..., R, M): (..., P, R)."""
    rows = max(x1._data.shape[-2:-1] + x2._data.shape[-2:-1], default=0)
    many = compute_mode == "use_mm_for_euclid_dist_if_necessary" and rows > 25
    if p == 2 and (many or compute_mode == "use_mm_for_euclid_dist") and x1.numel() and x2.numel():
        y = euclidean_dist(x1, x2)
        return shape.view(y, tuple(y._data.shape))
    return cdist_of(x1, x2, p)  # type: ignore[no-any-return]


# --- Integrals and differences ---------------------------------------------------------------------------------------


def trapezoid(y: Tensor, x: Any = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The trapezoid rule along a dimension, for points `x` or a distance `dx` (1 by default)."""
    return _areas(y, x, dx, dim, False)  # type: ignore[no-any-return]


def cumulative_trapezoid(y: Tensor, x: Any = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The running trapezoid rule along a dimension."""
    return _areas(y, x, dx, dim, True)  # type: ignore[no-any-return]


def _areas(y: Any, x: Any, dx: Any, dim: int, running: bool) -> Any:
    d = one_dim(dim, y.ndim)
    n = y.shape[d]
    if n == 0 and not running:
        return R.sum(y, d)
    if x is not None and isinstance(x, Tensor):
        if x.ndim == 1:
            x = shape.view(x, tuple(-1 if k == d else 1 for k in range(y.ndim)))
            along = d
        else:
            along = d - (y.ndim - x.ndim)
        m = x.shape[along]
        widths = shape.narrow(x, along, 1, m - 1) - shape.narrow(x, along, 0, m - 1)
        both = (shape.narrow(y, d, 0, n - 1) + shape.narrow(y, d, 1, n - 1)) * widths
        return div_scalar(R.cumsum(both, d), 2.0) if running else div_scalar(R.sum(both, d), 2.0)
    step = 1.0 if dx is None else float(dx)
    if running:
        return R.cumsum(P.mul_scalar(shape.narrow(y, d, 0, n - 1) + shape.narrow(y, d, 1, n - 1), step / 2), d)
    ends = (shape.select(y, d, 0) + shape.select(y, d, n - 1)) * 0.5
    return P.mul_scalar(R.sum(y, d) - ends, step)


trapz = trapezoid


def diff(input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None) -> Tensor:
    """Each element less the one before it along a dimension, `n` times over.

    Raises:
        RuntimeError: for a number, or a negative `n`.
    """
    if not input.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    d = one_dim(dim, input.ndim)
    if n == 0:
        return OPS["copy"].call(Tensor._wrap(np.zeros_like(input._data)), input)  # type: ignore[no-any-return]
    parts = [t for t in (prepend, input, append) if t is not None]
    if len(parts) > 1:
        input = arrange.cat(parts, d)
    for _ in range(min(n, input._data.shape[d])):
        length = input._data.shape[d]
        after, before = shape.narrow(input, d, 1, length - 1), shape.narrow(input, d, 0, length - 1)
        input = P.bitwise_xor(after, before) if input.dtype is dtypes.bool_ else P.sub(after, before)
    return input


def gradient(input: Any, *, spacing: Any = None, dim: Any = None, edge_order: int = 1) -> tuple[Tensor, ...]:
    """Derivatives along dimensions by second-order differences, for a distance or coordinates between samples."""
    over = list(range(input.ndim)) if dim is None else [one_dim(d, input.ndim) for d in ([dim] if isinstance(dim, int) else dim)]
    spacing = 1 if spacing is None else spacing
    spaces = list(spacing) if isinstance(spacing, (tuple, list)) else [spacing] * len(over)
    return tuple(_slope(input, d, s, edge_order) for d, s in zip(over, spaces, strict=True))


def _slope(x: Any, d: int, space: Any, edge: int) -> Any:
    n = x.shape[d]
    if n < edge + 1:
        raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")

    def at(k: int, length: int) -> Any:
        return shape.narrow(x, d, k, length)

    if isinstance(space, Tensor) and space.ndim:
        steps = space._data[1:] - space._data[:-1]
        along = tuple(-1 if k == d else 1 for k in range(x.ndim))

        def t(a: Any) -> Tensor:
            return Tensor._wrap(a.astype(x._data.dtype).reshape(along))

        a, b = steps[:-1], steps[1:]
        inner = t(-b / (a * (a + b))) * at(0, n - 2) + t((b - a) / (a * b)) * at(1, n - 2) + t(a / (b * (a + b))) * at(2, n - 2)
        if edge == 1:
            first, last = (at(1, 1) - at(0, 1)) / t(steps[:1]), (at(n - 1, 1) - at(n - 2, 1)) / t(steps[-1:])
        else:
            p, q = steps[:1], steps[1:2]
            first = t(-(2 * p + q) / (p * (p + q))) * at(0, 1) + t((p + q) / (p * q)) * at(1, 1) + t(-p / (q * (p + q))) * at(2, 1)
            p, q = steps[-2:-1], steps[-1:]
            last = t(q / (p * (p + q))) * at(n - 3, 1) + t(-(q + p) / (p * q)) * at(n - 2, 1) + t((2 * q + p) / (q * (p + q))) * at(n - 1, 1)
    else:
        h = float(space)
        inner = (at(2, n - 2) - at(0, n - 2)) / (2 * h)
        if edge == 1:
            first, last = (at(1, 1) - at(0, 1)) / h, (at(n - 1, 1) - at(n - 2, 1)) / h
        else:
            first = (4 * at(1, 1) - 3 * at(0, 1) - at(2, 1)) / (2 * h)
            last = (3 * at(n - 1, 1) - 4 * at(n - 2, 1) + at(n - 3, 1)) / (2 * h)
    return arrange.cat([first, inner, last], d)


# --- Statistics ------------------------------------------------------------------------------------------------------


def cov(input: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Tensor:
    """Covariances of the rows; columns are observations, which may be weighted."""
    x = shape.view(input, (1, -1)) if input.ndim < 2 else input
    n = x.shape[1]
    w = fweights if fweights is not None else None
    if aweights is not None:
        w = aweights if w is None else w * aweights
    total: Any = n if w is None else R.sum(w)
    mean = R.mean(x, 1) if w is None else R.sum(x * w, 1) / total
    if w is not None and aweights is not None and correction:
        norm: Any = total - correction * R.sum(w * aweights) / total
    else:
        norm = total - correction
    centred = x - shape.unsqueeze(mean, 1)
    right = centred if w is None else centred * w
    if isinstance(norm, Tensor):
        norm = P.clamp_min(norm, 0)
    else:
        norm = max(norm, 0)
    from engine.ops.linalg import mm

    product = mm(centred, conj(shape.t(right)))
    result = product / norm
    return shape.squeeze(result)


def corrcoef(input: Any) -> Tensor:
    """Correlations of the rows."""
    c: Any = cov(input)
    if not c.ndim:
        return c / c  # type: ignore[no-any-return]
    s = P.sqrt(shape.diagonal(c))
    c = c / shape.view(s, (-1, 1)) / shape.view(s, (1, -1))
    if c.dtype.is_complex:
        return complex_of(A.clamp(real(c), -1, 1), A.clamp(imag(c), -1, 1))
    return A.clamp(c, -1, 1)


__all__ = [
    "aminmax", "cdist", "corrcoef", "cov", "cummax", "cummin", "cumulative_trapezoid", "diff", "dist", "gradient", "kthvalue",
    "logcumsumexp", "mode", "msort", "nanmean", "nanmedian", "nanquantile", "nansum", "quantile", "renorm", "std_mean",
    "trapezoid", "trapz", "var_mean",
]
logcumsumexp = logcumsumexp_dim
