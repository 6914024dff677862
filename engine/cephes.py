"""The single-precision logarithm, sine and cosine behind PyTorch's `randn`, bit for bit.

PyTorch fills float32 tensors of 16 or more normal numbers with the Box-Muller transform on the vector functions of
its ``avx_mathfun.h`` (after Stephen Moshier's Cephes library), compiled so that a product that is then added is one
fused multiply-add. NumPy has no fused multiply-add; here it is a product and a sum in float64, rounded to float32
once: the product is exact, and the double rounding of the sum changes about one result in 2**29.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["box_muller"]

Single = npt.NDArray[np.float32]
Double = npt.NDArray[np.float64]

F = np.float32
LOG = [
    float(F(p))
    for p in (
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
]
LN2_LOW, LN2_HIGH = F(-2.12194440e-4), float(F(0.693359375))
SQRT_HALF = F(0.707106781186547524)
FOUR_OVER_PI = F(1.27323954473516)
QUARTER_PI = [float(F(p)) for p in (-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8)]
SIN = [float(F(p)) for p in (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)]
COS = [float(F(p)) for p in (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)]
ONE, HALF = F(1), F(0.5)

BLOCKS_AT_ONCE = 1024
"""8,192 pairs: the dozen working arrays stay in the processor's cache."""


def _horner(coefficients: list[float], x: Single) -> Single:
    """The polynomial with `coefficients`, highest power first, by fused multiply-adds."""
    wide = x.astype(np.float64)
    y = wide * coefficients[0]
    y += coefficients[1]
    single = y.astype(np.float32)
    for coefficient in coefficients[2:]:
        y[...] = single
        y *= wide
        y += coefficient
        single[...] = y
    return single


def _fma(x: Single, y: Single | np.float32 | float, z: Single | np.float32) -> Single:
    """``x * y + z`` rounded once."""
    wide = x.astype(np.float64)
    wide *= y
    wide += z
    return wide.astype(np.float32)


def _log(u: Single) -> Single:
    """The natural logarithm of normal numbers above 0."""
    bits = u.view(np.uint32)
    mantissa = ((bits & np.uint32(0x007FFFFF)) | np.uint32(0x3F000000)).view(np.float32)
    below = mantissa < SQRT_HALF
    exponent = ((bits >> np.uint32(23)).astype(np.int32) - (126 + below)).astype(np.float32)
    x = mantissa - ONE
    np.add(x, mantissa, out=x, where=below)
    square = x * x
    y = _fma(_horner(LOG, x) * x, square, exponent * LN2_LOW)
    y -= square * HALF
    x += y
    return _fma(exponent, LN2_HIGH, x)


def _cos_sin(angle: Single) -> tuple[Single, Single]:
    """Cosine and sine of angles from 0 to 2 pi."""
    octant = (angle * FOUR_OVER_PI).astype(np.int32)
    octant += 1
    octant &= ~1
    turns = octant.astype(np.float32)
    x = angle
    for part in QUARTER_PI:
        x = _fma(turns, part, x)
    square = x * x
    cosine = _fma(_horner(COS, square) * square, square, square * -HALF)
    cosine += ONE
    sine = _fma(_horner(SIN, square) * square, x, x)
    swapped = (octant & 2) != 0
    cos, sin = np.where(swapped, sine, cosine), np.where(swapped, cosine, sine)
    np.negative(cos, out=cos, where=((octant - 2) & 4) == 0)
    np.negative(sin, out=sin, where=(octant & 4) != 0)
    return cos, sin


def box_muller(blocks: Single, mean: float, std: float) -> None:
    """Turn uniform numbers into normal ones, in place.

    `blocks` is float32 of shape (n, 16) with values in [0, 1); within a row, element i and element i + 8 make the
    cosine and the sine of one pair. The results have the given mean and standard deviation.
    """
    scale, shift = F(std), F(mean)
    for start in range(0, len(blocks), BLOCKS_AT_ONCE):
        part = blocks[start : start + BLOCKS_AT_ONCE]
        radius = _log(ONE - part[:, :8])
        radius *= F(-2)
        np.sqrt(radius, out=radius)
        cos, sin = _cos_sin(part[:, 8:] * F(2 * math.pi))
        if scale == 1 and shift == 0:
            np.multiply(radius, cos, out=part[:, :8])
            np.multiply(radius, sin, out=part[:, 8:])
            part += F(0)  # -0.0 too is 0.0 after the sum
        else:
            part[:, :8] = _fma(radius * cos, scale, shift)
            part[:, 8:] = _fma(radius * sin, scale, shift)
