"""The autograd tutorial, cell by cell, in one namespace with the engine as ``torch``.

The text is read where it lies beside the repository (it is not ours to copy). Where it is not, what remains is our own
walk along the same path, ``tests/programs/cases/tutorial_*.py``, which is compared with PyTorch's output everywhere.

Which printed outputs can be compared to the letter? Those with no random numbers upstream: `EXACT`. The tutorial was
run without a seed, so of the others no digit can be known; `CHECKS` holds what must be true of each instead.
"""

from __future__ import annotations

import ast
import contextlib
import io
import math
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from engine import alias
from tests.programs import harness

SEED = Path(__file__).resolve().parents[3] / "shared" / "seed" / "autogradyt_tutorial.txt"
NUMBER = r"[- ]*\d+\.\d*(?:e[-+]\d+)?"


@dataclass
class Cell:
    """A code block of the tutorial, what the tutorial says it prints, and what it does here."""

    code: str
    expected: str | None = None
    printed: str = ""
    value: Any = None
    error: Exception | None = None
    names: dict[str, Any] = field(default_factory=dict)
    """The namespace just after the cell; what it holds may be changed by later cells."""

    def numbers(self) -> list[float]:
        return [float(word.replace(" ", "")) for word in re.findall(NUMBER, self.printed)]


def parse(text: str) -> list[Cell]:
    """Code blocks with the outputs that follow them, in the order of the text.

    Code is a ``code-block:: default`` or a bare ``::``; output is a ``code-block:: none``.
    """
    cells: list[Cell] = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        head = line.strip()
        if head not in ("::", ".. code-block:: default", ".. code-block:: none"):
            continue
        indent = len(line) - len(line.lstrip())
        block: list[str] = []
        for following in lines[number + 1 :]:
            if following.strip() and len(following) - len(following.lstrip()) <= indent:
                break
            block.append(following)
        depth = min(len(inner) - len(inner.lstrip()) for inner in block if inner.strip())
        content = "\n".join(inner[depth:].rstrip() for inner in block).strip("\n")
        if head.endswith("none"):
            assert cells, "an output before any code"
            assert cells[-1].expected is None, f"two outputs after\n{cells[-1].code}"
            cells[-1].expected = content
        else:
            cells.append(Cell(content))
    return cells


class Plots(ModuleType):
    """Stands in for ``matplotlib.pyplot``: what the tutorial's ``plt.plot`` was given, as arrays."""

    def __init__(self) -> None:
        super().__init__("matplotlib.pyplot")
        self.drawn: list[tuple[Any, Any]] = []

    def plot(self, x: Any, y: Any) -> None:
        self.drawn.append((np.asarray(x), np.asarray(y)))


def run_cell(cell: Cell, namespace: dict[str, Any]) -> None:
    """Run as a notebook does: print what is printed, keep the value of a last expression, survive an error."""
    tree = ast.parse(cell.code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(tree, "<cell>", "exec"), namespace)
            if isinstance(last, ast.Expr):
                cell.value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)
        except Exception as error:
            cell.error = error
    cell.printed = "\n".join(line.rstrip() for line in printed.getvalue().splitlines()).strip("\n")
    cell.names = dict(namespace)


# --- What is known of each output ------------------------------------------------------------------------------------

EXACT = {
    "a = torch.linspace(0., 2. * math.pi, steps=25, requires_grad=True)\nprint(a)": "a fixed interval",
    "print(b)": "the sine of that",
    "c = 2 * b\nprint(c)": "arithmetic on that",
    "out = d.sum()\nprint(out)": "the sum of that",
    "print('d:')": "names and structure of the graph; the addresses of the objects are masked",
    "out.backward()\nprint(a.grad)": "twice the cosine of the interval",
    "a = torch.ones(2, 3, requires_grad=True)\nprint(a)": "ones",
    "a = torch.ones(2, 3, requires_grad=True) * 2": "ones",
    "def add_tensors1(x, y):": "ones",
}
"""Cells, by how they begin, whose output has nothing random upstream, and what it comes from instead."""


