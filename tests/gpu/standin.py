"""NumPy in CuPy's place, where there is no card: what an operation may do with an array on a device, held on a CPU.

Its arrays are not NumPy's and do not become so by themselves; a host array beside one is refused; only CuPy's names and
keywords are there (`cupy_names.json`, read from CuPy itself); and every copy to or from the host is counted. What it
cannot tell is whether CuPy's numbers are right: that takes a card (the tests marked ``gpu``).
"""

from __future__ import annotations

import ctypes
import importlib
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from engine import philox
from tests.gpu import kernel
from tests.gpu.standin_cuda import CORE, CUDA

NAMES: dict[str, Any] = json.loads((Path(__file__).parent / "cupy_names.json").read_text())
"""The public names of CuPy's modules, each with its parameters; ``*`` where they cannot be read, or ``ufunc``."""

_UPLOADING = {"array", "asarray", "ascontiguousarray", "asanyarray", "asfortranarray", "from_dlpack"}
_NO_LAUNCH = {
    *_UPLOADING,
    *(
        "broadcast_to",
        "diagonal",
        "empty",
        "empty_like",
        "expand_dims",
        "moveaxis",
        "ravel",
        "reshape",
        "squeeze",
    ),
    *("as_strided", "swapaxes", "transpose", "view"),
}
_WRITING_METHODS = {"fill", "partition", "put", "sort"}
_WRITING = {"at", "copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"}
_COMPARISONS = {"greater", "less", "greater_equal", "less_equal", "equal", "not_equal"}
_UFUNC_KEYWORDS = {"out", "dtype", "casting", "axis", "keepdims"}


class Transfers:
    """How many copies went to the device and came back from it, and what arithmetic was launched there."""

    def __init__(self) -> None:
        self.up: list[str] = []
        self.down: list[str] = []
        self.launched: list[str] = []
        self.moved = 0
        """Bytes that what was launched has read and written, an element that stands for many once."""


TRANSFERS = Transfers()


def _launch(name: str) -> None:
    TRANSFERS.launched.append(name)
    CUDA.launch()


def _count(*arrays: Any) -> None:
    for a in arrays:
        if isinstance(a, np.ndarray):
            sizes = (n for n, stride in zip(a.shape, a.strides, strict=True) if stride)
            TRANSFERS.moved += a.itemsize * math.prod(sizes)


@contextmanager
def watched() -> Iterator[Transfers]:
    """Count the transfers and launches of a block."""
    TRANSFERS.up, TRANSFERS.down, TRANSFERS.launched, TRANSFERS.moved = [], [], [], 0
    yield TRANSFERS


_OWNERS: WeakValueDictionary[int, ndarray] = WeakValueDictionary()
"""Whose memory it is, by the number of NumPy's array: a view holds on to it, as CuPy's does."""


