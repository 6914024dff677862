"""Invertible functions of each element, with the logarithm of their slope: ``torch.distributions.transforms``."""

from __future__ import annotations

import math
from typing import Any

from engine import dtypes
from engine.distributions import constraints
from engine.distributions.distribution import torch
from engine.nn.functional import softplus
from engine.tensor import Size, Tensor

__all__ = [
    "AffineTransform",
    "ExpTransform",
    "PowerTransform",
    "SigmoidTransform",
    "TanhTransform",
    "Transform",
]


class Transform:
    """``y = t(x)`` and back, ``x = t.inv(y)``."""

    domain: Any = constraints.real
    codomain: Any = constraints.real
    sign: Any = 1
    """Whether it rises or falls, 1 or -1."""

    def __call__(self, x: Any) -> Any:
        raise NotImplementedError

    def inv(self, y: Any) -> Any:
        """The value that gives `y`."""
        raise NotImplementedError

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The logarithm of the absolute slope at `x`, where the value is `y`."""
        raise NotImplementedError

    def broadcast(self, shape: Any) -> Size:
        """The shape that values of `shape` get."""
        return Size(shape)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ExpTransform(Transform):
    """``exp(x)``."""

    codomain = constraints.positive

    def __call__(self, x: Any) -> Any:
        return x.exp()

    def inv(self, y: Any) -> Any:
        return y.log()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return x


class SigmoidTransform(Transform):
    """``1 / (1 + exp(-x))``."""

    codomain = constraints.unit_interval

    def __call__(self, x: Any) -> Any:
        limits = dtypes.finfo(x.dtype)
        return torch.clamp(torch.sigmoid(x), min=limits.tiny, max=1.0 - limits.eps)

    def inv(self, y: Any) -> Any:
        limits = dtypes.finfo(y.dtype)
        y = y.clamp(min=limits.tiny, max=1.0 - limits.eps)
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -softplus(-x) - softplus(x)


class TanhTransform(Transform):
    """``tanh(x)``."""

    codomain = constraints.interval(-1.0, 1.0)

    def __call__(self, x: Any) -> Any:
        return x.tanh()

    def inv(self, y: Any) -> Any:
        return torch.atanh(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return 2.0 * (math.log(2.0) - x - softplus(-2.0 * x))


class AffineTransform(Transform):
    """``loc + scale * x``."""

    def __init__(self, loc: Any, scale: Any) -> None:
        self.loc = loc
        self.scale = scale

    @property
    def sign(self) -> Any:
        return self.scale.sign() if isinstance(self.scale, Tensor) else (self.scale > 0) - (self.scale < 0)

    def __call__(self, x: Any) -> Any:
        return self.loc + self.scale * x

    def inv(self, y: Any) -> Any:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        if isinstance(self.scale, Tensor):
            return torch.abs(self.scale).log().expand(x.shape)
        return torch.full_like(x, math.log(abs(self.scale)))

    def broadcast(self, shape: Any) -> Size:
        shapes = [tuple(v.shape) for v in (self.loc, self.scale) if isinstance(v, Tensor)]
        return Size(torch.broadcast_shapes(tuple(shape), *shapes))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AffineTransform):
            return False
        pairs = ((self.loc, other.loc), (self.scale, other.scale))
        return all(bool((a == b).all()) if isinstance(a == b, Tensor) else a == b for a, b in pairs)

    __hash__ = Transform.__hash__


class PowerTransform(Transform):
    """``x ** exponent`` of positive numbers."""

    domain = constraints.positive
    codomain = constraints.positive

    def __init__(self, exponent: Any) -> None:
        self.exponent = exponent if isinstance(exponent, Tensor) else torch.tensor(exponent)

    def __call__(self, x: Any) -> Any:
        return x.pow(self.exponent)

    def inv(self, y: Any) -> Any:
        return y.pow(1 / self.exponent)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return (self.exponent * y / x).abs().log()

    def broadcast(self, shape: Any) -> Size:
        return Size(torch.broadcast_shapes(tuple(shape), tuple(self.exponent.shape)))
