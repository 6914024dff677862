"""The array module that a sealed child has in CuPy's place: the same names, each an operation of the device server."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from engine.allocator import counts
from playground.device import messages
from playground.device.arrays import Device, ndarray
from playground.device.connection import Connection
from playground.device.functions import FUNCTIONS
from playground.device.plans import axis_of
from playground.device.streams import Event, Marks, Streams, get_elapsed_time


class Function:
    """A function of the table; a ufunc has its methods."""

    def __init__(self, device: Device, name: str) -> None:
        self._device = device
        self._name = name
        self.__name__ = name.rpartition(".")[2]

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self._device.call(self._name, *arguments, **keywords)

    def __getattr__(self, method: str) -> Any:
        name = f"{self._name}.{method}"
        if name not in FUNCTIONS:
            raise AttributeError(f"'cupy.ufunc' object has no attribute '{method}'")
        return Function(self._device, name)

    def outer(self, a: ndarray, b: ndarray) -> Any:
        """Of every element of one with every one of the other."""
        return self(a.reshape(*a.shape, *(1,) * b.ndim), b)


def _through(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy's that makes a view of its first argument."""

    @functools.wraps(function)
    def call(a: ndarray, *arguments: Any, **keywords: Any) -> ndarray:
        return a._view(function(a._shadow, *arguments, **keywords))

    return call