class ndarray:  # CuPy's name for it, which error messages show
    """An array "on the device"."""

    __slots__ = ("__weakref__", "_a", "_memory", "_owner")
    __module__ = "cupy"
    __hash__ = None  # type: ignore[assignment]
    __array_priority__ = 100

    def __init__(self, a: np.ndarray[Any, Any]) -> None:
        root = _root(a)
        self._a = a
        self._memory = CUDA.alloc(a.nbytes) if a.base is None else None
        self._owner = _OWNERS.get(id(root)) if root is not a else None
        if root is a:
            _OWNERS[id(a)] = self

    def get(self, *_: Any, **__: Any) -> np.ndarray[Any, Any]:
        CUDA.not_while_capturing()
        TRANSFERS.down.append("get")
        return self._a.copy()

    @property
    def device(self) -> Any:
        return SimpleNamespace(id=0)

    @property
    def data(self) -> Any:
        memory = next((a._memory for a in (self, self._owner) if a is not None and a._memory), None)
        return SimpleNamespace(ptr=self._a.ctypes.data, mem=memory)

    @property
    def base(self) -> ndarray | None:
        return self._owner

    @property
    def shape(self) -> tuple[int, ...]:
        return self._a.shape

    @shape.setter
    def shape(self, value: tuple[int, ...]) -> None:
        self._a.shape = value

    @property
    def real(self) -> ndarray:
        return ndarray(self._a.real)

    @real.setter
    def real(self, value: Any) -> None:
        self._a.real = _unwrap(value, "real")

    @property
    def imag(self) -> ndarray:
        return ndarray(self._a.imag)

    @imag.setter
    def imag(self, value: Any) -> None:
        self._a.imag = _unwrap(value, "imag")

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array "
            "explicitly."
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
        if ufunc.__name__ not in NAMES["cupy"]:
            return NotImplemented
        if (
            ufunc.__name__ in _COMPARISONS
        ):  # as CuPy does, since NumPy makes arrays of its numbers to compare them
            inputs = tuple(x[()] if type(x) is np.ndarray and not x.ndim else x for x in inputs)
        if any(type(x) is np.ndarray for x in inputs):
            raise TypeError(f"Unsupported type {np.ndarray}")
        function = getattr(ufunc, method)
        if "out" in keywords:
            (keywords["out"],) = keywords["out"]
        return _call(function, ufunc.__name__, inputs, keywords)

    def __array_function__(self, function: Any, _: Any, args: Any, keywords: Any) -> Any:
        path = function.__module__.replace("numpy", "cupy", 1)
        if function.__name__ not in NAMES.get(path, {}):
            return NotImplemented
        return _Module(path, np)._wrapped(function.__name__, function)(*args, **keywords)

    def __getattr__(self, name: str) -> Any:
        if name not in NAMES["cupy.ndarray"]:
            raise AttributeError(f"'cupy.ndarray' object has no attribute '{name}'")
        value = getattr(self._a, name)
        if name in ("item", "tolist", "tobytes"):
            CUDA.not_while_capturing()
            TRANSFERS.down.append(name)
            return value
        if callable(value):
            return lambda *args, **keywords: _call(value, name, args, keywords)
        return _wrap(value)

    def __getitem__(self, key: Any) -> Any:
        return _wrap(_made(lambda a, k: a[_around(a.shape, k)], (self._a, _key(key)), {}))

    def __setitem__(self, key: Any, value: Any) -> None:
        if type(value) is np.ndarray and value.ndim:
            raise TypeError(f"Unsupported type {np.ndarray}")
        CUDA.launch()
        written = (_key(key), _unwrap(value, "setitem"))
        _written(self._a, lambda a, k, v: a.__setitem__(_around(a.shape, k), v), written)

    def __len__(self) -> int:
        return len(self._a)

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self._a)))

    def __repr__(self) -> str:
        return repr(self._a)


