"""Variables of a program and their derivatives as formulas: right in numbers, and as a person would write them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

import engine
from engine.registry import OPS
from engine.tensor import Tensor
from playground import protocol as p
from playground.runner.limits import Limits
from playground.worker import cells, derivation, imports
from playground.worker.derivation import Formulas
from playground.worker.live import Collector
from playground.worker.program import Program, surroundings
from playground.worker.symbolic import in_tex, name_in_tex
from tests.playground.worker.conftest import FakeChannel, Runner

HEAD = (
    "import torch\nimport torch.nn.functional as F\na = torch.tensor(0.6, requires_grad=True)\n"
    "b = torch.tensor(1.7, requires_grad=True)\nk = torch.tensor(3.)\nW = torch.tensor([[1., 2.], [3., 4.]])\n"
    "x = torch.tensor([0.5, -1.5], requires_grad=True)\n"
)


def tex(play: Runner, body: str, output: str = "y") -> dict[str, str]:
    (answer,) = play("1", p.Live(run="r", number=1, code=HEAD + body, derivatives=[output])).answers
    assert isinstance(answer, p.LiveResult), answer
    assert all(one.output == output for one in answer.symbolic)
    assert not any(isinstance(one, p.Error) for one in answer.shown), answer.shown
    return {one.input: one.tex for one in answer.symbolic}


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, there is time for every formula."""
    imports.preload()
    monkeypatch.setattr(derivation, "BUDGET_S", 30.0)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    ("body", "value", "da"),
    [
        ("y = torch.sin(a) * 2 + 1", r"2\, \sin {a} + 1", r"2\, \cos {a}"),
        ("y = a ** 2 + 3 * a", r"{a}^{2} + 3\, {a}", r"2\, {a} + 3"),
        ("y = 0.3 * a", r"0.3\, {a}", "0.3"),
        ("y = a * b * k", r"{a}\, {b}\, {k}", r"{k}\, {b}"),
        ("y = torch.exp(-a)", r"e^{-{a}}", r"-e^{-{a}}"),
        ("y = a / b", r"\frac{{a}}{{b}}", r"\frac{1}{{b}}"),
        ("y = torch.log(a)", r"\ln {a}", r"\frac{1}{{a}}"),
        ("z = torch.sin(a)\ny = z * z", r"(\sin {a})^{2}", r"2\, \sin {a}\, \cos {a}"),
        ("y = torch.sqrt(a)", r"\sqrt{{a}}", r"\frac{1}{2\, \sqrt{{a}}}"),
        ("y = a.detach() * a", r"{a}^{2}", "{a}"),
        ("y = (a + 1) * (a + 2)", r"({a} + 1)\, ({a} + 2)", r"2\, {a} + 3"),
        ("y = a * torch.pi", r"\pi\, {a}", r"\pi"),
    ],
)
def test_it_is_written_as_a_person_would(play: Runner, body: str, value: str, da: str) -> None:
    found = tex(play, body)
    assert (found[""], found["a"]) == (value, da)


class _Functions:
    """The op table's operations, by name."""

    def __getattr__(self, name: str) -> Any:
        if name in ("ones", "eye", "stack"):
            return partial(getattr(engine, name), **({} if name == "stack" else {"dtype": engine.float64}))

        def run(*arguments: Any) -> Any:
            count = OPS[name].n_inputs
            inputs = (engine.tensor(a) if type(a) in (int, float) else a for a in arguments[:count])
            return OPS[name].call(*inputs, *arguments[count:])

        return run


SMOOTH = [
    "torch.sin(a) * 2 + 1",
    "a ** 3 - b ** 2 * a",
    "a ** b",
    "2 ** a + b",
    "torch.exp(a * b) / (1 + a ** 2)",
    "torch.tanh(a) * torch.sigmoid(b)",
    "torch.log(a + b) - torch.log2(b) * a",
    "torch.sqrt(a * b + 1)",
    "(a - b) / (a + b)",
    "1 - a",
    "2 / a",
    "-a * -b",
    "a.square() + b.abs()",
    "torch.relu(a) + torch.relu(-b)",
    "torch.atan(a) + torch.asin(a) + torch.acos(a)",
    "torch.sinh(a) + torch.cosh(b)",
    "F.softplus(a) + F.silu(b)",
    "F.gelu(a)",
    "torch.erf(a)",
    "torch.maximum(a, b) * torch.minimum(a, b)",
    "torch.clamp(a, 0, 1) * 0.37",
    "a.sum() * b.mean()",
    "torch.addcmul(a, a, b, value=2)",
    "torch.sub(a, b, alpha=3)",
    "torch.rsub(a, 1.0) * a.reshape(1).sum()",
    "torch.rsqrt(a) * torch.reciprocal(b)",
    "torch.where(a > 0, a * b, b)",
    "a * k + a * torch.tensor(0.123)",
    "torch.sin(torch.sin(torch.sin(a)))",
    "a.detach() * a + torch.lgamma(b)",
    "torch.expm1(a) - torch.log1p(b)",
    "F.leaky_relu(a - b, 0.2)",
    "torch.pow(a + b, 0.5) * 1.5",
]


