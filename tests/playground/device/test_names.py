"""``torch.cuda`` in a sealed child: what is there works, what cannot be says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import engine
from engine import backend
from engine.cuda import memory
from playground.device.module import Module

cuda = engine.cuda

NOT_HERE: dict[str, Callable[[], Any]] = {
    "CUDAGraph": cuda.CUDAGraph,
    "graph_pool_handle": cuda.graph_pool_handle,
    "make_graphed_callables": lambda: cuda.make_graphed_callables(abs, (engine.ones(1, device="cuda"),)),
    "can_device_access_peer": lambda: cuda.can_device_access_peer(0, 0),
    "current_blas_handle": cuda.current_blas_handle,
    "profiler": cuda.profiler.start,
    "get_per_process_memory_fraction": cuda.get_per_process_memory_fraction,
    "set_per_process_memory_fraction": lambda: cuda.set_per_process_memory_fraction(0.5),
    "ExternalStream": lambda: cuda.ExternalStream(3),
}


@pytest.mark.parametrize("name", NOT_HERE)
def test_what_cannot_be_had_says_why(cupy: Module, name: str) -> None:
    with pytest.raises(RuntimeError, match="cannot be had here: the device is in another process"):
        NOT_HERE[name]()


HERE: dict[str, Callable[[Any], Any]] = {
    "arange": lambda device: engine.arange(-1.0, 2.0, 0.1, device=device),
    "linspace": lambda device: engine.linspace(0.1, 0.9, 15, device=device, dtype=engine.float64),
    "logspace": lambda device: engine.logspace(0.0, 2.0, 5, device=device),
    "hann_window": lambda device: engine.hann_window(9, device=device),
    "kaiser_window": lambda device: engine.kaiser_window(9, device=device),
    "bartlett_window": lambda device: engine.bartlett_window(9, device=device),
    "an old type": lambda device: (cuda if device == "cuda" else engine).FloatTensor([1.0, 2.0]),
    "a convolution": lambda device: engine.nn.functional.conv1d(
        engine.ones(1, 2, 5, device=device), engine.ones(3, 2, 2, device=device)
    ),
}


@pytest.mark.parametrize("name", HERE)
def test_what_is_there_gives_the_same(cupy: Module, name: str) -> None:
    """TF32 is no setting of such a device."""
    try:
        engine.set_float32_matmul_precision("high")
        engine.backends.cudnn.allow_tf32 = True  # type: ignore[attr-defined,unused-ignore]
        there = HERE[name]("cuda")
    finally:
        for which in backend.TF32:
            backend.allow_tf32(which, None)
    assert there.is_cuda
    engine.testing.assert_close(there.cpu(), HERE[name]("cpu"), rtol=3e-7, atol=0)


def test_waiting_may_be_an_error_here_too(cupy: Module) -> None:
    x = engine.ones(2, device="cuda")
    try:
        cuda.set_sync_debug_mode("error")
        with pytest.raises(RuntimeError, match="called a synchronizing CUDA operation"):
            x.tolist()
    finally:
        cuda.set_sync_debug_mode("default")
    x.record_stream(cuda.Stream())
    assert x.tolist() == [1.0, 1.0]
    del x
    cuda.synchronize()
    assert not memory._IN_USE
    assert len(cuda.default_generators) == 1