def _root(a: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    while isinstance(a.base, np.ndarray):
        a = a.base
    return a


def _key(key: Any) -> Any:
    if isinstance(key, tuple):
        return tuple(_key(k) for k in key)
    if isinstance(key, ndarray):
        return key._a
    if isinstance(key, (np.ndarray, list)) and np.ndim(key):
        TRANSFERS.up.append("index")
    return key


def _is_mask(key: Any) -> bool:
    return isinstance(key, np.ndarray) and key.dtype.kind == "b"


def _around(shape: tuple[int, ...], key: Any) -> Any:
    """The key with indices out of range counted around, as CuPy does where NumPy raises an error."""
    keys = key if isinstance(key, tuple) else (key,)
    if not any(isinstance(k, np.ndarray) and k.ndim and k.dtype.kind in "iu" for k in keys):
        return key
    takes = [0 if k is None or k is Ellipsis else k.ndim if _is_mask(k) else 1 for k in keys]
    found, dim = [], 0
    for k, taken in zip(keys, takes, strict=True):
        whole = isinstance(k, np.ndarray) and k.dtype.kind in "iu" and shape[dim]
        found.append(k % shape[dim] if whole else k)
        dim += len(shape) - sum(takes) if k is Ellipsis else taken
    return tuple(found)


def _unwrap(value: Any, name: str) -> Any:
    if isinstance(value, ndarray):
        return value._a
    if isinstance(value, np.ndarray):
        if name not in _UPLOADING:
            raise TypeError(f"Unsupported type {np.ndarray}")
        CUDA.not_while_capturing()
        TRANSFERS.up.append(name)
        return value.copy()
    if type(value) in (tuple, list):
        if name in _UPLOADING:
            CUDA.not_while_capturing()
            TRANSFERS.up.append(name)
        return type(value)(_unwrap(v, name) for v in value)
    return value


def _wrap(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return ndarray(np.asarray(value))
    if isinstance(value, tuple):
        parts = [_wrap(v) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return [_wrap(v) for v in value] if isinstance(value, list) else value


def _call(function: Callable[..., Any], name: str, args: Any, keywords: dict[str, Any]) -> Any:
    if name not in _NO_LAUNCH:
        _launch(name)
    given = CORE.rounded(name, [_unwrap(a, name) for a in args])
    named = {k: _unwrap(v, name) for k, v in keywords.items()}
    out, own = keywords.get("out"), getattr(function, "__self__", None)
    if isinstance(out, ndarray):
        del named["out"]
        _written(out._a, lambda a, *arguments: function(*arguments, out=a, **named), given)
        result = out._a
    elif name in _WRITING_METHODS and isinstance(own, np.ndarray):
        result = _written(own, lambda a, *arguments: getattr(a, name)(*arguments, **named), given)
    elif name in _WRITING:
        result = _written(given[0], lambda a, *arguments: function(a, *arguments, **named), given[1:])
    else:
        result = _made(function, given, named)
    if name not in _NO_LAUNCH:
        _count(own, *given, result)
    if name == "diagonal":
        result.flags.writeable = True  # NumPy's cannot be written to, CuPy's can
    return out if isinstance(out, ndarray) else _wrap(result)


def _made(function: Callable[..., Any], given: Any, named: dict[str, Any]) -> Any:
    """What a function makes; while a graph is recorded it is not there yet, and made at each replay."""
    result = function(*given, **named)
    if CUDA.recording is None:
        return result
    sources = [
        a for a in (*given, *named.values(), getattr(function, "__self__", None)) if isinstance(a, np.ndarray)
    ]
    if isinstance(result, np.generic):
        result = np.asarray(result)
    results = [r for r in (result if isinstance(result, tuple) else (result,)) if isinstance(r, np.ndarray)]
    if any(np.may_share_memory(r, a) for r in results for a in sources):
        return result  # a view

    def again() -> None:
        made = function(*given, **named)
        for r, new in zip(results, made if isinstance(made, tuple) else (made,), strict=True):
            r[...] = new

    CUDA.recording.sent.append(again)
    for r in results:
        _spoilt(r)
    return result


def _written(target: Any, function: Callable[..., Any], given: Any) -> Any:
    """What a function does that writes into `target`; while a graph is recorded, it is only tried."""
    if CUDA.recording is None:
        return function(target, *given)
    CUDA.recording.sent.append(lambda: function(target, *given))
    return function(target.copy(), *given)


def _spoilt(a: Any) -> Any:
    """Nothing has been computed yet."""
    if a.flags.writeable:
        a[...] = np.nan if a.dtype.kind in "fc" else 0
    return a


def _scalar(name: str) -> Any:
    def convert(self: ndarray) -> Any:
        CUDA.not_while_capturing()
        TRANSFERS.down.append(name)
        return getattr(self._a, name)()

    return convert


def _operator(name: str) -> Any:
    def operate(self: ndarray, *others: Any) -> Any:
        if any(type(o) is np.ndarray for o in others):
            raise TypeError(f"Unsupported type {np.ndarray}")
        _launch(name)
        own, *given = CORE.rounded(name, [self._a, *(_unwrap(o, name) for o in others)])
        if name.startswith("__i") and name != "__invert__":
            result = _written(self._a, lambda a, *arguments: getattr(a, name)(*arguments), given)
        else:
            result = _made(lambda a, *arguments: getattr(a, name)(*arguments), (own, *given), {})
        _count(self._a, *given, result)
        return self if name.startswith("__i") and name != "__invert__" else _wrap(result)

    return operate


for _name in ("__bool__", "__int__", "__float__", "__complex__", "__index__"):
    if _name in NAMES["cupy.ndarray"] or _name == "__index__":
        setattr(ndarray, _name, _scalar(_name))
_BINARY = (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
)
for _name in (
    *(f"__{kind}{name}__" for name in _BINARY for kind in ("", "r", "i") if f"{kind}{name}" != "imatmul"),
    *(
        f"__{name}__"
        for name in ("neg", "pos", "abs", "invert", "eq", "ne", "lt", "le", "gt", "ge", "divmod")
    ),
):
    setattr(ndarray, _name, _operator(_name))


class _Ufunc:
    """A ufunc with CuPy's methods."""

    def __init__(self, ufunc: np.ufunc) -> None:
        self._ufunc, self.__name__ = ufunc, ufunc.__name__

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        if unknown := set(keywords) - _UFUNC_KEYWORDS:
            raise TypeError(f"Wrong arguments {unknown}")
        return _call(self._ufunc, self.__name__, args, keywords)

    def __getattr__(self, name: str) -> Any:
        if name not in ("accumulate", "at", "outer", "reduce", "reduceat", "nin", "nout", "types"):
            raise AttributeError(f"'cupy.ufunc' object has no attribute '{name}'")
        value = getattr(self._ufunc, name)
        return (lambda *args, **keywords: _call(value, name, args, keywords)) if callable(value) else value


class _Grid:
    """``mgrid`` and the like."""

    def __init__(self, grid: Any) -> None:
        self._grid = grid

    def __getitem__(self, key: Any) -> Any:
        return _wrap(self._grid[key])


class _Module:
    """A module of CuPy's, its functions NumPy's or SciPy's."""

    def __init__(self, path: str, source: Any) -> None:
        self._path, self._source = path, source
        self.__name__ = path

    def __getattr__(self, name: str) -> Any:
        if f"{self._path}.{name}" in NAMES or f"{self._path}.{name}" == "cupy.lib":
            return _Module(f"{self._path}.{name}", getattr(self._source, name))
        if name not in NAMES.get(self._path, {}):
            raise AttributeError(f"module '{self._path}' has no attribute '{name}'")
        value = getattr(self._source, name)
        if name in ("mgrid", "ogrid", "r_", "c_"):
            return _Grid(value)
        if isinstance(value, type) or not callable(value):
            return value
        return _Ufunc(value) if isinstance(value, np.ufunc) else self._wrapped(name, value)

    def _wrapped(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        parameters = NAMES[self._path][name]
        names = None if parameters in ("*", "ufunc") else parameters.split(", ")

        def call(*args: Any, **keywords: Any) -> Any:
            if names is not None:
                for keyword in keywords:
                    if keyword not in names:
                        raise TypeError(f"{name}() got an unexpected keyword argument '{keyword}'")
                if len(args) > len(names):
                    raise TypeError(
                        f"{name}() takes {len(names)} positional arguments but {len(args)} were given"
                    )
            return _call(function, name, args, keywords)

        return call


class ElementwiseKernel(kernel.Kernel):
    """A kernel whose text is read and worked out on NumPy's arrays."""

    def __call__(self, *args: Any) -> Any:
        if any(isinstance(a, np.ndarray) for a in args):
            raise TypeError(f"Unsupported type {np.ndarray}")
        _launch(self.name)
        arrays = [a._a if isinstance(a, ndarray) else a for a in args]
        results = self._sent(arrays)
        _count(*arrays, *(() if len(arrays) > len(self.inputs) else results))
        given = args[len(self.inputs) :]
        made = given or tuple(map(ndarray, results))
        return made[0] if len(made) == 1 else made

    def _sent(self, arrays: list[Any]) -> list[Any]:
        if CUDA.recording is None:
            return self.run(arrays)
        count = len(self.inputs)
        rehearsed = self.run([*arrays[:count], *(a.copy() for a in arrays[count:])])
        results = arrays[count:] or rehearsed
        CUDA.recording.sent.append(lambda: self.run([*arrays[:count], *results]))
        return arrays[count:] or [_spoilt(a) for a in rehearsed]


class _DrawingKernel:
    """A kernel of `engine.philox`: its arguments are held, its numbers come from the formula instead of its text."""

    def __init__(self, results: str, name: str) -> None:
        raw, self.kind, self.result = results.split(" ")
        assert raw == "raw"
        self.name = name

    def __call__(self, seed: Any, first: Any, now: Any, y: Any, *, size: int) -> None:
        kind = self.name.removeprefix("philox_")
        if {type(seed), type(first), type(now)} != {np.uint64} or y.dtype != self.kind:
            raise TypeError(f"Type is mismatched. {self.name}({seed!r}, {first!r}, {now!r}, {y.dtype})")
        assert y.size == size * philox.PER_BLOCK[kind], (
            "some would not be written, or others' memory would be"
        )
        _launch(self.name)

        def draw(result: Any) -> None:
            key, block = int(seed), int(first)
            if now:  # where in this memory they are
                key, start = (ctypes.c_uint64 * 2).from_address(int(now))
                block += start
            result[...] = philox.FORMULAS[kind](np, philox.blocks(np, key, block, size))

        _written(y._a, draw, ())


def _kernel(parameters: str, results: str, text: str, name: str, *, preamble: str) -> Any:
    if preamble == philox.PREAMBLE:
        assert parameters == "uint64 seed, uint64 first, uint64 now"
        return _DrawingKernel(results, name)
    return ElementwiseKernel(parameters, results, text, name, preamble=preamble)


class CuPy(_Module):
    """The module ``cupy``, with one device."""

    def __init__(self) -> None:
        super().__init__("cupy", np)
        self.ndarray = ndarray
        self.ElementwiseKernel = _kernel
        self.cuda = CUDA
        self._core = CORE

    def get_default_memory_pool(self) -> Any:
        return CUDA.pool

    def asnumpy(self, a: Any, *_: Any, **__: Any) -> Any:
        return a.get() if isinstance(a, ndarray) else np.asarray(a)

    def get_array_module(self, *args: Any) -> Any:
        return self if any(isinstance(a, ndarray) for a in args) else np


CUPY = CuPy()


def scipy(name: str) -> Any:
    """``cupyx.scipy.<name>``."""
    return _Module(f"cupyx.scipy.{name}", importlib.import_module(f"scipy.{name}"))
