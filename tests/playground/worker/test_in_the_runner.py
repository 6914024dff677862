"""The worker in the process it is made for: forked, limited, interrupted by signals."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import engine
import playground
from playground import protocol as p
from playground.runner.client import Runner
from playground.runner.limits import Limits
from tests.playground.runner.watch import Watch, run, start, until, until_ready

EXAMPLES = sorted(
    path
    for path in (Path(playground.__file__).parent / "examples").glob("*.py")
    if "\nSection: Templates.\n" not in path.read_text()  # they have tests of their own
)
HEAD = "import torch\n"


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    # Patient: what is to succeed here must do so on a busy machine too.
    yield from _started(Limits(slots=1, wall_soft_s=40, wall_hard_s=42, cpu_soft_s=20, cpu_hard_s=22))


@pytest.fixture(scope="module")
def hasty() -> Iterator[Runner]:
    yield from _started(Limits(slots=1, wall_soft_s=2, wall_hard_s=4, cpu_soft_s=4, cpu_hard_s=6))


def _started(limits: Limits) -> Iterator[Runner]:
    made = Runner(limits)
    made.start()
    until_ready(made, limits.parked)
    yield made
    made.close()


def _nodes(watch: Watch) -> list[p.Node]:
    return [node for event in watch.events if isinstance(event, p.Graph) for node in event.nodes]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_runs_there(runner: Runner, path: Path) -> None:
    watch = run(runner, path.read_text())
    finished = watch.finished()
    assert finished.status == ("error" if path.stem == "05_in_place" else "ok"), (finished, watch.errors)
    assert finished.interactive
    assert _nodes(watch)
    assert any(isinstance(event, p.Profile) for event in watch.events)


def test_a_loop_without_end_is_stopped_at_its_line_with_what_was_recorded(hasty: Runner) -> None:
    watch = run(
        hasty, HEAD + "x = torch.ones(3)\nprint('begun')\nwhile True:\n    x = x * 0.5\n# %%\nprint('never')"
    )
    finished = watch.finished()
    assert finished.status == "timeout"
    assert "line 5" in finished.message or "line 4" in finished.message
    assert watch.text == "begun\n"
    assert len(_nodes(watch)) > 1000
    assert any(isinstance(event, p.Profile) for event in watch.events)


def test_stop_hands_in_what_was_recorded(runner: Runner) -> None:
    watch = start(
        runner, HEAD + "import time\nx = torch.ones(3)\nprint('begun')\nwhile True:\n    time.sleep(0.01)\n"
    )
    watch.wait(lambda event: isinstance(event, p.Output), "the output")
    runner.cancel(client="c", run="r")
    assert watch.finished().status == "cancelled"
    assert [node.outputs[0].name for node in _nodes(watch)] == ["x"]


def test_what_was_done_before_a_loop_without_end_is_shown_while_it_runs(runner: Runner) -> None:
    watch = start(runner, HEAD + "x = torch.ones(3)\nprint('one')\nprint('two')\nwhile True:\n    pass\n")
    watch.wait(lambda event: isinstance(event, p.Graph) and bool(event.nodes), "the node")
    until(lambda: watch.text == "one\ntwo\n", "what was printed")
    # A tenth of a second of the program's own processor time; the rest is what else the machine does.
    assert watch.times[-1] - watch.times[0] < 5
    assert [node.outputs[0].name for node in _nodes(watch)] == ["x"]
    runner.cancel(client="c", run="r")
    assert watch.finished().status == "cancelled"


def test_running_out_of_memory_is_an_error_with_its_line(runner: Runner) -> None:
    code = HEAD + (
        "kept = []\nfor k in range(100):\n    kept.append(torch.ones(1000, 1000, 2))\n# %%\n"
        "print(len(kept) > 5)"
    )
    watch = run(runner, code)
    finished = watch.finished()
    assert finished.status == "memory"
    assert "256 MiB" in finished.message
    assert [error.line for error in watch.errors] == [4]
    assert watch.text == "True\n"


def test_one_huge_tensor_does_no_harm(runner: Runner) -> None:
    watch = run(runner, HEAD + "x = torch.ones(100_000, 100_000)\n# %%\nprint(torch.ones(2))")
    assert watch.finished().status in ("memory", "error")
    assert len(watch.errors) == 1
    assert watch.text == "tensor([1., 1.])\n"


def test_printing_without_end_is_stopped(runner: Runner) -> None:
    watch = run(runner, "while True:\n    print('spam')")
    assert watch.finished().status == "output_limit"
    assert len(watch.text) <= 64 * 1024


def test_twenty_thousand_operations_go_through(runner: Runner) -> None:
    code = HEAD + (
        "w = torch.ones(10, requires_grad=True)\nfor _ in range(2000):\n"
        "    (w * 2 + 1).sum().backward()\nprint(w.grad)"
    )
    watch = run(runner, code)
    assert watch.finished().status == "ok"
    assert not watch.errors
    nodes = _nodes(watch)
    assert len(nodes) > 3000
    seen = {node.id for node in nodes}
    edges = [edge for event in watch.events if isinstance(event, p.Graph) for edge in event.edges]
    assert all(edge.source in seen and edge.target in seen for edge in edges)


def test_questions_are_answered_after_the_run(runner: Runner) -> None:
    watch = run(
        runner, HEAD + "x = torch.tensor([1., 2.], requires_grad=True)\ny = x ** 2\n", client="asking"
    )
    assert watch.finished().interactive
    runner.send("asking", p.Inspect(run="r", node=1))
    detail = watch.wait(lambda event: isinstance(event, p.Detail), "the detail")
    assert isinstance(detail, p.Detail)
    assert detail.values[0] is not None
    assert detail.values[0].data == [1, 4]
    runner.send("asking", p.Jacobian(run="r", output=1, inputs=[0]))
    jacobian = watch.wait(lambda event: isinstance(event, p.JacobianResult), "the Jacobian")
    assert isinstance(jacobian, p.JacobianResult)
    assert len(jacobian.blocks[0].values) == 4 * 8
    until(lambda: runner.health().ready, "the runner goes on")


LAZY = """
import collections, copy, csv, dataclasses, datetime, decimal, fractions, functools, io, json, logging, math, pickle
import pprint, random, re, statistics, string, textwrap, time, timeit, traceback, typing, unittest, uuid, warnings
import numpy as np
datetime.datetime.strptime("2026-01-02", "%Y-%m-%d").isoformat()
time.strptime("10", "%H")
json.loads(json.dumps({"a": [1.5, None]}))
pickle.loads(pickle.dumps([decimal.Decimal("1.5"), fractions.Fraction(1, 3)]))
statistics.stdev([1, 2, 4]); statistics.linear_regression([1, 2, 3], [1, 2, 4])
list(csv.reader(io.StringIO("a,b")))
pprint.pformat({"a": 1}); textwrap.fill("a b c"); string.Template("$a").substitute(a=1)
timeit.timeit("1 + 1", number=1)
logging.getLogger("x").warning("logged")
random.choices([1, 2], k=2); random.gauss(0, 1); uuid.UUID(int=1)
np.linalg.eigh(np.eye(2)); np.linalg.svd(np.eye(2)); np.fft.fft([1, 2]); np.polynomial.Polynomial([1, 2])(3)
np.random.default_rng(0).normal(); np.random.permutation(3); np.testing.assert_allclose(1, 1)
np.einsum("ij,jk->ik", np.eye(2), np.eye(2), optimize=True); np.ma.masked_array([1], [0]).sum()
np.loadtxt(io.StringIO("1 2")); np.array2string(np.eye(2)); np.datetime64("2026-01-01"); np.unique([1, 1])
np.median([1, 2]); np.percentile([1, 2], 50); np.interp(1, [0, 2], [0, 4]); np.strings.upper("a"); np.char.upper("a")
try:
    1 / 0
