"""``torch.cuda`` where there is a device."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import engine as torch
from engine import allocator, backend
from tests.gpu import standin
from tests.gpu.standin_cuda import CUDA, KERNEL


@pytest.fixture
def counted(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A device whose allocations are counted from now on, as `backend.cupy` has it."""
    if cupy is standin.CUPY:
        gc.collect()
        monkeypatch.setattr(allocator, "_counts", {})
        allocator.install(cupy)
    yield cupy
    if cupy is standin.CUPY:
        CUDA.hooks.clear()
        CUDA.set_allocator(None)
        CUDA.pool.set_limit()


def test_a_device_is_found(cupy: Any) -> None:
    cuda = torch.cuda
    assert cuda.is_available()
    assert cuda.is_initialized()
    assert cuda.device_count() >= 1
    assert cuda.current_device() == 0
    cuda.init()
    properties = cuda.get_device_properties("cuda:0")
    assert properties.name == cuda.get_device_name() == cuda.get_device_name(0)
    assert cuda.get_device_capability() == (properties.major, properties.minor)
    assert cuda.get_arch_list() == [f"sm_{properties.major}{properties.minor}"]
    assert repr(properties).startswith(
        f"_CudaDeviceProperties(name='{properties.name}', major={properties.major}"
    )
    free, total = cuda.mem_get_info()
    assert 0 < free <= total
    with pytest.raises(AssertionError, match="Invalid device id"):
        cuda.get_device_properties(99)
    with pytest.raises(ValueError, match="Expected a cuda device, but got: cpu"):
        cuda.set_device("cpu")
    with cuda.device(0), cuda.device_of(torch.ones(1, device="cuda")), cuda.device_of(torch.ones(1)):
        cuda.set_device(torch.device("cuda", 0))
    cuda.synchronize()


def test_memory_has_a_peak(counted: Any) -> None:
    cuda = torch.cuda
    cuda.empty_cache()
    cuda.reset_peak_memory_stats()
    before = cuda.memory_allocated()
    x = torch.ones(1000, device="cuda")
    held = cuda.memory_allocated()
    assert held >= before + 4000
    y = x + x
    most = cuda.max_memory_allocated()
    assert most >= held + 4000
    del y
    assert cuda.memory_allocated() == held
    assert cuda.max_memory_allocated() == most
    assert cuda.memory_reserved() >= most
    assert cuda.max_memory_reserved() >= cuda.memory_reserved()
    cuda.reset_peak_memory_stats()
    assert cuda.max_memory_allocated() == held
    stats = cuda.memory_stats()
    assert stats["allocated_bytes.all.current"] == held
    assert (
        stats["allocation.all.allocated"] - stats["allocation.all.freed"] == stats["allocation.all.current"]
    )
    assert stats["allocated_bytes.all.freed"] >= 4000
    lines = cuda.memory_summary().splitlines()
    assert {len(line) for line in lines} == {77}
    assert any(line.startswith("| Allocated memory ") for line in lines)
    cuda.empty_cache()
    assert cuda.memory_reserved() <= most


def test_memory_that_ends_is_pytorchs_error(counted: Any) -> None:
    cuda = torch.cuda
    cuda.empty_cache()
    ooms = cuda.memory_stats()["num_ooms"]
    cuda.set_per_process_memory_fraction(1e-3)
    size = cuda.mem_get_info()[1] // 4 // 500
    x = torch.ones(1, device="cuda").expand(size)
    try:
        with pytest.raises(torch.cuda.OutOfMemoryError, match=r"CUDA out of memory\. Tried to allocate \d"):
            x.clone()
    finally:
        counted.get_default_memory_pool().set_limit(size=0)
    assert cuda.memory_stats()["num_ooms"] > ooms
    with pytest.raises(ValueError, match=r"Invalid fraction value: 2\.0"):
        cuda.set_per_process_memory_fraction(2.0)


