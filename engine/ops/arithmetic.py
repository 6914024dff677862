"""PyTorch's public arithmetic where it is more than one record: `alpha`, rounding modes, scalars on the left."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import dtypes
from engine.dispatch import _SCALARS
from engine.ops import pointwise as P
from engine.tensor import Tensor

_isinstance = isinstance


def add(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Tensor:
    """``input + alpha * other``."""
    return P.add(
        input,
        other if alpha == 1 else P.mul(other, alpha) if _isinstance(other, Tensor) else other * alpha,
        out=out,
    )


def sub(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Tensor:
    """``input - alpha * other``.

    Raises:
        RuntimeError: for two boolean tensors.
    """
    if _isinstance(input, Tensor) and input.dtype is dtypes.bool_:
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
            "operator instead."
            if _isinstance(other, Tensor) and other.dtype is dtypes.bool_
            else "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a "
            "mask, use the `~` or `logical_not()` operator instead."
        )
    return P.sub(input, other if alpha == 1 else other * alpha, out=out)


def rsub(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """``other - alpha * input``."""
    scaled = input if alpha == 1 else P.mul(input, alpha)
    return P.rsub_tensor(scaled, other) if _isinstance(other, Tensor) else P.rsub(scaled, other)


def neg(input: Tensor, *, out: Any = None) -> Tensor:
    """Each element with the other sign.

    Raises:
        RuntimeError: for a boolean tensor.
    """
    if _isinstance(input, Tensor) and input.dtype is dtypes.bool_:
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, "
            "use the "
            "`~` or `logical_not()` operator instead."
        )
    return P.neg(input, out=out)


def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Tensor:
    """``input / other``; `rounding_mode` ``"floor"`` or ``"trunc"`` rounds the quotient.

    Raises:
        RuntimeError: for another rounding mode, or an integer division by zero.
    """
    if rounding_mode is None:
        return P.div(input, other, out=out)
    if rounding_mode == "floor":
        if not any(_isinstance(v, Tensor) and v.dtype.differentiable for v in (input, other)):
            return floor_divide(input, other, out=out)
        return P.floor_rounded(input, other, out=out)
    if rounding_mode == "trunc":
        return P.trunc_divide(input, other, out=out)
    raise RuntimeError(
        f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
    )


def _no_zero(other: Any) -> None:
    values = other._data if _isinstance(other, Tensor) else np.asarray(other)
    if values.dtype.kind in "biu" and not values.all():
        raise RuntimeError("ZeroDivisionError")


def floor_divide(input: Any, other: Any, *, out: Any = None) -> Tensor:
    """Quotient rounded down."""
    if (not _isinstance(input, Tensor) or not input.dtype.differentiable) and (
        not _isinstance(other, Tensor) or not other.dtype.differentiable
    ):
        _no_zero(other)
    return P.floor_divide(input, other, out=out)


def positive(input: Tensor) -> Tensor:
    """The tensor itself: ``+x``."""
    if input.dtype is dtypes.bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


def remainder(input: Any, other: Any) -> Tensor:
    """Remainder with the divisor's sign, as Python's ``%``."""
    if _isinstance(other, Tensor):
        if _isinstance(input, Tensor) and not input.dtype.differentiable and not other.dtype.differentiable:
            _no_zero(other)
        return P.remainder_tensor(input, other)
    return P.remainder_scalar(input, other)


def fmod(input: Tensor, other: Any) -> Tensor:
    """Remainder with the dividend's sign, as C's ``fmod``."""
    return P.fmod_tensor(input, other) if _isinstance(other, Tensor) else P.fmod_scalar(input, other)


def pow(input: Any, exponent: Any, *, out: Any = None) -> Tensor:
    """``input ** exponent``; either may be a number."""
    if not _isinstance(exponent, Tensor):
        if not _isinstance(exponent, _SCALARS):
            raise TypeError(
                f"pow(): argument 'exponent' (position 2) must be Tensor or Number, not {type(exponent).__name__}"
            )
        return P.pow_tensor_scalar(input, exponent, out=out)
    if not _isinstance(input, Tensor):
        if _isinstance(input, np.generic):
            input = input.item()
        if not exponent.dtype.differentiable:
            return P.pow_tensor(Tensor._wrap(np.asarray(input)), exponent)
        return P.pow_scalar(exponent, input)
    return P.pow_tensor(input, exponent, out=out)


def square(input: Tensor) -> Tensor:
    """Each element times itself."""
    return P.pow_tensor_scalar(input, 2)


def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """Elements of `input` where `condition` holds, else of `other`; with the condition alone, where it holds.

    Raises:
        RuntimeError: for a condition that is no boolean tensor, or shapes that do not broadcast.
    """
    if input is None and other is None:
        from engine.ops.index import nonzero

        return nonzero(condition, as_tuple=True)
    if condition.dtype not in (dtypes.bool_, dtypes.uint8):
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{dtypes.scalar_type_name(condition.dtype)}"
        )
    if not _isinstance(input, Tensor) and not _isinstance(other, Tensor):
        kind = dtypes.result_dtype([], [input, other])
        input, other = (Tensor._wrap(np.asarray(v, kind.numpy)) for v in (input, other))
    elif _isinstance(input, Tensor) and _isinstance(other, Tensor):
        if input.dtype is not other.dtype:
            kind = dtypes.result_dtype([input._data, other._data], [])
            input, other = input.to(kind), other.to(kind)
    else:
        # A number takes the place of a 0-d tensor of the common dtype.
        tensor, number = (input, other) if _isinstance(input, Tensor) else (other, input)
        kind = dtypes.result_dtype([tensor._data], [number])
        made = Tensor._wrap(np.asarray(number, kind.numpy))
        tensor = tensor.to(kind)
        input, other = (tensor, made) if _isinstance(input, Tensor) else (made, tensor)
    return P.where(condition, input, other)


def clamp(input: Tensor, min: Any = None, max: Any = None, *, out: Any = None) -> Tensor:
    """Each element limited to [min, max]; the limits are numbers or tensors, either may be None."""
    if _isinstance(min, Tensor) or _isinstance(max, Tensor):
        return P.clamp_tensor(input, min, max, out=out)
    return P.clamp(input, min, max, out=out)


def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """The input with `value` where `mask` is true."""
    mask, number = mask_and_value(mask, value)
    if _isinstance(value, Tensor):
        return P.masked_fill_tensor(input, value, mask)
    return P.masked_fill(input, mask, number)


def mask_and_value(mask: Tensor, value: Any) -> tuple[Tensor, Any]:
    """What `masked_fill` fills with, checked.

    Raises:
        RuntimeError: for a mask that is not boolean.
    """
    if _isinstance(mask, Tensor) and mask.dtype is not dtypes.bool_:
        raise RuntimeError(
            "masked_fill_ only supports boolean masks, but got mask with dtype " + dtypes.c_name(mask.dtype)
        )
    return mask, value.item() if _isinstance(value, Tensor) else value


def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """Between `input` and `end`, at `weight`."""
    return P.lerp(input, end, weight) if _isinstance(weight, Tensor) else P.lerp_scalar(input, end, weight)


def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor:
    """input + value * tensor1 * tensor2."""
    return P.addcmul(input, tensor1, tensor2, value)


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor:
    """input + value * tensor1 / tensor2."""
    return P.addcdiv(input, tensor1, tensor2, value)


def round(input: Tensor, *, decimals: int | None = None) -> Tensor:
    """Each element rounded to the nearest integer (or decimal), halves to even."""
    return P.round(input) if decimals is None else P.round_decimals(input, decimals)


def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Whether all elements agree to a relative and an absolute tolerance."""
    return bool(P.isclose(input, other, rtol, atol, equal_nan)._data.all())


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether shape and all elements are equal."""
    return input._data.shape == other._data.shape and bool((input._data == other._data).all())


true_divide = divide = div
multiply, subtract, negative, absolute, clip = P.mul, sub, neg, P.abs, clamp
arccos, arcsin, arctan, arctan2 = P.acos, P.asin, P.atan, P.atan2
arccosh, arcsinh, arctanh = P.acosh, P.asinh, P.atanh
greater, greater_equal, less, less_equal, not_equal = P.gt, P.ge, P.lt, P.le, P.ne
acos, acosh, asin, asinh, atan, atan2, atanh, ceil = (
    P.acos,
    P.acosh,
    P.asin,
    P.asinh,
    P.atan,
    P.atan2,
    P.atanh,
    P.ceil,
)
abs, cos, cosh, deg2rad, eq, erf, erfc, exp, exp2, expm1 = (
    P.abs,
    P.cos,
    P.cosh,
    P.deg2rad,
    P.eq,
    P.erf,
    P.erfc,
    P.exp,
    P.exp2,
    P.expm1,
)
floor, frac, ge, gt, hypot, isclose, isfinite, isinf, isnan, le = (
    P.floor,
    P.frac,
    P.ge,
    P.gt,
    P.hypot,
    P.isclose,
    P.isfinite,
    P.isinf,
    P.isnan,
    P.le,
)
log, log10, log1p, log2, logaddexp, logical_and, logical_not, logical_or, logical_xor, logit = (
    P.log,
    P.log10,
    P.log1p,
    P.log2,
    P.logaddexp,
    P.logical_and,
    P.logical_not,
    P.logical_or,
    P.logical_xor,
    P.logit,
)
lt, maximum, minimum, mul, nan_to_num, ne, rad2deg, reciprocal, relu = (
    P.lt,
    P.maximum,
    P.minimum,
    P.mul,
    P.nan_to_num,
    P.ne,
    P.rad2deg,
    P.reciprocal,
    P.relu,
)
rsqrt, sgn, sigmoid, sign, signbit, sin, sinc, sinh, sqrt, tan, tanh, trunc, xlogy = (
    P.rsqrt,
    P.sgn,
    P.sigmoid,
    P.sign,
    P.signbit,
    P.sin,
    P.sinc,
    P.sinh,
    P.sqrt,
    P.tan,
    P.tanh,
    P.trunc,
    P.xlogy,
)
bitwise_and, bitwise_not, bitwise_or, bitwise_xor = P.bitwise_and, P.bitwise_not, P.bitwise_or, P.bitwise_xor
bitwise_left_shift, bitwise_right_shift = P.bitwise_left_shift, P.bitwise_right_shift
fix = P.trunc


def clamp_min(input: Tensor, min: Any, *, out: Any = None) -> Tensor:
    """Each element, at least `min`, a number or a tensor."""
    return (P.clamp_min_tensor if _isinstance(min, Tensor) else P.clamp_min)(input, min, out=out)


def clamp_max(input: Tensor, max: Any, *, out: Any = None) -> Tensor:
    """Each element, at most `max`, a number or a tensor."""
    return (P.clamp_max_tensor if _isinstance(max, Tensor) else P.clamp_max)(input, max, out=out)


__all__ = [
    name
    for name, value in list(globals().items())
    if callable(value)
    and not name.startswith("_")
    and name not in ("Any", "Tensor", "mask_and_value", "composite", "define")
]
