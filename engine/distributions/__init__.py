"""Probability distributions with samples, densities and divergences: ``torch.distributions``."""

import re

from engine.distributions import constraints, kl, kl_pairs, transforms
from engine.distributions.composed import Independent, LogNormal, TransformedDistribution
from engine.distributions.constraint_registry import biject_to, transform_to
from engine.distributions.continuous import Cauchy, Exponential, Laplace, Normal, Uniform
from engine.distributions.counts import Binomial, Geometric, Multinomial, NegativeBinomial, Poisson
from engine.distributions.discrete import (
    Bernoulli,
    Categorical,
    OneHotCategorical,
    OneHotCategoricalStraightThrough,
)
from engine.distributions.distribution import Distribution, ExponentialFamily
from engine.distributions.gamma import Beta, Chi2, Dirichlet, FisherSnedecor, Gamma, StudentT
from engine.distributions.kl import kl_divergence, register_kl
from engine.distributions.mixture import MixtureSameFamily, VonMises
from engine.distributions.multivariate import LowRankMultivariateNormal, MultivariateNormal
from engine.distributions.relaxed import (
    ContinuousBernoulli,
    LogitRelaxedBernoulli,
    RelaxedBernoulli,
    RelaxedOneHotCategorical,
)
from engine.distributions.transformed import (
    Gumbel,
    HalfCauchy,
    HalfNormal,
    InverseGamma,
    Kumaraswamy,
    LogisticNormal,
    Pareto,
    Weibull,
)
from engine.distributions.transforms import *  # noqa: F403

_FILES = {
    "FisherSnedecor": "fishersnedecor",
    "LowRankMultivariateNormal": "lowrank_multivariate_normal",
    "OneHotCategorical": "one_hot_categorical",
    "OneHotCategoricalStraightThrough": "one_hot_categorical",
    "LogitRelaxedBernoulli": "relaxed_bernoulli",
    "RelaxedOneHotCategorical": "relaxed_categorical",
    "StudentT": "studentT",
    "ExponentialFamily": "exp_family",
}
for _value in list(vars().values()):
    if isinstance(_value, type) and issubclass(_value, Distribution):
        # What error messages name.
        _name = _value.__name__
        _file = _FILES.get(_name) or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", _name).lower()
        _value.__module__ = f"torch.distributions.{_file}"
