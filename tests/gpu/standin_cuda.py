"""What stands in for ``cupy.cuda``: one device, its memory pool, streams and events, with CuPy's names and arguments.

Its clock is not the host's: every kernel that is sent takes `KERNEL` milliseconds of the current stream, and an event
is a moment of its stream's, so that what is timed is known beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

KERNEL = 0.25
"""Milliseconds of every kernel."""
PROPERTIES = {
    "name": b"stand-in",
    "major": 9,
    "minor": 0,
    "totalGlobalMem": 2**30,
    "multiProcessorCount": 4,
    "integrated": 0,
    "isMultiGpuBoard": 0,
    "maxThreadsPerMultiProcessor": 2048,
    "maxThreadsPerBlock": 1024,
    "warpSize": 32,
    "l2CacheSize": 2**20,
    "regsPerMultiprocessor": 65536,
    "sharedMemPerBlock": 49152,
    "sharedMemPerMultiprocessor": 233472,
    "memoryBusWidth": 5120,
}


class OutOfMemoryError(MemoryError):
    """CuPy's."""


class MemoryHook:
    """Told of every block that is allocated and given back, with keyword arguments."""

    name = "MemoryHook"

    def __enter__(self) -> MemoryHook:
        if self.name in CUDA.hooks:
            raise KeyError(f"memory hook {self.name} already exists")
        CUDA.hooks[self.name] = self
        return self

    def __exit__(self, *_: object) -> None:
        del CUDA.hooks[self.name]

    def _nothing(self, **_: Any) -> None: ...

    alloc_preprocess = alloc_postprocess = malloc_preprocess = _nothing
    malloc_postprocess = free_preprocess = free_postprocess = _nothing


def _tell(what: str, **facts: int) -> None:
    for hook in list(CUDA.hooks.values()):
        getattr(hook, what)(device_id=0, **facts)


class _Block:
    """Memory of the pool, which goes back to it when nothing refers to it any more."""

    def __init__(self, pool: _Pool, size: int) -> None:
        self._pool, self._size = pool, size

    def __del__(self) -> None:
        _tell("free_preprocess", mem_size=self._size, mem_ptr=1, pmem_id=1)
        self._pool.used -= self._size
        _tell("free_postprocess", mem_size=self._size, mem_ptr=1, pmem_id=1)


