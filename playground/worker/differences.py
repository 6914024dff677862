"""A derivative checked by central differences, in float64 on the function itself.

Source of the steps: rounding is least where h is the cube root of the unit of rounding times the size of x (W. H. Press
and others, Numerical Recipes, 5.7). Near zero that size is not known, so two steps are tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Matrix = np.ndarray[Any, Any]
Function = Callable[[Matrix], Matrix]
"""One input, flat and float64, to the output, flat and float64."""


@dataclass(frozen=True)
class Precision:
    """How exactly the function can be evaluated."""

    unit: float
    """Of rounding."""
    steps: tuple[tuple[float, float], ...]
    """Relative step, and the least size of x it is taken of."""
    tolerance: float
    bend: float
    """Slopes to the left and to the right that differ by this share of the largest are those of a kink."""


DOUBLE = Precision(2.0**-52, ((2.0**-17, 1.0), (2.0**-17, 2.0**-10)), 1e-5, 1e-3)
SINGLE = Precision(2.0**-23, ((2.0**-7, 1.0), (2.0**-8, 2.0**-4)), 2e-2, 0.3)
"""Somewhere in the function numbers are rounded to float32."""


@dataclass
class Comparison:
    """A derivative beside differences."""

    difference: float | None
    """The largest, relative to the largest entry; None if there was nothing to compare."""
    agrees: bool = True
    at: int = -1
    """Where it is, in row-major order; -1 of a product."""
    expected: float = 0.0
    got: float = 0.0
    kinks: int = 0
    """Entries where the slopes to both sides differ, and the derivative is one in between."""
    undefined: int = 0
    """Entries where the function, or its derivative, is not finite."""

    def rank(self) -> tuple[bool, int, float]:
        """Less is better: what a better chosen step would have shown."""
        return not self.agrees, self.kinks, self.difference or 0.0


def compare(derivative: Matrix, function: Function, x: Matrix, y: Matrix, precision: Precision) -> Comparison:
    """`derivative` (outputs x inputs) of `function` at `x`, where it is `y`, beside differences by every input."""
    found: list[Comparison] = []
    gap: Matrix | None = None
    for relative, least in precision.steps:
        with np.errstate(all="ignore"):
            steps = relative * np.maximum(np.abs(x), least)
            left, right = _slopes(function, x, y, steps)
            found.append(_compare(derivative, left, right, gap, _noise(y, steps, precision), precision))
            gap = np.abs(right - left)
        if found[-1].agrees and not found[-1].kinks:
            break
    return min(found, key=Comparison.rank)


def compare_product(
    gradient: Matrix, weights: Matrix, function: Function, x: Matrix, y: Matrix, precision: Precision
) -> Comparison:
    """`gradient` of ``weights @ function`` at `x` beside a difference along a random direction.

    Where the slopes to both sides differ and go on to with a smaller step, kinks lie at `x` (ties of a maximum, zeros
    of a ReLU) and no slope along a direction says whether the derivative is right: then there is nothing to compare.
    """
    direction = np.random.default_rng(1).standard_normal(x.size)
    got, scale = float(gradient @ direction), float(np.linalg.norm(gradient))
    found: list[Comparison] = []
    gap = np.inf
    for relative, least in precision.steps:
        with np.errstate(all="ignore"):
            h = relative * max(float(np.abs(x).mean()), least)
            above, below = function(x + h * direction), function(x - h * direction)
            expected = float(weights @ (above - below)) / (2 * h)
            before, gap = gap, abs(float(weights @ (above - 2 * y + below))) / h
            noise = float(_noise(y, np.array([h]), precision)) * float(np.linalg.norm(weights))
        if not np.isfinite((expected, got)).all():
            return Comparison(None, undefined=1)
        off = abs(expected - got)
        size = max(scale, abs(expected))
        difference = off / size if size else off
        found.append(
            Comparison(difference, difference <= precision.tolerance or off <= noise, -1, expected, got)
        )
        if found[-1].agrees:
            return found[-1]
    if gap > precision.bend * size + 2 * noise and gap > 0.75 * before:
        return Comparison(None, kinks=1)
    return min(found, key=Comparison.rank)


def _slopes(function: Function, x: Matrix, y: Matrix, steps: Matrix) -> tuple[Matrix, Matrix]:
    """The slopes of every output by every input, to the left and to the right."""
    left, right = np.empty((y.size, x.size)), np.empty((y.size, x.size))
    for j, h in enumerate(steps):
        moved = x.copy()
        moved[j] = x[j] - h
        left[:, j] = (y - function(moved)) / (x[j] - moved[j])
        moved[j] = x[j] + h
        right[:, j] = (function(moved) - y) / (moved[j] - x[j])
    return left, right


def _noise(y: Matrix, steps: Matrix, precision: Precision) -> Any:
    """What rounding makes of a slope that is zero."""
    finite = np.abs(y[np.isfinite(y)])
    return (
        16
        * precision.unit
        * (float(finite.max()) if finite.size else 0.0)
        / (steps if steps.size > 1 else steps[0])
    )


def _compare(
    derivative: Matrix, left: Matrix, right: Matrix, before: Matrix | None, noise: Any, precision: Precision
) -> Comparison:
    """`before`: how far the slopes to both sides were apart with a larger step. At a kink that stays the same; where
    the function is only curved it becomes less with the step."""
    defined = np.isfinite(derivative) & np.isfinite(left) & np.isfinite(right)
    undefined = int(derivative.size - defined.sum())
    if not defined.any():
        return Comparison(None, undefined=undefined)
    central = np.where(defined, (left + right) / 2, 0.0)
    got = np.where(defined, derivative, 0.0)
    low, high = np.minimum(left, right), np.maximum(left, right)
    # Slopes at a jump are as large as the step is small, so the size is that of the rest.
    scale = max(float(np.abs(got).max()), float(np.median(np.abs(central[defined]))))
    noise = np.broadcast_to(noise, got.shape)
    bent = defined & (high - low > precision.bend * scale + 2 * noise)
    if before is not None:
        bent &= high - low > 0.75 * before
    slack = precision.tolerance * scale
    between = bent & (got >= low - slack) & (got <= high + slack)
    off = np.where(defined & ~between, np.abs(got - central), 0.0)
    straight = defined & ~bent
    largest = max(scale, float(np.abs(central[straight]).max()) if straight.any() else 0.0)
    at = int(off.argmax())
    worst = float(off.reshape(-1)[at])
    difference = worst / largest if largest else worst
    agrees = bool((off <= np.maximum(precision.tolerance * largest, noise)).all())
    expected, given = float(central.reshape(-1)[at]), float(got.reshape(-1)[at])
    return Comparison(difference, agrees, at, expected, given, int(between.sum()), undefined)
