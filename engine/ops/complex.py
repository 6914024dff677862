"""Complex numbers: their parts, and tensors made of two.

The gradient of a real function with respect to z = x + iy is its derivative to x plus i times that to y, as in PyTorch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import dtypes
from engine.define import define
from engine.dispatch import composite
from engine.ops.pointwise import _is_complex
from engine.ops.shape import select
from engine.registry import GENERAL, LINEAR, POINTWISE
from engine.tensor import Tensor


def _i(F: Any, x: Any) -> Any:
    """i times x, complex."""
    zero = F.zeros_like(x)
    return F.complex(zero, x)


def _narrow(kind: Any) -> Any:
    return np.float32 if kind in (np.complex64, np.float32) else np.float64


real_of = define("real", LINEAR, aten="aten::real",
    forward=lambda xp, input: input.real.copy() if input.dtype.kind == "c" else input,
    vjp=(lambda F, g: F.complex(g, F.zeros_like(g)),),
    formula="g", doc="The real part.")

imag_of = define("imag", LINEAR,
    forward=lambda xp, input: input.imag.copy(),
    vjp=(lambda F, g: _i(F, g),),
    formula=r"i\,g", doc="The imaginary part.")

complex_of = define("complex", LINEAR, inputs=2,
    forward=lambda xp, real, imag: _joined(xp, real, imag),
    vjp=(lambda F, g: F.real(g), lambda F, g: F.imag(g)),
    doc="Complex numbers of these parts.")

conj_of = define("conj", LINEAR, aten="aten::_conj",
    forward=lambda xp, input: input.conj(),
    vjp=(lambda F, g: F.conj(g),),
    doc="The complex conjugate.")

conj_physical_of = define("conj_physical", LINEAR,
    forward=lambda xp, input: input.conj(),
    vjp=(lambda F, g: F.conj(g),),
    doc="The complex conjugate, in memory of its own.")

view_as_real = define("view_as_real", LINEAR, view=True,
    forward=lambda xp, input: _parts(input),
    vjp=(lambda F, g: F.view_as_complex(g),),
    formula=r"g_{\text{re}} + i\,g_{\text{im}}", doc="Both parts in a new last dimension of length 2, sharing memory.")

view_as_complex = define("view_as_complex", LINEAR, view=True,
    forward=lambda xp, input: _as_complex(xp, input),
    vjp=(lambda F, g: F.view_as_real(g),),
    formula=r"[\operatorname{Re} g\;\;\; \operatorname{Im} g]", doc="The last dimension, of length 2, as the parts of complex numbers, sharing memory.")

polar_of = define("polar", GENERAL, inputs=2, dtypes="promote",
    forward=lambda xp, abs, angle: _joined(xp, abs * xp.cos(angle), abs * xp.sin(angle)),
    vjp=(lambda F, g, angle: F.real(g) * F.cos(angle) + F.imag(g) * F.sin(angle),
         lambda F, g, abs, angle: abs * (F.imag(g) * F.cos(angle) - F.real(g) * F.sin(angle))),
    formula=r"\operatorname{Re}(\overline{g} e^{i p}),\ \operatorname{Re}(\overline{g}\,i\,y)", doc="Complex numbers of these sizes and angles.")

angle_of = define("angle", POINTWISE, holomorphic=False, dtypes="float", inputs=1,
    forward=lambda xp, input: _angle(xp, input),
    vjp=(lambda F, g, input: F.zeros_like(g) if not _is_complex(input) else _angle_vjp(F, g, input),),
    domain=(0.2, 2.0), formula="0", doc="The angle of complex numbers, in radians; 0 or pi for real ones.")


def _angle(xp: Any, x: Any) -> Any:
    y = xp.angle(x).astype(_narrow(x.dtype))
    return y if x.dtype.kind == "c" else xp.where(xp.isnan(x), x, y)


def _angle_vjp(F: Any, g: Any, z: Any) -> Any:
    re, im = F.real(z), F.imag(z)
    square = re * re + im * im
    return F.complex(-g * im / square, g * re / square)


def _joined(xp: Any, re: Any, im: Any) -> Any:
    re, im = xp.broadcast_arrays(re, im)
    result = xp.empty(re.shape, xp.complex64 if re.dtype == np.float32 else xp.complex128)
    result.real, result.imag = re, im
    return result


def _parts(z: Any) -> Any:
    kind = _narrow(z.dtype)
    if not z.ndim:
        return z.reshape(1).view(kind)
    return z[..., None].view(kind)


def _as_complex(xp: Any, x: Any) -> Any:
    if not x.ndim or x.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    kind = xp.complex64 if x.dtype == np.float32 else xp.complex128
    return xp.ascontiguousarray(x).view(kind)[..., 0]


# --- What users call -------------------------------------------------------------------------------------------------


@composite("real")
def real(input: Tensor) -> Tensor:
    """A view of the real part; a real tensor itself."""
    return select(view_as_real(input), -1, 0) if input.dtype.is_complex else input


@composite("imag")
def imag(input: Tensor) -> Tensor:
    """A view of the imaginary part.

    Raises:
        RuntimeError: for a real tensor.
    """
    if not input.dtype.is_complex:
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return select(view_as_real(input), -1, 1)


def conj(input: Tensor) -> Tensor:
    """The complex conjugate; a real tensor itself."""
    return conj_of(input) if input.dtype.is_complex else input


def conj_physical(input: Tensor) -> Tensor:
    """The complex conjugate, in memory of its own; a real tensor itself."""
    return conj_physical_of(input) if input.dtype.is_complex else input



def resolve_conj(input: Tensor) -> Tensor:
    """The tensor itself: conjugation is never put off here."""
    return input


resolve_neg = resolve_conj


def complex(real: Tensor, imag: Tensor) -> Tensor:
    """Complex numbers of these parts.

    Raises:
        RuntimeError: unless both are of one floating point dtype.
    """
    if real.dtype is not imag.dtype:
        raise RuntimeError(
            f"Expected object of scalar type {dtypes.scalar_type_name(real.dtype)} but got scalar type "
            f"{dtypes.scalar_type_name(imag.dtype)} for second argument"
        )
    if real.dtype not in (dtypes.float32, dtypes.float64):
        raise RuntimeError(
            f"Expected both inputs to be Half, Float or Double tensors but got {dtypes.scalar_type_name(real.dtype)} and "
            f"{dtypes.scalar_type_name(imag.dtype)}"
        )
    return complex_of(real, imag)


def polar(abs: Tensor, angle: Tensor) -> Tensor:
    """Complex numbers of these sizes and angles."""
    return polar_of(abs, angle)


def angle(input: Tensor) -> Tensor:
    """The angle of complex numbers, in radians; 0 or pi for real ones."""
    return angle_of(input)


__all__ = [
    "angle", "complex", "conj", "conj_physical", "imag", "polar", "real", "resolve_conj", "resolve_neg", "view_as_complex",
    "view_as_real",
]
