"""The single-precision logarithm, sine and cosine behind PyTorch's `randn`, bit for bit.

PyTorch fills float32 tensors of 16 or more normal numbers with the Box-Muller transform on the vector functions of
its ``avx_mathfun.h`` (after Stephen Moshier's Cephes library), compiled so that a product that is then added is one
fused multiply-add. NumPy has no fused multiply-add; here it is a product and a sum in float64, rounded to float32
once: the product is exact, and the double rounding of the sum changes about one result in 2**29.

Few numbers are what programs draw most, and then only the calls of NumPy count. Hence what looks odd here: constants
are arrays without dimensions, which cost half of what numbers cost, and nearly everything is done in place.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["box_muller"]

Single = npt.NDArray[np.float32]
Double = npt.NDArray[np.float64]

F = np.float32


def _wide(*values: float) -> list[Any]:
    """float32 constants for arithmetic in float64."""
    return [np.array(F(value), np.float64) for value in values]


def _single(value: float) -> Any:
    return np.array(value, F)


LOG = _wide(
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
)
LN2_LOW, LN2_HIGH = _single(-2.12194440e-4), _single(0.693359375)
SQRT_HALF = np.array(F(0.707106781186547524)).view(np.int32)
MANTISSA, MANTISSA_BITS = np.array(0x007FFFFF, np.int32), np.array(23, np.int32)
TWO_PI, FOUR_OVER_PI = _single(2 * math.pi), _single(1.27323954473516)
MINUS_QUARTER_PI, MINUS_REST = _wide(-0.78515625 - 2.4187564849853515625e-4, -3.77489497744594108e-8)
SIN = _wide(-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
COS = _wide(2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
ONE, HALF, MINUS_TWO, ZERO = _single(1), _single(0.5), _single(-2), _single(0)
WIDE_HALF = np.array(0.5)
ODD, EVEN = np.array(1), np.array(~1)
QUARTERS = np.array([1, 0, 1j, 0, -1, 0, -1j, 0, 1], np.complex64)
"""How far the rest of an angle is to be turned, by its octant, which is even: exact, by factors of 0, 1 and -1."""

BLOCKS_AT_ONCE = 1024
"""8,192 pairs: the dozen working arrays stay in the processor's cache."""


def _horner(coefficients: list[Any], x: Double, y: Double, single: Single) -> None:
    """The polynomial with `coefficients`, highest power first, by fused multiply-adds, into `single`; `y` is room."""
    np.multiply(x, coefficients[0], y)
    y += coefficients[1]
    single[...] = y
    for coefficient in coefficients[2:]:
        y[...] = single
        y *= x
        y += coefficient
        single[...] = y


def _fma(x: Single, y: Single, z: Single) -> Single:
    """``x * y + z`` rounded once."""
    wide = x.astype(np.float64)
    wide *= y
    wide += z
    return wide.astype(F)


def _log(u: Single) -> Single:
    """The natural logarithm of normal numbers above 0, which are overwritten."""
    # u is a number from the root of 1/2 to that of 2, times a power of two.
    bits = u.view(np.int32)
    bits -= SQRT_HALF
    exponent = (bits >> MANTISSA_BITS).astype(F)
    bits &= MANTISSA
    bits += SQRT_HALF
    x = u
    x -= ONE
    wide = x.astype(np.float64)
    y, single = np.empty_like(wide), np.empty_like(x)
    _horner(LOG, wide, y, single)
    single *= x
    square = x * x
    y[...] = single
    wide[...] = square
    y *= wide
    wide[...] = exponent * LN2_LOW
    y += wide
    single[...] = y
    square *= HALF
    single -= square
    single += x
    exponent *= LN2_HIGH  # exactly, so that it need not be fused with the sum
    exponent += single
    return exponent


def _cos_sin(angle: Single) -> npt.NDArray[np.complex64]:
    """Cosine (real) and sine (imaginary) of angles from 0 to 2 pi."""
    octant = (angle * FOUR_OVER_PI).astype(np.int64)
    octant += ODD
    octant &= EVEN
    turns = octant.astype(np.float64)
    # The first two of three steps from the angle to its rest are exact together in float64.
    y = turns * MINUS_QUARTER_PI
    wide = angle.astype(np.float64)
    y += wide
    single = y.astype(F)
    y[...] = single
    turns *= MINUS_REST
    turns += y
    x = turns.astype(F)
    square = x * x
    wide[...] = square
    turned = np.empty(x.shape, np.complex64)
    _horner(SIN, wide, y, single)
    single *= square
    y[...] = single
    turns[...] = x
    y *= turns
    y += turns
    turned.imag = y
    _horner(COS, wide, y, single)
    single *= square
    y[...] = single
    y *= wide
    wide *= WIDE_HALF
    y -= wide
    single[...] = y
    single += ONE
    turned.real = single
    turned *= QUARTERS.take(octant)
    return turned


def box_muller(blocks: Single, mean: float, std: float) -> None:
    """Turn uniform numbers into normal ones, in place.

    `blocks` is float32 of shape (n, 16) with values in [0, 1); within a row, element i and element i + 8 make the
    cosine and the sine of one pair. The results have the given mean and standard deviation.
    """
    for start in range(0, len(blocks), BLOCKS_AT_ONCE):
        part = blocks[start : start + BLOCKS_AT_ONCE]
        first, second = part[:, :8], part[:, 8:]
        radius = _log((ONE - first).reshape(-1))
        radius *= MINUS_TWO
        np.sqrt(radius, radius)
        turned = _cos_sin((second * TWO_PI).reshape(-1))
        cos, sin = radius * turned.real, radius * turned.imag
        if std == 1 and mean == 0:
            cos += ZERO  # -0.0 too is 0.0 after the sum
            sin += ZERO
        else:
            scale, shift = _single(std), _single(mean)
            cos, sin = _fma(cos, scale, shift), _fma(sin, scale, shift)
        first[...] = cos.reshape(-1, 8)
        second[...] = sin.reshape(-1, 8)
