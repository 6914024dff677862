"""The random distributions, drawn from a `Generator` as PyTorch draws them on the CPU.

The samplers return arrays of the generator's library, where it draws, and take NumPy dtypes. Every one draws as many
32-bit numbers from its generator, in the same order, as PyTorch's ``ATen/native/cpu/DistributionTemplates.h``, and
computes with them in the same precision. A device's generator gives other numbers anyway: there the way is the shorter
one, and nothing waits for the device (`backend.refuse`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine import backend, dtypes
from engine.cephes import box_muller
from engine.generators import DeviceGenerator, Doubles, Generator, libm
from engine.random import default_generator

__all__ = [
    "bernoulli",
    "bernoulli_scalar",
    "cauchy",
    "exponential",
    "geometric",
    "in_memory_order",
    "log_normal",
    "memory_order",
    "multinomial",
    "normal",
    "randint",
    "random",
    "randperm",
    "uniform",
]

Array = Any
"""An array of NumPy, or of a device's generator's library."""
DType = np.dtype[Any]
Shape = Sequence[int]


# --- Arithmetic in PyTorch's precision -------------------------------------------------------------------------------


def _cast(values: Doubles, dtype: DType, shape: Shape) -> Array:
    """To the dtype and shape asked for; to half precision by way of float32, as PyTorch goes."""
    if dtype == np.float16:
        return values.astype(np.float32).astype(dtype).reshape(shape)
    return values.astype(dtype, copy=False).reshape(shape)


def affine(x: Doubles, scale: float, shift: Doubles | float) -> Doubles:
    """``x * scale + shift`` in float64 rounded once, as the fused multiply-add that PyTorch is compiled to.

    `shift` is a number, or an array of the shape of `x`.

    Dekker's exact product and Knuth's exact sum; the two errors are added back at the end.
    """
    nothing = isinstance(shift, float) and not shift
    if scale == 1.0:
        return x if nothing else x + shift
    product = x * scale
    if nothing:
        return product
    high = x * 134217729.0
    high -= high - x
    low = x - high
    scale_high = scale * 134217729.0
    scale_high -= scale_high - scale
    scale_low = scale - scale_high
    error = low * scale_low - (((product - high * scale_high) - low * scale_high) - high * scale_low)
    total = product + shift
    back = total - product
    error += (product - (total - back)) + (shift - back)
    return total + error


def _number(value: float) -> str:
    """As C++ streams print a double: six significant digits."""
    return f"{value:g}"


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise RuntimeError(message)


def _refuse(bad: Array, message: str) -> None:
    backend.refuse(bad, lambda: RuntimeError(message))


def _floating(dtype: DType, kernel: str) -> None:
    if dtype.kind != "f":
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{_name(dtype)}'")


def _name(dtype: DType) -> str:
    known = dtypes.from_numpy(dtype)
    return dtypes.scalar_type_name(known) if known is not None else str(dtype)


def _real_parts(shape: Shape, dtype: DType) -> tuple[tuple[int, ...], DType] | None:
    """A complex array's real and imaginary parts as one real array, None for another dtype."""
    if dtype.kind != "c":
        return None
    return (*shape, 2), np.dtype(np.float32 if dtype == np.complex64 else np.float64)


def memory_order(array: Any) -> list[int]:
    """The dimensions of `array` from the one with the longest steps in memory to the one with the shortest."""
    if array.flags.c_contiguous:
        return list(range(array.ndim))
    return sorted(range(array.ndim), key=lambda dim: -abs(array.strides[dim]))


def in_memory_order(array: Any, sample: Callable[[Shape, bool], Array]) -> Array:
    """Values to fill `array` with, by ``sample(shape, contiguous)``: PyTorch fills a tensor in the order in which its
    elements lie in memory, so that a transposed one gets other numbers than a contiguous one."""
    if array.flags.c_contiguous:
        return sample(array.shape, True)
    order = memory_order(array)
    back = sorted(range(array.ndim), key=order.__getitem__)
    return sample([array.shape[dim] for dim in order], False).transpose(back)


# --- Continuous distributions ----------------------------------------------------------------------------------------


