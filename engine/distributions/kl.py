"""The Kullback-Leibler divergence of pairs of distributions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from engine import linalg
from engine.backward import grad
from engine.distributions.composed import Independent, TransformedDistribution
from engine.distributions.continuous import Cauchy, Exponential, Laplace, Normal, Uniform
from engine.distributions.counts import Binomial, Geometric, Poisson
from engine.distributions.discrete import Bernoulli, Categorical, OneHotCategorical
from engine.distributions.distribution import Distribution, ExponentialFamily, sum_rightmost, torch
from engine.distributions.gamma import Beta, Dirichlet, Gamma
from engine.distributions.multivariate import (
    LowRankMultivariateNormal,
    MultivariateNormal,
    half_log_det,
    lowrank_log_det,
    lowrank_mahalanobis,
    mahalanobis,
)
from engine.distributions.relaxed import ContinuousBernoulli
from engine.distributions.transformed import EULER, Gumbel, HalfNormal, Pareto
from engine.nn.functional import softplus

__all__ = ["kl_divergence", "register_kl"]

Rule = Callable[[Any, Any], Any]
_RULES: dict[tuple[type, type], Rule] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Rule], Rule]:
    """Mark a function as the divergence of `type_p` from `type_q`."""
    if not (isinstance(type_p, type) and issubclass(type_p, Distribution)):
        raise TypeError(f"Expected type_p to be a Distribution subclass but got {type_p}")
    if not (isinstance(type_q, type) and issubclass(type_q, Distribution)):
        raise TypeError(f"Expected type_q to be a Distribution subclass but got {type_q}")

    def decorate(rule: Rule) -> Rule:
        _RULES[type_p, type_q] = rule
        return rule

    return decorate


def kl_divergence(p: Distribution, q: Distribution) -> Any:
    """The divergence of `p` from `q`, a tensor of their batch shape.

    Raises:
        NotImplementedError: if there is no formula for their types.
    """
    found = [
        (type(p).__mro__.index(a) + type(q).__mro__.index(b), rule)
        for (a, b), rule in _RULES.items()
        if isinstance(p, a) and isinstance(q, b)
    ]
    if not found:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}"
        )
    return min(found, key=lambda pair: pair[0])[1](p, q)


@register_kl(Normal, Normal)
def _normal(p: Any, q: Any) -> Any:
    ratio = (p.scale / q.scale).pow(2)
    away = ((p.loc - q.loc) / q.scale).pow(2)
    return 0.5 * (ratio + away - 1 - ratio.log())


@register_kl(Laplace, Laplace)
def _laplace(p: Any, q: Any) -> Any:
    ratio = p.scale / q.scale
    away = (p.loc - q.loc).abs()
    return -ratio.log() + away / q.scale + ratio * (-away / p.scale).exp() - 1


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Any, q: Any) -> Any:
    total = ((p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)).log()
    return total - (4 * p.scale * q.scale).log()


@register_kl(Exponential, Exponential)
def _exponential(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(Uniform, Uniform)
def _uniform(p: Any, q: Any) -> Any:
    result = ((q.high - q.low) / (p.high - p.low)).log()
    return result.masked_fill((q.low > p.low) | (q.high < p.high), math.inf)


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Any, q: Any) -> Any:
    one = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    one = one.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0)
    zero = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    return one + zero.masked_fill(q.probs == 1, math.inf).masked_fill(p.probs == 1, 0)


@register_kl(Categorical, Categorical)
def _categorical(p: Any, q: Any) -> Any:
    terms = p.probs * (p.logits - q.logits)
    return terms.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot(p: Any, q: Any) -> Any:
    return _categorical(p._categorical, q._categorical)


@register_kl(Independent, Independent)
def _independent(p: Any, q: Any) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: Any, q: Any) -> Any:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError
    return kl_divergence(p.base_dist, q.base_dist)


# --- Of one family ---------------------------------------------------------------------------------------------------


@register_kl(ExponentialFamily, ExponentialFamily)
def _exponential_family(p: Any, q: Any) -> Any:
    """The Bregman divergence of the normalizers."""
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot                             be "
            "computed using Bregman divergences"
        )
    own = [n.detach().requires_grad_() for n in p._natural_params]
    norm = p._log_normalizer(*own)
    gradients = grad(norm.sum(), own, create_graph=True)
    result = q._log_normalizer(*q._natural_params) - norm
    for n, m, g in zip(own, q._natural_params, gradients, strict=True):
        result = result - sum_rightmost((m - n) * g, len(q.event_shape))
    return result


@register_kl(Gamma, Gamma)
def _gamma(p: Any, q: Any) -> Any:
    first = q.concentration * (p.rate / q.rate).log()
    second = torch.lgamma(q.concentration) - torch.lgamma(p.concentration)
    third = (p.concentration - q.concentration) * torch.digamma(p.concentration)
    return first + second + third + (q.rate - p.rate) * (p.concentration / p.rate)


@register_kl(Beta, Beta)
def _beta(p: Any, q: Any) -> Any:
    total_p, total_q = p.concentration1 + p.concentration0, q.concentration1 + q.concentration0
    first = q.concentration1.lgamma() + q.concentration0.lgamma() + total_p.lgamma()
    second = p.concentration1.lgamma() + p.concentration0.lgamma() + total_q.lgamma()
    third = (p.concentration1 - q.concentration1) * torch.digamma(p.concentration1)
    fourth = (p.concentration0 - q.concentration0) * torch.digamma(p.concentration0)
    return first - second + third + fourth + (total_q - total_p) * torch.digamma(total_p)


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Any, q: Any) -> Any:
    total_p, total_q = p.concentration.sum(-1), q.concentration.sum(-1)
    first = total_p.lgamma() - total_q.lgamma()
    second = (p.concentration.lgamma() - q.concentration.lgamma()).sum(-1)
    slope = p.concentration.digamma() - total_p.digamma().unsqueeze(-1)
    return first - second + ((p.concentration - q.concentration) * slope).sum(-1)


@register_kl(Binomial, Binomial)
def _binomial(p: Any, q: Any) -> Any:
    if (p.total_count < q.total_count).any():
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented"
        )
    one = p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    return (p.total_count * one).masked_fill(p.total_count > q.total_count, math.inf)


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _continuous_bernoulli(p: Any, q: Any) -> Any:
    first = p.mean * (p.logits - q.logits)
    second = p._cont_bern_log_norm() + torch.log1p(-p.probs)
    return first + second + (-q._cont_bern_log_norm() - torch.log1p(-q.probs))


@register_kl(Gumbel, Gumbel)
def _gumbel(p: Any, q: Any) -> Any:
    ratio, own, other = p.scale / q.scale, q.loc / q.scale, p.loc / q.scale
    first = -ratio.log() - own + other
    return first + ratio * EULER + torch.exp(own + (1 + ratio).lgamma() - other) - (1 + EULER)


@register_kl(Geometric, Geometric)
def _geometric(p: Any, q: Any) -> Any:
    return -p.entropy() - torch.log1p(-q.probs) / p.probs - q.logits


@register_kl(HalfNormal, HalfNormal)
def _half_normal(p: Any, q: Any) -> Any:
    return _normal(p.base_dist, q.base_dist)


@register_kl(Pareto, Pareto)
def _pareto(p: Any, q: Any) -> Any:
    ratio = q.alpha / p.alpha
    result = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return result.masked_fill(p.support.lower_bound < q.support.lower_bound, math.inf)


@register_kl(Poisson, Poisson)
def _poisson(p: Any, q: Any) -> Any:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


# --- Normal vectors --------------------------------------------------------------------------------------------------


def _squares(matrix: Any) -> Any:
    """The trace of ``X X^T``."""
    return matrix.pow(2).sum((-2, -1))


def _same_event(p: Any, q: Any, what: str) -> None:
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"KL-divergence between two {what} with                          different event shapes cannot be "
            "computed"
        )


def _parts(d: Any) -> tuple[Any, Any, Any]:
    return d._unbroadcasted_cov_factor, d._unbroadcasted_cov_diag, d._capacitance_tril


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normal(p: Any, q: Any) -> Any:
    _same_event(p, q, "Multivariate Normals")
    own, other = p._unbroadcasted_scale_tril, q._unbroadcasted_scale_tril
    first = half_log_det(other) - half_log_det(own)
    second = _squares(linalg.solve_triangular(other, own, upper=False))
    return first + 0.5 * (second + mahalanobis(other, q.loc - p.loc) - p.event_shape[0])


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _low_rank(p: Any, q: Any) -> Any:
    _same_event(p, q, "Low Rank Multivariate Normals")
    factor, diagonal, capacitance = _parts(q)
    first = lowrank_log_det(factor, diagonal, capacitance) - lowrank_log_det(*_parts(p))
    third = lowrank_mahalanobis(factor, diagonal, q.loc - p.loc, capacitance)
    a: Any = linalg.solve_triangular(capacitance, factor.mT / diagonal.unsqueeze(-2), upper=False)
    own_factor, own_diagonal, _ = _parts(p)
    second = (
        (own_diagonal / diagonal).sum(-1)
        + _squares(own_factor * diagonal.rsqrt().unsqueeze(-1))
        - _squares(a * own_diagonal.sqrt().unsqueeze(-2))
        - _squares(a.matmul(own_factor))
    )
    return 0.5 * (first + second + third - p.event_shape[0])


@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def _whole_and_low_rank(p: Any, q: Any) -> Any:
    _same_event(p, q, "(Low Rank) Multivariate Normals")
    factor, diagonal, capacitance = _parts(q)
    own = p._unbroadcasted_scale_tril
    first = lowrank_log_det(factor, diagonal, capacitance) - 2 * half_log_det(own)
    third = lowrank_mahalanobis(factor, diagonal, q.loc - p.loc, capacitance)
    a: Any = linalg.solve_triangular(capacitance, factor.mT / diagonal.unsqueeze(-2), upper=False)
    second = _squares(own * diagonal.rsqrt().unsqueeze(-1)) - _squares(a.matmul(own))
    return 0.5 * (first + second + third - p.event_shape[0])


@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _low_rank_and_whole(p: Any, q: Any) -> Any:
    _same_event(p, q, "(Low Rank) Multivariate Normals")
    lower = q._unbroadcasted_scale_tril
    factor, diagonal, capacitance = _parts(p)
    first = 2 * half_log_det(lower) - lowrank_log_det(factor, diagonal, capacitance)
    second = _squares(linalg.solve_triangular(lower, factor, upper=False)) + _squares(
        linalg.solve_triangular(lower, torch.diag_embed(diagonal.sqrt()), upper=False)
    )
    return 0.5 * (first + second + mahalanobis(lower, q.loc - p.loc) - p.event_shape[0])
