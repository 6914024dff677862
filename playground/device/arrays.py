"""An array whose numbers are on the device server.

What NumPy knows of an array without its numbers is known here without asking. That is what a `Shadow` is for: a NumPy
array of the same shape, dtype and strides over memory that is not there. Views are made of it as NumPy makes them, and
nothing ever reads it. So slicing, transposing and reshaping cost no message: a view is an array's number with an
offset, a shape and strides.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from playground.device import messages
from playground.device.connection import Connection
from playground.device.functions import FUNCTIONS
from playground.device.plans import Meta, is_basic
from playground.device.shadow import Addresses, Shadow, address


def implicit() -> TypeError:
    """CuPy's, when an array of the device's is used as one of the host's."""
    return TypeError(
        "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array "
        "explicitly."
    )


class Device:
    """One connection, and the arrays made on it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.module: Any = None
        """The array module (`library.Module`) that functions of NumPy's are looked up in."""
        self._addresses = Addresses()

    def call(self, name: str, *arguments: Any, out: ndarray | None = None, **keywords: Any) -> Any:
        """Have a function of the table worked out; its results, known at once where they do not depend on numbers.

        Raises:
            TypeError, ValueError, IndexError: in NumPy's words, for arguments that do not fit.
        """
        function = FUNCTIONS[name]
        if function.ufunc is not None and len(arguments) > function.ufunc.nin and out is None:
            arguments, out = arguments[:-1], arguments[-1]
        seen = [a._shadow if type(a) is ndarray else _seen(a) for a in arguments]
        if out is not None:
            keywords["out"] = out._shadow
        plan = function.rule(*seen, **keywords)
        keywords.pop("out", None)
        given = [a.reference() if type(a) is ndarray else wire(a) for a in arguments]
        named = {key: wire(value) for key, value in keywords.items()} if keywords else keywords
        connection = self.connection
        if plan.results is None:
            return self._late(name, given, named, plan.results_count)
        handles, made, held = [], [], 0
        for meta in plan.results:
            shadow = self._addresses.shadow(meta)
            handles.append(connection.handle())
            made.append(ndarray(self, shadow, handles[-1]))
            held += shadow.nbytes
        request = messages.Call(name, given, named, handles, None if out is None else out.reference())
        connection.send(request, held)
        if out is not None:
            return out
        return made[0] if len(made) == 1 else tuple(made) if made else None

    def _late(self, name: str, given: list[Any], named: dict[str, Any], count: int) -> Any:
        handles = [self.connection.handle() for _ in range(count)]
        try:
            reply = self.connection.ask(messages.Call(name, given, named, handles, None, True))
        except Exception:
            for handle in handles:
                self.connection.free(handle)
            raise
        assert isinstance(reply, messages.Made)
        made = [
            ndarray(self, self._addresses.shadow(Meta(tuple(shape), messages.DTYPES[dtype])), handle)
            for handle, (shape, dtype) in zip(handles, reply.results, strict=True)
        ]
        return made[0] if count == 1 else tuple(made)

    def upload(self, array: np.ndarray[Any, Any]) -> ndarray:
        """A copy of a host array."""
        messages.name_of(array.dtype)
        if array.dtype == bool:
            array = array.view(np.uint8) != 0  # a program's bytes may be any
        made: ndarray = self.call("zeros", array.shape, dtype=array.dtype)
        data = array.tobytes()
        for start in range(0, len(data), messages.PIECE_BYTES):
            piece = data[start : start + messages.PIECE_BYTES]
            self.connection.send(messages.Fill(made._handle, start, piece), len(piece))
        return made

    def made_of(self, value: Any, dtype: Any = None) -> ndarray:
        """An array of numbers of the host, or of arrays."""
        if isinstance(value, (tuple, list)) and any(isinstance(v, ndarray) for v in value):
            stacked: ndarray = self.call(
                "stack", [v if isinstance(v, ndarray) else self.made_of(v) for v in value]
            )
            return stacked if dtype is None else stacked.astype(dtype)
        return self.upload(np.asarray(value, dtype))


