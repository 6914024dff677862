"""A number of a program over a range of one of its inputs, or over a grid of two, with its derivatives.

Only the lines between the inputs and the output are run again, unwatched, and with all points at once where the program
takes a row of numbers for one; what comes of that is compared with some points run one by one, and the program's own
result with what the lines give for the inputs as they are. Where that does not agree all of the program is run for each
point, and where there is no time for that, nothing is drawn.
"""

from __future__ import annotations

import ast
import builtins
import io
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from types import CodeType
from typing import Any

import numpy as np

from engine.backward import grad
from engine.random import manual_seed
from engine.state import S, unobserved
from engine.tensor import Tensor
from playground.protocol import Curve, CurveRequest, Field, FieldRequest
from playground.runner.channel import PROGRAM
from playground.worker.output import clean
from playground.worker.program import Program
from playground.worker.straight import Lines, NotStraight, Text

_BUDGET_S = 0.03
"""For all curves and the field of one answer: a control that is dragged does not wait for them."""
_CHECKED = (0.0, 0.31, 0.5, 0.77, 1.0)
"""Where along the points a row is compared with points run one by one."""

Numbers = Any
"""A NumPy array of float64."""
Found = tuple[Numbers, list[Numbers]]
"""The output, and its derivative with respect to each input."""


class Plotter:
    """Answers what is asked about one program that has run, within the time there is."""

    def __init__(self, code: str, seed: int, program: Program) -> None:
        self._code, self._seed, self._program = code, seed, program
        self._end = perf_counter() + _BUDGET_S
        self._text: Text | None = None

    def curve(self, wanted: CurveRequest) -> Curve:
        """The output over a range of the input."""
        x = np.linspace(wanted.low, wanted.high, wanted.count)
        try:
            (y, (dy,)), note = self._over([wanted.input], wanted.output, [x])
        except NotStraight as why:
            return Curve(output=wanted.output, input=wanted.input, x=b"", y=b"", dy=b"", note=str(why))
        return Curve(
            output=wanted.output, input=wanted.input, x=_bytes(x), y=_bytes(y), dy=_bytes(dy), note=note
        )

    def field(self, wanted: FieldRequest) -> Field:
        """The output and its gradient over a grid, the second input along the rows."""
        sides = [
            np.linspace(low, high, wanted.count) for low, high in zip(wanted.low, wanted.high, strict=True)
        ]
        x0, x1 = (grid.ravel() for grid in np.meshgrid(*sides))
        try:
            if wanted.inputs[0] == wanted.inputs[1]:
                raise NotStraight("A field is over two inputs that are not the same.")
            (y, slopes), note = self._over(wanted.inputs, wanted.output, [x0, x1])
        except NotStraight as why:
            none = dict.fromkeys(("x0", "x1", "y", "dy0", "dy1"), b"")
            return Field(output=wanted.output, inputs=wanted.inputs, note=str(why), **none)
        found = dict(zip(("x0", "x1", "y", "dy0", "dy1"), map(_bytes, (*sides, y, *slopes)), strict=True))
        return Field(output=wanted.output, inputs=wanted.inputs, note=note, **found)

    def _over(self, inputs: list[str], output: str, points: list[Numbers]) -> tuple[Found, str]:
        if not all(np.isfinite(column).all() for column in points):
            raise NotStraight("The range is too large.")
        if self._text is None:
            self._text = Text(self._code)
        lines = self._text.between(inputs, output)
        names = self._program.module.__dict__
        tensors = [_input(names, name) for name in inputs]
        if output not in names:
            raise NotStraight(f"The program stops before it has made {output}.")
        if type(names[output]) not in (int, float) and not isinstance(names[output], Tensor):
            raise NotStraight(f"{output} is neither a tensor nor a number.")
        given = (names, lines, inputs, output, tensors)
        with _quietly():
            ways: list[Callable[[], _Runs]] = [lambda: _FromTheBeginning(*given, seed=self._seed)]
            if lines.again:
                ways.insert(0, lambda: _Again(*given))
            for way in ways:
                run = way()
                try:
                    if run.agrees():
                        return self._all(run, points)
                finally:
                    run.restore()
        raise NotStraight(f"{output} is not the same each time the program runs.")

    def _all(self, run: _Runs, points: list[Numbers]) -> tuple[Found, str]:
        count = len(points[0])
        places = [int(part * (count - 1)) for part in _CHECKED]
        since = perf_counter()
        one_by_one, note = run.each([column[places] for column in points], self._end)
        together = run.together(points)
        if together is not None and _same(_part(together, places), one_by_one):
            return together, note
        each = (perf_counter() - since) / len(places)
        if perf_counter() + each * count > self._end:
            raise NotStraight(
                f"It takes too long to be drawn while it is dragged: {1000 * each:.1f} ms a point."
            )
        return run.each(points, self._end)


