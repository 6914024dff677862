"""Convolution and pooling over any number of dimensions, written on strided windows of the input.

``convolution``, ``convolution_input`` and ``convolution_weight`` are the three products of an input, a kernel and an
output; each is bilinear and the other two are its derivatives, so they are closed under differentiation.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from engine import backend
from engine.define import define
from engine.elementwise import Elementwise
from engine.registry import BILINEAR, GENERAL, LINEAR

Sizes = Sequence[int]

convolution = define("convolution", GENERAL, holomorphic=True, inputs=3,
    forward=lambda xp, input, weight, bias, stride, padding, dilation, groups: _convolve(
        xp, input, weight, bias, stride, padding, dilation, groups),
    vjp=(lambda F, g, input_shape, weight, stride, padding, dilation, groups: F.convolution_input(
            g, weight, tuple(input_shape), stride, padding, dilation, groups),
         lambda F, g, input, weight_shape, stride, padding, dilation, groups: F.convolution_weight(
            g, input, tuple(weight_shape), stride, padding, dilation, groups),
         lambda F, g: to_channels(F, g)),
    formula=r"g \ast^{\top} w,\ g \ast x,\ \sum g", doc="Cross-correlation of the input with a kernel, plus a bias for each channel.")

convolution_input = define("convolution_input", BILINEAR, inputs=2, grad="ConvolutionBackward0", aten="aten::convolution",
    forward=lambda xp, input, weight, shape, stride, padding, dilation, groups: _spread(
        xp, input, weight, shape, stride, padding, dilation, groups),
    vjp=(lambda F, g, weight, stride, padding, dilation, groups: F.convolution(
            g, weight, None, stride, padding, dilation, groups),
         lambda F, g, input, weight_shape, stride, padding, dilation, groups: F.convolution_weight(
            input, g, tuple(weight_shape), stride, padding, dilation, groups)),
    formula=r"g \ast w,\ x \ast g,\ \sum g", doc="What a convolution sends back to an input of the given shape; transposed convolution.")

convolution_weight = define("convolution_weight", BILINEAR, inputs=2, grad="ConvolutionBackward0",
    aten="aten::convolution_backward",
    forward=lambda xp, output, input, shape, stride, padding, dilation, groups: _correlate(
        xp, output, input, shape, stride, padding, dilation, groups),
    vjp=(lambda F, g, input, stride, padding, dilation, groups: F.convolution(
            input, g, None, stride, padding, dilation, groups),
         lambda F, g, output, input_shape, stride, padding, dilation, groups: F.convolution_input(
            output, g, tuple(input_shape), stride, padding, dilation, groups)),
    formula=r"b \ast g,\ a \ast^{\top} g", doc="What a convolution sends back to its kernel.")

max_pool = {
    n: define(f"max_pool{n}d_with_indices", GENERAL, inputs=1, outputs=2, grad=f"MaxPool{n}DWithIndicesBackward0",
        forward=lambda xp, input, kernel, stride, padding, dilation, ceil: _max_pool(
            xp, input, kernel, stride, padding, dilation, ceil),
        vjp=(lambda F, g, y1, input_shape, kernel, stride, dilation: _to_places(
            F, g[0], y1, tuple(input_shape), len(kernel), _apart(kernel, stride, dilation)),),
        formula=r"g \text{ at the largest of each window}", doc="The largest element of each window, and where it was.")
    for n in (2, 3)
}

avg_pool = {
    n: define(f"avg_pool{n}d", LINEAR, inputs=1, grad=f"AvgPool{n}DBackward0",
        forward=lambda xp, input, kernel, stride, padding, ceil, include_pad, divisor: _avg_pool(
            xp, input, kernel, stride, padding, ceil, include_pad, divisor),
        vjp=(lambda F, g, input_shape, kernel, stride, padding, ceil, include_pad, divisor: F.spread_windows(
            g, tuple(input_shape), kernel, stride, padding, ceil, include_pad, divisor),),
        formula=r"g \text{ spread evenly over each window}", doc="The mean of each window.")
    for n in (2, 3)
}

spread_windows = define("spread_windows", LINEAR, inputs=1, grad="AvgPool2DBackwardBackward0",
    aten="aten::avg_pool2d_backward",
    forward=lambda xp, input, shape, kernel, stride, padding, ceil, include_pad, divisor: _spread_windows(
        xp, input, shape, kernel, stride, padding, ceil, include_pad, divisor),
    vjp=(lambda F, g, kernel, stride, padding, ceil, include_pad, divisor: getattr(F, f"avg_pool{len(kernel)}d")(
        g, kernel, stride, padding, ceil, include_pad, divisor),),
    formula=r"g \text{ averaged over each window}", doc="Each element divided over its window; windows that overlap are summed.")

adaptive_avg_pool = define("adaptive_avg_pool2d", LINEAR, inputs=1, grad="AdaptiveAvgPool2DBackward0",
    aten="aten::_adaptive_avg_pool2d",
    forward=lambda xp, input, matrices: _apply_along(xp, input, matrices),
    vjp=(lambda F, g, matrices: F.adaptive_avg_pool2d(g, tuple(m.T for m in matrices)),),
    formula=r"g \text{ spread evenly over each window}", doc="The means of equal parts of the last dimensions.")


# --- What the records above are made of ------------------------------------------------------------------------------


def output_size(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil: bool = False) -> int:
    """How many windows fit into a dimension of `size` with `padding` on either side."""
    span = size + 2 * padding - dilation * (kernel - 1) - 1
    count = (span + (stride - 1 if ceil else 0)) // stride + 1
    if ceil and (count - 1) * stride >= size + padding:
        count -= 1  # a window must begin inside the input or its left padding
    return count


def _padded(xp: Any, x: Any, padding: Sizes, fill: float = 0, extra: Sizes = ()) -> Any:
    extra = extra or (0,) * len(padding)
    if not any(padding) and not any(extra):
        return x
    sizes = [n + 2 * p + e for n, p, e in zip(x.shape[2:], padding, extra, strict=True)]
    around = xp.full((*x.shape[:2], *sizes), fill, x.dtype)
    _cropped(around, padding, x.shape)[...] = x
    return around


def to_channels(F: Any, g: Any) -> Any:
    """Of (N, C, ...) the sum for each channel: the gradient of a bias."""
    over = (0, *range(2, len(g.shape)))
    return F.sum_dim(g, over, False) if F.recording else g.sum(over)


def _strided(xp: Any, x: Any, shape: Sizes, strides: Sizes) -> Any:
    """A view of a contiguous array under other strides, in bytes; the caller sees to it that it stays inside."""
    if xp is np:  # a tenth of the time of as_strided
        return np.ndarray(shape, x.dtype, x, 0, strides)
    return xp.lib.stride_tricks.as_strided(x, shape, strides)


def _windows(xp: Any, x: Any, kernel: Sizes, stride: Sizes, dilation: Sizes, counts: Sizes) -> Any:
    """A view of shape (N, C, *counts, *kernel)."""
    x = xp.ascontiguousarray(x)
    steps = x.strides[2:]
    return _strided(
        xp,
        x,
        (*x.shape[:2], *counts, *kernel),
        (*x.strides[:2], *(s * k for s, k in zip(steps, stride, strict=True)), *(s * d for s, d in zip(steps, dilation, strict=True))),
    )


def _counts(shape: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil: bool = False) -> list[int]:
    return [
        output_size(n, k, s, p, d, ceil)
        for n, k, s, p, d in zip(shape[2:], kernel, stride, padding, dilation, strict=True)
    ]


def _with_bias(y: Any, bias: Any) -> Any:
    return y if bias is None else y + bias.reshape(-1, *(1,) * (y.ndim - 2))


def _steps(sizes: Sizes) -> list[int]:
    """How many elements apart neighbours along each dimension of such an array lie."""
    return [math.prod(sizes[k + 1 :]) for k in range(len(sizes))]


def _span(sizes: Sizes, counts: Sizes, stride: Sizes) -> int:
    """How many elements lie from the first window's to the last one's place in an array of such `sizes`.

    With a stride of 1 all windows that begin in this span, those across an edge included, are one vector at each place
    of the kernel: rows to copy whole, and one product of matrices. 0 where that does not pay.
    """
    if any(s != 1 for s in stride):
        return 0
    span = 1 + sum((c - 1) * step for c, step in zip(counts, _steps(sizes), strict=True))
    return span if 2 * span <= 3 * math.prod(counts) + 64 else 0


def _columns(
    xp: Any, x: Any, kernel: Sizes, stride: Sizes, dilation: Sizes, counts: Sizes, groups: int, span: int
) -> Any:
    """What stands at each place of the kernel, (N, groups, C / groups * places, windows)."""
    x = xp.ascontiguousarray(x)
    steps = x.strides[2:]
    inside = [s * d for s, d in zip(steps, dilation, strict=True)]
    last = (span,) if span else tuple(counts)
    between = [x.itemsize] if span else [s * k for s, k in zip(steps, stride, strict=True)]
    windows = _strided(xp, x, (*x.shape[:2], *kernel, *last), (*x.strides[:2], *inside, *between))
    return windows.reshape(len(x), groups, x.shape[1] // groups * math.prod(kernel), math.prod(last))


def _in_span(xp: Any, flat: Any, sizes: Sizes, counts: Sizes) -> Any:
    """Of an array (..., span), contiguous, the elements that are windows: (..., *counts)."""
    steps = [s * flat.itemsize for s in _steps(sizes)]
    return _strided(xp, flat, (*flat.shape[:-1], *counts), (*flat.strides[:-1], *steps))


def _flat(xp: Any, g: Any, sizes: Sizes, groups: int, span: int) -> Any:
    """Values of windows as `_columns` has them: (N, groups, outputs / groups, windows)."""
    n, outputs, *counts = g.shape
    if not span:
        return g.reshape(n, groups, outputs // groups, math.prod(counts))
    flat = xp.zeros((n, groups, outputs // groups, span), g.dtype)
    _in_span(xp, flat.reshape(n, outputs, span), sizes, counts)[...] = g
    return flat


def _convolve(
    xp: Any, x: Any, weight: Any, bias: Any, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    kernel, outputs = weight.shape[2:], len(weight)
    counts = _counts(x.shape, kernel, stride, padding, dilation)
    x = _padded(xp, x, padding)
    sizes = x.shape[2:]
    span = _span(sizes, counts, stride)
    columns = _columns(xp, x, kernel, stride, dilation, counts, groups, span)
    y = backend.convolution_product(xp, weight.reshape(groups, outputs // groups, -1), columns)
    if not span:
        return _with_bias(y.reshape(len(x), outputs, *counts), bias)
    y = _in_span(xp, y.reshape(len(x), outputs, span), sizes, counts)
    return xp.ascontiguousarray(y) if bias is None else _with_bias(y, bias)


def _places(kernel: Sizes) -> Iterator[tuple[int, ...]]:
    return itertools.product(*map(range, kernel))


def _offsets(
    kernel: Sizes, stride: Sizes, dilation: Sizes, counts: Sizes
) -> list[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """For each place in the kernel: the elements of the padded input that stand there, one for each window."""
    return [
        (
            place,
            tuple(
                slice(k * d, k * d + (c - 1) * s + 1, s)
                for k, d, s, c in zip(place, dilation, stride, counts, strict=True)
            ),
        )
        for place in _places(kernel)
    ]


def _cropped(x: Any, padding: Sizes, shape: Sizes) -> Any:
    inside = tuple(slice(p, p + n) for p, n in zip(padding, shape[2:], strict=True))
    return x[(slice(None), slice(None), *inside)]


def _spread(
    xp: Any, g: Any, weight: Any, shape: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    kernel, counts = weight.shape[2:], g.shape[2:]
    reach = [
        max(n + 2 * p, (c - 1) * s + d * (k - 1) + 1)
        for n, p, c, s, d, k in zip(shape[2:], padding, counts, stride, dilation, kernel, strict=True)
    ]
    span = _span(reach, counts, stride)
    flat = _flat(xp, g, reach, groups, span)
    turned = weight.reshape(groups, len(weight) // groups, -1).swapaxes(1, 2)
    # What each window sends to each place of the kernel, (N, C, *kernel, windows).
    sent = backend.convolution_product(xp, turned, flat).reshape(*shape[:2], *kernel, *((span,) if span else counts))
    result = xp.zeros((*shape[:2], *reach), g.dtype)
    if span:
        whole = result.reshape(*shape[:2], math.prod(reach))
        steps = [s * d for s, d in zip(_steps(reach), dilation, strict=True)]
        for place in _places(kernel):
            start = sum(k * s for k, s in zip(place, steps, strict=True))
            whole[:, :, start : start + span] += sent[(slice(None), slice(None), *place)]
    else:
        for place, where in _offsets(kernel, stride, dilation, counts):
            result[(slice(None), slice(None), *where)] += sent[(slice(None), slice(None), *place)]
    return xp.ascontiguousarray(_cropped(result, padding, shape))


def _correlate(
    xp: Any, g: Any, x: Any, shape: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    kernel, counts = shape[2:], g.shape[2:]
    x = _padded(xp, x, padding)
    sizes = x.shape[2:]
    span = _span(sizes, counts, stride)
    columns = _columns(xp, x, kernel, stride, dilation, counts, groups, span)
    flat = _flat(xp, g, sizes, groups, span)
    if len(x) > 1 and flat.shape[-1] < 16:
        # Few windows in each of many inputs: one product over both is better than many small ones.
        flat, columns = (a.transpose(1, 2, 0, 3).reshape(*a.shape[1:3], -1) for a in (flat, columns))
        return backend.convolution_product(xp, flat, columns.swapaxes(1, 2)).reshape(shape)
    return backend.convolution_product(xp, flat, columns.swapaxes(2, 3)).sum(0).reshape(shape)


_PLACE = Elementwise(
    lambda xp, look, values, found, k: xp.where((look == values) | xp.isnan(look), k, found), "window_place"
)


@functools.lru_cache(64)
def _table(xp: Any, numbers: tuple[int, ...], where: backend.device) -> Any:
    """The numbers on a device; kept there, since a copy from the host would be made at every call."""
    return backend.to_device(np.asarray(numbers, np.int64), where)


def _first_place(looks: list[Any], values: Any) -> Any:
    """Which of `looks` is the first to hold the value, or NaN, at each place."""
    nan = values.dtype.kind == "f" and bool(np.isnan(values.sum()))
    first: Any = None
    for k, look in enumerate(looks):
        missed = look != values
        if nan:
            missed &= ~np.isnan(look)
        place = missed.astype(np.uint8 if len(looks) < 128 else np.int32)
        place *= len(looks)
        place += k
        first = place if first is None else np.minimum(first, place, out=first)
    return first


def _max_pool(
    xp: Any, x: Any, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil: bool
) -> tuple[Any, Any]:
    n = len(kernel)
    if x.ndim == n + 1:
        values, index = _max_pool(xp, x[None], kernel, stride, padding, dilation, ceil)
        return values[0], index[0]
    counts = _counts(x.shape, kernel, stride, padding, dilation, ceil)
    reach = [(c - 1) * s + d * (k - 1) + 1 for c, s, d, k in zip(counts, stride, dilation, kernel, strict=True)]
    extra = [max(0, r - size - 2 * p) for r, size, p in zip(reach, x.shape[2:], padding, strict=True)]
    sizes = x.shape[2:]
    x = _padded(xp, x, padding, -np.inf, extra)
    # What stands at one place of all windows at a time: few for the small kernels that pools have.
    looks = [
        xp.ascontiguousarray(x[(slice(None), slice(None), *where)]) for _, where in _offsets(kernel, stride, dilation, counts)
    ]
    values = looks[0].copy()
    for look in looks[1:]:
        xp.maximum(values, look, out=values)
    steps = _steps(sizes)
    inside = tuple(sum(k * d * s for k, d, s in zip(place, dilation, steps, strict=True)) for place in _places(kernel))
    # The first place that holds the largest; NaN is the largest.
    if xp is np:
        index = np.asarray(inside, np.int64)[_first_place(looks, values)]
    else:
        # In the values' dtype, so that it is one kernel; float16 counts to 2048.
        kind = np.dtype(np.float32) if values.dtype.char == "e" and len(looks) > 2048 else values.dtype
        largest, found = values.astype(kind, copy=False), xp.zeros(values.shape, kind)
        for k in reversed(range(len(looks))):
            found = _PLACE(xp, looks[k].astype(kind, copy=False), largest, found, k)
        index = _table(xp, inside, backend.device_of(values))[found.astype(np.int64)]
    for axis, (c, s, p) in enumerate(zip(counts, stride, padding, strict=True)):
        index += (xp.arange(-p, c * s - p, s) * steps[axis]).reshape(-1, *(1,) * (n - 1 - axis))
    return values, index


def _apart(kernel: Sizes, stride: Sizes, dilation: Sizes) -> bool:
    """Whether no two windows share an element."""
    return all(s > d * (k - 1) for s, d, k in zip(stride, dilation, kernel, strict=True))


def _to_places(F: Any, g: Any, index: Any, shape: tuple[int, ...], n: int, apart: bool = False) -> Any:
    """Each gradient sent to its place in the last `n` dimensions of `shape`; `apart` if no two go to one place."""
    lead = shape[:-n]
    flat = (*lead, math.prod(shape[-n:]))
    inner = (*lead, math.prod(tuple(g.shape)[-n:]))
    if apart and not F.recording:
        rows = math.prod(lead)
        result = F.zeros((rows, flat[-1]), g.dtype)
        result[F.xp.arange(rows)[:, None], index.reshape(rows, -1)] = g.reshape(rows, -1)
        return result.reshape(shape)
    return F.reshape(F.scatter_value(F.reshape(g, inner), index.reshape(inner), flat, len(lead)), shape)


def _divisors(xp: Any, shape: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, counts: Sizes, include_pad: bool) -> Any:
    """How many elements each window counts, shape `counts`."""
    total: Any = 1
    for axis, (n, k, s, p, c) in enumerate(zip(shape[2:], kernel, stride, padding, counts, strict=True)):
        start = xp.arange(c) * s - p
        end = xp.minimum(start + k, n + p)
        if not include_pad:
            start, end = xp.maximum(start, 0), xp.minimum(end, n)
        total = total * (end - start).reshape(-1, *(1,) * (len(kernel) - 1 - axis))
    return total


def _avg_pool(
    xp: Any, x: Any, kernel: Sizes, stride: Sizes, padding: Sizes, ceil: bool, include_pad: bool, divisor: int | None
) -> Any:
    n = len(kernel)
    one = (1,) * n
    counts = _counts(x.shape, kernel, stride, padding, one, ceil)
    reach = [(c - 1) * s + k for c, s, k in zip(counts, stride, kernel, strict=True)]
    extra = [max(0, r - size - 2 * p) for r, size, p in zip(reach, x.shape[2:], padding, strict=True)]
    windows = _windows(xp, _padded(xp, x, padding, 0, extra), kernel, stride, one, counts)
    total = windows.sum(tuple(range(2 + n, 2 + 2 * n)))
    by = divisor or _divisors(xp, x.shape, kernel, stride, padding, counts, include_pad)
    return (total / by).astype(x.dtype)


def _spread_windows(
    xp: Any,
    g: Any,
    shape: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil: bool,
    include_pad: bool,
    divisor: int | None,
) -> Any:
    counts = g.shape[2:]
    by = divisor or _divisors(xp, shape, kernel, stride, padding, counts, include_pad)
    share = (g / by).astype(g.dtype)
    reach = [
        max(n + 2 * p, (c - 1) * s + k) for n, p, c, s, k in zip(shape[2:], padding, counts, stride, kernel, strict=True)
    ]
    result = xp.zeros((*shape[:2], *reach), g.dtype)
    for _, where in _offsets(kernel, stride, (1,) * len(kernel), counts):
        result[(slice(None), slice(None), *where)] += share
    return xp.ascontiguousarray(_cropped(result, padding, shape))


def averaging(size: int, parts: int) -> Any:
    """The matrix of shape (parts, size) that averages `size` elements into `parts` parts as equal as can be."""
    matrix = np.zeros((parts, size))
    for k in range(parts):
        start, end = k * size // parts, -(-(k + 1) * size // parts)
        matrix[k, start:end] = 1 / (end - start)
    return matrix


def _apply_along(xp: Any, x: Any, matrices: Sequence[Any]) -> Any:
    """Each of the last dimensions multiplied by a matrix."""
    for axis, matrix in zip(range(x.ndim - len(matrices), x.ndim), matrices, strict=True):
        x = xp.moveaxis(xp.tensordot(x, xp.asarray(matrix, x.dtype), ([axis], [1])), -1, axis)
    return xp.ascontiguousarray(x)
