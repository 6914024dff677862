"""Everything `ops` offers, as methods and operators of `Tensor`, with the in-place forms."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from engine import backend, closures, dtypes, writing
from engine.dispatch import _SCALARS
from engine.dtypes import dtype as dtype_type
from engine.ops import (
    arithmetic,
    arrange,
    complex,
    copies,
    counting,
    create,
    decompose,
    derived,
    draw,
    image,
    index,
    linalg,
    native,
    pointwise,
    ranges,
    reduce,
    scan,
    scatter,
    shape,
    signal,
    special,
    spectral,
)
from engine.overloads import as_method
from engine.registry import OPS
from engine.spelling import spelled
from engine.state import S, happened
from engine.tensor import Tensor

MODULES: tuple[ModuleType, ...] = (
    arithmetic,
    reduce,
    shape,
    arrange,
    index,
    linalg,
    derived,
    copies,
    scan,
    scatter,
    decompose,
    spectral,
    signal,
    special,
    complex,
    image,
    native,
    counting,
)
"""Where public functions are; those whose first parameter is a tensor called ``input`` become methods."""

_JOINERS = {"einsum", "tensordot", "cat", "concat", "concatenate", "stack", "hstack", "vstack", "meshgrid"}
_MAKERS = {"dstack", "column_stack", "block_diag", "cartesian_prod", "combinations", "complex", "polar"}
_NOT_METHODS = _JOINERS | _MAKERS
"""Functions of several tensors, or of none."""
_FIRST = {"input", "args", "condition", "L"}

_PUBLIC = {
    name: spelled(getattr(module, name), takes_out=module is not shape)
    for module in (*MODULES, create, ranges, draw)
    for name in module.__all__
    if inspect.isfunction(getattr(module, name))
}


def public_functions() -> dict[str, Callable[..., Any]]:
    """Every function users call as ``torch.name``."""
    return dict(_PUBLIC)


def _first_parameter(function: Callable[..., Any]) -> str:
    return next(iter(inspect.signature(function).parameters), "")


def _attach_functions() -> None:
    for module in MODULES:
        for name in module.__all__:
            if name in _NOT_METHODS or name not in _PUBLIC or hasattr(Tensor, name):
                continue
            function = _PUBLIC[name]
            if _first_parameter(getattr(function, "__wrapped__", function)) in _FIRST:
                setattr(Tensor, name, as_method(function))


# --- Operators -------------------------------------------------------------------------------------------------------


_OPERANDS = (Tensor, *_SCALARS)


def _operator(symbol: str, function: Callable[..., Any], swapped: bool = False) -> Callable[..., Any]:
    def call(self: Tensor, other: Any) -> Any:
        kind = type(other)
        if not (kind is Tensor or kind is float or kind is int):
            if not isinstance(other, _OPERANDS):
                # With an array on the right NumPy then computes, and `Tensor.__array_wrap__` makes a tensor of it.
                return NotImplemented
            if isinstance(other, np.generic):
                other = other.item()
        return function(other, self) if swapped else function(self, other)

    call.__name__ = symbol
    return call


def _attach_operators() -> None:
    a = arithmetic
    pairs: dict[str, tuple[Callable[..., Any], Callable[..., Any] | None]] = {
        "add": (pointwise.add, pointwise.add),
        "sub": (a.sub, None),
        "mul": (pointwise.mul, pointwise.mul),
        "truediv": (pointwise.div, None),
        "floordiv": (a.floor_divide, a.floor_divide),
        "mod": (a.remainder, a.remainder),
        "pow": (a.pow, a.pow),
        "and": (pointwise.bitwise_and, pointwise.bitwise_and),
        "or": (pointwise.bitwise_or, pointwise.bitwise_or),
        "xor": (pointwise.bitwise_xor, pointwise.bitwise_xor),
        "lshift": (pointwise.bitwise_left_shift, pointwise.bitwise_left_shift),
        "rshift": (pointwise.bitwise_right_shift, pointwise.bitwise_right_shift),
    }
    # Those the hot closures serve: what these leave goes the way the others go at once.
    records = {"add": OPS["add"], "sub": OPS["sub"], "mul": OPS["mul"], "truediv": OPS["div"]}
    for name, (forward, reflected) in pairs.items():
        usual = _operator(f"__{name}__", forward)
        setattr(Tensor, f"__{name}__", closures.operator(records[name], usual) if name in records else usual)
        if reflected is not None:
            # ``2 * x`` is mul(x, 2) in PyTorch, so that x is the first input in the graph.
            swapped = name not in ("add", "mul", "and", "or", "xor")
            usual = _operator(f"__r{name}__", reflected, swapped)
            hot_too = name in records and not swapped
            setattr(Tensor, f"__r{name}__", closures.operator(records[name], usual) if hot_too else usual)
    for name in ("lt", "le", "gt", "ge"):
        usual = _operator(f"__{name}__", getattr(pointwise, name))
        setattr(Tensor, f"__{name}__", closures.operator(OPS[name], usual))
    hot: dict[str, Callable[..., Any]] = {
        "__neg__": a.neg,
        "__pos__": a.positive,
        "__abs__": pointwise.abs,
        "__invert__": _invert,
        "__rsub__": _operator("__rsub__", a.rsub),
        "__rtruediv__": _operator(
            "__rtruediv__", lambda self, other: pointwise.mul(pointwise.reciprocal(self), other)
        ),
        "__matmul__": _operator_tensors(linalg.matmul),
        "__rmatmul__": _operator_tensors(lambda self, other: linalg.matmul(other, self)),
        "__eq__": closures.operator(OPS["eq"], _equality(pointwise.eq, False)),
        "__ne__": closures.operator(OPS["ne"], _equality(pointwise.ne, True)),
        "__getitem__": index.getitem,
        "__setitem__": index.setitem,
        "__iter__": _iterate,
        "__reversed__": lambda self: arrange.flip(self, 0),
    }
    hot["__rdiv__"] = hot["__rtruediv__"]
    for name, function in hot.items():
        setattr(Tensor, name, function)


def _operator_tensors(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(self: Tensor, other: Any) -> Any:
        return function(self, other) if isinstance(other, Tensor) else NotImplemented

    return call


def _equality(function: Callable[..., Any], otherwise: bool) -> Callable[..., Any]:
    def call(self: Tensor, other: Any) -> Any:
        if isinstance(other, (Tensor, np.ndarray, *_SCALARS)):
            return function(self, _tensor(other) if isinstance(other, np.ndarray) else other)
        return otherwise

    return call


def _tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else Tensor._wrap(np.asarray(value))


def _invert(self: Tensor) -> Tensor:
    if self.dtype.differentiable:
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return pointwise.bitwise_not(self)  # type: ignore[no-any-return]


def _iterate(self: Tensor) -> Any:
    if not self.ndim:
        raise TypeError("iteration over a 0-d tensor")
    return iter(shape.unbind(self, 0))


# --- Conversions -----------------------------------------------------------------------------------------------------


def to(
    self: Tensor,
    *args: Any,
    dtype: dtype_type | None = None,
    device: Any = None,
    non_blocking: bool = False,
    copy: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """The tensor with another dtype or on another device; itself if nothing changes and `copy` is false."""
    for a in args:
        if isinstance(a, (dtype_type, type)):
            dtype = dtypes.as_dtype(a, "to")
        elif isinstance(a, Tensor):
            dtype, device = a.dtype, a.device
        elif isinstance(a, (str, int, backend.device)) and not isinstance(a, bool):
            device = a
        elif not isinstance(a, bool):
            raise TypeError(
                "to() received an invalid combination of arguments - expected a dtype, a device or a tensor, but got "
                f"{type(a).__name__}"
            )
    result = self
    if device is not None:
        where = backend.device(device)
        if where.type != self.device.type:
            backend.require(where)
            result = OPS["to_device"].call(result, where)
    if dtype is not None and dtype is not result.dtype:
        return pointwise.to_dtype(result, dtype)
    if S.slow and not copy and result is self:
        happened("aten::to", self)
    return result.clone() if copy and result is self else result


def _attach_conversions() -> None:
    methods: dict[str, Any] = {
        "to": to,
        "type_as": lambda self, other: to(self, other.dtype),
        "cpu": lambda self: to(self, "cpu"),
        "cuda": lambda self, device=None, non_blocking=False: to(self, "cuda" if device is None else device),
        "pin_memory": lambda self: self,
        "masked_fill": as_method(_PUBLIC["masked_fill"]),
        "new_tensor": _new(create.tensor),
        "new_zeros": _new(create.zeros),
        "new_ones": _new(create.ones),
        "new_full": _new(create.full),
        "new_empty": _new(create.empty),
        "where": lambda self, condition, other: arithmetic.where(condition, self, other),
        "is_same_size": lambda self, other: self._data.shape == other._data.shape,
        "bernoulli": draw.bernoulli,
        "multinomial": draw.multinomial,
        "sum_to_size": derived.sum_to_size,
        "index_put": lambda self, indices, values, accumulate=False: OPS["index_put"].call(
            self, values, tuple(indices), accumulate
        ),
        "dense_dim": lambda self: self.ndim,
    }
    for name, kind in {
        "float": dtypes.float32,
        "double": dtypes.float64,
        "half": dtypes.float16,
        "int": dtypes.int32,
        "long": dtypes.int64,
        "short": dtypes.int16,
        "char": dtypes.int8,
        "byte": dtypes.uint8,
        "bool": dtypes.bool_,
        "cfloat": dtypes.complex64,
        "cdouble": dtypes.complex128,
    }.items():
        methods[name] = _cast(kind)
    for name, method in methods.items():
        setattr(Tensor, name, method)
    for name, get in {
        "T": lambda self: shape.permute(self, tuple(reversed(range(self.ndim)))) if self.ndim else self,
        "mT": lambda self: _turned(self, "mT"),
        "H": lambda self: _turned(self, "H"),
        "mH": lambda self: _turned(self, "mH"),
    }.items():
        setattr(Tensor, name, property(get))
    for part in (complex.real, complex.imag):
        setattr(Tensor, part.__name__, property(part, _write_part(part)))


def _turned(self: Tensor, name: str) -> Tensor:
    """``x.mT`` and its kin: the last two dimensions exchanged, and conjugated for ``H`` and ``mH``."""
    if self.ndim == 1 or (name == "H" and self.ndim > 2):
        which = "matrices (2-D tensors)" if name == "H" else "matrices or batches of matrices"
        raise RuntimeError(f"tensor.{name} is only supported on {which}. Got {self.ndim}-D tensor.")
    result = shape.transpose(self, -2, -1) if self.ndim else self
    return result if name == "mT" else complex.conj(result)


def _write_part(part: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Any], None]:
    """``z.real = x``: written through the view."""

    def write(self: Tensor, value: Any) -> None:
        part(self).copy_(value)

    return write


def _new(factory: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A factory whose dtype and device are, unless given, those of the tensor it is called on."""

    def call(self: Tensor, *args: Any, dtype: Any = None, device: Any = None, **kwargs: Any) -> Tensor:
        where = device or (self.device if self.is_cuda else None)
        return factory(*args, dtype=dtype or self.dtype, device=where, **kwargs)

    return call


def _cast(kind: dtype_type) -> Callable[[Tensor], Tensor]:
    def call(self: Tensor, memory_format: Any = None) -> Tensor:
        if memory_format is not None and "channels_last" in str(memory_format):
            return pointwise.to_dtype(self, kind)
        return to(self, kind)

    return call


_attach_functions()
_attach_operators()
writing.attach()
_attach_conversions()