def initial_weights(cell: Cell) -> None:
    weights, none = cell.printed.rsplit("\n", 1)
    assert none == "None"
    assert_numbers_like(cell, weights, "grad_fn=<SliceBackward0>")
    # Linear(100, 10) starts within 1/sqrt(100), and the text's own weights do too.
    assert np.abs(cell.numbers()).max() <= 0.1
    assert np.unique(cell.numbers()).size > 5
    cell.names["notes"]["weights"] = cell.printed.rsplit("\n", 1)[0]


def first_loss(cell: Cell) -> None:
    assert re.fullmatch(r"tensor\(\d+\.\d{4}, grad_fn=<SumBackward0>\)", cell.printed)
    # 160 normal targets and predictions of variance about 1/6: 187 on average.
    assert 80 < cell.numbers()[0] < 400


def gradients_appear(cell: Cell) -> None:
    notes = cell.names["notes"]
    assert cell.printed.startswith(notes["weights"] + "\n"), "backward must not change weights"
    gradient = cell.printed[len(notes["weights"]) + 1 :]
    assert_numbers_like(cell, gradient)
    assert any(cell.numbers()[10:])
    layer = cell.names["model"].layer2
    notes |= {"gradient": gradient, "g": layer.weight.grad.detach().numpy().copy()}
    notes["w"] = layer.weight.detach().numpy().copy()


def step_moves_weights(cell: Cell) -> None:
    notes = cell.names["notes"]
    weight = cell.names["model"].layer2.weight.detach().numpy()
    np.testing.assert_allclose(weight, notes["w"] - 0.001 * notes["g"], rtol=1e-6, atol=1e-8)
    assert not cell.printed.startswith(notes["weights"])
    assert cell.printed.endswith(notes["gradient"])
    np.testing.assert_allclose(cell.numbers()[:10], weight[0, :10], atol=5.1e-5)


def gradients_accumulate(cell: Cell) -> None:
    notes = cell.names["notes"]
    assert cell.expected is not None
    zeros = "tensor([0., 0., 0., 0., 0., 0., 0., 0., 0., 0.])"
    assert cell.expected.endswith("\n" + zeros)
    assert cell.printed.endswith("\n" + zeros), "zero_grad() leaves zeros, as the text prints"
    assert cell.printed.startswith(notes["gradient"] + "\n")
    after = cell.numbers()[10:20]
    model, loss_of = cell.names["model"], cell.names["ideal_output"]
    (loss_of - model(cell.names["some_input"])).pow(2).sum().backward()
    once = model.layer2.weight.grad.detach().numpy()
    np.testing.assert_allclose(after, (notes["g"] + 5 * once)[0, :10], rtol=1e-3, atol=1e-3)


def detached_copy(cell: Cell) -> None:
    tracked, plain = cell.printed.splitlines()
    assert re.fullmatch(rf"tensor\(\[({NUMBER},? ?){{5}}\]\)", plain)
    assert tracked == plain.removesuffix(")") + ", requires_grad=True)"
    assert all(0 <= number < 1 for number in cell.numbers())


def leaf_in_place(cell: Cell) -> None:
    assert isinstance(cell.error, RuntimeError)
    assert str(cell.error) == "a leaf Variable that requires grad is being used in an in-place operation."


def profiler_rows(cell: Cell) -> None:
    assert cell.names["run_on_gpu"] is False
    lines = cell.printed.splitlines()
    columns = ["Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg", "# of Calls"]
    assert re.split(r"\s{2,}", lines[1].strip()) == columns
    assert lines[0] == lines[2] == "  ".join(re.findall("-+", lines[0]))
    rows = {cells[0]: cells for cells in (line.split() for line in lines[3:]) if len(cells) == len(columns)}
    for name in ("aten::div", "aten::mul"):
        assert rows[name][-1] == "1000"
        assert all(re.fullmatch(r"\d+\.\d\d%", rows[name][column]) for column in (1, 3))
        assert all(re.fullmatch(r"\d+\.\d{3}(s|ms|us)", rows[name][column]) for column in (2, 4, 5))
    assert re.fullmatch(r"Self CPU time total: \d+\.\d{3}(s|ms|us)", lines[-1])
    averages = sorted(cell.names["prf"].key_averages(), key=lambda row: -row.self_cpu_time_total)
    assert [line.split()[0] for line in lines[3:] if "::" in line] == [row.key for row in averages]


