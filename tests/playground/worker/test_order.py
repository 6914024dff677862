"""When things happened: the order of steps among nodes, gradients that were set back, whose memory was written to."""

from __future__ import annotations

from playground import protocol as p
from tests.playground.worker.conftest import Result, Runner

HEAD = "import torch\nx = torch.ones(3, requires_grad=True)\n"


def _cleared(result: Result) -> list[tuple[int, str, int]]:
    return [(c.node, c.to, c.line) for c in result.clears]


def test_steps_come_between_nodes(play: Runner) -> None:
    result = play(HEAD + "for k in range(2):\n    y = x * 2\n    y.sum().backward()\nz = x + 1\n")
    assert [(n.id, n.op) for n in result.nodes] == [
        (0, "aten::ones"),
        (1, "aten::mul"),
        (2, "aten::sum"),
        (3, "aten::mul"),
        (4, "aten::sum"),
        (5, "aten::add"),
    ]
    assert [(s.index, s.after) for s in result.steps] == [(0, 3), (1, 3), (2, 3), (3, 5), (4, 5), (5, 5)]
    assert not result.clears


def test_recorded_backward_passes_interleave_with_their_steps(play: Runner) -> None:
    result = play(
        HEAD + "(g,) = torch.autograd.grad((x ** 3).sum(), x, create_graph=True)\ng.sum().backward()\n"
    )
    first = [s for s in result.steps if s.call == 0]
    # A rule's operations are nodes that come before its step.
    assert [s.after for s in first] == sorted(s.after for s in first)
    assert first[0].after < first[-1].after
    pow_step = next(s for s in first if s.name == "PowBackward0")
    made = [flow.target for s in result.steps if s.call == 1 for flow in s.leaving]
    assert any(3 <= node < pow_step.after for node in made)


def test_zero_grad_of_an_optimizer(play: Runner) -> None:
    code = (
        "import torch\nnet = torch.nn.Linear(2, 1)\nopt = torch.optim.SGD(net.parameters(), lr=0.1)\n"
        "for k in range(3):\n    opt.zero_grad()\n    net(torch.ones(1, 2)).sum().backward()\n    opt.step()\n"
        "net.zero_grad(set_to_none=True)\nnet.zero_grad(set_to_none=True)\n"
    )
    result = play(code)
    weight, bias = (next(n.id for n in result.nodes if n.kind == "parameter" and n.outputs[0].name == name)
                    for name in ("weight", "bias"))  # fmt: skip
    # Nothing is there in the first round, and nothing the last time.
    assert _cleared(result) == [(node, "zero", 5) for node in [weight, bias] * 2] + [
        (weight, "none", 8),
        (bias, "none", 8),
    ]
    updates = [n.id for n in result.nodes if n.op == "SGD.step"]
    steps_of = [s.index for s in result.steps if s.name == "AccumulateGrad"]
    # Each comes after the update and the steps of its iteration, and before the next forward pass.
    assert [(c.after, c.step) for c in result.clears[:2]] == [(updates[1] + 1, steps_of[1] + 1)] * 2
    assert [(c.after, c.step) for c in result.clears[-2:]] == [(len(result.nodes), len(result.steps))] * 2


def test_gradients_set_back_by_hand(play: Runner) -> None:
    again = "(x * x).sum().backward()\n"  # at lines 3, 5, 7 ...
    ways = [
        "x.grad = None",
        "x.grad.zero_()",
        "del x.grad",
        "x.grad.data.zero_()",
        "x.grad = torch.zeros(3)",
        "x.grad.detach().fill_(0)",
        "x.grad.mul_(0)",
        "x.grad[:] = 0",
        "x.grad.copy_(torch.zeros(3))",
        "x.grad = torch.zeros_like(x) + 1",
        "x.grad.mul_(2)",
        "x.grad[0] = 0",
    ]
    result = play(HEAD + "".join(again + way + "\n" for way in ways))
    assert _cleared(result) == [
        (0, to, 4 + 2 * k) for k, to in enumerate(["none", "zero", "none", *["zero"] * 6])
    ]
    sums = [s.accumulated.data[1] for s in result.steps if s.accumulated is not None]
    assert sums == [2.0] * 10 + [3.0, 8.0]


def test_setting_back_what_is_not_there(play: Runner) -> None:
    """Neither without end, nor where clipping finds zeros."""
    code = HEAD + (
        "for k in range(100):\n    x.grad = None\n"
        "(x * 0).sum().backward()\nx.grad.mul_(0.5)\n"
        "for k in range(100):\n    x.grad.zero_()\n"
    )
    assert _cleared(play(code)) == [(0, "zero", 8)]


def test_a_leaf_that_was_updated_by_hand_stays_the_one_whose_gradient_is_cleared(play: Runner) -> None:
    code = HEAD + (
        "for k in range(2):\n    (x * x).sum().backward()\n    with torch.no_grad():\n        x -= 0.1 * x.grad\n"
        "    x.grad = None\n"
    )
    result = play(code)
    assert _cleared(result) == [(0, "none", 7)] * 2
    assert {s.node for s in result.steps if s.name == "AccumulateGrad"} == {0}


def test_retained_gradients_add_up(play: Runner) -> None:
    code = HEAD + (
        "y = x * 2\ny.retain_grad()\nz = y.sum()\nz.backward(retain_graph=True)\nz.backward()\ny.grad = None\n"
    )
    result = play(code)
    y = result.node("y").id
    assert [s.accumulated.data for s in result.steps if s.node == y and s.accumulated] == [[1] * 3, [2] * 3]
    assert all(s.accumulated is None for s in result.steps if s.name == "SumBackward0")
    assert _cleared(result) == [(y, "none", 8)]


def test_whose_memory_it_is(play: Runner) -> None:
    code = HEAD + (
        "y = x * 2\nv = y.view(3, 1)\nw = v.t()\nw += 1\nz = y.sin()\nd = y.detach()\nu = d[1:]\nc = y.clone()\n"
        "a, b = torch.ones(2, 3).unbind()\nx.data.mul_(3)\nx.mean()\n"
    )
    result = play(code)
    bases = {node.id: node.base for node in result.nodes if node.base is not None}
    y = next(n.id for n in result.nodes if n.op == "aten::mul")
    named = {n.outputs[0].name: n for n in result.nodes}
    assert [named[name].base for name in "vwdu"] == [y] * 4
    assert (named["z"].base, named["c"].base) == (None, None)
    write = next(n for n in result.nodes if n.op == "aten::add_")
    assert (write.base, write.outputs[0].version) == (y, 1)
    # What reads `y` after the write is a node of the same memory.
    after = next(e.source for e in result.edges if e.target == named["z"].id)
    assert (bases[after], result.nodes[after].flags) == (y, ["inplace"])
    assert named["a"].base == next(n.id for n in result.nodes if n.outputs[0].shape == [2, 3])
    assert next(n for n in result.nodes if n.op == "aten::mul_").base == 0


def test_an_optimizer_writes_to_its_parameter(play: Runner) -> None:
    code = (
        "import torch\nw = torch.nn.Parameter(torch.ones(2))\nopt = torch.optim.SGD([w], lr=0.1)\n"
        "for _ in range(3):\n    w.sum().backward()\n    opt.step()\n"
    )
    result = play(code)
    w = next(n.id for n in result.nodes if n.kind == "parameter")
    assert [(n.base, n.outputs[0].version) for n in result.nodes if n.op == "SGD.step"] == [
        (w, 1),
        (w, 2),
        (w, 3),
    ]
    assert isinstance(result.nodes[w], p.Node)
