"""Resizing, sampling, windows and pooling beyond the regular grid."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine import backend, sampling
from engine.nn.functional.conv import _avg_pool, _batched, _each, avg_pool2d
from engine.ops import conv, copies, image, shape
from engine.tensor import Tensor

__all__ = [
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "affine_grid",
    "avg_pool3d",
    "channel_shuffle",
    "fold",
    "fractional_max_pool2d",
    "fractional_max_pool3d",
    "grid_sample",
    "interpolate",
    "local_response_norm",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
    "pixel_shuffle",
    "pixel_unshuffle",
    "unfold",
    "upsample",
    "upsample_bilinear",
    "upsample_nearest",
]

Size = int | Sequence[int]
pixel_shuffle, pixel_unshuffle, channel_shuffle = (
    copies.pixel_shuffle,
    copies.pixel_unshuffle,
    copies.channel_shuffle,
)


def interpolate(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """The last dimensions resized, to `size` or by `scale_factor`.

    Modes ``nearest``, ``nearest-exact``, ``area``; ``linear`` for 3-D input, ``bilinear`` and ``bicubic`` for 4-D,
    ``trilinear`` for 5-D.
    """
    n = input.ndim - 2
    if mode in ("nearest", "area", "nearest-exact") and align_corners is not None:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | "
            "trilinear"
        )
    if (size is None) == (scale_factor is None):
        raise ValueError(
            "either size or scale_factor should be defined"
            if size is None
            else "only one of size or scale_factor should be defined"
        )
    if antialias:
        raise NotImplementedError("interpolate with antialias=True is not part of the engine; leave it out")
    have = tuple(input.shape)[2:]
    scales: list[float | None] = [None] * n
    if size is not None:
        sizes = [size] * n if isinstance(size, int) else [int(k) for k in size]
    else:
        factors = [float(scale_factor)] * n if isinstance(scale_factor, (int, float)) else list(scale_factor)
        sizes = [math.floor(k * f) for k, f in zip(have, factors, strict=True)]
        if not recompute_scale_factor:
            scales = list(factors)
    if mode == "area":
        return (_adaptive_avg_pool1d, _adaptive_avg_pool2d, adaptive_avg_pool3d)[n - 1](input, sizes)
    kind = {"bilinear": "linear", "trilinear": "linear"}.get(mode, mode)
    wanted = {"linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2}.get(mode, n)
    if (kind, n) not in image.upsample or wanted != n:
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {input.ndim}D) for the modes: nearest | "
            f"linear | bilinear | bicubic | trilinear | area | nearest-exact (got {mode})"
        )
    matrices = tuple(
        image.resizing(kind, k, w, bool(align_corners), s)
        for k, w, s in zip(have, sizes, scales, strict=True)
    )
    return image.upsample[kind, n](input, matrices)  # type: ignore[no-any-return]


def _adaptive_avg_pool1d(input: Any, sizes: Sequence[int]) -> Tensor:
    from engine.nn.functional.conv import adaptive_avg_pool1d

    return adaptive_avg_pool1d(input, sizes)


def _adaptive_avg_pool2d(input: Any, sizes: Sequence[int]) -> Tensor:
    from engine.nn.functional.conv import adaptive_avg_pool2d

    return adaptive_avg_pool2d(input, sizes)


def upsample(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """`interpolate` by its old name."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Any, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` by the nearest element."""
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(input: Any, size: Any = None, scale_factor: Any = None) -> Tensor:
    """Bilinear `interpolate` with the corners aligned."""
    return interpolate(input, size, scale_factor, "bilinear", True)


def grid_sample(
    input: Any,
    grid: Any,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """Values at the points of `grid` (N, H, W, 2) or (N, D, H, W, 3), whose coordinates run from -1 to 1."""
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"'{padding_mode}'"
        )
    return image.grid_sampler[input.ndim - 2](input, grid, mode, padding_mode, bool(align_corners))  # type: ignore[no-any-return]


