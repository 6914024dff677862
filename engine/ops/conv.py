"""Convolution and pooling over any number of dimensions, written on strided windows of the input.

``convolution``, ``convolution_input`` and ``convolution_weight`` are the three products of an input, a kernel and an
output; each is bilinear and the other two are its derivatives, so they are closed under differentiation.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.define import define
from engine.registry import BILINEAR, GENERAL, LINEAR

Sizes = Sequence[int]

convolution = define("convolution", GENERAL, holomorphic=True, inputs=3,
    forward=lambda xp, input, weight, bias, stride, padding, dilation, groups: _with_bias(
        _convolve(xp, input, weight, stride, padding, dilation, groups), bias),
    vjp=(lambda F, g, input_shape, weight, stride, padding, dilation, groups: F.convolution_input(
            g, weight, tuple(input_shape), stride, padding, dilation, groups),
         lambda F, g, input, weight_shape, stride, padding, dilation, groups: F.convolution_weight(
            g, input, tuple(weight_shape), stride, padding, dilation, groups),
         lambda F, g: F.sum_dim(g, (0, *range(2, len(g.shape))), False)),
    formula=r"g \ast^\top w,\ g \ast x", doc="Cross-correlation of the input with a kernel, plus a bias for each channel.")

convolution_input = define("convolution_input", BILINEAR, inputs=2, grad="ConvolutionBackward0", aten="aten::convolution",
    forward=lambda xp, input, weight, shape, stride, padding, dilation, groups: _spread(
        xp, input, weight, shape, stride, padding, dilation, groups),
    vjp=(lambda F, g, weight, stride, padding, dilation, groups: F.convolution(
            g, weight, None, stride, padding, dilation, groups),
         lambda F, g, input, weight_shape, stride, padding, dilation, groups: F.convolution_weight(
            input, g, tuple(weight_shape), stride, padding, dilation, groups)),
    formula=r"g \ast w,\ x \ast g", doc="What a convolution sends back to an input of the given shape; transposed convolution.")

convolution_weight = define("convolution_weight", BILINEAR, inputs=2, grad="ConvolutionBackward0",
    aten="aten::convolution_backward",
    forward=lambda xp, output, input, shape, stride, padding, dilation, groups: _correlate(
        xp, output, input, shape, stride, padding, dilation, groups),
    vjp=(lambda F, g, input, stride, padding, dilation, groups: F.convolution(
            input, g, None, stride, padding, dilation, groups),
         lambda F, g, output, input_shape, stride, padding, dilation, groups: F.convolution_input(
            output, g, tuple(input_shape), stride, padding, dilation, groups)),
    formula=r"x \ast g,\ y \ast^\top g", doc="What a convolution sends back to its kernel.")

max_pool = {
    n: define(f"max_pool{n}d_with_indices", GENERAL, inputs=1, outputs=2, grad=f"MaxPool{n}DWithIndicesBackward0",
        forward=lambda xp, input, kernel, stride, padding, dilation, ceil: _max_pool(
            xp, input, kernel, stride, padding, dilation, ceil),
        vjp=(lambda F, g, y1, input_shape, kernel: _to_places(F, g[0], y1, tuple(input_shape), len(kernel)),),
        formula=r"\text{to the largest}", doc="The largest element of each window, and where it was.")
    for n in (2, 3)
}

avg_pool = {
    n: define(f"avg_pool{n}d", LINEAR, inputs=1, grad=f"AvgPool{n}DBackward0",
        forward=lambda xp, input, kernel, stride, padding, ceil, include_pad, divisor: _avg_pool(
            xp, input, kernel, stride, padding, ceil, include_pad, divisor),
        vjp=(lambda F, g, input_shape, kernel, stride, padding, ceil, include_pad, divisor: F.spread_windows(
            g, tuple(input_shape), kernel, stride, padding, ceil, include_pad, divisor),),
        formula=r"\text{spread evenly}", doc="The mean of each window.")
    for n in (2, 3)
}

spread_windows = define("spread_windows", LINEAR, inputs=1, grad="AvgPool2DBackwardBackward0",
    aten="aten::avg_pool2d_backward",
    forward=lambda xp, input, shape, kernel, stride, padding, ceil, include_pad, divisor: _spread_windows(
        xp, input, shape, kernel, stride, padding, ceil, include_pad, divisor),
    vjp=(lambda F, g, kernel, stride, padding, ceil, include_pad, divisor: getattr(F, f"avg_pool{len(kernel)}d")(
        g, kernel, stride, padding, ceil, include_pad, divisor),),
    formula=r"\text{averaged}", doc="Each element divided over its window; windows that overlap are summed.")

adaptive_avg_pool = define("adaptive_avg_pool2d", LINEAR, inputs=1, grad="AdaptiveAvgPool2DBackward0",
    aten="aten::_adaptive_avg_pool2d",
    forward=lambda xp, input, matrices: _apply_along(xp, input, matrices),
    vjp=(lambda F, g, matrices: F.adaptive_avg_pool2d(g, tuple(m.T for m in matrices)),),
    formula=r"\text{spread evenly}", doc="The means of equal parts of the last dimensions.")


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
    widths = [(0, 0), (0, 0), *((p, p + e) for p, e in zip(padding, extra, strict=True))]
    return xp.pad(x, widths, constant_values=fill)


def _windows(xp: Any, x: Any, kernel: Sizes, stride: Sizes, dilation: Sizes, counts: Sizes) -> Any:
    """A view of shape (N, C, *counts, *kernel)."""
    steps = x.strides[2:]
    return xp.lib.stride_tricks.as_strided(
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


def _convolve(xp: Any, x: Any, weight: Any, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int) -> Any:
    kernel = weight.shape[2:]
    n = len(kernel)
    counts = _counts(x.shape, kernel, stride, padding, dilation)
    x = _padded(xp, x, padding)
    inputs, outputs = x.shape[1] // groups, len(weight) // groups
    parts = []
    for k in range(groups):
        windows = _windows(xp, x[:, k * inputs : (k + 1) * inputs], kernel, stride, dilation, counts)
        axes = ([1, *range(2 + n, 2 + 2 * n)], list(range(1, 2 + n)))
        parts.append(xp.tensordot(windows, weight[k * outputs : (k + 1) * outputs], axes))
    joined = parts[0] if groups == 1 else xp.concatenate(parts, -1)
    return xp.ascontiguousarray(xp.moveaxis(joined, -1, 1))


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
        for place in itertools.product(*map(range, kernel))
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
    result = xp.zeros((*shape[:2], *reach), g.dtype)
    inputs, outputs = shape[1] // groups, len(weight) // groups
    for k in range(groups):
        part = result[:, k * inputs : (k + 1) * inputs]
        # (N, *counts, C, *kernel): what each output sends to each place of its window.
        sent = xp.tensordot(g[:, k * outputs : (k + 1) * outputs], weight[k * outputs : (k + 1) * outputs], ([1], [0]))
        sent = xp.moveaxis(sent, len(counts) + 1, 1)
        for place, where in _offsets(kernel, stride, dilation, counts):
            part[(slice(None), slice(None), *where)] += sent[(..., *place)]
    return xp.ascontiguousarray(_cropped(result, padding, shape))


def _correlate(
    xp: Any, g: Any, x: Any, shape: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    kernel, counts = shape[2:], g.shape[2:]
    n = len(kernel)
    x = _padded(xp, x, padding)
    inputs, outputs = x.shape[1] // groups, shape[0] // groups
    parts = []
    for k in range(groups):
        windows = _windows(xp, x[:, k * inputs : (k + 1) * inputs], kernel, stride, dilation, counts)
        axes = ([0, *range(2, 2 + n)], [0, *range(2, 2 + n)])
        parts.append(xp.tensordot(g[:, k * outputs : (k + 1) * outputs], windows, axes))
    return parts[0] if groups == 1 else xp.concatenate(parts, 0)


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
    windows = _windows(xp, _padded(xp, x, padding, -np.inf, extra), kernel, stride, dilation, counts)
    flat = windows.reshape(*windows.shape[: 2 + n], -1)
    # NaN wins, as in PyTorch; argmax takes the first NaN too.
    best = flat.argmax(-1)
    values = xp.take_along_axis(flat, best[..., None], -1)[..., 0]
    index = xp.zeros_like(best)
    remaining = best
    places = []
    for k in reversed(kernel):
        places.append(remaining % k)
        remaining = remaining // k
    for axis, (place, s, d, p) in enumerate(zip(reversed(places), stride, dilation, padding, strict=True)):
        start = xp.arange(counts[axis]).reshape(-1, *(1,) * (n - 1 - axis)) * s
        index = index * x.shape[2 + axis] + (start + place * d - p)
    return values, index


def _to_places(F: Any, g: Any, index: Any, shape: tuple[int, ...], n: int) -> Any:
    lead = shape[:-n]
    flat = (*lead, math.prod(shape[-n:]))
    inner = (*lead, math.prod(tuple(g.shape)[-n:]))
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
