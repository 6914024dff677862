"""Every function that a sealed child may ask for, with the rule that says what it makes and costs.

What is not here does not exist. The parameters of a rule are the arguments a function may be given, under CuPy's
names. A rule checks all of them: nothing reaches an array library that its rule has not seen.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np
import scipy.special  # type: ignore[import-untyped,unused-ignore]

from playground.device.plans import (
    BOOL,
    INT,
    Dims,
    Kind,
    Meta,
    Plan,
    array,
    arrays,
    axes_of,
    axis_of,
    broadcast,
    dims,
    elementwise,
    flag,
    indexed,
    integer,
    is_array,
    is_basic,
    kept,
    kind,
    kind_in,
    late,
    made,
    nothing,
    number,
    size,
    together,
    without,
    word,
    written,
)


class Function(NamedTuple):
    """One entry of the table."""

    name: str
    """Where it is in CuPy, ``linalg.svd``; under ``scipy.`` what is in ``cupyx.scipy``."""
    rule: Callable[..., Plan]
    ufunc: np.ufunc | None = None


FUNCTIONS: dict[str, Function] = {}


def _rule(*names: str) -> Callable[[Callable[..., Plan]], Callable[..., Plan]]:
    def add(rule: Callable[..., Plan]) -> Callable[..., Plan]:
        for name in names:
            FUNCTIONS[name] = Function(name, rule)
        return rule

    return add


def _named(*names: str) -> Callable[[Callable[..., Plan]], Callable[..., Plan]]:
    """The same for rules whose first parameter is the function's name."""

    def add(rule: Callable[..., Plan]) -> Callable[..., Plan]:
        for name in names:
            FUNCTIONS[name] = Function(name, functools.partial(rule, name))
        return rule

    return add


# --- Elementwise -----------------------------------------------------------------------------------------------------

_UFUNCS = """
abs absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and bitwise_or bitwise_xor cbrt ceil conj
conjugate copysign cos cosh deg2rad divide equal exp exp2 expm1 fabs float_power floor floor_divide fmax fmin fmod frexp
gcd greater greater_equal heaviside hypot invert isfinite isinf isnan lcm ldexp left_shift less less_equal log log10
log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor maximum minimum mod multiply negative
nextafter not_equal positive power rad2deg reciprocal remainder right_shift rint sign signbit sin sinh sqrt square
subtract tan tanh true_divide trunc
"""
_SPECIAL = """
digamma entr erf erfc erfcx erfinv gammainc gammaincc gammaln i0 i0e i1 i1e j0 j1 k0 k0e k1 k1e log_ndtr ndtri y0 y1
"""
_SLOW = 1000.0
"""Additions and multiplications that an element of a special function takes."""
_LAUNCH = 2e6
"""Those that a card does while the host launches one kernel, some 10 us."""
_TOGETHER = 500.0
"""Those that it does while one element is added to a place to which all others are added too."""


def _elementwise(ufunc: np.ufunc, times: float, /, *operands: Any, out: Any = None) -> Plan:
    plan = elementwise(ufunc, operands, out)
    return plan if times == 1.0 else plan._replace(work=plan.work * times)


for _name in (*_UFUNCS.split(), *(f"scipy.special.{n}" for n in _SPECIAL.split())):
    _ufunc: np.ufunc = getattr(scipy.special if "." in _name else np, _name.rpartition(".")[2])

    _times = _SLOW if "." in _name or _name in ("gcd", "lcm") else 1.0
    FUNCTIONS[_name] = Function(_name, functools.partial(_elementwise, _ufunc, _times), _ufunc)

_REDUCING = "add multiply maximum minimum logical_and logical_or"


@_named(*(f"{name}.reduce" for name in _REDUCING.split()))
def _reduce(name: str, a: Any, axis: Any = 0, dtype: Any = None, keepdims: Any = False) -> Plan:
    found = axes_of(axis, array(a).ndim)
    source = kind(dtype, a.dtype)
    return made(without(a.shape, found, flag(keepdims)), _dtype_of(name, source), max(a.size, 1))


