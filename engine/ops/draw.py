"""Factories of random numbers; `engine.sampling` draws them, where the tensor is to be."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import backend, dtypes, random, rejection, sampling
from engine.dtypes import dtype as dtype_type
from engine.generators import Generator
from engine.ops.create import Where, _np, like, made, shape_of, sizes
from engine.registry import OPS
from engine.state import S
from engine.tensor import Tensor


def rand(
    *positional: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: dtype_type | None = None,
    device: Where = None,
    requires_grad: bool = False,
    out: Tensor | None = None,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """Uniform random numbers in [0, 1)."""
    start = S.clock()
    shape = shape_of(positional, size, "rand")
    array = sampling.uniform(shape, _np(dtype), generator=_source(device, generator, out))
    return made("rand", array, requires_grad, device, start, out=out)


def randn(
    *positional: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: dtype_type | None = None,
    device: Where = None,
    requires_grad: bool = False,
    out: Tensor | None = None,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """Standard normal random numbers."""
    start = S.clock()
    shape = shape_of(positional, size, "randn")
    array = sampling.normal(shape, _np(dtype), generator=_source(device, generator, out))
    return made("randn", array, requires_grad, device, start, out=out)


def randint(
    *args: Any,
    low: int = 0,
    high: int | None = None,
    size: Any = None,
    generator: Generator | None = None,
    dtype: dtype_type | None = None,
    device: Where = None,
    requires_grad: bool = False,
) -> Tensor:
    """``randint(high, size)``, ``randint(low, high, size)``: random integers, `high` left out."""
    start = S.clock()
    positional = list(args)
    if size is None:
        size = positional.pop()
    if len(positional) == 2:
        low, high = positional
    elif len(positional) == 1:
        if high is None:
            high = positional[0]
        else:
            low = positional[0]
    if isinstance(size, int):
        raise TypeError(
            f"randint(): argument 'size' (position {len(args)}) must be tuple of ints, not {type(size).__name__}"
        )
    assert high is not None
    source = _source(device, generator)
    array = sampling.randint(int(low), int(high), sizes(size, ()), (dtype or dtypes.int64).numpy, source)
    return made("randint", array, requires_grad, device, start)


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: dtype_type | None = None,
    device: Where = None,
    requires_grad: bool = False,
) -> Tensor:
    """A random permutation of 0 to n - 1."""
    start = S.clock()
    if isinstance(n, float):
        raise TypeError("randperm(): argument 'n' (position 1) must be int, not float")
    return made(
        "randperm",
        sampling.randperm(n, (dtype or dtypes.int64).numpy, _source(device, generator)),
        requires_grad,
        device,
        start,
    )


def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: dtype_type | None = None,
    layout: Any = None,
    device: Where = None,
    pin_memory: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal random numbers: of a mean and standard deviation per element, or of one each and a size."""
    start = S.clock()
    if size is not None:
        made_by = _source(device, generator)
        array = sampling.normal(sizes(size, ()), _np(dtype), float(mean), float(std), made_by)
        return made("normal", array, requires_grad, device, start)
    source = mean if isinstance(mean, Tensor) else std
    m, s = (v._data if isinstance(v, Tensor) else v for v in (mean, std))
    backend.refuse(s < 0, lambda: RuntimeError("normal expects all elements of std >= 0.0"))
    shape = np.broadcast_shapes(*(getattr(v, "shape", ()) for v in (m, s)))
    kind = next(v.dtype for v in (m, s) if hasattr(v, "dtype"))
    numbers = sampling.normal(shape, kind, generator=_source(source.device, generator))
    drawn = backend.beside(source._data, backend.beside(source._data, numbers) * s + m).astype(kind)
    tensors = [isinstance(v, Tensor) and v.requires_grad for v in (mean, std)]
    if any(tensors) and S.grad_enabled:
        if isinstance(mean, Tensor) and isinstance(std, Tensor):
            return OPS["normal_tensors"].call(mean, std, drawn)  # type: ignore[no-any-return]
        name, given = ("normal_mean", mean) if isinstance(mean, Tensor) else ("normal_std", std)
        return OPS[name].call(given, drawn)  # type: ignore[no-any-return]
    return made("normal", drawn, False, backend.device_of(drawn), start)


def _source(where: Where, given: Generator | None, out: Tensor | None = None) -> Generator:
    """The generator of a factory."""
    return random.generator_for(where if out is None else out.device, given)


def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability each element gives, else 0."""
    start = S.clock()
    source = _source(input.device, generator)
    if p is None:
        array = sampling.bernoulli(input._data, input._data.dtype, source)
    else:
        array = sampling.bernoulli_scalar(input._data.shape, input._data.dtype, p, source)
    if input.requires_grad and S.grad_enabled:
        return OPS["bernoulli_of"].call(input, backend.beside(input._data, array))  # type: ignore[no-any-return]
    return made("bernoulli", array, False, input.device, start)


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """Indices drawn in proportion to the weights in each row."""
    start = S.clock()
    return made(
        "multinomial",
        sampling.multinomial(input._data, num_samples, replacement, _source(input.device, generator)),
        False,
        input.device,
        start,
    )


def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """How many events of a given rate, for each element."""
    start = S.clock()
    array = rejection.poisson(input._data, _source(input.device, generator))
    return made("poisson", array, False, input.device, start)


def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """How many of `count` trials succeed, each with probability `prob`."""
    start = S.clock()
    n, p = np.broadcast_arrays(count._data, prob._data)
    array = rejection.binomial(n, p, _source(count.device, generator))
    return made("binomial", array, False, count.device, start)


rand_like, randn_like = map(like, (rand, randn))


def randint_like(
    input: Tensor, low: int = 0, high: int | None = None, *, dtype: dtype_type | None = None, **further: Any
) -> Tensor:
    """`randint` of the shape and dtype of another tensor."""
    low, high = (0, low) if high is None else (low, high)
    return randint(low, high, input._data.shape, dtype=dtype or input.dtype, **further)


__all__ = [
    "bernoulli",
    "binomial",
    "multinomial",
    "normal",
    "poisson",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
]
