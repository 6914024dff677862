"""Random PyTorch programs, run in the naive engine and elsewhere at once.

    python tests/engine/random_graphs.py [--programs N]

The state machine writes a program line by line: operations, views, in-place writes to bases and views, ``no_grad``,
hooks, retained gradients, backward passes. After each line everything a program can see must agree: values, shapes,
versions, `requires_grad`, `is_leaf`, gradients, and whether the line is refused, with which message.

`test_random_graphs.py` runs them in the engine. Run as a script, where PyTorch 2.13.0 is installed, they run in PyTorch
and in the engine, so that PyTorch judges the naive engine too; then the names of `grad_fn` must agree as well.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.engine import naive

TENSORS = 8
"""How many variables a program has; then it begins to reuse their names, so that tensors die while graphs live."""

LARGEST = 1e4
"""Programs whose numbers grow beyond this are not continued along that line: what cancels then is not the point."""

UNARY = ("neg", "sin", "cos", "tanh", "sigmoid", "relu", "abs", "square")
BINARY = ("add", "sub", "mul", "div")

which = st.integers(0, TENSORS - 1)
numbers = st.sampled_from([0.5, -1.5, 2.0, 0.25, -0.75, 3.0])
shapes = st.sampled_from([(), (2,), (3,), (2, 3), (3, 2), (2, 2), (1, 3), (2, 1, 2), (4,)])


class Differs(AssertionError):
    """One thing that is not the same; the message has the program."""


class Line(NamedTuple):
    """One line of a program, and the name it gives to something, if any."""

    text: str
    name: str | None


class Program:
    """A program that runs line by line in the naive engine and in `subjects`."""

    def __init__(self, subjects: dict[str, Any]) -> None:
        self.subjects = subjects
        self.lines: list[Line] = []
        self.notes: list[str] = []
        self.spaces: dict[str, dict[str, Any]] = {
            n: {"torch": m, "copy_of": _copy_of, "kept": _Kept()} for n, m in subjects.items()
        }
        self.naive: dict[str, Any] = {"torch": naive, "copy_of": _copy_of, "kept": _Kept()}
        self.names: list[str] = []
        self.made = 0
        self.over = False

    def write(self, line: str, grad: bool = True, new: bool = False) -> None:
        """Add a line and run it everywhere; with `new` its value is given a name.

        Raises:
            Differs: with the shortest program found that differs too.
        """
        name = f"t{self.made % TENSORS}" if new else None
        text = f"{name} = {line}" if new else line
        if self.over:
            return
        try:
            self.run(Line(text if grad else f"with torch.no_grad(): {text}", name))
        except Differs:
            shortest = _shortened(self.lines, self.subjects)
            raise Differs("\n".join(["", *shortest.shown(), str(_first_difference(shortest))])) from None

    def shown(self) -> list[str]:
        return [line.text + note for line, note in zip(self.lines, self.notes, strict=True)]

    def run(self, line: Line) -> None:
        self.lines.append(line)
        self.notes.append("")
        refused = None
        try:
            exec(_for_naive(line.text), self.naive)
        except naive.Refused as error:
            refused = str(error)
            # How far a pass came before it was refused is no promise of anybody's.
            self.over = "backward(" in line.text or "grad(t" in line.text
            self.notes[-1] = f"  # refused: {refused}"
        for subject, space in self.spaces.items():
            try:
                exec(line.text, space)
            except RuntimeError as error:
                if refused is None:
                    raise Differs(f"{subject} refuses: {error}") from error
                if refused not in str(error):
                    raise Differs(f"{subject} says: {error}\n# not: {refused}") from error
            except Exception as error:
                raise Differs(f"{subject} fails: {type(error).__name__}: {error}") from error
            else:
                if refused is not None:
                    raise Differs(f"{subject} does not refuse: {refused}")
        if line.name is not None and refused is None:
            name = line.name
            if self.naive[name] is None:
                for space in (self.naive, *self.spaces.values()):
                    del space[name]
            self.made += 1
            self.names = [n for n in self.names if n != name] + [name] * (name in self.naive)
        if not self.over:
            self.compare()

    def compare(self) -> None:
        """Raise unless all that a program can see of its tensors agrees."""
        for name in self.names:
            expected = self.naive[name]
            for subject, space in self.spaces.items():
                self.compare_tensor(f"{subject}: {name}", expected, space[name])
            if len(self.spaces) > 1:
                nodes = {subject: _outcome(_node_name, space[name]) for subject, space in self.spaces.items()}
                if len(set(nodes.values())) > 1:
                    raise Differs(f"{name}.grad_fn: {nodes}")

    def compare_tensor(self, what: str, expected: naive.Tensor, got: Any) -> None:
        _same(f"{what}.shape", expected.shape, tuple(got.shape))
        values = got.detach().numpy()
        if not np.allclose(values.ravel(), expected.values(), rtol=1e-9, atol=1e-9):
            raise Differs(f"{what}: expected {expected.values()}, got {values.ravel().tolist()}")
        _same(f"{what}._base is None", expected._base is None, got._base is None)
        _same(f"{what}.requires_grad", expected.requires_grad, got.requires_grad)
        _same(f"{what}.is_leaf", _outcome(_is_leaf, expected), _outcome(_is_leaf, got))
        if (expected.grad is None) != (got.grad is None):
            raise Differs(f"{what}.grad: expected {expected.grad and expected.grad.values()}, got {got.grad}")
        if expected.grad is not None:
            grads = got.grad.detach().numpy().ravel()
            if not np.allclose(
                grads, expected.grad.values(), rtol=1e-7, atol=1e-7 * max(1.0, abs(grads).max())
            ):
                raise Differs(f"{what}.grad: expected {expected.grad.values()}, got {grads.tolist()}")


def _first_difference(program: Program) -> Differs | None:
    """What goes wrong in a program that is run again."""
    again = Program(program.subjects)
    try:
        for line in program.lines:
            again.run(line)
    except Differs as difference:
        program.notes = again.notes
        return difference
    except (NameError, IndexError, ValueError):  # of the naive engine: without a line that was left out
        return None
    return None


def _shortened(lines: list[Line], subjects: dict[str, Any]) -> Program:
    """The program without the lines it differs without too."""
    kept = Program(subjects)
    kept.lines = list(lines)
    kept.notes = [""] * len(lines)
    shorter = True
    while shorter:
        shorter = False
        for k in reversed(range(len(kept.lines) - 1)):
            less = Program(subjects)
            less.lines = kept.lines[:k] + kept.lines[k + 1 :]
            less.notes = [""] * len(less.lines)
            if _first_difference(less) is not None:
                kept, shorter = less, True
    return kept


def _same(what: str, expected: Any, got: Any) -> None:
    if expected != got:
        raise Differs(f"{what}: expected {expected}, got {got}")


class Graphs(RuleBasedStateMachine):
    """Writes one program."""

    subjects: ClassVar[dict[str, Any]] = {}
    """Name, and a module with PyTorch's names."""

    def __init__(self) -> None:
        super().__init__()
        self.program = Program(self.subjects)
        self.run = self.program.write

    @property
    def names(self) -> list[str]:
        return self.program.names

    # --- Choosing ----------------------------------------------------------------------------------------------------

    def pick(self, k: int) -> str:
        return self.names[k % len(self.names)]

    def tensor(self, name: str) -> naive.Tensor:
        found: naive.Tensor = self.program.naive[name]
        return found

    def small(self, *names: str) -> bool:
        return all(abs(v) <= LARGEST for n in names for v in self.tensor(n).values())

    def divides(self, name: str) -> bool:
        return all(abs(v) > 1e-2 for v in self.tensor(name).values())

    # --- Rules -------------------------------------------------------------------------------------------------------

    @rule(shape=shapes, seed=st.integers(0, 9), requires_grad=st.booleans())
    def leaf(self, shape: tuple[int, ...], seed: int, requires_grad: bool) -> None:
        values = _values(shape, seed)
        self.run(f"torch.tensor({values}, dtype=torch.float64, requires_grad={requires_grad})", new=True)

    @precondition(lambda self: self.names)
    @rule(op=st.sampled_from(UNARY), a=which, grad=st.integers(0, 5))
    def unary(self, op: str, a: int, grad: int) -> None:
        if self.small(self.pick(a)):
            self.run(f"{self.pick(a)}.{op}()", grad > 0, new=True)

    @precondition(lambda self: self.names)
    @rule(op=st.sampled_from(BINARY), a=which, b=which, grad=st.integers(0, 5))
    def binary(self, op: str, a: int, b: int, grad: int) -> None:
        left, right = self.pick(a), self.pick(b)
        if self.small(left, right) and (op != "div" or self.divides(right)):
            self.run(f"{left}.{op}({right})", grad > 0, new=True)

    @precondition(lambda self: self.names)
    @rule(op=st.sampled_from(BINARY), a=which, value=numbers)
    def with_number(self, op: str, a: int, value: float) -> None:
        if self.small(self.pick(a)):
            self.run(f"{self.pick(a)}.{op}({value})", new=True)

    @precondition(lambda self: self.names)
    @rule(a=which, b=which)
    def product(self, a: int, b: int) -> None:
        left, right = self.pick(a), self.pick(b)
        if self.tensor(left).index.ndim == self.tensor(right).index.ndim == 2 and self.small(left, right):
            self.run(f"{left} @ {right}", new=True)

    @precondition(lambda self: self.names)
    @rule(a=which, kind=st.sampled_from(["sum", "mean"]), dim=st.sampled_from([None, 0, -1]))
    def reduction(self, a: int, kind: str, dim: int | None) -> None:
        if self.tensor(self.pick(a)).index.ndim or dim is None:
            self.run(f"{self.pick(a)}.{kind}({'' if dim is None else dim})", new=True)

    @precondition(lambda self: self.names)
    @rule(a=which, b=which)
    def joined(self, a: int, b: int) -> None:
        left, right = self.pick(a), self.pick(b)
        if self.tensor(left).index.ndim == self.tensor(right).index.ndim > 0:
            self.run(f"torch.cat([{left}, {right}])", new=True)

    @precondition(lambda self: self.names)
    @rule(a=which, kind=st.sampled_from(["clone()", "detach()", "data"]))
    def copied(self, a: int, kind: str) -> None:
        self.run(f"{self.pick(a)}.{kind}", new=True)

    @precondition(lambda self: self.names)
    @rule(a=which, data=st.data(), grad=st.integers(0, 5))
    def view(self, a: int, data: st.DataObject, grad: int) -> None:
        forms = _view_forms(self.tensor(self.pick(a)))
        form = data.draw(st.sampled_from(forms))
        self.run(f"{self.pick(a)}{form}", grad > 0, new=True)

    @precondition(lambda self: self.names)
    @rule(
        a=which,
        op=st.sampled_from([*(f"{u}_()" for u in UNARY), "zero_()", "fill_(1.5)"]),
        grad=st.integers(0, 5),
    )
    def unary_in_place(self, a: int, op: str, grad: int) -> None:
        if self.small(self.pick(a)):
            self.run(f"{self.pick(a)}.{op}", grad > 0)

    @precondition(lambda self: self.names)
    @rule(a=which, op=st.sampled_from(BINARY), value=numbers, grad=st.integers(0, 5))
    def number_in_place(self, a: int, op: str, value: float, grad: int) -> None:
        if self.small(self.pick(a)):
            self.run(f"{self.pick(a)}.{op}_({value})", grad > 0)

    @precondition(lambda self: self.names)
    @rule(a=which, b=which, op=st.sampled_from([*BINARY, "copy"]), grad=st.integers(0, 5))
    def binary_in_place(self, a: int, b: int, op: str, grad: int) -> None:
        left, right = self.pick(a), self.pick(b)
        if not self.small(left, right) or (op == "div" and not self.divides(right)):
            return
        if not naive.unclear(self.tensor(left), self.tensor(right)):
            self.run(f"{left}.{op}_({right})", grad > 0)

    @precondition(lambda self: self.names)
    @rule(a=which, b=st.one_of(which, numbers), data=st.data(), sign=st.sampled_from(["=", "=", "+=", "*="]))
    def item(self, a: int, b: int | float, data: st.DataObject, sign: str) -> None:
        target = self.pick(a)
        keys = _keys(self.tensor(target).shape)
        if not keys or not self.small(target):
            return
        key = data.draw(st.sampled_from(keys))
        value = self.pick(b) if isinstance(b, int) else b
        if isinstance(value, str):
            whole = self.tensor(target)
            part = naive.Tensor(whole.memory, np.asarray(whole.index[eval(f"_[{key}]", {"_": np.s_})]))
            if not self.small(value) or naive.unclear(part, self.tensor(value)):
                return
            if self.tensor(value).index.ndim > part.index.ndim:
                return
        self.run(f"{target}[{key}] {sign} {value}")

    @precondition(lambda self: self.names)
    @rule(a=which)
    def retain(self, a: int) -> None:
        self.run(f"{self.pick(a)}.retain_grad()")

    @precondition(lambda self: self.names)
    @rule(a=which)
    def hook(self, a: int) -> None:
        self.run(f"{self.pick(a)}.register_hook(lambda g: g * 2)")

    @precondition(lambda self: self.names)
    @rule(a=which)
    def cut(self, a: int) -> None:
        cut = self.tensor(self.pick(a))
        # What a gradient that is retained, or a view, is of then is not worth agreeing on.
        views = [t for t in map(self.tensor, self.names) if t.base is cut]
        if not cut.retains_grad and not views:
            self.run(f"{self.pick(a)}.detach_()")

    @precondition(lambda self: self.names)
    @rule(a=which, keep=st.booleans(), seed=st.integers(0, 9))
    def backward(self, a: int, keep: bool, seed: int) -> None:
        name = self.pick(a)
        seeded = _values(self.tensor(name).shape, seed)
        if self.tensor(name).index.size == 1 and seed % 2:
            self.run(f"{name}.backward(retain_graph={keep})")
        else:
            self.run(f"{name}.backward(torch.tensor({seeded}, dtype=torch.float64), retain_graph={keep})")

    @precondition(lambda self: self.names)
    @rule(a=which, b=which, keep=st.booleans(), seed=st.integers(0, 9))
    def grad(self, a: int, b: int, keep: bool, seed: int) -> None:
        name, wanted = self.pick(a), self.pick(b)
        if self.tensor(name).retains_grad and not naive.reaches(self.tensor(name), self.tensor(wanted)):
            return  # PyTorch then retains the gradient of `name`, though it runs nothing
        seeded = _values(self.tensor(name).shape, seed)
        self.run(
            f"copy_of(torch.autograd.grad({name}, {wanted}, torch.tensor({seeded}, dtype=torch.float64), "
            f"retain_graph={keep}, allow_unused=True)[0])",
            new=True,
        )

    @precondition(lambda self: self.names)
    @rule(a=which, forget=st.booleans())
    def gradient(self, a: int, forget: bool) -> None:
        name = self.pick(a)
        if forget:
            self.run(f"{name}.grad = None")
        elif self.tensor(name).grad is not None:
            # PyTorch's graph keeps a leaf, ours does not: nobody can tell, but by a gradient taken from it before.
            self.run(f"kept({name}).grad", new=True)