@_named(*(f"{name}.accumulate" for name in ("add", "multiply", "maximum", "minimum")))
def _accumulate(name: str, a: Any, axis: Any = 0) -> Plan:
    axis_of(axis, array(a).ndim)
    return made(a.shape, _dtype_of(name.replace("accumulate", "reduce"), a.dtype))


@_named(*(f"{name}.at" for name in ("add", "subtract", "multiply", "maximum", "minimum")))
def _at(name: str, a: Any, indices: Any, b: Any = None) -> Plan:
    target = indexed(written(a).shape, _key(indices))
    shape = (target,) if isinstance(target, int) else target
    if is_array(b) and not isinstance(target, int) and broadcast((shape, b.shape)) != shape:
        raise ValueError("array is not broadcastable to correct shape")
    if b is not None:
        kind_in(b)
    return nothing(_TOGETHER * max(size(shape), 1) + (b.size if is_array(b) else 0))


def _key(key: Any) -> Any:
    """An index, each of its parts checked."""
    for k in key if isinstance(key, tuple) else (key,):
        if isinstance(k, slice):
            for edge in (k.start, k.stop, k.step):
                if edge is not None:
                    integer(edge)
        elif k is not None and k is not Ellipsis and not is_array(k):
            integer(k)
    return key


@_rule("where")
def _where(condition: Any, x: Any, y: Any) -> Plan:
    operands = (array(condition), x, y)
    shape = broadcast([o.shape for o in operands if is_array(o)])
    dtype = together((kind_in(x), kind_in(y)))
    return Plan((Meta(shape, dtype, kept(operands, shape)),), max(size(shape), 1))


@_rule("clip")
def _clip(a: Any, a_min: Any = None, a_max: Any = None) -> Plan:
    operands = [o for o in (array(a), a_min, a_max) if o is not None]
    shape = broadcast([o.shape for o in operands if is_array(o)])
    dtype = together([kind_in(o) for o in operands])
    return Plan((Meta(shape, dtype, kept(operands, shape)),), 2 * max(size(shape), 1))


@_rule("round")
def _round(a: Any, decimals: Any = 0) -> Plan:
    if abs(integer(decimals)) > 400:  # a library multiplies by ten as often
        raise ValueError(f"decimals must be between -400 and 400, not {decimals}")
    dtype = _dtype_of("round", array(a).dtype)
    return Plan((Meta(a.shape, dtype, kept((a,), a.shape)),), 4 * a.size)


@_rule("isclose")
def _isclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: Any = False) -> Plan:
    number(rtol)
    number(atol)
    flag(equal_nan)
    shape = broadcast((array(a).shape, array(b).shape))
    return made(shape, BOOL, 8 * size(shape), 4 * size(shape))


