"""The derivatives of one operation: values, checks that pass and checks that must not, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine as torch
from playground import protocol as p
from tests.playground.worker.conftest import Runner

HEAD = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"

WRONG = """
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale, label):
        ctx.save_for_backward(x)
        ctx.scale = scale
        print("forward", label)
        return scale * x ** 3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return {gradient}, None, None

x = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
y = Cube.apply(x, 2.0, "cube")
"""


def local(name: str = "", op: str = "", check: bool = False, output: int = 0) -> Any:
    return lambda result: p.Local(run="r", node=result.node(name, op).id, check=check, output=output)


def ask(play: Runner, code: str, *names: str, **more: Any) -> p.LocalResult:
    result = play(HEAD + code, local(*names, **more))
    (answer,) = result.answers
    assert isinstance(answer, p.LocalResult), answer
    return answer


def refusal(play: Runner, code: str, *names: str, **more: Any) -> str:
    (answer,) = play(HEAD + code, local(*names, **more)).answers
    assert isinstance(answer, p.Error), answer
    return answer.message


def matrix(block: p.LocalBlock) -> np.ndarray[Any, Any]:
    values = np.frombuffer(block.values, "<f8")
    if block.diagonal:
        return np.diag(values)
    return values.reshape(int(np.prod(block.rows)), int(np.prod(block.columns)))


def test_elementwise_is_its_diagonal(play: Runner) -> None:
    answer = ask(play, "a = torch.linspace(0, 3, 6).reshape(2, 3).requires_grad_()\nb = torch.sin(a)\n", "b")
    (block,) = answer.blocks
    assert block.diagonal
    assert block.rows == block.columns == [2, 3]
    np.testing.assert_allclose(np.diag(matrix(block)), np.cos(np.linspace(0, 3, 6)), rtol=1e-6)


def test_each_input_has_its_own(play: Runner) -> None:
    code = "A = torch.randn(2, 3, requires_grad=True)\nB = torch.randn(3, 2, requires_grad=True)\nC = A @ B\n"
    result = play(HEAD + code, local("C", check=True))
    (answer,) = result.answers
    data = {name: torch.tensor(result.node(name).outputs[0].value.data).numpy() for name in "AB"}
    A, B = torch.tensor(data["A"]).reshape(2, 3), torch.tensor(data["B"]).reshape(3, 2)
    expected = torch.autograd.functional.jacobian(lambda a, b: a @ b, (A, B))
    for block, whole in zip(answer.blocks, expected, strict=True):
        np.testing.assert_allclose(matrix(block), whole.reshape(4, 6).numpy(), rtol=1e-6)
        assert block.agrees
        assert block.difference is not None
        assert float(block.difference) < 1e-8
    assert [block.input for block in answer.blocks] == [0, 1]
    assert answer.checked
    assert answer.note == ""


def test_the_same_tensor_twice_is_two_inputs(play: Runner) -> None:
    answer = ask(play, "x = torch.tensor([2., 3.], requires_grad=True)\ny = x * x\n", "y")
    assert [block.source for block in answer.blocks] == [0, 0]
    assert [np.diag(matrix(block)).tolist() for block in answer.blocks] == [[2, 3], [2, 3]]


def test_broadcast_input_is_a_full_matrix(play: Runner) -> None:
    answer = ask(play, "w = torch.tensor(3., requires_grad=True)\ny = w * torch.tensor([1., 2.])\n", "y")
    (block,) = answer.blocks
    assert not block.diagonal
    assert matrix(block).tolist() == [[1], [2]]


def test_values_are_those_of_the_moment(play: Runner) -> None:
    code = "x = torch.tensor([3.], requires_grad=True)\ny = x ** 2\nwith torch.no_grad():\n    x.fill_(50)\n"
    answer = ask(play, code, "y", check=True)
    assert matrix(answer.blocks[0]).tolist() == [[6]]
    assert answer.blocks[0].agrees
    assert p.Argument(name="exponent", value="2") in answer.arguments
    assert answer.record == "pow_tensor_scalar"


def test_a_number_in_the_place_of_a_tensor_is_told(play: Runner) -> None:
    answer = ask(play, "x = torch.tensor([3.], requires_grad=True)\ny = 0.5 * x\n", "y")
    assert [(one.value, one.input) for one in answer.arguments] == [("0.5", 1 - answer.blocks[0].input)]


OPERATIONS = [
    "torch.exp(x)",
    "torch.tanh(x)",
    "torch.log(x * 1e-4 + 2e-4)",
    "x.softmax(0)",
    "x.log_softmax(0)",
    "x.sum()",
    "x.mean()",
    "x.std()",
    "x.prod()",
    "x.norm()",
    "x.cumsum(0)",
    "x.reshape(2, 2)",
    "x[1:3]",
    "torch.cat([x, x])",
    "x / 3",
    "3 - x",
    "F.gelu(x)",
    "F.mse_loss(x, torch.zeros(4))",
    "F.layer_norm(x, (4,))",
    "x.reshape(1, 1, 2, 2).expand(2, 1, 2, 2)",
    "F.conv2d(x.reshape(1, 1, 2, 2), torch.ones(1, 1, 2, 2))",
    "torch.linalg.inv(x.reshape(2, 2))",
    "x.expand(3, 4)",
    "x.sigmoid() * 0",
    "x * 1e20",
    "x * 1e-20",
]


@pytest.mark.parametrize("expression", OPERATIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_right_rules_agree(play: Runner, expression: str, dtype: str) -> None:
    code = f"x = torch.tensor([0.5, 1.5, -0.7, 2.0], dtype=torch.{dtype}, requires_grad=True)\ny = {expression}\n"
    code = code.replace("torch.zeros(4)", f"torch.zeros(4, dtype=torch.{dtype})").replace(
        "torch.ones(1, 1, 2, 2)", f"torch.ones(1, 1, 2, 2, dtype=torch.{dtype})"
    )
    answer = ask(play, code, "y", check=True)
    assert answer.blocks
    for block in answer.blocks:
        assert block.agrees, block
        assert block.difference is not None
        assert float(block.difference) < 1e-6
    assert answer.note == ""


def test_a_wrong_backward_is_caught(play: Runner) -> None:
    result = play(HEAD + WRONG.format(gradient="g * ctx.scale * 2 * x ** 2"), local("y", check=True))
    (answer,) = result.answers
    (block,) = answer.blocks
    assert not block.agrees
    assert block.at == 4  # the largest entry, x = -2
    assert block.expected == pytest.approx(2 * 3 * 4, rel=1e-6)
    assert block.got == pytest.approx(2 * 2 * 4)
    assert block.difference == pytest.approx(8 / 24, rel=1e-6)
    assert result.text() == "forward cube\n", (
        "what it prints when it is run again is not the program's output"
    )


def test_a_right_backward_with_other_arguments_agrees(play: Runner) -> None:
    answer = ask(play, WRONG.format(gradient="g * ctx.scale * 3 * x ** 2"), "y", check=True)
    assert answer.blocks[0].agrees
    np.testing.assert_allclose(np.diag(matrix(answer.blocks[0])), [6, 24, 1.5])


def test_a_backward_that_forgets_an_input_is_caught(play: Runner) -> None:
    answer = ask(play, WRONG.format(gradient="None"), "y", check=True)
    assert not answer.blocks[0].agrees
    assert answer.blocks[0].got == 0


def test_a_wrong_backward_of_a_large_tensor_is_caught(play: Runner) -> None:
    code = WRONG.replace(
        "torch.tensor([1.0, -2.0, 0.5], requires_grad=True)", "torch.randn(300, 300, requires_grad=True)"
    )
    right = ask(play, code.format(gradient="g * ctx.scale * 3 * x ** 2"), "y", check=True)
    wrong = ask(play, code.format(gradient="g * ctx.scale * 3 * x ** 2 + 0.01 * g"), "y", check=True)
    assert right.blocks[0].values == b""
    assert right.blocks[0].agrees
    assert not wrong.blocks[0].agrees
    assert wrong.blocks[0].at == -1


def test_a_function_that_rounds_to_float32_is_checked_less_strictly(play: Runner) -> None:
    code = WRONG.replace("scale * x ** 3", "scale * x.float() ** 3")
    right = ask(play, code.format(gradient="g * ctx.scale * 3 * x ** 2"), "y", check=True)
    wrong = ask(play, code.format(gradient="g * ctx.scale * 2 * x ** 2"), "y", check=True)
    assert right.blocks[0].agrees
    assert "float32" in right.note
    assert not wrong.blocks[0].agrees


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("torch.relu(x)", "[0., 1., -1.]"),
        ("x.abs()", "[0., 1., -1.]"),
        ("x.max()", "[2., 2., 1.]"),
        ("torch.floor(x)", "[1., 1.5, 0.2]"),
        ("x.clamp(0, 1)", "[0., 0.5, 3.]"),
    ],
)
def test_kinks_are_said_and_any_slope_between_is_right(play: Runner, expression: str, values: str) -> None:
    answer = ask(play, f"x = torch.tensor({values}, requires_grad=True)\ny = {expression}\n", "y", check=True)
    assert answer.blocks[0].agrees
    assert "kink" in answer.note


def test_a_smooth_function_has_no_kink(play: Runner) -> None:
    answer = ask(
        play, "x = torch.tensor([1e-6, 1e-3, 1.], requires_grad=True)\ny = torch.relu(x)\n", "y", check=True
    )
    assert answer.note == ""


def test_what_is_only_curved_has_no_kink(play: Runner) -> None:
    answer = ask(play, "x = torch.tensor([1e-9, 0.], requires_grad=True)\ny = x ** 2\n", "y", check=True)
    assert answer.blocks[0].agrees
    assert answer.note == ""


def test_where_the_derivative_is_infinite_it_is_left_out(play: Runner) -> None:
    answer = ask(play, "x = torch.tensor([0., 4.], requires_grad=True)\ny = x.sqrt()\n", "y", check=True)
    assert answer.blocks[0].agrees
    assert "not finite" in answer.note


def test_in_place_and_views(play: Runner) -> None:
    code = "x = torch.tensor([1., 2., 3.], requires_grad=True)\ny = x * 2\ny.mul_(x)\nz = y[1:]\nz.exp_()\n"
    result = play(HEAD + code, local(op="aten::mul_", check=True), local(op="aten::exp_", check=True))
    first, second = result.answers
    assert [np.diag(matrix(block)).tolist() for block in first.blocks] == [[1, 2, 3], [2, 4, 6]]
    np.testing.assert_allclose(np.diag(matrix(second.blocks[0])), np.exp([8, 18]), rtol=1e-6)
    assert all(block.agrees for block in [*first.blocks, *second.blocks])


def test_of_several_outputs_the_first(play: Runner) -> None:
    code = "x = torch.tensor([0.5, 1.5, -0.7], requires_grad=True)\nvalues, order = x.sort()\n"
    (block,) = ask(play, code, "values", check=True).blocks
    assert matrix(block).tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    assert block.agrees


def test_what_became_a_leaf_later_is_an_input(play: Runner) -> None:
    code = "x = torch.arange(3.).reshape(3)\nx.requires_grad_()\ny = torch.stack([x, torch.zeros(3)])\n"
    (block,) = ask(play, code, "y").blocks
    assert matrix(block)[:3].tolist() == np.eye(3).tolist()


def test_another_output(play: Runner) -> None:
    code = "x = torch.arange(6.).reshape(2, 3).requires_grad_()\na, b = x.split([1, 2], dim=1)\n"
    answer = ask(play, code, "a", output=1)
    assert answer.output == 1
    assert matrix(answer.blocks[0]).shape == (4, 6)
    assert "made 2 tensors" in refusal(play, code, "a", output=2)


def test_dropout_is_checked_with_the_mask_it_drew(play: Runner) -> None:
    code = "x = torch.ones(8, requires_grad=True)\ny = F.dropout(x, 0.5)\n"
    answer = ask(play, code, "y", check=True)
    assert answer.blocks[0].agrees


def test_what_draws_random_numbers_itself_is_refused(play: Runner) -> None:
    code = WRONG.replace("scale * x ** 3", "scale * x * torch.rand(3)").format(gradient="g")
    assert "draws random numbers" in refusal(play, code, "y", check=True)


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        ("x = torch.zeros(2)\n", "x", "not the result of an operation"),
        ("x = torch.zeros(2, requires_grad=True)\n", "x", "not the result of an operation"),
        ("x = torch.zeros(2, requires_grad=True)\ny = x.detach()\n", "y", "no gradient flows"),
        ("x = torch.zeros(2, requires_grad=True)\ny = x > 0\n", "y", "has no derivative"),
        (
            "x = torch.zeros(2, requires_grad=True)\nwith torch.no_grad():\n    y = x * 2\n",
            "y",
            "is cut at y",
        ),
        ("x = torch.zeros(2)\ny = x * 2\n", "y", "requires a gradient, so none"),
        ("x = torch.zeros(2, dtype=torch.cfloat, requires_grad=True)\ny = x * 2\n", "y", "real numbers only"),
    ],
)
def test_what_has_no_derivative_says_why(play: Runner, code: str, name: str, expected: str) -> None:
    assert expected in refusal(play, code, name)


def test_indices_have_no_derivative(play: Runner) -> None:
    code = "x = torch.tensor([3., 1.], requires_grad=True)\nvalues, order = x.sort()\n"
    assert "int64 numbers" in refusal(play, code, "values", output=1)


def test_a_backward_that_fails_says_how(play: Runner) -> None:
    message = refusal(play, WRONG.format(gradient="g.no_such_method()"), "y")
    assert message.startswith("Running y (line ")
    assert "AttributeError" in message


def test_no_answer_is_large(play: Runner) -> None:
    code = "x = torch.randn(2000, requires_grad=True)\nn = torch.softmax(x, 0)\nm = torch.exp(x)\n"
    result = play(HEAD + code, local("n", check=True), local("m"))
    large, elementwise = result.answers
    assert large.blocks[0].values == b""
    assert large.blocks[0].agrees
    assert elementwise.blocks[0].diagonal
    assert len(elementwise.blocks[0].values) == 8 * 2000
    many = "x = [torch.randn(30, requires_grad=True) for _ in range(100)]\ny = torch.cat(x)\n"
    answer = ask(play, many, "y")
    assert len(answer.blocks) == 64
    assert sum(len(block.values) for block in answer.blocks) <= 8 * 16_384
    assert "first 64 of 100" in answer.note


EXAMPLES = sorted((Path(__file__).parents[3] / "playground" / "examples").glob("[0-9]*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_gallery_raises_no_false_alarm(play: Runner, example: Path) -> None:
    def operations(result: Any) -> list[int]:
        return [node.id for node in result.nodes if node.kind == "op" and node.grad_fn]

    def question(place: int) -> Callable[[Any], p.Local]:
        """About an operation of the run that is asked: which steps of a training are kept is a matter of time."""

        def ask(result: Any) -> p.Local:
            nodes = operations(result)
            return p.Local(run="r", node=nodes[max(min(place, len(nodes) - 1), -len(nodes))], check=True)

        return ask

    # Of a long run, a training, only the last values are kept.
    result = play(example.read_text(encoding="utf-8"), *map(question, (*range(15), *range(-15, 0))))
    answered = 0
    for answer in result.answers:
        if isinstance(answer, p.Error):
            assert "was not kept: later ones needed the room" in answer.message
            continue
        assert isinstance(answer, p.LocalResult), answer
        assert all(block.agrees for block in answer.blocks), answer
        answered += 1
    assert answered >= min(len(operations(result)), 5)


def test_ties_of_a_large_maximum_are_no_mistake_and_a_wrong_rule_still_is(play: Runner) -> None:
    """With zeros on both sides of a tie the slopes along a direction differ: nothing is compared, and it says so."""
    code = """\
import torch
x = torch.relu(torch.randn(50, 8, 8, 8)).requires_grad_()
y = torch.nn.functional.max_pool2d(x, 2)
y.sum().backward()
"""
    node = next(node.id for node in play(code).nodes if "max_pool2d" in node.op)
    (answer,) = play(code, p.Local(run="r", node=node, check=True)).answers
    assert isinstance(answer, p.LocalResult)
    assert [(block.agrees, block.difference) for block in answer.blocks] == [(True, None)]
    assert "kink" in answer.note
    wrong = """\
import torch
class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, g):
        return g * 3
x = torch.randn(50, 8, 8, 8, requires_grad=True)
y = Doubled.apply(x)
y.sum().backward()
"""
    node = next(node.id for node in play(wrong).nodes if node.grad_fn.startswith("Doubled"))
    (answer,) = play(wrong, p.Local(run="r", node=node, check=True)).answers
    assert isinstance(answer, p.LocalResult)
    assert not answer.blocks[0].agrees