def _outcome(question: Callable[[Any], Any], tensor: Any) -> Any:
    """The answer, or that there is none: a view that was written to in a way that is not allowed refuses it."""
    try:
        return question(tensor)
    except RuntimeError:
        return "refused"


def _is_leaf(t: Any) -> bool:
    return bool(t.is_leaf)


class _Kept(list[Any]):
    """Keeps what it is called with, and gives it back."""

    def __call__(self, tensor: Any) -> Any:
        self.append(tensor)
        return tensor


def _copy_of(gradient: Any) -> Any:
    """PyTorch may give a part of a larger gradient, which is nobody's business."""
    return None if gradient is None else gradient.clone()


def _node_name(t: Any) -> str | None:
    return None if t.grad_fn is None else str(t.grad_fn.name())


def _values(shape: tuple[int, ...], seed: int) -> Any:
    """Small numbers, none 0, as nested lists."""
    n = math.prod(shape)
    values = [((seed * 7 + 3 * k) % 11 - 5.5) / 4 for k in range(n)]
    return np.reshape(values, shape).tolist()


def _keys(shape: tuple[int, ...]) -> list[str]:
    keys = []
    if shape:
        keys += ["0", "-1", ":1", "1:", "::2", "..."]
    if len(shape) > 1:
        keys += [":, 0", "0, -1", "..., 1:" if shape[-1] > 1 else ":, :"]
    return keys


