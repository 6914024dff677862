"""A recording done once more on symbols: what each tensor is, and the derivatives of one with respect to the leaves.

For operations that work element by element the engine's own derivative rule runs on symbols (`engine.formulas`);
those of whole tensors have rules on symbols of their own (`cotangents.py`). The chain rule backward along the graph
gives the derivatives: of a tensor with several elements that of their sum, as ``y.sum().backward()`` does, or where
every element depends on one element alone, element by element.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from time import process_time
from typing import Any

import numpy as np

from engine.formulas import Functions, tensors
from engine.formulas.notation import CONDITIONS
from engine.formulas.shapes import Shape, broadcast
from engine.formulas.symbols import (
    NoFormula,
    Product,
    Sum,
    call,
    opened,
    shape_of,
    symbol,
    variable,
)
from engine.registry import POINTWISE, Op
from engine.tensor import Tensor
from playground.worker.cotangents import BACK, OWN_NAME, VALUES, fit, stack_back
from playground.worker.keeping import Kept
from playground.worker.records import HERE, NodeRecord, Source

OWN = "."
"""Before the name of a program's variable, or the op table would take ``k`` for an argument of its own."""
_MOST_PARTS = 60
"""Operations in one formula: a longer one is not read."""
BUDGET_S = 0.05

Symbols = Callable[..., Sum]

_FORWARD: dict[str, Symbols] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "rsub": lambda x, k: k - x,
    "rsub_tensor": lambda a, b: b - a,
    "mul": lambda a, b: a * b,
    "mul_scalar": lambda x, k: x * k,
    "div": lambda a, b: a / b,
    "div_scalar": lambda x, k: x / k,
    "neg": lambda x: -x,
    "reciprocal": lambda x: x**-1,
    "pow_tensor_scalar": lambda x, n: _power(x, n),
    "pow_scalar": lambda x, k: _number(k) ** x,
    "pow_tensor": lambda a, b: a**b,
    "addcmul": lambda a, b, c, v: a + v * b * c,
    "addcdiv": lambda a, b, c, v: a + v * b / c,
}
"""Arithmetic, which is gathered and put in order. Every other operation is written as the op table has it."""

_RULES: dict[str, tuple[Symbols, ...]] = {
    "pow_scalar": (lambda x, k: _number(k) ** x * _log(k),),
    "pow_tensor": (lambda a, b: b * a ** (b - 1), lambda a, b: a**b * _log(a)),
    "pow_tensor_scalar": (lambda x, n: _number(n) * _power(x, n - 1),),
}
"""Derivatives whose rules take care of cases that a formula leaves to the reader."""

TOO_LONG = "it would be too long to read"
_NO_TIME = "there was no time to work it out"
_UNTOLD = (NoFormula, TypeError, ValueError, RecursionError, OverflowError, ZeroDivisionError)
"""What a rule may raise that is run on symbols."""
_SAME = re.compile(
    r"(detach|clone|squeeze|unsqueeze|reshape|view|expand|sum|mean|to|t|flatten)(_.*)?|_to_copy|alias"
)
"""With one element, these give what they are given."""


