"""The module ``data`` as a program finds it."""

from __future__ import annotations

import pytest

from playground import protocol as p
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


TABLE = p.UserData(name="flowers.csv", text="a,b,label\n1,2,x\n3,oops,y\n5,6,y\n", test=0.5)


def test_a_table_is_read_when_it_is_asked_for(play: Runner) -> None:
    result = play(
        "import data\nfrom data import X, y\nprint(X, y, data.X_test.shape, data.columns, data.classes)\n"
        "Z = (X * 2).sum()",
        data=TABLE,
    )
    assert result.text() == "tensor([[5., 6.]]) tensor([1]) torch.Size([1, 2]) ['a', 'b'] ['x', 'y']\n"
    assert [node.op for node in result.nodes] == ["", "aten::mul", "aten::sum"]
    assert result.node("X").outputs[0].shape == [1, 2]


def test_a_table_that_cannot_be_used_says_why(play: Runner) -> None:
    (error,) = play("import data\ndata.X", data=p.UserData(name="notes.csv", text="a\nb\n")).errors
    assert error.message.startswith("ValueError: notes.csv: There is no number column")


def test_rows_that_are_not_set_aside_are_explained(play: Runner) -> None:
    (error,) = play("import data\ndata.X_test", data=p.UserData(text="a,b\n1,2\n")).errors
    assert "none are. Choose a part for testing" in error.message