@_rule("nan_to_num")
def _nan_to_num(x: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Plan:
    for value in (nan, posinf, neginf):
        if value is not None:
            number(value)
    return late(array(x).size, 4 * x.size)


@_rule("angle")
def _angle(z: Any) -> Plan:
    return late(array(z).size, 4 * z.size)


@_rule("isneginf", "isposinf", "isreal", "sinc")
def _curve(x: Any) -> Plan:
    return late(array(x).size, 4 * x.size)


@_rule("scipy.special.polygamma")
def _polygamma(n: Any, x: Any) -> Plan:
    integer(n)
    return late(array(x).size, _SLOW * x.size)


@_rule("scipy.special.zeta")
def _zeta(x: Any, q: Any) -> Plan:
    shape = broadcast((array(x).shape, array(q).shape))
    return late(size(shape), _SLOW * size(shape))


# --- Reductions and scans --------------------------------------------------------------------------------------------


@functools.lru_cache(2048)
def _dtype_of(name: str, dtype: Kind, asked: Kind | None = None) -> Kind:
    """What NumPy makes of one element of this dtype."""
    function: Any = functools.reduce(getattr, name.split("."), cast(Any, np))
    keywords = {} if asked is None else {"dtype": asked}
    return np.asarray(function(np.ones(1, dtype), **keywords)).dtype


@_named("sum", "prod", "mean", "nansum")
def _total(name: str, a: Any, axis: Any = None, dtype: Any = None, keepdims: Any = False) -> Plan:
    axes = axes_of(axis, array(a).ndim)
    found = _dtype_of(name, a.dtype, None if dtype is None else kind(dtype))
    return made(
        without(a.shape, axes, flag(keepdims)), found, max(a.size, 1), a.size if name == "nansum" else 0
    )


@_named("max", "min", "any", "all")
def _extreme(name: str, a: Any, axis: Any = None, keepdims: Any = False) -> Plan:
    axes = axes_of(axis, array(a).ndim)
    if name in ("max", "min") and any(a.shape[k] == 0 for k in axes):
        raise ValueError(f"zero-size array to reduction operation {name}imum which has no identity")
    return made(without(a.shape, axes, flag(keepdims)), _dtype_of(name, a.dtype), max(a.size, 1))


@_named("argmax", "argmin")
def _place(name: str, a: Any, axis: Any = None, keepdims: Any = False) -> Plan:
    axes = axes_of(None if axis is None else integer(axis), array(a).ndim)
    if any(a.shape[k] == 0 for k in axes):
        raise ValueError(f"attempt to get {name} of an empty sequence")
    return made(without(a.shape, axes, flag(keepdims)), INT, max(a.size, 1))


@_named("var", "std")
def _spread(
    name: str, a: Any, axis: Any = None, dtype: Any = None, ddof: Any = 0, keepdims: Any = False
) -> Plan:
    axes = axes_of(axis, array(a).ndim)
    number(ddof)
    found = _dtype_of(name, a.dtype, None if dtype is None else kind(dtype))
    return made(without(a.shape, axes, flag(keepdims)), found, 4 * max(a.size, 1), 2 * a.size)


@_rule("count_nonzero")
def _count_nonzero(a: Any, axis: Any = None) -> Plan:
    return made(without(array(a).shape, axes_of(axis, a.ndim), False), INT, max(a.size, 1), a.size)


@_named("cumsum", "cumprod")
def _running(name: str, a: Any, axis: Any = None, dtype: Any = None) -> Plan:
    shape = array(a).shape
    if axis is None:
        shape = (a.size,)
    else:
        axis_of(axis, a.ndim)
    return made(shape, _dtype_of(name, a.dtype, None if dtype is None else kind(dtype)), 2 * a.size)


@_rule("trace")
def _trace(a: Any) -> Plan:
    return late(array(a).size)


@_rule("diff")
def _diff(a: Any, n: Any = 1, axis: Any = -1) -> Plan:
    axis_of(axis, array(a).ndim)
    if not 0 <= integer(n) <= 64:
        raise ValueError("order must be between 0 and 64")
    return late(a.size, a.size * integer(n))


# --- Order -----------------------------------------------------------------------------------------------------------


def _logarithm(n: int) -> float:
    return 4.0 * max(1.0, math.log2(n + 1))


@_named("argsort", "sort")
def _sort(name: str, a: Any, axis: Any = -1, kind: Any = None) -> Plan:
    word(kind, None, "stable")
    shape = (array(a).size,) if axis is None else a.shape
    if axis is not None:
        axis_of(axis, a.ndim)
    return made(shape, INT if name == "argsort" else a.dtype, a.size * _logarithm(a.size), 2 * a.size)


@_rule("searchsorted")
def _searchsorted(a: Any, v: Any, side: Any = "left") -> Plan:
    word(side, "left", "right")
    if array(a).ndim != 1:
        raise ValueError("object too deep for desired array")
    return made(array(v).shape, INT, v.size * _logarithm(a.size))


@_rule("unique")
def _unique(
    ar: Any,
    return_index: Any = False,
    return_inverse: Any = False,
    return_counts: Any = False,
    axis: Any = None,
) -> Plan:
    word(axis, None)
    several = 1 + sum(map(flag, (return_index, return_inverse, return_counts)))
    return late(several * array(ar).size, 4 * ar.size * _logarithm(ar.size), several)


@_named("nonzero", "argwhere", "flatnonzero")
def _nonzero(name: str, a: Any) -> Plan:
    if not array(a).ndim:
        raise ValueError(f"Calling {name} on 0d arrays is not allowed")
    return late(a.size * a.ndim, 4 * a.size, a.ndim if name == "nonzero" else 1)


@_rule("isin")
def _isin(element: Any, test_elements: Any, assume_unique: Any = False, invert: Any = False) -> Plan:
    flag(assume_unique)
    flag(invert)
    total = array(element).size + array(test_elements).size
    return late(4 * total, 8 * total * _logarithm(total))


@_rule("bincount")
def _bincount(x: Any, weights: Any = None, minlength: Any = 0, largest: Any = None) -> Plan:
    """`largest` is the server's own: the largest of `x`, which only it can know."""
    if array(x).ndim != 1 or x.dtype.kind not in "iu":
        raise TypeError("bincount takes integers in one dimension")
    if weights is not None and array(weights).shape != x.shape:
        raise ValueError("The weights and list don't have the same length.")
    if (least := integer(minlength)) < 0:
        raise ValueError("'minlength' must not be negative")
    length = max(least, 0 if largest is None else integer(largest) + 1)
    return late(length, _TOGETHER * x.size + length)


# --- New arrays ------------------------------------------------------------------------------------------------------

_FLOAT = np.dtype(np.float64)


@_rule("zeros", "ones", "empty")
def _filled(shape: Any, dtype: Any = None) -> Plan:
    return made(dims(shape), kind(dtype, _FLOAT))


@_rule("full")
def _full(shape: Any, fill_value: Any, dtype: Any = None) -> Plan:
    return made(dims(shape), kind(dtype, np.dtype(type(number(fill_value))) if dtype is None else None))


@_rule("empty_like")
def _empty_like(prototype: Any, dtype: Any = None) -> Plan:
    return _like(prototype, dtype)


@_rule("zeros_like", "ones_like")
def _like(a: Any, dtype: Any = None) -> Plan:
    return Plan((Meta(array(a).shape, kind(dtype, a.dtype), kept((a,), a.shape)),), a.size)


@_rule("full_like")
def _full_like(a: Any, fill_value: Any, dtype: Any = None) -> Plan:
    number(fill_value)
    return Plan((Meta(array(a).shape, kind(dtype, a.dtype), kept((a,), a.shape)),), a.size)


@_rule("arange")
def _arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Plan:
    values = [number(v) for v in (start, stop, step) if v is not None]
    if any(isinstance(v, complex) or not math.isfinite(v) for v in values):
        raise ValueError("arange takes finite real numbers")
    if not step:
        raise ZeroDivisionError("division by zero")
    first, end = (0, start) if stop is None else (start, stop)
    length = max(0, math.ceil((end - first) / step))
    default = _FLOAT if any(isinstance(v, (float, np.floating)) for v in values) else INT
    return made((length,), kind(dtype, default))


@_rule("eye")
def _eye(N: Any, M: Any = None, k: Any = 0, dtype: Any = None) -> Plan:
    integer(k)
    return made(dims((N, N if M is None else M)), kind(dtype, _FLOAT))


@_rule("astype", "array", "ascontiguousarray", "copy")
def _copy(a: Any, dtype: Any = None, order: Any = "K") -> Plan:
    found = kept((a,), a.shape) if word(order, "K", "C") == "K" else None
    return Plan((Meta(array(a).shape, kind(dtype, a.dtype), found),), max(a.size, 1))


@_rule("assign")
def _assign(a: Any, value: Any) -> Plan:
    """Not CuPy's: ``a[...] = value``."""
    if is_array(value):
        shape = value.shape
        while len(shape) > written(a).ndim and shape[0] == 1:
            shape = shape[1:]
        if broadcast((shape, a.shape)) != a.shape:
            raise ValueError(f"could not broadcast input array from shape {value.shape} into shape {a.shape}")
    else:
        number(value)
    return nothing(max(written(a).size, 1))


# --- Indexing --------------------------------------------------------------------------------------------------------


def _picked(a: Any, key: Any) -> Dims | int:
    if is_basic(_key(key)):
        raise IndexError("an index without arrays makes a view, which is not asked for")
    return indexed(array(a).shape, key)


@_rule("getitem")
def _getitem(a: Any, key: Any) -> Plan:
    """Not CuPy's: ``a[key]`` with arrays in it."""
    shape = _picked(a, key)
    return late(shape) if isinstance(shape, int) else made(shape, a.dtype)


@_rule("setitem")
def _setitem(a: Any, key: Any, value: Any) -> Plan:
    """Not CuPy's: ``a[key] = value`` with arrays in it."""
    shape = _picked(written(a), key)
    if is_array(value) and not isinstance(shape, int) and broadcast((value.shape, shape)) != shape:
        raise ValueError(
            f"shape mismatch: value array of shape {value.shape} could not be broadcast to {shape}"
        )
    kind_in(value)
    return nothing(16.0 * max(shape if isinstance(shape, int) else size(shape), 1))


@_rule("take")
def _take(a: Any, indices: Any, axis: Any = None) -> Plan:
    where = indices.shape if is_array(indices) else (integer(indices), ())[1]
    if axis is None:
        return made(where, array(a).dtype)
    along = axis_of(axis, array(a).ndim)
    return made((*a.shape[:along], *where, *a.shape[along + 1 :]), a.dtype)


@_rule("take_along_axis")
def _take_along_axis(a: Any, indices: Any, axis: Any) -> Plan:
    along = axis_of(axis, array(a).ndim)
    if array(indices).ndim != a.ndim or indices.dtype.kind not in "iu":
        raise ValueError(
            "`indices` and `arr` must have the same number of dimensions, and `indices` integers"
        )
    rest = [s[:along] + s[along + 1 :] for s in (a.shape, indices.shape)]
    shape = broadcast(rest)
    return made(
        (*shape[:along], indices.shape[along], *shape[along:]), a.dtype, elements=size(indices.shape) * a.ndim
    )


@_rule("ravel_multi_index")
def _ravel_multi_index(multi_index: Any, dims: Any) -> Plan:
    places = arrays(multi_index)
    _same_length(places, dims)
    shape = broadcast([p.shape for p in places])
    return made(shape, INT, len(places) * size(shape), 2 * size(shape))


@_rule("unravel_index")
def _unravel_index(indices: Any, dims: Any) -> Plan:
    sizes = _sizes(dims)
    metas = tuple(Meta(array(indices).shape, INT) for _ in sizes)
    return Plan(metas, len(sizes) * indices.size, 2 * indices.size)


_sizes = dims


def _same_length(places: tuple[Any, ...], shape: Any) -> None:
    if len(places) != len(_sizes(shape)):
        raise ValueError("parameter multi_index must be a sequence of length of the dimensions")
    if any(p.dtype.kind not in "iu" for p in places):
        raise TypeError("only int indices permitted")


@_rule("tril", "triu")
def _triangle(m: Any, k: Any = 0) -> Plan:
    integer(k)
    if array(m).ndim < 1:
        raise ValueError("Input array must be at least 1-d")
    shape = m.shape if m.ndim > 1 else (m.size, m.size)
    return made(shape, m.dtype, 2 * size(shape), size(shape[-2:]))


# --- Joining and arranging -------------------------------------------------------------------------------------------


@_rule("concatenate")
def _concatenate(tup: Any, axis: Any = 0) -> Plan:
    parts = arrays(tup)
    along = axis_of(axis, parts[0].ndim)
    shape = list(parts[0].shape)
    for part in parts[1:]:
        if part.ndim != len(shape) or any(
            k != along and a != b for k, (a, b) in enumerate(zip(part.shape, shape, strict=True))
        ):
            raise ValueError(
                "all the input array dimensions except for the concatenation axis must match exactly, but there are "
                f"shapes {parts[0].shape} and {part.shape}"
            )
        shape[along] += part.shape[along]
    return made(tuple(shape), together([p.dtype for p in parts]))


@_rule("stack")
def _stack(tup: Any, axis: Any = 0) -> Plan:
    parts = arrays(tup)
    if any(p.shape != parts[0].shape for p in parts):
        raise ValueError("all input arrays must have the same shape")
    along = axis_of(axis, parts[0].ndim + 1)
    shape = parts[0].shape
    return made((*shape[:along], len(parts), *shape[along:]), together([p.dtype for p in parts]))


@_rule("tile")
def _tile(A: Any, reps: Any) -> Plan:
    times = dims(reps)
    ndim = max(len(times), array(A).ndim)
    shape, times = (1,) * (ndim - A.ndim) + A.shape, (1,) * (ndim - len(times)) + times
    made_shape = dims(tuple(a * b for a, b in zip(shape, times, strict=True)))
    # One axis after the other is repeated, also where the last of them leaves nothing.
    between = 0 if size(made_shape) else A.size * size(n for n in times if n)
    return made(made_shape, A.dtype, elements=between)


@_rule("pad")
def _pad(array: Any, pad_width: Any, constant_values: Any = 0) -> Plan:
    if not isinstance(pad_width, (tuple, list)):
        raise TypeError("pad_width takes a sequence")
    widths = tuple(dims(pair) for pair in pad_width)
    number(constant_values)
    if len(widths) != array.ndim or any(len(pair) != 2 for pair in widths):
        raise ValueError("pad_width takes a pair of sizes for each dimension")
    return made(tuple(n + a + b for n, (a, b) in zip(array.shape, widths, strict=True)), array.dtype)


@_rule("roll")
def _roll(a: Any, shift: Any, axis: Any = None) -> Plan:
    for s in shift if isinstance(shift, tuple) else (shift,):
        integer(s)
    many = axis if isinstance(axis, tuple) else (axis,)
    over = {0 if one is None else axis_of(one, array(a).ndim) for one in many}
    # Each axis is cut in two: an assignment for every corner.
    return made(array(a).shape, a.dtype, 2 * a.size * len(many) + _LAUNCH * 2 ** len(over), 2 * a.size)


# --- Products --------------------------------------------------------------------------------------------------------


@_rule("matmul")
def _matmul(a: Any, b: Any) -> Plan:
    if not (array(a).ndim and array(b).ndim):
        raise ValueError("matmul: Input operand 0 does not have enough dimensions")
    left = a.shape if a.ndim > 1 else (1, *a.shape)
    right = b.shape if b.ndim > 1 else (*b.shape, 1)
    if left[-1] != right[-2]:
        raise ValueError(
            "matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature "
            f"(n?,k),(k,m?)->(n?,m?) (size {right[-2]} is different from {left[-1]})"
        )
    stack = broadcast((left[:-2], right[:-2]))
    shape = (*stack, *left[-2:-1][: a.ndim > 1], *right[-1:][: b.ndim > 1])
    work = 2.0 * size(stack) * left[-2] * left[-1] * right[-1]
    return made(shape, together((a.dtype, b.dtype)), max(work, 1), a.size + b.size)


@_rule("dot")
def _dot(a: Any, b: Any) -> Plan:
    if not (array(a).ndim and array(b).ndim):
        shape = a.shape + b.shape
        return made(shape, together((a.dtype, b.dtype)))
    inner = b.shape[-2] if b.ndim > 1 else b.shape[0]
    if a.shape[-1] != inner:
        raise ValueError(
            f"shapes {a.shape} and {b.shape} not aligned: {a.shape[-1]} (dim {a.ndim - 1}) != {inner}"
        )
    shape = (*a.shape[:-1], *b.shape[:-2], *(b.shape[-1:] if b.ndim > 1 else ()))
    return made(shape, together((a.dtype, b.dtype)), 2.0 * size(shape) * max(inner, 1), a.size + b.size)


@_rule("tensordot")
def _tensordot(a: Any, b: Any, axes: Any) -> Plan:
    if (
        not isinstance(axes, (tuple, list))
        or len(axes) != 2
        or not all(isinstance(v, (tuple, list)) for v in axes)
    ):
        raise TypeError("tensordot takes a pair of sequences of axes")
    left, right = (axes_of(v, x.ndim) for v, x in zip(axes, (array(a), array(b)), strict=True))
    if [a.shape[k] for k in left] != [b.shape[k] for k in right]:
        raise ValueError("shape-mismatch for sum")
    shape = without(a.shape, left, False) + without(b.shape, right, False)
    inner = size(a.shape[k] for k in left)
    return made(dims(shape), together((a.dtype, b.dtype)), 2.0 * size(shape) * max(inner, 1), a.size + b.size)


@_rule("outer")
def _outer(a: Any, b: Any) -> Plan:
    return made((array(a).size, array(b).size), together((a.dtype, b.dtype)))


# --- Linear algebra and Fourier transforms ---------------------------------------------------------------------------


def _matrices(a: Any, times: float) -> tuple[int, float]:
    """The most elements that factors of these matrices have, and the work if each takes so many times its size
    cubed."""
    if array(a).ndim < 2:
        raise np.linalg.LinAlgError(
            f"{a.ndim}-dimensional array given. Array must be at least two-dimensional"
        )
    many, most = size(a.shape[:-2]), max(a.shape[-2:])
    # Launches for each matrix of a stack, however small.
    return 3 * many * most * most + many, many * (times * float(most) ** 3 + _LAUNCH)


@_rule("linalg.cholesky", "linalg.det", "linalg.inv")
def _inverse(a: Any) -> Plan:
    return late(*_matrices(a, 4))


@_rule("linalg.slogdet")
def _slogdet(a: Any) -> Plan:
    return late(*_matrices(a, 4), count=2)


@_rule("linalg.matrix_rank")
def _matrix_rank(M: Any) -> Plan:
    return late(*_matrices(M, 60))


@_rule("linalg.qr")
def _qr(a: Any, mode: Any = "reduced") -> Plan:
    return late(*_matrices(a, 8), 1 if word(mode, "reduced", "complete", "r") == "r" else 2)


@_rule("linalg.eigh")
def _eigh(a: Any, UPLO: Any = "L") -> Plan:
    word(UPLO, "L", "U")
    return late(*_matrices(a, 40), 2)


@_rule("linalg.eig")
def _eig(a: Any) -> Plan:
    return late(*_matrices(a, 100), 2)


@_rule("linalg.svd")
def _svd(a: Any, full_matrices: Any = True, compute_uv: Any = True) -> Plan:
    flag(full_matrices)
    return late(*_matrices(a, 60), 3 if flag(compute_uv) else 1)


@_rule("linalg.solve")
def _solve(a: Any, b: Any) -> Plan:
    elements, _ = _matrices(a, 1)
    shape = broadcast((a.shape[:-2], array(b).shape[:-2])) if b.ndim > 1 else a.shape[:-2]
    many, most = size(shape), size(shape) * size(b.shape[-2:])
    return late(
        elements + 2 * most, many * (float(max(a.shape[-2:])) ** 3 + _LAUNCH) + 2.0 * a.shape[-1] * most
    )


@_rule("scipy.linalg.solve_triangular")
def _solve_triangular(
    a: Any, b: Any, trans: Any = 0, lower: Any = False, unit_diagonal: Any = False, check_finite: Any = True
) -> Plan:
    word(trans, 0, 1, 2)
    for value in (lower, unit_diagonal, check_finite):
        flag(value)
    _matrices(a, 1)
    return late(2 * (array(b).size + a.size), 2.0 * a.shape[-1] * b.size)


@_rule("linalg.norm")
def _norm(x: Any) -> Plan:
    return late(array(x).size, 2 * x.size)


@_rule("fft.fftn", "fft.ifftn", "fft.rfftn", "fft.irfftn")
def _fourier(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Plan:
    word(norm, None, "backward", "ortho", "forward")
    over = axes_of(axes, array(a).ndim)
    shape = list(a.shape)
    for k, n in zip(over, dims(s) if s is not None else [a.shape[k] for k in over], strict=True):
        shape[k] = max(shape[k], n, 2 * a.shape[k])
    return late(4 * size(shape), 8 * size(shape) * _logarithm(size(shape)))
