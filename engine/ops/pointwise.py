"""Elementwise operations: one record each, the derivative beside the formula."""

from __future__ import annotations

import builtins
import math
import warnings
from typing import Any

import numpy as np

from engine import backend
from engine.define import define
from engine.ops.rounding import precise
from engine.registry import CONSTANT, LINEAR, POINTWISE
from engine.tensor import Tensor

# --- One input -------------------------------------------------------------------------------------------------------

sin = define("sin", POINTWISE, dtypes="float",
    forward=lambda xp, input: precise(xp.sin, input),
    vjp=(lambda F, g, input: g * F.cos(input),),
    domain=(-6.5, 6.5), doc="Sine, elementwise, in radians.")

cos = define("cos", POINTWISE, dtypes="float",
    forward=lambda xp, input: precise(xp.cos, input),
    vjp=(lambda F, g, input: g * -F.sin(input),),
    domain=(-6.5, 6.5), doc="Cosine, elementwise, in radians.")

tan = define("tan", POINTWISE, dtypes="float",
    forward=lambda xp, input: precise(xp.tan, input),
    vjp=(lambda F, g, y: g * (1 + y * y),),
    domain=(-1.4, 1.4), doc="Tangent, elementwise, in radians.")

asin = define("asin", POINTWISE, dtypes="float",
    forward=lambda xp, input: precise(xp.arcsin, input),
    vjp=(lambda F, g, input: g * F.rsqrt(1 - input * input),),
    domain=(-0.95, 0.95), doc="Inverse sine, elementwise.")

acos = define("acos", POINTWISE, dtypes="float",
    forward=lambda xp, input: precise(xp.arccos, input),
    vjp=(lambda F, g, input: g * -F.rsqrt(1 - input * input),),
    domain=(-0.95, 0.95), doc="Inverse cosine, elementwise.")

atan = define("atan", POINTWISE, dtypes="float",
    forward=lambda xp, input: precise(xp.arctan, input),
    vjp=(lambda F, g, input: g / (input * input + 1),),
    domain=(-4.0, 4.0), doc="Inverse tangent, elementwise.")

sinh = define("sinh", POINTWISE, dtypes="float",
    forward=lambda xp, input: precise(xp.sinh, input),
    vjp=(lambda F, g, input: g * F.cosh(input),),
    domain=(-3.0, 3.0), doc="Hyperbolic sine, elementwise.")

cosh = define("cosh", POINTWISE, dtypes="float",
    forward=lambda xp, input: precise(xp.cosh, input),
    vjp=(lambda F, g, input: g * F.sinh(input),),
    domain=(-3.0, 3.0), doc="Hyperbolic cosine, elementwise.")

tanh = define("tanh", POINTWISE, dtypes="float",
    forward=lambda xp, input: precise(xp.tanh, input),
    vjp=(lambda F, g, y: g * (1 - y * y),),
    domain=(-3.0, 3.0), doc="Hyperbolic tangent, elementwise.")

asinh = define("asinh", POINTWISE, dtypes="float",
    forward=lambda xp, input: precise(xp.arcsinh, input),
    vjp=(lambda F, g, input: g * F.rsqrt(input * input + 1),),
    domain=(-3.0, 3.0), doc="Inverse hyperbolic sine, elementwise.")

acosh = define("acosh", POINTWISE, dtypes="float",
    forward=lambda xp, input: precise(xp.arccosh, input),
    vjp=(lambda F, g, input: g * F.rsqrt(input * input - 1),),
    domain=(1.1, 4.0), doc="Inverse hyperbolic cosine, elementwise.")

atanh = define("atanh", POINTWISE, dtypes="float",
    forward=lambda xp, input: precise(xp.arctanh, input),
    vjp=(lambda F, g, input: g * (1 / (1 - input * input)),),
    domain=(-0.9, 0.9), doc="Inverse hyperbolic tangent, elementwise.")

exp = define("exp", POINTWISE, dtypes="float",
    forward=lambda xp, input: precise(xp.exp, input),
    vjp=(lambda F, g, y: g * y,),
    domain=(-3.0, 3.0), doc="e to the power of each element.")

exp2 = define("exp2", POINTWISE, dtypes="float",
    forward=lambda xp, input: precise(xp.exp2, input),
    vjp=(lambda F, g, y: g * y * math.log(2),),
    domain=(-3.0, 3.0), doc="2 to the power of each element.")

expm1 = define("expm1", POINTWISE, dtypes="float",
    forward=lambda xp, input: precise(xp.expm1, input),
    vjp=(lambda F, g, y: g * (y + 1),),
    domain=(-3.0, 3.0), doc="e to the power of each element, minus 1, accurate near 0.")

