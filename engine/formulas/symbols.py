"""A derivative rule as a formula: the rule is run once on symbols, which write down what is done to them.

`engine.expression` does the same for code; here the result is for people, so products are put in order, powers are
gathered, and numbers such as 0.6931471805599453 are called by their names. A `Sum` can also be worked out on numbers
(`Sum.value`), with which a test compares it with the rule it came from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import add, matmul
from typing import Any

from engine.formulas.layout import Factor, decimal, in_parentheses, joined
from engine.formulas.notation import ARGUMENTS, CONDITIONS, MATRICES, written
from engine.formulas.shapes import broadcast
from engine.registry import OPS

Write = Mapping[str, str]
"""What each variable is called, in TeX."""


class NoFormula(Exception):
    """The rule does something that a symbol cannot write down."""


_CONSTANTS: dict[float, tuple[str, str]] = {
    math.pi: (r"\pi", ""),
    math.log(2): (r"\ln 2", ""),
    math.log(10): (r"\ln 10", ""),
    math.pi / 180: (r"\pi", "180"),
    180 / math.pi: ("180", r"\pi"),
    2 / math.sqrt(math.pi): ("2", r"\sqrt{\pi}"),
    math.sqrt(math.pi) / 2: (r"\sqrt{\pi}", "2"),
    math.sqrt(2 * math.pi): (r"\sqrt{2 \pi}", ""),
    1 / math.sqrt(2 * math.pi): ("1", r"\sqrt{2 \pi}"),
    math.sqrt(2 / math.pi): (r"\sqrt{2}", r"\sqrt{\pi}"),
    math.sqrt(0.5): ("1", r"\sqrt{2}"),
}
"""Numbers that have a name: numerator and denominator."""


@dataclass(frozen=True)
class Variable:
    """An input, the output, the cotangent or an argument."""

    name: str
    shape: tuple[int, ...] = ()
    """Where it is known and matters."""

    def tex(self, names: Write) -> str:
        return names[self.name]

    def value(self, functions: Any, numbers: Mapping[str, Any]) -> Any:
        return numbers[self.name]


@dataclass(frozen=True)
class Call:
    """An op of something else."""

    name: str
    arguments: tuple[Any, ...]

    def tex(self, names: Write) -> str:
        if self.name == "where":
            return rf"\begin{{cases}} {_cases(self, names)} \end{{cases}}"
        if self.name == "logical_and" and (chain := _chain(self, names)):
            return chain
        op = OPS.get(self.name)
        params = op.params if op is not None else ()
        found = written(self.name, params, [_argument(each, names, self.name) for each in self.arguments])
        if found is None:
            raise NoFormula(f"there is no notation for {self.name}")
        return found

    def value(self, functions: Any, numbers: Mapping[str, Any]) -> Any:
        found = (each.value(functions, numbers) if isinstance(each, Sum) else each for each in self.arguments)
        return reduce(matmul, found) if self.name == "matmul" else getattr(functions, self.name)(*found)


@dataclass(frozen=True)
class Bracket:
    """Iverson's: 1 where a condition holds, else 0; `other` is the number elsewhere turned round."""

    condition: Sum
    holds: bool = True

    def tex(self, names: Write) -> str:
        inside = self.condition.tex(names)
        return f"[{inside}]" if self.holds else rf"[\lnot {inside}]"

    def value(self, functions: Any, numbers: Mapping[str, Any]) -> Any:
        found = self.condition.value(functions, numbers)
        return functions.where(found, *((1.0, 0.0) if self.holds else (0.0, 1.0)))


class Whole:
    """A function of whole tensors; `engine.formulas.tensors` has them."""

    shape: tuple[int, ...] = ()
    loose = ""
    """``prefix``: what stands after it would seem to belong to it; ``product``: it is one of matrices."""
    is_part = False
    """It is an element of something, and stands where that would."""


Base = Any
"""`Variable`, `Call`, `Bracket`, `Sum`, a named number, or a `Whole`."""


def shape_of(value: Any) -> tuple[int, ...]:
    """What comes of the shapes of its variables, by broadcasting; a function of whole tensors has its own."""
    match value:
        case Sum():
            known = vars(value)
            if "shape" not in known:
                parts = (shape_of(x) for term in value.terms for power in term.powers for x in power)
                known["shape"] = broadcast(*parts)
            found: tuple[int, ...] = known["shape"]
            return found
        case Call():
            return broadcast(*map(shape_of, value.arguments))
        case Bracket():
            return shape_of(value.condition)
        case Variable() | Whole():
            return value.shape
    return ()


def _is_tensor(value: Any) -> bool:
    return math.prod(shape_of(value)) > 1