class Formulas:
    """Of one recording; `names` are the program's variables."""

    def __init__(self, records: Iterable[NodeRecord], names: Mapping[str, Any] | None = None) -> None:
        self._records = list(records)
        self._names = names or {}
        self._values: dict[int, tuple[Sum, int] | str] = {}
        self._end = process_time() + BUDGET_S

    def find(self, tensor: Tensor) -> NodeRecord | None:
        """What made a tensor with one output, as it is now."""
        for record in reversed(self._records):
            if len(record.tensors) == 1 and record.tensors[0]() is tensor:
                return record
        return None

    def value(self, record: NodeRecord) -> Sum:
        """What it made, as a formula of the tensors that were not made by operations.

        Raises:
            NoFormula: if there is none, or it is too long.
        """
        if record.id not in self._values:
            self._values[record.id] = "it is made of itself"
            try:
                self._values[record.id] = self._work_out(record)
            except _UNTOLD as why:
                self._values[record.id] = (
                    str(why) if isinstance(why, NoFormula) else "it cannot be written down"
                )
        found = self._values[record.id]
        if isinstance(found, str):
            raise NoFormula(found)
        return found[0]

    def slopes(self, record: NodeRecord, part: int | None = None) -> dict[int, Slope | str]:
        """The derivative with respect to each leaf that it depends on, by the leaf's id, or why there is no formula
        for it; of its element (or row) `part` if that is given."""
        shape = record.kept[0].shape
        seed = symbol(1)
        if part is not None:
            unit = tensors.unit(part % shape[0], shape[0])
            seed = (
                unit
                if len(shape) == 1
                else tensors.outer(unit, tensors.ones(shape[1:]))
                if len(shape) == 2
                else seed
            )
        coming: dict[int, list[tuple[int, Slope | str]]] = {record.id: [(0, Slope(seed, part is None))]}
        found: dict[int, Slope | str] = {}
        for one in sorted(self._behind(record), key=lambda r: -r.id):
            if one.id not in coming:
                continue
            slope = _added(coming[one.id])
            if one.kind in ("leaf", "parameter"):
                found[one.id] = slope if isinstance(slope, str) else self._fitting(slope, one)
            for k, (source, output, place, cut) in enumerate(one.sources):
                if not cut and one.op is not None and self.leaves(source):
                    here = slope if isinstance(slope, str) else self._passed(one, slope, k, output, place)
                    coming.setdefault(source.id, []).append((one.id, here))
        return found

    def leaves(self, record: NodeRecord) -> list[NodeRecord]:
        """The leaves that it depends on, with a name, in the order in which they were made."""
        found = {
            one.id: one
            for one in self._behind(record)
            if one.kind in ("leaf", "parameter") and one.names()[0]
        }
        return [found[id] for id in sorted(found)]

    def _behind(self, record: NodeRecord) -> list[NodeRecord]:
        """It and all that gradients of it reach."""
        found: dict[int, NodeRecord] = {}
        waiting = [record]
        while waiting:
            one = waiting.pop()
            if one.id not in found:
                found[one.id] = one
                waiting += [source for source, _, _, cut in one.sources if not cut]
        return list(found.values())

    def _fitting(self, slope: Slope, leaf: NodeRecord) -> Slope | str:
        shape = leaf.kept[0].shape if leaf.kept else ()
        mine = shape_of(slope.formula)
        fits = math.prod(mine) == math.prod(shape) or broadcast(mine, shape) == shape
        return slope if fits else "its shape is another one"

    def _passed(self, record: NodeRecord, slope: Slope, k: int, output: int, place: int) -> Slope | str:
        """A gradient of what an operation made as one of its `k`-th source."""
        op = record.op
        assert op is not None
        if process_time() > self._end:
            return _NO_TIME
        step = _Step(self, record)
        try:
            if output or len(record.kept) != 1:
                raise NoFormula(f"one of several results of {_called(op)}")
            if record.failed or "inplace" in record.flags:
                raise NoFormula("a tensor is changed in place")
            if _is_same(record):
                return slope
            if op.kind == POINTWISE:
                local = self._local(record, op, place)
                same = step.out == record.sources[k][0].kept[output].shape
                formula = fit(
                    _times(slope.formula, local, step.out), step.out, record.sources[k][0].kept[output].shape
                )
                return Slope(formula, slope.plain and same)
            if op.name == "stack_dim":
                return Slope(opened(stack_back(step, slope.formula, place)), False)
            rules = BACK.get(op.name, ())
            rule = rules[place] if place < len(rules) else None
            if rule is None:
                raise NoFormula(f"{_called(op)} has a derivative that is not written out")
            return Slope(opened(rule(step, slope.formula)), False)
        except _UNTOLD as why:
            return str(why) if isinstance(why, NoFormula) else f"{_called(op)} cannot be written down"

    def _work_out(self, record: NodeRecord) -> tuple[Sum, int]:
        """With how many operations it is."""
        if process_time() > self._end:
            raise NoFormula(_NO_TIME)
        if record.kind != "op":
            return _given(record), 1
        op = record.op
        if op is None or record.failed or len(record.kept) != 1:
            raise NoFormula("one of several results")
        if "inplace" in record.flags:
            raise NoFormula("a tensor is changed in place")
        size = 1
        for source, _, _, _ in record.sources:
            self.value(source)
            known = self._values[source.id]
            size += 0 if isinstance(known, str) else known[1]
        if size > _MOST_PARTS:
            raise NoFormula(TOO_LONG)
        if _is_same(record):
            return self.value(record.sources[0][0]), size
        if op.name in VALUES:
            return VALUES[op.name](_Step(self, record)), size
        if (
            op.kind != POINTWISE
            and op.name not in (*_FORWARD, *CONDITIONS)
            and any(_several(s.kept) for s, _, _, _ in record.sources)
        ):
            raise NoFormula(f"{_called(op)} is not written out")
        arguments = self.arguments(record)
        if op.name in _FORWARD:
            return _FORWARD[op.name](*_readable(op, arguments)), size
        return call(op.name, *(_symbol(a) if type(a) is float else a for a in arguments)), size

    def short(self, record: NodeRecord) -> Sum:
        """What it made, by its name if the program has one for it and the formula would be there often."""
        if record.op is not None and record.op.name in OWN_NAME:
            name = record.names()[0]
            tensor = record.tensors[0]() if len(record.tensors) == 1 else None
            if tensor is not None and self._names.get(name) is tensor:
                return variable(OWN + name, tuple(record.kept[0].shape))
        return self.value(record)

    def known(self, array: Any) -> Sum:
        """The variable of the program over the same memory. Raises NoFormula if there is none."""
        for name, value in self._names.items():
            if (
                isinstance(value, Tensor)
                and value._data.shape == array.shape
                and np.shares_memory(value._data, array)
            ):
                return variable(OWN + name, tuple(array.shape))
        raise NoFormula("a tensor has no name")

    def arguments(self, record: NodeRecord) -> list[Any]:
        """Symbols for its tensors and numbers, in the order of `Op.params`; what else it was given as it is."""
        sources = iter(record.sources)
        found: list[Any] = []
        for argument in record.arguments():
            if argument is HERE:
                source, output, _, _ = next(sources)
                if output:
                    raise NoFormula("one of several results")
                found.append(self.short(source))
            elif isinstance(argument, Tensor) and argument._data.size == 1:
                found.append(_number(argument._data.item()))
            elif isinstance(argument, (list, tuple)):
                raise NoFormula("several tensors")
            else:
                found.append(argument)
        return found

    def _local(self, record: NodeRecord, op: Op, place: int) -> Sum:
        """The derivative of an operation that works element by element with respect to one of its inputs."""
        arguments = self.arguments(record)
        if op.name in _RULES:
            return _RULES[op.name][place](*_readable(op, arguments))
        rule = op.vjp[place]
        if rule is None:
            raise NoFormula(f"{_called(op)} has no derivative")
        known = dict(zip(op.params, (_symbol(a) if type(a) is float else a for a in arguments), strict=False))
        wanted = list(inspect.signature(rule).parameters)[2:]
        if "y" in wanted:
            known["y"] = self.short(record)
        return symbol(rule(Functions(), symbol(1), *(known[name] for name in wanted)))


