"""The profile of a run."""

from __future__ import annotations

import pytest

from playground import protocol as p
from tests.playground.worker.conftest import Result, Runner

HEAD = "import torch\nfrom torch import nn\n"


def _row(result: Result, name: str) -> p.ProfileRow:
    return next(row for row in result.profile.by_op if row.name == name)


def test_a_thousand_of_each(play: Runner) -> None:
    code = HEAD + (
        "x = torch.randn(2, 3, requires_grad=True)\ny = torch.rand(2, 3)\nz = torch.ones(2, 3)\n"
        "for _ in range(1000):\n    z = (z / x) * y\n"
    )
    result = play(code)
    assert (_row(result, "aten::div").count, _row(result, "aten::mul").count) == (1000, 1000)
    assert _row(result, "aten::div").self_cpu > 0
    shaped = next(row for row in result.profile.by_shape if row.name == "aten::mul")
    assert shaped.shapes == "[[2, 3], [2, 3]]"
    # The three factories have another bar inside each, of what fills them: ``normal_``, ``uniform_``, ``fill_``.
    assert len(result.profile.spans) == 2006
    assert result.profile.overhead_us > 0


def test_rows_carry_pytorchs_names(play: Runner) -> None:
    code = HEAD + (
        "net = nn.Linear(3, 2)\nwith torch.autograd.profiler.record_function('my part'):\n"
        "    y = net(torch.ones(1, 3))\n"
        "y.sum().backward()\n"
    )
    result = play(code)
    names = {row.name for row in result.profile.by_op}
    assert {
        "aten::addmm",
        "aten::linear",
        "my part",
        "AddmmBackward0",
        "autograd::engine::evaluate_function: AddmmBackward0",
        "torch::autograd::AccumulateGrad",
        "aten::sum",
    } <= names
    linear, part = _row(result, "aten::linear"), _row(result, "my part")
    assert linear.cpu >= _row(result, "aten::addmm").cpu
    assert part.cpu >= linear.cpu
    assert part.self_cpu <= part.cpu - linear.cpu + 0.01
    around = _row(result, "autograd::engine::evaluate_function: AddmmBackward0")
    assert around.cpu >= _row(result, "AddmmBackward0").cpu


def test_rows_pytorch_has_inside(play: Runner) -> None:
    """With PyTorch's counts, and times only where the work is."""
    code = HEAD + (
        "net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))\n"
        "for _ in range(3):\n    y = net(torch.ones(5, 3)).sum()\n    y.backward()\n    y.item()\n"
    )
    result = play(code)
    counts = {row.name: row.count for row in result.profile.by_op}
    assert counts["aten::fill_"] == 3 + 3  # of ones and of sum
    assert counts["aten::empty"] == 3
    assert counts["aten::clamp_min"] == counts["aten::threshold_backward"] == 3
    # Four matrix products backwards but for the one with what requires no gradient: that is not wanted.
    assert counts["aten::mm"] == 9
    assert counts["aten::item"] == counts["aten::_local_scalar_dense"] == 3
    relu, clamp = _row(result, "aten::relu"), _row(result, "aten::clamp_min")
    assert relu.self_cpu == 0
    assert clamp.self_cpu == clamp.cpu == pytest.approx(relu.cpu)
    assert _row(result, "aten::empty").cpu == 0
    spans = result.profile.spans
    outer = next(s for s in spans if s.name == "aten::relu")
    inner = next(s for s in spans if s.name == "aten::clamp_min")
    assert (inner.start, inner.duration, inner.depth) == (outer.start, outer.duration, outer.depth + 1)


def test_self_times_add_up_to_no_more_than_the_run(play: Runner) -> None:
    code = HEAD + (
        "net = nn.Sequential(nn.Linear(30, 30), nn.ReLU(), nn.Linear(30, 1))\nx = torch.randn(20, 30)\n"
        "for _ in range(20):\n    net.zero_grad()\n    net(x).pow(2).mean().backward()\n"
    )
    result = play(code)
    profile = result.profile
    assert sum(row.self_cpu for row in profile.by_op) <= 1000 * result.finished.wall_ms
    assert all(row.self_cpu >= 0 for row in profile.by_op)
    assert all(row.cpu >= row.self_cpu - 0.01 for row in profile.by_op)
    assert sum(row.self_cpu for row in profile.by_shape) == pytest.approx(
        sum(row.self_cpu for row in profile.by_op)
    )


def test_bars_nest(play: Runner) -> None:
    code = HEAD + (
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.inner = nn.Linear(2, 2)\n"
        "    def forward(self, x):\n        return self.inner(x).relu()\n"
        "net = Net()\ny = net(torch.ones(1, 2))\ny.sum().backward()\n"
    )
    result = play(code)
    spans = result.profile.spans
    assert {"nn.Module: Net", "nn.Module: Linear", "aten::linear", "aten::addmm"} <= {s.name for s in spans}
    for span in spans:
        assert span.duration >= 0
        if span.depth:
            around = [
                s
                for s in spans
                if s.depth == span.depth - 1
                and s.start <= span.start + 0.01
                and s.start + s.duration >= span.start + span.duration - 0.01
            ]
            assert around, span
    addmm = next(s for s in spans if s.name == "aten::addmm")
    assert addmm.depth == 3
    assert result.nodes[addmm.node].op == "aten::addmm"
    assert addmm.line == 8


def test_bars_are_bounded(play: Runner) -> None:
    result = play(HEAD + "x = torch.ones(2)\nfor _ in range(6000):\n    x + 1\n")
    assert len(result.profile.spans) == 5000
    assert result.profile.spans_omitted == 1002


def test_a_program_without_tensors_has_an_empty_profile(play: Runner) -> None:
    result = play("print(1)")
    assert result.profile.by_op == []
    assert result.profile.spans == []
