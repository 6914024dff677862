"""``torch.cuda``: whether there is a GPU, what it is, and how it is used.

Without one every function does what PyTorch does in a build without CUDA: it gives 0 or False, does nothing, or raises
PyTorch's error, which then also says how to get one.
"""

from __future__ import annotations

from engine import backend
from engine.allocator import OutOfMemoryError
from engine.cuda import amp, graphs, memory, nvtx, random, streams
from engine.cuda.callables import make_graphed_callables
from engine.cuda.devices import (
    _CudaDeviceProperties,
    current_device,
    device,
    device_count,
    device_of,
    get_arch_list,
    get_device_capability,
    get_device_name,
    get_device_properties,
    get_gencode_flags,
    is_available,
    set_device,
)
from engine.cuda.graphs import CUDAGraph, graph, graph_pool_handle
from engine.cuda.memory import (
    empty_cache,
    max_memory_allocated,
    max_memory_cached,
    max_memory_reserved,
    mem_get_info,
    memory_allocated,
    memory_cached,
    memory_reserved,
    memory_stats,
    memory_summary,
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
    Stream,
    StreamContext,
    current_stream,
    default_stream,
    set_stream,
    stream,
    synchronize,
)

__all__ = [
    "CUDAGraph",
    "Event",
    "OutOfMemoryError",
    "Stream",
    "StreamContext",
    "amp",
    "current_device",
    "current_stream",
    "default_stream",
    "device",
    "device_count",
    "device_of",
    "empty_cache",
    "get_arch_list",
    "get_device_capability",
    "get_device_name",
    "get_device_properties",
    "get_gencode_flags",
    "get_rng_state",
    "get_rng_state_all",
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
    "memory_summary",
    "nvtx",
    "random",
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


for _class in (Event, Stream, StreamContext, device, device_of):
    _class.__module__ = "torch.cuda" if _class in (device, device_of, StreamContext) else "torch.cuda.streams"
_CudaDeviceProperties.__module__ = "torch.cuda"
