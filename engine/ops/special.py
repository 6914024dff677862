"""Special functions, elementwise. Values are SciPy's; it is imported when the first of them is called."""

from __future__ import annotations

import importlib
import math
from typing import Any, NamedTuple

import numpy as np

from engine import backend, dtypes
from engine.define import define
from engine.dispatch import _SCALARS
from engine.fused import fused
from engine.ops import arithmetic as A
from engine.ops import pointwise as P
from engine.printing import return_type
from engine.registry import CONSTANT, GENERAL, POINTWISE
from engine.tensor import Tensor


def preload() -> None:
    """Import SciPy now, for a process that will be forked or will lose the right to read files."""
    importlib.import_module("scipy.special")
    importlib.import_module("scipy.linalg")


def _scipy(xp: Any, name: str, *arrays: Any) -> Any:
    special = backend.scipy(xp, "special")
    function = getattr(special, name, None) or backend.on_host(getattr(importlib.import_module("scipy.special"), name))
    kind = next(a.dtype for a in reversed(arrays) if hasattr(a, "dtype"))
    return xp.asarray(function(*arrays), dtype=kind)


# --- Gamma -----------------------------------------------------------------------------------------------------------

lgamma = define("lgamma", POINTWISE, dtypes="float",
    forward=lambda xp, input: _scipy(xp, "gammaln", input),
    vjp=(lambda F, g, input: g * F.digamma(input),),
    domain=(0.3, 4.0), doc="Logarithm of the absolute value of the gamma function.")

digamma = define("digamma", POINTWISE, dtypes="float",
    forward=lambda xp, input: xp.where(input == 0, xp.copysign(xp.asarray(np.inf, input.dtype), -input), _scipy(xp, "digamma", input)),
    vjp=(lambda F, g, input: g * F.polygamma_of(input, 1),),
    domain=(0.3, 4.0), doc="Derivative of the logarithm of the gamma function.")

polygamma_of = define("polygamma_of", POINTWISE, dtypes="float", inputs=1, grad="PolygammaBackward0", aten="aten::polygamma",
    forward=lambda xp, input, n: digamma_forward(xp, input) if n == 0 else _scipy(xp, "polygamma", n, input),
    vjp=(lambda F, g, input, n: g * F.polygamma_of(input, n + 1),),
    domain=(0.3, 4.0), doc="The n-th derivative of digamma.")


def digamma_forward(xp: Any, x: Any) -> Any:
    return _scipy(xp, "digamma", x)


def polygamma(input: Any, other: Any) -> Tensor:
    """The n-th derivative of digamma: ``polygamma(n, x)``, or ``x.polygamma(n)``."""
    return polygamma_of(input, other) if isinstance(input, Tensor) else polygamma_of(other, input)


def _mvlgamma(input: Any, p: int) -> Any:
    if input.dtype.differentiable is False:
        input = input.to(dtypes.get_default_dtype())
    total: Any = p * (p - 1) / 4 * math.log(math.pi)
    for k in range(p):
        total = lgamma(input - k / 2) + total
    return total


mvlgamma = fused("mvlgamma", _mvlgamma, inputs=1, formula=r"\sum_k \psi(x_i - k/2)",
    doc="Logarithm of the multivariate gamma function of dimension p.")

# --- Bessel ----------------------------------------------------------------------------------------------------------

i0 = define("i0", POINTWISE, dtypes="float",
    forward=lambda xp, input: _scipy(xp, "i0", input),
    vjp=(lambda F, g, input: g * F.special_i1(input),),
    domain=(0.2, 3.0), doc="Modified Bessel function of order 0.")

i0e = define("special_i0e", POINTWISE, dtypes="float", grad="SpecialI0EBackward0",
    forward=lambda xp, input: _scipy(xp, "i0e", input),
    vjp=(lambda F, g, input, y: g * (F.special_i1e(input) - F.sgn(input) * y),),
    domain=(0.2, 3.0), doc="i0 times exp(-|x|).")

i1 = define("special_i1", POINTWISE, dtypes="float", grad="SpecialI1Backward0",
    forward=lambda xp, input: _scipy(xp, "i1", input),
    vjp=(lambda F, g, input, y: g * F.where(F.eq(input, 0), 0.5, F.i0(input) - y / F.where(F.eq(input, 0), 1.0, input)),),
    domain=(0.2, 3.0), doc="Modified Bessel function of order 1.")