@dataclass(frozen=True)
class Slope:
    """A derivative on its way back."""

    formula: Sum
    plain: bool
    """Every element depends on one element: it is that of each element, not only of their sum."""


class _Step:
    """One recorded operation, as `cotangents` looks at it."""

    def __init__(self, formulas: Formulas, record: NodeRecord) -> None:
        self._formulas, self._record = formulas, record
        self.out: Shape = tuple(record.kept[0].shape)

    @property
    def y(self) -> Sum:
        return self._formulas.short(self._record)

    def input(self, place: int) -> Sum:
        source = self._source(place)
        if source is not None:
            if source[1]:
                raise NoFormula("one of several results")
            return self._formulas.short(source[0])
        return _symbol(self.given(place))

    def shape(self, place: int) -> Shape:
        source = self._source(place)
        return tuple(source[0].kept[source[1]].shape) if source is not None else ()

    def given(self, place: int) -> Any:
        arguments = self._record.arguments()
        return arguments[place] if place < len(arguments) else None

    def known(self, array: Any) -> Sum:
        return self._formulas.known(array)

    def _source(self, place: int) -> Source | None:
        return next((source for source in self._record.sources if source[2] == place), None)


def _given(record: NodeRecord) -> Sum:
    """A tensor that no operation made: its name, or its number."""
    if name := record.names()[0] if record.kept else "":
        if not re.fullmatch(r"[A-Za-z_][\w.]*", name):
            raise NoFormula("a tensor has no name")
        return variable(OWN + name, tuple(record.kept[0].shape))
    array = record.kept[0].array if record.kept else None
    if array is None or array.size != 1:
        raise NoFormula("a tensor has no name")
    return _number(array.item())


