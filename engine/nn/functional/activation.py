"""Activations: functions applied to each element, and the softmax family."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from engine import backend, random, sampling
from engine.dtypes import dtype as Dtype
from engine.inplace import apply_inplace
from engine.ops import image, nn, pointwise, reduce, shape
from engine.registry import OPS
from engine.tensor import Tensor

__all__ = [
    "celu",
    "celu_",
    "elu",
    "elu_",
    "gelu",
    "glu",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "leaky_relu",
    "leaky_relu_",
    "log_softmax",
    "logsigmoid",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "rrelu",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "threshold_",
]

sigmoid = pointwise.sigmoid
tanh = pointwise.tanh
softplus = nn.softplus
softshrink = nn.softshrink
hardshrink = nn.hardshrink
logsigmoid = nn.log_sigmoid
gelu = nn.gelu

SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
"""Klambauer et al. 2017, "Self-Normalizing Neural Networks"."""


def _apply(name: str, input: Tensor, inplace: bool, *arguments: Any) -> Tensor:
    op = OPS[name]
    if inplace:
        return apply_inplace(op, input, arguments)
    return op.call(input, *arguments)  # type: ignore[no-any-return]


def _in_place(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def call(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return function(input, *args, **kwargs, inplace=True)

    call.__name__ = call.__qualname__ = f"{function.__name__}_"
    call.__doc__ = f"`{function.__name__}`, in place."
    return call


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0), elementwise."""
    return _apply("relu", input, True) if inplace else pointwise.relu(input)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6), elementwise."""
    return _apply("hardtanh", input, inplace, 0.0, 6.0)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where positive, else ``negative_slope * x``."""
    return _apply("leaky_relu", input, inplace, negative_slope)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where positive, else ``alpha * (exp(x) - 1)``."""
    return _apply("elu", input, inplace, alpha, 1.0, 1.0)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """`elu` with the scale and alpha that keep mean 0 and variance 1."""
    return _apply("elu", input, inplace, SELU_ALPHA, SELU_SCALE, 1.0)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where positive, else ``alpha * (exp(x / alpha) - 1)``."""
    return _apply("celu", input, inplace, alpha)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """``x * sigmoid(x)``."""
    return _apply("silu", input, inplace)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """``x * tanh(softplus(x))``."""
    return _apply("mish", input, inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """``x * relu6(x + 3) / 6``."""
    return _apply("hardswish", input, inplace)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """``relu6(x + 3) / 6``."""
    return _apply("hardsigmoid", input, inplace)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x limited to [min_val, max_val]."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return _apply("hardtanh", input, inplace, min_val, max_val)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where above `threshold`, else `value`."""
    return _apply("threshold", input, inplace, threshold, value)


def softsign(input: Tensor) -> Tensor:
    """``x / (1 + |x|)``."""
    return input / (pointwise.abs(input) + 1)


def tanhshrink(input: Tensor) -> Tensor:
    """``x - tanh(x)``."""
    return input - pointwise.tanh(input)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where positive, else x times a weight: one for all, or one per channel (dimension 1).

    Raises:
        RuntimeError: if there are neither one nor as many weights as channels.
    """
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.numel() not in (1, channels):
        raise RuntimeError(
            f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {weight.numel()} and "
            f"channel size = {channels}."
        )
    if not input.ndim:
        weight = shape.reshape(weight, ())
    if weight.ndim <= 1 and input.ndim > 1:
        weight = shape.reshape(weight, (1, weight.numel(), *(1,) * (input.ndim - 2)))
    return nn.prelu_kernel(input, weight)


def rrelu(
    input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """`leaky_relu` whose slope is random in [lower, upper] for each negative element in training, else their mean."""
    if not training:
        if inplace:
            return leaky_relu(input, (lower + upper) / 2, True)
        slope = np.where(input._data > 0, 1, (lower + upper) / 2).astype(input._data.dtype)
        return image.rrelu_noise(input, slope)
    x, source = input._data, random.generator_for(input.device)
    negative = x <= 0
    if type(x) is np.ndarray:
        slopes = np.ones(x.shape, x.dtype)
        slopes[negative] = sampling.uniform((int(negative.sum()),), np.dtype(np.float64), lower, upper)
    else:  # how many there are is a number in the data
        drawn = backend.beside(x, sampling.uniform(x.shape, x.dtype, lower, upper, source))
        slopes = backend.module_of(x).where(negative, drawn, x.dtype.type(1))
    return input.mul_(Tensor._wrap(slopes)) if inplace else image.rrelu_noise(input, slopes)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half of a dimension times the sigmoid of the second."""
    if input.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    size = input.shape[dim]
    if size % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim % input.ndim} is size {size}")
    return image.glu_of(input, dim)  # type: ignore[no-any-return]


def _dim(name: str, input: Tensor, dim: int | None) -> int:
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        UserWarning,
        stacklevel=3,
    )
    return 0 if input.ndim in (0, 1, 3) else 1


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Dtype | None = None
) -> Tensor:
    """``exp(x) / sum(exp(x))`` along `dim`."""
    return reduce.softmax(input, _dim("softmax", input, dim), dtype)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Dtype | None = None
) -> Tensor:
    """``log(softmax(x))`` along `dim`."""
    return reduce.log_softmax(input, _dim("log_softmax", input, dim), dtype)


def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Dtype | None = None
) -> Tensor:
    """``softmax(-x)`` along `dim`."""
    return reduce.softmax(-input, _dim("softmin", input, dim), dtype)


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """A soft sample from a categorical distribution; with `hard` one-hot forward, soft backward."""
    x = logits._data
    drawn = sampling.exponential(x.shape, x.dtype, generator=random.generator_for(logits.device))
    noise: Any = Tensor._wrap(backend.beside(x, -np.log(drawn)))
    soft = reduce.softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    xp, y = backend.module_of(soft._data), soft._data
    one = xp.moveaxis(xp.eye(y.shape[dim], dtype=y.dtype)[y.argmax(dim)], -1, dim)
    return Tensor._wrap(one) - soft.detach() + soft


relu_ = _in_place(relu)
leaky_relu_ = _in_place(leaky_relu)
elu_ = _in_place(elu)
selu_ = _in_place(selu)
celu_ = _in_place(celu)
hardtanh_ = _in_place(hardtanh)
threshold_ = _in_place(threshold)
