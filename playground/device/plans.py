"""What an operation will make and what it will cost, worked out from shapes and dtypes alone, before anything is done.

The child asks to know its results without waiting for them, the server to refuse what is too large before it allocates:
both run the same rules. A rule takes an operation's own arguments; of an array it reads shape, dtype and strides, never
a number.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

Kind = np.dtype[Any]
Dims = tuple[int, ...]

MOST_DIMS = 32
INT = np.dtype(np.int64)
BOOL = np.dtype(np.bool_)


class Meta(NamedTuple):
    """One array that will be made."""

    shape: Dims
    dtype: Kind
    order: Dims | None = None
    """Its axes as they lie in memory, from the outermost; None is C order."""


class Plan(NamedTuple):
    """What an operation makes and takes."""

    results: tuple[Meta, ...] | None
    """None if that depends on the numbers."""
    work: float
    """About how many additions and multiplications."""
    elements: int = 0
    """Elements held beside the results while it works, or of the results where those are not known."""
    results_count: int = 1
    """How many results there are, where they are not known."""


def is_array(value: Any) -> bool:
    return hasattr(value, "strides")


def _said(value: Any) -> str:
    return repr(value) if isinstance(value, (str, int, float, type(None))) else type(value).__name__


def integer(value: Any) -> int:
    """Raises TypeError for what is not one; True is none, nor is an array."""
    if isinstance(value, (bool, np.bool_)) or (is_array(value) and not isinstance(value, np.generic)):
        raise TypeError(f"an integer is required, not {_said(value)}")
    return operator.index(value)


def array(value: Any) -> Any:
    if not is_array(value) or isinstance(value, np.generic):
        raise TypeError(f"an array is required, not {type(value).__name__}")
    return value


def written(value: Any) -> Any:
    """An array that is written to, which is no more than its memory: over a few bytes one could write without end.

    Raises:
        ValueError: in PyTorch's words, if it has more elements than there are places.
    """
    target = array(value)
    if not target.flags.c_contiguous and target.size:
        steps = sum((n - 1) * abs(step) for n, step in zip(target.shape, target.strides, strict=True))
        if target.size * target.itemsize > steps + target.itemsize:
            raise ValueError(
                "unsupported operation: more than one element of the written-to tensor refers to a single memory "
                "location. Please clone() the tensor before performing the operation."
            )
    return target


def arrays(values: Any) -> tuple[Any, ...]:
    """Raises TypeError unless it is a sequence of arrays, not one array."""
    if not isinstance(values, (tuple, list)) or not values:
        raise TypeError("a sequence of arrays is required")
    return tuple(array(v) for v in values)


def flag(value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"True or False is required, not {_said(value)}")
    return bool(value)


def number(value: Any) -> Any:
    if not isinstance(value, (bool, int, float, complex, np.generic)):
        raise TypeError(f"a number is required, not {type(value).__name__}")
    return value


def word(value: Any, *allowed: str | int | None) -> Any:
    if not isinstance(value, (str, int, type(None))) or value not in allowed:
        raise ValueError(f"one of {allowed} is required, not {_said(value)}")
    return value


def dims(value: Any) -> Dims:
    """A shape: a size or a sequence of them, none below 0."""
    shape = tuple(integer(v) for v in (value if isinstance(value, (tuple, list)) else (value,)))
    if len(shape) > MOST_DIMS:
        raise ValueError(f"an array has at most {MOST_DIMS} dimensions")
    if any(v < 0 for v in shape):
        raise ValueError("negative dimensions are not allowed")
    return shape


def kind(value: Any, default: Any = None) -> Kind:
    if value is None:
        value = default
    if not isinstance(value, (np.dtype, type)):
        raise TypeError(f"a dtype is required, not {_said(value)}")
    found = np.dtype(value)
    if found.kind not in "biufc" or found.itemsize > 16 or found.str[1:] == "f16":
        raise TypeError(f"Unsupported dtype {found}")
    return found


def axis_of(value: Any, ndim: int) -> int:
    """One axis, counted from 0."""
    axis = integer(value)
    if not -ndim <= axis < ndim:
        raise np.exceptions.AxisError(axis, ndim)
    return axis % ndim


def axes_of(value: Any, ndim: int) -> Dims:
    """Axes, counted from 0; None is all."""
    if value is None:
        return tuple(range(ndim))
    found = tuple(axis_of(v, ndim) for v in (value if isinstance(value, (tuple, list)) else (value,)))
    if len(set(found)) != len(found):
        raise ValueError("duplicate value in 'axis'")
    return found


def without(shape: Dims, axes: Dims, keepdims: bool) -> Dims:
    """A shape whose `axes` were reduced."""
    return tuple(1 if k in axes else n for k, n in enumerate(shape) if keepdims or k not in axes)


def size(shape: Iterable[int]) -> int:
    return math.prod(shape)


@functools.lru_cache(4096)
def _broadcast(shapes: tuple[Dims, ...]) -> Dims:
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        listed = " ".join(str(s).replace(" ", "") for s in shapes)
        raise ValueError(f"operands could not be broadcast together with shapes {listed} ") from None


def broadcast(shapes: Sequence[Dims]) -> Dims:
    """The shape of arrays of these together.

    Raises:
        ValueError: in NumPy's words.
    """
    first = shapes[0]
    for other in shapes:
        if other != first:
            return _broadcast(tuple(shapes))
    return first


def together(kinds: Sequence[Any]) -> Kind:
    """The dtype of arrays of these together; a Python type stands for a bare number."""
    return _together(tuple(kinds))


@functools.lru_cache(4096)
def _together(kinds: tuple[Any, ...]) -> Kind:
    return np.result_type(*(k if isinstance(k, np.dtype) else k(0) for k in kinds))


def kind_in(value: Any) -> Any:
    """What an operand brings to the dtype of the result."""
    if hasattr(value, "dtype"):
        return value.dtype
    return BOOL if type(value) is bool else type(number(value))


def kept(operands: Iterable[Any], shape: Dims) -> Dims | None:
    """The order of the axes of a new array made elementwise: as those of `operands` lie (NumPy's order ``K``).

    Follows NumPy's ``npyiter_find_best_axis_ordering``; where operands disagree C order wins.
    """
    if all(not is_array(o) or o.flags.c_contiguous for o in operands):
        return None
    ndim = len(shape)
    strides = [
        [0] * (ndim - o.ndim) + [0 if n == 1 else abs(s) for s, n in zip(o.strides, o.shape, strict=True)]
        for o in operands
        if is_array(o)
    ]
    order = list(range(ndim - 1, -1, -1))  # from the innermost
    for position in range(1, ndim):
        axis, target = order[position], position
        for below in range(position - 1, -1, -1):
            swap = None
            for operand in strides:
                outer, inner = operand[axis], operand[order[below]]
                if outer and inner:
                    if inner <= outer:
                        swap = False
                    elif swap is None:
                        swap = True
            if swap:
                target = below
            elif swap is False:
                break
        order.insert(target, order.pop(position))
    found = tuple(reversed(order))
    return None if found == tuple(range(ndim)) else found


def made(shape: Dims, dtype: Kind, work: float | None = None, elements: int = 0) -> Plan:
    """One array in C order."""
    return Plan((Meta(shape, dtype),), size(shape) if work is None else work, elements)


def late(elements: int, work: float | None = None, count: int = 1) -> Plan:
    """`count` arrays of at most so many elements in all; how many is in the numbers."""
    return Plan(None, elements if work is None else work, elements, count)


def nothing(work: float) -> Plan:
    return Plan((), work)


# --- Elementwise -----------------------------------------------------------------------------------------------------


@functools.lru_cache(8192)
def resolved(ufunc: np.ufunc, kinds: tuple[Any, ...], out: Kind | None) -> tuple[Kind, ...]:
    """The dtypes of a ufunc's results.

    Raises:
        TypeError: in NumPy's words, if it has no such loop or its result does not fit into `out`.
    """
    return ufunc.resolve_dtypes((*kinds, *(out if k == 0 else None for k in range(ufunc.nout))))[ufunc.nin :]


def elementwise(ufunc: np.ufunc, operands: Sequence[Any], out: Any = None) -> Plan:
    """One ufunc."""
    if len(operands) != ufunc.nin:
        raise TypeError(f"{ufunc.__name__}() takes {ufunc.nin} arrays or numbers, {len(operands)} were given")
    kinds: list[Any] = []
    shapes: list[Dims] = []
    plain = True
    for o in operands:
        dtype = getattr(o, "dtype", None)
        if dtype is None:
            kinds.append(kind_in(o))
        else:
            kinds.append(dtype)
            shapes.append(o.shape)
            plain = plain and o.flags.c_contiguous
    if plain and out is None:
        return _plain(ufunc, tuple(kinds), tuple(shapes))
    shape = broadcast(shapes) if shapes else ()
    if out is not None:
        if broadcast((shape, written(out).shape)) != out.shape:
            raise ValueError(
                f"non-broadcastable output operand with shape {out.shape} doesn't match the broadcast shape {shape}"
            )
        resolved(ufunc, tuple(kinds), out.dtype)
        return nothing(max(size(out.shape), 1))
    order = kept(operands, shape)
    results = tuple([Meta(shape, dtype, order) for dtype in resolved(ufunc, tuple(kinds), None)])
    return Plan(results, max(size(shape), 1))


@functools.lru_cache(8192)
def _plain(ufunc: np.ufunc, kinds: tuple[Any, ...], shapes: tuple[Dims, ...]) -> Plan:
    """`elementwise` of arrays that all lie in C order."""
    shape = broadcast(shapes) if shapes else ()
    results = tuple([Meta(shape, dtype) for dtype in resolved(ufunc, kinds, None)])
    return Plan(results, max(size(shape), 1))


# --- Indexing --------------------------------------------------------------------------------------------------------


def is_basic(key: Any) -> bool:
    """Whether an index makes a view."""
    items = key if isinstance(key, tuple) else (key,)
    return not any(
        (is_array(k) and not isinstance(k, np.generic)) or isinstance(k, (list, bool, np.bool_))
        for k in items
    )


def indexed(shape: Dims, key: Any) -> Dims | int:
    """The shape that an index with arrays takes out of `shape`; a number, the most elements, if that is in the numbers.

    Raises:
        IndexError: in NumPy's words.
    """
    items = list(key) if isinstance(key, tuple) else [key]
    if sum(k is Ellipsis for k in items) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    taken = sum(
        0 if k is None or k is Ellipsis else k.ndim if is_array(k) and k.dtype == BOOL else 1 for k in items
    )
    if taken > len(shape):
        raise IndexError(
            f"too many indices for array: array is {len(shape)}-dimensional, but {taken} were indexed"
        )
    if Ellipsis not in [k if k is Ellipsis else None for k in items]:
        items.append(Ellipsis)
    plain: list[int] = []
    places: list[Dims] = []
    masked, axis, at, last = False, 0, 0, -1
    for number_of, k in enumerate(items):
        if k is None:
            plain.append(1)
        elif k is Ellipsis:
            rest = len(shape) - taken
            plain += shape[axis : axis + rest]
            axis += rest
        elif isinstance(k, slice):
            plain.append(len(range(*k.indices(shape[axis]))))
            axis += 1
        else:
            if not places:
                at = len(plain)
            elif last != number_of - 1:
                at = 0  # apart from each other: what they take out comes first
            last = number_of
            if is_array(k) and k.dtype == BOOL:
                if k.shape != shape[axis : axis + k.ndim]:
                    raise IndexError(
                        f"boolean index did not match indexed array along axis {axis}; the index has shape {k.shape}, "
                        f"the array {shape}"
                    )
                axis += k.ndim
                masked = True
                places.append((size(k.shape),))
            else:
                if is_array(k) and k.dtype.kind not in "iu":
                    raise IndexError("arrays used as indices must be of integer (or boolean) type")
                places.append(k.shape if is_array(k) else dims(abs(integer(k)))[:0])
                axis += 1
    if masked:
        return size(map(size, places)) * size(plain)
    return (*plain[:at], *broadcast(places), *plain[at:]) if places else tuple(plain)