i1e = define("special_i1e", POINTWISE, dtypes="float", grad="SpecialI1EBackward0",
    forward=lambda xp, input: _scipy(xp, "i1e", input),
    vjp=(lambda F, g, input, y: g * F.where(
        F.eq(input, 0), 0.5, F.special_i0e(input) - y * (F.sgn(input) + 1 / F.where(F.eq(input, 0), 1.0, input))),),
    domain=(0.2, 3.0), doc="i1 times exp(-|x|).")

# --- Of the normal distribution --------------------------------------------------------------------------------------

erfinv = define("erfinv", POINTWISE, dtypes="float",
    forward=lambda xp, input: _scipy(xp, "erfinv", input),
    vjp=(lambda F, g, y: 0.5 * math.sqrt(math.pi) * F.exp(y * y) * g,),
    domain=(-0.8, 0.8), doc="Inverse of the error function.")

erfcx = define("special_erfcx", POINTWISE, dtypes="float",
    forward=lambda xp, input: _scipy(xp, "erfcx", input),
    vjp=(lambda F, g, input, y: (2 * input * y - 2 / math.sqrt(math.pi)) * g,),
    domain=(-1.0, 2.0), doc="exp(x^2) erfc(x).")

ndtri = define("special_ndtri", POINTWISE, dtypes="float",
    forward=lambda xp, input: _scipy(xp, "ndtri", input),
    vjp=(lambda F, g, y: math.sqrt(2 * math.pi) * F.exp(y * y / 2) * g,),
    domain=(0.1, 0.9), doc="Where the normal distribution function has this value.")

log_ndtr = define("special_log_ndtr", POINTWISE, dtypes="float",
    forward=lambda xp, input: _scipy(xp, "log_ndtr", input),
    vjp=(lambda F, g, input: g / F.special_erfcx(input * -math.sqrt(0.5)) * math.sqrt(2 / math.pi),),
    domain=(-2.0, 2.0), formula=r"\frac{\varphi(x)}{\Phi(x)}", doc="Logarithm of the normal distribution function.")

# --- Entropy and logarithms ------------------------------------------------------------------------------------------

entr = define("special_entr", POINTWISE, dtypes="float",
    forward=lambda xp, input: _scipy(xp, "entr", input),
    vjp=(lambda F, g, input: g * (-1 - F.log(input)),),
    domain=(0.2, 2.0), doc="-x log(x).")

xlog1py = define("special_xlog1py", POINTWISE, dtypes="float", grad="SpecialXlog1PyBackward0",
    forward=lambda xp, input, other: xp.where((input == 0) & ~xp.isnan(other), input * 0, input * xp.log1p(other)),
    vjp=(lambda F, g, input, other: g * F.where(F.logical_and(F.eq(input, 0), F.le(other, -1)), 0.0, F.log1p(other)),
         lambda F, g, input, other: g * (input / (other + 1))),
    domain=(0.3, 2.0), formula=r"\ln(1 + b),\ \frac{a}{1 + b}", doc="a log(1 + b); 0 where a is 0.")

logaddexp2 = define("logaddexp2", POINTWISE, dtypes="float",
    forward="logaddexp2",
    vjp=(lambda F, g, input, y: g * F.exp2(input - y), lambda F, g, other, y: g * F.exp2(other - y)),
    domain=(-2.0, 2.0), doc="log2(2^a + 2^b).")

# --- Parts of a floating-point number --------------------------------------------------------------------------------

ldexp = define("ldexp", POINTWISE, dtypes="float",
    forward=lambda xp, input, other: input * xp.exp2(other),
    vjp=(lambda F, g, other: g * F.exp2(other), lambda F, g, y: g * (y * math.log(2))),
    domain=(-2.0, 2.0), doc="input times 2 to the power of other.")

frexp_of = define("frexp", GENERAL, outputs=2,
    forward="frexp",
    vjp=(lambda F, g, y1: g[0] / 2.0 ** y1 if not F.recording else g[0] / Tensor._wrap(np.exp2(y1._data).astype(g[0]._data.dtype)),),
    formula=r"g\,2^{-e}", doc="Mantissa in [0.5, 1) and exponent.")


@return_type("frexp")
class _Frexp(NamedTuple):
    mantissa: Tensor
    exponent: Tensor