def _seen(value: Any) -> Any:
    """An argument as a rule sees it."""
    if type(value) in (tuple, list):
        return tuple(v._shadow if type(v) is ndarray else _seen(v) for v in value)
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {np.ndarray}")
    return value


def wire(value: Any) -> Any:
    """A value as it goes over the socket.

    Raises:
        TypeError, OverflowError: for what cannot.
    """
    if value is None or type(value) in (bool, float):
        return value
    if type(value) is int:
        if not -(1 << 63) <= value < 1 << 63:
            raise OverflowError(f"Python integer {value} is too large for a device")
        return value
    if isinstance(value, ndarray):
        return value.reference()
    if isinstance(value, (tuple, list)):
        return messages.Several([wire(v) for v in value])
    if isinstance(value, (np.dtype, type)):
        return messages.Dtype(messages.name_of(np.dtype(value)))
    if isinstance(value, np.generic):
        number = value.item()
        name = messages.name_of(value.dtype)
        if isinstance(number, complex):
            return messages.Scalar(name, number.real, number.imag)
        return messages.Scalar(name, number)
    if isinstance(value, slice):
        return messages.Slice(
            *(None if v is None else operator.index(v) for v in (value.start, value.stop, value.step))
        )
    if value is Ellipsis:
        return messages.Rest()
    if isinstance(value, complex):
        return messages.Complex(value.real, value.imag)
    if isinstance(value, str):
        return value
    raise TypeError(f"Unsupported type {type(value)}")


def _operator(name: str, swapped: bool = False, inplace: bool = False) -> Callable[..., Any]:
    def operate(self: ndarray, *others: Any) -> Any:
        for other in others:
            if type(other) is np.ndarray:
                raise TypeError(f"Unsupported type {np.ndarray}")
            if not isinstance(other, (ndarray, bool, int, float, complex, np.generic)):
                return NotImplemented
        if inplace:
            return self._device.call(name, self, *others, out=self)
        return self._device.call(name, *others, self) if swapped else self._device.call(name, self, *others)

    return operate


def _reduction(name: str) -> Callable[..., Any]:
    def reduce(self: ndarray, *arguments: Any, **keywords: Any) -> Any:
        return self._device.call(name, self, *arguments, **keywords)

    reduce.__name__ = name
    return reduce


def _on_host(name: str) -> Callable[[ndarray], Any]:
    return lambda self: getattr(self.get(), name)()