WHOLE = [
    # sums, means, parts
    "torch.sin(x).sum()",
    "(x * u).mean()",
    "x.mean() * x",
    "a * x",
    "(a * x + b - u) ** 2",
    "((a * x + b - u) ** 2).mean()",
    "torch.log(torch.exp(x).sum())",
    "x[0] * x[1] ** 2",
    "torch.sin(x * a)[2]",
    "W[0]",
    "W[1, 2] * W[0, 0]",
    "W[:, 1] * v",
    "W.sum(0) * x",
    "W.sum(1) * v",
    "(W.mean(1) ** 2).sum()",
    "W.sum(1, keepdim=True) * W",
    "torch.stack([a, b * a, a ** 2]).sum()",
    "torch.stack([a, b]) * torch.stack([b, b])",
    "x.reshape(1, 3) * W",
    "W.flatten() ** 2",
    "W.unsqueeze(0).expand(4, 2, 3).sum()",
    "(x.unsqueeze(1) * x).sum()",
    # products of matrices
    "W @ x",
    "W @ x + v",
    "torch.tanh(W @ x + v)",
    "torch.relu(W @ x + v).sum() * a",
    "A @ (W @ x + v)",
    "X @ W.T",
    "((X @ W.T + v) ** 2).mean()",
    "F.linear(X, W, v)",
    "F.linear(x, W, v) ** 2",
    "torch.tanh(F.linear(X, W, v)) @ A.T",
    "A.T @ A",
    "(A @ W) * W",
    "A @ A @ A",
    "v @ W @ x",
    "torch.outer(v, x)",
    "(torch.outer(v, x) * W).sum()",
    "torch.dot(x, u) * x",
    "x @ x",
    "(X @ x) @ (X @ x)",
    "torch.einsum('ij,j->i', W, x)",
    "torch.addmm(v, X, W.T, beta=2, alpha=3)",
    "torch.bmm(X[None], W.T[None]).sum()",
    "torch.trace(A @ A.T)",
    "torch.det(A)",
    "A.inverse() @ v",
    "torch.linalg.solve(A, v) * v",
    "A.diagonal() * v",
    # softmax, norms, extremes
    "torch.softmax(x, 0)",
    "torch.softmax(W @ x + v, 0)",
    "torch.softmax(W @ x + v, 0)[0]",
    "torch.softmax(W @ x, 0) * v",
    "torch.softmax(X @ W.T, 1) * X.sum()",
    "-torch.log_softmax(W @ x, 0)[1]",
    "torch.log_softmax(X @ W.T, 1) ** 2",
    "F.cross_entropy(X @ W.T, t)",
    "torch.logsumexp(W @ x, 0)",
    "x.norm()",
    "x / x.norm()",
    "F.normalize(x, dim=0) * u",
    "torch.linalg.norm(W) ** 2",
    "torch.linalg.vector_norm(x, 1)",
    "torch.linalg.vector_norm(W, dim=1) * v",
    "x.max() * x",
    "W.amax(1) * v",
    "x.min() - torch.max(x)",
    "x.prod()",
    "x.var() + x.std() * a",
    "X.std(0) * x",
    "F.mse_loss(W @ x, v)",
    "F.mse_loss(X @ x, X[:, 0].detach(), reduction='sum')",
    "F.l1_loss(W @ x, v)",
    "F.binary_cross_entropy_with_logits(W @ x, (v > 0).double())",
    # and element by element inside
    "torch.where(x > 0, x ** 2, -x).sum()",
    "torch.maximum(W @ x, v).sum()",
    "torch.clamp(W @ x, -0.5, 0.5).sum()",
    "(torch.abs(x) ** 1.5).sum()",
    "torch.exp(-(x - u) ** 2 / 2).sum()",
    "torch.sigmoid(v * (W @ x)).mean()",
]
TENSORS = """\
X = torch.tensor([[0.3, -1.2, 0.8], [1.1, 0.4, -0.6], [-0.9, 0.2, 1.4], [0.5, 1.3, -0.1]], requires_grad=True)
W = torch.tensor([[0.7, -0.4, 1.2], [-1.1, 0.6, 0.3]], requires_grad=True)
A = torch.tensor([[1.4, -0.3], [0.5, 0.9]], requires_grad=True)
x = torch.tensor([0.6, -1.3, 0.9], requires_grad=True)
u = torch.tensor([-0.2, 0.8, 1.5], requires_grad=True)
v = torch.tensor([0.4, -0.7], requires_grad=True)
t = torch.tensor([0, 1, 1, 0])
"""


