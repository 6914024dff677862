"""A variable of a program, and its derivatives, as formulas of the program's inputs: read off the recording.

Each recorded operation is done once more on symbols (`engine.formulas.symbols`), and its own derivative rule runs on
the same symbols: the chain rule along the graph gives the derivative. That holds element by element, so derivatives
are those of operations that work so, and of tensors with one element whatever their shape.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from fractions import Fraction
from time import perf_counter
from typing import Any

from engine.formulas.symbols import Functions, NoFormula, Product, Sum, call, symbol, variable
from engine.registry import POINTWISE, Op
from engine.tensor import Tensor
from playground.protocol import Symbolic
from playground.worker.records import HERE, NodeRecord

_OWN = "."
"""Before the name of a program's variable, or the op table would take ``k`` for an argument of its own."""
_MOST_PARTS = 60
"""Operations in one formula: a longer one is not read."""
_MOST_CHARACTERS = 1_500
_MOST = 256
"""What `LiveResult.symbolic` may hold."""
_BUDGET_S = 0.05

_GREEK = re.compile(
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|rho|sigma|tau|phi|chi|psi|omega|pi|"
    "Gamma|Delta|Theta|Lambda|Xi|Sigma|Phi|Psi|Omega"
)

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

_UNTOLD = (NoFormula, TypeError, ValueError, RecursionError, OverflowError, ZeroDivisionError)
"""What a rule may raise that is run on symbols."""
_SAME = re.compile(
    r"(detach|clone|squeeze|unsqueeze|reshape|view|expand|sum|mean|to|t|flatten)(_.*)?|_to_copy|alias"
)
"""With one element, these give what they are given."""


class Formulas:
    """Of one recording."""

    def __init__(self, records: Iterable[NodeRecord]) -> None:
        self._records = list(records)
        self._values: dict[int, tuple[Sum, int] | None] = {}
        self._inputs: dict[int, dict[int, Sum] | None] = {}
        self._end = perf_counter() + _BUDGET_S

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
        found = self._value(record)
        if found is None:
            raise NoFormula("too long, or not written down")
        return found[0]

    def slopes(self, record: NodeRecord) -> dict[int, Sum]:
        """The derivative with respect to each leaf that it depends on, by the leaf's id.

        Raises:
            NoFormula: if there is no formula for one of the derivatives on the way.
        """
        if record.id not in self._inputs:
            self._inputs[record.id] = None
            with suppress(*_UNTOLD):
                self._inputs[record.id] = self._chain(record)
        found = self._inputs[record.id]
        if found is None:
            raise NoFormula("a derivative on the way has no formula")
        return found

    def leaves(self, record: NodeRecord) -> list[NodeRecord]:
        """The leaves that it depends on, with a name, in the order in which they were made."""
        found: dict[int, NodeRecord] = {}
        waiting, seen = [record], set[int]()
        while waiting:
            one = waiting.pop()
            if one.id in seen:
                continue
            seen.add(one.id)
            if one.kind in ("leaf", "parameter") and one.names()[0]:
                found[one.id] = one
            waiting += [source for source, _, _, cut in one.sources if not cut]
        return [found[id] for id in sorted(found)]

    def _value(self, record: NodeRecord) -> tuple[Sum, int] | None:
        """With how many operations it is."""
        if record.id not in self._values:
            self._values[record.id] = None
            with suppress(*_UNTOLD):
                self._values[record.id] = self._work_out(record)
        return self._values[record.id]

    def _work_out(self, record: NodeRecord) -> tuple[Sum, int] | None:
        if perf_counter() > self._end:
            return None
        if record.kind != "op":
            return _given(record), 1
        op = record.op
        if op is None or record.failed or "inplace" in record.flags or len(record.kept) != 1:
            return None
        size = 1
        for source, _, _, _ in record.sources:
            known = self._value(source)
            if known is None:
                return None
            size += known[1]
        if size > _MOST_PARTS:
            return None
        if _is_same(record):
            return self.value(record.sources[0][0]), size
        arguments = self._arguments(record)
        if op.name in _FORWARD:
            return _FORWARD[op.name](*_readable(op, arguments)), size
        return call(op.name, *(_symbol(a) if type(a) is float else a for a in arguments)), size

    def _arguments(self, record: NodeRecord) -> list[Any]:
        """Symbols for its tensors and numbers, in the order of `Op.params`; what else it was given as it is."""
        sources = iter(record.sources)
        found: list[Any] = []
        for argument in record.arguments():
            if argument is HERE:
                source, output, _, _ = next(sources)
                if output:
                    raise NoFormula("one of several results")
                found.append(self.value(source))
            elif isinstance(argument, Tensor) and argument._data.size == 1:
                found.append(_number(argument._data.item()))
            elif isinstance(argument, (list, tuple)):
                raise NoFormula("several tensors")
            else:
                found.append(argument)
        return found

    def _chain(self, record: NodeRecord) -> dict[int, Sum]:
        if perf_counter() > self._end:
            raise NoFormula("there is no time")
        if record.kind in ("leaf", "parameter"):
            return {record.id: symbol(1)}
        found: dict[int, Sum] = {}
        op = record.op
        if op is None:
            return found
        for source, _, place, cut in record.sources:
            if cut or not (inner := self.slopes(source)):
                continue
            local = self._local(record, op, place)
            for leaf, slope in inner.items():
                found[leaf] = found.get(leaf, Sum(())) + _opened(local * slope)
        return found

    def _local(self, record: NodeRecord, op: Op, place: int) -> Sum:
        """The derivative of one operation with respect to one of its inputs."""
        if _is_same(record):
            return symbol(1)
        if op.kind != POINTWISE:
            raise NoFormula(f"{op.name} does not work element by element")
        arguments = self._arguments(record)
        if op.name in _RULES:
            return _RULES[op.name][place](*_readable(op, arguments))
        rule = op.vjp[place]
        if rule is None:
            raise NoFormula(f"{op.name} has no derivative")
        known = dict(zip(op.params, (_symbol(a) if type(a) is float else a for a in arguments), strict=False))
        known["y"] = self.value(record)
        wanted = list(inspect.signature(rule).parameters)[2:]
        return symbol(rule(Functions(), symbol(1), *(known[name] for name in wanted)))


