r"""Symbols of whole tensors: sums over them, products of matrices, transposes, single elements.

What `engine.formulas.symbols` writes down works element by element, and broadcasts. Here are functions that do not,
each with how it is written and what it gives. They put themselves in order as a person would: numbers stand before
a product of matrices, :math:`(A B)^\top` is :math:`B^\top A^\top`, and a sum of a number is the number times its count.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import matmul as product_of
from typing import Any

from engine.formulas.layout import in_parentheses
from engine.formulas.shapes import Shape, broadcast, product, turned
from engine.formulas.symbols import (
    Bracket,
    Call,
    NoFormula,
    Product,
    Sum,
    Variable,
    Whole,
    Write,
    opened,
    shape_of,
    symbol,
)


@dataclass(frozen=True)
class Applied(Whole):
    """One function of whole tensors, of these arguments."""

    name: str
    arguments: tuple[Sum, ...] = ()
    details: tuple[Any, ...] = ()
    shape: Shape = ()

    @property
    def loose(self) -> str:  # type: ignore[override]
        return _FORMS[self.name].loose

    @property
    def is_part(self) -> bool:  # type: ignore[override]
        return self.name == "part"

    def tex(self, names: Write) -> str:
        return _FORMS[self.name].write(self, names)

    def value(self, functions: Any, numbers: Mapping[str, Any]) -> Any:
        arguments = (argument.value(functions, numbers) for argument in self.arguments)
        return _FORMS[self.name].value(functions, *arguments, *self.details)


@dataclass(frozen=True)
class _Form:
    write: Callable[[Applied, Write], str]
    value: Callable[..., Any]
    """Of the functions there are, the arguments and the details."""
    loose: str = ""


def _sum(base: Any) -> Sum:
    return Sum((Product(Fraction(1), ((base, Fraction(1)),)),))


def _single(x: Sum) -> Any:
    """What it is, if it is one thing alone; else None."""
    if len(x.terms) == 1 and x.terms[0].number == 1 and len(x.terms[0].powers) == 1:
        base, exponent = x.terms[0].powers[0]
        return base if exponent == 1 else None
    return None


def _is(x: Sum, name: str) -> Applied | None:
    found = _single(x)
    return found if isinstance(found, Applied) and found.name == name else None


def split(x: Sum) -> tuple[Sum, Sum]:
    """Its factors with one element, and what else there is."""
    if not x.terms:
        return symbol(1), x

    def numbers_of(term: Product) -> tuple[Any, ...]:
        return tuple(p for p in term.powers if math.prod(_of_power(p)) == 1)

    first = x.terms[0]
    common = tuple(p for p in numbers_of(first) if all(p in numbers_of(term) for term in x.terms))
    by = first.number if all(abs(term.number) == abs(first.number) for term in x.terms) else Fraction(1)
    by = abs(by) if len(x.terms) > 1 else by
    rest = (Product(term.number / by, tuple(p for p in term.powers if p not in common)) for term in x.terms)
    return Sum((Product(by, common),)), opened(Sum(tuple(rest)))


def _of_power(power: tuple[Any, Any]) -> Shape:
    return broadcast(shape_of(power[0]), shape_of(power[1]))


# --- What there is ---------------------------------------------------------------------------------------------------


def ones(shape: Shape) -> Sum:
    """A tensor of ones; the number where one is enough."""
    return symbol(1) if math.prod(shape) == 1 else _sum(Applied("ones", (), (shape,), shape))


def unit(place: int, count: int) -> Sum:
    """The vector that has a one at `place` and else zeros."""
    return _sum(Applied("unit", (), (place, count), (count,))) if count > 1 else symbol(1)


def place_of(x: Sum) -> int | None:
    """Where the one is, if it is a vector of `unit`."""
    found = _is(x, "unit")
    return found.details[0] if found else None


def eye(count: int) -> Sum:
    """The unit matrix."""
    return _sum(Applied("eye", (), (count,), (count, count))) if count > 1 else symbol(1)


def matmul(a: Sum, b: Sum, shapes: tuple[Shape, Shape] | None = None) -> Sum:
    """``a @ b``, of matrices (of which there may be several) and vectors; `shapes` where numbers may stand for them."""
    shapes = shapes or (shape_of(a), shape_of(b))
    full = product(*shapes)
    (by_a, a), (by_b, b) = split(a), split(b)
    by = by_a * by_b
    if not a.terms or not b.terms or not by.terms:
        return Sum(())
    if not shape_of(a) or not shape_of(b):
        if math.prod(shapes[0]) == 1 or math.prod(shapes[1]) == 1:
            return by * reshape(a * b, full)
        raise NoFormula("a product of matrices of which one is the same everywhere")
    if len(shapes[0]) == len(shapes[1]) == 1:
        return by * _dot(a, b)
    if pair := _is(a, "outer"):
        left, right = pair.arguments
        inner = matmul(transpose(b), right) if len(shapes[1]) > 1 else dot(right, b)
        return by * (outer(left, inner) if len(shapes[1]) > 1 else left * inner)
    if (pair := _is(b, "outer")) and len(shapes[0]) == 2:
        left, right = pair.arguments
        return by * outer(matmul(a, left), right)
    if _is(a, "eye") or _is(b, "eye"):
        return by * (b if _is(a, "eye") else a)
    return by * _sum(Applied("matmul", (*_factors(a), *_factors(b)), (), full))


def _factors(x: Sum) -> tuple[Sum, ...]:
    found = _is(x, "matmul")
    return found.arguments if found else (x,)


def dot(a: Sum, b: Sum) -> Sum:
    """Of two vectors."""
    (by_a, a), (by_b, b) = split(a), split(b)
    if not a.terms or not b.terms:
        return Sum(())
    if not shape_of(a) or not shape_of(b):
        return by_a * by_b * total(a * b, broadcast(shape_of(a), shape_of(b)))
    return by_a * by_b * _dot(a, b)


def _dot(a: Sum, b: Sum) -> Sum:
    for one, other in ((a, b), (b, a)):
        if place := _is(one, "unit"):
            return part(other, 0, place.details[0], shape_of(other))
        if _is(one, "ones"):
            return total(other, shape_of(other))
    return _sum(Applied("dot", (a, b)))


def outer(a: Sum, b: Sum) -> Sum:
    """Of two vectors: each element of one with each of the other."""
    (by_a, a), (by_b, b) = split(a), split(b)
    shape = (*(shape_of(a) or (1,)), *(shape_of(b) or (1,)))
    if len(shape) != 2:
        raise NoFormula("an outer product of matrices")
    if not shape_of(a) or not shape_of(b):  # one of them has one element
        return by_a * by_b * reshape(a * b, shape)
    return by_a * by_b * _sum(Applied("outer", (a, b), (), shape))


def transpose(x: Sum) -> Sum:
    """With its last two dimensions exchanged."""
    by, x = split(x)
    shape = shape_of(x)
    if len(shape) < 2:
        return by * x
    if found := _is(x, "transpose"):
        return by * found.arguments[0]
    factors = _factors(x)
    if len(factors) > 1 and all(len(shape_of(f)) > 1 for f in factors):  # a vector has no other side
        return by * _sum(Applied("matmul", tuple(map(transpose, reversed(factors))), (), turned(shape)))
    if found := _is(x, "outer"):
        return by * outer(*reversed(found.arguments))
    if (found := _is(x, "aligned")) and shape_of(found.arguments[0])[-2:] == shape[-2:]:
        return by * reshape(transpose(found.arguments[0]), turned(shape))
    if (found := _is(x, "ones")) or (found := _is(x, "eye")):
        return by * (ones(turned(shape)) if found.name == "ones" else x)
    return by * _sum(Applied("transpose", (x,), (), turned(shape)))


def total(x: Sum, full: Shape, dims: tuple[int, ...] | None = None) -> Sum:
    """Its sum over `dims`, without these, of a tensor of the shape `full`; `x` may leave out what is the same
    everywhere."""
    dims = tuple(range(len(full))) if dims is None else tuple(d % len(full) for d in dims)
    by, x = split(x)
    shape = shape_of(x)
    if (found := _is(x, "one_hot")) and dims == (1,):
        return by
    missing = len(full) - len(shape)
    summed = tuple(d - missing for d in dims if d >= missing and shape[d - missing] > 1)
    by *= symbol(math.prod(full[d] for d in dims if d - missing not in summed))
    if not summed:
        return by * x
    if len(summed) == sum(size > 1 for size in shape):
        if found := _is(x, "aligned"):
            x = found.arguments[0]
        if found := _is(x, "outer"):
            return by * total(found.arguments[0], shape[:1]) * total(found.arguments[1], shape[1:])
        if _is(x, "ones"):
            return by * symbol(math.prod(shape))
        if _is(x, "unit"):
            return by
        return by * _sum(Applied("sum", (x,), (None,)))
    if found := _is(x, "outer"):
        k = summed[0]
        return by * found.arguments[1 - k] * total(found.arguments[k], shape[k : k + 1])
    kept = tuple(size for d, size in enumerate(shape) if d not in summed)
    return by * _sum(Applied("sum", (x,), (summed,), kept))


def extreme(name: str, x: Sum, dims: tuple[int, ...] | None, shape: Shape) -> Sum:
    """The largest (``max``), the smallest (``min``) or the product (``prod``) along `dims`, which are kept out of
    `shape`."""
    return _sum(Applied(name, (x,), (dims,), shape))


def softmax(x: Sum, dim: int) -> Sum:
    return _sum(Applied("softmax", (x,), (dim,), shape_of(x)))


def norm(x: Sum, p: float, dims: tuple[int, ...] | None, shape: Shape) -> Sum:
    """The p-norm along `dims`, without these."""
    return _sum(Applied("norm", (x,), (p, dims), shape))


def mean(x: Sum, dims: tuple[int, ...] | None) -> Sum:
    """The mean along `dims`, which stay with one element."""
    shape = shape_of(x)
    over = range(len(shape)) if dims is None else [d % len(shape) for d in dims]
    return _sum(Applied("mean", (x,), (dims,), tuple(1 if d in over else n for d, n in enumerate(shape))))


def inverse(x: Sum) -> Sum:
    return _sum(Applied("inverse", (x,), (), shape_of(x)))


def det(x: Sum) -> Sum:
    return _sum(Applied("det", (x,)))


def one_hot(classes: Sum, rows: int, count: int) -> Sum:
    """A row for each of `classes`, with a one at its place."""
    return _sum(Applied("one_hot", (classes,), (count,), (rows, count)))


def reshape(x: Sum, shape: Shape) -> Sum:
    """In another shape; a number fits every shape."""
    by, x = split(x)
    if found := _is(x, "aligned") or _is(x, "reshape"):
        x = found.arguments[0]
    mine = shape_of(x)
    if math.prod(mine) == 1 or mine == shape:
        return by * x
    if _is(x, "ones"):
        return by * ones(shape)
    same = [n for n in mine if n > 1] == [n for n in shape if n > 1]
    return by * _sum(Applied("aligned" if same else "reshape", (x,), (shape,), shape))


def stack(parts: list[Sum], dim: int, shape: Shape) -> Sum:
    """Of one shape, along a new dimension."""
    return _sum(Applied("stack", tuple(parts), (dim,), shape))


def trace(x: Sum) -> Sum:
    return _sum(Applied("trace", (x,)))


def diagonal_of(x: Sum) -> Sum:
    """The vector in the diagonal of a matrix."""
    return _sum(Applied("diagonal_of", (x,), (), (min(shape_of(x)),)))


def diagonal(x: Sum) -> Sum:
    """The matrix that has a vector in its diagonal."""
    count = math.prod(shape_of(x))
    return _sum(Applied("diagonal", (x,), (), (count, count)))


def part(x: Sum, dim: int, place: int, full: Shape) -> Sum:
    """One element, row or column of a tensor of the shape `full`."""
    dim = dim % len(full) - len(full)
    place %= full[dim]

    def of_sum(value: Any) -> Any:
        if not isinstance(value, Sum):
            return value if isinstance(value, (Fraction, float, str, bool, tuple)) else _sum(of_base(value))
        result = Sum(())
        for term in value.terms:
            factors = Sum((Product(term.number),))
            for base, exponent in term.powers:
                found = of_sum(base) if isinstance(base, Sum) else of_base(base)
                found = found if isinstance(found, Sum) else _sum(found)
                factors = factors * found ** (
                    float(exponent) if isinstance(exponent, Fraction) else of_sum(exponent)
                )
            result = result + factors
        return result

    def of_base(base: Any) -> Any:
        shape = shape_of(base)
        if len(shape) < -dim:
            return base
        if isinstance(base, Applied) and base.name == "stack" and base.details[0] == dim + len(shape):
            return base.arguments[place]
        if shape[dim] != full[dim]:
            raise NoFormula("a part of something that is the same along a dimension")
        if isinstance(base, Call):
            return Call(base.name, tuple(of_sum(a) for a in base.arguments))
        if isinstance(base, Bracket):
            return Bracket(of_sum(base.condition), base.holds)
        kept = (*shape[: len(shape) + dim], *shape[len(shape) + dim + 1 :])
        return Applied("part", (_sum(base),), (dim, place), kept)

    found: Sum = of_sum(x)
    return found


# --- How they are written, and what they give ------------------------------------------------------------------------


def _alone(x: Sum) -> bool:
    """Whether it stands without parentheses where something binds to it from behind."""
    found = _single(x)
    if isinstance(found, Applied) and found.name == "aligned":
        return _alone(found.arguments[0])
    return isinstance(found, Variable) or (
        isinstance(found, Applied) and found.name in ("ones", "unit", "eye")
    )


def _operand(x: Sum, names: Write) -> str:
    """As the argument of a function that is written before it."""
    text = x.tex(names)
    return in_parentheses(text) if len(x.terms) > 1 or (x.terms and x.terms[0].number < 0) else text


_FUNCTION = re.compile(r"\\(?!left|operatorname|sigma|frac|sqrt|mathbf|mathit|begin)[a-z]")


def _factor(x: Sum, names: Write, last: bool = True) -> str:
    """As a factor of a product of matrices."""
    text = x.tex(names)
    base = _single(x)
    goes_on = isinstance(base, Applied) and base.loose == "prefix"
    if not last and (goes_on or (isinstance(base, Call) and _FUNCTION.match(text))):
        return in_parentheses(text)
    tensors = sum(math.prod(_of_power(p)) > 1 for t in x.terms for p in t.powers if p[1] != -1)
    negative = bool(x.terms) and x.terms[0].number < 0
    return in_parentheses(text) if len(x.terms) > 1 or negative or tensors > 1 else text


def _before(x: Sum, names: Write) -> str:
    """With something at its upper or lower right to come."""
    return f"{x.tex(names)}" if _alone(x) else in_parentheses(x.tex(names))


def _write_transpose(one: Applied, names: Write) -> str:
    (x,) = one.arguments
    if found := _is(x, "inverse"):
        return rf"{_before(found.arguments[0], names)}^{{-\top}}"
    return rf"{_before(x, names)}^{{\top}}"


def _write_outer(one: Applied, names: Write) -> str:
    a, b = one.arguments
    return rf"{_factor(a, names, last=False)}\, {_before(b, names)}^{{\top}}"


def _write_dot(one: Applied, names: Write) -> str:
    a, b = one.arguments
    return rf"{_before(a, names)}^{{\top}} {_factor(b, names)}"


def _write_ones(one: Applied, _: Write) -> str:
    return r"\mathbf{1}" if sum(n > 1 for n in one.shape) < 2 else r"\mathbf{1}\, \mathbf{1}^{\top}"


def _along(dims: tuple[int, ...] | None) -> str:
    """The index that runs."""
    return "" if dims is None else "_{" + "".join(_INDICES[d] for d in dims) + "}"


def _write_part(one: Applied, names: Write) -> str:
    dim, place = one.details
    (x,) = one.arguments
    before = _single(x)
    if isinstance(before, Applied) and before.name == "part":  # W[0][1] is W_{0,1}
        outer_dim, first = before.details
        if outer_dim == -2:
            return f"{_before(before.arguments[0], names)}_{{{first},\\,{place}}}"
    everything = r"\cdot,\," if dim == -1 and len(shape_of(x)) == 2 else ""
    return f"{_before(x, names)}_{{{everything}{place}}}"


def _prefix(command: str) -> Callable[[Applied, Write], str]:
    def write(one: Applied, names: Write) -> str:
        along = _along(one.details[0]) if one.details else ""
        return f"{command}{along} {_operand(one.arguments[0], names)}"

    return write


def _called(name: str) -> Callable[[Applied, Write], str]:
    return lambda one, names: rf"\operatorname{{{name}}}({one.arguments[0].tex(names)})"


def _write_norm(one: Applied, names: Write) -> str:
    p, dims = one.details
    kind = "" if p == 2 else f"_{{{p:g}}}"
    (x,) = one.arguments
    if dims is None or len(shape_of(x)) == 1:
        return rf"\lVert {x.tex(names)} \rVert{kind}"
    places = ",".join(r"\cdot" if d in dims else _INDICES[d] for d in range(len(shape_of(x))))
    return rf"\lVert {_before(x, names)}_{{{places}}} \rVert{kind}"


def _over(name: str) -> Callable[..., Any]:
    return lambda F, x, dims: getattr(x, name)(dims) if dims is not None else getattr(x.flatten(), name)(0)


_INDICES = "ijklmnop"

_FORMS: dict[str, _Form] = {
    "matmul": _Form(
        lambda one, names: r"\, ".join(_factor(f, names, f is one.arguments[-1]) for f in one.arguments),
        lambda F, *factors: reduce(product_of, factors),
        "product",
    ),
    "outer": _Form(_write_outer, lambda F, a, b: a.reshape(-1, 1) * b.reshape(1, -1), "product"),
    "dot": _Form(_write_dot, lambda F, a, b: (a * b).sum(), "product"),
    "transpose": _Form(_write_transpose, lambda F, x: x.mT),
    "sum": _Form(
        _prefix(r"\textstyle\sum"), lambda F, x, dims: x.sum() if dims is None else x.sum(dims), "prefix"
    ),
    "max": _Form(_prefix(r"\max"), _over("amax"), "prefix"),
    "min": _Form(_prefix(r"\min"), _over("amin"), "prefix"),
    "prod": _Form(_prefix(r"\textstyle\prod"), lambda F, x, dims: x.prod(), "prefix"),
    "softmax": _Form(_called("softmax"), lambda F, x, dim: x.softmax(dim)),
    "norm": _Form(_write_norm, lambda F, x, p, dims: F.linalg_vector_norm(x, p, dims, False)),
    "mean": _Form(
        lambda one, names: rf"\operatorname{{mean}}{_along(one.details[0])}({one.arguments[0].tex(names)})",
        lambda F, x, dims: x.mean() if dims is None else x.mean(dims, keepdim=True),
    ),
    "inverse": _Form(
        lambda one, names: f"{_before(one.arguments[0], names)}^{{-1}}", lambda F, x: x.inverse()
    ),
    "trace": _Form(_prefix(r"\operatorname{tr}"), lambda F, x: x.trace(), "prefix"),
    "det": _Form(_prefix(r"\det"), lambda F, x: x.det(), "prefix"),
    "ones": _Form(_write_ones, lambda F, shape: F.ones(shape)),
    "unit": _Form(lambda one, _: f"e_{{{one.details[0]}}}", lambda F, place, count: F.eye(count)[place]),
    "eye": _Form(lambda one, _: "I", lambda F, count: F.eye(count)),
    "one_hot": _Form(_called("onehot"), lambda F, classes, count: F.eye(count)[classes]),
    "diagonal_of": _Form(_called("diag"), lambda F, x: x.diagonal()),
    "diagonal": _Form(_called("diag"), lambda F, x: F.eye(len(x)) * x),
    "part": _Form(_write_part, lambda F, x, dim, place: x.select(dim, place)),
    "aligned": _Form(
        lambda one, names: _factor(one.arguments[0], names), lambda F, x, shape: x.reshape(shape)
    ),
    "reshape": _Form(_called("reshape"), lambda F, x, shape: x.reshape(shape)),
    "stack": _Form(
        lambda one, names: r"\left[" + r",\, ".join(a.tex(names) for a in one.arguments) + r"\right]",
        lambda F, *given: F.stack(given[:-1], given[-1]),
    ),
}
