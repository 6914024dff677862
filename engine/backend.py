"""Array libraries and devices: NumPy always, CuPy only where a CUDA device is asked for. No other file knows CuPy."""

from __future__ import annotations

import functools
import importlib
import os
import re
import warnings
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

import numpy as np

from engine import allocator

Array = Any
"""A NumPy or CuPy array. Their types have no common base, and CuPy may be absent."""
ArrayModule = Any
"""``numpy`` or ``cupy``."""

# PyTorch computes inf and nan in silence; NumPy would warn at every one.
np.seterr(all="ignore")

NO_CUDA = (
    "Torch not compiled with CUDA enabled: the engine found no usable CuPy and CUDA device. "
    "On a machine with an NVIDIA card install the extra: pip install 'autograd-playground[gpu]' (cupy-cuda12x)."
)


_PYTORCH_DEVICES = (
    "cpu", "cuda", "ipu", "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip", "ve", "fpga", "maia", "xla", "lazy",
    "vulkan", "mps", "meta", "hpu", "mtia", "privateuseone",
)  # fmt: skip


_DEVICE = re.compile(r"[a-zA-Z_]+(:(0|[1-9]\d*))?")


class device:
    """Where a tensor lives: ``device('cpu')``, ``device('cuda', 0)``."""

    __module__ = "torch"

    __slots__ = ("index", "type")

    def __init__(self, type: str | device | int, index: int | None = None) -> None:
        if isinstance(type, device):
            self.type: str = type.type
            self.index: int | None = type.index
            return
        if isinstance(type, int):
            index, type = type, "cuda"
        name, _, number = type.partition(":")
        if not _DEVICE.fullmatch(type):
            raise RuntimeError(f"Invalid device string: '{type}'")
        if name not in _PYTORCH_DEVICES:
            raise RuntimeError(
                f"Expected one of {', '.join(_PYTORCH_DEVICES)} device type at start of device string: {name}"
            )
        if name not in ("cpu", "cuda"):
            raise RuntimeError(
                f"PyTorch is not linked with support for {name} devices; here there are cpu and cuda"
            )
        self.type = name
        self.index = int(number) if number else index

    def __repr__(self) -> str:
        return f"device(type='{self.type}'" + (f", index={self.index})" if self.index is not None else ")")

    def __str__(self) -> str:
        return self.type + (f":{self.index}" if self.index is not None else "")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __enter__(self) -> device:
        _DEFAULTS.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _DEFAULTS.pop()


CPU = device("cpu")

_DEFAULTS = [CPU]
"""Where factories make tensors: the last of these; the first is set by ``torch.set_default_device``."""


def default_device() -> device:
    """Where factories make tensors."""
    return _DEFAULTS[-1]


def set_default_device(where: device) -> None:
    """Have factories make tensors there, outside of any ``with torch.device(...)``."""
    _DEFAULTS[0] = where


def to_default(array: Array) -> Array:
    """A new array of a factory that was given no device."""
    return array if _DEFAULTS[-1] is CPU else to_device(array, _DEFAULTS[-1])


_INSTALLED: list[ArrayModule] = []


def install(module: ArrayModule | None) -> None:
    """Have `module` be the array library of CUDA, in CuPy's place; None puts CuPy back.

    It has CuPy's names, and in its ``scipy`` what is in ``cupyx.scipy``. What it lacks
    (``ElementwiseKernel``, for one) is done without.
    """
    _INSTALLED[:] = [] if module is None else [module]
    cupy.cache_clear()


@functools.cache
def cupy() -> ArrayModule | None:
    """CuPy if it is installed and sees a device, else None. Imported at the first call only."""
    if _INSTALLED:
        return _INSTALLED[0]
    try:
        cupy = load_cupy()
    except Exception:  # any failure of the driver means there is no usable device
        return None
    allocator.install(cupy)
    _LOADED.append(cupy)
    _multiply(cupy, TF32["matmul"])
    return cupy


_LOADED: list[ArrayModule] = []
"""CuPy, once it has been asked for."""


TF32: dict[str, bool | None] = {
    "matmul": True if os.environ.get("CUPY_TF32", "0") > "0" else None,
    "convolution": None,
}
"""Whether a device computes float32 products of matrices in TF32, and those of convolutions; None: nobody has said."""


