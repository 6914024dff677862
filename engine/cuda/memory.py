"""The memory of devices: what is in use, the most there was, what CuPy's pool holds. All in bytes."""

from __future__ import annotations

import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from engine import allocator, backend
from engine.allocator import OutOfMemoryError
from engine.cuda.devices import held_here, not_built, number_of

__all__ = [
    "OutOfMemoryError",
    "empty_cache",
    "get_allocator_backend",
    "get_per_process_memory_fraction",
    "max_memory_allocated",
    "max_memory_cached",
    "max_memory_reserved",
    "mem_get_info",
    "memory_allocated",
    "memory_cached",
    "memory_reserved",
    "memory_stats",
    "memory_stats_as_nested_dict",
    "memory_summary",
    "reset_accumulated_memory_stats",
    "reset_max_memory_allocated",
    "reset_max_memory_cached",
    "reset_peak_memory_stats",
    "set_per_process_memory_fraction",
]


def _pool(device: Any) -> tuple[int, int, int]:
    """A device's number and the bytes of it that are used and held."""
    index = number_of(device)
    _, cupy = backend.require("cuda")
    with cupy.cuda.Device(index):
        pool = cupy.get_default_memory_pool()
        return index, int(pool.used_bytes()), int(pool.total_bytes())


def memory_allocated(device: Any = None) -> int:
    """What tensors (and what else CuPy allocates) use now; 0 without a device."""
    return 0 if backend.cupy() is None else _pool(device)[1]


def memory_reserved(device: Any = None) -> int:
    """What CuPy's pool holds of the device's memory; 0 without a device."""
    return 0 if backend.cupy() is None else _pool(device)[2]


def max_memory_allocated(device: Any = None) -> int:
    """The most that was in use, since the start or `reset_peak_memory_stats`; 0 without a device."""
    if backend.cupy() is None:
        return 0
    index, used, _ = _pool(device)
    return max(allocator.counts(index).bytes_peak, used)


def max_memory_reserved(device: Any = None) -> int:
    """The most that the pool held, since the start or `reset_peak_memory_stats`; 0 without a device."""
    if backend.cupy() is None:
        return 0
    index, _, held = _pool(device)
    return max(allocator.counts(index).held_peak, held)


def reset_peak_memory_stats(device: Any = None) -> None:
    """Let the most there was be what is now.

    Raises:
        AttributeError: as PyTorch's build without CUDA does, if there is no device.
    """
    if backend.cupy() is None:
        raise AttributeError(not_built("_cuda_resetPeakMemoryStats"))
    index, _, held = _pool(device)
    allocator.counts(index).reset_peak(held)


def empty_cache() -> None:
    """Give what the pool holds and nothing uses back to the device."""
    cupy = backend.cupy()
    if cupy is not None:
        let_go()
        cupy.get_default_memory_pool().free_all_blocks()


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """How much memory of the device is free, whoever uses the rest, and how much there is.

    Raises:
        AssertionError: if there is no device.
    """
    _, cupy = backend.require("cuda")
    free, total = cupy.cuda.Device(number_of(device)).mem_info
    return int(free), int(total)


def get_per_process_memory_fraction(device: Any = None) -> float:
    """Which part of the device's memory this process may use.

    Raises:
        AssertionError: if there is no device.
    """
    cupy = held_here("a limit of memory")
    with cupy.cuda.Device(number_of(device)):
        limit = cupy.get_default_memory_pool().get_limit()
    return limit / mem_get_info(device)[1] if limit else 1.0


def get_allocator_backend() -> str:
    """``native``, as PyTorch calls a pool of blocks of its own; here it is CuPy's.

    Raises:
        AttributeError: as PyTorch's build without CUDA does, if there is no device.
    """
    if backend.cupy() is None:
        raise AttributeError(not_built("_cuda_getAllocatorBackend"))
    return "native"


_IN_USE: list[tuple[Any, Any]] = []
"""Moments of streams, and the memory that is kept until they have come."""


def keep_for(array: Any, stream: Any) -> None:
    """Let the memory of an array go back only when all is done that `stream` was sent while the array was there.

    CuPy gives memory back to the stream in which it was asked for, which may use it again at once; what another stream
    still does with it is told by an event, when the array is gone.
    """
    weakref.finalize(array, _in_use, array.data.mem, stream).atexit = False


def _in_use(memory: Any, stream: Any) -> None:
    event = backend.require("cuda")[1].cuda.Event(disable_timing=True)
    event.record(stream)
    _IN_USE.append((event, memory))
    let_go()


def let_go() -> None:
    """Give back what was kept for streams that have come so far."""
    _IN_USE[:] = [kept for kept in _IN_USE if not kept[0].done]