def doubled_past_a_thousand(cell: Cell) -> None:
    assert_numbers_like(cell, cell.printed, "grad_fn=<MulBackward0>", count=3)
    x, y = cell.names["x"].detach().numpy(), cell.names["y"].detach().numpy()
    assert 1000 <= np.linalg.norm(y) < 2000
    factor = (y / x)[0]
    np.testing.assert_array_equal(y, x * factor)
    assert math.log2(factor).is_integer()
    cell.names["notes"]["factor"] = factor


def product_with_a_vector(cell: Cell) -> None:
    assert_numbers_like(cell, cell.printed, count=3)
    expected = np.float32([0.1, 1.0, 0.0001]) * cell.names["notes"]["factor"]
    np.testing.assert_allclose(cell.names["x"].grad.numpy(), expected, rtol=1e-6)


def jacobian_of_exp_adder(cell: Cell) -> None:
    count = len(cell.names["inputs"][0])
    assert re.fullmatch(rf"\((tensor\(\[({NUMBER},? ?){{{count}}}\]\)(, )?){{2}}\)", cell.printed)
    by_x, by_y = (block.numpy() for block in cell.value)
    np.testing.assert_allclose(by_x, np.diag(2 * np.exp(cell.names["inputs"][0].numpy())), rtol=1e-6)
    np.testing.assert_array_equal(by_y, 3 * np.eye(count))


def vector_jacobian_product(cell: Cell) -> None:
    output, product = (tensor.numpy() for tensor in cell.value)
    x = cell.names["inputs"].numpy()
    factor = (output / x)[0]
    assert 1000 <= np.linalg.norm(output) < 2000
    np.testing.assert_allclose(product, np.float32([0.1, 1.0, 0.0001]) * factor, rtol=1e-6)


def sine_is_plotted(cell: Cell) -> None:
    x, y = cell.names["plt"].drawn[-1]
    np.testing.assert_allclose(y, np.sin(x), atol=1e-6)


CHECKS: dict[str, Callable[[Cell], None]] = {
    "b = torch.sin(a)\nplt.plot": sine_is_plotted,
    "print(model.layer2.weight[0][0:10]) # just": initial_weights,
    "optimizer = torch.optim.SGD": first_loss,
    "loss.backward()\nprint(model": gradients_appear,
    "optimizer.step()": step_moves_weights,
    "print(model.layer2.weight.grad[0][0:10])\n\nfor": gradients_accumulate,
    "x = torch.rand(5": detached_copy,
    "a = torch.linspace(0., 2. * math.pi, steps=25, requires_grad=True)\ntorch.sin_(a)": leaf_in_place,
    "device = torch.device('cpu')": profiler_rows,
    "x = torch.randn(3, requires_grad=True)": doubled_past_a_thousand,
    "v = torch.tensor([0.1": product_with_a_vector,
    "def exp_adder": jacobian_of_exp_adder,
    "inputs = (torch.rand(3)": jacobian_of_exp_adder,
    "def do_some_doubling": vector_jacobian_product,
}
"""What must hold of a cell with random numbers upstream, or of one that prints nothing; by how it begins."""


def assert_numbers_like(cell: Cell, text: str, suffix: str = "", count: int = 10) -> None:
    """`text` is one printed vector of `count` numbers, four digits after the point, and the suffix."""
    assert re.fullmatch(rf"tensor\(\[({NUMBER},?\s*){{{count}}}\](,\s+{re.escape(suffix)})?\)", text), text
    assert text.endswith(f"{suffix})")
    assert all(len(number.split("e")[0].split(".")[1]) == 4 for number in re.findall(NUMBER, text))