def uniform(
    shape: Shape, dtype: DType, low: float = 0.0, high: float = 1.0, generator: Generator | None = None
) -> Array:
    """Uniform in [low, high): ``rand`` and ``uniform_``, for floating and complex dtypes."""
    real = _real_parts(shape, dtype)
    if real is not None:
        return uniform(*real, low, high, generator).view(dtype).reshape(shape)
    _floating(dtype, "check_uniform_bounds")
    _require(
        low <= high,
        f"uniform_ expects to return a [from, to) range, but found from={_number(low)} > to={_number(high)}",
    )
    generator = generator or default_generator
    count = math.prod(shape)
    values: Array
    if dtype == np.float64:
        values = affine(generator.doubles(count), high - low, low)
        values[values == high] = low
        return values.reshape(shape)
    values = generator.singles(count)
    if low != 0.0 or high != 1.0:
        start, end = np.float32(low), np.float32(high)
        # The product of two float32 is exact in float64: this is the fused multiply-add.
        values = (values * np.float64(end - start) + np.float64(start)).astype(np.float32)
        values[values == end] = start
    if dtype == np.float16:
        values = values.astype(np.float16)
        values[values == np.float16(high)] = np.float16(low)
    return values.reshape(shape)


def normal(
    shape: Shape,
    dtype: DType,
    mean: float = 0.0,
    std: float = 1.0,
    generator: Generator | None = None,
    contiguous: bool = True,
) -> Array:
    """Normal: ``randn`` and ``normal_``, for floating and complex dtypes.

    `contiguous` says how the tensor to be filled lies in memory: PyTorch fills a contiguous one of 16 or more elements
    in blocks, and other ones number by number, which gives other numbers.
    """
    _require(std >= 0.0, f"normal expects std >= 0.0, but found std {_number(std)}")
    real = _real_parts(shape, dtype)
    if real is not None:
        return normal(*real, mean, std / math.sqrt(2), generator, contiguous).view(dtype).reshape(shape)
    _floating(dtype, "normal_kernel_cpu")
    generator = generator or default_generator
    count = math.prod(shape)
    if isinstance(generator, DeviceGenerator):
        if dtype == np.float64:
            return (generator.normals(count) * std + mean).reshape(shape)
        narrow = generator.single_normals(count) * np.float32(std) + np.float32(mean)
        return narrow.astype(dtype, copy=False).reshape(shape)
    if count < 16 or not contiguous:
        return _cast(affine(generator.normals(count), std, mean), dtype, shape)
    whole = count // 16 * 16
    # The last block, if not whole, is drawn afresh after the others and overlaps the one before.
    more = 16 if count > whole else 0
    draw: Any = generator.doubles if dtype == np.float64 else generator.singles
    # Half precision draws only for whole blocks, and in float32.
    drawn = draw((whole if dtype == np.float16 else count) + more)
    blocks = np.concatenate((drawn[:whole], drawn[-16:])) if more else drawn
    (_fill_double if dtype == np.float64 else box_muller)(blocks.reshape(-1, 16), mean, std)
    if more:
        drawn[:whole] = blocks[:whole]
        drawn[count - 16 : count] = blocks[-16:]
        drawn = drawn[:count]
    return drawn.astype(dtype, copy=False).reshape(shape)


def _fill_double(blocks: Doubles, mean: float, std: float) -> None:
    radius = np.sqrt(-2.0 * libm("log", 1.0 - blocks[:, :8]))
    angle = 2.0 * math.pi * blocks[:, 8:]
    blocks[:, :8] = affine(radius * libm("cos", angle), std, mean)
    blocks[:, 8:] = affine(radius * libm("sin", angle), std, mean)


def log_normal(
    shape: Shape, dtype: DType, mean: float = 1.0, std: float = 2.0, generator: Generator | None = None
) -> Array:
    """The exponential of normal numbers: ``log_normal_``."""
    _require(std > 0.0, f"log_normal_ expects std > 0.0, but found std={_number(std)}")
    _floating(dtype, "log_normal_cpu")
    values = affine((generator or default_generator).normals(math.prod(shape)), std, mean)
    return _cast(libm("exp", values), dtype, shape)


def exponential(shape: Shape, dtype: DType, rate: float = 1.0, generator: Generator | None = None) -> Array:
    """Exponential with the given rate: ``exponential_``."""
    _require(
        dtype.kind == "f",
        "Exponential distribution is a continuous probability distribution. dtype must be a floating point but you "
        f"specified {_name(dtype)}",
    )
    _require(rate > 0.0, f"exponential_ expects lambda > 0.0, but found lambda={_number(rate)}")
    unit = (generator or default_generator).doubles(math.prod(shape))
    return _cast(-1.0 / rate * libm("log1p", -unit), dtype, shape)