def allow_tf32(which: str, allowed: bool | None) -> None:
    """Have a device compute its products (``matmul`` or ``convolution``) in TF32 or not; now, or once there is one."""
    TF32[which] = allowed
    if which == "matmul" and _LOADED:
        _multiply(_LOADED[0], allowed)


def _multiply(cupy: ArrayModule, tf32: bool | None) -> None:
    """Set the precision of CuPy's float32 products; a device that is served has no such setting."""
    core = getattr(cupy, "_core", None)
    if core is not None:
        kinds = core._routines_linalg
        able = tf32 and int(cupy.cuda.Device().compute_capability) >= 80
        core.set_compute_type(np.float32, kinds.COMPUTE_TYPE_TF32 if able else kinds.COMPUTE_TYPE_DEFAULT)


def convolution_product(xp: ArrayModule, a: Array, b: Array) -> Array:
    """The product of matrices that a convolution is, in its own precision."""
    own = TF32["convolution"]
    if xp is np or bool(own) == bool(TF32["matmul"]):
        return xp.matmul(a, b)
    _multiply(xp, own)
    try:
        return xp.matmul(a, b)
    finally:
        _multiply(xp, TF32["matmul"])


def load_cupy() -> ArrayModule:
    """CuPy, for who wants to know why there is none. Raises whatever it or the driver raises."""
    import cupy  # type: ignore[import-not-found,unused-ignore]

    if not cupy.cuda.runtime.getDeviceCount():
        raise RuntimeError("CuPy sees no CUDA device")
    return cupy


def require(where: device | str | None) -> tuple[device, ArrayModule]:
    """The device meant by `where` (None is the CPU) and its array module.

    Raises:
        AssertionError: as PyTorch does, if CUDA is asked for and absent.
    """
    if where is None:
        return CPU, np
    d = where if type(where) is device else device(where)
    if d.type == "cpu":
        return CPU, np
    module = cupy()
    if module is None:
        raise AssertionError(NO_CUDA)
    return d, module


def number_of(where: device) -> int:
    """The number of a CUDA device; that of the one in use if it has none."""
    if where.index is not None:
        return where.index
    return int(require(where)[1].cuda.Device().id)


def library(where: device | str | None) -> ArrayModule:
    """What a factory makes an array with, so that it is made at `where`, or on the default device if that is None.

    NumPy stands for a device that is not the one in use, too: `to_device` brings the array there.
    """
    if where is None:
        where = _DEFAULTS[-1]
        if where is CPU:
            return np
    target, module = require(where)
    return module if target.index is None or target.index == module.cuda.Device().id else np


def module_of(array: Array) -> ArrayModule:
    """The module whose array (or NumPy scalar) this is."""
    if isinstance(array, (np.ndarray, np.generic)):
        return np
    return (
        getattr(array, "functions", None) or cupy()
    )  # of a symbol (`engine.elementwise`), which stands for an array


def is_elsewhere(value: Any) -> bool:
    """Whether this is an array that is not in the host's memory."""
    return not isinstance(value, (np.ndarray, np.generic)) and hasattr(value, "ndim")


def device_of(array: Array) -> device:
    """Where an array lives."""
    return CPU if isinstance(array, np.ndarray) else device("cuda", array.device.id)


def to_host(array: Array) -> np.ndarray[Any, Any]:
    """The array on the CPU; the same object if it is there already. Raises what a device was asked to `refuse`."""
    if isinstance(array, (np.ndarray, np.generic)):
        return np.asarray(array)
    _not_while_capturing()
    settle()
    return array.get()  # type: ignore[no-any-return]


def scipy(xp: ArrayModule, part: str) -> Any:
    """``scipy.special`` or ``scipy.linalg`` for the arrays of `xp`; CuPy's has fewer functions."""
    if xp is np:
        return importlib.import_module(f"scipy.{part}")
    own = getattr(xp, "scipy", None)  # of what stands for a library while a kernel is written
    return importlib.import_module(f"cupyx.scipy.{part}") if own is None else own