class _Runs:
    """Gives the inputs other values and says what becomes of the output."""

    def __init__(
        self, names: dict[str, Any], lines: Lines, inputs: list[str], output: str, now: list[Tensor]
    ) -> None:
        self.names = names
        self._inputs, self._output, self._now = inputs, output, now
        self._kept = {name: names[name] for name in (*inputs, *lines.names) if name in names}
        self._wanted = names.get(output)

    def value(self, leaves: Sequence[Tensor]) -> Any:
        """Run with these for the inputs; what the output is then. Raises what the program raises."""
        raise NotImplementedError

    def agrees(self) -> bool:
        """Whether the inputs as they are give what the program gave."""
        try:
            found = self.value([_leaf(t._data, t) for t in self._now])
            return bool(
                np.allclose(_total(found), _total(self._wanted), rtol=1e-4, atol=1e-6, equal_nan=True)
            )
        except Exception:
            return False

    def each(self, points: list[Numbers], end: float) -> tuple[Found, str]:
        """Point by point. NaN where the program fails, and its first complaint; NotStraight if time is up."""
        count = len(points[0])
        y = np.full(count, np.nan)
        slopes = [np.full(count, np.nan) for _ in points]
        note = ""
        for n in range(count):
            if n % 8 == 7 and perf_counter() > end:
                raise NotStraight("It takes too long to be drawn while it is dragged.")
            try:
                leaves = [
                    _leaf(np.full(t._data.shape, c[n]), t) for c, t in zip(points, self._now, strict=True)
                ]
                found = self.value(leaves)
                y[n] = _total(found)
                for column, g in zip(slopes, _slopes(found, leaves), strict=True):
                    if g is not None:
                        column[n] = g.sum()
            except Exception as problem:
                where = ", ".join(
                    f"{name} = {c[n]:.4g}" for name, c in zip(self._inputs, points, strict=True)
                )
                note = note or clean(f"At {where}: {type(problem).__name__}: {problem}", 1_000)
        return (y, slopes), note

    def together(self, points: list[Numbers]) -> Found | None:
        """All points in one go; None if the program does not take a row of numbers for one."""
        try:
            leaves = [_leaf(column, t) for column, t in zip(points, self._now, strict=True)]
            found = self.value(leaves)
            if not isinstance(found, Tensor) or found._data.shape != points[0].shape:
                return None
            missing = np.full(points[0].shape, np.nan)
            slopes = [missing if g is None else g.astype(np.float64) for g in _slopes(found, leaves)]
            return found._data.astype(np.float64), slopes
        except Exception:
            return None

    def restore(self) -> None:
        """Let the program's variables be what they were."""
        self.names.update(self._kept)


class _Again(_Runs):
    """Runs the lines that depend on the inputs, among the program's variables as they are."""

    def __init__(
        self, names: dict[str, Any], lines: Lines, inputs: list[str], output: str, now: list[Tensor]
    ) -> None:
        super().__init__(names, lines, inputs, output, now)
        self._code = _compiled(lines.again)

    def value(self, leaves: Sequence[Tensor]) -> Any:
        names = self.names
        names.update(zip(self._inputs, leaves, strict=True))
        exec(self._code, names)  # noqa: S102 (a part of the program)
        return names[self._output]