@dataclass(frozen=True)
class Product:
    """A number times powers."""

    number: Fraction
    powers: tuple[tuple[Base, Any], ...] = ()

    def times(self, other: Product) -> Product:
        powers = list(self.powers)
        for base, exponent in other.powers:
            for k, (mine, present) in enumerate(powers):
                if mine == base and isinstance(present, Fraction) and isinstance(exponent, Fraction):
                    powers[k] = (base, present + exponent)
                    break
            else:
                powers.append((base, exponent))
        return Product(self.number * other.number, tuple(p for p in powers if p[1] != 0))

    def to(self, exponent: Fraction) -> Product | None:
        """The power, if it can be taken factor by factor."""
        number = self.number ** int(exponent) if exponent.denominator == 1 else None
        if number is None and self.number == 1:
            number = Fraction(1)
        if number is None or any(not isinstance(e, Fraction) for _, e in self.powers):
            return None
        return Product(number, tuple((b, e * exponent) for b, e in self.powers))

    def value(self, functions: Any, numbers: Mapping[str, Any]) -> Any:
        number = self.number
        result: Any = int(number) if number.denominator == 1 else float(number)
        for base, exponent in self.powers:
            x = base if isinstance(base, float) else base.value(functions, numbers)
            if isinstance(exponent, Fraction):
                x = x if exponent == 1 else x ** float(exponent)
            else:
                x = x ** exponent.value(functions, numbers)
            result = x if isinstance(result, int) and result == 1 else result * x
        return result

    def tex(self, names: Write) -> str:
        """Without the sign."""
        over: list[Factor] = []
        under: list[Factor] = []
        digits = decimal(self.number)
        if self.number.denominator != 1 and not digits:
            under.append(Factor(str(self.number.denominator)))
        factors = sorted(self.powers, key=lambda power: (_is_tensor(power[0]), _rank(power[0])))
        below = sum(isinstance(e, Fraction) and e < 0 for _, e in factors)
        alone = len(factors) - below == 1 and abs(self.number.numerator) == 1
        alone_below = below == 1 and self.number.denominator == 1
        for base, exponent in factors:
            under_it = isinstance(exponent, Fraction) and exponent < 0
            if isinstance(base, float):
                top, bottom = _CONSTANTS[base]
                if under_it:
                    top, bottom = bottom, top
                over += [Factor(top)] if top and top != "1" else []
                under += [Factor(bottom)] if bottom and bottom != "1" else []
                continue
            single = alone_below if under_it else alone and (below > 0 or self.number == 1)
            text = _power(base, -exponent if under_it else exponent, names, single)
            loose = base.loose if isinstance(base, Whole) and exponent in (1, -1) else ""
            (under if under_it else over).append(Factor(text, _is_tensor(base), loose))
        number = abs(self.number.numerator)
        if digits or number != 1 or not over:
            over.insert(0, Factor(digits or str(number)))
        sign = getattr(names, "elementwise", r"\,")
        if not under:
            return joined(over, sign)
        return rf"\frac{{{joined(over, sign)}}}{{{joined(under, sign)}}}"


def _rank(base: Base) -> int:
    """The order of factors: numbers, arguments, inputs, sums, functions, conditions."""
    if isinstance(base, float):
        return 4 if _CONSTANTS[base][0].startswith(r"\ln") else 0
    if isinstance(base, Whole) and base.is_part:
        return 2
    if isinstance(base, Variable):
        return 1 if base.name in ARGUMENTS else 2
    return {Sum: 3, Bracket: 5}.get(type(base), 4)


def _cases(where: Call, names: Write) -> str:
    """The lines of a distinction, with those of one in its last branch."""
    condition, yes, no = where.arguments
    lines = rf"{yes.tex(names)} & {condition.tex(names)} \\ "
    base = _base(no)
    if isinstance(base, Call) and base.name == "where":
        return lines + _cases(base, names)
    if len(no.terms) == 1:
        product = no.terms[0]
        brackets = [b for b, e in product.powers if isinstance(b, Bracket) and e == 1 and b.holds]
        if len(brackets) == 1:
            rest = Sum(
                (Product(product.number, tuple(p for p in product.powers if p[0] is not brackets[0])),)
            )
            return (
                lines + rf"{rest.tex(names)} & {brackets[0].condition.tex(names)} \\ 0 & \text{{otherwise}}"
            )
    return lines + rf"{no.tex(names)} & \text{{otherwise}}"


def _chain(both: Call, names: Write) -> str:
    """``l < x < u`` for x > l and x < u; empty for another pair of conditions."""
    low, high = (_base(each) for each in both.arguments)
    if not (isinstance(low, Call) and isinstance(high, Call)) or low.arguments[:1] != high.arguments[:1]:
        return ""
    signs = {"gt": "<", "ge": r"\le"}.get(low.name), {"lt": "<", "le": r"\le"}.get(high.name)
    if None in signs:
        return ""
    x, least, most = (each.tex(names) for each in (low.arguments[0], low.arguments[1], high.arguments[1]))
    return f"{least} {signs[0]} {x} {signs[1]} {most}"


