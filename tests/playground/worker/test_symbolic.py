"""Variables of a program and their derivatives as formulas: right in numbers, and as a person would write them."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

import engine
from engine.registry import OPS
from engine.tensor import Tensor
from playground import protocol as p
from playground.runner.limits import Limits
from playground.worker import imports, symbolic
from playground.worker.live import Collector
from playground.worker.program import Program, surroundings
from playground.worker.symbolic import Formulas, name_in_tex
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
    monkeypatch.setattr(symbolic, "_BUDGET_S", 30.0)


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


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("expression", SMOOTH)
def test_the_formulas_give_the_numbers_of_the_program(expression: str) -> None:
    code = HEAD.replace("0.6", "0.6, dtype=torch.float64").replace("1.7", "1.7, dtype=torch.float64")
    collector = Collector(FakeChannel(Limits(), []))
    with surroundings():
        imports.restrict()
        program = Program(code + f"y = {expression}\ny.backward()", 0, collector, streamed=False)
        program.run()
    assert program.status == "ok", collector.shown
    names = program.module.__dict__
    y, leaves = names["y"], {name: names[name] for name in "ab"}
    formulas = Formulas(program.recorder.records)
    record = formulas.find(y)
    assert record is not None, collector.shown
    numbers = {f".{name}": names[name].detach() for name in "abk"}

    def number(formula: Any) -> float:
        found = formula.value(_Functions(), numbers)
        return float(found.item() if isinstance(found, Tensor) else found)

    assert number(formulas.value(record)) == pytest.approx(y.item(), rel=1e-6)
    slopes = formulas.slopes(record)
    for name, leaf in leaves.items():
        if leaf.grad is None:
            assert not any(one.names()[0] == name for one in formulas.leaves(record))
            continue
        (found,) = (one for one in formulas.leaves(record) if one.names()[0] == name)
        assert number(slopes[found.id]) == pytest.approx(leaf.grad.item(), rel=1e-6, abs=1e-12)
        assert formulas.slopes(record)[found.id].tex({f".{n}": name_in_tex(n) for n in "abk"})


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    ("body", "value", "slope"),
    [
        ("y = torch.sin(x)", True, True),  # element by element
        ("y = x * a", True, True),
        ("y = W @ x", True, False),
        ("y = torch.softmax(W @ x, 0)", False, False),
        ("y = torch.sin(x).sum()", True, False),
        ("y = torch.stack([a, b]).sum()", False, False),
        ("y = a * x[0]", False, False),
        ("y = torch.tensor([1., 2.]) * a", False, True),
        ("y = a * 1\ny.add_(2)", False, False),
        ("y = a\nfor n in range(70):\n    y = torch.sin(y)", False, False),
        ("y = a\nfor n in range(40):\n    y = y * y + 1", False, False),
    ],
)
def test_where_there_is_no_formula_it_is_empty(play: Runner, body: str, value: bool, slope: bool) -> None:
    found = tex(play, body)
    assert bool(found.pop("")) is value
    assert found, "its inputs are named even so"
    if not slope:
        assert set(found.values()) == {""}
    elif value:
        assert all(found.values())


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