log = define("log", POINTWISE, dtypes="float",
    forward=lambda xp, input: precise(xp.log, input),
    vjp=(lambda F, g, input: g / input,),
    domain=(0.1, 4.0), doc="Natural logarithm, elementwise.")

log2 = define("log2", POINTWISE, dtypes="float",
    forward=lambda xp, input: precise(xp.log2, input),
    vjp=(lambda F, g, input: g / (input * 0.6931471805599453),),
    domain=(0.1, 4.0), doc="Logarithm to base 2, elementwise.")

log10 = define("log10", POINTWISE, dtypes="float",
    forward=lambda xp, input: precise(xp.log10, input),
    vjp=(lambda F, g, input: g / (input * 2.3025850929940456),),
    domain=(0.1, 4.0), doc="Logarithm to base 10, elementwise.")

log1p = define("log1p", POINTWISE, dtypes="float", grad="Log1PBackward0",
    forward=lambda xp, input: precise(xp.log1p, input),
    vjp=(lambda F, g, input: g / (input + 1),),
    domain=(-0.8, 4.0), doc="Natural logarithm of 1 + each element, accurate near 0.")

sqrt = define("sqrt", POINTWISE, dtypes="float",
    forward="sqrt",
    vjp=(lambda F, g, y: g / (2 * y),),
    domain=(0.1, 4.0), doc="Square root, elementwise.")

rsqrt = define("rsqrt", POINTWISE, dtypes="float",
    forward=lambda xp, input: 1 / xp.sqrt(input),
    vjp=(lambda F, g, y: -0.5 * g * (y * y * y),),
    domain=(0.1, 4.0), doc="1 over the square root, elementwise.")

reciprocal = define("reciprocal", POINTWISE, dtypes="float",
    forward=lambda xp, input: 1 / input,
    vjp=(lambda F, g, y: -g * (y * y),),
    domain=(0.3, 4.0), doc="1 over each element.")

neg = define("neg", POINTWISE,
    forward=lambda xp, input: -input,
    vjp=(lambda F, g: -g,),
    domain=(-3.0, 3.0), doc="Each element with the other sign.")

abs = define("abs", POINTWISE, holomorphic=False,
    forward="abs",
    vjp=(lambda F, g, input: g * F.sgn(input),),
    domain=(0.2, 3.0), doc="Absolute value, elementwise.")

sigmoid = define("sigmoid", POINTWISE, dtypes="float",
    forward=lambda xp, input: _sigmoid(xp, input),
    vjp=(lambda F, g, y: g * ((1 - y) * y),),
    domain=(-4.0, 4.0), doc="Logistic function 1 / (1 + exp(-x)), elementwise.")

relu = define("relu", POINTWISE,
    forward=lambda xp, input: xp.maximum(input, input.dtype.type(0)),
    vjp=(lambda F, g, y: F.threshold_backward(g, y),),
    domain=(-2.0, 2.0), doc="max(x, 0), elementwise.")

threshold_backward = define("threshold_backward", POINTWISE,
    forward=lambda xp, grad_output, input: _where_not_below(xp, grad_output, input),
    vjp=(lambda F, g, input: F.threshold_backward(g, input), lambda F, g: F.zeros_like(g)),
    domain=(0.2, 2.0), doc="The gradient of relu.")

erf = define("erf", POINTWISE, dtypes="float",
    forward=lambda xp, input: _by_math(xp, math.erf, input),
    vjp=(lambda F, g, input: 2 / math.sqrt(math.pi) * F.exp(-(input * input)) * g,),
    domain=(-2.0, 2.0), doc="Error function, elementwise.")

erfc = define("erfc", POINTWISE, dtypes="float",
    forward=lambda xp, input: _by_math(xp, math.erfc, input),
    vjp=(lambda F, g, input: -2 / math.sqrt(math.pi) * F.exp(-(input * input)) * g,),
    domain=(-2.0, 2.0), doc="1 minus the error function, elementwise.")

sinc = define("sinc", POINTWISE, dtypes="float",
    forward="sinc",
    vjp=(lambda F, g, input: g * F.where(
        F.eq(input, 0), input * 0,
        (F.cos(math.pi * input) * (math.pi * input) - F.sin(math.pi * input)) / (math.pi * input * input)),),
    domain=(0.2, 2.0), doc="sin(pi x) / (pi x), elementwise; 1 at 0.")

logit = define("logit", POINTWISE, dtypes="float", inputs=1,
    forward=lambda xp, input, eps=None: _logit(xp, input, eps),
    vjp=(lambda F, g, input, eps: _logit_vjp(F, g, input, eps),),
    domain=(0.1, 0.9), formula=r"\frac{1}{x\,(1 - x)}", doc="log(x / (1 - x)), elementwise.")

