"""The recorded computation: nodes, edges, places, names, values, scopes, steps."""

from __future__ import annotations

import pytest

from playground import protocol as p
from playground.runner.limits import Limits
from tests.playground.worker.conftest import Runner

HEAD = "import torch\nfrom torch import nn\n"


def test_the_tutorials_first_chain(play: Runner) -> None:
    code = HEAD + (
        "a = torch.linspace(0., 6., steps=4, requires_grad=True)\nb = torch.sin(a)\n"
        "c = 2 * b\nd = c + 1\nout = d.sum()\n"
        "out.backward()\n"
    )
    result = play(code)
    assert [(n.kind, n.op, n.grad_fn, n.outputs[0].name) for n in result.nodes] == [
        ("leaf", "aten::linspace", "", "a"),
        ("op", "aten::sin", "SinBackward0", "b"),
        ("op", "aten::mul", "MulBackward0", "c"),
        ("op", "aten::add", "AddBackward0", "d"),
        ("op", "aten::sum", "SumBackward0", "out"),
    ]
    assert [(e.source, e.target, e.cut) for e in result.edges] == [(k, k + 1, False) for k in range(4)]
    assert [n.place.line for n in result.nodes if n.place] == [3, 4, 5, 6, 7]
    place = result.node("c").place
    assert place == p.Place(line=5, column=4, end_line=5, end_column=9)
    leaf = result.node("a").outputs[0]
    assert (leaf.shape, leaf.dtype, leaf.requires_grad, leaf.value.data) == (
        [4],
        "float32",
        True,
        [0, 2, 4, 6],
    )
    # Two is a Python number, not a node.
    assert [e.input for e in result.into(result.node("c"))] == [0]
    assert [(s.name, s.node) for s in result.steps] == [
        ("SumBackward0", 4),
        ("AddBackward0", 3),
        ("MulBackward0", 2),
        ("SinBackward0", 1),
        ("AccumulateGrad", 0),
    ]
    assert {s.line for s in result.steps} == {8}
    mul = result.steps[2]
    assert mul.entering[0] is not None
    assert mul.entering[0].data == [1, 1, 1, 1]
    assert [(flow.target, flow.grad.data) for flow in mul.leaving] == [(1, [2, 2, 2, 2])]
    last = result.steps[-1]
    assert last.accumulated is not None
    assert last.accumulated.data == pytest.approx([2.0, -0.8322937, -1.3072872, 1.9203405], rel=1e-5)
    assert result.finished.operations == 10


def test_accumulation_shows_the_sum(play: Runner) -> None:
    result = play(
        HEAD
        + "w = torch.tensor([1., 2.], requires_grad=True)\nfor _ in range(2):\n    (w * w).sum().backward()\n"
    )
    sums = [s.accumulated.data for s in result.steps if s.accumulated]
    assert sums == [[2, 4], [4, 8]]
    assert [s.entering[0].data for s in result.steps if s.name == "AccumulateGrad" and s.entering[0]] == [
        [2, 4],
        [2, 4],
    ]
    assert [s.call for s in result.steps] == [0, 0, 0, 1, 1, 1]


def test_each_tensor_that_a_module_returns_has_its_own_name(play: Runner) -> None:
    code = HEAD + (
        "lstm = nn.LSTM(2, 4, batch_first=True)\nout, (h, c) = lstm(torch.ones(3, 5, 2))\n"
        "attention = nn.MultiheadAttention(4, 2, batch_first=True)\n"
        "a, w = attention(out, out, out)\n(a.sum() + h.sum()).backward()\n"
    )
    result = play(code)
    shapes = {name: result.node(name).outputs[0].shape for name in ("out", "h", "c", "a", "w")}
    assert shapes == {"out": [3, 5, 4], "h": [1, 3, 4], "c": [1, 3, 4], "a": [3, 5, 4], "w": [3, 5, 5]}


def test_names_follow_functions_loops_and_attributes(play: Runner) -> None:
    code = HEAD + (
        "def double(x):\n    y = x * 2\n    return y\n"
        "def more(x):\n    return double(x) + 1\n"
        "x = torch.ones(2)\nz = more(x)\n"
        "for k in range(2):\n    x = x * 3\n"
        "class Box: pass\nbox = Box()\nbox.held = x - 1\n"
        "u, v = torch.unbind(torch.ones(2, 3))\n"
        "loss = nn.functional.mse_loss(z, x)\n"
        "def inside():\n    for k in range(2):\n        q = torch.sin(z)\n"
        "        q = q.exp()\n    return q + 1\n"
        "r = inside()\n"
    )
    result = play(code)
    names = [[o.name for o in n.outputs] for n in result.nodes]
    assert names[:6] == [["x"], ["y"], ["z"], ["x"], ["x"], ["box.held"]]
    assert ["u", "v"] in names
    assert sum("loss" in n for n in names) == 1
    assert [n for n in names if n == ["q"]] == [["q"]] * 4
    assert names[-1] == ["r"]