def affine_grid(theta: Any, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """Where `grid_sample` looks for an affine picture of `size`, for matrices (N, 2, 3) or (N, 3, 4).

    Raises:
        ValueError: in PyTorch's words, for matrices that do not fit the size.
    """
    if align_corners is None:
        warnings.warn(
            "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please "
            "specify align_corners=True if the old behavior is desired. See the documentation of grid_sample for "
            "details.",
            UserWarning,
            stacklevel=2,
        )
    spatial = list(size[2:])
    n = len(spatial)
    if n not in (2, 3):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size "
            f"{size}."
        )
    if tuple(theta.shape[1:]) != (n, n + 1):
        raise ValueError(
            f"Expected a batch of {n}D affine matrices of shape Nx{n}x{n + 1} for size {list(size)}. Got {theta.shape}."
        )
    kind = theta._data.dtype
    steps = []
    for length in spatial:
        edge = kind.type(1.0 if align_corners else (length - 1) / length)
        steps.append(np.linspace(-1, 1, length).astype(kind) * edge if length > 1 else np.zeros(1, kind))
    places = np.stack([*np.meshgrid(*steps, indexing="ij")[::-1], np.ones(spatial, kind)], -1)
    flat: Any = theta._beside(
        np.broadcast_to(places.reshape(1, -1, n + 1), (size[0], math.prod(spatial), n + 1))
    )
    return flat.bmm(theta.transpose(1, 2)).view(size[0], *spatial, n)  # type: ignore[no-any-return]


def unfold(input: Any, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1) -> Tensor:
    """Each window of an image as a column: (N, C, H, W) to (N, C * kernel, windows)."""
    x, alone = _batched(input, 2, "unfold")
    y = image.im2col(
        x,
        *(
            _each(v, 2, k)
            for v, k in (
                (kernel_size, "kernel_size"),
                (dilation, "dilation"),
                (padding, "padding"),
                (stride, "stride"),
            )
        ),
    )
    return shape.squeeze(y, 0) if alone else y


def fold(
    input: Any,
    output_size: Size,
    kernel_size: Size,
    dilation: Size = 1,
    padding: Size = 0,
    stride: Size = 1,
) -> Tensor:
    """Columns put back as windows of an image, summed where they overlap."""
    alone = input.ndim == 2
    x = shape.unsqueeze(input, 0) if alone else input
    y = image.col2im(x, *(_each(v, 2, "size") for v in (output_size, kernel_size, dilation, padding, stride)))
    return shape.squeeze(y, 0) if alone else y


# --- Pooling ---------------------------------------------------------------------------------------------------------