deg2rad = define("deg2rad", POINTWISE, dtypes="float", grad="Deg2RadBackward0",
    forward="deg2rad",
    vjp=(lambda F, g: g * (math.pi / 180),),
    domain=(-180.0, 180.0), doc="Degrees to radians, elementwise.")

rad2deg = define("rad2deg", POINTWISE, dtypes="float", grad="Rad2DegBackward0",
    forward="rad2deg",
    vjp=(lambda F, g: g * (180 / math.pi),),
    domain=(-3.0, 3.0), doc="Radians to degrees, elementwise.")

sgn = define("sgn", POINTWISE, holomorphic=False,
    forward="sign",
    vjp=(lambda F, g, input, y: _sgn_vjp(F, g, input, y),),
    domain=(0.2, 3.0), formula="0", doc="Sign of each element: -1, 0 or 1.")

sign = define("sign", POINTWISE,
    forward="sign",
    vjp=(lambda F, g: F.zeros_like(g),),
    domain=(0.2, 3.0), doc="Sign of each element: -1, 0 or 1.")

floor = define("floor", POINTWISE,
    forward="floor",
    vjp=(lambda F, g: F.zeros_like(g),),
    domain=(0.2, 0.8), doc="The largest integer not above each element.")

ceil = define("ceil", POINTWISE,
    forward="ceil",
    vjp=(lambda F, g: F.zeros_like(g),),
    domain=(0.2, 0.8), doc="The smallest integer not below each element.")

trunc = define("trunc", POINTWISE,
    forward="trunc",
    vjp=(lambda F, g: F.zeros_like(g),),
    domain=(0.2, 0.8), doc="Each element without its fraction.")

frac = define("frac", POINTWISE,
    forward=lambda xp, input: input - xp.trunc(input),
    vjp=(lambda F, g: g,),
    domain=(0.2, 0.8), doc="The fraction of each element, with its sign.")

round = define("round", POINTWISE,
    forward="round",
    vjp=(lambda F, g: F.zeros_like(g),),
    domain=(0.6, 1.4), doc="Each element rounded to the nearest integer, halves to even.")

round_decimals = define("round_decimals", POINTWISE, inputs=1, grad="RoundBackward1", aten="aten::round",
    forward=lambda xp, input, decimals: xp.round(input, decimals),
    vjp=(lambda F, g: F.zeros_like(g),),
    domain=(0.6, 1.4), doc="Each element rounded to so many decimals, halves to even.")

nan_to_num = define("nan_to_num", POINTWISE,
    forward=lambda xp, input, nan=0.0, posinf=None, neginf=None: xp.nan_to_num(
        input, nan=nan if nan is not None else 0.0, posinf=posinf, neginf=neginf),
    vjp=(lambda F, g, input: F.where(F.isfinite(input), g, 0.0),),
    domain=(-3.0, 3.0), doc="NaN and infinities replaced by numbers.")

clamp = define("clamp", POINTWISE, inputs=1, grad="ClampBackward1",
    forward=lambda xp, input, min=None, max=None: _clamp(xp, input, min, max),
    vjp=(lambda F, g, input, min, max: F.where(_inside(F, input, min, max), g, 0.0),),
    domain=(-2.0, 2.0), doc="Each element limited to [min, max].")

clamp_min = define("clamp_min", POINTWISE, inputs=1,
    forward=lambda xp, input, min: xp.maximum(input, min),
    vjp=(lambda F, g, input, min: F.where(F.ge(input, min), g, 0.0),),
    domain=(-2.0, 2.0), doc="Each element, at least min.")

clamp_max = define("clamp_max", POINTWISE, inputs=1,
    forward=lambda xp, input, max: xp.minimum(input, max),
    vjp=(lambda F, g, input, max: F.where(F.le(input, max), g, 0.0),),
    domain=(-2.0, 2.0), doc="Each element, at most max.")

clamp_tensor = define("clamp_tensor", POINTWISE, inputs=3, grad="ClampBackward0", aten="aten::clamp",
    forward=lambda xp, input, min, max: _clamp(xp, input, min, max),
    vjp=(lambda F, g, input, min, max: F.where(_inside(F, input, min, max), g, 0.0),
         lambda F, g, input, min, max: F.where(
             F.lt(input, min) if max is None else F.logical_and(F.lt(min, max), F.lt(input, min)), g, 0.0),
         lambda F, g, input, min, max: F.where(
             F.gt(input, max) if min is None else F.logical_or(F.gt(input, max), F.lt(max, min)), g, 0.0)),
    domain=(-2.0, 2.0), formula=r"[a \le x \le b],\ [x < a],\ [x > b]", doc="Each element limited by tensors.")

