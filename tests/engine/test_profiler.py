"""What `torch.profiler` notes beside times: memory, the lines of the program, and files other tools read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

import engine as torch
from engine.profiler import profile, record_function, schedule
from engine.state import S


def work(x: torch.Tensor) -> torch.Tensor:
    return x.exp().view(-1)


def test_memory_is_of_what_is_allocated() -> None:
    x = torch.ones(256, 4)
    with profile(profile_memory=True) as prof:
        with record_function("outer"):
            work(x)
        x.mul_(2)
    usage = {e.key: (e.cpu_memory_usage, e.self_cpu_memory_usage) for e in prof.key_averages()}
    # What `work` returns is dropped in the range, which gives back what ``exp`` has allocated.
    assert usage["outer"] == (0, -4096)
    assert usage["aten::exp"] == (4096, 4096)
    assert usage["aten::view"] == usage["aten::mul_"] == (0, 0)
    assert "4.00 KB" in prof.key_averages().table()


def test_memory_goes_where_pytorch_says() -> None:
    """The rows are what PyTorch 2.13 records for this, to the byte."""
    with profile(profile_memory=True) as prof:
        with record_function("kept"):
            a = torch.ones(300).exp()
        b = torch.zeros(2, 2).clone()
        with record_function("dropped"):
            del a
        b = b.t()
        del b
    assert [
        (e.key, e.count, e.cpu_memory_usage, e.self_cpu_memory_usage)
        for e in prof.key_averages()
        if e.cpu_memory_usage or e.self_cpu_memory_usage
    ] == [
        ("kept", 1, 1200, -1200),
        ("aten::ones", 1, 1200, 0),
        ("aten::empty", 2, 1216, 1216),
        ("aten::exp", 1, 1200, 1200),
        ("aten::zeros", 1, 16, 0),
        ("aten::clone", 1, 16, 0),
        ("aten::empty_strided", 1, 16, 16),
        ("[memory]", 2, -32, -32),
        ("dropped", 1, -1200, -1200),
    ]
    lines = prof.key_averages().table(sort_by="self_cpu_memory_usage", row_limit=1).splitlines()
    assert lines[1].endswith("     CPU Mem  Self CPU Mem    # of Calls  ")
    assert lines[3].endswith("     1.19 KB       1.19 KB             2  ")


def test_stacks_group_and_export(tmp_path: Path) -> None:
    x = torch.ones(100_000)
    with profile(with_stack=True) as prof:
        work(x)
        work(x)
        x.exp()
    groups = [e for e in prof.key_averages(group_by_stack_n=1) if e.key == "aten::exp"]
    assert sorted(e.count for e in groups) == [1, 2]
    (inner,) = (e for e in groups if e.count == 2)
    assert inner.stack[0].startswith(__file__)
    assert inner.stack[0].endswith(": work")
    assert "Source Location" in prof.key_averages(group_by_stack_n=2).table()
    prof.export_stacks(str(tmp_path / "stacks.txt"))
    lines = (tmp_path / "stacks.txt").read_text().splitlines()
    assert any(":_work;aten::exp " in line for line in lines)
    assert all(int(line.rpartition(" ")[2]) > 0 for line in lines)


def test_traces_are_json(tmp_path: Path) -> None:
    with profile() as prof:
        work(torch.ones(3))
    prof.add_metadata("who", "me")
    prof.add_metadata_json("n", "[1, 2]")
    for name, reader in (("a.json", open), ("a.json.gz", gzip.open)):
        path = str(tmp_path / name)
        prof.export_chrome_trace(path)
        with reader(path, "rt") as file:
            trace = json.load(file)
        assert trace["who"] == "me"
        assert trace["n"] == [1, 2]
        assert {"aten::exp", "aten::view"} <= {e["name"] for e in trace["traceEvents"]}


def test_unfinished_cycle_is_a_trace_and_nothing_keeps_watching() -> None:
    seen: list[int] = []
    with profile(
        schedule=schedule(wait=0, warmup=1, active=3), on_trace_ready=lambda p: seen.append(len(p.events()))
    ) as prof:
        for _ in range(2):
            work(torch.ones(2))
            prof.step()
    assert len(seen) == 1
    assert S.observers == ()
    assert not S.slow


def test_a_trace_has_what_viewers_need(tmp_path: Path) -> None:
    net = torch.nn.Linear(3, 2)
    with profile(record_shapes=True, profile_memory=True) as prof, record_function("step"):
        net(torch.ones(4, 3)).relu().sum().backward()
    path = tmp_path / "trace.json"
    prof.export_chrome_trace(str(path))
    trace = json.loads(path.read_text())
    assert trace["record_shapes"] == trace["profile_memory"] == 1
    events = trace["traceEvents"]
    bars = [e for e in events if e["ph"] == "X"]
    for e in bars:
        assert {"name", "cat", "pid", "tid", "ts", "dur", "args"} <= e.keys()
        assert e["ts"] >= 0
        assert e["dur"] >= 0
    assert {e["cat"] for e in bars} == {"cpu_op", "user_annotation"}
    (step,) = (e for e in bars if e["cat"] == "user_annotation")
    assert step["name"] == "step"
    # Bars of one thread lie inside one another or beside one another, or viewers draw nonsense.
    open_until: list[float] = []
    for e in sorted(bars, key=lambda e: (e["ts"], -e["dur"])):
        end = round(e["ts"] + e["dur"], 3)
        while open_until and open_until[-1] <= e["ts"]:
            open_until.pop()
        assert not open_until or end <= open_until[-1] + 1e-9
        open_until.append(end)
    addmm = next(e for e in bars if e["name"] == "aten::addmm")
    node = next(e for e in bars if e["name"] == "AddmmBackward0")
    assert addmm["args"]["Input Dims"] == [[2], [4, 3], [3, 2], [], []]
    assert addmm["args"]["Sequence number"] == node["args"]["Sequence number"]
    starts = {e["id"]: e for e in events if e["ph"] == "s"}
    ends = {e["id"]: e for e in events if e["ph"] == "f"}
    assert starts.keys() == ends.keys()
    assert {e["cat"] for e in (*starts.values(), *ends.values())} == {"fwdbwd"}
    assert (addmm["ts"], node["ts"]) in {(starts[k]["ts"], ends[k]["ts"]) for k in starts}
    memory = [e for e in events if e["name"] == "[memory]"]
    assert {e["ph"] for e in memory} == {"i"}
    assert any(e["args"]["Bytes"] > 0 for e in memory)
    assert any(e["args"]["Bytes"] < 0 for e in memory)


def test_times_of_rows_inside_are_measured_or_nothing() -> None:
    """The row that does the work has the time of the one around it, rows of PyTorch's alone have none; the self times
    add up to what they do without them."""
    with profile() as prof, record_function("all"):
        torch.ones(1000, 100).relu()
    ones, empty, fill, relu, clamp = (
        next(e for e in prof.events() if e.name == f"aten::{name}")
        for name in ("ones", "empty", "fill_", "relu", "clamp_min")
    )
    assert (empty.cpu_time_total, ones.self_cpu_time_total, relu.self_cpu_time_total) == (0, 0, 0)
    assert fill.cpu_time_total == ones.cpu_time_total > 0
    assert clamp.cpu_time_total == relu.cpu_time_total > 0
    (whole,) = (e for e in prof.events() if e.name == "all")
    assert abs(sum(e.self_cpu_time_total for e in prof.events()) - whole.cpu_time_total) < 1e-6
    for e in prof.events():
        for child in e.cpu_children:
            assert e.time_range.start <= child.time_range.start <= child.time_range.end <= e.time_range.end


def test_memory_timeline_is_refused_clearly() -> None:
    with profile(profile_memory=True) as prof:
        torch.ones(2)
    with pytest.raises(NotImplementedError, match="export_chrome_trace"):
        prof.export_memory_timeline("memory.html")


def test_flops_of_a_convolution() -> None:
    layer = torch.nn.Conv2d(3, 8, 3, padding=1)
    with profile(with_flops=True) as prof:
        layer(torch.ones(2, 3, 5, 5))
    assert {e.key: e.flops for e in prof.key_averages() if e.flops} == {
        "aten::conv2d": 2 * 2 * 8 * 5 * 5 * 3 * 3 * 3
    }
