"""Gamma, Dirichlet, Poisson and binomial numbers of a device: all elements at once, in a fixed number of rounds.

On the CPU each number is drawn until one is accepted (`engine.rejection`). On a device that would take a question to it
after every round. So there are as many rounds as leave less than one number in 10**17 without an accepted draw, which
then is the middle of its distribution; a round is three launches, and what it draws does not depend on the numbers. All
is computed in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import backend
from engine.backend import Array
from engine.elementwise import Elementwise
from engine.generators import DeviceGenerator

__all__ = ["binomial", "dirichlet", "gamma", "poisson"]

_GAMMA_ROUNDS, _COUNT_ROUNDS = 16, 32
_STEPS = 64
"""Counts below this are looked for one after the other; their mean is below `_FEW`."""
_FEW = 10.0
_NOTHING = 1e-17
"""A probability that no sum of others changes by."""


def _gamma_round(xp: Any, taken: Any, x: Any, u: Any, d: Any) -> Any:
    """Marsaglia and Tsang, doi:10.1145/358407.358414."""
    v = 1.0 + x / xp.sqrt(9.0 * d)
    v = v * v * v
    accepted = (v > 0) & (xp.log1p(-u) < 0.5 * x * x + d * (1.0 - v + xp.log(v)))
    return xp.where((taken < 0) & accepted, d * v, taken)


def _poisson_few(xp: Any, rate: Any, u: Any) -> Any:
    """The first count whose cumulated probability is not below `u`."""
    share = xp.exp(-rate)
    total, found = share, 0.0 * rate
    for k in range(1, _STEPS):
        found = found + xp.where((u > total) & (share > _NOTHING), 1.0, 0.0)
        share = share * rate / k
        total = total + share
    return found


def _poisson_round(xp: Any, taken: Any, u: Any, v: Any, rate: Any) -> Any:
    """Hoermann's transformed rejection, doi:10.1016/0167-6687(93)90997-4."""
    b = 0.931 + 2.53 * xp.sqrt(rate)
    a = -0.059 + 0.02483 * b
    u = u - 0.5
    us = 0.5 - abs(u)
    k = xp.floor((2.0 * a / us + b) * u + rate + 0.43)
    likely = (us >= 0.07) & (v <= 0.9277 - 3.6224 / (b - 2.0))
    never = (k < 0) | ((us < 0.013) & (v > us))
    left = xp.log(v) + xp.log(1.1239 + 1.1328 / (b - 3.4)) - xp.log(a / (us * us) + b)
    accepted = likely | (~never & (left <= k * xp.log(rate) - rate - _log_factorial(xp, k)))
    return xp.where((taken < 0) & accepted, k, taken)


def _binomial_few(xp: Any, n: Any, p: Any, u: Any) -> Any:
    """The first count whose cumulated probability is not below `u`."""
    share = xp.exp(n * xp.log1p(-p))
    total, found, odds = share, 0.0 * n, p / (1.0 - p)
    for k in range(1, _STEPS):
        found = found + xp.where((u > total) & (share > _NOTHING), 1.0, 0.0)
        share = share * odds * (n - (k - 1.0)) / k
        total = total + share
    return found


def _binomial_round(xp: Any, taken: Any, u: Any, v: Any, n: Any, p: Any) -> Any:
    """Hoermann's transformed rejection, doi:10.1080/00949659308811496."""
    deviation = xp.sqrt(n * p * (1.0 - p))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    u = u - 0.5
    us = 0.5 - abs(u)
    k = xp.floor((2.0 * a / us + b) * u + n * p + 0.5)
    likely = (us >= 0.07) & (v <= 0.92 - 4.2 / b)
    m = xp.floor((n + 1.0) * p)
    most = _log_factorial(xp, m) + _log_factorial(xp, n - m)
    here = most - _log_factorial(xp, k) - _log_factorial(xp, n - k) + (k - m) * xp.log(p / (1.0 - p))
    left = xp.log(v * (2.83 + 5.1 / b) * deviation / (a / (us * us) + b))
    accepted = likely | ((k >= 0) & (k <= n) & (left <= here))
    return xp.where((taken < 0) & accepted, k, taken)