clamp_min_tensor = define("clamp_min_tensor", POINTWISE, grad="ClampMinBackward1", aten="aten::clamp_min",
    forward=lambda xp, input, min: xp.maximum(input, min),
    vjp=(lambda F, g, input, min: F.where(F.ge(input, min), g, 0.0), lambda F, g, input, min: F.where(F.lt(input, min), g, 0.0)),
    domain=(-2.0, 2.0), doc="Each element, at least that of another tensor.")

clamp_max_tensor = define("clamp_max_tensor", POINTWISE, grad="ClampMaxBackward1", aten="aten::clamp_max",
    forward=lambda xp, input, max: xp.minimum(input, max),
    vjp=(lambda F, g, input, max: F.where(F.le(input, max), g, 0.0), lambda F, g, input, max: F.where(F.gt(input, max), g, 0.0)),
    domain=(-2.0, 2.0), doc="Each element, at most that of another tensor.")

pow_tensor_scalar = define("pow_tensor_scalar", POINTWISE, inputs=1, grad="PowBackward0", aten="aten::pow",
    forward=lambda xp, input, exponent: _power(xp, input, exponent),
    vjp=(lambda F, g, input, exponent: _power_vjp(F, g, input, exponent),),
    domain=(0.3, 3.0), doc="Each element to the power of one number.")

pow_scalar = define("pow_scalar", POINTWISE, inputs=1, grad="PowBackward2", aten="aten::pow",
    forward=lambda xp, input, base: xp.power(base, input),
    vjp=(lambda F, g, y, base: g * (y * math.log(base)) if base > 0 else g * (y * math.nan),),
    domain=(-2.0, 2.0), formula=r"y \ln k", doc="One number to the power of each element.")

remainder_scalar = define("remainder_scalar", POINTWISE, inputs=1, grad="RemainderBackward0", aten="aten::remainder",
    forward=lambda xp, input, other: _remainder(xp, input, other),
    vjp=(lambda F, g: g,),
    domain=(0.2, 0.8), doc="Remainder of a division by one number, with the number's sign.")

fmod_scalar = define("fmod_scalar", POINTWISE, inputs=1, grad="FmodBackward0", aten="aten::fmod",
    forward=lambda xp, input, other: xp.fmod(input, other),
    vjp=(lambda F, g: g,),
    domain=(0.2, 0.8), doc="Remainder of a division by one number, with the dividend's sign.")

# --- Two inputs ------------------------------------------------------------------------------------------------------

rsub_tensor = define("rsub_tensor", POINTWISE, grad="RsubBackward0", aten="aten::rsub",
    forward=lambda xp, input, other: other - input,
    vjp=(lambda F, g: -g, lambda F, g: g),
    domain=(-2.0, 2.0), doc="The second minus the first, elementwise.")

add = define("add", POINTWISE,
    forward="add",
    vjp=(lambda F, g: g, lambda F, g: g),
    domain=(-2.0, 2.0), doc="Sum, elementwise.")

sub = define("sub", POINTWISE,
    forward="subtract",
    vjp=(lambda F, g: g, lambda F, g: -g),
    domain=(-2.0, 2.0), doc="Difference, elementwise.")

rsub = define("rsub", POINTWISE, grad="RsubBackward1", inputs=1,
    forward=lambda xp, input, other: other - input,
    vjp=(lambda F, g: -g,),
    domain=(-2.0, 2.0), doc="One number minus each element.")

mul_scalar = define("mul_scalar", POINTWISE, inputs=1, grad="MulBackward1", aten="aten::mul",
    forward=lambda xp, input, other: input * other,
    vjp=(lambda F, g, other: g * other,),
    domain=(-2.0, 2.0), doc="Each element times a number, where PyTorch does so inside a function.")

mul = define("mul", POINTWISE,
    forward="multiply",
    vjp=(lambda F, g, other: g * other, lambda F, g, input: g * input),
    domain=(-2.0, 2.0), doc="Product, elementwise.")

div = define("div", POINTWISE, dtypes="float",
    forward="true_divide",
    vjp=(lambda F, g, other: g / other, lambda F, g, input, other: -g * ((input / other) / other)),
    domain=(0.4, 3.0), doc="Quotient, elementwise; integers give floats.")

pow_tensor = define("pow_tensor", POINTWISE, grad="PowBackward1", aten="aten::pow",
    forward=lambda xp, input, other: _power(xp, input, other),
    vjp=(lambda F, g, input, other: F.where(F.eq(other, 0), 0.0, g * (other * F.pow_tensor(input, other - 1))),
         lambda F, g, input, other, y: g * F.where(
             F.logical_and(F.eq(input, 0), F.ge(F.real(other) if _is_complex(other) else other, 0)), y * 0, y * F.log(input))),
    domain=(0.4, 2.5), formula=r"b\,a^{b - 1},\ y \ln a", doc="Each element to the power of another's.")