def compare_to_the_letter(cell: Cell) -> None:
    assert cell.expected is not None
    problem = harness.difference(
        harness.Result(harness.masked(cell.expected).splitlines()),
        harness.Result(harness.masked(cell.printed).splitlines()),
        None,
    )
    assert not problem, f"\n{problem}"


@cache
def outcomes() -> list[tuple[Cell, Exception | None]]:
    """Every cell and what its check said: run once, in order, for a check must see the tensors as they then were."""
    cells = parse(SEED.read_text(encoding="utf-8"))
    plots = Plots()
    matplotlib, ticker = ModuleType("matplotlib"), ModuleType("matplotlib.ticker")
    matplotlib.pyplot, matplotlib.ticker = plots, ticker  # type: ignore[attr-defined]
    shims = {"matplotlib": matplotlib, "matplotlib.pyplot": plots, "matplotlib.ticker": ticker}
    notes: dict[str, Any] = {}
    namespace: dict[str, Any] = {"__name__": "__main__", "notes": notes}
    results: list[tuple[Cell, Exception | None]] = []
    with pytest.MonkeyPatch.context() as patch:
        for name, module in shims.items():
            patch.setitem(sys.modules, name, module)
        alias.install()
        for cell in cells:
            problem: Exception | None = None
            run_cell(cell, namespace)
            try:
                check_cell(cell)
            except (Exception, AssertionError) as error:
                problem = error
            results.append((cell, problem))
        alias.uninstall()
    return results


def check_cell(cell: Cell) -> None:
    check = next((CHECKS[start] for start in CHECKS if cell.code.startswith(start)), None)
    if cell.error is not None and check is not leaf_in_place:
        raise cell.error
    if check is not None:
        check(cell)
    elif any(cell.code.startswith(start) for start in EXACT):
        compare_to_the_letter(cell)
    else:
        assert cell.expected is None, f"nothing says how to judge the output of\n{cell.code}"
        assert cell.printed == ""


# --- The tests -------------------------------------------------------------------------------------------------------


@pytest.fixture
def torch_is_the_engine() -> Iterator[None]:
    alias.install()
    yield
    alias.uninstall()


@pytest.mark.usefixtures("torch_is_the_engine")
@pytest.mark.parametrize("name", [name for name in harness.names() if name.startswith("tutorial_")])
def test_our_own_walk(name: str) -> None:
    reference = harness.from_json(harness.load_references()["programs"][name])
    problem = harness.difference(reference, harness.execute(name), harness.tolerance(name))
    assert not problem, f"\n{problem}"


if SEED.exists():
    # Defined only where the text is: the walk above is what stands in for it elsewhere, so nothing is ever skipped.

    @pytest.mark.parametrize("number", range(len(parse(SEED.read_text(encoding="utf-8")))))
    def test_cell(number: int) -> None:
        cell, problem = outcomes()[number]
        if problem is not None:
            raise AssertionError(f"cell {number}:\n{cell.code}\n--- printed\n{cell.printed}") from problem

    def test_every_cell_is_judged() -> None:
        cells = [cell for cell, _ in outcomes()]
        assert len(cells) == 26
        assert sum(cell.expected is not None for cell in cells) == 20
        for start in [*EXACT, *CHECKS]:
            assert sum(cell.code.startswith(start) for cell in cells) == 1, f"{start!r} must name one cell"

    def test_the_two_pictures() -> None:
        plots = outcomes()[0][0].names["plt"]
        (x, sine), (same, gradient) = plots.drawn
        np.testing.assert_array_equal(x, same)
        np.testing.assert_allclose(sine, np.sin(x), atol=1e-6)
        np.testing.assert_allclose(gradient, 2 * np.cos(x), atol=1e-6)