def recorded(code: str) -> tuple[Formulas, dict[str, Any], Collector]:
    """The formulas of a program, whose numbers are all of double precision, and its variables."""
    code = code.replace("import torch\n", "import torch\ntorch.set_default_dtype(torch.float64)\n", 1)
    collector = Collector(FakeChannel(Limits(), []))
    with surroundings():
        imports.restrict()
        program = Program(code, cells.split(code), 0, collector, streamed=False)
        program.run()
    assert program.status == "ok", collector.shown
    names = program.module.__dict__
    return Formulas(program.recorder.records, names), names, collector


def number(formula: Any, names: dict[str, Any]) -> Any:
    """A formula worked out as code on the program's tensors."""
    numbers = {f".{name}": value.detach() for name, value in names.items() if isinstance(value, Tensor)}
    return formula.value(_Functions(), numbers)


@pytest.fixture
def double() -> Iterator[None]:
    """The formulas are worked out with the precision of the program, too."""
    before = engine.get_default_dtype()
    engine.set_default_dtype(engine.float64)
    yield
    engine.set_default_dtype(before)


@pytest.mark.usefixtures("patient", "double")
@pytest.mark.parametrize("expression", SMOOTH + WHOLE)
def test_the_formulas_give_the_numbers_of_the_program(expression: str) -> None:
    formulas, names, _ = recorded(HEAD + TENSORS + f"y = {expression}\ny.sum().backward()\n")
    y = names["y"]
    record = formulas.find(y)
    assert record is not None
    if expression not in VALUELESS:
        value = number(formulas.value(record), names)
        assert torch_like(value, y.shape) == pytest.approx(y.detach().numpy(), rel=1e-9)
    slopes = formulas.slopes(record)
    leaves = {one.names()[0]: one.id for one in formulas.leaves(record)}
    with_gradient = {
        name
        for name, leaf in names.items()
        if isinstance(leaf, Tensor) and leaf.is_leaf and leaf.grad is not None
    }
    assert with_gradient
    assert with_gradient == set(leaves) - WITHOUT_GRADIENT
    for name in with_gradient:
        slope = slopes[leaves[name]]
        assert not isinstance(slope, str), (name, slope)
        found, grad = number(slope.formula, names), names[name].grad
        assert torch_like(found, grad.shape) == pytest.approx(grad.numpy(), rel=1e-6, abs=1e-12), name
        tex, why = in_tex(lambda found=slope.formula: found)
        assert tex, why


WITHOUT_GRADIENT = {"k"}
VALUELESS = {"F.cross_entropy(X @ W.T, t)", "F.binary_cross_entropy_with_logits(W @ x, (v > 0).double())"}
"""Losses whose value is not written down, since nobody looks for that in a derivative."""


def torch_like(value: Any, shape: Any) -> Any:
    """As an array of that shape: what is the same everywhere may be one number."""
    array = np.asarray(value.numpy() if isinstance(value, Tensor) else value, dtype=np.float64)
    return np.broadcast_to(array, shape) if array.size == 1 or array.shape != tuple(shape) else array


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    ("body", "by", "tex", "summed"),
    [
        ("y = torch.sin(x).sum()", "x", r"\cos {x}", False),
        ("y = torch.sin(x)", "x", r"\cos {x}", False),
        ("y = x * a", "a", r"\textstyle\sum {x}", True),
        ("y = (x * k).mean()", "x", r"\frac{{k}}{2}", False),
        ("y = ((a * x - b) ** 2).mean()", "b", r"-\textstyle\sum ({a}\, {x} - {b})", False),
        ("y = a * x[0]", "x", r"{a}\, e_{0}", False),
        ("y = W @ x", "x", r"{W}^{\top}\, \mathbf{1}", True),
        ("y = W @ x", "W", r"\mathbf{1}\, {x}^{\top}", True),
        ("y = torch.tanh(W @ x) @ u", "x", r"{W}^{\top}\, ({u} \odot (1 - (\tanh ({W}\, {x}))^{2}))", False),
        ("y = torch.relu(W @ x).sum()", "W", r"[{W}\, {x} > 0]\, {x}^{\top}", False),
        ("y = (W @ x) @ (W @ x)", "x", r"2\, {W}^{\top}\, {W}\, {x}", False),
        ("p = torch.softmax(x, 0)\ny = p @ u", "x", r"{p} \odot ({u} - {p}^{\top} {u})", False),
        ("y = -torch.log_softmax(W @ x + u, 0)[1]", "u", r"\operatorname{softmax}({W}\, {x} + {u}) - e_{1}", False),
        ("y = torch.softmax(x, 0)", "x", "0", True),
        ("y = x.norm()", "x", r"\frac{{x}}{\lVert {x} \rVert}", False),
        ("y = torch.logsumexp(x, 0)", "x", r"\operatorname{softmax}({x})", False),
        ("y = torch.max(x)", "x", r"[{x} = \max {x}]", False),
        ("y = torch.det(W)", "W", r"(\det {W})\, {W}^{-\top}", False),
        ("y = torch.stack([a, b]).sum()", "a", "1", False),
        ("y = torch.linalg.solve(W, x)", "x", r"{W}^{-\top}\, \mathbf{1}", True),
        ("y = (W * W.detach()).sum() + torch.trace(W @ W.T)", "W", r"3\, {W}", False),
    ],
)  # fmt: skip
def test_of_whole_tensors_too(play: Runner, body: str, by: str, tex: str, summed: bool) -> None:
    head = HEAD.replace("[3., 4.]])", "[3., 4.]], requires_grad=True)")
    head += "u = torch.tensor([0.2, 0.4], requires_grad=True)\n"
    (answer,) = play("1", p.Live(run="r", number=1, code=head + body, derivatives=["y"])).answers
    assert isinstance(answer, p.LiveResult)
    (found,) = (one for one in answer.symbolic if one.input == by)
    assert (found.tex, found.summed, found.why) == (tex, summed, "")


