"""Window functions for spectra: ``torch.hann_window`` and its kin."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from engine import backend, dtypes
from engine.dtypes import dtype as Dtype
from engine.ops.create import Where
from engine.tensor import Tensor

__all__ = ["bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window"]


def _window(
    length: int,
    periodic: bool,
    dtype: Dtype | None,
    device: Where,
    requires_grad: bool,
    formula: Callable[[Any, int], Any],
) -> Tensor:
    """`formula` of the places, in the dtype asked for, and n; a periodic window lacks its last number."""
    if length < 0:
        raise RuntimeError(f"window_length must be non-negative, got {length}")
    kind = (dtype or dtypes.get_default_dtype()).numpy
    xp = backend.library(device)
    if length < 2:
        array = xp.ones(length, kind)
    else:
        n = length if periodic else length - 1
        array = formula(xp.arange(length).astype(kind), n).astype(kind)
    made = Tensor._wrap(backend.to_device(array, device or backend.default_device()))
    return made.requires_grad_() if requires_grad else made


def _cosines(constant: float, *terms: float) -> Callable[[Any, int], Any]:
    def formula(k: Any, n: int) -> Any:
        angle = k * k.dtype.type(math.pi * 2 / n)
        waves = [k.dtype.type(a) * np.cos(angle * (j + 1)) for j, a in enumerate(terms)]
        return sum(reversed(waves[:-1]), waves[-1]) + k.dtype.type(constant)

    return formula


def hann_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Dtype | None = None,
    device: Where = None,
    requires_grad: bool = False,
) -> Tensor:
    """Hann's window."""
    return _window(window_length, periodic, dtype, device, requires_grad, _cosines(0.5, -0.5))


def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    *,
    dtype: Dtype | None = None,
    device: Where = None,
    requires_grad: bool = False,
) -> Tensor:
    """Hamming's window."""
    return _window(window_length, periodic, dtype, device, requires_grad, _cosines(alpha, -beta))


def blackman_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Dtype | None = None,
    device: Where = None,
    requires_grad: bool = False,
) -> Tensor:
    """Blackman's window."""
    return _window(window_length, periodic, dtype, device, requires_grad, _cosines(0.42, -0.5, 0.08))


def bartlett_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Dtype | None = None,
    device: Where = None,
    requires_grad: bool = False,
) -> Tensor:
    """A triangle."""
    return _window(
        window_length,
        periodic,
        dtype,
        device,
        requires_grad,
        lambda k, n: np.where(k <= n / 2, 2 * k / n, 2 - 2 * k / n),
    )


def kaiser_window(
    window_length: int,
    periodic: bool = True,
    beta: float = 12.0,
    *,
    dtype: Dtype | None = None,
    device: Where = None,
    requires_grad: bool = False,
) -> Tensor:
    """Kaiser's window."""

    def formula(k: Any, n: int) -> Any:
        xp = backend.module_of(k)
        bessel = np.i0 if xp is np else backend.scipy(xp, "special").i0
        return bessel(beta * np.sqrt(np.maximum(0, 1 - (2 * k / n - 1) ** 2))) / np.float64(np.i0(beta))

    return _window(window_length, periodic, dtype, device, requires_grad, formula)
