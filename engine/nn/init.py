"""Filling tensors with initial values, in place and outside the graph: ``torch.nn.init``."""

from __future__ import annotations

import math
import warnings
from typing import Any, TypeVar

import numpy as np

from engine import random, sampling
from engine.backend import module_of
from engine.generators import Generator
from engine.state import S
from engine.tensor import Tensor

__all__ = [
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

T = TypeVar("T", bound=Tensor)


def _fill(tensor: T, values: Any) -> T:
    for observer in S.observers:
        observer.before_write(tensor)
    xp = module_of(tensor._data)
    tensor._data[...] = values if xp is np else xp.asarray(values)
    tensor._written()
    return tensor


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which a nonlinearity shrinks the spread of its input.

    Raises:
        ValueError: for an unknown one.
    """
    if nonlinearity in ("linear", "sigmoid") or nonlinearity in {
        f"conv{transposed}{n}d" for transposed in ("", "_transpose") for n in (1, 2, 3)
    }:
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        if param is None:
            param = 0.01
        elif isinstance(param, bool) or not isinstance(param, (int, float)):
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + param**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


def uniform_(tensor: T, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> T:
    """Uniform in [a, b)."""
    array, source = tensor._data, random.generator_for(tensor.device, generator)
    return _fill(
        tensor,
        sampling.in_memory_order(array, lambda shape, _: sampling.uniform(shape, array.dtype, a, b, source)),
    )


def normal_(tensor: T, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> T:
    """Normal with the given mean and standard deviation."""
    array, source = tensor._data, random.generator_for(tensor.device, generator)
    return _fill(
        tensor,
        sampling.in_memory_order(
            array,
            lambda shape, contiguous: sampling.normal(shape, array.dtype, mean, std, source, contiguous),
        ),
    )


def trunc_normal_(
    tensor: T,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> T:
    """Normal, drawn again where outside [a, b]; where that would be nearly everywhere, by rejection from uniform."""

    def below(x: float) -> float:
        return (1.0 + math.erf((x - mean) / std / math.sqrt(2.0))) / 2.0

    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be "
            "incorrect.",
            UserWarning,
            stacklevel=2,
        )
    shape, dtype = tensor._data.shape, tensor._data.dtype
    source = random.generator_for(tensor.device, generator)
    xp = source.xp
    if below(b) - below(a) > 0.3:
        low, high = dtype.type(a), dtype.type(b)
        values = sampling.normal(shape, dtype, mean, std, source)
        while (outside := (values < low) | (values > high)).any():
            values = xp.where(outside, sampling.normal(shape, dtype, mean, std, source), values)
        return _fill(tensor, values)
    peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    values, pending = xp.zeros(shape, dtype), xp.ones(shape, bool)
    while pending.any():
        drawn = sampling.uniform(shape, dtype, a, b, source)
        values = xp.where(pending, drawn, values)
        density = ((drawn - mean) / std) ** 2 * -0.5 - peak
        pending &= xp.log(sampling.uniform(shape, dtype, 0.0, 1.0, source)) > density
    return _fill(tensor, values)


def constant_(tensor: T, val: float) -> T:
    """One number everywhere."""
    return _fill(tensor, val)


def ones_(tensor: T) -> T:
    """Ones."""
    return _fill(tensor, 1.0)


def zeros_(tensor: T) -> T:
    """Zeros."""
    return _fill(tensor, 0.0)


def eye_(tensor: T) -> T:
    """Ones on the diagonal of a matrix, zeros elsewhere."""
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    return _fill(tensor, np.eye(*tensor._data.shape))


def dirac_(tensor: T, groups: int = 1) -> T:
    """A convolution kernel that passes its channels through."""
    if tensor.ndim not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    sizes = tensor._data.shape
    if sizes[0] % groups:
        raise ValueError("dim 0 must be divisible by groups")
    values = np.zeros(sizes, tensor._data.dtype)
    outputs = sizes[0] // groups
    middle = tuple(n // 2 for n in sizes[2:])
    for group in range(groups):
        for k in range(min(outputs, sizes[1])):
            values[(group * outputs + k, k, *middle)] = 1
    return _fill(tensor, values)


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    if tensor.ndim < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    sizes = tensor._data.shape
    field = math.prod(sizes[2:])
    return sizes[1] * field, sizes[0] * field


def _fan(tensor: Tensor, mode: str) -> int:
    valid = ["fan_in", "fan_out"]
    if mode.lower() not in valid:
        raise ValueError(f"Mode {mode.lower()} not supported, please use one of {valid}")
    return _calculate_fan_in_and_fan_out(tensor)[valid.index(mode.lower())]


def xavier_uniform_(tensor: T, gain: float = 1.0, generator: Generator | None = None) -> T:
    """Uniform with variance ``gain**2 * 2 / (fan_in + fan_out)`` (Glorot and Bengio 2010)."""
    std = gain * math.sqrt(2.0 / float(sum(_calculate_fan_in_and_fan_out(tensor))))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: T, gain: float = 1.0, generator: Generator | None = None) -> T:
    """Normal with variance ``gain**2 * 2 / (fan_in + fan_out)`` (Glorot and Bengio 2010)."""
    std = gain * math.sqrt(2.0 / float(sum(_calculate_fan_in_and_fan_out(tensor))))
    return normal_(tensor, 0.0, std, generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    return calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode))


def _warn_if_empty(tensor: Tensor) -> bool:
    if 0 not in tensor._data.shape:
        return False
    warnings.warn("Initializing zero-element tensors is a no-op", UserWarning, stacklevel=3)
    return True


def kaiming_uniform_(
    tensor: T,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> T:
    """Uniform with standard deviation ``gain / sqrt(fan)`` (He et al. 2015)."""
    if _warn_if_empty(tensor):
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: T,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> T:
    """Normal with standard deviation ``gain / sqrt(fan)`` (He et al. 2015)."""
    if _warn_if_empty(tensor):
        return tensor
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor: T, gain: float = 1, generator: Generator | None = None) -> T:
    """A random matrix (rows by all else) with orthonormal rows or columns, times `gain`."""
    if tensor.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    array = tensor._data
    if array.size == 0:
        return tensor
    rows = array.shape[0]
    source = random.generator_for(tensor.device, generator)
    drawn = sampling.normal((rows, array.size // rows), array.dtype, 0.0, 1.0, source)
    tall = drawn if drawn.shape[0] >= drawn.shape[1] else drawn.T
    xp = source.xp
    q, r = xp.linalg.qr(tall)
    # The decomposition is unique only up to signs: these make the distribution uniform.
    q *= xp.sign(xp.diagonal(r))
    return _fill(tensor, (q if tall is drawn else q.T).reshape(array.shape) * gain)


def sparse_(tensor: T, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> T:
    """Normal, with the given part of each column set to zero at random rows."""
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor._data.shape
    source = random.generator_for(tensor.device, generator)
    values = sampling.normal((rows, columns), tensor._data.dtype, 0.0, std, source)
    # The permutations come from the default generator, in PyTorch too.
    order = random.generator_for(tensor.device)
    for column in range(columns):
        values[sampling.randperm(rows, np.dtype(np.int64), order)[: math.ceil(sparsity * rows)], column] = 0
    return _fill(tensor, values)