def formulas(wanted: list[str], records: Iterable[NodeRecord], names: dict[str, Any]) -> list[Symbolic]:
    """Each variable and its derivatives in TeX, empty where there is no formula. `names` are the program's
    variables."""
    found: list[Symbolic] = []
    written = Formulas(records)
    for output in wanted:
        tensor = names.get(output)
        record = written.find(tensor) if isinstance(tensor, Tensor) else None
        if record is None or record.kind != "op":
            found.append(Symbolic(output=output, input="", tex=""))
            continue
        found.append(Symbolic(output=output, input="", tex=_tex(lambda r=record: written.value(r))))  # type: ignore[misc]
        for leaf in written.leaves(record):
            slope = _tex(lambda r=record, i=leaf.id: written.slopes(r).get(i, Sum(())))  # type: ignore[misc]
            found.append(Symbolic(output=output, input=leaf.names()[0], tex=slope))
    return found[:_MOST]


def _tex(formula: Callable[[], Sum]) -> str:
    try:
        text = formula().tex(_NAMES)
    except (NoFormula, TypeError, KeyError, RecursionError):
        return ""
    return text if len(text) <= _MOST_CHARACTERS else ""


class _Names(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return name_in_tex(name.removeprefix(_OWN))


_NAMES = _Names()


def name_in_tex(name: str) -> str:
    r"""``{\alpha}``, ``{x}_{1}``, ``{\mathit{loss}}``: as the page writes names."""
    match = re.fullmatch(r"([A-Za-z]+?)_?(\d+|(?<=_)[A-Za-z]\w*)?", name)
    head, index = (match[1], match[2]) if match else (name, None)
    plain = head.replace("_", r"\_")
    base = rf"\{head}" if _GREEK.fullmatch(head) else head if len(head) == 1 else rf"\mathit{{{plain}}}"
    below = "" if not index else "_{" + index.replace("_", r"\_") + "}"
    return f"{{{base}}}{below}"


def _given(record: NodeRecord) -> Sum:
    """A tensor that no operation made: its name, or its number."""
    if name := record.names()[0] if record.kept else "":
        if not re.fullmatch(r"[A-Za-z_][\w.]*", name):
            raise NoFormula("it has no name to write down")
        return variable(_OWN + name)
    array = record.kept[0].array if record.kept else None
    if array is None or array.size != 1:
        raise NoFormula("it has no name")
    return _number(array.item())


def _number(value: Any) -> Sum:
    """A number as a person would write it: a simple fraction, or up to six digits."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise NoFormula(f"{value!r} in a formula")
    try:
        return symbol(value)
    except NoFormula:
        return Sum((Product(Fraction(f"{value:.6g}")),))


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


def _opened(found: Sum) -> Sum:
    """A sum that is a factor alone, as what is added up."""
    terms = found.terms
    if len(terms) == 1 and terms[0].number == 1 and len(terms[0].powers) == 1:
        base, exponent = terms[0].powers[0]
        if isinstance(base, Sum) and exponent == 1:
            return _opened(base)
    return found