def _power(base: Base, exponent: Any, names: Write, alone: bool) -> str:
    text = base.tex(names)
    if exponent == 1:
        return text if not isinstance(base, Sum) or alone else in_parentheses(text)
    if exponent == Fraction(1, 2):
        return rf"\sqrt{{{text}}}"
    called = isinstance(base, Call) and not text.startswith((r"\left|", r"\Gamma"))
    if isinstance(base, Sum) or called or (isinstance(base, Whole) and base.loose):
        text = in_parentheses(text)
    shown = str(exponent) if isinstance(exponent, Fraction) else exponent.tex(names)
    return f"{text}^{{{shown}}}"


def _argument(value: Any, names: Write, function: str) -> tuple[str, bool]:
    """The TeX of an argument of an op, and whether it can stand without parentheses."""
    if not isinstance(value, Sum):
        return str(value), True
    text = value.tex(names)
    if function in CONDITIONS or not value.terms:
        return text, True
    if len(value.terms) > 1 or value.terms[0].number < 0:
        return text, False
    if function in MATRICES:
        return text, True
    powers = value.terms[0].powers
    if value.terms[0].number != 1 or len(powers) != 1 or powers[0][1] != 1:
        return text, not powers
    return text, isinstance(powers[0][0], Variable)


@dataclass(frozen=True, eq=False)
class Sum:
    """What a symbol is: products added up. Python's operators make new ones."""

    terms: tuple[Product, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sum) and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(self.terms)

    def __bool__(self) -> bool:
        raise NoFormula("the rule asks for a value")

    def __getattr__(self, name: str) -> Any:
        raise NoFormula(f"the rule asks for .{name}")

    def __getitem__(self, key: Any) -> Any:
        raise NoFormula("the rule takes a part")

    def __iter__(self) -> Any:
        raise NoFormula("the rule takes parts")

    def __add__(self, other: Any) -> Sum:
        return _gathered((*self.terms, *symbol(other).terms))

    def __radd__(self, other: Any) -> Sum:
        return symbol(other) + self

    def __neg__(self) -> Sum:
        return Sum(tuple(Product(-t.number, t.powers) for t in self.terms))

    def __sub__(self, other: Any) -> Sum:
        return self + -symbol(other)

    def __rsub__(self, other: Any) -> Sum:
        return symbol(other) + -self

    def __mul__(self, other: Any) -> Sum:
        right = symbol(other)
        if not self.terms or not right.terms:
            return Sum(())
        product = self._factor().times(right._factor())
        return Sum((product,))

    def __rmul__(self, other: Any) -> Sum:
        return symbol(other) * self

    def __matmul__(self, other: Any) -> Sum:
        return call("matmul", self, symbol(other))

    def __truediv__(self, other: Any) -> Sum:
        return self * symbol(other) ** -1

    def __rtruediv__(self, other: Any) -> Sum:
        return symbol(other) / self

    def __pow__(self, exponent: Any) -> Sum:
        factor = self._factor()
        if isinstance(exponent, (int, float)):
            number = Fraction(exponent).limit_denominator(64)
            taken = factor.to(number)
            return Sum((taken,)) if taken is not None else Sum((Product(Fraction(1), ((self, number),)),))
        return Sum((Product(Fraction(1), ((_base(self), symbol(exponent)),)),))

    def __rpow__(self, base: Any) -> Sum:
        return symbol(base) ** self

    def _factor(self) -> Product:
        return self.terms[0] if len(self.terms) == 1 else Product(Fraction(1), ((self, Fraction(1)),))

    def tex(self, names: Write) -> str:
        """The formula; raises `NoFormula` for an op without notation."""
        if not self.terms:
            return "0"
        # A sum that begins with a minus reads badly: the first positive term goes first.
        terms = (
            sorted(self.terms, key=lambda term: term.number < 0)
            if self.terms[0].number < 0
            else list(self.terms)
        )
        text = ""
        for term in terms:
            sign = "-" if term.number < 0 else "+" if text else ""
            text += (f" {sign} " if text else sign) + term.tex(names)
        return text

    def value(self, functions: Any, numbers: Mapping[str, Any]) -> Any:
        """The number it stands for; `functions` has the ops, `numbers` the variables."""
        values = [term.value(functions, numbers) for term in self.terms]
        return reduce(add, values) if values else 0.0


def opened(found: Sum) -> Sum:
    """A sum that is a factor alone, as what is added up."""
    terms = found.terms
    if len(terms) == 1 and terms[0].number == 1 and len(terms[0].powers) == 1:
        base, exponent = terms[0].powers[0]
        if isinstance(base, Sum) and exponent == 1:
            return opened(base)
    return found