def on_host(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` of host arrays, for what CuPy has no counterpart of: the arrays come to the host and go back.

    The ops made of such functions are listed in docs/ops.md.
    """

    @functools.wraps(function)
    def call(*args: Any) -> Any:
        xp = next((module_of(a) for a in args if hasattr(a, "dtype") and module_of(a) is not np), np)
        if xp is np:
            return function(*args)
        result = function(*(to_host(a) if hasattr(a, "dtype") else a for a in args))
        return tuple(map(xp.asarray, result)) if isinstance(result, tuple) else xp.asarray(result)

    return call


def beside(like: Array, array: Array) -> Array:
    """A constant on the device of `like`; the same object if it is there already."""
    return module_of(like).asarray(array)


def address(array: Array) -> int:
    """Where the first element lies in the memory of its device."""
    return int(array.ctypes.data if isinstance(array, np.ndarray) else array.data.ptr)


_PENDING: list[tuple[Array, Callable[[], Exception]]] = []
_MOST_PENDING = 256


def refuse(bad: Array, error: Callable[[], Exception]) -> None:
    """Raise ``error()`` if an element of `bad` is true.

    On a device that is asked only when numbers come back to the host the next time: asking at once would make the host
    wait for the device at every indexing. PyTorch's errors of that kind come late for the same reason.
    """
    if isinstance(bad, (np.ndarray, np.generic, bool)):
        if np.any(bad):
            raise error()
        return
    _PENDING.append((bad.any(), error))
    if len(_PENDING) > _MOST_PENDING and not _CAPTURING:
        _answer()


_CAPTURING: list[int] = []
"""While a CUDA graph is recorded, how many questions were asked before; empty otherwise."""


def capturing() -> bool:
    """Whether a CUDA graph is being recorded: nothing runs, so there are no numbers to look at."""
    return bool(_CAPTURING)


def begin_capture() -> None:
    """A recording begins (`engine.cuda.graphs`).

    Raises:
        RuntimeError: if there is one already.
    """
    if _CAPTURING:
        raise RuntimeError("another CUDA graph is being captured")
    _answer()
    _CAPTURING.append(len(_PENDING))


def end_capture() -> list[tuple[Array, Callable[[], Exception]]]:
    """It has ended: what was asked meanwhile has no answer before the graph has run."""
    start = _CAPTURING.pop()
    asked = _PENDING[start:]
    del _PENDING[start:]
    return asked


RECORDED: WeakSet[Any] = WeakSet()
"""CUDA graphs that can be replayed. They know arrays by their addresses: while there are any, nothing may be moved."""


def ask_again(asked: list[tuple[Array, Callable[[], Exception]]]) -> None:
    """A graph has been sent: its questions are open once more."""
    _PENDING.extend(a for a in asked if all(a is not other for other in _PENDING))


def _not_while_capturing() -> None:
    if _CAPTURING:
        raise RuntimeError(
            "CUDA error: operation not permitted when stream is capturing: a graph records what the device does, and "
            "copies between host and device cannot be part of it"
        )


_WAITING = [0]


def waiting() -> int:
    """What happens when the host waits for numbers: nothing (0), a warning (1) or an error (2)."""
    return _WAITING[0]


def set_waiting(mode: int) -> None:
    """See `waiting`."""
    _WAITING[0] = mode


def settle() -> None:
    """The host is about to wait for a device's numbers.

    Raises:
        Exception: the first that the device was asked to `refuse` and that has come to pass.
        RuntimeError: in PyTorch's words, if waiting is to be an error (`torch.cuda.set_sync_debug_mode`).
    """
    if _WAITING[0]:
        if _WAITING[0] == 2:
            raise RuntimeError("called a synchronizing CUDA operation")
        warnings.warn("called a synchronizing CUDA operation", UserWarning, stacklevel=3)
    _answer()


def _answer() -> None:
    if _PENDING:
        asked = _PENDING.copy()
        _PENDING.clear()
        for bad, error in asked:
            if bool(bad):
                raise error()


def to_device(array: Array, where: device | str | None) -> Array:
    """The array at `where`; the same object if it is there already."""
    target, module = require(where)
    if target.type == "cpu":
        return to_host(array)
    if isinstance(array, np.ndarray):
        _not_while_capturing()
        with module.cuda.Device(number_of(target)):
            return module.asarray(array)
    return array
