"""The device's times in a profile: resolved from recorded timelines, and measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import engine as torch
from engine.autograd import profiler
from engine.autograd.profiler_device import events_of
from engine.autograd.profiler_events import EventList
from engine.autograd.profiler_tree import ADDED, RAN, Raw
from engine.profiler import ProfilerActivity, profile
from engine.state import S
from engine.timeline import Mark, Timeline
from tests.gpu import standin
from tests.gpu.standin_cuda import CUDA, KERNEL

US = 1000.0 * KERNEL
"""Microseconds of one kernel of the stand-in's."""


def _raw(key: str, start: int, end: int, device: int = RAN, inner: int = 0, wanted: int = -1) -> Raw:
    raw = Raw(key, start * 1000, end * 1000)
    raw.device, raw.inner, raw.wanted = device, inner, wanted
    return raw


def _marks(*moments: tuple[float, ...]) -> list[Mark]:
    """(host, device[, stream]) in microseconds."""
    return [Mark(int(m[0] * 1000), int(m[2]) if len(m) > 2 else 0, m[1] * 1000) for m in moments]


def _rows(raws: list[Raw], marks: list[Mark]) -> EventList:
    events = EventList(events_of(raws, (), marks, 0))
    for e in events:
        e.use_device = "cuda"
    return events


def _times(events: EventList) -> dict[str, tuple[float, float]]:
    """Self and total of each name."""
    averages = events.key_averages()
    return {e.key: (e.self_device_time_total, e.device_time_total) for e in averages}


def test_an_operation_has_the_time_between_its_marks() -> None:
    """Launched at 10 us and over for the host at 14, run by the device from 100 to 130."""
    events = _rows([_raw("mul", 10, 14)], _marks((0, 0), (10, 100), (14, 130)))
    (e,) = events
    assert (e.name, e.self_device_time_total, e.device_time_total) == ("aten::mul", 30.0, 30.0)
    (kernel,) = e.kernels
    assert (kernel.name, kernel.start, kernel.duration, kernel.stream) == ("aten::mul", 100.0, 30.0, 0)
    assert (e.cpu_time_total, e.self_cpu_time_total) == (4.0, 4.0)


def test_what_contains_others_has_the_sum_of_theirs() -> None:
    """The gap between the two, in which the device waited for the host, is nobody's."""
    raws = [
        _raw("=step", 0, 100, device=0),
        _raw("=block", 10, 60, device=0),
        _raw("mul", 20, 25),
        _raw("add", 40, 50),
        _raw("exp", 70, 80),
    ]
    marks = _marks((20, 20), (25, 32), (40, 40), (50, 45), (70, 70), (80, 80))
    events = _rows(raws, marks)
    times = _times(events)
    assert times["aten::mul"] == (12.0, 12.0)
    assert times["aten::add"] == (5.0, 5.0)
    assert times["block"] == (0.0, 17.0)
    assert times["step"] == (0.0, 27.0)
    assert sum(e.self_device_time_total for e in events) == 27.0


def test_what_pytorch_has_no_row_for_counts_for_the_row_that_does_the_work() -> None:
    """The engine's calls inside ``linear`` are none of PyTorch's ``t`` and ``matmul``."""
    raws = [_raw("linear#plain", 10, 60, device=0), _raw("mul", 20, 25), _raw("add", 40, 50)]
    times = _times(_rows(raws, _marks((20, 20), (25, 32), (40, 40), (50, 45))))
    assert times["aten::linear"] == (0.0, 17.0)
    assert times["aten::matmul"] == (17.0, 17.0)
    assert "aten::mul" not in times


def test_the_row_that_does_the_work_has_the_kernel() -> None:
    """``ones`` is ``empty`` and ``fill_`` in PyTorch: the second is the kernel's, both are in the first."""
    times = _times(_rows([_raw("ones", 1, 5)], _marks((1, 1), (5, 9))))
    assert times == {"aten::ones": (0.0, 8.0), "aten::empty": (0.0, 0.0), "aten::fill_": (8.0, 8.0)}


def test_a_backward_pass_is_nodes_leaves_and_what_is_added_up() -> None:
    around = "=autograd::engine::evaluate_function: "
    raws = [
        _raw(f"{around}MulBackward0", 10, 30, device=0),
        _raw("MulBackward0", 10, 20, inner=1),
        Raw("add", 20_001, 20_001),
        _raw(f"{around}=torch::autograd::AccumulateGrad", 30, 41, device=0),
        _raw("=torch::autograd::AccumulateGrad", 30, 40, inner=1),
    ]
    raws[2].inner, raws[2].device = 3, ADDED
    marks = _marks((10, 10), (20, 50), (30, 53), (40, 60))
    events = _rows(raws, marks)
    times = _times(events)
    # PyTorch has the two products of the node as rows; neither was seen, the first does the work.
    assert times["MulBackward0"][1] == 40.0
    assert times["autograd::engine::evaluate_function: MulBackward0"] == (0.0, 43.0)
    assert times["aten::add"] == (3.0, 3.0)
    assert times["torch::autograd::AccumulateGrad"] == (7.0, 7.0)
    assert sum(e.self_device_time_total for e in events) == 50.0