def test_the_words_of_sizes() -> None:
    sizes = [allocator.in_units(n) for n in (1, 1024, 1025, 20 << 20, 3 << 30)]
    assert sizes == ["1 bytes", "1024 bytes", "1.00 KiB", "20.00 MiB", "3.00 GiB"]


def test_work_goes_to_the_stream_that_is_chosen(cupy: Any) -> None:
    cuda = torch.cuda
    s = cuda.Stream()
    assert cuda.current_stream() == cuda.default_stream() != s
    x = torch.ones(10, device="cuda")
    with cuda.stream(s):
        assert cuda.current_stream() == s
        assert not cuda.is_current_stream_capturing()
        y = x * 2
        event = s.record_event()
    assert cuda.current_stream() == cuda.default_stream()
    cuda.current_stream().wait_event(event)
    cuda.current_stream().wait_stream(s)
    s.synchronize()
    assert s.query()
    assert y.tolist() == [2.0] * 10
    cuda.set_stream(s)
    assert cuda.current_stream().cuda_stream == s.cuda_stream
    cuda.set_stream(cuda.default_stream())
    assert len({s, cuda.default_stream(), cuda.current_stream()}) == 2
    assert repr(s).startswith("<torch.cuda.Stream device=cuda:0 cuda_stream=0x")


def test_a_number_is_written_without_a_copy(cupy: Any) -> None:
    x = torch.zeros(2, 3, device="cuda")
    mask = x == 0
    with standin.watched() as transfers:
        x[0] = 1.5
        x[:, 1] = 2
        x[1, 2] = True
        x[mask] += 1
        x.index_fill_(0, torch.zeros(1, dtype=torch.int64, device="cuda"), 7.0)
        assert (transfers.up, transfers.down) == ([], [])
    assert x.tolist() == [[7.0, 7.0, 7.0], [1.0, 3.0, 2.0]]