def set_per_process_memory_fraction(fraction: float, device: Any = None) -> None:
    """Let this process use no more than a part of the device's memory; more raises OutOfMemoryError.

    Raises:
        AssertionError: if there is no device. TypeError, ValueError: for no number from 0 to 1.
    """
    cupy = held_here("a limit of memory")
    if not isinstance(fraction, float):
        raise TypeError("Invalid type for fraction argument, must be `float`")
    if not 0 <= fraction <= 1:
        raise ValueError(f"Invalid fraction value: {fraction}. Allowed range: 0~1")
    with cupy.cuda.Device(number_of(device)):
        allocator.limit(cupy, int(fraction * mem_get_info(device)[1]))


def memory_stats(device: Any = None) -> OrderedDict[str, int]:
    """The counts as PyTorch names them, of those that CuPy's pool has; none without a device."""
    if backend.cupy() is None:
        return OrderedDict()
    index, used, held = _pool(device)
    of = allocator.counts(index)
    return OrderedDict(
        {
            "allocated_bytes.all.allocated": of.given_bytes,
            "allocated_bytes.all.current": used,
            "allocated_bytes.all.freed": of.given_bytes - of.bytes,
            "allocated_bytes.all.peak": max(of.bytes_peak, used),
            "allocation.all.allocated": of.given,
            "allocation.all.current": of.allocations,
            "allocation.all.freed": of.freed,
            "allocation.all.peak": of.allocations_peak,
            "num_alloc_retries": 0,
            "num_ooms": of.ooms,
            "reserved_bytes.all.current": held,
            "reserved_bytes.all.peak": max(of.held_peak, held),
        }
    )


def memory_stats_as_nested_dict(device: Any = None) -> dict[str, Any]:
    """`memory_stats`, with a dictionary for each part of their names; none without a device."""
    nested: dict[str, Any] = {}
    for name, value in memory_stats(device).items():
        inside = nested
        *path, last = name.split(".")
        for part in path:
            inside = inside.setdefault(part, {})
        inside[last] = value
    return nested


def reset_accumulated_memory_stats(device: Any = None) -> None:
    """Count anew what has been allocated and freed in all.

    Raises:
        AttributeError: as PyTorch's build without CUDA does, if there is no device.
    """
    if backend.cupy() is None:
        raise AttributeError(not_built("_cuda_resetAccumulatedMemoryStats"))
    of = allocator.counts(number_of(device))
    of.given, of.given_bytes, of.freed, of.ooms = of.allocations, of.bytes, 0, 0


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """`memory_stats` as a table.

    Raises:
        KeyError: as PyTorch's build without CUDA does, if there is no device.
    """
    of = memory_stats(device)
    rows: list[tuple[str, str, Callable[[int], str]]] = [
        ("Allocated memory", "allocated_bytes.all.", _size),
        ("GPU reserved memory", "reserved_bytes.all.", _size),
        ("Allocations", "allocation.all.", str),
    ]
    cells = []
    for name, key, text in rows:
        values = [of[f"{key}current"], of[f"{key}peak"], of.get(f"{key}allocated"), of.get(f"{key}freed")]
        shown = " | ".join(f"{'' if v is None else text(v):>10}" for v in values)
        cells.append(f" {name:<21} | {shown} ")
    double, rule = "=" * 75, "-" * 75
    return "\n".join(
        [
            f"|{double}|",
            f"|{f'PyTorch CUDA memory summary, device ID {number_of(device)}':^75}|",
            f"|{rule}|",
            f"|{'CUDA OOMs: ' + str(of['num_ooms']):^37}|{'cudaMalloc retries: 0':^37}|",
            f"|{double}|",
            f"|{'        Metric         | Cur Usage  | Peak Usage | Tot Alloc  | Tot Freed':<75}|",
            f"|{rule}|",
            *(f"|{cell:<75}|" for cell in cells),
            f"|{double}|\n",
        ]
    )


def _size(value: int) -> str:
    unit = "B  "
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 768 * 1024:
            break
        value, unit = value // 1024, larger
    return f"{value} {unit}"


def _renamed(old: str, new: str) -> None:
    warnings.warn(f"`torch.cuda.{old}` has been renamed to `torch.cuda.{new}`", FutureWarning, stacklevel=3)


def memory_cached(device: Any = None) -> int:
    """Deprecated: `memory_reserved`."""
    _renamed("memory_cached", "memory_reserved")
    return memory_reserved(device)


def max_memory_cached(device: Any = None) -> int:
    """Deprecated: `max_memory_reserved`."""
    _renamed("max_memory_cached", "max_memory_reserved")
    return max_memory_reserved(device)


def _reset(old: str, device: Any) -> None:
    warnings.warn(
        f"torch.cuda.{old} now calls torch.cuda.reset_peak_memory_stats, which resets /all/ peak memory stats.",
        FutureWarning,
        stacklevel=3,
    )
    reset_peak_memory_stats(device)


def reset_max_memory_allocated(device: Any = None) -> None:
    """Deprecated: `reset_peak_memory_stats`."""
    _reset("reset_max_memory_allocated", device)


def reset_max_memory_cached(device: Any = None) -> None:
    """Deprecated: `reset_peak_memory_stats`."""
    _reset("reset_max_memory_cached", device)
