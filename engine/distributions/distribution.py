"""`Distribution`, the base of all, and what they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np

from engine import dtypes
from engine.autograd.grad_mode import enable_grad, no_grad
from engine.backward import grad
from engine.distributions.constraints import Constraint
from engine.methods import public_functions
from engine.nn.functional import softmax
from engine.tensor import Size, Tensor

__all__ = ["Distribution", "ExponentialFamily"]

torch: Any = SimpleNamespace(**public_functions())
"""The functions on tensors, by the names formulas are written in."""

Shape = Sequence[int]


def broadcast_all(*values: Any) -> tuple[Any, ...]:
    """Tensors and numbers as tensors of one shape; numbers take the first tensor's dtype.

    Raises:
        ValueError: for anything else.
    """
    if not all(isinstance(v, (Tensor, int, float)) for v in values):
        raise ValueError(
            "Input arguments must all be instances of Number, torch.Tensor or objects implementing __torch_function__."
        )
    given = [v for v in values if isinstance(v, Tensor)]
    dtype = given[0].dtype if given else dtypes.get_default_dtype()
    made = [v if isinstance(v, Tensor) else torch.tensor(v, dtype=dtype) for v in values]
    return tuple(torch.broadcast_tensors(*made))


def shape_of(tensor: Any, *values: Any) -> Size:
    """The batch shape that parameters ask for: none if all of them are numbers."""
    return tensor.shape if any(isinstance(v, Tensor) for v in values) else Size()


def sum_rightmost(value: Any, dim: int) -> Any:
    """The sum over the last `dim` dimensions."""
    return value.reshape((*value.shape[:-dim], -1)).sum(-1) if dim else value


def logits_to_probs(logits: Any, is_binary: bool = False) -> Any:
    """The probabilities of log-odds, or of unnormalised logarithms."""
    return torch.sigmoid(logits) if is_binary else softmax(logits, -1)


def probs_to_logits(probs: Any, is_binary: bool = False) -> Any:
    """The other way round, kept finite."""
    clamped = clamp_probs(probs)
    return torch.log(clamped) - torch.log1p(-clamped) if is_binary else torch.log(clamped)


def clamp_probs(probs: Any) -> Any:
    """Probabilities kept away from 0 and 1, so that their logarithms are finite."""
    eps = dtypes.finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def given_probs_or_logits(probs: Any, logits: Any) -> tuple[str, Any]:
    """The name of the one that was given, and its value."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")
    return ("probs", probs) if logits is None else ("logits", logits)


def empty(like: Any, shape: Shape) -> Any:
    """Zeros to draw into, in the dtype of `like`."""
    return like._beside(np.zeros(tuple(shape), like._data.dtype))


class lazy_property:
    """A parameter computed from another when it is first asked for."""

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped = wrapped
        update_wrapper(self, wrapped)  # type: ignore[arg-type]

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        with enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


class Distribution:
    """A distribution over events of `event_shape`, `batch_shape` of them side by side."""

    has_rsample: Any = False
    has_enumerate_support: Any = False
    _validate_args = True
    arg_constraints: Any = MappingProxyType({})
    support: Any = None
    _parameters: tuple[str, ...] = ()
    """The parameters that `expand` expands, each of the batch shape."""

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether parameters and values are checked where a distribution does not say."""
        Distribution._validate_args = value

    def __init__(
        self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None
    ) -> None:
        self._batch_shape = Size(batch_shape)
        self._event_shape = Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            for name, constraint in self.arg_constraints.items():
                if name in self.__dict__ or not isinstance(getattr(type(self), name, None), lazy_property):
                    self._check_parameter(name, constraint)

    def _check_parameter(self, name: str, constraint: Constraint) -> None:
        value = getattr(self, name)
        if not constraint.check(value)._data.all():
            raise ValueError(
                f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution "
                f"{self!r} to satisfy the constraint {constraint!r}, but found invalid values:\n{value}"
            )

    def expand(self, batch_shape: Shape, _instance: Any = None) -> Any:
        """The same distribution over a larger batch shape."""
        new = type(self).__new__(type(self)) if _instance is None else _instance
        for name in self._parameters:
            if name in self.__dict__:
                setattr(new, name, self.__dict__[name].expand(tuple(batch_shape)))
        Distribution.__init__(new, batch_shape, self._event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @property
    def batch_shape(self) -> Size:
        """The shape of the distributions side by side."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one sample of one of them."""
        return self._event_shape

    @property
    def mean(self) -> Any:
        """The mean."""
        raise NotImplementedError

    @property
    def mode(self) -> Any:
        """The most likely value."""
        raise NotImplementedError(f"{type(self)} does not implement mode")

    @property
    def variance(self) -> Any:
        """The variance."""
        raise NotImplementedError

    @property
    def stddev(self) -> Any:
        """The standard deviation."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Shape = ()) -> Any:
        """Samples of shape sample_shape + batch_shape + event_shape, without a graph."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Shape = ()) -> Any:
        """Samples through which gradients reach the parameters."""
        raise NotImplementedError

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density or probability of `value`."""
        raise NotImplementedError

    def cdf(self, value: Any) -> Any:
        """The probability of at most `value`."""
        raise NotImplementedError

    def icdf(self, value: Any) -> Any:
        """Where the cumulative probability is `value`."""
        raise NotImplementedError

    def enumerate_support(self, expand: bool = True) -> Any:
        """All values of a discrete distribution, along a new first dimension."""
        raise NotImplementedError

    def entropy(self) -> Any:
        """The entropy in nats, of batch_shape."""
        raise NotImplementedError

    def perplexity(self) -> Any:
        """The exponential of the entropy."""
        return torch.exp(self.entropy())

    def _extended_shape(self, sample_shape: Shape = ()) -> Size:
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def _validate_sample(self, value: Any) -> None:
        if not self._validate_args:
            return
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        actual, event = tuple(value.shape), tuple(self._event_shape)
        if actual[len(actual) - len(event) :] != event:
            raise ValueError(
                f"The right-most size of value must match event_shape: {value.shape} vs {self._event_shape}."
            )
        expected = (*self._batch_shape, *event)
        for mine, theirs in zip(reversed(actual), reversed(expected), strict=False):
            if 1 not in (mine, theirs) and mine != theirs:
                raise ValueError(
                    f"Value is not broadcastable with batch_shape+event_shape: {value.shape} vs {Size(expected)}."
                )
        if not self.support.check(value)._data.all():
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {actual}) to be within the support "
                f"({self.support!r}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    def __repr__(self) -> str:
        shown = [(name, self.__dict__[name]) for name in self.arg_constraints if name in self.__dict__]
        text = ", ".join(f"{name}: {value if value.numel() == 1 else value.shape}" for name, value in shown)
        return f"{type(self).__name__}({text})"


class ExponentialFamily(Distribution):
    """Densities ``exp(t(x) . theta - F(theta) + k(x))``; the entropy follows from `_log_normalizer`, which is F."""

    _mean_carrier_measure: Any = None

    @property
    def _natural_params(self) -> Any:
        raise NotImplementedError

    def _log_normalizer(self, *natural_params: Any) -> Any:
        raise NotImplementedError

    def entropy(self) -> Any:
        if self._mean_carrier_measure is None:
            raise NotImplementedError
        params = [p.detach().requires_grad_() for p in self._natural_params]
        norm = self._log_normalizer(*params)
        gradients = grad(norm.sum(), params, create_graph=True)
        result = norm - self._mean_carrier_measure
        for p, g in zip(params, gradients, strict=True):
            result = result - (p * g).reshape((*self._batch_shape, -1)).sum(-1)
        return result
