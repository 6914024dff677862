"""What a served device tells of time: on a clock of its own, and of the server process."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import engine as torch
from engine.autograd import profiler
from engine.timeline import Timeline
from playground.device import library, messages
from playground.device.connection import DeviceLost
from playground.device.library import Library
from playground.device.module import Module
from playground.device.moments import Moments
from tests.gpu import standin
from tests.gpu.standin_cuda import CUDA, KERNEL
from tests.playground.device.serving import Serving


class _Slow(Library):
    """A device that is behind: what it is given takes its time only when it is waited for."""

    def __init__(self) -> None:
        self.sent = 0.0
        """When it will have done what it was given, in nanoseconds of `now`."""
        self.now = 1000.0

    def work(self, nanoseconds: float) -> None:
        self.sent = max(self.sent, self.now) + nanoseconds

    def event(self) -> Any:
        return max(self.sent, self.now)

    def elapsed(self, begin: Any, end: Any) -> float:
        assert max(begin, end) <= self.now, "an event is read that has not come"
        return float(end - begin)

    def synchronize(self) -> None:
        self.now = max(self.sent, self.now)


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> _Slow:
    made = _Slow()
    monkeypatch.setattr("playground.device.moments.perf_counter_ns", lambda: made.now)
    return made


def _worked(told: messages.Moments) -> dict[int, float]:
    return {n: at - away for n, at, away in zip(told.numbers, told.at, told.away, strict=True)}


def test_what_is_between_two_turns_is_not_the_run_s(device: _Slow) -> None:
    moments = Moments(device)
    moments.turn_begins()
    device.work(700)  # before anything was marked
    moments.mark(0)
    device.work(10)
    moments.mark(1)
    device.work(3)
    moments.turn_ends()
    device.work(500)  # another's
    device.synchronize()
    device.now += 40  # nobody's
    moments.turn_begins()
    device.work(6)
    moments.mark(2)
    moments.turn_ends()
    told = moments.tell()
    assert told.at == [1700.0, 1710.0, 1000 + 700 + 13 + 540 + 6]
    worked = _worked(told)
    assert worked[1] - worked[0] == 10
    assert worked[2] - worked[1] == 3 + 6
    assert moments.tell() == messages.Moments([], [], [])


def test_a_run_that_marks_nothing_asks_for_no_event(device: _Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Slow, "event", None)
    moments = Moments(device)
    moments.turn_begins()
    device.work(5)
    moments.turn_ends()
    assert device.now == 1005


def test_who_asks_in_the_middle_of_a_turn_is_told_all(device: _Slow) -> None:
    moments = Moments(device)
    moments.turn_begins()
    moments.mark(0)
    device.work(8)
    moments.mark(1)
    assert moments.untold == 2
    assert moments.tell().at == [1000, 1008]
    moments.mark(2)
    assert moments.untold == 1
    moments.turn_ends()
    assert moments.tell().at == [1008]


def test_cupys_events_are_the_moments(stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ("special", "linalg"):
        monkeypatch.setitem(sys.modules, f"cupyx.scipy.{part}", standin.scipy(part))
    monkeypatch.setattr(library, "_cupy", lambda: stand_in)
    moments = Moments(Library("cupy"))
    a = stand_in.ones(3)
    moments.turn_begins()
    moments.mark(0)
    a + a
    moments.mark(1)
    a + (a + a)
    moments.mark(2)
    waited = CUDA.synchronised
    moments.turn_ends()
    assert CUDA.synchronised == waited + 1
    worked = _worked(moments.tell())
    kernel_ns = KERNEL * 1e6
    assert worked[1] - worked[0] == pytest.approx(kernel_ns)
    assert worked[2] - worked[1] == pytest.approx(2 * kernel_ns)


def test_a_profile_has_the_device_s_times(cupy: Module) -> None:
    x = torch.ones(64, 64, device="cuda", requires_grad=True)
    with profiler.profile(use_device="cuda") as prof:
        with profiler.record_function("forward"):
            loss = (x @ x).sin().sum()
        loss.backward()
        torch.ones(300).tanh()
    assert prof is not None
    assert prof.function_events is not None
    rows = {e.key: e for e in prof.key_averages()}
    for name in ("aten::mm", "aten::sin", "aten::sum", "MmBackward0", "SinBackward0"):
        assert rows[name].device_time_total > 0, name
    assert rows["aten::tanh"].device_time_total == rows["aten::tanh"].self_device_time_total == 0
    inside = sum(rows[name].device_time_total for name in ("aten::matmul", "aten::sin", "aten::sum"))
    assert rows["forward"].device_time_total == pytest.approx(inside)
    ends = []
    for event in prof.function_events:
        for kernel in event.kernels:
            assert kernel.start + kernel.duration > event.time_range.start, "it was over before it was sent"
            ends.append(kernel.start + kernel.duration)
    assert ends
    assert Timeline._running is None


def test_what_went_wrong_does_not_end_a_profile(cupy: Module) -> None:
    with profiler.profile(use_device="cuda") as prof:
        a = cupy.power(cupy.ones(3, dtype=cupy.int64), -1)  # which fails there, and later
        (torch.ones(3, device="cuda") * 2).sum()
    assert prof is not None
    assert {e.key: e for e in prof.key_averages()}["aten::mul"].device_time_total > 0
    with pytest.raises(ValueError, match="negative integer powers"):
        a.get()


def test_events_and_streams_are_pytorch_s(cupy: Module) -> None:
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    side = torch.cuda.Stream()
    x = torch.ones(100, 100, device="cuda")
    begin.record()
    with torch.cuda.stream(side):
        assert torch.cuda.current_stream() == side != torch.cuda.default_stream()
        y = x @ x
        end.record()
    torch.cuda.current_stream().wait_stream(side)
    assert end.query()
    assert begin.elapsed_time(end) > 0 > end.elapsed_time(begin)
    assert y[0, 0].item() == 100.0
    assert torch.cuda.current_stream() == torch.cuda.default_stream()
    side.synchronize()


def test_a_moment_is_marked_once(server: Serving) -> None:
    """Between the end of one operation and the beginning of the next there is nothing to tell apart."""
    module, sock = server.module()
    events = [module.cuda.Event() for _ in range(4)]
    pending = module._device.connection._requests
    events[0].record()
    events[1].record()
    assert [type(r) for r in pending] == [messages.Mark]
    module.ones(3)
    events[2].record()  # the ones are not needed any more, which changes nothing
    events[3].record()
    assert [type(r) for r in pending].count(messages.Mark) == 2
    first, second, third, fourth = (event.moment() for event in events)
    assert first == second != third == fourth
    sock.close()


def test_a_device_that_is_lost_has_no_moments(server: Serving) -> None:
    module, sock = server.module()
    event = module.cuda.Event()
    with pytest.raises(RuntimeError, match="invalid resource handle"):
        event.synchronize()
    event.record()
    sock.shutdown(2)
    with pytest.raises(DeviceLost):
        event.synchronize()
    sock.close()


def test_many_moments_are_asked_for_in_time(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server would end who leaves too many untold."""
    monkeypatch.setattr(messages, "MOMENTS", 50)
    asked = 0

    class Counted(messages.Times, frozen=True, tag=17):
        def __post_init__(self) -> None:
            nonlocal asked
            asked += 1

    monkeypatch.setattr(messages, "Times", Counted)
    module, sock = server.module()
    a = module.zeros(1)
    events = []
    for _ in range(175):
        a += 1
        events.append(module.cuda.Event())
        events[-1].record()
    assert asked == 3
    assert sorted(times := [event.moment()[0] for event in events]) == times
    assert len(set(times)) == 175
    sock.close()