def test_the_name_of_what_a_module_returns(play: Runner) -> None:
    code = HEAD + (
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.layer1 = nn.Linear(3, 2)\n"
        "        self.layer2 = nn.Linear(2, 1)\n    def forward(self, x):\n"
        "        x = self.layer1(x)\n        x = torch.relu(x)\n"
        "        return self.layer2(x)\n"
        "net = Net()\nprediction = net(torch.ones(4, 3))\nprediction.sum().backward()\n"
    )
    result = play(code)
    assert [(s.id, s.parent, s.kind, s.name, s.type) for s in result.scopes] == [
        (1, 0, "module", "Net", "Net"),
        (2, 1, "module", "layer1", "Linear"),
        (3, 1, "module", "layer2", "Linear"),
    ]
    parameters = [
        (n.outputs[0].name, n.scope, n.place and n.place.line) for n in result.nodes if n.kind == "parameter"
    ]
    assert sorted(parameters) == [
        ("layer1.bias", 2, 6),
        ("layer1.weight", 2, 6),
        ("layer2.bias", 3, 7),
        ("layer2.weight", 3, 7),
    ]
    assert result.node("prediction").op == "aten::addmm"
    assert [n.outputs[0].name for n in result.nodes if n.op == "aten::t"] == ["", ""]
    leaves = {n.id: n.outputs[0].name for n in result.nodes if n.kind == "parameter"}
    assert sorted(leaves[s.node] for s in result.steps if s.name == "AccumulateGrad") == sorted(
        leaves.values()
    )
    assert not [n for n in result.nodes if n.op in ("aten::empty", "aten::uniform_")]


def test_no_grad_and_detach_cut_edges(play: Runner) -> None:
    code = HEAD + (
        "w = torch.ones(2, requires_grad=True)\nwith torch.no_grad():\n    a = w * 2\n"
        "b = w.detach()\nc = w.data + 1\n"
        "d = b * 3\ne = w * b\n"
    )
    result = play(code)
    w = result.node("w").id

    def cuts(name: str) -> list[tuple[int, bool]]:
        return [(e.source, e.cut) for e in result.into(result.node(name))]

    assert result.node("a").flags == ["no_grad"]
    assert result.node("a").grad_fn == ""
    assert cuts("a") == [(w, True)]
    assert result.node("b").flags == ["detach"]
    assert cuts("b") == [(w, True)]
    assert cuts("c") == [(w, True)]
    assert cuts("d") == [(result.node("b").id, False)]
    assert cuts("e") == [(w, False), (result.node("b").id, False)]


def test_switching_requires_grad(play: Runner) -> None:
    code = HEAD + (
        "a = torch.ones(2, requires_grad=True)\nb1 = 2 * a\na.requires_grad = False\nb2 = 2 * a\n"
        "x = torch.zeros(2)\nx.requires_grad_()\ny = x.exp()\n"
    )
    result = play(code)
    assert [(e.source, e.cut) for e in result.into(result.node("b1"))] == [(0, False)]
    assert [(e.source, e.cut) for e in result.into(result.node("b2"))] == [(0, True)]
    assert result.node("x").kind == "leaf"
    assert result.node("x").outputs[0].requires_grad
    assert result.node("y").grad_fn == "ExpBackward0"


def test_a_leaf_that_was_sent_as_a_constant(play: Runner) -> None:
    code = HEAD + "x = torch.zeros(2)\n# %%\nx.requires_grad_()\ny = x.exp().sum()\ny.backward()\n"
    result = play(code)
    kinds = [(n.kind, n.outputs[0].name) for n in result.nodes[:2]]
    assert kinds == [("constant", "x"), ("leaf", "x")]
    assert [(e.source, e.target) for e in result.edges[:2]] == [(0, 1), (1, 2)]
    assert result.steps[-1].node == 1


