"""Operations on sampled grids: resizing, sampling at points, windows as columns, pooling that is not on a regular grid, borders."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine import backend
from engine.define import define
from engine.fused import fused
from engine.ops import arithmetic as A
from engine.ops import arrange, shape
from engine.ops import index as I
from engine.ops import pointwise as P
from engine.ops import reduce as R
from engine.ops.conv import (
    _apply_along,
    _counts,
    _offsets,
    _padded,
    _spread,
    _to_places,
    _windows,
    _with_bias,
    to_channels,
)
from engine.registry import GENERAL, LINEAR
from engine.tensor import Tensor

# --- Resizing: a matrix for each dimension ---------------------------------------------------------------------------


def _resizing(name: str, grad: str) -> Any:
    return define(name, LINEAR, inputs=1, grad=grad,
        forward=lambda xp, input, matrices: _apply_along(xp, input, matrices),
        vjp=(lambda F, g, matrices: getattr(F, name)(g, tuple(m.T for m in matrices)),),
        formula=r"M^{\top} g \text{ for the weights } M", doc="The last dimensions resized, each by a matrix.")


_NAMES = {"nearest": "Nearest", "nearest-exact": "NearestExact", "linear": "Linear", "bicubic": "Bicubic"}
upsample = {
    (mode, n): _resizing(f"upsample_{mode.replace('-', '_')}{n}d" if mode != "linear" else f"upsample_{linear}{n}d",
        f"Upsample{_NAMES[mode] if mode != 'linear' else linear.capitalize()}{n}DBackward0")
    for mode, sizes in (("nearest", (1, 2, 3)), ("nearest-exact", (1, 2, 3)), ("linear", (1, 2, 3)), ("bicubic", (2,)))
    for n in sizes
    for linear in (("linear", "bilinear", "trilinear")[n - 1],)
}

adaptive_avg_pool3d_of = _resizing("adaptive_avg_pool3d", "AdaptiveAvgPool3DBackward0")


def resizing(mode: str, size: int, wanted: int, align_corners: bool, scale: float | None) -> Any:
    """The matrix of shape (wanted, size) that resizes one dimension."""
    matrix = np.zeros((wanted, size))
    rows = np.arange(wanted)
    ratio = 1 / scale if scale else size / wanted
    if mode in ("nearest", "nearest-exact"):
        at = np.floor((rows + (0.5 if mode == "nearest-exact" else 0)) * np.float32(ratio)).astype(np.int64)
        matrix[rows, np.minimum(at, size - 1)] = 1
        return matrix
    if align_corners:
        at = rows * ((size - 1) / (wanted - 1) if wanted > 1 else 0.0)
    else:
        at = (rows + 0.5) * ratio - 0.5
        if mode == "linear":
            at = np.maximum(at, 0)
    low = np.floor(at).astype(np.int64)
    t = at - low
    if mode == "linear":
        low = np.minimum(low, size - 1)
        np.add.at(matrix, (rows, low), 1 - t)
        np.add.at(matrix, (rows, np.minimum(low + 1, size - 1)), t)
        return matrix
    for k, weight in zip(range(-1, 3), _cubic(t), strict=True):
        np.add.at(matrix, (rows, np.clip(low + k, 0, size - 1)), weight)
    return matrix


def _cubic(t: Any) -> list[Any]:
    """Weights of the four neighbours: cubic convolution with a = -0.75."""
    a = -0.75

    def near(x: Any) -> Any:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: Any) -> Any:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    return [far(t + 1), near(t), near(1 - t), far(2 - t)]


# --- Sampling at points ----------------------------------------------------------------------------------------------


def _grid_sample(input: Any, grid: Any, mode: str, padding: str, align: bool) -> Any:
    n = input.ndim - 2
    sizes = tuple(input.shape)[2:]
    where = []
    for k in range(n):
        size = sizes[n - 1 - k]
        x = shape.select(grid, -1, k)
        x = (x + 1) * ((size - 1) / 2) if align else ((x + 1) * size - 1) / 2
        # The bicubic kernel reads beyond the border point by point.
        where.append(x if mode == "bicubic" else _bordered(x, size, padding, align))
    where.reverse()
    flat = shape.reshape(input, (*tuple(input.shape)[:2], -1))
    if mode == "nearest":
        return _at(flat, [np.rint(x._data).astype(np.int64) for x in where], sizes, padding, align)
    lows = [np.floor(x._data).astype(np.int64) for x in where]
    parts = [x - Tensor._wrap(low.astype(x._data.dtype)) for x, low in zip(where, lows, strict=True)]
    if mode == "bicubic":
        weights = [_cubic(t) for t in parts]
        steps: Any = range(-1, 3)
        offset = 1
    else:
        weights = [[1 - t, t] for t in parts]
        steps, offset = range(2), 0
    total: Any = None
    for corner in itertools.product(steps, repeat=n):
        weight: Any = None
        for k, c in enumerate(corner):
            w = weights[k][c + offset]
            weight = w if weight is None else weight * w
        places = [low + c for low, c in zip(lows, corner, strict=True)]
        value = _at(flat, places, sizes, padding if mode == "bicubic" else "zeros", align)
        term = value * shape.unsqueeze(weight, 1)
        total = term if total is None else total + term
    return total


def _bordered(x: Any, size: int, padding: str, align: bool) -> Any:
    if padding == "zeros":
        return x
    if padding == "reflection":
        low, high = (0.0, float(size - 1)) if align else (-0.5, size - 0.5)
        span = high - low
        if span == 0:
            return x * 0
        away = P.abs(x - low)
        extra = A.fmod(away, span)
        odd = Tensor._wrap(np.floor(away._data / span) % 2 == 1)
        x = A.where(odd, span - extra, extra) + low
    return A.clamp(x, 0, size - 1)


def _at(flat: Any, places: list[Any], sizes: Sequence[int], padding: str, align: bool) -> Any:
    kind = flat._data.dtype
    if padding != "zeros":
        places = [
            np.rint(_bordered(Tensor._wrap(p.astype(kind)), n, padding, align)._data).astype(np.int64)
            for p, n in zip(places, sizes, strict=True)
        ]
    inside: Any = True
    index: Any = 0
    for p, n in zip(places, sizes, strict=True):
        inside = inside & (p >= 0) & (p < n)
        index = index * n + np.clip(p, 0, n - 1)
    batch, channels = flat.shape[:2]
    spread = np.broadcast_to(index.reshape(batch, 1, -1), (batch, channels, index[0].size))
    values = shape.reshape(I.gather(flat, 2, Tensor._wrap(spread.copy())), (batch, channels, *index.shape[1:]))
    if not backend.is_elsewhere(inside) and np.all(inside):
        return values
    return values * Tensor._wrap(inside[:, None].astype(kind))


grid_sampler = {
    n: fused(f"grid_sampler_{n}d_of", _grid_sample, inputs=2, grad=f"GridSampler{n}DBackward0", aten=f"aten::grid_sampler_{n}d",
        formula=r"g \text{ shared out with the weights of the interpolation},\ g \text{ times the slope between the points}", doc="Values between the elements of a grid, at given points.")
    for n in (2, 3)
}
_MODES, _PADDINGS = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")


def grid_sampler_2d(input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool) -> Tensor:
    """`nn.functional.grid_sample` for images, its modes as numbers."""
    return grid_sampler[2](input, grid, _MODES[interpolation_mode], _PADDINGS[padding_mode], align_corners)  # type: ignore[no-any-return]


def grid_sampler_3d(input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool) -> Tensor:
    """`nn.functional.grid_sample` for volumes, its modes as numbers."""
    return grid_sampler[3](input, grid, _MODES[interpolation_mode], _PADDINGS[padding_mode], align_corners)  # type: ignore[no-any-return]


# --- Windows as columns ----------------------------------------------------------------------------------------------

im2col = define("im2col", LINEAR, inputs=1, grad="Im2ColBackward0",
    forward=lambda xp, input, kernel, dilation, padding, stride: _columns(xp, input, kernel, dilation, padding, stride),
    vjp=(lambda F, g, input_shape, kernel, dilation, padding, stride: F.col2im(
        g, tuple(input_shape)[2:], kernel, dilation, padding, stride),),
    formula=r"g \text{ added up where each element came from}", doc="Each window of an image as a column.")

col2im = define("col2im", LINEAR, inputs=1, grad="Col2ImBackward0",
    forward=lambda xp, input, size, kernel, dilation, padding, stride: _from_columns(
        xp, input, size, kernel, dilation, padding, stride),
    vjp=(lambda F, g, kernel, dilation, padding, stride: F.im2col(g, kernel, dilation, padding, stride),),
    formula=r"g \text{ in windows}", doc="Columns put back as windows of an image, summed where they overlap.")


def _columns(xp: Any, x: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> Any:
    counts = _counts(x.shape, kernel, stride, padding, dilation)
    windows = _windows(xp, _padded(xp, x, padding), kernel, stride, dilation, counts)
    n = len(kernel)
    order = (0, 1, *range(2 + n, 2 + 2 * n), *range(2, 2 + n))
    return windows.transpose(order).reshape(x.shape[0], x.shape[1] * math.prod(kernel), math.prod(counts)).copy()


def _from_columns(xp: Any, x: Any, size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> Any:
    channels = x.shape[1] // math.prod(kernel)
    whole = (x.shape[0], channels, *size)
    counts = _counts(whole, kernel, stride, padding, dilation)
    parts = x.reshape(x.shape[0], channels, *kernel, *counts)
    result = xp.zeros((*whole[:2], *(n + 2 * p for n, p in zip(size, padding, strict=True))), x.dtype)
    for place, where in _offsets(kernel, stride, dilation, counts):
        result[(slice(None), slice(None), *where)] += parts[(slice(None), slice(None), *place)]
    return result[(slice(None), slice(None), *(slice(p, p + n) for p, n in zip(padding, size, strict=True)))].copy()


# --- Pooling ---------------------------------------------------------------------------------------------------------


def _largest(xp: Any, x: Any, starts: Any, ends: Any) -> tuple[Any, Any]:
    """The largest element of each window, given where windows start and end along each of the last dimensions.

    `starts` are per dimension vectors, or of shape (N, C, windows) where they differ from one channel to the next.
    """
    n = len(starts)
    if x.ndim == n + 1:
        values, index = _largest(xp, x[None], starts, ends)
        return values[0], index[0]
    sizes = x.shape[2:]
    counts = [s.shape[-1] for s in starts]
    values = xp.empty((*x.shape[:2], *counts), x.dtype)
    index = xp.empty(values.shape, np.int64)
    own = starts[0].ndim > 1
    channels: Any = np.ndindex(*x.shape[:2]) if own else [(slice(None), slice(None))]
    for at in channels:
        for place in np.ndindex(*counts):
            span = [(int(s[at][k] if own else s[k]), int(e[at][k] if own else e[k])) for s, e, k in zip(starts, ends, place, strict=True)]
            part = x[(*at, *(slice(a, b) for a, b in span))]
            flat = part.reshape(*part.shape[: part.ndim - n], -1)
            best = flat.argmax(-1)
            inner = xp.unravel_index(best, [b - a for a, b in span])
            where: Any = 0
            for (a, _), k, size in zip(span, inner, sizes, strict=True):
                where = where * size + (k + a)
            values[(*at, *place)] = xp.take_along_axis(flat, xp.asarray(best)[..., None], -1)[..., 0]
            index[(*at, *place)] = where
    return values, index


pool_at = {
    (kind, n): define(f"{kind}{n}d", GENERAL, inputs=1, outputs=2, grad=f"{grad}{n}DBackward0",
        forward=lambda xp, input, starts, ends: _largest(xp, input, starts, ends),
        vjp=(lambda F, g, y1, input_shape, starts: _to_places(F, g[0], y1, tuple(input_shape), len(starts)),),
        formula=r"g \text{ at the largest of each window}", doc="The largest element of each part, and where it was.")
    for kind, grad in (("adaptive_max_pool", "AdaptiveMaxPool"), ("fractional_max_pool", "FractionalMaxPool"))
    for n in (2, 3)
}

max_unpool = {
    n: define(f"max_unpool{n}d", LINEAR, inputs=1, grad=f"MaxUnpool{n}DBackward0",
        forward=lambda xp, input, indices, size: _unpooled(xp, input, indices, size),
        vjp=(lambda F, g, input_shape, indices: F.reshape(F.gather(
            F.reshape(g, (*tuple(g.shape)[:2], -1)), 2, indices.reshape(*indices.shape[:2], -1)), tuple(input_shape)),),
        formula=r"g \text{ at those places}", doc="Elements put back to where max pooling found them, zeros elsewhere.")
    for n in (2, 3)
}


def _unpooled(xp: Any, x: Any, indices: Any, size: Any) -> Any:
    result = xp.zeros((*x.shape[:2], math.prod(size)), x.dtype)
    flat = indices.reshape(*x.shape[:2], -1)
    backend.refuse((flat >= result.shape[2]) | (flat < 0), lambda: RuntimeError(
        f"Found an invalid max index: {int(flat.max())} (output volumes are of size {'x'.join(map(str, size))}"))
    result[I._places(xp, flat, 2)] = x.reshape(flat.shape)
    return result.reshape(*x.shape[:2], *size)


# --- Borders ---------------------------------------------------------------------------------------------------------

border = {
    (kind, n): define(f"{name}_pad{n}d", LINEAR, inputs=1, grad=f"{name.capitalize()}Pad{n}DBackward0",
        forward=lambda xp, input, places: _taken(xp, input, places),
        vjp=(lambda F, g, input_shape, places: _put_back(F, g, tuple(input_shape), places),),
        formula=r"g \text{ added up where each element came from}", doc=f"A border by {name}.")
    for kind, name in (("reflect", "reflection"), ("replicate", "replication"))
    for n in (1, 2, 3)
}


def _taken(xp: Any, x: Any, places: Sequence[Any]) -> Any:
    for k, p in enumerate(places):
        x = xp.take(x, backend.beside(x, p), axis=x.ndim - len(places) + k)
    return x


def _put_back(F: Any, g: Any, sizes: tuple[int, ...], places: Sequence[Any]) -> Any:
    ndim = len(sizes)
    for k, p in enumerate(places):
        d = ndim - len(places) + k
        now = tuple(g.shape)
        g = F.index_add_into(g, (*now[:d], sizes[d], *now[d + 1 :]), (*(slice(None),) * d, p))
    return g


def bordering(kind: str, size: int, before: int, after: int) -> Any:
    """Which element of a dimension stands at each place of the padded one."""
    at = np.arange(-before, size + after)
    if kind == "replicate":
        return np.clip(at, 0, size - 1)
    at = np.abs(at)
    return np.where(at > size - 1, 2 * (size - 1) - at, at)


# --- Transposed convolution ------------------------------------------------------------------------------------------

convolution_transposed = define("convolution_transposed", GENERAL, holomorphic=True, inputs=3, grad="ConvolutionBackward0", aten="aten::convolution",
    forward=lambda xp, input, weight, bias, shape, stride, padding, dilation, groups: _with_bias(
        _spread(xp, input, weight, shape, stride, padding, dilation, groups), bias),
    vjp=(lambda F, g, input_shape, weight, stride, padding, dilation, groups: _cropped_to(F, F.convolution(
             g, weight, None, stride, padding, dilation, groups), tuple(input_shape)),
         lambda F, g, input, weight_shape, stride, padding, dilation, groups: F.convolution_weight(
             input, g, tuple(weight_shape), stride, padding, dilation, groups),
         lambda F, g: to_channels(F, g)),
    formula=r"g \ast w,\ x \ast g,\ \sum g", doc="The adjoint of a convolution, plus a bias for each channel.")


def _cropped_to(F: Any, y: Any, sizes: tuple[int, ...]) -> Any:
    """Without the windows that only an output padding made room for."""
    for d in range(2, len(sizes)):
        if tuple(y.shape)[d] != sizes[d]:
            y = F.slice(y, d, 0, sizes[d], 1)
    return y


# --- Losses and tables that are one node -----------------------------------------------------------------------------


def _mean_or_sum(loss: Any, reduction: str) -> Any:
    return R.mean(loss) if reduction == "mean" else R.sum(loss) if reduction == "sum" else loss


def _multi_margin(input: Any, target: Any, p: int, margin: float, weight: Any, reduction: str) -> Any:
    rows = shape.reshape(input, (-1, input.shape[-1] if input.ndim else 1))
    labels = target.reshape(-1)
    right = I.gather(rows, 1, Tensor._wrap(labels[:, None].copy()))
    xp = backend.module_of(labels)
    one = xp.zeros(rows._data.shape, rows._data.dtype)
    one[xp.arange(len(labels)), labels] = 1
    loss = A.clamp_min(margin - right + rows, 0)
    loss = (loss if p == 1 else loss * loss) * Tensor._wrap(1 - one)
    if weight is not None:
        loss = loss * Tensor._wrap(weight[labels][:, None])
    loss = R.sum(loss, 1) / rows.shape[1]
    return _mean_or_sum(loss if input.ndim > 1 else shape.reshape(loss, ()), reduction)


multi_margin_loss_of = fused("multi_margin_loss_of", _multi_margin, inputs=1, grad="MultiMarginLossBackward0", aten="aten::multi_margin_loss",
    formula=r"g \text{ where a margin is missed}", doc="Hinge loss of the right class against each other.")


def _multilabel_margin(input: Any, target: Any, reduction: str) -> Any:
    rows = shape.reshape(input, (-1, input.shape[-1] if input.ndim else 1))
    labels = backend.to_host(target).reshape(rows.shape)
    losses = []
    for k in range(rows.shape[0]):
        row = shape.select(rows, 0, k)
        wanted = list(itertools.takewhile(lambda c: c >= 0, labels[k].tolist()))
        other = np.ones(rows.shape[1], rows._data.dtype)
        other[wanted] = 0
        if not wanted:
            losses.append(R.sum(row * 0))
            continue
        right = I.index_select(row, 0, row._beside(np.asarray(wanted, np.int64)))
        hinge = A.clamp_min(1 - shape.unsqueeze(right, 1) + row, 0) * row._beside(other)
        losses.append(R.sum(hinge) / rows.shape[1])
    loss = arrange.stack(losses)
    return _mean_or_sum(loss if input.ndim > 1 else shape.reshape(loss, ()), reduction)


multilabel_margin_loss_of = fused("multilabel_margin_loss_of", _multilabel_margin, inputs=1, grad="MultilabelMarginLossBackward0",
    aten="aten::multilabel_margin_loss_forward", formula=r"g \text{ where a margin is missed}", doc="Hinge loss of each right class against each other.")


def _ctc(log_probs: Any, targets: Any, lengths: Any, label_lengths: Any, blank: int) -> Any:
    targets = backend.to_host(targets)
    batch = log_probs.shape[1]
    losses = []
    start = 0
    own = log_probs.dtype
    log_probs = log_probs.double()  # sums over many steps
    kind = log_probs._data.dtype
    for b in range(batch):
        count = int(label_lengths[b])
        if targets.ndim == 1:
            labels = targets[start : start + count]
            start += count
        else:
            labels = targets[b, :count]
        n = int(lengths[b])
        full = np.full(2 * count + 1, blank, np.int64)
        full[1::2] = labels
        skip = np.zeros(len(full), bool)
        skip[2:] = (full[2:] != blank) & (full[2:] != full[:-2])
        rows = I.index_select(shape.narrow(shape.select(log_probs, 1, b), 0, 0, n), 1, log_probs._beside(full))
        first = np.full(len(full), -np.inf, kind)
        first[:2] = 0
        alpha: Any = shape.select(rows, 0, 0) + log_probs._beside(first) if n else log_probs._beside(first)
        nothing = log_probs._beside(np.full(2, -np.inf, kind))
        for t in range(1, n):
            padded = arrange.cat([nothing, alpha])
            one = shape.narrow(padded, 0, 1, len(full))
            two = A.where(log_probs._beside(skip), shape.narrow(padded, 0, 0, len(full)), -math.inf)
            alpha = _log_sum(arrange.stack([alpha, one, two])) + shape.select(rows, 0, t)
        last = shape.narrow(alpha, 0, max(len(full) - 2, 0), min(len(full), 2))
        loss = -_log_sum(last)
        # PyTorch's gradient takes log_probs to be normalised: that of what they are the logarithm of is added.
        whole = R.sum(P.exp(shape.narrow(shape.select(log_probs, 1, b), 0, 0, n)))
        whole = whole - whole.detach()
        losses.append(loss + A.where(A.isfinite(loss), whole, whole * 0))
    return arrange.stack(losses).to(own)


def _log_sum(x: Any) -> Any:
    """log(sum(exp(x))) over the first dimension, with gradient 0 where all is -inf."""
    dead = Tensor._wrap(backend.beside(x._data, (x._data == -np.inf).all(0)))
    return A.where(dead, -math.inf, R.logsumexp(A.where(dead, 0.0, x), 0))


ctc_loss_of = fused("ctc_loss_of", _ctc, inputs=1, grad="CtcLossBackward0", aten="aten::_ctc_loss",
    formula=r"p - \text{posterior}", doc="Minus the log-likelihood of labels, over all their alignments.")


def _bags(weight: Any, per_sample: Any, indices: Any, starts: Any, mode: str, padding_idx: int | None) -> Any:
    rows = []
    starts, indices = backend.to_host(starts), backend.to_host(indices)
    ends = [*starts[1:].tolist(), len(indices)]
    for a, b in zip(starts.tolist(), ends, strict=True):
        chosen = np.arange(a, b)
        if padding_idx is not None:
            chosen = chosen[indices[chosen] != padding_idx]
        if not len(chosen):
            rows.append(weight._beside(np.zeros(weight._data.shape[1:], weight._data.dtype)))
            continue
        taken = I.index_select(weight, 0, weight._beside(indices[chosen]))
        if per_sample is not None:
            taken = taken * shape.unsqueeze(I.index_select(per_sample, 0, weight._beside(chosen)), 1)
        if mode == "max":
            rows.append(R.max(taken, 0)[0])
        else:
            total = R.sum(taken, 0)
            rows.append(total / len(chosen) if mode == "mean" else total)
    return arrange.stack(rows)


embedding_bag_of = fused("embedding_bag_of", _bags, inputs=2, grad="EmbeddingBagBackward0", aten="aten::_embedding_bag",
    formula=r"g \text{ added up at the places taken, 0 elsewhere}", doc="Rows of a table, summed, averaged or their largest, bag by bag.")

glu_of = fused("glu_of", lambda input, dim: _gated(input, dim), inputs=1, grad="GluBackward0", aten="aten::glu",
    formula=r"[\,g\,\sigma(b)\;\;\; g\,a\,\sigma(b)\,(1 - \sigma(b))\,]", doc="The first half of a dimension times the sigmoid of the second.")


def _gated(input: Any, dim: int) -> Any:
    half = input.shape[R.one_dim(dim, input.ndim)] // 2
    first, second = shape.split(input, (half, half), dim)
    return first * P.sigmoid(second)


pairwise_norm = fused("pairwise_norm", lambda input, p, keepdim: R.norm(input, p, -1, keepdim), inputs=1, grad="NormBackward1",
    aten="aten::norm", formula=r"\operatorname{sgn}(x_i) \left(\frac{\left|x_i\right|}{y}\right)^{p - 1}", doc="Norm over the last dimension.")

rrelu_noise = define("rrelu_with_noise", LINEAR, inputs=1,
    forward=lambda xp, input, noise: input * noise,
    vjp=(lambda F, g, noise: F.rrelu_with_noise(g, noise),),
    formula=r"g \cdot \text{slope}", doc="leaky_relu with a slope drawn for each element.")

drawn_like = {
    name: define(name, GENERAL, inputs=n, grad=grad, aten=f"aten::{aten}",
        forward=(lambda xp, mean, std, drawn: drawn) if n == 2 else (lambda xp, input, drawn: drawn),
        vjp=(lambda F, g, input_shape: g * 0,) if n == 1 else (lambda F, g, mean_shape: g * 0, lambda F, g, std_shape: g * 0),
        formula="0", doc="Random numbers, which do not depend on the parameters element by element.")
    for name, n, grad, aten in (
        ("normal_tensors", 2, "NormalBackward3", "normal"),
        ("normal_mean", 1, "NormalBackward1", "normal"),
        ("normal_std", 1, "NormalBackward2", "normal"),
        ("bernoulli_of", 1, "BernoulliBackward0", "bernoulli"),
    )
}


__all__ = ["grid_sampler_2d", "grid_sampler_3d"]

NO_BORDER = (
    "Padding size {} is not supported for {}D input tensor.\n"
    "Supported combinations for non-constant padding:\n"
    "  - 2D or 3D input: padding size = 2 (pads last dimension)\n"
    "  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n"
    "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
)
"""Said of a padding that is none of ``constant``, with its length and the input's dimensions."""