class ndarray:  # CuPy's name for it, which error messages show
    """An array on the device server, with CuPy's attributes and methods."""

    __slots__ = ("__weakref__", "_device", "_handle", "_owner", "_shadow")
    __module__ = "cupy"
    __hash__ = None  # type: ignore[assignment]
    __array_priority__ = 100

    def __init__(self, device: Device, shadow: Shadow, handle: int, owner: ndarray | None = None) -> None:
        self._device = device
        self._shadow = shadow
        self._handle = handle
        self._owner = owner

    def __del__(self) -> None:
        if self._owner is None:
            self._device.connection.free(self._handle)

    def reference(self) -> messages.Whole | messages.View:
        """How it is called on the wire.

        Raises:
            ValueError: for a view that begins in the middle of an element, which a device cannot read, or that looks at
                truth values as numbers, or the other way round.
        """
        owner = self._owner
        if owner is None:
            return messages.Whole(self._handle)
        shadow = self._shadow
        if (shadow.dtype == bool) != (owner.dtype == bool):
            raise ValueError(
                f"an array of {owner.dtype} is not looked at as {shadow.dtype} on a device that is served"
            )
        offset = address(shadow) - address(owner._shadow)
        if any(step % shadow.itemsize for step in (offset, *shadow.strides)):
            raise ValueError(
                f"a view as {shadow.dtype} has to begin and step at multiples of {shadow.itemsize} bytes"
            )
        return messages.View(
            self._handle, offset, list(shadow.shape), list(shadow.strides), messages.name_of(shadow.dtype)
        )

    def _view(self, shadow: np.ndarray[Any, Any]) -> ndarray:
        """Another look at the same memory."""
        shaded = shadow if type(shadow) is Shadow else shadow.view(Shadow)
        return ndarray(self._device, shaded, self._handle, self if self._owner is None else self._owner)

    # --- What it is --------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> Any:
        return self._shadow.shape

    @shape.setter
    def shape(self, value: Any) -> None:
        self._shadow = np.reshape(self._shadow, value, copy=False).view(Shadow)

    dtype = property(lambda self: self._shadow.dtype)
    ndim = property(lambda self: self._shadow.ndim)
    size = property(lambda self: self._shadow.size)
    nbytes = property(lambda self: self._shadow.nbytes)
    itemsize = property(lambda self: self._shadow.itemsize)
    strides = property(lambda self: self._shadow.strides)
    flags = property(lambda self: self._shadow.flags)
    base = property(lambda self: self._owner)
    device = property(lambda self: SimpleNamespace(id=0))

    @property
    def data(self) -> Any:
        owner = self if self._owner is None else self._owner
        return SimpleNamespace(ptr=address(self._shadow), mem=SimpleNamespace(ptr=address(owner._shadow)))

    def __len__(self) -> int:
        return len(self._shadow)

    def __repr__(self) -> str:
        return repr(self.get())

    # --- Its numbers -------------------------------------------------------------------------------------------------

    def get(self, *_: Any, **__: Any) -> np.ndarray[Any, Any]:
        """A copy on the host. Raises what went wrong on the device before."""
        reply = self._device.connection.ask(messages.Fetch(self.reference()))
        assert isinstance(reply, messages.Numbers)
        return np.frombuffer(bytearray(reply.data), messages.DTYPES[reply.dtype]).reshape(reply.shape)

    def item(self, *arguments: Any) -> Any:
        return self.get().item(*arguments)

    def tolist(self) -> Any:
        return self.get().tolist()

    def tobytes(self) -> bytes:
        return self.get().tobytes()

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise implicit()

    # --- Views -------------------------------------------------------------------------------------------------------

    @property
    def T(self) -> ndarray:
        return self._view(self._shadow.T)

    @property
    def mT(self) -> ndarray:
        return self._view(self._shadow.mT)

    @property
    def real(self) -> ndarray:
        return self._view(self._shadow.real) if self.dtype.kind == "c" else self

    @real.setter
    def real(self, value: Any) -> None:
        self.real[...] = value

    @property
    def imag(self) -> ndarray:
        if self.dtype.kind == "c":
            return self._view(self._shadow.imag)
        zeros: ndarray = self._device.call("zeros_like", self)
        return zeros

    @imag.setter
    def imag(self, value: Any) -> None:
        if self.dtype.kind != "c":
            raise TypeError("cannot set imaginary part of a real array")
        self.imag[...] = value

    def reshape(self, *shape: Any, order: str = "C") -> ndarray:
        """A view where that is possible, else of a copy."""
        if order != "C":
            raise NotImplementedError(f"reshape in order {order!r} is not served; expected 'C'")
        wanted = shape[0] if len(shape) == 1 else shape
        try:
            return self._view(np.reshape(self._shadow, wanted, copy=False))
        except ValueError as problem:
            if "copy" not in str(problem):
                raise
        copied: ndarray = self._device.call("ascontiguousarray", self, order="C")
        return copied._view(np.reshape(copied._shadow, wanted, copy=False))

    def ravel(self, order: str = "C") -> ndarray:
        return self.reshape(-1, order=order)

    def flatten(self, order: str = "C") -> ndarray:
        return self.copy().reshape(-1, order=order)

    def transpose(self, *axes: Any) -> ndarray:
        return self._view(self._shadow.transpose(*axes))

    def swapaxes(self, first: int, second: int) -> ndarray:
        return self._view(self._shadow.swapaxes(first, second))

    def squeeze(self, axis: Any = None) -> ndarray:
        return self._view(self._shadow.squeeze(axis))

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> ndarray:
        shadow = self._shadow.diagonal(offset, axis1, axis2)
        shadow.flags.writeable = True  # NumPy's cannot be written to, CuPy's can
        return self._view(shadow)

    def view(self, dtype: Any = None) -> ndarray:
        return self._view(self._shadow.view() if dtype is None else self._shadow.view(dtype))

    # --- Indexing ----------------------------------------------------------------------------------------------------

    def _key(self, key: Any) -> Any:
        """Numbers, slices and arrays of this device."""
        if isinstance(key, tuple):
            return tuple([self._key(k) for k in key])
        if isinstance(key, (list, np.ndarray, bool, np.bool_)):
            return self._device.made_of(key)
        return int(key) if isinstance(key, np.integer) else key

    def _basic(self, key: Any) -> ndarray:
        items = key if isinstance(key, tuple) else (key,)
        # With an ellipsis NumPy makes a view of no dimensions where it would read a number.
        return self._view(self._shadow[key if any(k is Ellipsis for k in items) else (*items, Ellipsis)])

    def __getitem__(self, key: Any) -> Any:
        key = self._key(key)
        return self._basic(key) if is_basic(key) else self._device.call("getitem", self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        if type(value) is np.ndarray:
            raise TypeError(f"Unsupported type {np.ndarray}")
        if isinstance(value, list):
            value = self._device.made_of(value)
        key = self._key(key)
        if is_basic(key):
            self._device.call("assign", self._basic(key), value)
        else:
            self._device.call("setitem", self, key, value)

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def take(self, indices: Any, axis: int | None = None) -> ndarray:
        taken: ndarray = self._device.module.take(self, indices, axis)
        return taken

    def fill(self, value: Any) -> None:
        self._device.call("assign", self, value)

    # --- New arrays --------------------------------------------------------------------------------------------------

    def astype(self, dtype: Any, order: str = "K", copy: bool = True) -> ndarray:
        if not copy and self.dtype == dtype:
            return self
        changed: ndarray = self._device.call("astype", self, np.dtype(dtype), order=order)
        return changed

    def copy(self, order: str = "C") -> ndarray:
        copied: ndarray = self._device.call("copy", self, order=order)
        return copied

    def clip(self, min: Any = None, max: Any = None, out: ndarray | None = None) -> ndarray:
        clipped: ndarray = self._device.call("clip", self, min, max)
        if out is None:
            return clipped
        self._device.call("assign", out, clipped)
        return out

    def nonzero(self) -> tuple[ndarray, ...]:
        found = self._device.call("nonzero", self)
        return found if isinstance(found, tuple) else (found,)

    # --- For NumPy's functions ---------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        if name not in FUNCTIONS:
            return NotImplemented
        if "out" in keywords:
            (keywords["out"],) = keywords["out"]
        return self._device.call(name, *inputs, **keywords)

    def __array_function__(self, function: Any, _: Any, arguments: Any, keywords: Any) -> Any:
        path = function.__module__.partition(".")[2]
        module = self._device.module
        for part in (*path.split("."), function.__name__):
            module = getattr(module, part, None) if part else module
        return NotImplemented if module is None else module(*arguments, **keywords)


_BINARY = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "true_divide",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "power",
    "matmul": "matmul",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "lshift": "left_shift",
    "rshift": "right_shift",
}
_UNARY = {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"}
_COMPARED = {
    "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"
}  # fmt: skip

for _short, _name in {**_BINARY, **_UNARY, **_COMPARED}.items():
    setattr(ndarray, f"__{_short}__", _operator(_name))
for _short, _name in _BINARY.items():
    setattr(ndarray, f"__r{_short}__", _operator(_name, swapped=True))
    if _short != "matmul":
        setattr(ndarray, f"__i{_short}__", _operator(_name, inplace=True))
for _name in (
    *(
        "sum",
        "prod",
        "mean",
        "var",
        "std",
        "max",
        "min",
        "any",
        "all",
        "argmax",
        "argmin",
        "cumsum",
        "cumprod",
        "round",
    ),
    *("conj", "conjugate", "dot", "trace", "argsort", "searchsorted"),
):
    setattr(ndarray, _name, _reduction(_name))
for _name in ("__bool__", "__int__", "__float__", "__complex__", "__index__"):
    setattr(ndarray, _name, _on_host(_name))
