"""Answers about the recording: values of a node, Jacobians, Hessians."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from playground import protocol as p
from tests.playground.worker.conftest import Result, Runner

HEAD = "import torch\nfrom torch import nn\n"


def inspect(name: str) -> Any:
    return lambda result: p.Inspect(run="r", node=result.node(name).id)


def jacobian(output: str, *inputs: str, order: Any = 1) -> Any:
    return lambda result: p.Jacobian(
        run="r", output=result.node(output).id, inputs=[result.node(name).id for name in inputs], order=order
    )


def _blocks(answer: Any) -> list[np.ndarray[Any, Any]]:
    assert isinstance(answer, p.JacobianResult), answer
    return [
        np.frombuffer(b.values, "<f8").reshape(int(np.prod(b.rows)), int(np.prod(b.columns)))
        for b in answer.blocks
    ]


def _refusal(result: Result) -> str:
    (answer,) = result.answers
    assert isinstance(answer, p.Error), answer
    return answer.message


def test_the_values_of_a_node(play: Runner) -> None:
    code = (
        HEAD
        + "x = torch.arange(2000., requires_grad=True)\ny = (x * 2).sum()\ny.backward()\nx.grad.add_(1)\n"
    )
    result = play(code, inspect("x"))
    (detail,) = result.answers
    assert isinstance(detail, p.Detail)
    (values,) = detail.values
    assert values is not None
    assert values.numel == 2000
    assert values.data == list(range(1000))
    (gradient,) = detail.grads
    assert gradient is not None
    assert gradient.data[:3] == [2, 2, 2]
    assert detail.accumulated is not None
    assert detail.accumulated.data[:3] == [3, 3, 3]
    assert detail.note == ""


def test_values_are_of_the_moment_though_the_memory_was_overwritten(play: Runner) -> None:
    code = HEAD + "x = torch.zeros(100)\ny = x * 1\ny.add_(5)\nx.fill_(9)\n"
    result = play(code, p.Inspect(run="r", node=0), p.Inspect(run="r", node=1), p.Inspect(run="r", node=2))
    assert [a.values[0].max for a in result.answers] == [0, 0, 5]


def test_what_was_not_kept_says_so(play: Runner) -> None:
    code = HEAD + "first = torch.zeros(100)\nfor _ in range(30):\n    x = torch.ones(1000, 1000)\n"
    result = play(code, inspect("first"), inspect("x"))
    assert result.answers[0].values == [None]
    assert "not kept" in result.answers[0].note
    assert result.answers[1].values[0].mean == 1


def test_an_unknown_node_is_refused(play: Runner) -> None:
    result = play(HEAD + "x = torch.zeros(2)\n", p.Inspect(run="r", node=77))
    assert _refusal(result) == "There is no node 77: the recording of this run has 1."


def test_a_failed_node_has_no_values(play: Runner) -> None:
    result = play(HEAD + "torch.ones(3) + torch.ones(4)\n", p.Inspect(run="r", node=2))
    assert result.answers[0].values == []
    assert "failed" in result.answers[0].note


def test_a_jacobian_of_several_inputs(play: Runner) -> None:
    code = HEAD + (
        "x = torch.tensor([0.1, 0.2], requires_grad=True)\ny = torch.tensor([3., 4.], requires_grad=True)\n"
        "z = 2 * x.exp() + 3 * y\n"
    )
    result = play(code, jacobian("z", "x", "y"))
    by_x, by_y = _blocks(result.answers[0])
    np.testing.assert_allclose(by_x, np.diag(2 * np.exp([0.1, 0.2])), rtol=1e-6)
    np.testing.assert_allclose(by_y, 3 * np.eye(2))
    assert result.answers[0].blocks[0].input == result.node("x").id


def test_between_two_inner_nodes_and_from_a_constant(play: Runner) -> None:
    code = HEAD + "x = torch.tensor([1., 2., 3.])\na = x * x\nb = a.sum() + a[0]\n"
    result = play(code, jacobian("b", "a"), jacobian("b", "x"))
    np.testing.assert_allclose(_blocks(result.answers[0])[0], [[2, 1, 1]])
    np.testing.assert_allclose(_blocks(result.answers[1])[0], [[4, 4, 6]])


def test_a_hessian_has_a_block_for_each_pair(play: Runner) -> None:
    code = HEAD + (
        "x = torch.tensor([1., 2.], requires_grad=True)\ny = torch.tensor(3., requires_grad=True)\n"
        "loss = (x ** 3).sum() * y\n"
    )
    result = play(code, jacobian("loss", "x", "y", order=2))
    blocks = _blocks(result.answers[0])
    np.testing.assert_allclose(blocks[0], [[18, 0], [0, 36]])
    np.testing.assert_allclose(blocks[1], [[3], [12]])
    np.testing.assert_allclose(blocks[2], [[3, 12]])
    np.testing.assert_allclose(blocks[3], [[0]])
    assert [(b.input, b.other) for b in result.answers[0].blocks] == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_a_linear_function_has_a_hessian_of_zeros(play: Runner) -> None:
    result = play(
        HEAD + "x = torch.ones(3, requires_grad=True)\ny = (2 * x).sum()\n", jacobian("y", "x", order=2)
    )
    np.testing.assert_array_equal(_blocks(result.answers[0])[0], np.zeros((3, 3)))


def test_the_values_of_that_time_are_used(play: Runner) -> None:
    code = HEAD + (
        "w = torch.tensor([2.], requires_grad=True)\ny = w ** 2\nwith torch.no_grad():\n"
        "    w += 5\nz = w ** 2\n"
    )
    result = play(code, lambda r: p.Jacobian(run="r", output=r.node("y").id, inputs=[0]), jacobian("z", "w"))
    np.testing.assert_allclose(_blocks(result.answers[0])[0], [[4]])
    np.testing.assert_allclose(_blocks(result.answers[1])[0], [[14]])


def test_through_a_model_loops_and_in_place_operations(play: Runner) -> None:
    code = HEAD + (
        "net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))\n"
        "x = torch.randn(3)\nout = net(x)\nout.mul_(2)\n"
        "for _ in range(3):\n    out = torch.cat([out, out.relu()])[:2]\nw = net[0].weight\n"
        "want = torch.autograd.functional.jacobian(lambda x: (2 * net(x)), x)\nprint(want.flatten().tolist())"
    )
    result = play(code, jacobian("out", "x"))
    found = _blocks(result.answers[0])[0]
    np.testing.assert_allclose(found.ravel(), eval(result.text()), rtol=1e-5)


def test_custom_functions_are_run_again(play: Runner) -> None:
    code = HEAD + (
        "class Double(torch.autograd.Function):\n    @staticmethod\n"
        "    def forward(ctx, x, k):\n        ctx.k = k\n        return x * k\n"
        "    @staticmethod\n    def backward(ctx, g):\n        return g * ctx.k, None\n"
        "x = torch.ones(2, requires_grad=True)\ny = Double.apply(x, 2.0)\n"
    )
    np.testing.assert_allclose(_blocks(play(code, jacobian("y", "x")).answers[0])[0], 2 * np.eye(2))


def test_it_works_with_gradients_switched_off(play: Runner) -> None:
    code = HEAD + "x = torch.ones(2, requires_grad=True)\ny = x * 3\ntorch.set_grad_enabled(False)\n"
    np.testing.assert_allclose(_blocks(play(code, jacobian("y", "x")).answers[0])[0], 3 * np.eye(2))


@pytest.mark.parametrize(
    ("code", "output", "inputs", "order", "reason"),
    [
        (
            "x = torch.ones(2, requires_grad=True)\ny = torch.ones(2) * 2",
            "y",
            ["x"],
            1,
            "does not depend on x",
        ),
        ("x = torch.ones(2, requires_grad=True)\ny = x.detach() * 2", "y", ["x"], 1, "cut"),
        ("x = torch.ones(2, requires_grad=True)\nwith torch.no_grad():\n    y = x * 2", "y", ["x"], 1, "cut"),
        ("x = torch.ones(2, requires_grad=True)\ny = x * 2", "y", ["x"], 2, "single number"),
        ("x = torch.ones(200, requires_grad=True)\ny = x * 2", "y", ["x"], 1, "at most 10,000"),
        ("x = torch.arange(3)\ny = x * 2.0", "y", ["x"], 1, "int64"),
        ("x = torch.ones(2)\ny = x > 0", "y", ["x"], 1, "bool"),
    ],
)
def test_refusals_say_why(
    play: Runner, code: str, output: str, inputs: list[str], order: int, reason: str
) -> None:
    assert reason in _refusal(play(HEAD + code, jacobian(output, *inputs, order=order)))


def test_questions_after_an_error_are_answered(play: Runner) -> None:
    result = play(
        HEAD + "x = torch.ones(2, requires_grad=True)\ny = x * 2\nnonsense\n",
        jacobian("y", "x"),
        inspect("y"),
    )
    assert [type(a).__name__ for a in result.answers] == ["JacobianResult", "Detail"]
