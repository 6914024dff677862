"""Gamma, Dirichlet, Poisson and binomial random numbers, drawn as PyTorch draws them on the CPU, and how the first two
depend on their parameters.

Each takes a number of draws that depends on what was drawn, so they are made one after the other in double precision,
as in PyTorch's ``ATen/native/Distributions.cpp``; those of a device are made there (`engine.rounds`). The derivatives
are the approximations of its ``Distributions.h``, which are good to about four digits: exact ones would print other
numbers than PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from engine import backend, rounds
from engine.generators import DeviceGenerator, Generator
from engine.random import default_generator

__all__ = ["binomial", "dirichlet", "dirichlet_slope", "gamma", "gamma_slope", "poisson"]

Array = Any
"""A NumPy array of floats."""
_THIRD = np.float32(1.0) / np.float32(3.0)
_SQUEEZE = float(np.float32(0.0331))


class _Source:
    """Single draws from a generator."""

    def __init__(self, generator: Generator | None) -> None:
        self.generator = generator or default_generator

    def uniform(self) -> float:
        return float(self.generator.doubles(1)[0])

    def normal(self) -> float:
        return float(self.generator.normals(1)[0])


def _gamma_one(alpha: Any, source: _Source) -> float:
    """A gamma number by Marsaglia and Tsang, doi:10.1145/358407.358414; `alpha` in the precision of the tensor."""
    scale = 1.0
    one = type(alpha)(1)
    if alpha < 1:
        if alpha == 0:
            return 0.0
        scale = math.pow(1.0 - source.uniform(), float(one / alpha))
        alpha = alpha + one
    d = float(alpha - type(alpha)(_THIRD))
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        y = 0.0
        while y <= 0:
            x = source.normal()
            y = 1.0 + c * x
        v = y * y * y
        u = 1.0 - source.uniform()
        square = x * x
        if u < 1.0 - _SQUEEZE * square * square:
            return scale * d * v
        if math.log(u) < 0.5 * square + d * (1.0 - v + math.log(v)):
            return scale * d * v


def gamma(alpha: Array, generator: Generator | None = None) -> Array:
    """Gamma numbers of shape `alpha` and rate 1, in the shape and dtype of `alpha`."""
    if isinstance(generator, DeviceGenerator):
        return rounds.gamma(alpha, generator)
    source = _Source(generator)
    least = np.finfo(alpha.dtype).tiny
    drawn = np.array([_gamma_one(a, source) for a in alpha.reshape(-1)], np.float64).astype(alpha.dtype)
    return np.maximum(drawn, least).reshape(alpha.shape).astype(alpha.dtype)


def dirichlet(alpha: Array, generator: Generator | None = None) -> Array:
    """Points of the simplex; the last dimension of `alpha` is its corners."""
    if isinstance(generator, DeviceGenerator):
        return rounds.dirichlet(alpha, generator)
    source = _Source(generator)
    drawn = np.array([_gamma_one(np.float64(a), source) for a in alpha.reshape(-1)], np.float64)
    parts = np.maximum(drawn, np.finfo(np.float64).tiny).reshape(alpha.shape)
    share = (parts / parts.sum(-1, keepdims=True)).astype(alpha.dtype)
    most = np.nextafter(alpha.dtype.type(1), alpha.dtype.type(0))
    return np.clip(share, np.finfo(alpha.dtype).tiny, most).astype(alpha.dtype)


def _poisson_one(rate: float, source: _Source) -> int:
    if rate >= 10:
        # Hoermann's transformed rejection, 1993.
        root, logarithm = math.sqrt(rate), math.log(rate)
        b = 0.931 + 2.53 * root
        a = -0.059 + 0.02483 * b
        inverse = 1.1239 + 1.1328 / (b - 3.4)
        limit = 0.9277 - 3.6224 / (b - 2)
        while True:
            u = source.uniform() - 0.5
            v = source.uniform()
            us = 0.5 - abs(u)
            k = math.floor((2 * a / us + b) * u + rate + 0.43) if us else -1
            if us >= 0.07 and v <= limit:
                return k
            if k < 0 or (us < 0.013 and v > us):
                continue
            left = math.log(v) + math.log(inverse) - math.log(a / (us * us) + b)
            if left <= -rate + k * logarithm - math.lgamma(k + 1.0):
                return k
    if rate == 0:
        return 0
    least, product, count = math.exp(-rate), 1.0, 0
    while True:
        product *= source.uniform()
        if product <= least:
            return count
        count += 1


def poisson(rate: Array, generator: Generator | None = None) -> Array:
    """How many events of a given rate: ``poisson``."""
    backend.refuse(rate < 0, lambda: RuntimeError("invalid Poisson rate, expected rate to be non-negative"))
    if isinstance(generator, DeviceGenerator):
        return rounds.poisson(rate, generator)
    source = _Source(generator)
    drawn = [_poisson_one(float(r), source) for r in rate.reshape(-1)]
    return np.array(drawn, rate.dtype).reshape(rate.shape)


_TAILS = (
    *(0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211),
    *(0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.00925546218271273, 0.00833056343336287),
)


def _stirling_tail(k: float) -> float:
    if k <= 9:
        return _TAILS[int(k)]
    square = (k + 1) * (k + 1)
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1)


def _binomial_few(count: float, p: float, source: _Source) -> float:
    """By the gaps between successes."""
    total, found, log_failure = 0.0, 0.0, math.log1p(-p)
    while True:
        u = source.uniform()
        total += math.ceil(math.log(u) / log_failure) if u else math.inf
        if total > count:
            return found
        found += 1


def _binomial_many(count: float, p: float, source: _Source) -> float:
    """Hoermann's transformed rejection with squeeze, 1993."""
    deviation = math.sqrt(count * p * (1 - p))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = count * p + 0.5
    limit = 0.92 - 4.2 / b
    r = p / (1 - p)
    alpha = (2.83 + 5.1 / b) * deviation
    m = math.floor((count + 1) * p)
    while True:
        u = source.uniform() - 0.5
        v = source.uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + c) if us else -1
        if us >= 0.07 and v <= limit:
            return k
        if k < 0 or k > count:
            continue
        bound = (
            (m + 0.5) * math.log((m + 1) / (r * (count - m + 1)))
            + (count + 1) * math.log((count - m + 1) / (count - k + 1))
            + (k + 0.5) * math.log(r * (count - k + 1) / (k + 1))
            + _stirling_tail(m)
            + _stirling_tail(count - m)
            - _stirling_tail(k)
            - _stirling_tail(count - k)
        )
        if math.log(v * alpha / (a / (us * us) + b)) <= bound:
            return k


