"""Which devices there are, what they are, and which one is in use."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from engine import backend


def is_available() -> bool:
    """Whether CuPy is installed and sees a device."""
    return backend.cupy() is not None


def device_count() -> int:
    """How many devices."""
    cupy = backend.cupy()
    return int(cupy.cuda.runtime.getDeviceCount()) if cupy is not None else 0


def held_here(what: str) -> Any:
    """CuPy, for what only a process can do that holds the device itself.

    Raises:
        AssertionError: if there is no device. RuntimeError: if another process holds it.
    """
    cupy = backend.require("cuda")[1]
    if not hasattr(cupy.cuda, "MemoryPool"):
        raise RuntimeError(f"{what} cannot be had here: the device is in another process")
    return cupy


def current_device() -> int:
    """The number of the device in use.

    Raises:
        AssertionError: if there is none.
    """
    return int(backend.require("cuda")[1].cuda.Device().id)


def number_of(device: Any) -> int:
    """The number of a device given as one, as a text or as its number; the one in use for None or ``cuda``.

    Raises:
        ValueError: in PyTorch's words, for the CPU.
    """
    if isinstance(device, int):
        return device
    if device is not None:
        where = backend.device(device)
        if where.type != "cuda":
            raise ValueError(f"Expected a cuda device, but got: {device}")
        return backend.number_of(where)
    return current_device()


class device:
    """Context manager in which a device is the one in use; a number below 0 leaves it as it is.

    Raises RuntimeError in PyTorch's words when it is entered without CUDA.
    """

    def __init__(self, device: Any) -> None:
        self.idx = device if isinstance(device, int) else number_of(device)
        self._device: Any = None

    def __enter__(self) -> None:
        if self.idx < 0:
            return
        cupy = backend.cupy()
        if cupy is None:
            raise RuntimeError("PyTorch was compiled without CUDA support")
        self._device = cupy.cuda.Device(self.idx)
        self._device.__enter__()

    def __exit__(self, *error: object) -> None:
        if self._device is not None:
            self._device.__exit__(*error)


class device_of(device):
    """`device`, that of a tensor; nothing changes for one on the CPU."""

    def __init__(self, obj: Any) -> None:
        super().__init__(obj.device.index if obj.is_cuda else -1)


def set_device(device: Any) -> None:
    """Use a device from now on; a number below 0 changes nothing.

    Raises:
        AttributeError: as PyTorch's build without CUDA does, if there is none.
    """
    number = device if isinstance(device, int) else number_of(device) if backend.cupy() else _named(device)
    if number < 0:
        return
    cupy = backend.cupy()
    if cupy is None:
        raise AttributeError(not_built("_cuda_setDevice"))
    cupy.cuda.Device(number).use()


def can_device_access_peer(device: Any, peer_device: Any) -> bool:
    """Whether one device can read another's memory.

    Raises:
        AssertionError: if there is no such device.
    """
    cupy = held_here("access to another device's memory")
    numbers = number_of(device), number_of(peer_device)
    for number in numbers:
        if not 0 <= number < device_count():
            raise AssertionError("Invalid peer device id" if number != numbers[0] else "Invalid device id")
    return bool(cupy.cuda.runtime.deviceCanAccessPeer(*numbers))


def current_blas_handle() -> int:
    """The handle of NVIDIA's library of matrix products for the device in use.

    Raises:
        AssertionError: if there is none.
    """
    return int(held_here("a handle of cuBLAS").cuda.Device().cublas_handle)


_SYNC_MODES = "default", "warn", "error"


def set_sync_debug_mode(debug_mode: int | str) -> None:
    """Warn (``warn``, 1) or raise an error (``error``, 2) where numbers are brought to the host, which waits for them.

    Raises:
        AssertionError: if there is no device. RuntimeError: for another mode.
    """
    backend.require("cuda")
    if isinstance(debug_mode, str):
        if debug_mode not in _SYNC_MODES:
            raise RuntimeError("invalid value of debug_mode, expected one of `default`, `warn`, `error`")
        debug_mode = _SYNC_MODES.index(debug_mode)
    if not 0 <= debug_mode <= 2:
        raise RuntimeError("invalid value of debug_mode, expected one of 0,1,2")
    backend.set_waiting(debug_mode)


def get_sync_debug_mode() -> int:
    """What `set_sync_debug_mode` was given, as a number.

    Raises:
        AssertionError: if there is no device.
    """
    backend.require("cuda")
    return backend.waiting()


def _named(device: Any) -> int:
    where = backend.device(device)
    if where.type != "cuda":
        raise ValueError(f"Expected a cuda device, but got: {device}")
    return where.index or 0


def not_built(name: str) -> str:
    """PyTorch's message where it calls what a build without CUDA does not have, and what to do."""
    return f"module 'torch._C' has no attribute '{name}': {backend.NO_CUDA}"


class _CudaDeviceProperties:
    """What a device is: its name, its compute capability and its sizes (in bytes, clocks in kHz)."""

    def __init__(self, told: dict[str, Any]) -> None:
        of = defaultdict(int, told)  # a device that lives in another process tells less of itself
        self.name: str = of["name"].decode()
        self.major: int = of["major"]
        self.minor: int = of["minor"]
        self.total_memory: int = of["totalGlobalMem"]
        self.multi_processor_count: int = of["multiProcessorCount"]
        self.is_integrated: int = of["integrated"]
        self.is_multi_gpu_board: int = of["isMultiGpuBoard"]
        self.max_threads_per_multi_processor: int = of["maxThreadsPerMultiProcessor"]
        self.max_threads_per_block: int = of["maxThreadsPerBlock"]
        self.warp_size: int = of["warpSize"]
        self.L2_cache_size: int = of["l2CacheSize"]
        self.regs_per_multiprocessor: int = of["regsPerMultiprocessor"]
        self.shared_memory_per_block: int = of["sharedMemPerBlock"]
        self.shared_memory_per_multiprocessor: int = of["sharedMemPerMultiprocessor"]
        self.memory_bus_width: int = of["memoryBusWidth"]

    def __repr__(self) -> str:
        return (
            f"_CudaDeviceProperties(name='{self.name}', major={self.major}, minor={self.minor}, "
            f"total_memory={self.total_memory // (1 << 20)}MB, multi_processor_count={self.multi_processor_count}, "
            f"L2_cache_size={self.L2_cache_size // (1 << 20)}MB)"
        )


def get_device_properties(device: Any = None) -> _CudaDeviceProperties:
    """What a device is.

    Raises:
        AssertionError: if there is no such device.
    """
    _, cupy = backend.require("cuda")
    index = number_of(device)
    if not 0 <= index < device_count():
        raise AssertionError("Invalid device id")
    return _CudaDeviceProperties(cupy.cuda.runtime.getDeviceProperties(index))


def get_device_name(device: Any = None) -> str:
    """The name of a device.

    Raises:
        AssertionError: if there is no such device.
    """
    return get_device_properties(device).name


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """The compute capability of a device, such as (9, 0).

    Raises:
        AssertionError: if there is no such device.
    """
    properties = get_device_properties(device)
    return properties.major, properties.minor


def get_arch_list() -> list[str]:
    """The architectures kernels are compiled for: that of each device, when it first runs one."""
    return sorted({"sm_{}{}".format(*get_device_capability(k)) for k in range(device_count())})


def get_gencode_flags() -> str:
    """The same as flags of NVIDIA's compiler."""
    numbers = [name[3:] for name in get_arch_list()]
    return " ".join(f"-gencode compute=compute_{n},code=sm_{n}" for n in numbers)