def test_streams_have_their_own_times() -> None:
    """The second stream's operation runs while the first's does; both count, as in PyTorch."""
    raws = [_raw("mul", 10, 12), _raw("mm", 20, 22)]
    marks = _marks((10, 10, 0), (12, 110, 0), (20, 21, 7), (22, 81, 7))
    events = _rows(raws, marks)
    assert {(k.name, k.stream, k.start, k.duration) for e in events for k in e.kernels} == {
        ("aten::mul", 0, 10.0, 100.0),
        ("aten::mm", 7, 21.0, 60.0),
    }
    assert _times(events)["aten::mm"] == (60.0, 60.0)


def test_what_took_no_time_or_was_not_marked_has_none() -> None:
    raws = [
        _raw("mul", 10, 12),  # no time on the device
        _raw("exp", 20, 22, device=0),  # on the CPU
        _raw("sin", 30, 32),  # begun before the timeline, or after its last event
        _raw("add", 40, 42),  # captured: only its beginning is marked
        _raw("neg", 42, 42),  # no time at all
    ]
    events = _rows(raws, _marks((10, 10), (12, 10), (20, 20), (22, 24), (40, 40)))
    assert all(e.kernels == [] for e in events)
    assert {e.name for e in events} == {"aten::mul", "aten::exp", "aten::sin", "aten::add", "aten::neg"}
    table = events.table()
    assert "CUDA" not in table
    assert table.endswith("Self CPU time total: 8.000us\n")


def test_the_table_has_pytorchs_columns() -> None:
    raws = [_raw("mul", 10, 14), _raw("mm", 20, 24), _raw("mm", 30, 34), _raw("view", 40, 41, device=0)]
    marks = _marks((10, 10), (14, 20), (20, 20), (24, 1500), (30, 1500), (34, 3000))
    averages = _rows(raws, marks).key_averages()
    lines = averages.table(sort_by="cuda_time_total").splitlines()
    heads = lines[1].split()
    assert " ".join(heads) == (
        "Name Self CPU % Self CPU CPU total % CPU total CPU time avg Self CUDA Self CUDA % CUDA total CUDA time avg "
        "# of Calls"
    )
    assert [line.split()[0] for line in lines[3:6]] == ["aten::mm", "aten::mul", "aten::view"]
    assert lines[3].split() == [
        *["aten::mm", "61.54%", "8.000us", "61.54%", "8.000us", "4.000us"],
        *["2.980ms", "99.67%", "2.980ms", "1.490ms", "2"],
    ]
    assert lines[5].split()[-5:] == ["0.000us", "0.00%", "0.000us", "0.000us", "1"]
    assert lines[-2:] == ["Self CPU time total: 13.000us", "Self CUDA time total: 2.990ms"]
    by_self = averages.table(sort_by="self_cuda_time_total", row_limit=1)
    assert "aten::mm" in by_self
    assert "aten::mul" not in by_self


def test_a_measured_profile(cupy: Any) -> None:
    torch.manual_seed(0)
    x = torch.randn(64, 64, device="cuda", requires_grad=True)
    waited = CUDA.synchronised
    with profiler.profile(use_device="cuda") as prof:
        with profiler.record_function("forward"):
            loss = (x @ x).sin().sum()
        loss.backward()
        y = torch.ones(3) * 2
        seen = CUDA.synchronised
    assert prof is not None
    if cupy is standin.CUPY:
        assert seen == waited + 1, "the host waited for the device meanwhile"
        assert CUDA.synchronised == waited + 2
    assert (y.device.type, prof.use_device) == ("cpu", "cuda")
    rows = {e.key: e for e in prof.key_averages()}
    assert rows["aten::sin"].self_device_time_total > 0
    assert rows["forward"].device_time_total >= rows["aten::sin"].device_time_total
    assert rows["forward"].self_device_time_total == 0
    assert rows["MmBackward0"].device_time_total > 0
    assert sum(e.self_device_time_total for e in prof.key_averages()) == pytest.approx(
        sum(e.device_time_total for e in prof.function_events or [] if e.cpu_parent is None)
    )
    assert "Self CUDA time total: " in prof.key_averages().table(sort_by="self_cuda_time_total")
    if cupy is standin.CUPY:
        assert rows["aten::sin"].self_device_time_total == pytest.approx(US)
    assert Timeline._running is None
    assert S.clock.__name__ == "perf_counter_ns"