atan2 = define("atan2", POINTWISE, dtypes="float",
    forward="arctan2",
    vjp=(lambda F, g, input, other: g * (other / (input * input + other * other)),
         lambda F, g, input, other: g * (-input / (input * input + other * other))),
    domain=(0.3, 2.0), doc="Angle of the point (other, input), in radians.")

hypot = define("hypot", POINTWISE, dtypes="float",
    forward="hypot",
    vjp=(lambda F, g, input, y: g * (input / y), lambda F, g, other, y: g * (other / y)),
    domain=(0.3, 2.0), doc="Length of the vector (input, other).")

maximum = define("maximum", POINTWISE,
    forward="maximum",
    vjp=(lambda F, g, input, other: _larger(F, g, input, other), lambda F, g, input, other: _larger(F, g, other, input)),
    domain=(-2.0, 2.0), doc="The larger of two, elementwise; ties share the gradient.")

minimum = define("minimum", POINTWISE,
    forward="minimum",
    vjp=(lambda F, g, input, other: _larger(F, g, other, input), lambda F, g, input, other: _larger(F, g, input, other)),
    domain=(-2.0, 2.0), doc="The smaller of two, elementwise; ties share the gradient.")

remainder_tensor = define("remainder_tensor", POINTWISE, grad="RemainderBackward1", aten="aten::remainder",
    forward=lambda xp, input, other: _remainder(xp, input, other),
    vjp=(lambda F, g: g, lambda F, g, input, other: -g * F.floor(input / other)),
    domain=(0.6, 0.9), doc="Remainder of a division, with the divisor's sign.")

fmod_tensor = define("fmod_tensor", POINTWISE, grad="FmodBackward1", aten="aten::fmod",
    forward="fmod",
    vjp=(lambda F, g: g, lambda F, g, input, other: -g * F.trunc(input / other)),
    domain=(0.6, 0.9), doc="Remainder of a division, with the dividend's sign.")

logaddexp = define("logaddexp", POINTWISE, dtypes="float",
    forward=lambda xp, input, other: _logaddexp(xp, input, other),
    vjp=(lambda F, g, input, y: g * F.exp(input - y), lambda F, g, other, y: g * F.exp(other - y)),
    domain=(-2.0, 2.0), doc="log(exp(a) + exp(b)), elementwise, without overflow.")

xlogy = define("xlogy", POINTWISE, dtypes="float",
    forward=lambda xp, input, other: xp.where((input == 0) & ~xp.isnan(other), input * 0, input * xp.log(other)),
    vjp=(lambda F, g, input, other: g * F.where(F.eq(input, 0), input * 0, F.log(other)),
         lambda F, g, input, other: g * (input / other)),
    domain=(0.3, 2.0), doc="a log(b), elementwise; 0 where a is 0.")

floor_divide = define("floor_divide", POINTWISE, inputs=2,
    forward="floor_divide",
    vjp=(lambda F, g: _no_derivative("floor_divide"), lambda F, g: _no_derivative("floor_divide")),
    domain=(0.6, 0.9), formula=r"\text{none: PyTorch refuses it}", doc="Quotient rounded down, elementwise; PyTorch has no derivative for it.")

floor_rounded = define("floor_rounded", POINTWISE, grad="DivBackward2", aten="aten::div",
    forward="floor_divide",
    vjp=(lambda F, g: F.zeros_like(g), lambda F, g: F.zeros_like(g)),
    domain=(0.6, 0.9), doc="Quotient rounded down, elementwise, as a rounding mode of div.")

trunc_divide = define("trunc_divide", POINTWISE, grad="DivBackward2", aten="aten::div",
    forward=lambda xp, input, other: _trunc_divide(xp, input, other),
    vjp=(lambda F, g: F.zeros_like(g), lambda F, g: F.zeros_like(g)),
    domain=(0.6, 0.9), doc="Quotient rounded towards 0, elementwise.")

where = define("where", POINTWISE, dtypes="any", aten="aten::where",
    forward=lambda xp, condition, input, other: xp.where(condition, input, other),
    vjp=(None, lambda F, g, condition: F.where(condition, g, 0.0), lambda F, g, condition: F.where(condition, 0.0, g)),
    domain=(-2.0, 2.0), doc="Elements of input where the condition holds, else of other.")

lerp_scalar = define("lerp_scalar", POINTWISE, inputs=2, grad="LerpBackward0", aten="aten::lerp",
    forward=lambda xp, input, end, weight: input + weight * (end - input),
    vjp=(lambda F, g, weight: g * (1 - weight), lambda F, g, weight: g * weight),
    domain=(0.1, 0.9), doc="Between input and end, at one weight.")

