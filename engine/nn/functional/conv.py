"""Convolution and pooling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine import dtypes
from engine.dispatch import composite
from engine.ops import arrange, conv, image, shape
from engine.ops.complex import imag, real
from engine.spelling import spelled
from engine.tensor import Tensor

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
]

Size = int | Sequence[int]


def _each(value: Size, n: int, name: str) -> tuple[int, ...]:
    """One value for every dimension.

    Raises:
        RuntimeError: if there are neither one nor `n`.
    """
    values = (value,) * n if isinstance(value, int) else tuple(value)
    if len(values) == 1:
        values *= n
    if len(values) != n:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {n} values, but got {list(values)}"
        )
    return values


def _batched(input: Any, n: int, name: str) -> tuple[Any, bool]:
    if input.ndim not in (n + 1, n + 2):
        raise RuntimeError(
            f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {name}, but got input of size: "
            f"{list(input.shape)}"
        )
    return (shape.unsqueeze(input, 0), True) if input.ndim == n + 1 else (input, False)


def _padding(
    padding: Size | str, kernel: Sequence[int], dilation: Sequence[int], stride: Sequence[int]
) -> tuple[int, ...]:
    n = len(kernel)
    if padding == "valid":
        return (0,) * n
    if padding == "same":
        if any(s != 1 for s in stride):
            raise RuntimeError("padding='same' is not supported for strided convolutions")
        total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        if any(t % 2 for t in total):
            raise RuntimeError(
                "padding='same' needs an odd kernel here: pad the input with nn.functional.pad first"
            )
        return tuple(t // 2 for t in total)
    if isinstance(padding, str):
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    return _each(padding, n, "padding")


def _same(x: Any, kernel: Sequence[int], dilation: Sequence[int]) -> tuple[Any, Size | str]:
    """Where the padding cannot be the same on both sides, one more at the end."""
    total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    if not any(t % 2 for t in total):
        return x, "same"
    widths = [w for t in reversed(total) for w in (0, t % 2)]
    return arrange.constant_pad_nd(x, tuple(widths), 0), tuple(t // 2 for t in total)


def _by_parts(product: Callable[..., Any], x: Any, weight: Any, bias: Any) -> Any:
    """A product of complex numbers from three of real ones, as PyTorch makes it."""
    if not x.dtype.is_complex:
        return product(x, weight, bias)
    xr, xi, wr, wi = real(x), imag(x), real(weight), imag(weight)
    a = product(xr, wr, None if bias is None else real(bias))
    b = product(xi, wi, None)
    c = product(xr + xi, wr + wi, None if bias is None else real(bias) + imag(bias))
    return a - b + 1j * (c - a - b)


def _convolution(n: int) -> Callable[..., Tensor]:
    name = f"conv{n}d"

    def call(
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
    ) -> Tensor:
        x, alone = _batched(input, n, name)
        steps, spread = _each(stride, n, "stride"), _each(dilation, n, "dilation")
        if bias is not None and x._data.dtype != bias._data.dtype:
            raise RuntimeError(
                f"Input type ({dtypes.c_name(x.dtype)}) and bias type ({dtypes.c_name(bias.dtype)}) should be the same"
            )
        if x._data.dtype != weight._data.dtype:
            raise RuntimeError(
                f"expected scalar type {dtypes.scalar_type_name(x.dtype)} but found "
                f"{dtypes.scalar_type_name(weight.dtype)}"
            )
        if min(steps) <= 0:
            raise RuntimeError("non-positive stride is not supported")
        kernel = weight._data.shape[2:]
        if padding == "same":
            x, padding = _same(x, kernel, spread)
        around = _padding(padding, kernel, spread, steps)
        outputs, channels = weight._data.shape[:2]
        if x.shape[1] != channels * groups:
            raise RuntimeError(
                f"Given groups={groups}, weight of size {list(weight.shape)}, expected input{list(input.shape)} to "
                "have "
                f"{channels * groups} channels, but got {x.shape[1]} channels instead"
            )
        if bias is not None and bias._data.shape != (outputs,):
            raise RuntimeError(
                f"Given weight of size {list(weight.shape)}, expected bias to be 1-dimensional with {outputs} "
                "elements, "
                f"but got bias of size {list(bias.shape)} instead"
            )
        padded = [m + 2 * p for m, p in zip(x.shape[2:], around, strict=True)]
        reach = [d * (k - 1) + 1 for d, k in zip(spread, kernel, strict=True)]
        if any(r > p for r, p in zip(reach, padded, strict=True)):
            raise RuntimeError(
                f"Calculated padded input size per channel: ({' x '.join(map(str, padded))}). Kernel size: "
                f"({' x '.join(map(str, reach))}). Kernel size can't be greater than actual input size"
            )
        y = _by_parts(
            lambda x, w, b: conv.convolution(x, w, b, steps, around, spread, groups), x, weight, bias
        )
        return shape.squeeze(y, 0) if alone else y

    call.__name__ = call.__qualname__ = name
    call.__doc__ = (
        f"Cross-correlation over {n} dimensions: input (N, C, ...), weight (outputs, C / groups, kernel...)."
    )
    return call


conv1d, conv2d, conv3d = (spelled(_convolution(n), takes_out=False) for n in (1, 2, 3))


def _transposed(n: int) -> Callable[..., Tensor]:
    name = f"conv_transpose{n}d"

    def call(
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        dilation: Size = 1,
    ) -> Tensor:
        x, alone = _batched(input, n, name)
        steps, spread = _each(stride, n, "stride"), _each(dilation, n, "dilation")
        around, extra = _each(padding, n, "padding"), _each(output_padding, n, "output_padding")
        if x.shape[1] != weight.shape[0]:
            raise RuntimeError(
                f"Given transposed=1, weight of size {list(weight.shape)}, expected input{list(input.shape)} to have "
                f"{weight.shape[0]} channels, but got {x.shape[1]} channels instead"
            )
        sizes = [
            (m - 1) * s - 2 * p + d * (k - 1) + e + 1
            for m, s, p, d, k, e in zip(
                x.shape[2:], steps, around, spread, weight.shape[2:], extra, strict=True
            )
        ]
        whole = (x.shape[0], weight.shape[1] * groups, *sizes)
        y = _by_parts(
            lambda x, w, b: image.convolution_transposed(x, w, b, whole, steps, around, spread, groups),
            x,
            weight,
            bias,
        )
        return shape.squeeze(y, 0) if alone else y

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"The adjoint of conv{n}d: input (N, C, ...), weight (C, outputs / groups, kernel...)."
    return call


conv_transpose1d, conv_transpose2d, conv_transpose3d = map(_transposed, (1, 2, 3))


def _check_pool(x: Any, kernel: Sequence[int], counts: Sequence[int]) -> None:
    if min(counts) < 1:
        before = "x".join(map(str, x.shape[1:]))
        after = "x".join(map(str, (x.shape[1], *counts)))
        raise RuntimeError(
            f"Given input size: ({before}). Calculated output size: ({after}). Output size is too small"
        )


@composite("max_pool2d")
def max_pool2d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of the last two dimensions; with `return_indices` also where it was."""
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of the last three dimensions; with `return_indices` also where it was."""
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def _max_pool(
    n: int,
    input: Tensor,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    dilation: Size,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    if input.ndim not in (n + 1, n + 2):
        raise RuntimeError(f"non-empty {n + 1}D or {n + 2}D (batch mode) tensor expected for input")
    x, _ = _batched(input.detach(), n, f"max_pool{n}d")
    kernel = _each(kernel_size, n, "kernel_size")
    steps = kernel if stride is None or stride == () else _each(stride, n, "stride")
    around, spread = _each(padding, n, "padding"), _each(dilation, n, "dilation")
    if any(2 * p > k for p, k in zip(around, kernel, strict=True)):
        raise RuntimeError(
            f"pad should be at most half of effective kernel size, but got pad={around[0]}, "
            f"kernel_size={kernel[0]} and "
            f"dilation={spread[0]}"
        )
    _check_pool(x, kernel, conv._counts(x.shape, kernel, steps, around, spread, ceil_mode))
    values, places = conv.max_pool[n](input, kernel, steps, around, spread, ceil_mode)
    return (values, places) if return_indices else values


def max_pool1d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of the last dimension."""
    kernel = _each(kernel_size, 1, "kernel_size")
    steps = kernel if stride is None else _each(stride, 1, "stride")
    both = max_pool2d(
        shape.unsqueeze(input, -2),
        (1, *kernel),
        (1, *steps),
        (0, *_each(padding, 1, "padding")),
        (1, *_each(dilation, 1, "dilation")),
        ceil_mode,
        True,
    )
    values, places = (shape.squeeze(t, -2) for t in both)
    return (values, places) if return_indices else values