def cauchy(
    shape: Shape, dtype: DType, median: float = 0.0, sigma: float = 1.0, generator: Generator | None = None
) -> Array:
    """Cauchy: ``cauchy_``."""
    _require(sigma > 0.0, f"cauchy_ expects sigma > 0.0, but found sigma={_number(sigma)}")
    _floating(dtype, "cauchy_cpu")
    unit = (generator or default_generator).doubles(math.prod(shape))
    return _cast(affine(libm("tan", math.pi * (unit - 0.5)), sigma, median), dtype, shape)


# --- Discrete distributions ------------------------------------------------------------------------------------------


def randint(low: int, high: int, shape: Shape, dtype: DType, generator: Generator | None = None) -> Array:
    """Integers from `low` to `high` - 1: ``randint`` and ``random_``. Ranges of 2**28 and more take two draws each."""
    _require(low < high, f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    if dtype.kind in "iub":
        limits = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        name = _C_NAMES.get(dtype.name, dtype.name)
        _require(limits[0] <= low <= limits[1], f"from is out of bounds for {name}")
        _require(limits[0] <= high - 1 <= limits[1], f"to - 1 is out of bounds for {name}")
    generator = generator or default_generator
    count, span = math.prod(shape), high - low
    drawn = generator.double_words(count) if span >= 2**28 else generator.words(count)
    drawn %= np.uint64(span)
    values = drawn.view(np.int64)
    values += np.int64(low)
    return values.astype(dtype, copy=False).reshape(shape)


_C_NAMES = {
    "uint8": "unsigned char",
    "int8": "signed char",
    "int16": "short",
    "int32": "int",
    "int64": "int64_t",
}


def random(shape: Shape, dtype: DType, generator: Generator | None = None) -> Array:
    """``random_()`` without bounds: integers from 0 to the dtype's maximum, or to 2 to the number of its mantissa's
    bits."""
    generator = generator or default_generator
    count = math.prod(shape)
    drawn = generator.double_words(count) if dtype in (np.int64, np.float64) else generator.words(count)
    if dtype.kind == "b":
        span = 2
    elif dtype.kind == "f":
        span = 2 ** (np.finfo(dtype).nmant + 1) + 1
    else:
        span = int(np.iinfo(dtype).max) + 1
    return (drawn % np.uint64(span)).astype(dtype).reshape(shape)


def randperm(count: int, dtype: DType, generator: Generator | None = None) -> Array:
    """The integers from 0 to `count` - 1 in random order, shape (count,): ``randperm``."""
    _require(count >= 0, f"Trying to create tensor with negative dimension {count}: [{count}]")
    if dtype.kind == "f" and count > 2 ** (np.finfo(dtype).nmant + 1) + 1:
        raise RuntimeError(
            f"n cannot be greater than 2^{np.finfo(dtype).nmant + 1}+1 for {_name(dtype)} type."
        )
    if dtype.kind in "iu" and count - 1 > np.iinfo(dtype).max:
        raise RuntimeError(f"value cannot be converted to type {dtype.name}_t without overflow")
    generator = generator or default_generator
    if isinstance(generator, DeviceGenerator):
        return generator.xp.argsort(generator.double_words(count)).astype(dtype, copy=False)
    draws = max(count - 1, 0)
    drawn = generator.words(draws) if count < (2**32 - 1) // 20 else generator.double_words(draws)
    places = np.arange(draws, dtype=np.uint64)
    return _shuffled(drawn % (np.uint64(count) - places) + places).astype(dtype)[:count]


def _shuffled(others: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """0 to n after swapping place i with place ``others[i] >= i`` for i = 0, 1, ..., n - 1; fewer than 2**32 places.

    Without a loop: what place k holds when its turn comes was put there by the last earlier swap with k, `parent[k]`,
    which put what its own place held at its turn, and so on up; chains are short, and are followed by doubling.
    """
    draws = len(others)
    # Swaps sorted by the place they swap with, then by time: one group for each place.
    key = others << np.uint64(32) | np.arange(draws, dtype=np.uint64)
    key.sort()
    time, place = (key & np.uint64(0xFFFFFFFF)).astype(np.int64), (key >> np.uint64(32)).astype(np.int64)
    same = place[1:] == place[:-1]
    before = np.full(draws + 1, -1, np.int64)
    before[time[1:][same]] = time[:-1][same]
    start = np.arange(draws + 1)
    parent = start.copy()
    last = np.append(~same, True)[:draws]
    parent[place[last]] = time[last]
    # A swap of a place with itself is the last of its group and changes nothing: the one before it counts.
    other = np.append(others.astype(np.int64), draws)
    itself = (other == start) & (start < draws)
    parent[itself] = np.where(before[itself] >= 0, before[itself], start[itself])
    while True:
        grandparent = parent[parent]
        if (grandparent == parent).all():
            break
        parent = grandparent
    return np.where(other == start, parent, np.where(before >= 0, parent[before], other))


def bernoulli(probabilities: Array, dtype: DType, generator: Generator | None = None) -> Array:
    """1 with the given probability, else 0: ``bernoulli(p)`` and ``bernoulli_(p)`` of a tensor `p`, shape of `p`."""
    if probabilities.dtype.kind != "f":
        raise NotImplementedError(
            f"\"bernoulli_tensor_cpu_p_\" not implemented for '{_name(probabilities.dtype)}'"
        )
    _refuse(
        ~((probabilities >= 0) & (probabilities <= 1)),
        "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be improved?  If so, "
        "please report an enhancement request to PyTorch.)",
    )
    generator = generator or default_generator
    count = probabilities.size
    unit = generator.doubles(count) if probabilities.dtype == np.float64 else generator.singles(count)
    return generator.xp.asarray(unit.reshape(probabilities.shape) < probabilities).astype(dtype)


def bernoulli_scalar(shape: Shape, dtype: DType, p: float, generator: Generator | None = None) -> Array:
    """1 with probability `p`, else 0: ``bernoulli_(p)`` of a number, and the mask of dropout."""
    _require(0.0 <= p <= 1.0, f"bernoulli_ expects p to be in [0, 1], but got p={_number(p)}")
    generator = generator or default_generator
    count = math.prod(shape)
    unit = generator.singles(count) if isinstance(generator, DeviceGenerator) else generator.doubles(count)
    return (unit < p).astype(dtype).reshape(shape)


def geometric(shape: Shape, dtype: DType, p: float, generator: Generator | None = None) -> Array:
    """How many trials until the first success, from 1: ``geometric_``."""
    _require(0.0 < p < 1.0, f"geometric_ expects p to be in (0, 1), but got p={_number(p)}")
    unit = (generator or default_generator).doubles(math.prod(shape))
    return _cast(np.ceil(np.log(unit) / math.log1p(-p)), dtype, shape)


def multinomial(
    weights: Array, num_samples: int, replacement: bool = False, generator: Generator | None = None
) -> Array:
    """Indices drawn in proportion to `weights`: ``multinomial``.

    `weights` has shape (n,) or (rows, n), floating and not negative; the result (num_samples,) or (rows, num_samples).
    """
    _require(weights.ndim in (1, 2), "prob_dist must be 1 or 2 dim")
    _require(
        weights.dtype.kind == "f",
        f"multinomial only supports floating-point dtypes for input, got: {_name(weights.dtype)}",
    )
    _require(num_samples > 0, "cannot sample n_sample <= 0 samples")
    categories = weights.shape[-1]
    _require(
        replacement or num_samples <= categories,
        "cannot sample n_sample > prob_dist.size(-1) samples without replacement",
    )
    _refuse(
        ~(np.isfinite(weights) & (weights >= 0)),
        "probability tensor contains either `inf`, `nan` or element < 0",
    )
    precision = np.float64 if weights.dtype == np.float64 else np.float32
    rows = weights.reshape(-1, categories).astype(precision)
    _refuse(rows.sum(-1) <= 0, "invalid multinomial distribution (sum of probabilities <= 0)")
    generator = generator or default_generator
    xp = generator.xp
    if replacement and num_samples > 1:
        cumulative = xp.cumsum(rows, axis=-1, dtype=precision)
        cumulative /= cumulative[:, -1:].copy()
        cumulative[:, -1] = 1
        unit = generator.doubles(len(rows) * num_samples).reshape(len(rows), num_samples)
        found = xp.stack([xp.searchsorted(row, draws) for row, draws in zip(cumulative, unit, strict=True)])
    else:
        # The largest of weight / exponential is a draw in proportion to the weights; the next largest, one without.
        times = exponential(weights.shape, weights.dtype, 1.0, generator).reshape(rows.shape)
        ranked = xp.argsort(-(weights.reshape(rows.shape) / times), axis=-1, kind="stable")
        found = ranked[:, :num_samples]
    return found.astype(np.int64).reshape(*weights.shape[:-1], num_samples)