lerp = define("lerp", POINTWISE, grad="LerpBackward1", aten="aten::lerp",
    forward=lambda xp, input, end, weight: input + weight * (end - input),
    vjp=(lambda F, g, weight: g * (1 - weight), lambda F, g, weight: g * weight, lambda F, g, input, end: g * (end - input)),
    domain=(0.1, 0.9), doc="Between input and end, at weight.")

addcmul = define("addcmul", POINTWISE, inputs=3,
    forward=lambda xp, input, tensor1, tensor2, value=1: input + value * (tensor1 * tensor2),
    vjp=(lambda F, g: g, lambda F, g, tensor2, value: g * (tensor2 * value), lambda F, g, tensor1, value: g * (tensor1 * value)),
    domain=(-2.0, 2.0), doc="input + value * tensor1 * tensor2.")

addcdiv = define("addcdiv", POINTWISE, inputs=3,
    forward=lambda xp, input, tensor1, tensor2, value=1: input + value * (tensor1 / tensor2),
    vjp=(lambda F, g: g, lambda F, g, tensor2, value: g * (value / tensor2),
         lambda F, g, tensor1, tensor2, value: -g * (value * tensor1 / (tensor2 * tensor2))),
    domain=(0.4, 2.0), doc="input + value * tensor1 / tensor2.")

masked_fill = define("masked_fill", POINTWISE, dtypes="any", inputs=2,
    forward=lambda xp, input, mask, value: xp.where(mask, input.dtype.type(value), input),
    vjp=(lambda F, g, mask: F.where(mask, 0.0, g), None),
    domain=(-2.0, 2.0), doc="The input with a number where the mask is true.")

masked_fill_tensor = define("masked_fill_tensor", LINEAR, dtypes="any", inputs=2, grad="MaskedFillBackward1", aten="aten::masked_fill",
    forward=lambda xp, input, value, mask: xp.where(mask._data, value.astype(input.dtype), input),
    vjp=(lambda F, g, mask: F.where(mask if F.recording else mask._data, 0.0, g),
         lambda F, g, mask: F.where(mask if F.recording else mask._data, g, 0.0)),
    formula=r"g\,[\lnot m],\ \sum g\,[m]", doc="The input with a tensor's number where the mask is true.")

def _fill(name: str, grad: str, doc: str) -> Any:
    return define(name, POINTWISE, dtypes="any", inputs=1, grad=grad, aten="aten::fill",
        forward=lambda xp, input, value: xp.full(input.shape, value, input.dtype),
        vjp=(lambda F, g: F.zeros_like(g),),
        domain=(-2.0, 2.0), formula="0", doc=doc)

def _fill_tensor(name: str, grad: str, doc: str) -> Any:
    return define(name, LINEAR, dtypes="any", inputs=2, grad=grad, aten="aten::fill",
        forward=lambda xp, input, value: xp.broadcast_to(value, input.shape).astype(input.dtype),
        vjp=(lambda F, g: F.zeros_like(g), lambda F, g: g),
        formula=r"0,\ \sum g", doc=doc)

fill = _fill("fill", "FillBackward0", "One number everywhere.")
fill_tensor = _fill_tensor("fill_tensor", "FillBackward1", "The number of a tensor everywhere.")
# PyTorch numbers the derivatives of `fill_` apart.
fill_in_place = _fill("fill_in_place", "FillBackward2", "One number everywhere, written in place.")
fill_tensor_in_place = _fill_tensor("fill_tensor_in_place", "FillBackward3", "A tensor's number everywhere, written in place.")

zero = define("zero", POINTWISE, dtypes="any", inputs=1,
    forward=lambda xp, input: xp.zeros(input.shape, input.dtype),
    vjp=(lambda F, g: F.zeros_like(g),),
    domain=(-2.0, 2.0), doc="Zeros.")

# --- Without a derivative --------------------------------------------------------------------------------------------

def _compare(name: str, forward: Any, doc: str) -> Any:
    return define(name, CONSTANT, inputs=2, forward=forward, dtypes="promote", doc=doc)

eq = _compare("eq", "equal", "Whether elements are equal.")
ne = _compare("ne", "not_equal", "Whether elements differ.")
lt = _compare("lt", "less", "Whether the first is smaller, elementwise.")
le = _compare("le", "less_equal", "Whether the first is not larger, elementwise.")
gt = _compare("gt", "greater", "Whether the first is larger, elementwise.")
ge = _compare("ge", "greater_equal", "Whether the first is not smaller, elementwise.")

