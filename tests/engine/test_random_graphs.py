"""Random programs with views and in-place writes, in the engine and in the naive engine of `naive`."""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

import engine
from engine.autograd import profiler
from engine.state import S
from tests.engine import naive
from tests.engine.random_graphs import Differs, Graphs, Line, Program

pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")


def run(programs: int) -> None:
    class InEngine(Graphs):
        subjects = {"engine": engine}  # noqa: RUF012 (a class attribute of the machine)

    run_state_machine_as_test(
        InEngine,
        settings=settings(
            max_examples=programs,
            stateful_step_count=40,
            deadline=None,
            phases=[Phase.generate],  # a program that differs is shortened line by line
        ),
    )


def test_random_programs() -> None:
    """Values, gradients, and what is refused are those of the naive engine."""
    run(programs=350)


def test_random_programs_that_are_watched() -> None:
    """The same on the path that observers see."""
    with profiler.profile():
        assert S.slow
        run(programs=60)


def test_a_wrong_gradient_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge judges: with another derivative of the sine a program differs, and is shown without what is beside."""
    monkeypatch.setattr(naive.ELEMENTWISE["sin"], "derivatives", (lambda x, y: 1.0,))
    program = Program({"engine": engine})
    program.write("torch.tensor(1.0, dtype=torch.float64, requires_grad=True)", new=True)
    program.write("t0.cos()", new=True)
    program.write("t0.sin()", new=True)
    program.write("t1.retain_grad()")
    with pytest.raises(Differs) as caught:
        program.write("t2.backward(torch.tensor(1.0, dtype=torch.float64))")
    assert str(caught.value).split("\n")[2:-1] == [
        "t2 = t0.sin()",
        "t2.backward(torch.tensor(1.0, dtype=torch.float64))",
    ]


def test_a_write_that_nobody_notices_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version counter that does not count is a difference too."""
    monkeypatch.setattr(engine.Tensor, "_written", lambda self, times=1: None)
    program = Program({"engine": engine})
    lines = [
        ("t0 = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)", "t0"),
        ("t1 = t0.sin()", "t1"),
        ("t2 = t1.square()", "t2"),
        ("t1.add_(1.0)", None),
    ]
    for text, name in lines:
        program.run(Line(text, name))
    with pytest.raises(Differs, match="does not refuse: modified by an inplace operation"):
        program.run(Line("t2.backward(torch.tensor([1.0, 1.0], dtype=torch.float64))", None))