def test_views_and_in_place_versions(play: Runner) -> None:
    code = HEAD + (
        "k = torch.ones(3)\nk.add_(2)\nhalf = k[:2]\nhalf.mul_(5)\nm = k * 2\nn = half * 1\n"
        "k[2] = 7.\no = k + 0\n"
    )
    result = play(code)
    add = result.node(op="aten::add_")
    assert add.flags == ["inplace"]
    assert (add.outputs[0].name, add.outputs[0].version) == ("k", 1)
    assert [o.value.data for o in result.node("half", "aten::slice").outputs] == [[3, 3]]
    assert "view" in result.node("half", "aten::slice").flags
    assert result.node("m").outputs[0].value.data == [30, 30, 6]
    # k after the write through the view: from what it was, and from what was written.
    (before,) = result.into(result.node("m"))
    rewritten = next(n for n in result.nodes if n.id == before.source)
    assert rewritten.outputs[0].name == "k"
    assert rewritten.outputs[0].value.data == [15, 15, 3]
    assert {e.source for e in result.into(rewritten)} == {add.id, result.node(op="aten::mul_").id}
    assert [e.source for e in result.into(result.node("n"))] == [result.node(op="aten::mul_").id]
    assert result.node("o").outputs[0].value.data == [15, 15, 7]


def test_values_are_of_their_moment(play: Runner) -> None:
    result = play(HEAD + "x = torch.zeros(3)\nfor k in range(3):\n    x += 1\n")
    assert [n.outputs[0].value.data for n in result.nodes] == [[0, 0, 0], [1, 1, 1], [2, 2, 2], [3, 3, 3]]
    assert [n.outputs[0].version for n in result.nodes] == [0, 1, 2, 3]


def test_an_optimizer_step_links_one_iteration_to_the_next(play: Runner) -> None:
    code = HEAD + (
        "net = nn.Linear(2, 1)\noptimizer = torch.optim.SGD(net.parameters(), lr=0.1)\n"
        "for _ in range(2):\n    loss = net(torch.ones(1, 2)).sum()\n"
        "    optimizer.zero_grad()\n    loss.backward()\n    optimizer.step()\n"
    )
    result = play(code)
    assert not result.errors
    updates = [n for n in result.nodes if n.op == "SGD.step"]
    assert [u.outputs[0].name for u in updates] == ["weight", "bias"] * 2
    assert all(set(u.flags) == {"inplace", "no_grad"} for u in updates)
    scopes = {s.id: s for s in result.scopes}
    assert {scopes[u.scope].kind for u in updates} == {"optimizer"}
    weight = next(n for n in result.nodes if n.outputs and n.outputs[0].name == "weight")
    assert weight.kind == "parameter"
    # The second forward pass reads the updated weight; gradients still arrive at the parameter itself.
    second = [n for n in result.nodes if n.op == "aten::t"][1]
    assert [e.source for e in result.into(second)] == [updates[0].id]
    assert [s.node for s in result.steps if s.name == "AccumulateGrad"].count(weight.id) == 2
    assert weight.outputs[0].value.data != updates[0].outputs[0].value.data


def test_a_parameter_of_the_programs_own(play: Runner) -> None:
    code = HEAD + (
        "class M(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.w = nn.Parameter(torch.ones(2))\n"
        "    def forward(self, x):\n        return self.w * x\n"
        "m = M()\ny = m(torch.ones(2))\n# %%\nq = nn.Parameter(torch.zeros(2))\nr = q * 2\n"
    )
    result = play(code)
    w = result.node("w")
    assert (w.kind, w.op, w.place and w.place.line) == ("parameter", "aten::ones", 6)
    assert result.node("q").kind == "parameter"


def test_a_failing_operation_is_a_node(play: Runner) -> None:
    result = play(HEAD + "a = torch.ones(3)\nb = torch.ones(4)\nc = a + b\n")
    failed = result.nodes[-1]
    assert failed.op == "aten::add"
    assert failed.failed.startswith("The size of tensor a (3) must match")
    assert failed.outputs == []
    assert {e.source for e in result.into(failed)} == {0, 1}
    assert result.errors[0].line == failed.place.line if failed.place else False


def test_create_graph_records_the_backward_pass(play: Runner) -> None:
    code = HEAD + (
        "x = torch.tensor(2., requires_grad=True)\ny = x ** 3\n"
        "(g,) = torch.autograd.grad(y, x, create_graph=True)\n"
        "(h,) = torch.autograd.grad(g, x)\nprint(g.item(), h.item())\n"
    )
    result = play(code)
    assert result.text() == "12.0 12.0\n"
    assert {s.call for s in result.steps} == {0, 1}
    assert len([n for n in result.nodes if n.place and n.place.line == 5]) >= 2


