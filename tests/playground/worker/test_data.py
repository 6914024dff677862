"""The module ``data`` as a program finds it."""

from __future__ import annotations

import pytest

from tests.playground.worker.conftest import Runner


def test_sets_stand_at_the_beginning_of_the_graph(play: Runner) -> None:
    result = play(
        "import torch, data\nX, y = data.moons(50)\nlayer = torch.nn.Linear(2, 2)\n"
        "loss = torch.nn.functional.cross_entropy(layer(X), y)\nprint(X.shape, y.dtype)"
    )
    assert result.text() == "torch.Size([50, 2]) torch.int64\n"
    assert result.node("X").kind == "constant"
    assert {node.op for node in result.nodes} == {
        "",
        "aten::t",
        "aten::addmm",
        "aten::_log_softmax",
        "aten::nll_loss_forward",
    }


def test_each_run_finds_the_module_as_it_was(play: Runner) -> None:
    play("import data\ndata.moons = data.alphabet = None")
    assert play("import data\nprint(data.moons(3)[1], len(data.alphabet))").text() == "tensor([0, 1, 0]) 42\n"


def test_random_numbers_of_the_program_are_its_own(play: Runner) -> None:
    drawn = "print(torch.rand(2))"
    plain = play(f"import torch\n{drawn}").text()
    assert play(f"import torch, data\ndata.digits(20)\ndata.sequences()\n{drawn}").text() == plain


@pytest.mark.parametrize("name", ["X", "y", "X_test", "y_test", "columns", "classes"])
def test_a_table_that_is_not_there_is_explained(play: Runner, name: str) -> None:
    (error,) = play(f"import data\ndata.{name}").errors
    assert error.message.startswith(f"AttributeError: data.{name} is of a table of your own")
    assert "Add one with Data" in error.message


def test_a_misspelt_set_gets_the_nearest(play: Runner) -> None:
    (error,) = play("import data\ndata.mons()").errors
    assert error.message == "AttributeError: module 'data' has no attribute 'mons'"
    assert "'moons'" in error.hint


def test_a_variable_may_be_called_data(play: Runner) -> None:
    assert play("data = [1, 2]\nprint(sum(data))").text() == "3\n"
