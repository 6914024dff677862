"""The memory of CUDA devices: CuPy's pool, with what PyTorch's allocator tells of its own (a peak, its error).

`backend.cupy` installs it when a device is first asked for. What allocates is CuPy's memory pool; beside it a hook
counts bytes, since the pool keeps no peak, and its error becomes PyTorch's.
"""

from __future__ import annotations

from typing import Any

ArrayModule = Any


class OutOfMemoryError(RuntimeError):
    """A device has no memory left: ``torch.OutOfMemoryError``, ``torch.cuda.OutOfMemoryError``."""

    __module__ = "torch"


class Counts:
    """What has been allocated on one device: bytes and numbers of blocks, now, at most, and in all."""

    __slots__ = (
        "allocations",
        "allocations_peak",
        "bytes",
        "bytes_peak",
        "freed",
        "given",
        "given_bytes",
        "held_peak",
        "ooms",
    )

    def __init__(self) -> None:
        self.bytes = self.bytes_peak = self.allocations = self.allocations_peak = 0
        self.given = self.given_bytes = self.freed = self.held_peak = self.ooms = 0

    def taken(self, size: int) -> None:
        """`size` bytes have been allocated."""
        self.bytes += size
        self.allocations += 1
        self.given += 1
        self.given_bytes += size
        self.bytes_peak = max(self.bytes_peak, self.bytes)
        self.allocations_peak = max(self.allocations_peak, self.allocations)

    def returned(self, size: int) -> None:
        """They have been given back."""
        self.bytes -= size
        self.allocations -= 1
        self.freed += 1

    def reset_peak(self, held: int) -> None:
        """From now on the peak is of what comes; the pool holds `held` bytes."""
        self.bytes_peak, self.allocations_peak, self.held_peak = self.bytes, self.allocations, held


_counts: dict[int, Counts] = {}


def counts(index: int) -> Counts:
    """The counts of a device; zeros if nothing has been allocated there."""
    return _counts.setdefault(index, Counts())


def install(cupy: ArrayModule) -> None:
    """Count what CuPy allocates from now on, and raise PyTorch's error where its memory ends.

    A module of arrays without hooks and allocators (arrays in another process) is left as it is.
    """
    if not hasattr(cupy.cuda, "MemoryHook"):
        return

    pool = cupy.get_default_memory_pool()
    of = counts(cupy.cuda.Device().id)
    of.bytes = of.given_bytes = pool.used_bytes()  # what was there before

    class Hook(cupy.cuda.MemoryHook):  # type: ignore[misc]
        name = "autograd-playground"

        def alloc_postprocess(self, *, device_id: int, mem_ptr: int, **_: Any) -> None:
            if mem_ptr:
                of = counts(device_id)
                of.held_peak = max(of.held_peak, pool.total_bytes())

        def malloc_postprocess(self, *, device_id: int, mem_size: int, mem_ptr: int, **_: Any) -> None:
            if mem_ptr:
                counts(device_id).taken(mem_size)

        def free_postprocess(self, *, device_id: int, mem_size: int, **_: Any) -> None:
            counts(device_id).returned(mem_size)

    Hook().__enter__()
    before = cupy.cuda.get_allocator()
    out_of_memory = cupy.cuda.memory.OutOfMemoryError

    def allocate(size: int) -> Any:
        try:
            return before(size)
        except out_of_memory:
            message = _explained(cupy, size)
        raise OutOfMemoryError(message)

    cupy.cuda.set_allocator(allocate)


_ceiling = 0
"""Bytes on each device that no limit of the program's own can go beyond; 0: there is no such."""


def confine(cupy: ArrayModule, size: int) -> None:
    """Let this process never hold more than `size` bytes on a device, whatever its program asks for."""
    global _ceiling
    _ceiling = size
    for number in range(cupy.cuda.runtime.getDeviceCount()):
        with cupy.cuda.Device(number):
            limit(cupy, size)


def limit(cupy: ArrayModule, size: int) -> None:
    """Let this process hold no more than `size` bytes on the current device."""
    # To CuPy 0 means that there is no limit.
    cupy.get_default_memory_pool().set_limit(size=max(1, min(size, _ceiling or size)))


def _explained(cupy: ArrayModule, size: int) -> str:
    device = cupy.cuda.Device()
    mine = counts(device.id)
    mine.ooms += 1
    free, total = device.mem_info
    pool = cupy.get_default_memory_pool()
    reserved, limit = pool.total_bytes(), pool.get_limit()
    allowed = f"{in_units(limit)} are allowed here. " if limit else ""
    return (
        f"CUDA out of memory. Tried to allocate {in_units(size)}. GPU {device.id} has a total capacity of "
        f"{in_units(total)} of which {in_units(free)} is free. {allowed}Of the allocated memory "
        f"{in_units(mine.bytes)} is allocated by PyTorch, and {in_units(max(reserved - mine.bytes, 0))} is reserved by "
        "PyTorch but unallocated."
    )


def in_units(size: int) -> str:
    """Bytes as PyTorch's errors give them: ``20.00 MiB``."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size > unit:
            return f"{size / unit:.2f} {name}"
    return f"{size} bytes"
