"""Fourier transforms: three linear operations, complex to complex, real to complex and back, that are each other's adjoints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine import backend, dtypes
from engine.define import define
from engine.ops import arrange, shape
from engine.ops.complex import conj_of
from engine.ops.nn import constant
from engine.ops.pointwise import to_dtype
from engine.ops.reduce import one_dim
from engine.registry import LINEAR
from engine.tensor import Tensor

c2c = define("fft_c2c", LINEAR, inputs=1, grad="FftC2CBackward0", aten="aten::_fft_c2c",
    forward=lambda xp, input, dims, scale, forward: _scaled(
        xp.fft.fftn(input, axes=dims) if forward else xp.fft.ifftn(input, axes=dims, norm="forward"), scale),
    vjp=(lambda F, g, dims, scale, forward: F.fft_c2c(g, dims, scale, not forward),),
    formula=r"\mathcal F^* g", doc="Discrete Fourier transform of complex numbers, or its inverse.")

r2c = define("fft_r2c", LINEAR, inputs=1, grad="FftR2CBackward0", aten="aten::_fft_r2c",
    forward=lambda xp, input, dims, scale, onesided: _scaled(
        xp.fft.rfftn(input, axes=dims) if onesided else xp.fft.fftn(input, axes=dims), scale),
    vjp=(lambda F, g, input_shape, dims, scale, onesided: _r2c_vjp(F, g, tuple(input_shape), dims, scale, onesided),),
    formula=r"\operatorname{Re} \mathcal F^* g", doc="Discrete Fourier transform of real numbers; half of the last dimension is enough.")

c2r = define("fft_c2r", LINEAR, inputs=1, grad="FftC2RBackward0", aten="aten::_fft_c2r",
    forward=lambda xp, input, dims, scale, last: _scaled(xp.fft.irfftn(
        input, [*(input.shape[d] for d in dims[:-1]), last], dims, "forward"), scale),
    vjp=(lambda F, g, dims, scale, last: _c2r_vjp(F, g, dims, scale, last),),
    formula=r"\mathcal F g, \text{ twice inside}", doc="Inverse transform of half a spectrum, to real numbers.")


def _scaled(y: Any, scale: float) -> Any:
    return y if scale == 1 else y * y.real.dtype.type(scale)


def _r2c_vjp(F: Any, g: Any, shape_: tuple[int, ...], dims: tuple[int, ...], scale: float, onesided: bool) -> Any:
    if onesided:
        half = tuple(g.shape)[dims[-1]]
        g = F.embed(g, shape_, "slice", (dims[-1], 0, half, 1))
    return F.real(F.fft_c2c(g, dims, scale, False))


def _c2r_vjp(F: Any, g: Any, dims: tuple[int, ...], scale: float, last: int) -> Any:
    y = F.fft_r2c(g, dims, scale, True)
    ndim, half = len(tuple(y.shape)), last // 2 + 1
    data = y._data if F.recording else y
    factor = backend.module_of(data).ones(half, np.float32 if data.dtype == np.complex64 else np.float64)
    factor[1 : last - half + 1] = 2
    return y * constant(F, factor.reshape(tuple(-1 if k == dims[-1] % ndim else 1 for k in range(ndim))))


# --- What users call -------------------------------------------------------------------------------------------------


def _scale(norm: str | None, count: int, forward: bool) -> float:
    if norm not in (None, "backward", "ortho", "forward"):
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    if norm == "ortho":
        return 1 / math.sqrt(count)
    return 1 / count if (norm == "forward") == forward else 1.0


def _sized(x: Tensor, dim: int, n: int) -> Tensor:
    """`x` cut or filled up with zeros to `n` elements along a dimension."""
    have = x._data.shape[dim]
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")
    if n < have:
        return shape.slice_(x, dim, 0, n, 1)
    if n > have:
        return arrange.constant_pad_nd(x, (*(0, 0) * (x.ndim - dim - 1), 0, n - have), 0)
    return x


def _floating(x: Tensor) -> Tensor:
    return x if x.dtype.differentiable else to_dtype(x, dtypes.get_default_dtype())


def _complex(x: Tensor) -> Tensor:
    x = _floating(x)
    return x if x.dtype.is_complex else to_dtype(x, x.dtype.to_complex())


def _real(x: Tensor, name: str) -> Tensor:
    if x.dtype.is_complex:
        raise RuntimeError(f"{name} expects a real input tensor, but got {dtypes.scalar_type_name(x.dtype)}")
    return _floating(x)


def _plan(x: Tensor, s: Any, dim: Any) -> tuple[list[int], list[int | None]]:
    if dim is None:
        dims = list(range(x.ndim)) if s is None else list(range(x.ndim - len(s), x.ndim))
    else:
        dims = [one_dim(d, x.ndim) for d in ([dim] if isinstance(dim, int) else dim)]
    if len(set(dims)) != len(dims):
        raise RuntimeError("FFT dims must be unique")
    sizes: list[int | None] = [None] * len(dims) if s is None else [None if n == -1 else int(n) for n in s]
    return dims, sizes


def _cut(x: Tensor, dims: Sequence[int], sizes: Sequence[int | None]) -> Tensor:
    for d, n in zip(dims, sizes, strict=True):
        if n is not None:
            x = _sized(x, d, n)
    return x


def _count(x: Tensor, dims: Sequence[int]) -> int:
    return math.prod(x._data.shape[d] for d in dims)


def _one(x: Tensor, n: int | None, dim: int, norm: str | None, forward: bool) -> Tensor:
    d = one_dim(dim, x.ndim)
    x = _floating(x)
    if n is not None:
        x = _sized(x, d, n)
    scale = _scale(norm, x._data.shape[d], forward)
    if x.dtype.is_complex:
        return c2c(x, (d,), scale, forward)
    y = r2c(x, (d,), scale, False)
    return y if forward else conj_of(y)


def fft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """Discrete Fourier transform along a dimension."""
    return _one(input, n, dim, norm, True)


def ifft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """Inverse discrete Fourier transform along a dimension."""
    return _one(input, n, dim, norm, False)


def _many(input: Tensor, s: Any, dim: Any, norm: str | None, forward: bool) -> Tensor:
    dims, sizes = _plan(input, s, dim)
    x = _cut(_complex(input), dims, sizes)
    return c2c(x, tuple(dims), _scale(norm, _count(x, dims), forward), forward) if dims else x


def fftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """`fft` along several dimensions."""
    return _many(input, s, dim, norm, True)


def ifftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """`ifft` along several dimensions."""
    return _many(input, s, dim, norm, False)


def rfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """`rfft` along several dimensions; the last is halved."""
    dims, sizes = _plan(input, s, dim)
    x = _cut(_real(input, "rfftn"), dims, sizes)
    return r2c(x, tuple(dims), _scale(norm, _count(x, dims), True), True)


def rfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """`fft` of real numbers: the half of the spectrum that determines the other."""
    return rfftn(input, None if n is None else (n,), (dim,), norm)


def irfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """Inverse of `rfftn`."""
    return _back_to_real(input, s, dim, norm, False)


def _back_to_real(input: Tensor, s: Any, dim: Any, norm: str | None, forward: bool) -> Tensor:
    dims, sizes = _plan(input, s, dim)
    x = _complex(input)
    last = sizes[-1] if sizes[-1] is not None else 2 * (x._data.shape[dims[-1]] - 1)
    if last < 1:
        raise RuntimeError(f"Invalid number of data points ({last}) specified")
    x = _cut(x, dims, [*sizes[:-1], last // 2 + 1])
    scale = _scale(norm, _count(x, dims[:-1]) * last, forward)
    return c2r(conj_of(x) if forward else x, tuple(dims), scale, last)


def irfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """Inverse of `rfft`; `n` says how many numbers there were."""
    return irfftn(input, None if n is None else (n,), (dim,), norm)


def hfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """Transform of half a Hermitian signal, which is real."""
    return _back_to_real(input, s, dim, norm, True)


def hfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """Transform of half a Hermitian signal, which is real."""
    return hfftn(input, None if n is None else (n,), (dim,), norm)


def ihfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """Inverse of `hfftn`."""
    dims, sizes = _plan(input, s, dim)
    x = _cut(_real(input, "ihfftn"), dims, sizes)
    scale = _scale(norm, _count(x, dims), False)
    y = conj_of(r2c(x, (dims[-1],), scale if len(dims) == 1 else 1.0, True))
    return c2c(y, tuple(dims[:-1]), scale, False) if len(dims) > 1 else y


def ihfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """Inverse of `hfft`."""
    return ihfftn(input, None if n is None else (n,), (dim,), norm)


def _planar(function: Any, name: str) -> Any:
    def call(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
        return function(input, s, dim, norm)  # type: ignore[no-any-return]

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"`{function.__name__}` along two dimensions."
    return call


fft2, ifft2, rfft2, irfft2, hfft2, ihfft2 = (
    _planar(f, f.__name__[:-1] + "2") for f in (fftn, ifftn, rfftn, irfftn, hfftn, ihfftn)
)


def _shifted(input: Tensor, dim: Any, sign: int) -> Tensor:
    dims = list(range(input.ndim)) if dim is None else [dim] if isinstance(dim, int) else list(dim)
    sizes = [input._data.shape[one_dim(d, input.ndim)] for d in dims]
    return arrange.roll(input, tuple(n // 2 if sign > 0 else (n + 1) // 2 for n in sizes), tuple(dims))


def fftshift(input: Tensor, dim: Any = None) -> Tensor:
    """Frequency 0 moved to the middle."""
    return _shifted(input, dim, 1)


def ifftshift(input: Tensor, dim: Any = None) -> Tensor:
    """Inverse of `fftshift`."""
    return _shifted(input, dim, -1)


def fftfreq(n: int, d: float = 1.0, *, dtype: Any = None) -> Tensor:
    """The frequencies of a transform of `n` numbers at distance `d`."""
    return Tensor._wrap(backend.to_default(np.fft.fftfreq(n, d).astype((dtype or dtypes.get_default_dtype()).numpy)))


def rfftfreq(n: int, d: float = 1.0, *, dtype: Any = None) -> Tensor:
    """The frequencies of `rfft`."""
    return Tensor._wrap(backend.to_default(np.fft.rfftfreq(n, d).astype((dtype or dtypes.get_default_dtype()).numpy)))


__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "hfft2", "hfftn", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft",
    "ihfft2", "ihfftn", "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]
