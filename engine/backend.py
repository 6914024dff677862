"""Array libraries and devices: NumPy always, CuPy only where a CUDA device is asked for. No other file knows CuPy."""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np

Array = Any
"""A NumPy or CuPy array. Their types have no common base, and CuPy may be absent."""
ArrayModule = Any
"""``numpy`` or ``cupy``."""

# PyTorch computes inf and nan in silence; NumPy would warn at every one.
np.seterr(all="ignore")

_NO_CUDA = (
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
        if self.type != "cpu":
            raise RuntimeError(
                f"with torch.device('{self}'): tensors are made on the CPU here; give device='{self}' to the factory"
            )
        return self

    def __exit__(self, *_: object) -> None:
        return None


CPU = device("cpu")


@functools.cache
def cupy() -> ArrayModule | None:
    """CuPy if it is installed and sees a device, else None. Imported at the first call only."""
    try:
        import cupy  # type: ignore[import-not-found,unused-ignore]

        return cupy if cupy.cuda.runtime.getDeviceCount() > 0 else None
    except Exception:  # any failure of the driver means there is no usable device
        return None


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
        raise AssertionError(_NO_CUDA)
    return d, module


def module_of(array: Array) -> ArrayModule:
    """The module whose array (or NumPy scalar) this is."""
    return np if isinstance(array, (np.ndarray, np.generic)) else cupy()


def device_of(array: Array) -> device:
    """Where an array lives."""
    return CPU if isinstance(array, np.ndarray) else device("cuda", array.device.id)


def to_host(array: Array) -> np.ndarray[Any, Any]:
    """The array on the CPU; the same object if it is there already."""
    return np.asarray(array) if isinstance(array, (np.ndarray, np.generic)) else array.get()


def to_device(array: Array, where: device | str | None) -> Array:
    """The array at `where`; the same object if it is there already."""
    target, module = require(where)
    if target.type == "cpu":
        return to_host(array)
    if isinstance(array, np.ndarray):
        with module.cuda.Device(target.index or 0):
            return module.asarray(array)
    return array