def avg_pool3d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of the last three dimensions."""
    return _avg_pool(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def adaptive_avg_pool3d(input: Any, output_size: Any) -> Tensor:
    """The means of equal parts of the last three dimensions; None keeps a dimension."""
    wanted = (output_size,) * 3 if isinstance(output_size, int) else tuple(output_size)
    sizes = [m if w is None else w for m, w in zip(input.shape[-3:], wanted, strict=True)]
    if sizes == [1, 1, 1]:
        return input.mean((-1, -2, -3), keepdim=True)  # type: ignore[no-any-return]
    matrices = tuple(conv.averaging(m, w) for m, w in zip(input.shape[-3:], sizes, strict=True))
    return image.adaptive_avg_pool3d_of(input, matrices)  # type: ignore[no-any-return]


def _adaptive_max(n: int) -> Callable[..., Any]:
    name = f"adaptive_max_pool{n}d"

    def call(input: Any, output_size: Any, return_indices: bool = False) -> Any:
        if n == 1:
            x = shape.unsqueeze(input, -2)
            (size,) = _each(output_size, 1, "output_size")
            both = adaptive_max_pool2d(x, (1, size), True)
            values, places = (shape.squeeze(t, -2) for t in both)
            return (values, places) if return_indices else values
        x, _ = _batched(input.detach(), n, name)
        wanted = (output_size,) * n if isinstance(output_size, int) else tuple(output_size)
        sizes = [m if w is None else w for m, w in zip(x.shape[2:], wanted, strict=True)]
        starts = [np.arange(w) * m // w for m, w in zip(x.shape[2:], sizes, strict=True)]
        ends = [-(-(np.arange(w) + 1) * m // w) for m, w in zip(x.shape[2:], sizes, strict=True)]
        values, places = image.pool_at["adaptive_max_pool", n](input, starts, ends)
        return (values, places) if return_indices else values

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"The largest of equal parts of the last {n} dimensions."
    return call


adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = map(_adaptive_max, (1, 2, 3))


def _fractional(n: int) -> Callable[..., Any]:
    name = f"fractional_max_pool{n}d"

    def call(
        input: Any,
        kernel_size: Size,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Any = None,
    ) -> Any:
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
        x, alone = _batched(input, n, name)
        if output_size is None:
            ratios = _ratios(output_ratio, n)
            output_size = [int(m * r) for m, r in zip(x.shape[2:], ratios, strict=True)]
        sizes, kernel = _each(output_size, n, "output_size"), _each(kernel_size, n, "kernel_size")
        if _random_samples is None:
            drawn = sampling.uniform((*x._data.shape[:2], n), x._data.dtype)
        else:
            drawn = _random_samples._data
        # The numbers of the last axis stand for the dimensions; in two of them, the columns' comes first.
        order = (1, 0) if n == 2 else (0, 1, 2)
        starts = [_intervals(drawn[..., order[k]], x.shape[2 + k], sizes[k], kernel[k]) for k in range(n)]
        ends = [s + k for s, k in zip(starts, kernel, strict=True)]
        values, places = image.pool_at["fractional_max_pool", n](x, starts, ends)
        if alone:
            values, places = shape.squeeze(values, 0), shape.squeeze(places, 0)
        return (values, places) if return_indices else values

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"Max pooling over the last {n} dimensions with windows whose steps are random."
    return call


def _ratios(ratio: Any, n: int) -> tuple[float, ...]:
    return (float(ratio),) * n if isinstance(ratio, (int, float)) else tuple(ratio)


def _intervals(samples: Any, size: int, count: int, kernel: int) -> Any:
    samples = backend.to_host(samples)
    result = np.empty((*samples.shape, count), np.int64)
    if count > 1:
        alpha = samples.dtype.type((size - kernel) / (count - 1))
        steps = np.arange(count - 1)
        result[..., :-1] = ((steps + samples[..., None]) * alpha).astype(np.int64) - (
            samples[..., None] * alpha
        ).astype(np.int64)
    result[..., -1] = size - kernel
    return result


fractional_max_pool2d, fractional_max_pool3d = map(_fractional, (2, 3))


def _unpool(n: int) -> Callable[..., Tensor]:
    name = f"max_unpool{n}d"

    def call(
        input: Any,
        indices: Any,
        kernel_size: Size,
        stride: Any = None,
        padding: Size = 0,
        output_size: Any = None,
    ) -> Tensor:
        kernel = _each(kernel_size, n, "kernel_size")
        steps = kernel if stride is None or stride == () else _each(stride, n, "stride")
        around = _each(padding, n, "padding")
        x, alone = _batched(input, n, name)
        places = shape.unsqueeze(indices, 0) if alone else indices
        if output_size is None:
            sizes = tuple(
                (m - 1) * s + k - 2 * p for m, s, k, p in zip(x.shape[2:], steps, kernel, around, strict=True)
            )
        else:
            sizes = tuple(output_size)[-n:]
        if n == 1:
            y = image.max_unpool[2](shape.unsqueeze(x, -2), places._data[..., None, :], (1, *sizes))
            return shape.squeeze(shape.squeeze(y, 0) if alone else y, -2)
        y = image.max_unpool[n](x, places._data, sizes)
        return shape.squeeze(y, 0) if alone else y

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"Elements back where max pooling over {n} dimensions found them, zeros elsewhere."
    return call


max_unpool1d, max_unpool2d, max_unpool3d = map(_unpool, (1, 2, 3))


def _lp(n: int) -> Callable[..., Tensor]:
    def call(
        input: Any, norm_type: float, kernel_size: Size, stride: Any = None, ceil_mode: bool = False
    ) -> Tensor:
        from engine.nn.functional.conv import avg_pool1d
        from engine.ops import pointwise

        kernel = _each(kernel_size, n, "kernel_size")
        pool: Any = (avg_pool1d, avg_pool2d, avg_pool3d)[n - 1]
        mean: Any = pool(input**norm_type, kernel, stride, 0, ceil_mode)
        positive = pointwise.sign(mean) * pointwise.relu(pointwise.abs(mean))
        return (positive * math.prod(kernel)) ** (1.0 / norm_type)

    call.__name__ = call.__qualname__ = f"lp_pool{n}d"
    call.__doc__ = f"The p-norm of each window of the last {n} dimensions."
    return call


lp_pool1d, lp_pool2d, lp_pool3d = map(_lp, (1, 2, 3))


def local_response_norm(
    input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """Each element divided by a power of the squares of its neighbours in the channels."""
    from engine.nn.functional.layers import pad

    if input.ndim < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {input.ndim} dimensions)")
    if not input.numel():
        return input  # type: ignore[no-any-return]
    square = shape.unsqueeze(input * input, 1)
    sizes = tuple(input.shape)
    if input.ndim == 3:
        padded: Any = pad(square, (0, 0, size // 2, (size - 1) // 2))
        around = shape.squeeze(avg_pool2d(padded, (size, 1), stride=1), 1)
    else:
        whole = shape.view(square, (sizes[0], 1, sizes[1], sizes[2], -1))
        padded = pad(whole, (0, 0, 0, 0, size // 2, (size - 1) // 2))
        pooled = shape.squeeze(avg_pool3d(padded, (size, 1, 1), stride=1), 1)
        around = shape.view(pooled, sizes)
    scale: Any = (around * alpha + k) ** beta
    return input / scale  # type: ignore[no-any-return]