class _Pool:
    def __init__(self) -> None:
        self.used = self.total = self.limit = 0

    def malloc(self, size: int) -> _Block:
        rounded = -(-size // 512) * 512
        _tell("malloc_preprocess", size=size, mem_size=rounded)
        address = 0
        try:
            if self.total - self.used < rounded:
                self._grow(rounded)
            self.used += rounded
            address = 1
        finally:
            _tell("malloc_postprocess", size=size, mem_size=rounded, mem_ptr=address, pmem_id=address)
        return _Block(self, rounded)

    def _grow(self, size: int) -> None:
        if self.limit and self.total + size > self.limit:
            raise OutOfMemoryError(size, self.total, self.limit)
        self.total += size
        _tell("alloc_preprocess", mem_size=size)
        _tell("alloc_postprocess", mem_size=size, mem_ptr=1)

    def used_bytes(self) -> int:
        return self.used

    def total_bytes(self) -> int:
        return self.total

    def free_all_blocks(self, stream: Any = None) -> None:
        self.total = self.used

    def set_limit(self, size: int | None = None, fraction: float | None = None) -> None:
        self.limit = size or 0

    def get_limit(self) -> int:
        return self.limit


class Graph:
    """What was sent to a stream while it was captured, to be sent again; meanwhile nothing ran."""

    def __init__(self) -> None:
        self.sent: list[Callable[[], Any]] = []
        self.graph, self.graphExec = 11, 12

    def debug_dot_str(self, flags: int = 0) -> str:
        return f"digraph {{ {len(self.sent)} }}"

    def launch(self, stream: Stream | None = None) -> None:
        CUDA.launch()
        for send in self.sent:
            send()


class Stream:
    """A stream; ``with`` makes it the current one."""

    null: Stream
    _handles = 0

    def __init__(
        self, null: bool = False, non_blocking: bool = False, ptds: bool = False, *, priority: int = 0
    ) -> None:
        self.ptr = 0 if null else Stream._handles + 1
        Stream._handles = max(Stream._handles, self.ptr)
        self.busy_until = 0.0
        self.done = True
        self.graph: Graph | None = None
        self._before: list[Stream] = []

    @classmethod
    def from_external(cls, obj: Any) -> Stream:
        version, handle = obj.__cuda_stream__()
        assert version == 0
        stream = cls()
        stream.ptr = handle
        return stream

    def __enter__(self) -> Stream:
        self._before.append(CUDA.current)
        CUDA.current = self
        return self

    def __exit__(self, *_: object) -> None:
        CUDA.current = self._before.pop()

    def use(self) -> Stream:
        CUDA.current = self
        return self

    def is_capturing(self) -> bool:
        return self.capturing

    @property
    def capturing(self) -> bool:
        return self.graph is not None

    def begin_capture(self, mode: int | None = None) -> None:
        if not self.ptr or self.graph is not None:
            raise RuntimeError("cudaErrorStreamCaptureUnsupported: operation not permitted")
        self.graph = Graph()

    def end_capture(self) -> Graph:
        if self.graph is None:
            raise RuntimeError(
                "cudaErrorIllegalState: the operation cannot be performed in the present state"
            )
        graph, self.graph = self.graph, None
        return graph

    def synchronize(self) -> None:
        CUDA.synchronised += 1

    def record(self, event: Event | None = None) -> Event:
        event = event or Event()
        event.record(self)
        return event

    def wait_event(self, event: Event) -> None:
        assert event.at is not None
        self.busy_until = max(self.busy_until, event.at)


class Event:
    """A moment of a stream's clock."""

    def __init__(self, block: bool = False, disable_timing: bool = False, interprocess: bool = False) -> None:
        self._timed = not disable_timing
        self.ptr = id(self)
        self.at: float | None = None
        self._stream: Stream | None = None

    @property
    def done(self) -> bool:
        return self._stream is None or self._stream.done

    def record(self, stream: Stream | None = None) -> None:
        stream = Stream.null if stream is None else stream
        assert not stream.capturing, "an event of a stream that is captured has no time"
        self.at, self._stream = stream.busy_until, stream

    def synchronize(self) -> None:
        CUDA.synchronised += 1


class Device:
    """The device."""

    mem_info = (2**29, 2**30)
    compute_capability = "90"
    cublas_handle = 77

    def __init__(self, device: Any = None) -> None:
        self.id = 0 if device is None else int(getattr(device, "id", device))
        if self.id:
            raise RuntimeError("cudaErrorInvalidDevice: invalid device ordinal")

    def __enter__(self) -> Device:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def use(self) -> None:
        return None

    def synchronize(self) -> None:
        CUDA.not_while_capturing()
        CUDA.synchronised += 1


class Nvtx:
    """Keeps what was labelled."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def RangePush(self, message: str, id_color: int = -1) -> None:
        self.told.append(f"push {message}")

    def RangePop(self) -> None:
        self.told.append("pop")

    def Mark(self, message: str, id_color: int = -1) -> None:
        self.told.append(f"mark {message}")


class Cuda:
    """The module."""

    Device, Stream, Event, MemoryHook, MemoryPool = Device, Stream, Event, MemoryHook, _Pool
    memory = SimpleNamespace(OutOfMemoryError=OutOfMemoryError)
    runtime = SimpleNamespace(
        getDeviceCount=lambda: 1,
        getDeviceProperties=lambda _: PROPERTIES,
        deviceCanAccessPeer=lambda a, b: int(a != b),
    )

    def __init__(self) -> None:
        self.hooks: dict[str, MemoryHook] = {}
        self.pool = _Pool()
        self.nvtx = Nvtx()
        self.profiler = SimpleNamespace(
            start=lambda: self.nvtx.told.append("start"), stop=lambda: self.nvtx.told.append("stop")
        )
        self.alloc: Callable[[int], Any] = self.pool.malloc
        self.current = Stream(null=True)
        self.synchronised = 0
        """How often the host waited for the device."""

    @property
    def recording(self) -> Graph | None:
        """What is sent is kept there, if the current stream is captured."""
        return self.current.graph

    def not_while_capturing(self) -> None:
        if self.recording is not None:
            raise RuntimeError(
                "cudaErrorStreamCaptureUnsupported: operation not permitted when stream is capturing"
            )

    @contextmanager
    def using_allocator(self, allocator: Callable[[int], Any] | None = None) -> Iterator[None]:
        before, self.alloc = self.alloc, allocator or self.pool.malloc
        yield
        self.alloc = before

    def launch(self) -> None:
        """A kernel is sent to the current stream."""
        self.current.busy_until += KERNEL

    def set_allocator(self, allocator: Callable[[int], Any] | None = None) -> None:
        self.alloc = allocator or self.pool.malloc

    def get_allocator(self) -> Callable[[int], Any]:
        return self.alloc

    def get_current_stream(self, device_id: int = -1) -> Stream:
        return self.current

    def get_elapsed_time(self, start_event: Event, end_event: Event) -> float:
        for event in (start_event, end_event):
            if event.at is None or not event._timed:
                raise RuntimeError("cudaErrorInvalidResourceHandle: invalid resource handle")
        assert start_event.at is not None
        assert end_event.at is not None
        return end_event.at - start_event.at


class Core:
    """``cupy._core``: in which precision products of float32 matrices are computed."""

    _routines_linalg = SimpleNamespace(COMPUTE_TYPE_DEFAULT=1, COMPUTE_TYPE_TF32=7)
    PRODUCTS = frozenset(
        {"matmul", "__matmul__", "__rmatmul__", "dot", "tensordot", "einsum", "inner", "vdot"}
    )

    def __init__(self) -> None:
        self.set_compute_type(np.float32, 1)

    def set_compute_type(self, dtype: Any, compute_type: int) -> None:
        assert np.dtype(dtype) == np.float32
        assert compute_type in (1, 7)
        self._type = compute_type

    def get_compute_type(self, dtype: Any) -> int:
        return self._type if np.dtype(dtype) == np.float32 else 1

    def rounded(self, name: str, given: list[Any]) -> list[Any]:
        """The factors of a product; in TF32 they are float32 numbers whose mantissa has 10 bits."""
        if self._type == 1 or name not in self.PRODUCTS:
            return given
        return [
            ((a.view(np.uint32) + np.uint32(0x1000)) & np.uint32(0xFFFFE000)).view(np.float32)
            if isinstance(a, np.ndarray) and a.dtype == np.float32
            else a
            for a in (np.ascontiguousarray(a) if isinstance(a, np.ndarray) else a for a in given)
        ]


CORE = Core()


CUDA = Cuda()
Stream.null = CUDA.current
