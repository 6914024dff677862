"""``torch.cuda``: whether there is a GPU, what it is, and how it is used.

Without one every function does what PyTorch does in a build without CUDA: it gives 0 or False, does nothing, or raises
PyTorch's error, which then also says how to get one.
"""

from __future__ import annotations

import sys
from types import ModuleType

from engine import backend, dtypes, types
from engine import random as _random
from engine.allocator import OutOfMemoryError
from engine.cuda import amp, graphs, memory, nvtx, profiler, random, streams
from engine.cuda.callables import make_graphed_callables
from engine.cuda.devices import (
    _CudaDeviceProperties,
    can_device_access_peer,
    current_blas_handle,
    current_device,
    device,
    device_count,
    device_of,
    get_arch_list,
    get_device_capability,
    get_device_name,
    get_device_properties,
    get_gencode_flags,
    get_sync_debug_mode,
    is_available,
    set_device,
    set_sync_debug_mode,
)
from engine.cuda.graphs import CUDAGraph, graph, graph_pool_handle
from engine.cuda.memory import (
    empty_cache,
    get_allocator_backend,
    get_per_process_memory_fraction,
    max_memory_allocated,
    max_memory_cached,
    max_memory_reserved,
    mem_get_info,
    memory_allocated,
    memory_cached,
    memory_reserved,
    memory_stats,
    memory_stats_as_nested_dict,
    memory_summary,
    reset_accumulated_memory_stats,
    reset_max_memory_allocated,
    reset_max_memory_cached,
    reset_peak_memory_stats,
    set_per_process_memory_fraction,
)
from engine.cuda.random import (
    get_rng_state,
    get_rng_state_all,
    initial_seed,
    manual_seed,
    manual_seed_all,
    seed,
    seed_all,
    set_rng_state,
    set_rng_state_all,
)
from engine.cuda.streams import (
    Event,
    ExternalStream,
    Stream,
    StreamContext,
    current_stream,
    default_stream,
    get_stream_from_external,
    set_stream,
    stream,
    synchronize,
)

BoolTensor = types.tensor_type(dtypes.bool_, cuda=True)
ByteTensor = types.tensor_type(dtypes.uint8, cuda=True)
CharTensor = types.tensor_type(dtypes.int8, cuda=True)
DoubleTensor = types.tensor_type(dtypes.float64, cuda=True)
FloatTensor = types.tensor_type(dtypes.float32, cuda=True)
HalfTensor = types.tensor_type(dtypes.float16, cuda=True)
IntTensor = types.tensor_type(dtypes.int32, cuda=True)
LongTensor = types.tensor_type(dtypes.int64, cuda=True)
ShortTensor = types.tensor_type(dtypes.int16, cuda=True)

__all__ = [
    "BoolTensor",
    "ByteTensor",
    "CUDAGraph",
    "CharTensor",
    "DoubleTensor",
    "Event",
    "ExternalStream",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "OutOfMemoryError",
    "ShortTensor",
    "Stream",
    "StreamContext",
    "amp",
    "can_device_access_peer",
    "current_blas_handle",
    "current_device",
    "current_stream",
    "default_stream",
    "device",
    "device_count",
    "device_of",
    "empty_cache",
    "get_allocator_backend",
    "get_arch_list",
    "get_device_capability",
    "get_device_name",
    "get_device_properties",
    "get_gencode_flags",
    "get_per_process_memory_fraction",
    "get_rng_state",
    "get_rng_state_all",
    "get_stream_from_external",
    "get_sync_debug_mode",
    "graph",
    "graph_pool_handle",
    "graphs",
    "has_half",
    "has_magma",
    "init",
    "initial_seed",
    "ipc_collect",
    "is_available",
    "is_bf16_supported",
    "is_current_stream_capturing",
    "is_initialized",
    "is_tf32_supported",
    "make_graphed_callables",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "max_memory_cached",
    "max_memory_reserved",
    "mem_get_info",
    "memory",
    "memory_allocated",
    "memory_cached",
    "memory_reserved",
    "memory_stats",
    "memory_stats_as_nested_dict",
    "memory_summary",
    "nvtx",
    "profiler",
    "random",
    "reset_accumulated_memory_stats",
    "reset_max_memory_allocated",
    "reset_max_memory_cached",
    "reset_peak_memory_stats",
    "seed",
    "seed_all",
    "set_device",
    "set_per_process_memory_fraction",
    "set_rng_state",
    "set_rng_state_all",
    "set_stream",
    "set_sync_debug_mode",
    "stream",
    "streams",
    "synchronize",
]

has_half = True
has_magma = False


def init() -> None:
    """Use the device for the first time, which otherwise happens when it is needed.

    Raises:
        AssertionError: if there is none.
    """
    backend.require("cuda")


def is_initialized() -> bool:
    """Whether a device is in use."""
    return is_available()


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False: NumPy and CuPy have no bfloat16."""
    return False


def is_tf32_supported() -> bool:
    """Whether the device can multiply matrices in TF32, if `torch.backends.cuda.matmul.allow_tf32` is set."""
    return is_available() and get_device_capability() >= (8, 0)


def is_current_stream_capturing() -> bool:
    """Whether what is sent to the current stream is being recorded as a graph instead of run.

    Raises:
        RuntimeError: in PyTorch's words, if there is no device.
    """
    if not is_available():
        raise RuntimeError("Tried to instantiate dummy base class _cuda_isCurrentStreamCapturing")
    return streams.is_capturing()


def ipc_collect() -> None:
    """Nothing: memory is not shared with other processes.

    Raises:
        AssertionError: if there is no device.
    """
    backend.require("cuda")


for _general, _name in ((streams.AnyEvent, "Event"), (streams.AnyStream, "Stream")):
    _general.__name__ = _general.__qualname__ = _name
    _general.__module__ = "torch"
for _class in (Event, ExternalStream, Stream):
    _class.__module__ = "torch.cuda.streams"
for _other in (StreamContext, device, device_of):
    _other.__module__ = "torch.cuda"
_CudaDeviceProperties.__module__ = "torch.cuda"


class _Module(ModuleType):
    """The module, so that what depends on the device is looked up when it is asked for."""

    @property
    def default_generators(self) -> tuple[_random.Generator, ...]:
        """The generator of each device's random numbers."""
        return tuple(map(_random.device_generator, range(device_count())))

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), "default_generators"]


sys.modules[__name__].__class__ = _Module