def _gathered(terms: Iterable[Product]) -> Sum:
    found: dict[tuple[tuple[Base, Any], ...], Fraction] = {}
    for term in terms:
        found[term.powers] = found.get(term.powers, Fraction(0)) + term.number
    return Sum(tuple(Product(number, powers) for powers, number in found.items() if number))


def _base(value: Sum) -> Base:
    factor = value._factor()
    if factor.number == 1 and len(factor.powers) == 1 and factor.powers[0][1] == 1:
        return factor.powers[0][0]
    return value


def symbol(value: Any) -> Sum:
    """A number or a symbol as a symbol.

    Raises:
        NoFormula: for anything else.
    """
    if isinstance(value, Sum):
        return value
    if type(value) in (int, float) and math.isfinite(value):
        for constant in _CONSTANTS:
            for sign in (1, -1):
                if math.isclose(value, sign * constant, rel_tol=1e-14):
                    return Sum((Product(Fraction(sign), ((constant, Fraction(1)),)),))
        number = Fraction(value).limit_denominator(1000)
        if float(number) == value:
            return Sum((Product(number),)) if number else Sum(())
    raise NoFormula(f"{value!r} in a rule")


def variable(name: str, shape: tuple[int, ...] = ()) -> Sum:
    """A symbol of that name."""
    return Sum((Product(Fraction(1), ((Variable(name, shape), Fraction(1)),)),))


def call(name: str, *arguments: Any) -> Sum:
    """An op of symbols, as a symbol. A few are arithmetic."""
    if name in _ARITHMETIC:
        return _ARITHMETIC[name](*arguments)
    plain = tuple(a if isinstance(a, (str, tuple, bool)) or a is None else symbol(a) for a in arguments)
    return Sum((Product(Fraction(1), ((Call(name, plain), Fraction(1)),)),))


def _where(condition: Sum, yes: Any, no: Any) -> Sum:
    one, other = symbol(yes), symbol(no)
    if not other.terms:
        return one * bracket(condition, True)
    unless: Sum = _unless(other, condition)
    calls = [base for term in unless.terms for base, _ in term.powers if isinstance(base, Call)]
    if not one.terms and all(base.name != "where" for base in calls):
        return unless * bracket(condition, False)
    return Sum((Product(Fraction(1), ((Call("where", (condition, one, unless)), Fraction(1)),)),))


def _unless(value: Any, condition: Any) -> Any:
    """What `value` is where `condition` does not hold: distinctions by it, which guard divisions, are decided."""
    if isinstance(value, Call):
        if value.name == "where" and value.arguments[0] == condition:
            return _base(_unless(value.arguments[2], condition))
        return Call(value.name, tuple(_unless(each, condition) for each in value.arguments))
    if not isinstance(value, Sum):
        return value
    result = Sum(())
    for term in value.terms:
        factors = Sum((Product(term.number),))
        for base, exponent in term.powers:
            part = _unless(base, condition)
            part = part if isinstance(part, Sum) else Sum((Product(Fraction(1), ((part, Fraction(1)),)),))
            factors = factors * part ** (float(exponent) if isinstance(exponent, Fraction) else exponent)
        result = result + factors
    return result


_OPPOSITE = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}


def bracket(condition: Any, holds: bool = True) -> Sum:
    """1 where a condition holds (or does not), else 0."""
    base = _base(condition)
    if not holds and isinstance(base, Call) and base.name in _OPPOSITE:
        condition, holds = call(_OPPOSITE[base.name], *base.arguments), True
    return Sum((Product(Fraction(1), ((Bracket(condition, holds), Fraction(1)),)),))


def _under_relu(y: Sum) -> Sum:
    """What is positive where its positive part is."""
    base = _base(y)
    return base.arguments[0] if isinstance(base, Call) and base.name == "relu" else y


def _power_of(x: Any, n: Any) -> Sum:
    power: Sum = symbol(x) ** n
    return power


_ARITHMETIC: dict[str, Callable[..., Sum]] = {
    "where": _where,
    "zeros_like": lambda x: Sum(()),
    "ones_like": lambda x: symbol(1),
    "threshold_backward": lambda g, y: g * bracket(call("gt", _under_relu(y), 0), True),
    "rsqrt": lambda x: symbol(x) ** -0.5,
    "sqrt": lambda x: symbol(x) ** 0.5,
    "reciprocal": lambda x: 1 / symbol(x),
    "neg": lambda x: -symbol(x),
    "mul": lambda a, b: symbol(a) * symbol(b),
    "pow_tensor_scalar": _power_of,
    "pow_tensor": _power_of,
}
