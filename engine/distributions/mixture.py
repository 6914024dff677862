"""Mixtures of one family, and von Mises's distribution of angles."""

from __future__ import annotations

import math
from typing import Any

from engine import dtypes
from engine.autograd.grad_mode import no_grad
from engine.distributions import constraints
from engine.distributions.discrete import Categorical
from engine.distributions.distribution import Distribution, Shape, broadcast_all, lazy_property, torch
from engine.tensor import Size

__all__ = ["MixtureSameFamily", "VonMises"]


class MixtureSameFamily(Distribution):
    """One of the distributions along the last batch dimension, chosen by a `Categorical`."""

    def __init__(
        self,
        mixture_distribution: Any,
        component_distribution: Any,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(
                " The Mixture distribution needs to be an  instance of torch.distributions.Categorical"
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                "The Component distribution needs to be an instance of torch.distributions.Distribution"
            )
        own, batch = mixture_distribution.batch_shape, component_distribution.batch_shape[:-1]
        for n, m in zip(reversed(own), reversed(batch), strict=False):
            if n != 1 and m != 1 and n != m:
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({own}) is not compatible with "
                    f"`component_distribution.batch_shape`({Size(batch)})"
                )
        count, components = mixture_distribution.logits.shape[-1], component_distribution.batch_shape[-1]
        if count != components:
            raise ValueError(
                f"`mixture_distribution component` ({count}) does not equal `component_distribution.batch_shape[-1]` "
                f"({components})"
            )
        self.mixture_distribution = mixture_distribution
        self.component_distribution = component_distribution
        self._num_component = count
        event = component_distribution.event_shape
        self._event_ndims = len(event)
        super().__init__(batch, event, validate_args=validate_args)

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        new = super().expand(batch_shape, _instance)
        new.component_distribution = self.component_distribution.expand((*batch_shape, self._num_component))
        new.mixture_distribution = self.mixture_distribution.expand(batch_shape)
        new._num_component, new._event_ndims = self._num_component, self._event_ndims
        return new

    @property
    def support(self) -> Any:
        return constraints.MixtureSameFamilyConstraint(self.component_distribution.support)

    def _pad(self, x: Any) -> Any:
        return x.unsqueeze(-1 - self._event_ndims)

    def _shares(self) -> Any:
        """The probabilities of the components, with the dimensions of an event after them."""
        probs = self.mixture_distribution.probs
        own = len(self.mixture_distribution.batch_shape)
        more = 0 if own == 1 else len(self.batch_shape) - own
        size = (*probs.shape[:-1], *(1,) * more, probs.shape[-1], *(1,) * self._event_ndims)
        return probs.reshape(size)

    @property
    def mean(self) -> Any:
        return torch.sum(self._shares() * self.component_distribution.mean, dim=-1 - self._event_ndims)

    @property
    def variance(self) -> Any:
        dim = -1 - self._event_ndims
        shares, parts = self._shares(), self.component_distribution
        within = torch.sum(shares * parts.variance, dim=dim)
        return within + torch.sum(shares * (parts.mean - self._pad(self.mean)).pow(2.0), dim=dim)

    def cdf(self, value: Any) -> Any:
        parts = self.component_distribution.cdf(self._pad(value))
        return torch.sum(parts * self.mixture_distribution.probs, dim=-1)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        parts = self.component_distribution.log_prob(self._pad(value))
        shares = torch.log_softmax(self.mixture_distribution.logits, dim=-1)
        return torch.logsumexp(parts + shares, dim=-1)

    def sample(self, sample_shape: Shape = ()) -> Any:
        with no_grad():
            dim = len(sample_shape) + len(self.batch_shape)
            event = tuple(self.event_shape)
            chosen = self.mixture_distribution.sample(sample_shape)
            drawn = self.component_distribution.sample(sample_shape)
            places = chosen.reshape((*chosen.shape, *(1,) * (len(event) + 1)))
            places = places.repeat((*(1,) * chosen.dim(), 1, *event))
            return torch.gather(drawn, dim, places).squeeze(dim)

    def __repr__(self) -> str:
        return f"MixtureSameFamily(\n  {self.mixture_distribution},\n  {self.component_distribution})"


_SMALL = (
    (1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.0360768, 0.0045813),
    (0.5, 0.87890594, 0.51498869, 0.15084934, 0.02658733, 0.00301532, 0.00032411),
)
_LARGE = (
    (
        *(0.39894228, 0.01328592, 0.00225319, -0.00157565, 0.00916281, -0.02057706, 0.02635537, -0.01647633),
        0.00392377,
    ),
    (
        *(0.39894228, -0.03988024, -0.00362018, 0.00163801, -0.01031555, 0.02282967, -0.02895312, 0.01787654),
        -0.00420059,
    ),
)
"""Abramowitz and Stegun's polynomials for the modified Bessel functions of order 0 and 1, 9.8.1 to 9.8.4."""


def _polynomial(y: Any, coefficients: tuple[float, ...]) -> Any:
    result: Any = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        result = c + y * result
    return result


def _log_bessel(x: Any, order: int = 0) -> Any:
    square = (x / 3.75) * (x / 3.75)
    small = _polynomial(square, _SMALL[order])
    if order == 1:
        small = x.abs() * small
    large = x - 0.5 * x.log() + _polynomial(3.75 / x, _LARGE[order]).log()
    return torch.where(x < 3.75, small.log(), large)


class VonMises(Distribution):
    """Angles around `loc`, in radians, the nearer the larger `concentration` is."""

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}  # noqa: RUF012
    support = constraints.real
    _parameters = ("loc", "concentration")

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        found = self.concentration * torch.cos(value - self.loc)
        return found - math.log(2 * math.pi) - _log_bessel(self.concentration)

    def sample(self, sample_shape: Shape = ()) -> Any:
        """By rejection, in double precision (Best and Fisher, 1979)."""
        shape = self._extended_shape(sample_shape)
        with no_grad():
            loc, kappa = (p.to(dtypes.float64) for p in (self.loc, self.concentration))
            tau = 1 + (1 + 4 * kappa**2).sqrt()
            rho = (tau - (2 * tau).sqrt()) / (2 * kappa)
            r = torch.where(kappa < 1e-5, 1 / kappa + kappa, (1 + rho**2) / (2 * rho))
            x = torch.zeros(shape, dtype=dtypes.float64)
            done = torch.zeros(shape, dtype=dtypes.bool_)
            while not done._data.all():
                u1, u2, u3 = torch.rand((3, *shape), dtype=dtypes.float64).unbind()
                z = torch.cos(math.pi * u1)
                f = (1 + r * z) / (r + z)
                c = kappa * (r - f)
                accept = (c * (2 - c) - u2 > 0) | ((c / u2).log() + 1 - c >= 0)
                x = torch.where(accept, (u3 - 0.5).sign() * f.acos(), x)
                done = done | accept
            return ((x + math.pi + loc) % (2 * math.pi) - math.pi).to(self.loc.dtype)

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @lazy_property
    def variance(self) -> Any:
        """The circular variance."""
        return 1 - (_log_bessel(self.concentration, 1) - _log_bessel(self.concentration)).exp()