def frexp(input: Tensor) -> Any:
    """(mantissa in [0.5, 1), exponent) of each element."""
    return _Frexp(*frexp_of(input))

copysign_tensor = define("copysign", POINTWISE, dtypes="float",
    forward="copysign",
    vjp=(lambda F, g, input, y: F.where(F.eq(input, 0), 0.0, g * (y / F.where(F.eq(input, 0), 1.0, input))),
         lambda F, g: F.zeros_like(g)),
    domain=(0.3, 2.0), doc="The size of input with the sign of other.")

copysign_scalar = define("copysign_scalar", POINTWISE, dtypes="float", inputs=1, grad="CopysignBackward1", aten="aten::copysign",
    forward=lambda xp, input, other: xp.copysign(input, input.dtype.type(other)),
    vjp=(lambda F, g, input, y: F.where(F.eq(input, 0), 0.0, g * (y / F.where(F.eq(input, 0), 1.0, input))),),
    domain=(0.3, 2.0), doc="The size of input with the sign of a number.")


def copysign(input: Tensor, other: Any) -> Tensor:
    """The size of `input` with the sign of `other`, a tensor or a number."""
    return copysign_scalar(input, other) if isinstance(other, _SCALARS) else copysign_tensor(input, other)


nextafter = define("nextafter", POINTWISE,
    forward="nextafter",
    vjp=(lambda F, g, input, other: F.where(F.eq(input, other), 0.0, g), lambda F, g, input, other: F.where(F.eq(input, other), g, 0.0)),
    domain=(-2.0, 2.0), doc="The next number after input towards other.")

fmax = define("fmax", POINTWISE,
    forward="fmax",
    vjp=(lambda F, g, input, other: F.where(F.logical_or(F.ge(input, other), F.isnan(other)), g, 0.0),
         lambda F, g, input, other: F.where(F.logical_or(F.ge(input, other), F.isnan(other)), 0.0, g)),
    domain=(-2.0, 2.0), formula=r"[a \ge b],\ [a < b]", doc="The larger of two, elementwise; a number rather than NaN.")

fmin = define("fmin", POINTWISE,
    forward="fmin",
    vjp=(lambda F, g, input, other: F.where(F.logical_or(F.le(input, other), F.isnan(other)), g, 0.0),
         lambda F, g, input, other: F.where(F.logical_or(F.le(input, other), F.isnan(other)), 0.0, g)),
    domain=(-2.0, 2.0), formula=r"[a \le b],\ [a > b]", doc="The smaller of two, elementwise; a number rather than NaN.")

gcd = define("gcd", CONSTANT, inputs=2, dtypes="promote",
    forward="gcd", doc="Greatest common divisor.")
lcm = define("lcm", CONSTANT, inputs=2, dtypes="promote",
    forward="lcm", doc="Least common multiple.")


heaviside = define("heaviside", CONSTANT, inputs=2, dtypes="promote",
    forward=lambda xp, input, values: xp.heaviside(input, values).astype(input.dtype), doc="0 below 0, 1 above, the value given at 0.")

igamma = define("igamma", POINTWISE, inputs=2, dtypes="float",
    forward=lambda xp, input, other: _scipy(xp, "gammainc", input, other),
    vjp=(None, lambda F, g, input, other: g * F.exp((input - 1.0) * F.log(other) - other - F.lgamma(input))),
    domain=(0.5, 3.0), formula=r"\frac{x^{a - 1} e^{-x}}{\Gamma(a)}", doc="The lower incomplete gamma function, as a share of the whole.")
igammac = define("igammac", POINTWISE, inputs=2, dtypes="float",
    forward=lambda xp, input, other: _scipy(xp, "gammaincc", input, other),
    vjp=(None, lambda F, g, input, other: -g * F.exp((input - 1.0) * F.log(other) - other - F.lgamma(input))),
    domain=(0.5, 3.0), formula=r"-\frac{x^{a - 1} e^{-x}}{\Gamma(a)}", doc="The upper incomplete gamma function, as a share of the whole.")
zeta = define("zeta", POINTWISE, inputs=2, dtypes="float", aten="aten::special_zeta", grad="SpecialZetaBackward0",
    forward=lambda xp, input, other: _scipy(xp, "zeta", input, other),
    vjp=(None, lambda F, g, input, other: -g * input * F.zeta(input + 1.0, other)),
    domain=(1.5, 4.0), doc="The Hurwitz zeta function.")