def avg_pool2d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of the last two dimensions."""
    return _avg_pool(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def _avg_pool(
    n: int,
    input: Tensor,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Tensor:
    x, alone = _batched(input, n, f"avg_pool{n}d")
    kernel = _each(kernel_size, n, "kernel_size")
    steps = kernel if stride is None or stride == () else _each(stride, n, "stride")
    around = _each(padding, n, "padding")
    _check_pool(x, kernel, conv._counts(x.shape, kernel, steps, around, (1,) * n, ceil_mode))
    y = conv.avg_pool[n](x, kernel, steps, around, ceil_mode, count_include_pad, divisor_override)
    return shape.squeeze(y, 0) if alone else y


def avg_pool1d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window of the last dimension."""
    kernel = _each(kernel_size, 1, "kernel_size")
    steps = kernel if stride is None else _each(stride, 1, "stride")
    around = (0, *_each(padding, 1, "padding"))
    wide = shape.unsqueeze(input, -2)
    return shape.squeeze(
        avg_pool2d(wide, (1, *kernel), (1, *steps), around, ceil_mode, count_include_pad), -2
    )


@composite("adaptive_avg_pool2d")
def adaptive_avg_pool2d(input: Any, output_size: int | Sequence[int | None]) -> Tensor:
    """The means of equal parts of the last two dimensions; None keeps a dimension."""
    wanted = (output_size, output_size) if isinstance(output_size, int) else tuple(output_size)
    if input.ndim not in (3, 4):
        raise RuntimeError(f"adaptive_avg_pool2d(): Expected 3D or 4D tensor, but got {list(input.shape)}")
    sizes = [m if w is None else w for m, w in zip(input.shape[-2:], wanted, strict=True)]
    if sizes == [1, 1]:
        return input.mean((-1, -2), keepdim=True)  # type: ignore[no-any-return]
    matrices = tuple(conv.averaging(m, w) for m, w in zip(input.shape[-2:], sizes, strict=True))
    return conv.adaptive_avg_pool(input, matrices)


def adaptive_avg_pool1d(input: Any, output_size: Size) -> Tensor:
    """The means of equal parts of the last dimension."""
    (size,) = _each(output_size, 1, "output_size")
    return shape.squeeze(adaptive_avg_pool2d(shape.unsqueeze(input, -2), (1, size)), -2)
