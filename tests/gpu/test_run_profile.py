"""A run of the playground on a device: its profile has the device's times."""

from __future__ import annotations

from typing import Any

import pytest

from playground import protocol as p
from playground.worker import profile
from tests.gpu import standin
from tests.gpu.standin_cuda import CUDA, KERNEL
from tests.playground.worker import conftest

play = conftest.play
US = 1000 * KERNEL


def _row(profile: p.Profile, name: str) -> p.ProfileRow:
    return next(row for row in profile.by_op if row.name == name)


def test_rows_and_kernels_have_the_device_s_times(cupy: Any, play: conftest.Runner) -> None:
    waited = CUDA.synchronised
    result = play(
        "import torch\nx = torch.ones(4, 4, device='cuda', requires_grad=True)\n"
        "with torch.autograd.profiler.record_function('mine'):\n    y = (x @ x).relu()\n"
        "z = torch.ones(3) * 2\ny.sum().backward()\n"
        "optimizer = torch.optim.SGD([x], lr=0.1)\noptimizer.step()\n"
    )
    assert result.finished.status == "ok", result.errors
    profile = result.profile
    rows = {row.name: row for row in profile.by_op}
    on_device = {name for name, row in rows.items() if row.cuda > 0}
    assert {"aten::mm", "aten::relu", "aten::clamp_min", "mine", "aten::sum", "MmBackward0"} <= on_device
    assert {"Optimizer.step#SGD.step", "torch::autograd::AccumulateGrad"} <= on_device
    # The row that does the work has the time; those around it have it in all; the CPU's have none.
    assert (rows["aten::relu"].self_cuda, rows["mine"].self_cuda, rows["aten::mul"].cuda) == (0, 0, 0)
    assert rows["aten::clamp_min"].self_cuda == rows["aten::relu"].cuda
    assert rows["mine"].cuda == pytest.approx(rows["aten::mm"].cuda + rows["aten::relu"].cuda)
    around = rows["autograd::engine::evaluate_function: MmBackward0"]
    assert around.cuda == rows["MmBackward0"].cuda > 0
    total = sum(row.self_cuda for row in profile.by_op)
    assert total == pytest.approx(sum(row.self_cuda for row in profile.by_shape))
    assert total == pytest.approx(sum(kernel.duration for kernel in profile.kernels))
    names = [kernel.name for kernel in profile.kernels]
    assert names.index("aten::mm") < names.index("aten::relu") < names.index("MmBackward0")
    spans = {span.name: span for span in profile.spans}
    for kernel in profile.kernels:
        assert kernel.launched >= 0
        if kernel.name in ("aten::mm", "aten::relu"):
            assert kernel.launched == pytest.approx(spans[kernel.name].start)
    if cupy is standin.CUPY:
        assert rows["aten::mm"].cuda == pytest.approx(US)
        assert CUDA.synchronised <= waited + 3  # as it begins, when it is read, and SGD's own step


def test_what_is_only_counted_is_timed_too(cupy: Any, play: conftest.Runner) -> None:
    from playground.runner.limits import Limits

    result = play(
        "import torch\nx = torch.ones(4, device='cuda')\nfor _ in range(50):\n    y = x * 2\n",
        limits=Limits(operations=10),
    )
    row = _row(result.profile, "aten::mul")
    assert row.count == 50
    if cupy is standin.CUPY:
        assert row.cuda == pytest.approx(50 * US)
    assert row.cuda > 0


def test_what_is_no_longer_timed_is_not_kept(
    cupy: Any, play: conftest.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training of many hours has as much memory as one of a minute."""
    kept: list[int] = []
    read = profile.Profiler._on_gpu

    def on_gpu(self: profile.Profiler, every: Any) -> Any:
        kept.append(len(self._sent))
        return read(self, every)

    monkeypatch.setattr(profile.Profiler, "_on_gpu", on_gpu)
    monkeypatch.setattr(profile, "_MOST_SENT", 20)
    result = play("import torch\nx = torch.ones(4, device='cuda')\nfor _ in range(50):\n    y = x * 2\n")
    assert _row(result.profile, "aten::mul").count == 50
    assert kept[-1] == 20


def test_a_run_on_the_cpu_has_none(play: conftest.Runner) -> None:
    profile = play("import torch\ny = torch.ones(3) * 2\n").profile
    assert profile.kernels == []
    assert all(row.cuda == row.self_cuda == 0 for row in profile.by_op)