class _FromTheBeginning(_Runs):
    """Runs all of the program up to the output, with the inputs replaced when they are made."""

    def __init__(
        self,
        names: dict[str, Any],
        lines: Lines,
        inputs: list[str],
        output: str,
        now: list[Tensor],
        *,
        seed: int,
    ) -> None:
        super().__init__(names, lines, inputs, output, now)
        self._seed = seed
        self._parts: list[tuple[CodeType, str]] = []
        waiting: list[ast.stmt] = []
        for node in lines.whole:
            waiting.append(node)
            target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
            if (
                isinstance(target, ast.Name)
                and target.id in inputs
                and isinstance(node, ast.Assign | ast.AnnAssign)
            ):
                self._parts.append((_compiled(waiting), target.id))
                waiting = []
        self._parts.append((_compiled(waiting), ""))

    def value(self, leaves: Sequence[Tensor]) -> Any:
        given = dict(zip(self._inputs, leaves, strict=True))
        names: dict[str, Any] = {"__builtins__": builtins, "__name__": "__main__", "__file__": PROGRAM}
        random.seed(self._seed)
        np.random.seed(self._seed % 2**32)
        manual_seed(self._seed)
        for code, name in self._parts:
            exec(code, names)  # noqa: S102
            if name:
                names[name] = given[name]
        return names[self._output]


def _compiled(nodes: list[ast.stmt]) -> CodeType:
    return compile(ast.Module(nodes, []), PROGRAM, "exec", dont_inherit=True)


def _input(names: dict[str, Any], name: str) -> Tensor:
    t = names.get(name)
    if not isinstance(t, Tensor) or t._data.size != 1 or t._data.dtype.kind != "f":
        raise NotStraight(f"{name} is not a tensor with one number in it.")
    return t


def _leaf(values: Numbers, like: Tensor) -> Tensor:
    leaf = Tensor._wrap(np.asarray(values, like._data.dtype))
    leaf.requires_grad = True
    return leaf


def _total(found: Any) -> float:
    """The number that is drawn: of several elements their sum."""
    return float(found._data.sum() if isinstance(found, Tensor) else found)


def _slopes(found: Any, leaves: Sequence[Tensor]) -> list[Numbers]:
    if not isinstance(found, Tensor) or not found.requires_grad:
        return [None] * len(leaves)
    gradients = grad(found if found._data.size == 1 else found.sum(), leaves, allow_unused=True)
    # Where it does not depend on an input, its derivative is zero.
    return [
        np.zeros_like(leaf._data) if g is None else g._data for g, leaf in zip(gradients, leaves, strict=True)
    ]


def _part(found: Found, places: list[int]) -> Found:
    return found[0][places], [column[places] for column in found[1]]


def _same(one: Found, other: Found) -> bool:
    return all(
        np.allclose(a, b, rtol=1e-3, atol=1e-6 * (1 + float(np.nanmax(np.abs(b), initial=0))), equal_nan=True)
        for a, b in zip((one[0], *one[1]), (other[0], *other[1]), strict=True)
    )


def _bytes(numbers: Numbers) -> bytes:
    return np.ascontiguousarray(numbers, "<f8").tobytes()


class _Nowhere(io.TextIOBase):
    def write(self, text: str) -> int:
        return len(text)


@contextmanager
def _quietly() -> Iterator[None]:
    """Nothing is watched, printed or warned of."""
    shown, grad_enabled = (sys.stdout, sys.stderr), S.grad_enabled
    sys.stdout = sys.stderr = _Nowhere()
    S.grad_enabled = True
    try:
        with unobserved(), np.errstate(all="ignore"):
            yield
    finally:
        (sys.stdout, sys.stderr), S.grad_enabled = shown, grad_enabled