@pytest.mark.usefixtures("patient")
def test_the_first_element_of_a_softmax_by_its_name(play: Runner) -> None:
    code = HEAD + "p = torch.softmax(x, 0)\np[0].backward()\n"
    (answer,) = play("1", p.Live(run="r", number=1, code=code, derivatives=["p[0]"])).answers
    assert isinstance(answer, p.LiveResult)
    assert [(one.output, one.input, one.tex) for one in answer.symbolic] == [
        ("p[0]", "x", r"{p}_{0}\, (e_{0} - {p})")
    ]


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("y = torch.cumsum(x, 0)", "cumsum has a derivative that is not written out"),
        ("y = torch.sin(x[1:])", "slice is not written out"),
        ("y = torch.tensor([1., 2.]) * a", "a tensor has no name"),
        ("y = a * 1\ny.add_(2)", "a tensor is changed in place"),
        ("y = a\nfor n in range(70):\n    y = torch.sin(y)", "it would be too long to read"),
        ("y = a\nfor n in range(40):\n    y = y * y + 1", "it would be too long to read"),
        ("y = x.sort().values * a", "one of several results"),
    ],
)
def test_where_there_is_no_formula_it_is_said_why(play: Runner, body: str, why: str) -> None:
    (answer,) = play("1", p.Live(run="r", number=1, code=HEAD + body, derivatives=["y"])).answers
    assert isinstance(answer, p.LiveResult)
    slopes = [one for one in answer.symbolic if one.input]
    assert slopes, "its inputs are named even so"
    assert [(one.tex, one.why) for one in slopes] == [("", why)] * len(slopes)


@pytest.mark.parametrize("output", ["none", "a", "k", "torch", "W"])
def test_what_is_no_result_has_no_formula(play: Runner, output: str) -> None:
    assert tex(play, "y = a * 2", output) == {"": ""}


def test_names_are_written_as_the_page_writes_them() -> None:
    names = {
        "a": "{a}",
        "alpha": r"{\alpha}",
        "x1": "{x}_{1}",
        "w_in": r"{w}_{in}",
        "loss": r"{\mathit{loss}}",
    }
    assert {name: name_in_tex(name) for name in names} == names


def test_many_are_bounded(play: Runner) -> None:
    lines = "\n".join(f"v{n} = torch.tensor(1., requires_grad=True)" for n in range(20))
    lines += "\ny0 = " + " + ".join(f"v{n}" for n in range(20))
    lines += "\n" + "\n".join(f"y{n} = y{n - 1} * a" for n in range(1, 32))
    live = p.Live(run="r", number=1, code=HEAD + lines, derivatives=[f"y{n}" for n in range(32)])
    (answer,) = play("1", live).answers
    assert isinstance(answer, p.LiveResult)
    assert 0 < len(answer.symbolic) <= 256
    assert sum(len(one.tex) for one in answer.symbolic) < 400_000
    assert len(p.encode(answer)) < Limits().frame_bytes


def test_no_tex_holds_what_a_program_wrote(play: Runner) -> None:
    r"""A name may be any identifier; nothing of it is a command."""
    found = tex(
        play,
        "html_b = a * 2\ny = html_b * å if (å := torch.tensor(2., requires_grad=True)) is not None else 0",
    )
    for text in found.values():
        assert not re.search(r"\\(?!mathit|sin|cos|,|frac)", text), text
    assert math.isfinite(len(found))