def _binomial_one(count: float, p: float, source: _Source) -> float:
    if count <= 0 or p <= 0:
        return 0.0
    if p >= 1:
        return count
    if p > 0.5:
        return count - _binomial_one(count, 1.0 - p, source)
    return (_binomial_many if count * p >= 10 else _binomial_few)(count, p, source)


def binomial(count: Array, prob: Array, generator: Generator | None = None) -> Array:
    """How many of `count` trials succeed, each with probability `prob`; both of one shape and dtype."""
    if isinstance(generator, DeviceGenerator):
        return rounds.binomial(count, prob, generator)
    source = _Source(generator)
    pairs = zip(count.reshape(-1), prob.reshape(-1), strict=True)
    drawn = [_binomial_one(float(n), float(p), source) for n, p in pairs]
    return np.array(drawn, count.dtype).reshape(count.shape)


# --- Derivatives of samples by parameters ----------------------------------------------------------------------------


def _digamma(x: Array) -> Array:
    return backend.scipy(backend.module_of(x), "special").digamma(x)


def _pieces(cases: list[tuple[Array, Callable[..., Array]]], *arguments: Array) -> Array:
    """Each function where its condition is the first to hold; the last holds everywhere.

    On a device all are computed everywhere: how many elements a condition holds for is not known on the host.
    """
    if backend.is_elsewhere(arguments[0]):
        *before, (_, otherwise) = cases
        result = otherwise(*arguments)
        for condition, function in reversed(before):
            result = np.where(condition, function(*arguments), result)
        return result
    result = np.empty(arguments[0].shape)
    left = np.ones(arguments[0].shape, np.bool_)
    for condition, function in cases:
        here = left & condition
        if here.any():
            result[here] = function(*(a[here] for a in arguments))
        left &= ~condition
    return result


_GAMMA = np.array(
    [
        [0.16009398, -0.094634809, 0.025146376, -0.0030648343, 1, 0.32668115, 0.10406089, 0.0014179084],
        [0.53487893, 0.1298071, 0.065735949, -0.0015649758, 0.16639465, 0.020070113, -0.0035938915, -0.00058392623],
        [0.040121004, -0.0065914022, -0.0026286047, -0.0013441777, 0.017050642, -0.0021309326, 0.00085092367,
         -1.5247877e-07],
    ]
)  # fmt: skip