class Module:
    """What the engine knows as the array library of CUDA (`engine.backend.install`).

    Args:
        connection: to the device server.
    """

    __name__ = "cupy"
    nan, inf, pi, e, newaxis = np.nan, np.inf, np.pi, np.e, None
    dtype, finfo, iinfo, can_cast, issubdtype = np.dtype, np.finfo, np.iinfo, np.can_cast, np.issubdtype
    broadcast_shapes = staticmethod(np.broadcast_shapes)
    promote_types = staticmethod(np.promote_types)

    expand_dims = staticmethod(_through(np.expand_dims))
    moveaxis = staticmethod(_through(np.moveaxis))
    swapaxes = staticmethod(_through(np.swapaxes))
    transpose = staticmethod(_through(np.transpose))
    squeeze = staticmethod(_through(np.squeeze))
    flip = staticmethod(_through(np.flip))
    rot90 = staticmethod(_through(np.rot90))
    broadcast_to = staticmethod(_through(np.broadcast_to))

    def __init__(self, connection: Connection) -> None:
        self._device = Device(connection)
        self._device.module = self
        self.ndarray = ndarray
        self.linalg, self.fft = self._namespace("linalg"), self._namespace("fft")
        self.scipy = self._namespace("scipy.special", "scipy.linalg")
        self.lib = SimpleNamespace(
            stride_tricks=SimpleNamespace(
                as_strided=_through(np.lib.stride_tricks.as_strided),
                sliding_window_view=_through(np.lib.stride_tricks.sliding_window_view),
            )
        )
        for name in FUNCTIONS:
            if "." not in name and not hasattr(type(self), name):
                setattr(self, name, Function(self._device, name))
        for name in ("bool_", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"):
            setattr(self, name, getattr(np, name))
        for name in ("float16", "float32", "float64", "complex64", "complex128"):
            setattr(self, name, getattr(np, name))
        streams = Streams(self.synchronize)
        self.cuda = SimpleNamespace(
            Device=functools.partial(_Device, self),
            Stream=streams,
            Event=functools.partial(Event, Marks(connection)),
            get_current_stream=streams.get_current_stream,
            get_elapsed_time=get_elapsed_time,
            runtime=SimpleNamespace(getDeviceCount=lambda: 1, getDeviceProperties=self._properties),
        )

    def _namespace(self, *paths: str) -> Any:
        names = [name for name in FUNCTIONS if name.rpartition(".")[0] in paths]
        return SimpleNamespace(**{name.rpartition(".")[2]: Function(self._device, name) for name in names})

    # --- The device --------------------------------------------------------------------------------------------------

    def _properties(self, _: int = 0) -> dict[str, Any]:
        card = self._device.connection.ask(messages.About())
        assert isinstance(card, messages.Card)
        return {"name": card.name.encode(), **card.properties}

    def synchronize(self) -> messages.Made:
        """Wait until all is done. Raises what went wrong."""
        made = self._device.connection.ask(messages.Sync())
        assert isinstance(made, messages.Made)
        return made

    def get_default_memory_pool(self) -> Any:
        """What this run holds on the device."""

        def used() -> int:
            made = self.synchronize()
            counts(0).bytes_peak = made.bytes_peak  # no hook counts here what is allocated there
            return made.bytes_held

        return SimpleNamespace(used_bytes=used, total_bytes=used, free_all_blocks=lambda: None)

    # --- Arrays of the host ------------------------------------------------------------------------------------------

    def asarray(self, a: Any, dtype: Any = None, order: Any = None, copy: Any = None) -> ndarray:
        """An array here; the same if it is one of this dtype already."""
        if isinstance(a, ndarray):
            same = dtype is None or a.dtype == dtype
            return a.copy("K") if same and copy else a if same else a.astype(dtype)
        if isinstance(a, (bool, int, float, complex, np.generic)):
            one: ndarray = self._device.call("full", (), a, dtype=np.asarray(a, dtype).dtype)
            return one
        return self._device.made_of(a, dtype)

    def array(self, a: Any, dtype: Any = None, copy: Any = True, order: str = "K") -> ndarray:
        """A new array."""
        if not isinstance(a, ndarray):
            return self.asarray(a, dtype)
        copied: ndarray = self._device.call(
            "array", a, dtype=None if dtype is None else np.dtype(dtype), order=order
        )
        return copied

    def ascontiguousarray(self, a: Any, dtype: Any = None) -> ndarray:
        """The same if it lies in C order and has this dtype."""
        here = self.asarray(a, dtype)
        if here.flags.c_contiguous:
            return here
        copied: ndarray = self._device.call("ascontiguousarray", here, order="C")
        return copied

    def asnumpy(self, a: Any) -> Any:
        """A copy on the host."""
        return a.get() if isinstance(a, ndarray) else np.asarray(a)

    def copy(self, a: ndarray, order: str = "K") -> ndarray:
        """A new array."""
        return a.copy(order)

    def indices(self, dimensions: Any, dtype: Any = int) -> ndarray:
        """Of every place its indices."""
        return self.asarray(np.indices(dimensions, dtype))

    @property
    def ogrid(self) -> Any:
        return _Grid(self)

    # --- What NumPy makes of views, numbers and calls ----------------------------------------------------------------

    def broadcast_arrays(self, *arrays: ndarray) -> list[ndarray]:
        """Views of one shape."""
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
        return [self.broadcast_to(a, shape) for a in arrays]

    def reshape(self, a: ndarray, shape: Any) -> ndarray:
        """As the method."""
        return a.reshape(shape)

    def ravel(self, a: ndarray) -> ndarray:
        """As the method."""
        return a.ravel()

    def diagonal(self, a: ndarray, offset: int = 0, axis1: int = 0, axis2: int = 1) -> ndarray:
        """As the method."""
        return a.diagonal(offset, axis1, axis2)

    def result_type(self, *values: Any) -> np.dtype[Any]:
        """NumPy's, of arrays here."""
        return np.result_type(*(v.dtype if isinstance(v, ndarray) else v for v in values))

    def shares_memory(self, a: Any, b: Any) -> bool:
        """Whether two arrays may."""
        return isinstance(a, ndarray) and isinstance(b, ndarray) and np.may_share_memory(a._shadow, b._shadow)

    may_share_memory = shares_memory

    def where(self, condition: ndarray, *values: Any) -> Any:
        """Of two; or, without any, `nonzero`."""
        return self._device.call("where", condition, *values) if values else condition.nonzero()

    def nonzero(self, a: ndarray) -> tuple[ndarray, ...]:
        """As the method."""
        return a.nonzero()

    def take(self, a: ndarray, indices: Any, axis: int | None = None) -> ndarray:
        """Elements, or slices along an axis."""
        where = indices if isinstance(indices, (ndarray, int)) else self._device.made_of(indices)
        taken: ndarray = self._device.call("take", a, where, axis)
        return taken

    def allclose(
        self, a: ndarray, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
    ) -> bool:
        """On the host: a question."""
        return bool(self._device.call("isclose", a, self.asarray(b), rtol, atol, equal_nan).all())

    def apply_along_axis(self, function: Callable[..., Any], axis: int, array: ndarray) -> ndarray:
        """`function` of every row along `axis`, as in CuPy one after the other."""
        axis = axis_of(axis, array.ndim)
        rows = self.moveaxis(array, axis, -1)
        found = [function(rows[place]) for place in np.ndindex(rows.shape[:-1])]
        results = self._device.made_of(found)
        shaped = results.reshape(*rows.shape[:-1], *results.shape[1:])
        for _ in range(results.ndim - 1):
            shaped = self.moveaxis(shaped, -1, axis)
        return shaped


class _Grid:
    """``ogrid``: made on the host, where its sizes are."""

    def __init__(self, module: Module) -> None:
        self._module = module

    def __getitem__(self, key: Any) -> Any:
        made = np.ogrid[key]
        return (
            tuple(map(self._module.asarray, made)) if isinstance(made, tuple) else self._module.asarray(made)
        )


class _Device:
    """``cuda.Device``: there is one."""

    def __init__(self, module: Module, id: int = 0) -> None:
        if id:
            raise ValueError(f"CUDA error: invalid device ordinal {id}; there is one device")
        self._module = module
        self.id = 0

    def __enter__(self) -> _Device:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def use(self) -> None:
        return None

    def synchronize(self) -> None:
        self._module.synchronize()

    @property
    def mem_info(self) -> tuple[int, int]:
        """What the run may still hold, and may in all."""
        made = self._module.synchronize()
        return made.bytes_allowed - made.bytes_held, made.bytes_allowed
