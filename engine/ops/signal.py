"""Short-time Fourier transforms: transforms of windows that slide over a signal, and back."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from engine import dtypes
from engine.define import define
from engine.dispatch import composite
from engine.ops import arrange, shape
from engine.ops.complex import view_as_real
from engine.ops.fft import c2c, c2r, r2c
from engine.registry import LINEAR
from engine.tensor import Tensor

_transposed = define(
    "transpose_result",
    LINEAR,
    view=True,
    grad="TransposeBackward1",
    aten="aten::transpose_",
    forward=lambda xp, input, dim0, dim1: input.swapaxes(dim0, dim1),
    vjp=(lambda F, g, dim0, dim1: F.transpose(g, dim0, dim1),),
    doc="Two dimensions exchanged, where PyTorch does so in place inside a function.",
)


def _window(window: Any, win_length: int, n_fft: int, like: Tensor, kind: Any) -> Any:
    """The window in the middle of `n_fft` elements; None where it is 1 everywhere."""
    if window is None and win_length == n_fft:
        return None
    if window is None:
        window = like._beside(np.ones(win_length, kind.numpy))
    left = (n_fft - win_length) // 2
    return (
        arrange.constant_pad_nd(window, (left, n_fft - win_length - left), 0)
        if win_length < n_fft
        else window
    )


def _call(name: str, kind: str, input: Any, **settings: Any) -> str:
    """The call, as PyTorch repeats it in its errors."""

    def said(value: Any) -> Any:
        if isinstance(value, Tensor):
            return f"torch.{dtypes.legacy_name(value.dtype)}{{{list(value.shape)}}}"
        return int(value) if isinstance(value, bool) else value

    return f"{name}({kind}{list(input.shape)}, {', '.join(f'{k}={said(v)}' for k, v in settings.items())})"


@composite("stft")
def stft(
    input: Any,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Any = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Tensor:
    """Fourier transforms of windows of `n_fft` elements at a distance of `hop_length`.

    Args:
        input: a signal of shape (L,) or signals of shape (B, L).
        center: widen the signal, so that window k is centred at element ``k * hop_length``.

    Returns:
        Shape (B, frequencies, windows), complex; pairs of real numbers if `return_complex` is False.

    Raises:
        RuntimeError: for sizes that do not fit, or a real signal without `return_complex`.
    """
    from engine.nn.functional import pad

    if center and align_to_window is not None:
        raise RuntimeError("stft align_to_window should only be set when center = false")
    hop = n_fft // 4 if hop_length is None else hop_length
    length = n_fft if win_length is None else win_length
    alone = input.ndim == 1
    is_complex = input.dtype.is_complex or (window is not None and window.dtype.is_complex)
    if return_complex is None:
        if not is_complex:
            raise RuntimeError(
                "stft requires the return_complex parameter be given for real inputs, and will further require that "
                "return_complex=True in a future PyTorch release."
            )
        return_complex = True
    x = input
    if center:
        lead = (1,) * (3 - input.ndim)
        x = pad(shape.reshape(input, (*lead, *input.shape)), [n_fft // 2] * 2, pad_mode)
        x = shape.reshape(x, tuple(x.shape)[len(lead) :])

    def need(condition: bool, expected: str) -> None:
        if not condition:
            call = _call(
                "stft", "torch." + dtypes.legacy_name(x.dtype), x, n_fft=n_fft, hop_length=hop, win_length=length,
                window=window, normalized=normalized, onesided=onesided, return_complex=return_complex,
                align_to_window=align_to_window,
            )  # fmt: skip
            raise RuntimeError(f"{call} : expected {expected}")

    need(x.dtype.differentiable, "a tensor of floating point or complex values")
    need(x.ndim in (1, 2), "a 1D or 2D tensor")
    need(0 < n_fft <= x.shape[-1], f"0 < n_fft < {x.shape[-1]}, but got n_fft={n_fft}")
    need(hop > 0, f"hop_length > 0, but got hop_length={hop}")
    need(0 < length <= n_fft, f"0 < win_length <= n_fft, but got win_length={length}")
    need(
        window is None or tuple(window.shape) == (length,),
        f"a 1D window tensor of size equal to win_length={length}, but got window with size "
        f"{None if window is None else list(window.shape)}",
    )
    x = shape.unsqueeze(x, 0) if alone else x
    frames: Any = shape.unfold(x, 1, n_fft, hop)
    weights = _window(window, length, n_fft, input, input.dtype)
    if weights is not None:
        frames = frames * weights
    scale = 1 / math.sqrt(n_fft) if normalized else 1.0
    if frames.dtype.is_complex:
        if onesided:
            raise RuntimeError("Cannot have onesided output if window or input is complex")
        y = c2c(frames, (2,), scale, True)
    else:
        y = r2c(frames, (2,), scale, onesided is not False)
    y = _transposed(y, 1, 2)
    y = shape.squeeze_result(y, 0) if alone else y
    return y if return_complex else view_as_real(y)


@composite("istft")
def istft(
    input: Any,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Any = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Tensor:
    """The signal of a `stft`: the windows overlapped and added, divided by the sum of the squares of what they weighed.

    Args:
        input: shape (B, frequencies, windows) or (frequencies, windows), complex.
        length: of the signal.

    Raises:
        RuntimeError: for sizes that do not fit, or windows that leave an element out.
    """
    hop = n_fft // 4 if hop_length is None else hop_length
    size = n_fft if win_length is None else win_length
    if not input.dtype.is_complex:
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with return_complex=True."
        )
    call = _call(
        "istft", f"CPU{dtypes.scalar_type_name(input.dtype)}Type", input, n_fft=n_fft, hop_length=hop, win_length=size,
        window=window, center=center, normalized=normalized, onesided=onesided, length=length,
        return_complex=return_complex,
    )  # fmt: skip

    def need(condition: bool, otherwise: str) -> None:
        if not condition:
            raise RuntimeError(f"{call} : {otherwise}")

    need(input._data.size > 0, "input tensor cannot be empty.")
    need(
        input.ndim in (2, 3),
        f"expected a tensor with 2 or 3 dimensions, but got {input.ndim}",
    )
    frequencies, count = input.shape[-2:]
    onesided = frequencies != n_fft if onesided is None else onesided
    need(
        frequencies == (n_fft // 2 + 1 if onesided else n_fft),
        "expected the frequency dimension (3rd to the last) of the input tensor to match "
        f"{'n_fft / 2 + 1' if onesided else 'n_fft'} when onesided={onesided}, but got {frequencies}",
    )
    need(0 < hop <= size, "expected 0 < hop_length <= win_length")
    need(0 < size <= n_fft, "expected 0 < win_length <= n_fft")
    need(
        window is None or tuple(window.shape) == (size,),
        "Invalid window shape. window has to be 1D and length of `win_length`",
    )
    own = window.dtype if window is not None else dtypes.of(input._data.real)
    weights: Any = window if window is not None else input._beside(np.ones(size, own.numpy))
    weights = _window(weights, size, n_fft, input, own)
    x = input if input.ndim == 3 else shape.unsqueeze(input, 0)
    frames: Any = shape.transpose(x, 1, 2)
    scale = 1 / math.sqrt(n_fft) if normalized else 1 / n_fft
    if return_complex:
        if onesided:
            raise RuntimeError("Cannot have onesided output if window or input is complex")
        frames = c2c(frames, (2,), scale, False)
    else:
        if weights.dtype.is_complex:
            raise RuntimeError("Complex windows are incompatible with return_complex=False")
        frames = frames if onesided else shape.slice_(frames, 2, 0, n_fft // 2 + 1, 1)
        frames = c2r(frames, (2,), scale, n_fft)
    whole = n_fft + hop * (count - 1)
    summed = shape.fold_back(frames * shape.view(weights, (1, 1, n_fft)), (x.shape[0], whole), 1, n_fft, hop)
    squares = shape.expand(weights * weights, (1, count, n_fft))
    envelope: Any = shape.fold_back(squares, (1, whole), 1, n_fft, hop)
    start = n_fft // 2 if center else 0
    end = start + length if length is not None else whole - n_fft // 2 if center else whole
    y: Any = shape.slice_(summed, 1, start, min(end, whole), 1)
    envelope = shape.slice_(envelope, 1, start, min(end, whole), 1)
    lowest = np.abs(envelope._data).min() if envelope._data.size else 0
    if lowest < 1e-11:
        raise RuntimeError(f"{call} window overlap add min: 1\n[ CPUBoolType{{}} ]")
    y = y / envelope
    if input.ndim == 2:
        y = shape.squeeze(y, 0)
    if end > whole:
        warnings.warn(
            "The length of signal is shorter than the length parameter. Result is being padded with zeros in the tail. "
            "Please check your center and hop_length settings.",
            stacklevel=2,
        )
        y = arrange.constant_pad_nd(y, (0, end - whole), 0)
    return y  # type: ignore[no-any-return]


__all__ = ["istft", "stft"]