def _gamma_small(alpha: Array, x: Array) -> Array:
    """By the first terms of the series for small `x`."""
    numerator, denominator = np.ones_like(x), alpha.copy()
    first, second = 1 / denominator, 1 / denominator**2
    for i in range(1, 6):
        numerator = numerator * (-x / i)
        denominator = denominator + 1
        first = first + numerator / denominator
        second = second + numerator / denominator**2
    power = x**alpha
    density = x ** (alpha - 1) * np.exp(-x)
    slope = (np.log(x) - _digamma(alpha)) * (power * first) - power * second
    return np.nan_to_num(-slope / density, nan=0.0, posinf=np.inf, neginf=-np.inf)


def _gamma_middle(alpha: Array, x: Array) -> Array:
    first = 1 + 24 * alpha * (1 + 12 * alpha)
    second = 1440 * alpha**2 + 6 * x * (53 - 120 * x) - 65 * x * x / alpha + alpha * (107 + 3600 * x)
    return first * second / (1244160 * alpha**4)


def _gamma_large(alpha: Array, x: Array) -> Array:
    """Rice's saddle point expansion."""
    root = np.sqrt(8 * alpha)
    away = root / (alpha - x)
    near = (x - alpha - alpha * np.log(x / alpha)) ** -1.5
    both = np.where(x < alpha, away - near, away + near)
    term = np.log(x / alpha) * both - np.sqrt(2 / alpha) * (alpha + x) / (alpha - x) ** 2
    stirling = 1 + 1 / (12 * alpha) * (1 + 1 / (24 * alpha))
    return -stirling * (x * term) / root


def _gamma_rational(alpha: Array, x: Array) -> Array:
    u, v = np.log(x / alpha), np.log(alpha)
    c = [_GAMMA[0, i] + u * (_GAMMA[1, i] + u * _GAMMA[2, i]) for i in range(8)]
    p = c[0] + v * (c[1] + v * (c[2] + v * c[3]))
    q = c[4] + v * (c[5] + v * (c[6] + v * c[7]))
    return np.exp(p / q)


def gamma_slope(alpha: Array, x: Array) -> Array:
    """The derivative by `alpha` of a gamma number that came out as `x`, at the same quantile."""
    a, v = (t.astype(np.float64) for t in (alpha, x))
    middle = (np.float32(0.9) * a <= v) & (v <= np.float32(1.1) * a)
    cases: list[tuple[Array, Callable[..., Array]]] = [
        (v < np.float32(0.8), _gamma_small),
        ((a > 8) & middle, _gamma_middle),
        (a > 8, _gamma_large),
        (np.ones_like(v, np.bool_), _gamma_rational),
    ]
    return _pieces(cases, a, v).astype(x.dtype)


def _beta_small(x: Array, alpha: Array, beta: Array) -> Array:
    """For `x` near 0, by the parameter `alpha`."""
    factor = _digamma(alpha) - _digamma(alpha + beta) - np.log(x)
    numerator = np.ones_like(x)
    series = numerator / alpha * (factor + 1 / alpha)
    for i in range(1, 11):
        numerator = numerator * ((i - beta) * x / i)
        denominator = alpha + i
        series = series + numerator / denominator * (factor + 1 / denominator)
    return np.nan_to_num(x * (1 - x) ** -beta * series, nan=0.0, posinf=np.inf, neginf=-np.inf)


def _beta_small_other(x: Array, alpha: Array, beta: Array) -> Array:
    """For `x` near 0, by the parameter `beta`."""
    factor = _digamma(alpha + beta) - _digamma(beta)
    numerator, betas, slopes = np.ones_like(x), np.ones_like(x), np.zeros_like(x)
    series = factor / alpha
    for i in range(1, 9):
        numerator = numerator * (-x / i)
        slopes = slopes * (beta - i) + betas
        betas = betas * (beta - i)
        series = series + numerator / (alpha + i) * (slopes + factor * betas)
    return np.nan_to_num(-((1 - x) ** (1 - beta)) * series, nan=0.0, posinf=np.inf, neginf=-np.inf)


def _beta_at_mean(x: Array, alpha: Array, beta: Array) -> Array:
    total = alpha + beta
    polynomial = 47 * x * beta**4 + alpha * (
        (43 + 20 * (16 + 27 * beta) * x) * beta**3
        + alpha
        * (
            3 * (59 + 180 * beta - 90 * x) * beta**2
            + alpha
            * ((453 + 1620 * beta * (1 - x) - 455 * x) * beta + alpha * (8 * (1 - x) * (135 * beta - 11)))
        )
    )
    above = (1 + 12 * alpha) * (1 + 12 * beta) / (total * total)
    below = 12960 * alpha**3 * beta**2 * (1 + 12 * total)
    return above / (1 - x) * polynomial / below