# --- Without a derivative, as in PyTorch -----------------------------------------------------------------------------

_OF_ONE = {
    "airy_ai": ("airy", "Airy's function Ai."),
    "bessel_j0": ("j0", "Bessel's function of the first kind, of order 0."),
    "bessel_j1": ("j1", "Bessel's function of the first kind, of order 1."),
    "bessel_y0": ("y0", "Bessel's function of the second kind, of order 0."),
    "bessel_y1": ("y1", "Bessel's function of the second kind, of order 1."),
    "modified_bessel_i0": ("i0", "The modified Bessel function of the first kind, of order 0."),
    "modified_bessel_i1": ("i1", "The modified Bessel function of the first kind, of order 1."),
    "modified_bessel_k0": ("k0", "The modified Bessel function of the second kind, of order 0."),
    "modified_bessel_k1": ("k1", "The modified Bessel function of the second kind, of order 1."),
    "scaled_modified_bessel_k0": ("k0e", "The modified Bessel function k0, times exp(x)."),
    "scaled_modified_bessel_k1": ("k1e", "The modified Bessel function k1, times exp(x)."),
    "spherical_bessel_j0": ("spherical_jn", "The spherical Bessel function of order 0."),
}
_OF_DEGREE = {
    "chebyshev_polynomial_t": ("eval_chebyt", "Chebyshev's polynomials of the first kind."),
    "chebyshev_polynomial_u": ("eval_chebyu", "Chebyshev's polynomials of the second kind."),
    "hermite_polynomial_h": ("eval_hermite", "Hermite's polynomials."),
    "hermite_polynomial_he": ("eval_hermitenorm", "The probabilist's Hermite polynomials."),
    "laguerre_polynomial_l": ("eval_laguerre", "Laguerre's polynomials."),
    "legendre_polynomial_p": ("eval_legendre", "Legendre's polynomials."),
    "shifted_chebyshev_polynomial_t": ("eval_sh_chebyt", "Chebyshev's polynomials of the first kind on [0, 1]."),
    "shifted_chebyshev_polynomial_u": ("eval_sh_chebyu", "Chebyshev's polynomials of the second kind on [0, 1]."),
}


def _of_one(name: str, scipy: str, doc: str) -> Any:
    def forward(xp: Any, input: Any) -> Any:
        if scipy == "airy":
            return xp.asarray(backend.on_host(importlib.import_module("scipy.special").airy)(input)[0], dtype=input.dtype)
        return _scipy(xp, scipy, 0, input) if scipy == "spherical_jn" else _scipy(xp, scipy, input)

    return define(name, CONSTANT, inputs=1, dtypes="float", aten=f"aten::special_{name}", forward=forward, doc=doc)


def _of_degree(name: str, scipy: str, doc: str) -> Any:
    def forward(xp: Any, input: Any, n: Any) -> Any:
        return _scipy(xp, scipy, n.astype(np.int64) if hasattr(n, "astype") else int(n), input)

    return define(name, CONSTANT, inputs=2, dtypes="float", aten=f"aten::special_{name}", forward=forward, doc=doc)


UNTRACKED = {
    **{name: _of_one(name, *rest) for name, rest in _OF_ONE.items()},
    **{name: _of_degree(name, *rest) for name, rest in _OF_DEGREE.items()},
}


# --- Made of others --------------------------------------------------------------------------------------------------


def ndtr(input: Any) -> Tensor:
    """The normal distribution function."""
    return P.mul_scalar(P.erf(P.mul_scalar(input, math.sqrt(0.5))) + 1, 0.5)


def float_power(input: Any, exponent: Any) -> Tensor:
    """``input ** exponent`` in double precision."""
    wide = dtypes.float64

    def doubled(value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        return value.to(dtypes.complex128 if value.dtype.is_complex else wide)

    if isinstance(input, Tensor) or isinstance(exponent, Tensor):
        return A.pow(doubled(input), doubled(exponent))
    raise TypeError("float_power(): expected a tensor among its arguments, got two numbers")


special_digamma = psi = digamma
__all__ = [
    "copysign", "digamma", "erfinv", "float_power", "fmax", "fmin", "frexp", "gcd", "heaviside", "i0", "igamma", "igammac", "lcm", "ldexp", "lgamma",
    "logaddexp2", "mvlgamma", "nextafter", "polygamma",
]