def test_retained_gradients_and_custom_functions(play: Runner) -> None:
    code = HEAD + (
        "class Cube(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x):\n"
        "        ctx.save_for_backward(x)\n"
        "        return x ** 3\n    @staticmethod\n    def backward(ctx, g):\n"
        "        (x,) = ctx.saved_tensors\n"
        "        return 3 * x * x * g\nx = torch.tensor(2., requires_grad=True)\n"
        "y = Cube.apply(x)\ny.backward()\n"
    )
    result = play(code)
    cube = result.node("y")
    assert (cube.op, cube.grad_fn) == ("Cube", "CubeBackward")
    assert [(e.source, e.cut) for e in result.into(cube)] == [(result.node("x").id, False)]
    step = next(s for s in result.steps if s.name == "CubeBackward")
    assert [flow.grad.data for flow in step.leaving] == [[12]]


def test_numbers_that_are_not_finite_are_flagged(play: Runner) -> None:
    result = play(HEAD + "x = torch.tensor([1., 0., -1.])\ny = torch.log(x)\nz = x / 0\n")
    y = result.node("y")
    assert "nonfinite" in y.flags
    value = y.outputs[0].value
    assert value.data == [0, "-inf", "nan"]
    assert (value.nonfinite, value.numel, value.mean) == (2, 3, 0)


def test_more_operations_than_are_recorded(play: Runner) -> None:
    code = HEAD + (
        "x = torch.ones(2, requires_grad=True)\ny = x\nfor _ in range(300):\n"
        "    y = y * 1.01\ny.sum().backward()\nprint(y.sum().item())"
    )
    result = play(code, limits=Limits(operations=100))
    assert len(result.nodes) + len(result.steps) == 100
    assert result.text().startswith("39.5")
    assert result.of(p.Graph)[-1].omitted == result.finished.operations - 100
    assert len([n for n in result.notices if "first 100 operations" in n]) == 1
    row = next(r for r in result.profile.by_op if r.name == "aten::mul")
    assert row.count == 600  # forwards, and in each ``MulBackward0``


def test_what_a_run_may_send_is_not_exceeded(play: Runner) -> None:
    code = HEAD + (
        "x = torch.ones(50, requires_grad=True)\ny = x\nfor _ in range(3000):\n"
        "    y = y * 1.01\ny.sum().backward()"
    )
    limits = Limits(results_bytes=1_000_000)
    result = play(code, limits=limits)
    assert result.finished.status == "ok"
    assert sum(len(p.encode(e)) for e in result.events) < limits.results_bytes
    assert any("larger than what a run may send" in n for n in result.notices)


def test_tensors_are_not_kept_alive(play: Runner) -> None:
    code = HEAD + (
        "import weakref, gc\nx = torch.ones(2, requires_grad=True)\ny = x * 2\n"
        "watch = weakref.ref(y), weakref.ref(y.grad_fn)\n"
        "del y\nprint([w() for w in watch])"
    )
    assert play(code).text() == "[None, None]\n"


def test_the_graph_streams_while_the_program_runs(play: Runner) -> None:
    code = HEAD + "import time\nx = torch.ones(2)\nfor k in range(3):\n    x = x + 1\n    time.sleep(0.05)\n"
    result = play(code)
    assert len(result.of(p.Graph)) >= 3
    seen: set[int] = set()
    for graph in result.of(p.Graph):
        seen |= {n.id for n in graph.nodes}
        assert all(e.source in seen and e.target in seen for e in graph.edges)


def test_many_outputs_and_empty_tensors(play: Runner) -> None:
    result = play(
        HEAD
        + "parts = torch.unbind(torch.arange(100.))\ns = parts[80] + 1\ne = torch.zeros(0, 3)\nf = e.sum()\n"
    )
    assert len(result.node(op="aten::unbind").outputs) == 64
    assert result.into(result.node("s"))[0].output == 63
    assert result.node("e").outputs[0].value == p.Values(numel=0)


def test_an_expanded_view_is_described_without_its_memory(play: Runner) -> None:
    result = play(HEAD + "x = torch.ones(1).expand(10**6, 10**6)\nprint(x.shape)")
    assert not result.errors
    value = result.node("x").outputs[0].value
    assert (value.mean, value.min, value.max) == (1, 1, 1)


def test_a_gradient_that_grew_is_a_new_node(play: Runner) -> None:
    code = HEAD + (
        "x = torch.ones(2, requires_grad=True)\nfor _ in range(2):\n"
        "    (2 * x).sum().backward()\n    seen = x.grad + 0\n"
        "same = x.grad + 1\nx.grad.zero_()\nlast = x.grad + 5\n"
    )
    result = play(code)
    gradients = [n for n in result.nodes if n.outputs and n.outputs[0].name == "x.grad"]
    assert [(n.kind, n.outputs[0].value.data) for n in gradients] == [
        ("constant", [2, 2]),
        ("constant", [4, 4]),
        ("op", [0, 0]),
    ]
    assert [e.source for e in result.into(gradients[2])] == [gradients[1].id]
    assert [e.source for e in result.into(result.node("last"))] == [gradients[2].id]