def _beta_middle(x: Array, alpha: Array, beta: Array) -> Array:
    """For both parameters large."""
    total = alpha + beta
    mean = alpha / total
    front = -x / np.sqrt(2 * alpha * beta / total)
    correction = [1 + 1 / (12 * v) + 1 / (288 * v * v) for v in (alpha, beta, total)]
    stirling = correction[0] * correction[1] / correction[2]
    above = 2 * alpha**2 * (x - 1) + alpha * beta * (x - 1) - x * beta**2
    away = alpha * (x - 1) + beta * x
    first = above / (np.sqrt(2 * alpha / beta) * total**1.5 * away * away)
    second = 0.5 * np.log(alpha / (total * x))
    third = np.sqrt(8 * alpha * beta / total) / away
    base = beta * np.log(beta / (total * (1 - x))) + alpha * np.log(alpha / (total * x))
    fourth = base**-1.5
    return stirling * front * (first + second * (third + np.where(x < mean, fourth, -fourth)))


_BETA = np.array(
    [
        [[[1.003668233, -0.01061107488, -0.0657888334, 0.01201642863],
          [0.6336835991, -0.3557432599, 0.05486251648, -0.001465281033],
          [-0.03276231906, 0.004474107445, 0.002429354597, -0.0001557569013]],
         [[0.221950385, -0.3187676331, 0.01799915743, 0.01074823814],
          [-0.2951249643, 0.06219954479, 0.01535556598, 0.001550077057],
          [0.02155310298, 0.004170831599, 0.001292462449, 6.976601077e-05]],
         [[-0.05980841433, 0.008441916499, 0.01085618172, 0.002319392565],
          [0.02911413504, 0.01400243777, -0.002721828457, 0.000751041181],
          [0.005900514878, -0.001936558688, -9.495446725e-06, 5.385558597e-05]]],
        [[[1, -0.02924021934, -0.04438342661, 0.007285809825],
          [0.6357567472, -0.3473456711, 0.05454656494, -0.002407477521],
          [-0.03301322327, 0.004845219414, 0.00231480583, -0.0002307248149]],
         [[0.5925320577, -0.1757678135, 0.01505928619, 0.000564515273],
          [0.1014815858, -0.06589186703, 0.01272886114, -0.0007316646956],
          [-0.007258481865, 0.001096195486, 0.0003934994223, -4.12701925e-05]],
         [[0.06469649321, -0.0236701437, 0.002902096474, -5.896963079e-05],
          [0.001925008108, -0.002869809258, 0.0008000589141, -6.063713228e-05],
          [-0.0003477407336, 6.959756487e-05, 1.097287507e-05, -1.650964693e-06]]],
    ]
)  # fmt: skip


def _beta_rational(x: Array, alpha: Array, beta: Array) -> Array:
    total = alpha + beta
    u = np.log(x)
    a = np.log(alpha) - u
    b = np.log(total) - a
    powers = [u**i * a**j for i in range(3) for j in range(3)]
    sums = [
        sum(p * (k[0] + b * (k[1] + b * (k[2] + b * k[3]))) for p, k in zip(powers, c, strict=True))
        for c in _BETA.reshape(2, 9, 4)
    ]
    return sums[0] / sums[1] * (x * (_digamma(total) - _digamma(alpha)) / beta)


def dirichlet_slope(x: Array, alpha: Array, total: Array) -> Array:
    """The derivative by `alpha` of one coordinate `x` of a Dirichlet sample whose parameters sum to `total`."""
    v, a, t = np.broadcast_arrays(*(p.astype(np.float64) for p in (x, alpha, total)))
    b = t - a
    edge = t * v * (1 - v)
    mean = a / t
    near = 0.1 * np.sqrt(a * b / (t + 1)) / t
    large = (a > 6) & (b > 6)
    cases: list[tuple[Array, Callable[..., Array]]] = [
        ((v <= 0.5) & (edge < 2.5), _beta_small),
        ((v >= 0.5) & (edge < 0.75), lambda x, alpha, beta: -_beta_small_other(1 - x, beta, alpha)),
        (large & (mean - near <= v) & (v <= mean + near), _beta_at_mean),
        (large, _beta_middle),
        (np.ones_like(v, np.bool_), _beta_rational),
    ]
    return _pieces(cases, v, a, b).astype(x.dtype)