class _Both(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 2, x * 3

    @staticmethod
    def backward(ctx: Any, g: Any, other: Any) -> Any:
        return 2 * g + 3 * other


def test_a_gradient_that_did_not_come_is_zeros_of_the_device(cupy: Any) -> None:
    x = torch.ones(3, device="cuda", requires_grad=True)
    total = _Both.apply(x)[0].sum()
    with standin.watched() as transfers:
        total.backward()
        assert (transfers.up, transfers.down) == ([], [])
    assert x.grad is not None
    assert x.grad.tolist() == [2.0] * 3


def test_streams_and_events_of_whatever_device_there_is(cupy: Any) -> None:
    s, e = torch.Stream(), torch.Event(enable_timing=True)
    assert isinstance(s, torch.cuda.Stream)
    assert isinstance(e, torch.cuda.Event)
    assert isinstance(torch.cuda.Event(), torch.Event)
    assert type(torch.Stream("cpu")) is torch.Stream
    assert type(torch.Event("cpu")) is torch.Event
    assert torch.Stream(0).device == s.device == torch.Stream("cuda").device == torch.device("cuda", 0)
    assert (s.device_index, s.stream_id, s.native_handle) == (0, s.cuda_stream, s.cuda_stream)
    before = torch.accelerator.current_stream()
    with s, torch.Stream() as inner:
        assert torch.accelerator.current_stream() == inner != s
        assert not inner.is_capturing()
    assert torch.accelerator.current_stream() == before
    with s:
        x = torch.ones(3, device="cuda") + 1
        e.record()
    before.wait_event(e)
    other = torch.Event("cuda", enable_timing=True)
    other.record(s)
    s.synchronize()
    assert e.elapsed_time(other) >= 0
    torch.accelerator.set_stream(s)
    torch.accelerator.set_stream(before)
    outside = torch.cuda.ExternalStream(s.cuda_stream)
    assert outside == s == torch.cuda.get_stream_from_external(s.cuda_stream, "cuda:0")
    assert repr(outside).startswith("<torch.cuda.ExternalStream device=cuda:0 cuda_stream=0x")
    with outside:
        assert torch.cuda.current_stream() == s
    assert x.tolist() == [2.0] * 3


def test_memory_is_kept_for_a_stream_that_still_uses_it(stand_in: Any, counted: Any) -> None:
    s = torch.cuda.Stream()
    x = torch.ones(1000, device="cuda")
    x.record_stream(s)
    held = torch.cuda.memory_allocated()
    s._stream.done = False
    del x
    assert torch.cuda.memory_allocated() == held
    torch.cuda.synchronize()
    assert torch.cuda.memory_allocated() == held
    s._stream.done = True
    torch.cuda.synchronize()
    assert torch.cuda.memory_allocated() <= held - 4000
    y = torch.ones(1000, device="cuda")
    y.record_stream(s)
    del y
    assert torch.cuda.memory_allocated() <= held - 4000, "a stream that has come so far keeps nothing"
    with pytest.raises(RuntimeError, match="unknown parameter type"):
        torch.ones(1, device="cuda").record_stream(1)
    with pytest.raises(NotImplementedError, match="Could not run 'aten::record_stream'"):
        torch.ones(1).record_stream(s)


def test_waiting_may_be_an_error(cupy: Any) -> None:
    cuda, x = torch.cuda, torch.ones(2, device="cuda")
    assert cuda.get_sync_debug_mode() == 0
    try:
        cuda.set_sync_debug_mode("error")
        y = (x * 2).sum()
        for read in (
            y.item,
            y.tolist,
            y.cpu,
            lambda: bool(y),
            lambda: repr(y),
            lambda: y.detach().cpu().numpy(),
        ):
            with pytest.raises(RuntimeError, match="called a synchronizing CUDA operation"):
                read()
        assert torch.ones(1).item() == 1.0
        for _ in range(300):  # what is asked about indices is not the program's waiting
            x[torch.zeros(1, dtype=torch.int64, device="cuda")]
        with cuda.graph(cuda.CUDAGraph()):
            x + 1
        cuda.set_sync_debug_mode(1)
        with pytest.warns(UserWarning, match="called a synchronizing CUDA operation"):
            assert y.item() == 4.0
        with pytest.raises(RuntimeError, match="expected one of `default`, `warn`, `error`"):
            cuda.set_sync_debug_mode("loud")
    finally:
        cuda.set_sync_debug_mode("default")
    assert y.item() == 4.0


def test_old_tensor_types(cupy: Any) -> None:
    cuda = torch.cuda
    made = cuda.FloatTensor([1.0, 2.0])
    assert made.is_cuda
    assert made.type() == "torch.cuda.FloatTensor"
    assert isinstance(made, cuda.FloatTensor)
    assert not isinstance(made, (torch.FloatTensor, cuda.LongTensor))
    assert cuda.LongTensor(2, 3).shape == (2, 3)
    assert made.type(torch.float64).is_cuda
    assert not made.type(torch.FloatTensor).is_cuda
    assert torch.ones(2).type("torch.cuda.HalfTensor").type() == "torch.cuda.HalfTensor"
    assert torch.ones(2).type(cuda.IntTensor).tolist() == [1, 1]
    try:
        torch.set_default_tensor_type(cuda.DoubleTensor)
        assert torch.ones(1).type() == "torch.cuda.DoubleTensor"
    finally:
        torch.set_default_tensor_type(torch.FloatTensor)
    assert torch.ones(1).type() == "torch.FloatTensor"


def test_what_else_is_asked_of_a_device(counted: Any) -> None:
    cuda = torch.cuda
    assert cuda.default_generators[0].device == torch.device("cuda", 0)
    assert len(cuda.default_generators) == cuda.device_count()
    assert cuda.get_allocator_backend() == "native"
    assert cuda.get_per_process_memory_fraction() == 1.0
    try:
        cuda.set_per_process_memory_fraction(0.5)
        assert cuda.get_per_process_memory_fraction() == pytest.approx(0.5)
    finally:
        counted.get_default_memory_pool().set_limit(size=0)
    torch.ones(3, device="cuda")
    stats = torch.accelerator.memory_stats()
    assert (
        cuda.memory_stats_as_nested_dict()["allocation"]["all"]["allocated"]
        == stats["allocation.all.allocated"]
    )
    assert stats["allocation.all.freed"] >= 1
    torch.accelerator.reset_accumulated_memory_stats()
    stats = cuda.memory_stats()
    assert stats["allocation.all.freed"] == stats["allocated_bytes.all.freed"] == 0
    assert torch.accelerator.get_memory_info() == cuda.mem_get_info()
    with torch.accelerator.device_index(0):
        torch.accelerator.set_device_index(0)
    assert isinstance(cuda.current_blas_handle(), int)
    for numbers in ((0, 99), (99, 0)):
        with pytest.raises(AssertionError, match="device id"):
            cuda.can_device_access_peer(*numbers)
    assert not cuda.can_device_access_peer(0, 0)


def test_nvidia_s_profilers_are_told_where_to_look(stand_in: Any) -> None:
    CUDA.nvtx.told.clear()
    with torch.cuda.profiler.profile():
        torch.cuda.nvtx.mark("here")
    assert CUDA.nvtx.told == ["start", "mark here", "stop"]


def test_events_tell_the_device_s_time(cupy: Any) -> None:
    cuda = torch.cuda
    begin, end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
    assert repr(begin) == "<torch.cuda.Event uninitialized>"
    with pytest.raises(ValueError, match="Both events must be recorded"):
        begin.elapsed_time(end)
    x = torch.ones(10, device="cuda")
    begin.record()
    x * 2 + 1
    end.record()
    cuda.synchronize()
    assert begin.query()
    took = begin.elapsed_time(end)
    assert took == 2 * KERNEL if cupy is standin.CUPY else took > 0
    with pytest.raises(ValueError, match="enable_timing=True"):
        begin.elapsed_time(cuda.Event())


def test_labels_go_to_nvidia_s_profilers(cupy: Any) -> None:
    nvtx = torch.cuda.nvtx
    if cupy is standin.CUPY:
        CUDA.nvtx.told.clear()
    with nvtx.range("step {}", 3):
        assert nvtx.range_push("inner") == 1
        nvtx.mark("here")
        assert nvtx.range_pop() == 1
    if cupy is standin.CUPY:
        assert CUDA.nvtx.told == ["push step 3", "push inner", "mark here", "pop", "pop"]


def test_moving_may_be_told_not_to_wait(cupy: Any) -> None:
    x = torch.ones(2, pin_memory=True).pin_memory()
    assert x.cuda(non_blocking=True).tolist() == x.to("cuda", non_blocking=True).tolist() == [1.0, 1.0]
    y = torch.zeros(2, device="cuda")
    assert y.copy_(x, non_blocking=True).tolist() == [1.0, 1.0]
    assert torch.nn.Linear(1, 1).to("cuda", non_blocking=True).weight.is_cuda
    loader = torch.utils.data.DataLoader(torch.arange(4.0), batch_size=2, pin_memory=True)
    assert [b.to("cuda", non_blocking=True).tolist() for b in loader] == [[0.0, 1.0], [2.0, 3.0]]


def test_the_allocator_is_installed_when_a_device_is_first_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not before: the module is imported, and told of, in one place."""
    installed: list[Any] = []
    monkeypatch.setattr(allocator, "install", installed.append)
    monkeypatch.setitem(__import__("sys").modules, "cupy", standin.CUPY)
    look: Any = backend.cupy
    assert look.__wrapped__() is standin.CUPY
    assert installed == [standin.CUPY]


RANGES: dict[str, Callable[[Any], Any]] = {
    "arange": lambda device: torch.arange(-1.0, 2.0, 0.3, device=device),
    "arange of a number": lambda device: torch.arange(7.0, device=device, dtype=torch.float64),
    "arange in half": lambda device: torch.arange(0, 9, 2, device=device, dtype=torch.float16),
    "arange of none": lambda device: torch.arange(0.0, device=device),
    "linspace": lambda device: torch.linspace(-2.0, 3.0, 37, device=device),
    "linspace float64": lambda device: torch.linspace(0.1, 0.7, 12, device=device, dtype=torch.float64),
    "linspace of one": lambda device: torch.linspace(2.5, 3.0, 1, device=device),
    "linspace of integers": lambda device: torch.linspace(0, 10, 7, device=device, dtype=torch.int64),
    "logspace": lambda device: torch.logspace(-2.0, 2.0, 9, device=device),
    "range": lambda device: torch.range(0.5, 3.0, 0.5, device=device),
    "hann_window": lambda device: torch.hann_window(9, device=device),
    "hamming_window": lambda device: torch.hamming_window(9, False, device=device),
    "blackman_window": lambda device: torch.blackman_window(8, device=device),
    "bartlett_window": lambda device: torch.bartlett_window(8, device=device),
    "kaiser_window": lambda device: torch.kaiser_window(8, beta=4.0, device=device),
    "a window of one": lambda device: torch.hann_window(1, device=device),
}


@pytest.mark.filterwarnings("ignore:torch.range is deprecated")
@pytest.mark.parametrize("name", RANGES)
def test_numbers_in_a_row_are_made_on_the_device(cupy: Any, name: str) -> None:
    make = RANGES[name]
    with standin.watched() as transfers:
        there = make("cuda")
        assert (transfers.up, transfers.down) == ([], [])
    assert there.is_cuda
    with standin.watched() as transfers, torch.device("cuda"):
        assert make(None).is_cuda
        assert transfers.up == []
    here = make("cpu")
    assert not here.is_cuda
    assert there.dtype is here.dtype
    last_bits = 2 * torch.finfo(here.dtype).eps if here.dtype.is_floating_point else 0
    torch.testing.assert_close(there.cpu(), here, rtol=last_bits, atol=1e-7)
    with torch.device("cuda"):
        assert not make("cpu").is_cuda


@pytest.mark.parametrize(
    "name", ["zeros", "ones", "empty", "full", "eye", "arange", "like", "new", "strided", "default"]
)
def test_what_a_factory_makes_is_made_on_the_device(cupy: Any, name: str) -> None:
    x = torch.ones(3, device="cuda")
    make: dict[str, Callable[[], Any]] = {
        "zeros": lambda: torch.zeros(3, 2, device="cuda"),
        "ones": lambda: torch.ones(3, dtype=torch.int64, device="cuda:0"),
        "empty": lambda: torch.empty(3, 2, device="cuda"),
        "full": lambda: torch.full((2, 2), 3.5, device="cuda"),
        "eye": lambda: torch.eye(3, 2, device="cuda"),
        "arange": lambda: torch.arange(2, 10, 3, device="cuda"),
        "like": lambda: torch.zeros_like(x) + torch.ones_like(x) + torch.full_like(x, 2.0),
        "new": lambda: x.new_zeros(3) + x.new_ones(3) + x.new_full((3,), 2.0),
        "strided": lambda: torch.empty_strided((2, 3), (1, 2), device="cuda"),
        "default": lambda: torch.ones(2),
    }
    with standin.watched() as transfers, torch.device("cuda" if name == "default" else "cpu"):
        made = make[name]()
        assert (transfers.up, transfers.down) == ([], [])
    assert made.is_cuda
    here = {
        "ones": torch.ones(3, dtype=torch.int64),
        "full": torch.full((2, 2), 3.5),
        "eye": torch.eye(3, 2),
        "arange": torch.arange(2, 10, 3),
    }.get(name)
    if here is not None:
        assert made.dtype is here.dtype
        assert made.tolist() == here.tolist()