def test_an_optimizer_s_step_is_timed(cupy: Any) -> None:
    x = torch.ones(1000, device="cuda", requires_grad=True)
    x.sum().backward()
    optimizer = torch.optim.SGD([x], lr=0.1)
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as prof:
        optimizer.step()
    (row,) = (e for e in prof.key_averages() if e.key == "Optimizer.step#SGD.step")
    assert row.self_device_time_total > 0


def test_memory_of_the_device_has_columns(cupy: Any) -> None:
    with profiler.profile(use_device="cuda", profile_memory=True) as prof:
        x = torch.ones(1000).to("cuda")
        y = x.exp()
        del y
    assert prof is not None
    rows = {e.key: e for e in prof.key_averages()}
    assert rows["aten::exp"].self_device_memory_usage == 4000
    assert rows["aten::exp"].self_cpu_memory_usage == 0
    assert rows["[memory]"].device_memory_usage == -4000
    assert " ".join(prof.key_averages().table().splitlines()[1].split()).endswith(
        "CUDA time avg CPU Mem Self CPU Mem CUDA Mem Self CUDA Mem # of Calls"
    )


def test_profiles_share_a_timeline(cupy: Any) -> None:
    x = torch.ones(10, device="cuda")
    with profiler.profile(use_device="cuda") as outer:
        x.exp()
        with profiler.profile(use_device="cuda") as inner:
            x.sin()
        x.cos()
    assert outer is not None
    assert inner is not None
    names = [{e.key for e in p.key_averages() if e.self_device_time_total > 0} for p in (outer, inner)]
    assert names == [{"aten::exp", "aten::sin", "aten::cos"}, {"aten::sin"}]


def test_what_is_captured_is_not_timed(cupy: Any) -> None:
    x = torch.ones(10, device="cuda")
    x.exp()  # so that its kernel is there
    graph = torch.cuda.CUDAGraph()
    with profiler.profile(use_device="cuda") as prof:
        with torch.cuda.graph(graph):
            x.exp()
        x.sin()
    assert prof is not None
    assert {e.key for e in prof.key_averages() if e.self_device_time_total > 0} == {"aten::sin"}


def test_the_trace_has_a_lane_for_each_stream(cupy: Any, tmp_path: Path) -> None:
    x = torch.ones(50, device="cuda")
    side = torch.cuda.Stream()
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as prof:
        x.exp()
        with torch.cuda.stream(side):
            x.sin()
    path = tmp_path / "trace.json"
    prof.export_chrome_trace(str(path))
    trace = json.loads(path.read_text())
    (device,) = trace["deviceProperties"]
    assert device["name"] == torch.cuda.get_device_name()
    events = trace["traceEvents"]
    kernels = {e["name"]: e for e in events if e.get("cat") == "kernel"}
    assert {(e["pid"], e["tid"]) for e in kernels.values()} == {(0, 0), (0, side.cuda_stream)}
    operations = {e["name"]: e for e in events if e.get("cat") == "cpu_op"}
    arrows = [e for e in events if e.get("cat") == "ac2g"]
    assert {e["name"] for e in arrows} == {"ac2g"}
    for name, kernel in kernels.items():
        number = kernel["args"]["correlation"]
        launch, run = (next(e for e in arrows if e["id"] == number and e["ph"] == ph) for ph in "sf")
        operation = operations[name]
        assert (launch["pid"], launch["tid"], launch["ts"]) == tuple(
            operation[k] for k in ("pid", "tid", "ts")
        )
        assert (run["pid"], run["tid"], run["ts"]) == tuple(kernel[k] for k in ("pid", "tid", "ts"))
        assert run["bp"] == "e"
        assert kernel["args"]["External id"] == operation["args"]["External id"]
    named = {(e["name"], e["tid"]): e["args"] for e in events if e["ph"] == "M" and e["pid"] == 0}
    assert named["process_labels", 0] == {"labels": "GPU 0"}
    assert named["thread_name", side.cuda_stream] == {"name": f"stream {side.cuda_stream} "}


def test_activities_are_those_of_the_machine(cupy: Any) -> None:
    from engine.profiler import supported_activities

    assert supported_activities() == {ProfilerActivity.CPU, ProfilerActivity.CUDA}
    with profile() as prof:
        torch.ones(10, device="cuda").exp()
    assert prof.use_device == "cuda"
    assert any(e.device_time_total > 0 for e in prof.key_averages())