def _view_forms(t: naive.Tensor) -> list[str]:
    shape = t.shape
    n, ndim = math.prod(shape), len(shape)
    forms = [*(f"[{k}]" for k in _keys(shape) if k != "1:" or shape[0] > 1), ".unsqueeze(0)", ".squeeze()"]
    if t.ordered:
        forms += [".view(-1)", f".reshape({n}, 1)", f".view(1, {n})"]
    if ndim:
        forms += [".unbind(0)[0]", ".unbind(-1)[-1]", ".split(1, 0)[-1]", ".split(2, -1)[0]"]
    if ndim == 1:
        forms += [f".expand(2, {n})", f".expand(1, {n})"]
    if ndim >= 2:
        forms += [
            ".transpose(0, 1)",
            f".permute({', '.join(map(str, reversed(range(ndim))))})",
            ".diagonal()",
        ]
        if t.ordered:
            forms += [f".view({n})", f".reshape({shape[1]}, {n // shape[1]})"]
    return forms


def _for_naive(text: str) -> str:
    """The same line in the few names the naive engine has."""
    text = text.replace("register_hook(lambda g: g * 2)", "double_gradient()")
    return re.sub(r"torch\.autograd\.grad\((.*), allow_unused=True\)\[0\]", r"torch.grad(\1)", text)


def main() -> int:
    """Judge the naive engine and the engine by PyTorch."""
    import torch

    import engine

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--programs", type=int, default=300)
    parser.add_argument("--seed", type=int, help="other programs than the usual ones")
    parser.add_argument("--without-engine", action="store_true", help="judge the naive engine alone")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    Graphs.subjects = {"PyTorch": torch} | ({} if chosen.without_engine else {"engine": engine})
    machine = Graphs
    if chosen.seed is not None:
        from hypothesis import seed

        machine = seed(chosen.seed)(Graphs)
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=chosen.programs,
                stateful_step_count=40,
                deadline=None,
                derandomize=chosen.seed is None,
                database=None,
                print_blob=False,
                phases=[Phase.generate],  # a program that differs is shortened line by line
                report_multiple_bugs=False,
            ),
        )
    except Differs as difference:
        print(difference)
        return 1
    print(f"{chosen.programs} random programs agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