def _number(value: Any) -> Sum:
    """A number as a person would write it: a simple fraction, or up to six digits."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise NoFormula(f"{value!r} in a formula")
    try:
        return symbol(value)
    except NoFormula:
        return Sum((Product(Fraction(f"{value:.6g}")),))


def _added(parts: list[tuple[int, Slope | str]]) -> Slope | str:
    """What comes back on several ways, in the order of the program."""
    result: Slope | None = None
    for _, one in sorted(parts, key=lambda part: part[0]):
        if isinstance(one, str):
            return one
        result = Slope(result.formula + one.formula, result.plain and one.plain) if result else one
    assert result is not None
    return result


def _called(op: Op) -> str:
    return op.aten.removeprefix("aten::").strip("_")


def _several(kept: Sequence[Kept]) -> bool:
    return any(math.prod(one.shape) > 1 for one in kept)


def _times(g: Sum, local: Sum, shape: Shape) -> Sum:
    """A gradient times a derivative; where only one element has one, that element's."""
    if not g.terms:
        return g
    by, which = tensors.split(g)
    place = tensors.place_of(which)
    if place is not None and math.prod(shape_of(local)) > 1:
        return by * tensors.part(local, -1, place, shape) * which
    return opened(g * local)


def _symbol(value: Any) -> Sum:
    return value if isinstance(value, Sum) else _number(value)


def _is_same(record: NodeRecord) -> bool:
    return (
        record.op is not None
        and _SAME.fullmatch(record.op.name) is not None
        and len(record.sources) == 1
        and math.prod(record.kept[0].shape) == math.prod(record.sources[0][0].kept[0].shape) == 1
    )


def _readable(op: Op, arguments: list[Any]) -> list[Any]:
    """Symbols; but a number that is a base or an exponent, which `_power` and `_log` look at, as it is."""
    return arguments if op.name in ("pow_tensor_scalar", "pow_scalar") else [_symbol(a) for a in arguments]


def _power(x: Sum, n: Any) -> Sum:
    # Exponents that are fractions are added up; of others the nearest fraction would be something else.
    power: Sum = x ** (n if Fraction(n).limit_denominator(64) == Fraction(str(n)) else _number(n))
    return power


def _log(x: Any) -> Sum:
    return call("log", x) if isinstance(x, Sum) else _number_or_log(x)


def _number_or_log(k: Any) -> Sum:
    try:
        return symbol(math.log(k))
    except NoFormula:
        return call("log", _number(k))