def _compare_in_place(name: str, truth: str) -> None:
    for suffix, tensors, grad, doc in (
        ("in_place", 2, "Backward1", "written over what was compared"),
        ("scalar_in_place", 1, "Backward0", "with a number, written over what was compared"),
    ):
        define(f"{name}_{suffix}", POINTWISE, grad=name.capitalize() + grad, aten=f"aten::{name}_", domain=(-2.0, 2.0),
            forward=_as_input(truth), vjp=(lambda F, g: F.zeros_like(g),) * tensors, doc=f"`{name}`, {doc}.")


def _as_input(truth: str) -> Any:
    return lambda xp, input, other: getattr(xp, truth)(input, other).astype(input.dtype)


for _op, _truth in (("eq", "equal"), ("ne", "not_equal"), ("lt", "less"), ("le", "less_equal"), ("gt", "greater"),
                    ("ge", "greater_equal")):
    _compare_in_place(_op, _truth)

logical_and = _compare("logical_and", "logical_and", "Both nonzero, elementwise.")
logical_or = _compare("logical_or", "logical_or", "Either nonzero, elementwise.")
logical_xor = _compare("logical_xor", "logical_xor", "Exactly one nonzero.")
bitwise_and = _compare("bitwise_and", lambda xp, input, other: input & other, "Bits in both; for booleans, and.")
bitwise_or = _compare("bitwise_or", lambda xp, input, other: input | other, "Bits in either; for booleans, or.")
bitwise_xor = _compare("bitwise_xor", lambda xp, input, other: input ^ other, "Bits in exactly one.")
bitwise_left_shift = _compare("bitwise_left_shift", lambda xp, input, other: input << other, "Bits shifted left.")
bitwise_right_shift = _compare("bitwise_right_shift", lambda xp, input, other: input >> other, "Bits shifted right.")
isclose = define("isclose", CONSTANT, inputs=2, dtypes="promote",
    forward=lambda xp, input, other, rtol=1e-5, atol=1e-8, equal_nan=False: xp.isclose(input, other, rtol, atol, equal_nan),
    doc="Whether elements agree to a relative and an absolute tolerance.")


def _test(name: str, forward: Any, doc: str) -> Any:
    return define(name, CONSTANT, inputs=1, forward=forward, dtypes="any", doc=doc)

isnan = _test("isnan", "isnan", "Whether each element is NaN.")
isinf = _test("isinf", "isinf", "Whether each element is infinite.")
isfinite = _test("isfinite", "isfinite", "Whether each element is a finite number.")
signbit = _test("signbit", "signbit", "Whether each element's sign bit is set.")
logical_not = _test("logical_not", "logical_not", "Whether each element is zero.")
bitwise_not = _test("bitwise_not", lambda xp, input: ~input, "Each bit turned; for booleans, not.")

# --- Casting ---------------------------------------------------------------------------------------------------------

to_dtype = define("to_dtype", POINTWISE, holomorphic=False, dtypes="any", inputs=1, grad="ToCopyBackward0", aten="aten::_to_copy",
    forward=lambda xp, input, dtype: _cast(input, dtype.numpy),
    vjp=(lambda F, g: g,),  # brought back to the input's dtype where every gradient is fitted
    domain=(-2.0, 2.0), doc="The same numbers in another dtype.")

to_device = define("to_device", POINTWISE, dtypes="any", inputs=1, grad="ToCopyBackward0", aten="aten::_to_copy",
    forward=lambda xp, input, device: backend.to_device(input, device),
    vjp=(lambda F, g: g,),
    domain=(-2.0, 2.0), doc="The same numbers on another device.")


# --- What the records above are made of ------------------------------------------------------------------------------


def _is_complex(x: Any) -> bool:
    return bool((x._data if isinstance(x, Tensor) else x).dtype.kind == "c")


def _sgn_vjp(F: Any, g: Any, z: Any, y: Any) -> Any:
    """Of a complex number only the part of g across y = z/|z| is left. Source: PyTorch, ``sgn_backward``."""
    if not _is_complex(z):
        return F.zeros_like(g)
    size = F.abs(z)
    return F.where(F.eq(size, 0), 0.0, (g - F.real(F.conj(g) * y) * y) / F.where(F.eq(size, 0), 1.0, size))


def _cast(x: Any, kind: Any) -> Any:
    if x.dtype.kind == "c" and kind.kind in "fiu":
        warnings.warn("Casting complex values to real discards the imaginary part", UserWarning, stacklevel=2)
        x = x.real
    return x.astype(kind)


