"""Probability distributions with samples, densities and divergences: ``torch.distributions``."""

from engine.distributions import constraints, kl, transforms
from engine.distributions.composed import Independent, LogNormal, TransformedDistribution
from engine.distributions.continuous import Cauchy, Exponential, Laplace, Normal, Uniform
from engine.distributions.discrete import (
    Bernoulli,
    Categorical,
    OneHotCategorical,
    OneHotCategoricalStraightThrough,
)
from engine.distributions.distribution import Distribution
from engine.distributions.kl import kl_divergence, register_kl
from engine.distributions.transforms import (
    AffineTransform,
    ExpTransform,
    PowerTransform,
    SigmoidTransform,
    TanhTransform,
    Transform,
)

__all__ = [
    "AffineTransform",
    "Bernoulli",
    "Categorical",
    "Cauchy",
    "Distribution",
    "ExpTransform",
    "Exponential",
    "Independent",
    "Laplace",
    "LogNormal",
    "Normal",
    "OneHotCategorical",
    "OneHotCategoricalStraightThrough",
    "PowerTransform",
    "SigmoidTransform",
    "TanhTransform",
    "Transform",
    "TransformedDistribution",
    "Uniform",
    "constraints",
    "kl",
    "kl_divergence",
    "register_kl",
    "transforms",
]
