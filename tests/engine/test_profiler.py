"""What `torch.profiler` notes beside times: memory, the lines of the program, and files other tools read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

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