def test_a_module_that_was_not_called_yet_names_its_parameters(play: Runner) -> None:
    result = play(HEAD + "net = nn.Sequential(nn.Linear(2, 2))\nrow = net[0].weight[0]\n")
    assert [n.outputs[0].name for n in result.nodes if n.kind == "parameter"] == ["0.weight"]


def test_a_gpu_that_is_not_there(play: Runner) -> None:
    from playground.worker.main import run_program
    from tests.playground.worker.conftest import FakeChannel

    channel = FakeChannel(Limits(), [])
    run_program(p.Run(run="r", code="print(1)", device="cuda"), channel)  # type: ignore[arg-type]
    assert channel.events[0].device == "cpu"
    assert "no GPU" in channel.events[1].message


def test_names_do_not_pass_through_functions_that_compute_with_what_is_returned(play: Runner) -> None:
    code = HEAD + (
        "def f(x):\n    return x * 2\nJ = torch.autograd.functional.jacobian(f, torch.ones(2))\n"
        "@torch.no_grad()\ndef g(x):\n    return x * 3\ny = g(torch.ones(2))\n"
    )
    result = play(code)
    named = {n.place.line: n.outputs[0].name for n in result.nodes if n.place and n.op == "aten::mul"}
    assert named[4] == ""
    assert named[8] == "y"


def test_a_weight_updated_by_hand_stays_the_leaf_of_its_gradients(play: Runner) -> None:
    code = HEAD + (
        "w = torch.ones(2, requires_grad=True)\nfor _ in range(3):\n    (w * w).sum().backward()\n"
        "    with torch.no_grad():\n        w -= 0.1 * w.grad\n    w.grad = None\n"
    )
    result = play(code)
    assert {s.node for s in result.steps if s.name == "AccumulateGrad"} == {0}
    updates = [n for n in result.nodes if n.op == "aten::sub_"]
    assert [(u.outputs[0].name, set(u.flags)) for u in updates] == [("w", {"no_grad", "inplace"})] * 3
    second = [n for n in result.nodes if n.op == "aten::mul" and n.grad_fn][1]
    assert {e.source for e in result.into(second)} == {updates[0].id}


def test_an_optimizer_of_the_programs_own(play: Runner) -> None:
    code = HEAD + (
        "class Mine(torch.optim.Optimizer):\n    def __init__(self, params):\n        super().__init__(params, {})\n"
        "    @torch.no_grad()\n    def step(self):\n        for group in self.param_groups:\n"
        "            for p in group['params']:\n                p.sub_(p.grad)\n"
        "w = torch.ones(2, requires_grad=True)\nmine = Mine([w])\n(w * 2).sum().backward()\nmine.step()\ny = w * 1\n"
    )
    result = play(code)
    update = result.node(op="aten::sub_")
    assert update.outputs[0].value.data == [-1, -1]
    scopes = {s.id: s for s in result.scopes}
    inside = scopes[update.scope]
    around = scopes[scopes[scopes[scopes[inside.parent].parent].parent].parent]
    assert (inside.kind, around.kind, around.name) == ("iteration", "optimizer", "Mine.step")
    assert [e.source for e in result.into(result.node("y"))] == [update.id]


def test_a_backward_node_that_fails_is_a_step_that_nothing_leaves(play: Runner) -> None:
    result = play(
        "import torch\nx = torch.ones(3, requires_grad=True)\ny = x.exp()\ny += 1\ny.sum().backward()\n"
    )
    step = result.steps[-1]
    assert step.name == "ExpBackward0"
    assert "modified by an inplace operation" in step.failed
    assert step.leaving == []
    assert step.entering[0] is not None
    assert result.errors[0].node == step.node == result.node(op="aten::exp").id


def test_a_function_of_the_programs_own_that_fails_backward_is_such_a_step(play: Runner) -> None:
    result = play(
        "import torch\n"
        "class F(torch.autograd.Function):\n"
        "    @staticmethod\n    def forward(ctx, a): return a * 2\n"
        "    @staticmethod\n    def backward(ctx, g): raise ValueError('no')\n"
        "x = torch.ones(3, requires_grad=True)\nF.apply(x).sum().backward()\n"
    )
    assert [step.failed for step in result.steps] == ["", "no"]
    assert result.errors[0].node == result.steps[-1].node