except ZeroDivisionError:
    traceback.format_exc()
"é".encode("latin-1").decode("utf-8", "replace"); "a".encode("idna"); "a".encode("utf-16")
print("all")
"""


def test_what_python_and_numpy_load_only_when_first_used(runner: Runner) -> None:
    watch = run(runner, LAZY)
    assert not watch.errors
    assert watch.text == "logged\nall\n"


def test_every_part_of_the_engine_is_there_before_the_program(runner: Runner) -> None:
    names = [part.name for part in pkgutil.walk_packages(engine.__path__, "engine.")]
    watch = run(runner, f"import sys\nprint([name for name in {names} if name not in sys.modules])")
    assert watch.text == "[]\n"


SURROUNDINGS = """\
import builtins, gc, random, sys, time, warnings
import numpy, torch
print(time.sleep.__qualname__, hasattr(time.sleep.__wrapped__, "__wrapped__"))
print(builtins.input.__name__, gc.get_threshold())
print(len(warnings.filters), torch.get_default_dtype(), torch.is_grad_enabled(), torch.initial_seed())
print(random.random(), numpy.random.rand(), torch.rand(1).item(), sorted(globals()))
print(sys.stdout.name, sys.modules["__main__"].__dict__ is globals(), sorted(sys.modules) == list(sys.modules))
x = torch.ones(2, requires_grad=True)
(x * 2).sum().backward()
print(x.grad, len(sys.modules), len(sys.meta_path))
"""


def test_a_child_that_rehearsed_is_as_one_that_did_not() -> None:
    """What is printed, and how the graph's nodes are numbered."""
    seen = []
    for parked in (0, 1):
        for made in _started(Limits(slots=1, parked=parked, wall_soft_s=20, wall_hard_s=22)):
            watch = run(made, SURROUNDINGS)
            assert watch.finished().status == "ok", watch.errors
            seen.append((watch.text, [(n.id, n.op, n.place) for n in _nodes(watch)]))
    assert seen[0][0] == seen[1][0]
    assert seen[0][1] == seen[1][1]
