"""The formulas that the page shows: those derived from the rules are the rules, and none is left without."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest

from engine.formulas import formula_of, rule_of
from engine.registry import OPS, POINTWISE, ArrayNamespace, Op
from tests.engine import samples

ARRAY = ArrayNamespace(np)
WITH_RULES = [op for op in OPS.values() if op.vjp]
DERIVED = [op for op in WITH_RULES if not op.formula]


def _name(op: Op) -> str:
    return op.name


@pytest.mark.parametrize("op", WITH_RULES, ids=_name)
def test_every_rule_has_a_formula(op: Op) -> None:
    formula = formula_of(op)
    assert [d is not None for d in formula.derivatives] == [rule is not None for rule in op.vjp]
    for k, text in enumerate(formula.derivatives):
        if text is not None:
            left, _, right = text.partition(" = ")
            assert right, text
            assert f"#{k}" in left, "the left side names the input that it is about"
    names = set(re.findall(r"#(.)", " ".join([formula.forward, *filter(None, formula.derivatives)])))
    assert names <= {"y", "g", *map(str, range(len(formula.letters)))}
    assert "#" not in formula.plain(formula.forward)


@pytest.mark.parametrize(
    ("op", "sample"),
    [
        pytest.param(op, sample, id=f"{op.name}-{k}")
        for op in DERIVED
        for k, sample in enumerate(samples.of(op))
    ],
)
def test_derived_formula_is_the_rule(op: Op, sample: samples.Sample) -> None:
    """What the formula was printed from gives the rule's numbers."""
    values, args = sample
    y = np.asarray(op.forward(np, *values, *args))
    known = dict(zip(op.params, (*values, *args), strict=False))
    defaults = dict(zip(op.params, op.defaults, strict=True))
    g = np.ones_like(y) if op.kind == POINTWISE else np.random.default_rng(3).normal(size=y.shape)
    for k, rule in enumerate(op.vjp):
        if rule is None:
            continue
        wanted = list(inspect.signature(rule).parameters)[2:]
        numbers = {n: y if n == "y" else known.get(n, defaults.get(n)) for n in wanted}
        if any(number is None for number in numbers.values()):
            continue  # an argument that is not given has no place in a formula
        expected = rule(ARRAY, g, **numbers)
        found = rule_of(op, k).value(ARRAY, {**numbers, "g": g})
        np.testing.assert_allclose(
            np.broadcast_to(found, np.shape(expected)), expected, rtol=1e-12, atol=1e-12
        )


def test_most_formulas_are_derived() -> None:
    """Nobody writes by hand what the rule says."""
    pointwise = [op for op in WITH_RULES if op.kind == POINTWISE]
    assert sum(not op.formula for op in pointwise) > 0.75 * len(pointwise)


@pytest.mark.parametrize(
    ("name", "forward", "derivatives"),
    [
        ("sin", r"{y} = \sin {x}", [r"\cos {x}"]),
        ("tanh", r"{y} = \tanh {x}", ["1 - {y}^{2}"]),
        ("mul", r"{y} = {a} \cdot {b}", ["{b}", "{a}"]),
        ("div", r"{y} = \frac{{a}}{{b}}", [r"\frac{1}{{b}}", r"-\frac{{a}}{{b}^{2}}"]),
        ("pow_tensor_scalar", "{y} = {x}^{n}", [r"n\, {x}^{n - 1}"]),
        ("relu", r"{y} = \max({x}, 0)", ["[{y} > 0]"]),
        ("clamp", r"{y} = \min(\max({x}, \ell), u)", [r"[\ell \le {x} \le u]"]),
        ("log2", r"{y} = \log_2 {x}", [r"\frac{1}{{x}\, \ln 2}"]),
        ("mm", r"{Y} = {A}\,{B}", [r"\overline{Y}\,{B}^{\top}", r"{A}^{\top}\,\overline{Y}"]),
    ],
)
def test_reads_as_in_a_book(name: str, forward: str, derivatives: list[str]) -> None:
    formula = formula_of(OPS[name])
    assert formula.plain(formula.forward) == forward
    assert [formula.plain(d or "").partition(" = ")[2] for d in formula.derivatives] == derivatives