def _logaddexp(xp: Any, a: Any, b: Any) -> Any:
    if a.dtype.kind != "c":
        return xp.logaddexp(a, b)
    larger, smaller = xp.where(a.real >= b.real, a, b), xp.where(a.real >= b.real, b, a)
    level = (larger.real == smaller.real) & xp.isinf(larger.real)
    with np.errstate(invalid="ignore"):
        y = larger + xp.log1p(xp.exp(smaller - larger))
    return xp.where(level, xp.where(larger.real < 0, smaller, xp.log(xp.exp(smaller) + xp.exp(larger))), y)


def _logit(xp: Any, x: Any, eps: Any) -> Any:
    if eps is not None:
        x = xp.clip(x, eps, 1 - eps)
    return xp.log(x / (1 - x))


def _logit_vjp(F: Any, g: Any, x: Any, eps: Any) -> Any:
    inside = _inside(F, x, 0.0 if eps is None else eps, 1.0 if eps is None else 1 - eps)
    return F.where(inside, g / (x * (1 - x)), math.nan if eps is None else 0.0)


def _sigmoid(xp: Any, x: Any) -> Any:
    return 1 / (1 + precise(xp.exp, -x))


def _by_math(xp: Any, function: Any, x: Any) -> Any:
    """A function of Python's math module, elementwise, to the last digit; a device takes its own."""
    if xp is not np:
        return getattr(backend.scipy(xp, "special"), function.__name__)(x)
    values = np.frompyfunc(function, 1, 1)(x)
    return xp.asarray(values, dtype=x.dtype)


def _clamp(xp: Any, x: Any, low: Any, high: Any) -> Any:
    if low is None and high is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if low is not None:
        x = xp.maximum(x, low)
    return x if high is None else xp.minimum(x, high)


def _inside(F: Any, x: Any, low: Any, high: Any) -> Any:
    if low is None:
        return F.le(x, high)
    return F.ge(x, low) if high is None else F.logical_and(F.ge(x, low), F.le(x, high))


_INTEGERS = {"f": np.int32, "d": np.int64}


def _where_not_below(xp: Any, g: Any, x: Any) -> Any:
    """`g` where `x` is above 0 or NaN, else 0."""
    passes = ~(x <= 0)
    bits = _INTEGERS.get(g.dtype.char)
    if bits is None:
        return xp.where(passes, g, g.dtype.type(0))
    # The bits times 1 or 0: a third of the time of `where`, and inf stays out where it must.
    return xp.multiply(g.view(bits), passes).view(g.dtype)


def _power(xp: Any, x: Any, n: Any) -> Any:
    # PyTorch multiplies for small exponents too, which is exact where pow is not.
    if isinstance(n, (builtins.int, builtins.float)):
        if n == 2:
            return x * x
        if n == 3:
            return x * x * x
        if x.dtype.kind == "f":
            if n == 0.5:
                return xp.sqrt(x)
            if n == -0.5:
                return 1 / xp.sqrt(x)
            if n == -1:
                return 1 / x
            if n == -2:
                return 1 / (x * x)
        elif x.dtype.kind in "iu" and isinstance(n, builtins.int) and n < 0:
            raise RuntimeError("Integers to negative integer powers are not allowed.")
        elif x.dtype.kind in "iub" and isinstance(n, builtins.float):
            from engine.dtypes import get_default_dtype

            x = x.astype(get_default_dtype().numpy)
    if type(x) is np.ndarray and x.dtype.char == "f":  # as `precise` does
        return xp.power(x, n, dtype=np.float64).astype(np.float32)
    return xp.power(x, n)


def _power_vjp(F: Any, g: Any, x: Any, n: Any) -> Any:
    if n == 0:
        return F.zeros_like(g)
    return g * (n * F.pow_tensor_scalar(x, n - 1))


def _remainder(xp: Any, a: Any, b: Any) -> Any:
    if not hasattr(b, "dtype") and b == 0 and a.dtype.kind in "iu":
        raise RuntimeError("ZeroDivisionError")
    if a.dtype.kind != "f":
        return xp.remainder(a, b)
    # C's fmod, moved to the divisor's side: NumPy's remainder turns the -0.0 of ``-6.0 % 3`` into 0.0, PyTorch's does not.
    m = xp.fmod(a, b)
    return xp.where((m != 0) & ((m < 0) != (b < 0)), m + b, m)


def _larger(F: Any, g: Any, mine: Any, its: Any) -> Any:
    return F.where(F.gt(mine, its), g, F.where(F.eq(mine, its), g * 0.5, 0.0))


def _trunc_divide(xp: Any, a: Any, b: Any) -> Any:
    quotient = xp.trunc(xp.true_divide(a, b))
    kind = np.result_type(a, b)
    return quotient.astype(kind) if kind.kind in "iu" else quotient


def _no_derivative(name: str) -> Any:
    raise RuntimeError(f"derivative for aten::{name} is not implemented")
