"""``torch.cuda``: whether there is a GPU, and what it is."""

from __future__ import annotations

from typing import Any

from engine import backend


def is_available() -> bool:
    """Whether CuPy is installed and sees a device."""
    return backend.cupy() is not None


def device_count() -> int:
    """How many devices."""
    cupy = backend.cupy()
    return int(cupy.cuda.runtime.getDeviceCount()) if cupy is not None else 0


def current_device() -> int:
    """The number of the device in use."""
    return int(backend.require("cuda")[1].cuda.Device().id)


def get_device_name(device: Any = None) -> str:
    """The name of a device.

    Raises:
        AssertionError: if there is none.
    """
    _, cupy = backend.require("cuda")
    index = backend.device(device).index if device is not None else current_device()
    return str(cupy.cuda.runtime.getDeviceProperties(index or 0)["name"].decode())


def synchronize(device: Any = None) -> None:
    """Wait until everything sent to the device is done."""
    backend.require("cuda")[1].cuda.Device().synchronize()


def manual_seed(seed: int) -> None:
    """Accepted: random numbers for every device are drawn on the CPU, from ``torch.manual_seed``."""


manual_seed_all = manual_seed


def empty_cache() -> None:
    """Give unused memory of CuPy's pool back to the device."""
    cupy = backend.cupy()
    if cupy is not None:
        cupy.get_default_memory_pool().free_all_blocks()


def is_initialized() -> bool:
    """Whether a device is in use."""
    return is_available()


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False: NumPy and CuPy have no bfloat16."""
    return False


def memory_allocated(device: Any = None) -> int:
    """Bytes of the device's memory in use by CuPy; 0 without a device."""
    cupy = backend.cupy()
    return 0 if cupy is None else int(cupy.get_default_memory_pool().used_bytes())


def memory_reserved(device: Any = None) -> int:
    """Bytes of the device's memory that CuPy holds; 0 without a device."""
    cupy = backend.cupy()
    return 0 if cupy is None else int(cupy.get_default_memory_pool().total_bytes())


max_memory_allocated = memory_allocated
max_memory_reserved = memory_reserved


def reset_peak_memory_stats(device: Any = None) -> None:
    """Accepted: only what is in use now is counted."""