def _log_factorial(xp: Any, k: Any) -> Any:
    return backend.scipy(xp, "special").gammaln(k + 1.0)


_GAMMA_ROUND = Elementwise(_gamma_round, "gamma_round")
_POISSON_FEW = Elementwise(_poisson_few, "poisson_few")
_POISSON_ROUND = Elementwise(_poisson_round, "poisson_round")
_BINOMIAL_FEW = Elementwise(_binomial_few, "binomial_few")
_BINOMIAL_ROUND = Elementwise(_binomial_round, "binomial_round")


def _unit(like: Array, generator: DeviceGenerator) -> Array:
    """Numbers in [0, 1), one for each element."""
    return generator.doubles(like.size).reshape(like.shape)


def _gamma(alpha: Array, generator: DeviceGenerator) -> Array:
    """Gamma numbers in float64."""
    xp = generator.xp
    wide = alpha.astype(np.float64)
    d = xp.where(wide < 1.0, wide + 1.0, wide) - 1.0 / 3.0
    taken = xp.full(wide.shape, -1.0)
    for _ in range(_GAMMA_ROUNDS):
        x = generator.normals(wide.size).reshape(wide.shape)
        taken = _GAMMA_ROUND(xp, taken, x, _unit(wide, generator), d)
    drawn = xp.where(taken < 0, d, taken)
    less = (1.0 - _unit(wide, generator)) ** (1.0 / wide)
    return xp.where(wide == 0.0, 0.0, xp.where(wide < 1.0, drawn * less, drawn))


def gamma(alpha: Array, generator: DeviceGenerator) -> Array:
    """Gamma numbers of shape `alpha` and rate 1, in the shape and dtype of `alpha`."""
    drawn = _gamma(alpha, generator).astype(alpha.dtype)
    return generator.xp.maximum(drawn, np.finfo(alpha.dtype).tiny)


def dirichlet(alpha: Array, generator: DeviceGenerator) -> Array:
    """Points of the simplex; the last dimension of `alpha` is its corners."""
    xp = generator.xp
    parts = xp.maximum(_gamma(alpha, generator), np.finfo(np.float64).tiny)
    share = (parts / parts.sum(-1, keepdims=True)).astype(alpha.dtype)
    limits = np.finfo(alpha.dtype)
    return xp.clip(share, limits.tiny, np.nextafter(alpha.dtype.type(1), alpha.dtype.type(0)))


def poisson(rate: Array, generator: DeviceGenerator) -> Array:
    """How many events of a given rate, in the shape and dtype of `rate`."""
    xp = generator.xp
    wide = rate.astype(np.float64)
    few = _POISSON_FEW(xp, xp.minimum(wide, _FEW), _unit(wide, generator))
    taken = xp.full(wide.shape, -1.0)
    for _ in range(_COUNT_ROUNDS):
        taken = _POISSON_ROUND(xp, taken, _unit(wide, generator), _unit(wide, generator), wide)
    many = xp.where(taken < 0, xp.floor(wide), taken)
    return xp.where(wide < _FEW, few, many).astype(rate.dtype)


def binomial(count: Array, prob: Array, generator: DeviceGenerator) -> Array:
    """How many of `count` trials succeed, each with probability `prob`; both of one shape, in the dtype of `count`."""
    xp = generator.xp
    n, given = count.astype(np.float64), prob.astype(np.float64)
    p = xp.where(given > 0.5, 1.0 - given, given)
    few = _BINOMIAL_FEW(xp, n, p, _unit(n, generator))
    taken = xp.full(n.shape, -1.0)
    for _ in range(_COUNT_ROUNDS):
        taken = _BINOMIAL_ROUND(xp, taken, _unit(n, generator), _unit(n, generator), n, p)
    many = xp.where(taken < 0, xp.floor((n + 1.0) * p), taken)
    drawn = xp.where(n * p < _FEW, few, many)
    drawn = xp.where(given > 0.5, n - drawn, drawn)
    return xp.where(n > 0.0, drawn, 0.0).astype(count.dtype)
